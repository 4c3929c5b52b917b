/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mounts that are attached to nothing: what is made of a descriptor has all its flags before anything can reach it by a
 * name (open_tree(2), mount_setattr(2)).
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include "base/base.h"
#include "sandbox/tree.h"

/* Linux's allocated devices, which every Linux has (Documentation/admin-guide/devices.txt). */
static const struct {
    const char *path;
    unsigned major, minor;
} devices[CSC_DEVICE_COUNT] = {
    {"/dev/null", 1, 3},   {"/dev/zero", 1, 5},    {"/dev/full", 1, 7},
    {"/dev/random", 1, 8}, {"/dev/urandom", 1, 9}, {"/dev/tty", 5, 0},
};

const char *csc_device_path(size_t index)
{
    return devices[index].path;
}

int csc_tree_clone(int fd)
{
    return csc_fd_above_standard(
        open_tree(fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | (unsigned)AT_RECURSIVE));
}

enum csc_step csc_tree_step(int error)
{
    return error == EINVAL ? CSC_STEP_SOURCE : CSC_STEP_MOUNT;
}

static int set_attributes(int tree, bool recursive, const struct mount_attr *attr)
{
    return (int)syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), attr,
                        sizeof(*attr));
}

int csc_tree_restrict(int tree, bool writable)
{
    const struct mount_attr attr = {.attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
                                                (writable ? 0 : MOUNT_ATTR_RDONLY)};

    return set_attributes(tree, true, &attr);
}

int csc_tree_isolate(int tree)
{
    const struct mount_attr attr = {.propagation = MS_PRIVATE};

    return set_attributes(tree, true, &attr);
}

int csc_tree_map(int tree, int namespace, bool recursive)
{
    const struct mount_attr attr = {.attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t) namespace};

    return set_attributes(tree, recursive, &attr);
}

int csc_tree_device(size_t index, uint64_t attributes)
{
    const struct mount_attr attr = {.attr_set = MOUNT_ATTR_NOSUID | attributes};
    struct stat st;
    _cleanup_close_ int tree = csc_fd_above_standard(
        open_tree(AT_FDCWD, devices[index].path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW));

    if (tree < 0 || fstat(tree, &st) < 0)
        return -1;
    if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(devices[index].major, devices[index].minor)) {
        errno = ENODEV;
        return -1;
    }
    return set_attributes(tree, false, &attr) < 0 ? -1 : TAKE_FD(tree);
}
