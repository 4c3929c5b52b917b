/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "format/yaml_parts.h"

#define NO_CHARACTER UINT32_MAX

/* YAML 1.1, c-printable. The byte-order mark is printable there, but reads as nothing (threat: text that is not
 * what it looks like). */
static bool is_accepted(uint32_t c)
{
    if (c < 0x80)
        return (c >= 0x20 && c <= 0x7E) || c == '\t' || c == '\n' || c == '\r';
    return c == 0x85 || (c >= 0xA0 && c != 0xFEFF && c != 0xFFFE && c != 0xFFFF);
}

/* Of a well-formed sequence. */
static uint32_t code_point(const unsigned char *s, size_t size)
{
    static const unsigned char lead[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    uint32_t c = s[0] & lead[size];

    for (size_t i = 1; i < size; i++)
        c = c << 6 | (s[i] & 0x3F);
    return c;
}

size_t csc_yaml_break(const struct csc_yaml_text *text, size_t offset)
{
    static const char *const breaks[] = {"\r\n", "\n", "\r", "\xC2\x85", "\xE2\x80\xA8", "\xE2\x80\xA9"};

    for (size_t i = 0; i < ARRAY_SIZE(breaks); i++) {
        size_t n = strlen(breaks[i]);
        if (text->size - offset >= n && memcmp(text->bytes + offset, breaks[i], n) == 0)
            return n;
    }
    return 0;
}

int csc_yaml_refuse(const struct csc_yaml_text *text, size_t offset, struct csc_error *err, const char *format, ...)
{
    char why[512];
    unsigned line = 1;
    size_t start = 0;
    va_list args;

    va_start(args, format);
    (void)vsnprintf(why, sizeof(why), format, args);
    va_end(args);
    for (size_t i = 0, n; i < offset; i += n ? n : 1) {
        n = csc_yaml_break(text, i);
        if (n && i + n <= offset) {
            line++;
            start = i + n;
        }
    }
    return csc_fail_at(err, line, (unsigned)(offset - start) + 1, "%s", why);
}

static int refuse_character(const struct csc_yaml_text *text, size_t at, uint32_t c, struct csc_error *err)
{
    if (c == NO_CHARACTER)
        return csc_yaml_refuse(text, at, err, "invalid UTF-8; save the file as UTF-8");
    if (c == 0xFEFF)
        return csc_yaml_refuse(text, at, err, "a byte-order mark inside the text; remove it");
    return csc_yaml_refuse(text, at, err, "invalid YAML: the control character U+%04" PRIX32 "; remove it", c);
}

static int check_characters(struct csc_yaml_text *text, struct csc_error *err)
{
    for (size_t i = 0, n; i < text->size; i += n, text->count++) {
        n = csc_utf8_sequence(text->bytes + i, text->size - i);
        uint32_t c = n ? code_point(text->bytes + i, n) : NO_CHARACTER;
        if (!n || !is_accepted(c))
            return refuse_character(text, i, c, err);
    }
    return 0;
}

static int index_characters(struct csc_yaml_text *text, struct csc_error *err)
{
    size_t index = 0;

    text->offsets = reallocarray(NULL, text->count + 1, sizeof(*text->offsets));
    if (!text->offsets)
        return csc_fail_memory(err);
    for (size_t i = 0; i < text->size; i++)
        if ((text->bytes[i] & 0xC0) != 0x80)
            text->offsets[index++] = i;
    text->offsets[index] = text->size;
    return 0;
}

int csc_yaml_text_open(struct csc_yaml_text *text, const void *bytes, size_t size, struct csc_error *err)
{
    bool marked = size >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0;

    *text = (struct csc_yaml_text){.bytes = bytes, .size = size};
    if (marked) {
        text->bytes += 3;
        text->size -= 3;
    }
    int r = check_characters(text, err);
    return r == 0 && text->count < text->size ? index_characters(text, err) : r;
}

void csc_yaml_text_close(struct csc_yaml_text *text)
{
    free(text->offsets);
    text->offsets = NULL;
}

size_t csc_yaml_offset(const struct csc_yaml_text *text, const yaml_mark_t *mark)
{
    size_t index = mark->index < text->count ? mark->index : text->count;

    return text->offsets ? text->offsets[index] : index;
}

void csc_yaml_position(const struct csc_yaml_text *text, const yaml_mark_t *mark, unsigned *ret_line,
                       unsigned *ret_column)
{
    yaml_mark_t start = {.index = mark->index - mark->column};

    *ret_line = (unsigned)mark->line + 1;
    *ret_column = (unsigned)(csc_yaml_offset(text, mark) - csc_yaml_offset(text, &start)) + 1;
}

int csc_yaml_begin(const struct csc_yaml_text *text, yaml_parser_t *ret_parser, struct csc_error *err)
{
    if (!yaml_parser_initialize(ret_parser))
        return csc_fail_memory(err);
    /* Not guessed: a text that begins like UTF-16 is refused, not converted. */
    yaml_parser_set_encoding(ret_parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(ret_parser, text->bytes, text->size);
    return 0;
}

int csc_yaml_failed(const struct csc_yaml_text *text, const yaml_parser_t *parser, struct csc_error *err)
{
    const char *problem = parser->problem ? parser->problem : "it cannot be read";

    if (parser->error == YAML_MEMORY_ERROR)
        return csc_fail_memory(err);
    size_t at = csc_yaml_offset(text, &parser->problem_mark);
    if (!parser->context)
        return csc_yaml_refuse(text, at, err, "invalid YAML: %s", problem);
    return csc_yaml_refuse(text, at, err, "invalid YAML: %s %s", problem, parser->context);
}
