/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/hook.h"

#include <string.h>

/* ---- answers ------------------------------------------------------------------------------------------------ */

static int end_text(const struct csc_value *value, struct csc_buf *ret_text, struct csc_error *err)
{
    csc_json_write(ret_text, value);
    return ret_text->failed ? csc_fail_memory(err) : 0;
}

/* All of the tool's arguments, with another command. What the agent's tool does not know is dropped by nobody here. */
static int replace_command(struct csc_arena *arena, const struct csc_hook_call *call, const char *command,
                           struct csc_value *ret_input, struct csc_error *err)
{
    struct csc_object input;

    csc_object_begin(&input, arena, call->input->count);
    for (size_t i = 0; i < call->input->count; i++) {
        const struct csc_member *member = &call->input->members[i];
        if (strcmp(member->key, "command") == 0)
            csc_object_string(&input, "command", command);
        else
            csc_object_value(&input, member->key, member->value);
    }
    return csc_object_end(&input, ret_input, err);
}

/* {"hookSpecificOutput": {...}}, as Claude Code defined it. */
static int write_specific(struct csc_arena *arena, const struct csc_hook_call *call,
                          const struct csc_hook_answer *answer, struct csc_buf *ret_text, struct csc_error *err)
{
    static const char *const decisions[] = {
        [CSC_HOOK_DENY] = "deny", [CSC_HOOK_ALLOW] = "allow", [CSC_HOOK_ASK] = "ask", [CSC_HOOK_REPLACE] = "allow"};
    struct csc_object specific, outer;
    struct csc_value value = {0};
    int r = 0;

    csc_object_begin(&specific, arena, 4);
    csc_object_string(&specific, "hookEventName", call->dialect->event);
    csc_object_string(&specific, "permissionDecision", decisions[answer->verdict]);
    csc_object_string(&specific, "permissionDecisionReason", answer->reason);
    if (answer->verdict == CSC_HOOK_REPLACE) {
        r = replace_command(arena, call, answer->replacement, &value, err);
        csc_object_value(&specific, "updatedInput", value);
    }
    if (r == 0)
        r = csc_object_end(&specific, &value, err);
    if (r < 0)
        return r;
    csc_object_begin(&outer, arena, 1);
    csc_object_value(&outer, "hookSpecificOutput", value);
    r = csc_object_end(&outer, &value, err);
    return r < 0 ? r : end_text(&value, ret_text, err);
}

/* To Codex "allow" without a new input, and "ask", are mistakes of the hook, after which the command runs: consent is
 * silence, and what needs a person is denied. */
static int write_codex(struct csc_arena *arena, const struct csc_hook_call *call, const struct csc_hook_answer *answer,
                       struct csc_buf *ret_text, struct csc_error *err)
{
    struct csc_hook_answer stricter = *answer;

    if (answer->verdict == CSC_HOOK_ALLOW)
        return 0;
    if (answer->verdict == CSC_HOOK_ASK)
        stricter.verdict = CSC_HOOK_DENY;
    return write_specific(arena, call, &stricter, ret_text, err);
}

/* What stands in tool_input is merged into the arguments; all of them do here, so that it may as well replace them. */
static int write_gemini(struct csc_arena *arena, const struct csc_hook_call *call, const struct csc_hook_answer *answer,
                        struct csc_buf *ret_text, struct csc_error *err)
{
    bool allowed = answer->verdict == CSC_HOOK_ALLOW || answer->verdict == CSC_HOOK_REPLACE;
    struct csc_object specific, object;
    struct csc_value value = {0};
    int r = 0;

    csc_object_begin(&object, arena, 3);
    csc_object_string(&object, "decision", allowed ? "allow" : "deny");
    csc_object_string(&object, "reason", answer->reason);
    if (answer->verdict == CSC_HOOK_REPLACE) {
        csc_object_begin(&specific, arena, 1);
        r = replace_command(arena, call, answer->replacement, &value, err);
        csc_object_value(&specific, "tool_input", value);
        if (r == 0)
            r = csc_object_end(&specific, &value, err);
        csc_object_value(&object, "hookSpecificOutput", value);
    }
    if (r == 0)
        r = csc_object_end(&object, &value, err);
    return r < 0 ? r : end_text(&value, ret_text, err);
}

