/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "contract/contract.h"

/* What each predicate says of one path. */
static void absolute_paths_and_dotdot(void **state)
{
    static const struct {
        const char *path;
        bool schema_absolute, absolute, dotdot;
    } cases[] = {
        {"/", true, true, false},
        {"/work", true, true, false},
        {"/work/**", true, true, false},
        {"/.", true, true, false},
        {"/...", true, true, false},
        {"/..", true, true, true},
        {"/work/../etc", true, true, true},
        {"/work/..", true, true, true},
        {"/work/..x", true, true, false},
        {"/work/x..", true, true, false},
        {"/work/..\\..", true, true, false}, /* a backslash is an ordinary character here */
        {"/\\server\\share", true, true, false},
        {"", false, false, false},
        {".", false, false, false},
        {"work", false, false, false},
        {"./work", false, false, false},
        {"~/work", false, false, false},
        {"..", false, false, true},
        {"a/../b", false, false, true},
        {"a\\..\\b", false, false, true},
        {"file:///work", false, false, false},
        {" /work", false, false, false},
        /* drives */
        {"C:\\", true, true, false},
        {"C:/", true, true, false},
        {"c:\\work", true, true, false},
        {"z:/work", true, true, false},
        {"Z:\\a/..\\b", true, true, true},
        {"C:/..", true, true, true},
        {"C:", false, false, false},
        {"C:work", false, false, false},
        {"C:..\\work", false, false, false},
        {"CC:\\work", false, false, false},
        {"1:\\work", false, false, false},
        {"[:\\work", false, false, false},
        {"@:/work", false, false, false},
        {"{:/work", false, false, false},
        {"\xc3\x84:\\work", false, false, false},
        /* UNC */
        {"\\\\server\\share", true, true, false},
        {"\\\\server\\share\\x", true, true, false},
        {"\\\\server/share", true, true, false},
        {"//server/share", true, true, false},
        {"//server\\share", true, true, false},
        {"\\\\server\\share\\..\\x", true, true, true},
        {"//server/share/../x", true, true, true},
        {"\\\\server", false, false, false},
        {"\\\\server\\", false, false, false},
        {"\\\\server\\\\share", false, false, false},
        {"\\\\", false, false, false},
        {"\\\\\\share", false, false, false},
        {"\\", false, false, false},
        {"\\work", false, false, false},
        {"\\/server/share", false, false, false},
        {"//work", true, false, false},
        {"//", true, false, false},
        {"///work", true, false, false},
        {"///work/x", true, false, false},
        {"//server//share", true, false, false},
        {"//server/", true, false, false},
        {"//../share", true, true, true},
        {"//server/..", true, true, true},
        {"//..", true, false, true},
        {"//work\\..", true, true, true},
        /* "." would collapse and leave the share to whoever asks */
        {"//./share", true, false, false},
        {"//server/.", true, false, false},
        {"\\\\.\\pipe\\x", true, false, false},
        {"\\\\server\\.", true, false, false},
        {"\\\\server\\.x", true, true, false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const char *path = cases[i].path;
        if (csc_path_is_schema_absolute(path) != cases[i].schema_absolute ||
            csc_path_is_absolute(path) != cases[i].absolute || csc_path_has_dotdot(path) != cases[i].dotdot)
            fail_msg("'%s': schema-absolute %d, absolute %d, .. %d", path, csc_path_is_schema_absolute(path),
                     csc_path_is_absolute(path), csc_path_has_dotdot(path));
    }
}

static void prefixes(void **state)
{
    static const struct {
        const char *path, *prefix;
        bool inside;
    } cases[] = {
        /* POSIX */
        {"/work", "/work", true},
        {"/work/a/b", "/work", true},
        {"/work/**", "/work", true},
        {"/work", "/", true},
        {"/", "/", true},
        {"/", "/work", false},
        {"/work", "/w", false},
        {"/work", "/work/a", false},
        {"/workspace", "/work", false},
        {"/work-2", "/work", false},
        {"/work*", "/work", false},
        {"/Work", "/work", false},
        {"/work/A", "/work/a", false},
        {"/work/", "/work", true},
        {"/work", "/work/", true},
        {"/work", "/work///", true},
        {"/work//a///b", "/work/a", true},
        {"/./work/./a", "/work", true},
        {"/work/a", "/./work/.", true},
        {"/work", "/.", true},
        {"/work/a\\b", "/work/a", false},
        {"/work\\a", "/work", false},
        {"/work/a\\b", "/work/a\\b", true},
        {"/w\xc3\xa4rk/a", "/w\xc3\xa4rk", true},
        {"/w\xc3\x84rk/a", "/w\xc3\xa4rk", false},
        {"/other/work", "/work", false},
        /* ".." on either side: nothing is inside */
        {"/work/a/../b", "/work", false},
        {"/work/../work", "/work", false},
        {"/work", "/..", false},
        {"/work/a", "/work/a/..", false},
        {"/work/a", "/work/../work", false},
        /* not absolute */
        {"work/a", "work", false},
        {"", "", false},
        {"/work", "", false},
        {"work", "/", false},
        {"//work/a", "/work", false},
        {"//work/a", "/", false},
        {"/work/a", "//work", false},
        {"//work", "//work", false},
        {"///work", "/", false},
        /* drives */
        {"C:\\work\\a", "C:\\work", true},
        {"c:\\WORK\\a", "C:/work", true},
        {"C:/work/a", "c:\\Work\\", true},
        {"C:\\work", "C:\\", true},
        {"C:\\work\\.\\a", "C:\\work\\a", true},
        {"C:\\\\work", "C:\\work", true},
        {"C:\\", "C:/", true},
        {"D:\\work", "C:\\", false},
        {"C:\\workspace", "C:\\work", false},
        {"C:\\work\\..\\x", "C:\\", false},
        {"C:\\work", "C:\\..", false},
        {"C:work", "C:\\", false},
        {"C:\\W\xc3\x84", "C:\\w\xc3\xa4", false}, /* letters of ASCII alone */
        {"C:\\@", "C:\\`", false},                 /* 0x40 and 0x60 are no letters */
        {"C:\\[", "C:\\{", false},
        /* UNC */
        {"\\\\server\\share\\a", "\\\\server\\share", true},
        {"//SERVER/Share/A", "\\\\server\\share\\a", true},
        {"\\\\server\\share", "//server/share/", true},
        {"\\\\server\\share2", "\\\\server\\share", false},
        {"\\\\server2\\share", "\\\\server\\share", false},
        {"\\\\server\\share\\..\\x", "\\\\server\\share", false},
        {"\\\\server\\share", "\\\\server\\.", false},
        {"\\\\server\\.", "\\\\server\\.", false},
        /* never across flavours */
        {"/c:/work", "c:/", false},
        {"C:/work", "/", false},
        {"C:/work", "/C:/work", false},
        {"\\\\server\\share", "/server/share", false},
        {"/server/share", "\\\\server\\share", false},
        {"//server/share", "/", false},
        {"\\\\c:\\share", "c:\\", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        if (csc_path_has_prefix(cases[i].path, cases[i].prefix) != cases[i].inside)
            fail_msg("'%s' is %sinside '%s'", cases[i].path, cases[i].inside ? "not " : "", cases[i].prefix);
}

static int sign(int number)
{
    return (number > 0) - (number < 0);
}

/* What the search for a prefix relies on. */
static void the_order_of_paths(void **state)
{
    /* of posix, drive and UNC paths; a path behind its prefixes, and what it holds right behind it */
    static const char *const sorted[] = {
        "/",
        "/a",
        "/a/B",
        "/a/b",
        "/a/b/c",
        "/a/b!",
        "/a!",
        "/ab",
        "c:/",
        "C:\\\\a",
        "c:/A/b",
        "c:\\A-b",
        "//Server/share",
        "\\\\server\\share\\x",
        "//server/share2",
    };
    static const char *const equal[][2] = {
        {"/a/b", "/a/./b"}, {"/a", "/a/"}, {"C:/A", "c:\\\\a\\."}, {"//S/share", "\\\\s\\SHARE\\"}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(sorted); i++)
        for (size_t k = 0; k < ARRAY_SIZE(sorted); k++)
            if (sign(csc_path_compare(sorted[i], sorted[k])) != (i > k) - (i < k))
                fail_msg("'%s', '%s': %d", sorted[i], sorted[k], csc_path_compare(sorted[i], sorted[k]));
    for (size_t i = 0; i < ARRAY_SIZE(equal); i++)
        assert_int_equal(csc_path_compare(equal[i][0], equal[i][1]), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(absolute_paths_and_dotdot),
        cmocka_unit_test(prefixes),
        cmocka_unit_test(the_order_of_paths),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
