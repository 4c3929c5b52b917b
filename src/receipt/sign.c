/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>
#include <string.h>

#include "receipt/key.h"
#include "receipt/shape.h"
#include "receipt/signature.h"

int csc_ed25519_sign(const struct csc_signing_key *key, const void *message, size_t size,
                     uint8_t ret_signature[CSC_SIGNATURE_BYTES], struct csc_error *err)
{
    if (crypto_sign_detached(ret_signature, NULL, message, size, key->secret) != 0)
        return csc_fail(err, CSC_E_INTERNAL, "libsodium failed to sign");
    return 0;
}

/* The `signature` object but for the signature itself. */
static int unsigned_signature(struct csc_arena *arena, const char *key_id, struct csc_value *ret_value,
                              struct csc_error *err)
{
    struct csc_object object;
    char now[CSC_TIME_TEXT];

    csc_time_format(csc_time_now(), now);
    const char *signed_at = csc_arena_copy(arena, now, strlen(now));
    if (!signed_at)
        return csc_fail_memory(err);
    csc_object_begin(&object, arena, 3);
    csc_object_string(&object, "algorithm", "ed25519");
    csc_object_string(&object, "key_id", key_id);
    csc_object_string(&object, "signed_at", signed_at);
    return csc_object_end(&object, ret_value, err);
}

/* The base64 text, in the arena, of the signature over a receipt. */
static int make_signature(struct csc_arena *arena, const struct csc_value *root, const struct csc_signing_key *key,
                          const char **ret_text, struct csc_error *err)
{
    _cleanup_buf_ struct csc_buf payload = {0};
    _cleanup_buf_ struct csc_buf text = {0};
    uint8_t signature[CSC_SIGNATURE_BYTES];

    int r = csc_receipt_payload(root, &payload, err);
    if (r == 0)
        r = csc_ed25519_sign(key, payload.data, payload.size, signature, err);
    if (r < 0)
        return r;
    csc_base64_encode(&text, signature, sizeof(signature));
    const char *copy = text.failed ? NULL : csc_arena_copy(arena, text.data, text.size);
    if (!copy)
        return csc_fail_memory(err);
    *ret_text = copy;
    return 0;
}

/* The signed form of candidate->root, which is replaced. */
static int sign_root(struct csc_receipt *candidate, const struct csc_signing_key *key, const char *key_id,
                     struct csc_error *err)
{
    struct csc_arena *arena = &candidate->arena;
    struct csc_value signature = {0}, root = candidate->root;
    const char *text = NULL;

    int r = unsigned_signature(arena, key_id, &signature, err);
    if (r == 0)
        r = csc_object_set(arena, &root, "signing_key_id", csc_value_string(key_id), err);
    if (r == 0)
        r = csc_object_set(arena, &root, "signature", signature, err);
    if (r == 0)
        r = make_signature(arena, &root, key, &text, err);
    if (r == 0)
        r = csc_object_set(arena, &signature, "signature", csc_value_string(text), err);
    if (r == 0)
        r = csc_object_set(arena, &root, "signature", signature, err);
    if (r == 0)
        candidate->root = root;
    return r;
}

static int sign(struct csc_receipt *receipt, const struct csc_signing_key *key, const char *key_id,
                struct csc_error *err)
{
    struct csc_error flaw = {0};

    if (!key_id || !*key_id || !csc_utf8_valid(key_id, strlen(key_id)))
        return csc_fail(err, CSC_E_USAGE,
                        "the key id must be non-empty UTF-8; give the name verifiers know the key by");
    const char *id = csc_arena_copy(&receipt->arena, key_id, strlen(key_id));
    if (!id)
        return csc_fail_memory(err);

    /* The candidate shares the arena, which only grows: that is the one thing to hand back in any case. */
    struct csc_receipt candidate = *receipt;
    int r = sign_root(&candidate, key, id, err);
    if (r == 0)
        r = csc_receipt_decode(&candidate, err);
    receipt->arena = candidate.arena;
    if (r < 0)
        return r;
    /* A fault while signing can give the key away (RFC 8032 signatures are deterministic): a signature that does
     * not verify is never kept. */
    if (csc_receipt_verify(&candidate, &key->public, id, &flaw) < 0)
        return csc_fail(err, CSC_E_INTERNAL, "the new signature does not verify: %s", flaw.text);
    *receipt = candidate;
    return 0;
}

int csc_receipt_sign(struct csc_receipt *receipt, const struct csc_signing_key *key, const char *key_id,
                     struct csc_error *err)
{
    return csc_error_in_stage(err, "receipt", sign(receipt, key, key_id, err));
}
