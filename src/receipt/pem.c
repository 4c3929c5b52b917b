/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "receipt/key.h"

#define KEYGEN "make an Ed25519 key with `csc keygen --out PREFIX`"

static const char white_space[] = " \t\r\n";

/* PEM labels of things that people take for an Ed25519 key of the kind that is wanted. */
static const struct {
    const char *label, *found, *advice;
} other_labels[] = {
    {"ENCRYPTED PRIVATE KEY", "an encrypted private key", "decrypt it with `openssl pkey -in FILE -out NEW`"},
    {"OPENSSH PRIVATE KEY", "a private key in OpenSSH's format", KEYGEN},
    {"RSA PRIVATE KEY", "an RSA private key", KEYGEN},
    {"EC PRIVATE KEY", "an EC private key", KEYGEN},
    {"EC PARAMETERS", "EC parameters", KEYGEN},
    {"DSA PRIVATE KEY", "a DSA private key", KEYGEN},
    {"RSA PUBLIC KEY", "an RSA public key", KEYGEN},
    {"SSH2 PUBLIC KEY", "a public key in SSH's format", KEYGEN},
    {"CERTIFICATE", "a certificate", "take its key out with `openssl x509 -in FILE -noout -pubkey`"},
};

/* Algorithms by the bytes of their object identifiers; Ed25519 is the one that is accepted. */
static const uint8_t ed25519_algorithm[] = {0x06, 0x03, 0x2B, 0x65, 0x70}; /* RFC 8410: without parameters */
static const struct {
    const char *oid;
    size_t size;
    const char *name;
} other_algorithms[] = {
    {"\x2B\x65\x70", 3, "Ed25519 with parameters"},
    {"\x2B\x65\x71", 3, "Ed448"},
    {"\x2B\x65\x6E", 3, "X25519"},
    {"\x2B\x65\x6F", 3, "X448"},
    {"\x2A\x86\x48\x86\xF7\x0D\x01\x01\x01", 9, "RSA"},
    {"\x2A\x86\x48\x86\xF7\x0D\x01\x01\x0A", 9, "RSA-PSS"},
    {"\x2A\x86\x48\xCE\x3D\x02\x01", 7, "EC"},
    {"\x2A\x86\x48\xCE\x38\x04\x01", 7, "DSA"},
};

/* What RFC 8410 puts before the 32 bytes of a key: the same bytes for every key. */
static const uint8_t private_prefix[] = {0x30, 0x2E, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06,
                                         0x03, 0x2B, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20};
static const uint8_t public_prefix[] = {0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00};

/* A stretch of DER (X.690). */
struct der {
    const uint8_t *p;
    size_t size;
};

/* Takes the next element, which must have this tag, and gives its contents. Lengths below 256 are all a key of ours
 * needs; longer ones are read so that an RSA key can be named. */
static bool take(struct der *in, uint8_t tag, struct der *ret_contents)
{
    if (in->size < 2 || in->p[0] != tag)
        return false;
    size_t header = 2, size = in->p[1];
    if (size >= 0x80) {
        size_t octets = size & 0x7F;
        if (octets < 1 || octets > 2 || in->size < 2 + octets)
            return false;
        size = octets == 1 ? in->p[2] : (size_t)in->p[2] << 8 | in->p[3];
        if (size < (octets == 1 ? 0x80u : 0x100u))
            return false; /* DER: the shortest form only */
        header += octets;
    }
    if (in->size - header < size)
        return false;
    *ret_contents = (struct der){in->p + header, size};
    in->p += header + size;
    in->size -= header + size;
    return true;
}

static int refuse_der(bool want_private, struct csc_error *err)
{
    return csc_fail(err, CSC_E_DATA, "the PEM block holds no %s; the file is damaged, restore it or " KEYGEN,
                    want_private ? "PKCS#8 private key" : "SubjectPublicKeyInfo");
}

static int check_algorithm(struct der algorithm, bool want_private, struct csc_error *err)
{
    struct der oid;

    if (algorithm.size == sizeof(ed25519_algorithm) &&
        memcmp(algorithm.p, ed25519_algorithm, sizeof(ed25519_algorithm)) == 0)
        return 0;
    if (!take(&algorithm, 0x06, &oid))
        return refuse_der(want_private, err);
    const char *name = "unknown";
    for (size_t i = 0; i < ARRAY_SIZE(other_algorithms); i++)
        if (oid.size == other_algorithms[i].size && memcmp(oid.p, other_algorithms[i].oid, oid.size) == 0)
            name = other_algorithms[i].name;
    return csc_fail(err, CSC_E_DATA, "a %s key of the algorithm %s; receipts are signed with Ed25519, " KEYGEN,
                    want_private ? "private" : "public", name);
}

/* A BIT STRING's contents: whole octets, as many as a public key has. */
static bool is_public_bits(struct der bits)
{
    return bits.size == 1 + CSC_PUBLIC_BYTES && bits.p[0] == 0;
}

/* OneAsymmetricKey of RFC 5958: version, algorithm, key, [0] attributes, and in version 2 [1] the public key. */
static int read_private(struct der der, struct csc_pem_key *ret_key, struct csc_error *err)
{
    struct der key, version, algorithm, octets, seed, attributes, bits;

    if (!take(&der, 0x30, &key) || der.size != 0 || !take(&key, 0x02, &version) || version.size != 1 ||
        version.p[0] > 1 || !take(&key, 0x30, &algorithm))
        return refuse_der(true, err);
    int r = check_algorithm(algorithm, true, err);
    if (r < 0)
        return r;
    if (!take(&key, 0x04, &octets) || !take(&octets, 0x04, &seed) || octets.size != 0 || seed.size != CSC_SEED_BYTES)
        return refuse_der(true, err);
    (void)take(&key, 0xA0, &attributes);
    bool has_public = version.p[0] == 1 && take(&key, 0x81, &bits);
    if (key.size != 0 || (has_public && !is_public_bits(bits)))
        return refuse_der(true, err);
    *ret_key = (struct csc_pem_key){.seed = seed.p, .public = has_public ? bits.p + 1 : NULL};
    return 0;
}

