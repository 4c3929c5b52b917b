/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/ledger.h"

enum { OPT_NO_PAGER = CSC_LEDGER_OPT_OWN, OPT_JSON };

enum {
    COL_INDEX,
    COL_STARTED,
    COL_STATUS,
    COL_EXECUTION,
    COL_CONTRACT,
    COL_POLICY,
    COL_USER,
    COL_AGENT,
    COL_MODE,
    COL_COUNT
};

/* What is open while entries come. */
struct listing {
    const struct csc_cli *cli;
    struct csc_cli_stream stream;
    struct csc_ledger_filter filter;
    struct csc_table table;
    uint64_t count; /* of what was shown in this list */
    uint64_t total;
};

static void make_table(struct csc_table *table, uint64_t entries)
{
    char digits[24];
    int length = snprintf(digits, sizeof(digits), "%" PRIu64, entries > 0 ? entries - 1 : 0);
    unsigned index_width = length > 0 ? (unsigned)length : 1;

    *table = (struct csc_table){
        .count = COL_COUNT,
        .columns =
            {
                [COL_INDEX] = {.title = "#", .min = index_width, .max = index_width, .rank = 2},
                [COL_STARTED] = {.title = "STARTED", .min = CSC_SHORT_TIME - 1, .max = CSC_SHORT_TIME - 1, .rank = 3},
                [COL_STATUS] = {.title = "STATUS", .min = 7, .max = 7},
                [COL_EXECUTION] = {.title = "EXECUTION", .min = 8, .max = 36, .is_id = true},
                [COL_CONTRACT] = {.title = "CONTRACT", .min = 14, .max = 28, .rank = 1},
                [COL_POLICY] = {.title = "POLICY", .min = 8, .max = 24, .rank = 5},
                [COL_USER] = {.title = "USER", .min = 6, .max = 16, .rank = 4},
                [COL_AGENT] = {.title = "AGENT", .min = 8, .max = 20, .rank = 6},
                [COL_MODE] = {.title = "MODE", .min = 8, .max = 8, .rank = 7},
            },
    };
    csc_table_fit(table, csc_terminal_width());
}

/* ---- rows --------------------------------------------------------------------------------------------------- */

static void put_row(struct listing *listing, const char *const cells[COL_COUNT], enum csc_cli_tone tone)
{
    const char *titles[COL_COUNT];

    if (listing->total++ == 0) {
        for (size_t i = 0; i < COL_COUNT; i++)
            titles[i] = listing->table.columns[i].title;
        csc_table_row(&listing->stream.text, &listing->table, titles, COL_COUNT, CSC_TONE_PLAIN);
    }
    csc_table_row(&listing->stream.text, &listing->table, cells, COL_STATUS, tone);
}

static void put_entry(struct listing *listing, const struct csc_ledger_entry *entry)
{
    char index[24], started[CSC_SHORT_TIME];
    const char *cells[COL_COUNT] = {
        [COL_INDEX] = index,
        [COL_STARTED] = started,
        [COL_STATUS] = csc_status_names[entry->status],
        [COL_EXECUTION] = entry->execution_id,
        [COL_CONTRACT] = entry->contract_id,
        [COL_POLICY] = entry->policy_profile,
        [COL_USER] = entry->actor.initiating_user,
        [COL_AGENT] = entry->actor.agent_id,
        [COL_MODE] = entry->hardened ? "hardened" : "local",
    };

    (void)snprintf(index, sizeof(index), "%" PRIu64, entry->index);
    csc_cli_short_time(entry->started_at, started);
    put_row(listing, cells, entry->status == CSC_STATUS_SUCCESS ? CSC_TONE_GOOD : CSC_TONE_BAD);
}

static void put_intent(struct listing *listing, const struct csc_intent *intent, enum csc_runner_state state)
{
    char started[CSC_SHORT_TIME];
    const char *cells[COL_COUNT] = {
        [COL_INDEX] = "-",
        [COL_STARTED] = started,
        [COL_STATUS] = csc_runner_state_names[state],
        [COL_EXECUTION] = intent->execution_id,
        [COL_CONTRACT] = intent->contract_id,
        [COL_POLICY] = intent->policy_profile,
        [COL_USER] = intent->actor.initiating_user,
        [COL_AGENT] = intent->actor.agent_id,
        [COL_MODE] = intent->hardened ? "hardened" : "local",
    };

    csc_cli_short_time(intent->started_at, started);
    put_row(listing, cells, state == CSC_RUNNER_GONE ? CSC_TONE_BAD : CSC_TONE_WAIT);
}

/* One line of an array, whose comma belongs to the line before. */
static int put_json(struct listing *listing, struct csc_value *value)
{
    csc_buf_puts(&listing->stream.text, listing->count > 0 ? ",\n    " : "\n    ");
    csc_canon_write(&listing->stream.text, value);
    return 0;
}

