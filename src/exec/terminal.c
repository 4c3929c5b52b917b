/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threat: output that reprograms the terminal it is shown on: types commands (answers to queries), sets the clipboard
 * or title (OSC), hides or rewrites what csc itself says. Only what is known to be harmless passes.
 */
#include "exec/terminal.h"

#include <string.h>

#include "base/base.h"

enum { ESC = 0x1b, DEL = 0x7f };

static const char reset_colours[] = "\x1b[0m";

static char *show_byte(char *out, unsigned char c)
{
    static const char digits[] = "0123456789abcdef";

    *out++ = '\\';
    *out++ = 'x';
    *out++ = digits[c >> 4];
    *out++ = digits[c & 15];
    return out;
}

static char *show_control(char *out, unsigned char c)
{
    *out++ = '^';
    *out++ = (char)(c ^ 0x40); /* ^[ for ESC, ^? for DEL */
    return out;
}

static bool is_plain(unsigned char c)
{
    return (c >= ' ' && c < DEL) || c == '\n' || c == '\t' || c == '\r';
}

/* Length that a UTF-8 sequence beginning with this byte has; 0 when none does. */
static size_t sequence_size(unsigned char lead)
{
    if (lead >= 0xc2 && lead <= 0xdf)
        return 2;
    if (lead >= 0xe0 && lead <= 0xef)
        return 3;
    return lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
}

/* What is held turned out to be no sequence that passes. */
static char *show_held(struct csc_terminal *t, char *out)
{
    for (size_t i = 0; i < t->held_size; i++) {
        unsigned char c = t->held[i];
        if (is_plain(c))
            *out++ = (char)c;
        else
            out = c < 0x80 ? show_control(out, c) : show_byte(out, c);
    }
    t->held_size = 0;
    return out;
}

static char *pass_held(struct csc_terminal *t, char *out)
{
    memcpy(out, t->held, t->held_size);
    out += t->held_size;
    t->held_size = 0;
    return out;
}

static bool is_reset(const struct csc_terminal *t)
{
    return t->held_size == 3 || (t->held_size == 4 && t->held[2] == '0');
}

/* One more byte for an escape sequence. False: it does not belong to one that passes. */
static bool continue_escape(struct csc_terminal *t, unsigned char c, char **out)
{
    bool parameter = (c >= '0' && c <= '9') || c == ';' || c == ':';

    if (t->held_size == 1 ? c != '[' : !parameter && c != 'm')
        return false;
    if (t->held_size == sizeof(t->held))
        return false;
    t->held[t->held_size++] = c;
    if (c == 'm') {
        t->coloured = !is_reset(t);
        *out = pass_held(t, *out);
    }
    return true;
}

/* The same for UTF-8. */
static bool continue_character(struct csc_terminal *t, unsigned char c, char **out)
{
    if ((c & 0xc0) != 0x80)
        return false;
    t->held[t->held_size++] = c;
    size_t size = sequence_size(t->held[0]);
    if (t->held_size < size)
        return true;
    /* U+0080 to U+009F are C1 controls: a terminal reads U+009B as ESC [. */
    bool control = t->held[0] == 0xc2 && c < 0xa0;
    *out = csc_utf8_sequence(t->held, size) == size && !control ? pass_held(t, *out) : show_held(t, *out);
    return true;
}

static char *begin(struct csc_terminal *t, unsigned char c, char *out)
{
    if (is_plain(c))
        *out++ = (char)c;
    else if (c == ESC || sequence_size(c) > 0)
        t->held[t->held_size++] = c;
    else
        return c < 0x80 ? show_control(out, c) : show_byte(out, c);
    return out;
}

size_t csc_terminal_neutralise(struct csc_terminal *terminal, const void *bytes, size_t size, char *out)
{
    const unsigned char *in = bytes;
    char *end = out;

    for (size_t i = 0; i < size; i++) {
        if (terminal->held_size > 0) {
            bool escape = terminal->held[0] == ESC;
            if (escape ? continue_escape(terminal, in[i], &end) : continue_character(terminal, in[i], &end))
                continue;
            end = show_held(terminal, end);
        }
        end = begin(terminal, in[i], end);
    }
    return (size_t)(end - out);
}

size_t csc_terminal_finish(struct csc_terminal *terminal, char *out)
{
    char *end = show_held(terminal, out);

    if (terminal->coloured) {
        memcpy(end, reset_colours, strlen(reset_colours));
        end += strlen(reset_colours);
    }
    terminal->coloured = false;
    return (size_t)(end - out);
}
