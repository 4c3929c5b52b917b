/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

char *csc_buf_reserve(struct csc_buf *buf, size_t size)
{
    if (buf->failed)
        return NULL;
    if (size >= SIZE_MAX / 2 - buf->size) {
        buf->failed = true;
        return NULL;
    }
    size_t needed = buf->size + size + 1;
    if (needed > buf->capacity) {
        size_t capacity = buf->capacity ? buf->capacity : 256;
        while (capacity < needed)
            capacity *= 2;
        char *data = realloc(buf->data, capacity);
        if (!data) {
            buf->failed = true;
            return NULL;
        }
        buf->data = data;
        buf->capacity = capacity;
        data[buf->size] = '\0';
    }
    return buf->data + buf->size;
}

void csc_buf_append(struct csc_buf *buf, const void *bytes, size_t size)
{
    char *end = csc_buf_reserve(buf, size);

    if (!end)
        return;
    if (size > 0)
        memcpy(end, bytes, size);
    buf->size += size;
    buf->data[buf->size] = '\0';
}

void csc_buf_puts(struct csc_buf *buf, const char *s)
{
    csc_buf_append(buf, s, strlen(s));
}

void csc_buf_putc(struct csc_buf *buf, char c)
{
    char *end = csc_buf_reserve(buf, 1);

    if (!end)
        return;
    end[0] = c;
    end[1] = '\0';
    buf->size++;
}

void csc_buf_printf(struct csc_buf *buf, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (length < 0)
        buf->failed = true;
    char *end = csc_buf_reserve(buf, (size_t)length);
    if (!end)
        return;
    va_start(args, format);
    (void)vsnprintf(end, (size_t)length + 1, format, args);
    va_end(args);
    buf->size += (size_t)length;
}

void csc_buf_escape(struct csc_buf *buf, const char *s, size_t size)
{
    if (size > SIZE_MAX / 8)
        buf->failed = true;
    /* At most four bytes become of one: \xNN. */
    char *end = csc_buf_reserve(buf, size * 4);
    if (end)
        buf->size += csc_text_escape(end, size * 4 + 1, s, size);
}

void csc_buf_escape_json(struct csc_buf *buf, const char *json, size_t size)
{
    const unsigned char *s = (const unsigned char *)json;
    size_t begin = 0, n;

    for (size_t i = 0; i < size; i += n) {
        n = csc_utf8_sequence(s + i, size - i);
        n = n ? n : 1;
        uint32_t c = csc_utf8_character(s + i, n);
        if (c < 0x7F || !csc_text_is_unsafe(c))
            continue;
        csc_buf_append(buf, json + begin, i - begin);
        if (c > 0xFFFF)
            csc_buf_printf(buf, "\\u%04x\\u%04x", (unsigned)(0xD7C0 + (c >> 10)), (unsigned)(0xDC00 + (c & 0x3FF)));
        else
            csc_buf_printf(buf, "\\u%04x", (unsigned)c);
        begin = i + n;
    }
    csc_buf_append(buf, json + begin, size - begin);
}

char *csc_buf_take(struct csc_buf *buf)
{
    if (!buf->data)
        csc_buf_append(buf, "", 0);
    char *text = buf->failed ? NULL : buf->data;
    if (buf->failed)
        free(buf->data);
    *buf = (struct csc_buf){0};
    return text;
}

void csc_buf_free(struct csc_buf *buf)
{
    free(buf->data);
    *buf = (struct csc_buf){0};
}
