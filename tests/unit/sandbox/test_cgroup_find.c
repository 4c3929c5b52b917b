/* SPDX-License-Identifier: Apache-2.0 */
/* Where groups are made: every layout of hierarchies, and what stands in the way. */
#include <fcntl.h>
#include <sys/file.h>

#include "unit/sandbox/groups.h"

enum { NOBODY = 65534 };

static const struct place_case place_cases[] = {
    {"systemd, version 2",
     "0::/a/b\n",
     OTHERS UNIFIED,
     {DELEGATED("v2/a", "cpu io memory pids"), LEAF("v2/a/b", "domain")},
     {IN2("v2/a"), IN2("v2/a"), IN2("v2/a")}},
    {"only what is delegated",
     "0::/a/b\n",
     UNIFIED,
     {DELEGATED("v2/a", "pids"), LEAF("v2/a/b", "domain")},
     {NOWHERE, IN2("v2/a"), NOWHERE}},
    {"whole words",
     "0::/a/b\n",
     UNIFIED,
     {DELEGATED("v2/a", "cpuset memoryx hugepids"), LEAF("v2/a/b", "domain")},
     {NOWHERE, NOWHERE, NOWHERE}},
    {"below the root",
     "0::/b\n",
     UNIFIED,
     {{"v2/cgroup.subtree_control", "memory\n"}, {"v2/cgroup.procs", ""}, LEAF("v2/b", "domain")},
     {IN2("v2"), NOWHERE, NOWHERE}},
    {"a threaded group",
     "0::/a/b\n",
     UNIFIED,
     {DELEGATED("v2/a", "pids"), LEAF("v2/a/b", "threaded")},
     {NOWHERE, NOWHERE, NOWHERE}},
    {"the root of threaded ones",
     "0::/a/b\n",
     UNIFIED,
     {DELEGATED("v2/a", "pids"), LEAF("v2/a/b", "domain threaded")},
     {NOWHERE, NOWHERE, NOWHERE}},
    {"in the root, where they are",
     "0::/\n",
     UNIFIED,
     {{"v2/cgroup.subtree_control", "memory pids cpu\n"}, {"v2/cgroup.procs", ""}},
     {IN2("v2"), IN2("v2"), IN2("v2")}},
    {"in the root, where they could be",
     "0::/\n",
     UNIFIED,
     {{"v2/cgroup.subtree_control", ""}, {"v2/cgroup.procs", ""}, {"v2/cgroup.controllers", "cpu memory pids\n"}},
     {IN2("v2"), IN2("v2"), NOWHERE}},
    {"in the root, without any",
     "0::/\n",
     UNIFIED,
     {{"v2/cgroup.subtree_control", ""}, {"v2/cgroup.procs", ""}, {"v2/cgroup.controllers", "hugetlb\n"}},
     {NOWHERE, NOWHERE, NOWHERE}},
    {"a parent is not changed",
     "0::/a/b\n",
     UNIFIED,
     {DELEGATED("v2/a", ""), {"v2/a/cgroup.controllers", "memory pids\n"}, LEAF("v2/a/b", "domain")},
     {NOWHERE, NOWHERE, NOWHERE}},
    {"a container: our group is all that is seen",
     "0::/\n",
     "30 23 # / @/outside/v2 rw - cgroup2 cgroup2 rw\n",
     {DELEGATED("outside", "memory pids"), DELEGATED("outside/v2", "memory pids")},
     {NOWHERE, NOWHERE, NOWHERE}},
    {"a container without a namespace",
     "0::/d/x/b/c\n",
     "30 23 # /d/x @/v2 rw - cgroup2 cgroup2 rw\n",
     {DELEGATED("v2/b", "memory pids"), LEAF("v2/b/c", "domain")},
     {IN2("v2/b"), IN2("v2/b"), NOWHERE}},
    {"a mount of another group",
     "0::/d/xy/c\n",
     "30 23 # /d/x @/v2 rw - cgroup2 cgroup2 rw\n",
     {DELEGATED("v2/y", "memory pids"), LEAF("v2/y/c", "domain")},
     {NOWHERE, NOWHERE, NOWHERE}},
    {"a parent without cgroup.procs",
     "0::/a/b\n",
     UNIFIED,
     {{"v2/a/cgroup.subtree_control", "memory pids\n"}, LEAF("v2/a/b", "domain")},
     {NOWHERE, NOWHERE, NOWHERE}},
    {"a group that is gone",
     "0::/a/b (deleted)\n",
     UNIFIED,
     {DELEGATED("v2/a", "memory pids"), LEAF("v2/a/b", "domain")},
     {NOWHERE, NOWHERE, NOWHERE}},
    {"outside of the namespace",
     "0::/../a/b\n",
     UNIFIED,
     {DELEGATED("v2/a", "memory pids"), LEAF("v2/a/b", "domain")},
     {NOWHERE, NOWHERE, NOWHERE}},
    {"a symlink for a group",
     "0::/a/b\n",
     UNIFIED,
     {DELEGATED("v2/real", "memory pids"), LEAF("v2/real/b", "domain"), {"v2/a", "->real"}},
     {NOWHERE, NOWHERE, NOWHERE}},
    {"version 1",
     "9:name=systemd:/\n8:pids:/p\n4:memory:/m/n\n0::/\n",
     MEMORY PIDS,
     {{"memory/m/n/", ""}, {"pids/p/", ""}},
     {IN1("memory/m/n"), IN1("pids/p"), NOWHERE}},
    {"version 1, controllers together",
     "4:memory,cpu,pids:/m\n",
     "31 23 # / @/v1 rw - cgroup cgroup rw,cpu,memory,pids\n",
     {{"v1/m/", ""}},
     {IN1("v1/m"), IN1("v1/m"), NOWHERE}},
    {"version 1, with cpuset",
     "4:memory,cpuset:/m\n",
     "31 23 # / @/v1 rw - cgroup cgroup rw,cpuset,memory\n",
     {{"v1/m/", ""}},
     {NOWHERE, NOWHERE, NOWHERE}},
    {"version 1, a name is no controller",
     "4:memory:/m\n5:name=memory:/m\n",
     "31 23 # / @/v1 rw - cgroup cgroup rw,name=memory\n",
     {{"v1/m/", ""}},
     {NOWHERE, NOWHERE, NOWHERE}},
    {"version 1, mounted twice",
     "4:memory:/m/n\n",
     "31 23 # /x @/x rw - cgroup cgroup rw,memory\n" MEMORY,
     {{"x/m/n/", ""}, {"memory/m/n/", ""}},
     {IN1("memory/m/n"), NOWHERE, NOWHERE}},
    {"both versions",
     "8:pids:/p\n4:memory:/m\n0::/a/b\n",
     MEMORY PIDS UNIFIED,
     {{"memory/m/", ""}, {"pids/p/", ""}, DELEGATED("v2/a", "pids"), LEAF("v2/a/b", "domain")},
     {IN1("memory/m"), IN2("v2/a"), NOWHERE}},
    {"a blank in a path",
     "4:memory:/m n:o\n",
     "31 23 # / @/a\\040b\\134 rw - cgroup cgroup rw,memory\n",
     {{"a b\\/m n:o/", ""}},
     {IN1("a b\\/m n:o"), NOWHERE, NOWHERE}},
    {"an escape that is none",
     "4:memory:/\n",
     "31 23 # / @/a\\04 rw - cgroup cgroup rw,memory\n",
     {{"a\\04/", ""}},
     {NOWHERE, NOWHERE, NOWHERE}},
    {"an escaped end",
     "4:memory:/\n",
     "31 23 # / @/a\\000b rw - cgroup cgroup rw,memory\n",
     {{"a/", ""}},
     {NOWHERE, NOWHERE, NOWHERE}},
    {"another device than the kernel says",
     "4:memory:/\n",
     "31 23 0:0 / @/memory rw - cgroup cgroup rw,memory\n",
     {{"memory/", ""}},
     {NOWHERE, NOWHERE, NOWHERE}},
    {"no control group",
     "4:memory:/\n",
     "31 23 # / @/memory rw - tmpfs cgroup rw,memory\n",
     {{"memory/", ""}},
     {NOWHERE, NOWHERE, NOWHERE}},
    {"a mount that is not there", "4:memory:/\n", MEMORY, {{"other/", ""}}, {NOWHERE, NOWHERE, NOWHERE}},
    {"a group that is not there", "4:memory:/m\n", MEMORY, {{"memory/", ""}}, {NOWHERE, NOWHERE, NOWHERE}},
    {"other lines",
     "x\n:\n4:memory\n4:memory:m\n4:memory:/m\n\n",
     "\n31\n31 23 # / @/bad rw - cgroup\n31 23 # / @/bad rw cgroup cgroup rw,memory\n31 23 #x / @/bad rw - cgroup c "
     "rw,memory\n"
     "31 23 # / bad rw - cgroup c rw,memory\n31 23 # bad / rw - cgroup c rw,memory\n" MEMORY,
     {{"bad/m/", ""}, {"memory/m/", ""}},
     {IN1("memory/m"), NOWHERE, NOWHERE}},
    {"optional fields, an empty source",
     "4:memory:/\n",
     "31 23 # / @/memory rw shared:1 master:2 propagate_from:3 - cgroup  rw,memory\n",
     {{"memory/", ""}},
     {IN1("memory"), NOWHERE, NOWHERE}},
    {"in no group",
     "",
     MEMORY PIDS UNIFIED,
     {{"memory/", ""}, {"pids/", ""}, {"v2/", ""}},
     {NOWHERE, NOWHERE, NOWHERE}},
    {"nothing is mounted", "4:memory:/\n", "", {{"memory/", ""}}, {NOWHERE, NOWHERE, NOWHERE}},
};

