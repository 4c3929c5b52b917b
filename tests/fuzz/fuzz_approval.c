/* SPDX-License-Identifier: Apache-2.0 */
/* An approval is complete and consistent in itself, or refused. */
#include "fuzz.h"

#include <string.h>

#include "approval/approval.h"

static void check_approval(const struct csc_approval *approval)
{
    PROMISE(approval->id && approval->identity);
    PROMISE(csc_is_sha256_hex(approval->contract_sha256));
    PROMISE(approval->expires_at > approval->approved_at);
    PROMISE(approval->scope == CSC_APPROVAL_SINGLE_EXECUTION || approval->scope == CSC_APPROVAL_TIME_WINDOW);
    PROMISE(!approval->reason || csc_utf8_count(approval->reason, strlen(approval->reason)) <= 4000);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct csc_approval *approval = NULL;
    struct csc_error err = {0};

    int code = csc_approval_parse(bytes, size, &approval, &err);
    if (code == 0) {
        check_approval(approval);
    } else {
        PROMISE(!approval);
        fuzz_check_refusal(code, &err);
    }
    csc_approval_free(approval);
    return 0;
}
