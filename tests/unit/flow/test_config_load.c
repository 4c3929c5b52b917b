/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which file is the configuration, and which is believed. Threat: somebody else writes it, or has another one read.
 * Exits 77 where the place for temporary files could be changed by others: nothing in it can be believed.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "config.h"
#include "support/folder.h"

#define GOOD "config_version: csc.config.v0.1\ngrace_sec: 7\n"

enum { STRANGER = 65534 };

static bool ours_alone(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && (st.st_uid == 0 || st.st_uid == geteuid()) &&
           ((st.st_mode & 022) == 0 || (st.st_mode & S_ISVTX));
}

/* The folder and all above it; the path has no symlink in it. */
static bool is_good_place(const char *folder)
{
    char path[PATH_MAX];

    (void)snprintf(path, sizeof(path), "%s", folder);
    while (path[0]) {
        if (!ours_alone(path))
            return false;
        *strrchr(path, '/') = '\0';
    }
    return ours_alone("/");
}

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

/* Loads, and expects the code and a part of the text; 0: the file of this test. */
static void expect(const char *path, bool trusted, int code, const char *text)
{
    struct csc_config config = {0};
    struct csc_error err = {0};
    char found[PATH_MAX] = "";

    int r = csc_config_load(path, trusted, &config, found, &err);
    if (r != code || !strstr(err.text, text))
        fail_msg("%s: %d, '%s' instead of %d, '%s'", path, r, err.text, code, text);
    assert_string_equal(found, path);
    assert_int_equal(config.grace_sec, code == 0 ? 7 : 0);
    csc_config_free(&config);
}

static void test_modes(void **state)
{
    static const struct {
        mode_t folder, file;
        const char *refused; /* NULL: not */
    } cases[] = {
        {0700, 0600, NULL},          {0755, 0644, NULL},
        {0755, 0400, NULL},          {01777, 0644, NULL}, /* sticky: as /tmp */
        {01770, 0644, NULL},         {0755, 0664, "can write "},
        {0755, 0646, "can write "},  {0755, 0666, "/d/csc.yaml; chmod go-w '"},
        {01777, 0622, "can write "}, {0775, 0644, "/d; chmod go-w '"},
        {0757, 0644, "can write "},  {0777, 0600, "can write "},
        {02775, 0600, "can write "},
    };
    const char *folder = *state;

    assert_int_equal(mkdir(folder_path(folder, "d"), 0700), 0);
    folder_write(folder, "d/csc.yaml", GOOD);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const char *file = folder_path(folder, "d/csc.yaml");
        assert_int_equal(chmod(file, cases[i].file), 0);
        assert_int_equal(chmod(folder_path(folder, "d"), cases[i].folder), 0);
        expect(file, false, 0, "");
        expect(file, true, cases[i].refused ? -CSC_E_PERMISSION : 0, cases[i].refused ? cases[i].refused : "");
    }
}

/* A folder high above the file is as good as the file's own. */
static void test_folders_above(void **state)
{
    const char *folder = *state;

    assert_int_equal(mkdir(folder_path(folder, "a"), 0755), 0);
    assert_int_equal(mkdir(folder_path(folder, "a/b"), 0755), 0);
    assert_int_equal(mkdir(folder_path(folder, "a/b/c"), 0755), 0);
    folder_write(folder, "a/b/c/csc.yaml", GOOD);
    expect(folder_path(folder, "a/b/c/csc.yaml"), true, 0, "");
    assert_int_equal(chmod(folder_path(folder, "a"), 0777), 0);
    expect(folder_path(folder, "a/b/c/csc.yaml"), true, -CSC_E_PERMISSION, "/a; chmod go-w '");
    assert_int_equal(chmod(folder_path(folder, "a"), 0755), 0);

    /* Relative to a folder that was not looked at yet. */
    char before[PATH_MAX];
    assert_non_null(getcwd(before, sizeof(before)));
    assert_int_equal(chdir(folder_path(folder, "a/b")), 0);
    expect("c/csc.yaml", true, 0, "");
    expect("./c/../c//csc.yaml", true, 0, "");
    assert_int_equal(chmod(folder_path(folder, "a"), 0777), 0);
    expect("c/csc.yaml", true, -CSC_E_PERMISSION, "/a; chmod go-w '");
    assert_int_equal(chdir(before), 0);
}

