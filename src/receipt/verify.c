/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>
#include <string.h>

#include "receipt/key.h"
#include "receipt/signature.h"

bool csc_ed25519_verify(const struct csc_public_key *key, const void *message, size_t size,
                        const uint8_t signature[CSC_SIGNATURE_BYTES])
{
    return crypto_sign_verify_detached(signature, message, size, key->bytes) == 0;
}

static int check_form(const struct csc_receipt *receipt, const char *key_id, uint8_t ret_signature[CSC_SIGNATURE_BYTES],
                      struct csc_error *err)
{
    const char *text = receipt->signature.signature;
    char theirs[CSC_EXCERPT], ours[CSC_EXCERPT];

    if (!text)
        return csc_fail(err, CSC_E_INVALID, "the receipt is not signed; only a signed one can be verified");
    if (strcmp(receipt->signature.algorithm, "ed25519") != 0)
        return csc_fail(err, CSC_E_INVALID, "signed with '%s'; only ed25519 is accepted", receipt->signature.algorithm);
    if (strcmp(receipt->signature.key_id, key_id) != 0)
        return csc_fail(err, CSC_E_INVALID, "signed under the key id '%s', not '%s'; give the id and the key you trust",
                        csc_text_excerpt(theirs, receipt->signature.key_id, strlen(receipt->signature.key_id)),
                        csc_text_excerpt(ours, key_id, strlen(key_id)));
    if (!csc_base64_decode(text, strlen(text), ret_signature, CSC_SIGNATURE_BYTES))
        return csc_fail(err, CSC_E_INVALID, "signature.signature is not the strict base64 of %d bytes",
                        CSC_SIGNATURE_BYTES);
    return 0;
}

static int verify(const struct csc_receipt *receipt, const struct csc_public_key *key, const char *key_id,
                  struct csc_error *err)
{
    _cleanup_buf_ struct csc_buf payload = {0};
    uint8_t signature[CSC_SIGNATURE_BYTES];

    int r = csc_crypto_ready(err);
    if (r < 0)
        return r;
    r = check_form(receipt, key_id, signature, err);
    if (r < 0)
        return r;
    r = csc_receipt_payload(&receipt->root, &payload, err);
    if (r < 0)
        return r;
    if (csc_ed25519_verify(key, payload.data, payload.size, signature))
        return 0;
    /* Such a key never verifies; whether it was the reason is asked only now, since the answer costs as much as a
     * verification. */
    if (!csc_public_key_is_sound(key))
        return csc_fail(err, CSC_E_INVALID,
                        "the public key is malformed or of small order; anybody could sign for such a key");
    return csc_fail(err, CSC_E_INVALID, "the signature is wrong; the receipt was altered, or another key signed it");
}

int csc_receipt_verify(const struct csc_receipt *receipt, const struct csc_public_key *key, const char *key_id,
                       struct csc_error *err)
{
    return csc_error_in_stage(err, "receipt", verify(receipt, key, key_id, err));
}
