/* SPDX-License-Identifier: Apache-2.0 */
/* What a contract declares, as it is on the host: what is opened, what is refused, and nothing else. */
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "looked.h"
#include "sandbox/survey.h"

/* ---- the tree ---------------------------------------------------------------------------------------------------- */

static void make_socket(const char *folder, const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_true(snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", folder, name) <
                (int)sizeof(address.sun_path));
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    (void)close(fd);
}

static int make_tree(void **state)
{
    char *folder = looked_folder();

    make_folder(folder, "a");
    make_folder(folder, "a/deep");
    make_folder(folder, "a/deep/x");
    folder_write(folder, "a/f.txt", "f");
    folder_write(folder, "a/g.txt", "g");
    folder_write(folder, "a/.hidden", "h");
    folder_write(folder, "a/deep/f.c", "c");
    folder_write(folder, "a/deep/x/f.txt", "x");
    assert_int_equal(symlink("a", folder_path(folder, "link")), 0);
    assert_int_equal(symlink("f.txt", folder_path(folder, "a/flink")), 0);
    assert_int_equal(symlink("deep", folder_path(folder, "a/dlink")), 0);
    assert_int_equal(symlink("/nowhere", folder_path(folder, "a/dead")), 0);
    assert_int_equal(mkfifo(folder_path(folder, "a/fifo"), 0600), 0);
    make_socket(folder, "sock");
    *state = folder;
    return 0;
}

static int remove_tree(void **state)
{
    folder_remove(*state);
    return 0;
}

/* ---- scopes ------------------------------------------------------------------------------------------------------ */

struct scope_case {
    const char *title;
    const char *read, *write;
    enum csc_refusal_kind kind;
    const char *expected; /* words of the refusal, else the sources in order: F file, D folder, d folder that was only
                             matched, L symlink */
};

#define ESCAPE CSC_REFUSAL_ESCAPE
#define MISSING CSC_REFUSAL_MISSING
#define NO_REFUSAL CSC_REFUSAL_NONE

