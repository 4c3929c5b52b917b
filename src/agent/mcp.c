/* SPDX-License-Identifier: Apache-2.0 */
/* The loop: bytes in, bytes out, jobs that end, time that passes. */
#include "agent/mcp.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>

#include "agent/mcp_parts.h"

enum {
    READ_BYTES = 64 << 10,
    /* What poll(2) says can be written without waiting, to a pipe: PIPE_BUF. The description is shared with others, and
     * may not be made non-blocking for them. */
    WRITE_BYTES = 4096,
    KEPT_BYTES = 256 << 10, /* of an empty buffer; a message of megabytes is not held on to */
    FLUSH_MS = 2000,        /* for the last answers, to a client that may be gone */
    JOB_FDS = 11,           /* of a job: its files and its process; and as many files again while it is begun */
    OWN_FDS = 32,
};

/* ---- input -------------------------------------------------------------------------------------------------- */

static bool is_full(const struct csc_mcp *mcp)
{
    return mcp->out.size - mcp->out_at >= CSC_MCP_QUEUE_MAX;
}

static void drop_front(struct csc_buf *buf, size_t size)
{
    memmove(buf->data, buf->data + size, buf->size - size);
    buf->size -= size;
    if (buf->size == 0 && buf->capacity > KEPT_BYTES)
        csc_buf_free(buf);
}

static void refuse_long_line(struct csc_mcp *mcp)
{
    _cleanup_buf_ struct csc_buf text = {0};

    csc_buf_printf(&text, "the message is longer than %d bytes; send a shorter one", CSC_MCP_LINE_MAX);
    if (!text.failed)
        csc_mcp_send_error(mcp, CSC_RPC_INVALID_REQUEST, text.data);
}

/* All whole lines, as long as somebody takes the answers. */
static void take_lines(struct csc_mcp *mcp)
{
    size_t at = 0;

    while (at < mcp->in.size && !is_full(mcp)) {
        const char *line = mcp->in.data + at, *end = memchr(line, '\n', mcp->in.size - at);
        if (!end && !mcp->in_ended)
            break;
        /* The last line may lack its end. */
        size_t size = end ? (size_t)(end - line) : mcp->in.size - at;
        at += size + (end != NULL);
        if (mcp->skipping)
            mcp->skipping = false;
        else if (size > CSC_MCP_LINE_MAX)
            refuse_long_line(mcp);
        else
            csc_mcp_take_line(mcp, line, size);
    }
    if (at > 0)
        drop_front(&mcp->in, at);
    if (mcp->in.size > CSC_MCP_LINE_MAX && !memchr(mcp->in.data, '\n', mcp->in.size)) {
        if (!mcp->skipping)
            refuse_long_line(mcp);
        mcp->skipping = true;
        csc_buf_free(&mcp->in);
    }
}

static void read_input(struct csc_mcp *mcp)
{
    char *to = csc_buf_reserve(&mcp->in, READ_BYTES);
    ssize_t n;

    if (!to) { /* no memory for what was begun: that message is lost, the next one may not be */
        csc_buf_free(&mcp->in);
        mcp->skipping = true;
        csc_mcp_send_error(mcp, CSC_RPC_INTERNAL_ERROR, "out of memory");
        return;
    }
    n = read(STDIN_FILENO, to, READ_BYTES);
    if (n > 0)
        mcp->in.size += (size_t)n;
    else if (n == 0 || (errno != EINTR && errno != EAGAIN))
        mcp->in_ended = true;
    take_lines(mcp);
}

/* ---- output ------------------------------------------------------------------------------------------------- */

static void write_output(struct csc_mcp *mcp)
{
    size_t size = mcp->out.size - mcp->out_at;
    ssize_t n = write(STDOUT_FILENO, mcp->out.data + mcp->out_at, size < WRITE_BYTES ? size : WRITE_BYTES);

    if (n < 0) {
        if (errno != EINTR && errno != EAGAIN) {
            mcp->out_ended = true;
            mcp->out_errno = errno;
        }
        return;
    }
    mcp->out_at += (size_t)n;
    mcp->out_at_ms = csc_mcp_now_ms();
    if (mcp->out_at == mcp->out.size || mcp->out_at > mcp->out.size / 2) {
        drop_front(&mcp->out, mcp->out_at);
        mcp->out_at = 0;
    }
}

/* ---- the end ------------------------------------------------------------------------------------------------ */

