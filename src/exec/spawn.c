/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vfork(2): starting /bin/true costs a third of what fork(2) takes from a process with mapped memory. Its price is
 * that the child runs in our memory, on our stack: it makes system calls and nothing else, and everything it needs
 * is computed before.
 */
#include "exec/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base.h"

struct birth {
    const struct csc_spawn *spawn;
    pid_t parent;
    int report; /* a pipe, closed by exec. Shared memory would do, but where vfork is a fork (valgrind) */
};

static bool die_with(pid_t parent)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
        return false;
    if (getppid() != parent)
        _exit(1); /* it died before the line above: nobody supervises, nobody is told */
    return true;
}

/*
 * Threat: bwrap makes its child, and then has it wait for a word. Killed in between it leaves a child that waits for
 * ever. So bwrap lives on until it ties itself to us (--die-with-parent), right before that word; where we are dead by
 * then, csc-init sees it and starts nothing.
 */
static bool outlive(pid_t parent)
{
    if (prctl(PR_SET_PDEATHSIG, 0) < 0)
        return false;
    if (getppid() != parent)
        _exit(1);
    return true;
}

/* The system calls themselves: the C library's functions change all threads of a process, and take us for the parent's.
 */
static bool become(const struct csc_launch *launch)
{
    if (!launch->switch_identity)
        return true;
    return syscall(SYS_setgroups, 0, NULL) == 0 && syscall(SYS_setresgid, launch->gid, launch->gid, launch->gid) == 0 &&
           syscall(SYS_setresuid, launch->uid, launch->uid, launch->uid) == 0;
}

/*
 * Threat: a command whose user outside is root owns the host's device files, and could change the mode of /dev/null for
 * everyone. A device on a read-only mount can still be written to, but not changed; what is read-only here, in mounts
 * that only this process and bwrap see, can't be made writable in the sandbox (mount_namespaces(7), "locked").
 */
static bool guard_devices(void)
{
    const struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};

    return unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("/dev", "/dev", NULL, MS_BIND | MS_REC, NULL) == 0 &&
           syscall(SYS_mount_setattr, AT_FDCWD, "/dev", AT_RECURSIVE, &attr, sizeof(attr)) == 0;
}

/* Groups first: another user may not enter them. */
static bool enter(const struct csc_launch *launch)
{
    for (size_t i = 0; i < launch->cgroup_entry_count; i++)
        if (write(launch->cgroup_entries[i], "0", 1) != 1)
            return false;
    for (size_t i = 0; i < launch->fd_count; i++)
        if (fcntl(launch->fds[i], F_SETFD, 0) < 0)
            return false;
    return (!launch->guard_devices || guard_devices()) && become(launch);
}

static bool prepare(const struct birth *birth, enum csc_spawn_step *step)
{
    const struct csc_spawn *spawn = birth->spawn;

    *step = CSC_SPAWN_FORK;
    if (setpgid(0, spawn->group) < 0 || !die_with(birth->parent))
        return false;
    *step = CSC_SPAWN_CWD;
    if (fchdir(spawn->cwd) < 0)
        return false;
    *step = CSC_SPAWN_FORK;
    for (int i = 0; i < 3; i++)
        if (dup2(spawn->standard[i], i) < 0)
            return false;
    if (close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) < 0 || csc_program_reset_signals() < 0)
        return false;
    return !spawn->launch || (enter(spawn->launch) && outlive(birth->parent));
}

__attribute__((noreturn)) static void be_born(const struct birth *birth)
{
    struct csc_spawn_failure failure = {CSC_SPAWN_EXEC, 0};

    if (prepare(birth, &failure.step)) {
        failure.step = CSC_SPAWN_EXEC;
        failure.sys_errno = csc_program_exec(birth->spawn->argv, birth->spawn->envp, birth->spawn->path);
    } else {
        failure.sys_errno = errno;
    }
    /* Smaller than PIPE_BUF into an empty pipe: whole, or the pipe is broken and we are alone. */
    _exit(write(birth->report, &failure, sizeof(failure)) < 0);
}

/* A frame of its own, which the child does not return from. */
__attribute__((noinline)) static pid_t give_birth(const struct birth *birth)
{
    pid_t pid = vfork();

    if (pid == 0)
        be_born(birth);
    return pid;
}

static bool read_failure(int fd, struct csc_spawn_failure *ret_failure)
{
    struct csc_spawn_failure failure;
    ssize_t n;

    do
        n = read(fd, &failure, sizeof(failure));
    while (n < 0 && errno == EINTR);
    if (n != sizeof(failure))
        return false;
    *ret_failure = failure;
    return true;
}

pid_t csc_spawn(const struct csc_spawn *spawn, struct csc_spawn_failure *ret_failure)
{
    _cleanup_close_ int read_end = -1;
    _cleanup_close_ int write_end = -1;
    int report[2];
    sigset_t all, before;

    *ret_failure = (struct csc_spawn_failure){CSC_SPAWN_FORK, 0};
    if (pipe2(report, O_CLOEXEC) == 0) {
        read_end = report[0];
        write_end = csc_fd_above_standard(report[1]);
    }
    if (write_end < 0) {
        ret_failure->sys_errno = errno;
        return -1;
    }
    const struct birth birth = {spawn, getpid(), write_end};
    /* A handler of ours must not run in the child, which shares our memory. */
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t pid = give_birth(&birth);
    int fork_errno = errno;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (pid < 0) {
        ret_failure->sys_errno = fork_errno;
        return -1;
    }
    csc_close_cleanup(&write_end);
    write_end = -1;
    if (!read_failure(read_end, ret_failure))
        return pid;
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    return -1;
}
