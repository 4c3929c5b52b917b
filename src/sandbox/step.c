/* SPDX-License-Identifier: Apache-2.0 */
/* Pure. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "sandbox/sandbox.h"

#define DOCTOR "csc doctor says what this machine can hold"

/* The first that fits; a step or errno of -1 fits all. */
static const struct {
    int step, error;
    const char *fix;
} fixes[] = {
    {-1, ENOSYS,
     "this kernel, or a filter that csc runs under, does not have the system call; use Linux 5.12 or later, or "
     "--backend bwrap"},
    {-1, EMFILE, "raise the limit of descriptors (ulimit -n), or declare folders instead of what is in them"},
    {-1, ENFILE, "this machine is out of descriptors (sysctl fs.file-max)"},
    {-1, EAGAIN, "out of processes or memory; raise the limits (ulimit -u), or end what uses them up"},
    {-1, ENOMEM, "out of memory; raise the limits (ulimit -a), or end what uses it up"},
    {-1, EFBIG, "raise the limit of a file's size (ulimit -f)"},
    {CSC_STEP_NAMESPACES, ENOSPC,
     "raise user.max_user_namespaces and its siblings by sysctl(8), or end what holds them"},
    {CSC_STEP_NAMESPACES, EUSERS, "there are 32 levels of user namespaces already"},
    {CSC_STEP_NAMESPACES, EINVAL, "this kernel lacks a kind of namespace; csc doctor says which"},
    {CSC_STEP_NAMESPACES, -1,
     "csc may not make namespaces here (as in a chroot or container); csc doctor says what would let it; where bwrap "
     "may, --backend bwrap"},
    {CSC_STEP_NETWORK, ENOSPC, "raise user.max_net_namespaces by sysctl(8), or end what holds them"},
    {CSC_STEP_IDENTITY, ENOENT, "mount /proc"},
    {CSC_STEP_IDENTITY, -1, "csc may not map its user here; csc doctor says what would let it"},
    {CSC_STEP_SOURCE, ENOENT, "it was there when the sandbox was planned; run it again when nothing removes it"},
    {CSC_STEP_SOURCE, EINVAL, "it was unmounted while the sandbox was made; run it again"},
    {CSC_STEP_SOURCE, -1, "let the user of csc reach it, and run it again"},
    {CSC_STEP_PROC, EPERM,
     "parts of the /proc that is there are covered, as in containers; csc doctor says what would fix it"},
    {CSC_STEP_MOUNT, EPERM,
     "a security module, or the sandbox that csc itself runs in, forbids it; csc doctor says what would let it; where "
     "bwrap may, --backend bwrap"},
    {CSC_STEP_MOUNT, EACCES,
     "a security module, or the sandbox that csc itself runs in, forbids it; csc doctor says what would let it; where "
     "bwrap may, --backend bwrap"},
    {CSC_STEP_MOUNT, ENOSPC, "raise fs.mount-max by sysctl(8), or declare folders instead of what is in them"},
    {CSC_STEP_CGROUP, -1,
     "let csc write cgroup.procs of its own group and of the one above; csc doctor says which limits can be held"},
    {CSC_STEP_INIT, -1, "install csc anew (make install)"},
    {-1, -1, DOCTOR},
};

static const char *find_fix(int step, int error)
{
    size_t i = 0;

    while ((fixes[i].step != -1 && fixes[i].step != step) || (fixes[i].error != -1 && fixes[i].error != error))
        i++;
    return fixes[i].fix;
}

void csc_step_explain(enum csc_step step, int error, const char *what, char *ret_text, size_t size)
{
    const char *name = error ? strerrorname_np(error) : NULL;

    if (error == 0)
        (void)snprintf(ret_text, size, "%s", what);
    else
        (void)snprintf(ret_text, size, "%s: %s (%s); fix: %s", what, name ? name : "unknown error", strerror(error),
                       find_fix((int)step, error));
}

int csc_step_fail(struct csc_error *err, enum csc_code code, enum csc_step step, int error, const char *what)
{
    char text[CSC_REPORT_SENTENCE];

    csc_step_explain(step, error, what, text, sizeof(text));
    return csc_fail(err, code, "sandbox: %s", text);
}
