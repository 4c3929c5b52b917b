/* SPDX-License-Identifier: Apache-2.0 */
/* Verification, against signatures that other software made. */
#include "samples.h"

#include "receipt/signature.h"

/* Section 7.1 of RFC 8032. */
static const struct {
    const char *public, *message, *signature;
} rfc8032[] = {
    {PUBLIC, "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24"
     "655141438e7a100b"},
    {"3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aee"
     "b00d291612bb0c00"},
    {"fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28d"
     "c027beceea1ec40a"},
};

/* The group's order L, little-endian. */
static const char group_order[] = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";

/* A receipt as an older runner wrote it, null included, signed by OpenSSL with the first key of RFC 8032. */
#define SIGNATURE "XBc8Xnjy50y/cmuxqzcq9rczoumznx8UNQYZxtYFcZM1Cc8ZKtOviQVDguSNwUlDrMxPtqCHydhKmKRWu5BSCQ=="
#define SIGNED_HEAD                                                                                                    \
    "{\"contract_id\":\"contract-1\",\"contract_sha256\":\"" SHA "\",\"ended_at\":\"2026-03-20T10:00:05Z\","           \
    "\"error\":\"na\xC3\xAFve \\\"\xC3\xA9\\\"\xE2\x80\xA8\x7F\\n\\u0001\",\"execution_id\":\"exec-1\","               \
    "\"exit_code\":1,\"failed_command_id\":null,\"policy_profile\":\"dev-readonly\","                                  \
    "\"receipt_version\":\"csc.receipt.v0.1\",\"signature\":{\"algorithm\":\"ed25519\",\"key_id\":\"key-1\","
#define SIGNED_TAIL                                                                                                    \
    "\"signed_at\":\"2026-03-20T10:00:06Z\"},\"started_at\":\"2026-03-20T10:00:00Z\",\"status\":\"failed\","           \
    "\"stderr_hash\":\"sha256:" SHA "\",\"stdout_hash\":\"sha256:" SHA_OF_NOTHING "\"}"
#define PAYLOAD SIGNED_HEAD SIGNED_TAIL
#define SIGNED_WITH(text) SIGNED_HEAD "\"signature\":\"" text "\"," SIGNED_TAIL
#define SIGNED SIGNED_WITH(SIGNATURE)

static struct csc_public_key public_key(const char *hex)
{
    struct csc_public_key key;

    unhex(hex, key.bytes);
    return key;
}

/* Verifies a text: 0, or the negative code, also when it is no receipt. */
static int verify_text(const char *text, const char *key_hex, const char *key_id, struct csc_error *err)
{
    struct csc_public_key key = public_key(key_hex);
    struct csc_receipt *receipt = NULL;

    int r = csc_receipt_parse(text, strlen(text), &receipt, err);
    if (r == 0)
        r = csc_receipt_verify(receipt, &key, key_id, err);
    csc_receipt_free(receipt);
    return r;
}

static void the_vectors_of_the_rfc_verify(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rfc8032); i++) {
        struct csc_public_key key = public_key(rfc8032[i].public);
        uint8_t message[4], signature[64];
        size_t size = strlen(rfc8032[i].message) / 2;
        unhex(rfc8032[i].message, message);
        unhex(rfc8032[i].signature, signature);
        assert_true(csc_ed25519_verify(&key, message, size, signature));
        signature[i * 20] ^= 1;
        assert_false(csc_ed25519_verify(&key, message, size, signature));
    }
}

/* S + L fits the equation as S does: RFC 8032 refuses it, lest there be two signatures. */
static void a_signature_has_one_scalar(void **state)
{
    struct csc_public_key key = public_key(PUBLIC);
    uint8_t signature[64], order[32];
    unsigned carry = 0;

    (void)state;
    unhex(rfc8032[0].signature, signature);
    unhex(group_order, order);
    assert_true(csc_ed25519_verify(&key, "", 0, signature));
    for (int i = 0; i < 32; i++) {
        carry += (unsigned)signature[32 + i] + order[i];
        signature[32 + i] = (uint8_t)carry;
        carry >>= 8;
    }
    assert_int_equal(carry, 0);
    assert_false(csc_ed25519_verify(&key, "", 0, signature));
}

