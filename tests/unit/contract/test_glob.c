/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "contract/contract.h"

static void patterns(void **state)
{
    static const struct {
        const char *path;
        bool pattern;
    } cases[] = {
        {"/work", false}, {"/work/*", true}, {"/w?rk", true},    {"/w[o]rk", true},
        {"/w[", true},    {"/work]", false}, {"/wo\\rk", false}, {"/{a,b}", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_int_equal(csc_glob_is_pattern(cases[i].path), cases[i].pattern);
}

struct match_case {
    const char *pattern, *path;
    bool match;
};

static void check(bool (*match)(const char *, const char *), const struct match_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (match(cases[i].pattern, cases[i].path) != cases[i].match)
            fail_msg("'%s' %s '%s'", cases[i].pattern, cases[i].match ? "misses" : "takes", cases[i].path);
}

static void stars_stay_within_a_component(void **state)
{
    static const struct match_case cases[] = {
        {"/a", "/a", true},
        {"/a", "/b", false},
        {"/a", "/ab", false},
        {"/ab", "/a", false},
        {"/A", "/a", false},
        {"/", "/", true},
        {"/*", "/", false},
        {"/*", "/a", true},
        {"/*", "/.hidden", true},
        {"/*", "/a/b", false},
        {"/*/b", "/a/b", true},
        {"/a/*", "/a", false},
        {"/a/*", "/a/", false},
        {"/a*", "/a", true},
        {"/a*", "/abc", true},
        {"/a*", "/abc/d", false},
        {"/*a", "/a", true},
        {"/*a", "/ba", true},
        {"/*a", "/ab", false},
        {"/*a*", "/bab", true},
        {"/*.c", "/x.c", true},
        {"/*.c", "/.c", true},
        {"/*.c", "/x.c.o", false},
        {"/*.c", "/x.c.c", true},
        {"/a*b*c", "/axbybzc", true},
        {"/a*b*c", "/axcyb", false},
        {"/***", "/abc", true},
        {"/a**b", "/axxb", true},
        {"/a**b", "/a/b", false},
        {"/*a*b", "/aab", true},
        {"/?", "/a", true},
        {"/?", "/", false},
        {"/?", "/ab", false},
        {"/?", "/.", false}, /* "." collapses: there is no component left */
        {"/a?c", "/abc", true},
        {"/a?c", "/a/c", false},
        {"/a?", "/a", false},
        {"/?*", "/a", true},
        {"/*?", "/ab", true},
        /* one character is one code point */
        {"/?", "/\xc3\xa4", true},
        {"/??", "/\xc3\xa4", false},
        {"/?", "/\xf0\x9f\x98\x80", true},
        {"/*\x80", "/\xf0\x9f\x98\x80", false}, /* never from the middle of a character */
        {"/?", "/\xff", true},                  /* file names need not be UTF-8 */
        {"/??", "/\xff\xfe", true},
        {"/\xff", "/\xff", true},
        {"/\xff", "/\xfe", false},
        /* no escapes */
        {"/\\*", "/\\a", true},
        {"/\\*", "/*", false},
        {"/\\?", "/\\x", true},
        /* separators and dots collapse, in the pattern as in prefixes */
        {"//a", "/a", false},
        {"/a//*/./c", "/a/b/c", true},
        {"/a/*/", "/a/b", true},
        /* neither may be relative, of another flavour, or climb */
        {"*", "a", false},
        {"a/*", "/a/b", false},
        {"/*", "a", false},
        {"//server/share/*", "//server/share/a", false},
        {"C:\\*", "C:\\a", false},
        {"/a/*", "/a/..", false},
        {"/*/b", "/../b", false},
        {"/a/..", "/a/..", false},
        {"/a/../b*", "/bc", false},
    };

    (void)state;
    check(csc_glob_match, cases, ARRAY_SIZE(cases));
}

static void classes(void **state)
{
    static const struct match_case cases[] = {
        {"/[abc]", "/b", true},
        {"/[abc]", "/d", false},
        {"/[abc]", "/ab", false},
        {"/[a-c]x", "/bx", true},
        {"/[a-c]", "/d", false},
        {"/[a-cx-z]", "/y", true},
        {"/[c-a]", "/b", false},
        {"/[a-a]", "/a", true},
        {"/[!a]", "/b", true},
        {"/[!a]", "/a", false},
        {"/[^a]", "/b", true},
        {"/[^a]", "/a", false},
        {"/[^a-c]", "/b", false},
        {"/[!!]", "/!", false},
        {"/[a!]", "/!", true},
        {"/[a^]", "/^", true},
        {"/[]]", "/]", true},
        {"/[]a]", "/a", true},
        {"/[]a]", "/b", false},
        {"/[!]]", "/]", false},
        {"/[!]]", "/a", true},
        {"/[^]a]", "/a", false},
        {"/[]-a]", "/^", true}, /* the range from ] to a */
        {"/[a-]", "/-", true},
        {"/[a-]", "/b", false},
        {"/[-a]", "/-", true},
        {"/[!-]", "/-", false},
        {"/[a-c-e]", "/-", true},
        {"/[a-c-e]", "/d", false},
        {"/[[]", "/[", true},
        {"/[?]", "/?", true},
        {"/[?]", "/a", false},
        {"/[*]", "/*", true},
        {"/[*]", "/a", false},
        {"/[\\]", "/\\", true},
        {"/[.]x", "/.x", true},
        {"/*[0-9]", "/a1b2", true},
        {"/*[0-9]", "/a1b", false},
        {"/[0-9]*", "/7z", true},
        {"/[a]/[b]", "/a/b", true},
        /* an unclosed one is a literal */
        {"/[", "/[", true},
        {"/[a", "/[a", true},
        {"/[a", "/a", false},
        {"/[]", "/[]", true},
        {"/[!]", "/[!]", true},
        {"/[^]", "/[^]", true},
        {"/a]", "/a]", true},
        {"/[a]]", "/a]", true},
        {"/[[[", "/[[[", true},
        {"/[]x[y]", "/y", true},
        /* a class holds no separator */
        {"/a[/]b", "/a/b", false},
        {"/a[!x]b", "/a/b", false},
        {"/[a/b]", "/a", false},
        {"/[a/b]", "/[a/b]", true},
        {"/[.-0]x", "/a/x", false},
        /* code points */
        {"/[\xc3\xa4\xc3\xb6]", "/\xc3\xb6", true},
        {"/[\xc3\xa4]", "/\xc3\xb6", false},
        {"/[\xc3\xa0-\xc3\xbf]", "/\xc3\xb6", true},
        {"/[!a]", "/\xf0\x9f\x98\x80", true},
        {"/[\xf0\x9f\x98\x80-\xf0\x9f\x98\x8f]", "/\xf0\x9f\x98\x83", true},
        {"/[\xe2\x82\xac]", "/\xe2\x82\xac", true},
        {"/[a-\xf4\x8f\xbf\xbf]", "/\xff", false}, /* a stray byte is in no range of characters */
        {"/[!a]", "/\xff", true},
    };

    (void)state;
    check(csc_glob_match, cases, ARRAY_SIZE(cases));
}

static void double_stars_cross_components(void **state)
{
    static const struct match_case cases[] = {
        {"/**", "/", true},
        {"/**", "/a", true},
        {"/**", "/a/b/.c", true},
        {"/a/**", "/a", true},
        {"/a/**", "/a/b/c", true},
        {"/a/**", "/ab", false},
        {"/a/**", "/b/a", false},
        {"/**/c", "/c", true},
        {"/**/c", "/a/b/c", true},
        {"/**/c", "/a/b/cc", false},
        {"/**/c", "/c/d", false},
        {"/a/**/c", "/a/c", true},
        {"/a/**/c", "/a/b/b/c", true},
        {"/a/**/c", "/a/b", false},
        {"/**/**", "/", true},
        {"/a/**/**/b", "/a/b", true},
        {"/**/a/**/b", "/a/x/a/y/b", true},
        {"/**/a/**/b", "/b/a", false},
        {"/**/a/b", "/a/a/b", true},
        {"/**/a/*/c", "/a/a/b/c", true},
        {"/**/*.c", "/src/base/x.c", true},
        {"/**/*.c", "/src/base/x.h", false},
        {"/**/a/b/**", "/a/c/a/b", true},
        {"/**a", "/x/a", false}, /* not a whole component: as one star */
        {"/**a", "/xa", true},
        {"/a/**", "/a/../b", false},
    };

    (void)state;
    check(csc_glob_match, cases, ARRAY_SIZE(cases));
}

static void scopes(void **state)
{
    static const struct match_case cases[] = {
        {"/work", "/work", true},
        {"/work", "/work/a/b", true},
        {"/work", "/workspace", false},
        {"/work/", "/work/a", true},
        {"/", "/anything", true},
        {"/work/**", "/work", true},
        {"/work/**", "/work/a/b", true},
        {"/work/**", "/workspace", false},
        {"/work/*", "/work/a", true},
        {"/work/*", "/work/a/b", false},
        {"/work/*.log", "/work/x.log", true},
        {"/work/*.log", "/work/x.txt", false},
        {"/work/*/out/**", "/work/a/out/b/c", true},
        {"/work", "/work/../etc", false},
        {"/work/**", "/work/../etc", false},
        {"/work/../etc", "/etc", false},
        {"work", "work", false},
    };

    (void)state;
    check(csc_scope_contains, cases, ARRAY_SIZE(cases));
}

/* `times` copies of a piece, between a beginning and an end. */
static char *repeat(const char *first, const char *piece, size_t times, const char *last)
{
    size_t piece_size = strlen(piece), size = strlen(first);
    char *text = malloc(size + times * piece_size + strlen(last) + 1);

    assert_non_null(text);
    memcpy(text, first, size);
    for (size_t i = 0; i < times; i++, size += piece_size)
        memcpy(text + size, piece, piece_size);
    memcpy(text + size, last, strlen(last) + 1);
    return text;
}

/* With a matcher that tries every split, each of these would outlive the universe. */
static void no_pattern_blows_up(void **state)
{
    static const struct {
        const char *piece;
        size_t times;
        const char *last;
        const char *path_piece;
        size_t path_times;
        const char *path_last;
        bool match;
    } cases[] = {
        {"*a", 5000, "", "a", 100000, "b", false},        {"*a", 5000, "", "a", 100000, "", true},
        {"*a", 5000, "*", "a", 4999, "", false},          {"*?", 5000, "b", "a", 100000, "", false},
        {"a*", 5000, "b", "a", 100000, "", false},        {"*[a-c]", 5000, "x", "a", 100000, "", false},
        {"[", 20000, "", "[", 20000, "", true},           {"*[", 5000, "x", "[", 100000, "", false},
        {"**/a/", 5000, "b", "a/", 50000, "c", false},    {"**/a/", 5000, "", "a/", 50000, "", true},
        {"**/*a*/", 2000, "b", "aa/", 30000, "c", false}, {"**/**/", 5000, "b", "a/", 50000, "", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_free_ char *pattern = repeat("/", cases[i].piece, cases[i].times, cases[i].last);
        _cleanup_free_ char *path = repeat("/", cases[i].path_piece, cases[i].path_times, cases[i].path_last);
        if (csc_glob_match(pattern, path) != cases[i].match)
            fail_msg("case %zu", i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns), cmocka_unit_test(stars_stay_within_a_component),
        cmocka_unit_test(classes),  cmocka_unit_test(double_stars_cross_components),
        cmocka_unit_test(scopes),   cmocka_unit_test(no_pattern_blows_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
