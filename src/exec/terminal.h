/* SPDX-License-Identifier: Apache-2.0 */
/* Output of a command, made harmless for a terminal. Private to exec/. */
#ifndef CSC_EXEC_TERMINAL_H
#define CSC_EXEC_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

enum {
    CSC_TERMINAL_HELD = 64, /* bytes of an unfinished sequence; a longer one is shown, not obeyed */
    CSC_TERMINAL_GROWTH = 4 /* one byte becomes at most "\xNN" */
};

/* State between two pieces of one stream; {0} at its beginning. */
struct csc_terminal {
    unsigned char held[CSC_TERMINAL_HELD];
    size_t held_size;
    bool coloured; /* a colour was passed on and not reset since */
};

/*
 * Printable text, newline, tab, carriage return and SGR sequences (ECMA-48 8.3.117: ESC [ digits m) pass; every other
 * control character, C1 controls in either encoding, and bytes that are no UTF-8 become visible text. What is
 * written always ends between two sequences. `out` holds CSC_TERMINAL_GROWTH * (size + CSC_TERMINAL_HELD)
 * bytes; returns how many were written.
 */
size_t csc_terminal_neutralise(struct csc_terminal *terminal, const void *bytes, size_t size, char *out);
/* Ends the stream: shows what is held, and resets the colours that the stream left behind. The same bound, size 0. */
size_t csc_terminal_finish(struct csc_terminal *terminal, char *out);

#endif
