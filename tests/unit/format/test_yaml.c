/* SPDX-License-Identifier: Apache-2.0 */
/* Limits, bytes and positions; what texts mean is compared with PyYAML (tests/conformance/yaml_differential.py). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "format/format.h"

struct yaml {
    struct csc_arena arena;
    struct csc_buf text;
    struct csc_value value;
    struct csc_error err;
    int code;
};

static void parse(struct yaml *yaml)
{
    assert_false(yaml->text.failed);
    yaml->code = csc_yaml_parse(&yaml->arena, yaml->text.data, yaml->text.size, &yaml->value, &yaml->err);
}

static void yaml_free(struct yaml *yaml)
{
    csc_arena_free(&yaml->arena);
    csc_buf_free(&yaml->text);
}

#define _cleanup_yaml_ _cleanup_(yaml_free)

static void repeat(struct yaml *yaml, const char *piece, size_t times)
{
    for (size_t i = 0; i < times; i++)
        csc_buf_puts(&yaml->text, piece);
}

static void assert_refused(const struct yaml *yaml, const char *why)
{
    assert_int_equal(yaml->code, -CSC_E_DATA);
    assert_int_equal(yaml->err.code, CSC_E_DATA);
    assert_non_null(strstr(yaml->err.text, why));
    assert_true(yaml->err.line > 0);
    assert_true(yaml->err.column > 0);
    assert_int_equal(yaml->value.type, CSC_NULL); /* untouched */
}

static void assert_canonical(const struct yaml *yaml, const char *wanted)
{
    _cleanup_buf_ struct csc_buf json = {0};

    assert_int_equal(yaml->code, 0);
    csc_canon_write(&json, &yaml->value);
    assert_string_equal(json.data, wanted);
}

static void bytes_that_are_no_text(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
        const char *why;
        unsigned line, column;
    } cases[] = {
        {"a: \xff\n", 5, "invalid UTF-8", 1, 4},
        {"a: b\nc: \xC3\n", 10, "invalid UTF-8", 2, 4},
        {"a: \xC0\xAF\n", 6, "invalid UTF-8", 1, 4},     /* overlong */
        {"a: \xED\xA0\x80\n", 7, "invalid UTF-8", 1, 4}, /* a surrogate */
        {"a: \xF4\x90\x80\x80\n", 8, "invalid UTF-8", 1, 4},
        {"# \xE2\x82\n", 5, "invalid UTF-8", 1, 3},
        {"\xFF\xFE"
         "a\0:\0 \0b\0",
         10, "invalid UTF-8", 1, 1}, /* UTF-16 */
        {"\xFE\xFF\0a\0:\0 \0b", 10, "invalid UTF-8", 1, 1},
        {"a\0:\0 \0b\0", 8, "control character U+0000", 1, 2},
        {"\0a\0:\0 \0b", 8, "control character U+0000", 1, 1},
        {"a: b\0\n", 6, "control character U+0000", 1, 5},
        {"a: \"\0\"\n", 7, "control character U+0000", 1, 5},
        {"a: \xEF\xBF\xBF\n", 7, "U+FFFF", 1, 4},
        {"\xEF\xBB\xBF\xEF\xBB\xBF"
         "a: b\n",
         11, "a byte-order mark inside", 1, 1},
        {"\xC3\xBC: b\n\xC3\xBC: \x7f\n", 12, "control character U+007F", 2, 5},
        {"a: b\r\n\x85\xC2", 8, "invalid UTF-8", 2, 1},
        {"\xEF\xBB", 2, "invalid UTF-8", 1, 1},
        {"", 0, "must contain a YAML mapping", 1, 1},
        {"\xEF\xBB\xBF", 3, "must contain a YAML mapping", 1, 1},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_yaml_ struct yaml yaml = {0};
        csc_buf_append(&yaml.text, cases[i].bytes, cases[i].size);
        parse(&yaml);
        assert_refused(&yaml, cases[i].why);
        assert_int_equal(yaml.err.line, cases[i].line);
        assert_int_equal(yaml.err.column, cases[i].column);
    }
}

