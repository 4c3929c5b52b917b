/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One loop around ppoll(2) serves the clock, the children, the signals and both streams; nothing else in here waits.
 *
 *   start ──▶ RUNNING ──▶ (deadline, signal: SIGTERM) GRACE ──▶ kill what is left ──▶ drain ──▶ result
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "exec/capture.h"
#include "exec/cwd.h"
#include "exec/environment.h"
#include "exec/exec.h"
#include "exec/sandboxed.h"
#include "exec/spawn.h"
#include "exec/tree.h"

enum { SEGMENTS_MAX = 10, REAP_BATCH = 1000 };

const char *const csc_usage_source_names[] = {"none", "rusage", "cgroup"};

#define SECOND_NS INT64_C(1000000000)
#define MILLISECOND_NS INT64_C(1000000)
#define MICROSECONDS INT64_C(1000000) /* a second */

enum phase { RUNNING, GRACE, OVER };

struct run {
    const struct csc_command *command;
    const struct csc_exec_io *io;
    char **envp;
    int cwd, null_read, null_write, child_fd, children_fd;
    int signal_fd, cancel_fd;        /* -1 once they have said what they had to */
    int stdout_end, stderr_end;      /* the write ends, until all segments run */
    struct csc_sandboxed *sandboxed; /* of hardened mode: the one child is the sandbox, which has the segments */
    pid_t pids[SEGMENTS_MAX];        /* 0 once reaped */
    int codes[SEGMENTS_MAX];
    size_t started, running;
    pid_t group;
    bool alone;     /* no child is left, of any kind */
    bool more_dead; /* there may be more to reap */
    enum phase phase;
    int64_t until;      /* the end of the phase, csc_clock_ns() */
    int64_t began;      /* csc_clock_ns() */
    struct rusage used; /* by all that was waited for */
    sigset_t mask;      /* the caller's */
    bool masked;
    struct csc_capture out[2];
    struct csc_exec_result result;
};

static void close_fd(int *fd)
{
    csc_close_cleanup(fd);
    *fd = -1;
}

static void run_free(struct run **run_p)
{
    struct run *run = *run_p;

    if (!run)
        return;
    int *const fds[] = {&run->cwd,         &run->null_read,  &run->null_write, &run->child_fd,
                        &run->children_fd, &run->stdout_end, &run->stderr_end};
    for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
        close_fd(fds[i]);
    csc_capture_close(&run->out[CSC_STDOUT]);
    csc_capture_close(&run->out[CSC_STDERR]);
    csc_sandboxed_free(run->sandboxed);
    if (run->masked)
        (void)pthread_sigmask(SIG_SETMASK, &run->mask, NULL);
    free(run->envp);
    free(run);
}

/* ---- set-up ----------------------------------------------------------------------------------------------- */

static struct run *run_new(const struct csc_command *command, const struct csc_exec_io *io)
{
    struct run *run = calloc(1, sizeof(*run));

    if (!run)
        return NULL;
    run->command = command;
    run->io = io;
    run->cwd = run->null_read = run->null_write = run->child_fd = run->children_fd = -1;
    run->stdout_end = run->stderr_end = -1;
    run->out[CSC_STDOUT].fd = run->out[CSC_STDERR].fd = -1;
    run->out[CSC_STDOUT].sink.fd = run->out[CSC_STDERR].sink.fd = -1;
    run->out[CSC_STDOUT].null_fd = run->out[CSC_STDERR].null_fd = -1;
    run->signal_fd = io->signal_fd;
    run->cancel_fd = io->cancel_fd;
    run->result.exit_code = 126;
    csc_sha256_hex("", 0, run->result.hash[CSC_STDOUT]);
    csc_sha256_hex("", 0, run->result.hash[CSC_STDERR]);
    return run;
}

/* SIGCHLD comes as a readable descriptor: it also tells of orphans, which have to be reaped while a command runs
 * (threat: a command that fills the process table with zombies of csc's). */
static int watch_children(struct run *run, struct csc_error *err)
{
    sigset_t child;

    (void)sigemptyset(&child);
    (void)sigaddset(&child, SIGCHLD);
    (void)pthread_sigmask(SIG_BLOCK, &child, &run->mask);
    run->masked = true;
    run->child_fd = csc_fd_above_standard(signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK));
    if (run->child_fd < 0)
        return csc_fail_errno(err, CSC_E_INTERNAL, errno, "cannot watch for child processes");
    run->children_fd = csc_fd_above_standard(csc_tree_open_children());
    if (run->children_fd < 0 && (errno == EMFILE || errno == ENFILE))
        return csc_fail_errno(err, CSC_E_INTERNAL, errno, "cannot watch for child processes");
    return 0;
}

