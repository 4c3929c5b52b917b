/* SPDX-License-Identifier: Apache-2.0 */
/* Escape sequences in streamed output: whole, and cut at every place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "exec/terminal.h"

#define BYTES(literal) literal, sizeof(literal) - 1

static const struct {
    const char *in;
    size_t size;
    const char *out;
} cases[] = {
    {BYTES(""), ""},
    {BYTES("plain text\n\ttab\r\n"), "plain text\n\ttab\r\n"},
    {BYTES("\x1b[31mred\x1b[0m"), "\x1b[31mred\x1b[0m"},
    {BYTES("\x1b[1;38;5;196mx\x1b[m"), "\x1b[1;38;5;196mx\x1b[m"},
    {BYTES("\x1b[38:2::1:2:3mx\x1b[0m"), "\x1b[38:2::1:2:3mx\x1b[0m"},
    /* a colour left behind is reset: it could hide what csc says next */
    {BYTES("\x1b[8mhidden"), "\x1b[8mhidden\x1b[0m"},
    {BYTES("\x1b[0;8m"), "\x1b[0;8m\x1b[0m"},
    /* everything else is shown */
    {BYTES("\x1b[2J"), "^[[2J"},
    {BYTES("\x1b[6n"), "^[[6n"},
    {BYTES("\x1b[>4;1m"), "^[[>4;1m"},
    {BYTES("\x1b[?25l"), "^[[?25l"},
    {BYTES("\x1b[1 m"), "^[[1 m"},
    {BYTES("\x1b]0;title\x07"), "^[]0;title^G"},
    {BYTES("\x1b]52;c;aGk=\x1b\\"), "^[]52;c;aGk=^[\\"},
    {BYTES("\x1bP1$r\x1b\\"), "^[P1$r^[\\"},
    {BYTES("\x1b_G\x1b\\"), "^[_G^[\\"},
    {BYTES("\x1b"
           "c"),
     "^[c"},
    {BYTES("\x1b\x1b[1m\x1b[m"), "^[\x1b[1m\x1b[m"},
    {BYTES("\x1b[\x1b[1m\x1b[m"), "^[[\x1b[1m\x1b[m"},
    {BYTES("\x1b"), "^["},
    {BYTES("\x1b["), "^[["},
    {BYTES("\x1b[12;"), "^[[12;"},
    {BYTES("\x1b[1\nm"), "^[[1\nm"},
    {BYTES("a\0b\b\x7f\x0e"), "a^@b^H^?^N"},
    /* UTF-8, and what only looks like it */
    {BYTES("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80"), "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80"},
    {BYTES("\xc2\x9b"
           "31m"),
     "\\xc2\\x9b31m"},
    {BYTES("\xc2\x9d"
           "0;x\xc2\x9c"),
     "\\xc2\\x9d0;x\\xc2\\x9c"},
    {BYTES("\xc2\xa0"), "\xc2\xa0"},
    {BYTES("\x9b"
           "31m"),
     "\\x9b31m"},
    {BYTES("\xc0\x9b"), "\\xc0\\x9b"},
    {BYTES("\xe0\x82\x9b"), "\\xe0\\x82\\x9b"},
    {BYTES("\xed\xa0\x80"), "\\xed\\xa0\\x80"},
    {BYTES("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80"},
    {BYTES("\xf5\xff\xfe"), "\\xf5\\xff\\xfe"},
    {BYTES("\xe2\x82"), "\\xe2\\x82"},
    {BYTES("\xe2\x82"
           "A"),
     "\\xe2\\x82A"},
    {BYTES("\xe2\x1b[1m\x1b[m"), "\\xe2\x1b[1m\x1b[m"},
    {BYTES("\xc3\xc3\xbc"), "\\xc3\xc3\xbc"},
    {BYTES("\x1b\xc3\xbc"), "^[\xc3\xbc"},
};

static void expect(const char *out, size_t size, size_t i, size_t cut)
{
    if (size != strlen(cases[i].out) || memcmp(out, cases[i].out, size) != 0)
        fail_msg("case %zu cut at %zu: %.*s", i, cut, (int)size, out);
}

static void test_cut_in_two(void **state)
{
    char out[1024];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        for (size_t cut = 0; cut <= cases[i].size; cut++) {
            struct csc_terminal terminal = {0};
            size_t size = csc_terminal_neutralise(&terminal, cases[i].in, cut, out);
            size += csc_terminal_neutralise(&terminal, cases[i].in + cut, cases[i].size - cut, out + size);
            size += csc_terminal_finish(&terminal, out + size);
            expect(out, size, i, cut);
        }
}

static void test_byte_by_byte(void **state)
{
    char out[1024];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct csc_terminal terminal = {0};
        size_t size = 0;
        for (size_t k = 0; k < cases[i].size; k++)
            size += csc_terminal_neutralise(&terminal, cases[i].in + k, 1, out + size);
        size += csc_terminal_finish(&terminal, out + size);
        expect(out, size, i, 1);
    }
}

/* A sequence that never ends is held up to a bound, then shown. */
static void test_endless_sequence(void **state)
{
    struct csc_terminal terminal = {0};
    char in[1000], out[CSC_TERMINAL_GROWTH * (sizeof(in) + CSC_TERMINAL_HELD)];

    (void)state;
    memset(in, '1', sizeof(in));
    memcpy(in, "\x1b[", 2);
    in[sizeof(in) - 1] = 'm';
    size_t size = csc_terminal_neutralise(&terminal, in, sizeof(in), out);
    assert_int_equal(size, sizeof(in) + 1);
    assert_memory_equal(out, "^[[111", 6);
    assert_null(memchr(out, 0x1b, size));
}

/* Whatever the bytes: the bound holds, and no control character but those of the colours comes through. */
static void test_all_pairs_of_bytes(void **state)
{
    char out[CSC_TERMINAL_GROWTH * (3 + CSC_TERMINAL_HELD)];

    (void)state;
    for (unsigned pair = 0; pair < 0x10000; pair++) {
        struct csc_terminal terminal = {0};
        const unsigned char in[] = {'x', (unsigned char)(pair >> 8), (unsigned char)pair};
        size_t size = csc_terminal_neutralise(&terminal, in, sizeof(in), out);
        size += csc_terminal_finish(&terminal, out + size);
        assert_true(size >= 3 && size <= CSC_TERMINAL_GROWTH * sizeof(in));
        for (size_t i = 0; i < size; i++) {
            unsigned char c = (unsigned char)out[i];
            bool c1 = c >= 0x80 && c < 0xa0 && (unsigned char)out[i - 1] == 0xc2;
            if (c == 0x7f || c1 || (c < ' ' && c != '\n' && c != '\t' && c != '\r'))
                fail_msg("%02x %02x", in[1], in[2]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut_in_two),
        cmocka_unit_test(test_byte_by_byte),
        cmocka_unit_test(test_endless_sequence),
        cmocka_unit_test(test_all_pairs_of_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
