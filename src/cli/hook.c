/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/hook.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

enum { OPT_POLICY, OPT_HANDED };

/* Agents take every exit code but 0 and 2 for "the hook is broken", and run the command. */
enum { BLOCKED = 2 };

/* Seconds for all of it, well below the time-out that csc init sets: after that one, most agents run the command. */
enum { PATIENCE = 15 };

static void block(int number)
{
    static const char reason[] = "csc: interrupted, or out of time, before the command was judged; it is blocked\n";

    (void)number;
    (void)!write(STDERR_FILENO, reason, sizeof(reason) - 1);
    _exit(BLOCKED);
}

/* What changes nothing by itself, or is a write error to report (main.c). */
static bool ends_nothing(int number)
{
    static const int harmless[] = {SIGCHLD, SIGCONT, SIGURG, SIGWINCH, SIGPIPE, SIGXFSZ};

    for (size_t i = 0; i < ARRAY_SIZE(harmless); i++)
        if (harmless[i] == number)
            return true;
    return false;
}

/*
 * An agent's time-out, ours, a limit of CPU time, a closed terminal or a fault must not end this by a signal, nor stop
 * it. Threat: a parent that left signals blocked, the one of our own limit among them. SIGKILL and SIGSTOP cannot be
 * caught, and two numbers belong to the C library, which refuses them.
 */
static void block_on_signals(void)
{
    struct sigaction action = {.sa_handler = block};
    sigset_t all;

    for (int number = 1; number <= SIGRTMAX; number++)
        if (!ends_nothing(number))
            (void)sigaction(number, &action, NULL);
    (void)alarm(PATIENCE);
    (void)sigfillset(&all);
    (void)sigprocmask(SIG_UNBLOCK, &all, NULL);
}

static int load_policy(const struct csc_cli *cli, struct csc_policy **ret_policy)
{
    _cleanup_buf_ struct csc_buf bytes = {0};
    const char *path = cli->options[OPT_POLICY];
    struct csc_error err = {0};

    if (strcmp(path, "-") == 0)
        return csc_cli_usage(cli, "--policy needs a file: standard input is the agent's");
    int code = csc_cli_read(cli, path, CSC_POLICY_BYTES_MAX, &bytes);
    if (code == 0 && csc_policy_parse(bytes.data, bytes.size, ret_policy, &err) < 0)
        code = csc_cli_fail(cli, path, &err);
    return code;
}

/* Threat: an agent whose next command rewrites what the one after it is judged by. */
static int find_places(const struct csc_cli *cli, const struct csc_policy *policy, struct csc_cli_relied *ret_relied)
{
    struct csc_error err = {0};

    int code = csc_cli_rely(cli, OPT_HANDED, cli->options[OPT_POLICY], ret_relied);
    if (code == 0 && csc_cli_check_places(ret_relied, policy, &err) < 0)
        code = csc_cli_fail(cli, NULL, &err);
    return code;
}

/* The configuration that was found is the one that csc run gets. Threat: it runs in the agent's environment, where the
 * places to look for one, and so whose signatures count, may be others. */
static int pin_configuration(const struct csc_cli *cli, struct csc_arena *arena, struct csc_cli_relied *relied,
                             struct csc_strings *words)
{
    const char *path = relied->configuration.config_path;

    if (cli->options[OPT_HANDED + CSC_HAND_CONFIG] || path[0] == '\0')
        return 0;
    path = csc_cli_absolute(arena, path);
    if (!path)
        return -CSC_E_INTERNAL;
    words->items[words->count++] = "--config"; /* there is room: it was not given */
    words->items[words->count++] = path;
    return 0;
}

/* What --rewrite needs, and nothing else: a hook that only judges writes nothing anywhere. */
static int prepare_rewrite(struct csc_arena *arena, const struct csc_cli *cli, struct csc_cli_relied *relied,
                           struct csc_hook_setup *setup, struct csc_error *err)
{
    char *requests = csc_arena_alloc(arena, PATH_MAX);