static int open_streams(struct run *run, struct csc_error *err)
{
    const struct csc_exec_io *io = run->io;

    run->null_read = csc_fd_above_standard(open("/dev/null", O_RDONLY | O_CLOEXEC | O_NOCTTY));
    run->null_write = csc_fd_above_standard(open("/dev/null", O_WRONLY | O_CLOEXEC | O_NOCTTY));
    if (run->null_read < 0 || run->null_write < 0)
        return csc_fail_errno(err, CSC_E_INTERNAL, errno, "cannot open /dev/null");
    if (csc_capture_open(&run->out[CSC_STDOUT], io->stdout_cap, &run->stdout_end) < 0 ||
        csc_capture_open(&run->out[CSC_STDERR], io->stderr_cap, &run->stderr_end) < 0)
        return csc_fail_errno(err, CSC_E_INTERNAL, errno, "cannot make a pipe");
    run->out[CSC_STDOUT].null_fd = run->null_write;
    run->out[CSC_STDERR].keeps_tail = true;
    for (int i = CSC_STDOUT; i <= CSC_STDERR; i++)
        csc_sink_open(&run->out[i].sink, io->out_fd[i], io->neutralise[i]);
    return 0;
}

bool csc_exec_is_too_late(const struct csc_exec_io *io)
{
    return io->not_after > 0 && csc_time_now() >= io->not_after;
}

static int refuse_start(struct run *run, const struct csc_spawn_failure *failure, const char *program,
                        struct csc_error *err)
{
    struct csc_exec_result *result = &run->result;

    switch (failure->step) {
    case CSC_SPAWN_CWD:
        csc_result_refuse(result, CSC_EXEC_NOT_EXECUTABLE, 126, "cwd '%.150s': %s", run->command->cwd,
                          strerror(failure->sys_errno));
        return 0;
    case CSC_SPAWN_EXEC:
        csc_result_refuse_program(result, program, failure->sys_errno);
        return 0;
    case CSC_SPAWN_FORK:
        break;
    }
    return csc_fail_errno(err, CSC_E_INTERNAL, failure->sys_errno, "cannot start a process");
}

/* Starts one segment between `input` and `output`. 0 also when it was refused: then the phase is OVER. */
static int start_segment(struct run *run, size_t index, int input, int output, struct csc_error *err)
{
    struct csc_spawn_failure failure;
    const struct csc_spawn spawn = {
        .argv = run->command->argvs[index].items,
        .envp = run->envp,
        .path = csc_env_path(run->envp),
        .cwd = run->cwd,
        .standard = {input, output, run->stderr_end},
        .group = run->group,
    };
    pid_t pid = csc_spawn(&spawn, &failure);

    if (pid < 0) {
        run->phase = OVER;
        return refuse_start(run, &failure, spawn.argv[0], err);
    }
    if (run->group == 0)
        run->group = pid;
    run->pids[run->started++] = pid;
    run->running++;
    run->result.started = true;
    return 0;
}

/* input ─▶ segment ─▶ pipe ─▶ segment ─▶ ... ─▶ the capture's pipe */
static int start_segments(struct run *run, struct csc_error *err)
{
    size_t count = run->command->argv_count;
    _cleanup_close_ int input = -1;
    int r = 0;

    if (count > SEGMENTS_MAX)
        return csc_fail(err, CSC_E_INTERNAL, "a pipeline of %zu segments", count);
    if (csc_exec_is_too_late(run->io)) {
        csc_result_refuse(&run->result, CSC_EXEC_EXPIRED, 126, "it was too late to start");
        run->phase = OVER;
    }
    for (size_t i = 0; i < count && r == 0 && run->phase != OVER; i++) {
        int fds[2] = {-1, -1};
        bool last = i + 1 == count;
        if (!last && pipe2(fds, O_CLOEXEC) < 0)
            return csc_fail_errno(err, CSC_E_INTERNAL, errno, "cannot make a pipe");
        _cleanup_close_ int read_end = csc_fd_above_standard(fds[0]);
        _cleanup_close_ int write_end = csc_fd_above_standard(fds[1]);
        if (!last && (read_end < 0 || write_end < 0))
            return csc_fail_errno(err, CSC_E_INTERNAL, errno, "cannot make a pipe");
        r = start_segment(run, i, i == 0 ? run->null_read : input, last ? run->stdout_end : write_end, err);
        close_fd(&input);
        input = TAKE_FD(read_end);
    }
    return r;
}

