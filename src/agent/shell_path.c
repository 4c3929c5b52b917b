/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "agent/shell_parts.h"

int csc_shell_change_folder(char cwd[PATH_MAX], const char *path, struct csc_error *err)
{
    /* Of its own: a line may hold thousands of cd, and only where the last one leads is kept. */
    _cleanup_(csc_arena_free) struct csc_arena arena = {0};
    const char *folder = csc_shell_resolve(&arena, cwd, path);

    if (!folder)
        return csc_fail_memory(err);
    if (strlen(folder) >= PATH_MAX)
        return -CSC_E_DATA;
    memcpy(cwd, folder, strlen(folder) + 1);
    return 0;
}

bool csc_shell_is_device(const char *path)
{
    return strncmp(path, "/dev/", strlen("/dev/")) == 0;
}

bool csc_shell_is_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *last = slash ? slash + 1 : path;

    return last[0] == '\0' || strcmp(last, ".") == 0 || strcmp(last, "..") == 0;
}
