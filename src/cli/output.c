/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "cli/cli.h"

int csc_cli_print(const struct csc_cli *cli, const struct csc_buf *buf, int code)
{
    struct csc_error err = {0};

    if (buf->failed)
        csc_fail_memory(&err);
    else if (cli->stdout_closed)
        csc_fail(&err, CSC_E_OUTPUT, "standard output is closed; give it a place to go");
    else if (csc_write_all(STDOUT_FILENO, buf->data, buf->size) < 0)
        csc_fail_errno(&err, CSC_E_OUTPUT, errno, "standard output: cannot write");
    if (err.code == CSC_OK)
        return code;
    /* Not as JSON: the place for it is what failed. */
    csc_cli_say("%s", err.text);
    return (int)err.code;
}

int csc_cli_print_json(const struct csc_cli *cli, const struct csc_value *value, int code)
{
    _cleanup_buf_ struct csc_buf text = {0}, shown = {0};

    csc_json_write(&text, value);
    if (text.failed || !isatty(STDOUT_FILENO))
        return csc_cli_print(cli, &text, code);
    csc_buf_escape_json(&shown, text.data, text.size);
    return csc_cli_print(cli, &shown, code);
}
