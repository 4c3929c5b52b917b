/* SPDX-License-Identifier: Apache-2.0 */
/* Where a captured stream is shown, without ever waiting for it. Private to exec/. */
#ifndef CSC_EXEC_SINK_H
#define CSC_EXEC_SINK_H

#include <stdbool.h>
#include <stddef.h>

#include "exec/terminal.h"

enum { CSC_CHUNK = 64 << 10 /* bytes that are put into a sink at once, at most */ };

struct csc_sink {
    int fd;     /* what is written to; -1: nowhere (any more) */
    bool owned; /* a description of our own, which is non-blocking */
    bool whole; /* a regular file: takes everything at once */
    bool lost;  /* it refused bytes */
    bool neutralise;
    struct csc_terminal terminal;
    const char *pending; /* what is still to be written: at most one chunk */
    size_t size, written;
    char shown[CSC_TERMINAL_GROWTH * (CSC_CHUNK + CSC_TERMINAL_HELD)];
};

/* `fd` stays the caller's, and its flags are not touched: others share the description. -1: output goes nowhere. */
void csc_sink_open(struct csc_sink *sink, int fd, bool neutralise);
/* Queues bytes, which stay where they are until written; nothing may be pending. */
void csc_sink_put(struct csc_sink *sink, const char *bytes, size_t size);
/* Queues what ends the stream; nothing may be pending. */
void csc_sink_finish(struct csc_sink *sink);
bool csc_sink_is_pending(const struct csc_sink *sink);
/* Written in part: an escape sequence may be cut in two just now. */
bool csc_sink_is_midway(const struct csc_sink *sink);
/* Writes what goes without waiting. */
void csc_sink_flush(struct csc_sink *sink);
/* Gives up: what is pending is lost, and so is what comes. */
void csc_sink_abandon(struct csc_sink *sink);
void csc_sink_close(struct csc_sink *sink);

#endif
