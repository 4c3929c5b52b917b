/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/shell.h"

/* Appends the components of `path` to the path that begins at `start` and ends before `end`; returns its new end. */
static char *walk(char *start, char *end, const char *path)
{
    while (*path) {
        size_t size = strcspn(path, "/");
        if (size == 2 && path[0] == '.' && path[1] == '.') {
            while (end > start && *--end != '/')
                continue;
        } else if (size > 0 && !(size == 1 && path[0] == '.')) {
            *end++ = '/';
            memcpy(end, path, size);
            end += size;
        }
        path += size;
        path += *path == '/';
    }
    return end;
}

char *csc_shell_resolve(struct csc_arena *arena, const char *cwd, const char *path)
{
    char *start = csc_arena_array(arena, strlen(cwd) + strlen(path) + 4, 1);

    if (!start)
        return NULL;
    char *end = start;
    if (path[0] != '/')
        end = walk(start, end, cwd);
    end = walk(start, end, path);
    if (end == start)
        *end++ = '/';
    *end = '\0';
    return start;
}

/* Below what is there, a name that is not can be made; ".." below what is not leads nowhere. */
static bool is_missing_name(const char *name)
{
    return errno == ENOENT && strcmp(name, "..") != 0 && strcmp(name, ".") != 0;
}

bool csc_shell_follow(const char *cwd, const char *path, char ret_real[PATH_MAX])
{
    char joined[PATH_MAX], real[PATH_MAX];
    size_t size = strlen(path);

    if (strlen(cwd) + size + 2 > sizeof(joined))
        return false;
    (void)snprintf(joined, sizeof(joined), path[0] == '/' ? "%.0s%s" : "%s/%s", cwd, path);
    size = strlen(joined);
    for (size_t end = size; end > 0; end--) {
        if (end < size && joined[end] != '/')
            continue;
        char kept = joined[end];
        joined[end] = '\0';
        if (realpath(joined[0] ? joined : "/", real)) {
            joined[end] = kept;
            int n = snprintf(ret_real, PATH_MAX, "%s%s", strcmp(real, "/") == 0 && end < size ? "" : real,
                             joined + end);
            return n < PATH_MAX;
        }
        const char *name = strrchr(joined, '/');
        if (!is_missing_name(name ? name + 1 : joined))
            return false;
        joined[end] = kept;
    }
    return false;
}
