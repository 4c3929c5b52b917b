/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "agent/shell_parts.h"

/* Appends what `path` names to the absolute path of `size` bytes; its new size, or 0 when it is too long. */
static size_t append(char out[PATH_MAX], size_t size, const char *path)
{
    while (*path) {
        size_t n = strcspn(path, "/");
        if (n == 2 && memcmp(path, "..", 2) == 0) {
            while (size > 0 && out[--size] != '/')
                ;
        } else if (n > 0 && !(n == 1 && path[0] == '.')) {
            if (n + 1 >= PATH_MAX - size)
                return 0;
            out[size++] = '/';
            memcpy(out + size, path, n);
            size += n;
        }
        path += n;
        path += *path == '/';
    }
    if (size == 0)
        out[size++] = '/';
    return size;
}

bool csc_shell_resolve(const char *cwd, const char *path, char ret_path[PATH_MAX])
{
    char out[PATH_MAX];
    size_t size = 0;

    if (path[0] != '/') {
        size = append(out, 0, cwd);
        if (size == 0)
            return false;
        size = size == 1 ? 0 : size; /* "/" is the separator of what follows */
    }
    size = append(out, size, path);
    if (size == 0)
        return false;
    memcpy(ret_path, out, size);
    ret_path[size] = '\0';
    return true;
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
