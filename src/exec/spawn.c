/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vfork(2): starting /bin/true costs a third of what fork(2) takes from a process with mapped memory. Its price is
 * that the child runs in our memory, on our stack: it makes system calls and nothing else, and everything it needs
 * is computed before.
 */
#include "exec/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <signal.h>
#include <string.h>
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

/*
 * Ignored signals outlive execve(2): csc ignores SIGPIPE, and its own parent may have ignored others. The system call
 * itself, since sigaction(3) leaves out the two signals that the C library keeps for itself.
 */
static int reset_signals(void)
{
    static const unsigned long standard[8] = {0}; /* the kernel's struct sigaction: SIG_DFL, no flags, empty mask */
    sigset_t none;

    for (int i = 1; i < NSIG; i++)
        if (i != SIGKILL && i != SIGSTOP)
            (void)syscall(SYS_rt_sigaction, i, standard, NULL, (NSIG - 1) / 8);
    return sigemptyset(&none) < 0 ? -1 : sigprocmask(SIG_SETMASK, &none, NULL);
}

static bool prepare(const struct birth *birth, enum csc_spawn_step *step)
{
    const struct csc_spawn *spawn = birth->spawn;

    *step = CSC_SPAWN_FORK;
    if (setpgid(0, spawn->group) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
        return false;
    if (getppid() != birth->parent)
        _exit(1); /* it died before the line above: nobody supervises, nobody is told */
    *step = CSC_SPAWN_CWD;
    if (fchdir(spawn->cwd) < 0)
        return false;
    *step = CSC_SPAWN_FORK;
    for (int i = 0; i < 3; i++)
        if (dup2(spawn->standard[i], i) < 0)
            return false;
    return close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) == 0 && reset_signals() == 0;
}

/* Relative entries of PATH would name files of the agent's choosing, by its choice of cwd. */
static int exec_in(const char *folder, size_t size, const struct csc_spawn *spawn)
{
    char candidate[PATH_MAX];
    size_t name_size = strlen(spawn->argv[0]) + 1;

    if (size == 0 || folder[0] != '/' || size + 1 + name_size > sizeof(candidate))
        return ENOENT;
    memcpy(candidate, folder, size);
    candidate[size] = '/';
    memcpy(candidate + size + 1, spawn->argv[0], name_size);
    (void)execve(candidate, spawn->argv, spawn->envp);
    int error = errno;
    /* A folder that may not be searched has no such program as far as we can know, as for a shell. */
    return error == EACCES && access(candidate, F_OK) < 0 ? ENOENT : error;
}

/* Returns why nothing could be executed. No shell is tried on ENOEXEC (execvp(3) would): that runs a file as
 * something it does not say it is. */
static int exec_program(const struct csc_spawn *spawn)
{
    int worst = ENOENT;

    if (strchr(spawn->argv[0], '/')) {
        (void)execve(spawn->argv[0], spawn->argv, spawn->envp);
        return errno;
    }
    for (const char *folder = spawn->path; folder; folder = *folder ? folder + 1 : NULL) {
        size_t size = strcspn(folder, ":");
        int error = exec_in(folder, size, spawn);
        if (error == EACCES)
            worst = EACCES;
        else if (error != ENOENT && error != ENOTDIR && error != ESTALE && error != ENODEV && error != ETIMEDOUT)
            return error;
        folder += size;
    }
    return worst;
}

__attribute__((noreturn)) static void be_born(const struct birth *birth)
{
    struct csc_spawn_failure failure = {CSC_SPAWN_EXEC, 0};

    if (prepare(birth, &failure.step)) {
        failure.step = CSC_SPAWN_EXEC;
        failure.sys_errno = exec_program(birth->spawn);
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

int csc_fd_above_standard(int fd)
{
    if (fd < 0 || fd > STDERR_FILENO)
        return fd;
    int moved = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    int error = errno;
    (void)close(fd);
    errno = error;
    return moved;
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
