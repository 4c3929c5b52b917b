/* SPDX-License-Identifier: Apache-2.0 */
/* Writing what test_note.c and test_formats.c read. */
#include "signing.h"

static char *folder;
static struct csc_signing_key *key;

static int set_up(void **state)
{
    (void)state;
    folder = key_folder();
    return csc_signing_key_load(folder_path(folder, "log.key"), &key, NULL);
}

static int tear_down(void **state)
{
    (void)state;
    csc_signing_key_free(key);
    folder_remove(folder);
    return 0;
}

static struct csc_checkpoint sample(void)
{
    struct csc_checkpoint checkpoint = {.origin = LOG};
    struct csc_merkle_frontier frontier = {0};

    for (uint64_t i = 0; i < 7; i++) {
        struct csc_merkle_hash leaf;
        entry_leaf(i, &leaf);
        (void)csc_merkle_append(&frontier, &leaf, NULL);
    }
    checkpoint.head.size = frontier.size;
    csc_merkle_root(&frontier, &checkpoint.head.root);
    return checkpoint;
}

/* Ed25519 signatures are deterministic: it is the note that OpenSSL signed. */
static void a_checkpoint_is_signed_as_others_do(void **state)
{
    struct csc_checkpoint checkpoint = sample();
    _cleanup_buf_ struct csc_buf note = {0};

    (void)state;
    assert_int_equal(csc_checkpoint_sign(&checkpoint, key, &note, NULL), 0);
    assert_string_equal(note.data, CHECKPOINT);
}

static void a_note_is_appended(void **state)
{
    _cleanup_buf_ struct csc_buf note = {0}, text = {0};
    struct csc_note_key known = note_key(KEY);
    struct csc_note read;

    (void)state;
    csc_buf_puts(&note, "before");
    csc_buf_puts(&text, "\n\n\n");
    assert_int_equal(csc_note_sign(&text, LOG, key, &note, NULL), 0);
    assert_memory_equal(note.data, "before", 6);
    assert_int_equal(csc_note_parse(note.data + 6, note.size - 6, 1, &read, NULL), 0);
    assert_int_equal(read.text_size, 3);
    assert_int_equal(csc_note_verify(&read, &known, 1, NULL), 0);
}

static void what_is_no_note_is_not_signed(void **state)
{
    static const struct {
        const char *text, *name;
        int code;
    } rows[] = {
        {"", LOG, CSC_E_DATA},    {"a", LOG, CSC_E_DATA},      {"a\t\n", LOG, CSC_E_DATA},  {"\xff\n", LOG, CSC_E_DATA},
        {"a\n", "", CSC_E_USAGE}, {"a\n", "a b", CSC_E_USAGE}, {"a\n", "a+b", CSC_E_USAGE},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        _cleanup_buf_ struct csc_buf note = {0}, text = {0};
        struct csc_error err = {0};
        csc_buf_puts(&text, rows[i].text);
        assert_int_equal(csc_note_sign(&text, rows[i].name, key, &note, &err), -rows[i].code);
        assert_string_equal(err.stage, "ledger");
        assert_int_equal(note.size, 0);
    }
    struct csc_checkpoint checkpoint = sample();
    _cleanup_buf_ struct csc_buf note = {0};
    memcpy(checkpoint.origin, "a\nb", 4); /* one line more than it should be */
    assert_int_equal(csc_checkpoint_sign(&checkpoint, key, &note, NULL), -CSC_E_USAGE);
}

/* Spelling is no matter, but everything said is: the leaf is that of the canonical bytes. */
static void a_receipts_leaf_is_of_its_canonical_bytes(void **state)
{
    _cleanup_buf_ struct csc_buf canonical = {0};
    struct csc_merkle_hash leaf, other, expected;
    struct csc_receipt *receipt = NULL;

    (void)state;
    assert_int_equal(csc_receipt_parse(RECEIPT, strlen(RECEIPT), &receipt, NULL), 0);
    assert_int_equal(csc_ledger_leaf(receipt, &leaf, NULL), 0);
    csc_canon_write(&canonical, &receipt->root);
    csc_merkle_leaf(canonical.data, canonical.size, &expected);
    assert_true(csc_merkle_equal(&leaf, &expected));
    assert_null(strchr(canonical.data, ' '));
    assert_int_equal(csc_receipt_sign(receipt, key, "key-1", NULL), 0);
    assert_int_equal(csc_ledger_leaf(receipt, &other, NULL), 0);
    assert_false(csc_merkle_equal(&leaf, &other));
    csc_receipt_free(receipt);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_checkpoint_is_signed_as_others_do),
        cmocka_unit_test(a_note_is_appended),
        cmocka_unit_test(what_is_no_note_is_not_signed),
        cmocka_unit_test(a_receipts_leaf_is_of_its_canonical_bytes),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
