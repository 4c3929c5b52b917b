/* SPDX-License-Identifier: Apache-2.0 */
/* Setting up: the hook in the settings of others, YAML of any folder's name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "agent/agent.h"

static void test_yaml_quote(void **state)
{
    static const struct {
        const char *text, *quoted;
    } rows[] = {
        {"", "\"\""},
        {"/a b", "\"/a b\""},
        {"\"\\", "\"\\x22\\x5C\""},
        {"a\nb\tc", "\"a\\x0Ab\\x09c\""},
        {"#: '", "\"#: '\""},
        {"\xC3\xBC", "\"\xC3\xBC\""},
        {"\xC2\x85", "\"\\x85\""},
        {"\xE2\x80\xA8", "\"\\u2028\""},
        {"\xEF\xBB\xBF", "\"\\uFEFF\""},
        {"\xEF\xBF\xBE", "\"\\uFFFE\""},
        {"\xF0\x9F\x98\x80", "\"\\U0001F600\""},
        {"\x7F", "\"\\x7F\""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        _cleanup_buf_ struct csc_buf buf = {0}, yaml = {0};
        struct csc_arena arena = {0};
        struct csc_value value = {0};
        csc_yaml_quote(&buf, rows[i].text);
        assert_string_equal(buf.data, rows[i].quoted);
        csc_buf_printf(&yaml, "k: %s # x\n", buf.data);
        assert_int_equal(csc_yaml_parse(&arena, yaml.data, yaml.size, &value, NULL), 0);
        const struct csc_value *read = csc_value_get(&value, "k");
        assert_true(read && read->type == CSC_STRING);
        assert_string_equal(read->string, rows[i].text);
        csc_arena_free(&arena);
    }
}

static void test_command(void **state)
{
    static const char *options[] = {"--key-id", "it's"};
    static const struct {
        const char *agent, *program, *policy, *line; /* line NULL: refused */
    } rows[] = {
        {"claude", "/c", "/p", "/c hook claude --policy /p --rewrite --key-id 'it'\\''s' || exit 2"},
        {"codex", "/a b/c", "/p q", "'/a b/c' hook codex --policy '/p q' --rewrite --key-id 'it'\\''s' || exit 2"},
        {"gemini", "/c", "/p", "/c hook gemini --policy /p --rewrite --key-id 'it'\\''s' || exit 2"},
        {"gemini", "/c", "/$p", NULL},
        {"claude", "/c", "/$p", "/c hook claude --policy '/$p' --rewrite --key-id 'it'\\''s' || exit 2"},
        {"cursor", "/c", "/p", "/c hook cursor --policy /p --rewrite --key-id 'it'\\''s'"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct csc_settings_call call = {.dialect = csc_hook_dialect_find(rows[i].agent),
                                               .program = rows[i].program,
                                               .policy = rows[i].policy,
                                               .rewrite = true,
                                               .options = {options, ARRAY_SIZE(options)}};
        _cleanup_buf_ struct csc_buf line = {0};
        assert_int_equal(csc_settings_command(&call, &line, NULL) == 0, rows[i].line != NULL);
        if (rows[i].line)
            assert_string_equal(line.data, rows[i].line);
    }
}

#define OURS "\"command\":\"'/x/csc' hook cursor --policy /old\""

/* What there was, and what becomes of it; the new command is NEW. */
static void test_settings(void **state)
{
    static const struct {
        const char *before;
        bool replace;
        int change; /* -1: refused */
        size_t hooks;
        const char *kept;
    } rows[] = {
        {"{}", false, CSC_SETTINGS_ADDED, 1, "\"version\": 1"},
        {"{\"version\":7}", false, CSC_SETTINGS_ADDED, 1, "\"version\": 7"},
        {"{\"hooks\":{}}", false, CSC_SETTINGS_ADDED, 1, "NEW"},
        {"{\"hooks\":{\"beforeShellExecution\":[]}}", false, CSC_SETTINGS_ADDED, 1, "NEW"},
        {"{\"hooks\":{\"beforeShellExecution\":[{\"command\":\"x\"}]}}", false, CSC_SETTINGS_ADDED, 2, "\"x\""},
        {"{\"hooks\":{\"beforeShellExecution\":[1, null, []]}}", false, CSC_SETTINGS_ADDED, 4, "NEW"},
        {"{\"hooks\":{\"beforeShellExecution\":[{\"command\":\"NEW hook cursor \"}]}}", false, CSC_SETTINGS_ADDED, 2,
         "NEW"},
        {"{\"hooks\":{\"beforeShellExecution\":[{" OURS "}]}}", false, -1, 0, NULL},
        {"{\"hooks\":{\"beforeShellExecution\":[{" OURS "}, {\"command\":\"x\"}]}}", true, CSC_SETTINGS_REPLACED, 2,
         "\"x\""},
        {"{\"hooks\":{\"beforeShellExecution\":[{\"command\":\"NEW/csc hook cursor --policy p\",\"failClosed\":true,"
         "\"timeout\":30}]}}",
         false, CSC_SETTINGS_SAME, 1, "NEW"},
        {"{\"hooks\":{\"beforeShellExecution\":[{\"command\":\"NEW/csc hook cursor --policy p\",\"failClosed\":false,"
         "\"timeout\":30}]}}",
         false, -1, 0, NULL},
        {"{\"hooks\":[]}", true, -1, 0, NULL},
        {"{\"hooks\":{\"beforeShellExecution\":{}}}", true, -1, 0, NULL},
        {"[]", true, -1, 0, NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct csc_settings_merge merge = {.dialect = csc_hook_dialect_find("cursor"),
                                                 .command = "NEW/csc hook cursor --policy p",
                                                 .replace = rows[i].replace};
        struct csc_settings_added added = {0};
        _cleanup_buf_ struct csc_buf text = {0};
        struct csc_arena arena = {0};
        struct csc_value before = {0};
        assert_int_equal(csc_json_parse(&arena, rows[i].before, strlen(rows[i].before), &before, NULL), 0);
        int r = csc_settings_add(&arena, &before, &merge, &added, NULL);
        assert_int_equal(r == 0, rows[i].change >= 0);
        if (r == 0) {
            assert_int_equal(added.change, rows[i].change);
            csc_json_write(&text, &added.settings);
            assert_non_null(strstr(text.data, rows[i].kept));
            assert_non_null(strstr(text.data, merge.command));
            assert_int_equal(csc_value_get(csc_value_get(&added.settings, "hooks"), "beforeShellExecution")->count,
                             rows[i].hooks);
        }
        csc_arena_free(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_yaml_quote), cmocka_unit_test(test_command),
                                       cmocka_unit_test(test_settings)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
