/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers many JSON texts in one process. stdin: "<size>\n" and that many bytes, again and again. stdout, for each:
 * "ok <size>\n" and the canonical bytes, or "no <line>:<column>: <message>\n".
 */
#include <stdio.h>
#include <stdlib.h>

#include "format/format.h"

static bool answer(const char *text, size_t size)
{
    _cleanup_buf_ struct csc_buf canonical = {0};
    struct csc_arena arena = {0};
    struct csc_error err = {0};
    struct csc_value value;

    if (csc_json_parse(&arena, text, size, &value, &err) == 0) {
        csc_canon_write(&canonical, &value);
        (void)printf("ok %zu\n", canonical.size);
        (void)fwrite(canonical.data, 1, canonical.size, stdout);
    } else {
        (void)printf("no %u:%u: %s\n", err.line, err.column, err.text);
    }
    csc_arena_free(&arena);
    return !canonical.failed && err.code != CSC_E_INTERNAL;
}

int main(void)
{
    unsigned long size;

    while (scanf("%lu", &size) == 1) {
        _cleanup_free_ char *text = malloc(size + 1);
        if (getchar() != '\n' || !text || fread(text, 1, size, stdin) != size || !answer(text, size))
            return 1;
    }
    return fflush(stdout) == 0 ? 0 : 1;
}
