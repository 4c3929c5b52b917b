/* SPDX-License-Identifier: Apache-2.0 */
/* Which files are opened, and which are refused and left as they were. */
#include "store.h"

#include <errno.h>
#include <sys/stat.h>

static char *folder;

static int set_up(void **state)
{
    (void)state;
    folder = folder_create();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    folder_remove(folder);
    return 0;
}

static void assert_refused_open(const char *path, enum csc_ledger_access access, int code, const char *words)
{
    struct csc_ledger *ledger = NULL;
    struct csc_error err = {0};

    int r = csc_ledger_open(path, access, &ledger, &err);
    if (r != -code || err.code != (enum csc_code)code || !strstr(err.text, words) || strcmp(err.stage, "ledger") != 0)
        fail_msg("%s: %d '%s' is not %d '%s'", path, r, err.text, -code, words);
    assert_null(ledger);
}

static mode_t mode_of(const char *path)
{
    struct stat st;

    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 07777;
}

static void makes_file_and_folders(void **state)
{
    (void)state;
    mode_t mask = umask(0);
    csc_ledger_close(open_ledger(folder_path(folder, "a/b/ledger.db"), CSC_LEDGER_WRITE));
    (void)umask(mask);
    assert_int_equal(mode_of(folder_path(folder, "a")), 0700);
    assert_int_equal(mode_of(folder_path(folder, "a/b")), 0700);
    assert_int_equal(mode_of(folder_path(folder, "a/b/ledger.db")), 0600);
    assert_int_equal(mode_of(folder_path(folder, "a/b/ledger.db-wal")), 0600);
    assert_int_equal(mode_of(folder_path(folder, "a/b/ledger.db-runners")), 0600);
    /* The temporary file is gone. */
    assert_true(folder_count(folder_path(folder, "a/b")) <= 4);
    csc_ledger_close(open_ledger(folder_path(folder, "a/b/ledger.db"), CSC_LEDGER_READ));
}

static void names(void **state)
{
    struct csc_ledger *first, *second;

    (void)state;
    first = open_ledger(folder_path(folder, "one.db"), CSC_LEDGER_WRITE);
    second = open_ledger(folder_path(folder, "two %41?mode=ro#.db"), CSC_LEDGER_WRITE);
    assert_int_equal(strlen(csc_ledger_origin(first)), strlen("csc-ledger/") + 32);
    assert_int_equal(strncmp(csc_ledger_origin(first), "csc-ledger/", 11), 0);
    assert_string_not_equal(csc_ledger_origin(first), csc_ledger_origin(second));
    csc_ledger_close(second);
    second = open_ledger(folder_path(folder, "one.db"), CSC_LEDGER_READ);
    assert_string_equal(csc_ledger_origin(first), csc_ledger_origin(second));
    csc_ledger_close(first);
    csc_ledger_close(second);
    csc_ledger_close(NULL);
}

static void relative_names(void **state)
{
    char *before = getcwd(NULL, 0);

    (void)state;
    assert_int_equal(chdir(folder), 0);
    csc_ledger_close(open_ledger("here.db", CSC_LEDGER_WRITE));
    csc_ledger_close(open_ledger("./here.db", CSC_LEDGER_READ));
    csc_ledger_close(open_ledger("below/there.db", CSC_LEDGER_WRITE));
    assert_int_equal(chdir(before), 0);
    free(before);
    csc_ledger_close(open_ledger(folder_path(folder, "below/there.db"), CSC_LEDGER_READ));
}

static void nothing_there(void **state)
{
    (void)state;
    assert_refused_open(folder_path(folder, "no.db"), CSC_LEDGER_READ, CSC_E_INPUT, "there is no ledger");
    assert_refused_open(folder_path(folder, "no/no.db"), CSC_LEDGER_READ, CSC_E_INPUT, "there is no ledger");
    assert_refused_open("/tmp/no-ledger.db", CSC_LEDGER_WRITE, CSC_E_PERMISSION, "choose a folder of your own");
    assert_refused_open("/", CSC_LEDGER_WRITE, CSC_E_USAGE, "names a folder");
    assert_refused_open("/proc/nothing/x.db", CSC_LEDGER_WRITE, CSC_E_OUTPUT, "cannot open the ledger's folder");
    assert_int_equal(folder_count(folder), 0);
}

