/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors: opened close-on-exec, resolved once, read with a bound. */
#ifndef CSC_BASE_FD_H
#define CSC_BASE_FD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/error.h"

/*
 * openat2(2). `resolve` takes RESOLVE_* of linux/openat2.h; O_CLOEXEC and RESOLVE_NO_MAGICLINKS are always
 * added. Returns the descriptor or -1 with errno; a kernel without the call gives ENOSYS, which callers treat
 * as a refusal: there is no weaker fallback.
 */
int csc_openat2(int dir, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve);

/*
 * Reads a whole input, at most `max` bytes. A path of "-" is stdin. FIFOs, devices and endless files are safe:
 * more than `max` bytes is CSC_E_DATA ("larger than ..."), and a directory, an unreadable file or a FIFO that
 * stays silent for 5 s is CSC_E_INPUT. Errors don't name the file: the caller does.
 */
int csc_read_input(const char *path, size_t max, struct csc_buf *ret_bytes, struct csc_error *err);
/* The same from an open descriptor, which stays open. */
int csc_read_fd(int fd, size_t max, struct csc_buf *ret_bytes, struct csc_error *err);

/* Writes everything, waiting where it must. Returns 0 or -1 with errno. */
int csc_write_all(int fd, const void *bytes, size_t size);

/* Makes sure that descriptors 0-2 are open (on /dev/null where they were closed), so that nothing opened later
 * lands there. Returns 0 or -1 with errno. */
int csc_open_standard_fds(void);

/* Moves a descriptor to 3 or above when it is below, so that it is not overwritten as one of 0-2. Takes -1 and
 * gives -1; keeps errno of what failed. */
int csc_fd_above_standard(int fd);

#endif
