/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/lockdown.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

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
    if (getrlimit((__rlimit_resource_t)resource, &now) < 0)
        return -1;
    if (limit.rlim_max > now.rlim_max)
        limit.rlim_max = now.rlim_max;
    if (limit.rlim_cur > limit.rlim_max)
        limit.rlim_cur = limit.rlim_max;
    return setrlimit((__rlimit_resource_t)resource, &limit);
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
