/* SPDX-License-Identifier: Apache-2.0 */
/* Opening the database, and its schema. Nothing is asked of a file before its header says that it is a ledger. */
#include <string.h>
#include <sys/random.h>

#include "ledger/sqlite.h"

enum {
    APPLICATION_ID = 0x63736C67, /* "cslg" */
    BUSY_MS = 60000,             /* others hold the write lock for about a millisecond each */
    /* Pages in the write-ahead log before they are moved into the database. The next process to open the ledger reads
     * the whole log, so a longer one makes each run slower; a shorter one moves the same pages more often. */
    WAL_PAGES = 128,
    HEADER_BYTES = 100,
};

/* ---- errors ------------------------------------------------------------------------------------------------- */

static int fail_io(const struct csc_sqlite *store, int code, const char *doing, struct csc_error *err)
{
    if (code == SQLITE_IOERR_NOMEM)
        return csc_fail_memory(err);
    bool reading = code == SQLITE_IOERR_READ || code == SQLITE_IOERR_SHORT_READ || store->access == CSC_LEDGER_READ;
    return csc_fail(err, reading ? CSC_E_INPUT : CSC_E_OUTPUT, "%s: %s (errno %d); is the disk full or failing?", doing,
                    sqlite3_errstr(code), store->db ? sqlite3_system_errno(store->db) : 0);
}

int csc_sqlite_fail(const struct csc_sqlite *store, int sqlite_code, const char *doing, struct csc_error *err)
{
    enum csc_code reach = store->access == CSC_LEDGER_READ ? CSC_E_INPUT : CSC_E_OUTPUT;

    switch (sqlite_code & 0xFF) {
    case SQLITE_NOMEM:
        return csc_fail_memory(err);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
    case SQLITE_TOOBIG:
    case SQLITE_MISMATCH:
    case SQLITE_ERROR: /* a table or column is missing: our SQL is right */
        return csc_fail(err, CSC_E_DATA, "%s: the database is damaged: %s; keep the file, and restore a copy", doing,
                        sqlite3_errmsg(store->db));
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return csc_fail(err, reach,
                        "%s: another process held the ledger for more than %d s; look for one that is stuck", doing,
                        BUSY_MS / 1000);
    case SQLITE_FULL:
        return csc_fail(err, CSC_E_OUTPUT, "%s: the disk is full; make room", doing);
    case SQLITE_IOERR:
        return fail_io(store, sqlite_code, doing, err);
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
        return csc_fail(err, reach,
                        "%s: the ledger and its folder must be writable, since SQLite keeps files beside it (%s); "
                        "change their mode, or read a copy",
                        doing, sqlite3_errstr(sqlite_code));
    default:
        return csc_fail(err, CSC_E_INTERNAL, "%s: SQLite says: %s", doing, sqlite3_errmsg(store->db));
    }
}

int csc_sqlite_run(const struct csc_sqlite *store, const char *sql, struct csc_error *err)
{
    int code = sqlite3_exec(store->db, sql, NULL, NULL, NULL);

    return code == SQLITE_OK ? 0 : csc_sqlite_fail(store, code, "preparing the ledger", err);
}

int csc_sqlite_prepare(const struct csc_sqlite *store, const char *sql, sqlite3_stmt **ret_statement,
                       struct csc_error *err)
{
    int code = sqlite3_prepare_v3(store->db, sql, -1, 0, ret_statement, NULL);

    return code == SQLITE_OK ? 0 : csc_sqlite_fail(store, code, "reading the ledger", err);
}

/* ---- a new database ----------------------------------------------------------------------------------------- */

static int connect_to(struct csc_sqlite *store, const char *path, int flags, struct csc_error *err)
{
    int code = sqlite3_open_v2(path, &store->db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW, NULL);

    if (code == SQLITE_OK)
        code = sqlite3_extended_result_codes(store->db, 1);
    if (code == SQLITE_OK)
        return 0;
    return store->db ? csc_sqlite_fail(store, code, "opening the ledger", err) : csc_fail_memory(err);
}

