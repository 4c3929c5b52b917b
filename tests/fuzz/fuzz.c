/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

void fuzz_broken(const char *promise, const char *file, int line)
{
    (void)fprintf(stderr, "%s:%d: broken promise: %s\n", file, line, promise);
    abort();
}

static void check_printable(const char *s, size_t capacity)
{
    char escaped[1024];
    size_t size = strnlen(s, capacity);

    PROMISE(size < capacity);
    PROMISE(csc_text_escape(escaped, sizeof(escaped), s, size) == size);
    PROMISE(memcmp(escaped, s, size) == 0);
}

void fuzz_check_refusal(int code, const struct csc_error *err)
{
    PROMISE(code == -CSC_E_DATA);
    PROMISE(err->code == CSC_E_DATA);
    PROMISE(err->text[0]);
    PROMISE((err->line == 0) == (err->column == 0));
    check_printable(err->text, sizeof(err->text));
    check_printable(err->field, sizeof(err->field));
}

void fuzz_check_sha256(const char *hex)
{
    PROMISE(strlen(hex) == 64);
    PROMISE(strspn(hex, "0123456789abcdef") == 64);
}
