/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is written into groups, and read from them, where they are plain files. mkdirat() and unlinkat() are this file's
 * own and do what the kernel does in a control group: files come and go with the folder.
 */
#include "unit/sandbox/groups.h"

/* Of every new group; a name that ends in '/' is a folder, which can't be written. */
static const char *const *group_files;

int mkdirat(int dir, const char *path, mode_t mode)
{
    long r = syscall(SYS_mkdirat, dir, path, mode);
    int folder = r < 0 ? -1 : openat(dir, path, O_PATH | O_CLOEXEC);

    for (const char *const *file = group_files; folder >= 0 && file && *file; file++) {
        if (strchr(*file, '/'))
            assert_return_code(syscall(SYS_mkdirat, folder, *file, 0755), errno);
        else
            (void)close(openat(folder, *file, O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
    }
    if (folder >= 0)
        (void)close(folder);
    return (int)r;
}

int unlinkat(int dir, const char *path, int flags)
{
    int folder = (flags & AT_REMOVEDIR) ? openat(dir, path, O_PATH | O_CLOEXEC) : -1;

    for (const char *const *file = group_files; folder >= 0 && file && *file; file++)
        (void)syscall(SYS_unlinkat, folder, *file, strchr(*file, '/') ? AT_REMOVEDIR : 0);
    if (folder >= 0)
        (void)close(folder);
    return (int)syscall(SYS_unlinkat, dir, path, flags);
}

struct create_case {
    const char *title;
    const struct place_case *place;
    struct csc_cgroup_limits limits;
    const char *missing;            /* a file that new groups lack; with '/': that can't be written */
    struct file written[FILES_MAX]; /* X: the group's folder */
    const char *error;              /* part of the text */
    size_t groups;
};

static const struct create_case create_cases[] = {
    {"version 2",
     &unified,
     {1 << 20, 7, 150},
     "",
     {{"v2/a/X/memory.max", "1048576"},
      {"v2/a/X/memory.swap.max", "0"},
      {"v2/a/X/memory.oom.group", "1"},
      {"v2/a/X/pids.max", "7"},
      {"v2/a/X/cpu.max", "150000 100000"}},
     NULL,
     1},
    {"version 2, only processes",
     &unified,
     {0, 7, 0},
     "",
     {{"v2/a/X/pids.max", "7"}, {"v2/a/X/memory.max", ""}, {"v2/a/X/cpu.max", ""}},
     NULL,
     1},
    {"no limit at all", &unified, {0, 0, 0}, "", {{NULL, NULL}}, NULL, 0},
    {"a kernel without swap", &unified, {4096, 0, 0}, "memory.swap.max", {{"v2/a/X/memory.max", "4096"}}, NULL, 1},
    {"a kernel without oom.group",
     &unified,
     {4096, 0, 0},
     "memory.oom.group",
     {{"v2/a/X/memory.max", "4096"}},
     NULL,
     1},
    {"swap that cannot be limited",
     &unified,
     {4096, 0, 0},
     "memory.swap.max/",
     {{NULL, NULL}},
     "memory.swap.max (cgroup v2) cannot be set to 0",
     0},
    {"no memory.max",
     &unified,
     {4096, 7, 0},
     "memory.max",
     {{NULL, NULL}},
     "memory.max (cgroup v2) cannot be set to 4096",
     0},
    {"no pids.max", &unified, {4096, 7, 0}, "pids.max", {{NULL, NULL}}, "pids.max (cgroup v2) cannot be set to 7", 0},
    {"no cpu.max",
     &unified,
     {0, 0, 50},
     "cpu.max",
     {{NULL, NULL}},
     "cpu.max (cgroup v2) cannot be set to 50000 100000",
     0},
    {"no cgroup.procs", &unified, {4096, 7, 0}, "cgroup.procs", {{NULL, NULL}}, "cgroup.procs (cgroup v2) cannot", 0},
    {"version 1",
     &separate,
     {1 << 20, 7, 0},
     "",
     {{"memory/X/memory.limit_in_bytes", "1048576"},
      {"memory/X/memory.memsw.limit_in_bytes", "1048576"},
      {"pids/X/pids.max", "7"}},
     NULL,
     2},
    {"version 1, without swap",
     &separate,
     {4096, 0, 0},
     "memory.memsw.limit_in_bytes",
     {{"memory/X/memory.limit_in_bytes", "4096"}},
     NULL,
     1},
    {"version 1, the second fails",
     &separate,
     {4096, 7, 0},
     "pids.max",
     {{NULL, NULL}},
     "pids.max (cgroup v1) cannot",
     0},
    {"no place", &separate, {0, 0, 50}, "", {{NULL, NULL}}, "no control group can hold", 0},
};

/* What the kernel has in a group, less `missing`. */
static void choose_group_files(const char *missing)
{
    static const char *const all[] = {"cgroup.procs",
                                      "memory.max",
                                      "memory.swap.max",
                                      "memory.oom.group",
                                      "pids.max",
                                      "cpu.max",
                                      "memory.limit_in_bytes",
                                      "memory.memsw.limit_in_bytes",
                                      "memory.events",
                                      "memory.oom_control",
                                      "pids.events"};
    static const char *chosen[ARRAY_SIZE(all) + 1];
    size_t count = 0, size = strcspn(missing, "/");

    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        bool is_missing = strlen(all[i]) == size && strncmp(all[i], missing, size) == 0;
        if (!is_missing || missing[size])
            chosen[count++] = is_missing ? missing : all[i];
    }
    chosen[count] = NULL;
    group_files = chosen;
}

/* "memory/X/FILE" with the group's name for X. */
static const char *in_group(const char *folder, const char *path, int number)
{
    const char *x = strstr(path, "/X/");
    char name[200];

    (void)snprintf(name, sizeof(name), "%.*s/csc-%d-%d/%s", (int)(x - path), path, (int)getpid(), number, x + 3);
    return folder_path(folder, name);
}

static void expect_written(const char *folder, const struct create_case *c)
{
    for (size_t i = 0; i < FILES_MAX && c->written[i].path; i++) {
        char text[64] = "";
        int fd = open(in_group(folder, c->written[i].path, 0), O_RDONLY | O_CLOEXEC);
        if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0 || strcmp(text, c->written[i].text) != 0)
            fail_msg("%s: %s: %s", c->title, c->written[i].path, text);
        (void)close(fd);
    }
}