static const struct scope_case scopes[] = {
    {"a file", "@/a/f.txt", NULL, NO_REFUSAL, "F a/f.txt"},
    {"a folder", "@/a", NULL, NO_REFUSAL, "D a"},
    {"with a slash at its end", "@/a/", NULL, NO_REFUSAL, "D a"},
    {"with empty and dot components", "@//a/.//deep/.", NULL, NO_REFUSAL, "D a/deep"},
    {"everything below a folder is the folder", "@/a/**", NULL, NO_REFUSAL, "D a"},
    {"for writing, too", NULL, "@/a/**", NO_REFUSAL, "D a"},
    {"a file for writing", NULL, "@/a/f.txt", NO_REFUSAL, "F a/f.txt"},
    {"a glob is what it matches", "@/a/*.txt", NULL, NO_REFUSAL, "F a/f.txt; F a/g.txt"},
    {"dots, folders and links match, special files don't", "@/a/*", NULL, NO_REFUSAL,
     "F a/.hidden; F a/f.txt; F a/g.txt; L a/dead; L a/dlink; L a/flink; d a/deep"},
    {"for writing: files alone", NULL, "@/a/*", NO_REFUSAL, "F a/.hidden; F a/f.txt; F a/g.txt"},
    {"one letter", "@/a/[fx].t?t", NULL, NO_REFUSAL, "F a/f.txt"},
    {"any depth, no symlink entered", "@/a/**/f.*", NULL, NO_REFUSAL, "F a/deep/f.c; F a/deep/x/f.txt; F a/f.txt"},
    {"any depth, folders", "@/a/**/x", NULL, NO_REFUSAL, "d a/deep/x"},
    {"a glob in the middle", "@/a/*/x/f.txt", NULL, NO_REFUSAL, "F a/deep/x/f.txt"},
    {"a glob does not go through a symlink", "@/l*/f.txt", NULL, NO_REFUSAL, ""},
    {"not deeper in the path either", "@/a/d*/f.c", NULL, NO_REFUSAL, "F a/deep/f.c"},
    {"nothing matches", "@/a/*.none", NULL, NO_REFUSAL, ""},
    {"a symlink", "@/a/flink", NULL, ESCAPE, "symlink"},
    {"a symlink to a folder", "@/link", NULL, ESCAPE, "symlink"},
    {"with a slash at its end", "@/link/", NULL, ESCAPE, "symlink"},
    {"all below it", "@/link/**", NULL, ESCAPE, "symlink"},
    {"a dead symlink", "@/a/dead", NULL, ESCAPE, "symlink"},
    {"a symlink in the first component", "@/link/f.txt", NULL, ESCAPE, "symlink"},
    {"in a later one", "@/a/dlink/x/f.txt", NULL, ESCAPE, "symlink"},
    {"before a glob", "@/link/*", NULL, ESCAPE, "symlink"},
    {"for writing", NULL, "@/a/flink", ESCAPE, "write_paths"},
    {"a FIFO", "@/a/fifo", NULL, ESCAPE, "FIFO"},
    {"a socket", "@/sock", NULL, ESCAPE, "socket"},
    {"a device", "/dev/null", NULL, ESCAPE, "device"},
    {"dots that climb", "@/a/../a", NULL, ESCAPE, "'..'"},
    {"after a glob", "@/a/*/../f.txt", NULL, ESCAPE, "'..'"},
    {"a path of a share", "//server/share/x", NULL, ESCAPE, "no path of this system"},
    {"a path of a drive", "C:\\x", NULL, ESCAPE, "no path of this system"},
    {"nothing there", "@/none", NULL, MISSING, "is not there"},
    {"nothing there for writing", NULL, "@/none/out", MISSING, "/dir/**"},
    {"below a file", "@/a/f.txt/x", NULL, MISSING, "is not there"},
    {"no folder to look in", "@/none/*", NULL, MISSING, "is not there"},
    {"a file to look in", "@/a/f.txt/*", NULL, MISSING, "is not there"},
    {"not everyone may read it", "/etc/shadow", NULL, ESCAPE, "not everyone"},
    {"nor by a glob", "/etc/shado?", NULL, ESCAPE, "not everyone"},
    {"nor by its folder", "/etc/**", NULL, ESCAPE, "not everyone"},
};

static int compare_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

static char letter_of(const struct csc_source *source)
{
    if (source->type == CSC_SOURCE_SYMLINK)
        return 'L';
    if (source->type == CSC_SOURCE_FILE)
        return 'F';
    return source->fd < 0 ? 'd' : 'D';
}

/* Sorted: the order of a folder is the file system's. */
static void describe(const struct looked *looked, const struct csc_sources *sources, char text[4096])
{
    char lines[64][300];
    size_t size = 0;

    assert_true(sources->count < ARRAY_SIZE(lines));
    for (size_t i = 0; i < sources->count; i++) {
        const char *path = sources->items[i].path;
        assert_true(csc_path_has_prefix(path, looked->folder));
        (void)snprintf(lines[i], sizeof(lines[i]), "%c %s", letter_of(&sources->items[i]),
                       path + strlen(looked->folder) + 1);
    }
    qsort(lines, sources->count, sizeof(lines[0]), compare_text);
    text[0] = '\0';
    for (size_t i = 0; i < sources->count; i++)
        size += (size_t)snprintf(text + size, 4096 - size, "%s%s", i ? "; " : "", lines[i]);
}

/* The descriptor is of what stands at the path, and cannot be one of the command's own three. */
static void check_sources(const struct csc_sources *sources)
{
    for (size_t i = 0; i < sources->count; i++) {
        const struct csc_source *source = &sources->items[i];
        struct stat by_path, by_fd;
        assert_int_equal(lstat(source->path, &by_path), 0);
        assert_int_equal(source->inode, by_path.st_ino);
        assert_int_equal(source->device, by_path.st_dev);
        if (source->fd < 0)
            continue;
        assert_true(source->fd > 2);
        assert_int_equal(fstat(source->fd, &by_fd), 0);
        assert_int_equal(by_fd.st_ino, by_path.st_ino);
        assert_true(fcntl(source->fd, F_GETFD) & FD_CLOEXEC);
    }
}

