/* SPDX-License-Identifier: Apache-2.0 */
/* Standard base64 with padding (RFC 4648 section 4), by libsodium. */
#ifndef CSC_FORMAT_BASE64_H
#define CSC_FORMAT_BASE64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

void csc_base64_encode(struct csc_buf *buf, const uint8_t *bytes, size_t size);
/*
 * Strict: the standard alphabet only, exact padding, zero trailing bits, no white space. Gives exactly `size`
 * bytes or false: one value has one text.
 */
bool csc_base64_decode(const char *text, size_t text_size, uint8_t *ret_bytes, size_t size);
/*
 * The same for text of any size, and in the URL-safe alphabet too, with or without padding (what DSSE asks a reader to
 * take): one alphabet a text. Appends the bytes; false, and nothing appended, for anything else.
 */
bool csc_base64_decode_any(const char *text, size_t text_size, struct csc_buf *ret_bytes);

#endif
