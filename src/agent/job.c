/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/job.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum { CANNOT_EXECUTE = 126 };

static int make_files(const struct csc_job_start *start, struct csc_job *job, struct csc_error *err)
{
    job->files[CSC_JOB_STDIN] = csc_memory_file(start->input, start->input_size, err);
    if (job->files[CSC_JOB_STDIN] < 0)
        return -CSC_E_INTERNAL;
    for (int i = CSC_JOB_STDOUT; i < CSC_JOB_FILES; i++) {
        job->files[i] = csc_fd_above_standard(memfd_create("csc-job", MFD_CLOEXEC));
        if (job->files[i] < 0)
            return csc_fail_errno(err, CSC_E_INTERNAL, errno, "cannot make the streams of a run");
    }
    return 0;
}

/* First out of the way of each other, then to the numbers that the job knows them by. */
static bool place_files(const struct csc_job *job)
{
    int high[CSC_JOB_FILES];

    for (int i = 0; i < CSC_JOB_FILES; i++) {
        high[i] = fcntl(job->files[i], F_DUPFD_CLOEXEC, CSC_JOB_FILES);
        if (high[i] < 0)
            return false;
    }
    for (int i = 0; i < CSC_JOB_FILES; i++)
        if (dup2(high[i], i) < 0)
            return false;
    return close_range(CSC_JOB_FILES, ~0U, 0) == 0;
}

/*
 * Fresh dispositions; and the mask that csc run sets for itself, so that one told to end before it has come so far
 * finds the signal waiting, and writes its receipt. Handlers go with exec, what is ignored does not.
 */
static bool reset_signals(bool ends_in_order)
{
    struct sigaction standard = {.sa_handler = SIG_DFL};
    sigset_t mask;

    for (int number = 1; number < NSIG; number++)
        (void)sigaction(number, &standard, NULL); /* SIGKILL, SIGSTOP and libc's own refuse */
    (void)sigemptyset(&mask);
    if (ends_in_order) {
        (void)sigaddset(&mask, SIGINT);
        (void)sigaddset(&mask, SIGTERM);
        (void)sigaddset(&mask, SIGQUIT);
        (void)sigaddset(&mask, SIGHUP);
    }
    return sigprocmask(SIG_SETMASK, &mask, NULL) == 0;
}

/* In the child. A group of its own: what a terminal sends to its foreground reaches the server, which hands it on. */
__attribute__((noreturn)) static void become_job(const struct csc_job_start *start, const struct csc_job *job,
                                                 pid_t parent)
{
    if (setpgid(0, 0) == 0 && prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 && getppid() == parent && place_files(job) &&
        reset_signals(start->ends_in_order))
        (void)execve(start->program, (char *const *)(uintptr_t)start->argv, environ);
    _exit(CANNOT_EXECUTE);
}

static int start_process(const struct csc_job_start *start, struct csc_job *job, struct csc_error *err)
{
    sigset_t all, before;
    pid_t parent = getpid();

    (void)sigfillset(&all);
    (void)sigprocmask(SIG_SETMASK, &all, &before);
    pid_t pid = fork();
    if (pid == 0)
        become_job(start, job, parent);
    int error = errno;
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    if (pid < 0)
        return csc_fail_errno(err, CSC_E_INTERNAL, error, "cannot start a process for a run");
    job->pid = pid;
    job->pidfd = csc_fd_above_standard((int)syscall(SYS_pidfd_open, pid, 0));
    if (job->pidfd >= 0)
        return 0;
    error = errno;
    (void)kill(pid, SIGTERM);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    job->pid = 0;
    return csc_fail_errno(err, CSC_E_INTERNAL, error, "cannot watch a process");
}

int csc_job_begin(const struct csc_job_start *start, struct csc_job *ret_job, struct csc_error *err)
{
    _cleanup_(csc_job_free) struct csc_job job = CSC_JOB_NONE;

    int r = make_files(start, &job, err);
    if (r == 0)
        r = start_process(start, &job, err);
    if (r < 0)
        return r;
    *ret_job = job;
    job = CSC_JOB_NONE;
    return 0;
}

void csc_job_stop(const struct csc_job *job)
{
    if (job->pid > 0)
        (void)kill(job->pid, SIGTERM); /* not reaped yet: the number is still its own */
}

int csc_job_reap(struct csc_job *job)
{
    int status = 0;
    pid_t pid;

    do
        pid = waitpid(job->pid, &status, 0);
    while (pid < 0 && errno == EINTR);
    job->pid = 0;
    csc_close_cleanup(&job->pidfd);
    job->pidfd = -1;
    if (pid < 0)
        return CSC_E_INTERNAL;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

size_t csc_job_size(const struct csc_job *job, enum csc_job_file file)
{
    struct stat st;

    return fstat(job->files[file], &st) == 0 ? (size_t)st.st_size : 0;
}

int csc_job_read(const struct csc_job *job, struct csc_job_part part, struct csc_buf *buf, struct csc_error *err)
{
    size_t there = csc_job_size(job, part.file);

    if (part.offset >= there)
        return 0;
    if (part.size > there - part.offset)
        part.size = there - part.offset;
    if (!csc_buf_reserve(buf, part.size))
        return csc_fail_memory(err);
    while (part.size > 0) {
        ssize_t n = pread(job->files[part.file], buf->data + buf->size, part.size, (off_t)part.offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return csc_fail_errno(err, CSC_E_INTERNAL, errno, "cannot read what a run printed");
        if (n == 0)
            break;
        buf->size += (size_t)n;
        part.offset += (size_t)n;
        part.size -= (size_t)n;
    }
    buf->data[buf->size] = '\0';
    return 0;
}

void csc_job_free(struct csc_job *job)
{
    csc_close_cleanup(&job->pidfd);
    for (int i = 0; i < CSC_JOB_FILES; i++)
        csc_close_cleanup(&job->files[i]);
    *job = CSC_JOB_NONE;
}
