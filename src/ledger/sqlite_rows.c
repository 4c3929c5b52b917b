/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions, and the rows of the tables; what each means is none of its business. */
#include <string.h>

#include "ledger/sqlite.h"

#define ENTRY_COLUMNS                                                                                                  \
    "idx, nodes, execution_id, contract_id, contract_sha256, policy_profile, policy_sha256, signing_key_id, agent_id," \
    " session_id, initiating_user, status, hardened, started_at, ended_at, receipt, evidence"
#define INTENT_COLUMNS                                                                                                 \
    "execution_id, contract_id, contract_sha256, policy_profile, policy_schema_version, policy_sha256, agent_id,"      \
    " session_id, initiating_user, hardened, started_at, pid, start_time, pid_namespace, boot_id, id"

static const char *const statement_texts[CSC_SQLITE_STATEMENTS] = {
    [CSC_SQLITE_BEGIN_READ] = "BEGIN",
    [CSC_SQLITE_BEGIN_WRITE] = "BEGIN IMMEDIATE",
    [CSC_SQLITE_COMMIT] = "COMMIT",
    [CSC_SQLITE_ROLLBACK] = "ROLLBACK",
    [CSC_SQLITE_SIZE] = "SELECT max(idx) FROM entries",
    [CSC_SQLITE_NODE] = "SELECT substr(nodes, ?2, 32) FROM entries WHERE idx = ?1",
    [CSC_SQLITE_INSERT] = "INSERT INTO entries(" ENTRY_COLUMNS ")"
                          " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
    [CSC_SQLITE_LAST_INTENT] = "SELECT max(id) FROM intents",
    [CSC_SQLITE_INSERT_INTENT] = "INSERT INTO intents(" INTENT_COLUMNS ")"
                                 " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
    [CSC_SQLITE_DELETE_INTENT] = "DELETE FROM intents WHERE execution_id = ?1",
    [CSC_SQLITE_USE_APPROVAL] = "INSERT INTO approvals(approval_id, execution_id, identity, key, used_at)"
                                " VALUES(?1, ?2, ?3, ?4, ?5)",
    [CSC_SQLITE_HAS_APPROVAL] = "SELECT 1 FROM approvals"
                                " WHERE approval_id = ?1 AND execution_id = ?2 AND identity = ?3 AND key = ?4",
    [CSC_SQLITE_STRAY_APPROVAL] = "SELECT approval_id FROM approvals a WHERE NOT EXISTS"
                                  " (SELECT 1 FROM entries e WHERE e.execution_id = a.execution_id) AND NOT EXISTS"
                                  " (SELECT 1 FROM intents i WHERE i.execution_id = a.execution_id) LIMIT 1",
    [CSC_SQLITE_KEEP_CHECKPOINT] = "UPDATE log SET checkpoint = ?1 WHERE id = 1",
    [CSC_SQLITE_KEPT_CHECKPOINT] = "SELECT checkpoint FROM log WHERE id = 1",
};

static const char reading[] = "reading the ledger", writing[] = "writing the ledger";

/* ---- running statements ------------------------------------------------------------------------------------- */

static int use(struct csc_sqlite *store, enum csc_sqlite_statement which, sqlite3_stmt **ret_statement,
               struct csc_error *err)
{
    sqlite3_stmt **statement = &store->statements[which];

    if (!*statement) {
        int code = sqlite3_prepare_v3(store->db, statement_texts[which], -1, SQLITE_PREPARE_PERSISTENT, statement,
                                      NULL);
        if (code != SQLITE_OK)
            return csc_sqlite_fail(store, code, reading, err);
    }
    *ret_statement = *statement;
    return 0;
}

/* Steps a statement that gives at most one row. Returns SQLite's code; the row is there until it is reset. */
static int done(sqlite3_stmt *statement)
{
    int code = sqlite3_step(statement);

    if (code != SQLITE_ROW)
        (void)sqlite3_reset(statement);
    return code;
}