static void check_scope(struct looked *looked, const struct scope_case *c)
{
    char text[4096];

    looked_read(looked, c->read);
    looked_write(looked, c->write);
    if (c->kind != NO_REFUSAL) {
        looked_must_refuse(looked, c->kind, c->expected);
        return;
    }
    looked_must_take(looked);
    const struct csc_sources *sources = c->read ? &looked->survey->reads : &looked->survey->writes;
    const struct csc_sources *others = c->read ? &looked->survey->writes : &looked->survey->reads;
    assert_int_equal(others->count, 0);
    describe(looked, sources, text);
    if (strcmp(text, c->expected) != 0)
        fail_msg("%s: '%s', expected '%s'", c->title, text, c->expected);
    check_sources(sources);
}

static void test_scopes(void **state)
{
    int before = count_fds();

    for (size_t i = 0; i < ARRAY_SIZE(scopes); i++) {
        struct looked looked;
        looked_begin(&looked, *state);
        check_scope(&looked, &scopes[i]);
        looked_end(&looked);
        if (count_fds() != before)
            fail_msg("%s: leaves descriptors behind", scopes[i].title);
    }
}

static void test_the_text_of_a_symlink(void **state)
{
    struct looked looked;

    looked_begin(&looked, *state);
    looked_read(&looked, "@/a/dea?");
    looked_must_take(&looked);
    assert_int_equal(looked.survey->reads.count, 1);
    assert_string_equal(looked.survey->reads.items[0].link, "/nowhere");
    looked_end(&looked);
}

/* What was opened is shown, whatever takes its place. */
static void test_an_exchanged_folder(void **state)
{
    struct looked looked;
    struct stat st;

    looked_begin(&looked, *state);
    looked_read(&looked, "@/a");
    looked_must_take(&looked);
    assert_int_equal(rename(folder_path(*state, "a"), folder_path(*state, "b")), 0);
    assert_int_equal(symlink("/etc", folder_path(*state, "a")), 0);
    assert_int_equal(fstat(looked.survey->reads.items[0].fd, &st), 0);
    assert_int_equal(st.st_ino, looked.survey->reads.items[0].inode);
    assert_int_equal(lstat(folder_path(*state, "b"), &st), 0);
    assert_int_equal(st.st_ino, looked.survey->reads.items[0].inode);
    looked_end(&looked);
}

/* ---- cwd --------------------------------------------------------------------------------------------------------- */

static const struct {
    const char *title, *cwd, *prefix;
    enum csc_refusal_kind kind;
    const char *expected;
} cwds[] = {
    {"a folder", "@/a/deep", "@/a", NO_REFUSAL, "@/a/deep"},
    {"plain", "@/./a//deep/", "@/a", NO_REFUSAL, "@/a/deep"},
    {"a symlink", "@/link", "@", ESCAPE, "symlink"},
    {"behind a symlink", "@/a/dlink/x", "@", ESCAPE, "symlink"},
    {"not there", "@/none", "@", MISSING, "is not there"},
    {"a file", "@/a/f.txt", "@", MISSING, "is not there"},
    {"a FIFO", "@/a/fifo", "@", ESCAPE, "FIFO"},
    {"no path of ours", "C:\\a", "@", ESCAPE, "no path of this system"},
    {"outside of the policy", "@/a", "@/a/deep", ESCAPE, "allowed_cwd_prefixes"},
    {"by its letters alone inside", "@/a/deep", "@/a/de", ESCAPE, "allowed_cwd_prefixes"},
    {"holds what not everyone may read", "/etc", "/", ESCAPE, "not everyone"},
};

