/* SPDX-License-Identifier: Apache-2.0 */
/* A file is reached step by step from the root, by descriptors: what was judged is what is read. */
#include "base/trusted.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"

enum { SYMLINKS_MAX = 40 }; /* path_resolution(7) */

/* A lookup under way: where it is, and what is left of the path. */
struct lookup {
    int folder;
    unsigned symlinks;
    char rest[PATH_MAX];
};

static void lookup_close(struct lookup *lookup)
{
    csc_close_cleanup(&lookup->folder);
}

static int fail_errno(struct csc_error *err, int sys_errno)
{
    return csc_fail_errno(err, CSC_E_INPUT, sys_errno, "failed to read");
}

/* For messages only: what an open descriptor is called. */
static const char *name_of(int fd, char name[PATH_MAX])
{
    char link[40];

    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, name, PATH_MAX - 1);
    if (size < 0)
        return "a part of its path";
    name[size] = '\0';
    return name;
}

static bool is_ours(const struct stat *st)
{
    return st->st_uid == 0 || st->st_uid == geteuid();
}

/* In a folder with the sticky bit only the owner of an entry renames or removes it, and all entries on the way are
 * ours. Where an ACL lets others write, the group's bits show it (acl(5)). */
static bool can_others_write(const struct stat *st)
{
    return (st->st_mode & (S_IWGRP | S_IWOTH)) && !(S_ISDIR(st->st_mode) && (st->st_mode & S_ISVTX));
}

static int check_owner_and_mode(int fd, const struct stat *st, struct csc_error *err)
{
    char name[PATH_MAX];

    if (!is_ours(st))
        return csc_fail(
            err, CSC_E_PERMISSION,
            "%s belongs to uid %u, who could change what is believed here; chown it to root, or use another file",
            name_of(fd, name), st->st_uid);
    if (!S_ISLNK(st->st_mode) && can_others_write(st))
        return csc_fail(err, CSC_E_PERMISSION, "others than its owner can write %s; chmod go-w '%s'", name_of(fd, name),
                        name_of(fd, name));
    return 0;
}

/* Puts `text` before what is left. */
static int prepend(struct lookup *lookup, const char *text, struct csc_error *err)
{
    size_t size = strlen(text), rest_size = strlen(lookup->rest), slash = rest_size > 0;

    if (size + slash + rest_size >= sizeof(lookup->rest))
        return fail_errno(err, ENAMETOOLONG);
    memmove(lookup->rest + size + slash, lookup->rest, rest_size + 1);
    memcpy(lookup->rest, text, size);
    if (slash)
        lookup->rest[size] = '/';
    return 0;
}

/* Cuts off the next component; false: there is none. */
static bool next_component(struct lookup *lookup, char ret_name[NAME_MAX + 1], struct csc_error *err)
{
    const char *start = lookup->rest + strspn(lookup->rest, "/");
    size_t size = strcspn(start, "/");

    if (size == 0 || size > NAME_MAX) {
        (void)fail_errno(err, size == 0 ? EISDIR : ENAMETOOLONG);
        return false;
    }
    memcpy(ret_name, start, size);
    ret_name[size] = '\0';
    memmove(lookup->rest, start + size, strlen(start + size) + 1);
    return true;
}

static int enter(struct lookup *lookup, int folder, struct csc_error *err)
{
    struct stat st;

    lookup_close(lookup);
    lookup->folder = folder;
    if (fstat(folder, &st) < 0)
        return fail_errno(err, errno);
    return check_owner_and_mode(folder, &st, err);
}

static int enter_root(struct lookup *lookup, struct csc_error *err)
{
    int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

    return root < 0 ? fail_errno(err, errno) : enter(lookup, root, err);
}

static int follow(struct lookup *lookup, int link, struct csc_error *err)
{
    char text[PATH_MAX];

    if (++lookup->symlinks > SYMLINKS_MAX)
        return fail_errno(err, ELOOP);
    ssize_t size = readlinkat(link, "", text, sizeof(text) - 1);
    if (size <= 0)
        return fail_errno(err, size == 0 ? ENOENT : errno);
    text[size] = '\0';
    int r = prepend(lookup, text, err);
    return r == 0 && text[0] == '/' ? enter_root(lookup, err) : r;
}

/* Nothing can exchange the file between the two: its folder was judged. It is judged again all the same. */
static int open_file(const struct lookup *lookup, const char *name, struct csc_error *err)
{
    struct stat st;
    _cleanup_close_ int fd = csc_openat2(lookup->folder, name, O_RDONLY | O_NOCTTY | O_NONBLOCK, 0,
                                         RESOLVE_NO_SYMLINKS);

    if (fd < 0 || fstat(fd, &st) < 0)
        return fail_errno(err, errno);
    if (!S_ISREG(st.st_mode))
        return csc_fail(err, CSC_E_PERMISSION,
                        "is no regular file; what others could change is read from regular files alone");
    int r = check_owner_and_mode(fd, &st, err);
    return r < 0 ? r : TAKE_FD(fd);
}

/* One component. 0: go on; 1: *ret_fd is the file. */
static int step(struct lookup *lookup, int *ret_fd, struct csc_error *err)
{
    char name[NAME_MAX + 1];
    struct stat st;

    if (!next_component(lookup, name, err))
        return -CSC_E_INPUT;
    _cleanup_close_ int fd = csc_openat2(lookup->folder, name, O_PATH | O_NOFOLLOW, 0, 0);
    if (fd < 0 || fstat(fd, &st) < 0)
        return fail_errno(err, errno);
    if (S_ISDIR(st.st_mode))
        return enter(lookup, TAKE_FD(fd), err);
    if (S_ISLNK(st.st_mode)) {
        int r = check_owner_and_mode(fd, &st, err);
        return r < 0 ? r : follow(lookup, fd, err);
    }
    if (lookup->rest[0])
        return fail_errno(err, ENOTDIR);
    *ret_fd = open_file(lookup, name, err);
    return *ret_fd < 0 ? *ret_fd : 1;
}

static int begin(struct lookup *lookup, const char *path, struct csc_error *err)
{
    char cwd[PATH_MAX] = "";

    if (!path[0])
        return fail_errno(err, ENOENT);
    if (path[0] != '/' && !getcwd(cwd, sizeof(cwd)))
        return fail_errno(err, errno);
    int r = prepend(lookup, path, err);
    if (r == 0 && cwd[0])
        r = prepend(lookup, cwd, err);
    return r == 0 ? enter_root(lookup, err) : r;
}

int csc_open_trusted_folder(const char *path, struct csc_error *err)
{
    _cleanup_(lookup_close) struct lookup lookup = {.folder = -1};
    _cleanup_close_ int file = -1;

    int r = begin(&lookup, path, err);
    while (r == 0 && lookup.rest[strspn(lookup.rest, "/")])
        r = step(&lookup, &file, err);
    if (r > 0)
        return fail_errno(err, ENOTDIR);
    return r < 0 ? r : TAKE_FD(lookup.folder);
}

int csc_open_trusted(const char *path, struct csc_error *err)
{
    _cleanup_(lookup_close) struct lookup lookup = {.folder = -1};
    int fd = -1;

    int r = begin(&lookup, path, err);
    while (r == 0)
        r = step(&lookup, &fd, err);
    return r < 0 ? r : fd;
}
