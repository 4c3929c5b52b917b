/* SPDX-License-Identifier: Apache-2.0 */
/*
 * caller ──clone──▶ steward ──vfork──▶ the program
 *    ▲                │  waits, with a deadline
 *    └─── a pipe ─────┘
 *
 * A library cannot simply wait for a child: the caller may ignore SIGCHLD, and then there is no status to wait for, or
 * have a thread that waits for whatever ends. execve(2) makes every child one that SIGCHLD tells of, so the program
 * cannot be spared that. But the steward executes nothing: it tells of its end by no signal, is seen by those alone who
 * wait for such children (__WALL), has signal dispositions of its own, and reports by a pipe.
 *
 * The program's streams are files in memory: nobody has to feed or drain it, and nothing is written to a broken pipe.
 */
#include "base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/program.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8U /* since Linux 6.3 */
#endif

/* How it ended, as the steward, or the program's process before it is that, writes it. */
struct word {
    enum { WORD_NONE, WORD_ENDED, WORD_TIMED_OUT, WORD_NOT_EXECUTED, WORD_FAILED } what;
    int value; /* status of waitpid(2), or errno */
};

struct run {
    const struct csc_child *child;
    int streams[3]; /* -1: ours */
    int report[2];
    pid_t caller;
};

static int make_memory_file(void)
{
    int fd = memfd_create("csc", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);

    if (fd < 0 && errno == EINVAL)
        fd = memfd_create("csc", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    return csc_fd_above_standard(fd);
}

int csc_memory_file(const void *bytes, size_t size, struct csc_error *err)
{
    _cleanup_close_ int fd = make_memory_file();

    if (fd < 0 || csc_write_all(fd, bytes, size) < 0 || lseek(fd, 0, SEEK_SET) < 0 ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
        return csc_fail_errno(err, CSC_E_INTERNAL, errno, "cannot make a file in memory");
    return TAKE_FD(fd);
}

/* ---- the program's process: system calls and nothing else ---------------------------------------------------- */

static bool limit(int resource, rlim_t most)
{
    struct rlimit limits;

    if (getrlimit((__rlimit_resource_t)resource, &limits) < 0)
        return false;
    if (limits.rlim_max > most)
        limits.rlim_max = most;
    limits.rlim_cur = limits.rlim_max;
    return setrlimit((__rlimit_resource_t)resource, &limits) == 0;
}

static bool prepare(const struct run *run)
{
    for (int i = 0; i < 3; i++)
        if (run->streams[i] >= 0 && dup2(run->streams[i], i) < 0)
            return false;
    if (close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
        return false;
    for (size_t i = 0; i < run->child->fd_count; i++)
        if (fcntl(run->child->fds[i], F_SETFD, 0) < 0)
            return false;
    return limit(RLIMIT_FSIZE, run->child->output_max) && limit(RLIMIT_CORE, 0) && csc_program_reset_signals() == 0;
}

__attribute__((noreturn)) static void be_program(const struct run *run, pid_t steward)
{
    struct word word = {WORD_FAILED, 0};

    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != steward)
        _exit(1);
    if (prepare(run)) {
        (void)execve(run->child->argv[0], run->child->argv, run->child->envp);
        word.what = WORD_NOT_EXECUTED;
    }
    word.value = errno;
    _exit(write(run->report[1], &word, sizeof(word)) < 0);
}

/* A frame of its own, which the child does not return from. */
__attribute__((noinline)) static pid_t start_program(const struct run *run)
{
    pid_t steward = getpid();
    pid_t pid = vfork();

    if (pid == 0)
        be_program(run, steward);
    return pid;
}

/* ---- the steward: a copy of one thread, so it makes system calls and nothing else ----------------------------- */

static struct word wait_for(pid_t program, int timeout_ms)
{
    struct pollfd end = {.fd = (int)syscall(SYS_pidfd_open, program, 0), .events = POLLIN};
    struct word word = {WORD_ENDED, 0};

    if (end.fd < 0 || poll(&end, 1, timeout_ms) <= 0) {
        word.what = end.fd < 0 ? WORD_FAILED : WORD_TIMED_OUT;
        word.value = errno;
        (void)kill(program, SIGKILL);
    }
    int status = 0;
    if (waitpid(program, &status, 0) == program && word.what == WORD_ENDED)
        word.value = status;
    return word;
}

/* All signals stay blocked: what a terminal sends is the program's to answer. Descriptors of ours are let go: whoever
 * waits for their end (other threads) does not wait for the program. */
__attribute__((noreturn)) static void be_steward(const struct run *run)
{
    struct word word = {WORD_FAILED, 0};

    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != run->caller || signal(SIGCHLD, SIG_DFL) == SIG_ERR)
        _exit(1);
    pid_t program = start_program(run);
    word.value = errno;
    if (dup2(run->report[1], STDIN_FILENO) < 0 || close_range(1, ~0U, 0) < 0)
        _exit(1);
    if (program > 0)
        word = wait_for(program, run->child->timeout_ms);
    _exit(write(STDIN_FILENO, &word, sizeof(word)) < 0);
}

/* ---- the caller ------------------------------------------------------------------------------------------------ */

static int make_streams(struct run *run, struct csc_error *err)
{
    const struct csc_child *child = run->child;
    int input = child->input_fd >= 0 ? csc_fd_above_standard(fcntl(child->input_fd, F_DUPFD_CLOEXEC, 3))
                                     : csc_memory_file(child->input, child->input_size, err);

    run->streams[STDIN_FILENO] = input;
    run->streams[STDOUT_FILENO] = input < 0 ? -1 : make_memory_file();
    run->streams[STDERR_FILENO] = input < 0 || child->share_stderr ? -1 : make_memory_file();
    if (input < 0 || run->streams[STDOUT_FILENO] < 0 || (!child->share_stderr && run->streams[STDERR_FILENO] < 0))
        return csc_fail_errno(err, CSC_E_INTERNAL, errno, "cannot make the streams of '%s'", child->argv[0]);
    if (pipe2(run->report, O_CLOEXEC | O_NONBLOCK) < 0)
        return csc_fail_errno(err, CSC_E_INTERNAL, errno, "cannot make a pipe");
    run->report[0] = csc_fd_above_standard(run->report[0]);
    run->report[1] = csc_fd_above_standard(run->report[1]);
    return run->report[0] < 0 || run->report[1] < 0
               ? csc_fail_errno(err, CSC_E_INTERNAL, errno, "cannot move a descriptor")
               : 0;
}

static void run_close(struct run *run)
{
    for (size_t i = 0; i < ARRAY_SIZE(run->streams); i++)
        csc_close_cleanup(&run->streams[i]);
    csc_close_cleanup(&run->report[0]);
    csc_close_cleanup(&run->report[1]);
}

/* Its bits of flags are none, those of its signal too. The order of the others differs by machine, and they are 0. */
static pid_t start_steward(const struct run *run)
{
    sigset_t all, before;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t pid = (pid_t)syscall(SYS_clone, 0L, 0L, 0L, 0L, 0L);
    if (pid == 0)
        be_steward(run);
    int error = errno;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = error;
    return pid;
}

static int read_stream(int fd, size_t max, struct csc_buf *ret_bytes, struct csc_error *err)
{
    if (fd < 0)
        return 0;
    if (lseek(fd, 0, SEEK_SET) < 0)
        return csc_fail_errno(err, CSC_E_INTERNAL, errno, "cannot read what a program wrote");
    return csc_read_fd(fd, max, ret_bytes, err);
}

static int conclude(const struct run *run, const struct word *word, struct csc_child_end *end, struct csc_error *err)
{
    const struct csc_child *child = run->child;

    if (word->what == WORD_NOT_EXECUTED)
        return csc_fail_errno(err, CSC_E_CONFIG, word->value, "cannot execute '%s'", child->argv[0]);
    if (word->what != WORD_ENDED && word->what != WORD_TIMED_OUT)
        return csc_fail_errno(err, CSC_E_INTERNAL, word->value, "cannot supervise '%s'", child->argv[0]);
    end->timed_out = word->what == WORD_TIMED_OUT;
    end->status = WIFEXITED(word->value) ? WEXITSTATUS(word->value) : 128 + WTERMSIG(word->value);
    if (end->timed_out)
        end->status = 128 + SIGKILL;
    int r = read_stream(run->streams[STDOUT_FILENO], child->output_max, &end->out, err);
    return r < 0 ? r : read_stream(run->streams[STDERR_FILENO], child->output_max, &end->err, err);
}

int csc_child_run(const struct csc_child *child, struct csc_child_end *ret_end, struct csc_error *err)
{
    _cleanup_(run_close) struct run run = {
        .child = child, .streams = {-1, -1, -1}, .report = {-1, -1}, .caller = getpid()};
    _cleanup_(csc_child_end_free) struct csc_child_end end = {0};
    struct word word = {WORD_NONE, 0};

    if (child->argv[0][0] != '/')
        return csc_fail(err, CSC_E_CONFIG, "'%s' is no absolute path; give the program's whole path", child->argv[0]);
    int r = make_streams(&run, err);
    if (r < 0)
        return r;
    pid_t steward = start_steward(&run);
    if (steward < 0)
        return csc_fail_errno(err, CSC_E_INTERNAL, errno, "cannot start a process for '%s'", child->argv[0]);
    while (waitpid(steward, NULL, __WALL) < 0 && errno == EINTR)
        ;
    /* All that was written is there: the first word counts. None: the steward was killed. */
    if (read(run.report[0], &word, sizeof(word)) != sizeof(word))
        word = (struct word){WORD_NONE, ECHILD};
    r = conclude(&run, &word, &end, err);
    if (r < 0)
        return r;
    *ret_end = end;
    end = (struct csc_child_end){0};
    return 0;
}

void csc_child_end_free(struct csc_child_end *end)
{
    csc_buf_free(&end->out);
    csc_buf_free(&end->err);
    *end = (struct csc_child_end){0};
}