static void test_cwd(void **state)
{
    int before = count_fds();

    for (size_t i = 0; i < ARRAY_SIZE(cwds); i++) {
        struct looked looked;
        struct stat st;
        looked_begin(&looked, *state);
        looked.command.cwd = looked_path(&looked, cwds[i].cwd);
        looked.prefixes[0] = looked_path(&looked, cwds[i].prefix);
        if (cwds[i].kind != NO_REFUSAL) {
            looked_must_refuse(&looked, cwds[i].kind, cwds[i].expected);
            assert_int_equal(strncmp(looked.refusal.text, "cwd", 3), 0);
        } else {
            looked_must_take(&looked);
            assert_string_equal(looked.survey->cwd.path, looked_path(&looked, cwds[i].expected));
            assert_int_equal(stat(looked.survey->cwd.path, &st), 0);
            assert_int_equal(looked.survey->cwd.inode, st.st_ino);
            assert_int_equal(looked.survey->owner_uid, st.st_uid);
            assert_int_equal(looked.survey->owner_gid, st.st_gid);
        }
        looked_end(&looked);
        assert_int_equal(count_fds(), before);
    }
}

/* ---- many -------------------------------------------------------------------------------------------------------- */

enum { MANY = 1000 };

static void make_many(const char *folder, const char **paths)
{
    char name[40];

    make_folder(folder, "many");
    for (size_t i = 0; i < MANY; i++) {
        (void)snprintf(name, sizeof(name), "many/%zu", i);
        folder_write(folder, name, "");
        paths[i] = strdup(folder_path(folder, name));
        assert_non_null(paths[i]);
    }
}

/* A soft limit that leaves room for so many descriptors more; false: this process may not. */
static bool limit_fds(rlim_t room)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = (rlim_t)count_fds() + room;
    return limit.rlim_cur <= limit.rlim_max && setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

static void test_many(void **state)
{
    _cleanup_free_ const char **paths = calloc(MANY, sizeof(*paths));
    struct rlimit limit;
    struct looked looked;

    assert_non_null(paths);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    make_many(*state, paths);
    looked_begin(&looked, *state);
    looked.command.read_paths = paths;
    looked.command.read_path_count = MANY;
    int before = count_fds();
    assert_true(limit_fds(MANY + 400));
    looked_must_take(&looked);
    assert_int_equal(looked.survey->reads.count, MANY);
    check_sources(&looked.survey->reads);
    rlim_t others = looked.survey->system.count;
    looked_end(&looked);
    assert_int_equal(count_fds(), before);
    /* Too few for all of them: refused, and not shown in part. */
    assert_true(limit_fds(others + MANY / 2));
    looked_must_refuse(&looked, CSC_REFUSAL_BOUNDARY, "descriptors");
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(count_fds(), before);
    for (size_t i = 0; i < MANY; i++)
        free((void *)paths[i]);
}

static void test_too_many(void **state)
{
    struct looked looked;
    char name[40];

    make_folder(*state, "many");
    for (int i = 0; i <= CSC_SOURCES_MAX; i++) {
        (void)snprintf(name, sizeof(name), "many/%d", i);
        make_folder(*state, name);
    }
    looked_begin(&looked, *state);
    looked_read(&looked, "@/many/*");
    looked_must_refuse(&looked, CSC_REFUSAL_BOUNDARY, "more than 2500");
    looked_begin(&looked, *state);
    looked_read(&looked, "@/many/**");
    looked_must_take(&looked);
    looked_end(&looked);
}

/* ---- protected files -----------------------------------------------------------------------------------------------
 */

static bool holds(const struct csc_guard *guard, const char *path)
{
    struct stat st;

    assert_int_equal(stat(path, &st), 0);
    for (size_t i = 0; i < guard->count; i++)
        if (guard->chain[i].device == st.st_dev && guard->chain[i].inode == st.st_ino)
            return true;
    return false;
}

static const struct csc_guard *guard_of(const struct csc_survey *survey, const char *what)
{
    for (size_t i = 0; i < survey->guard_count; i++)
        if (strcmp(survey->guards[i].what, what) == 0)
            return &survey->guards[i];
    fail_msg("no guard of %s", what);
    return NULL;
}

