/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

static int open_folder(const char *folder, bool make_folder, struct csc_error *err)
{
    int dir = csc_openat2(AT_FDCWD, folder, O_RDONLY | O_DIRECTORY, 0, RESOLVE_NO_SYMLINKS);

    if (dir < 0 && errno == ENOENT && make_folder) {
        /* mkdir(2) does not follow a symlink in the last component, and the open below follows none at all. */
        (void)mkdir(folder, 0777);
        dir = csc_openat2(AT_FDCWD, folder, O_RDONLY | O_DIRECTORY, 0, RESOLVE_NO_SYMLINKS);
    }
    if (dir < 0 && errno == ELOOP)
        return csc_fail(err, CSC_E_OUTPUT, "%s: a symlink stands in the path; give the folder it leads to", folder);
    if (dir < 0)
        return csc_fail_errno(err, CSC_E_OUTPUT, errno, "%s: cannot open the folder", folder);
    return dir;
}

/* Splits a path into its folder ("." when there is none) and its last component. */
static int split(const char *path, char folder[4096], char name[256], struct csc_error *err)
{
    const char *slash = strrchr(path, '/');
    const char *last = slash ? slash + 1 : path;
    size_t folder_size = slash ? (size_t)(slash - path) : 0;

    if (!*last || strcmp(last, ".") == 0 || strcmp(last, "..") == 0)
        return csc_fail(err, CSC_E_OUTPUT, "%s: names a folder; give a file name", path);
    if (strlen(last) > 255 || folder_size >= 4096)
        return csc_fail_errno(err, CSC_E_OUTPUT, ENAMETOOLONG, "%s", path);
    if (!slash)
        (void)strcpy(folder, ".");
    else if (folder_size == 0)
        (void)strcpy(folder, "/");
    else
        (void)snprintf(folder, 4096, "%.*s", (int)folder_size, path);
    (void)strcpy(name, last);
    return 0;
}

int csc_file_begin(struct csc_file *file, const char *path, mode_t mode, bool make_folder, struct csc_error *err)
{
    _cleanup_file_
    struct csc_file begun = CSC_FILE_NONE;
    char folder[4096];
    uint64_t nonce;

    int r = split(path, folder, begun.name, err);
    if (r < 0)
        return r;
    begun.dir = open_folder(folder, make_folder, err);
    if (begun.dir < 0)
        return begun.dir;
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
    if (fallocate(file->fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)size) == 0 || errno == EOPNOTSUPP || errno == ENOSYS)
        return 0;
    return csc_fail_errno(err, CSC_E_OUTPUT, errno, "%s: cannot reserve %zu bytes", file->name, size);
}

int csc_file_commit(struct csc_file *file, const void *bytes, size_t size, bool replace, struct csc_error *err)
{
    /* The truncation gives back what csc_file_reserve() took. */
    if (csc_write_all(file->fd, bytes, size) < 0 || ftruncate(file->fd, (off_t)size) < 0 || fdatasync(file->fd) < 0)
        return csc_fail_errno(err, CSC_E_OUTPUT, errno, "%s: cannot write", file->name);
    if (replace ? renameat(file->dir, file->temporary, file->dir, file->name)
                : renameat2(file->dir, file->temporary, file->dir, file->name, RENAME_NOREPLACE))
        return csc_fail_errno(err, CSC_E_OUTPUT, errno, "%s: cannot give the new file its name", file->name);
    file->temporary[0] = '\0';
    /* A name that a power cut could take back would not be a result. */
    if (fsync(file->dir) < 0 && errno != EINVAL)
        return csc_fail_errno(err, CSC_E_OUTPUT, errno, "%s: cannot sync the folder", file->name);
    return 0;
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
