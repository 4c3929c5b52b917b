/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

/* Splits a path into its folder ("." when there is none) and its last component. */
int csc_split_path(const char *path, enum csc_code code, char folder[PATH_MAX], char name[NAME_MAX + 1],
                   struct csc_error *err)
{
    const char *slash = strrchr(path, '/');
    const char *last = slash ? slash + 1 : path;
    size_t folder_size = slash ? (size_t)(slash - path) : 0;

    if (!*last || strcmp(last, ".") == 0 || strcmp(last, "..") == 0)
        return csc_fail(err, code, "%s: names a folder; give a file name", path);
    if (strlen(last) > NAME_MAX || folder_size >= PATH_MAX)
        return csc_fail_errno(err, code, ENAMETOOLONG, "%s", path);
    while (folder_size > 0 && path[folder_size - 1] == '/')
        folder_size--;
    if (folder_size == 0) {
        path = slash ? "/" : ".";
        folder_size = 1;
    }
    memcpy(folder, path, folder_size);
    folder[folder_size] = '\0';
    memcpy(name, last, strlen(last) + 1);
    return 0;
}

static int open_existing(const char *folder)
{
    return csc_openat2(AT_FDCWD, folder, O_RDONLY | O_DIRECTORY, 0, RESOLVE_NO_SYMLINKS);
}

