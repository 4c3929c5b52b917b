/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "agent/agent.h"
#include "cli/cli.h"

enum {
    OPT_CWD,
    OPT_POLICY,
    OPT_READ,
    OPT_WRITE,
    OPT_ENV,
    OPT_NETWORK,
    OPT_TIMEOUT,
    OPT_RISK,
    OPT_INTENT,
    OPT_AGENT_ID
};
enum { OPT_SESSION_ID = OPT_AGENT_ID + 1, OPT_USER, OPT_QUIET, OPT_JSON };

enum { SHOWN_BYTES = 100, TIMEOUT_DIGITS = 9 };

/* One invocation. */
struct compiling {
    const struct csc_cli *cli;
    struct csc_arena arena;
    struct csc_buf text; /* the line */
    struct csc_policy *policy;
    const char *cwd;
    int network, risk;
    int64_t timeout_sec;
};

static void compiling_free(struct compiling *compiling)
{
    csc_policy_free(compiling->policy);
    csc_buf_free(&compiling->text);
    csc_arena_free(&compiling->arena);
}

static void proposed_cleanup(struct csc_proposed **proposed)
{
    csc_proposed_free(*proposed);
}

/* ---- what was asked ------------------------------------------------------------------------------------------- */

static int read_line(struct compiling *c)
{
    const char *line = c->cli->parameters[0];
    struct csc_error err = {0};

    if (strcmp(line, "-") != 0) {
        csc_buf_puts(&c->text, line);
        if (!c->text.failed)
            return 0;
        csc_fail_memory(&err);
        return csc_cli_fail(c->cli, NULL, &err);
    }
    return csc_cli_read(c->cli, "-", CSC_SHELL_BYTES_MAX, &c->text);
}

static int read_policy(struct compiling *c)
{
    const char *path = c->cli->options[OPT_POLICY];
    _cleanup_buf_ struct csc_buf bytes = {0};
    struct csc_error err = {0};

    if (!path)
        return 0;
    if (strcmp(path, "-") == 0 && strcmp(c->cli->parameters[0], "-") == 0)
        return csc_cli_usage(c->cli, "only one of LINE and --policy can be standard input");
    int code = csc_cli_read(c->cli, path, CSC_POLICY_BYTES_MAX, &bytes);
    if (code != 0)
        return code;
    return csc_policy_parse(bytes.data, bytes.size, &c->policy, &err) < 0 ? csc_cli_fail(c->cli, path, &err) : 0;
}

static int find_folder(struct compiling *c)
{
    const char *given = c->cli->options[OPT_CWD] ? c->cli->options[OPT_CWD] : ".";
    _cleanup_free_ char *here = given[0] == '/' ? NULL : getcwd(NULL, 0);
    struct csc_error err = {0};

    if (given[0] != '/' && !here) {
        csc_fail_errno(&err, CSC_E_INPUT, errno, "the current folder cannot be found; give --cwd an absolute path");
        return csc_cli_fail(c->cli, NULL, &err);
    }
    c->cwd = csc_shell_resolve(&c->arena, here ? here : "/", given);
    if (c->cwd)
        return 0;
    csc_fail_memory(&err);
    return csc_cli_fail(c->cli, NULL, &err);
}

/* The value of an option that is one of these names; -1 when it was not given. */
static int read_name(const struct csc_cli *cli, int option, const char *const *names, int *ret_value)
{
    _cleanup_buf_ struct csc_buf known = {0};
    const char *given = cli->options[option];

    *ret_value = -1;
    for (int i = 0; given && names[i]; i++) {
        if (strcmp(given, names[i]) == 0) {
            *ret_value = i;
            return 0;
        }
        csc_buf_printf(&known, "%s%s", i > 0 ? ", " : "", names[i]);
    }
    return given ? csc_cli_usage(cli, "unknown value '%s' of --%s; there are %s", given,
                                 cli->command->options[option].name, known.failed ? "others" : known.data)
                 : 0;
}