static int count_groups(const char *folder, const struct place_case *place)
{
    if (place == &unified)
        return folder_count(folder_path(folder, "v2/a")) - 4;
    return folder_count(folder_path(folder, "memory")) + folder_count(folder_path(folder, "pids"));
}

static void test_create(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(create_cases); i++) {
        const struct create_case *c = &create_cases[i];
        struct csc_cgroup_places places;
        struct csc_cgroup *cgroup = NULL;
        struct csc_error err = {0};
        size_t count = 0;
        char *folder = folder_create();

        build(folder, c->place);
        find(folder, &places);
        choose_group_files(c->missing);
        int r = csc_cgroup_create(&places, &c->limits, &cgroup, &err);
        csc_cgroup_places_close(&places); /* the groups need them no longer */
        if (r != (c->error ? -CSC_E_CONFIG : 0) || (c->error && !strstr(err.text, c->error)))
            fail_msg("%s: %d, %s", c->title, r, err.text);
        assert_true((cgroup == NULL) == (r < 0));
        assert_int_equal(count_groups(folder, c->place), c->groups);
        if (cgroup)
            (void)csc_cgroup_entries(cgroup, &count);
        assert_int_equal(count, c->groups);
        expect_written(folder, c);
        csc_cgroup_free(cgroup);
        assert_int_equal(count_groups(folder, c->place), 0);
        group_files = NULL;
        folder_remove(folder);
    }
}

static void test_entries(void **state)
{
    const struct csc_cgroup_limits limits = {4096, 7, 0};
    struct csc_cgroup_places places;
    struct csc_cgroup *first = NULL, *second = NULL;
    size_t count = 0;
    char *folder = folder_create(), text[8] = "";

    (void)state;
    build(folder, &separate);
    find(folder, &places);
    choose_group_files("");
    assert_int_equal(csc_cgroup_create(&places, &limits, &first, NULL), 0);
    assert_int_equal(csc_cgroup_create(&places, &limits, &second, NULL), 0);
    const int *entries = csc_cgroup_entries(second, &count);
    assert_int_equal(count, 2);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(fcntl(entries[i], F_GETFD), FD_CLOEXEC);
        assert_int_equal(write(entries[i], "0", 1), 1);
        int fd = open(in_group(folder, i == 0 ? "memory/X/cgroup.procs" : "pids/X/cgroup.procs", 1),
                      O_RDONLY | O_CLOEXEC);
        assert_int_equal(read(fd, text, sizeof(text)), 1);
        assert_int_equal(text[0], '0');
        (void)close(fd);
    }
    csc_cgroup_free(first);
    assert_int_equal(count_groups(folder, &separate), 2);
    csc_cgroup_free(second);
    assert_int_equal(count_groups(folder, &separate), 0);
    csc_cgroup_places_close(&places);
    group_files = NULL;
    folder_remove(folder);
}

