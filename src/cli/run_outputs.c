/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/run.h"

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Where a path would be made: its folder, and the name in it. */
static bool find_place(const char *path, struct stat *ret_folder, const char **ret_name)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    int size = slash ? (int)(slash - path) + 1 : 1;

    *ret_name = slash ? slash + 1 : path;
    return snprintf(folder, sizeof(folder), "%.*s", size, slash ? path : ".") < (int)sizeof(folder) &&
           stat(folder, ret_folder) == 0;
}

/* By what is there, under whatever name, or by the place, where nothing is yet. */
static bool is_target(const struct csc_file *file, const char *path)
{
    struct stat there, other, folder, other_folder;
    const char *name;

    if (fstatat(file->dir, file->name, &there, AT_SYMLINK_NOFOLLOW) == 0 && stat(path, &other) == 0 &&
        is_same(&there, &other))
        return true;
    return find_place(path, &other_folder, &name) && strcmp(name, file->name) == 0 && fstat(file->dir, &folder) == 0 &&
           is_same(&folder, &other_folder);
}

const char *csc_cli_replaces(const struct csc_file *file, const struct csc_cli_kept *kept, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (kept[i].path && kept[i].path[0] && strcmp(kept[i].path, "-") != 0 && is_target(file, kept[i].path))
            return kept[i].what;
    return NULL;
}
