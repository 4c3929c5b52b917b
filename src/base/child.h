/* SPDX-License-Identifier: Apache-2.0 */
/* Running a program that csc trusts (ssh-keygen) to its end. Commands of contracts are never run by this. */
#ifndef CSC_BASE_CHILD_H
#define CSC_BASE_CHILD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"

struct csc_child {
    char *const *argv; /* argv[0] is an absolute path: nothing is searched for */
    char *const *envp;
    const void *input; /* its standard input, unless input_fd says otherwise */
    size_t input_size;
    int input_fd;      /* or -1 */
    bool share_stderr; /* its standard error is ours, and `err` stays empty */
    const int *fds;    /* inherited under the same numbers, 3 or above; all others are closed */
    size_t fd_count;
    size_t output_max; /* bytes of each file it writes, standard output and error included: it is killed at more */
    int timeout_ms;    /* it is killed then; -1: never */
};

struct csc_child_end {
    int status;              /* exit status, or 128 + the signal that killed it */
    bool timed_out;          /* then it was killed for that */
    struct csc_buf out, err; /* what it wrote; csc_child_end_free() */
};

/*
 * CSC_E_CONFIG when the program cannot be executed; CSC_E_INTERNAL when a system call fails. How it ended is a result.
 * Nothing of the calling process matters or changes: other children, a waiter for all of them, an ignored SIGCHLD or
 * SIGPIPE, other threads, closed descriptors 0-2. It dies with us. It stays in our process group and session, so
 * that it reaches the terminal.
 */
int csc_child_run(const struct csc_child *child, struct csc_child_end *ret_end, struct csc_error *err);
void csc_child_end_free(struct csc_child_end *end);

/* A read-only file in memory, above descriptor 2, or a negative code. Its path is /proc/self/fd/N. */
int csc_memory_file(const void *bytes, size_t size, struct csc_error *err);

#endif