static int make_schema(struct csc_sqlite *store, struct csc_error *err)
{
    _cleanup_buf_ struct csc_buf sql = {0};
    uint8_t random[16];
    char hex[33];

    if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
        return csc_fail(err, CSC_E_INTERNAL, "no random bytes for the log's name");
    csc_hex(random, sizeof(random), hex);
    csc_buf_puts(&sql, "BEGIN IMMEDIATE;");
    csc_sqlite_migration(0, &sql);
    csc_buf_printf(&sql, "INSERT INTO log VALUES(1, 'csc-ledger/%s', NULL);", hex);
    csc_buf_printf(&sql, "PRAGMA application_id=%d;PRAGMA user_version=%d;COMMIT;PRAGMA journal_mode=WAL;",
                   APPLICATION_ID, CSC_SQLITE_VERSION);
    return sql.failed ? csc_fail_memory(err) : csc_sqlite_run(store, sql.data, err);
}

static void disconnect(struct csc_sqlite *store)
{
    for (size_t i = 0; i < ARRAY_SIZE(store->statements); i++)
        (void)sqlite3_finalize(store->statements[i]);
    (void)sqlite3_close(store->db);
    store->db = NULL;
    memset(store->statements, 0, sizeof(store->statements));
}

static int make(void *context, const char *path, struct csc_error *err)
{
    _cleanup_(disconnect) struct csc_sqlite store = {.access = CSC_LEDGER_WRITE};

    (void)context;
    int r = connect_to(&store, path, SQLITE_OPEN_READWRITE, err);
    return r < 0 ? r : make_schema(&store, err);
}

/* ---- one that is there -------------------------------------------------------------------------------------- */