static int start_sandbox(struct run *run, struct csc_error *err)
{
    const int output[2] = {run->stdout_end, run->stderr_end};
    int r = csc_sandboxed_start(run->io, output, run->null_read, &run->sandboxed, err);

    if (r < 0)
        return r;
    run->pids[run->started++] = csc_sandboxed_pid(run->sandboxed);
    run->running++;
    return 0;
}

/* ---- supervision ------------------------------------------------------------------------------------------ */

static void note_death(struct run *run, pid_t pid, int status)
{
    for (size_t i = 0; i < run->started; i++)
        if (run->pids[i] == pid) {
            run->codes[i] = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
            run->pids[i] = 0;
            run->running--;
        }
}

static struct timeval sum(struct timeval a, struct timeval b)
{
    int64_t us = (a.tv_sec + b.tv_sec) * MICROSECONDS + a.tv_usec + b.tv_usec;

    return (struct timeval){.tv_sec = us / MICROSECONDS, .tv_usec = us % MICROSECONDS};
}

/* What a child used has in it what its own children used that it waited for. */
static void note_usage(struct run *run, const struct rusage *used)
{
    run->used.ru_utime = sum(run->used.ru_utime, used->ru_utime);
    run->used.ru_stime = sum(run->used.ru_stime, used->ru_stime);
    if (run->used.ru_maxrss < used->ru_maxrss)
        run->used.ru_maxrss = used->ru_maxrss;
}

/* The batch bounds the time until the clock is looked at again. */
static void reap(struct run *run)
{
    struct rusage used;
    int status;

    run->more_dead = false;
    for (int i = 0; i < REAP_BATCH; i++) {
        pid_t pid = wait4(-1, &status, WNOHANG | __WALL, &used);
        if (pid <= 0) {
            run->alone = pid < 0 && errno == ECHILD;
            return;
        }
        note_usage(run, &used);
        note_death(run, pid, status);
    }
    run->more_dead = true;
}

static void end_early(struct run *run, enum csc_exec_end end, int exit_code)
{
    run->result.end = end;
    run->result.exit_code = exit_code;
    run->phase = GRACE;
    run->until = csc_clock_ns() + run->io->grace_ms * MILLISECOND_NS;
    if (run->sandboxed) {
        csc_sandboxed_end(run->sandboxed);
        return;
    }
    (void)csc_tree_signal(SIGTERM);
    (void)csc_tree_signal(SIGCONT); /* what is stopped could not act on it */
}

/* csc was told to stop. The first time asks the command, the second time does not. */
static void cancel(struct run *run, int exit_code)
{
    if (run->phase == RUNNING)
        end_early(run, CSC_EXEC_CANCELLED, exit_code);
    else
        run->phase = OVER;
}

/* The exit code that the next signal means; 0: there is none. One that can't tell any more is -1 afterwards: better
 * to stop than not to be stoppable. */
static int take_signal(int *signal_fd)
{
    struct signalfd_siginfo info;
    ssize_t n = read(*signal_fd, &info, sizeof(info));

    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return 0;
    if (n != sizeof(info)) {
        *signal_fd = -1;
        return 128 + SIGTERM;
    }
    return 128 + (info.ssi_signo == SIGINT || info.ssi_signo == SIGQUIT ? SIGINT : SIGTERM);
}

static void serve_signal(struct run *run)
{
    int code = take_signal(&run->signal_fd);

    if (code)
        cancel(run, code);
}

static void serve_children(struct run *run)
{
    struct signalfd_siginfo info;

    (void)!read(run->child_fd, &info, sizeof(info));
    reap(run);
}

/*
 * Threat: two streams on one terminal, one cut in the middle of a colour sequence, the other's text completing it to
 * something else. While one stream is midway, the other waits.
 */
static bool may_write(const struct run *run, int stream)
{
    const struct csc_sink *sink = &run->out[stream].sink, *other = &run->out[!stream].sink;

    return csc_sink_is_pending(sink) && !(sink->neutralise && other->neutralise && csc_sink_is_midway(other));
}

static struct timespec time_until(int64_t until)
{
    int64_t left = until - csc_clock_ns();

    if (left < 0)
        left = 0;
    return (struct timespec){.tv_sec = left / SECOND_NS, .tv_nsec = left % SECOND_NS};
}

enum { FD_CHILD, FD_SIGNAL, FD_CANCEL, FD_REPORT, FD_IN, FD_OUT = FD_IN + 2, FD_COUNT = FD_OUT + 2 };

