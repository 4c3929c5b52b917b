/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

static bool continuation(unsigned char c)
{
    return (c & 0xC0) == 0x80;
}

size_t csc_utf8_sequence(const unsigned char *s, size_t size)
{
    if (size >= 1 && s[0] < 0x80)
        return 1;
    if (size >= 2 && s[0] >= 0xC2 && s[0] <= 0xDF && continuation(s[1]))
        return 2;
    if (size >= 3 && (s[0] & 0xF0) == 0xE0 && continuation(s[1]) && continuation(s[2])) {
        if ((s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] > 0x9F))
            return 0; /* overlong; surrogates */
        return 3;
    }
    if (size >= 4 && s[0] >= 0xF0 && s[0] <= 0xF4 && continuation(s[1]) && continuation(s[2]) && continuation(s[3])) {
        if ((s[0] == 0xF0 && s[1] < 0x90) || (s[0] == 0xF4 && s[1] > 0x8F))
            return 0; /* overlong; above U+10FFFF */
        return 4;
    }
    return 0;
}

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
        count += !continuation((unsigned char)s[i]);
    return count;
}

static uint32_t code_point(const unsigned char *s, size_t n)
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

/* Characters that act on a terminal or reorder what a reader sees (Trojan Source, CVE-2021-42574). */
static bool acts_on_display(uint32_t c)
{
    return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x061C || (c >= 0x200E && c <= 0x200F) ||
           (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF;
}

size_t csc_text_escape(char *dst, size_t capacity, const char *s, size_t size)
{
    const unsigned char *p = (const unsigned char *)s;
    size_t used = 0;

    for (size_t i = 0; i < size;) {
        char piece[8];
        size_t n = csc_utf8_sequence(p + i, size - i);
        uint32_t c = n ? code_point(p + i, n) : p[i];
        int length = (int)n;

        if (n == 0 || c < 0x80)
            length = n && !acts_on_display(c) ? snprintf(piece, sizeof(piece), "%c", (int)c)
                                              : snprintf(piece, sizeof(piece), "\\x%02x", (unsigned)p[i]);
        else if (acts_on_display(c))
            length = snprintf(piece, sizeof(piece), "\\u%04x", (unsigned)c);
        else
            memcpy(piece, p + i, n);
        if (used + (size_t)length + 1 > capacity)
            break;
        memcpy(dst + used, piece, (size_t)length);
        used += (size_t)length;
        i += n ? n : 1;
    }
    if (capacity > 0)
        dst[used] = '\0';
    return used;
}
