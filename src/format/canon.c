/* SPDX-License-Identifier: Apache-2.0 */
#include "format/canon.h"

#include "format/hash.h"
#include "format/json.h"

/* The characters that are escaped, and how: 0 is literal, 'u' is \u00xx, the rest is the letter after the
 * backslash. */
static const char escapes[256] = {
    ['"'] = '"',  ['\\'] = '\\', ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r',
    [0x00] = 'u', [0x01] = 'u',  [0x02] = 'u', [0x03] = 'u', [0x04] = 'u', [0x05] = 'u', [0x06] = 'u',
    [0x07] = 'u', [0x0B] = 'u',  [0x0E] = 'u', [0x0F] = 'u', [0x10] = 'u', [0x11] = 'u', [0x12] = 'u',
    [0x13] = 'u', [0x14] = 'u',  [0x15] = 'u', [0x16] = 'u', [0x17] = 'u', [0x18] = 'u', [0x19] = 'u',
    [0x1A] = 'u', [0x1B] = 'u',  [0x1C] = 'u', [0x1D] = 'u', [0x1E] = 'u', [0x1F] = 'u',
};

void csc_canon_string(struct csc_buf *buf, const char *string, size_t size)
{
    const unsigned char *s = (const unsigned char *)string;
    size_t plain = 0; /* where the run of literal bytes began */

    csc_buf_putc(buf, '"');
    for (size_t i = 0; i < size; i++) {
        char how = escapes[s[i]];
        if (!how)
            continue;
        csc_buf_append(buf, s + plain, i - plain);
        plain = i + 1;
        if (how == 'u')
            csc_buf_printf(buf, "\\u%04x", (unsigned)s[i]);
        else
            csc_buf_append(buf, (char[]){'\\', how}, 2);
    }
    csc_buf_append(buf, s + plain, size - plain);
    csc_buf_putc(buf, '"');
}

/* printf(3) would take longer than everything else about a number. */
static void write_int(struct csc_buf *buf, int64_t integer)
{
    char text[20]; /* -9223372036854775808 */
    char *p = text + sizeof(text);
    uint64_t rest = integer < 0 ? 0 - (uint64_t)integer : (uint64_t)integer;

    do
        *--p = (char)('0' + rest % 10);
    while (rest /= 10);
    if (integer < 0)
        *--p = '-';
    csc_buf_append(buf, p, (size_t)(text + sizeof(text) - p));
}

static void write_scalar(struct csc_buf *buf, const struct csc_value *value)
{
    switch (value->type) {
    case CSC_BOOL:
        csc_buf_puts(buf, value->boolean ? "true" : "false");
        break;
    case CSC_INT:
        write_int(buf, value->integer);
        break;
    case CSC_STRING:
        csc_canon_string(buf, value->string, value->count);
        break;
    case CSC_REAL: /* never of the protocol; an id of a JSON-RPC request goes back as it came */
        csc_buf_append(buf, value->string, value->count);
        break;
    default:
        csc_buf_puts(buf, "null");
        break;
    }
}

/* A line break and the indentation of `level`; nothing in the canonical form, where level is negative. */
static void write_break(struct csc_buf *buf, int level)
{
    if (level < 0)
        return;
    csc_buf_putc(buf, '\n');
    for (int i = 0; i < level; i++)
        csc_buf_append(buf, "  ", 2);
}

/* One writer for both forms, so that they can't disagree on anything but white space. `level` is the depth, or
 * negative for the canonical form. Depth is bounded: texts by CSC_DEPTH_MAX, built trees by their code. */
static void write_value(struct csc_buf *buf, const struct csc_value *value, int level)
{
    bool object = value->type == CSC_OBJECT;
    int inner = level < 0 ? level : level + 1;

    if (!object && value->type != CSC_ARRAY) {
        write_scalar(buf, value);
        return;
    }
    csc_buf_putc(buf, object ? '{' : '[');
    for (size_t i = 0; i < value->count; i++) {
        if (i > 0)
            csc_buf_putc(buf, ',');
        write_break(buf, inner);
        if (object) {
            csc_canon_string(buf, value->members[i].key, value->members[i].key_size);
            csc_buf_puts(buf, level < 0 ? ":" : ": ");
        }
        write_value(buf, object ? &value->members[i].value : &value->items[i], inner);
    }
    if (value->count > 0)
        write_break(buf, level);
    csc_buf_putc(buf, object ? '}' : ']');
}

void csc_canon_write(struct csc_buf *buf, const struct csc_value *value)
{
    write_value(buf, value, -1);
}

void csc_json_write(struct csc_buf *buf, const struct csc_value *value)
{
    write_value(buf, value, 0);
    csc_buf_putc(buf, '\n');
}

int csc_canon_sha256(const struct csc_value *value, char ret_hex[65], struct csc_error *err)
{
    _cleanup_buf_ struct csc_buf buf = {0};

    csc_canon_write(&buf, value);
    if (buf.failed)
        return csc_fail_memory(err);
    csc_sha256_hex(buf.data, buf.size, ret_hex);
    return 0;
}
