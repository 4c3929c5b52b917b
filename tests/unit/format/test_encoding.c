/* SPDX-License-Identifier: Apache-2.0 */
/* Base64, hexadecimal, SHA-256, date-times, and building trees. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "format/format.h"

/* RFC 4648 section 10, and one with every bit set. */
static const struct {
    const char *bytes, *text;
} base64_pairs[] = {
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
    {"\xff\xff\xff\xfb\xef\xbe", "////++++"},
};

static const struct {
    const char *text;
    size_t size; /* of the bytes expected */
} base64_refused[] = {
    {"Zh==", 1},   {"Zm9=", 2},                /* trailing bits */
    {"Zg=", 1},    {"Zg", 1},    {"Zg===", 1}, /* padding */
    {"Z===", 1},   {"====", 1},  {"=Zg=", 1},  {"Zm=v", 2},    {"Zm9vYg==Zm9v", 7}, {"Zm8", 2},
    {"Zm9v\n", 3}, {" Zm9v", 3}, {"Zm 9v", 3}, {"Zm9v ", 3},   {"Zm\n9", 2},   /* white space */
    {"----", 3},   {"____", 3},  {"Zm9!", 3},  {"Zm9\x80", 3}, {"Zm9\xc3", 3}, /* other alphabets */
    {"Zm9v", 2},   {"Zm9v", 4},  {"", 1},      {"Zg==", 0},    {"Zg==", 2},    /* other sizes */
};

static void base64_both_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(base64_pairs); i++) {
        struct csc_buf text = {0};
        uint8_t bytes[16] = {0};
        size_t size = strlen(base64_pairs[i].bytes);

        csc_buf_puts(&text, ">");
        csc_base64_encode(&text, (const uint8_t *)base64_pairs[i].bytes, size);
        assert_string_equal(text.data + 1, base64_pairs[i].text);
        assert_int_equal(text.size, strlen(text.data));
        assert_true(csc_base64_decode(text.data + 1, text.size - 1, bytes, size));
        assert_memory_equal(bytes, base64_pairs[i].bytes, size);
        csc_buf_free(&text);
    }
}

static void base64_has_one_text_for_one_value(void **state)
{
    uint8_t bytes[16];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(base64_refused); i++)
        if (csc_base64_decode(base64_refused[i].text, strlen(base64_refused[i].text), bytes, base64_refused[i].size))
            fail_msg("accepted: %s", base64_refused[i].text);
    assert_false(csc_base64_decode("Zm\0v", 4, bytes, 3));
    /* The last character before the padding carries four bits, and two that must be zero: 16 characters may stand
     * there, whatever is tried. */
    int accepted = 0;
    for (int c = 0; c < 256; c++)
        accepted += csc_base64_decode((char[]){'Z', 'm', (char)c, '='}, 4, bytes, 2);
    assert_int_equal(accepted, 16);
    accepted = 0;
    for (int c = 0; c < 256; c++)
        accepted += csc_base64_decode((char[]){'Z', (char)c, '9', 'v'}, 4, bytes, 3);
    assert_int_equal(accepted, 64);
}