static void values_know_where_they_began(void **state)
{
    _cleanup_yaml_ struct yaml yaml = {0};
    (void)state;

    csc_buf_puts(&yaml.text, "\xEF\xBB\xBF"
                             "# \xC3\xBC\n\xC3\xBC: &x 'one'\r\nlist:\n  - [two, *x]\n");
    parse(&yaml);
    assert_canonical(&yaml, "{\"list\":[[\"two\",\"one\"]],\"\xC3\xBC\":\"one\"}");
    const struct csc_member *list = &yaml.value.members[0];
    const struct csc_member *umlaut = &yaml.value.members[1];
    assert_int_equal(umlaut->line, 2);
    assert_int_equal(umlaut->column, 1);
    assert_int_equal(umlaut->value.line, 2);
    assert_int_equal(umlaut->value.column, 5); /* in bytes, at its anchor */
    assert_int_equal(list->line, 3);
    assert_int_equal(list->value.line, 4);
    assert_int_equal(list->value.column, 3);
    const struct csc_value *items = list->value.items[0].items;
    assert_int_equal(items[0].column, 6);
    assert_int_equal(items[1].line, 4);
    assert_int_equal(items[1].column, 11); /* where the alias stands */
}

static void nesting_is_bounded(void **state)
{
    static const struct {
        const char *start, *piece;
        size_t times;
        const char *end;
        const char *why; /* NULL: accepted */
    } cases[] = {
        {"a: ", "[", 100000, "", "nested deeper"},
        {"", "{a: ", 100000, "", "nested deeper"},
        {"a:\n", "- ", 100000, "b", "nested deeper"},
        {"", "? ", 100000, "a", "nested deeper"},
        {"a: ", "[\n", 100000, "", "nested deeper"},
        {"a: ", "[a: ", 100000, "", "nested deeper"},
        /* 32 levels in the anchor's node, below the mapping; then so many around the alias */
        {"a: &x [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]\nb: ", "[", 31, "*x", NULL},
        {"a: &x [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]\nb: ", "[", 32, "*x", "nested deeper"},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_yaml_ struct yaml yaml = {0};
        csc_buf_puts(&yaml.text, cases[i].start);
        repeat(&yaml, cases[i].piece, cases[i].times);
        csc_buf_puts(&yaml.text, cases[i].end);
        repeat(&yaml, "]", cases[i].times < 64 ? cases[i].times : 0);
        parse(&yaml);
        if (cases[i].why)
            assert_refused(&yaml, cases[i].why);
        else
            assert_int_equal(yaml.code, 0);
    }
}

/* Each list holds the one before it `width` times. */
static void write_bomb(struct yaml *yaml, int lists, int width)
{
    csc_buf_puts(&yaml->text, "a0: &a0 x\n");
    for (int i = 1; i <= lists; i++) {
        csc_buf_printf(&yaml->text, "a%d: &a%d [", i, i);
        for (int j = 0; j < width; j++)
            csc_buf_printf(&yaml->text, "*a%d, ", i - 1);
        csc_buf_puts(&yaml->text, "]\n");
    }
}

static void alias_bombs_are_refused(void **state)
{
    static const struct {
        int lists, width;
        const char *why;
    } cases[] = {{9, 9, "more than 100000 nodes"}, {60, 2, "more than 100000 nodes"}, {3, 9, NULL}, {14, 2, NULL}};
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_yaml_ struct yaml yaml = {0};
        write_bomb(&yaml, cases[i].lists, cases[i].width);
        parse(&yaml);
        if (cases[i].why)
            assert_refused(&yaml, cases[i].why);
        else
            assert_int_equal(yaml.code, 0);
    }
}