static void test_guards(void **state)
{
    struct looked looked;

    make_folder(*state, "links");
    assert_int_equal(symlink("../a/deep", folder_path(*state, "links/way")), 0);
    looked_begin(&looked, *state);
    const struct csc_protected files[] = {{looked_path(&looked, "@/cwd/none/at/all"), "what is not there", true, false},
                                          {looked_path(&looked, "@/links/way/f.c"), "the signing key", true, false},
                                          {looked_path(&looked, "@/a/g.txt"), "the ledger", false, false}};
    looked.request.protected = files;
    looked.request.protected_count = ARRAY_SIZE(files);
    looked_must_take(&looked);
    assert_true(guard_of(looked.survey, "csc-init")->write_only);
    assert_true(guard_of(looked.survey, "csc")->write_only);
    const struct csc_guard *key = guard_of(looked.survey, "the signing key");
    const struct csc_guard *ledger = guard_of(looked.survey, "the ledger");
    const struct csc_guard *none = guard_of(looked.survey, "what is not there");
    assert_true(key->write_only && !ledger->write_only);
    assert_true(holds(key, folder_path(*state, "a/deep/f.c")));
    assert_true(holds(key, folder_path(*state, "a/deep")));
    assert_true(holds(key, folder_path(*state, "a")));
    assert_true(holds(key, folder_path(*state, "links"))); /* where the symlink lies */
    assert_true(holds(key, *state));
    assert_true(holds(key, "/"));
    assert_false(holds(key, folder_path(*state, "a/deep/x")));
    assert_false(holds(key, folder_path(*state, "cwd")));
    assert_true(holds(ledger, folder_path(*state, "a")));
    assert_false(holds(ledger, folder_path(*state, "a/deep")));
    assert_true(holds(none, folder_path(*state, "cwd")));
    looked_end(&looked);
}

/* From a survey to a plan: a scope that holds the key, by whatever name. */
static void test_guards_hold(void **state)
{
    static const char *const reads[] = {"@/a/deep", "@/a/deep/f.c", "@/a/deep/*.c", "@/a/**", "@"};

    assert_int_equal(symlink("a/deep/f.c", folder_path(*state, "key")), 0);
    for (size_t i = 0; i < ARRAY_SIZE(reads); i++) {
        struct looked looked;
        struct csc_plan *plan = NULL;
        looked_begin(&looked, *state);
        const struct csc_protected key = {looked_path(&looked, "@/key"), "the signing key", false, false};
        looked.request.protected = &key;
        looked.request.protected_count = 1;
        looked_read(&looked, reads[i]);
        looked_must_take(&looked);
        assert_int_equal(csc_plan_make(&looked.request, looked.survey, &plan, &looked.refusal, &looked.err),
                         CSC_REFUSED);
        assert_non_null(strstr(looked.refusal.text, "holds the signing key"));
        looked_end(&looked);
    }
}

/* ---- the programs --------------------------------------------------------------------------------------------------
 */

static void test_bwrap(void **state)
{
    static const struct {
        const char *path;
        mode_t mode; /* of @/bwrap */
        const char *words;
    } cases[] = {
        {"@/bwrap", 0775, "can be written by others"},
        {"@/bwrap", 0757, "can be written by others"},
        {"@/a", 0755, "no regular file"},
        {"@/a/fifo", 0755, "no regular file"},
        {"@/none", 0755, "install the package bubblewrap"},
        {"@/a/f.txt/bwrap", 0755, "is not at"},
    };
    int before = count_fds();

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct looked looked;
        looked_begin(&looked, *state);
        looked.config.bwrap = looked_path(&looked, cases[i].path);
        assert_int_equal(chmod(folder_path(*state, "bwrap"), cases[i].mode), 0);
        looked_must_refuse(&looked, CSC_REFUSAL_BOUNDARY, cases[i].words);
        assert_int_equal(count_fds(), before);
    }
}

static void test_bwrap_of_another_user(void **state)
{
    struct looked looked;

    if (geteuid() != 0)
        return; /* only root can give a file away */
    assert_int_equal(chown(folder_path(*state, "bwrap"), 65534, 0), 0);
    looked_begin(&looked, *state);
    looked_must_refuse(&looked, CSC_REFUSAL_BOUNDARY, "another user");
}

/* ---- the system -------------------------------------------------------------------------------------------------- */

static const struct csc_source *find_system(const struct looked *looked, const char *path)
{
    for (size_t i = 0; i < looked->survey->system.count; i++)
        if (strcmp(looked->survey->system.items[i].path, path) == 0)
            return &looked->survey->system.items[i];
    return NULL;
}

