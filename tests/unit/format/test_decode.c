/* SPDX-License-Identifier: Apache-2.0 */
/* Tables -> structs: every kind, and for every refusal the field's path, the position and the text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "format/format.h"

enum colour { RED, GREEN, BLUE };

struct part {
    const char *name;
    int64_t weight;
};

struct thing {
    const char *id;
    int colour;
    int64_t number;
    bool flag;
    struct part part;
    bool has_part;
    struct csc_list parts;
    struct csc_list words;
    struct csc_list colours;
    const char *note;
    bool has_note;
    int64_t any;
};

static bool is_even_length(const char *string)
{
    return strlen(string) % 2 == 0;
}

static const char *const colour_names[] = {"red", "green", "blue", NULL};
static const char *const one_name[] = {"only", NULL};
static const struct csc_shape id_shape = {.kind = CSC_KIND_STRING, .min = 2, .max = 4, .size = sizeof(char *)};
static const struct csc_shape colour_shape = {.kind = CSC_KIND_ENUM, .names = colour_names, .size = sizeof(int)};
static const struct csc_shape only_shape = {.kind = CSC_KIND_ENUM, .names = one_name, .size = sizeof(int)};
static const struct csc_shape number_shape = {.kind = CSC_KIND_INT, .min = -5, .max = 10, .size = sizeof(int64_t)};
static const struct csc_shape any_shape = {
    .kind = CSC_KIND_INT, .min = INT64_MIN, .max = INT64_MAX, .size = sizeof(int64_t)};
static const struct csc_shape positive_shape = {.kind = CSC_KIND_INT, .min = 1, .max = INT64_MAX};
static const struct csc_field part_fields[] = {
    CSC_REQUIRED(part, name, &csc_shape_text),
    CSC_OPTIONAL(part, weight, &positive_shape),
    CSC_FIELDS_END,
};
static const struct csc_shape part_shape = {
    .kind = CSC_KIND_OBJECT, .fields = part_fields, .size = sizeof(struct part)};
static const struct csc_shape parts_shape = {.kind = CSC_KIND_ARRAY, .min = 1, .max = 2, .item = &part_shape};
static const struct csc_shape words_shape = {
    .kind = CSC_KIND_ARRAY, .max = INT64_MAX, .unique = true, .item = &csc_shape_text};
static const struct csc_shape colours_shape = {.kind = CSC_KIND_ARRAY, .max = 3, .unique = true, .item = &colour_shape};
static const struct csc_shape note_shape = {
    .kind = CSC_KIND_STRING, .nullable = true, .max = 1000, .check = is_even_length, .expect = "a text of even length"};
static const struct csc_field thing_fields[] = {
    CSC_REQUIRED(thing, id, &id_shape),
    CSC_OPTIONAL(thing, colour, &colour_shape),
    CSC_OPTIONAL(thing, number, &number_shape),
    CSC_OPTIONAL(thing, flag, &csc_shape_bool),
    CSC_OPTIONAL_FLAG(thing, part, &part_shape, has_part),
    CSC_OPTIONAL(thing, parts, &parts_shape),
    CSC_OPTIONAL(thing, words, &words_shape),
    CSC_OPTIONAL(thing, colours, &colours_shape),
    CSC_OPTIONAL_FLAG(thing, note, &note_shape, has_note),
    CSC_OPTIONAL(thing, any, &any_shape),
    CSC_FIELDS_END,
};
static const struct csc_shape thing_shape = {.kind = CSC_KIND_OBJECT, .fields = thing_fields};

static int decode(struct csc_arena *arena, const char *text, const struct csc_shape *shape, void *out,
                  struct csc_error *err)
{
    struct csc_value value;

    assert_int_equal(csc_json_parse(arena, text, strlen(text), &value, err), 0);
    return csc_decode(arena, &value, shape, out, err);
}

static void every_kind_arrives(void **state)
{
    struct csc_arena arena = {0};
    struct csc_error err = {0};
    struct thing thing = {0};

    (void)state;
    assert_int_equal(decode(&arena,
                            "{\"id\":\"\\u00e9\\u00e9\\u00e9\\ud83d\\ude00\",\"colour\":\"blue\",\"number\":-5,"
                            "\"flag\":true,\"part\":{\"name\":\"p\",\"weight\":9223372036854775807},"
                            "\"parts\":[{\"name\":\"a\"},{\"name\":\"b\",\"weight\":2}],\"words\":[\"x\",\"y\"],"
                            "\"colours\":[\"blue\",\"red\"],\"note\":\"ab\",\"any\":-9223372036854775808}",
                            &thing_shape, &thing, &err),
                     0);
    assert_string_equal(thing.id, "\xc3\xa9\xc3\xa9\xc3\xa9\xf0\x9f\x98\x80"); /* four characters, ten bytes */
    assert_int_equal(thing.colour, BLUE);
    assert_int_equal(thing.number, -5);
    assert_true(thing.flag && thing.has_part && thing.has_note);
    assert_string_equal(thing.part.name, "p");
    assert_true(thing.part.weight == INT64_MAX && thing.any == INT64_MIN);
    assert_int_equal(thing.parts.count, 2);
    const struct part *parts = thing.parts.items;
    assert_string_equal(parts[1].name, "b");
    assert_int_equal(parts[0].weight, 0);
    assert_int_equal(parts[1].weight, 2);
    char **words = thing.words.items;
    assert_int_equal(thing.words.count, 2);
    assert_string_equal(words[1], "y");
    assert_null(words[2]);
    const int *colours = thing.colours.items;
    assert_true(colours[0] == BLUE && colours[1] == RED);
    csc_arena_free(&arena);
}