static int run(struct csc_sqlite *store, enum csc_sqlite_statement which, struct csc_error *err)
{
    sqlite3_stmt *statement = NULL;

    int r = use(store, which, &statement, err);
    if (r < 0)
        return r;
    int code = done(statement);
    return code == SQLITE_DONE ? 0 : csc_sqlite_fail(store, code, writing, err);
}

static int begin(void *store, bool write, struct csc_error *err)
{
    return run(store, write ? CSC_SQLITE_BEGIN_WRITE : CSC_SQLITE_BEGIN_READ, err);
}

static int commit(void *store, struct csc_error *err)
{
    return run(store, CSC_SQLITE_COMMIT, err);
}

static void rollback(void *context)
{
    struct csc_sqlite *store = context;

    /* Some failures have ended the transaction already. */
    if (!sqlite3_get_autocommit(store->db) && run(store, CSC_SQLITE_ROLLBACK, NULL) < 0)
        (void)sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
}

/* Binds in order; the strings outlive the step. The first failure is kept. */
struct binder {
    sqlite3_stmt *statement;
    int next, code;
};

static void bind_text(struct binder *b, const char *text)
{
    int code = text ? sqlite3_bind_text(b->statement, b->next, text, -1, SQLITE_STATIC)
                    : sqlite3_bind_null(b->statement, b->next);

    b->next++;
    if (b->code == SQLITE_OK)
        b->code = code;
}

static void bind_int(struct binder *b, int64_t number)
{
    int code = sqlite3_bind_int64(b->statement, b->next++, number);

    if (b->code == SQLITE_OK)
        b->code = code;
}

static void bind_blob(struct binder *b, const void *bytes, size_t size)
{
    int code = sqlite3_bind_blob64(b->statement, b->next++, bytes, size, SQLITE_STATIC);

    if (b->code == SQLITE_OK)
        b->code = code;
}

/* Runs what was bound; SQLite's code. Nothing of the caller's stays bound. */
static int execute(struct binder *b)
{
    int code = b->code == SQLITE_OK ? sqlite3_step(b->statement) : b->code;

    (void)sqlite3_reset(b->statement);
    (void)sqlite3_clear_bindings(b->statement);
    return code;
}

/* ---- columns ------------------------------------------------------------------------------------------------ */

/* Reads columns, and notices those that are not what they can be: somebody else wrote them. */
struct reader {
    sqlite3_stmt *statement;
    bool damaged;
};

static const char *read_text(struct reader *r, int column, bool may_be_null)
{
    if (sqlite3_column_type(r->statement, column) == SQLITE_NULL && may_be_null)
        return NULL;
    bool is_text = sqlite3_column_type(r->statement, column) == SQLITE_TEXT;
    const char *text = is_text ? (const char *)sqlite3_column_text(r->statement, column) : NULL;
    if (!text || strlen(text) != (size_t)sqlite3_column_bytes(r->statement, column)) {
        r->damaged = true;
        return "";
    }
    return text;
}

static int64_t read_int(struct reader *r, int column, int64_t min, int64_t max)
{
    int64_t number = sqlite3_column_int64(r->statement, column);

    if (sqlite3_column_type(r->statement, column) == SQLITE_INTEGER && number >= min && number <= max)
        return number;
    r->damaged = true;
    return min;
}

static const void *read_blob(struct reader *r, int column, size_t *ret_size)
{
    const void *blob = sqlite3_column_blob(r->statement, column);

    *ret_size = (size_t)sqlite3_column_bytes(r->statement, column);
    if (sqlite3_column_type(r->statement, column) != SQLITE_BLOB || !blob)
        r->damaged = true;
    return blob;
}

/* A column that could not be read because memory ran out looks like a damaged one. */
static int fail_damaged(const struct csc_sqlite *store, const char *what, struct csc_error *err)
{
    if ((sqlite3_errcode(store->db) & 0xFF) == SQLITE_NOMEM)
        return csc_fail_memory(err);
    return csc_fail(err, CSC_E_DATA, "%s is damaged: a column holds what no csc wrote; restore a copy", what);
}

