/* SPDX-License-Identifier: Apache-2.0 */
/* Output files: complete or not there, and never through a symlink. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/base.h"
#include "support/folder.h"

static int make_folder(void **state)
{
    *state = folder_create();
    return 0;
}

static int drop_folder(void **state)
{
    folder_remove(*state);
    return 0;
}

static void assert_content(const char *path, const char *expected)
{
    struct csc_buf bytes = {0};

    assert_int_equal(csc_read_input(path, 1 << 20, &bytes, NULL), 0);
    assert_string_equal(bytes.data, expected);
    csc_buf_free(&bytes);
}

/* Writes a file in one go. */
static int put(const char *path, const char *text, bool make_parent, bool replace, struct csc_error *err)
{
    _cleanup_file_ struct csc_file file = CSC_FILE_NONE;

    int r = csc_file_begin(&file, path, 0644, make_parent, err);
    if (r < 0)
        return r;
    return csc_file_commit(&file, text, strlen(text), replace, err);
}

static void refuses(const char *path, bool make_parent, const char *expected)
{
    struct csc_error err = {0};

    assert_int_equal(put(path, "x", make_parent, true, &err), -CSC_E_OUTPUT);
    assert_int_equal(err.code, CSC_E_OUTPUT);
    assert_non_null(strstr(err.text, expected));
}

static void a_file_appears_whole(void **state)
{
    const char *folder = *state, *path = folder_path(folder, "new");
    struct csc_file file = CSC_FILE_NONE;
    struct csc_error err = {0};
    struct stat st;
    mode_t mask = umask(022);

    assert_int_equal(csc_file_begin(&file, path, 0600, false, &err), 0);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(fcntl(file.fd, F_GETFD), FD_CLOEXEC);
    assert_int_equal(fcntl(file.dir, F_GETFD), FD_CLOEXEC);
    assert_int_equal(csc_file_reserve(&file, 1 << 16, &err), 0);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(csc_file_commit(&file, "text", 4, false, &err), 0);
    csc_file_drop(&file);
    csc_file_drop(&file);
    assert_content(path, "text");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, 4);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(folder_count(folder), 1);
    (void)umask(mask);
}

static void an_old_file_stays_until_the_new_one_is_whole(void **state)
{
    const char *folder = *state, *path = folder_path(folder, "target");
    struct csc_file file = CSC_FILE_NONE;
    struct csc_error err = {0};

    folder_write(folder, "target", "old");
    assert_int_equal(csc_file_begin(&file, path, 0644, false, &err), 0);
    assert_content(path, "old");
    csc_file_drop(&file);
    assert_content(path, "old");
    assert_int_equal(folder_count(folder), 1);
    assert_int_equal(put(path, "new", false, true, &err), 0);
    assert_content(path, "new");
    assert_int_equal(put(path, "newer", false, false, &err), -CSC_E_OUTPUT);
    assert_non_null(strstr(err.text, "target: exists already; choose another name"));
    assert_content(path, "new");
    assert_int_equal(folder_count(folder), 1);
}

static void folders_are_made_one_deep(void **state)
{
    const char *folder = *state;

    refuses(folder_path(folder, "out/receipt"), false, "cannot open the folder: No such file");
    assert_int_equal(put(folder_path(folder, "out/receipt"), "x", true, true, NULL), 0);
    assert_int_equal(put(folder_path(folder, "out2///receipt"), "x", true, true, NULL), 0);
    assert_content(folder_path(folder, "out2/receipt"), "x");
    refuses(folder_path(folder, "a/b/receipt"), true, "cannot open the folder");
    assert_int_equal(access(folder_path(folder, "a"), F_OK), -1);
    folder_write(folder, "plain", "x");
    refuses(folder_path(folder, "plain/receipt"), true, "Not a directory");
}