static void what_is_absent_stays_zero(void **state)
{
    struct csc_arena arena = {0};
    struct thing thing = {0};

    (void)state;
    assert_int_equal(decode(&arena, "{\"id\":\"ab\",\"note\":null,\"words\":[]}", &thing_shape, &thing, NULL), 0);
    assert_true(!thing.has_part && !thing.has_note && !thing.note && !thing.flag);
    assert_int_equal(thing.words.count, 0);
    assert_null(*(char **)thing.words.items);
    csc_arena_free(&arena);
}

static const struct {
    const char *text, *field;
    unsigned line, column;
    const char *message;
} refused[] = {
    {"[]", "", 1, 1, "is an array; must be an object"},
    {" null", "", 1, 2, "is null; must be an object"},
    {"\n{}", "id", 2, 1, "is missing; it is required"},
    {"{\"id\":7}", "id", 1, 7, "is an integer; must be a string"},
    {"{\"id\":null}", "id", 1, 7, "is null; must be a string"},
    {"{\"id\":\"\"}", "id", 1, 7, "is empty; must have 2 to 4 characters"},
    {"{\"id\":\"\\u00e9\"}", "id", 1, 7, "has 1 character; must have 2 to 4 characters"},
    {"{\"id\":\"abcde\"}", "id", 1, 7, "has 5 characters; must have 2 to 4 characters"},
    {"{\"id\":\"ab\",\n\"ID\":1}", "ID", 2, 1,
     "unknown field; remove it (known here: id, colour, number, flag, part, parts, words, colours, note, any)"},
    {"{\"id\":\"ab\",\"\":1}", "", 1, 12, "unknown field; remove it"},
    {"{\"id\":\"ab\",\"a\\u001b[31m\":1}", "a\\x1b[31m", 1, 12, "unknown field"},
    {"{\"id\":\"ab\",\"colour\":\"Red\"}", "colour", 1, 21, "'Red' is not accepted; use one of red, green, blue"},
    {"{\"id\":\"ab\",\"colour\":\"\"}", "colour", 1, 21, "'' is not accepted; use one of red, green, blue"},
    {"{\"id\":\"ab\",\"colour\":1}", "colour", 1, 21, "is an integer; must be a string"},
    {"{\"id\":\"ab\",\"number\":-6}", "number", 1, 21, "is -6; must be -5 to 10"},
    {"{\"id\":\"ab\",\"number\":11}", "number", 1, 21, "is 11; must be -5 to 10"},
    {"{\"id\":\"ab\",\"number\":\"1\"}", "number", 1, 21, "is a string; must be an integer"},
    {"{\"id\":\"ab\",\"number\":true}", "number", 1, 21, "is a boolean; must be an integer"},
    {"{\"id\":\"ab\",\"flag\":1}", "flag", 1, 19, "is an integer; must be a boolean"},
    {"{\"id\":\"ab\",\"part\":{}}", "part.name", 1, 19, "is missing; it is required"},
    {"{\"id\":\"ab\",\"part\":{\"name\":\"\"}}", "part.name", 1, 27, "is empty; must have at least 1 character"},
    {"{\"id\":\"ab\",\"part\":{\"name\":\"p\",\n\"weight\":0}}", "part.weight", 2, 10, "is 0; must be at least 1"},
    {"{\"id\":\"ab\",\"part\":{\"name\":\"p\",\"x\":0}}", "part.x", 1, 31, "unknown field"},
    {"{\"id\":\"ab\",\"parts\":[]}", "parts", 1, 20, "is empty; must have 1 to 2 items"},
    {"{\"id\":\"ab\",\"parts\":[1,2,3]}", "parts", 1, 20, "has 3 items; must have 1 to 2 items"},
    {"{\"id\":\"ab\",\"parts\":{}}", "parts", 1, 20, "is an object; must be an array"},
    {"{\"id\":\"ab\",\"parts\":[{\"name\":\"p\"},\n {}]}", "parts[1].name", 2, 2, "is missing; it is required"},
    {"{\"id\":\"ab\",\"words\":[\"a\",\"\"]}", "words[1]", 1, 25, "is empty; must have at least 1 character"},
    {"{\"id\":\"ab\",\"words\":[\"a\",null]}", "words[1]", 1, 25, "is null; must be a string"},
    {"{\"id\":\"ab\",\"words\":[\"b\",\"a\",\n\"b\"]}", "words[2]", 2, 1, "repeats 'b'; keep one of the two"},
    {"{\"id\":\"ab\",\"colours\":[\"red\",\"red\"]}", "colours[1]", 1, 29, "repeats 'red'; keep one of the two"},
    {"{\"id\":\"ab\",\"colours\":[\"red\",\"red\",\"red\",\"red\"]}", "colours", 1, 22,
     "has 4 items; must have at most 3 items"},
    {"{\"id\":\"ab\",\"note\":\"a\\n1\"}", "note", 1, 19, "must be a text of even length, not 'a\\x0a1'"},
};

