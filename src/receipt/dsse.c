/* SPDX-License-Identifier: Apache-2.0 */
#include "receipt/dsse.h"

#include <string.h>

#include "receipt/key.h"

/* Each costs a verification (threat: an envelope of nothing but signatures). */
enum { SIGNATURES_MAX = 100 };

void csc_dsse_pae(struct csc_buf *buf, const char *type, const void *body, size_t size)
{
    csc_buf_printf(buf, "DSSEv1 %zu %s %zu ", strlen(type), type, size);
    csc_buf_append(buf, body, size);
}

/* ---- making ------------------------------------------------------------------------------------------------- */

static int sign(const struct csc_signing_key *key, const struct csc_buf *payload, struct csc_buf *ret_text,
                struct csc_error *err)
{
    _cleanup_buf_ struct csc_buf pae = {0};
    uint8_t signature[CSC_SIGNATURE_BYTES];

    csc_dsse_pae(&pae, CSC_EVIDENCE_PAYLOAD_TYPE, payload->data, payload->size);
    int r = pae.failed ? csc_fail_memory(err) : csc_crypto_ready(err);
    if (r == 0)
        r = csc_ed25519_sign(key, pae.data, pae.size, signature, err);
    if (r < 0)
        return r;
    /* A fault while signing can give the key away: a signature that does not verify is never published. */
    if (!csc_ed25519_verify(&key->public, pae.data, pae.size, signature))
        return csc_fail(err, CSC_E_INTERNAL, "the new signature does not verify");
    csc_base64_encode(ret_text, signature, sizeof(signature));
    return ret_text->failed ? csc_fail_memory(err) : 0;
}

static int write_envelope(const char *key_id, const struct csc_buf *body, const struct csc_buf *sig,
                          struct csc_buf *ret_envelope, struct csc_error *err)
{
    _cleanup_(csc_arena_free) struct csc_arena arena = {0};
    struct csc_value signature, envelope;
    struct csc_object object;

    csc_object_begin(&object, &arena, 2);
    csc_object_string(&object, "keyid", key_id);
    csc_object_string(&object, "sig", sig->data);
    int r = csc_object_end(&object, &signature, err);
    if (r < 0)
        return r;
    csc_object_begin(&object, &arena, 3);
    csc_object_string(&object, "payload", body->data);
    csc_object_string(&object, "payloadType", CSC_EVIDENCE_PAYLOAD_TYPE);
    csc_object_value(&object, "signatures", (struct csc_value){.type = CSC_ARRAY, .count = 1, .items = &signature});
    r = csc_object_end(&object, &envelope, err);
    if (r < 0)
        return r;
    csc_canon_write(ret_envelope, &envelope);
    return ret_envelope->failed ? csc_fail_memory(err) : 0;
}

int csc_dsse_make(const struct csc_signing_key *key, const char *key_id, const struct csc_buf *payload,
                  struct csc_buf *ret_envelope, struct csc_error *err)
{
    _cleanup_buf_ struct csc_buf sig = {0}, body = {0};

    int r = sign(key, payload, &sig, err);
    if (r < 0)
        return r;
    csc_base64_encode(&body, (const uint8_t *)payload->data, payload->size);
    return body.failed ? csc_fail_memory(err) : write_envelope(key_id, &body, &sig, ret_envelope, err);
}

/* ---- reading ------------------------------------------------------------------------------------------------ */

/* A member of that type; else an error that names it. */
static int get(const struct csc_value *object, const char *name, enum csc_type type, const struct csc_value **ret_value,
               struct csc_error *err)
{
    const struct csc_value *value = csc_value_get(object, name);

    if (value && value->type == type) {
        *ret_value = value;
        return 0;
    }
    if (value)
        (void)csc_fail_value(err, value, name, "is %s; a DSSE envelope has %s here", csc_type_name(value->type),
                             csc_type_name(type));
    else
        (void)csc_fail_value(err, object, name, "is missing; a DSSE envelope has it");
    return -CSC_E_DATA;
}

/* 1: yes, 0: no, or a negative code. */
static int is_by(const struct csc_public_key *key, const struct csc_value *sig, const struct csc_buf *pae,
                 struct csc_error *err)
{
    _cleanup_buf_ struct csc_buf bytes = {0};

    if (!csc_base64_decode_any(sig->string, sig->count, &bytes))
        return bytes.failed ? csc_fail_memory(err) : 0;
    return bytes.size == CSC_SIGNATURE_BYTES &&
           csc_ed25519_verify(key, pae->data, pae->size, (const uint8_t *)bytes.data);
}

static int find_signature(const struct csc_value *signatures, const struct csc_public_key *key,
                          const struct csc_buf *pae, const char **ret_key_id, struct csc_error *err)
{
    if (signatures->count == 0 || signatures->count > SIGNATURES_MAX)
        return csc_fail_value(err, signatures, "signatures", "has %zu items; one to %d are accepted", signatures->count,
                              (int)SIGNATURES_MAX);
    for (size_t i = 0; i < signatures->count; i++) {
        const struct csc_value *sig = NULL;
        int r = get(&signatures->items[i], "sig", CSC_STRING, &sig, err);
        if (r != 0)
            return r;
    }
    for (size_t i = 0; i < signatures->count; i++) {
        const struct csc_value *item = &signatures->items[i];
        int r = is_by(key, csc_value_get(item, "sig"), pae, err);
        if (r < 0)
            return r;
        if (r == 0)
            continue;
        const struct csc_value *key_id = csc_value_get(item, "keyid");
        *ret_key_id = key_id && key_id->type == CSC_STRING ? key_id->string : "";
        return 0;
    }
    if (!csc_public_key_is_sound(key))
        return csc_fail(err, CSC_E_INVALID,
                        "the public key is malformed or of small order; anybody could sign for such a key");
    return csc_fail(err, CSC_E_INVALID,
                    "no signature is by this key; the envelope was altered, or another key signed it");
}

int csc_dsse_open(const struct csc_value *envelope, const char *type, const struct csc_public_key *key,
                  struct csc_dsse *ret_dsse, struct csc_error *err)
{
    const struct csc_value *payload = NULL, *payload_type = NULL, *signatures = NULL;
    _cleanup_buf_ struct csc_buf pae = {0};
    char excerpt[CSC_EXCERPT];

    int r = get(envelope, "payload", CSC_STRING, &payload, err);
    if (r == 0)
        r = get(envelope, "payloadType", CSC_STRING, &payload_type, err);
    if (r == 0)
        r = get(envelope, "signatures", CSC_ARRAY, &signatures, err);
    if (r == 0)
        r = csc_crypto_ready(err);
    if (r != 0)
        return r;
    if (strcmp(payload_type->string, type) != 0)
        return csc_fail_value(err, payload_type, "payloadType", "is '%s'; '%s' is accepted",
                              csc_text_excerpt(excerpt, payload_type->string, payload_type->count), type);
    if (!csc_base64_decode_any(payload->string, payload->count, &ret_dsse->payload))
        return ret_dsse->payload.failed ? csc_fail_memory(err)
                                        : csc_fail_value(err, payload, "payload", "is not base64");
    csc_dsse_pae(&pae, type, ret_dsse->payload.data, ret_dsse->payload.size);
    return pae.failed ? csc_fail_memory(err) : find_signature(signatures, key, &pae, &ret_dsse->key_id, err);
}
