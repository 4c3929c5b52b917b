/* SPDX-License-Identifier: Apache-2.0 */
/* The reader's refusals with their positions, and both written forms of what it accepts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "format/format.h"

#define TEXT(s) s, sizeof(s) - 1

/* Text -> canonical text, or the position and the beginning of the message of a refusal. */
static const struct {
    const char *text;
    size_t size;
    const char *canonical;
} accepted[] = {
    {TEXT("null"), "null"},
    {TEXT("true"), "true"},
    {TEXT(" \t\r\nfalse\n"), "false"},
    {TEXT("\"\""), "\"\""},
    {TEXT("[]"), "[]"},
    {TEXT("{}"), "{}"},
    {TEXT("[ ]"), "[]"},
    {TEXT("{ }"), "{}"},
    {TEXT("[[],{},[[]]]"), "[[],{},[[]]]"},
    {TEXT(" [ 1 , 2 ] "), "[1,2]"},
    {TEXT("{\n \"b\" : 1 ,\r\n\"a\":[null]}"), "{\"a\":[null],\"b\":1}"},
    /* integers */
    {TEXT("0"), "0"},
    {TEXT("-0"), "0"},
    {TEXT("10"), "10"},
    {TEXT("-1"), "-1"},
    {TEXT("9223372036854775807"), "9223372036854775807"},
    {TEXT("-9223372036854775808"), "-9223372036854775808"},
    {TEXT("9007199254740993"), "9007199254740993"},
    /* escapes: only what must be escaped still is */
    {TEXT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), "\"\\\"\\\\/\\b\\f\\n\\r\\t\""},
    {TEXT("\"\\u0001\\u001F\\u000b\\u0008\""), "\"\\u0001\\u001f\\u000b\\b\""},
    {TEXT("\"\\u007f\\u0080\\u00E9\\u2028\\ufeff\\uFFFF\""),
     "\"\x7f\xc2\x80\xc3\xa9\xe2\x80\xa8\xef\xbb\xbf\xef\xbf\xbf\""},
    {TEXT("\"\\ud83d\\ude00\""), "\"\xf0\x9f\x98\x80\""},
    {TEXT("\"\\uD800\\uDC00\\uDBFF\\uDFFF\""), "\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\""},
    {TEXT("\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 \xed\x9f\xbf \xee\x80\x80\""),
     "\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 \xed\x9f\xbf \xee\x80\x80\""},
    {TEXT("\"e\xcc\x81\""), "\"e\xcc\x81\""}, /* no normalisation */
    {TEXT("\"a\\u0062c\\nd\xc3\xa9\\\\e\""), "\"abc\\nd\xc3\xa9\\\\e\""},
    /* keys: by code point, which for an astral one is not the order of UTF-16 */
    {TEXT("{\"\":1,\"b\":2,\"a\":3,\"aa\":4,\"B\":5}"), "{\"\":1,\"B\":5,\"a\":3,\"aa\":4,\"b\":2}"},
    {TEXT("{\"\\ud83d\\ude00\":1,\"\\uffff\":2,\"z\":3}"), "{\"z\":3,\"\xef\xbf\xbf\":2,\"\xf0\x9f\x98\x80\":1}"},
    {TEXT("{\"\xc3\xa9\":1,\"e\xcc\x81\":2}"), "{\"e\xcc\x81\":2,\"\xc3\xa9\":1}"},
    {TEXT("{\"a\":{\"a\":{\"a\":1}},\"b\":{\"a\":1}}"), "{\"a\":{\"a\":{\"a\":1}},\"b\":{\"a\":1}}"},
};