/* What a crash right after the file was made would leave. */
static void empty_file(void **state)
{
    (void)state;
    folder_write(folder, "ledger.db", "");
    assert_int_equal(chmod(folder_path(folder, "ledger.db"), 0600), 0);
    assert_refused_open(folder_path(folder, "ledger.db"), CSC_LEDGER_READ, CSC_E_INPUT, "there is no ledger");
    csc_ledger_close(open_ledger(folder_path(folder, "ledger.db"), CSC_LEDGER_WRITE));
    csc_ledger_close(open_ledger(folder_path(folder, "ledger.db"), CSC_LEDGER_READ));
}

static struct csc_buf read_all(const char *path)
{
    struct csc_buf bytes = {0};

    assert_int_equal(csc_read_input(path, 1 << 20, &bytes, NULL), 0);
    return bytes;
}

/* Refused for both kinds of access, with not one byte or file beside it changed. */
static void assert_untouched(const char *path, const char *words)
{
    struct csc_buf before = read_all(path);
    int count = folder_count(folder);

    assert_refused_open(path, CSC_LEDGER_WRITE, CSC_E_DATA, words);
    assert_refused_open(path, CSC_LEDGER_READ, CSC_E_DATA, words);
    struct csc_buf after = read_all(path);
    assert_int_equal(before.size, after.size);
    assert_memory_equal(before.data, after.data, before.size);
    assert_int_equal(folder_count(folder), count);
    csc_buf_free(&before);
    csc_buf_free(&after);
}

static void make_database(const char *path, const char *text)
{
    sqlite3 *db = NULL;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    assert_int_equal(chmod(path, 0600), 0);
}

static void foreign_files(void **state)
{
    const char *path = folder_path(folder, "file");

    (void)state;
    folder_write(folder, "file",
                 "some text, longer than the header of a database file ......................"
                 "..........................................................");
    assert_int_equal(chmod(path, 0600), 0);
    assert_untouched(path, "no SQLite database");
    folder_write(folder, "file", "SQLite format 3");
    assert_untouched(path, "no SQLite database");
    assert_int_equal(unlink(path), 0);
    make_database(path, "CREATE TABLE t(x); INSERT INTO t VALUES(1)");
    assert_untouched(path, "another application's database");
    make_database(path, "PRAGMA journal_mode=WAL; PRAGMA application_id=7; INSERT INTO t VALUES(1)");
    assert_untouched(path, "another application's database");
}

/* Its journal would be rolled back by whoever opens it: not by us. */
static void foreign_hot_journal(void **state)
{
    const char *path = folder_path(folder, "file"), *journal = folder_path(folder, "file-journal");
    struct stat st;
    int status;

    (void)state;
    make_database(path, "CREATE TABLE t(x); INSERT INTO t VALUES(zeroblob(50000))");
    pid_t child = fork();
    if (child == 0) {
        sqlite3 *db = NULL;
        (void)sqlite3_open(path, &db);
        (void)sqlite3_exec(db, "PRAGMA cache_size=1; BEGIN; UPDATE t SET x = zeroblob(60000)", NULL, NULL, NULL);
        _exit(0); /* in the middle of it */
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(stat(journal, &st), 0);
    assert_untouched(path, "another application's database");
    assert_int_equal(stat(journal, &st), 0);
}

static void newer_version(void **state)
{
    char *path = strdup(folder_path(folder, "ledger.db"));

    (void)state;
    csc_ledger_close(open_ledger(path, CSC_LEDGER_WRITE));
    make_database(path, "PRAGMA user_version=99; PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode=DELETE;"
                        "PRAGMA journal_mode=WAL");
    assert_untouched(path, "version 99");
    free(path);
}

static void remove_ledger(const char *path)
{
    static const char *const endings[] = {"", "-wal", "-shm", "-runners"};
    char name[PATH_MAX];

    for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
        (void)snprintf(name, sizeof(name), "%s%s", path, endings[i]);
        (void)unlink(name);
    }
}

static void damaged_schema(void **state)
{
    static const char *const changes[] = {"DROP TABLE log", "DELETE FROM log", "PRAGMA user_version=0"};
    char *path = strdup(folder_path(folder, "ledger.db"));

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
        csc_ledger_close(open_ledger(path, CSC_LEDGER_WRITE));
        sql(path, changes[i]);
        assert_refused_open(path, CSC_LEDGER_WRITE, CSC_E_DATA, "");
        remove_ledger(path);
    }
    free(path);
}

