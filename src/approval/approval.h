/* SPDX-License-Identifier: Apache-2.0 */
/* Stage 3: approval artifacts. The public header of approval/. */
#ifndef CSC_APPROVAL_H
#define CSC_APPROVAL_H

#include "base/base.h"
#include "format/format.h"

enum csc_approval_scope { CSC_APPROVAL_SINGLE_EXECUTION, CSC_APPROVAL_TIME_WINDOW };
enum { CSC_APPROVAL_BYTES_MAX = 64 << 10 };

/* An ApprovalArtifact, section 1.4: complete and consistent in itself. Nothing is said of its signature. */
struct csc_approval {
    struct csc_arena arena;
    const char *id;
    const char *contract_sha256; /* 64 hex digits, any case */
    const char *identity;
    int64_t approved_at, expires_at; /* expires_at is later */
    enum csc_approval_scope scope;
    const char *ticket_id; /* or NULL */
    const char *reason;    /* or NULL */
};

int csc_approval_parse(const void *bytes, size_t size, struct csc_approval **ret_approval, struct csc_error *err);
void csc_approval_free(struct csc_approval *approval);

#endif
