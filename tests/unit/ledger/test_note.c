/* SPDX-License-Identifier: Apache-2.0 */
/* Notes and the keys that sign them: what is read, what is refused, whose word counts. */
#include "samples.h"

#define TEXT "Two lines,\n\none of them empty.\n"
#define TEXT_BY_LOG                                                                                                    \
    DASH LOG " zHFGcDfwqzQgqnkBuFat5etMrnQF2PfrYn/4+N6EdAGyysMLjaDauDrfcg2G900unkqi4Oh7KijH7Wm4hh9hyokXTgo=\n"
#define TEXT_BY_WITNESS                                                                                                \
    DASH "witness.example "                                                                                            \
         "N20mILnorL5di5hwZVDGB/ydJpExLC/7pgEVX3oK90F7rk0Uo0am1mFmaN9FQ3bkF1zghnmc6vIhwRjyo8g8zqz7hwc=\n"
#define SHORT DASH "name AAAAAAA=\n" /* an id and a byte */

static int parse(const char *text, struct csc_note *note, struct csc_error *err)
{
    return csc_note_parse(text, strlen(text), 1, note, err);
}

static void a_note_is_taken_apart(void **state)
{
    struct csc_note note = {0};

    (void)state;
    assert_int_equal(parse(TEXT "\n" TEXT_BY_LOG BY_OTHER_KIND SHORT, &note, NULL), 0);
    assert_int_equal(note.text_size, strlen(TEXT));
    assert_memory_equal(note.text, TEXT, strlen(TEXT));
    assert_int_equal(note.count, 3);
    assert_int_equal(note.signatures[0].name_size, strlen(LOG));
    assert_memory_equal(note.signatures[0].name, LOG, strlen(LOG));
    assert_memory_equal(note.signatures[0].id, "\xcc\x71\x46\x70", 4);
    assert_true(note.signatures[0].is_ed25519);
    assert_memory_equal(note.signatures[1].id, "\1\2\3\4", 4);
    assert_false(note.signatures[1].is_ed25519);
    assert_false(note.signatures[2].is_ed25519);
}

/* Texts that look like the end of one. */
static void the_last_empty_line_parts_it(void **state)
{
    static const char *const texts[] = {"\n", "a\n\n", "a\n\n\n", TEXT, "a\n\n" SHORT, "\xC3\xA9\x7F\n"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct csc_note note = {0};
        char bytes[200];
        (void)snprintf(bytes, sizeof(bytes), "%s\n" SHORT, texts[i]);
        assert_int_equal(parse(bytes, &note, NULL), 0);
        assert_int_equal(note.text_size, strlen(texts[i]));
        assert_int_equal(note.count, 1);
    }
}