/* Changes of the tables that would cost whoever reads them, or have him believe what is not so. */
static void hostile_schema(void **state)
{
    static const struct {
        const char *change, *words;
    } changes[] = {
        {"CREATE TRIGGER t AFTER INSERT ON entries BEGIN DELETE FROM entries; END", "table entries was altered"},
        {"ALTER TABLE log ADD COLUMN x TEXT AS (hex(zeroblob(500000000)))", "table log was altered"},
        {"ALTER TABLE intents RENAME COLUMN hardened TO h;"
         "ALTER TABLE intents ADD COLUMN hardened INTEGER AS (length(hex(zeroblob(500000000))))",
         "table intents was altered"},
        {"CREATE TABLE a AS SELECT * FROM approvals; DROP TABLE approvals; ALTER TABLE a RENAME TO approvals",
         "table approvals was altered"},
        {"DROP TABLE approvals", "table approvals was altered"},
        {"DROP INDEX entries_status", "table entries was altered"},
        {"DROP INDEX entries_execution; CREATE INDEX entries_execution ON entries(execution_id)",
         "table entries was altered"},
        {"CREATE INDEX zzz ON entries(length(receipt))", "table entries was altered"},
        {"CREATE VIEW v AS SELECT 1", "table v was altered"},
        {"CREATE TABLE zzz(x)", "table zzz was altered"},
        {"CREATE TABLE \"a\nb\"(x)", "table a\\x0ab was altered"},
        {"ANALYZE", "table sqlite_stat1 was altered"},
    };
    char *path = strdup(folder_path(folder, "ledger.db"));

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
        csc_ledger_close(open_ledger(path, CSC_LEDGER_WRITE));
        sql(path, changes[i].change);
        assert_refused_open(path, CSC_LEDGER_READ, CSC_E_DATA, changes[i].words);
        assert_refused_open(path, CSC_LEDGER_WRITE, CSC_E_DATA, changes[i].words);
        remove_ledger(path);
    }
    free(path);
}

/* As docs/LEDGER.md says copies are made: the tables are the same, in another order. */
static void copies(void **state)
{
    char *path = strdup(folder_path(folder, "ledger.db")), text[PATH_MAX + 40];

    (void)state;
    csc_ledger_close(open_ledger(path, CSC_LEDGER_WRITE));
    (void)snprintf(text, sizeof(text), "VACUUM INTO '%s'", folder_path(folder, "copy.db"));
    sql(path, text);
    csc_ledger_close(open_ledger(folder_path(folder, "copy.db"), CSC_LEDGER_READ));
    csc_ledger_close(open_ledger(folder_path(folder, "copy.db"), CSC_LEDGER_WRITE));
    free(path);
}

/* A value that is larger than any a csc writes is not read at all. */
static void hostile_values(void **state)
{
    char *path = strdup(folder_path(folder, "ledger.db"));

    (void)state;
    csc_ledger_close(open_ledger(path, CSC_LEDGER_WRITE));
    sql(path, "UPDATE log SET origin = hex(zeroblob(20000000))");
    assert_refused_open(path, CSC_LEDGER_READ, CSC_E_DATA, "too big");
    free(path);
}

static void symlinks(void **state)
{
    (void)state;
    assert_int_equal(mkdir(folder_path(folder, "real"), 0700), 0);
    csc_ledger_close(open_ledger(folder_path(folder, "real/ledger.db"), CSC_LEDGER_WRITE));
    assert_int_equal(symlink("real", folder_path(folder, "linked")), 0);
    assert_int_equal(symlink("real/ledger.db", folder_path(folder, "ledger.db")), 0);
    assert_int_equal(symlink("nowhere", folder_path(folder, "dangling.db")), 0);
    for (int access = CSC_LEDGER_READ; access <= CSC_LEDGER_WRITE; access++) {
        assert_refused_open(folder_path(folder, "linked/ledger.db"), access, CSC_E_PERMISSION, "symlink");
        assert_refused_open(folder_path(folder, "ledger.db"), access, CSC_E_PERMISSION, "is a symlink");
        assert_refused_open(folder_path(folder, "dangling.db"), access, CSC_E_PERMISSION, "is a symlink");
        assert_refused_open(folder_path(folder, "real"), access, CSC_E_DATA, "no regular file");
    }
}

