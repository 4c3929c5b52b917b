/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one policy allows and another doesn't: by what entries hold, not by how they are written. Shared through
 * policy.h.
 */
#ifndef CSC_POLICY_DIFF_H
#define CSC_POLICY_DIFF_H

#include "base/base.h"

struct csc_policy;

enum csc_change_kind {
    CSC_CHANGE_MORE,    /* allowed by the second policy only */
    CSC_CHANGE_LESS,    /* allowed by the first only */
    CSC_CHANGE_NEITHER, /* of no effect on what is allowed: the name, hosts where no level is allowlisted */
};

extern const char *const csc_change_names[]; /* "more", "less", "neither" */

struct csc_policy_change {
    enum csc_change_kind kind;
    const char *field;
    const char *text; /* one line of safe text */
};

struct csc_policy_diff {
    struct csc_arena arena;
    struct csc_policy_change *changes; /* in the order of the protocol's fields */
    size_t count, capacity;
    size_t counts[3]; /* by kind */
};

/* Texts are copies: the policies may go. */
int csc_policy_diff(const struct csc_policy *before, const struct csc_policy *after, struct csc_policy_diff **ret_diff,
                    struct csc_error *err);
void csc_policy_diff_free(struct csc_policy_diff *diff);

#endif
