/* SPDX-License-Identifier: Apache-2.0 */
#include "exec/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "exec/spawn.h"

enum { PIPE_BYTES = 1 << 20 };

int csc_capture_open(struct csc_capture *capture, int64_t cap, int *ret_write_end)
{
    int fds[2];

    capture->room = cap;
    capture->left = -1;
    capture->last = -1;
    sha256_init(&capture->hash);
    if (pipe2(fds, O_CLOEXEC) < 0)
        return -1;
    capture->fd = csc_fd_above_standard(fds[0]);
    *ret_write_end = csc_fd_above_standard(fds[1]);
    if (capture->fd < 0 || *ret_write_end < 0 || fcntl(capture->fd, F_SETFL, O_NONBLOCK) < 0)
        return -1;
    (void)fcntl(capture->fd, F_SETPIPE_SZ, PIPE_BYTES); /* beyond the user's limit: slower, no less right */
    return 0;
}

bool csc_capture_is_thirsty(const struct csc_capture *capture)
{
    return capture->fd >= 0 && !csc_sink_is_pending(&capture->sink);
}

static void end(struct csc_capture *c)
{
    csc_close_cleanup(&c->fd);
    c->fd = -1;
    csc_sink_finish(&c->sink);
}

static void remember(struct csc_capture *c, const char *bytes, size_t size)
{
    if (size > sizeof(c->tail)) {
        bytes += size - sizeof(c->tail);
        size = sizeof(c->tail);
    }
    size_t first = sizeof(c->tail) - c->tail_at < size ? sizeof(c->tail) - c->tail_at : size;
    memcpy(c->tail + c->tail_at, bytes, first);
    memcpy(c->tail, bytes + first, size - first);
    c->tail_at = (c->tail_at + size) % sizeof(c->tail);
    c->tail_size = c->tail_size + size < sizeof(c->tail) ? c->tail_size + size : sizeof(c->tail);
}

static void take(struct csc_capture *c, size_t size)
{
    sha256_update(&c->hash, size, (const uint8_t *)c->chunk);
    c->room -= (int64_t)size;
    c->captured += (int64_t)size;
    c->last = (unsigned char)c->chunk[size - 1];
    csc_sink_put(&c->sink, c->chunk, size);
}

/* Where splice(2) doesn't work, read(2) does. */
static ssize_t discard(struct csc_capture *c, size_t size)
{
    if (c->null_fd >= 0) {
        ssize_t n = splice(c->fd, NULL, c->null_fd, NULL, size, SPLICE_F_NONBLOCK);
        if (n >= 0 || (errno != EINVAL && errno != ENOSYS && errno != EPERM && errno != EBADF))
            return n;
        c->null_fd = -1;
    }
    return read(c->fd, c->chunk, size < sizeof(c->chunk) ? size : sizeof(c->chunk));
}

static size_t at_most(size_t size, int64_t limit)
{
    return limit < (int64_t)size ? (size_t)limit : size;
}

void csc_capture_serve(struct csc_capture *capture)
{
    struct csc_capture *c = capture;
    bool full = c->room == 0, last = c->left >= 0;
    size_t size = full ? (size_t)PIPE_BYTES : at_most(sizeof(c->chunk), c->room);

    if (last)
        size = at_most(size, c->left);
    ssize_t n = size == 0 ? 0 : full ? discard(c, size) : read(c->fd, c->chunk, size);
    if (n < 0 && (errno == EINTR || (errno == EAGAIN && !last)))
        return;
    if (n <= 0) {
        end(c);
        return;
    }
    c->seen += n;
    if (c->keeps_tail)
        remember(c, c->chunk, (size_t)n);
    if (full)
        c->truncated = true;
    else
        take(c, (size_t)n);
    if (last)
        c->left -= n;
}

void csc_capture_limit(struct csc_capture *capture)
{
    int held = 0;

    if (capture->fd >= 0)
        capture->left = ioctl(capture->fd, FIONREAD, &held) == 0 ? held : 0;
}

bool csc_capture_is_over(const struct csc_capture *capture)
{
    return capture->fd < 0 && !csc_sink_is_pending(&capture->sink);
}

size_t csc_capture_tail(const struct csc_capture *capture, char ret_tail[CSC_TAIL_BYTES])
{
    size_t start = (capture->tail_at + sizeof(capture->tail) - capture->tail_size) % sizeof(capture->tail);
    size_t first = sizeof(capture->tail) - start < capture->tail_size ? sizeof(capture->tail) - start
                                                                      : capture->tail_size;

    memcpy(ret_tail, capture->tail + start, first);
    memcpy(ret_tail + first, capture->tail, capture->tail_size - first);
    return capture->tail_size;
}

void csc_capture_close(struct csc_capture *capture)
{
    csc_close_cleanup(&capture->fd);
    capture->fd = -1;
    csc_sink_close(&capture->sink);
}
