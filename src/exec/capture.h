/* SPDX-License-Identifier: Apache-2.0 */
/* One output stream of a command: hashed up to a cap, shown, and drained to its end. Private to exec/. */
#ifndef CSC_EXEC_CAPTURE_H
#define CSC_EXEC_CAPTURE_H

#include "exec/exec.h"
#include "exec/sink.h"

struct csc_capture {
    int fd;                 /* the pipe's read end, non-blocking; -1 after the end */
    int null_fd;            /* /dev/null: where bytes beyond the cap are spliced; -1: they are read */
    int64_t room;           /* bytes still to be captured */
    int64_t left;           /* bytes still to be read before the stream counts as ended; -1: unknown */
    int64_t captured, seen; /* bytes: hashed, and read in all */
    bool truncated;
    int last; /* byte that was streamed; -1: none yet */
    bool keeps_tail;
    size_t tail_at, tail_size; /* of the ring: where the next byte goes, how many are valid */
    struct sha256_ctx hash;
    struct csc_sink sink;
    char tail[CSC_TAIL_BYTES];
    char chunk[CSC_CHUNK];
};

/* Makes the pipe; *ret_write_end, 3 or above, is the caller's. Errors: -1 with errno. */
int csc_capture_open(struct csc_capture *capture, int64_t cap, int *ret_write_end);
/* Wants to be served when `fd` is readable: not while the sink holds a chunk, which is what slows a command down
 * to the speed of its reader. */
bool csc_capture_is_thirsty(const struct csc_capture *capture);
/* Takes what is there, a bounded piece of it. */
void csc_capture_serve(struct csc_capture *capture);
/* Everybody who wrote is dead: what the pipe holds now is all that counts. */
void csc_capture_limit(struct csc_capture *capture);
/* Nothing more to read or to write. */
bool csc_capture_is_over(const struct csc_capture *capture);
/* Copies the tail out; returns its size. */
size_t csc_capture_tail(const struct csc_capture *capture, char ret_tail[CSC_TAIL_BYTES]);
void csc_capture_close(struct csc_capture *capture);

#endif