static bool same_folder(int fd, const char *path)
{
    struct stat a, b;

    if (!path)
        return fd == -1;
    return fd >= 0 && fstat(fd, &a) == 0 && stat(path, &b) == 0 && a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

static void test_places(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(place_cases); i++) {
        const struct place_case *c = &place_cases[i];
        struct csc_cgroup_places places;
        char *folder = folder_create();

        build(folder, c);
        find(folder, &places);
        for (size_t j = 0; j < CSC_CONTROLLER_COUNT; j++) {
            const char *path = c->places[j].folder ? folder_path(folder, c->places[j].folder) : NULL;
            if (places.holder[j] != c->places[j].holder || !same_folder(places.folder[j], path))
                fail_msg("%s: controller %zu: %s", c->title, j, csc_holder_names[places.holder[j]]);
        }
        csc_cgroup_places_close(&places);
        assert_int_equal(places.folder[0], -1);
        folder_remove(folder);
    }
}

/* The files that decide whether a plain user may make a group and enter it. */
static void test_permissions(void **state)
{
    static const struct {
        const struct place_case *place;
        const char *path;
        bool memory, pids;
    } cases[] = {
        {&separate, "memory", false, true}, {&separate, "pids", true, false},
        {&unified, "v2/a", false, false},   {&unified, "v2/a/cgroup.procs", false, false},
        {&unified, "v2/a/b", true, true},
    };
    bool root = geteuid() == 0;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct csc_cgroup_places places;
        char *folder = folder_create(), command[PATH_MAX + 40];

        build(folder, cases[i].place);
        (void)snprintf(command, sizeof(command), "chown -R %d '%s'", NOBODY, folder);
        assert_int_equal(root ? system(command) : 0, 0); /* NOLINT(cert-env33-c): our own folder's name */
        assert_int_equal(chmod(folder_path(folder, cases[i].path), 0555), 0);
        assert_int_equal(root ? seteuid(NOBODY) : 0, 0);
        find(folder, &places);
        assert_int_equal(root ? seteuid(0) : 0, 0);
        if ((places.folder[CSC_CONTROLLER_MEMORY] >= 0) != cases[i].memory ||
            (places.folder[CSC_CONTROLLER_PIDS] >= 0) != cases[i].pids)
            fail_msg("without the right to write to %s", cases[i].path);
        csc_cgroup_places_close(&places);
        assert_int_equal(chmod(folder_path(folder, cases[i].path), 0755), 0);
        folder_remove(folder);
    }
}

