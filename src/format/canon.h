/* SPDX-License-Identifier: Apache-2.0 */
/* The one canonical form of protocol section 2: what is hashed and what is signed. */
#ifndef CSC_FORMAT_CANON_H
#define CSC_FORMAT_CANON_H

#include "format/value.h"

/* Appends the canonical bytes: no white space, keys sorted, no newline at the end. */
void csc_canon_write(struct csc_buf *buf, const struct csc_value *value);
/* Appends one string with its quotes. */
void csc_canon_string(struct csc_buf *buf, const char *string, size_t size);
/* Lowercase hex SHA-256 of the canonical bytes. */
int csc_canon_sha256(const struct csc_value *value, char ret_hex[65], struct csc_error *err);

#endif
