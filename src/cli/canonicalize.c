/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

static int canonicalize(const struct csc_cli *cli)
{
    _cleanup_arena_ struct csc_arena arena = {0};
    _cleanup_buf_ struct csc_buf bytes = {0}, text = {0};
    struct csc_error err = {0};
    struct csc_value value;

    int code = csc_cli_read(cli, cli->parameters[0], CSC_RECEIPT_BYTES_MAX, &bytes);
    if (code != 0)
        return code;
    if (csc_json_parse(&arena, bytes.data, bytes.size, &value, &err) < 0)
        return csc_cli_fail(cli, cli->parameters[0], &err);
    csc_canon_write(&text, &value);
    return csc_cli_print(cli, &text, 0);
}

const struct csc_cli_command csc_cli_canonicalize = {
    .name = "canonicalize",
    .summary = "print a JSON file in the one form that is hashed and signed",
    .parameters = {"FILE"},
    .description = "Reads at most 4 MiB of JSON. No newline is added; nulls and absent fields stay as they are.\n"
                   "\"-\" is standard input.\n",
    .examples = "  csc canonicalize receipt.json | sha256sum\n"
                "  csc canonicalize - < contract.json\n",
    .run = canonicalize,
};