/* Waits for something to happen, until `until` at most, and serves it. */
static void step(struct run *run)
{
    struct timespec time = time_until(run->more_dead ? 0 : run->until);
    struct pollfd fds[FD_COUNT];

    for (int i = 0; i < FD_COUNT; i++)
        fds[i] = (struct pollfd){.fd = -1, .events = i < FD_OUT ? POLLIN : POLLOUT};
    fds[FD_CHILD].fd = run->child_fd;
    fds[FD_SIGNAL].fd = run->signal_fd;
    fds[FD_CANCEL].fd = run->cancel_fd;
    fds[FD_REPORT].fd = run->sandboxed ? csc_sandboxed_report_fd(run->sandboxed) : -1;
    for (int i = CSC_STDOUT; i <= CSC_STDERR; i++) {
        fds[FD_IN + i].fd = csc_capture_is_thirsty(&run->out[i]) ? run->out[i].fd : -1;
        fds[FD_OUT + i].fd = may_write(run, i) ? run->out[i].sink.fd : -1;
    }
    if (ppoll(fds, FD_COUNT, &time, NULL) < 0)
        return; /* EINTR, or ENOMEM, which passes: the clock is looked at either way */

    if (fds[FD_SIGNAL].revents)
        serve_signal(run);
    if (fds[FD_CANCEL].revents) {
        run->cancel_fd = -1;
        cancel(run, 128 + SIGTERM);
    }
    if (fds[FD_REPORT].revents)
        csc_sandboxed_serve(run->sandboxed);
    for (int i = CSC_STDOUT; i <= CSC_STDERR; i++)
        if (fds[FD_IN + i].revents)
            csc_capture_serve(&run->out[i]);
    for (int i = CSC_STDOUT; i <= CSC_STDERR; i++)
        if (may_write(run, i))
            csc_sink_flush(&run->out[i].sink);
    if (fds[FD_CHILD].revents || run->more_dead)
        serve_children(run);
}

static int first_failure(const struct run *run)
{
    for (size_t i = 0; i < run->started; i++)
        if (run->codes[i] != 0)
            return run->codes[i];
    return 0;
}

static void supervise(struct run *run)
{
    while (run->phase != OVER) {
        step(run);
        if (run->phase == RUNNING && run->running == 0) {
            run->result.end = CSC_EXEC_EXITED;
            run->result.exit_code = first_failure(run);
            run->phase = OVER;
        } else if (run->phase == RUNNING && csc_clock_ns() >= run->until) {
            end_early(run, CSC_EXEC_TIMED_OUT, 124);
        } else if (run->phase == GRACE && (run->alone || csc_clock_ns() >= run->until)) {
            run->phase = OVER;
        }
    }
}

/* ---- the end ---------------------------------------------------------------------------------------------- */

/*
 * What the pipes still hold is captured. A reader of ours that doesn't take it is waited for as long as the command
 * itself could have waited for it, and at least for the grace.
 */
static void drain(struct run *run)
{
    int64_t grace_end = csc_clock_ns() + run->io->grace_ms * MILLISECOND_NS;
    bool by_itself = run->result.end == CSC_EXEC_EXITED;

    if (!by_itself || run->until < grace_end)
        run->until = grace_end;
    run->phase = by_itself ? RUNNING : GRACE; /* what a signal means, see cancel() */
    run->more_dead = false;
    for (int i = CSC_STDOUT; i <= CSC_STDERR; i++)
        csc_capture_limit(&run->out[i]);
    for (;;) {
        bool over = true;
        for (int i = CSC_STDOUT; i <= CSC_STDERR; i++) {
            if (csc_capture_is_thirsty(&run->out[i]))
                csc_capture_serve(&run->out[i]);
            over &= csc_capture_is_over(&run->out[i]);
        }
        if (over)
            return;
        step(run);
        if (run->phase != OVER && csc_clock_ns() < run->until)
            continue;
        for (int i = CSC_STDOUT; i <= CSC_STDERR; i++)
            if (csc_sink_is_pending(&run->out[i].sink))
                csc_sink_abandon(&run->out[i].sink);
    }
}

static int64_t microseconds(struct timeval time)
{
    return time.tv_sec * MICROSECONDS + time.tv_usec;
}

