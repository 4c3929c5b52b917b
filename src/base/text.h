/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8, checked strictly (Unicode 15, table 3-7), and text made safe to show. */
#ifndef CSC_BASE_TEXT_H
#define CSC_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline bool csc_utf8_continuation(unsigned char c)
{
    return (c & 0xC0) == 0x80;
}

/* Length in bytes (1-4) of the well-formed UTF-8 sequence at `s`, which has `size` bytes left; 0 when it is
 * malformed: overlong, a surrogate, above U+10FFFF, or cut off. Inline, since readers call
 * it for every character. */
static inline size_t csc_utf8_sequence(const unsigned char *s, size_t size)
{
    if (size >= 1 && s[0] < 0x80)
        return 1;
    if (size >= 2 && s[0] >= 0xC2 && s[0] <= 0xDF && csc_utf8_continuation(s[1]))
        return 2;
    if (size >= 3 && (s[0] & 0xF0) == 0xE0 && csc_utf8_continuation(s[1]) && csc_utf8_continuation(s[2])) {
        if ((s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] > 0x9F))
            return 0; /* overlong; surrogates */
        return 3;
    }
    if (size >= 4 && s[0] >= 0xF0 && s[0] <= 0xF4 && csc_utf8_continuation(s[1]) && csc_utf8_continuation(s[2]) &&
        csc_utf8_continuation(s[3])) {
        if ((s[0] == 0xF0 && s[1] < 0x90) || (s[0] == 0xF4 && s[1] > 0x8F))
            return 0; /* overlong; above U+10FFFF */
        return 4;
    }
    return 0;
}

/* The character of a well-formed sequence of `n` bytes. */
uint32_t csc_utf8_character(const unsigned char *s, size_t n);
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

/* Whether the character is one of those. */
bool csc_text_is_unsafe(uint32_t c);

enum { CSC_EXCERPT = 100 };

/* The same, cut to what a message can quote and still say more after it; "..." stands for the rest. Returns dst. */
const char *csc_text_excerpt(char dst[CSC_EXCERPT], const char *s, size_t size);

#endif
