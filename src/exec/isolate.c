/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Supervision in a child of the caller's, for the library: being a subreaper, ignoring SIGPIPE and waiting for
 * any child are properties of a whole process, and a library may not change those of its caller.
 *
 *   caller ──fork──▶ supervisor ──spawns──▶ the command's tree
 *     ▲ output, result (pipes) │
 *     └────────────────────────┘
 *
 * The life line: when the caller writes to it, or dies, the supervisor ends the tree.
 *
 * Other threads of the caller may fork at any time, and what they fork keeps our pipes open: no end of a stream is
 * relied upon alone.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
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

/* What the caller keeps of a run. */
struct service {
    const struct csc_exec_io *io;
    struct pipes *pipes;
    struct report *report;
    size_t received; /* bytes of the report */
    int ended;       /* a pidfd of the supervisor, or -1 */
    struct sha256_ctx hash[2];
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
        /* A socket can be written to without SIGPIPE. */
        if ((i == PIPE_LIFE ? socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) : pipe2(fds, O_CLOEXEC)) < 0)
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

/* Readable when the caller wants an end, or is dead. A pidfd tells of its death also where the life line is kept
 * open by something else. */
static int watch_caller(int life, pid_t caller)
{
    struct epoll_event event = {.events = EPOLLIN};
    int watched = epoll_create1(EPOLL_CLOEXEC);
    int pidfd = pidfd_open(caller, 0);

    if (watched < 0 || epoll_ctl(watched, EPOLL_CTL_ADD, life, &event) < 0)
        return life;
    if (pidfd >= 0)
        (void)epoll_ctl(watched, EPOLL_CTL_ADD, pidfd, &event);
    return watched;
}

/* The child's whole life. Signals stay blocked: handlers of the caller's must not run here, and only the life
 * line ends a run early. */
__attribute__((noreturn)) static void supervise(const struct csc_command *command, const struct csc_policy *policy,
                                                const struct service *service, pid_t caller)
{
    struct csc_exec_io child_io = *service->io;
    struct pipes *pipes = service->pipes;
    struct report *report = service->report;

    if (keep_only(pipes) < 0)
        _exit(1);
    child_io.out_fd[CSC_STDOUT] = pipes->write[PIPE_STDOUT];
    child_io.out_fd[CSC_STDERR] = pipes->write[PIPE_STDERR];
    child_io.neutralise[CSC_STDOUT] = child_io.neutralise[CSC_STDERR] = false;
    child_io.signal_fd = -1;
    child_io.cancel_fd = watch_caller(pipes->read[PIPE_LIFE], caller);

    report->code = csc_exec_become_supervisor(&report->err);
    if (report->code == 0)
        report->code = csc_exec_run(command, policy, &child_io, &report->result, &report->err);
    _exit(csc_write_all(pipes->write[PIPE_RESULT], report, sizeof(*report)) < 0);
}

/* Reads what is there once; false at the end of the stream. */
static bool forward_output(struct service *service, enum csc_stream stream)
{
    const struct csc_exec_io *io = service->io;
    char bytes[64 << 10];
    ssize_t n = read(service->pipes->read[stream], bytes, sizeof(bytes));

    if (n < 0)
        return errno == EINTR || errno == EAGAIN;
    sha256_update(&service->hash[stream], (size_t)n, (const uint8_t *)bytes);
    if (n > 0 && io->output)
        io->output(io->context, stream, bytes, (size_t)n);
    return n > 0;
}

static bool receive_report(struct service *service)
{
    ssize_t n = read(service->pipes->read[PIPE_RESULT], (char *)service->report + service->received,
                     sizeof(*service->report) - service->received);

    if (n < 0)
        return errno == EINTR || errno == EAGAIN;
    service->received += (size_t)n;
    return n > 0;
}

static bool is_complete(const struct service *service)
{
    return service->received == sizeof(*service->report);
}

