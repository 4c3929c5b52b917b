/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/ledger.h"

#include <inttypes.h>

struct exporting {
    const struct csc_cli *cli;
    struct csc_cli_stream stream;
    struct csc_error err;
};

static int each_entry(void *context, const struct csc_ledger_entry *entry)
{
    _cleanup_arena_ struct csc_arena arena = {0};
    struct exporting *exporting = context;
    struct csc_value value;

    if (csc_cli_ledger_value(&arena, entry, true, &value, &exporting->err) < 0) {
        csc_cli_say("entry %" PRIu64 ": %s", entry->index, exporting->err.text);
        return 1;
    }
    csc_canon_write(&exporting->stream.text, &value);
    csc_buf_putc(&exporting->stream.text, '\n');
    return csc_cli_stream_flow(exporting->cli, &exporting->stream);
}

static int export_entries(const struct csc_cli *cli)
{
    _cleanup_ledger_ struct csc_cli_ledger ledger = {0};
    struct exporting exporting = {.cli = cli};
    struct csc_ledger_filter filter;
    struct csc_error err = {0};

    int code = csc_cli_ledger_filter(cli, &filter);
    if (code == 0)
        code = csc_cli_ledger_open(cli, &ledger);
    if (code != 0)
        return code;
    csc_cli_stream_begin(cli, &exporting.stream, false);
    int r = csc_ledger_each(ledger.ledger, &filter, each_entry, &exporting, &err);
    code = csc_cli_stream_end(cli, &exporting.stream, (int)exporting.err.code);
    return r < 0 ? csc_cli_ledger_fail(cli, &ledger, &err) : code;
}

static const struct csc_cli_option options[] = {
    CSC_LEDGER_FILTER_OPTIONS,
    {0},
};

const struct csc_cli_command csc_cli_ledger_export = {
    .name = "ledger export",
    .summary = "print entries whole, as JSON lines, the oldest first",
    .options = options,
    .description = "One entry a line: what csc ledger list --json says of it, its receipt, and its evidence where "
                   "there is some.\n",
    .examples = "  csc ledger export > executions.jsonl\n"
                "  csc ledger export --since 1d | jq -r .receipt.contract_id\n",
    .run = export_entries,
};
