/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growing string of bytes. A buffer of {0} is empty and valid. Running out of memory is remembered in
 * `failed`, and every later append does nothing, so that a writer checks once, at its end.
 */
#ifndef CSC_BASE_BUF_H
#define CSC_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"

struct csc_buf {
    char *data; /* NUL-terminated whenever it is not NULL */
    size_t size;
    size_t capacity;
    bool failed;
};

void csc_buf_append(struct csc_buf *buf, const void *bytes, size_t size);
void csc_buf_puts(struct csc_buf *buf, const char *s);
void csc_buf_putc(struct csc_buf *buf, char c);
__attribute__((format(printf, 2, 3))) void csc_buf_printf(struct csc_buf *buf, const char *format, ...);
/* Appends hostile bytes as csc_text_escape() shows them. */
void csc_buf_escape(struct csc_buf *buf, const char *s, size_t size);
/* Appends JSON text as a terminal may be shown it: what acts on one, reorders or hides can only stand in its strings,
 * and becomes \\uXXXX there, which means the same. */
void csc_buf_escape_json(struct csc_buf *buf, const char *json, size_t size);
/* Makes room for `size` more bytes; returns where they go, or NULL. */
char *csc_buf_reserve(struct csc_buf *buf, size_t size);
/* The text, which the caller frees, or NULL when an append failed; the buffer is empty afterwards. */
char *csc_buf_take(struct csc_buf *buf);
void csc_buf_free(struct csc_buf *buf);

#define _cleanup_buf_ _cleanup_(csc_buf_free)

#endif