static const struct {
    const char *text;
    size_t size;
    unsigned line, column;
    const char *message;
} refused[] = {
    {TEXT(""), 1, 1, "expected a value, but the text ends here"},
    {TEXT(" \n "), 2, 2, "expected a value, but the text ends here"},
    {TEXT("\0"), 1, 1, "expected a value, found '\\x00'"},
    {TEXT("1\0"), 1, 2, "expected the end of the text, found '\\x00'"},
    {TEXT("[1,\0]"), 1, 4, "expected a value, found '\\x00'"},
    {TEXT("\"a\0b\""), 1, 3, "a control character in a string"},
    {TEXT("\xEF\xBB\xBF{}"), 1, 1, "a byte-order mark"},
    {TEXT("{}\xEF\xBB\xBF"), 1, 3, "expected the end of the text, found '\\ufeff'"},
    {TEXT("{} {}"), 1, 4, "expected the end of the text, found '{'"},
    {TEXT("nul"), 1, 1, "expected a value, found 'n'"},
    {TEXT("True"), 1, 1, "expected a value, found 'T'"},
    {TEXT("nullx"), 1, 5, "expected the end of the text, found 'x'"},
    {TEXT("NaN"), 1, 1, "expected a value"},
    {TEXT("Infinity"), 1, 1, "expected a value"},
    {TEXT("// c\n1"), 1, 1, "expected a value, found '/'"},
    {TEXT("\x0c"
          "1"),
     1, 1, "expected a value, found '\\x0c'"},
    {TEXT("\xc2\xa0"
          "1"),
     1, 1, "expected a value"},
    /* arrays and objects */
    {TEXT("["), 1, 2, "expected a value, but the text ends here"},
    {TEXT("[1"), 1, 3, "expected ',' or ']', but the text ends here"},
    {TEXT("[1,]"), 1, 4, "expected a value, found ']'"},
    {TEXT("[,1]"), 1, 2, "expected a value, found ','"},
    {TEXT("[1 2]"), 1, 4, "expected ',' or ']', found '2'"},
    {TEXT("[1}"), 1, 3, "expected ',' or ']', found '}'"},
    {TEXT("]"), 1, 1, "expected a value, found ']'"},
    {TEXT("{"), 1, 2, "expected a key in double quotes, but the text ends here"},
    {TEXT("{1:2}"), 1, 2, "expected a key in double quotes, found '1'"},
    {TEXT("{'a':2}"), 1, 2, "expected a key in double quotes, found '''"},
    {TEXT("{\"a\"}"), 1, 5, "expected ':', found '}'"},
    {TEXT("{\"a\":}"), 1, 6, "expected a value, found '}'"},
    {TEXT("{\"a\":1,}"), 1, 8, "expected a key in double quotes, found '}'"},
    {TEXT("{\"a\":1 \"b\":2}"), 1, 8, "expected ',' or '}', found '\"'"},
    {TEXT("{\"a\":1"), 1, 7, "expected ',' or '}', but the text ends here"},
    /* duplicate keys: the position is the later key's */
    {TEXT("{\"a\":1,\"a\":1}"), 1, 8, "duplicate key 'a'"},
    {TEXT("{\"a\":1,\n  \"\\u0061\" : 2}"), 2, 3, "duplicate key 'a'"},
    {TEXT("{\"b\":1,\"a\":1,\"c\":1,\"b\":[]}"), 1, 20, "duplicate key 'b'"},
    {TEXT("[{\"x\":{\"\":1,\n\"\":2}}]"), 2, 1, "duplicate key ''"},
    /* numbers */
    {TEXT("-"), 1, 2, "expected a digit, but the text ends here"},
    {TEXT("-a"), 1, 2, "expected a digit, found 'a'"},
    {TEXT("+1"), 1, 1, "expected a value, found '+'"},
    {TEXT(".5"), 1, 1, "expected a value, found '.'"},
    {TEXT("01"), 1, 1, "a number with a leading zero"},
    {TEXT("-00"), 1, 1, "a number with a leading zero"},
    {TEXT("0x10"), 1, 2, "expected the end of the text, found 'x'"},
    {TEXT("1.0"), 1, 1, "a real number"},
    {TEXT("1."), 1, 1, "a real number"},
    {TEXT("1e3"), 1, 1, "a real number"},
    {TEXT("-0E0"), 1, 1, "a real number"},
    {TEXT("9223372036854775808"), 1, 1, "an integer that 64 bits cannot hold"},
    {TEXT("[1, -9223372036854775809]"), 1, 5, "an integer that 64 bits cannot hold"},
    {TEXT("18446744073709551616"), 1, 1, "an integer that 64 bits cannot hold"},
    {TEXT("100000000000000000000000000000000000000000"), 1, 1, "an integer that 64 bits cannot hold"},
    /* strings */
    {TEXT("\""), 1, 1, "the string that begins here has no end"},
    {TEXT("[\n\"abc]"), 2, 1, "the string that begins here has no end"},
    {TEXT("\"\\"), 1, 2, "unknown escape"},
    {TEXT("\"\\\""), 1, 1, "the string that begins here has no end"},
    {TEXT("\"a\nb\""), 1, 3, "a control character in a string"},
    {TEXT("\"\t\""), 1, 2, "a control character in a string"},
    {TEXT("\"\x1f\""), 1, 2, "a control character in a string"},
    {TEXT("\"\\x41\""), 1, 2, "unknown escape"},
    {TEXT("\"\\'\""), 1, 2, "unknown escape"},
    {TEXT("\"\\U0041\""), 1, 2, "unknown escape"},
    {TEXT("\"\\\0\""), 1, 2, "unknown escape"},
    {TEXT("\"\\u12\""), 1, 2, "\\u without four hexadecimal digits"},
    {TEXT("\"\\u12"), 1, 2, "\\u without four hexadecimal digits"},
    {TEXT("\"\\u 123\""), 1, 2, "\\u without four hexadecimal digits"},
    {TEXT("\"\\u12g4\""), 1, 2, "\\u without four hexadecimal digits"},
    {TEXT("\"x\\u0000\""), 1, 3, "U+0000 is not allowed"},
    {TEXT("{\"\\u0000\":1}"), 1, 3, "U+0000 is not allowed"},
    {TEXT("\"\\ud800\""), 1, 2, "a lone surrogate"},
    {TEXT("\"\\udc00\""), 1, 2, "a lone surrogate"},
    {TEXT("\"\\ud800\\ud800\""), 1, 2, "a lone surrogate"},
    {TEXT("\"\\udc00\\ud800\""), 1, 2, "a lone surrogate"},
    {TEXT("\"\\ud800x\\udc00\""), 1, 2, "a lone surrogate"},
    {TEXT("\"\\ud800\\n\""), 1, 2, "a lone surrogate"},
    {TEXT("\"\\ud800\\u\""), 1, 2, "a lone surrogate"},
    {TEXT("\"\\ud800"), 1, 2, "a lone surrogate"},
    {TEXT("{\"\\udfff\":1}"), 1, 3, "a lone surrogate"},
    /* invalid UTF-8 */
    {TEXT("\"\xff\""), 1, 2, "invalid UTF-8"},
    {TEXT("\"a\x80\""), 1, 3, "invalid UTF-8"},
    {TEXT("\"\xc3\""), 1, 2, "invalid UTF-8"},
    {TEXT("\"\xc3"), 1, 2, "invalid UTF-8"},
    {TEXT("\"\xc0\xaf\""), 1, 2, "invalid UTF-8"},
    {TEXT("\"\xe0\x80\xaf\""), 1, 2, "invalid UTF-8"},
    {TEXT("\"\xed\xa0\x80\""), 1, 2, "invalid UTF-8"},
    {TEXT("\"\xf0\x80\x80\xaf\""), 1, 2, "invalid UTF-8"},
    {TEXT("\"\xf4\x90\x80\x80\""), 1, 2, "invalid UTF-8"},
    {TEXT("\"\xf8\x88\x80\x80\x80\""), 1, 2, "invalid UTF-8"},
    {TEXT("\"\xf0\x9f\x98\""), 1, 2, "invalid UTF-8"},
    {TEXT("\xff\xfe{\0}\0"), 1, 1, "invalid UTF-8"},
    /* columns count bytes, lines end with a line feed only */
    {TEXT("[\"\xc3\xa9\xf0\x9f\x98\x80\",]"), 1, 11, "expected a value, found ']'"},
    {TEXT("[1,\r2,\r\n\n x]"), 3, 2, "expected a value, found 'x'"},
    {TEXT("[\"\\n\\n\",\n?]"), 2, 1, "expected a value, found '?'"},
    {TEXT("{\"a\":\x1b[31m}"), 1, 6, "expected a value, found '\\x1b'"},
};