static int read_row(const struct csc_sqlite *store, sqlite3_stmt *statement, struct csc_store_row *ret_row,
                    struct csc_error *err)
{
    struct reader r = {.statement = statement};
    struct csc_store_row row = {0};
    struct csc_ledger_entry *entry = &row.entry;

    entry->index = (uint64_t)read_int(&r, 0, 0, INT64_MAX);
    row.nodes = read_blob(&r, 1, &row.nodes_size);
    entry->execution_id = read_text(&r, 2, false);
    entry->contract_id = read_text(&r, 3, false);
    entry->contract_sha256 = read_text(&r, 4, false);
    entry->policy_profile = read_text(&r, 5, true);
    entry->policy_sha256 = read_text(&r, 6, true);
    entry->signing_key_id = read_text(&r, 7, true);
    entry->actor.agent_id = read_text(&r, 8, true);
    entry->actor.session_id = read_text(&r, 9, true);
    entry->actor.initiating_user = read_text(&r, 10, true);
    entry->status = (enum csc_status)read_int(&r, 11, CSC_STATUS_BLOCKED, CSC_STATUS_EXPIRED);
    entry->hardened = read_int(&r, 12, 0, 1) == 1;
    entry->started_at = read_int(&r, 13, INT64_MIN, INT64_MAX);
    entry->ended_at = read_int(&r, 14, INT64_MIN, INT64_MAX);
    entry->receipt = read_blob(&r, 15, &entry->receipt_size);
    entry->evidence = read_text(&r, 16, true);
    if (r.damaged)
        return fail_damaged(store, "its row", err);
    *ret_row = row;
    return 0;
}

static int read_intent(const struct csc_sqlite *store, sqlite3_stmt *statement, struct csc_intent *ret_intent,
                       struct csc_error *err)
{
    struct reader r = {.statement = statement};
    struct csc_intent intent = {
        .execution_id = read_text(&r, 0, false),
        .contract_id = read_text(&r, 1, false),
        .contract_sha256 = read_text(&r, 2, false),
        .policy_profile = read_text(&r, 3, false),
        .policy_schema_version = read_text(&r, 4, false),
        .policy_sha256 = read_text(&r, 5, false),
        .actor = {read_text(&r, 6, true), read_text(&r, 7, true), read_text(&r, 8, true)},
        .hardened = read_int(&r, 9, 0, 1) == 1,
        .started_at = read_int(&r, 10, INT64_MIN, INT64_MAX),
        .runner = {.pid = read_int(&r, 11, 1, INT64_MAX),
                   .start_time = (uint64_t)read_int(&r, 12, INT64_MIN, INT64_MAX),
                   .pid_namespace = (uint64_t)read_int(&r, 13, INT64_MIN, INT64_MAX)},
    };
    const char *boot_id = read_text(&r, 14, false);
    int64_t id = read_int(&r, 15, 1, CSC_SQLITE_INTENT_MAX);

    if (r.damaged || strlen(boot_id) >= sizeof(intent.runner.boot_id))
        return fail_damaged(store, "an intent", err);
    memcpy(intent.runner.boot_id, boot_id, strlen(boot_id) + 1);
    intent.runner.lock = csc_sqlite_runners_ask(&store->runners, id);
    *ret_intent = intent;
    return 0;
}

/* ---- entries ------------------------------------------------------------------------------------------------ */

/* The largest key of a table; `none` where it is empty. */
static int read_last(struct csc_sqlite *store, enum csc_sqlite_statement which, int64_t none, int64_t *ret_last,
                     struct csc_error *err)
{
    sqlite3_stmt *statement = NULL;

    int r = use(store, which, &statement, err);
    if (r < 0)
        return r;
    int code = done(statement);
    if (code != SQLITE_ROW)
        return csc_sqlite_fail(store, code, reading, err);
    bool empty = sqlite3_column_type(statement, 0) == SQLITE_NULL;
    int64_t last = sqlite3_column_int64(statement, 0);
    (void)sqlite3_reset(statement);
    if (!empty && (last < 0 || last == INT64_MAX))
        return csc_fail(err, CSC_E_DATA, "a row has the number %lld; restore a copy", (long long)last);
    *ret_last = empty ? none : last;
    return 0;
}