static void begin_ending(struct csc_mcp *mcp)
{
    struct csc_mcp_call *next;

    mcp->ending = true;
    mcp->ending_at_ms = csc_mcp_now_ms() + CSC_MCP_ENDING_MS;
    for (struct csc_mcp_call *call = mcp->calls; call; call = next) {
        next = call->next;
        if (call->wants_job)
            csc_mcp_turn_away(mcp, call);
        else
            csc_job_stop(&call->job);
    }
}

static void take_signal(struct csc_mcp *mcp)
{
    struct signalfd_siginfo info;

    if (read(mcp->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info) && mcp->signal_number == 0)
        mcp->signal_number = (int)info.ssi_signo;
}

static bool is_over(struct csc_mcp *mcp)
{
    int64_t now = csc_mcp_now_ms();

    if (!mcp->ending)
        return false;
    if (mcp->calls)
        return now >= mcp->ending_at_ms;
    if (mcp->ending_at_ms > now + FLUSH_MS)
        mcp->ending_at_ms = now + FLUSH_MS;
    return mcp->out_ended || mcp->out_at == mcp->out.size || now >= mcp->ending_at_ms;
}

/* ---- the loop ----------------------------------------------------------------------------------------------- */

enum { WATCH_SIGNAL, WATCH_IN, WATCH_OUT, WATCH_JOBS };

struct watched {
    struct pollfd fds[WATCH_JOBS + CSC_MCP_JOBS_MAX];
    struct csc_mcp_call *calls[WATCH_JOBS + CSC_MCP_JOBS_MAX];
    nfds_t count;
};

static void watch(const struct csc_mcp *mcp, struct watched *watched)
{
    bool read = !mcp->ending && !mcp->in_ended && !is_full(mcp);
    bool write = mcp->out.size > mcp->out_at && !mcp->out_ended;

    watched->fds[WATCH_SIGNAL] = (struct pollfd){.fd = mcp->signal_fd, .events = POLLIN};
    watched->fds[WATCH_IN] = (struct pollfd){.fd = read ? STDIN_FILENO : -1, .events = POLLIN};
    /* Without events, it still tells of a reader who is gone. */
    watched->fds[WATCH_OUT] = (struct pollfd){.fd = mcp->out_ended ? -1 : STDOUT_FILENO, .events = write ? POLLOUT : 0};
    watched->count = WATCH_JOBS;
    for (struct csc_mcp_call *call = mcp->calls; call && watched->count < ARRAY_SIZE(watched->fds); call = call->next) {
        if (call->job.pid == 0)
            continue;
        watched->calls[watched->count] = call;
        watched->fds[watched->count++] = (struct pollfd){.fd = call->job.pidfd, .events = POLLIN};
    }
}

static int next_timeout(const struct csc_mcp *mcp)
{
    int progress = csc_mcp_next_progress(mcp);

    if (!mcp->ending)
        return mcp->in_ended ? FLUSH_MS : progress;
    int64_t left = mcp->ending_at_ms - csc_mcp_now_ms();
    return left > 0 ? (int)left : 0;
}

/* All of it is taken; or nobody has taken an answer for so long that nobody will. */
static bool is_input_done(struct csc_mcp *mcp)
{
    int64_t now = csc_mcp_now_ms();

    if (!mcp->in_ended)
        return false;
    if (mcp->in_ended_at_ms == 0 || mcp->out_at_ms > mcp->in_ended_at_ms)
        mcp->in_ended_at_ms = now;
    return mcp->in.size == 0 || now - mcp->in_ended_at_ms >= FLUSH_MS;
}

static void handle(struct csc_mcp *mcp, const struct watched *watched)
{
    short out = watched->fds[WATCH_OUT].revents;

    if (watched->fds[WATCH_SIGNAL].revents)
        take_signal(mcp);
    for (nfds_t i = WATCH_JOBS; i < watched->count; i++)
        if (watched->fds[i].revents)
            csc_mcp_job_ended(mcp, watched->calls[i]);
    if (out & POLLOUT)
        write_output(mcp);
    else if (out & (POLLERR | POLLHUP | POLLNVAL))
        mcp->out_ended = true;
    if (watched->fds[WATCH_IN].revents)
        read_input(mcp);
    else if (mcp->in.size > 0 && !mcp->ending)
        take_lines(mcp);
    csc_mcp_send_progress(mcp);
    csc_mcp_start_waiting(mcp);
    if (!mcp->ending && (is_input_done(mcp) || mcp->out_ended || mcp->signal_number))
        begin_ending(mcp);
}

