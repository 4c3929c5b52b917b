/* SPDX-License-Identifier: Apache-2.0 */
/* The user namespaces of idmapped mounts: which ids they map, read from inside, and what a mount makes of them. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "sandbox/idmap.h"
#include "sandbox/tree.h"
#include "support/folder.h"

enum { SKIP = 77, LAST_ID = 0xfffffffe };

/* ---- what a namespace maps -----------------------------------------------------------------------------------------
 */

/* Of the lines of a map: what `id` inside is outside; -1: nothing, -2: it is there twice. */
static int64_t look_up(const char *lines, uint32_t id)
{
    int64_t found = -1;
    unsigned long inside, outside, count;

    for (const char *line = lines; sscanf(line, "%lu %lu %lu", &inside, &outside, &count) == 3;) {
        if (id >= inside && id - inside < count)
            found = found == -1 ? (int64_t)(outside + (id - inside)) : -2;
        line = strchr(line, '\n');
        if (!line)
            break;
        line++;
    }
    return found;
}

/* Whoever is in a namespace sees its map as it was written. */
static void read_map(int namespace, const char *file, char *ret_lines, size_t size)
{
    int ends[2], status = -1;
    ssize_t n;
    size_t used = 0;

    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        int fd = setns(namespace, CLONE_NEWUSER) == 0 ? open(file, O_RDONLY | O_CLOEXEC) : -1;
        n = fd < 0 ? -1 : read(fd, ret_lines, size - 1);
        _exit(n > 0 && write(ends[1], ret_lines, (size_t)n) == n ? 0 : 1);
    }
    (void)close(ends[1]);
    while ((n = read(ends[0], ret_lines + used, size - 1 - used)) > 0)
        used += (size_t)n;
    ret_lines[used] = '\0';
    (void)close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

/* Of the ids around those that are mapped, and of the first and last one. */
static void check_map(const char *lines, uint32_t owner, uint32_t id, size_t row)
{
    const uint32_t asked[] = {0, 1, owner - 1, owner + 1, id - 1, id + 1, 12345, LAST_ID};

    if (look_up(lines, owner) != (int64_t)id)
        fail_msg("row %zu: the owner %u is %" PRId64 " in\n%s", row, owner, look_up(lines, owner), lines);
    if (look_up(lines, id) != (int64_t)owner)
        fail_msg("row %zu: %u is %" PRId64 " in\n%s", row, id, look_up(lines, id), lines);
    for (size_t i = 0; i < ARRAY_SIZE(asked); i++)
        if (asked[i] <= LAST_ID && asked[i] != owner && asked[i] != id && look_up(lines, asked[i]) != asked[i])
            fail_msg("row %zu: %u is %" PRId64 " in\n%s", row, asked[i], look_up(lines, asked[i]), lines);
}

static void maps(void **state)
{
    static const struct csc_idmap rows[] = {
        {.owner_uid = 0, .uid = CSC_IDMAP_ID, .owner_gid = 0, .gid = CSC_IDMAP_ID},
        {.owner_uid = 1000, .uid = CSC_IDMAP_ID, .owner_gid = 100, .gid = CSC_IDMAP_ID},
        {.owner_uid = 2000, .uid = 1000, .owner_gid = 1, .gid = 2},
        {.owner_uid = CSC_IDMAP_ID, .uid = CSC_IDMAP_ID, .owner_gid = 0, .gid = CSC_IDMAP_ID},
        {.owner_uid = 1000, .uid = 1001, .owner_gid = 1001, .gid = 1000},
        {.owner_uid = LAST_ID, .uid = CSC_IDMAP_ID, .owner_gid = CSC_IDMAP_ID, .gid = LAST_ID},
    };
    char lines[4096];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        int namespace = csc_idmap_open(&rows[i]);
        if (namespace < 0)
            fail_msg("row %zu: %s", i, strerror(errno));
        assert_true((fcntl(namespace, F_GETFD) & FD_CLOEXEC) != 0);
        read_map(namespace, "/proc/self/uid_map", lines, sizeof(lines));
        check_map(lines, rows[i].owner_uid, rows[i].uid, i);
        read_map(namespace, "/proc/self/gid_map", lines, sizeof(lines));
        check_map(lines, rows[i].owner_gid, rows[i].gid, i);
        assert_int_equal(close(namespace), 0);
    }
}