static void test_symlinks(void **state)
{
    static const struct {
        const char *target, *name;
        int code;
        const char *text;
    } cases[] = {
        {"safe/csc.yaml", "link1", 0, ""},
        {"../safe/csc.yaml", "safe/link2", 0, ""},
        {"link1", "link3", 0, ""},
        {"../safe/csc.yaml", "open/link4", -CSC_E_PERMISSION, "/open; chmod go-w '"}, /* could be redirected */
        {"open/csc.yaml", "link5", -CSC_E_PERMISSION, "/open; chmod go-w '"},
        {"open/../safe/csc.yaml", "link6", -CSC_E_PERMISSION, "/open; chmod go-w '"},
        {"nowhere", "link7", -CSC_E_INPUT, "failed to read: No such file or directory"},
        {"link8", "link8", -CSC_E_INPUT, "failed to read: Too many levels of symbolic links"},
        {"safe", "link9", -CSC_E_INPUT, "failed to read: Is a directory"},
        {"safe/csc.yaml/", "link10", -CSC_E_INPUT, "failed to read: Not a directory"},
    };
    const char *folder = *state;

    assert_int_equal(mkdir(folder_path(folder, "safe"), 0755), 0);
    assert_int_equal(mkdir(folder_path(folder, "open"), 0777), 0);
    assert_int_equal(chmod(folder_path(folder, "open"), 0777), 0);
    folder_write(folder, "safe/csc.yaml", GOOD);
    folder_write(folder, "open/csc.yaml", GOOD);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_int_equal(symlink(cases[i].target, folder_path(folder, cases[i].name)), 0);
        expect(folder_path(folder, cases[i].name), true, cases[i].code, cases[i].text);
        expect(folder_path(folder, cases[i].name), false, cases[i].code == -CSC_E_PERMISSION ? 0 : cases[i].code,
               cases[i].code == -CSC_E_PERMISSION ? "" : cases[i].text);
    }
    assert_int_equal(symlink(folder_path(folder, "safe"), folder_path(folder, "absolute")), 0);
    expect(folder_path(folder, "absolute/csc.yaml"), true, 0, "");
}

static void test_no_regular_files(void **state)
{
    const char *folder = *state;

    assert_int_equal(mkfifo(folder_path(folder, "fifo"), 0600), 0);
    expect(folder_path(folder, "fifo"), true, -CSC_E_PERMISSION, "is no regular file");
    expect("/dev/null", true, -CSC_E_PERMISSION, "");
    expect(folder, true, -CSC_E_INPUT, "failed to read: Is a directory");
    expect(folder_path(folder, "none"), true, -CSC_E_INPUT, "failed to read: No such file or directory");
    expect(folder_path(folder, "fifo/x"), true, -CSC_E_INPUT, "failed to read: Not a directory");
    expect("", true, -CSC_E_INPUT, "failed to read: No such file or directory");
    expect("-", true, -CSC_E_PERMISSION, "is no regular file");
}

/* What another user owns, that user can change, whatever the mode says now. */
static void test_owners(void **state)
{
    static const char *const names[] = {"d/link", "d/csc.yaml", "d"};
    const char *folder = *state;

    if (geteuid() != 0) {
        print_message("# only root can give files away\n");
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        assert_int_equal(mkdir(folder_path(folder, "d"), 0755), 0);
        folder_write(folder, "d/csc.yaml", GOOD);
        assert_int_equal(symlink("csc.yaml", folder_path(folder, "d/link")), 0);
        expect(folder_path(folder, "d/link"), true, 0, "");
        assert_int_equal(lchown(folder_path(folder, names[i]), STRANGER, STRANGER), 0);
        expect(folder_path(folder, "d/link"), true, -CSC_E_PERMISSION, "belongs to uid 65534");
        expect(folder_path(folder, "d/link"), false, 0, "");
        assert_int_equal(unlink(folder_path(folder, "d/link")), 0);
        assert_int_equal(unlink(folder_path(folder, "d/csc.yaml")), 0);
        assert_int_equal(rmdir(folder_path(folder, "d")), 0);
    }
}