static void names_that_are_none(void **state)
{
    const char *folder = *state;
    char longer[300];

    refuses(folder_path(folder, ""), false, "names a folder; give a file name");
    refuses(folder_path(folder, "."), false, "names a folder");
    refuses(folder_path(folder, ".."), false, "names a folder");
    refuses("", false, "names a folder");
    refuses("/", false, "names a folder");
    memset(longer, 'n', sizeof(longer));
    longer[256] = '\0';
    refuses(folder_path(folder, longer), false, "File name too long");
    longer[255] = '\0';
    assert_int_equal(put(folder_path(folder, longer), "x", false, true, NULL), 0);
}

/* Relative to the working directory, without and with a folder. */
static void relative_names(void **state)
{
    const char *folder = *state;
    int here = open(".", O_PATH | O_CLOEXEC);

    assert_true(here >= 0);
    assert_int_equal(chdir(folder), 0);
    assert_int_equal(put("name", "1", false, true, NULL), 0);
    assert_int_equal(put("./out/name", "2", true, true, NULL), 0);
    assert_int_equal(fchdir(here), 0);
    (void)close(here);
    assert_content(folder_path(folder, "name"), "1");
    assert_content(folder_path(folder, "out/name"), "2");
}

/* Threat: what an earlier command left behind leads the runner elsewhere. */
static void no_symlink_is_followed(void **state)
{
    const char *folder = *state;

    assert_int_equal(mkdir(folder_path(folder, "real"), 0755), 0);
    assert_int_equal(mkdir(folder_path(folder, "real/sub"), 0755), 0);
    assert_int_equal(symlink("real", folder_path(folder, "link")), 0);
    assert_int_equal(symlink("nowhere", folder_path(folder, "dangling")), 0);
    refuses(folder_path(folder, "link/file"), true, "a symlink stands in the path");
    refuses(folder_path(folder, "link/sub/file"), true, "a symlink stands in the path");
    refuses(folder_path(folder, "dangling/file"), true, "a symlink stands in the path");
    refuses(folder_path(folder, "link/made/file"), true, "a symlink stands in the path");
    assert_int_equal(folder_count(folder_path(folder, "real")), 1); /* no folder was made there */
    assert_int_equal(access(folder_path(folder, "nowhere"), F_OK), -1);

    folder_write(folder, "real/target", "old");
    assert_int_equal(symlink("real/target", folder_path(folder, "file-link")), 0);
    refuses(folder_path(folder, "file-link"), true, "is a symlink; give the name of a regular file");
    refuses(folder_path(folder, "dangling"), true, "is a symlink");
    assert_content(folder_path(folder, "real/target"), "old");
}

/* A symlink that appears while the file is written is replaced, not followed. */
static void a_symlink_made_meanwhile(void **state)
{
    const char *folder = *state;
    struct csc_file file = CSC_FILE_NONE;
    struct stat st;

    folder_write(folder, "victim", "old");
    assert_int_equal(csc_file_begin(&file, folder_path(folder, "file"), 0644, false, NULL), 0);
    assert_int_equal(symlink("victim", folder_path(folder, "file")), 0);
    assert_int_equal(csc_file_commit(&file, "new", 3, true, NULL), 0);
    csc_file_drop(&file);
    assert_content(folder_path(folder, "victim"), "old");
    assert_int_equal(lstat(folder_path(folder, "file"), &st), 0);
    assert_true(S_ISREG(st.st_mode));
}

/* Replacing one of these by a file would break it for everybody. */
static void what_is_no_regular_file_is_not_replaced(void **state)
{
    const char *folder = *state;
    struct stat st;

    assert_int_equal(mkfifo(folder_path(folder, "fifo"), 0600), 0);
    refuses(folder_path(folder, "fifo"), false, "is a device, FIFO or socket");
    refuses("/dev/null", false, "is a device, FIFO or socket");
    assert_int_equal(stat("/dev/null", &st), 0);
    assert_true(S_ISCHR(st.st_mode));
    assert_int_equal(mkdir(folder_path(folder, "sub"), 0755), 0);
    refuses(folder_path(folder, "sub"), false, "is a folder");
}

