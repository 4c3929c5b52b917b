/* SPDX-License-Identifier: Apache-2.0 */
/* Checkpoints, and files that prove an entry. */
#include "samples.h"

#define ROOT "mMl/C6MXXNCLAx3QhLncTmSbZNGijm6mlGRlAxc6tYc=\n"
#define HASH "3QN52DrH8WTn7qMM3O+1dQglTEj3Zq/M09l2Nl4yjMw=\n"
#define EMPTY_SIGNATURE "\n" DASH "name AAAAAAA=\n"

/* The same checkpoint with one line more, and one of another log, both signed by the key of this one. */
#define EXTENDED                                                                                                       \
    CHECKPOINT_TEXT "an extension\n\n" DASH LOG                                                                        \
                    " zHFGcBTL8UuofRy+sprjjZJFtsQl/MLRfRqKYDf+CKarUIwBbx1pWlQ5Z52V9BuME7TSb4BmPGNnQ5IB12o9MwFZ4wE=\n"
#define OF_OTHER_LOG                                                                                                   \
    "example.com/other\n7\n" ROOT "\n" DASH LOG                                                                        \
    " zHFGcItDwq+vAtLp1TbqA5ElbQCJ79YlsS9uwldTSoa4lk454mTkaUlb9/0Kr1k4hlhEaaojGhpR7WR4ujrPD+PshAQ=\n"

static int parse_checkpoint(const char *text, struct csc_note *note, struct csc_checkpoint *checkpoint,
                            struct csc_error *err)
{
    int r = csc_note_parse(text, strlen(text), 1, note, err);

    return r < 0 ? r : csc_checkpoint_parse(note, checkpoint, err);
}

static void a_checkpoint_is_read(void **state)
{
    static const char *const texts[] = {CHECKPOINT, EXTENDED, CHECKPOINT BY_WITNESS BY_OTHER_KIND};
    struct csc_note_key key = note_key(KEY);
    struct csc_error err = {0};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct csc_checkpoint checkpoint = {0};
        struct csc_note note;
        char root[CSC_SHA256_HEX];
        assert_int_equal(parse_checkpoint(texts[i], &note, &checkpoint, &err), 0);
        assert_string_equal(checkpoint.origin, LOG);
        assert_int_equal(checkpoint.head.size, 7);
        csc_hex(checkpoint.head.root.bytes, CSC_SHA256_BYTES, root);
        assert_string_equal(root, "98c97f0ba3175cd08b031dd084b9dc4e649b64d1a28e6ea694646503173ab587");
        assert_int_equal(csc_checkpoint_verify(&checkpoint, &note, &key, &err), 0);
    }
}

static void sizes_have_one_form(void **state)
{
    static const struct {
        const char *size;
        uint64_t value;
        bool valid;
    } rows[] = {
        {"0", 0, true},
        {"10", 10, true},
        {"9223372036854775807", CSC_MERKLE_SIZE_MAX, true},
        {"9223372036854775808", 0, false},
        {"18446744073709551616", 0, false},
        {"99999999999999999999999999", 0, false},
        {"", 0, false},
        {"00", 0, false},
        {"07", 0, false},
        {"+7", 0, false},
        {"-0", 0, false},
        {" 7", 0, false},
        {"7 ", 0, false},
        {"0x7", 0, false},
        {"7.0", 0, false},
        {"\xD9\xA7", 0, false}, /* a seven, but not ASCII's */
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct csc_checkpoint checkpoint = {.head.size = 99};
        struct csc_error err = {0};
        struct csc_note note;
        char text[300];
        (void)snprintf(text, sizeof(text), "a\n%s\n" ROOT EMPTY_SIGNATURE, rows[i].size);
        int r = parse_checkpoint(text, &note, &checkpoint, &err);
        if (!rows[i].valid)
            assert_refused(r, &err, 2, "the size of the tree");
        else
            assert_int_equal(r, 0);
        assert_int_equal(checkpoint.head.size, rows[i].valid ? rows[i].value : 99);
    }
}