static void test_system(void **state)
{
    struct looked looked;

    looked_begin(&looked, *state);
    looked_must_take(&looked);
    const struct csc_survey *survey = looked.survey;
    assert_non_null(find_system(&looked, "/usr"));
    assert_null(find_system(&looked, "/etc/hosts"));
    assert_null(find_system(&looked, "/etc/resolv.conf"));
    for (size_t i = 0; i < survey->system.count; i++) {
        const struct csc_source *source = &survey->system.items[i];
        struct stat st;
        if (source->type == CSC_SOURCE_SYMLINK || !csc_path_has_prefix(source->path, "/etc"))
            continue;
        assert_int_equal(fstat(source->fd, &st), 0);
        if (!(st.st_mode & S_IROTH))
            fail_msg("'%s' is not for everyone", source->path);
    }
    for (size_t i = 0; i < survey->mask_count; i++) {
        assert_true(csc_path_has_prefix(survey->masks[i], "/proc"));
        assert_int_equal(access(survey->masks[i], F_OK), 0);
    }
    assert_int_equal(survey->uid, geteuid());
    assert_string_equal(survey->bwrap, looked.config.bwrap);
    looked_end(&looked);
}

static void test_system_with_network(void **state)
{
    struct looked looked;
    char byte;

    looked_begin(&looked, *state);
    looked.command.network = CSC_NETWORK_FULL;
    looked_must_take(&looked);
    const struct csc_source *hosts = find_system(&looked, "/etc/hosts");
    if (access("/etc/hosts", R_OK) == 0) {
        assert_non_null(hosts);
        assert_true(hosts->is_copied);
        assert_true(read(hosts->fd, &byte, 1) >= 0);
    }
    looked_end(&looked);
}

static void test_configured_system(void **state)
{
    static const struct {
        const char *path, *words; /* words: refused */
    } cases[] = {
        {"@/a", NULL},
        {"@/a/f.txt", NULL},
        {"@/none", "No such file"},
        {"@/link", NULL}, /* shown as the symlink that it is */
        {"@/link/f.txt", "symlink"},
        {"/etc/shadow", "not everyone"},
    };
    int before = count_fds();

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct looked looked;
        looked_begin(&looked, *state);
        looked_system(&looked, cases[i].path);
        if (cases[i].words) {
            looked_must_refuse(&looked, CSC_REFUSAL_BOUNDARY, cases[i].words);
        } else {
            looked_must_take(&looked);
            assert_non_null(find_system(&looked, looked.system[0]));
        }
        looked_end(&looked);
        assert_int_equal(count_fds(), before);
    }
}

static void test_closed_standard_descriptors(void **state)
{
    struct looked looked;
    int saved = fcntl(0, F_DUPFD_CLOEXEC, 10);

    looked_begin(&looked, *state);
    looked_read(&looked, "@/a");
    (void)close(0);
    looked_must_take(&looked);
    assert_true(fcntl(0, F_GETFD) < 0);
    check_sources(&looked.survey->reads);
    assert_true(looked.survey->cwd.fd > 2 && looked.survey->init.fd > 2);
    looked_end(&looked);
    if (saved >= 0) {
        assert_int_equal(dup2(saved, 0), 0);
        (void)close(saved);
    }
}

#define TREE_TEST(function) cmocka_unit_test_setup_teardown(function, make_tree, remove_tree)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TREE_TEST(test_scopes),
        TREE_TEST(test_the_text_of_a_symlink),
        TREE_TEST(test_an_exchanged_folder),
        TREE_TEST(test_cwd),
        TREE_TEST(test_many),
        TREE_TEST(test_too_many),
        TREE_TEST(test_guards),
        TREE_TEST(test_guards_hold),
        TREE_TEST(test_bwrap),
        TREE_TEST(test_bwrap_of_another_user),
        TREE_TEST(test_system),
        TREE_TEST(test_system_with_network),
        TREE_TEST(test_configured_system),
        TREE_TEST(test_closed_standard_descriptors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
