/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Supervision in a child of the caller's, for the library: being a subreaper, ignoring SIGPIPE and waiting for
 * any child are properties of a whole process, and a library may not change those of its caller.
 *
 *   caller ──fork──▶ supervisor ──spawns──▶ the command's tree
 *     ▲ output, result (pipes) │
 *     └────────────────────────┘      the life line: when the caller closes it, or dies, the supervisor ends the tree
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exec/exec.h"

enum { PIPE_STDOUT, PIPE_STDERR, PIPE_RESULT, PIPE_LIFE, PIPE_COUNT };

/* What the supervisor reports; it is the same program, so the bytes of the structs are the format. */
struct report {
    int code;
    struct csc_error err;
    struct csc_exec_result result;
};

struct pipes {
    int read[PIPE_COUNT], write[PIPE_COUNT];
};

static void close_fd(int *fd)
{
    csc_close_cleanup(fd);
    *fd = -1;
}

static void pipes_close(struct pipes *pipes)
{
    for (int i = 0; i < PIPE_COUNT; i++) {
        close_fd(&pipes->read[i]);
        close_fd(&pipes->write[i]);
    }
}

static int pipes_open(struct pipes *pipes, struct csc_error *err)
{
    for (int i = 0; i < PIPE_COUNT; i++) {
        int fds[2];
        if (pipe2(fds, O_CLOEXEC) < 0)
            return csc_fail_errno(err, CSC_E_INTERNAL, errno, "cannot make a pipe to the supervisor");
        pipes->read[i] = fds[0];
        pipes->write[i] = fds[1];
    }
    return 0;
}

static int compare_fds(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

/* Closes what the child inherited and does not need: descriptors of the caller's, and the life lines of other
 * supervisors, which would keep them from noticing their end. */
static int keep_only(struct pipes *pipes)
{
    int kept[] = {pipes->write[PIPE_STDOUT], pipes->write[PIPE_STDERR], pipes->write[PIPE_RESULT],
                  pipes->read[PIPE_LIFE]};
    unsigned from = STDERR_FILENO + 1;

    qsort(kept, ARRAY_SIZE(kept), sizeof(*kept), compare_fds);
    for (size_t i = 0; i < ARRAY_SIZE(kept); i++) {
        unsigned fd = (unsigned)kept[i];
        if (fd > from && close_range(from, fd - 1, 0) < 0)
            return -1;
        from = fd >= from ? fd + 1 : from;
    }
    return close_range(from, ~0U, 0);
}

/* The child's whole life. Signals stay blocked: handlers of the caller's must not run here, and only the life
 * line ends a run early. */
__attribute__((noreturn)) static void supervise(const struct csc_command *command, const struct csc_policy *policy,
                                                const struct csc_exec_io *io, struct pipes *pipes,
                                                struct report *report)
{
    struct csc_exec_io child_io = *io;

    if (keep_only(pipes) < 0)
        _exit(1);
    child_io.out_fd[CSC_STDOUT] = pipes->write[PIPE_STDOUT];
    child_io.out_fd[CSC_STDERR] = pipes->write[PIPE_STDERR];
    child_io.neutralise[CSC_STDOUT] = child_io.neutralise[CSC_STDERR] = false;
    child_io.signal_fd = -1;
    child_io.cancel_fd = pipes->read[PIPE_LIFE];

    report->code = csc_exec_become_supervisor(&report->err);
    if (report->code == 0)
        report->code = csc_exec_run(command, policy, &child_io, &report->result, &report->err);
    _exit(csc_write_all(pipes->write[PIPE_RESULT], report, sizeof(*report)) < 0);
}

/* Reads what is there once; false at the end of the stream. */
static bool forward_output(int fd, enum csc_stream stream, const struct csc_exec_io *io)
{
    char bytes[64 << 10];
    ssize_t n = read(fd, bytes, sizeof(bytes));

    if (n < 0)
        return errno == EINTR || errno == EAGAIN;
    if (n > 0 && io->output)
        io->output(io->context, stream, bytes, (size_t)n);
    return n > 0;
}

static bool receive_report(int fd, struct report *report, size_t *received)
{
    ssize_t n = read(fd, (char *)report + *received, sizeof(*report) - *received);

    if (n < 0)
        return errno == EINTR || errno == EAGAIN;
    *received += (size_t)n;
    return n > 0;
}

/* Serves the child until all its streams have ended. Returns true when a whole report came. */
static bool serve(struct pipes *pipes, const struct csc_exec_io *io, struct report *report)
{
    size_t received = 0;

    while (pipes->read[PIPE_STDOUT] >= 0 || pipes->read[PIPE_STDERR] >= 0 || pipes->read[PIPE_RESULT] >= 0) {
        /* A negative descriptor is passed over by poll(2). */
        struct pollfd fds[] = {
            {.fd = pipes->read[PIPE_STDOUT], .events = POLLIN},
            {.fd = pipes->read[PIPE_STDERR], .events = POLLIN},
            {.fd = pipes->read[PIPE_RESULT], .events = POLLIN},
            {.fd = pipes->write[PIPE_LIFE] >= 0 ? io->cancel_fd : -1, .events = POLLIN},
        };
        if (poll(fds, ARRAY_SIZE(fds), -1) < 0)
            continue; /* EINTR: a handler of the caller's ran */
        for (int i = PIPE_STDOUT; i <= PIPE_STDERR; i++)
            if (fds[i].revents && !forward_output(fds[i].fd, (enum csc_stream)i, io))
                close_fd(&pipes->read[i]);
        if (fds[PIPE_RESULT].revents && !receive_report(fds[PIPE_RESULT].fd, report, &received))
            close_fd(&pipes->read[PIPE_RESULT]);
        if (fds[PIPE_LIFE].revents)
            close_fd(&pipes->write[PIPE_LIFE]);
    }
    return received == sizeof(*report);
}

static pid_t start(const struct csc_command *command, const struct csc_policy *policy, const struct csc_exec_io *io,
                   struct pipes *pipes, struct report *report)
{
    sigset_t all, before;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t child = fork();
    if (child == 0)
        supervise(command, policy, io, pipes, report);
    int fork_errno = errno;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = fork_errno;
    return child;
}

int csc_exec_run_isolated(const struct csc_command *command, const struct csc_policy *policy,
                          const struct csc_exec_io *io, struct csc_exec_result *ret_result, struct csc_error *err)
{
    _cleanup_(pipes_close) struct pipes pipes = {{-1, -1, -1, -1}, {-1, -1, -1, -1}};
    _cleanup_free_ struct report *report = calloc(1, sizeof(*report));

    if (!report)
        return csc_fail_memory(err);
    int r = pipes_open(&pipes, err);
    if (r < 0)
        return r;
    pid_t child = start(command, policy, io, &pipes, report);
    if (child < 0)
        return csc_fail_errno(err, CSC_E_INTERNAL, errno, "cannot start the supervisor");
    for (int i = 0; i < PIPE_COUNT; i++)
        close_fd(i == PIPE_LIFE ? &pipes.read[i] : &pipes.write[i]);
    bool complete = serve(&pipes, io, report);
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
        ; /* ECHILD is fine: the caller ignores SIGCHLD, or waits for everything itself */
    if (!complete)
        return csc_fail(err, CSC_E_INTERNAL, "the supervisor died; what it ran may still be running");
    if (report->code < 0) {
        if (err && err->code == CSC_OK)
            *err = report->err;
        return report->code;
    }
    *ret_result = report->result;
    return 0;
}
