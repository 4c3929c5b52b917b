/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8, checked strictly (Unicode 15, table 3-7), and text made safe to show. */
#ifndef CSC_BASE_TEXT_H
#define CSC_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Length in bytes (1-4) of the well-formed UTF-8 sequence at `s`, which has `size` bytes left; 0 when it is
 * malformed: overlong, a surrogate, above U+10FFFF, or cut off. */
size_t csc_utf8_sequence(const unsigned char *s, size_t size);
bool csc_utf8_valid(const char *s, size_t size);
/* Number of code points in valid UTF-8. */
size_t csc_utf8_count(const char *s, size_t size);

/*
 * Copies hostile bytes into dst (always NUL-terminated, cut at a whole character when they don't fit) as one
 * printable line: control characters, C1, line separators, bidirectional overrides, invisible characters and
 * invalid UTF-8 become \xNN, \uNNNN or \UNNNNNNNN. Returns the length written. Threat: terminal escape sequences and
 * text that reads as something else.
 */
size_t csc_text_escape(char *dst, size_t capacity, const char *s, size_t size);

enum { CSC_EXCERPT = 100 };

/* The same, cut to what a message can quote and still say more after it; "..." stands for the rest. Returns dst. */
const char *csc_text_excerpt(char dst[CSC_EXCERPT], const char *s, size_t size);

#endif
