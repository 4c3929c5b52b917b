/* SPDX-License-Identifier: Apache-2.0 */
#include "support/chaos.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *p, size_t size);
void *__real_reallocarray(void *p, size_t count, size_t size);
char *__real_strdup(const char *s);
char *__real_strndup(const char *s, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *p, size_t size);
void *__wrap_reallocarray(void *p, size_t count, size_t size);
char *__wrap_strdup(const char *s);
char *__wrap_strndup(const char *s, size_t size);

static int until_failure = -1; /* allocations left before the one that fails; negative: none fails */
static bool failed;

static bool fails_now(void)
{
    if (until_failure < 0)
        return false;
    if (until_failure-- > 0)
        return false;
    failed = true;
    errno = ENOMEM;
    return true;
}

void *__wrap_malloc(size_t size)
{
    return fails_now() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails_now() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *p, size_t size)
{
    return fails_now() ? NULL : __real_realloc(p, size);
}

void *__wrap_reallocarray(void *p, size_t count, size_t size)
{
    return fails_now() ? NULL : __real_reallocarray(p, count, size);
}

char *__wrap_strdup(const char *s)
{
    return fails_now() ? NULL : __real_strdup(s);
}

char *__wrap_strndup(const char *s, size_t size)
{
    return fails_now() ? NULL : __real_strndup(s, size);
}

int chaos_fail_each_allocation(int (*attempt)(void *context), void *context)
{
    for (int n = 0; n < 100000; n++) {
        until_failure = n;
        failed = false;
        int r = attempt(context);
        until_failure = -1;
        if (!failed) {
            assert_int_equal(r, 0);
            return n;
        }
    }
    fail_msg("more than 100000 allocations");
    return -1;
}