static int size(void *context, uint64_t *ret_entries, struct csc_error *err)
{
    int64_t last = -1;

    int r = read_last(context, CSC_SQLITE_SIZE, -1, &last, err);
    if (r == 0)
        *ret_entries = (uint64_t)(last + 1);
    return r;
}

static int node(void *context, unsigned level, uint64_t index, struct csc_merkle_hash *ret_hash, struct csc_error *err)
{
    struct csc_sqlite *store = context;
    uint64_t entry = ((index + 1) << level) - 1;
    sqlite3_stmt *statement = NULL;

    int r = use(store, CSC_SQLITE_NODE, &statement, err);
    if (r < 0)
        return r;
    struct binder b = {.statement = statement, .next = 1};
    bind_int(&b, (int64_t)entry);
    bind_int(&b, (int64_t)level * (int64_t)sizeof(ret_hash->bytes) + 1);
    int code = b.code == SQLITE_OK ? done(statement) : b.code;
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        return csc_sqlite_fail(store, code, reading, err);
    const void *hash = code == SQLITE_ROW ? sqlite3_column_blob(statement, 0) : NULL;
    bool found = hash && sqlite3_column_bytes(statement, 0) == (int)sizeof(ret_hash->bytes);
    if (found)
        memcpy(ret_hash->bytes, hash, sizeof(ret_hash->bytes));
    else if (code == SQLITE_ROW && (sqlite3_errcode(store->db) & 0xFF) == SQLITE_NOMEM)
        r = csc_fail_memory(err);
    else
        r = csc_fail(err, CSC_E_DATA, "entry %llu lacks its part of the tree; csc ledger verify says what else does",
                     (unsigned long long)entry);
    (void)sqlite3_reset(statement);
    return r;
}

static int insert(void *context, const struct csc_store_row *row, struct csc_error *err)
{
    const struct csc_ledger_entry *entry = &row->entry;
    struct csc_sqlite *store = context;
    sqlite3_stmt *statement = NULL;

    int r = use(store, CSC_SQLITE_INSERT, &statement, err);
    if (r < 0)
        return r;
    struct binder b = {.statement = statement, .next = 1};
    bind_int(&b, (int64_t)entry->index);
    bind_blob(&b, row->nodes, row->nodes_size);
    bind_text(&b, entry->execution_id);
    bind_text(&b, entry->contract_id);
    bind_text(&b, entry->contract_sha256);
    bind_text(&b, entry->policy_profile);
    bind_text(&b, entry->policy_sha256);
    bind_text(&b, entry->signing_key_id);
    bind_text(&b, entry->actor.agent_id);
    bind_text(&b, entry->actor.session_id);
    bind_text(&b, entry->actor.initiating_user);
    bind_int(&b, entry->status);
    bind_int(&b, entry->hardened);
    bind_int(&b, entry->started_at);
    bind_int(&b, entry->ended_at);
    bind_blob(&b, entry->receipt, entry->receipt_size);
    bind_text(&b, entry->evidence);
    int code = execute(&b);
    if (code == SQLITE_CONSTRAINT_UNIQUE)
        return csc_fail(err, CSC_E_INVALID, "execution %s has a receipt in the ledger already", entry->execution_id);
    return code == SQLITE_DONE ? 0 : csc_sqlite_fail(store, code, writing, err);
}

/* Conditions that are there where their value is. Parameters have names, since some stand twice. */
struct condition {
    const char *sql, *parameter, *text;
    int64_t number;
};

enum { CONDITIONS_MAX = 12 };

struct conditions {
    struct condition items[CONDITIONS_MAX];
    size_t count;
};

static void want_text(struct conditions *c, const char *sql, const char *parameter, const char *text)
{
    if (text)
        c->items[c->count++] = (struct condition){sql, parameter, text, 0};
}

static void want_number(struct conditions *c, const char *sql, const char *parameter, int64_t number)
{
    c->items[c->count++] = (struct condition){sql, parameter, NULL, number};
}

