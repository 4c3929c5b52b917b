/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many YAML texts in, what each means out, for yaml_differential.py: on stdin a line with the size in bytes before
 * each text; on stdout a line a text: its canonical JSON, or "error: LINE:COLUMN why".
 */
#include <stdio.h>

#include "format/format.h"

static bool read_text(struct csc_buf *text)
{
    size_t size = 0;

    if (scanf("%zu", &size) != 1 || getchar() != '\n')
        return false;
    char *bytes = csc_buf_reserve(text, size);
    if (!bytes || fread(bytes, 1, size, stdin) != size)
        return false;
    text->size = size;
    return true;
}

static bool answer(const struct csc_buf *text)
{
    _cleanup_(csc_arena_free) struct csc_arena arena = {0};
    _cleanup_buf_ struct csc_buf json = {0};
    struct csc_value value = {0};
    struct csc_error err = {0};

    if (csc_yaml_parse(&arena, text->data, text->size, &value, &err) < 0)
        return printf("error: %u:%u %s\n", err.line, err.column, err.text) > 0;
    csc_canon_write(&json, &value);
    return !json.failed && printf("%s\n", json.data) > 0;
}

int main(void)
{
    for (;;) {
        _cleanup_buf_ struct csc_buf text = {0};
        if (!read_text(&text))
            return feof(stdin) ? 0 : 1;
        if (!answer(&text))
            return 1;
    }
}