static void the_payload_is_the_known_one(void **state)
{
    struct csc_receipt *receipt = parse_receipt(SIGNED);
    struct csc_buf payload = {0};

    (void)state;
    assert_int_equal(csc_receipt_payload(&receipt->root, &payload, NULL), 0);
    assert_int_equal(payload.size, strlen(PAYLOAD));
    assert_string_equal(payload.data, PAYLOAD);
    csc_buf_free(&payload);
    csc_receipt_free(receipt);
}

static void a_foreign_receipt_verifies(void **state)
{
    struct csc_receipt *receipt = parse_receipt(SIGNED);
    struct csc_error err = {0};
    char *indented = NULL;

    (void)state;
    assert_int_equal(verify_text(SIGNED, PUBLIC, "key-1", &err), 0);
    /* White space and order are no part of it. */
    assert_int_equal(csc_receipt_json(receipt, &indented, NULL), 0);
    assert_string_not_equal(indented, SIGNED);
    assert_int_equal(verify_text(indented, PUBLIC, "key-1", &err), 0);
    free(indented);
    csc_receipt_free(receipt);
}

/* Each check by itself, in the order of the protocol: what comes first is what is reported. */
static const struct {
    const char *text, *key, *key_id;
    enum csc_code code;
    const char *says;
} refusals[] = {
    {"{" BLOCKED "}", PUBLIC, "key-1", CSC_E_INVALID, "not signed"},
    {SIGNED, PUBLIC, "key-2", CSC_E_INVALID, "key-1|key-2"},
    {SIGNED, PUBLIC, "key-", CSC_E_INVALID, "key id"},
    {SIGNED, PUBLIC, "KEY-1", CSC_E_INVALID, "key id"},
    {SIGNED_WITH("x"), PUBLIC, "key-2", CSC_E_INVALID, "key id"},
    {SIGNED_WITH("x"), PUBLIC, "key-1", CSC_E_INVALID, "base64"},
    {SIGNED_WITH("x"), "0100000000000000000000000000000000000000000000000000000000000000", "key-1", CSC_E_INVALID,
     "base64"},
    {SIGNED, "0100000000000000000000000000000000000000000000000000000000000000", "key-1", CSC_E_INVALID, "small order"},
    {SIGNED, "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "key-1", CSC_E_INVALID, "altered"},
};

static void each_failure_has_its_own_message(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
        struct csc_error err = {0};
        int r = verify_text(refusals[i].text, refusals[i].key, refusals[i].key_id, &err);
        assert_int_equal(r, -(int)refusals[i].code);
        assert_says(err.text, refusals[i].says);
        assert_string_equal(err.stage, "receipt");
    }
}

static void another_algorithm_is_not_tried(void **state)
{
    struct csc_public_key key = public_key(PUBLIC);
    struct csc_receipt *receipt = parse_receipt(SIGNED);
    struct csc_error err = {0};

    (void)state;
    receipt->signature.algorithm = "none";
    assert_int_equal(csc_receipt_verify(receipt, &key, "key-1", &err), -CSC_E_INVALID);
    assert_says(err.text, "none|ed25519");
    csc_receipt_free(receipt);
}

/* One value has one text: "S...CQ==" has four spare bits before its padding. */
static void base64_is_strict(void **state)
{
    static const char *const texts[] = {
        SIGNATURE "=",
        SIGNATURE "\\n",
        (" " SIGNATURE),
        "XBc8Xnjy50y/cmuxqzcq9rczoumznx8UNQYZxtYFcZM1Cc8ZKtOviQVDguSNwUlDrMxPtqCHydhKmKRWu5BSCR==",
        "XBc8Xnjy50y/cmuxqzcq9rczoumznx8UNQYZxtYFcZM1Cc8ZKtOviQVDguSNwUlDrMxPtqCHydhKmKRWu5BSCf==",
        "XBc8Xnjy50y/cmuxqzcq9rczoumznx8UNQYZxtYFcZM1Cc8ZKtOviQVDguSNwUlDrMxPtqCHydhKmKRWu5BSCQ",
        "XBc8Xnjy50y/cmuxqzcq9rczoumznx8UNQYZxtYFcZM1Cc8ZKtOviQVDguSNwUlDrMxPtqCHydhKmKRWu5BSCQ=",
        "XBc8Xnjy50y_cmuxqzcq9rczoumznx8UNQYZxtYFcZM1Cc8ZKtOviQVDguSNwUlDrMxPtqCHydhKmKRWu5BSCQ==",
        "XBc8Xnjy50y/cmuxqzcq9rczoumznx8UNQYZxtYFcZM1Cc8ZKtOviQVDguSNwUlDrMxPtqCHydhKmKRWu5BS",
        "XBc8Xnjy50y/cmuxqzcq9rczoumznx8UNQYZxtYFcZM1Cc8ZKtOviQVDguSNwUlDrMxPtqCHydhKmKRWu5BSCQkJ",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        char text[1200];
        struct csc_error err = {0};
        (void)snprintf(text, sizeof(text), "%s\"signature\":\"%s\",%s", SIGNED_HEAD, texts[i], SIGNED_TAIL);
        if (verify_text(text, PUBLIC, "key-1", &err) != -CSC_E_INVALID)
            fail_msg("accepted: %s", texts[i]);
        assert_says(err.text, "base64");
    }
}