static int serve(struct csc_mcp *mcp, struct csc_error *err)
{
    struct watched watched;

    while (!is_over(mcp)) {
        watch(mcp, &watched);
        if (poll(watched.fds, watched.count, next_timeout(mcp)) < 0) {
            if (errno == EINTR)
                continue;
            return csc_fail_errno(err, CSC_E_INTERNAL, errno, "poll");
        }
        handle(mcp, &watched);
    }
    return 0;
}

/* Raised for what the jobs need, which inherit it: a limit as low as that is nobody's wish for them. Where it cannot be
 * raised, there are fewer of them. */
static void count_jobs(struct csc_mcp *mcp)
{
    const rlim_t wanted = OWN_FDS + JOB_FDS * CSC_MCP_JOBS_MAX;
    struct rlimit limit;

    mcp->jobs_max = CSC_MCP_JOBS_MAX;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= wanted)
        return;
    limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= wanted)
        return;
    mcp->jobs_max = limit.rlim_cur > OWN_FDS + JOB_FDS ? (limit.rlim_cur - OWN_FDS) / JOB_FDS : 1;
}

static int take_signals(struct csc_mcp *mcp, struct csc_error *err)
{
    sigset_t set;

    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGHUP);
    /* An ignored SIGCHLD would let the kernel forget how a job ended; a closed pipe is an error of write(2). */
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR || signal(SIGCHLD, SIG_DFL) == SIG_ERR ||
        sigprocmask(SIG_BLOCK, &set, NULL) < 0)
        return csc_fail_errno(err, CSC_E_INTERNAL, errno, "sigprocmask");
    mcp->signal_fd = csc_fd_above_standard(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    return mcp->signal_fd < 0 ? csc_fail_errno(err, CSC_E_INTERNAL, errno, "signalfd") : 0;
}

static void mcp_free(struct csc_mcp *mcp)
{
    struct csc_mcp_call *next;

    for (struct csc_mcp_call *call = mcp->calls; call; call = next) {
        next = call->next;
        csc_mcp_call_free(call); /* what a batch holds goes with the process */
    }
    csc_buf_free(&mcp->in);
    csc_buf_free(&mcp->out);
    free(mcp->client);
    csc_close_cleanup(&mcp->signal_fd);
}

static void policy_cleanup(struct csc_policy **policy)
{
    csc_policy_free(*policy);
}

int csc_mcp_policy(const struct csc_mcp_options *options, struct csc_policy **ret_policy, struct csc_error *err)
{
    _cleanup_(policy_cleanup) struct csc_policy *policy = NULL;
    _cleanup_buf_ struct csc_buf bytes = {0};
    struct csc_error why = {0};

    int r = csc_read_input(options->policy, CSC_POLICY_BYTES_MAX, &bytes, &why);
    if (r == 0)
        r = csc_policy_parse(bytes.data, bytes.size, &policy, &why);
    if (r == 0 && options->check_policy)
        r = options->check_policy(options->check_context, policy, err);
    if (r == 0) {
        *ret_policy = TAKE_PTR(policy);
        return 0;
    }
    if (policy)
        return r;
    if (why.line > 0)
        return csc_fail(err, why.code, "%s:%u:%u: %s%s%s", options->policy, why.line, why.column, why.field,
                        why.field[0] ? ": " : "", why.text);
    return csc_fail(err, why.code, "%s: %s%s%s", options->policy, why.field, why.field[0] ? ": " : "", why.text);
}

int csc_mcp_serve(const struct csc_mcp_options *options, int *ret_signal, struct csc_error *err)
{
    _cleanup_(mcp_free) struct csc_mcp mcp = {.options = options, .signal_fd = -1};

    int r = csc_uuid_make(mcp.session_id, err);
    if (r == 0)
        r = take_signals(&mcp, err);
    if (r < 0)
        return r;
    count_jobs(&mcp);
    r = serve(&mcp, err);
    if (r < 0)
        return r;
    /* A client that has gone has no use for answers; a full disk had. */
    if (mcp.out_errno != 0 && mcp.out_errno != EPIPE && mcp.out_errno != ECONNRESET)
        return csc_fail_errno(err, CSC_E_OUTPUT, mcp.out_errno, "standard output took no more answers");
    *ret_signal = mcp.signal_number;
    return 0;
}
