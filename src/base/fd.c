/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { INPUT_TIMEOUT_MS = 5000 };

enum { TRIES_MAX = 1000 };

int csc_openat2(int dir, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve)
{
    struct open_how how = {
        .flags = flags | O_CLOEXEC,
        .mode = mode,
        .resolve = resolve | RESOLVE_NO_MAGICLINKS,
    };

    for (unsigned tries = 1;; tries++) {
        long fd = syscall(SYS_openat2, dir, path, &how, sizeof(how));
        /* EAGAIN: a rename raced with a scoped lookup (openat2(2)); EINTR: a signal. Both mean "again", but not for
         * ever: whoever renames without end, or filters our calls, does not make us spin. */
        if (fd >= 0 || (errno != EINTR && errno != EAGAIN) || tries == TRIES_MAX)
            return (int)fd;
    }
}

static int64_t now_ms(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Waits for a FIFO to say something. One that nobody writes to must not hold csc for ever; a signal must not end
 * the wait, since a read would then find a FIFO without a writer empty. */
static int wait_for_bytes(int fd, struct csc_error *err)
{
    struct pollfd input = {.fd = fd, .events = POLLIN};
    int64_t deadline = now_ms() + INPUT_TIMEOUT_MS;
    int n;

    do {
        int64_t left = deadline - now_ms();
        n = poll(&input, 1, left > 0 ? (int)left : 0);
    } while (n < 0 && errno == EINTR);
    if (n == 0)
        return csc_fail(err, CSC_E_INPUT, "nothing to read for %d s; is anybody writing to it?",
                        INPUT_TIMEOUT_MS / 1000);
    if (n < 0)
        return csc_fail_errno(err, CSC_E_INPUT, errno, "failed to read");
    return 0;
}

/* One read(2). Returns the number of bytes, 0 at the end, or a negative code. */
static ssize_t read_some(int fd, char *bytes, size_t size, struct csc_error *err)
{
    for (;;) {
        ssize_t n = read(fd, bytes, size);
        if (n >= 0)
            return n;
        if (errno == EAGAIN) {
            int r = wait_for_bytes(fd, err);
            if (r < 0)
                return r;
        } else if (errno != EINTR) {
            return csc_fail_errno(err, CSC_E_INPUT, errno, "failed to read");
        }
    }
}

int csc_read_fd(int fd, size_t max, struct csc_buf *ret_bytes, struct csc_error *err)
{
    _cleanup_buf_ struct csc_buf buf = {0};
    struct stat st;
    size_t step = 16 << 10;
    ssize_t n;

    if (fstat(fd, &st) < 0)
        return csc_fail_errno(err, CSC_E_INPUT, errno, "failed to read");
    if (S_ISREG(st.st_mode) && st.st_size > 0)
        step = (size_t)st.st_size + 1;
    do {
        /* One byte more than is allowed tells "exactly the maximum" from "more". */
        if (step > max - buf.size + 1)
            step = max - buf.size + 1;
        char *end = csc_buf_reserve(&buf, step);
        if (!end)
            return csc_fail_memory(err);
        n = read_some(fd, end, step, err);
        if (n < 0)
            return (int)n;
        buf.size += (size_t)n;
        if (buf.size > max)
            return csc_fail(err, CSC_E_DATA, "larger than the %zu bytes allowed; shorten it", max);
    } while (n > 0);
    csc_buf_append(&buf, "", 0); /* the NUL */
    if (buf.failed)
        return csc_fail_memory(err);
    *ret_bytes = buf;
    buf = (struct csc_buf){0};
    return 0;
}

int csc_read_input(const char *path, size_t max, struct csc_buf *ret_bytes, struct csc_error *err)
{
    if (strcmp(path, "-") == 0)
        return csc_read_fd(STDIN_FILENO, max, ret_bytes, err);

    struct stat st;
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) < 0)
        return csc_fail_errno(err, CSC_E_INPUT, errno, "failed to read");
    if (S_ISFIFO(st.st_mode)) {
        int r = wait_for_bytes(fd, err);
        if (r < 0)
            return r;
    }
    return csc_read_fd(fd, max, ret_bytes, err);
}

int csc_write_all(int fd, const void *bytes, size_t size)
{
    const char *p = bytes;

    while (size > 0) {
        ssize_t n = write(fd, p, size);
        if (n < 0 && errno == EAGAIN) {
            /* Somebody made the shared description non-blocking: wait for room instead of losing output. */
            struct pollfd room = {.fd = fd, .events = POLLOUT};
            (void)poll(&room, 1, -1);
            continue;
        }
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        p += n;
        size -= (size_t)n;
    }
    return 0;
}

int csc_open_standard_fds(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF)
            continue;
        /* The lowest free descriptor is this one: all below it are open. Not close-on-exec: it is the standard
         * descriptor of whatever is executed, too. */
        if (open("/dev/null", O_RDWR | O_NOCTTY) != fd)
            return -1;
    }
    return 0;
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
