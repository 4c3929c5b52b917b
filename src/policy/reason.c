/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/reason.h"

static const struct {
    const char *name, *meaning;
} reasons[] = {
#define X(code, meaning, helps) {#code, meaning},
    CSC_REASONS(X)
#undef X
};

const char *csc_reason_name(enum csc_reason reason)
{
    return reasons[reason].name;
}

const char *csc_reason_meaning(enum csc_reason reason)
{
    return reasons[reason].meaning;
}