static void test_accepted(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(accepted); i++) {
        struct csc_arena arena = {0};
        struct csc_value value;
        struct csc_error err = {0};
        struct csc_buf canonical = {0};

        if (csc_json_parse(&arena, accepted[i].text, accepted[i].size, &value, &err) < 0)
            fail_msg("%s: %u:%u: %s", accepted[i].text, err.line, err.column, err.text);
        csc_canon_write(&canonical, &value);
        assert_false(canonical.failed);
        assert_string_equal(canonical.data, accepted[i].canonical);
        assert_int_equal(canonical.size, strlen(canonical.data));
        csc_buf_free(&canonical);
        csc_arena_free(&arena);
    }
}

static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
        struct csc_arena arena = {0};
        struct csc_value value = {.type = CSC_INT, .integer = 42};
        struct csc_error err = {0};
        /* Exactly as large as the text, so that memory checkers see a read beyond it. */
        char *copy = malloc(refused[i].size ? refused[i].size : 1);

        assert_non_null(copy);
        memcpy(copy, refused[i].text, refused[i].size);
        if (csc_json_parse(&arena, copy, refused[i].size, &value, &err) == 0)
            fail_msg("accepted: %s", refused[i].text);
        free(copy);
        assert_int_equal(err.code, CSC_E_DATA);
        if (strncmp(err.text, refused[i].message, strlen(refused[i].message)) != 0 || err.line != refused[i].line ||
            err.column != refused[i].column)
            fail_msg("%s: %u:%u: %s; expected %u:%u: %s", refused[i].text, err.line, err.column, err.text,
                     refused[i].line, refused[i].column, refused[i].message);
        assert_true(value.type == CSC_INT && value.integer == 42);
        csc_arena_free(&arena);
    }
}

