/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* Formats into `raw`, which is cut at a whole character when it is too small. */
__attribute__((format(printf, 3, 0))) static void format_raw(char *raw, size_t capacity, const char *format,
                                                             va_list args)
{
    int length = vsnprintf(raw, capacity, format, args);

    if (length < 0)
        raw[0] = '\0';
    if (length < 0 || (size_t)length < capacity)
        return;
    size_t end = capacity - 1;
    for (size_t start = end; start > 0 && end - start < 3;) {
        unsigned char c = (unsigned char)raw[--start];
        if (c >= 0xC0 && csc_utf8_sequence((unsigned char *)raw + start, end - start) == 0)
            raw[start] = '\0';
        if (c < 0x80 || c >= 0xC0)
            break;
    }
}

/* Formats into err->text. Hostile bytes are escaped afterwards, over the whole line, so that no caller can
 * forget it. */
__attribute__((format(printf, 2, 0))) static void set_text(struct csc_error *err, const char *format, va_list args)
{
    char raw[sizeof(err->text)];

    format_raw(raw, sizeof(raw), format, args);
    csc_text_escape(err->text, sizeof(err->text), raw, strlen(raw));
}

static bool begin(struct csc_error *err, enum csc_code code)
{
    if (!err || err->code != CSC_OK)
        return false;
    err->code = code;
    return true;
}

int csc_fail(struct csc_error *err, enum csc_code code, const char *format, ...)
{
    va_list args;

    if (begin(err, code)) {
        va_start(args, format);
        set_text(err, format, args);
        va_end(args);
    }
    return -(int)code;
}

int csc_fail_errno(struct csc_error *err, enum csc_code code, int sys_errno, const char *format, ...)
{
    va_list args;

    if (begin(err, code)) {
        char raw[sizeof(err->text)];

        va_start(args, format);
        format_raw(raw, sizeof(raw), format, args);
        va_end(args);
        err->sys_errno = sys_errno;
        size_t used = csc_text_escape(err->text, sizeof(err->text), raw, strlen(raw));
        (void)snprintf(err->text + used, sizeof(err->text) - used, ": %s", strerror(sys_errno));
    }
    return -(int)code;
}

int csc_fail_at(struct csc_error *err, unsigned line, unsigned column, const char *format, ...)
{
    va_list args;

    if (begin(err, CSC_E_DATA)) {
        err->line = line;
        err->column = column;
        va_start(args, format);
        set_text(err, format, args);
        va_end(args);
    }
    return -CSC_E_DATA;
}

int csc_fail_field(struct csc_error *err, const char *field, const char *format, ...)
{
    va_list args;

    if (begin(err, CSC_E_DATA)) {
        csc_text_escape(err->field, sizeof(err->field), field, strlen(field));
        va_start(args, format);
        set_text(err, format, args);
        va_end(args);
    }
    return -CSC_E_DATA;
}

int csc_error_in_stage(struct csc_error *err, const char *stage, int code)
{
    if (err && err->code != CSC_OK && !err->stage)
        err->stage = stage;
    return code;
}