/* The same file, owned by root and read by another: root could change everything anyway. */
static void test_roots_file(void **state)
{
    const char *folder = *state;

    if (geteuid() != 0) {
        print_message("# only root can become somebody else\n");
        return;
    }
    folder_write(folder, "csc.yaml", GOOD);
    assert_int_equal(chmod(folder, 0755), 0);
    assert_int_equal(seteuid(STRANGER), 0);
    struct csc_config config = {0};
    struct csc_error err = {0};
    char found[PATH_MAX];
    int r = csc_config_load(folder_path(folder, "csc.yaml"), true, &config, found, &err);
    assert_int_equal(seteuid(0), 0);
    if (err.sys_errno == EACCES)
        print_message("# %s is closed to others\n", folder);
    else
        assert_int_equal(r, 0);
    csc_config_free(&config);
}

/* The first that is there counts, and no other, whatever is wrong with it. */
static void test_first(void **state)
{
    static const struct {
        const char *first;
        int code;
        const char *found;
    } cases[] = {
        {"none.yaml", 0, "good.yaml"},
        {"none/csc.yaml", 0, "good.yaml"},
        {"good.yaml/csc.yaml", 0, "good.yaml"},
        {"good.yaml", 0, "good.yaml"},
        {"broken.yaml", -CSC_E_DATA, "broken.yaml"},
        {"dangling", -CSC_E_INPUT, "dangling"},
        {"folder", -CSC_E_INPUT, "folder"},
    };
    const char *folder = *state;

    folder_write(folder, "good.yaml", GOOD);
    folder_write(folder, "broken.yaml", "config_version: [\n");
    assert_int_equal(symlink("gone", folder_path(folder, "dangling")), 0);
    assert_int_equal(mkdir(folder_path(folder, "folder"), 0700), 0);
    for (size_t i = 0; i < 2 * ARRAY_SIZE(cases); i++) {
        const char *const paths[] = {folder_path(folder, cases[i / 2].first), folder_path(folder, "good.yaml"), NULL};
        struct csc_config config = {0};
        struct csc_error err = {0};
        char found[PATH_MAX] = "";
        assert_int_equal(csc_config_load_first(paths, i % 2, &config, found, &err), cases[i / 2].code);
        assert_string_equal(found, folder_path(folder, cases[i / 2].found));
        csc_config_free(&config);
    }
}

static void test_none(void **state)
{
    const char *const paths[] = {folder_path(*state, "none"), NULL};
    struct csc_config config = {0};
    char found[PATH_MAX] = "unset";

    assert_int_equal(csc_config_load_first(paths, true, &config, found, NULL), 0);
    assert_string_equal(found, "");
    assert_int_equal(config.grace_sec, 5);
    csc_config_free(&config);
}

/* A folder that can't be searched may hold a configuration: it is not passed over. */
static void test_unsearchable(void **state)
{
    const char *folder = *state;

    if (geteuid() == 0) {
        print_message("# root may search every folder\n");
        return;
    }
    assert_int_equal(mkdir(folder_path(folder, "closed"), 0700), 0);
    folder_write(folder, "good.yaml", GOOD);
    assert_int_equal(chmod(folder_path(folder, "closed"), 0), 0);
    for (int trusted = 0; trusted < 2; trusted++) {
        const char *const paths[] = {folder_path(folder, "closed/csc.yaml"), folder_path(folder, "good.yaml"), NULL};
        struct csc_config config = {0};
        struct csc_error err = {0};
        char found[PATH_MAX] = "";
        assert_int_equal(csc_config_load_first(paths, trusted, &config, found, &err), -CSC_E_INPUT);
        assert_non_null(strstr(err.text, "Permission denied"));
    }
    assert_int_equal(chmod(folder_path(folder, "closed"), 0700), 0);
}

