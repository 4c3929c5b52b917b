/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/ledger.h"

enum { OPT_CHECKPOINT = CSC_LEDGER_OPT_PATH + 1, OPT_OUT, OPT_JSON };

static int read_checkpoint(const struct csc_cli *cli, struct csc_cli_ledger *ledger, struct csc_buf *ret_note)
{
    const char *path = cli->options[OPT_CHECKPOINT];
    struct csc_error err = {0};

    if (path)
        return csc_cli_read(cli, path, CSC_NOTE_BYTES_MAX, ret_note);
    return csc_ledger_kept_checkpoint(ledger->ledger, ret_note, &err) < 0 ? csc_cli_ledger_fail(cli, ledger, &err) : 0;
}

static int prove(const struct csc_cli *cli)
{
    _cleanup_ledger_ struct csc_cli_ledger ledger = {0};
    _cleanup_buf_ struct csc_buf note = {0}, file = {0};
    const char *path = cli->options[OPT_CHECKPOINT], *out = cli->options[OPT_OUT];
    struct csc_ledger_entry entry = {0};
    struct csc_error err = {0};

    int code = csc_cli_ledger_open(cli, &ledger);
    if (code != 0)
        return code;
    if (csc_ledger_get(ledger.ledger, cli->parameters[0], &ledger.arena, &entry, &err) < 0)
        return csc_cli_ledger_fail(cli, &ledger, &err);
    code = read_checkpoint(cli, &ledger, &note);
    if (code != 0)
        return code;
    if (csc_ledger_prove(ledger.ledger, entry.index, &note, &file, &err) < 0)
        return csc_cli_fail(cli, path ? path : ledger.path, &err);
    code = csc_cli_ledger_deliver(cli, out, "proof", &file);
    if (code == 0 && !cli->json)
        csc_cli_say(
            "to verify it: csc verify-receipt RECEIPT --public-key PATH --key-id ID --proof %s --checkpoint-key "
            "KEY; RECEIPT is what csc ledger show --receipt prints, KEY what csc ledger checkpoint --vkey prints",
            out ? out : "FILE");
    return code;
}

static const struct csc_cli_option options[] = {
    [CSC_LEDGER_OPT_PATH] = CSC_LEDGER_PATH_OPTION,
    [OPT_CHECKPOINT] = {"checkpoint", "FILE", "prove it by this one, not by the newest kept here", CSC_CLI_OPTIONAL},
    [OPT_OUT] = {"out", "FILE", "write the proof there instead", CSC_CLI_OPTIONAL},
    [OPT_JSON] = {"json", NULL, "print it in a JSON object", CSC_CLI_OPTIONAL},
    {0},
};

const struct csc_cli_command csc_cli_ledger_prove = {
    .name = "ledger prove",
    .summary = "print a proof that the log has an entry",
    .parameters = {"ID"},
    .options = options,
    .description = "ID is an execution's id, a beginning of it (8 characters at least), or '#' and the entry's index.\n"
                   "The proof is verified offline, without the ledger: csc verify-receipt --proof.\n",
    .examples = "  csc ledger prove 0f8fad5b --out receipt.tlog-proof\n"
                "  csc ledger prove '#12' --checkpoint kept/today.note > receipt.tlog-proof\n",
    .run = prove,
};
