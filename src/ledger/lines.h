/* SPDX-License-Identifier: Apache-2.0 */
/* What the texts of a log are made of: lines, with their numbers for messages. Private to ledger/. */
#ifndef CSC_LEDGER_LINES_H
#define CSC_LEDGER_LINES_H

#include "ledger/merkle.h"

struct csc_line {
    const char *text; /* without its newline; not NUL-terminated */
    size_t size;
    unsigned number;
};

struct csc_lines {
    const char *next, *end;
    unsigned number; /* of the line at `next` */
};

/* CSC_E_DATA unless the text is not empty, UTF-8 without ASCII control characters, and ends with a newline. `number` is
 * that of its first line. */
int csc_lines_check(const char *text, size_t size, unsigned number, struct csc_error *err);
/* The next line of such a text; false at its end. */
bool csc_lines_next(struct csc_lines *lines, struct csc_line *ret_line);

/* CSC_E_DATA at the line's beginning. */
__attribute__((format(printf, 3, 4))) int csc_line_fail(struct csc_error *err, const struct csc_line *line,
                                                        const char *format, ...);
/* Takes `prefix` off; false when the line does not begin with it. */
bool csc_line_skip(struct csc_line *line, const char *prefix);
/* The line is a decimal without needless zeros, at most CSC_MERKLE_SIZE_MAX. */
bool csc_line_number(const struct csc_line *line, uint64_t *ret_number);
/* The line is the strict base64 of a hash. */
bool csc_line_hash(const struct csc_line *line, struct csc_merkle_hash *ret_hash);
/* The line is strict base64 of between 1 and `capacity` bytes; their number, or 0. */
size_t csc_line_bytes(const struct csc_line *line, uint8_t *ret_bytes, size_t capacity);

#endif