static void want_filter(struct conditions *c, const struct csc_ledger_filter *filter)
{
    int status = 0;

    want_text(c, "agent_id = :agent", ":agent", filter->agent);
    want_text(c, "initiating_user = :user", ":user", filter->user);
    want_text(c, "(contract_id = :contract OR contract_sha256 = :contract)", ":contract", filter->contract);
    want_text(c, "(policy_profile = :policy OR policy_sha256 = :policy)", ":policy", filter->policy);
    if (filter->status) {
        while (csc_status_names[status] && strcmp(csc_status_names[status], filter->status) != 0)
            status++; /* past the last one: no entry has it */
        want_number(c, "status = :status", ":status", status);
    }
    if (filter->since > INT64_MIN || filter->until < INT64_MAX) {
        /* By the index, and all the same in the order of entries, which no sorting of whole rows could afford. */
        want_number(c, "idx IN (SELECT idx FROM entries WHERE started_at BETWEEN :since AND :until)", ":since",
                    filter->since);
        want_number(c, NULL, ":until", filter->until);
    }
}

static int prepare_query(const struct csc_sqlite *store, const struct conditions *conditions, bool newest_first,
                         sqlite3_stmt **ret_statement, struct csc_error *err)
{
    _cleanup_buf_ struct csc_buf sql = {0};

    csc_buf_puts(&sql, "SELECT " ENTRY_COLUMNS " FROM entries");
    for (size_t i = 0; i < conditions->count; i++) {
        if (!conditions->items[i].sql)
            continue;
        csc_buf_puts(&sql, i == 0 ? " WHERE " : " AND ");
        csc_buf_puts(&sql, conditions->items[i].sql);
    }
    csc_buf_puts(&sql, newest_first ? " ORDER BY idx DESC" : " ORDER BY idx");
    if (sql.failed)
        return csc_fail_memory(err);
    int r = csc_sqlite_prepare(store, sql.data, ret_statement, err);
    for (size_t i = 0; i < conditions->count && r == 0; i++) {
        const struct condition *c = &conditions->items[i];
        int parameter = sqlite3_bind_parameter_index(*ret_statement, c->parameter);
        int code = c->text ? sqlite3_bind_text(*ret_statement, parameter, c->text, -1, SQLITE_STATIC)
                           : sqlite3_bind_int64(*ret_statement, parameter, c->number);
        if (code != SQLITE_OK)
            r = csc_sqlite_fail(store, code, reading, err);
    }
    return r;
}

/* Whom rows are handed to. */
struct receiver {
    int (*call)(void *context, const struct csc_store_row *row);
    void *context;
    uint64_t limit; /* 0: none */
};

static int each_row(const struct csc_sqlite *store, sqlite3_stmt *statement, const struct receiver *receiver,
                    struct csc_error *err)
{
    int r = 0;

    for (uint64_t n = 0; (receiver->limit == 0 || n < receiver->limit) && r == 0; n++) {
        struct csc_store_row row;
        int code = sqlite3_step(statement);
        if (code != SQLITE_ROW)
            return code == SQLITE_DONE ? 0 : csc_sqlite_fail(store, code, reading, err);
        r = read_row(store, statement, &row, err);
        if (r == 0)
            r = receiver->call(receiver->context, &row);
    }
    return r;
}

static int each(void *context, const struct csc_store_query *query,
                int (*call)(void *context, const struct csc_store_row *row), void *call_context, struct csc_error *err)
{
    const struct csc_ledger_filter *filter = query->filter;
    const struct csc_sqlite *store = context;
    _cleanup_statement_ sqlite3_stmt *statement = NULL;
    _cleanup_buf_ struct csc_buf after = {0};
    const struct receiver receiver = {call, call_context, filter ? filter->limit : 0};
    struct conditions c = {0};

    want_text(&c, "execution_id = :id", ":id", query->execution_id);
    if (query->prefix) {
        csc_buf_printf(&after, "%s\xFF", query->prefix); /* no byte of UTF-8 is as large */
        if (after.failed)
            return csc_fail_memory(err);
        want_text(&c, "execution_id >= :prefix", ":prefix", query->prefix);
        want_text(&c, "execution_id < :after", ":after", after.data);
    }
    if (query->index)
        want_number(&c, "idx = :index", ":index", (int64_t)*query->index);
    if (filter)
        want_filter(&c, filter);
    int r = prepare_query(store, &c, filter && filter->newest_first, &statement, err);
    return r < 0 ? r : each_row(store, statement, &receiver, err);
}

