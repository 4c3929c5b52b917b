/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>

#include "cli/cli.h"

/* clang-format off */
static const struct csc_cli_command *const commands[] = {
    &csc_cli_check,
    &csc_cli_run,
    &csc_cli_approve,
    &csc_cli_explain,
    &csc_cli_from_shell,
    &csc_cli_hook,
    &csc_cli_init,
    &csc_cli_ledger,
    &csc_cli_mcp,
    &csc_cli_verify_receipt,
    &csc_cli_verify_evidence,
    &csc_cli_validate,
    &csc_cli_hash,
    &csc_cli_canonicalize,
    &csc_cli_keygen,
    &csc_cli_doctor,
    NULL,
};
/* clang-format on */

static int print_version(const struct csc_cli *cli)
{
    _cleanup_buf_ struct csc_buf text = {0};

    csc_buf_printf(&text,
                   "csc %s\n"
                   "accepts: contract " CSC_CONTRACT_VERSION ", policy " CSC_POLICY_VERSION
                   ", receipt " CSC_RECEIPT_VERSION ", approval " CSC_APPROVAL_VERSION "\n"
                   "modes: local, hardened (backends native, bwrap)\n",
                   csc_version());
    return csc_cli_print(cli, &text, 0);
}

static int print_overview(const struct csc_cli *cli)
{
    _cleanup_buf_ struct csc_buf text = {0};

    csc_buf_puts(&text, "csc: decide, run and attest commands that an agent asks for in a contract\n\n"
                        "usage: csc COMMAND ...\n"
                        "       csc help COMMAND, csc COMMAND --help\n"
                        "       csc --version\n\ncommands:\n");
    for (size_t i = 0; commands[i]; i++)
        csc_buf_printf(&text, "  %-16s %s\n", commands[i]->name, commands[i]->summary);
    csc_buf_puts(&text,
                 "\nexample:\n"
                 "  csc check contract.json policy.yaml && csc run contract.json policy.yaml\n\n"
                 "Exit codes: 0 allowed, succeeded, valid; 1 denied, blocked, failed, expired, invalid signature;\n"
                 "2 needs approval; 64 usage; 65 invalid input; 66 unreadable input; 70 internal error;\n"
                 "73 output cannot be written; 77 permission; 78 configuration; 130, 143 interrupted.\n");
    return csc_cli_print(cli, &text, 0);
}

static int print_help(const struct csc_cli *cli)
{
    _cleanup_buf_ struct csc_buf text = {0};

    csc_cli_help(&text, cli->command);
    return csc_cli_print(cli, &text, 0);
}

/* Where a subcommand of cli->command is expected, or, without that, a command. */
static int unknown_command(const struct csc_cli *cli, const char *name)
{
    _cleanup_buf_ struct csc_buf known = {0};

    if (name && name[0] == '-')
        return csc_cli_usage(cli, "unknown option '%s'", name);
    if (!cli->command)
        return csc_cli_usage(cli, "unknown command '%s'", name);
    for (size_t i = 0; cli->command->subcommands && cli->command->subcommands[i]; i++)
        csc_buf_printf(&known, "%s%s", i > 0 ? ", " : "", csc_cli_last_word(cli->command->subcommands[i]->name));
    const char *list = known.failed || !known.data ? "none" : known.data;
    return name ? csc_cli_usage(cli, "unknown subcommand '%s'; there are: %s", name, list)
                : csc_cli_usage(cli, "no subcommand given; there are: %s", list);
}

static bool is_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static int run_command(struct csc_cli *cli, const struct csc_cli_command *command, char *const *args)
{
    cli->command = command;
    if (command->subcommands) {
        const struct csc_cli_command *subcommand = args[0] ? csc_cli_find(command->subcommands, args[0]) : NULL;
        if (subcommand)
            return run_command(cli, subcommand, args + 1);
        return args[0] && is_help(args[0]) ? print_help(cli) : unknown_command(cli, args[0]);
    }
    int code = csc_cli_parse(cli, args);
    if (code == CSC_CLI_HELP)
        code = print_help(cli);
    else if (code == 0)
        code = command->run(cli);
    return code != 0 && command->failure != 0 ? command->failure : code;
}

static int help_command(struct csc_cli *cli, char *const *args)
{
    if (!args[0])
        return print_overview(cli);
    const struct csc_cli_command *command = csc_cli_find(commands, args[0]);
    if (!command)
        return unknown_command(cli, args[0]);
    for (args++; *args && command->subcommands; args++) {
        cli->command = command;
        command = csc_cli_find(command->subcommands, *args);
        if (!command)
            return unknown_command(cli, *args);
    }
    if (*args) {
        cli->command = NULL;
        return csc_cli_usage(cli, "unexpected argument '%s'", *args);
    }
    cli->command = command;
    return print_help(cli);
}

int main(int argc, char **argv)
{
    struct csc_cli cli = {.stdout_closed = fcntl(STDOUT_FILENO, F_GETFD) < 0};

    const struct csc_cli_command *command = argc < 2 ? NULL : csc_cli_find(commands, argv[1]);
    bool must_answer = command && command->failure != 0;

    /* A file at its size limit (RLIMIT_FSIZE) is a write error to report, like a full disk; so is a reader that is
     * gone, where dying of it would be taken for an answer. */
    (void)signal(SIGXFSZ, SIG_IGN);
    if (must_answer)
        (void)signal(SIGPIPE, SIG_IGN);
    if (csc_open_standard_fds() < 0)
        return must_answer ? command->failure : CSC_E_INTERNAL;
    if (argc < 2)
        return csc_cli_usage(&cli, "no command given");
    if (command)
        return run_command(&cli, command, argv + 2);
    if (strcmp(argv[1], "help") == 0 || is_help(argv[1]))
        return help_command(&cli, argv + 2);
    if (strcmp(argv[1], "--version") == 0)
        return argv[2] ? csc_cli_usage(&cli, "unexpected argument '%s'", argv[2]) : print_version(&cli);
    return unknown_command(&cli, argv[1]);
}
