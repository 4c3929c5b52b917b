/* SPDX-License-Identifier: Apache-2.0 */
/* Signing: what it adds, what it keeps, what it refuses. */
#include "samples.h"

#include <sodium.h>

#include "receipt/key.h"

static struct csc_signing_key key;

static int make_key(void **state)
{
    uint8_t seed[32];

    (void)state;
    unhex(SEED, seed);
    return csc_crypto_ready(NULL) < 0 || crypto_sign_seed_keypair(key.public.bytes, key.secret, seed) != 0;
}

static char *json(const struct csc_receipt *receipt)
{
    char *text = NULL;

    assert_int_equal(csc_receipt_json(receipt, &text, NULL), 0);
    return text;
}

/* The receipt's text with the first `from` overwritten by `to`, parsed again. */
static struct csc_receipt *forge(const struct csc_receipt *receipt, const char *from, const char *to)
{
    struct csc_buf text = {0};

    csc_json_write(&text, &receipt->root);
    assert_non_null(text.data);
    char *at = strstr(text.data, from);
    assert_non_null(at);
    memcpy(at, to, strlen(to));
    struct csc_receipt *forged = parse_receipt(text.data);
    csc_buf_free(&text);
    return forged;
}

static void what_was_signed_verifies(void **state)
{
    static const char *const texts[] = {"{" BLOCKED "}",
                                        "{" FAILED ",\"failed_command_id\":null,\"error\":\"x\\u0001\"}",
                                        "{" BLOCKED ",\"signing_key_id\":\"older\"}"};
    static const char *const key_ids[] = {"key-1", "\"\\\n", "schl\xC3\xBCssel \xF0\x9F\x94\x91"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct csc_receipt *receipt = parse_receipt(texts[i]);
        assert_int_equal(csc_receipt_sign(receipt, &key, key_ids[i], NULL), 0);
        assert_int_equal(csc_receipt_verify(receipt, &key.public, key_ids[i], NULL), 0);
        /* As anybody else reads it. */
        char *text = json(receipt);
        struct csc_receipt *copy = parse_receipt(text);
        assert_int_equal(csc_receipt_verify(copy, &key.public, key_ids[i], NULL), 0);
        assert_string_equal(csc_value_get(&copy->root, "signing_key_id")->string, key_ids[i]);
        assert_string_equal(copy->signature.key_id, key_ids[i]);
        assert_string_equal(copy->signature.algorithm, "ed25519");
        assert_true(csc_is_date_time(copy->signature.signed_at));
        free(text);
        csc_receipt_free(copy);
        csc_receipt_free(receipt);
    }
}

/* Everything in the receipt but the signature itself is authenticated, and the rest of `signature` with it. */
static void the_rest_of_the_signature_is_signed_too(void **state)
{
    static const struct {
        const char *from, *to;
    } changes[] = {{"\"signed_at\": \"2", "\"signed_at\": \"1"},
                   {"\"signing_key_id\": \"key-1\"", "\"signing_key_id\": \"key-2\""},
                   {"\"status\": \"blocked\"", "\"status\": \"expired\""}};

    (void)state;
    struct csc_receipt *receipt = parse_receipt("{" BLOCKED "}");
    assert_int_equal(csc_receipt_sign(receipt, &key, "key-1", NULL), 0);
    for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
        struct csc_receipt *forged = forge(receipt, changes[i].from, changes[i].to);
        assert_int_equal(csc_receipt_verify(forged, &key.public, "key-1", NULL), -CSC_E_INVALID);
        csc_receipt_free(forged);
    }
    csc_receipt_free(receipt);
}

/* The key's name is inside: the same key cannot vouch under another name. */
static void the_key_id_cannot_be_exchanged(void **state)
{
    struct csc_receipt *receipt = parse_receipt("{" BLOCKED "}");

    (void)state;
    assert_int_equal(csc_receipt_sign(receipt, &key, "key-1", NULL), 0);
    struct csc_receipt *forged = forge(receipt, "\"key_id\": \"key-1\"", "\"key_id\": \"key-2\"");
    assert_int_equal(csc_receipt_verify(forged, &key.public, "key-2", NULL), -CSC_E_INVALID);
    csc_receipt_free(forged);
    csc_receipt_free(receipt);
}

static void a_second_signature_replaces_the_first(void **state)
{
    struct csc_receipt *receipt = parse_receipt("{" FAILED "}");
    struct csc_signing_key other;

    (void)state;
    assert_int_equal(crypto_sign_keypair(other.public.bytes, other.secret), 0);
    assert_int_equal(csc_receipt_sign(receipt, &key, "key-1", NULL), 0);
    assert_int_equal(csc_receipt_sign(receipt, &other, "key-2", NULL), 0);
    assert_int_equal(csc_receipt_verify(receipt, &other.public, "key-2", NULL), 0);
    assert_int_equal(csc_receipt_verify(receipt, &key.public, "key-1", NULL), -CSC_E_INVALID);
    csc_receipt_free(receipt);
}

/* A refused signature leaves the receipt as it was. */
static void assert_refused(const struct csc_signing_key *with, const char *key_id, enum csc_code code)
{
    struct csc_receipt *receipt = parse_receipt("{" FAILED "}");
    struct csc_error err = {0};
    char *before = json(receipt);

    assert_int_equal(csc_receipt_sign(receipt, with, key_id, &err), -(int)code);
    assert_int_equal(err.code, code);
    assert_string_equal(err.stage, "receipt");
    char *after = json(receipt);
    assert_string_equal(before, after);
    assert_null(receipt->signature.signature);
    free(before);
    free(after);
    csc_receipt_free(receipt);
}

static void key_ids_must_be_names(void **state)
{
    (void)state;
    assert_refused(&key, NULL, CSC_E_USAGE);
    assert_refused(&key, "", CSC_E_USAGE);
    assert_refused(&key, "\xFF", CSC_E_USAGE);
    assert_refused(&key, "caf\xC3", CSC_E_USAGE);
}

/* Whatever went wrong while signing: what does not verify is not kept. */
static void a_wrong_signature_is_never_kept(void **state)
{
    struct csc_signing_key broken = key;

    (void)state;
    broken.public.bytes[0] ^= 1;
    assert_refused(&broken, "key-1", CSC_E_INTERNAL);
    broken = key;
    broken.secret[0] ^= 1;
    assert_refused(&broken, "key-1", CSC_E_INTERNAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_signed_verifies),       cmocka_unit_test(the_rest_of_the_signature_is_signed_too),
        cmocka_unit_test(the_key_id_cannot_be_exchanged), cmocka_unit_test(a_second_signature_replaces_the_first),
        cmocka_unit_test(key_ids_must_be_names),          cmocka_unit_test(a_wrong_signature_is_never_kept),
    };

    return cmocka_run_group_tests(tests, make_key, NULL);
}
