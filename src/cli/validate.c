/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/cli.h"

static int validate(const struct csc_cli *cli)
{
    _cleanup_buf_ struct csc_buf bytes = {0}, text = {0};
    const char *path = cli->parameters[1];
    const struct csc_cli_kind *kind = csc_cli_kind(cli, cli->parameters[0], false);
    struct csc_error err = {0};

    if (!kind)
        return CSC_E_USAGE;
    int code = csc_cli_read(cli, path, kind->max, &bytes);
    if (code != 0)
        return code;
    if (kind->validate(bytes.data, bytes.size, &err) < 0)
        return csc_cli_fail(cli, path, &err);
    if (strcmp(path, "-") == 0)
        path = "standard input";
    csc_buf_escape(&text, path, strlen(path));
    csc_buf_printf(&text, ": valid %s\n", kind->name);
    return csc_cli_print(cli, &text, 0);
}

const struct csc_cli_command csc_cli_validate = {
    .name = "validate",
    .summary = "check that a file is what the protocol says",
    .parameters = {"KIND", "FILE"},
    .description = "KIND is contract, policy, receipt, decision, approval or config. \"-\" is standard input.\n"
                   "A contract over a limit of the runner is not valid. No signature is checked; nor is who can\n"
                   "write a configuration: csc run in hardened mode does that.\n"
                   "Exit code: 0 valid, 65 not.\n",
    .examples = "  csc validate contract contract.json\n"
                "  csc validate policy policies/ci-build.yaml\n"
                "  csc validate config /etc/csc/csc.yaml\n",
    .run = validate,
};