/* FIPS 180-4 examples. */
static void sha256_of_known_texts(void **state)
{
    struct sha256_ctx context;
    char hex[CSC_SHA256_HEX];

    (void)state;
    csc_sha256_hex("", 0, hex);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    csc_sha256_hex("abc", 3, hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    sha256_init(&context);
    sha256_update(&context, 1, (const uint8_t *)"a");
    sha256_update(&context, 2, (const uint8_t *)"bc");
    csc_sha256_finish_hex(&context, hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    csc_sha256_finish_hex(&context, hex); /* begins anew */
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    csc_hex((const uint8_t *)"\x00\x7f\xff", 3, hex);
    assert_string_equal(hex, "007fff");
}

#define AT(seconds, micros) (INT64_C(seconds) * CSC_SECOND + (micros))

static const struct {
    const char *text;
    int64_t time;
} times[] = {
    {"1970-01-01T00:00:00Z", 0},
    {"1970-01-01T00:00:00", 0},
    {"1970-01-01t00:00:00z", 0},
    {"1970-01-01T00:00:00-00:00", 0},
    {"2026-03-20T10:00:00Z", AT(1774000800, 0)},
    {"2026-03-20T10:00:00.000000+00:00", AT(1774000800, 0)},
    {"2026-03-20T12:30:00+02:30", AT(1774000800, 0)},
    {"2026-03-20T00:00:00-10:00", AT(1774000800, 0)},
    {"2026-03-19T10:01:00-23:59", AT(1774000800, 0)},
    {"2026-03-20T10:00:00.5Z", AT(1774000800, 500000)},
    {"2026-03-20T10:00:00.000001", AT(1774000800, 1)},
    {"2026-03-20T10:00:00.123456789Z", AT(1774000800, 123456)},
    {"1969-12-31T23:59:59.999999Z", -1},
    {"2024-02-29T00:00:00Z", AT(1709164800, 0)},
    {"2000-02-29T00:00:00Z", AT(951782400, 0)},
    {"0001-01-01T00:00:00Z", AT(-62135596800, 0)},
    {"9999-12-31T23:59:59.999999Z", AT(253402300799, 999999)},
};

static const char *const no_times[] = {
    "",
    "2026",
    "2026-03-20",
    "2026-03-20T",
    "2026-03-20T10:00",
    "2026-03-20T10:00Z",
    "2026-03-20 10:00:00Z",
    "2026-3-20T10:00:00Z",
    "26-03-20T10:00:00Z",
    "02026-03-20T10:00:00Z",
    "+2026-03-20T10:00:00Z",
    "-026-03-20T10:00:00Z",
    "0000-01-01T00:00:00Z",
    "2026-00-20T10:00:00Z",
    "2026-13-20T10:00:00Z",
    "2026-03-00T10:00:00Z",
    "2026-03-32T10:00:00Z",
    "2026-02-29T10:00:00Z",
    "1900-02-29T10:00:00Z",
    "2026-04-31T10:00:00Z",
    "2026-03-20T24:00:00Z",
    "2026-03-20T10:60:00Z",
    "2026-03-20T10:00:60Z",
    "2026-03-20T10:00:00.Z",
    "2026-03-20T10:00:00,5Z",
    "2026-03-20T10:00:00.1234567890Z",
    "2026-03-20T10:00:00Zz",
    "2026-03-20T10:00:00Z ",
    " 2026-03-20T10:00:00Z",
    "2026-03-20T10:00:00 Z",
    "2026-03-20T10:00:00+0100",
    "2026-03-20T10:00:00+01",
    "2026-03-20T10:00:00+1:00",
    "2026-03-20T10:00:00+24:00",
    "2026-03-20T10:00:00+01:60",
    "2026-03-20T10:00:00+01:00:00",
    "2026-03-20T10:00:00Z+01:00",
    "2026-03-20T10:00:00\xe2\x88\x92"
    "01:00",
    "20260320T100000Z",
    "2026-W12-5T10:00:00Z",
    "2026-079T10:00:00Z",
    "\xef\xbc\x92"
    "026-03-20T10:00:00Z",
};

static void date_times_are_read_exactly(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
        int64_t time = -42;
        if (!csc_time_parse(times[i].text, &time) || time != times[i].time)
            fail_msg("%s: %lld", times[i].text, (long long)time);
        assert_true(csc_is_date_time(times[i].text));
    }
    for (size_t i = 0; i < ARRAY_SIZE(no_times); i++) {
        int64_t time = -42;
        if (csc_time_parse(no_times[i], &time))
            fail_msg("accepted: %s", no_times[i]);
        assert_int_equal(time, -42);
        assert_false(csc_is_date_time(no_times[i]));
    }
}

static void date_times_are_written_in_one_form(void **state)
{
    static const struct {
        int64_t time;
        const char *text;
    } cases[] = {
        {0, "1970-01-01T00:00:00.000000+00:00"},
        {1, "1970-01-01T00:00:00.000001+00:00"},
        {-1, "1969-12-31T23:59:59.999999+00:00"},
        {-CSC_SECOND, "1969-12-31T23:59:59.000000+00:00"},
        {AT(1774000800, 123456), "2026-03-20T10:00:00.123456+00:00"},
        {AT(-62135596800, 0), "0001-01-01T00:00:00.000000+00:00"},
        {AT(253402300799, 999999), "9999-12-31T23:59:59.999999+00:00"},
    };
    char text[CSC_TIME_TEXT];
    int64_t again;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        csc_time_format(cases[i].time, text);
        assert_string_equal(text, cases[i].text);
        assert_true(csc_time_parse(text, &again) && again == cases[i].time);
    }
    /* Whatever the clock says, the text has its width. */
    csc_time_format(INT64_MAX, text);
    assert_int_equal(strlen(text), CSC_TIME_TEXT - 1);
    csc_time_format(INT64_MIN, text);
    assert_int_equal(strlen(text), CSC_TIME_TEXT - 1);
    csc_time_format(csc_time_now(), text);
    assert_true(csc_time_parse(text, &again));
    assert_true(csc_time_now() - again < 3600 * CSC_SECOND);
}

