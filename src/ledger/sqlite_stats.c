/* SPDX-License-Identifier: Apache-2.0 */
/* Counting what is in a ledger. */
#include "ledger/sqlite.h"

static int read_numbers(const struct csc_sqlite *store, const char *sql, int64_t *numbers, int count,
                        struct csc_error *err)
{
    _cleanup_statement_ sqlite3_stmt *statement = NULL;

    int r = csc_sqlite_prepare(store, sql, &statement, err);
    if (r < 0)
        return r;
    int code = sqlite3_step(statement);
    if (code != SQLITE_ROW)
        return csc_sqlite_fail(store, code, "reading the ledger", err);
    for (int i = 0; i < count; i++)
        numbers[i] = sqlite3_column_int64(statement, i);
    return 0;
}

int csc_sqlite_stats(void *context, struct csc_ledger_stats *ret_stats, struct csc_error *err)
{
    static const char entries[] =
        "SELECT count(*), sum(status = 0), sum(status = 1), sum(status = 2), sum(status = 3), sum(hardened),"
        " count(signing_key_id), count(evidence) FROM entries";
    static const char others[] = "SELECT min(started_at), max(started_at), (SELECT count(*) FROM approvals),"
                                 " (SELECT count(*) FROM intents) FROM entries";
    const struct csc_sqlite *store = context;
    int64_t n[8] = {0}, m[4] = {0}, pages = 0, page_size = 0;

    int r = read_numbers(store, entries, n, ARRAY_SIZE(n), err);
    if (r == 0)
        r = read_numbers(store, others, m, ARRAY_SIZE(m), err);
    if (r == 0)
        r = read_numbers(store, "PRAGMA page_count", &pages, 1, err);
    if (r == 0)
        r = read_numbers(store, "PRAGMA page_size", &page_size, 1, err);
    if (r < 0)
        return r;
    *ret_stats = (struct csc_ledger_stats){
        .entries = (uint64_t)n[0],
        .by_status = {(uint64_t)n[1], (uint64_t)n[2], (uint64_t)n[3], (uint64_t)n[4]},
        .hardened = (uint64_t)n[5],
        .signed_receipts = (uint64_t)n[6],
        .with_evidence = (uint64_t)n[7],
        .used_approvals = (uint64_t)m[2],
        .open_intents = (uint64_t)m[3],
        .first = m[0],
        .last = m[1],
        .bytes = (uint64_t)pages * (uint64_t)page_size,
    };
    return 0;
}