/* The root, the key and the list are nodes too. */
static void nodes_are_counted_exactly(void **state)
{
    (void)state;
    for (size_t extra = 0; extra < 2; extra++) {
        _cleanup_yaml_ struct yaml yaml = {0};
        csc_buf_puts(&yaml.text, "a: [");
        repeat(&yaml, "b,", CSC_YAML_NODES_MAX - 3 + extra);
        csc_buf_puts(&yaml.text, "]\n");
        parse(&yaml);
        if (extra)
            assert_refused(&yaml, "more than 100000 nodes");
        else
            assert_int_equal(yaml.value.members[0].value.count, CSC_YAML_NODES_MAX - 3);
    }
}

static void aliases_of_a_long_text_are_bounded(void **state)
{
    const size_t long_text = (size_t)1 << 16;
    const size_t fitting = (CSC_YAML_BYTES_MAX - 2) / long_text; /* the keys are text as well */
    (void)state;

    for (size_t extra = 0; extra < 2; extra++) {
        _cleanup_yaml_ struct yaml yaml = {0};
        csc_buf_puts(&yaml.text, "a: &x ");
        repeat(&yaml, "z", long_text);
        csc_buf_puts(&yaml.text, "\nb: [");
        repeat(&yaml, "*x,", fitting - 1 + extra);
        csc_buf_puts(&yaml.text, "]\n");
        parse(&yaml);
        if (extra)
            assert_refused(&yaml, "bytes of text once aliases are expanded");
        else
            assert_int_equal(yaml.code, 0);
    }
}

/* Each must take a time that grows with the text, not with its square: the test's own time limit ends it else. */
static void many_of_a_kind(void **state)
{
    _cleanup_yaml_ struct yaml anchors = {0};
    _cleanup_yaml_ struct yaml keys = {0};
    _cleanup_yaml_ struct yaml directives = {0};
    (void)state;

    csc_buf_puts(&anchors.text, "a: [");
    for (int i = 0; i < 45000; i++)
        csc_buf_printf(&anchors.text, "&%d b,*%d,", i, i);
    csc_buf_puts(&anchors.text, "]\n");
    parse(&anchors);
    assert_int_equal(anchors.code, 0);

    for (int i = 0; i < 45000; i++)
        csc_buf_printf(&keys.text, "k%d: v\n", i);
    parse(&keys);
    assert_int_equal(keys.code, 0);
    assert_int_equal(keys.value.count, 45000);

    for (int i = 0; i < 37000; i++)
        csc_buf_printf(&directives.text, "%%TAG !%d! x\n", i);
    csc_buf_puts(&directives.text, "---\na: b\n");
    parse(&directives);
    assert_refused(&directives, "too many directives");
}

/* The bytes may go away, and aliases share what they name. */
static void values_outlive_their_text(void **state)
{
    _cleanup_yaml_ struct yaml yaml = {0};
    (void)state;

    csc_buf_puts(&yaml.text, "a: &x [one, {two: 'three'}]\nb: *x\n");
    parse(&yaml);
    memset(yaml.text.data, 'z', yaml.text.size);
    assert_canonical(&yaml, "{\"a\":[\"one\",{\"two\":\"three\"}],\"b\":[\"one\",{\"two\":\"three\"}]}");
    assert_ptr_equal(yaml.value.members[0].value.items, yaml.value.members[1].value.items);
}

static void messages_show_no_raw_bytes(void **state)
{
    _cleanup_yaml_ struct yaml yaml = {0};
    (void)state;

    csc_buf_puts(&yaml.text, "\"\\e[31m\\n\": a\n\"\\e[31m\\n\": b\n");
    parse(&yaml);
    assert_refused(&yaml, "duplicate key '\\x1b[31m\\x0a'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_that_are_no_text),
        cmocka_unit_test(values_know_where_they_began),
        cmocka_unit_test(nesting_is_bounded),
        cmocka_unit_test(alias_bombs_are_refused),
        cmocka_unit_test(nodes_are_counted_exactly),
        cmocka_unit_test(aliases_of_a_long_text_are_bounded),
        cmocka_unit_test(many_of_a_kind),
        cmocka_unit_test(values_outlive_their_text),
        cmocka_unit_test(messages_show_no_raw_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
