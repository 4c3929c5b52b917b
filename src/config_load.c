/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which file is the configuration, and whether it can be believed.
 *
 * Threat: the configuration says how strong the boundary is, so who can write it, or put another in its place, or
 * redirect a symlink on the way to it, has no boundary (base/trusted.c).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"

static int fail_errno(struct csc_error *err, int sys_errno)
{
    return csc_fail_errno(err, CSC_E_INPUT, sys_errno, "failed to read");
}

static int read_config(const char *path, bool trusted, struct csc_buf *ret_bytes, struct csc_error *err)
{
    if (!trusted)
        return csc_read_input(path, CSC_CONFIG_BYTES_MAX, ret_bytes, err);
    if (strcmp(path, "-") == 0)
        return csc_fail(err, CSC_E_PERMISSION, "is no regular file; hardened mode reads its configuration from one");
    _cleanup_close_ int fd = csc_open_trusted(path, err);
    return fd < 0 ? fd : csc_read_fd(fd, CSC_CONFIG_BYTES_MAX, ret_bytes, err);
}

static int load(const char *path, bool trusted, struct csc_config *ret_config, char ret_path[PATH_MAX],
                struct csc_error *err)
{
    _cleanup_buf_ struct csc_buf bytes = {0};

    (void)snprintf(ret_path, PATH_MAX, "%s", path);
    int r = strlen(path) < PATH_MAX ? read_config(path, trusted, &bytes, err) : fail_errno(err, ENAMETOOLONG);
    if (r == 0)
        r = csc_config_parse(bytes.data, bytes.size, ret_config, err);
    return csc_error_in_stage(err, "config", r);
}

/* Only what is certainly not there: a folder that can't be searched may well hold one, and a symlink that leads nowhere
 * was put there to lead to one. */
static bool is_absent(const char *path)
{
    struct stat st;

    return lstat(path, &st) < 0 && (errno == ENOENT || errno == ENOTDIR);
}

int csc_config_load_first(const char *const *paths, bool trusted, struct csc_config *ret_config,
                          char ret_path[PATH_MAX], struct csc_error *err)
{
    for (; *paths; paths++)
        if (!is_absent(*paths))
            return load(*paths, trusted, ret_config, ret_path, err);
    ret_path[0] = '\0';
    csc_config_default(ret_config);
    return 0;
}

/* XDG Base Directory Specification: relative paths are to be ignored. False: there is no such place. */
static bool find_own(char path[PATH_MAX + 32])
{
    static const struct {
        const char *variable, *below;
    } places[] = {{"XDG_CONFIG_HOME", "csc/csc.yaml"}, {"HOME", ".config/csc/csc.yaml"}};

    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        const char *folder = secure_getenv(places[i].variable);
        if (!folder || folder[0] != '/')
            continue;
        (void)snprintf(path, PATH_MAX + 32, "%s/%s", folder, places[i].below); /* too long: refused when it is read */
        return true;
    }
    return false;
}

const char *csc_config_own_place(char path[PATH_MAX + 32])
{
    return find_own(path) ? path : NULL;
}

int csc_config_load(const char *path, bool trusted, struct csc_config *ret_config, char ret_path[PATH_MAX],
                    struct csc_error *err)
{
    char own[PATH_MAX + 32];
    const char *const paths[] = {CSC_CONFIG_SYSTEM, find_own(own) ? own : NULL, NULL};

    if (path)
        return load(path, trusted, ret_config, ret_path, err);
    return csc_config_load_first(paths, trusted, ret_config, ret_path, err);
}
