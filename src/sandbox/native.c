/* SPDX-License-Identifier: Apache-2.0 */
/*
 * csc ──clone3──▶ PID 1: the view, csc-init ──▶ the command's segments
 *   │                │
 *   ├──── maps ─────▶│  root alone; then the word to begin
 *   └──── groups ───▶│  while it mounts; then the word to go on
 *
 * What the child could not do it says by the pipe of reports, as csc-init does.
 */
#include "sandbox/native.h"

#include <errno.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "sandbox/idmap.h"
#include "sandbox/lockdown.h"

static int give_user(const struct csc_plan *plan, pid_t pid)
{
    const struct csc_idmap_user user = {plan->inner_uid, plan->outer_uid, plan->inner_gid, plan->outer_gid};
    char process[16];

    (void)snprintf(process, sizeof(process), "%d", pid);
    return csc_idmap_give_user(process, &user);
}

/* All groups but the one that the child was made in. */
static int enter_groups(const struct csc_native *native, pid_t pid)
{
    size_t count = 0, born_in = SIZE_MAX;
    const int *entries = native->cgroup ? csc_cgroup_entries(native->cgroup, &count) : NULL;
    char text[16];
    int size = snprintf(text, sizeof(text), "%d", pid);

    if (native->cgroup)
        (void)csc_cgroup_birthplace(native->cgroup, &born_in);
    for (size_t i = 0; i < count; i++)
        if (i != born_in && write(entries[i], text, (size_t)size) != size)
            return -1;
    return 0;
}

/* A child that is dead already has said why, and what is written then changes nothing. */
static int prepare_child(const struct csc_plan *plan, const struct csc_native *native, pid_t pid, struct csc_error *err)
{
    if (native->maps_from_outside && give_user(plan, pid) < 0 && errno != ESRCH)
        return csc_step_fail(err, CSC_E_CONFIG, CSC_STEP_IDENTITY, errno,
                             "mapping the sandbox's user (/proc/PID/uid_map)");
    (void)!write(native->go_ahead, "", 1);
    if (enter_groups(native, pid) < 0 && errno != ESRCH)
        return csc_step_fail(err, CSC_E_CONFIG, CSC_STEP_CGROUP, errno, "putting the sandbox into its control groups");
    (void)!write(native->go_ahead, "", 1);
    return 0;
}

/* What clone3(2) fails with for the sake of the group alone. EACCES may also be a security module's word on namespaces.
 */
static bool is_of_groups(int error)
{
    return error == EBUSY || error == EOPNOTSUPP || error == ENOENT || error == ENODEV;
}

static pid_t make_child(const struct csc_plan *plan, const struct csc_native *native, struct csc_error *err)
{
    struct clone_args args = {
        .flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS,
        .exit_signal = SIGCHLD,
    };
    size_t entry;
    int birthplace = native->cgroup ? csc_cgroup_birthplace(native->cgroup, &entry) : -1;

    if (birthplace >= 0) {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = (uint64_t)birthplace;
    }
    pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
    if (pid == 0)
        csc_native_be_sandbox(plan, native);
    if (pid < 0 && birthplace >= 0 && is_of_groups(errno))
        return csc_step_fail(err, CSC_E_CONFIG, CSC_STEP_CGROUP, errno,
                             "making the sandbox in its control group (clone3)");
    return pid < 0 ? csc_step_fail(err, CSC_E_CONFIG, CSC_STEP_NAMESPACES, errno, "making namespaces (clone3)") : pid;
}

static int end_child(pid_t pid, int code)
{
    (void)kill(pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    return code;
}

pid_t csc_native_start(const struct csc_plan *plan, const struct csc_native *native, struct csc_error *err)
{
    if (native->maps_from_outside && csc_lockdown_groups() < 0)
        return csc_step_fail(err, CSC_E_CONFIG, CSC_STEP_IDENTITY, errno, "giving up groups (setgroups)");
    pid_t pid = make_child(plan, native, err);
    if (pid < 0)
        return pid;
    int r = prepare_child(plan, native, pid, err);
    return r == 0 ? pid : end_child(pid, r);
}
