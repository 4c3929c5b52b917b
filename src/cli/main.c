/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>

#include "cli/cli.h"

static const struct csc_cli_command *const commands[] = {
    &csc_cli_check,    &csc_cli_run,  &csc_cli_explain,      &csc_cli_verify_receipt, &csc_cli_verify_evidence,
    &csc_cli_validate, &csc_cli_hash, &csc_cli_canonicalize, &csc_cli_keygen,         &csc_cli_doctor,
};

static const struct csc_cli_command *find_command(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

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
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
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

static int unknown_command(const struct csc_cli *cli, const char *name)
{
    return name[0] == '-' ? csc_cli_usage(cli, "unknown option '%s'", name)
                          : csc_cli_usage(cli, "unknown command '%s'", name);
}

static int run_command(struct csc_cli *cli, const struct csc_cli_command *command, char *const *args)
{
    cli->command = command;
    int code = csc_cli_parse(cli, args);
    if (code == CSC_CLI_HELP)
        return print_help(cli);
    return code != 0 ? code : command->run(cli);
}

static int help_command(struct csc_cli *cli, char *const *args)
{
    if (!args[0])
        return print_overview(cli);
    if (args[1])
        return csc_cli_usage(cli, "unexpected argument '%s'", args[1]);
    cli->command = find_command(args[0]);
    return cli->command ? print_help(cli) : unknown_command(cli, args[0]);
}

int main(int argc, char **argv)
{
    struct csc_cli cli = {.stdout_closed = fcntl(STDOUT_FILENO, F_GETFD) < 0};

    if (csc_open_standard_fds() < 0)
        return CSC_E_INTERNAL;
    /* A file at its size limit (RLIMIT_FSIZE) is a write error to report, like a full disk. */
    (void)signal(SIGXFSZ, SIG_IGN);
    if (argc < 2)
        return csc_cli_usage(&cli, "no command given");

    const struct csc_cli_command *command = find_command(argv[1]);
    if (command)
        return run_command(&cli, command, argv + 2);
    if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return help_command(&cli, argv + 2);
    if (strcmp(argv[1], "--version") == 0)
        return argv[2] ? csc_cli_usage(&cli, "unexpected argument '%s'", argv[2]) : print_version(&cli);
    return unknown_command(&cli, argv[1]);
}