static void bad_checkpoints_are_refused(void **state)
{
    static const struct {
        const char *text;
        unsigned line;
        const char *words;
    } rows[] = {
        {"\n7\n" ROOT EMPTY_SIGNATURE, 1, "the checkpoint's origin"},
        {"a\n" EMPTY_SIGNATURE, 1, "the size of the tree"},
        {"a\n7\n" EMPTY_SIGNATURE, 2, "after the size must be the root"},
        {"a\n7\n\n" ROOT EMPTY_SIGNATURE, 3, "the root, strict base64 of 32 bytes"},
        {"a\n7\nmMl/C6MXXNCLAx3QhLncTmSbZNGijm6mlGRlAxc6tYc\n" EMPTY_SIGNATURE, 3, "the root"},
        {"a\n7\nmMl/C6MXXNCLAx3QhLncTmSbZNGijm6mlGRlAxc6tYd=\n" EMPTY_SIGNATURE, 3, "the root"}, /* trailing bits */
        {"a\n7\nmMl/C6MXXNCLAx3QhLncTmSbZNGijm6mlGRlAxc6tQ==\n" EMPTY_SIGNATURE, 3, "the root"},
        {"a\n7\n " ROOT EMPTY_SIGNATURE, 3, "the root"},
        {"a\n7\n" ROOT "\nb\n" EMPTY_SIGNATURE, 4, "may be empty"},
        {"a\n7\n" ROOT "b\n\n" EMPTY_SIGNATURE, 5, "may be empty"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct csc_checkpoint checkpoint;
        struct csc_error err = {0};
        struct csc_note note;
        int r = parse_checkpoint(rows[i].text, &note, &checkpoint, &err);
        assert_refused(r, &err, rows[i].line, rows[i].words);
    }
    struct csc_checkpoint checkpoint;
    struct csc_error err = {0};
    struct csc_note note;
    char text[400];
    (void)snprintf(text, sizeof(text), "%0*d\n7\n" ROOT EMPTY_SIGNATURE, CSC_NOTE_NAME_MAX + 1, 0);
    assert_refused(parse_checkpoint(text, &note, &checkpoint, &err), &err, 1, "1 to 255 bytes");
    (void)snprintf(text, sizeof(text), "%0*d\n7\n" ROOT EMPTY_SIGNATURE, CSC_NOTE_NAME_MAX, 0);
    assert_int_equal(parse_checkpoint(text, &note, &checkpoint, NULL), 0);
}

static void a_checkpoint_is_only_its_own_logs(void **state)
{
    static const struct {
        const char *text, *key, *words;
    } rows[] = {
        {CHECKPOINT, WITNESS_KEY, "a checkpoint of the log '" LOG "', not of 'witness.example'"},
        /* A witness has signed it, and the log has not. */
        {CHECKPOINT_TEXT "\n" BY_WITNESS, WITNESS_KEY, "a checkpoint of the log"},
        {CHECKPOINT_TEXT "\n" BY_WITNESS, KEY, "no signature by the key '" LOG "'"},
        {OF_OTHER_LOG, KEY, "a checkpoint of the log 'example.com/other', not of '" LOG "'"},
        {LOG "\n8\n" ROOT "\n" BY_LOG, KEY, "is wrong"},
        {CHECKPOINT_TEXT "more\n\n" BY_LOG, KEY, "is wrong"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct csc_note_key key = note_key(rows[i].key);
        struct csc_checkpoint checkpoint;
        struct csc_error err = {0};
        struct csc_note note;
        assert_int_equal(parse_checkpoint(rows[i].text, &note, &checkpoint, NULL), 0);
        assert_int_equal(csc_checkpoint_verify(&checkpoint, &note, &key, &err), -CSC_E_INVALID);
        assert_string_equal(err.stage, "ledger");
        if (!strstr(err.text, rows[i].words))
            fail_msg("'%s' does not say '%s'", err.text, rows[i].words);
    }
}

/* ---- proofs ------------------------------------------------------------------------------------------------- */

static void a_proof_verifies(void **state)
{
    static const char *const texts[] = {
        PROOF,
        PROOF_HEAD "extra AAAA\nindex 6\n" PATH_6 "\n" CHECKPOINT BY_WITNESS,
    };
    struct csc_note_key key = note_key(KEY);
    struct csc_error err = {0};
    struct csc_merkle_hash leaf;

    (void)state;
    entry_leaf(6, &leaf);
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct csc_proof proof = {0};
        assert_int_equal(csc_proof_parse(texts[i], strlen(texts[i]), &proof, &err), 0);
        assert_int_equal(proof.index, 6);
        assert_int_equal(proof.path.count, 2);
        assert_int_equal(csc_proof_verify(&proof, &key, &leaf, &err), 0);
    }
}

static void a_proof_is_written_as_it_was_read(void **state)
{
    _cleanup_buf_ struct csc_buf text = {0}, note = {0};
    struct csc_proof proof;

    (void)state;
    assert_int_equal(csc_proof_parse(PROOF, strlen(PROOF), &proof, NULL), 0);
    csc_buf_puts(&note, CHECKPOINT);
    csc_proof_write(&text, proof.index, &proof.path, &note);
    assert_string_equal(text.data, PROOF);
    note.failed = true;
    csc_proof_write(&text, proof.index, &proof.path, &note);
    assert_true(text.failed);
}

static void bad_proofs_are_refused(void **state)
{
    static const struct {
        const char *text;
        unsigned line;
        const char *words;
    } rows[] = {
        {"", 1, "is empty"},
        {"\n", 1, "not a proof"},
        {CHECKPOINT, 1, "not a proof: must be 'c2sp.org/tlog-proof@v1'"},
        {"c2sp.org/tlog-proof@v2\nindex 6\n" PATH_6 "\n" CHECKPOINT, 1, "not a proof"},
        {"c2sp.org/tlog-proof@v1 \nindex 6\n" PATH_6 "\n" CHECKPOINT, 1, "not a proof"},
        {"\xEF\xBB\xBF" PROOF, 1, "not a proof"},
        {" " PROOF, 1, "not a proof"},
        {PROOF_HEAD, 1, "after this must come 'index '"},
        {PROOF_HEAD "extra AAAA\n", 2, "after this must come 'index '"},
        {PROOF_HEAD PATH_6 "\n" CHECKPOINT, 2, "must be 'index '"},
        {PROOF_HEAD "index 06\n" PATH_6 "\n" CHECKPOINT, 2, "without leading zeros"},
        {PROOF_HEAD "index -1\n" PATH_6 "\n" CHECKPOINT, 2, "must be 'index '"},
        {PROOF_HEAD "index 9223372036854775808\n" PATH_6 "\n" CHECKPOINT, 2, "must be 'index '"},
        {PROOF_HEAD "index  6\n" PATH_6 "\n" CHECKPOINT, 2, "must be 'index '"},
        {PROOF_HEAD "index\n" PATH_6 "\n" CHECKPOINT, 2, "must be 'index '"},
        {PROOF_HEAD "extra \nindex 6\n" PATH_6 "\n" CHECKPOINT, 2, "the extra data is not the strict base64"},
        {PROOF_HEAD "extra A\nindex 6\n" PATH_6 "\n" CHECKPOINT, 2, "the extra data is not the strict base64"},
        {PROOF_HEAD "extra AAAA\nextra AAAA\nindex 6\n" PATH_6 "\n" CHECKPOINT, 3, "must be 'index '"},
        {PROOF_HEAD "index 6\nextra AAAA\n" PATH_6 "\n" CHECKPOINT, 3, "must be a hash"},
        {PROOF_HEAD "index 6\nAAAA\n\n" CHECKPOINT, 3, "must be a hash, strict base64 of 32 bytes"},
        {PROOF_HEAD "index 6\n" PATH_6 CHECKPOINT, 5, "must be a hash"},
        {PROOF_HEAD "index 6\n" PATH_6, 5, "ends before its checkpoint"},
        {PROOF_HEAD "index 6\n" PATH_6 "\n", 6, "no checkpoint after the empty line"},
        {PROOF_HEAD "index 6\n" PATH_6 "\n\n" CHECKPOINT, 6, "the checkpoint's origin"},
        {PROOF_HEAD "index 6\n" PATH_6 "\n" CHECKPOINT_TEXT, 6, "no text with an empty line"},
        {PROOF_HEAD "index 6\n" PATH_6 "\n" LOG "\n7\nx\n" EMPTY_SIGNATURE, 8, "the root"},
        {PROOF "more\n", 11, "must be a signature"},
        {PROOF "\n" PROOF, 9, "no line of a checkpoint's text may be empty"},
        {PROOF_HEAD "index 6\r\n" PATH_6 "\n" CHECKPOINT, 2, "a control character, U+000D"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct csc_proof proof = {.index = 99};
        struct csc_error err = {0};
        int r = csc_proof_parse(rows[i].text, strlen(rows[i].text), &proof, &err);
        assert_refused(r, &err, rows[i].line, rows[i].words);
        assert_int_equal(proof.index, 99);
    }
}

/* Cut anywhere it is no proof; whatever of the tree is changed, it is none of this entry. */
static void a_cut_or_changed_proof_is_none(void **state)
{
    struct csc_note_key key = note_key(KEY);
    char text[] = PROOF;
    struct csc_merkle_hash leaf;
    struct csc_proof proof;

    (void)state;
    entry_leaf(6, &leaf);
    for (size_t size = 0; size < strlen(PROOF); size++)
        assert_int_equal(csc_proof_parse(PROOF, size, &proof, NULL), -CSC_E_DATA);
    for (size_t i = 0; i < strlen(PROOF); i++) {
        text[i] ^= 1;
        if (csc_proof_parse(text, strlen(text), &proof, NULL) == 0)
            assert_int_equal(csc_proof_verify(&proof, &key, &leaf, NULL), -CSC_E_INVALID);
        text[i] ^= 1;
    }
}

static void proofs_have_limits(void **state)
{
    (void)state;
    for (size_t count = CSC_MERKLE_PROOF_MAX; count <= CSC_MERKLE_PROOF_MAX + 1; count++) {
        _cleanup_buf_ struct csc_buf text = {0};
        struct csc_error err = {0};
        struct csc_proof proof;
        csc_buf_puts(&text, PROOF_HEAD "index 6\n");
        for (size_t i = 0; i < count; i++)
            csc_buf_puts(&text, HASH);
        csc_buf_puts(&text, "\n" CHECKPOINT);
        int r = csc_proof_parse(text.data, text.size, &proof, &err);
        if (count > CSC_MERKLE_PROOF_MAX)
            assert_refused(r, &err, 3 + CSC_MERKLE_PROOF_MAX, "more than 64 hashes");
        else
            assert_int_equal(r, 0);
    }
    _cleanup_free_ char *large = calloc(1, CSC_PROOF_BYTES_MAX + 1);
    struct csc_error err = {0};
    struct csc_proof proof;
    assert_non_null(large);
    memset(large, 'a', CSC_PROOF_BYTES_MAX + 1);
    assert_refused(csc_proof_parse(large, CSC_PROOF_BYTES_MAX + 1, &proof, &err), &err, 0, "larger than");
    err = (struct csc_error){0};
    assert_refused(csc_proof_parse(NULL, 0, &proof, &err), &err, 1, "is empty");
}

static void a_proof_is_of_one_entry_of_one_log(void **state)
{
    static const struct {
        const char *text, *key;
        uint64_t entry;
        const char *words;
    } rows[] = {
        {PROOF, KEY, 5, "does not lead from this receipt to the checkpoint's root"},
        {PROOF_HEAD "index 5\n" PATH_6 "\n" CHECKPOINT, KEY, 6, "does not lead"},
        {PROOF_HEAD "index 6\n" HASH "\n" CHECKPOINT, KEY, 6, "does not lead"},
        {PROOF_HEAD "index 6\n" PATH_6 HASH "\n" CHECKPOINT, KEY, 6, "does not lead"},
        {PROOF_HEAD "index 7\n" PATH_6 "\n" CHECKPOINT, KEY, 6, "no entry 7 is in a log of 7"},
        {PROOF_HEAD "index 9223372036854775807\n" PATH_6 "\n" CHECKPOINT, KEY, 6, "no entry 9223372036854775807"},
        {PROOF, WITNESS_KEY, 6, "a checkpoint of the log '" LOG "', not of 'witness.example'"},
        {PROOF_HEAD "index 6\n" PATH_6 "\n" LOG "\n8\n" ROOT "\n" BY_LOG, KEY, 6, "the signature under the name"},
        {PROOF_HEAD "index 6\n" PATH_6 "\n" CHECKPOINT_TEXT "\n" BY_OTHER_KIND, KEY, 6, "no signature by the key"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct csc_note_key key = note_key(rows[i].key);
        struct csc_merkle_hash leaf;
        struct csc_error err = {0};
        struct csc_proof proof;
        entry_leaf(rows[i].entry, &leaf);
        assert_int_equal(csc_proof_parse(rows[i].text, strlen(rows[i].text), &proof, NULL), 0);
        assert_int_equal(csc_proof_verify(&proof, &key, &leaf, &err), -CSC_E_INVALID);
        assert_string_equal(err.stage, "ledger");
        if (!strstr(err.text, rows[i].words))
            fail_msg("'%s' does not say '%s'", err.text, rows[i].words);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_checkpoint_is_read),
        cmocka_unit_test(sizes_have_one_form),
        cmocka_unit_test(bad_checkpoints_are_refused),
        cmocka_unit_test(a_checkpoint_is_only_its_own_logs),
        cmocka_unit_test(a_proof_verifies),
        cmocka_unit_test(a_proof_is_written_as_it_was_read),
        cmocka_unit_test(bad_proofs_are_refused),
        cmocka_unit_test(a_cut_or_changed_proof_is_none),
        cmocka_unit_test(proofs_have_limits),
        cmocka_unit_test(a_proof_is_of_one_entry_of_one_log),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
