/* SPDX-License-Identifier: Apache-2.0 */
/* The `error` field of a receipt. Private to receipt/. */
#ifndef CSC_RECEIPT_WORDS_H
#define CSC_RECEIPT_WORDS_H

#include "receipt/receipt.h"

enum { CSC_ERROR_CHARACTERS = 4000 }; /* protocol section 5 */

/*
 * Appends what the receipt says of a failure: csc's own words, `note`, and the end of the last command's stderr,
 * as many of its last characters as there is room for. Valid UTF-8 without U+0000 whatever the command
 * printed; nothing at all when there is nothing to say.
 */
void csc_receipt_words(const struct csc_record *record, const char *note, struct csc_buf *ret_words);

#endif