/* A refusal needs no error object. */
static void test_without_error(void **state)
{
    (void)state;
    struct csc_arena arena = {0};
    struct csc_value value;

    assert_int_equal(csc_json_parse(&arena, "[", 1, &value, NULL), -CSC_E_DATA);
    assert_int_equal(csc_json_parse(&arena, NULL, 0, &value, NULL), -CSC_E_DATA);
    csc_arena_free(&arena);
}

static int parse_nested(const char *open, const char *close, size_t levels, struct csc_error *err)
{
    struct csc_arena arena = {0};
    struct csc_buf text = {0};
    struct csc_value value;

    for (size_t i = 0; i < levels; i++)
        csc_buf_puts(&text, open);
    csc_buf_puts(&text, "1");
    for (size_t i = 0; i < levels; i++)
        csc_buf_puts(&text, close);
    assert_false(text.failed);
    int code = csc_json_parse(&arena, text.data, text.size, &value, err);
    csc_buf_free(&text);
    csc_arena_free(&arena);
    return code;
}

static void test_depth(void **state)
{
    static const struct {
        const char *open, *close;
        unsigned column; /* of the 65th level */
    } kinds[] = {{"[", "]", 65}, {"{\"a\":", "}", 64 * 5 + 1}, {"[{\"a\":", "}]", 32 * 6 + 1}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        size_t each = i == 2 ? 2 : 1;
        struct csc_error err = {0};

        assert_int_equal(parse_nested(kinds[i].open, kinds[i].close, 64 / each, &err), 0);
        assert_int_equal(parse_nested(kinds[i].open, kinds[i].close, 64 / each + 1, &err), -CSC_E_DATA);
        assert_int_equal(err.column, kinds[i].column);
        assert_non_null(strstr(err.text, "nested deeper than 64 levels"));
        assert_int_equal(parse_nested(kinds[i].open, "", 100000, NULL), -CSC_E_DATA);
    }
    /* Depth is of what is open, not of what was. */
    struct csc_arena arena = {0};
    struct csc_value value;
    assert_int_equal(csc_json_parse(&arena, TEXT("[[[]],[[]],{\"a\":[]},[[]]]"), &value, NULL), 0);
    csc_arena_free(&arena);
}

/* Where values and keys begin. */
static void test_positions(void **state)
{
    (void)state;
    struct csc_arena arena = {0};
    struct csc_value v;
    struct csc_error err = {0};

    assert_int_equal(csc_json_parse(&arena, TEXT("\n {\"k\" :\n  [1, \"x\"],\n\"a\":true}"), &v, &err), 0);
    assert_int_equal(v.line, 2);
    assert_int_equal(v.column, 2);
    assert_int_equal(v.count, 2);
    assert_string_equal(v.members[0].key, "a");
    assert_int_equal(v.members[0].line, 4);
    assert_int_equal(v.members[0].column, 1);
    assert_int_equal(v.members[0].value.line, 4);
    assert_int_equal(v.members[0].value.column, 5);
    assert_int_equal(v.members[1].line, 2);
    assert_int_equal(v.members[1].column, 3);
    const struct csc_value *list = csc_value_get(&v, "k");
    assert_int_equal(list->line, 3);
    assert_int_equal(list->column, 3);
    assert_int_equal(list->items[0].column, 4);
    assert_int_equal(list->items[1].column, 7);
    assert_null(csc_value_get(&v, "b"));
    assert_null(csc_value_get(list, "k"));
    assert_null(csc_value_get(NULL, "k"));
    csc_arena_free(&arena);
}