/* ---- intents and approvals ---------------------------------------------------------------------------------- */

static int insert_intent(void *context, const struct csc_intent *intent, struct csc_error *err)
{
    struct csc_sqlite *store = context;
    sqlite3_stmt *statement = NULL;
    int64_t id = 0;

    int r = read_last(store, CSC_SQLITE_LAST_INTENT, 0, &id, err);
    if (r == 0)
        r = csc_sqlite_runners_lock(&store->runners, id, &id, err);
    if (r == 0)
        r = use(store, CSC_SQLITE_INSERT_INTENT, &statement, err);
    if (r < 0)
        return r;
    struct binder b = {.statement = statement, .next = 1};
    bind_text(&b, intent->execution_id);
    bind_text(&b, intent->contract_id);
    bind_text(&b, intent->contract_sha256);
    bind_text(&b, intent->policy_profile);
    bind_text(&b, intent->policy_schema_version);
    bind_text(&b, intent->policy_sha256);
    bind_text(&b, intent->actor.agent_id);
    bind_text(&b, intent->actor.session_id);
    bind_text(&b, intent->actor.initiating_user);
    bind_int(&b, intent->hardened);
    bind_int(&b, intent->started_at);
    bind_int(&b, intent->runner.pid);
    bind_int(&b, (int64_t)intent->runner.start_time);
    bind_int(&b, (int64_t)intent->runner.pid_namespace);
    bind_text(&b, intent->runner.boot_id);
    bind_int(&b, id);
    int code = execute(&b);
    if ((code & 0xFF) == SQLITE_CONSTRAINT)
        return csc_fail(err, CSC_E_INVALID, "execution %s has begun already", intent->execution_id);
    return code == SQLITE_DONE ? 0 : csc_sqlite_fail(store, code, writing, err);
}

static int delete_intent(void *context, const char *execution_id, bool *ret_was_there, struct csc_error *err)
{
    struct csc_sqlite *store = context;
    sqlite3_stmt *statement = NULL;

    int r = use(store, CSC_SQLITE_DELETE_INTENT, &statement, err);
    if (r < 0)
        return r;
    struct binder b = {.statement = statement, .next = 1};
    bind_text(&b, execution_id);
    int code = execute(&b);
    if (code != SQLITE_DONE)
        return csc_sqlite_fail(store, code, writing, err);
    *ret_was_there = sqlite3_changes(store->db) > 0;
    return 0;
}

static int each_intent(void *context, int (*call)(void *context, const struct csc_intent *intent), void *call_context,
                       struct csc_error *err)
{
    const struct csc_sqlite *store = context;
    _cleanup_statement_ sqlite3_stmt *statement = NULL;
    struct csc_intent intent;

    int r = csc_sqlite_prepare(store, "SELECT " INTENT_COLUMNS " FROM intents ORDER BY id", &statement, err);
    while (r == 0) {
        int code = sqlite3_step(statement);
        if (code != SQLITE_ROW)
            return code == SQLITE_DONE ? 0 : csc_sqlite_fail(store, code, reading, err);
        r = read_intent(store, statement, &intent, err);
        if (r == 0)
            r = call(call_context, &intent);
    }
    return r;
}

static int use_approval(void *context, const struct csc_ledger_approval *approval, const char *execution_id,
                        struct csc_error *err)
{
    struct csc_sqlite *store = context;
    sqlite3_stmt *statement = NULL;

