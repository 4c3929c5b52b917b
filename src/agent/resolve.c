/* SPDX-License-Identifier: Apache-2.0 */
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
