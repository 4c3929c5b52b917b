/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/base.h"

#define TEXT(s) s, sizeof(s) - 1

/* Encodes any number up to 21 bits as UTF-8 would, surrogates included. */
static size_t encode(uint32_t c, unsigned char s[4])
{
    if (c < 0x80) {
        s[0] = (unsigned char)c;
        return 1;
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = n - 1; i > 0; i--, c >>= 6)
        s[i] = (unsigned char)(0x80 | (c & 0x3F));
    s[0] = (unsigned char)(lead[n] | c);
    return n;
}

static void every_code_point_and_no_surrogate(void **state)
{
    (void)state;
    for (uint32_t c = 0; c < 0x120000; c++) {
        unsigned char s[4] = {0};
        size_t n = encode(c, s);
        bool valid = c <= 0x10FFFF && (c < 0xD800 || c > 0xDFFF);

        assert_int_equal(csc_utf8_sequence(s, n), valid ? n : 0);
        assert_int_equal(csc_utf8_sequence(s, n - 1), 0); /* cut off, or empty */
    }
}

static void malformed_sequences(void **state)
{
    static const struct {
        const char *s;
        size_t size;
    } cases[] = {
        {TEXT("\x80")},
        {TEXT("\xbf")},
        {TEXT("\xc0\x80")},
        {TEXT("\xc1\xbf")},
        {TEXT("\xc2")},
        {TEXT("\xc2\x41")},
        {TEXT("\xc2\xc2")},
        {TEXT("\xe0\x9f\xbf")},
        {TEXT("\xe2\x82")},
        {TEXT("\xe2\x82\x41")},
        {TEXT("\xe2\x41\x80")},
        {TEXT("\xed\xa0\x80")},
        {TEXT("\xed\xbf\xbf")},
        {TEXT("\xf0\x9f\x98")},
        {TEXT("\xf0\x8f\xbf\xbf")},
        {TEXT("\xf4\x90\x80\x80")},
        {TEXT("\xf5\x80\x80\x80")},
        {TEXT("\xf8\x88\x80\x80\x80")},
        {TEXT("\xfe")},
        {TEXT("\xff")},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_int_equal(csc_utf8_sequence((const unsigned char *)cases[i].s, cases[i].size), 0);
        assert_false(csc_utf8_valid(cases[i].s, cases[i].size));
    }
    assert_true(csc_utf8_valid("", 0));
    assert_true(csc_utf8_valid(TEXT("a\xc3\xa9\0\xf0\x9f\x98\x80")));
    assert_false(csc_utf8_valid(TEXT("a\xc3\xa9\xf0\x9f\x98")));
}

static void characters_are_counted_not_bytes(void **state)
{
    (void)state;
    assert_int_equal(csc_utf8_count("", 0), 0);
    assert_int_equal(csc_utf8_count(TEXT("abc")), 3);
    assert_int_equal(csc_utf8_count(TEXT("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80")), 3);
    assert_int_equal(csc_utf8_count(TEXT("e\xcc\x81")), 2);
}

static const struct {
    const char *s;
    size_t size;
    const char *shown;
} escapes[] = {
    {TEXT(""), ""},
    {TEXT("plain 'text' \\ \"x\""), "plain 'text' \\ \"x\""},
    {TEXT("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"), "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"},
    {TEXT("a\0b"), "a\\x00b"},
    {TEXT("a\nb\r\tc"), "a\\x0ab\\x0d\\x09c"},
    {TEXT("\x1b[31mred\x1b]0;title\x07"), "\\x1b[31mred\\x1b]0;title\\x07"},
    {TEXT("\x7f"), "\\x7f"},
    {TEXT("\xc2\x9b"
          "31m \xc2\x80\xc2\x9f\xc2\xa0"),
     "\\u009b31m \\u0080\\u009f\xc2\xa0"},
    {TEXT("\xe2\x80\xaexyz\xe2\x80\xac"), "\\u202exyz\\u202c"},
    {TEXT("\xe2\x81\xa6\xe2\x81\xa9\xe2\x80\x8e\xe2\x80\x8f\xd8\x9c"), "\\u2066\\u2069\\u200e\\u200f\\u061c"},
    {TEXT("\xe2\x80\xa8\xe2\x80\xa9"), "\\u2028\\u2029"},
    {TEXT("\xe2\x80\x8b\xc2\xad\xe2\x81\xa0\xef\xbb\xbf"), "\\u200b\\u00ad\\u2060\\ufeff"},
    {TEXT("\xe2\x80\x8d\xe2\x80\x8c"), "\xe2\x80\x8d\xe2\x80\x8c"},
    {TEXT("\xf3\xa0\x81\x81"), "\\U000e0041"},
    {TEXT("\xff\xc3(\xed\xa0\x80"), "\\xff\\xc3(\\xed\\xa0\\x80"},
    {TEXT("a\xe2\x82"), "a\\xe2\\x82"},
};