static int write_cursor(struct csc_arena *arena, const struct csc_hook_call *call, const struct csc_hook_answer *answer,
                        struct csc_buf *ret_text, struct csc_error *err)
{
    static const char *const permissions[] = {
        [CSC_HOOK_DENY] = "deny", [CSC_HOOK_ALLOW] = "allow", [CSC_HOOK_ASK] = "ask", [CSC_HOOK_REPLACE] = "deny"};
    struct csc_object object;
    struct csc_value value;

    (void)call;
    csc_object_begin(&object, arena, 3);
    csc_object_string(&object, "permission", permissions[answer->verdict]);
    if (answer->verdict != CSC_HOOK_ALLOW) {
        csc_object_string(&object, "user_message", answer->reason);
        csc_object_string(&object, "agent_message", answer->reason);
    }
    int r = csc_object_end(&object, &value, err);
    return r < 0 ? r : end_text(&value, ret_text, err);
}

/* ---- dialects ----------------------------------------------------------------------------------------------- */

/* Claude Code: in the other modes, known and to come, nobody may be there to answer. */
static bool claude_can_ask(const struct csc_value *message)
{
    static const char *const modes[] = {"default", "acceptEdits", "plan"};
    const struct csc_value *mode = csc_value_get(message, "permission_mode");

    if (!mode)
        return true;
    for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
        if (mode->type == CSC_STRING && strcmp(mode->string, modes[i]) == 0)
            return true;
    return false;
}

static bool always_can_ask(const struct csc_value *message)
{
    (void)message;
    return true;
}

/* One with marks stands before the one with the same event and none. */
const struct csc_hook_dialect csc_hook_dialects[] = {
    {
        .agent = "codex",
        .event = "PreToolUse",
        .tool = "Bash",
        .input = "tool_input",
        .session = {"session_id"},
        .marks = {"turn_id", "model"},
        .write = write_codex,
        .can_replace = true,
    },
    {
        .agent = "claude",
        .event = "PreToolUse",
        .tool = "Bash",
        .input = "tool_input",
        .session = {"session_id"},
        .timeout_ms = "timeout",
        .signs = {"transcript_path", "permission_mode"},
        .can_ask = claude_can_ask,
        .write = write_specific,
        .can_replace = true,
    },
    {
        .agent = "gemini",
        .event = "BeforeTool",
        .tool = "run_shell_command",
        .input = "tool_input",
        .session = {"session_id"},
        .folders = {"dir_path", "directory"},
        .write = write_gemini,
        .can_replace = true,
    },
    {
        .agent = "cursor",
        .event = "beforeShellExecution",
        .session = {"session_id", "conversation_id"},
        .can_ask = always_can_ask,
        .write = write_cursor,
    },
    {.agent = NULL},
};

const struct csc_hook_dialect *csc_hook_dialect_find(const char *agent)
{
    for (const struct csc_hook_dialect *dialect = csc_hook_dialects; dialect->agent; dialect++)
        if (strcmp(dialect->agent, agent) == 0)
            return dialect;
    return NULL;
}

/* ---- questions ---------------------------------------------------------------------------------------------- */

/* A member that must be text, or NULL after the error was said. */
static const struct csc_value *text_of(const struct csc_value *object, const char *name, struct csc_error *err)
{
    const struct csc_value *value = csc_value_get(object, name);

    if (value && value->type == CSC_STRING && value->count > 0)
        return value;
    (void)csc_fail(err, CSC_E_DATA,
                   "the hook's message has %s for %s where text should be; this csc does not know "
                   "such messages",
                   !value                      ? "nothing"
                   : value->type == CSC_STRING ? "nothing"
                                               : csc_type_name(value->type),
                   name);
    return NULL;
}

static bool is_marked(const struct csc_hook_dialect *dialect, const struct csc_value *message)
{
    if (!dialect->marks[0])
        return true;
    for (size_t i = 0; i < ARRAY_SIZE(dialect->marks) && dialect->marks[i]; i++)
        if (csc_value_get(message, dialect->marks[i]))
            return true;
    return false;
}

/* Threat: "ask" in answer to another agent's message with the same event, which runs the command then. */
static bool has_signs(const struct csc_hook_dialect *dialect, const struct csc_value *message)
{
    for (size_t i = 0; i < ARRAY_SIZE(dialect->signs) && dialect->signs[i]; i++) {
        const struct csc_value *sign = csc_value_get(message, dialect->signs[i]);
        if (!sign || sign->type != CSC_STRING || sign->count == 0)
            return false;
    }
    return true;
}

/* Threat: the message of one agent answered in the words of another, which takes them for consent. NULL after the error
 * was said. */
