/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables, and whether those of a database are these. Threat: an auditor opens somebody else's ledger, in which a
 * column is computed (and never done), or from whose table of approvals the key that makes them unique is gone.
 */
#include <string.h>

#include "ledger/sqlite.h"

/*
 * The columns beside `receipt` repeat it, to find it by; `nodes`, which every append reads, stands first, and what may
 * be long stands last. Each element makes the next version out of the one before; none is ever changed.
 */
static const char *const migrations[] = {
    "CREATE TABLE log(id INTEGER PRIMARY KEY CHECK (id = 1), origin TEXT NOT NULL, checkpoint TEXT) STRICT;"
    "CREATE TABLE entries(idx INTEGER PRIMARY KEY, nodes BLOB NOT NULL, execution_id TEXT NOT NULL,"
    " contract_id TEXT NOT NULL, contract_sha256 TEXT NOT NULL, policy_profile TEXT, policy_sha256 TEXT,"
    " signing_key_id TEXT, agent_id TEXT, session_id TEXT, initiating_user TEXT, status INTEGER NOT NULL,"
    " hardened INTEGER NOT NULL, started_at INTEGER NOT NULL, ended_at INTEGER NOT NULL, receipt BLOB NOT NULL,"
    " evidence TEXT) STRICT;"
    "CREATE UNIQUE INDEX entries_execution ON entries(execution_id);"
    "CREATE INDEX entries_started ON entries(started_at);"
    "CREATE INDEX entries_status ON entries(status);"
    "CREATE INDEX entries_contract ON entries(contract_id);"
    "CREATE INDEX entries_contract_sha256 ON entries(contract_sha256);"
    "CREATE INDEX entries_agent ON entries(agent_id);"
    "CREATE INDEX entries_user ON entries(initiating_user);"
    "CREATE TABLE intents(id INTEGER PRIMARY KEY, execution_id TEXT NOT NULL UNIQUE, contract_id TEXT NOT NULL, "
    "contract_sha256 TEXT NOT NULL,"
    " policy_profile TEXT NOT NULL, policy_schema_version TEXT NOT NULL, policy_sha256 TEXT NOT NULL, agent_id TEXT,"
    " session_id TEXT, initiating_user TEXT, hardened INTEGER NOT NULL, started_at INTEGER NOT NULL,"
    " pid INTEGER NOT NULL, start_time INTEGER NOT NULL, pid_namespace INTEGER NOT NULL, boot_id TEXT NOT NULL)"
    " STRICT;"
    "CREATE TABLE approvals(approval_id TEXT PRIMARY KEY, execution_id TEXT NOT NULL, identity TEXT NOT NULL,"
    " key TEXT NOT NULL, used_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;",
};

_Static_assert(ARRAY_SIZE(migrations) == CSC_SQLITE_VERSION, "a migration makes a version");

void csc_sqlite_migration(uint32_t from, struct csc_buf *ret_sql)
{
    for (size_t i = from; i < ARRAY_SIZE(migrations); i++)
        csc_buf_puts(ret_sql, migrations[i]);
}

/* ---- comparing ---------------------------------------------------------------------------------------------- */

static const char schema[] = "SELECT name, tbl_name, type, sql FROM sqlite_schema ORDER BY name";

enum {
    NAME, /* columns of it */
    TABLE,
    COLUMNS = 4,
};

static void close_cleanup(struct csc_sqlite *store)
{
    (void)sqlite3_close(store->db);
}

/* What csc_sqlite_check_schema() saves itself: making a model takes longer than all else of opening. Where one of them
 * is out of date, on a machine of other byte order, or the schema differs, the model tells. */
static const char *const digests[] = {
    "", /* nothing is made yet */
    "7b97c6e18b263f3270c703f3375b78067a288fa748b3eb5a4290bd235220c2a4",
};

/* What the migrations make in an empty database; indexes that SQLite makes for itself are among it. */
static int make_model(struct csc_sqlite *model, uint32_t version, struct csc_error *err)
{
    int code = sqlite3_open_v2(":memory:", &model->db,
                               SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MEMORY | SQLITE_OPEN_NOMUTEX,
                               NULL);
    int r = 0;

    if (code != SQLITE_OK)
        return model->db ? csc_sqlite_fail(model, code, "opening the ledger", err) : csc_fail_memory(err);
    for (size_t i = 0; i < version && i < ARRAY_SIZE(migrations) && r == 0; i++)
        r = csc_sqlite_run(model, migrations[i], err);
    return r;
}

