/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The view out of mounts. Its root is a file system of its own, which only this process sees, so nobody exchanges what
 * is made in it; below a source of the host's nothing is made, and no symlink is followed.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "sandbox/native.h"

/* The root holds folders and some small files; an inode takes about a KiB of the kernel's memory. */
enum { ROOT_BYTES = 16 << 20, BYTES_PER_INODE = 4096, INODES_MIN = 1024 };

enum { RESOLVE = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS };

/* ---- places ------------------------------------------------------------------------------------------------------ */

static const char *below_root(const char *target)
{
    const char *path = target + strspn(target, "/");

    return *path ? path : ".";
}

/* What the last place lay in is open still: most have many neighbours. */
static void forget_folder(struct csc_builder *b)
{
    csc_close_cleanup(&b->folder);
    b->folder = -1;
}

/* Opens a folder of the view, which is made where it is not there. Threat: a symlink of the agent's in what is shown:
 * until the view is our root, it leads out of it. What a source of the host's lacks is not made: its mount is
 * read-only. */
static int open_folder(const struct csc_builder *b, const char *path)
{
    char parent[PATH_MAX];
    const char *slash = strrchr(path, '/');
    int fd = csc_openat2(b->root, path, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0, RESOLVE);

    if (fd >= 0 || errno != ENOENT)
        return fd;
    if ((size_t)snprintf(parent, sizeof(parent), "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".") >=
        sizeof(parent)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    _cleanup_close_ int above = open_folder(b, parent);
    if (above < 0 || (mkdirat(above, slash ? slash + 1 : path, 0755) < 0 && errno != EEXIST))
        return -1;
    return csc_openat2(b->root, path, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0, RESOLVE);
}

/* The last component of a target, in b->folder. */
static const char *enter_folder(struct csc_builder *b, const char *target)
{
    const char *path = below_root(target), *slash = strrchr(path, '/');
    size_t size = slash ? (size_t)(slash - path) : 1;
    const char *from = slash ? path : ".", *name = slash ? slash + 1 : path;

    if (b->folder >= 0 && strlen(b->folder_path) == size && strncmp(b->folder_path, from, size) == 0)
        return name;
    forget_folder(b);
    if (size >= sizeof(b->folder_path))
        csc_builder_refuse(b, CSC_STEP_MOUNT, ENAMETOOLONG, "opening the folder of '%.150s'", target);
    memcpy(b->folder_path, from, size);
    b->folder_path[size] = '\0';
    b->folder = open_folder(b, b->folder_path);
    if (b->folder < 0)
        csc_builder_refuse(b, CSC_STEP_MOUNT, errno, "opening the folder of '%.150s' in the sandbox", target);
    return name;
}

/* Its name in b->folder. */
static const char *make_place(struct csc_builder *b, const char *target, bool folder)
{
    const char *name = enter_folder(b, target);
    int r = folder ? mkdirat(b->folder, name, 0755) : mknodat(b->folder, name, S_IFREG | 0444, 0);

    if (r < 0 && errno != EEXIST)
        csc_builder_refuse(b, CSC_STEP_MOUNT, errno, "making a place for '%.150s'", target);
    return name;
}

static int create_file(struct csc_builder *b, const char *target)
{
    const char *name = enter_folder(b, target);
    int fd = openat(b->folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0444);

    if (fd < 0)
        csc_builder_refuse(b, CSC_STEP_MOUNT, errno, "making the file '%.150s'", target);
    return fd;
}

/* ---- mounts ------------------------------------------------------------------------------------------------------ */

/* The path of what is open is that of `target`, or below it. */
static bool lies_below(const char *path, const char *target)
{
    size_t size = strlen(target);

    return strncmp(path, target, size) == 0 && (path[size] == '\0' || path[size] == '/');
}

/*
 * The place is made where it is not there, and never looked for behind a symlink: its folder is open, and the last
 * component of a move_mount(2) without MOVE_MOUNT_T_SYMLINKS is not followed. Takes over `tree`.
 */
static void attach(struct csc_builder *b, int tree, const char *target, bool folder)
{
    _cleanup_close_ int mine = tree;
    const char *name = make_place(b, target, folder);

    if (move_mount(mine, "", b->folder, name, MOVE_MOUNT_F_EMPTY_PATH) < 0)
        csc_builder_refuse(b, CSC_STEP_MOUNT, errno, "mounting '%.150s' (move_mount)", target);
    /* What was open lies below it now. */
    if (lies_below(b->folder_path, below_root(target)))
        forget_folder(b);
}

/* A new file system, detached. `options`: key, value, ..., NULL. */
static int make_filesystem(const struct csc_builder *b, const char *type, unsigned attributes,
                           const char *const *options)
{
    enum csc_step step = strcmp(type, "proc") == 0 ? CSC_STEP_PROC : CSC_STEP_MOUNT;
    _cleanup_close_ int fs = fsopen(type, FSOPEN_CLOEXEC);

    if (fs < 0)
        csc_builder_refuse(b, step, errno, "making a file system of type %s (fsopen)", type);
    for (; *options; options += 2)
        if (fsconfig(fs, FSCONFIG_SET_STRING, options[0], options[1], 0) < 0)
            csc_builder_refuse(b, step, errno, "setting %s of a %s (fsconfig)", options[0], type);
    if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
        csc_builder_refuse(b, step, errno, "making a file system of type %s (fsconfig)", type);
    int tree = fsmount(fs, FSMOUNT_CLOEXEC, attributes);
    if (tree < 0)
        csc_builder_refuse(b, step, errno, "mounting a file system of type %s (fsmount)", type);
    return tree;
}

static int make_tmpfs(const struct csc_builder *b, unsigned mode, int64_t size)
{
    int64_t inode_count = size / BYTES_PER_INODE < INODES_MIN ? INODES_MIN : size / BYTES_PER_INODE;
    char mode_text[16], size_text[24], inodes[24];

    (void)snprintf(mode_text, sizeof(mode_text), "%04o", mode);
    (void)snprintf(size_text, sizeof(size_text), "%" PRId64, size);
    (void)snprintf(inodes, sizeof(inodes), "%" PRId64, inode_count);
    const char *const options[] = {"mode", mode_text, "size", size_text, "nr_inodes", inodes, NULL};
    return make_filesystem(b, "tmpfs", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, options);
}

/*
 * What the survey opened, once more: a mount can be cloned only in the namespace that it is in, and this one is younger
 * than the survey. Threat: a path that was exchanged meanwhile. No symlink is followed, and what is there now must be
 * the very file whose descriptor the survey still holds, so that its inode cannot have been given to another one.
 */
static int open_again(const struct csc_builder *b, const struct csc_source *source)
{
    struct stat st;
    int fd = csc_openat2(AT_FDCWD, source->path, O_PATH | O_NOFOLLOW, 0, RESOLVE_NO_SYMLINKS);

    if (fd < 0 || fstat(fd, &st) < 0)
        csc_builder_refuse(b, CSC_STEP_SOURCE, errno, "opening '%.150s'", source->path);
    if (st.st_dev != source->device || st.st_ino != source->inode)
        csc_builder_refuse(b, CSC_STEP_SOURCE, 0, "'%.150s' was exchanged while the sandbox was made; run it again",
                           source->path);
    return fd;
}

/* A csc that is root has made the tree, out of the survey's descriptor; anybody else may only here, in a user namespace
 * of his own. */
static int open_tree_of(const struct csc_builder *b, const struct csc_mount *mount)
{
    if (mount->source->tree >= 0)
        return mount->source->tree;
    _cleanup_close_ int fd = open_again(b, mount->source);
    _cleanup_close_ int tree = csc_tree_clone(fd);
    if (tree < 0)
        csc_builder_refuse(b, csc_tree_step(errno), errno, "mounting '%.150s' (open_tree)", mount->target);
    if (csc_tree_restrict(tree, mount->writable) < 0)
        csc_builder_refuse(b, CSC_STEP_MOUNT, errno, "mounting '%.150s'%s (mount_setattr)", mount->target,
                           mount->writable ? "" : " read-only");
    return TAKE_FD(tree);
}

static void add_bind(struct csc_builder *b, const struct csc_mount *mount)
{
    attach(b, open_tree_of(b, mount), mount->target, mount->source->type == CSC_SOURCE_FOLDER);
}

static void add_copy(struct csc_builder *b, const struct csc_mount *mount)
{
    _cleanup_close_ int to = create_file(b, mount->target);
    char bytes[64 << 10];
    ssize_t size;
    off_t at = 0;

    while ((size = pread(mount->source->fd, bytes, sizeof(bytes), at)) > 0) {
        if (csc_write_all(to, bytes, (size_t)size) < 0)
            csc_builder_refuse(b, CSC_STEP_MOUNT, errno, "copying '%.150s'", mount->target);
        at += size;
    }
    if (size < 0)
        csc_builder_refuse(b, CSC_STEP_MOUNT, errno, "copying '%.150s'", mount->target);
}

static void add_file(struct csc_builder *b, const struct csc_mount *mount)
{
    _cleanup_close_ int to = create_file(b, mount->target);

    if (csc_write_all(to, mount->content, strlen(mount->content)) < 0)
        csc_builder_refuse(b, CSC_STEP_MOUNT, errno, "writing '%.150s'", mount->target);
}

static void make_symlink(struct csc_builder *b, const char *text, const char *target)
{
    const char *name = enter_folder(b, target);

    if (symlinkat(text, b->folder, name) < 0)
        csc_builder_refuse(b, CSC_STEP_MOUNT, errno, "making the symlink '%.150s'", target);
}

static void add_symlink(struct csc_builder *b, const struct csc_mount *mount)
{
    make_symlink(b, mount->content, mount->target);
}

static void add_folder(struct csc_builder *b, const struct csc_mount *mount)
{
    (void)make_place(b, mount->target, true);
}

static void add_tmpfs(struct csc_builder *b, const struct csc_mount *mount)
{
    attach(b, make_tmpfs(b, mount->mode, mount->size), mount->target, true);
}

static void add_proc(struct csc_builder *b, const struct csc_mount *mount)
{
    static const char *const none[] = {NULL};

    attach(b, make_filesystem(b, "proc", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, none), mount->target,
           true);
}

/* A device on a mount without devices: it can be seen, and not opened. Once it is attached, it can be cloned, its flags
 * included. */
static void add_mask(struct csc_builder *b, const struct csc_mount *mount)
{
    int tree = b->mask < 0 ? csc_tree_device(0, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV) : csc_tree_clone(b->mask);

    if (tree < 0)
        csc_builder_refuse(b, CSC_STEP_MOUNT, errno, "covering '%.150s'", mount->target);
    if (b->mask < 0)
        b->mask = fcntl(tree, F_DUPFD_CLOEXEC, 0);
    attach(b, tree, mount->target, false);
}

static void add_device(struct csc_builder *b, size_t index)
{
    int tree = csc_tree_device(index, b->plan->guard_devices ? MOUNT_ATTR_RDONLY : 0);

    if (tree < 0)
        csc_builder_refuse(b, CSC_STEP_MOUNT, errno, "mounting '%.150s'", csc_device_path(index));
    attach(b, tree, csc_device_path(index), false);
}

static void add_dev(struct csc_builder *b, const struct csc_mount *mount)
{
    static const char *const links[][2] = {{"/proc/self/fd", "/dev/fd"},       {"/proc/self/fd/0", "/dev/stdin"},
                                           {"/proc/self/fd/1", "/dev/stdout"}, {"/proc/self/fd/2", "/dev/stderr"},
                                           {"/proc/kcore", "/dev/core"},       {"pts/ptmx", "/dev/ptmx"}};
    static const char *const pts[] = {"ptmxmode", "0666", "mode", "620", NULL};

    attach(b, make_tmpfs(b, 0755, ROOT_BYTES), mount->target, true);
    for (size_t i = 0; i < CSC_DEVICE_COUNT; i++)
        add_device(b, i);
    for (size_t i = 0; i < ARRAY_SIZE(links); i++)
        make_symlink(b, links[i][0], links[i][1]);
    attach(b, make_filesystem(b, "devpts", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, pts), "/dev/pts", true);
}

/* What lies on it keeps its flags. */
static void add_readonly(struct csc_builder *b, const struct csc_mount *mount)
{
    struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};
    _cleanup_close_ int place = csc_openat2(b->root, below_root(mount->target), O_PATH | O_DIRECTORY | O_NOFOLLOW, 0,
                                            RESOLVE);

    if (place < 0 || syscall(SYS_mount_setattr, place, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
        csc_builder_refuse(b, CSC_STEP_MOUNT, errno, "making '%.150s' read-only (mount_setattr)", mount->target);
}

static void (*const adders[])(struct csc_builder *b, const struct csc_mount *mount) = {
    [CSC_MOUNT_BIND] = add_bind,         [CSC_MOUNT_COPY] = add_copy,     [CSC_MOUNT_SYMLINK] = add_symlink,
    [CSC_MOUNT_FILE] = add_file,         [CSC_MOUNT_FOLDER] = add_folder, [CSC_MOUNT_TMPFS] = add_tmpfs,
    [CSC_MOUNT_PROC] = add_proc,         [CSC_MOUNT_MASK] = add_mask,     [CSC_MOUNT_DEV] = add_dev,
    [CSC_MOUNT_READONLY] = add_readonly,
};

/*
 * The root is built on /proc: there it hides nothing that has still to be opened, and whether a fresh /proc may be
 * mounted depends on what is seen of the old one, which the kernel knows how to look for below an unlocked mount.
 */
void csc_native_build_view(struct csc_builder *b)
{
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        csc_builder_refuse(b, CSC_STEP_MOUNT, errno, "making mounts private (mount)");
    b->root = make_tmpfs(b, 0755, ROOT_BYTES);
    if (move_mount(b->root, "", AT_FDCWD, "/proc", MOVE_MOUNT_F_EMPTY_PATH) < 0)
        csc_builder_refuse(b, CSC_STEP_MOUNT, errno, "mounting the root of the sandbox on /proc (move_mount)");
    for (size_t i = 0; i < b->plan->mount_count; i++)
        adders[b->plan->mounts[i].kind](b, &b->plan->mounts[i]);
}

/* pivot_root(2), "pivot_root(".", ".")": the old root lies on the new one, and is taken off. */
void csc_native_enter_view(const struct csc_builder *b)
{
    if (fchdir(b->root) < 0)
        csc_builder_refuse(b, CSC_STEP_MOUNT, errno, "entering the sandbox's root (fchdir)");
    if (syscall(SYS_pivot_root, ".", ".") < 0)
        csc_builder_refuse(b, CSC_STEP_MOUNT, errno, "making the sandbox's root the root (pivot_root)");
    if (umount2(".", MNT_DETACH) < 0)
        csc_builder_refuse(b, CSC_STEP_MOUNT, errno, "leaving the host's root (umount2)");
    if (chdir("/") < 0)
        csc_builder_refuse(b, CSC_STEP_MOUNT, errno, "entering the sandbox's root (chdir)");
}