static const struct csc_hook_dialect *recognise(const struct csc_value *message, const struct csc_hook_dialect *wanted,
                                                struct csc_error *err)
{
    const struct csc_value *event = text_of(message, "hook_event_name", err);
    const struct csc_hook_dialect *dialect = csc_hook_dialects;

    if (!event)
        return NULL;
    while (dialect->agent &&
           (strcmp(dialect->event, event->string) != 0 || (!is_marked(dialect, message) && dialect != wanted)))
        dialect++;
    if (dialect->agent && (!wanted || dialect == wanted))
        return dialect;
    if (wanted && strcmp(event->string, wanted->event) != 0)
        (void)csc_fail(err, CSC_E_DATA, "the hook is called for the event '%s'; set it up for %s alone", event->string,
                       wanted->event);
    else if (wanted)
        (void)csc_fail(err, CSC_E_DATA, "the message is one of %s, and the hook is set up for %s; write csc hook %s",
                       dialect->agent, wanted->agent, dialect->agent);
    else
        (void)csc_fail(err, CSC_E_DATA,
                       "no agent that csc knows calls a hook for the event '%s'; set it up for PreToolUse, BeforeTool "
                       "or beforeShellExecution",
                       event->string);
    return NULL;
}

static int find_input(const struct csc_value *message, struct csc_hook_call *call, struct csc_error *err)
{
    const struct csc_hook_dialect *dialect = call->dialect;

    call->input = dialect->input ? csc_value_get(message, dialect->input) : message;
    if (dialect->tool) {
        const struct csc_value *tool = text_of(message, "tool_name", err);
        if (!tool)
            return -CSC_E_DATA;
        if (strcmp(tool->string, dialect->tool) != 0)
            return csc_fail(err, CSC_E_DATA,
                            "csc judges shell commands, not the tool '%s'; set the hook's matcher to "
                            "\"%s\"",
                            tool->string, dialect->tool);
    }
    if (!call->input || call->input->type != CSC_OBJECT)
        return csc_fail(err, CSC_E_DATA,
                        "the hook's message has no object for %s; this csc does not know such messages",
                        dialect->input ? dialect->input : "itself");
    return 0;
}

/* A name without its '_' and '-', in lower case. */
static void simplify(const char *name, char ret_name[64])
{
    size_t n = 0;

    for (; *name && n < 63; name++)
        if (*name != '_' && *name != '-')
            ret_name[n++] = (char)(*name >= 'A' && *name <= 'Z' ? *name - 'A' + 'a' : *name);
    ret_name[n] = '\0';
}

/* Whether an argument, by its name, says where or how a command runs: in another folder, environment or shell. */
static bool changes_the_run(const char *name)
{
    static const char *const parts[] = {"cwd", "dir", "env", "shell"};
    static const char *const names[] = {"args",       "argv",   "arguments", "chroot", "code",    "container",
                                        "executable", "folder", "host",      "image",  "input",   "interpreter",
                                        "login",      "path",   "program",   "pwd",    "root",    "script",
                                        "stdin",      "user",   "variables", "vars",   "worktree"};
    char simple[64];

    simplify(name, simple);
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
        if (strstr(simple, parts[i]))
            return true;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (strcmp(simple, names[i]) == 0)
            return true;
    return false;
}

/* Threat: a version of the agent whose tool runs the command in another way than it was judged. */
static int check_arguments(const struct csc_hook_call *call, struct csc_error *err)
{
    const struct csc_hook_dialect *dialect = call->dialect;

    for (size_t i = 0; i < call->input->count; i++) {
        const struct csc_member *member = &call->input->members[i];
        bool known = !dialect->input && strcmp(member->key, "cwd") == 0;
        for (size_t k = 0; !known && k < ARRAY_SIZE(dialect->folders) && dialect->folders[k]; k++)
            known = strcmp(member->key, dialect->folders[k]) == 0;
        if (!known && changes_the_run(member->key) && member->value.type != CSC_NULL)
            return csc_fail(err, CSC_E_DATA,
                            "the argument '%s' may change where or how the command runs, and csc does not know it from "
                            "%s; leave it out",
                            member->key, dialect->agent);
    }
    return 0;
}

/* Milliseconds, rounded up. */
static int read_timeout(struct csc_hook_call *call, struct csc_error *err)
{
    const char *name = call->dialect->timeout_ms;
    const struct csc_value *timeout = name ? csc_value_get(call->input, name) : NULL;

    if (!timeout)
        return 0;
    if (timeout->type != CSC_INT || timeout->integer <= 0)
        return csc_fail(err, CSC_E_DATA, "%s is no whole number of milliseconds above 0; leave it out", name);
    call->timeout_sec = timeout->integer / 1000 + (timeout->integer % 1000 != 0);
    return 0;
}

