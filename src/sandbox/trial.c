/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/trial.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/idmap.h"
#include "sandbox/landlock.h"
#include "sandbox/lockdown.h"
#include "sandbox/seccomp.h"

typedef struct csc_trial trial_function(const void *context);

static struct csc_trial failed(enum csc_trial_step step, int error)
{
    return (struct csc_trial){step, error};
}

static const struct csc_trial done = {CSC_TRIAL_DONE, 0};

/* ---- children ---------------------------------------------------------------------------------------------------- */

/* How a child is made. */
struct birth {
    uint64_t flags;                /* of clone3(2), as the native executor calls it; 0: fork(2) */
    const struct csc_doctor *maps; /* whose ids csc maps from outside, as only root may; NULL: it does not */
};

static const struct birth forked = {0};

static int map_identity(const struct csc_doctor *doctor, const char *process)
{
    const struct csc_idmap_user user = {doctor->inner_uid, doctor->uid, doctor->inner_gid, doctor->gid};

    return csc_idmap_give_user(process, &user);
}

static int map_child(const struct csc_doctor *doctor, pid_t child)
{
    char name[16];

    (void)snprintf(name, sizeof(name), "%d", child);
    return map_identity(doctor, name);
}

static pid_t make_child(const struct birth *birth)
{
    struct clone_args args = {.flags = birth->flags, .exit_signal = SIGCHLD};

    return birth->flags ? (pid_t)syscall(SYS_clone3, &args, sizeof(args)) : fork();
}

/* Waits until its ids are mapped. An end of stream: they will not be. */
__attribute__((noreturn)) static void be_child(int go, int report, trial_function *function, const void *context)
{
    char byte;

    if (read(go, &byte, 1) != 1)
        _exit(1);
    struct csc_trial trial = function(context);
    _exit(csc_write_all(report, &trial, sizeof(trial)) == 0 ? 0 : 1);
}

/* Takes over `go`. */
static struct csc_trial ask_child(const struct birth *birth, pid_t child, int go, int report)
{
    _cleanup_close_ int word = go;
    struct csc_trial trial;

    if (birth->maps && map_child(birth->maps, child) < 0)
        return failed(CSC_TRIAL_MAP, errno);
    (void)!write(word, "", 1);
    ssize_t size = read(report, &trial, sizeof(trial)); /* smaller than PIPE_BUF: there as a whole, or not at all */
    return size == sizeof(trial) ? trial : failed(CSC_TRIAL_CHILD, ECHILD);
}

/* Calls `function` in a child, which ends with it. */
static struct csc_trial in_child(const struct birth *birth, trial_function *function, const void *context)
{
    int go[2] = {-1, -1}, report[2];

    if (pipe2(report, O_CLOEXEC) < 0)
        return failed(CSC_TRIAL_CHILD, errno);
    _cleanup_close_ int our_report = report[0];
    _cleanup_close_ int their_report = report[1];
    if (pipe2(go, O_CLOEXEC) < 0)
        return failed(CSC_TRIAL_CHILD, errno);
    _cleanup_close_ int their_go = go[0]; /* stays open here: writing to it is never a SIGPIPE */
    _cleanup_close_ int our_go = go[1];
    pid_t child = make_child(birth);
    if (child < 0)
        return failed(birth->flags ? CSC_TRIAL_NAMESPACES : CSC_TRIAL_CHILD, errno);
    if (child == 0) {
        (void)close(our_go);
        be_child(their_go, their_report, function, context);
    }
    (void)close(TAKE_FD(their_report));
    struct csc_trial trial = ask_child(birth, child, TAKE_FD(our_go), our_report);
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
        ;
    return trial;
}

/* ---- namespaces, as bwrap makes them ------------------------------------------------------------------------------
 */

enum { NAMESPACES = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS };

/* In the first process of the process namespace: whose processes a /proc shows is who mounts it. */
static struct csc_trial mount_proc(const void *context)
{
    (void)context;
    if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
        return failed(CSC_TRIAL_PROC, errno);
    return done;
}

static struct csc_trial try_unshared(const void *context)
{
    const struct csc_doctor *doctor = context;

