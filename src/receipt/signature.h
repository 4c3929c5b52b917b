/* SPDX-License-Identifier: Apache-2.0 */
/* What signing and verifying share. Private to receipt/. */
#ifndef CSC_RECEIPT_SIGNATURE_H
#define CSC_RECEIPT_SIGNATURE_H

#include "receipt/receipt.h"

/* Makes *object a copy of itself in which `key` has this value; the members it had before stay as they are. */
int csc_object_set(struct csc_arena *arena, struct csc_value *object, const char *key, struct csc_value value,
                   struct csc_error *err);
/* Appends what is signed (section 2): the canonical receipt with only signature.signature removed. */
int csc_receipt_payload(const struct csc_value *root, struct csc_buf *ret_payload, struct csc_error *err);

#endif