/* The process that the namespace came with is gone, and nothing is left to be waited for. */
static void leaves_no_process(void **state)
{
    const struct csc_idmap map = {.uid = CSC_IDMAP_ID, .gid = CSC_IDMAP_ID};

    (void)state;
    int namespace = csc_idmap_open(&map);
    assert_true(namespace >= 0);
    assert_int_equal(waitpid(-1, NULL, WNOHANG | __WALL), -1);
    assert_int_equal(errno, ECHILD);
    assert_int_equal(close(namespace), 0);
}

/* ---- what a mount makes of it --------------------------------------------------------------------------------------
 */

static void owner_of(int folder, const char *name, uid_t *ret_uid, gid_t *ret_gid)
{
    struct stat st;

    assert_int_equal(fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW), 0);
    *ret_uid = st.st_uid;
    *ret_gid = st.st_gid;
}

static void mounts(void **state)
{
    const struct csc_idmap map = {.owner_uid = 1000, .uid = CSC_IDMAP_ID, .owner_gid = 1001, .gid = CSC_IDMAP_ID};
    static const struct {
        const char *name;
        uid_t uid, uid_seen;
        gid_t gid, gid_seen;
    } rows[] = {
        {"owner", 1000, CSC_IDMAP_ID, 1001, CSC_IDMAP_ID},
        {"other", 1002, 1002, 1002, 1002},
        {"root", 0, 0, 0, 0},
        {"namesake", CSC_IDMAP_ID, 1000, CSC_IDMAP_ID, 1001},
    };
    char *folder = folder_create();
    uid_t uid;
    gid_t gid;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        folder_write(folder, rows[i].name, "");
        assert_int_equal(chown(folder_path(folder, rows[i].name), rows[i].uid, rows[i].gid), 0);
    }
    int fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC), namespace = csc_idmap_open(&map);
    int tree = csc_tree_clone(fd);
    assert_true(fd >= 0 && namespace >= 0 && tree >= 0);
    int r = csc_tree_map(tree, namespace, true);
    if (r < 0 && errno == EINVAL)
        (void)printf("# SKIP: the file system of %s maps no owners\n", folder);
    else
        assert_int_equal(r, 0);
    for (size_t i = 0; i < ARRAY_SIZE(rows) && r == 0; i++) {
        owner_of(tree, rows[i].name, &uid, &gid);
        if (uid != rows[i].uid_seen || gid != rows[i].gid_seen)
            fail_msg("%s: %u:%u", rows[i].name, uid, gid);
        owner_of(fd, rows[i].name, &uid, &gid);
        assert_int_equal(uid, rows[i].uid); /* and the file system has what it had */
    }
    (void)close(tree);
    (void)close(namespace);
    (void)close(fd);
    folder_remove(folder);
}

/* A child that tries it by itself: what this machine lets nobody do is no fault of csc's. */
static bool may_make_namespaces(void)
{
    int status = -1;
    pid_t child = fork();

    if (child == 0)
        _exit(unshare(CLONE_NEWUSER) == 0 ? 0 : 1);
    return waitpid(child, &status, 0) == child && status == 0;
}

static bool has_all_ids(void)
{
    char text[64] = "";
    int fd = open("/proc/self/uid_map", O_RDONLY | O_CLOEXEC);
    ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

    (void)close(fd);
    return size > 0 && look_up(text, 0) == 0 && look_up(text, LAST_ID) == LAST_ID;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(maps),
        cmocka_unit_test(leaves_no_process),
        cmocka_unit_test(mounts),
    };

    if (geteuid() != 0 || !has_all_ids() || !may_make_namespaces()) {
        (void)fprintf(stderr, "SKIP: only root, with all ids, maps those of others\n");
        return SKIP;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
