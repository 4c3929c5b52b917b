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

/* Threat: an agent whose next command rewrites the policy that judges the one after it. */
static int check_place(const struct csc_cli *cli, const struct csc_policy *policy)
{
    const char *path = cli->options[OPT_POLICY];
    struct csc_error err = {0};
    char real[PATH_MAX];

    if (!realpath(path, real))
        csc_fail_errno(&err, CSC_E_INPUT, errno, "cannot resolve the path");
    else if (csc_prefixes_contain(&policy->write_prefixes, real))
        csc_fail(&err, CSC_E_PERMISSION, "lies where it lets commands write; keep it elsewhere");
    return err.code == CSC_OK ? 0 : csc_cli_fail(cli, path, &err);
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
    return code == 0 ? check_place(cli, *ret_policy) : code;
}

/* What --rewrite needs, and nothing else: a hook that only judges writes nothing anywhere. */
static int prepare_rewrite(struct csc_arena *arena, const struct csc_cli *cli, struct csc_hook_setup *setup,
                           struct csc_error *err)
{
    char *program = csc_arena_alloc(arena, PATH_MAX), *requests = csc_arena_alloc(arena, PATH_MAX);

    setup->policy_path = csc_cli_absolute(arena, cli->options[OPT_POLICY]);
    if (!program || !requests || !setup->policy_path)
        return csc_fail(err, CSC_E_INTERNAL, "out of memory, or the working directory is gone");
    int r = csc_cli_own_path(program, err);
    if (r == 0)
        r = csc_requests_folder(requests, err);
    setup->program = program;
    setup->requests = requests;
    return r;
}

static int judge(struct csc_arena *arena, const struct csc_hook_call *call, struct csc_hook_setup *setup,
                 const struct csc_cli *cli)
{
    _cleanup_buf_ struct csc_buf text = {0};
    struct csc_hook_answer answer = {0};
    struct csc_error err = {0};
    int r = 0;

    if (setup->rewrite && !call->dialect->can_replace)
        return csc_cli_usage(cli, "%s cannot replace a command; leave --rewrite out", call->dialect->agent);
    if (setup->rewrite)
        r = prepare_rewrite(arena, cli, setup, &err);
    if (r == 0)
        r = csc_hook_judge(arena, call, setup, &answer, &err);
    if (r == 0)
        r = csc_hook_write(arena, call, &answer, &text, &err);
    return r < 0 ? csc_cli_fail(cli, NULL, &err) : csc_cli_print(cli, &text, 0);
}

static int hook(const struct csc_cli *cli)
{
    _cleanup_policy_ struct csc_policy *policy = NULL;
    _cleanup_arena_ struct csc_arena arena = {0};
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
        code = csc_cli_read(cli, "-", CSC_HOOK_BYTES_MAX, &message);
    if (code != 0)
        return code;
    if (csc_hook_read(&arena, &message, dialect, &call, &err) < 0)
        return csc_cli_fail(cli, NULL, &err);
    setup.policy = policy;
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