static int read_timeout(struct compiling *c)
{
    const char *given = c->cli->options[OPT_TIMEOUT];

    if (!given)
        return 0;
    size_t digits = strspn(given, "0123456789");
    if (digits > 0 && digits <= TIMEOUT_DIGITS && given[digits] == '\0')
        c->timeout_sec = strtol(given, NULL, 10);
    return c->timeout_sec > 0 ? 0 : csc_cli_usage(c->cli, "--timeout needs whole seconds, at least 1");
}

static int read_options(struct compiling *c)
{
    int code = read_name(c->cli, OPT_NETWORK, csc_network_names, &c->network);

    if (code == 0)
        code = read_name(c->cli, OPT_RISK, csc_risk_names, &c->risk);
    if (code == 0)
        code = read_timeout(c);
    if (code == 0)
        code = find_folder(c);
    if (code == 0)
        code = read_policy(c);
    return code == 0 ? read_line(c) : code;
}

/* ---- refusals ------------------------------------------------------------------------------------------------- */

static size_t character_before(const char *text, size_t at)
{
    while (at > 0 && csc_utf8_continuation((unsigned char)text[at]))
        at--;
    return at;
}

/* The line that was refused, or what is around the place, and below it a caret. Hostile: it may look like anything. */
static void say_place(const struct compiling *c, const struct csc_shell_refusal *refusal)
{
    _cleanup_buf_ struct csc_buf shown = {0};
    const char *text = c->text.data, *end = text ? text + c->text.size : NULL;

    for (size_t line = 1; text && line < refusal->line; line++)
        text = memchr(text, '\n', (size_t)(end - text)) ? (char *)memchr(text, '\n', (size_t)(end - text)) + 1 : end;
    if (!text || text == end)
        return;
    const char *newline = memchr(text, '\n', (size_t)(end - text));
    size_t size = (size_t)((newline ? newline : end) - text), at = refusal->column - 1;
    size_t begin = at > SHOWN_BYTES / 2 ? character_before(text, at - SHOWN_BYTES / 2) : 0;
    size_t stop = size - begin > SHOWN_BYTES ? character_before(text, begin + SHOWN_BYTES) : size;
    csc_buf_escape(&shown, text + begin, at - begin);
    size_t width = shown.size > 0 ? csc_utf8_count(shown.data, shown.size) : 0;
    csc_buf_escape(&shown, text + at, stop - at);
    if (shown.failed || !shown.data)
        return;
    csc_cli_say("  %s", shown.data);
    csc_cli_say("  %*s^", (int)width, "");
}

static int print_refusal(const struct compiling *c, const struct csc_shell_refusal *refusal)
{
    _cleanup_arena_ struct csc_arena arena = {0};
    struct csc_object object, outer;
    struct csc_error err = {0};
    struct csc_value value;

    csc_object_begin(&object, &arena, 5);
    csc_object_string(&object, "what", refusal->what);
    csc_object_int(&object, "line", (int64_t)refusal->line);
    csc_object_int(&object, "column", (int64_t)refusal->column);
    csc_object_string(&object, "instead", refusal->instead);
    if (refusal->field)
        csc_object_string(&object, "field", refusal->field);
    if (csc_object_end(&object, &value, &err) < 0)
        return csc_cli_fail(c->cli, NULL, &err);
    csc_object_begin(&outer, &arena, 1);
    csc_object_value(&outer, "refusal", value);
    if (csc_object_end(&outer, &value, &err) < 0)
        return csc_cli_fail(c->cli, NULL, &err);
    return csc_cli_print_json(c->cli, &value, CSC_E_DATA);
}

static int refuse(const struct compiling *c, const struct csc_shell_refusal *refusal)
{
    csc_cli_say_tone(CSC_TONE_BAD, "error", ": line %zu, column %zu: %s; %s%s%s%s", refusal->line, refusal->column,
                     refusal->what, refusal->instead, refusal->field ? " (field " : "",
                     refusal->field ? refusal->field : "", refusal->field ? ")" : "");
    say_place(c, refusal);
    return c->cli->json ? print_refusal(c, refusal) : CSC_E_DATA;
}

/* ---- the contract --------------------------------------------------------------------------------------------- */

