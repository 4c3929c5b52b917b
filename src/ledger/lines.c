/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/lines.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int csc_lines_check(const char *text, size_t size, unsigned number, struct csc_error *err)
{
    const unsigned char *bytes = (const unsigned char *)text;
    size_t begin = 0; /* of the line */

    if (size == 0)
        return csc_fail_at(err, number, 1, "is empty");
    for (size_t i = 0; i < size;) {
        size_t n = csc_utf8_sequence(bytes + i, size - i);
        unsigned column = (unsigned)(i - begin + 1);
        if (n == 0)
            return csc_fail_at(err, number, column, "invalid UTF-8");
        if (bytes[i] < 0x20 && bytes[i] != '\n')
            return csc_fail_at(err, number, column, "a control character, U+%04X; there may be none but newlines",
                               (unsigned)bytes[i]);
        number += bytes[i] == '\n';
        i += n;
        if (bytes[i - 1] == '\n')
            begin = i;
    }
    if (begin < size)
        return csc_fail_at(err, number, (unsigned)(size - begin + 1), "no newline at the end; was the text cut off?");
    return 0;
}

bool csc_lines_next(struct csc_lines *lines, struct csc_line *ret_line)
{
    const char *newline;

    if (lines->next == lines->end)
        return false;
    newline = memchr(lines->next, '\n', (size_t)(lines->end - lines->next));
    if (!newline)
        return false;
    *ret_line = (struct csc_line){lines->next, (size_t)(newline - lines->next), lines->number};
    lines->next = newline + 1;
    lines->number++;
    return true;
}

int csc_line_fail(struct csc_error *err, const struct csc_line *line, const char *format, ...)
{
    struct csc_error words;
    va_list args;

    va_start(args, format);
    (void)vsnprintf(words.text, sizeof(words.text), format, args);
    va_end(args);
    return csc_fail_at(err, line->number, 1, "%s", words.text);
}

bool csc_line_skip(struct csc_line *line, const char *prefix)
{
    size_t size = strlen(prefix);

    if (line->size < size || memcmp(line->text, prefix, size) != 0)
        return false;
    line->text += size;
    line->size -= size;
    return true;
}

bool csc_line_number(const struct csc_line *line, uint64_t *ret_number)
{
    uint64_t number = 0;

    if (line->size == 0 || (line->size > 1 && line->text[0] == '0'))
        return false;
    for (size_t i = 0; i < line->size; i++) {
        if (line->text[i] < '0' || line->text[i] > '9')
            return false;
        uint64_t digit = (uint64_t)(line->text[i] - '0');
        if (number > (CSC_MERKLE_SIZE_MAX - digit) / 10)
            return false;
        number = number * 10 + digit;
    }
    *ret_number = number;
    return true;
}

bool csc_line_hash(const struct csc_line *line, struct csc_merkle_hash *ret_hash)
{
    return csc_base64_decode(line->text, line->size, ret_hash->bytes, sizeof(ret_hash->bytes));
}

size_t csc_line_bytes(const struct csc_line *line, uint8_t *ret_bytes, size_t capacity)
{
    if (line->size == 0 || line->size % 4 != 0)
        return 0;
    size_t padding = line->text[line->size - 1] != '=' ? 0 : line->text[line->size - 2] != '=' ? 1 : 2;
    size_t size = line->size / 4 * 3 - padding;
    return size <= capacity && csc_base64_decode(line->text, line->size, ret_bytes, size) ? size : 0;
}
