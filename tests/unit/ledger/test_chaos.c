/* SPDX-License-Identifier: Apache-2.0 */
/* Every allocation fails once: no crash, no leak, nothing half-written, and a code that says so. */
#include "signing.h"

#include "support/chaos.h"

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

static int judged(int r, const struct csc_error *err)
{
    if (r < 0) {
        assert_int_equal(r, -CSC_E_INTERNAL);
        assert_int_equal(err->code, CSC_E_INTERNAL);
        assert_string_equal(err->stage, "ledger");
        assert_non_null(strstr(err->text, "memory"));
    }
    return r;
}

/* An origin that makes every buffer grow. */
static int sign_and_write(void *context)
{
    struct csc_checkpoint checkpoint = {.head = {.size = 7}};
    _cleanup_buf_ struct csc_buf note = {0}, text = {0};
    struct csc_merkle_proof path = {.count = 63};
    struct csc_error err = {0};
    struct csc_proof proof;

    (void)context;
    memset(checkpoint.origin, 'o', CSC_NOTE_NAME_MAX);
    int r = csc_checkpoint_sign(&checkpoint, key, &note, &err);
    if (r < 0) {
        assert_int_equal(note.size, 0);
        return judged(r, &err);
    }
    csc_proof_write(&text, 6, &path, &note);
    if (text.failed)
        return -CSC_E_INTERNAL;
    assert_int_equal(csc_proof_parse(text.data, text.size, &proof, &err), 0);
    return 0;
}

static int hash(void *context)
{
    struct csc_merkle_hash leaf;
    struct csc_error err = {0};

    return judged(csc_ledger_leaf(context, &leaf, &err), &err);
}

static int write_key(void *context)
{
    _cleanup_buf_ struct csc_buf text = {0};

    csc_note_key_write(&text, context);
    return text.failed ? -CSC_E_INTERNAL : 0;
}

static void writing(void **state)
{
    struct csc_note_key known = note_key(KEY);

    (void)state;
    assert_true(chaos_fail_each_allocation(sign_and_write, NULL) > 5);
    assert_true(chaos_fail_each_allocation(write_key, &known) > 0);
}

static void leaves(void **state)
{
    struct csc_receipt *receipt = NULL;

    (void)state;
    assert_int_equal(csc_receipt_parse(RECEIPT, strlen(RECEIPT), &receipt, NULL), 0);
    assert_true(chaos_fail_each_allocation(hash, receipt) > 1);
    csc_receipt_free(receipt);
}

/* Reading and verifying allocate nothing: what is hostile costs no memory. */
static int read_and_verify(void *context)
{
    struct csc_note_key known;
    struct csc_merkle_hash leaf;
    struct csc_proof proof;

    (void)context;
    entry_leaf(6, &leaf);
    assert_int_equal(csc_note_key_parse(KEY, strlen(KEY), &known, NULL), 0);
    assert_int_equal(csc_proof_parse(PROOF, strlen(PROOF), &proof, NULL), 0);
    return csc_proof_verify(&proof, &known, &leaf, NULL);
}

static void reading(void **state)
{
    (void)state;
    assert_int_equal(chaos_fail_each_allocation(read_and_verify, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writing),
        cmocka_unit_test(leaves),
        cmocka_unit_test(reading),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
