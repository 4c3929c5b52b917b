/* SPDX-License-Identifier: Apache-2.0 */
/* Private to the YAML reader: the text and its positions, what libyaml lets through, what a scalar means. */
#ifndef CSC_FORMAT_YAML_PARTS_H
#define CSC_FORMAT_YAML_PARTS_H

#include <yaml.h>

#include "format/value.h"

/* A YAML text known to be UTF-8 of printable characters; `bytes` belong to the caller. */
struct csc_yaml_text {
    const unsigned char *bytes; /* without a leading byte-order mark */
    size_t size;
    size_t count;    /* characters */
    size_t *offsets; /* byte offset of every character and of the end; NULL: all of them are ASCII */
};

/* Checks the characters of the text. Freed by csc_yaml_text_close(), also after an error. */
int csc_yaml_text_open(struct csc_yaml_text *text, const void *bytes, size_t size, struct csc_error *err);
void csc_yaml_text_close(struct csc_yaml_text *text);
/* Byte offset of libyaml's mark. */
size_t csc_yaml_offset(const struct csc_yaml_text *text, const yaml_mark_t *mark);
/* Length of the line break at a byte offset (LF, CR, CRLF, NEL, LS, PS), or 0. */
size_t csc_yaml_break(const struct csc_yaml_text *text, size_t offset);
/* Of a mark: 1-based, the column in bytes. */
void csc_yaml_position(const struct csc_yaml_text *text, const yaml_mark_t *mark, unsigned *ret_line,
                       unsigned *ret_column);
/* Fails with the position of a byte offset. */
__attribute__((format(printf, 4, 5))) int csc_yaml_refuse(const struct csc_yaml_text *text, size_t offset,
                                                          struct csc_error *err, const char *format, ...);

/* A parser over the text. Deleted by yaml_parser_delete() unless this failed. */
int csc_yaml_begin(const struct csc_yaml_text *text, yaml_parser_t *ret_parser, struct csc_error *err);
/* The error after which the parser stopped. */
int csc_yaml_failed(const struct csc_yaml_text *text, const yaml_parser_t *parser, struct csc_error *err);

/*
 * Refuses what libyaml reads and PyYAML does not, so that one text has one meaning; and, before a parser sees it,
 * nesting that costs time out of proportion.
 */
int csc_yaml_lint(const struct csc_yaml_text *text, struct csc_error *err);

/*
 * What an untagged plain scalar means, by YAML 1.1 as PyYAML resolves it. The string, without U+0000, is
 * referenced. Returns NULL, or why the protocol has no such value.
 */
const char *csc_yaml_resolve(const char *string, size_t size, struct csc_value *ret_value);

#endif
