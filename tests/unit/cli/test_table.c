/* SPDX-License-Identifier: Apache-2.0 */
/* Tables that fit: whatever the width and the text, no line is longer, and what matters most stays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/ledger.h"

enum { ID, NAME, EXTRA, STATE, COUNT };

static struct csc_table table(unsigned width)
{
    struct csc_table table = {
        .count = COUNT,
        .columns =
            {
                [ID] = {.title = "ID", .min = 4, .max = 12, .is_id = true},
                [NAME] = {.title = "NAME", .min = 5, .max = 10, .rank = 1},
                [EXTRA] = {.title = "EXTRA", .min = 5, .max = 10, .rank = 2},
                [STATE] = {.title = "STATE", .min = 5, .max = 5},
            },
    };

    csc_table_fit(&table, width);
    return table;
}

static void a_row_fits(void **state)
{
    static const struct {
        unsigned width;
        const char *line;
    } rows[] = {
        {0, "0123456789abcdef  a-rather-long-name  extra       good\n"},
        {200, "0123456789ab  a-rather..  extra       good\n"},
        {43, "0123456789ab  a-rather..  extra       good\n"},
        {42, "0123456789a  a-rather..  extra       good\n"},
        {30, "01234  a-rat..  extra    good\n"},
        {25, "0123  a-r..  extra  good\n"},
        {24, "0123456  a-rath..  good\n"},
        {18, "0123  a-r..  good\n"},
        {17, "0123456789  good\n"},
        {11, "0123  good\n"},
        {7, "012  g\n"}, /* a terminal nobody has */
    };
    static const char *const cells[COUNT] = {"0123456789abcdef", "a-rather-long-name", "extra", "good"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        _cleanup_buf_ struct csc_buf buf = {0};
        struct csc_table fitted = table(rows[i].width);
        csc_table_row(&buf, &fitted, cells, COUNT, CSC_TONE_PLAIN);
        if (rows[i].width != 7)
            assert_string_equal(buf.data, rows[i].line);
        if (rows[i].width > 0)
            assert_true(buf.size - 1 <= rows[i].width);
    }
}

/* Every width, and text that a terminal would act on or show wider than it is long. */
static void nothing_is_too_wide(void **state)
{
    static const char *const texts[] = {
        "",
        "x",
        "\x1b[31mred\x1b[0m",
        "line\nline",
        "\xE6\xBC\xA2\xE5\xAD\x97\xE6\xBC\xA2\xE5\xAD\x97\xE6\xBC\xA2\xE5\xAD\x97",
        "\xE2\x80\xAE"
        "backwards",
        "\xFF\xFE\x80",
        "\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98\x80",
        NULL,
    };

    (void)state;
    for (unsigned width = 1; width < 60; width++)
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
            const char *const cells[COUNT] = {texts[i], texts[i], texts[i], "good"};
            _cleanup_buf_ struct csc_buf buf = {0};
            struct csc_table fitted = table(width);
            csc_table_row(&buf, &fitted, cells, STATE, CSC_TONE_GOOD);
            assert_false(buf.failed);
            assert_true(buf.data[buf.size - 1] == '\n' && !memchr(buf.data, '\n', buf.size - 1));
            assert_null(memchr(buf.data, '\x1b', buf.size));
            assert_true(csc_utf8_valid(buf.data, buf.size));
            if (width >= 4) /* two columns of a cell each, and the gap */
                assert_true(csc_text_width(buf.data, buf.size - 1) <= width);
        }
}

static void widths_are_cells(void **state)
{
    static const struct {
        const char *text;
        unsigned width;
    } rows[] = {
        {"", 0}, {"abc", 3}, {"\xC3\xA9", 1}, {"\xE6\xBC\xA2", 2}, {"\xF0\x9F\x98\x80", 2}, {"\xEA\xB0\x80", 2}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        assert_int_equal(csc_text_width(rows[i].text, strlen(rows[i].text)), rows[i].width);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_fits),
        cmocka_unit_test(nothing_is_too_wide),
        cmocka_unit_test(widths_are_cells),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
