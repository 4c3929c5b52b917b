/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threat: a cwd that the policy allows by name and that is, or lies below, a symlink to somewhere else; and a
 * directory that is exchanged after it was looked at. So: one open, the question where that descriptor leads, and
 * the same descriptor for fchdir(2) in the child.
 */
#include "exec/cwd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "exec/spawn.h"

void csc_result_refuse(struct csc_exec_result *result, enum csc_exec_end end, int exit_code, const char *format, ...)
{
    char text[512];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    result->end = end;
    result->exit_code = exit_code;
    (void)csc_text_escape(result->reason, sizeof(result->reason), text, strlen(text));
}

void csc_result_refuse_program(struct csc_exec_result *result, const char *program, int error)
{
    if (error == ENOENT)
        csc_result_refuse(result, CSC_EXEC_NOT_FOUND, 127,
                          "'%.120s' was not found, or the interpreter it names; check argv[0] and PATH", program);
    else
        csc_result_refuse(result, CSC_EXEC_NOT_EXECUTABLE, 126, "'%.150s' cannot be executed: %s", program,
                          strerror(error));
}

static bool scope_is_plain(const char *scope)
{
    const char *separators = scope[0] == '/' && scope[1] != '/' ? "/" : "/\\";
    size_t before_glob = strcspn(scope, "*?[");

    for (const char *part = scope; part < scope + before_glob;) {
        size_t size = strcspn(part, separators);
        if (size == 2 && part[0] == '.' && part[1] == '.')
            return false;
        part += size + (part[size] != '\0');
    }
    return true;
}

static bool list_is_plain(const char *const *scopes, size_t count, struct csc_exec_result *result)
{
    for (size_t i = 0; i < count; i++)
        if (!scope_is_plain(scopes[i])) {
            csc_result_refuse(result, CSC_EXEC_BLOCKED, 126,
                              "the scope '%.150s' contains '..'; write the path it means", scopes[i]);
            return false;
        }
    return true;
}

bool csc_scopes_are_plain(const struct csc_command *command, struct csc_exec_result *result)
{
    return list_is_plain(command->read_paths, command->read_path_count, result) &&
           list_is_plain(command->write_paths, command->write_path_count, result);
}

/* The path of an open directory, as the kernel knows it. */
static int read_back(int fd, char ret_path[PATH_MAX], struct csc_error *err)
{
    char link[40];
    struct statfs fs;

    /* A directory called /proc in some image could hold links made to deceive. */
    if (statfs("/proc", &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC)
        return csc_fail(err, CSC_E_CONFIG, "cannot tell where cwd leads without /proc; mount a proc file system there");
    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, ret_path, PATH_MAX - 1);
    if (n < 0)
        return csc_fail_errno(err, CSC_E_CONFIG, errno, "cannot tell where cwd leads");
    ret_path[n] = '\0';
    return 0;
}

static bool is_about_the_path(int error)
{
    return error == ENOENT || error == ENOTDIR || error == EACCES || error == ELOOP || error == ENAMETOOLONG ||
           error == EINVAL || error == EPERM;
}

int csc_cwd_open(const struct csc_command *command, const struct csc_policy *policy, struct csc_exec_result *result,
                 int *ret_fd, struct csc_error *err)
{
    char resolved[PATH_MAX] = "";
    struct stat st;
    _cleanup_close_ int fd = csc_fd_above_standard(csc_openat2(AT_FDCWD, command->cwd, O_PATH | O_DIRECTORY, 0, 0));

    if (fd < 0 && !is_about_the_path(errno))
        return csc_fail_errno(err, CSC_E_INTERNAL, errno, "cannot open cwd '%s'", command->cwd);
    *ret_fd = -1;
    if (fd < 0) {
        csc_result_refuse(result, CSC_EXEC_NOT_EXECUTABLE, 126, "cwd '%.150s': %s", command->cwd, strerror(errno));
        return 0;
    }
    int r = read_back(fd, resolved, err);
    if (r < 0)
        return r;
    /* A removed directory reads back as a path that isn't there, or, worse, as another one's. */
    if (fstat(fd, &st) < 0 || st.st_nlink == 0) {
        csc_result_refuse(result, CSC_EXEC_NOT_EXECUTABLE, 126, "cwd '%.150s' was removed", command->cwd);
        return 0;
    }
    if (resolved[0] != '/' || !csc_prefixes_contain(&policy->cwd_prefixes, resolved)) {
        csc_result_refuse(result, CSC_EXEC_BLOCKED, 126,
                          "cwd leads to '%.120s', outside the policy's allowed_cwd_prefixes; use a cwd inside them",
                          resolved);
        return 0;
    }
    *ret_fd = TAKE_FD(fd);
    return 0;
}