    setup->policy_path = csc_cli_absolute(arena, cli->options[OPT_POLICY]);
    if (!requests || !setup->policy_path || pin_configuration(cli, arena, relied, &setup->run_options) < 0)
        return csc_fail(err, CSC_E_INTERNAL, "out of memory, or the working directory is gone");
    int r = csc_requests_folder(requests, err);
    setup->program = relied->program;
    setup->can_approve = relied->can_approve;
    setup->requests = requests;
    return r;
}

static int judge(struct csc_arena *arena, const struct csc_hook_call *call, const struct csc_hook_setup *setup,
                 const struct csc_cli *cli)
{
    _cleanup_buf_ struct csc_buf text = {0};
    struct csc_hook_answer answer = {0};
    struct csc_error err = {0};

    if (setup->rewrite && !call->dialect->can_replace)
        return csc_cli_usage(cli, "%s cannot replace a command; leave --rewrite out", call->dialect->agent);
    int r = csc_hook_judge(arena, call, setup, &answer, &err);
    if (r == 0)
        r = csc_hook_write(arena, call, &answer, &text, &err);
    return r < 0 ? csc_cli_fail(cli, NULL, &err) : csc_cli_print(cli, &text, 0);
}

static int hook(const struct csc_cli *cli)
{
    _cleanup_policy_ struct csc_policy *policy = NULL;
    _cleanup_arena_ struct csc_arena arena = {0};
    _cleanup_(csc_cli_relied_free) struct csc_cli_relied relied = {0};
    _cleanup_buf_ struct csc_buf message = {0};
    const struct csc_hook_dialect *dialect = NULL;
    struct csc_hook_setup setup = {.rewrite = cli->options[OPT_HANDED + CSC_HAND_REWRITE] != NULL};
    struct csc_hook_call call = {0};
    struct csc_error err = {0};

    block_on_signals();
    if (cli->parameters[0]) {
        dialect = csc_cli_dialect(cli, cli->parameters[0]);
        if (!dialect)
            return CSC_E_USAGE;
    }
    int code = csc_cli_hand_on(cli, OPT_HANDED, &arena, &setup.run_options);
    if (code == 0)
        code = load_policy(cli, &policy);
    if (code == 0)
        code = find_places(cli, policy, &relied);
    if (code == 0)
        code = csc_cli_read(cli, "-", CSC_HOOK_BYTES_MAX, &message);
    if (code != 0)
        return code;
    setup.policy = policy;
    if (csc_hook_read(&arena, &message, dialect, &call, &err) < 0 ||
        (setup.rewrite && prepare_rewrite(&arena, cli, &relied, &setup, &err) < 0))
        return csc_cli_fail(cli, NULL, &err);
    return judge(&arena, &call, &setup, cli);
}

static const struct csc_cli_option options[] = {
    [OPT_POLICY] = {"policy", "POLICY", "what decides", CSC_CLI_REQUIRED},
    CSC_CLI_HANDED(OPT_HANDED),
    {0},
};

const struct csc_cli_command csc_cli_hook = {
    .name = "hook",
    .summary = "judge the shell commands of a coding agent, called by its hook",
    .parameters = {"AGENT"},
    .optional_parameters = 1,
    .options = options,
    .description =
        "AGENT is claude, codex, gemini or cursor; without it, the hook's message says which. Reads that message\n"
        "from standard input, and answers in the agent's own words. A command that needs approval is asked for\n"
        "where the agent can ask a person, and denied elsewhere; with --rewrite it waits as a request for csc\n"
        "approve. csc init sets a hook up.\n"
        "Exit code: 0 with an answer, a denial too; 2 with a reason on standard error whenever there is none, so\n"
        "that the agent blocks the command.\n",
    .examples = "  csc hook --policy ~/.config/csc/policies/app.yaml < message.json\n"
                "  csc hook claude --policy /etc/csc/agents.yaml --rewrite\n",
    .run = hook,
    .failure = BLOCKED,
};
