/* SPDX-License-Identifier: Apache-2.0 */
/* What signing and verifying share. Private to receipt/. */
#ifndef CSC_RECEIPT_SIGNATURE_H
#define CSC_RECEIPT_SIGNATURE_H

#include "receipt/receipt.h"

enum { CSC_SIGNATURE_BYTES = 64 };

/* A copy of the object without one member; its members live in the arena, what they hold stays shared. */
int csc_object_without(struct csc_arena *arena, const struct csc_value *object, const char *key,
                       struct csc_value *ret_object, struct csc_error *err);
/* A copy of the object in which `key` has this value. */
int csc_object_with(struct csc_arena *arena, const struct csc_value *object, const char *key, struct csc_value value,
                    struct csc_value *ret_object, struct csc_error *err);
/* Appends what is signed (section 2): the canonical receipt with only signature.signature removed. */
int csc_receipt_payload(const struct csc_value *root, struct csc_buf *ret_payload, struct csc_error *err);

/* Ed25519 (RFC 8032), refusing S >= L, and keys and R that are non-canonical or of small order. */
bool csc_ed25519_verify(const struct csc_public_key *key, const void *message, size_t size,
                        const uint8_t signature[CSC_SIGNATURE_BYTES]);

#endif