static void objects_are_built_in_canonical_order(void **state)
{
    struct csc_arena arena = {0};
    struct csc_object object;
    struct csc_value value, inner;
    struct csc_buf text = {0};

    (void)state;
    csc_object_begin(&object, &arena, 0);
    assert_int_equal(csc_object_end(&object, &inner, NULL), 0);
    csc_object_begin(&object, &arena, 5);
    csc_object_string(&object, "z", "\xc3\xa9\n");
    csc_object_int(&object, "b", INT64_MIN);
    csc_object_bool(&object, "a", false);
    csc_object_value(&object, "aa", inner);
    csc_object_strings(&object, &arena, "m", (const char *const[]){"y", "x"}, 2);
    assert_int_equal(csc_object_end(&object, &value, NULL), 0);
    csc_canon_write(&text, &value);
    assert_string_equal(text.data,
                        "{\"a\":false,\"aa\":{},\"b\":-9223372036854775808,\"m\":[\"y\",\"x\"],\"z\":\"\xc3\xa9\\n\"}");
    csc_buf_free(&text);
    csc_arena_free(&arena);
}

static void objects_that_cannot_be_built(void **state)
{
    struct csc_arena arena = {0};
    struct csc_object object;
    struct csc_value value = {.type = CSC_BOOL};
    struct csc_error err = {0};

    (void)state;
    csc_object_begin(&object, &arena, 2);
    csc_object_int(&object, "a", 1);
    csc_object_int(&object, "a", 2);
    assert_int_equal(csc_object_end(&object, &value, &err), -CSC_E_INTERNAL);
    csc_object_begin(&object, &arena, 1);
    csc_object_int(&object, "a", 1);
    csc_object_int(&object, "b", 2);
    assert_int_equal(csc_object_end(&object, &value, NULL), -CSC_E_INTERNAL);
    csc_object_begin(&object, &arena, SIZE_MAX);
    assert_int_equal(csc_object_end(&object, &value, NULL), -CSC_E_INTERNAL);
    assert_int_equal(value.type, CSC_BOOL);
    csc_arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64_both_ways),
        cmocka_unit_test(base64_has_one_text_for_one_value),
        cmocka_unit_test(sha256_of_known_texts),
        cmocka_unit_test(date_times_are_read_exactly),
        cmocka_unit_test(date_times_are_written_in_one_form),
        cmocka_unit_test(objects_are_built_in_canonical_order),
        cmocka_unit_test(objects_that_cannot_be_built),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