/* The values of a repeatable option, as paths seen from the folder when they are any. */
static int read_list(struct compiling *c, int option, bool are_paths, struct csc_strings *ret_strings)
{
    const char *const *values;
    size_t count = csc_cli_values(c->cli, option, &values);

    ret_strings->items = csc_arena_array(&c->arena, count + 1, sizeof(*ret_strings->items));
    for (size_t i = 0; ret_strings->items && i < count; i++) {
        const char *value = are_paths ? csc_shell_resolve(&c->arena, c->cwd, values[i]) : values[i];
        if (!value)
            return -CSC_E_INTERNAL;
        ret_strings->items[i] = value;
    }
    ret_strings->count = count;
    return ret_strings->items ? 0 : -CSC_E_INTERNAL;
}

static int propose(struct compiling *c, const struct csc_shell_line *line, struct csc_proposed **ret_proposed,
                   struct csc_error *err)
{
    const char *const *options = c->cli->options;
    struct csc_proposed_command *commands = csc_propose_line(&c->arena, line, c->timeout_sec);
    struct csc_proposal proposal = {.commands = commands,
                                    .command_count = line->count,
                                    .intent = options[OPT_INTENT],
                                    .agent_id = options[OPT_AGENT_ID],
                                    .session_id = options[OPT_SESSION_ID],
                                    .initiating_user = options[OPT_USER],
                                    .risk = c->risk};
    struct csc_strings reads = {0}, writes = {0};

    if (!commands || read_list(c, OPT_READ, true, &reads) < 0 || read_list(c, OPT_WRITE, true, &writes) < 0 ||
        read_list(c, OPT_ENV, false, &proposal.env_allow) < 0)
        return csc_fail_memory(err);
    for (size_t i = 0; i < line->count; i++) {
        commands[i].read_paths = reads;
        commands[i].write_paths = writes;
        commands[i].network = c->network;
    }
    int r = csc_propose(&proposal, c->policy, ret_proposed, err);
    return r == 0 ? csc_contract_check_limits((*ret_proposed)->contract, err) : r;
}

static void say_notes(const struct csc_proposed *proposed)
{
    for (size_t i = 0; i < proposed->note_count; i++) {
        const struct csc_proposed_note *note = &proposed->notes[i];
        csc_cli_say("%s: %s %s: %s", note->command_id, note->field, note->value, note->why);
    }
}

static int notes_value(struct csc_arena *arena, const struct csc_proposed *proposed, struct csc_value *ret_value,
                       struct csc_error *err)
{
    struct csc_value notes = {.type = CSC_ARRAY, .count = proposed->note_count};
    struct csc_object object;

    notes.items = csc_arena_array(arena, notes.count + 1, sizeof(*notes.items));
    if (!notes.items)
        return csc_fail_memory(err);
    for (size_t i = 0; i < notes.count; i++) {
        const struct csc_proposed_note *note = &proposed->notes[i];
        csc_object_begin(&object, arena, 4);
        csc_object_string(&object, "command_id", note->command_id);
        csc_object_string(&object, "field", note->field);
        csc_object_string(&object, "value", note->value);
        csc_object_string(&object, "why", note->why);
        int r = csc_object_end(&object, &notes.items[i], err);
        if (r < 0)
            return r;
    }
    *ret_value = notes;
    return 0;
}

static int print_contract(const struct compiling *c, const struct csc_proposed *proposed)
{
    _cleanup_arena_ struct csc_arena arena = {0};
    struct csc_value contract, notes, value;
    struct csc_error err = {0};
    struct csc_object object;

    if (csc_json_parse(&arena, proposed->json, strlen(proposed->json), &contract, &err) < 0)
        return csc_cli_fail(c->cli, NULL, &err);
    if (!c->cli->options[OPT_QUIET])
        say_notes(proposed);
    if (!c->cli->json)
        return csc_cli_print_json(c->cli, &contract, 0);
    if (notes_value(&arena, proposed, &notes, &err) < 0)
        return csc_cli_fail(c->cli, NULL, &err);
    csc_object_begin(&object, &arena, 2);
    csc_object_value(&object, "contract", contract);
    csc_object_value(&object, "notes", notes);
    if (csc_object_end(&object, &value, &err) < 0)
        return csc_cli_fail(c->cli, NULL, &err);
    return csc_cli_print_json(c->cli, &value, 0);
}