static int read_session(const struct csc_value *message, struct csc_hook_call *call, struct csc_error *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(call->dialect->session) && call->dialect->session[i]; i++) {
        const struct csc_value *session = csc_value_get(message, call->dialect->session[i]);
        if (!session)
            continue;
        session = text_of(message, call->dialect->session[i], err);
        if (!session)
            return -CSC_E_DATA;
        call->session_id = session->string;
        return 0;
    }
    return 0;
}

/* The argument that names a folder to run in; one that is not there, or empty, names none. */
static int find_folder(const struct csc_hook_call *call, const char **ret_folder, struct csc_error *err)
{
    const char *found = NULL;

    for (size_t i = 0; i < ARRAY_SIZE(call->dialect->folders) && call->dialect->folders[i]; i++) {
        const char *name = call->dialect->folders[i];
        const struct csc_value *folder = csc_value_get(call->input, name);
        if (!folder)
            continue;
        if (folder->type != CSC_STRING)
            return csc_fail(err, CSC_E_DATA, "%s is %s; give text", name, csc_type_name(folder->type));
        if (found)
            return csc_fail(err, CSC_E_DATA, "two arguments name a folder to run in; give one");
        found = folder->string;
    }
    *ret_folder = found && *found ? found : NULL;
    return 0;
}

static int read_cwd(struct csc_arena *arena, const struct csc_value *message, struct csc_hook_call *call,
                    struct csc_error *err)
{
    const struct csc_value *cwd = text_of(message, "cwd", err);
    const char *folder = NULL;

    if (!cwd)
        return -CSC_E_DATA;
    if (cwd->string[0] != '/')
        return csc_fail(err, CSC_E_DATA, "the hook's cwd '%s' is no absolute path; without one, nothing can be judged",
                        cwd->string);
    int r = find_folder(call, &folder, err);
    if (r < 0)
        return r;
    call->cwd = !folder            ? cwd->string
                : folder[0] == '/' ? folder
                                   : csc_arena_printf(arena, "%s/%s", cwd->string, folder);
    return call->cwd ? 0 : csc_fail_memory(err);
}

int csc_hook_read(struct csc_arena *arena, const struct csc_buf *message, const struct csc_hook_dialect *dialect,
                  struct csc_hook_call *ret_call, struct csc_error *err)
{
    struct csc_hook_call call = {0};
    struct csc_value *root = csc_arena_alloc(arena, sizeof(*root));

    if (!root)
        return csc_fail_memory(err);
    int r = csc_json_parse_foreign(arena, message->data ? message->data : "", message->size, root, err);
    if (r == 0 && root->type != CSC_OBJECT)
        r = csc_fail(err, CSC_E_DATA, "the hook's message is %s; an object was expected", csc_type_name(root->type));
    if (r < 0)
        return r;
    call.dialect = recognise(root, dialect, err);
    if (!call.dialect)
        return -CSC_E_DATA;
    r = find_input(root, &call, err);
    if (r == 0)
        r = check_arguments(&call, err);
    if (r == 0)
        r = read_cwd(arena, root, &call, err);
    if (r == 0)
        r = read_session(root, &call, err);
    if (r == 0)
        r = read_timeout(&call, err);
    if (r < 0)
        return r;
    const struct csc_value *command = text_of(call.input, "command", err);
    if (!command)
        return -CSC_E_DATA;
    call.command = command->string;
    call.command_size = command->count;
    call.can_ask = call.dialect->can_ask && call.dialect->can_ask(root) && (dialect || has_signs(call.dialect, root));
    *ret_call = call;
    return 0;
}

int csc_hook_write(struct csc_arena *arena, const struct csc_hook_call *call, const struct csc_hook_answer *answer,
                   struct csc_buf *ret_text, struct csc_error *err)
{
    struct csc_hook_answer written = *answer;

    if (written.verdict == CSC_HOOK_ASK && !call->can_ask)
        written.verdict = CSC_HOOK_DENY;
    if (written.verdict == CSC_HOOK_REPLACE && !call->dialect->can_replace)
        return csc_fail(err, CSC_E_INTERNAL, "%s cannot replace a command; leave --rewrite out", call->dialect->agent);
    return call->dialect->write(arena, call, &written, ret_text, err);
}