static void hostile_text_becomes_one_printable_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(escapes); i++) {
        char shown[128];
        struct csc_buf buf = {0};
        size_t length = csc_text_escape(shown, sizeof(shown), escapes[i].s, escapes[i].size);

        assert_string_equal(shown, escapes[i].shown);
        assert_int_equal(length, strlen(shown));
        csc_buf_puts(&buf, "> ");
        csc_buf_escape(&buf, escapes[i].s, escapes[i].size);
        assert_false(buf.failed);
        assert_string_equal(buf.data + 2, escapes[i].shown);
        assert_int_equal(buf.size, strlen(buf.data));
        csc_buf_free(&buf);
    }
}

/* Never half a character or half an escape, and never a byte beyond the capacity. */
static void text_is_cut_at_whole_characters(void **state)
{
    static const char *const cut[] = {"",
                                      "",
                                      "a",
                                      "a",
                                      "a\xc3\xa9",
                                      "a\xc3\xa9",
                                      "a\xc3\xa9",
                                      "a\xc3\xa9",
                                      "a\xc3\xa9\\x1b",
                                      "a\xc3\xa9\\x1b",
                                      "a\xc3\xa9\\x1b",
                                      "a\xc3\xa9\\x1b\xe2\x82\xac"};

    (void)state;
    for (size_t capacity = 0; capacity < ARRAY_SIZE(cut); capacity++) {
        char dst[16];

        memset(dst, '#', sizeof(dst));
        size_t length = csc_text_escape(dst, capacity, TEXT("a\xc3\xa9\x1b\xe2\x82\xac"));
        assert_int_equal(length, strlen(cut[capacity]));
        assert_memory_equal(dst, cut[capacity], length);
        if (capacity > 0)
            assert_int_equal(dst[length], 0);
        assert_int_equal(dst[capacity], '#');
    }
}

static void an_excerpt_says_that_it_is_one(void **state)
{
    char excerpt[CSC_EXCERPT], longer[400];

    (void)state;
    assert_string_equal(csc_text_excerpt(excerpt, TEXT("short\x1b")), "short\\x1b");
    assert_string_equal(csc_text_excerpt(excerpt, "", 0), "");
    for (size_t size = 90; size < sizeof(longer); size++) {
        memset(longer, 'x', sizeof(longer));
        (void)csc_text_excerpt(excerpt, longer, size);
        assert_int_equal(strlen(excerpt), size <= 96 ? size : 99);
        assert_int_equal(strcmp(excerpt + strlen(excerpt) - 3, "...") == 0, size > 96);
    }
    memset(longer, '\x1b', sizeof(longer));
    (void)csc_text_excerpt(excerpt, longer, sizeof(longer));
    assert_string_equal(excerpt + 96, "...");
}

/* JSON for a terminal: what it means stays. */
static void test_json_for_a_terminal(void **state)
{
    static const struct {
        const char *json, *shown;
    } cases[] = {
        {"{\"a\":\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\"}\n", "{\"a\":\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\"}\n"},
        {"\"\x7F\"", "\"\\u007f\""},
        {"\"\xC2\x9B"
         "31m\"",
         "\"\\u009b31m\""},
        {"\"\xE2\x80\xAE\"", "\"\\u202e\""},
        {"\"\xF3\xA0\x80\x81\"", "\"\\udb40\\udc01\""},
        {"", ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_buf_ struct csc_buf buf = {0};
        csc_buf_escape_json(&buf, cases[i].json, strlen(cases[i].json));
        assert_string_equal(buf.data ? buf.data : "", cases[i].shown);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_for_a_terminal),
        cmocka_unit_test(every_code_point_and_no_surrogate),
        cmocka_unit_test(malformed_sequences),
        cmocka_unit_test(characters_are_counted_not_bytes),
        cmocka_unit_test(hostile_text_becomes_one_printable_line),
        cmocka_unit_test(text_is_cut_at_whole_characters),
        cmocka_unit_test(an_excerpt_says_that_it_is_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
