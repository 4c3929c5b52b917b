/* SPDX-License-Identifier: Apache-2.0 */
/* Arenas, buffers, and the error object. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/base.h"

static void arena_memory_is_zeroed_aligned_and_apart(void **state)
{
    static const size_t sizes[] = {0, 1, 15, 16, 17, 1000, 16 << 10, (16 << 10) + 1, 1 << 20, (1 << 20) + 1, 3};
    struct csc_arena arena = {0};
    unsigned char *blocks[200];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(blocks); i++) {
        size_t size = sizes[i % ARRAY_SIZE(sizes)];
        blocks[i] = csc_arena_alloc(&arena, size);
        assert_non_null(blocks[i]);
        assert_int_equal((uintptr_t)blocks[i] % 16, 0);
        for (size_t b = 0; b < size; b++)
            assert_int_equal(blocks[i][b], 0);
        if (size > 0)
            memset(blocks[i], (int)i + 1, size);
    }
    for (size_t i = 0; i < ARRAY_SIZE(blocks); i++) {
        size_t size = sizes[i % ARRAY_SIZE(sizes)];
        for (size_t b = 0; b < size; b += 97)
            assert_int_equal(blocks[i][b], (i + 1) & 255);
    }
    csc_arena_free(&arena);
    assert_null(arena.chunks);
    csc_arena_free(&arena);
}

static void arena_refuses_what_cannot_be(void **state)
{
    struct csc_arena arena = {0};

    (void)state;
    assert_null(csc_arena_alloc(&arena, SIZE_MAX));
    assert_null(csc_arena_alloc(&arena, SIZE_MAX - 15));
    assert_null(csc_arena_alloc(&arena, SIZE_MAX - 16));
    assert_null(csc_arena_array(&arena, SIZE_MAX / 2, 3));
    assert_null(csc_arena_array(&arena, (size_t)1 << 33, (size_t)1 << 33));
    assert_null(csc_arena_copy(&arena, "", SIZE_MAX));
    assert_non_null(csc_arena_array(&arena, 0, SIZE_MAX));
    assert_string_equal(csc_arena_copy(&arena, "abcdef", 3), "abc");
    assert_string_equal(csc_arena_copy(&arena, NULL, 0), "");
    assert_string_equal(csc_arena_printf(&arena, "%s-%d", "x", 7), "x-7");
    char *wide = csc_arena_printf(&arena, "%070000d", 1);
    assert_int_equal(strlen(wide), 70000);
    csc_arena_free(&arena);
}

static void buffers_grow_and_stay_terminated(void **state)
{
    struct csc_buf buf = {0};

    (void)state;
    for (int i = 0; i < 1000; i++) {
        csc_buf_putc(&buf, 'a');
        csc_buf_append(&buf, "b\0c", 3);
        csc_buf_puts(&buf, "d");
        csc_buf_printf(&buf, "%d%s", 4, "e");
        assert_int_equal(buf.size, (size_t)(i + 1) * 7);
        assert_int_equal(buf.data[buf.size], 0);
        assert_memory_equal(buf.data + buf.size - 7, "ab\0cd4e", 7);
    }
    csc_buf_append(&buf, NULL, 0);
    assert_int_equal(buf.size, 7000);
    assert_non_null(csc_buf_reserve(&buf, 100000));
    assert_int_equal(buf.data[buf.size], 0);
    char *text = csc_buf_take(&buf);
    assert_memory_equal(text, "ab\0cd4e", 7);
    free(text);
    assert_true(buf.data == NULL && buf.size == 0 && buf.capacity == 0);
    csc_buf_free(&buf);

    struct csc_buf fresh = {0};
    assert_string_equal(csc_buf_reserve(&fresh, 10), "");
    csc_buf_free(&fresh);
    text = csc_buf_take(&fresh);
    assert_string_equal(text, "");
    free(text);
}

/* What has failed once stays failed, however little is asked afterwards, and nothing is made of it. */
static void buffers_remember_failure(void **state)
{
    struct csc_buf buf = {0};

    (void)state;
    csc_buf_puts(&buf, "abc");
    assert_null(csc_buf_reserve(&buf, SIZE_MAX));
    assert_true(buf.failed);
    csc_buf_putc(&buf, 'd');
    csc_buf_puts(&buf, "d");
    csc_buf_printf(&buf, "d");
    csc_buf_escape(&buf, "d", 1);
    assert_null(csc_buf_reserve(&buf, 0));
    assert_int_equal(buf.size, 3);
    assert_string_equal(buf.data, "abc");
    assert_null(csc_buf_take(&buf));
    assert_false(buf.failed);
    csc_buf_escape(&buf, "d", SIZE_MAX / 4);
    assert_true(buf.failed);
    csc_buf_free(&buf);
    assert_false(buf.failed);
}

