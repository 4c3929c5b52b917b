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
#include <unistd.h>

enum { INPUT_TIMEOUT_MS = 5000 };

int csc_openat2(int dir, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve)
{
    struct open_how how = {
        .flags = flags | O_CLOEXEC,
        .mode = mode,
        .resolve = resolve | RESOLVE_NO_MAGICLINKS,
    };

    for (;;) {
        long fd = syscall(SYS_openat2, dir, path, &how, sizeof(how));
        /* EAGAIN: a rename raced with a scoped lookup (openat2(2)); EINTR: a signal. Both mean "again". */
        if (fd >= 0 || (errno != EINTR && errno != EAGAIN))
            return (int)fd;
    }
}

/* Waits for a FIFO to say something. One that nobody writes to must not hold csc for ever. */
static int wait_for_bytes(int fd, struct csc_error *err)
{
    struct pollfd input = {.fd = fd, .events = POLLIN};
    int n = poll(&input, 1, INPUT_TIMEOUT_MS);

    if (n == 0)
        return csc_fail(err, CSC_E_INPUT, "nothing to read for %d s; is anybody writing to it?",
                        INPUT_TIMEOUT_MS / 1000);
    if (n < 0 && errno != EINTR)
        return csc_fail_errno(err, CSC_E_INPUT, errno, "failed to read");
    return 0;
}

int csc_read_fd(int fd, size_t max, struct csc_buf *ret_bytes, struct csc_error *err)
{
    _cleanup_buf_
    struct csc_buf buf = {0};
    struct stat st;
    size_t step = 16 << 10;

    if (fstat(fd, &st) < 0)
        return csc_fail_errno(err, CSC_E_INPUT, errno, "failed to read");
    if (S_ISREG(st.st_mode) && (uintmax_t)st.st_size > max)
        return csc_fail(err, CSC_E_DATA, "larger than the %zu bytes allowed; shorten it", max);
    if (S_ISREG(st.st_mode) && st.st_size > 0)
        step = (size_t)st.st_size + 1;

    for (;;) {
        if (step > max + 1 - buf.size)
            step = max + 1 - buf.size;
        char *end = csc_buf_reserve(&buf, step);
        if (!end)
            return csc_fail_memory(err);
        ssize_t n = read(fd, end, step);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN) {
            int r = wait_for_bytes(fd, err);
            if (r < 0)
                return r;
            continue;
        }
        if (n < 0)
            return csc_fail_errno(err, CSC_E_INPUT, errno, "failed to read");
        if (n == 0)
            break;
        buf.size += (size_t)n;
        if (buf.size > max)
            return csc_fail(err, CSC_E_DATA, "larger than the %zu bytes allowed; shorten it", max);
    }
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
    _cleanup_close_
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
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
        /* The lowest free descriptor is this one: all below it are open. */
        if (open("/dev/null", O_RDWR | O_NOCTTY) != fd)
            return -1;
    }
    return 0;
}
