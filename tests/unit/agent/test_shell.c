/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "unit/agent/shell_lines.h"

/* Reads a line into `shown`, and holds that what is promised of every answer is so. */
static void read_line(const char *text, size_t size, struct csc_buf *shown)
{
    struct csc_shell_refusal refusal = {.what = "left over"};
    struct csc_shell_line line = {0};
    struct csc_arena arena = {0};
    struct csc_error err = {0};

    int r = csc_shell_read(&arena, &(struct csc_shell_text){text, size, SHELL_LINES_CWD}, &line, &refusal, &err);
    if (r == 0) {
        assert_null(refusal.what);
        assert_true(line.count > 0);
        show_line(shown, &line);
    } else {
        assert_int_equal(r, -CSC_E_DATA);
        assert_int_equal(err.code, CSC_E_DATA);
        assert_string_equal(err.stage, "agent");
        assert_true(err.line == refusal.line && err.column == refusal.column);
        assert_non_null(refusal.instead);
        assert_non_null(strstr(err.text, refusal.instead));
        assert_null(line.commands);
        show_refusal(shown, &refusal);
    }
    csc_buf_putc(shown, '\0');
    assert_false(shown->failed);
    csc_arena_free(&arena);
}

static size_t check_rows(const struct csc_value *rows, const char *section)
{
    size_t failed = 0;

    for (size_t i = 0; i < rows->count; i++) {
        const struct csc_value *row = &rows->items[i];
        _cleanup_buf_ struct csc_buf shown = {0};
        assert_int_equal(row->count, 2);
        const char *text = row->items[0].string, *wanted = row->items[1].string;
        read_line(text, strlen(text), &shown);
        if (strcmp(shown.data, wanted) == 0)
            continue;
        failed++;
        print_error("%s: %s\n  saw    %s\n  wanted %s\n", section, text, shown.data, wanted);
    }
    return failed;
}

/* tests/conformance/shell_lines.json, which the tests against other shells read too. */
static void every_line_of_the_table(void **state)
{
    const char *root = getenv("CSC_SOURCE_ROOT");
    _cleanup_buf_ struct csc_buf bytes = {0};
    struct csc_arena arena = {0};
    struct csc_error err = {0};
    size_t failed = 0, count = 0;
    struct csc_value table;
    char path[4096];

    (void)state;
    if (!root)
        fail_msg("CSC_SOURCE_ROOT is not set; run this with meson test");
    (void)snprintf(path, sizeof(path), "%s/tests/conformance/shell_lines.json", root);
    assert_int_equal(csc_read_input(path, 1 << 20, &bytes, &err), 0);
    assert_int_equal(csc_json_parse(&arena, bytes.data, bytes.size, &table, &err), 0);
    for (size_t i = 0; i < table.count; i++) {
        count += table.members[i].value.count;
        failed += check_rows(&table.members[i].value, table.members[i].key);
    }
    csc_arena_free(&arena);
    assert_int_equal(failed, 0);
    assert_true(count >= 150);
}

/* What JSON has no string for. */
static void bytes_that_are_no_text(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
        const char *wanted;
    } cases[] = {
        {"a\0b", 3, "1:2 a control character"},
        {"\0", 1, "1:1 a control character"},
        {"a\n'\0'", 5, "2:2 a control character"},
        {"a \xff", 3, "1:3 bytes that are no UTF-8"},
        {"a\n\xc3", 3, "2:1 bytes that are no UTF-8"},
        {"a '\xc0\xaf'", 6, "1:4 bytes that are no UTF-8"},
        {"a \xed\xa0\x80", 5, "1:3 bytes that are no UTF-8"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_buf_ struct csc_buf shown = {0};
        read_line(cases[i].bytes, cases[i].size, &shown);
        assert_string_equal(shown.data, cases[i].wanted);
    }
}