static void bad_notes_are_refused(void **state)
{
    static const struct {
        const char *text;
        unsigned line;
        const char *words;
    } rows[] = {
        {"", 1, "is empty"},
        {"a", 1, "no newline at the end"},
        {"a\n\n" DASH "name AAAAAAA=", 3, "no newline at the end; was the text cut off?"},
        {"a\n", 1, "no text with an empty line"},
        {"a\n" SHORT, 1, "no text with an empty line"},
        {"\n" SHORT, 1, "no text with an empty line"},
        {"a\n\n", 3, "no signature after the empty line"},
        {"a\n\n" SHORT "\n", 5, "no signature after the empty line"},
        {"a\n\nb\n", 3, "must be a signature"},
        {"a\n\n- name AAAAAAA=\n", 3, "U+2014"},
        {"a\n\n\xE2\x80\x94name AAAAAAA=\n", 3, "must be a signature"},
        {"a\n\n\xE2\x80\x93 name AAAAAAA=\n", 3, "must be a signature"},
        {"a\n\n" SHORT "more\n", 4, "must be a signature"},
        {"a\n\n " SHORT, 3, "must be a signature"},
        {"a\n\n" DASH "AAAAAAA=\n", 3, "the name of a signature's key"},
        {"a\n\n" DASH " AAAAAAA=\n", 3, "the name of a signature's key"},
        {"a\n\n" DASH "a+b AAAAAAA=\n", 3, "the name of a signature's key"},
        {"a\n\n" DASH "a\xC2\xA0"
         "b AAAAAAA=\n",
         3, "the name of a signature's key"},
        {"a\n\n" DASH "\xE3\x80\x80 AAAAAAA=\n", 3, "the name of a signature's key"},
        {"a\n\n" DASH "name \n", 3, "strict base64"},
        {"a\n\n" DASH "name AAAAAA==\n", 3, "strict base64 of 5 to"}, /* nothing but the id */
        {"a\n\n" DASH "name AAAAAAA\n", 3, "strict base64"},
        {"a\n\n" DASH "name AAAAAAB=\n", 3, "strict base64"}, /* trailing bits */
        {"a\n\n" DASH "name AAAAAAA= \n", 3, "strict base64"},
        {"a\n\n" DASH "name  AAAAAAA=\n", 3, "strict base64"},
        {"a\n\n" DASH "name AAAA_AA=\n", 3, "strict base64"},
        {"a\n\n" DASH "name ====\n", 3, "strict base64"},
        {"a\n\n" DASH "name AAAAAAA= more\n", 3, "strict base64"},
        {"a\r\n\r\n" SHORT, 1, "a control character, U+000D"},
        {"a\n\n" DASH "name AAAAAAA=\r\n", 3, "a control character, U+000D"},
        {"a\tb\n\n" SHORT, 1, "a control character, U+0009"},
        {"a\n\x1b[31m\n\n" SHORT, 2, "a control character, U+001B"},
        {"a\n\xff\n\n" SHORT, 2, "invalid UTF-8"},
        {"a\n\n\xC0\xAE\n", 3, "invalid UTF-8"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct csc_error err = {0};
        struct csc_note note = {.count = 99};
        int r = parse(rows[i].text, &note, &err);
        assert_refused(r, &err, rows[i].line, rows[i].words);
        assert_int_equal(note.count, 99);
    }
}

static void lines_are_counted_from_the_files_beginning(void **state)
{
    struct csc_error err = {0};
    struct csc_note note;

    (void)state;
    assert_refused(csc_note_parse("a\nb\n\nc\n", 7, 10, &note, &err), &err, 13, "must be a signature");
    err = (struct csc_error){0};
    assert_refused(csc_note_parse("a\0b\n\n" SHORT, 5 + strlen(SHORT), 10, &note, &err), &err, 10, "U+0000");
    assert_int_equal(err.column, 2);
}

/* `count` times the line, then `tail`. */
static struct csc_buf repeated(const char *head, const char *line, size_t count, const char *tail)
{
    struct csc_buf text = {0};

    csc_buf_puts(&text, head);
    for (size_t i = 0; i < count; i++)
        csc_buf_puts(&text, line);
    csc_buf_puts(&text, tail);
    assert_false(text.failed);
    return text;
}

static void notes_have_limits(void **state)
{
    static const struct {
        const char *head, *line;
        size_t count;
        const char *tail, *words; /* NULL: within them */
        unsigned at;
    } rows[] = {
        {"a\n\n", SHORT, CSC_NOTE_SIGNATURES_MAX, "", NULL, 0},
        {"a\n\n", SHORT, CSC_NOTE_SIGNATURES_MAX + 1, "", "more than 64 signatures", 3 + CSC_NOTE_SIGNATURES_MAX},
        {"a\n\n" DASH, "n", CSC_NOTE_NAME_MAX, " AAAAAAA=\n", NULL, 0},
        {"a\n\n" DASH, "n", CSC_NOTE_NAME_MAX + 1, " AAAAAAA=\n", "1 to 255 bytes", 3},
        {"a\n\n" DASH "n ", "AAAA", CSC_NOTE_SIGNATURE_BYTES_MAX / 3, "\n", NULL, 0},
        {"a\n\n" DASH "n ", "AAAA", CSC_NOTE_SIGNATURE_BYTES_MAX / 3, "AA==\n", "5 to 6144 bytes", 3},
        {"", "a", CSC_NOTE_BYTES_MAX - sizeof("\n\n" SHORT) + 1, "\n\n" SHORT, NULL, 0},
        {"", "a", CSC_NOTE_BYTES_MAX - sizeof("\n\n" SHORT) + 2, "\n\n" SHORT, "larger than the 262144 bytes", 1},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct csc_buf text = repeated(rows[i].head, rows[i].line, rows[i].count, rows[i].tail);
        struct csc_error err = {0};
        struct csc_note note;
        int r = csc_note_parse(text.data, text.size, 1, &note, &err);
        if (rows[i].words)
            assert_refused(r, &err, rows[i].at, rows[i].words);
        else
            assert_int_equal(r, 0);
        csc_buf_free(&text);
    }
}

static void known_keys_decide(void **state)
{
    static const char name_and_id[] = DASH LOG " zHFGcAAA\n"; /* of the log's key, but no Ed25519 signature */
    static const struct {
        const char *signatures;
        const char *keys[2];
        const char *words; /* NULL: valid */
    } rows[] = {
        {TEXT_BY_LOG, {KEY}, NULL},
        {TEXT_BY_WITNESS TEXT_BY_LOG, {KEY}, NULL},
        {TEXT_BY_LOG TEXT_BY_LOG, {KEY}, NULL},
        {TEXT_BY_LOG, {KEY, WITNESS_KEY}, NULL},
        {TEXT_BY_LOG, {WITNESS_KEY, KEY}, NULL},
        {TEXT_BY_LOG BY_OTHER_KIND, {KEY}, NULL},
        {TEXT_BY_LOG, {WITNESS_KEY}, "no signature by the key 'witness.example'"},
        {BY_OTHER_KIND SHORT, {KEY}, "no signature by the key '" LOG "'"},
        {BY_OTHER_KIND, {KEY, WITNESS_KEY}, "no signature by any of the known keys"},
        /* The signature of another text: wrong even where another one is right. */
        {BY_LOG, {KEY}, "the signature under the name '" LOG "' is wrong"},
        {TEXT_BY_LOG BY_LOG, {KEY}, "is wrong"},
        {TEXT_BY_LOG BY_WITNESS, {KEY, WITNESS_KEY}, "'witness.example' is wrong"},
        {TEXT_BY_LOG BY_WITNESS, {KEY}, NULL}, /* nobody knows */
        {TEXT_BY_LOG, {NULL}, "no signature by any"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct csc_note_key keys[2];
        struct csc_error err = {0};
        struct csc_note note;
        size_t count = 0;
        char bytes[1000];
        for (; count < 2 && rows[i].keys[count]; count++)
            keys[count] = note_key(rows[i].keys[count]);
        (void)snprintf(bytes, sizeof(bytes), TEXT "\n%s", rows[i].signatures);
        assert_int_equal(parse(bytes, &note, NULL), 0);
        int r = csc_note_verify(&note, keys, count, &err);
        assert_int_equal(r, rows[i].words ? -CSC_E_INVALID : 0);
        if (rows[i].words && !strstr(err.text, rows[i].words))
            fail_msg("'%s' does not say '%s'", err.text, rows[i].words);
    }
    struct csc_note note;
    struct csc_note_key key = note_key(KEY);
    struct csc_buf text = repeated(TEXT "\n", name_and_id, 1, TEXT_BY_LOG);
    assert_int_equal(csc_note_parse(text.data, text.size, 1, &note, NULL), 0);
    assert_int_equal(csc_note_verify(&note, &key, 1, NULL), -CSC_E_INVALID);
    csc_buf_free(&text);
}

/* Name and id together say which key it was: one of them alone makes no key known. */
static void half_a_key_is_unknown(void **state)
{
    struct csc_note_key key = note_key(KEY), other = key;
    struct csc_error err = {0};
    struct csc_note note;

    (void)state;
    assert_int_equal(parse(TEXT "\n" TEXT_BY_LOG, &note, NULL), 0);
    other.id[3] ^= 1;
    assert_int_equal(csc_note_verify(&note, &other, 1, &err), -CSC_E_INVALID);
    assert_non_null(strstr(err.text, "no signature by"));
    other = key;
    other.name[0] = 'E';
    err = (struct csc_error){0};
    assert_int_equal(csc_note_verify(&note, &other, 1, &err), -CSC_E_INVALID);
    assert_non_null(strstr(err.text, "no signature by"));
    other = key;
    other.public.bytes[0] ^= 1;
    err = (struct csc_error){0};
    assert_int_equal(csc_note_verify(&note, &other, 1, &err), -CSC_E_INVALID);
    assert_non_null(strstr(err.text, "is wrong"));
}

static void any_change_of_the_text_is_noticed(void **state)
{
    struct csc_note_key key = note_key(KEY);
    char bytes[] = TEXT "\n" TEXT_BY_LOG;
    struct csc_note note;

    (void)state;
    for (size_t i = 0; i < strlen(TEXT); i++) {
        bytes[i] ^= 1;
        if (parse(bytes, &note, NULL) == 0)
            assert_int_equal(csc_note_verify(&note, &key, 1, NULL), -CSC_E_INVALID);
        bytes[i] ^= 1;
    }
    assert_int_equal(parse(bytes, &note, NULL), 0);
    assert_int_equal(csc_note_verify(&note, &key, 1, NULL), 0);
}

static void keys_survive_being_written(void **state)
{
    static const char *const texts[] = {KEY, WITNESS_KEY};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct csc_note_key key = note_key(texts[i]), again;
        _cleanup_buf_ struct csc_buf text = {0};
        csc_note_key_write(&text, &key);
        assert_string_equal(text.data, texts[i]);
        csc_buf_putc(&text, '\n');
        assert_int_equal(csc_note_key_parse(text.data, text.size, &again, NULL), 0);
        assert_memory_equal(&again, &key, sizeof(key));
        assert_int_equal(csc_note_key_make(key.name, &key.public, &again, NULL), 0);
        assert_memory_equal(&again, &key, sizeof(key));
    }
}

static void bad_keys_are_refused(void **state)
{
    static const struct {
        const char *text, *words;
    } rows[] = {
        {"", "not the key of a log"},
        {"\n", "not the key of a log"},
        {LOG, "not the key of a log"},
        {LOG "+", "not the key of a log"},
        {LOG "+cc714670", "not the key of a log"},
        {LOG "+cc714670+", "base64 of 33 bytes"},
        {LOG "+cc71467+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea", "not the key of a log"},
        {"+cc714670+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea", "not the key of a log"},
        {" " KEY, "not the key of a log"},
        {KEY " ", "base64"},
        {KEY "\n\n", "base64"},
        {KEY "\r\n", "base64"},
        {KEY "AAAA", "base64"},
        {LOG "+CC714670+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea", "the id of this name and key is cc714670"},
        {LOG "+cc714671+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea", "the id of this name and key is cc714670"},
        {"example.com/lof+cc714670+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea", "the id of this name"},
        {LOG "+a740d55c+BNdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea", "signatures of type 4; only Ed25519"},
        {LOG "+a3ad76db+AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "of small order"},
        {LOG "+d3ca1e8e+AQEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "of small order"},
        {LOG "+6a1a159c+Ae7///////////////////////////////////////9/", "malformed"},
        {"\x1b[31m+cc714670+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea", "not the key of a log"},
        {"\xff+cc714670+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea", "not the key of a log"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct csc_note_key key = {.name = "as it was"};
        struct csc_error err = {0};
        assert_refused(csc_note_key_parse(rows[i].text, strlen(rows[i].text), &key, &err), &err, 0, rows[i].words);
        assert_string_equal(key.name, "as it was");
    }
    struct csc_note_key key;
    struct csc_error err = {0};
    struct csc_buf text = repeated("", "a", CSC_NOTE_KEY_TEXT_MAX + 1, "");
    assert_refused(csc_note_key_parse(text.data, text.size, &key, &err), &err, 0, "larger than the 512 bytes");
    err = (struct csc_error){0};
    assert_refused(csc_note_key_parse(NULL, 0, &key, &err), &err, 0, "not the key of a log");
    csc_buf_free(&text);
}

static void names_are_checked(void **state)
{
    static const struct {
        const char *name;
        bool valid;
    } rows[] = {
        {"a", true},
        {"example.com/log", true},
        {"\xC3\xA9t\xC3\xA9", true},
        {"a\xE2\x80\x8B"
         "b",
         true},
        {"", false},
        {"a b", false},
        {"a+b", false},
        {" a", false},
        {"a\n", false},
        {"a\tb", false},
        {"\xC2\x85", false},
        {"a\xE2\x80\x89", false},
        {"\xE2\x80\xA8", false},
        {"\xE1\x9A\x80", false},
        {"\xFF", false},
        {"a\xC3", false},
    };
    struct csc_note_key key, known = note_key(KEY);

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        assert_int_equal(csc_note_name_valid(rows[i].name, strlen(rows[i].name)), rows[i].valid);
        assert_int_equal(csc_note_key_make(rows[i].name, &known.public, &key, NULL), rows[i].valid ? 0 : -CSC_E_USAGE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_note_is_taken_apart),      cmocka_unit_test(the_last_empty_line_parts_it),
        cmocka_unit_test(bad_notes_are_refused),      cmocka_unit_test(lines_are_counted_from_the_files_beginning),
        cmocka_unit_test(notes_have_limits),          cmocka_unit_test(known_keys_decide),
        cmocka_unit_test(half_a_key_is_unknown),      cmocka_unit_test(any_change_of_the_text_is_noticed),
        cmocka_unit_test(keys_survive_being_written), cmocka_unit_test(bad_keys_are_refused),
        cmocka_unit_test(names_are_checked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
