/* SPDX-License-Identifier: Apache-2.0 */
/* C2SP's Wycheproof vectors for Ed25519 (CSC_VECTORS), where they are present; exits 77 where not. */
#include "samples.h"

#include "receipt/key.h"
#include "receipt/signature.h"

static struct csc_arena arena;
static struct csc_value root;

static const char *string(const struct csc_value *object, const char *key)
{
    const struct csc_value *value = csc_value_get(object, key);

    assert_non_null(value);
    assert_int_equal(value->type, CSC_STRING);
    return value->string;
}

/* As csc_receipt_verify() does: a signature of another length never gets this far. */
static bool verify(const struct csc_public_key *key, const struct csc_value *test)
{
    const char *message_hex = string(test, "msg"), *signature_hex = string(test, "sig");
    uint8_t *message = csc_arena_alloc(&arena, strlen(message_hex) / 2 + 1);
    uint8_t signature[CSC_SIGNATURE_BYTES];

    if (strlen(signature_hex) != 2 * sizeof(signature))
        return false;
    unhex(message_hex, message);
    unhex(signature_hex, signature);
    return csc_ed25519_verify(key, message, strlen(message_hex) / 2, signature);
}

static void every_vector_comes_out_as_it_should(void **state)
{
    const struct csc_value *groups = csc_value_get(&root, "testGroups");
    int64_t count = 0;

    (void)state;
    assert_non_null(groups);
    for (size_t g = 0; g < groups->count; g++) {
        const struct csc_value *tests = csc_value_get(&groups->items[g], "tests");
        struct csc_public_key key;
        unhex(string(csc_value_get(&groups->items[g], "publicKey"), "pk"), key.bytes);
        for (size_t i = 0; i < tests->count; i++, count++) {
            bool valid = strcmp(string(&tests->items[i], "result"), "valid") == 0;
            if (verify(&key, &tests->items[i]) != valid)
                fail_msg("tcId %d: %s", (int)csc_value_get(&tests->items[i], "tcId")->integer,
                         string(&tests->items[i], "comment"));
            if (valid)
                assert_true(csc_public_key_is_sound(&key));
        }
    }
    assert_int_equal(count, csc_value_get(&root, "numberOfTests")->integer);
    assert_true(count > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_vector_comes_out_as_it_should)};
    const char *vectors = getenv("CSC_VECTORS");
    struct csc_buf text = {0};
    struct csc_error err = {0};
    char path[4096];

    (void)snprintf(path, sizeof(path), "%s/wycheproof/ed25519_test.json", vectors ? vectors : ".");
    if (csc_read_input(path, 4 << 20, &text, &err) < 0) {
        printf("SKIP: %s: %s\n", path, err.text);
        return 77;
    }
    int failures = 1;
    if (csc_crypto_ready(&err) == 0 && csc_json_parse(&arena, text.data, text.size, &root, &err) == 0)
        failures = cmocka_run_group_tests(tests, NULL, NULL);
    csc_buf_free(&text);
    csc_arena_free(&arena);
    return failures;
}