/* Once; the supervisor takes the end of the stream for the same. */
static void ask_for_end(struct service *service)
{
    (void)send(service->pipes->write[PIPE_LIFE], "", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    close_fd(&service->pipes->write[PIPE_LIFE]);
}

static void serve_pipe(struct service *service, int pipe)
{
    if (!(pipe == PIPE_RESULT ? receive_report(service) : forward_output(service, (enum csc_stream)pipe)))
        close_fd(&service->pipes->read[pipe]);
}

/* The supervisor writes no more. What it wrote is still in the pipes. */
static void serve_rest(struct service *service)
{
    for (int i = PIPE_STDOUT; i <= PIPE_RESULT; i++) {
        int held = 0, *fd = &service->pipes->read[i];
        while (*fd >= 0 && ioctl(*fd, FIONREAD, &held) == 0 && held > 0)
            serve_pipe(service, i);
        close_fd(fd);
    }
}

/* Serves the child until it is done. Returns true when a whole report came: it is the last thing that is written. */
static bool serve(struct service *service)
{
    const int *fd = service->pipes->read;

    while (!is_complete(service) && (fd[PIPE_STDOUT] >= 0 || fd[PIPE_STDERR] >= 0 || fd[PIPE_RESULT] >= 0)) {
        /* A negative descriptor is passed over by poll(2). */
        struct pollfd fds[] = {
            {.fd = fd[PIPE_STDOUT], .events = POLLIN},
            {.fd = fd[PIPE_STDERR], .events = POLLIN},
            {.fd = fd[PIPE_RESULT], .events = POLLIN},
            {.fd = service->pipes->write[PIPE_LIFE] >= 0 ? service->io->cancel_fd : -1, .events = POLLIN},
            {.fd = service->ended, .events = POLLIN},
        };
        if (poll(fds, ARRAY_SIZE(fds), -1) < 0)
            continue; /* EINTR: a handler of the caller's ran */
        for (int i = PIPE_STDOUT; i <= PIPE_RESULT; i++)
            if (fds[i].revents)
                serve_pipe(service, i);
        if (fds[PIPE_LIFE].revents)
            ask_for_end(service);
        if (fds[PIPE_COUNT].revents)
            break;
    }
    serve_rest(service);
    return is_complete(service);
}

static pid_t start(const struct csc_command *command, const struct csc_policy *policy, const struct service *service)
{
    sigset_t all, before;
    pid_t caller = getpid();

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t child = fork();
    if (child == 0)
        supervise(command, policy, service, caller);
    int fork_errno = errno;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = fork_errno;
    return child;
}

/*
 * Threat: a command that kills its supervisor, to have it said that nothing was executed. It failed, and the hashes
 * are those of the beginning that came through.
 */
static int conclude_without_report(struct service *service, int status, struct csc_exec_result *ret_result,
                                   struct csc_error *err)
{
    struct csc_exec_result *result = &service->report->result;

    if (WIFEXITED(status))
        return csc_fail(err, CSC_E_INTERNAL, "the supervisor could not begin, or not report");
    *result = (struct csc_exec_result){.end = CSC_EXEC_EXITED, .exit_code = 128 + WTERMSIG(status), .started = true};
    (void)snprintf(result->reason, sizeof(result->reason),
                   "the supervisor was killed (signal %d); what the command started may still be running",
                   WTERMSIG(status));
    for (int i = CSC_STDOUT; i <= CSC_STDERR; i++) {
        csc_sha256_finish_hex(&service->hash[i], result->hash[i]);
        result->truncated[i] = true;
    }
    *ret_result = *result;
    return 0;
}

int csc_exec_run_isolated(const struct csc_command *command, const struct csc_policy *policy,
                          const struct csc_exec_io *io, struct csc_exec_result *ret_result, struct csc_error *err)
{
    _cleanup_(pipes_close) struct pipes pipes = {{-1, -1, -1, -1}, {-1, -1, -1, -1}};
    _cleanup_free_ struct report *report = calloc(1, sizeof(*report));
    struct service service = {.io = io, .pipes = &pipes, .report = report};
    int status = SIGKILL; /* for a caller that ignores SIGCHLD, or waits for everything itself */

    if (!report)
        return csc_fail_memory(err);
    int r = pipes_open(&pipes, err);
    if (r < 0)
        return r;
    sha256_init(&service.hash[CSC_STDOUT]);
    sha256_init(&service.hash[CSC_STDERR]);
    pid_t child = start(command, policy, &service);
    if (child < 0)
        return csc_fail_errno(err, CSC_E_INTERNAL, errno, "cannot start the supervisor");
    _cleanup_close_ int ended = pidfd_open(child, 0);
    service.ended = ended;
    for (int i = 0; i < PIPE_COUNT; i++)
        close_fd(i == PIPE_LIFE ? &pipes.read[i] : &pipes.write[i]);
    bool complete = serve(&service);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    if (!complete)
        return conclude_without_report(&service, status, ret_result, err);
    if (report->code < 0) {
        if (err && err->code == CSC_OK)
            *err = report->err;
        return report->code;
    }
    *ret_result = report->result;
    return 0;
}
