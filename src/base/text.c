/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

bool csc_utf8_valid(const char *s, size_t size)
{
    const unsigned char *p = (const unsigned char *)s;

    for (size_t i = 0; i < size;) {
        size_t n = csc_utf8_sequence(p + i, size - i);
        if (n == 0)
            return false;
        i += n;
    }
    return true;
}

size_t csc_utf8_count(const char *s, size_t size)
{
    size_t count = 0;

    for (size_t i = 0; i < size; i++)
        count += !csc_utf8_continuation((unsigned char)s[i]);
    return count;
}

uint32_t csc_utf8_character(const unsigned char *s, size_t n)
{
    switch (n) {
    case 2:
        return (uint32_t)(s[0] & 0x1F) << 6 | (s[1] & 0x3F);
    case 3:
        return (uint32_t)(s[0] & 0x0F) << 12 | (uint32_t)(s[1] & 0x3F) << 6 | (s[2] & 0x3F);
    case 4:
        return (uint32_t)(s[0] & 0x07) << 18 | (uint32_t)(s[1] & 0x3F) << 12 | (uint32_t)(s[2] & 0x3F) << 6 |
               (s[3] & 0x3F);
    default:
        return s[0];
    }
}

/* Characters that act on a terminal, reorder what a reader sees (Trojan Source, CVE-2021-42574) or hide in it. The
 * joiners U+200C and U+200D are not among them: scripts and emoji need them. In order. */
static const struct {
    uint32_t first, last;
} unsafe[] = {
    {0x00, 0x1F},     {0x7F, 0x9F},     {0xAD, 0xAD},     {0x61C, 0x61C},   {0x180E, 0x180E}, {0x200B, 0x200B},
    {0x200E, 0x200F}, {0x2028, 0x202E}, {0x2060, 0x206F}, {0xFEFF, 0xFEFF}, {0xFFF9, 0xFFFB}, {0xE0000, 0xE0FFF},
};

bool csc_text_is_unsafe(uint32_t c)
{
    for (size_t i = 0; i < ARRAY_SIZE(unsafe) && c >= unsafe[i].first; i++)
        if (c <= unsafe[i].last)
            return true;
    return false;
}

/* One character, or one byte of what is none, as it is shown. Returns the length; *ret_taken bytes were used up. */
static size_t escape_one(char piece[12], const unsigned char *s, size_t size, size_t *ret_taken)
{
    size_t n = csc_utf8_sequence(s, size);
    uint32_t c = n ? csc_utf8_character(s, n) : s[0];

    *ret_taken = n ? n : 1;
    if (n > 0 && !csc_text_is_unsafe(c)) {
        memcpy(piece, s, n);
        return n;
    }
    if (n < 2)
        return (size_t)snprintf(piece, 12, "\\x%02x", (unsigned)c);
    return (size_t)(n < 4 ? snprintf(piece, 12, "\\u%04x", (unsigned)c) : snprintf(piece, 12, "\\U%08x", (unsigned)c));
}

/* As csc_text_escape(); *size says how much of `s` there is, and then how much of it was shown. */
static size_t escape(char *dst, size_t capacity, const char *s, size_t *size)
{
    const unsigned char *p = (const unsigned char *)s;
    size_t used = 0, shown = 0;

    while (shown < *size) {
        char piece[12];
        size_t taken, length = escape_one(piece, p + shown, *size - shown, &taken);
        if (used + length + 1 > capacity)
            break;
        memcpy(dst + used, piece, length);
        used += length;
        shown += taken;
    }
    if (capacity > 0)
        dst[used] = '\0';
    *size = shown;
    return used;
}

size_t csc_text_escape(char *dst, size_t capacity, const char *s, size_t size)
{
    return escape(dst, capacity, s, &size);
}

const char *csc_text_excerpt(char dst[CSC_EXCERPT], const char *s, size_t size)
{
    size_t shown = size;
    size_t used = escape(dst, CSC_EXCERPT - strlen("..."), s, &shown);

    if (shown < size)
        memcpy(dst + used, "...", sizeof("..."));
    return dst;
}
