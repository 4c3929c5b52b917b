/* SPDX-License-Identifier: Apache-2.0 */
/* What a receipt must look like (protocol section 1.5). Private to receipt/. */
#ifndef CSC_RECEIPT_SHAPE_H
#define CSC_RECEIPT_SHAPE_H

#include "receipt/receipt.h"

/*
 * Validates receipt->root and fills the fields beside it, which point into the root. The root is not changed.
 * CSC_E_DATA with the field's path; the fields are untouched then.
 */
int csc_receipt_decode(struct csc_receipt *receipt, struct csc_error *err);

#endif