static void the_first_error_wins(void **state)
{
    struct csc_error err = {0};

    (void)state;
    assert_int_equal(csc_fail_at(&err, 3, 7, "a %s; b", "x\x1b[0m\n"), -CSC_E_DATA);
    assert_int_equal(csc_error_in_stage(&err, "json", -5), -5);
    assert_int_equal(csc_fail(&err, CSC_E_USAGE, "second"), -CSC_E_USAGE);
    assert_int_equal(csc_fail_errno(&err, CSC_E_INPUT, ENOENT, "third"), -CSC_E_INPUT);
    assert_int_equal(csc_fail_field(&err, "f", "fourth"), -CSC_E_DATA);
    assert_int_equal(csc_fail_memory(&err), -CSC_E_INTERNAL);
    assert_int_equal(csc_error_in_stage(&err, "contract", 0), 0);
    assert_int_equal(err.code, CSC_E_DATA);
    assert_int_equal(err.line, 3);
    assert_int_equal(err.column, 7);
    assert_int_equal(err.sys_errno, 0);
    assert_string_equal(err.stage, "json");
    assert_string_equal(err.field, "");
    assert_string_equal(err.text, "a x\\x1b[0m\\x0a; b");
    assert_int_equal(csc_fail(NULL, CSC_E_CONFIG, "nobody listens"), -CSC_E_CONFIG);
    assert_int_equal(csc_error_in_stage(NULL, "x", -1), -1);
    err = (struct csc_error){0};
    assert_int_equal(csc_error_in_stage(&err, "x", 0), 0);
    assert_null(err.stage);
}

static void errors_carry_errno_and_field(void **state)
{
    struct csc_error err = {0};

    (void)state;
    assert_int_equal(csc_fail_errno(&err, CSC_E_OUTPUT, ENOSPC, "%s", "a\tb"), -CSC_E_OUTPUT);
    assert_int_equal(err.sys_errno, ENOSPC);
    assert_string_equal(err.text, "a\\x09b: No space left on device");
    err = (struct csc_error){0};
    assert_int_equal(csc_fail_field(&err, "a[0].\xe2\x80\xae", "b"), -CSC_E_DATA);
    assert_string_equal(err.field, "a[0].\\u202e");
    err = (struct csc_error){0};
    assert_int_equal(csc_fail_memory(&err), -CSC_E_INTERNAL);
    assert_int_equal(err.sys_errno, ENOMEM);
}

/* A text that doesn't fit ends in a whole character, wherever the end falls. */
static void long_errors_are_cut_at_whole_characters(void **state)
{
    char text[700];

    (void)state;
    for (size_t shift = 0; shift < 4; shift++) {
        struct csc_error err = {0};

        memset(text, 'x', shift);
        for (size_t i = shift; i + 4 < sizeof(text); i += 4)
            memcpy(text + i, "\xf0\x9f\x98\x80", 5);
        (void)csc_fail(&err, CSC_E_DATA, "%s", text);
        assert_int_equal(strlen(err.text), shift + (511 - shift) / 4 * 4);
        assert_true(csc_utf8_valid(err.text, strlen(err.text)));
        assert_null(strchr(err.text, '\\'));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arena_memory_is_zeroed_aligned_and_apart),
        cmocka_unit_test(arena_refuses_what_cannot_be),
        cmocka_unit_test(buffers_grow_and_stay_terminated),
        cmocka_unit_test(buffers_remember_failure),
        cmocka_unit_test(the_first_error_wins),
        cmocka_unit_test(errors_carry_errno_and_field),
        cmocka_unit_test(long_errors_are_cut_at_whole_characters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
