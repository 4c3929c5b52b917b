/* SPDX-License-Identifier: Apache-2.0 */
/* A receipt survives being written and read again: the same hash, the same meaning. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"

static void check_receipt(const struct csc_receipt *receipt)
{
    struct csc_receipt *again = NULL;
    struct csc_error err = {0};
    char hex[65], hex_again[65];
    char *text = NULL;

    PROMISE(csc_receipt_sha256(receipt, hex, &err) == 0);
    fuzz_check_sha256(hex);
    PROMISE(csc_receipt_json(receipt, &text, &err) == 0);
    PROMISE(csc_receipt_parse(text, strlen(text), &again, &err) == 0);
    PROMISE(csc_receipt_sha256(again, hex_again, &err) == 0);
    PROMISE(strcmp(hex, hex_again) == 0);
    PROMISE(csc_receipt_status(again) == csc_receipt_status(receipt));
    PROMISE(strcmp(csc_receipt_execution_id(again), csc_receipt_execution_id(receipt)) == 0);
    PROMISE(!csc_receipt_error(receipt) == !csc_receipt_error(again));
    csc_receipt_free(again);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct csc_receipt *receipt = NULL;
    struct csc_error err = {0};

    int code = csc_receipt_parse(bytes, size, &receipt, &err);
    if (code == 0) {
        check_receipt(receipt);
    } else {
        PROMISE(!receipt);
        fuzz_check_refusal(code, &err);
    }
    csc_receipt_free(receipt);
    return 0;
}
