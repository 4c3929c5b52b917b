/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threat: a command that is shown the signing key; one that may write to the policy, the configuration, csc's own
 * programs, or anything that their paths lead through, a symlink included; one that writes the configuration which is
 * not there yet, and which the next csc would read. So a protected path is followed from the root, component by
 * component, and every folder on the way is remembered by device and inode: a folder that is mounted at two places is
 * one.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "sandbox/survey.h"

enum { SYMLINKS_MAX = 40 }; /* path_resolution(7) */

struct lookup {
    struct csc_buf chain; /* struct csc_place after struct csc_place */
    int folder;
    unsigned symlinks;
    char rest[2 * PATH_MAX];
};

static void lookup_end(struct lookup *lookup)
{
    csc_buf_free(&lookup->chain);
    csc_close_cleanup(&lookup->folder);
}

static void remember(struct lookup *lookup, const struct stat *st)
{
    const struct csc_place place = {st->st_dev, st->st_ino};

    csc_buf_append(&lookup->chain, &place, sizeof(place));
}

/* Goes to a folder, which is remembered. Takes over `fd`. */
static void enter(struct lookup *lookup, int fd, const struct stat *st)
{
    csc_close_cleanup(&lookup->folder);
    lookup->folder = fd;
    remember(lookup, st);
}

/* The root, or where we are. 0, or -1 with errno. */
static int begin_at(struct lookup *lookup, const char *place)
{
    struct stat st;
    _cleanup_close_ int fd = csc_openat2(AT_FDCWD, place, O_PATH | O_DIRECTORY, 0, 0);

    if (fd < 0 || fstat(fd, &st) < 0)
        return -1;
    enter(lookup, TAKE_FD(fd), &st);
    return 0;
}

/* The text of a symlink takes its place in what is left of the path. */
static int follow_symlink(struct lookup *lookup, int fd)
{
    char text[PATH_MAX], rest[2 * PATH_MAX];
    ssize_t size = readlinkat(fd, "", text, sizeof(text));

    if (size <= 0 || (size_t)size >= sizeof(text) || ++lookup->symlinks > SYMLINKS_MAX ||
        (size_t)size + 1 + strlen(lookup->rest) >= sizeof(rest)) {
        errno = ELOOP;
        return -1;
    }
    text[size] = '\0';
    memcpy(rest, text, (size_t)size);
    rest[size] = '/';
    memcpy(rest + size + 1, lookup->rest, strlen(lookup->rest) + 1);
    memcpy(lookup->rest, rest, strlen(rest) + 1);
    return text[0] == '/' ? begin_at(lookup, "/") : 0;
}

/* One component. ENOENT: there is no more of the path. */
static int step(struct lookup *lookup)
{
    char name[NAME_MAX + 1];
    struct stat st;
    char *at = lookup->rest + strspn(lookup->rest, "/");
    size_t size = strcspn(at, "/");

    if (size >= sizeof(name)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(name, at, size);
    name[size] = '\0';
    memmove(lookup->rest, at + size, strlen(at + size) + 1);
    if (size == 0 || strcmp(name, ".") == 0)
        return 0;
    _cleanup_close_ int fd = csc_openat2(lookup->folder, name, O_PATH | O_NOFOLLOW, 0, 0);
    if (fd < 0 || fstat(fd, &st) < 0)
        return -1;
    if (S_ISLNK(st.st_mode))
        return follow_symlink(lookup, fd);
    if (S_ISDIR(st.st_mode))
        enter(lookup, TAKE_FD(fd), &st);
    else
        remember(lookup, &st);
    return 0;
}

/* Where the path ends early there is nothing yet: whoever may write to the folder where it ends could put it there.
 * What we may not reach no command of ours reaches either. */
static int follow(struct lookup *lookup, const char *path)
{
    if (strlen(path) >= sizeof(lookup->rest)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(lookup->rest, path, strlen(path) + 1);
    if (begin_at(lookup, "/") < 0)
        return -1;
    if (path[0] != '/' && begin_at(lookup, ".") < 0)
        return -1;
    while (lookup->rest[strspn(lookup->rest, "/")])
        if (step(lookup) < 0)
            return errno == ENOENT || errno == ENOTDIR || errno == EACCES ? 0 : -1;
    return 0;
}

/* A path that does not begin at the root begins where we are: all the folders above that lead there too. */
static int follow_upwards(struct lookup *lookup)
{
    _cleanup_close_ int at = csc_openat2(AT_FDCWD, ".", O_PATH | O_DIRECTORY, 0, 0);
    struct csc_place last = {0, 0};

    for (;;) {
        struct stat st;
        if (at < 0 || fstat(at, &st) < 0)
            return -1;
        if (last.device == st.st_dev && last.inode == st.st_ino)
            return 0; /* the root is its own parent */
        last = (struct csc_place){st.st_dev, st.st_ino};
        remember(lookup, &st);
        int up = csc_openat2(at, "..", O_PATH | O_DIRECTORY, 0, 0);
        csc_close_cleanup(&at);
        at = up;
    }
}

int csc_guard_take(struct csc_surveying *s, const struct csc_protected *protected)
{
    _cleanup_(lookup_end) struct lookup lookup = {.folder = -1};
    struct csc_guard *guard = &s->survey->guards[s->survey->guard_count];

    if (follow(&lookup, protected->path) < 0 || (protected->path[0] != '/' && follow_upwards(&lookup) < 0))
        return csc_fail_errno(s->err, CSC_E_CONFIG, errno, "cannot tell where '%s' lies", protected->path);
    *guard = (struct csc_guard){.what = protected->what,
                                .write_only = protected->write_only,
                                .whole = protected->whole ? protected->path : NULL,
                                .count = lookup.chain.size / sizeof(struct csc_place)};
    if (lookup.chain.failed)
        return csc_fail_memory(s->err);
    guard->chain = (void *)csc_arena_copy(&s->survey->arena, lookup.chain.data, lookup.chain.size);
    if (!guard->chain)
        return csc_fail_memory(s->err);
    s->survey->guard_count++;
    return 0;
}

bool csc_guard_has(const struct csc_guard *guard, uint64_t device, uint64_t inode)
{
    for (size_t i = 0; i < guard->count; i++)
        if (guard->chain[i].device == device && guard->chain[i].inode == inode)
            return true;
    return false;
}
