/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/run.h"

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* By what is there, under whatever name, or by the place, where nothing is yet. */
static bool is_target(const struct csc_file *file, const char *path)
{
    struct stat there, other, folder, other_folder;
    char path_folder[PATH_MAX], name[NAME_MAX + 1];

    if (fstatat(file->dir, file->name, &there, AT_SYMLINK_NOFOLLOW) == 0 && stat(path, &other) == 0 &&
        is_same(&there, &other))
        return true;
    return csc_split_path(path, CSC_E_OUTPUT, path_folder, name, NULL) == 0 && strcmp(name, file->name) == 0 &&
           fstat(file->dir, &folder) == 0 && stat(path_folder, &other_folder) == 0 && is_same(&folder, &other_folder);
}

const char *csc_cli_replaces(const struct csc_file *file, const struct csc_cli_kept *kept, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (kept[i].path && kept[i].path[0] && strcmp(kept[i].path, "-") != 0 && is_target(file, kept[i].path))
            return kept[i].what;
    return NULL;
}
