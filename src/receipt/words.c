/* SPDX-License-Identifier: Apache-2.0 */
#include "receipt/words.h"

#include <stdio.h>
#include <string.h>

static const char replacement[] = "\xEF\xBF\xBD"; /* U+FFFD */

/* The next character of hostile bytes as it may stand in a receipt, and how many bytes it stands for. */
static size_t next_character(const char *s, size_t size, const char **ret_character, size_t *ret_size)
{
    size_t n = *s ? csc_utf8_sequence((const unsigned char *)s, size) : 0;

    *ret_character = n ? s : replacement;
    *ret_size = n ? n : sizeof(replacement) - 1;
    return n ? n : 1;
}

static size_t count_characters(const char *s, size_t size)
{
    const char *character;
    size_t count = 0, character_size;

    for (size_t i = 0; i < size; count++)
        i += next_character(s + i, size - i, &character, &character_size);
    return count;
}

/* Appends `count` characters after the first `skip`. */
static void append_characters(struct csc_buf *buf, const char *s, size_t size, size_t skip, size_t count)
{
    const char *character;
    size_t character_size;

    for (size_t i = 0, n = 0; i < size && n < skip + count; n++) {
        i += next_character(s + i, size - i, &character, &character_size);
        if (n >= skip)
            csc_buf_append(buf, character, character_size);
    }
}

/* A line of csc's own; returns how many characters are left for the rest. */
static size_t append_line(struct csc_buf *buf, const char *line, size_t room)
{
    size_t count = count_characters(line, strlen(line));

    if (count == 0 || room == 0)
        return room;
    if (buf->size > 0) {
        csc_buf_putc(buf, '\n');
        room--;
    }
    if (count > room)
        count = room;
    append_characters(buf, line, strlen(line), 0, count);
    return room - count;
}

/* A full tail may begin within a character, but then it holds 4000 whole ones after that. */
static void append_tail(struct csc_buf *buf, const struct csc_exec_result *last, size_t room)
{
    if (last->tail_size == 0 || room < 2)
        return;
    if (buf->size > 0) {
        csc_buf_putc(buf, '\n');
        room--;
    }
    size_t count = count_characters(last->tail, last->tail_size);
    append_characters(buf, last->tail, last->tail_size, count > room ? count - room : 0, room);
}

/* csc's own words: the caller's, or the executor's. */
static const char *own_words(const struct csc_record *record)
{
    if (record->error)
        return record->error;
    return record->last ? record->last->reason : "";
}

/* For a failure that nobody has said a word about. */
static void append_status(struct csc_buf *buf, const struct csc_exec_result *last)
{
    if (last->exit_code > 128 && last->exit_code <= 128 + SIGRTMAX)
        csc_buf_printf(buf, "command exited with status %d, as one ended by signal %d does", last->exit_code,
                       last->exit_code - 128);
    else
        csc_buf_printf(buf, "command exited with status %d", last->exit_code);
}

void csc_receipt_words(const struct csc_record *record, const char *note, struct csc_buf *ret_words)
{
    const char *own = own_words(record);
    bool failed = record->status == CSC_STATUS_FAILED;
    size_t room = CSC_ERROR_CHARACTERS;

    room = append_line(ret_words, own, room);
    room = append_line(ret_words, note, room);
    if (!failed || !record->last)
        return;
    append_tail(ret_words, record->last, room);
    if (ret_words->size == 0)
        append_status(ret_words, record->last);
}
