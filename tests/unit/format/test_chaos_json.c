/* SPDX-License-Identifier: Apache-2.0 */
/* Every allocation of reading, decoding and writing fails once: an error each time, and nothing leaks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "format/format.h"
#include "support/chaos.h"

struct word_list {
    struct csc_list words;
};

static const struct csc_shape words_shape = {
    .kind = CSC_KIND_ARRAY, .max = INT64_MAX, .unique = true, .item = &csc_shape_text};
static const struct csc_field fields[] = {CSC_REQUIRED(word_list, words, &words_shape), CSC_FIELDS_END};
static const struct csc_shape shape = {.kind = CSC_KIND_OBJECT, .fields = fields};

static int read_decode_write(struct csc_arena *arena, const struct csc_buf *text, struct csc_error *err)
{
    _cleanup_buf_ struct csc_buf pretty = {0};
    struct csc_value value;
    struct word_list list = {0};
    char hex[CSC_SHA256_HEX];

    int r = csc_json_parse(arena, text->data, text->size, &value, err);
    if (r < 0)
        return r;
    r = csc_decode(arena, &value, &shape, &list, err);
    if (r < 0)
        return r;
    r = csc_canon_sha256(&value, hex, err);
    if (r < 0)
        return r;
    csc_json_write(&pretty, &value);
    return pretty.failed ? csc_fail_memory(err) : 0;
}

static int attempt(void *context)
{
    struct csc_arena arena = {0};
    struct csc_error err = {0};

    int r = read_decode_write(&arena, context, &err);
    csc_arena_free(&arena);
    if (r < 0) {
        assert_int_equal(r, -CSC_E_INTERNAL);
        assert_int_equal(err.code, CSC_E_INTERNAL);
        assert_non_null(strstr(err.text, "out of memory"));
    }
    return r;
}

static void json(void **state)
{
    struct csc_buf text = {0};

    (void)state;
    for (int i = 0; i < 3000; i++)
        csc_buf_printf(&text, "%s\"word %d\"", i ? "," : "{\"words\":[", i);
    csc_buf_puts(&text, "]}");
    assert_false(text.failed);
    assert_true(chaos_fail_each_allocation(attempt, &text) > 20);
    csc_buf_free(&text);
}

/* Objects and arrays that are open at once: both stacks grow while both hold something. */
static int attempt_nested(void *context)
{
    const char *text = context;
    struct csc_arena arena = {0};
    struct csc_value value = {.type = CSC_BOOL};

    int r = csc_json_parse(&arena, text, strlen(text), &value, NULL);
    assert_int_equal(value.type, r < 0 ? CSC_BOOL : CSC_ARRAY);
    csc_arena_free(&arena);
    return r;
}

static void nested(void **state)
{
    struct csc_buf text = {0};

    (void)state;
    csc_buf_puts(&text, "[0");
    for (int i = 0; i < 100; i++)
        csc_buf_printf(&text, ",{\"a\":[%d,{\"b\":[]}],\"k%d\":[[[\"x\"]]]}", i, i);
    csc_buf_puts(&text, "]");
    assert_false(text.failed);
    assert_true(chaos_fail_each_allocation(attempt_nested, text.data) > 3);
    csc_buf_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(json), cmocka_unit_test(nested)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
