/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system calls of landlock(7), by the kernel's Documentation/userspace-api/landlock.rst. Headers of a distribution
 * know only the levels of its own kernel: what came later is defined here. Linked into csc-init too, so nothing but the
 * C library is used.
 */
#include "sandbox/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/base.h"

#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif
#ifndef LANDLOCK_ACCESS_FS_IOCTL_DEV
#define LANDLOCK_ACCESS_FS_IOCTL_DEV (1ULL << 15)
#endif
#ifndef LANDLOCK_ACCESS_NET_BIND_TCP
#define LANDLOCK_ACCESS_NET_BIND_TCP (1ULL << 0)
#define LANDLOCK_ACCESS_NET_CONNECT_TCP (1ULL << 1)
#endif
#ifndef LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET
#define LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET (1ULL << 0)
#define LANDLOCK_SCOPE_SIGNAL (1ULL << 1)
#endif

#define READ_FILE (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE)
#define READ (READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define MAKE_DEVICE (LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK)
#define MAKE                                                                                                           \
    (LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |                        \
     LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_SYM)
#define REMOVE (LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE)
#define CHANGE_FILE (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_TRUNCATE)

/* What the kernel takes on something that is no folder. */
#define ON_FILES (READ_FILE | CHANGE_FILE | LANDLOCK_ACCESS_FS_IOCTL_DEV)

#define FILES_1 (READ | LANDLOCK_ACCESS_FS_WRITE_FILE | REMOVE | MAKE | MAKE_DEVICE)
#define FILES_2 (FILES_1 | LANDLOCK_ACCESS_FS_REFER)
#define FILES_3 (FILES_2 | LANDLOCK_ACCESS_FS_TRUNCATE)
#define FILES_5 (FILES_3 | LANDLOCK_ACCESS_FS_IOCTL_DEV)
#define TCP (LANDLOCK_ACCESS_NET_BIND_TCP | LANDLOCK_ACCESS_NET_CONNECT_TCP)
#define SCOPES (LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | LANDLOCK_SCOPE_SIGNAL)

const char *const csc_grant_names[] = {"list", "read", "write", "device"};

/* struct landlock_ruleset_attr; a kernel takes as much of it as it knows. */
struct handled {
    uint64_t files, network, scopes;
};

/* What is refused unless a rule grants it, at each level. */
static const struct level {
    struct handled handled;
    size_t size;
} levels[] = {
    {{0, 0, 0}, 0},
    {{FILES_1, 0, 0}, offsetof(struct handled, network)},
    {{FILES_2, 0, 0}, offsetof(struct handled, network)},
    {{FILES_3, 0, 0}, offsetof(struct handled, network)},
    {{FILES_3, TCP, 0}, offsetof(struct handled, scopes)},
    {{FILES_5, TCP, 0}, offsetof(struct handled, scopes)},
    {{FILES_5, TCP, SCOPES}, sizeof(struct handled)},
};
_Static_assert(ARRAY_SIZE(levels) == CSC_LANDLOCK_ABI_MAX + 1, "a line for each level");

static const uint64_t granted[] = {
    [CSC_GRANT_LIST] = LANDLOCK_ACCESS_FS_READ_DIR,
    [CSC_GRANT_READ] = READ,
    [CSC_GRANT_WRITE] = READ | CHANGE_FILE | REMOVE | MAKE | LANDLOCK_ACCESS_FS_REFER,
    [CSC_GRANT_DEVICE] = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR | CHANGE_FILE |
                         LANDLOCK_ACCESS_FS_IOCTL_DEV,
};

int csc_landlock_abi(void)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

    if (abi < 0)
        return 0;
    return abi < CSC_LANDLOCK_ABI_MAX ? (int)abi : CSC_LANDLOCK_ABI_MAX;
}

/* 0, or -1 with errno. */
static int add_rule(int ruleset, const struct csc_landlock_rule *rule, uint64_t handled)
{
    struct landlock_path_beneath_attr attr = {.allowed_access = granted[rule->grant] & handled};
    _cleanup_close_ int fd = open(rule->path, O_PATH | O_CLOEXEC);
    struct stat st;

    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR || errno == EACCES ? 0 : -1;
    if (fstat(fd, &st) < 0)
        return -1;
    if (!S_ISDIR(st.st_mode))
        attr.allowed_access &= ON_FILES;
    attr.parent_fd = fd;
    return (int)syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &attr, 0);
}

static int refuse(const char *step, const char **ret_step)
{
    *ret_step = step;
    return -1;
}

int csc_landlock_restrict(const struct csc_landlock *landlock, const char **ret_step)
{
    if (landlock->abi == 0)
        return 0;
    if (landlock->abi < 0 || landlock->abi > CSC_LANDLOCK_ABI_MAX) {
        errno = EINVAL;
        return refuse("the level of Landlock", ret_step);
    }
    const struct level *level = &levels[landlock->abi];
    struct handled handled = level->handled;
    if (landlock->network)
        handled.network = 0;
    _cleanup_close_ int ruleset = (int)syscall(SYS_landlock_create_ruleset, &handled, level->size, 0);
    if (ruleset < 0)
        return refuse("landlock_create_ruleset", ret_step);
    for (size_t i = 0; i < landlock->rule_count; i++)
        if (add_rule(ruleset, &landlock->rules[i], handled.files) < 0)
            return refuse("landlock_add_rule", ret_step);
    if (syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
        return refuse("landlock_restrict_self", ret_step);
    return 0;
}
