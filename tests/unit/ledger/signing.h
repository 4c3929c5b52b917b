/* SPDX-License-Identifier: Apache-2.0 */
/* The key of the samples, to sign with, and a receipt. */
#ifndef CSC_TESTS_LEDGER_SIGNING_H
#define CSC_TESTS_LEDGER_SIGNING_H

#include <sys/stat.h>

#include "samples.h"
#include "support/folder.h"

#define RECEIPT                                                                                                        \
    "{\"receipt_version\": \"csc.receipt.v0.1\",\"status\":\"blocked\",\"contract_id\":\"contract-1\","                \
    "\"contract_sha256\":\"a1b2c3d4e5f6a1b2c3d4e5f6a1b2c3d4e5f6a1b2c3d4e5f6a1b2c3d4e5f6a1b2\","                        \
    "\"execution_id\":\"exec-1\",\"started_at\":\"2026-03-20T10:00:00Z\",\"ended_at\":\"2026-03-20T10:00:05Z\","       \
    "\"policy_profile\":\"dev-readonly\"}"

/* The key's file in a folder of its own; the seed has no zero byte. */
static inline char *key_folder(void)
{
    char *folder = folder_create();

    folder_write(folder, "log.key", SEED);
    assert_int_equal(chmod(folder_path(folder, "log.key"), 0600), 0);
    return folder;
}

#endif