static void set_variable(const char *name, const char *value)
{
    assert_int_equal(value ? setenv(name, value, 1) : unsetenv(name), 0);
}

static void test_own_places(void **state)
{
    static const struct {
        const char *xdg, *home; /* '@': the folder of this test */
        const char *found;
    } cases[] = {
        {"@/xdg", "@/home", "xdg/csc/csc.yaml"},
        {NULL, "@/home", "home/.config/csc/csc.yaml"},
        {"", "@/home", "home/.config/csc/csc.yaml"},
        {"xdg", "@/home", "home/.config/csc/csc.yaml"}, /* relative: invalid, says XDG */
        {"@/none", "@/home", NULL},
        {NULL, NULL, NULL},
        {NULL, "home", NULL},
    };
    static const char *const folders[] = {"xdg", "xdg/csc", "home", "home/.config", "home/.config/csc"};
    const char *folder = *state;
    char before[PATH_MAX];

    if (access(CSC_CONFIG_SYSTEM, F_OK) == 0) {
        print_message("# this host has a %s\n", CSC_CONFIG_SYSTEM);
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
        assert_int_equal(mkdir(folder_path(folder, folders[i]), 0700), 0);
    folder_write(folder, "xdg/csc/csc.yaml", GOOD);
    folder_write(folder, "home/.config/csc/csc.yaml", GOOD);
    assert_non_null(getcwd(before, sizeof(before)));
    assert_int_equal(chdir(folder), 0);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const char *xdg = cases[i].xdg, *home = cases[i].home;
        struct csc_config config = {0};
        char found[PATH_MAX] = "unset";
        set_variable("XDG_CONFIG_HOME", xdg && xdg[0] == '@' ? folder_path(folder, xdg + 2) : xdg);
        set_variable("HOME", home && home[0] == '@' ? folder_path(folder, home + 2) : home);
        assert_int_equal(csc_config_load(NULL, true, &config, found, NULL), 0);
        assert_string_equal(found, cases[i].found ? folder_path(folder, cases[i].found) : "");
        assert_int_equal(config.grace_sec, cases[i].found ? 7 : 5);
        csc_config_free(&config);
    }
    assert_int_equal(chdir(before), 0);
}

static void test_long_paths(void **state)
{
    char path[PATH_MAX + 100], found[PATH_MAX];
    struct csc_config config = {0};

    (void)state;
    memset(path, 'a', sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    path[0] = '/';
    for (int trusted = 0; trusted < 2; trusted++)
        assert_int_equal(csc_config_load(path, trusted, &config, found, NULL), -CSC_E_INPUT);
    path[PATH_MAX - 1] = '\0';
    assert_int_equal(csc_config_load(path, true, &config, found, NULL), -CSC_E_INPUT);
    path[0] = 'a';
    assert_int_equal(csc_config_load(path, true, &config, found, NULL), -CSC_E_INPUT);
    if (access(CSC_CONFIG_SYSTEM, F_OK) == 0)
        return;
    path[0] = '/';
    set_variable("XDG_CONFIG_HOME", path);
    assert_int_equal(csc_config_load(NULL, true, &config, found, NULL), -CSC_E_INPUT);
    set_variable("XDG_CONFIG_HOME", NULL);
}

#define IN_FOLDER(function) cmocka_unit_test_setup_teardown(function, make_folder, drop_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_modes),
        IN_FOLDER(test_folders_above),
        IN_FOLDER(test_symlinks),
        IN_FOLDER(test_owners),
        IN_FOLDER(test_no_regular_files),
        IN_FOLDER(test_roots_file),
        IN_FOLDER(test_first),
        IN_FOLDER(test_none),
        IN_FOLDER(test_unsearchable),
        IN_FOLDER(test_own_places),
        cmocka_unit_test(test_long_paths),
    };
    char *folder = folder_create();
    bool good = is_good_place(folder);

    folder_remove(folder);
    if (!good) {
        (void)puts("SKIP: others can change the folder for temporary files, or what lies above it");
        return 77;
    }
    return cmocka_run_group_tests_name("config_load", tests, NULL, NULL);
}