/* In a child whose files may not grow beyond 4 KiB: what a full disk looks like. */
static int write_with_limit(const char *path)
{
    static char bytes[8192];
    const struct rlimit limit = {.rlim_cur = 4096, .rlim_max = 4096};
    struct csc_file file = CSC_FILE_NONE;
    struct csc_error err = {0};

    if (setrlimit(RLIMIT_FSIZE, &limit) < 0 || signal(SIGXFSZ, SIG_IGN) == SIG_ERR)
        return 1;
    if (csc_file_begin(&file, path, 0644, false, &err) < 0)
        return 2;
    int r = csc_file_commit(&file, bytes, sizeof(bytes), true, &err);
    csc_file_drop(&file);
    return r == -CSC_E_OUTPUT && err.sys_errno == EFBIG ? 0 : 3;
}

static void a_disk_that_is_full(void **state)
{
    const char *folder = *state, *path = folder_path(folder, "target");
    int status;

    folder_write(folder, "target", "old");
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(write_with_limit(path));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_content(path, "old");
    assert_int_equal(folder_count(folder), 1);
}

/* More than any file system has; those that cannot reserve at all say nothing. */
static void space_that_is_not_there(void **state)
{
    const char *folder = *state;
    struct csc_file file = CSC_FILE_NONE;
    struct csc_error err = {0};

    assert_int_equal(csc_file_begin(&file, folder_path(folder, "file"), 0644, false, &err), 0);
    bool can_reserve = fallocate(file.fd, 0, 0, 4096) == 0;
    int r = csc_file_reserve(&file, (size_t)1 << 61, &err);
    assert_int_equal(r, can_reserve ? -CSC_E_OUTPUT : 0);
    assert_true(!can_reserve || strstr(err.text, "file: cannot reserve 2305843009213693952 bytes"));
    csc_file_drop(&file);
    assert_int_equal(folder_count(folder), 0);
}

/* A command may clean the folder it runs in, or write where it should not: what is committed is ours all the same. */
static void a_temporary_file_removed_or_exchanged(void **state)
{
    const char *folder = *state;
    char path[512], moved[512], temporary[512];

    (void)snprintf(path, sizeof(path), "%s/out/target", folder);
    (void)snprintf(moved, sizeof(moved), "%s/moved", folder);
    for (int i = 0; i < 4; i++) {
        _cleanup_file_ struct csc_file file = CSC_FILE_NONE;
        struct csc_error err = {0};
        assert_int_equal(csc_file_begin(&file, path, 0644, true, &err), 0);
        (void)snprintf(temporary, sizeof(temporary), "out/%s", file.temporary);
        if (i < 3)
            assert_int_equal(unlinkat(file.dir, file.temporary, 0), 0);
        if (i == 1)
            folder_write(folder, temporary, "forged");
        if (i == 2)
            assert_int_equal(unlinkat(file.dir, file.name, 0) | rmdir(folder_path(folder, "out")), 0);
        if (i == 3)
            assert_int_equal(rename(folder_path(folder, "out"), moved), 0);
        assert_int_equal(csc_file_commit(&file, "ours", 4, i != 3, &err), 0);
        assert_content(path, "ours");
        assert_int_equal(folder_count(folder_path(folder, "out")), 1);
    }
    assert_int_equal(folder_count(moved), 1); /* the target of before, and no temporary file */
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, make_folder, drop_folder)
    const struct CMUnitTest tests[] = {
        TEST(a_file_appears_whole),
        TEST(an_old_file_stays_until_the_new_one_is_whole),
        TEST(folders_are_made_one_deep),
        TEST(names_that_are_none),
        TEST(relative_names),
        TEST(no_symlink_is_followed),
        TEST(a_symlink_made_meanwhile),
        TEST(what_is_no_regular_file_is_not_replaced),
        TEST(a_temporary_file_removed_or_exchanged),
        TEST(a_disk_that_is_full),
        TEST(space_that_is_not_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
