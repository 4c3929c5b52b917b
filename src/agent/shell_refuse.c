/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "agent/shell_parts.h"

static const struct csc_shell_reason too_long = {
    "a text of more than 131072 bytes", "hand it over in parts; put long data into a file, and name the file", NULL};
static const struct csc_shell_reason no_utf8 = {"bytes that are no UTF-8", "write it in UTF-8", NULL};
static const struct csc_shell_reason carriage_return = {"a carriage return", "save it with plain newlines", NULL};
static const struct csc_shell_reason control = {
    "a control character", "leave it out; put data that has one into a file, and name the file", NULL};

void csc_shell_place(const char *text, size_t at, size_t *ret_line, size_t *ret_column)
{
    size_t line = 1, begin = 0;

    for (size_t i = 0; i < at; i++) {
        if (text[i] == '\n') {
            line++;
            begin = i + 1;
        }
    }
    *ret_line = line;
    *ret_column = at - begin + 1;
}

int csc_shell_refuse(struct csc_shell_reader *reader, size_t at, const struct csc_shell_reason *reason)
{
    struct csc_shell_refusal *refusal = reader->refusal;

    *refusal = (struct csc_shell_refusal){.what = reason->what, .instead = reason->instead, .field = reason->field};
    csc_shell_place(reader->text, at, &refusal->line, &refusal->column);
    return csc_fail_at(reader->err, (unsigned)refusal->line, (unsigned)refusal->column, "%s; %s", refusal->what,
                       refusal->instead);
}

int csc_shell_refuse_word(struct csc_shell_reader *reader, size_t at, const struct csc_shell_reason *reason,
                          const char *word)
{
    struct csc_shell_reason named = *reason;
    const char *gap = strstr(reason->what, "%s");

    if (gap)
        named.what = csc_arena_printf(reader->arena, "%.*s%s%s", (int)(gap - reason->what), reason->what, word,
                                      gap + strlen("%s"));
    return named.what ? csc_shell_refuse(reader, at, &named) : csc_fail_memory(reader->err);
}

int csc_shell_check_text(struct csc_shell_reader *reader)
{
    const unsigned char *text = (const unsigned char *)reader->text;

    if (reader->size > CSC_SHELL_BYTES_MAX)
        return csc_shell_refuse(reader, CSC_SHELL_BYTES_MAX, &too_long);
    for (size_t i = 0; i < reader->size;) {
        size_t n = csc_utf8_sequence(text + i, reader->size - i);
        if (n == 0)
            return csc_shell_refuse(reader, i, &no_utf8);
        if (text[i] == '\r')
            return csc_shell_refuse(reader, i, &carriage_return);
        if ((text[i] < 0x20 && text[i] != '\t' && text[i] != '\n') || text[i] == 0x7F)
            return csc_shell_refuse(reader, i, &control);
        i += n;
    }
    return 0;
}
