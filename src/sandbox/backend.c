/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which executor a configuration that names none means: the native one, but on a host that is known to refuse it.
 * Known, not tried: what fails then is a refusal, and never the reason to try the other one.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>

#include "sandbox/survey.h"

/* The first bytes of a file in /proc; "" where there is none. */
static void read_setting(const char *path, char *text, size_t size)
{
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);

    text[n > 0 ? n : 0] = '\0';
}

/* Its newest system call, asked for nothing. */
static bool kernel_is_too_old(void)
{
    return syscall(SYS_mount_setattr, -1, "", 0U, NULL, (size_t)0) < 0 && errno == ENOSYS;
}

/* Ubuntu's: who has no profile gets namespaces without any right in them. bwrap comes with a profile there. */
static bool apparmor_restricts(void)
{
    char text[64];

    read_setting("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", text, sizeof(text));
    if (text[0] != '1')
        return false;
    read_setting("/proc/self/attr/apparmor/current", text, sizeof(text));
    return text[0] == '\0' || strncmp(text, "unconfined", strlen("unconfined")) == 0;
}

/* Debian's: bwrap may have the set-user-ID bit there. */
static bool clone_is_off(void)
{
    char text[16];

    read_setting("/proc/sys/kernel/unprivileged_userns_clone", text, sizeof(text));
    return text[0] == '0';
}

static const char *why_not_native(bool is_root)
{
    if (kernel_is_too_old())
        return "this kernel has no mount_setattr(2)";
    if (!is_root && apparmor_restricts())
        return "AppArmor lets only programs with a profile make user namespaces, and csc has none";
    if (!is_root && clone_is_off())
        return "kernel.unprivileged_userns_clone is 0";
    return NULL;
}

enum csc_backend csc_survey_backend(const struct csc_config *config, bool is_root, const char **ret_why)
{
    const char *why = config->backend == CSC_BACKEND_AUTO ? why_not_native(is_root) : "it is configured";

    if (ret_why)
        *ret_why = why ? why : "this host is not known to refuse it";
    if (config->backend != CSC_BACKEND_AUTO)
        return config->backend;
    return why ? CSC_BACKEND_BWRAP : CSC_BACKEND_NATIVE;
}