/* SubjectPublicKeyInfo of RFC 5280. */
static int read_public(struct der der, struct csc_pem_key *ret_key, struct csc_error *err)
{
    struct der key, algorithm, bits;

    if (!take(&der, 0x30, &key) || der.size != 0 || !take(&key, 0x30, &algorithm))
        return refuse_der(false, err);
    int r = check_algorithm(algorithm, false, err);
    if (r < 0)
        return r;
    if (!take(&key, 0x03, &bits) || key.size != 0 || !is_public_bits(bits))
        return refuse_der(false, err);
    *ret_key = (struct csc_pem_key){.public = bits.p + 1};
    return 0;
}

static int check_label(const char *label, bool want_private, struct csc_error *err)
{
    if (strcmp(label, want_private ? "PRIVATE KEY" : "PUBLIC KEY") == 0)
        return 0;
    if (strcmp(label, "PUBLIC KEY") == 0)
        return csc_fail(err, CSC_E_DATA, "a public key; the private key is needed here, PREFIX.key of `csc keygen`");
    for (size_t i = 0; i < ARRAY_SIZE(other_labels); i++)
        if (strcmp(label, other_labels[i].label) == 0)
            return csc_fail(err, CSC_E_DATA, "%s; %s", other_labels[i].found, other_labels[i].advice);
    if (strcmp(label, "PRIVATE KEY") == 0)
        return csc_fail(err, CSC_E_DATA,
                        "a private key; the public one is needed here: `openssl pkey -in FILE -pubout -out NEW`");
    return csc_fail(err, CSC_E_DATA, "PEM of the kind '%s'; %s", label, KEYGEN);
}

/* Finds the label and the base64 between the two lines of the only block of the text. */
static int find_block(const struct csc_key_text *text, char label[64], struct der *ret_base64, struct csc_error *err)
{
    static const char begin[] = "-----BEGIN ", dashes[] = "-----";
    const char *p = text->bytes + strspn(text->bytes, white_space);
    char end_line[80];

    if (strncmp(p, begin, sizeof(begin) - 1) != 0)
        return csc_fail(err, CSC_E_DATA, "%zu bytes that are no key; %s", text->size, KEYGEN);
    p += sizeof(begin) - 1;
    const char *label_end = strstr(p, dashes);
    if (!label_end || label_end - p >= 64 || memchr(p, '\n', (size_t)(label_end - p)))
        return csc_fail(err, CSC_E_DATA, "a PEM block whose first line is damaged; restore the file or " KEYGEN);
    (void)snprintf(label, 64, "%.*s", (int)(label_end - p), p);
    p = label_end + sizeof(dashes) - 1;
    (void)snprintf(end_line, sizeof(end_line), "-----END %s-----", label);
    const char *end = strstr(p, end_line);
    if (!end)
        return csc_fail(err, CSC_E_DATA, "a PEM block without its last line '%s'; restore the file", end_line);
    const char *rest = end + strlen(end_line);
    if (rest[strspn(rest, white_space)] != '\0' || strlen(text->bytes) != text->size)
        return csc_fail(err, CSC_E_DATA, "something stands behind the PEM block; leave one key in the file");
    *ret_base64 = (struct der){(const uint8_t *)p, (size_t)(end - p)};
    return 0;
}

int csc_pem_read(struct csc_key_text *text, bool want_private, struct csc_pem_key *ret_key, struct csc_error *err)
{
    struct der base64 = {0};
    char label[64];

    int r = find_block(text, label, &base64, err);
    if (r < 0)
        return r;
    r = check_label(label, want_private, err);
    if (r < 0)
        return r;
    size_t size = 0;
    if (sodium_base642bin(text->der, sizeof(text->der), (const char *)base64.p, base64.size, white_space, &size, NULL,
                          sodium_base64_VARIANT_ORIGINAL) != 0)
        return csc_fail(err, CSC_E_DATA, "a PEM block that is no base64; restore the file or " KEYGEN);
    struct der der = {text->der, size};
    return want_private ? read_private(der, ret_key, err) : read_public(der, ret_key, err);
}

void csc_pem_write(const uint8_t key[CSC_SEED_BYTES], bool private, struct csc_key_text *text)
{
    const uint8_t *prefix = private ? private_prefix : public_prefix;
    size_t prefix_size = private ? sizeof(private_prefix) : sizeof(public_prefix);
    const char *label = private ? "PRIVATE" : "PUBLIC";

    memcpy(text->der, prefix, prefix_size);
    memcpy(text->der + prefix_size, key, CSC_SEED_BYTES);
    /* Assembled piece by piece: stdio might leave a copy of the secret behind. */
    size_t used = (size_t)snprintf(text->bytes, sizeof(text->bytes), "-----BEGIN %s KEY-----\n", label);
    (void)sodium_bin2base64(text->bytes + used, sizeof(text->bytes) - used, text->der, prefix_size + CSC_SEED_BYTES,
                            sodium_base64_VARIANT_ORIGINAL);
    used += strlen(text->bytes + used);
    text->size = used +
                 (size_t)snprintf(text->bytes + used, sizeof(text->bytes) - used, "\n-----END %s KEY-----\n", label);
}