    int r = use(store, CSC_SQLITE_USE_APPROVAL, &statement, err);
    if (r < 0)
        return r;
    struct binder b = {.statement = statement, .next = 1};
    bind_text(&b, approval->id);
    bind_text(&b, execution_id);
    bind_text(&b, approval->identity);
    bind_text(&b, approval->key);
    bind_int(&b, csc_time_now());
    int code = execute(&b);
    if (code == SQLITE_CONSTRAINT_PRIMARYKEY)
        return CSC_LEDGER_USED;
    return code == SQLITE_DONE ? 0 : csc_sqlite_fail(store, code, writing, err);
}

static int has_approval(void *context, const struct csc_ledger_approval *approval, const char *execution_id,
                        bool *ret_has, struct csc_error *err)
{
    struct csc_sqlite *store = context;
    sqlite3_stmt *statement = NULL;

    int r = use(store, CSC_SQLITE_HAS_APPROVAL, &statement, err);
    if (r < 0)
        return r;
    struct binder b = {.statement = statement, .next = 1};
    bind_text(&b, approval->id);
    bind_text(&b, execution_id);
    bind_text(&b, approval->identity);
    bind_text(&b, approval->key);
    int code = execute(&b);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        return csc_sqlite_fail(store, code, reading, err);
    *ret_has = code == SQLITE_ROW;
    return 0;
}

/* Appends the text of a statement's one column, if there is a row and it is not NULL. */
static int one_text(struct csc_sqlite *store, enum csc_sqlite_statement which, bool *ret_found,
                    struct csc_buf *ret_text, struct csc_error *err)
{
    sqlite3_stmt *statement = NULL;

    int r = use(store, which, &statement, err);
    if (r < 0)
        return r;
    int code = done(statement);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        return csc_sqlite_fail(store, code, reading, err);
    struct reader reader = {.statement = statement};
    const char *text = code == SQLITE_ROW ? read_text(&reader, 0, true) : NULL;
    if (text)
        csc_buf_puts(ret_text, text);
    if (reader.damaged)
        r = fail_damaged(store, "a row", err);
    else if (ret_text->failed)
        r = csc_fail_memory(err);
    (void)sqlite3_reset(statement);
    *ret_found = text != NULL;
    return r;
}

static int find_stray_approval(void *context, struct csc_buf *ret_id, struct csc_error *err)
{
    bool found = false;

    int r = one_text(context, CSC_SQLITE_STRAY_APPROVAL, &found, ret_id, err);
    return r == 0 && !found ? -CSC_E_INPUT : r;
}

static int keep_checkpoint(void *context, const struct csc_buf *note, struct csc_error *err)
{
    struct csc_sqlite *store = context;
    sqlite3_stmt *statement = NULL;

    int r = use(store, CSC_SQLITE_KEEP_CHECKPOINT, &statement, err);
    if (r < 0)
        return r;
    struct binder b = {.statement = statement, .next = 1};
    bind_text(&b, note->data);
    int code = execute(&b);
    return code == SQLITE_DONE ? 0 : csc_sqlite_fail(store, code, writing, err);
}

static int kept_checkpoint(void *context, struct csc_buf *ret_note, struct csc_error *err)
{
    bool found = false;

    return one_text(context, CSC_SQLITE_KEPT_CHECKPOINT, &found, ret_note, err);
}

static const char *origin(const void *store)
{
    return ((const struct csc_sqlite *)store)->origin;
}

static bool is_new(const void *store)
{
    return ((const struct csc_sqlite *)store)->is_new;
}

const struct csc_store_ops csc_store_sqlite = {
    .open = csc_sqlite_open,
    .close = csc_sqlite_close,
    .origin = origin,
    .is_new = is_new,
    .begin = begin,
    .commit = commit,
    .rollback = rollback,
    .size = size,
    .node = node,
    .insert = insert,
    .each = each,
    .insert_intent = insert_intent,
    .delete_intent = delete_intent,
    .each_intent = each_intent,
    .use_approval = use_approval,
    .has_approval = has_approval,
    .find_stray_approval = find_stray_approval,
    .keep_checkpoint = keep_checkpoint,
    .kept_checkpoint = kept_checkpoint,
    .stats = csc_sqlite_stats,
};