static int fail(struct listing *listing, const struct csc_error *err)
{
    csc_cli_say("%s", err->text);
    listing->stream.code = (int)err->code;
    return listing->stream.code;
}

static int each_entry(void *context, const struct csc_ledger_entry *entry)
{
    _cleanup_arena_ struct csc_arena arena = {0};
    struct listing *listing = context;
    struct csc_error err = {0};
    struct csc_value value;

    if (!listing->cli->json)
        put_entry(listing, entry);
    else if (csc_cli_ledger_value(&arena, entry, false, &value, &err) < 0)
        return fail(listing, &err);
    else
        put_json(listing, &value);
    listing->count++;
    return csc_cli_stream_flow(listing->cli, &listing->stream);
}

static int each_intent(void *context, const struct csc_intent *intent, enum csc_runner_state state)
{
    _cleanup_arena_ struct csc_arena arena = {0};
    struct listing *listing = context;
    struct csc_error err = {0};
    struct csc_value value;

    if (!csc_cli_ledger_filter_intent(&listing->filter, intent))
        return 0;
    if (!listing->cli->json)
        put_intent(listing, intent, state);
    else if (csc_cli_ledger_intent_value(&arena, intent, state, &value, &err) < 0)
        return fail(listing, &err);
    else
        put_json(listing, &value);
    listing->count++;
    return csc_cli_stream_flow(listing->cli, &listing->stream);
}

/* ---- the whole ---------------------------------------------------------------------------------------------- */

static void put_frame(struct listing *listing, const char *text)
{
    if (listing->cli->json)
        csc_buf_puts(&listing->stream.text, text);
}

/* Negative on an error; positive when there is no use in going on. */
static int put_all(struct listing *listing, struct csc_ledger *ledger, struct csc_error *err)
{
    put_frame(listing, "{\n  \"unfinished\": [");
    int r = csc_ledger_each_intent(ledger, each_intent, listing, err);
    if (r != 0)
        return r;
    put_frame(listing, listing->count > 0 ? "\n  ],\n  \"entries\": [" : "],\n  \"entries\": [");
    listing->count = 0;
    r = csc_ledger_each(ledger, &listing->filter, each_entry, listing, err);
    if (r == 0)
        put_frame(listing, listing->count > 0 ? "\n  ]\n}\n" : "]\n}\n");
    return r;
}

static int list(const struct csc_cli *cli)
{
    _cleanup_ledger_ struct csc_cli_ledger ledger = {0};
    struct listing listing = {.cli = cli};
    struct csc_merkle_head head = {0};
    struct csc_error err = {0};

    int code = csc_cli_ledger_filter(cli, &listing.filter);
    if (code == 0)
        code = csc_cli_ledger_open(cli, &ledger);
    if (code != 0)
        return code;
    if (csc_ledger_head(ledger.ledger, &head, &err) < 0)
        return csc_cli_ledger_fail(cli, &ledger, &err);
    listing.filter.newest_first = true;
    make_table(&listing.table, head.size);
    csc_cli_stream_begin(cli, &listing.stream, !cli->json && !cli->options[OPT_NO_PAGER]);
    int r = put_all(&listing, ledger.ledger, &err);
    code = csc_cli_stream_end(cli, &listing.stream, 0);
    if (r < 0) {
        /* Not as JSON: a part of the object is out already. */
        csc_cli_say("%s: %s", ledger.path, err.text);
        return (int)err.code;
    }
    if (code == 0 && !cli->json && listing.total == 0)
        csc_cli_say(head.size == 0 ? "nothing is recorded yet in %s" : "no entry of %s matches", ledger.path);
    return code;
}

static const struct csc_cli_option options[] = {
    CSC_LEDGER_FILTER_OPTIONS,
    [OPT_NO_PAGER] = {"no-pager", NULL, "print, also where stdout is a terminal", CSC_CLI_OPTIONAL},
    [OPT_JSON] = {"json", NULL, "print one JSON object, {\"unfinished\": [], \"entries\": []}", CSC_CLI_OPTIONAL},
    {0},
};

const struct csc_cli_command csc_cli_ledger_list = {
    .name = "ledger list",
    .summary = "list executions, the newest first",
    .options = options,
    .description =
        "Executions without a receipt come first: running, died (csc was killed; the next csc run with a key closes\n"
        "them), or unknown, where this process cannot see their runner. On a terminal, columns are made to fit, and\n"
        "CSC_PAGER, PAGER or less shows them.\n",
    .examples = "  csc ledger list --since 2h --status failed\n"
                "  csc ledger list --since 2026-01-01 --until 2026-01-31 --json\n",
    .run = list,
};
