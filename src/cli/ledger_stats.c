/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "cli/ledger.h"

enum { OPT_JSON = CSC_LEDGER_OPT_PATH + 1 };

static void add_time(struct csc_object *object, const char *key, int64_t time, char text[CSC_TIME_TEXT])
{
    csc_time_format(time, text);
    csc_object_string(object, key, text);
}

static int print_json(const struct csc_cli *cli, const struct csc_cli_ledger *ledger,
                      const struct csc_ledger_stats *stats)
{
    _cleanup_arena_ struct csc_arena arena = {0};
    char first[CSC_TIME_TEXT], last[CSC_TIME_TEXT];
    struct csc_object object, statuses;
    struct csc_value value;
    struct csc_error err = {0};

    csc_object_begin(&statuses, &arena, ARRAY_SIZE(stats->by_status));
    for (size_t i = 0; i < ARRAY_SIZE(stats->by_status); i++)
        csc_object_int(&statuses, csc_status_names[i], (int64_t)stats->by_status[i]);
    if (csc_object_end(&statuses, &value, &err) < 0)
        return csc_cli_fail(cli, NULL, &err);
    csc_object_begin(&object, &arena, 12);
    csc_object_string(&object, "origin", csc_ledger_origin(ledger->ledger));
    csc_object_int(&object, "entries", (int64_t)stats->entries);
    csc_object_value(&object, "by_status", value);
    csc_object_int(&object, "hardened", (int64_t)stats->hardened);
    csc_object_int(&object, "signed_receipts", (int64_t)stats->signed_receipts);
    csc_object_int(&object, "with_evidence", (int64_t)stats->with_evidence);
    csc_object_int(&object, "used_approvals", (int64_t)stats->used_approvals);
    csc_object_int(&object, "open_intents", (int64_t)stats->open_intents);
    csc_object_int(&object, "bytes", (int64_t)stats->bytes);
    if (stats->entries > 0) {
        add_time(&object, "first_started_at", stats->first, first);
        add_time(&object, "last_started_at", stats->last, last);
    }
    if (csc_object_end(&object, &value, &err) < 0)
        return csc_cli_fail(cli, NULL, &err);
    return csc_cli_print_json(cli, &value, 0);
}

static int print_text(const struct csc_cli *cli, const struct csc_cli_ledger *ledger,
                      const struct csc_ledger_stats *stats)
{
    _cleanup_buf_ struct csc_buf text = {0};
    const char *origin = csc_ledger_origin(ledger->ledger);
    char first[CSC_SHORT_TIME], last[CSC_SHORT_TIME];

    csc_buf_puts(&text, "log             ");
    csc_buf_escape(&text, origin, strlen(origin));
    csc_buf_printf(&text, "\nentries         %" PRIu64, stats->entries);
    for (size_t i = 0; i < ARRAY_SIZE(stats->by_status); i++)
        if (stats->by_status[i] > 0)
            csc_buf_printf(&text, ", %" PRIu64 " %s", stats->by_status[i], csc_status_names[i]);
    if (stats->entries > 0) {
        csc_cli_short_time(stats->first, first);
        csc_cli_short_time(stats->last, last);
        csc_buf_printf(&text, "\nspan            %s to %s", first, last);
    }
    csc_buf_printf(&text,
                   "\nhardened        %" PRIu64 "\nsigned          %" PRIu64 "\nwith evidence   %" PRIu64
                   "\nused approvals  %" PRIu64 "\nunfinished      %" PRIu64 "\non disk         %" PRIu64 " bytes\n",
                   stats->hardened, stats->signed_receipts, stats->with_evidence, stats->used_approvals,
                   stats->open_intents, stats->bytes);
    return csc_cli_print(cli, &text, 0);
}

static int print_stats(const struct csc_cli *cli)
{
    _cleanup_ledger_ struct csc_cli_ledger ledger = {0};
    struct csc_ledger_stats stats = {0};
    struct csc_error err = {0};

    int code = csc_cli_ledger_open(cli, &ledger);
    if (code != 0)
        return code;
    if (csc_ledger_stats(ledger.ledger, &stats, &err) < 0)
        return csc_cli_ledger_fail(cli, &ledger, &err);
    return cli->json ? print_json(cli, &ledger, &stats) : print_text(cli, &ledger, &stats);
}

static const struct csc_cli_option options[] = {
    [CSC_LEDGER_OPT_PATH] = CSC_LEDGER_PATH_OPTION,
    [OPT_JSON] = {"json", NULL, "print the same as a JSON object", CSC_CLI_OPTIONAL},
    {0},
};

const struct csc_cli_command csc_cli_ledger_stats = {
    .name = "ledger stats",
    .summary = "count what is recorded",
    .options = options,
    .description =
        "Counts entries, unfinished executions and used approvals, and bytes on disk. Nothing is verified.\n",
    .examples = "  csc ledger stats --json\n",
    .run = print_stats,
};
