/* SPDX-License-Identifier: Apache-2.0 */
/* Dead Simple Signing Envelope 1.0.2 (https://github.com/secure-systems-lab/dsse). Private to receipt/. */
#ifndef CSC_RECEIPT_DSSE_H
#define CSC_RECEIPT_DSSE_H

#include "receipt/receipt.h"

/* Appends what is signed: "DSSEv1", then type and body, each after its size. */
void csc_dsse_pae(struct csc_buf *buf, const char *type, const void *body, size_t size);

/* Appends the envelope of a payload, of CSC_EVIDENCE_PAYLOAD_TYPE, as canonical JSON. The signature is verified before.
 */
int csc_dsse_make(const struct csc_signing_key *key, const char *key_id, const struct csc_buf *payload,
                  struct csc_buf *ret_envelope, struct csc_error *err);

struct csc_dsse {
    struct csc_buf payload; /* the caller frees it, also after an error */
    const char *key_id;     /* of the signature that verified, or "". Strings live in the arena. */
};

/*
 * Reads an envelope of this type. Unknown members are left alone, as the standard says: they are not signed. Keys are
 * not looked for by keyid, which is a hint that anybody could write. CSC_E_DATA, or CSC_E_INVALID when none of the
 * signatures is by `key`; then no byte of the payload has been looked at.
 */
int csc_dsse_open(const struct csc_value *envelope, const char *type, const struct csc_public_key *key,
                  struct csc_dsse *ret_dsse, struct csc_error *err);

#endif