/* Whatever byte of the canonical text is changed, and however: it no longer verifies. */
static void every_byte_is_protected(void **state)
{
    static const unsigned char masks[] = {0x01, 0x02, 0x20, 0x80};
    char text[] = SIGNED;

    (void)state;
    for (size_t i = 0; i < sizeof(text) - 1; i++) {
        for (size_t m = 0; m < sizeof(masks); m++) {
            text[i] ^= (char)masks[m];
            if (verify_text(text, PUBLIC, "key-1", NULL) == 0)
                fail_msg("byte %zu changed and verified: %s", i, text);
            text[i] ^= (char)masks[m];
        }
    }
    assert_int_equal(verify_text(text, PUBLIC, "key-1", NULL), 0);
}

/* Fields taken away, and valid ones put in. */
static void every_field_is_protected(void **state)
{
    static const char *const added[] = {"\"runner_version\":\"1\"",     "\"stdout_truncated\":true",
                                        "\"completed_command_ids\":[]", "\"effect_summary\":{}",
                                        "\"signing_key_id\":\"key-1\"", "\"artifacts\":[]"};
    static const char *const removed[] = {"\"error\":\"na\xC3\xAFve \\\"\xC3\xA9\\\"\xE2\x80\xA8\x7F\\n\\u0001\",",
                                          "\"failed_command_id\":null,"};
    char text[1300];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(added); i++) {
        (void)snprintf(text, sizeof(text), "{%s,%s", added[i], &SIGNED[1]);
        assert_int_equal(verify_text(text, PUBLIC, "key-1", NULL), -CSC_E_INVALID);
    }
    for (size_t i = 0; i < ARRAY_SIZE(removed); i++) {
        const char *at = strstr(SIGNED, removed[i]);
        assert_non_null(at);
        (void)snprintf(text, sizeof(text), "%.*s%s", (int)(strlen(SIGNED) - strlen(at)), SIGNED,
                       at + strlen(removed[i]));
        assert_int_equal(verify_text(text, PUBLIC, "key-1", NULL), -CSC_E_INVALID);
    }
}

/* With the identity as key, R = B and S = 1 fit every message where small orders are not refused. */
static void a_key_of_small_order_signs_nothing(void **state)
{
    static const char *const small[] = {
        "0100000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    };
    static const char forged[] =
        "WGZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmYBAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==";
    char text[1200];

    (void)state;
    (void)snprintf(text, sizeof(text), "%s\"signature\":\"%s\",%s", SIGNED_HEAD, forged, SIGNED_TAIL);
    for (size_t i = 0; i < ARRAY_SIZE(small); i++) {
        struct csc_error err = {0};
        assert_int_equal(verify_text(text, small[i], "key-1", &err), -CSC_E_INVALID);
        assert_says(err.text, "small order");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vectors_of_the_rfc_verify),
        cmocka_unit_test(a_signature_has_one_scalar),
        cmocka_unit_test(the_payload_is_the_known_one),
        cmocka_unit_test(a_foreign_receipt_verifies),
        cmocka_unit_test(each_failure_has_its_own_message),
        cmocka_unit_test(another_algorithm_is_not_tried),
        cmocka_unit_test(base64_is_strict),
        cmocka_unit_test(every_byte_is_protected),
        cmocka_unit_test(every_field_is_protected),
        cmocka_unit_test(a_key_of_small_order_signs_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