static uint32_t big_endian(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int check_version(uint32_t version, const char *path, struct csc_error *err)
{
    if (version <= CSC_SQLITE_VERSION)
        return 0;
    return csc_fail(err, CSC_E_DATA,
                    "%s is a ledger of version %u, which a newer csc made; this one knows versions up to %d: update it",
                    path, version, CSC_SQLITE_VERSION);
}

/*
 * By SQLite's own file, but before it looks at it: its first query would already roll back what another application
 * was doing in a database of its own (https://www.sqlite.org/fileformat.html, section 1.3).
 */
static int check_header(const struct csc_sqlite *store, const char *path, struct csc_error *err)
{
    uint8_t header[HEADER_BYTES] = {0};
    sqlite3_file *file = NULL;

    int code = sqlite3_file_control(store->db, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    if (code == SQLITE_OK && file && file->pMethods)
        code = file->pMethods->xRead(file, header, sizeof(header), 0);
    if (code != SQLITE_OK && code != SQLITE_IOERR_SHORT_READ)
        return csc_sqlite_fail(store, code, "reading the ledger", err);
    if (code != SQLITE_OK || memcmp(header, "SQLite format 3", 16) != 0)
        return csc_fail(err, CSC_E_DATA, "%s is no ledger: no SQLite database; choose another file", path);
    if (big_endian(header + 68) != APPLICATION_ID)
        return csc_fail(err, CSC_E_DATA, "%s is no ledger: another application's database; choose another file", path);
    return check_version(big_endian(header + 60), path, err);
}

/* What no statement or schema of ours comes near: a hostile file must not fill the memory, nor the stack. */
static void limit(struct csc_sqlite *store)
{
    static const struct {
        int id, value;
    } limits[] = {
        {SQLITE_LIMIT_LENGTH, (int)(CSC_RECEIPT_BYTES_MAX + CSC_EVIDENCE_BYTES_MAX + (1 << 20))}, /* of a whole row */
        {SQLITE_LIMIT_SQL_LENGTH, 1 << 16},
        {SQLITE_LIMIT_COLUMN, 32},
        {SQLITE_LIMIT_EXPR_DEPTH, 64},
        {SQLITE_LIMIT_COMPOUND_SELECT, 2},
        {SQLITE_LIMIT_FUNCTION_ARG, 8},
        {SQLITE_LIMIT_ATTACHED, 0},
        {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 64},
        {SQLITE_LIMIT_VARIABLE_NUMBER, 32},
        {SQLITE_LIMIT_TRIGGER_DEPTH, 1},
        {SQLITE_LIMIT_WORKER_THREADS, 0},
    };

    for (size_t i = 0; i < ARRAY_SIZE(limits); i++)
        (void)sqlite3_limit(store->db, limits[i].id, limits[i].value);
}

/* Hostile contents must not make SQLite run what is in them. */
static int configure(struct csc_sqlite *store, struct csc_error *err)
{
    static const struct {
        int option, value;
    } options[] = {
        {SQLITE_DBCONFIG_DEFENSIVE, 1},
        {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
        {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
        {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
        {SQLITE_DBCONFIG_ENABLE_FKEY, 0},
        {SQLITE_DBCONFIG_DQS_DML, 0},
        /* The log stays when the last process closes: moving it into the database each time costs as much as a run. */
        {SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1},
    };

    for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
        int code = sqlite3_db_config(store->db, options[i].option, options[i].value, NULL);
        if (code != SQLITE_OK)
            return csc_sqlite_fail(store, code, "opening the ledger", err);
    }
    limit(store);
    (void)sqlite3_busy_timeout(store->db, BUSY_MS);
    (void)sqlite3_wal_autocheckpoint(store->db, WAL_PAGES);
    return csc_sqlite_run(store, "PRAGMA synchronous=FULL;PRAGMA cell_size_check=ON;PRAGMA temp_store=MEMORY", err);
}

static int read_version(const struct csc_sqlite *store, uint32_t *ret_version, struct csc_error *err)
{
    _cleanup_statement_ sqlite3_stmt *statement = NULL;

    int r = csc_sqlite_prepare(store, "PRAGMA user_version", &statement, err);
    if (r < 0)
        return r;
    int code = sqlite3_step(statement);
    if (code != SQLITE_ROW)
        return csc_sqlite_fail(store, code, "reading the ledger", err);
    *ret_version = (uint32_t)sqlite3_column_int(statement, 0);
    return 0;
}

/* The steps from a version to ours, alone and all or none. */
static int migrate(struct csc_sqlite *store, const char *path, struct csc_error *err)
{
    _cleanup_buf_ struct csc_buf sql = {0};
    uint32_t version = 0;

    int r = csc_sqlite_run(store, "BEGIN IMMEDIATE", err);
    if (r == 0)
        r = read_version(store, &version, err); /* another process may have done it meanwhile */
    if (r == 0)
        r = check_version(version, path, err);
    csc_sqlite_migration(version, &sql);
    csc_buf_printf(&sql, "PRAGMA user_version=%d;COMMIT", CSC_SQLITE_VERSION);
    if (r == 0)
        r = sql.failed ? csc_fail_memory(err) : csc_sqlite_run(store, sql.data, err);
    if (r < 0 && !sqlite3_get_autocommit(store->db))
        (void)sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    return r;
}

/* Again, now from within: what is in the write-ahead log counts, too. */
static int settle_version(struct csc_sqlite *store, const char *path, struct csc_error *err)
{
    uint32_t version = 0;

    int r = read_version(store, &version, err);
    if (r == 0)
        r = check_version(version, path, err);
    if (r == 0 && version == 0)
        r = csc_fail(err, CSC_E_DATA, "%s is no ledger of any version; keep the file, and restore a copy", path);
    if (r == 0)
        r = csc_sqlite_check_schema(store, version, path, err);
    if (r != 0 || version == CSC_SQLITE_VERSION)
        return r;
    if (store->access == CSC_LEDGER_READ)
        return csc_fail(err, CSC_E_DATA, "%s is a ledger of version %u, which the next csc run brings up to date", path,
                        version);
    return migrate(store, path, err);
}

static int read_origin(struct csc_sqlite *store, const char *path, struct csc_error *err)
{
    _cleanup_statement_ sqlite3_stmt *statement = NULL;

    int r = csc_sqlite_prepare(store, "SELECT origin FROM log WHERE id = 1", &statement, err);
    if (r < 0)
        return r;
    int code = sqlite3_step(statement);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        return csc_sqlite_fail(store, code, "reading the ledger", err);
    const char *origin = code == SQLITE_ROW ? (const char *)sqlite3_column_text(statement, 0) : NULL;
    size_t size = origin ? strlen(origin) : 0;
    if (code == SQLITE_ROW && !origin && sqlite3_errcode(store->db) == SQLITE_NOMEM)
        return csc_fail_memory(err);
    if (!origin || !csc_note_name_valid(origin, size) || size >= sizeof(store->origin))
        return csc_fail(err, CSC_E_DATA, "%s is damaged: it has lost its name; keep the file, and restore a copy",
                        path);
    memcpy(store->origin, origin, size + 1);
    return 0;
}

static int open_at(struct csc_sqlite *store, const struct csc_sqlite_place *place, const char *name,
                   struct csc_error *err)
{
    int flags = store->access == CSC_LEDGER_READ ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;

    int r = connect_to(store, name, flags | (name == place->path ? 0 : SQLITE_OPEN_URI), err);
    if (r == 0)
        r = csc_sqlite_place_check(place, store->db, err);
    if (r == 0)
        r = check_header(store, place->path, err);
    if (r == 0)
        r = configure(store, err);
    if (r == 0)
        r = settle_version(store, place->path, err);
    return r == 0 ? read_origin(store, place->path, err) : r;
}

/* The file as it is, without the ones beside it: only where nobody can be changing it. */
static int open_frozen(struct csc_sqlite *store, const struct csc_sqlite_place *place, struct csc_error *err)
{
    _cleanup_buf_ struct csc_buf uri = {0};

    csc_buf_puts(&uri, "file:");
    for (const char *p = place->path; *p; p++)
        csc_buf_printf(&uri, strchr("%?#", *p) ? "%%%02X" : "%c", (unsigned char)*p);
    csc_buf_puts(&uri, "?immutable=1");
    return uri.failed ? csc_fail_memory(err) : open_at(store, place, uri.data, err);
}

static int open_existing(struct csc_sqlite *store, const struct csc_sqlite_place *place, struct csc_error *err)
{
    struct csc_error failure = {0};

    int r = open_at(store, place, place->path, &failure);
    if (r == 0)
        return 0;
    disconnect(store);
    if (r == -CSC_E_INPUT && store->access == CSC_LEDGER_READ && csc_sqlite_place_is_frozen(place))
        return open_frozen(store, place, err);
    if (err && err->code == CSC_OK)
        *err = failure;
    return r;
}

/* The database first: what is written when it is closed is written by a runner that lives. */
void csc_sqlite_close(void *context)
{
    struct csc_sqlite *store = context;

    if (!store)
        return;
    disconnect(store);
    csc_sqlite_runners_close(&store->runners);
    free(store);
}

static void free_cleanup(struct csc_sqlite **store)
{
    csc_sqlite_close(*store);
}

int csc_sqlite_open(const char *path, enum csc_ledger_access access, void **ret_store, struct csc_error *err)
{
    _cleanup_(csc_sqlite_place_close) struct csc_sqlite_place place = {.folder = -1};
    _cleanup_(free_cleanup) struct csc_sqlite *store = calloc(1, sizeof(*store));

    if (!store)
        return csc_fail_memory(err);
    store->access = access;
    store->runners = (struct csc_sqlite_runners){-1, -1};
    if (sqlite3_initialize() != SQLITE_OK)
        return csc_fail_memory(err);
    int r = csc_sqlite_place_find(path, access, &place, err);
    if (r == 0 && !place.is_there && access == CSC_LEDGER_READ)
        return csc_fail(err, CSC_E_INPUT, "%s: there is no ledger; csc run makes one", place.path);
    if (r == 0 && !place.is_there)
        r = csc_sqlite_place_fill(&place, make, NULL, err);
    if (r == 0)
        r = open_existing(store, &place, err);
    if (r == 0)
        store->is_new = place.is_new;
    if (r == 0)
        r = csc_sqlite_runners_open(&place, access, &store->runners, err);
    if (r < 0)
        return r;
    *ret_store = TAKE_PTR(store);
    return 0;
}
