/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counting what commands created or changed. A file is known by device and inode, and taken for unchanged when size,
 * mtime and ctime are: ctime can't be set back by who writes. What can't be counted in full is not counted at all: the
 * receipt then says nothing instead of something wrong.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "exec/exec.h"

enum { FILES_MAX = 50000, ENTRIES_MAX = 100000, DEPTH_MAX = 64 };
enum { OUT_OF_MEMORY = -1, MEASURED, NOT_MEASURED };

struct file {
    dev_t dev;
    ino_t ino;
    int64_t size;
    struct timespec mtime, ctime;
};

struct csc_snapshot {
    struct file *files; /* ordered by (dev, ino), each once */
    size_t count;
};

struct walk {
    struct csc_buf found; /* struct file after struct file */
    const char *scope;
    size_t entries;
    char path[PATH_MAX]; /* of what is looked at */
};

static void walk_free(struct walk *walk)
{
    csc_buf_free(&walk->found);
}

static void snapshot_cleanup(struct csc_snapshot **snapshot)
{
    csc_snapshot_free(*snapshot);
}

static int compare_files(const void *a, const void *b)
{
    const struct file *left = a, *right = b;

    if (left->dev != right->dev)
        return left->dev < right->dev ? -1 : 1;
    return (left->ino > right->ino) - (left->ino < right->ino);
}

static int add_file(struct csc_buf *found, const struct stat *st)
{
    const struct file file = {
        .dev = st->st_dev, .ino = st->st_ino, .size = st->st_size, .mtime = st->st_mtim, .ctime = st->st_ctim};

    csc_buf_append(found, &file, sizeof(file));
    return found->failed ? OUT_OF_MEMORY : MEASURED;
}

/* Views of the kernel, in which reading and counting mean nothing. */
static bool is_kernel_view(int fd)
{
    static const unsigned magic[] = {PROC_SUPER_MAGIC,   SYSFS_MAGIC,   CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC,
                                     DEBUGFS_MAGIC,      TRACEFS_MAGIC, SECURITYFS_MAGIC,   BPF_FS_MAGIC,
                                     DEVPTS_SUPER_MAGIC, EFIVARFS_MAGIC};
    struct statfs fs;

    if (fstatfs(fd, &fs) < 0)
        return true;
    for (size_t i = 0; i < ARRAY_SIZE(magic); i++)
        if ((unsigned)fs.f_type == magic[i])
            return true;
    return false;
}

static int walk_folder(struct walk *walk, int fd, size_t length, unsigned depth);

static int visit(struct walk *walk, int folder, const char *name, size_t length, unsigned depth)
{
    struct stat st;

    if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? MEASURED : NOT_MEASURED; /* gone meanwhile */
    if (S_ISREG(st.st_mode))
        return csc_scope_contains(walk->scope, walk->path) ? add_file(&walk->found, &st) : MEASURED;
    if (!S_ISDIR(st.st_mode))
        return MEASURED;
    if (depth == DEPTH_MAX)
        return NOT_MEASURED;
    int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? MEASURED : NOT_MEASURED;
    return walk_folder(walk, fd, length, depth + 1);
}

/* Takes over `fd`; walk->path is its path, of `length`. */
static int walk_folder(struct walk *walk, int fd, size_t length, unsigned depth)
{
    _cleanup_closedir_ DIR *folder = is_kernel_view(fd) ? NULL : fdopendir(fd);
    struct dirent *entry;
    int r = MEASURED;

    if (!folder) {
        (void)close(fd);
        return NOT_MEASURED;
    }
    while (r == MEASURED && (errno = 0, entry = readdir(folder))) {
        size_t size = strlen(entry->d_name);
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (++walk->entries > ENTRIES_MAX || length + 1 + size >= sizeof(walk->path))
            return NOT_MEASURED;
        walk->path[length] = '/';
        memcpy(walk->path + length + 1, entry->d_name, size + 1);
        r = visit(walk, dirfd(folder), entry->d_name, length + 1 + size, depth);
    }
    if (r == MEASURED && errno != 0)
        return NOT_MEASURED;
    return r;
}

