/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/lockdown.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool is_denied(void)
{
    char text[8] = "";
    int fd = open("/proc/self/setgroups", O_RDONLY | O_CLOEXEC);
    ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

    if (fd >= 0)
        (void)close(fd);
    return size > 0 && strncmp(text, "deny", strlen("deny")) == 0;
}

int csc_lockdown_groups(void)
{
    /* By the system call: the C library's function is for all threads. */
    if (getgroups(0, NULL) == 0 || syscall(SYS_setgroups, 0, NULL) == 0)
        return 0;
    int error = errno;
    if (error == EPERM && is_denied())
        return 0;
    errno = error;
    return -1;
}

int csc_lockdown_session(void)
{
    if (getsid(0) != getpid() && setsid() < 0)
        return -1;
    /* A kernel without keys has nothing to inherit. */
    if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 && errno != ENOSYS)
        return -1;
    return 0;
}

int csc_lockdown_limit(int resource, uint64_t soft, uint64_t hard)
{
    struct rlimit now, limit = {.rlim_cur = soft, .rlim_max = hard};

    /* Without capabilities a limit can only be lowered: one that is lower already stays. */
    if (getrlimit(resource, &now) < 0)
        return -1;
    if (limit.rlim_max > now.rlim_max)
        limit.rlim_max = now.rlim_max;
    if (limit.rlim_cur > limit.rlim_max)
        limit.rlim_cur = limit.rlim_max;
    return setrlimit(resource, &limit);
}

int csc_lockdown_drop_bounding(void)
{
    for (unsigned long capability = 0; capability < 64; capability++)
        if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0)
            return errno == EINVAL && capability > 0 ? 0 : -1; /* past the last one */
    return 0;
}

static int empty_bounding_set(void)
{
    for (unsigned long capability = 0; capability < 64; capability++) {
        int there = prctl(PR_CAPBSET_READ, capability, 0, 0, 0);
        if (there < 0)
            return errno == EINVAL ? 0 : -1; /* past the last one */
        if (there > 0 && prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0)
            return -1;
    }
    return 0;
}

int csc_lockdown_capabilities(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}};

    if (empty_bounding_set() < 0 || prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 ||
        syscall(SYS_capset, &header, data) < 0 || syscall(SYS_capget, &header, data) < 0)
        return -1;
    for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
        if (data[i].effective || data[i].permitted || data[i].inheritable) {
            errno = EPERM;
            return -1;
        }
    return 0;
}

int csc_lockdown_no_new_privs(void)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return -1;
    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) {
        errno = EPERM;
        return -1;
    }
    return 0;
}