/* A second name may lie where a command can write. */
static void hard_links(void **state)
{
    static const char *const endings[] = {"", "-wal", "-shm", "-runners"};
    char *path = strdup(folder_path(folder, "a/ledger.db"));

    (void)state;
    csc_ledger_close(open_ledger(path, CSC_LEDGER_WRITE));
    for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
        char name[40];
        (void)snprintf(name, sizeof(name), "a/ledger.db%s", endings[i]);
        if (access(folder_path(folder, name), F_OK) < 0) /* as what a crash leaves */
            folder_write(folder, name, "");
        assert_int_equal(chmod(folder_path(folder, name), 0600), 0);
        assert_int_equal(link(folder_path(folder, name), folder_path(folder, "elsewhere")), 0);
        for (int access = CSC_LEDGER_READ; access <= CSC_LEDGER_WRITE; access++)
            assert_refused_open(path, access, CSC_E_PERMISSION, "find -samefile");
        assert_int_equal(unlink(folder_path(folder, "elsewhere")), 0);
        csc_ledger_close(open_ledger(path, CSC_LEDGER_WRITE));
    }
    assert_int_equal(unlink(folder_path(folder, "a/ledger.db-shm")), 0);
    assert_int_equal(symlink("ledger.db", folder_path(folder, "a/ledger.db-shm")), 0);
    assert_refused_open(path, CSC_LEDGER_WRITE, CSC_E_PERMISSION, "no regular file");
    free(path);
}

static void modes(void **state)
{
    char *path = strdup(folder_path(folder, "a/ledger.db"));
    const char *inner = folder_path(folder, "a");

    (void)state;
    csc_ledger_close(open_ledger(path, CSC_LEDGER_WRITE));
    for (int access = CSC_LEDGER_READ; access <= CSC_LEDGER_WRITE; access++) {
        assert_int_equal(chmod(path, 0620), 0);
        assert_refused_open(path, access, CSC_E_PERMISSION, "chmod go-w");
        assert_int_equal(chmod(path, 0600), 0);
        assert_int_equal(chmod(inner, 0770), 0);
        assert_refused_open(path, access, CSC_E_PERMISSION, "chmod go-w");
        assert_int_equal(chmod(inner, 0755), 0);
        csc_ledger_close(open_ledger(path, access));
        if (geteuid() == 0) {
            assert_int_equal(chown(path, 12345, 0), 0);
            assert_refused_open(path, access, CSC_E_PERMISSION, "uid 12345");
            assert_int_equal(chown(path, 0, 0), 0);
            assert_int_equal(chown(inner, 12345, 0), 0);
            assert_refused_open(path, access, CSC_E_PERMISSION, "uid 12345");
            assert_int_equal(chown(inner, 0, 0), 0);
        }
    }
    free(path);
}

/* Who can write a folder above exchanges the whole of it: what is in it is as good as what others wrote. */
static void ancestors(void **state)
{
    char *path = strdup(folder_path(folder, "shared/inner/csc/ledger.db"));
    const char *shared = folder_path(folder, "shared");

    (void)state;
    csc_ledger_close(open_ledger(path, CSC_LEDGER_WRITE));
    for (int access = CSC_LEDGER_READ; access <= CSC_LEDGER_WRITE; access++) {
        assert_int_equal(chmod(shared, 0777), 0);
        assert_refused_open(path, access, CSC_E_PERMISSION, "chmod go-w");
        assert_int_equal(chmod(shared, 0720), 0);
        assert_refused_open(path, access, CSC_E_PERMISSION, "/shared; chmod go-w");
        assert_int_equal(chmod(shared, 01777), 0); /* as /tmp: others cannot rename what is ours */
        csc_ledger_close(open_ledger(path, access));
        if (geteuid() == 0) {
            assert_int_equal(chmod(shared, 0755), 0);
            assert_int_equal(chown(shared, 12345, 0), 0);
            assert_refused_open(path, access, CSC_E_PERMISSION, "/shared belongs to uid 12345");
            assert_int_equal(chown(shared, 0, 0), 0);
        }
    }
    free(path);
}