/* The folder that everything in the scope lies below, or the exact path. Without a slash at its end. */
static size_t base_length(const char *scope)
{
    size_t length = strcspn(scope, "*?[");

    if (scope[length] != '\0')
        while (length > 0 && scope[length - 1] != '/')
            length--;
    while (length > 0 && scope[length - 1] == '/')
        length--;
    return length;
}

static int walk_scope(struct walk *walk, const char *scope)
{
    size_t length = base_length(scope);
    struct stat st;

    if (scope[0] != '/' || length >= sizeof(walk->path))
        return NOT_MEASURED;
    walk->scope = scope;
    memcpy(walk->path, scope, length);
    walk->path[length] = '\0';
    _cleanup_close_ int place = csc_openat2(AT_FDCWD, length ? walk->path : "/", O_PATH | O_NOFOLLOW, 0,
                                            RESOLVE_NO_SYMLINKS);
    if (place < 0 && (errno == ENOENT || errno == ENOTDIR))
        return MEASURED;
    if (place < 0 || fstat(place, &st) < 0 || S_ISLNK(st.st_mode))
        return NOT_MEASURED;
    if (S_ISREG(st.st_mode))
        return csc_scope_contains(scope, walk->path) ? add_file(&walk->found, &st) : MEASURED;
    if (!S_ISDIR(st.st_mode))
        return MEASURED;
    int fd = openat(place, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? NOT_MEASURED : walk_folder(walk, fd, length, 0);
}

static void sort_and_unite(struct csc_snapshot *snapshot)
{
    size_t kept = 0;

    if (snapshot->count > 0)
        qsort(snapshot->files, snapshot->count, sizeof(*snapshot->files), compare_files);
    for (size_t i = 0; i < snapshot->count; i++)
        if (kept == 0 || compare_files(&snapshot->files[i], &snapshot->files[kept - 1]) != 0)
            snapshot->files[kept++] = snapshot->files[i];
    snapshot->count = kept;
}

static int walk_scopes(struct walk *walk, const struct csc_contract *contract)
{
    int r = MEASURED;

    for (size_t i = 0; i < contract->command_count; i++)
        for (size_t k = 0; k < contract->commands[i].write_path_count && r == MEASURED; k++)
            r = walk_scope(walk, contract->commands[i].write_paths[k]);
    return r;
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool is_unchanged(const struct csc_snapshot *before, const struct file *file)
{
    const struct file *old = before->count ? bsearch(file, before->files, before->count, sizeof(*file), compare_files)
                                           : NULL;

    return old && old->size == file->size && same_time(&old->mtime, &file->mtime) &&
           same_time(&old->ctime, &file->ctime);
}

int csc_snapshot_take(const struct csc_contract *contract, struct csc_snapshot **ret_snapshot, struct csc_error *err)
{
    _cleanup_(walk_free) struct walk walk = {.entries = 0};
    _cleanup_(snapshot_cleanup) struct csc_snapshot *snapshot = calloc(1, sizeof(*snapshot));
    int r = walk_scopes(&walk, contract);

    if (r < 0 || !snapshot)
        return csc_fail_memory(err);
    snapshot->files = (void *)walk.found.data;
    snapshot->count = walk.found.size / sizeof(*snapshot->files);
    walk.found = (struct csc_buf){0};
    sort_and_unite(snapshot);
    *ret_snapshot = r == MEASURED && snapshot->count <= FILES_MAX ? TAKE_PTR(snapshot) : NULL;
    return 0;
}

int64_t csc_snapshot_count_changes(const struct csc_snapshot *before, const struct csc_contract *contract)
{
    _cleanup_(snapshot_cleanup) struct csc_snapshot *after = NULL;
    int64_t changes = 0;

    if (!before || csc_snapshot_take(contract, &after, NULL) < 0 || !after)
        return -1;
    for (size_t i = 0; i < after->count; i++)
        changes += !is_unchanged(before, &after->files[i]);
    return changes;
}

void csc_snapshot_free(struct csc_snapshot *snapshot)
{
    if (!snapshot)
        return;
    free(snapshot->files);
    free(snapshot);
}