/* SQLITE_ROW and whether they are one; SQLITE_NOMEM: the text could not be had. */
static int compare_columns(sqlite3_stmt *one, sqlite3_stmt *other, int column, bool *ret_same)
{
    int type = sqlite3_column_type(one, column);

    *ret_same = type == sqlite3_column_type(other, column);
    if (!*ret_same || type == SQLITE_NULL)
        return SQLITE_ROW;
    const void *a = sqlite3_column_text(one, column), *b = sqlite3_column_text(other, column);
    if (!a || !b)
        return SQLITE_NOMEM;
    int size = sqlite3_column_bytes(one, column);
    *ret_same = size == sqlite3_column_bytes(other, column) && memcmp(a, b, (size_t)size) == 0;
    return SQLITE_ROW;
}

/* The table of the row that only one of them has, or that differs. */
static int fail_altered(sqlite3_stmt *statement, uint32_t version, const char *path, struct csc_error *err)
{
    const char *table = (const char *)sqlite3_column_text(statement, TABLE);
    char text[CSC_EXCERPT];

    return csc_fail(err, CSC_E_DATA,
                    "%s is no ledger of version %u: its table %s was altered; keep the file, and restore a copy", path,
                    version, table ? csc_text_excerpt(text, table, strlen(table)) : "(unnamed)");
}

/* Both are at a row. 1: it differs, and *ret_which is the one to name. */
static int compare_rows(sqlite3_stmt *statements[2], sqlite3_stmt **ret_which)
{
    bool same = true;

    *ret_which = statements[0];
    for (int column = 0; column < COLUMNS && same; column++) {
        if (compare_columns(statements[0], statements[1], column, &same) != SQLITE_ROW)
            return -1;
        if (same || column != NAME)
            continue;
        /* By name: the one that comes first is what the other lacks. */
        const char *ours = (const char *)sqlite3_column_text(statements[1], NAME);
        const char *theirs = (const char *)sqlite3_column_text(statements[0], NAME);
        if (ours && theirs && strcmp(ours, theirs) < 0)
            *ret_which = statements[1];
    }
    return same ? 0 : 1;
}

static int compare(const struct csc_sqlite *stores[2], uint32_t version, const char *path, struct csc_error *err)
{
    _cleanup_statement_ sqlite3_stmt *theirs = NULL, *ours = NULL;
    int codes[2], r;

    r = csc_sqlite_prepare(stores[0], schema, &theirs, err);
    if (r == 0)
        r = csc_sqlite_prepare(stores[1], schema, &ours, err);
    while (r == 0) {
        sqlite3_stmt *both[] = {theirs, ours}, *which;
        for (int i = 0; i < 2; i++) {
            codes[i] = sqlite3_step(both[i]);
            if (codes[i] != SQLITE_ROW && codes[i] != SQLITE_DONE)
                return csc_sqlite_fail(stores[i], codes[i], "reading the ledger", err);
        }
        if (codes[0] == SQLITE_DONE && codes[1] == SQLITE_DONE)
            return 0;
        if (codes[0] != codes[1])
            return fail_altered(codes[0] == SQLITE_ROW ? theirs : ours, version, path, err);
        int difference = compare_rows(both, &which);
        if (difference != 0)
            r = difference < 0 ? csc_fail_memory(err) : fail_altered(which, version, path, err);
    }
    return r;
}

/* Of all rows of the schema, with the types and lengths of their columns. */
static int digest(const struct csc_sqlite *store, char ret_hex[CSC_SHA256_HEX], struct csc_error *err)
{
    _cleanup_statement_ sqlite3_stmt *statement = NULL;
    struct sha256_ctx sha;
    int code;

    int r = csc_sqlite_prepare(store, schema, &statement, err);
    if (r < 0)
        return r;
    sha256_init(&sha);
    while ((code = sqlite3_step(statement)) == SQLITE_ROW)
        for (int column = 0; column < COLUMNS; column++) {
            const void *text = sqlite3_column_text(statement, column);
            const int32_t head[] = {sqlite3_column_type(statement, column), sqlite3_column_bytes(statement, column)};
            if (!text && head[0] != SQLITE_NULL)
                return csc_fail_memory(err);
            sha256_update(&sha, sizeof(head), (const uint8_t *)head);
            sha256_update(&sha, (size_t)head[1], text);
        }
    if (code != SQLITE_DONE)
        return csc_sqlite_fail(store, code, "reading the ledger", err);
    csc_sha256_finish_hex(&sha, ret_hex);
    return 0;
}

int csc_sqlite_check_schema(const struct csc_sqlite *store, uint32_t version, const char *path, struct csc_error *err)
{
    _cleanup_(close_cleanup) struct csc_sqlite model = {.access = store->access};
    const struct csc_sqlite *stores[] = {store, &model};

    char hex[CSC_SHA256_HEX];

    int r = digest(store, hex, err);
    if (r < 0 || (version < ARRAY_SIZE(digests) && strcmp(hex, digests[version]) == 0))
        return r;
    r = make_model(&model, version, err);
    return r < 0 ? r : compare(stores, version, path, err);
}