/* Each is at its limit, and then one beyond it. */
static void limits(void **state)
{
    static const struct {
        const char *begin, *piece;
        size_t count;    /* of pieces, at the limit */
        const char *end; /* behind them */
        const char *beyond;
    } cases[] = {
        {"echo ", "x", CSC_SHELL_BYTES_MAX - 5, "", "1:131073 a text of more than 131072 bytes"},
        {"echo", " x", 199, "", "1:404 more than 200 words in one program"},
        {"cd ", "/x", 2047, " && a", "1:1 a path of more than 4095 bytes"},
        {"a > ", "/x", 2047, "", "1:5 a path of more than 4095 bytes"},
        {"", "cd x && ", 2046, "a", "1:16369 a path of more than 4095 bytes"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        for (size_t extra = 0; extra < 2; extra++) {
            _cleanup_buf_ struct csc_buf text = {0}, shown = {0};
            csc_buf_puts(&text, cases[i].begin);
            for (size_t n = 0; n < cases[i].count + extra; n++)
                csc_buf_puts(&text, cases[i].piece);
            csc_buf_puts(&text, cases[i].end);
            read_line(text.data, text.size, &shown);
            if (extra)
                assert_string_equal(shown.data, cases[i].beyond);
            else
                assert_true(shown.data[0] == '<' || shown.data[0] == '/');
        }
    }
}

static void the_field_that_says_it(void **state)
{
    static const struct {
        const char *text, *field;
    } cases[] = {
        {"A=1 b", "env_allow"}, {"export A", "env_allow"}, {"a ''", "exec.argv"}, {"cd a", "cwd"}, {"a; b", NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct csc_shell_refusal refusal = {0};
        struct csc_shell_line line = {0};
        struct csc_arena arena = {0};
        const struct csc_shell_text text = {cases[i].text, strlen(cases[i].text), "/w"};
        assert_int_equal(csc_shell_read(&arena, &text, &line, &refusal, NULL), -CSC_E_DATA);
        if (cases[i].field)
            assert_string_equal(refusal.field, cases[i].field);
        else
            assert_null(refusal.field);
        csc_arena_free(&arena);
    }
}

static void folders_to_begin_in(void **state)
{
    static const struct {
        const char *cwd, *wanted; /* NULL: refused */
    } cases[] = {
        {"/", "/x"}, {"/a", "/a/x"}, {"//a//b/", "/a/b/x"}, {"/a/../b/.", "/b/x"}, {"", NULL}, {"a", NULL}, {".", NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct csc_shell_refusal refusal = {0};
        struct csc_shell_line line = {0};
        struct csc_arena arena = {0};
        struct csc_error err = {0};
        int r = csc_shell_read(&arena, &(struct csc_shell_text){"cd x && a", 9, cases[i].cwd}, &line, &refusal, &err);
        assert_int_equal(r, cases[i].wanted ? 0 : -CSC_E_USAGE);
        if (cases[i].wanted)
            assert_string_equal(line.commands[0].cwd, cases[i].wanted);
        csc_arena_free(&arena);
    }
}

static void where_commands_begin(void **state)
{
    static const char line_text[] = "a && > f b\n  c | d\n\ncd x &&\n  e";
    const struct csc_shell_text text = {line_text, strlen(line_text), "/w"};
    static const size_t columns[] = {1, 6, 3, 3};
    struct csc_shell_refusal refusal = {0};
    struct csc_shell_line line = {0};
    struct csc_arena arena = {0};

    (void)state;
    assert_int_equal(csc_shell_read(&arena, &text, &line, &refusal, NULL), 0);
    assert_int_equal(line.count, ARRAY_SIZE(columns));
    for (size_t i = 0; i < line.count; i++)
        assert_int_equal(line.commands[i].column, columns[i]);
    csc_arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_line_of_the_table),
        cmocka_unit_test(bytes_that_are_no_text),
        cmocka_unit_test(limits),
        cmocka_unit_test(the_field_that_says_it),
        cmocka_unit_test(folders_to_begin_in),
        cmocka_unit_test(where_commands_begin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
