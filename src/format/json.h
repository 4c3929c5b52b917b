/* SPDX-License-Identifier: Apache-2.0 */
/* A strict JSON reader (RFC 8259 with the refusals of protocol section 2), and the writer for files people read. */
#ifndef CSC_FORMAT_JSON_H
#define CSC_FORMAT_JSON_H

#include "format/value.h"

/*
 * Reads one JSON value out of `size` bytes into the arena; `bytes` may go away afterwards. Refused, with the
 * position: duplicate keys, invalid UTF-8, a byte-order mark, lone surrogates, U+0000, reals, integers outside
 * 64 bits, more than CSC_DEPTH_MAX levels, anything after the value.
 */
int csc_json_parse(struct csc_arena *arena, const void *bytes, size_t size, struct csc_value *ret_value,
                   struct csc_error *err);

/* The same for the messages of others, which are no objects of the protocol: a real number, or an integer beyond 64
 * bits, is accepted as CSC_REAL, its text unread. Nothing of the protocol can be decoded out of one. */
int csc_json_parse_foreign(struct csc_arena *arena, const void *bytes, size_t size, struct csc_value *ret_value,
                           struct csc_error *err);

/* Indented by two spaces, keys sorted, a newline at the end; strings escaped as in the canonical form. */
void csc_json_write(struct csc_buf *buf, const struct csc_value *value);

#endif