/* Memory by the one version, processes by the other. */
static const struct place_case mixed = {"",
                                        "8:pids:/\n0::/a/b\n",
                                        PIDS UNIFIED,
                                        {DELEGATED("v2/a", "memory"), LEAF("v2/a/b", "domain"), {"pids/", ""}},
                                        {NOWHERE, NOWHERE, NOWHERE}};
static const struct place_case mixed_other_way = {
    "",
    "4:memory:/\n0::/a/b\n",
    MEMORY UNIFIED,
    {DELEGATED("v2/a", "pids"), LEAF("v2/a/b", "domain"), {"memory/", ""}},
    {NOWHERE, NOWHERE, NOWHERE}};

static void test_birthplace(void **state)
{
    static const struct {
        const struct place_case *place;
        const char *procs; /* of the birthplace; NULL: there is none */
        size_t entry;
    } cases[] = {
        {&unified, "v2/a/X/cgroup.procs", 0},
        {&separate, NULL, 0},
        {&mixed, "v2/a/X/cgroup.procs", 0},
        {&mixed_other_way, "v2/a/X/cgroup.procs", 1},
    };
    const struct csc_cgroup_limits limits = {4096, 7, 0};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct csc_cgroup_places places;
        struct csc_cgroup *cgroup = NULL;
        struct stat there, entered;
        size_t count = 0, entry = SIZE_MAX;
        char *folder = folder_create();

        build(folder, cases[i].place);
        find(folder, &places);
        choose_group_files("");
        assert_int_equal(csc_cgroup_create(&places, &limits, &cgroup, NULL), 0);
        int birthplace = csc_cgroup_birthplace(cgroup, &entry);
        if ((birthplace >= 0) != (cases[i].procs != NULL) || (cases[i].procs && entry != cases[i].entry))
            fail_msg("case %zu: %d, entry %zu", i, birthplace, entry);
        if (cases[i].procs) {
            const int *entries = csc_cgroup_entries(cgroup, &count);
            assert_int_equal(fstat(entries[entry], &entered), 0);
            assert_int_equal(stat(in_group(folder, cases[i].procs, 0), &there), 0);
            assert_int_equal(entered.st_ino, there.st_ino);
            assert_int_equal(fstatat(birthplace, "cgroup.procs", &there, 0), 0);
            assert_int_equal(entered.st_ino, there.st_ino);
            assert_int_equal(fcntl(birthplace, F_GETFD), FD_CLOEXEC);
        }
        csc_cgroup_free(cgroup);
        csc_cgroup_places_close(&places);
        group_files = NULL;
        folder_remove(folder);
    }
}

static void test_events(void **state)
{
    static const struct {
        const struct place_case *place;
        struct file files[2];
        struct csc_cgroup_limits limits;
        int64_t memory_kills, forks_failed;
    } cases[] = {
        {&unified,
         {{"v2/a/X/memory.events", "low 0\nmax 9\noom 3\noom_kill 2\noom_group_kill 1\n"},
          {"v2/a/X/pids.events", "max 5\n"}},
         {4096, 7, 0},
         2,
         5},
        {&unified, {{"v2/a/X/memory.events", "oom_kill_x 4\n"}, {"v2/a/X/pids.events", ""}}, {4096, 7, 0}, 0, 0},
        {&unified, {{"v2/a/X/memory.events", "oom_kill 2\n"}, {"v2/a/X/pids.events", "max 5\n"}}, {0, 7, 0}, 0, 5},
        {&separate,
         {{"memory/X/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n"},
          {"pids/X/pids.events", "max 12345678901\n"}},
         {4096, 7, 0},
         1,
         12345678901},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct csc_cgroup_places places;
        struct csc_cgroup *cgroup = NULL;
        struct csc_cgroup_events events;
        char *folder = folder_create();

        build(folder, cases[i].place);
        find(folder, &places);
        choose_group_files("");
        assert_int_equal(csc_cgroup_create(&places, &cases[i].limits, &cgroup, NULL), 0);
        for (size_t j = 0; j < ARRAY_SIZE(cases[i].files); j++) {
            const char *path = in_group(folder, cases[i].files[j].path, 0);
            folder_write(folder, path + strlen(folder) + 1, cases[i].files[j].text);
        }
        csc_cgroup_read_events(cgroup, &events);
        if (events.memory_kills != cases[i].memory_kills || events.forks_failed != cases[i].forks_failed)
            fail_msg("case %zu: %lld, %lld", i, (long long)events.memory_kills, (long long)events.forks_failed);
        csc_cgroup_free(cgroup);
        csc_cgroup_places_close(&places);
        group_files = NULL;
        folder_remove(folder);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_create),
        cmocka_unit_test(test_entries),
        cmocka_unit_test(test_birthplace),
        cmocka_unit_test(test_events),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