static int from_shell(const struct csc_cli *cli)
{
    _cleanup_(compiling_free) struct compiling c = {.cli = cli};
    _cleanup_(proposed_cleanup) struct csc_proposed *proposed = NULL;
    struct csc_shell_refusal refusal = {0};
    struct csc_shell_line line = {0};
    struct csc_error err = {0};

    int code = read_options(&c);
    if (code != 0)
        return code;
    const struct csc_shell_text text = {c.text.data, c.text.size, c.cwd};
    if (csc_shell_read(&c.arena, &text, &line, &refusal, &err) < 0)
        return refusal.what ? refuse(&c, &refusal) : csc_cli_fail(cli, NULL, &err);
    if (propose(&c, &line, &proposed, &err) < 0)
        return csc_cli_fail(cli, NULL, &err);
    return print_contract(&c, proposed);
}

static const struct csc_cli_option options[] = {
    [OPT_CWD] = {"cwd", "DIR", "where the line would be typed; default: the current folder", CSC_CLI_OPTIONAL},
    [OPT_POLICY] = {"policy", "POLICY", "keep scopes, network and risk within what this policy has", CSC_CLI_OPTIONAL},
    [OPT_READ] = {"read", "PATH", "a path that the commands read, too", CSC_CLI_REPEATABLE},
    [OPT_WRITE] = {"write", "PATH", "a path that the commands write, too", CSC_CLI_REPEATABLE},
    [OPT_ENV] = {"env", "NAME", "a variable of csc that the commands get", CSC_CLI_REPEATABLE},
    [OPT_NETWORK] = {"network", "deny|allowlisted|full", "for every command; default: what its programs need",
                     CSC_CLI_OPTIONAL},
    [OPT_TIMEOUT] = {"timeout", "SEC", "seconds for each command; default: 120, or the policy's limit",
                     CSC_CLI_OPTIONAL},
    [OPT_RISK] = {"risk", "low|medium|high|critical", "default: by what the commands do", CSC_CLI_OPTIONAL},
    [OPT_INTENT] = {"intent", "TEXT", "what it is for; default: the line", CSC_CLI_OPTIONAL},
    [OPT_AGENT_ID] = {"agent-id", "ID", "the agent that asks", CSC_CLI_OPTIONAL},
    [OPT_SESSION_ID] = {"session-id", "ID", "its session", CSC_CLI_OPTIONAL},
    [OPT_USER] = {"user", "WHO", "the user on whose behalf; default: uid:NUMBER", CSC_CLI_OPTIONAL},
    [OPT_QUIET] = {"quiet", NULL, "no notes; errors are still said", CSC_CLI_OPTIONAL},
    [OPT_JSON] = {"json", NULL, "print contract and notes, or the refusal, as one JSON object", CSC_CLI_OPTIONAL},
    {0},
};

const struct csc_cli_command csc_cli_from_shell = {
    .name = "from-shell",
    .summary = "make a contract of a shell line, which no shell reads",
    .parameters = {"LINE"},
    .options = options,
    .description =
        "Words, quotes and escapes, pipelines, && and newlines, cd DIR &&, < FILE, > FILE, >> FILE and 2>&1.\n"
        "Everything else is refused, with its place and what to write instead. \"-\" is standard input.\n"
        "Notes on standard error say why a path is in a scope. Nothing is decided and nothing executed.\n"
        "Exit code: 0 the contract was printed, 65 the line says more than a contract can.\n",
    .examples = "  csc from-shell 'git log --oneline | head -5'\n"
                "  csc from-shell 'cd src && make > build.log' --policy policy.yaml > contract.json\n"
                "  csc from-shell 'ls -l' --policy policy.yaml | csc check - policy.yaml\n"
                "  csc from-shell - --cwd /work/project --json < line.sh\n",
    .run = from_shell,
};
