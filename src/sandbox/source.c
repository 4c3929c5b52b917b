/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threat: a path that is exchanged for another thing, or for a symlink to it, after it was looked at. So each is opened
 * once, and the descriptor is what gets shown.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>

#include "sandbox/survey.h"

const char *csc_source_plain(struct csc_arena *arena, const char *path)
{
    char *plain = csc_arena_alloc(arena, strlen(path) + 2);
    size_t size = 0;

    if (!plain)
        return NULL;
    while (*path) {
        size_t part;
        path += strspn(path, "/");
        part = strcspn(path, "/");
        if (part > 0 && !(part == 1 && path[0] == '.')) {
            plain[size++] = '/';
            memcpy(plain + size, path, part);
            size += part;
        }
        path += part;
    }
    if (size == 0)
        plain[size++] = '/';
    plain[size] = '\0';
    return plain;
}

static const char *read_link(struct csc_arena *arena, int fd)
{
    char text[4096];
    ssize_t size = readlinkat(fd, "", text, sizeof(text));

    if (size < 0 || (size_t)size >= sizeof(text)) {
        errno = size < 0 ? errno : ENAMETOOLONG;
        return NULL;
    }
    const char *link = csc_arena_copy(arena, text, (size_t)size);
    if (!link)
        errno = ENOMEM;
    return link;
}

static int classify(mode_t mode, enum csc_source_type *ret_type)
{
    if (S_ISDIR(mode))
        *ret_type = CSC_SOURCE_FOLDER;
    else if (S_ISREG(mode))
        *ret_type = CSC_SOURCE_FILE;
    else if (S_ISLNK(mode))
        *ret_type = CSC_SOURCE_SYMLINK;
    else
        return -1;
    return 0;
}

/* Of what `opened` is open on. Takes it over. */
static int make_source(struct csc_arena *arena, int opened, const char *path, struct csc_source *ret_source)
{
    struct csc_source source = {.path = path, .fd = -1, .tree = -1};
    _cleanup_close_ int fd = csc_fd_above_standard(opened);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        return -1;
    if (classify(st.st_mode, &source.type) < 0) {
        errno = ENOTSUP;
        return -1;
    }
    source.device = st.st_dev;
    source.inode = st.st_ino;
    if (source.type == CSC_SOURCE_SYMLINK) {
        source.link = read_link(arena, fd);
        if (!source.link)
            return -1;
    } else {
        source.fd = TAKE_FD(fd);
    }
    *ret_source = source;
    return 0;
}

int csc_source_open(struct csc_arena *arena, int folder, const char *name, const char *path,
                    struct csc_source *ret_source)
{
    int fd = csc_openat2(folder, name, O_PATH | O_NOFOLLOW, 0, RESOLVE_NO_SYMLINKS);

    return make_source(arena, fd, path, ret_source);
}

int csc_source_open_readable(struct csc_arena *arena, const char *path, struct csc_source *ret_source)
{
    int fd = csc_openat2(AT_FDCWD, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0, RESOLVE_NO_SYMLINKS);

    if (fd < 0 && errno == ELOOP)
        return csc_source_open(arena, AT_FDCWD, path, path, ret_source);
    return make_source(arena, fd, path, ret_source);
}

void csc_source_close(struct csc_source *source)
{
    csc_close_cleanup(&source->fd);
    csc_close_cleanup(&source->tree);
    source->fd = source->tree = -1;
}

int csc_source_add(struct csc_surveying *s, struct csc_buf *list, const struct csc_source *source)
{
    csc_buf_append(list, source, sizeof(*source));
    if (!list->failed && ++s->shown <= CSC_SOURCES_MAX)
        return 0;
    struct csc_source mine = *source;
    csc_source_close(&mine);
    if (list->failed)
        return csc_fail_memory(s->err);
    return csc_refuse(s->refusal, CSC_REFUSAL_BOUNDARY,
                      "more than %d files and folders to show; declare folders ('/dir/**') instead of what is in them",
                      CSC_SOURCES_MAX);
}
