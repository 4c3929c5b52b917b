/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and signatures, exchanged with the openssl command; exits 77 where there is none that knows Ed25519. */
#include "samples.h"

#include <fcntl.h>
#include <unistd.h>

#include "receipt/key.h"
#include "receipt/signature.h"
#include "support/folder.h"

static char *folder;

/* Runs a line of shell in the folder, with a umask that suits private keys; true when it succeeded. */
static bool shell(const char *line)
{
    char command[5000];

    (void)snprintf(command, sizeof(command), "cd '%s' && umask 077 && { %s; } >/dev/null 2>&1", folder, line);
    return system(command) == 0;
}

static struct csc_signing_key *signing_key(const char *name)
{
    struct csc_signing_key *key = NULL;
    struct csc_error err = {0};

    if (csc_signing_key_load(folder_path(folder, name), &key, &err) < 0)
        fail_msg("%s: %s", name, err.text);
    return key;
}

static void assert_public(const char *name, const struct csc_signing_key *of)
{
    struct csc_public_key *key = NULL;
    struct csc_error err = {0};

    if (csc_public_key_load(folder_path(folder, name), &key, &err) < 0)
        fail_msg("%s: %s", name, err.text);
    assert_memory_equal(key->bytes, csc_signing_key_public(of)->bytes, 32);
    csc_public_key_free(key);
}

static void write_file(const char *name, const void *bytes, size_t size)
{
    int fd = open(folder_path(folder, name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(csc_write_all(fd, bytes, size), 0);
    (void)close(fd);
}

static void its_keys_are_read(void **state)
{
    (void)state;
    assert_true(shell("openssl genpkey -algorithm ed25519 -out a.key && openssl pkey -in a.key -pubout -out a.pub"));
    struct csc_signing_key *key = signing_key("a.key");
    assert_public("a.pub", key);
    /* Raw forms of the same key, as people cut them out of the DER. */
    assert_true(shell("openssl pkey -in a.key -outform DER | tail -c 32 >raw.key"));
    assert_true(shell("openssl pkey -in a.key -pubout -outform DER | tail -c 32 >raw.pub"));
    assert_true(shell("cat raw.key raw.pub >pair.key"));
    assert_public("raw.pub", key);
    struct csc_signing_key *raw = signing_key("raw.key"), *pair = signing_key("pair.key");
    assert_memory_equal(raw->secret, key->secret, 64);
    assert_memory_equal(pair->secret, key->secret, 64);
    csc_signing_key_free(raw);
    csc_signing_key_free(pair);
    csc_signing_key_free(key);
}

static void our_keys_are_read_by_it(void **state)
{
    (void)state;
    assert_int_equal(csc_keygen(folder_path(folder, "b"), false, NULL), 0);
    assert_true(shell("openssl pkey -in b.key -pubout -out b2.pub && cmp b.pub b2.pub"));
    assert_true(shell("openssl pkey -in b.key -out b2.key && cmp b.key b2.key"));
}

static void signatures_verify_either_way(void **state)
{
    struct csc_receipt *receipt = parse_receipt("{" FAILED ",\"error\":\"\xC3\xA9\\u0001\"}");
    uint8_t signature[64];
    struct csc_buf payload = {0};

    (void)state;
    struct csc_signing_key *key = signing_key("b.key");
    assert_int_equal(csc_receipt_sign(receipt, key, "key-1", NULL), 0);
    assert_int_equal(csc_receipt_payload(&receipt->root, &payload, NULL), 0);
    assert_true(csc_base64_decode(receipt->signature.signature, strlen(receipt->signature.signature), signature, 64));
    write_file("payload", payload.data, payload.size);
    write_file("sig", signature, 64);
    assert_true(shell("openssl pkeyutl -verify -pubin -inkey b.pub -rawin -in payload -sigfile sig"));
    /* Ed25519 signatures are deterministic. */
    assert_true(shell("openssl pkeyutl -sign -inkey b.key -rawin -in payload -out sig2 && cmp sig sig2"));
    payload.data[0] ^= 1;
    assert_false(csc_ed25519_verify(csc_signing_key_public(key), payload.data, payload.size, signature));
    csc_buf_free(&payload);
    csc_signing_key_free(key);
    csc_receipt_free(receipt);
}

/* What people have lying about, and what the refusal calls it. */
static const struct {
    const char *make, *says;
} others[] = {
    {"openssl genpkey -algorithm ed25519 -aes256 -pass pass:secret -out other", "encrypted|openssl pkey -in"},
    {"openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out other", "RSA|csc keygen"},
    {"openssl genrsa -traditional -out other 1024", "RSA|csc keygen"},
    {"openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out other", "EC|csc keygen"},
    {"openssl ecparam -name prime256v1 -genkey -noout -out other", "EC|csc keygen"},
    {"openssl genpkey -algorithm ed448 -out other", "Ed448|csc keygen"},
    {"openssl genpkey -algorithm x25519 -out other", "X25519|csc keygen"},
    {"openssl genpkey -algorithm ed25519 | openssl pkey -pubout -out other", "a public key"},
};

static void its_other_keys_are_refused_by_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
        struct csc_signing_key *key = NULL;
        struct csc_error err = {0};
        if (!shell(others[i].make))
            fail_msg("openssl failed: %s", others[i].make);
        assert_int_equal(csc_signing_key_load(folder_path(folder, "other"), &key, &err), -CSC_E_DATA);
        assert_says(err.text, others[i].says);
    }
}

static void its_other_public_keys_are_refused_by_name(void **state)
{
    static const struct {
        const char *algorithm, *says;
    } algorithms[] = {{"RSA", "RSA"}, {"ed448", "Ed448"}, {"x25519", "X25519"}};
    char line[200];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(algorithms); i++) {
        struct csc_public_key *key = NULL;
        struct csc_error err = {0};
        (void)snprintf(line, sizeof(line), "openssl genpkey -algorithm %s | openssl pkey -pubout -out other",
                       algorithms[i].algorithm);
        assert_true(shell(line));
        assert_int_equal(csc_public_key_load(folder_path(folder, "other"), &key, &err), -CSC_E_DATA);
        assert_says(err.text, algorithms[i].says);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_keys_are_read),
        cmocka_unit_test(our_keys_are_read_by_it),
        cmocka_unit_test(signatures_verify_either_way),
        cmocka_unit_test(its_other_keys_are_refused_by_name),
        cmocka_unit_test(its_other_public_keys_are_refused_by_name),
    };
    int result = 77;

    if (!has_openat2())
        return 77;
    folder = folder_create();
    if (shell("openssl genpkey -algorithm ed25519 -out probe"))
        result = cmocka_run_group_tests(tests, NULL, NULL);
    else
        puts("SKIP: no openssl command that knows Ed25519");
    folder_remove(folder);
    return result;
}
