/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

static int hash(const struct csc_cli *cli)
{
    _cleanup_buf_ struct csc_buf bytes = {0}, text = {0};
    const struct csc_cli_kind *kind = csc_cli_kind(cli, cli->parameters[0], true);
    char hex[CSC_SHA256_HEX];
    struct csc_error err = {0};

    if (!kind)
        return CSC_E_USAGE;
    int code = csc_cli_read(cli, cli->parameters[1], kind->max, &bytes);
    if (code != 0)
        return code;
    if (kind->hash(bytes.data, bytes.size, hex, &err) < 0)
        return csc_cli_fail(cli, cli->parameters[1], &err);
    csc_buf_printf(&text, "%s\n", hex);
    return csc_cli_print(cli, &text, 0);
}

const struct csc_cli_command csc_cli_hash = {
    .name = "hash",
    .summary = "print the SHA-256 of a file's canonical form",
    .parameters = {"KIND", "FILE"},
    .description =
        "KIND is contract, policy or receipt. \"-\" is standard input. Spelling does not matter: white space,\n"
        "key order and YAML style leave the hash as it is. A receipt is hashed as it stands.\n",
    .examples = "  csc hash contract contract.json\n"
                "  csc hash policy - < policies/dev-readonly.yaml\n",
    .run = hash,
};