static void every_refusal_says_where_and_what(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
        struct csc_arena arena = {0};
        struct csc_error err = {0};
        struct thing thing = {0};

        assert_int_equal(decode(&arena, refused[i].text, &thing_shape, &thing, &err), -CSC_E_DATA);
        if (strcmp(err.field, refused[i].field) != 0 || err.line != refused[i].line ||
            err.column != refused[i].column || strncmp(err.text, refused[i].message, strlen(refused[i].message)) != 0)
            fail_msg("%s: %s:%u:%u: %s", refused[i].text, err.field, err.line, err.column, err.text);
        csc_arena_free(&arena);
    }
}

/* However long what is quoted, the advice behind it stays readable. */
static void hostile_values_leave_room_for_the_advice(void **state)
{
    struct csc_arena arena = {0};
    struct csc_error err = {0};
    struct csc_buf text = {0};
    int only = 0;

    (void)state;
    csc_buf_putc(&text, '"');
    for (int i = 0; i < 1000; i++)
        csc_buf_puts(&text, "\\u001b");
    csc_buf_putc(&text, '"');
    assert_int_equal(decode(&arena, text.data, &only_shape, &only, &err), -CSC_E_DATA);
    assert_non_null(strstr(err.text, "...' is not accepted; use only"));

    struct thing thing = {0};
    err = (struct csc_error){0};
    csc_buf_free(&text);
    csc_buf_puts(&text, "{\"id\":\"ab\",\"part\":{\"name\":\"p\",\"");
    for (int i = 0; i < 1000; i++)
        csc_buf_puts(&text, "\xf0\x9f\x98\x80");
    csc_buf_puts(&text, "\":1}}");
    assert_int_equal(decode(&arena, text.data, &thing_shape, &thing, &err), -CSC_E_DATA);
    assert_memory_equal(err.field, "part.\xf0\x9f\x98\x80", 9);
    assert_string_equal(err.field + strlen(err.field) - 3, "...");
    csc_buf_free(&text);
    csc_arena_free(&arena);
}

/* The position in an error that is there already stays. */
static void an_earlier_error_stays(void **state)
{
    struct csc_arena arena = {0};
    struct csc_error err = {0};
    struct thing thing = {0};
    const struct csc_value value = {.type = CSC_NULL, .line = 9, .column = 9};

    (void)state;
    (void)csc_fail_at(&err, 1, 2, "first");
    assert_int_equal(csc_decode(&arena, &value, &thing_shape, &thing, &err), -CSC_E_DATA);
    assert_int_equal(err.line, 1);
    assert_string_equal(err.text, "first");
    assert_int_equal(csc_decode(&arena, &value, &thing_shape, &thing, NULL), -CSC_E_DATA);
    csc_arena_free(&arena);
}

static void shared_conditions(void **state)
{
    static const struct {
        const char *string;
        bool hex;
    } cases[] = {
        {"0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789abcdef", true},
        {"0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789abcde", false},
        {"0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789abcdef0", false},
        {"0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789abcdeg", false},
        {"", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_int_equal(csc_is_sha256_hex(cases[i].string), cases[i].hex);
}

/* Many items: unique or not is found in time that does not grow with their square. */
static void many_unique_items(void **state)
{
    struct csc_arena arena = {0};
    struct csc_error err = {0};
    struct csc_list list = {0};
    struct csc_buf text = {0};

    (void)state;
    for (int i = 0; i < 50000; i++)
        csc_buf_printf(&text, "%c\"w%d\"", i ? ',' : '[', i);
    csc_buf_puts(&text, "]");
    assert_int_equal(decode(&arena, text.data, &words_shape, &list, &err), 0);
    assert_int_equal(list.count, 50000);
    text.size--;
    csc_buf_puts(&text, ",\"w7\"]");
    assert_int_equal(decode(&arena, text.data, &words_shape, &list, &err), -CSC_E_DATA);
    assert_string_equal(err.field, "[50000]");
    csc_buf_free(&text);
    csc_arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_arrives),
        cmocka_unit_test(what_is_absent_stays_zero),
        cmocka_unit_test(every_refusal_says_where_and_what),
        cmocka_unit_test(hostile_values_leave_room_for_the_advice),
        cmocka_unit_test(an_earlier_error_stays),
        cmocka_unit_test(shared_conditions),
        cmocka_unit_test(many_unique_items),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
