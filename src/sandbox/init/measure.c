/* SPDX-License-Identifier: Apache-2.0 */
/* What csc-init sees of itself when nothing is left to give up. What it starts gets no more: a child of vfork(2) that
 * executes a program under no_new_privs. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "sandbox/init/init.h"

enum { STATUS_MAX = 8192 };

/* Whether Landlock's rules hold: that the kernel took them is only its word. (Not a file of the host: a scope, or /usr,
 * may grant that by another path.) */
static int look_at_probe(void)
{
    int fd = open(CSC_SANDBOX_PROBE, O_RDONLY | O_CLOEXEC);
    int error = errno;

    csc_close_cleanup(&fd);
    return fd >= 0 ? 0 : error;
}

void csc_init_probe(struct csc_init_probe *ret_probe)
{
    ret_probe->readable = look_at_probe() == 0;
}

static bool read_status(struct csc_process_status *ret_status)
{
    char text[STATUS_MAX];
    _cleanup_close_ int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);

    return fd >= 0 && csc_status_read(fd, text, sizeof(text)) && csc_status_parse(text, ret_status);
}

static void read_limits(const struct csc_init_stage *stage, struct csc_measured_inside *inside)
{
    for (size_t i = 0; i < stage->limit_count; i++) {
        struct rlimit limit = {.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};
        (void)getrlimit(stage->limits[i].resource, &limit);
        inside->limits[inside->limit_count++] = (struct csc_measured_limit){
            .resource = stage->limits[i].resource, .soft = limit.rlim_cur, .hard = limit.rlim_max};
    }
}

static void read_namespaces(struct csc_measured_inside *inside)
{
    _cleanup_close_ int self = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);

    for (int i = 0; i < CSC_NAMESPACE_COUNT; i++)
        inside->namespace[i] = self < 0 ? 0 : csc_namespace_inode(self, (enum csc_namespace)i);
}

bool csc_init_measure(const struct csc_init_stage *stage, const struct csc_init_probe *probe,
                      struct csc_measured_inside *ret_inside)
{
    struct csc_measured_inside inside = {.landlock_abi = stage->landlock.abi, .landlock_refuses = -1};
    struct utsname host;

    if (!read_status(&inside.status))
        return false;
    read_namespaces(&inside);
    read_limits(stage, &inside);
    inside.own_session = getsid(0) == getpid();
    inside.own_hostname = uname(&host) == 0 && strcmp(host.nodename, CSC_SANDBOX_HOSTNAME) == 0;
    if (probe->readable)
        inside.landlock_refuses = look_at_probe() == EACCES;
    *ret_inside = inside;
    return true;
}
