/* SPDX-License-Identifier: Apache-2.0 */
#include "receipt/receipt.h"

#include "receipt/shape.h"

static void free_cleanup(struct csc_receipt **receipt)
{
    csc_receipt_free(*receipt);
}

static int parse(const void *bytes, size_t size, struct csc_receipt **ret_receipt, struct csc_error *err)
{
    if (size > CSC_RECEIPT_BYTES_MAX)
        return csc_fail(err, CSC_E_DATA, "larger than the %zu bytes a receipt may have", CSC_RECEIPT_BYTES_MAX);

    _cleanup_(free_cleanup) struct csc_receipt *receipt = calloc(1, sizeof(*receipt));
    if (!receipt)
        return csc_fail_memory(err);
    int r = csc_json_parse(&receipt->arena, bytes, size, &receipt->root, err);
    if (r < 0)
        return r;
    r = csc_receipt_decode(receipt, err);
    if (r < 0)
        return r;
    *ret_receipt = TAKE_PTR(receipt);
    return 0;
}

int csc_receipt_parse(const void *bytes, size_t size, struct csc_receipt **ret_receipt, struct csc_error *err)
{
    return csc_error_in_stage(err, "receipt", parse(bytes, size, ret_receipt, err));
}

void csc_receipt_free(struct csc_receipt *receipt)
{
    if (!receipt)
        return;
    csc_arena_free(&receipt->arena);
    free(receipt);
}

enum csc_status csc_receipt_status(const struct csc_receipt *receipt)
{
    return receipt->status;
}

const char *csc_receipt_execution_id(const struct csc_receipt *receipt)
{
    return receipt->execution_id;
}

const char *csc_receipt_error(const struct csc_receipt *receipt)
{
    return receipt->error;
}

int csc_receipt_sha256(const struct csc_receipt *receipt, char ret_hex[65], struct csc_error *err)
{
    return csc_error_in_stage(err, "receipt", csc_canon_sha256(&receipt->root, ret_hex, err));
}

int csc_receipt_json(const struct csc_receipt *receipt, char **ret_text, struct csc_error *err)
{
    struct csc_buf buf = {0};

    csc_json_write(&buf, &receipt->root);
    char *text = csc_buf_take(&buf);
    if (!text)
        return csc_error_in_stage(err, "receipt", csc_fail_memory(err));
    *ret_text = text;
    return 0;
}
