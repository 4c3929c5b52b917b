/* SPDX-License-Identifier: Apache-2.0 */
/* Hooks of coding agents: questions read, answers written, whatever the verdict. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "agent/agent.h"

#define TOOL(event, tool, input)                                                                                       \
    "{\"hook_event_name\":\"" event "\",\"tool_name\":\"" tool "\",\"cwd\":\"/w\",\"tool_input\":" input

static int read_text(struct csc_arena *arena, const char *text, const char *agent, struct csc_hook_call *ret_call)
{
    const struct csc_hook_dialect *dialect = agent ? csc_hook_dialect_find(agent) : NULL;
    _cleanup_buf_ struct csc_buf message = {0};
    struct csc_error err = {0};

    assert_true(!agent || dialect);
    csc_buf_puts(&message, text);
    int r = csc_hook_read(arena, &message, dialect, ret_call, &err);
    assert_true(r == 0 || (r == -CSC_E_DATA && err.text[0]));
    return r;
}

/* What Claude Code sends along, and a message without a name needs for a person to be asked. */
#define SIGNS "\"transcript_path\":\"/t\",\"permission_mode\":\"default\""

static void test_questions(void **state)
{
    static const struct {
        const char *text, *named; /* named: the agent that the hook is set up for */
        const char *agent;        /* NULL: refused */
        const char *command, *cwd, *session;
        int64_t timeout_sec;
        bool can_ask;
    } rows[] = {
        {TOOL("PreToolUse", "Bash", "{\"command\":\"ls\"}}"), "claude", "claude", "ls", "/w", NULL, 0, true},
        {TOOL("PreToolUse", "Bash", "{\"command\":\"ls\"}}"), NULL, "claude", "ls", "/w", NULL, 0, false},
        {TOOL("PreToolUse", "Bash", "{\"command\":\"ls\"}," SIGNS "}"), NULL, "claude", "ls", "/w", NULL, 0, true},
        {TOOL("PreToolUse", "Bash", "{\"command\":\"ls\"}," SIGNS ",\"model\":\"m\"}"), NULL, "codex", "ls", "/w", NULL,
         0, false},
        {TOOL("PreToolUse", "Bash", "{\"command\":\"ls\",\"Work-Dir\":\"/\"}}"), "claude", NULL, NULL, NULL, NULL, 0,
         false},
        {TOOL("PreToolUse", "Bash", "{\"command\":\"ls\"}}"), "codex", "codex", "ls", "/w", NULL, 0, false},
        {TOOL("PreToolUse", "Bash", "{\"command\":\"ls\",\"timeout\":1}}"), "claude", "claude", "ls", "/w", NULL, 1,
         true},
        {TOOL("PreToolUse", "Bash", "{\"command\":\"ls\",\"timeout\":1000}}"), "claude", "claude", "ls", "/w", NULL, 1,
         true},
        {TOOL("PreToolUse", "Bash", "{\"command\":\"ls\",\"timeout\":1001}}"), "claude", "claude", "ls", "/w", NULL, 2,
         true},
        {TOOL("PreToolUse", "Bash", "{\"command\":\"ls\",\"timeout\":9223372036854775807}}"), "claude", "claude", "ls",
         "/w", NULL, 9223372036854776, true},
        {TOOL("PreToolUse", "Bash", "{\"command\":\"ls\",\"timeout\":-1}}"), NULL, NULL, NULL, NULL, NULL, 0, false},
        {TOOL("PreToolUse", "Bash", "{\"command\":\"ls\",\"timeout\":9223372036854775808}}"), NULL, NULL, NULL, NULL,
         NULL, 0, false},
        {TOOL("PreToolUse", "Bash", "{\"command\":\"ls\"},\"session_id\":\"s\",\"permission_mode\":\"plan\"}"),
         "claude", "claude", "ls", "/w", "s", 0, true},
        {TOOL("PreToolUse", "Bash", "{\"command\":\"ls\"},\"permission_mode\":\"bypassPermissions\"}"), NULL, "claude",
         "ls", "/w", NULL, 0, false},
        {TOOL("PreToolUse", "Bash", "{\"command\":\"ls\"},\"permission_mode\":3}"), NULL, "claude", "ls", "/w", NULL, 0,
         false},
        {TOOL("PreToolUse", "Bash", "{\"command\":\"ls\",\"timeout\":7},\"turn_id\":\"t\"}"), NULL, "codex", "ls", "/w",
         NULL, 0, false},
        {TOOL("PreToolUse", "Bash", "{\"command\":\"ls\"},\"turn_id\":\"t\"}"), "claude", NULL, NULL, NULL, NULL, 0,
         false},
        {TOOL("PreToolUse", "Bash", "{\"command\":\"ls\"}}"), "gemini", NULL, NULL, NULL, NULL, 0, false},
        {TOOL("PreToolUse", "bash", "{\"command\":\"ls\"}}"), NULL, NULL, NULL, NULL, NULL, 0, false},
        {TOOL("BeforeTool", "run_shell_command", "{\"command\":\"ls\"}}"), NULL, "gemini", "ls", "/w", NULL, 0, false},
        {TOOL("BeforeTool", "run_shell_command", "{\"command\":\"ls\",\"dir_path\":\"a\"}}"), NULL, "gemini", "ls",
         "/w/a", NULL, 0, false},
        {TOOL("BeforeTool", "run_shell_command", "{\"command\":\"ls\",\"directory\":\"/a\"}}"), NULL, "gemini", "ls",
         "/a", NULL, 0, false},
        {"{\"hook_event_name\":\"beforeShellExecution\",\"cwd\":\"/w\",\"command\":\"ls\",\"conversation_id\":\"c\"}",
         NULL, "cursor", "ls", "/w", "c", 0, true},
        {"{\"hook_event_name\":\"beforeShellExecution\",\"cwd\":\"w\",\"command\":\"ls\"}", NULL, NULL, NULL, NULL,
         NULL, 0, false},
        {"{\"hook_event_name\":\"Stop\",\"cwd\":\"/w\",\"command\":\"ls\"}", NULL, NULL, NULL, NULL, NULL, 0, false},
        {"null", NULL, NULL, NULL, NULL, NULL, 0, false},
        {"", NULL, NULL, NULL, NULL, NULL, 0, false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct csc_arena arena = {0};
        struct csc_hook_call call = {0};
        int r = read_text(&arena, rows[i].text, rows[i].named, &call);
        if (rows[i].agent) {
            assert_int_equal(r, 0);
            assert_string_equal(call.dialect->agent, rows[i].agent);
            assert_string_equal(call.command, rows[i].command);
            assert_int_equal(call.command_size, strlen(rows[i].command));
            assert_string_equal(call.cwd, rows[i].cwd);
            assert_true(!call.session_id == !rows[i].session);
            assert_true(!call.session_id || strcmp(call.session_id, rows[i].session) == 0);
            assert_int_equal(call.timeout_sec, rows[i].timeout_sec);
            assert_int_equal(call.can_ask, rows[i].can_ask);
        } else {
            assert_true(r < 0);
            assert_null(call.dialect);
        }
        csc_arena_free(&arena);
    }
}

static const char *const messages[] = {
    TOOL("PreToolUse", "Bash", "{\"command\":\"ls\",\"x\":1.50}," SIGNS "}"),
    TOOL("PreToolUse", "Bash", "{\"command\":\"ls\",\"x\":1.50},\"permission_mode\":\"dontAsk\"}"),
    TOOL("PreToolUse", "Bash", "{\"command\":\"ls\",\"x\":1.50},\"turn_id\":\"t\"}"),
    TOOL("BeforeTool", "run_shell_command", "{\"command\":\"ls\",\"x\":1.50}}"),
    "{\"hook_event_name\":\"beforeShellExecution\",\"cwd\":\"/w\",\"command\":\"ls\"}",
};

/* The one word that decides, by message and verdict; "": silence, NULL: an error. */
static void test_answers(void **state)
{
    static const char *const wanted[ARRAY_SIZE(messages)][4] = {
        {"\"permissionDecision\": \"deny\"", "\"permissionDecision\": \"allow\"", "\"permissionDecision\": \"ask\"",
         "\"permissionDecision\": \"allow\""},
        {"\"permissionDecision\": \"deny\"", "\"permissionDecision\": \"allow\"", "\"permissionDecision\": \"deny\"",
         "\"permissionDecision\": \"allow\""},
        {"\"permissionDecision\": \"deny\"", "", "\"permissionDecision\": \"deny\"",
         "\"permissionDecision\": \"allow\""},
        {"\"decision\": \"deny\"", "\"decision\": \"allow\"", "\"decision\": \"deny\"", "\"decision\": \"allow\""},
        {"\"permission\": \"deny\"", "\"permission\": \"allow\"", "\"permission\": \"ask\"", NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(messages); i++)
        for (int verdict = CSC_HOOK_DENY; verdict <= (int)CSC_HOOK_REPLACE; verdict++) {
            const struct csc_hook_answer answer = {.verdict = (enum csc_hook_verdict)verdict,
                                                   .reason = "why \"so\"",
                                                   .replacement = verdict == (int)CSC_HOOK_REPLACE ? "new 'one'"
                                                                                                   : NULL};
            _cleanup_buf_ struct csc_buf text = {0};
            struct csc_arena arena = {0};
            struct csc_hook_call call = {0};
            assert_int_equal(read_text(&arena, messages[i], NULL, &call), 0);
            int r = csc_hook_write(&arena, &call, &answer, &text, NULL);
            const char *word = wanted[i][verdict];
            assert_int_equal(r == 0, word != NULL);
            if (!word || !*word)
                assert_int_equal(text.size, 0);
            else
                assert_non_null(strstr(text.data, word));
            bool replaced = word && verdict == (int)CSC_HOOK_REPLACE;
            assert_int_equal(text.data && (strstr(text.data, "updatedInput") || strstr(text.data, "\"tool_input\"")),
                             replaced);
            assert_int_equal(text.data && strstr(text.data, "\"command\": \"new 'one'\""), replaced);
            assert_int_equal(text.data && strstr(text.data, "\"x\": 1.50"), replaced);
            csc_arena_free(&arena);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_questions), cmocka_unit_test(test_answers)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
