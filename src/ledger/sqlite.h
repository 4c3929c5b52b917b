/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger in one file, by SQLite. Private to the files sqlite*.c. */
#ifndef CSC_LEDGER_SQLITE_H
#define CSC_LEDGER_SQLITE_H

#include <limits.h>
#include <sqlite3.h>

#include "ledger/store.h"

/* What the file that shows which runners live is called: the database's name, and this. */
#define CSC_SQLITE_RUNNERS "-runners"

/* Statements that are run again and again, prepared when first used (sqlite_rows.c). */
enum csc_sqlite_statement {
    CSC_SQLITE_BEGIN_READ,
    CSC_SQLITE_BEGIN_WRITE,
    CSC_SQLITE_COMMIT,
    CSC_SQLITE_ROLLBACK,
    CSC_SQLITE_SIZE,
    CSC_SQLITE_NODE,
    CSC_SQLITE_INSERT,
    CSC_SQLITE_LAST_INTENT,
    CSC_SQLITE_INSERT_INTENT,
    CSC_SQLITE_DELETE_INTENT,
    CSC_SQLITE_USE_APPROVAL,
    CSC_SQLITE_HAS_APPROVAL,
    CSC_SQLITE_STRAY_APPROVAL,
    CSC_SQLITE_KEEP_CHECKPOINT,
    CSC_SQLITE_KEPT_CHECKPOINT,
    CSC_SQLITE_STATEMENTS,
};

/* Of the file whose byte number N the runner of intent N has locked (sqlite_runners.c); -1: there is none. */
struct csc_sqlite_runners {
    int held;  /* what we lock, we lock by this */
    int asked; /* by another open file description, for which our own locks are in the way, too */
};

struct csc_sqlite {
    sqlite3 *db;
    enum csc_ledger_access access;
    bool is_new;
    char origin[CSC_NOTE_NAME_MAX + 1];
    sqlite3_stmt *statements[CSC_SQLITE_STATEMENTS];
    struct csc_sqlite_runners runners;
};

/* Records what SQLite said of a failure while it was `doing` something; returns the code. */
int csc_sqlite_fail(const struct csc_sqlite *store, int sqlite_code, const char *doing, struct csc_error *err);
/* Runs SQL that gives no rows. */
int csc_sqlite_run(const struct csc_sqlite *store, const char *sql, struct csc_error *err);
int csc_sqlite_prepare(const struct csc_sqlite *store, const char *sql, sqlite3_stmt **ret_statement,
                       struct csc_error *err);

static inline void csc_sqlite_finalize_cleanup(sqlite3_stmt **statement)
{
    (void)sqlite3_finalize(*statement);
}

#define _cleanup_statement_ _cleanup_(csc_sqlite_finalize_cleanup)

/* ---- the file (sqlite_file.c) ------------------------------------------------------------------------------- */

/* Where a ledger lies: its folder, which was opened following no symlink and belongs to somebody we trust. */
struct csc_sqlite_place {
    int folder;
    char name[NAME_MAX + 1];
    char path[PATH_MAX]; /* without symlinks */
    bool is_there;       /* and not empty */
    bool is_new;         /* it was filled by us */
};

void csc_sqlite_place_close(struct csc_sqlite_place *place);
/* Finds it, and makes the folder where it is missing and `access` is to write. */
int csc_sqlite_place_find(const char *path, enum csc_ledger_access access, struct csc_sqlite_place *ret_place,
                          struct csc_error *err);
/* Gives the file a content that `make` writes into another name, unless another process did meanwhile. */
int csc_sqlite_place_fill(struct csc_sqlite_place *place,
                          int (*make)(void *context, const char *path, struct csc_error *err), void *context,
                          struct csc_error *err);
/* What a database handle opened is the file at this place. */
int csc_sqlite_place_check(const struct csc_sqlite_place *place, sqlite3 *db, struct csc_error *err);
/* Opens a file beside the database, for whom the database is; with O_CREAT, makes it. */
int csc_sqlite_place_open_beside(const struct csc_sqlite_place *place, const char *ending, int flags,
                                 struct csc_error *err);
/* Nothing can be made or changed there by us, and there is nothing that was not moved into the file yet. */
bool csc_sqlite_place_is_frozen(const struct csc_sqlite_place *place);

/* ---- who runs (sqlite_runners.c) ---------------------------------------------------------------------------- */

#define CSC_SQLITE_INTENT_MAX (INT64_C(1) << 62) /* the largest id of an intent: it is also a file's offset */

int csc_sqlite_runners_open(const struct csc_sqlite_place *place, enum csc_ledger_access access,
                            struct csc_sqlite_runners *ret_runners, struct csc_error *err);
void csc_sqlite_runners_close(struct csc_sqlite_runners *runners);
/* While the database is locked: locks the next id after `last` that nobody holds. */
int csc_sqlite_runners_lock(const struct csc_sqlite_runners *runners, int64_t last, int64_t *ret_id,
                            struct csc_error *err);
enum csc_runner_lock csc_sqlite_runners_ask(const struct csc_sqlite_runners *runners, int64_t id);

/* ---- the tables (sqlite_schema.c) --------------------------------------------------------------------------- */

enum { CSC_SQLITE_VERSION = 1 };

/* Appends what makes the newest version out of that one; 0: out of an empty database. */
void csc_sqlite_migration(uint32_t from, struct csc_buf *ret_sql);
/* The database holds the tables of this version, and nothing else. It is asked before anything in them is read. */
int csc_sqlite_check_schema(const struct csc_sqlite *store, uint32_t version, const char *path, struct csc_error *err);

/* ---- opening (sqlite_open.c), and the rows (sqlite_rows.c) -------------------------------------------------- */

int csc_sqlite_open(const char *path, enum csc_ledger_access access, void **ret_store, struct csc_error *err);
void csc_sqlite_close(void *store);
/* As of struct csc_store_ops (sqlite_stats.c). */
int csc_sqlite_stats(void *context, struct csc_ledger_stats *ret_stats, struct csc_error *err);

#endif