static void conclude_facts(struct run *run)
{
    struct csc_exec_facts *facts = &run->result.facts;

    for (int i = CSC_STDOUT; i <= CSC_STDERR; i++) {
        facts->captured += run->out[i].captured;
        facts->printed += run->out[i].seen;
    }
    if (facts->started_at == 0)
        return;
    facts->ended_at = facts->started_at + (csc_clock_ns() - run->began) / 1000;
    facts->usage = (struct csc_usage){
        .cpu_source = CSC_USAGE_RUSAGE,
        .memory_source = CSC_USAGE_RUSAGE,
        .user_us = microseconds(run->used.ru_utime),
        .system_us = microseconds(run->used.ru_stime),
        .memory_peak = (int64_t)run->used.ru_maxrss * 1024,
    };
    if (run->sandboxed)
        csc_sandboxed_usage(run->sandboxed, &facts->usage);
}

static void conclude(struct run *run)
{
    struct csc_exec_result *result = &run->result;

    for (int i = CSC_STDOUT; i <= CSC_STDERR; i++) {
        csc_sha256_finish_hex(&run->out[i].hash, result->hash[i]);
        result->truncated[i] = run->out[i].truncated;
        result->lost_output |= run->out[i].sink.lost;
        if (run->io->open_line && run->out[i].last >= 0)
            run->io->open_line[i] = run->out[i].last != '\n';
    }
    conclude_facts(run);
    result->tail_size = csc_capture_tail(&run->out[CSC_STDERR], result->tail);
    if (run->sandboxed)
        csc_sandboxed_conclude(run->sandboxed, result);
    if (result->end == CSC_EXEC_TIMED_OUT)
        csc_result_refuse(result, result->end, result->exit_code, "not done after timeout_sec, %lld s; it was ended",
                          (long long)run->command->timeout_sec);
    if (result->end == CSC_EXEC_CANCELLED)
        csc_result_refuse(result, result->end, result->exit_code, "csc was told to stop (signal %d)",
                          result->exit_code - 128);
}

/* Part of a pipeline may have run: what stops the rest makes the command fail, and does not undo that it began. */
static int start_or_fail(struct run *run, struct csc_error *err)
{
    struct csc_error failure = {0};
    int r = run->io->boundary ? start_sandbox(run, &failure) : start_segments(run, &failure);

    if (r == 0)
        return 0;
    if (run->started > 0) {
        csc_result_refuse(&run->result, CSC_EXEC_NOT_EXECUTABLE, 126, "%s", failure.text);
        run->phase = OVER;
        return 0;
    }
    if (err && err->code == CSC_OK)
        *err = failure;
    return r;
}

static int execute(struct run *run, struct csc_error *err)
{
    int r = 0;

    step(run); /* `until` is still 0: only looks whether csc was told to stop before anything began */
    if (run->phase == RUNNING) {
        run->began = csc_clock_ns();
        run->result.facts.started_at = csc_time_now();
        run->until = run->began + run->command->timeout_sec * SECOND_NS;
        r = start_or_fail(run, err);
    }
    close_fd(&run->stdout_end);
    close_fd(&run->stderr_end);
    if (r == 0 && run->started > 0)
        supervise(run);
    if (!run->alone)
        run->result.survivors = csc_tree_kill(run->child_fd, run->children_fd);
    if (r < 0)
        return r;
    drain(run);
    conclude(run);
    return 0;
}

int csc_exec_told_to_stop(const struct csc_exec_io *io)
{
    struct pollfd fds[] = {{.fd = io->signal_fd, .events = POLLIN}, {.fd = io->cancel_fd, .events = POLLIN}};
    int signal_fd = io->signal_fd;

    if (poll(fds, ARRAY_SIZE(fds), 0) <= 0)
        return 0;
    return fds[0].revents ? take_signal(&signal_fd) : 128 + SIGTERM;
}

int csc_exec_run(const struct csc_command *command, const struct csc_policy *policy, const struct csc_exec_io *io,
                 struct csc_exec_result *ret_result, struct csc_error *err)
{
    _cleanup_(run_free) struct run *run = run_new(command, io);
    int r = 0;

    if (!run)
        return csc_fail_memory(err);
    if (!io->boundary && csc_scopes_are_plain(command, &run->result))
        r = csc_cwd_open(command, policy, &run->result, &run->cwd, err);
    if (r == 0 && (io->boundary || run->cwd >= 0)) {
        if (!io->boundary)
            r = csc_env_build(command, &run->envp, err);
        if (r == 0)
            r = watch_children(run, err);
        if (r == 0)
            r = open_streams(run, err);
        if (r == 0)
            r = execute(run, err);
    }
    if (r < 0)
        return csc_error_in_stage(err, "exec", r);
    *ret_result = run->result;
    return 0;
}
