/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/seccomp.h"

#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/seccomp_programs.h"

const char *const csc_sockets_names[] = {
    [CSC_SOCKETS_NONE] = "none",         [CSC_SOCKETS_UNIX] = "unix",
    [CSC_SOCKETS_INTERNET] = "internet", [CSC_SOCKETS_INTERNET_UNIX] = "internet+unix",
    [CSC_SOCKETS_COUNT] = NULL,
};

const char *csc_seccomp_sha256(enum csc_sockets sockets)
{
    return csc_seccomp_hashes[sockets];
}

/* The kernel only reads the instructions; its struct just doesn't say so. */
struct sock_fprog csc_seccomp_program(enum csc_sockets sockets)
{
    const struct csc_seccomp_filter *filter = &csc_seccomp_filters[sockets];

    return (struct sock_fprog){.len = filter->count, .filter = (struct sock_filter *)filter->instructions};
}

int csc_seccomp_load(enum csc_sockets sockets)
{
    struct sock_fprog program = csc_seccomp_program(sockets);

    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0U, &program) == 0 ? 0 : -1;
}
