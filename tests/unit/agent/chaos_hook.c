/* SPDX-License-Identifier: Apache-2.0 */
/* Hooks and set-up when every allocation fails in turn: never an answer that is not one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "agent/agent.h"
#include "support/chaos.h"
#include "support/folder.h"

static const char policy_text[] = "policy_schema_version: csc.policy.v0.1\n"
                                  "name: test\n"
                                  "allow_commands: [ls, git]\n"
                                  "allow_secret_refs: false\n"
                                  "allowed_effect_types: [observe, mutate_repo]\n"
                                  "manual_approval_for_classified_effect_types: [mutate_repo]\n"
                                  "allowed_risk_classes: [low, medium]\n"
                                  "max_timeout_sec: 600\n"
                                  "network: deny\n"
                                  "allowed_cwd_prefixes: [/w]\n"
                                  "allowed_read_prefixes: [/w]\n"
                                  "allowed_write_prefixes: [/w]\n";

struct fixture {
    struct csc_hook_setup setup;
    const char *command;
    enum csc_hook_verdict verdict; /* the only one that may come out */
};

static int ask(void *context)
{
    const struct fixture *f = context;
    struct csc_hook_answer answer = {0};
    struct csc_hook_call call = {0};
    struct csc_arena arena = {0};
    struct csc_buf message = {0}, text = {0};
    struct csc_error err = {0};

    csc_buf_printf(&message,
                   "{\"hook_event_name\":\"PreToolUse\",\"tool_name\":\"Bash\",\"cwd\":\"/w\",\"tool_input\":{"
                   "\"command\":\"%s\"}}",
                   f->command);
    int r = message.failed ? csc_fail_memory(&err)
                           : csc_hook_read(&arena, &message, csc_hook_dialect_find("claude"), &call, &err);
    if (r == 0)
        r = csc_hook_judge(&arena, &call, &f->setup, &answer, &err);
    if (r == 0)
        r = csc_hook_write(&arena, &call, &answer, &text, &err);
    if (r == 0) {
        assert_int_equal(answer.verdict, f->verdict);
        assert_true(answer.reason && *answer.reason);
        assert_true(text.size > 0);
    } else {
        assert_string_not_equal(err.text, "");
    }
    csc_buf_free(&text);
    csc_buf_free(&message);
    csc_arena_free(&arena);
    return r;
}

static void test_judge(void **state)
{
    static const struct {
        const char *command;
        enum csc_hook_verdict judged, rewritten;
    } rows[] = {
        {"ls -l | ls", CSC_HOOK_ALLOW, CSC_HOOK_REPLACE},
        {"git commit", CSC_HOOK_ASK, CSC_HOOK_DENY},
        {"rm -r /", CSC_HOOK_DENY, CSC_HOOK_DENY},
        {"echo `x`", CSC_HOOK_DENY, CSC_HOOK_DENY},
    };
    char *root = folder_create(), requests[PATH_MAX];
    struct csc_policy *policy = NULL;

    (void)state;
    (void)snprintf(requests, sizeof(requests), "%s/requests", root);
    assert_int_equal(csc_policy_parse(policy_text, sizeof(policy_text) - 1, &policy, NULL), 0);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct fixture f = {
            .setup = {.policy = policy, .policy_path = "/p", .program = "/c", .requests = requests},
            .command = rows[i].command,
            .verdict = rows[i].judged,
        };
        assert_true(chaos_fail_each_allocation(ask, &f) > 5);
        f.setup.rewrite = true;
        f.verdict = rows[i].rewritten;
        assert_true(chaos_fail_each_allocation(ask, &f) > 5);
        f.setup.can_approve = true;
        assert_true(chaos_fail_each_allocation(ask, &f) > 5);
    }
    csc_policy_free(policy);
    folder_remove(root);
}

static int set_up(void *context)
{
    struct csc_project project = {.root = "/w", .name = "w-1", .kinds = 0x7F};
    struct csc_buf yaml = {0}, line = {0}, text = {0};
    struct csc_settings_added added = {0};
    struct csc_arena arena = {0};
    struct csc_value settings = {0};
    const struct csc_settings_call call = {.dialect = csc_hook_dialect_find("claude"), .program = "/c", .policy = "/p"};
    static const char before[] = "{\"hooks\":{\"PreToolUse\":[{\"matcher\":\"Bash\",\"hooks\":[{\"command\":"
                                 "\"/x/csc hook claude --policy q\"}]}]}}";

    (void)context;
    int r = csc_project_policy(&project, &yaml, NULL);
    if (r == 0)
        r = csc_settings_command(&call, &line, NULL);
    if (r == 0)
        r = csc_json_parse(&arena, before, sizeof(before) - 1, &settings, NULL);
    if (r == 0)
        r = csc_settings_add(
            &arena, &settings,
            &(struct csc_settings_merge){.dialect = call.dialect, .command = line.data, .replace = true}, &added, NULL);
    if (r == 0) {
        csc_json_write(&text, &added.settings);
        r = text.failed ? -CSC_E_INTERNAL : 0;
    }
    if (r == 0)
        assert_non_null(strstr(text.data, "/c hook claude --policy /p || exit 2"));
    csc_buf_free(&text);
    csc_buf_free(&line);
    csc_buf_free(&yaml);
    csc_arena_free(&arena);
    return r;
}

static void test_set_up(void **state)
{
    (void)state;
    assert_true(chaos_fail_each_allocation(set_up, NULL) > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_judge), cmocka_unit_test(test_set_up)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