int csc_make_folder(const char *folder)
{
    char path[PATH_MAX];

    if (strlen(folder) >= sizeof(path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(path, folder, strlen(folder) + 1);
    for (char *slash = path; slash;) {
        slash = strchr(slash + 1, '/');
        if (slash)
            *slash = '\0';
        char parent[PATH_MAX], name[NAME_MAX + 1];
        if (csc_split_path(path, CSC_E_OUTPUT, parent, name, NULL) == 0) {
            _cleanup_close_ int dir = csc_openat2(AT_FDCWD, parent, O_PATH | O_DIRECTORY, 0, RESOLVE_NO_SYMLINKS);
            if (dir < 0 || (mkdirat(dir, name, 0700) < 0 && errno != EEXIST))
                return -1;
        }
        if (slash)
            *slash = '/';
    }
    return open_existing(folder);
}

/* Creates the last component. mkdirat(2) from the parent's descriptor, since mkdir(2) would follow a symlink in the
 * components before it. What goes wrong here shows when the folder is opened. */
static void create_folder(const char *folder)
{
    char parent[PATH_MAX], name[NAME_MAX + 1];

    if (csc_split_path(folder, CSC_E_OUTPUT, parent, name, NULL) < 0)
        return;
    _cleanup_close_ int dir = open_existing(parent);
    if (dir >= 0)
        (void)mkdirat(dir, name, 0777);
}

static int open_folder(const char *folder, bool make_folder, struct csc_error *err)
{
    int dir = open_existing(folder);

    if (dir < 0 && errno == ENOENT && make_folder) {
        create_folder(folder);
        dir = open_existing(folder);
    }
    if (dir < 0 && errno == ELOOP)
        return csc_fail(err, CSC_E_OUTPUT, "%s: a symlink stands in the path; give the folder it leads to", folder);
    if (dir < 0)
        return csc_fail_errno(err, CSC_E_OUTPUT, errno, "%s: cannot open the folder", folder);
    return dir;
}

/* Whatever stands at the target is to be replaced by rename(2): for /dev/null and its like that would break the
 * host, for a symlink it is not what was meant. */
static int check_target(const struct csc_file *file, const char *path, struct csc_error *err)
{
    struct stat st;

    if (fstatat(file->dir, file->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : csc_fail_errno(err, CSC_E_OUTPUT, errno, "%s", path);
    if (!S_ISREG(st.st_mode))
        return csc_fail(err, CSC_E_OUTPUT, "%s: %s; give the name of a regular file", path,
                        S_ISDIR(st.st_mode)   ? "is a folder"
                        : S_ISLNK(st.st_mode) ? "is a symlink"
                                              : "is a device, FIFO or socket");
    return 0;
}

int csc_file_begin(struct csc_file *file, const char *path, mode_t mode, bool make_folder, struct csc_error *err)
{
    _cleanup_file_ struct csc_file begun = CSC_FILE_NONE;
    char folder[PATH_MAX] = "";
    uint64_t nonce;

    int r = csc_split_path(path, CSC_E_OUTPUT, folder, begun.name, err);
    if (r < 0)
        return r;
    begun.path = path;
    begun.mode = mode;
    begun.dir = open_folder(folder, make_folder, err);
    if (begun.dir < 0)
        return begun.dir;
    r = check_target(&begun, path, err);
    if (r < 0)
        return r;
    if (getrandom(&nonce, sizeof(nonce), 0) != (ssize_t)sizeof(nonce))
        return csc_fail_errno(err, CSC_E_INTERNAL, errno, "no random bytes");
    /* The target's name is not part of it: it may be as long as a name can be. */
    (void)snprintf(begun.temporary, sizeof(begun.temporary), ".csc-%016" PRIx64 ".tmp", nonce);
    begun.fd = openat(begun.dir, begun.temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    if (begun.fd < 0)
        return csc_fail_errno(err, CSC_E_OUTPUT, errno, "%s: cannot create a file in %s", path, folder);
    *file = begun;
    begun = CSC_FILE_NONE;
    return 0;
}

int csc_file_reserve(struct csc_file *file, size_t size, struct csc_error *err)
{
    int r;

    do
        r = fallocate(file->fd, 0, 0, (off_t)size); /* grows the file, so that RLIMIT_FSIZE is met here too */
    while (r < 0 && errno == EINTR);
    if (r == 0 || errno == EOPNOTSUPP || errno == ENOSYS)
        return 0;
    return csc_fail_errno(err, CSC_E_OUTPUT, errno, "%s: cannot reserve %zu bytes", file->name, size);
}

static int give_name(const struct csc_file *file, bool replace, struct csc_error *err)
{
    unsigned flags = replace ? 0 : RENAME_NOREPLACE;

    if (renameat2(file->dir, file->temporary, file->dir, file->name, flags) == 0)
        return 0;
    if (errno == EEXIST)
        return csc_fail(err, CSC_E_OUTPUT, "%s: exists already; choose another name or remove it", file->name);
    return csc_fail_errno(err, CSC_E_OUTPUT, errno, "%s: cannot give the new file its name", file->name);
}

void csc_file_drop(struct csc_file *file)
{
    if (file->fd >= 0 && file->temporary[0])
        (void)unlinkat(file->dir, file->temporary, 0);
    if (file->fd >= 0)
        (void)close(file->fd);
    if (file->dir >= 0)
        (void)close(file->dir);
    *file = CSC_FILE_NONE;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* The names still lead to what csc_file_begin() opened. */
static bool is_in_place(const struct csc_file *file)
{
    char folder[PATH_MAX], name[NAME_MAX + 1];
    struct stat opened, named;

    if (csc_split_path(file->path, CSC_E_OUTPUT, folder, name, NULL) < 0)
        return false;
    _cleanup_close_ int dir = open_existing(folder);
    return dir >= 0 && fstat(file->dir, &opened) == 0 && fstat(dir, &named) == 0 && is_same(&opened, &named) &&
           fstat(file->fd, &opened) == 0 && fstatat(dir, file->temporary, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
           is_same(&opened, &named);
}

/* Threat: a command that cleans the folder (git clean), or puts a file of its own in the place of the temporary one,
 * so that there is no receipt, or that one under its name. */
static int ensure_place(struct csc_file *file, struct csc_error *err)
{
    struct csc_file again = CSC_FILE_NONE;

    if (is_in_place(file))
        return 0;
    int r = csc_file_begin(&again, file->path, file->mode, true, err);
    if (r < 0)
        return r;
    csc_file_drop(file);
    *file = again;
    return 0;
}

int csc_file_commit(struct csc_file *file, const void *bytes, size_t size, bool replace, struct csc_error *err)
{
    int r = ensure_place(file, err);
    if (r < 0)
        return r;
    /* The truncation gives back what csc_file_reserve() took. */
    if (csc_write_all(file->fd, bytes, size) < 0 || ftruncate(file->fd, (off_t)size) < 0 || fdatasync(file->fd) < 0)
        return csc_fail_errno(err, CSC_E_OUTPUT, errno, "%s: cannot write", file->name);
    r = give_name(file, replace, err);
    if (r < 0)
        return r;
    file->temporary[0] = '\0';
    /* A name that a power cut could take back would not be a result. */
    if (fsync(file->dir) < 0 && errno != EINVAL)
        return csc_fail_errno(err, CSC_E_OUTPUT, errno, "%s: cannot sync the folder", file->name);
    return 0;
}
