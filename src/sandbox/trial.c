/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/trial.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/landlock.h"
#include "sandbox/lockdown.h"
#include "sandbox/seccomp.h"

typedef struct csc_trial trial_function(const void *context);

static struct csc_trial failed(enum csc_trial_step step, int error)
{
    return (struct csc_trial){step, error};
}

static const struct csc_trial done = {CSC_TRIAL_DONE, 0};

/* Calls `function` in a child, which ends with it. */
static struct csc_trial in_child(trial_function *function, const void *context)
{
    struct csc_trial trial;
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        return failed(CSC_TRIAL_CHILD, errno);
    _cleanup_close_ int ours = ends[0];
    _cleanup_close_ int theirs = ends[1];
    pid_t child = fork();
    if (child < 0)
        return failed(CSC_TRIAL_CHILD, errno);
    if (child == 0) {
        trial = function(context);
        _exit(csc_write_all(theirs, &trial, sizeof(trial)) == 0 ? 0 : 1);
    }
    (void)close(TAKE_FD(theirs));
    ssize_t size = read(ours, &trial, sizeof(trial)); /* smaller than PIPE_BUF: there as a whole, or not at all */
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
        ;
    return size == sizeof(trial) ? trial : failed(CSC_TRIAL_CHILD, ECHILD);
}

/* ---- namespaces ------------------------------------------------------------------------------------------------ */

static int write_text(const char *path, const char *text)
{
    _cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);

    return fd < 0 ? -1 : csc_write_all(fd, text, strlen(text));
}

/* user_namespaces(7): who has no capability outside may map nobody but itself. */
static int map_identity(const struct csc_doctor *doctor)
{
    char users[48], groups[48];

    (void)snprintf(users, sizeof(users), "%u %u 1", doctor->inner_uid, doctor->uid);
    (void)snprintf(groups, sizeof(groups), "%u %u 1", doctor->inner_gid, doctor->gid);
    if (write_text("/proc/self/uid_map", users) < 0 || write_text("/proc/self/setgroups", "deny") < 0)
        return -1;
    return write_text("/proc/self/gid_map", groups);
}

/* In the first process of the process namespace: whose processes a /proc shows is who mounts it. */
static struct csc_trial mount_proc(const void *context)
{
    (void)context;
    if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
        return failed(CSC_TRIAL_PROC, errno);
    return done;
}

static struct csc_trial try_namespaces(const void *context)
{
    enum {
        ALL = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP
    };
    const struct csc_doctor *doctor = context;

    if (doctor->switch_identity && (setgroups(0, NULL) < 0 || setresgid(doctor->gid, doctor->gid, doctor->gid) < 0 ||
                                    setresuid(doctor->uid, doctor->uid, doctor->uid) < 0))
        return failed(CSC_TRIAL_SWITCH, errno);
    /* Who has changed its user owns /proc/self no more, until it executes a program, or this. */
    if (prctl(PR_SET_DUMPABLE, 1) < 0)
        return failed(CSC_TRIAL_SWITCH, errno);
    if (unshare(ALL) < 0)
        return failed(CSC_TRIAL_NAMESPACES, errno);
    if (map_identity(doctor) < 0)
        return failed(CSC_TRIAL_MAP, errno);
    if (mount(NULL, "/", NULL, MS_SLAVE | MS_REC, NULL) < 0 || mount("tmpfs", "/", "tmpfs", MS_NOSUID, NULL) < 0)
        return failed(CSC_TRIAL_MOUNT, errno);
    return in_child(mount_proc, NULL);
}

struct csc_trial csc_trial_namespaces(const struct csc_doctor *doctor)
{
    return in_child(try_namespaces, doctor);
}

/* ---- filter, Landlock ------------------------------------------------------------------------------------------ */

static struct csc_trial try_filter(const void *context)
{
    (void)context;
    if (csc_lockdown_no_new_privs() < 0 || csc_seccomp_load(CSC_SOCKETS_NONE) < 0)
        return failed(CSC_TRIAL_LOAD, errno);
    /* What anybody may do without the filter. */
    _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return fd >= 0 ? failed(CSC_TRIAL_HOLD, 0) : done;
}

struct csc_trial csc_trial_filter(void)
{
    return in_child(try_filter, NULL);
}

static struct csc_trial try_landlock(const void *context)
{
    static const struct csc_landlock_rule rule = {"/", CSC_GRANT_LIST};
    const struct csc_landlock landlock = {.abi = *(const int *)context, .rules = &rule, .rule_count = 1};
    const char *step = "";

    if (csc_lockdown_no_new_privs() < 0 || csc_landlock_restrict(&landlock, &step) < 0)
        return failed(CSC_TRIAL_LOAD, errno);
    _cleanup_close_ int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    return fd >= 0 ? failed(CSC_TRIAL_HOLD, 0) : done;
}

struct csc_trial csc_trial_landlock(int abi)
{
    return in_child(try_landlock, &abi);
}
