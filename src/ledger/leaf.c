/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/ledger.h"

int csc_ledger_leaf(const struct csc_receipt *receipt, struct csc_merkle_hash *ret_leaf, struct csc_error *err)
{
    _cleanup_buf_ struct csc_buf bytes = {0};

    csc_canon_write(&bytes, &receipt->root);
    if (bytes.failed)
        return csc_error_in_stage(err, "ledger", csc_fail_memory(err));
    csc_merkle_leaf(bytes.data, bytes.size, ret_leaf);
    return 0;
}