/* An object of `count` members, key number i being what `key` makes of it. */
static int parse_object(size_t count, size_t (*key)(size_t i), struct csc_value *ret_value, struct csc_arena *arena,
                        struct csc_error *err)
{
    struct csc_buf text = {0};

    csc_buf_putc(&text, '{');
    for (size_t i = 0; i < count; i++)
        csc_buf_printf(&text, "%s\"%06zu\":%zu", i ? "," : "", key(i), i);
    csc_buf_putc(&text, '}');
    assert_false(text.failed);
    int code = csc_json_parse(arena, text.data, text.size, ret_value, err);
    csc_buf_free(&text);
    return code;
}

static size_t ascending(size_t i)
{
    return i;
}

static size_t descending(size_t i)
{
    return 99999 - i;
}

static size_t scattered(size_t i)
{
    return i * 7919 % 100003; /* a prime modulus: all different */
}

static size_t always_equal(size_t i)
{
    (void)i;
    return 5;
}

static size_t last_again(size_t i)
{
    return i == 49999 ? 0 : i;
}

static void test_large_objects(void **state)
{
    size_t (*const keys[])(size_t i) = {ascending, descending, scattered};
    static const size_t counts[] = {1, 2, 15, 16, 17, 33, 1000, 50000};
    struct csc_arena arena = {0};
    struct csc_error err = {0};
    struct csc_value v;

    (void)state;
    for (size_t k = 0; k < ARRAY_SIZE(keys); k++) {
        for (size_t c = 0; c < ARRAY_SIZE(counts); c++) {
            assert_int_equal(parse_object(counts[c], keys[k], &v, &arena, &err), 0);
            assert_int_equal(v.count, counts[c]);
            for (size_t i = 1; i < v.count; i++)
                assert_true(strcmp(v.members[i - 1].key, v.members[i].key) < 0);
            csc_arena_free(&arena);
        }
    }
    /* Quadratic time would show: 50,000 equal keys are a billion comparisons then. */
    assert_int_equal(parse_object(50000, always_equal, &v, &arena, &err), -CSC_E_DATA);
    assert_non_null(strstr(err.text, "duplicate key '000005'"));
    assert_int_equal(err.column, 13);
    err = (struct csc_error){0};
    assert_int_equal(parse_object(50000, last_again, &v, &arena, &err), -CSC_E_DATA);
    assert_non_null(strstr(err.text, "duplicate key '000000'"));
    csc_arena_free(&arena);
}