    if (doctor->switch_identity && (setgroups(0, NULL) < 0 || setresgid(doctor->gid, doctor->gid, doctor->gid) < 0 ||
                                    setresuid(doctor->uid, doctor->uid, doctor->uid) < 0))
        return failed(CSC_TRIAL_SWITCH, errno);
    /* Who has changed its user owns /proc/self no more, until it executes a program, or this. */
    if (prctl(PR_SET_DUMPABLE, 1) < 0)
        return failed(CSC_TRIAL_SWITCH, errno);
    if (unshare(NAMESPACES | CLONE_NEWCGROUP) < 0)
        return failed(CSC_TRIAL_NAMESPACES, errno);
    if (map_identity(doctor, "self") < 0)
        return failed(CSC_TRIAL_MAP, errno);
    if (mount(NULL, "/", NULL, MS_SLAVE | MS_REC, NULL) < 0 || mount("tmpfs", "/", "tmpfs", MS_NOSUID, NULL) < 0)
        return failed(CSC_TRIAL_MOUNT, errno);
    return in_child(&forked, mount_proc, NULL);
}

/* ---- namespaces, as the native executor makes them -----------------------------------------------------------------
 */

static int make_filesystem(const char *type)
{
    _cleanup_close_ int fs = fsopen(type, FSOPEN_CLOEXEC);

    if (fs < 0 || fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
        return -1;
    return fsmount(fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
}

static int become_inner_user(const struct csc_doctor *doctor)
{
    uid_t uid = doctor->inner_uid;
    gid_t gid = doctor->inner_gid;

    return setresgid(gid, gid, gid) < 0 ? -1 : setresuid(uid, uid, uid);
}

struct cloned {
    const struct csc_doctor *doctor;
    bool mapped_from_outside;
};

static struct csc_trial try_inside(const void *context)
{
    const struct cloned *cloned = context;

    if (!cloned->mapped_from_outside && map_identity(cloned->doctor, "self") < 0)
        return failed(CSC_TRIAL_MAP, errno);
    if (become_inner_user(cloned->doctor) < 0)
        return failed(CSC_TRIAL_SWITCH, errno);
    if (unshare(CLONE_NEWCGROUP) < 0)
        return failed(CSC_TRIAL_NAMESPACES, errno);
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return failed(CSC_TRIAL_MOUNT, errno);
    _cleanup_close_ int root = make_filesystem("tmpfs");
    if (root < 0 || move_mount(root, "", AT_FDCWD, "/proc", MOVE_MOUNT_F_EMPTY_PATH) < 0)
        return failed(CSC_TRIAL_MOUNT, errno);
    _cleanup_close_ int proc = make_filesystem("proc");
    return proc < 0 ? failed(CSC_TRIAL_PROC, errno) : done;
}

static struct csc_trial try_cloned(const void *context)
{
    const struct csc_doctor *doctor = context;
    const struct cloned cloned = {doctor, geteuid() == 0};
    const struct birth birth = {.flags = NAMESPACES, .maps = cloned.mapped_from_outside ? doctor : NULL};

    /* Before there is a namespace of users, in which nobody may. */
    if (cloned.mapped_from_outside && csc_lockdown_groups() < 0)
        return failed(CSC_TRIAL_SWITCH, errno);
    return in_child(&birth, try_inside, &cloned);
}

struct csc_trial csc_trial_namespaces(const struct csc_doctor *doctor)
{
    return in_child(&forked, doctor->backend == CSC_BACKEND_NATIVE ? try_cloned : try_unshared, doctor);
}

/* ---- system calls -------------------------------------------------------------------------------------------------
 */

/* With descriptors, pointers and flags that no kernel takes. */
static struct csc_trial try_call(const void *context)
{
    const struct csc_call *call = context;

    if (syscall(call->number, -1L, 0L, -1L, 0L, -1L, 0L) < 0 && errno == ENOSYS)
        return failed(CSC_TRIAL_CALL, ENOSYS);
    return done;
}

struct csc_trial csc_trial_call(const struct csc_call *call)
{
    return in_child(&forked, try_call, call);
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
    return in_child(&forked, try_filter, NULL);
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
    return in_child(&forked, try_landlock, &abi);
}
