/* SPDX-License-Identifier: Apache-2.0 */
/* Every allocation fails once: no crash, no leak, no half-made result, and a code that says so. */
#include "evidence_stage.h"

#include <unistd.h>

#include "support/chaos.h"
#include "support/folder.h"

static char *folder;

static int set_up(void **state)
{
    (void)state;
    folder = folder_create();
    return csc_keygen(folder_path(folder, "a"), false, NULL);
}

static int tear_down(void **state)
{
    (void)state;
    folder_remove(folder);
    return 0;
}

/* A failure is the memory's, and says so. */
static int judged(int r, const struct csc_error *err)
{
    if (r < 0) {
        assert_int_equal(r, -CSC_E_INTERNAL);
        assert_int_equal(err->code, CSC_E_INTERNAL);
        assert_non_null(strstr(err->text, "memory"));
    }
    return r;
}

static int parse_and_show(void *context)
{
    struct csc_receipt *receipt = NULL;
    struct csc_error err = {0};
    char *text = NULL, hex[65];

    int r = csc_receipt_parse(context, strlen(context), &receipt, &err);
    if (r == 0)
        r = csc_receipt_json(receipt, &text, &err);
    if (r == 0)
        r = csc_receipt_sha256(receipt, hex, &err);
    free(text);
    csc_receipt_free(receipt);
    return judged(r, &err);
}

static int load_keys(void *context)
{
    struct csc_signing_key *key = NULL;
    struct csc_public_key *public_key = NULL;
    struct csc_error err = {0};

    (void)context;
    int r = csc_signing_key_load(folder_path(folder, "a.key"), &key, &err);
    if (r == 0)
        r = csc_public_key_load(folder_path(folder, "a.pub"), &public_key, &err);
    csc_signing_key_free(key);
    csc_public_key_free(public_key);
    return judged(r, &err);
}

/* Signs the receipt in `context`; where that fails it is still the receipt it was. */
static int sign_and_verify(void *context)
{
    struct csc_receipt *receipt = context;
    struct csc_signing_key *key = NULL;
    struct csc_error err = {0};
    struct csc_value before = receipt->root;

    int r = csc_signing_key_load(folder_path(folder, "a.key"), &key, &err);
    if (r == 0) {
        r = csc_receipt_sign(receipt, key, "key-1", &err);
        if (r < 0)
            assert_memory_equal(&receipt->root, &before, sizeof(before));
        else
            r = csc_receipt_verify(receipt, csc_signing_key_public(key), "key-1", &err);
    }
    csc_signing_key_free(key);
    return judged(r, &err);
}

static int build_one(void *context)
{
    struct csc_receipt *receipt = NULL;
    struct csc_error err = {0};

    int r = csc_receipt_build(context, &receipt, &err);
    assert_true((r == 0) == (receipt != NULL));
    csc_receipt_free(receipt);
    return judged(r, &err);
}

static int make_pair(void *context)
{
    struct csc_error err = {0};
    int r = csc_keygen(folder_path(folder, "b"), context != NULL, &err);

    assert_int_equal(unlink(folder_path(folder, "b.key")) == 0, r == 0);
    assert_int_equal(unlink(folder_path(folder, "b.pub")) == 0, r == 0);
    assert_int_equal(folder_count(folder), 2); /* the pair of set_up() */
    return judged(r, &err);
}

static void parsing(void **state)
{
    char text[] = "{" FAILED
                  ",\"completed_command_ids\":[\"a\",\"b\"],\"artifacts\":[{\"path\":\"/w\",\"sha256\":\"" SHA
                  "\"}],\"effect_summary\":{\"files_written\":1},\"failed_command_id\":null}";

    (void)state;
    assert_true(chaos_fail_each_allocation(parse_and_show, text) > 3);
}

static void keys(void **state)
{
    (void)state;
    assert_true(chaos_fail_each_allocation(load_keys, NULL) > 0);
    (void)chaos_fail_each_allocation(make_pair, NULL);
    (void)chaos_fail_each_allocation(make_pair, folder);
}

static void signing(void **state)
{
    struct csc_receipt *receipt = parse_receipt("{" FAILED "}");

    (void)state;
    assert_true(chaos_fail_each_allocation(sign_and_verify, receipt) > 3);
    csc_receipt_free(receipt);
}

static void building(void **state)
{
    static struct csc_contract contract = {.id = "contract-1", .sha256 = SHA};
    static struct csc_policy policy = {.name = "dev-readonly", .sha256 = SHA};
    static struct csc_exec_result last = {.hash = {SHA, SHA}, .exit_code = 1, .tail = "no\n", .tail_size = 3};
    static const struct csc_artifact artifacts[] = {{"/w/a", SHA}};
    static const char *completed[] = {"cmd_1"};
    struct csc_record record = {.contract = &contract,
                                .policy = &policy,
                                .status = CSC_STATUS_FAILED,
                                .has_exit_code = true,
                                .exit_code = 1,
                                .last = &last,
                                .completed_ids = completed,
                                .completed_count = 1,
                                .failed_id = "cmd_2",
                                .artifacts = artifacts,
                                .artifact_count = 1,
                                .files_written = 3,
                                .error = "own words"};

    (void)state;
    assert_true(chaos_fail_each_allocation(build_one, &record) > 5);
}

static int evidence_of(void *context)
{
    const struct evidence_stage *s = context;
    struct csc_evidence_seen *seen = NULL;
    struct csc_error err = {0};
    char *envelope = NULL;

    int r = csc_evidence_make(&s->evidence, s->key, "runner-1", &envelope, &err);
    assert_true((r == 0) == (envelope != NULL));
    if (r == 0)
        r = csc_evidence_verify(envelope, strlen(envelope), csc_signing_key_public(s->key), &seen, &err);
    assert_true((r == 0) == (seen != NULL));
    csc_evidence_seen_free(seen);
    free(envelope);
    return judged(r, &err);
}

static void evidence(void **state)
{
    void *stage = NULL;

    (void)state;
    (void)evidence_begin(&stage);
    assert_true(chaos_fail_each_allocation(evidence_of, stage) > 10);
    (void)evidence_end(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parsing),  cmocka_unit_test(keys),     cmocka_unit_test(signing),
        cmocka_unit_test(building), cmocka_unit_test(evidence),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
