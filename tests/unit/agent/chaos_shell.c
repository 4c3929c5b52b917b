/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/agent.h"
#include "support/chaos.h"

static int read_line(void *context)
{
    const struct csc_buf *text = context;
    struct csc_shell_refusal refusal = {0};
    struct csc_shell_line line = {0};
    struct csc_arena arena = {0};
    struct csc_error err = {0};

    int r = csc_shell_read(&arena, &(struct csc_shell_text){text->data, text->size, "/w"}, &line, &refusal, &err);
    if (r == -CSC_E_INTERNAL) {
        assert_int_equal(err.code, CSC_E_INTERNAL);
        assert_string_equal(err.stage, "agent");
        assert_null(refusal.what);
        assert_null(line.commands);
    } else if (r < 0) { /* the refusal that is meant */
        assert_int_equal(r, -CSC_E_DATA);
        assert_non_null(refusal.what);
        r = 0;
    }
    csc_arena_free(&arena);
    return r;
}

/* A long word in front, so that what comes needs memory of its own. */
static void every_failing_allocation_is_survived(void **state)
{
    static const char *const ends[] = {" b | c < in > out && cd d && e", " && export A", " && NAME=1 b", " *"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
        for (size_t size = 1; size < 40000; size += 311) {
            _cleanup_buf_ struct csc_buf text = {0};
            for (size_t n = 0; n < size; n++)
                csc_buf_putc(&text, 'a');
            csc_buf_puts(&text, ends[i]);
            assert_true(chaos_fail_each_allocation(read_line, &text) >= 1);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_failing_allocation_is_survived)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
