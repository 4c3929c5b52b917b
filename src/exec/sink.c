/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threat: a reader of csc's output that stops reading would stop the supervision, and with it the deadline. A pipe
 * or terminal is shared with other processes, so O_NONBLOCK may not be set on the description that csc was given;
 * opened anew through /proc it is a description of our own.
 */
#include "exec/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"

static int open_anew(int fd)
{
    char link[40];

    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    return open(link, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

/* After su(1) the terminal belongs to another user, and only /dev/tty opens it. */
static int open_controlling_terminal(int fd)
{
    unsigned wanted = 0, opened = 0;
    _cleanup_close_ int own = open("/dev/tty", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

    if (own < 0 || ioctl(fd, TIOCGDEV, &wanted) < 0 || ioctl(own, TIOCGDEV, &opened) < 0 || wanted != opened)
        return -1;
    return TAKE_FD(own);
}

void csc_sink_open(struct csc_sink *sink, int fd, bool neutralise)
{
    struct stat st;

    sink->fd = fd;
    sink->neutralise = neutralise;
    if (fd < 0 || fstat(fd, &st) < 0)
        return;
    sink->whole = S_ISREG(st.st_mode);
    if (!S_ISFIFO(st.st_mode) && !isatty(fd))
        return;
    int own = open_anew(fd);
    if (own < 0 && isatty(fd))
        own = open_controlling_terminal(fd);
    if (own >= 0) {
        sink->fd = own;
        sink->owned = true;
    }
}

void csc_sink_put(struct csc_sink *sink, const char *bytes, size_t size)
{
    if (sink->fd < 0)
        return;
    sink->pending = bytes;
    sink->size = size;
    sink->written = 0;
    if (sink->neutralise) {
        sink->size = csc_terminal_neutralise(&sink->terminal, bytes, size, sink->shown);
        sink->pending = sink->shown;
    }
}

void csc_sink_finish(struct csc_sink *sink)
{
    if (sink->fd < 0 || !sink->neutralise)
        return;
    sink->size = csc_terminal_finish(&sink->terminal, sink->shown);
    sink->pending = sink->shown;
    sink->written = 0;
}

bool csc_sink_is_pending(const struct csc_sink *sink)
{
    return sink->written < sink->size;
}

bool csc_sink_is_midway(const struct csc_sink *sink)
{
    return sink->written > 0 && csc_sink_is_pending(sink);
}

/* One write that does not wait. A shared description has room for PIPE_BUF bytes when poll(2) says so: pipe(7). */
static ssize_t write_some(const struct csc_sink *sink, const char *bytes, size_t size)
{
    struct pollfd room = {.fd = sink->fd, .events = POLLOUT};

    if (sink->owned || sink->whole)
        return write(sink->fd, bytes, size);
    if (poll(&room, 1, 0) == 0) {
        errno = EAGAIN;
        return -1;
    }
    return write(sink->fd, bytes, size < PIPE_BUF ? size : PIPE_BUF);
}

void csc_sink_flush(struct csc_sink *sink)
{
    if (sink->fd < 0 || !csc_sink_is_pending(sink))
        return;
    ssize_t n = write_some(sink, sink->pending + sink->written, sink->size - sink->written);
    if (n > 0)
        sink->written += (size_t)n;
    else if (n == 0 || (errno != EAGAIN && errno != EINTR))
        csc_sink_abandon(sink);
}

void csc_sink_abandon(struct csc_sink *sink)
{
    sink->lost = true;
    sink->size = sink->written = 0;
    csc_sink_close(sink);
}

void csc_sink_close(struct csc_sink *sink)
{
    if (sink->owned)
        (void)close(sink->fd);
    sink->owned = false;
    sink->fd = -1;
}
