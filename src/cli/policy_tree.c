/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/policy.h"

enum { DEPTH_MAX = 16 };

char *csc_cli_tree_name(struct csc_cli_tree *tree, const char *folder, const char *file)
{
    return strcmp(folder, ".") == 0 ? csc_arena_printf(&tree->arena, "%s/%s", tree->path, file)
                                    : csc_arena_printf(&tree->arena, "%s/%s/%s", tree->path, folder, file);
}

/* Threat: a pack of somebody else that reads, and shows in its messages, files of whoever tests it. Its paths lead
 * nowhere but beneath the folder that was named, symlinks included. */
int csc_cli_tree_read(const struct csc_cli_tree *tree, struct csc_cli_file file, size_t max, struct csc_buf *ret_bytes,
                      struct csc_error *err)
{
    _cleanup_buf_ struct csc_buf path = {0};

    csc_buf_printf(&path, file.name[0] == '/' ? "%s%s" : "%s/%s", file.name[0] == '/' ? "" : file.folder, file.name);
    if (path.failed)
        return csc_fail_memory(err);
    _cleanup_close_ int fd = csc_openat2(tree->folder, path.data, O_RDONLY | O_NOCTTY | O_NONBLOCK, 0, RESOLVE_BENEATH);
    if (fd < 0 && errno == EXDEV)
        return csc_fail(err, CSC_E_INPUT, "leads out of the folder '%s'; name a file beneath it", tree->path);
    if (fd < 0)
        return csc_fail_errno(err, CSC_E_INPUT, errno, "cannot open");
    return csc_read_fd(fd, max, ret_bytes, err);
}

/* Names of a folder. */
struct names {
    const char **items;
    size_t count, capacity;
};

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool keep_name(struct csc_arena *arena, struct names *names, const char *name)
{
    if (names->count == names->capacity) {
        size_t capacity = names->capacity > 0 ? names->capacity * 2 : 16;
        const char **items = csc_arena_array(arena, capacity, sizeof(*items));
        if (!items)
            return false;
        if (names->count > 0)
            memcpy(items, names->items, names->count * sizeof(*items));
        names->items = items;
        names->capacity = capacity;
    }
    const char *copy = csc_arena_copy(arena, name, strlen(name));
    if (copy)
        names->items[names->count++] = copy;
    return copy != NULL;
}

static int fail_errno(const struct csc_cli_tree *tree, const char *folder)
{
    struct csc_error err = {0};

    csc_fail_errno(&err, CSC_E_INPUT, errno, "cannot list the folder '%s'", folder);
    return csc_cli_fail(tree->cli, tree->path, &err);
}

/* Threat: what lies deeper would pass for looked at. */
static int fail_depth(const struct csc_cli_tree *tree, const char *folder)
{
    struct csc_error err = {0};

    csc_fail(&err, CSC_E_INPUT, "the folder '%s' lies more than %d folders deep; name a folder nearer to it", folder,
             (int)DEPTH_MAX);
    return csc_cli_fail(tree->cli, tree->path, &err);
}

static int fail_memory(const struct csc_cli_tree *tree)
{
    struct csc_error err = {0};

    csc_fail_memory(&err);
    return csc_cli_fail(tree->cli, NULL, &err);
}

/* The list that an entry belongs to. A symlink counts as a file: reading it stays beneath the tree, and a folder it is
 * not read as. 0, or an exit code. */
static int sort_entry(struct csc_cli_tree *tree, int fd, const char *name, struct names *files, struct names *folders)
{
    struct stat st;

    if (name[0] == '.')
        return 0;
    if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : fail_errno(tree, name); /* gone meanwhile */
    struct names *names = S_ISDIR(st.st_mode) ? folders : S_ISREG(st.st_mode) || S_ISLNK(st.st_mode) ? files : NULL;
    return !names || keep_name(&tree->arena, names, name) ? 0 : fail_memory(tree);
}

static int list_folder(struct csc_cli_tree *tree, const char *folder, struct names *files, struct names *folders)
{
    int code = 0,
        fd = csc_openat2(tree->folder, folder, O_RDONLY | O_DIRECTORY, 0, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
    _cleanup_closedir_ DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;

    if (!dir) {
        int saved = errno;
        csc_close_cleanup(&fd);
        errno = saved;
        return fail_errno(tree, folder);
    }
    for (struct dirent *entry; code == 0 && (entry = readdir(dir));)
        code = sort_entry(tree, fd, entry->d_name, files, folders);
    if (files->count > 0)
        qsort(files->items, files->count, sizeof(*files->items), compare_names);
    if (folders->count > 0)
        qsort(folders->items, folders->count, sizeof(*folders->items), compare_names);
    return code;
}

/* What a walk is for. */
struct walk {
    struct csc_cli_tree *tree;
    int (*each)(void *context, const struct csc_cli_file *file);
    void *context;
};

static int walk_folder(const struct walk *walk, const char *folder, unsigned depth)
{
    struct csc_cli_tree *tree = walk->tree;
    struct names files = {0}, folders = {0};

    int code = list_folder(tree, folder, &files, &folders);
    for (size_t i = 0; i < files.count && code == 0; i++)
        code = walk->each(walk->context, &(struct csc_cli_file){folder, files.items[i]});
    for (size_t i = 0; i < folders.count && code == 0; i++) {
        const char *below = strcmp(folder, ".") == 0
                                ? folders.items[i]
                                : csc_arena_printf(&tree->arena, "%s/%s", folder, folders.items[i]);
        code = !below               ? fail_memory(tree)
               : depth == DEPTH_MAX ? fail_depth(tree, below)
                                    : walk_folder(walk, below, depth + 1);
    }
    return code;
}

int csc_cli_tree_walk(struct csc_cli_tree *tree, int (*each)(void *context, const struct csc_cli_file *file),
                      void *context)
{
    const struct walk walk = {tree, each, context};

    return walk_folder(&walk, ".", 0);
}

int csc_cli_tree_open(const struct csc_cli *cli, const char *path, struct csc_cli_tree *ret_tree)
{
    struct csc_error err = {0};

    *ret_tree = (struct csc_cli_tree){.cli = cli, .path = path};
    ret_tree->folder = csc_openat2(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0, 0);
    if (ret_tree->folder >= 0)
        return 0;
    csc_fail_errno(&err, CSC_E_INPUT, errno, "cannot open the folder");
    return csc_cli_fail(cli, path, &err);
}

void csc_cli_tree_close(struct csc_cli_tree *tree)
{
    csc_close_cleanup(&tree->folder);
    tree->folder = -1;
    csc_arena_free(&tree->arena);
}