static void test_pretty(void **state)
{
    static const struct {
        const char *text, *pretty;
    } cases[] = {
        {"1", "1\n"},
        {"[]", "[]\n"},
        {"{}", "{}\n"},
        {"[1,[],{}]", "[\n  1,\n  [],\n  {}\n]\n"},
        {"{\"b\":[1,2],\"a\":{\"x\":null,\"c\":\"\\u00e9\\n\"}}",
         "{\n  \"a\": {\n    \"c\": \"\xc3\xa9\\n\",\n    \"x\": null\n  },\n  \"b\": [\n    1,\n    2\n  ]\n}\n"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct csc_arena arena = {0};
        struct csc_buf pretty = {0};
        struct csc_value value;

        assert_int_equal(csc_json_parse(&arena, cases[i].text, strlen(cases[i].text), &value, NULL), 0);
        csc_json_write(&pretty, &value);
        assert_string_equal(pretty.data, cases[i].pretty);
        csc_buf_free(&pretty);
        csc_arena_free(&arena);
    }
}

/* Every byte that can stand in a string comes out as protocol section 2 says, and is read back as it was. */
static void test_every_character(void **state)
{
    (void)state;
    for (unsigned c = 1; c < 0x80; c++) {
        static const char named[] = "\b\t\n\f\r\"\\", letters[] = "btnfr\"\\";
        struct csc_arena arena = {0};
        struct csc_buf text = {0};
        struct csc_value value;
        char string[2] = {(char)c, 0}, expected[16];
        const char *name = strchr(named, (int)c);

        if (name)
            (void)snprintf(expected, sizeof(expected), "\"\\%c\"", letters[name - named]);
        else if (c < 0x20)
            (void)snprintf(expected, sizeof(expected), "\"\\u%04x\"", c);
        else
            (void)snprintf(expected, sizeof(expected), "\"%c\"", (int)c);
        csc_canon_string(&text, string, 1);
        assert_string_equal(text.data, expected);
        assert_int_equal(csc_json_parse(&arena, text.data, text.size, &value, NULL), 0);
        assert_int_equal(value.count, 1);
        assert_string_equal(value.string, string);
        csc_buf_free(&text);
        csc_arena_free(&arena);
    }
}

/* In messages of others, numbers of any kind are accepted, and go back as they came; the rest stays as strict. */
static void test_foreign(void **state)
{
    static const struct {
        const char *text;
        enum csc_type type;
        bool accepted;
    } cases[] = {
        {"1.5", CSC_REAL, true},
        {"-0.0e-5", CSC_REAL, true},
        {"1E+9", CSC_REAL, true},
        {"18446744073709551616", CSC_REAL, true},
        {"-9223372036854775809", CSC_REAL, true},
        {"9223372036854775808.5", CSC_REAL, true},
        {"-9223372036854775808", CSC_INT, true},
        {"7", CSC_INT, true},
        {"1.", CSC_NULL, false},
        {"1.e5", CSC_NULL, false},
        {"1e", CSC_NULL, false},
        {"1e+", CSC_NULL, false},
        {".5", CSC_NULL, false},
        {"01.5", CSC_NULL, false},
        {"-", CSC_NULL, false},
        {"NaN", CSC_NULL, false},
        {"1.5 2", CSC_NULL, false},
        {"\"\\u0000\"", CSC_NULL, false},
        {"{\"a\":1.5,\"a\":2}", CSC_NULL, false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct csc_arena arena = {0};
        struct csc_buf text = {0};
        struct csc_value value = {0};
        struct csc_error err = {0};
        size_t size = strlen(cases[i].text);

        int code = csc_json_parse_foreign(&arena, cases[i].text, size, &value, &err);
        assert_int_equal(code, cases[i].accepted ? 0 : -CSC_E_DATA);
        assert_int_equal(value.type, cases[i].type);
        if (cases[i].accepted) {
            csc_canon_write(&text, &value);
            assert_string_equal(text.data, cases[i].text);
        }
        if (value.type == CSC_REAL)
            assert_int_equal(csc_json_parse(&arena, cases[i].text, size, &value, NULL), -CSC_E_DATA);
        csc_buf_free(&text);
        csc_arena_free(&arena);
    }
}

static void test_known_hash(void **state)
{
    static const char contract[] =
        "{\"version\":\"csc.v0.1\",\"contract_id\":\"contract_git_status_001\",\"intent\":\"inspect repository state\","
        "\"actor\":{\"agent_id\":\"worker-1\",\"session_id\":\"sess-001\",\"initiating_user\":\"fabio\","
        "\"delegation_scope\":\"repo-maintainer\"},\"commands\":[{\"id\":\"cmd_1\",\"exec\":{\"argv\":[\"git\","
        "\"status\",\"--short\"]},\"cwd\":\"/workspace/repo\",\"read_paths\":[\"/workspace/repo/**\"],"
        "\"write_paths\":[],\"network\":\"deny\",\"env_allow\":[],\"secret_refs\":[],\"timeout_sec\":10,"
        "\"proposed_effect_type\":\"observe\"}],\"risk_class\":\"low\",\"approval_mode\":\"policy_only\","
        "\"expected_outputs\":[],\"justification\":\"understand repository state before changes\"}";
    struct csc_arena arena = {0};
    struct csc_value value;
    char hex[CSC_SHA256_HEX];

    (void)state;
    assert_int_equal(csc_json_parse(&arena, TEXT(contract), &value, NULL), 0);
    assert_int_equal(csc_canon_sha256(&value, hex, NULL), 0);
    assert_string_equal(hex, "2c8487847d601deb81882f5b55a520313b06d7a137a122bee1f5748320c0afd3");
    csc_arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepted), cmocka_unit_test(test_refused),         cmocka_unit_test(test_without_error),
        cmocka_unit_test(test_depth),    cmocka_unit_test(test_positions),       cmocka_unit_test(test_large_objects),
        cmocka_unit_test(test_pretty),   cmocka_unit_test(test_every_character), cmocka_unit_test(test_known_hash),
        cmocka_unit_test(test_foreign),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
