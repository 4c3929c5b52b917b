/* SPDX-License-Identifier: Apache-2.0 */
/* Keys in memory and in files. Private to receipt/. */
#ifndef CSC_RECEIPT_KEY_H
#define CSC_RECEIPT_KEY_H

#include "receipt/receipt.h"

enum {
    CSC_SEED_BYTES = 32,
    CSC_PUBLIC_BYTES = 32,
    CSC_SECRET_BYTES = 64,         /* seed, then public key */
    CSC_KEY_FILE_BYTES_MAX = 8192, /* an 8192-bit RSA key in PEM fits: it can still be named in the refusal */
};

/* In memory that is locked, kept out of core dumps, and wiped when freed. */
struct csc_signing_key {
    uint8_t secret[CSC_SECRET_BYTES];
    struct csc_public_key public;
};

/* A key file's bytes, in such memory too. */
struct csc_key_text {
    size_t size;
    char bytes[CSC_KEY_FILE_BYTES_MAX + 1]; /* NUL-terminated */
    uint8_t der[CSC_KEY_FILE_BYTES_MAX];    /* room to decode a PEM text */
    size_t der_size;
};

/* What a PEM text of an Ed25519 key holds; both point into the text's `der`. */
struct csc_pem_key {
    const uint8_t *seed;   /* of a private key, else NULL */
    const uint8_t *public; /* or NULL: a private key in version 1 of PKCS#8 has none */
};

/*
 * Reads the one PEM block of a text: an unencrypted Ed25519 key in PKCS#8 (RFC 5958, RFC 8410) when
 * `want_private`, else a SubjectPublicKeyInfo. Anything else is CSC_E_DATA, naming what was found and how to get what
 * is wanted.
 */
int csc_pem_read(struct csc_key_text *text, bool want_private, struct csc_pem_key *ret_key, struct csc_error *err);

/* The other way: text->bytes becomes the PEM of a seed or of a public key. */
void csc_pem_write(const uint8_t key[CSC_SEED_BYTES], bool private, struct csc_key_text *text);

/* An empty text in locked memory, or NULL; the cleanup wipes it. */
struct csc_key_text *csc_key_text_new(void);
void csc_key_text_free(struct csc_key_text *text);

static inline void csc_key_text_cleanup(struct csc_key_text **text)
{
    csc_key_text_free(*text);
}

static inline void csc_signing_key_cleanup(struct csc_signing_key **key)
{
    csc_signing_key_free(*key);
}

#define _cleanup_key_text_ _cleanup_(csc_key_text_cleanup)
#define _cleanup_signing_key_ _cleanup_(csc_signing_key_cleanup)

#endif