/* Folders on the way that may only be passed through, as /home may be. Root reads them all the same. */
static void unreadable_ancestors(void **state)
{
    char *path = strdup(folder_path(folder, "home/user/state/ledger.db"));

    (void)state;
    assert_int_equal(mkdir(folder_path(folder, "home"), 0700), 0);
    assert_int_equal(mkdir(folder_path(folder, "home/user"), 0700), 0);
    assert_int_equal(chmod(folder_path(folder, "home"), 0100), 0);
    csc_ledger_close(open_ledger(path, CSC_LEDGER_WRITE));
    csc_ledger_close(open_ledger(path, CSC_LEDGER_READ));
    assert_int_equal(chmod(folder_path(folder, "home"), 0700), 0);
    free(path);
}

static void said_to_be_new(void **state)
{
    char *path = strdup(folder_path(folder, "ledger.db"));
    static const struct {
        enum csc_ledger_access access;
        bool is_new;
    } openings[] = {{CSC_LEDGER_WRITE, true}, {CSC_LEDGER_WRITE, false}, {CSC_LEDGER_READ, false}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(openings); i++) {
        struct csc_ledger *ledger = open_ledger(path, openings[i].access);
        assert_int_equal(csc_ledger_is_new(ledger), openings[i].is_new);
        csc_ledger_close(ledger);
    }
    free(path);
}

/* In a process of its own, as a user who may not write there: root's own may always. */
static int read_only(const char *path)
{
    struct csc_ledger *ledger = NULL;
    struct csc_error err = {0};
    struct csc_ledger_stats stats;

    if (csc_ledger_open(path, CSC_LEDGER_WRITE, &ledger, &err) != -CSC_E_OUTPUT || !strstr(err.text, "writable"))
        return 1;
    err = (struct csc_error){0};
    if (csc_ledger_open(path, CSC_LEDGER_READ, &ledger, &err) < 0)
        return 2;
    if (csc_ledger_stats(ledger, &stats, &err) < 0 || stats.entries != 3)
        return 3;
    if (append_one(ledger, 9, NULL, &err) != -CSC_E_INPUT)
        return 4;
    csc_ledger_close(ledger);
    return 0;
}

static void read_only_folder(void **state)
{
    char *path = strdup(folder_path(folder, "a/ledger.db"));
    int status;

    (void)state;
    struct csc_ledger *ledger = open_ledger(path, CSC_LEDGER_WRITE);
    for (int n = 0; n < 3; n++)
        assert_int_equal(append_one(ledger, n, NULL, NULL), 0);
    csc_ledger_close(ledger);
    sql(path, "PRAGMA wal_checkpoint(TRUNCATE)");
    assert_int_equal(chmod(path, 0444), 0);
    assert_int_equal(chmod(folder_path(folder, "a"), 0555), 0);
    assert_int_equal(chmod(folder, 0755), 0);
    pid_t child = fork();
    if (child == 0)
        _exit(geteuid() == 0 && (setgid(65534) < 0 || setuid(65534) < 0) ? 9 : read_only(path));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(chmod(folder_path(folder, "a"), 0755), 0);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(makes_file_and_folders, set_up, tear_down),
        cmocka_unit_test_setup_teardown(names, set_up, tear_down),
        cmocka_unit_test_setup_teardown(relative_names, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_there, set_up, tear_down),
        cmocka_unit_test_setup_teardown(empty_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(foreign_files, set_up, tear_down),
        cmocka_unit_test_setup_teardown(foreign_hot_journal, set_up, tear_down),
        cmocka_unit_test_setup_teardown(newer_version, set_up, tear_down),
        cmocka_unit_test_setup_teardown(damaged_schema, set_up, tear_down),
        cmocka_unit_test_setup_teardown(hostile_schema, set_up, tear_down),
        cmocka_unit_test_setup_teardown(copies, set_up, tear_down),
        cmocka_unit_test_setup_teardown(hostile_values, set_up, tear_down),
        cmocka_unit_test_setup_teardown(symlinks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(hard_links, set_up, tear_down),
        cmocka_unit_test_setup_teardown(modes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(ancestors, set_up, tear_down),
        cmocka_unit_test_setup_teardown(unreadable_ancestors, set_up, tear_down),
        cmocka_unit_test_setup_teardown(said_to_be_new, set_up, tear_down),
        cmocka_unit_test_setup_teardown(read_only_folder, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
