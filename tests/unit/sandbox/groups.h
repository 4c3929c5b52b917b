/* SPDX-License-Identifier: Apache-2.0 */
/* A /proc and hierarchies of control groups out of plain files, in a folder of the test's own. */
#ifndef CSC_TESTS_GROUPS_H
#define CSC_TESTS_GROUPS_H

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "sandbox/sandbox.h"
#include "support/folder.h"

enum { FILES_MAX = 12 };

/* Writes `text` to out; in it '@' is the folder, and '#' the device it lies on. */
static inline void expand(char out[8192], const char *folder, const char *text)
{
    struct stat st;
    size_t size = 0;

    assert_int_equal(stat(folder, &st), 0);
    for (; *text && size < 4096; text++) {
        if (*text == '@')
            size += (size_t)snprintf(out + size, 8192 - size, "%s", folder);
        else if (*text == '#')
            size += (size_t)snprintf(out + size, 8192 - size, "%u:%u", major(st.st_dev), minor(st.st_dev));
        else
            out[size++] = *text;
    }
    out[size] = '\0';
}

/* folder/path with all the folders on the way. A text "->X" makes a symlink; a path that ends in '/' is a folder. */
static inline void put(const char *folder, const char *path, const char *text)
{
    char part[PATH_MAX], expanded[8192];

    for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
        (void)snprintf(part, sizeof(part), "%s/%.*s", folder, (int)(slash - path), path);
        if (mkdir(part, 0755) < 0)
            assert_int_equal(errno, EEXIST);
    }
    if (path[strlen(path) - 1] == '/')
        return;
    if (strncmp(text, "->", 2) == 0) {
        assert_int_equal(symlink(text + 2, folder_path(folder, path)), 0);
        return;
    }
    expand(expanded, folder, text);
    folder_write(folder, path, expanded);
}

struct file {
    const char *path, *text;
};

struct expected {
    enum csc_holder holder;
    const char *folder;
};

struct place_case {
    const char *title, *cgroup, *mountinfo;
    struct file files[FILES_MAX];
    struct expected places[CSC_CONTROLLER_COUNT];
};

#define NOWHERE                                                                                                        \
    {                                                                                                                  \
        CSC_HOLDER_NONE, NULL                                                                                          \
    }
#define IN1(folder_)                                                                                                   \
    {                                                                                                                  \
        CSC_HOLDER_CGROUP1, folder_                                                                                    \
    }
#define IN2(folder_)                                                                                                   \
    {                                                                                                                  \
        CSC_HOLDER_CGROUP2, folder_                                                                                    \
    }
#define UNIFIED "30 23 # / @/v2 rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
#define MEMORY "31 23 # / @/memory rw - cgroup cgroup rw,memory\n"
#define PIDS "32 23 # / @/pids rw - cgroup cgroup rw,pids\n"
#define OTHERS "22 1 # / /proc rw shared:1 - proc proc rw\n23 1 # / / rw - ext4 /dev/x rw\n"
#define DELEGATED(group_, controllers_)                                                                                \
    {group_ "/cgroup.subtree_control", controllers_ "\n"}, {group_ "/cgroup.procs", ""},                               \
    {                                                                                                                  \
        group_ "/cgroup.type", "domain\n"                                                                              \
    }
#define LEAF(group_, type_)                                                                                            \
    {                                                                                                                  \
        group_ "/cgroup.type", type_ "\n"                                                                              \
    }

static inline void find(const char *folder, struct csc_cgroup_places *ret_places)
{
    csc_cgroup_find(folder_path(folder, "proc"), ret_places);
}

static inline void build(const char *folder, const struct place_case *c)
{
    put(folder, "proc/self/cgroup", c->cgroup);
    put(folder, "proc/self/mountinfo", c->mountinfo);
    for (size_t i = 0; i < FILES_MAX && c->files[i].path; i++)
        put(folder, c->files[i].path, c->files[i].text);
}

static const struct place_case separate = {
    "", "8:pids:/\n4:memory:/\n", MEMORY PIDS, {{"memory/", ""}, {"pids/", ""}}, {NOWHERE, NOWHERE, NOWHERE}};

static const struct place_case unified = {"",
                                          "0::/a/b\n",
                                          UNIFIED,
                                          {DELEGATED("v2/a", "cpu memory pids"), LEAF("v2/a/b", "domain")},
                                          {NOWHERE, NOWHERE, NOWHERE}};

#endif
