/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/cli.h"

enum { OPT_OUT, OPT_RAW };

static int keygen(const struct csc_cli *cli)
{
    _cleanup_buf_ struct csc_buf text = {0};
    const char *prefix = cli->options[OPT_OUT];
    struct csc_error err = {0};

    if (csc_keygen(prefix, cli->options[OPT_RAW] != NULL, &err) < 0)
        return csc_cli_fail(cli, NULL, &err);
    csc_buf_escape(&text, prefix, strlen(prefix));
    csc_buf_puts(&text, ".key\n");
    csc_buf_escape(&text, prefix, strlen(prefix));
    csc_buf_puts(&text, ".pub\n");
    return csc_cli_print(cli, &text, 0);
}

static const struct csc_cli_option options[] = {
    [OPT_OUT] = {"out", "PREFIX", "write PREFIX.key, readable by you alone, and PREFIX.pub", CSC_CLI_REQUIRED},
    [OPT_RAW] = {"raw", NULL, "write 32 bytes each instead of PEM", CSC_CLI_OPTIONAL},
    {0},
};

const struct csc_cli_command csc_cli_keygen = {
    .name = "keygen",
    .summary = "make an Ed25519 key pair for signing receipts",
    .options = options,
    .description = "Prints the two paths. Existing files are never overwritten.\n",
    .examples = "  csc keygen --out runner\n"
                "  csc keygen --out /etc/csc/runner --raw\n",
    .run = keygen,
};