static void test_controllers_are_enabled_in_the_root(void **state)
{
    static const struct place_case c = {"",
                                        "0::/\n",
                                        UNIFIED,
                                        {{"v2/cgroup.subtree_control", "memory\n"},
                                         {"v2/cgroup.procs", ""},
                                         {"v2/cgroup.controllers", "cpu memory pids\n"}},
                                        {NOWHERE, NOWHERE, NOWHERE}};
    struct csc_cgroup_places places;
    char *folder = folder_create(), text[32] = "";

    (void)state;
    build(folder, &c);
    find(folder, &places);
    csc_cgroup_places_close(&places);
    int fd = open(folder_path(folder, "v2/cgroup.subtree_control"), O_RDONLY | O_CLOEXEC);
    assert_int_equal(read(fd, text, sizeof(text) - 1), 7);
    assert_string_equal(text, "+pidsy\n"); /* over "memory\n" */
    (void)close(fd);
    folder_remove(folder);
}

static pid_t dead_process(void)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(0);
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    return pid;
}

static void test_stale_groups(void **state)
{
    struct csc_cgroup_places places;
    char *folder = folder_create();
    const int dead = (int)dead_process(), locked_pid = dead + 1;
    char names[7][64];

    (void)state;
    build(folder, &separate);
    (void)snprintf(names[0], sizeof(names[0]), "pids/csc-%d-0/", dead);
    (void)snprintf(names[1], sizeof(names[1]), "memory/csc-%d-12/", dead);
    (void)snprintf(names[2], sizeof(names[2]), "pids/csc-%d-0/", locked_pid);
    (void)snprintf(names[3], sizeof(names[3]), "pids/csc-%d-0x/", dead);
    (void)snprintf(names[4], sizeof(names[4]), "pids/csc-0%d-0/", dead);
    (void)snprintf(names[5], sizeof(names[5]), "pids/csc--%d-0/", dead);
    (void)snprintf(names[6], sizeof(names[6]), "pids/csc-%d-1/busy", dead);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        put(folder, names[i], "");
    /* Who lives holds a lock; by its number a process of another PID namespace would be taken for dead. */
    int locked = open(folder_path(folder, names[2]), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(flock(locked, LOCK_SH), 0);
    find(folder, &places);
    assert_int_equal(close(locked), 0);
    csc_cgroup_places_close(&places);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if ((access(folder_path(folder, names[i]), F_OK) == 0) != (i >= 2))
            fail_msg("%s", names[i]);
    folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_permissions),
        cmocka_unit_test(test_controllers_are_enabled_in_the_root),
        cmocka_unit_test(test_stale_groups),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
