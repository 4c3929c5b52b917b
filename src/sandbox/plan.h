/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of a plan. Private to sandbox/. Functions that return int: 0, CSC_REFUSED, or a negative code. */
#ifndef CSC_SANDBOX_PLAN_H
#define CSC_SANDBOX_PLAN_H

#include "sandbox/sandbox.h"

/* A plan under construction. */
struct csc_planning {
    const struct csc_sandbox_request *request;
    const struct csc_survey *survey;
    struct csc_plan *plan;
    struct csc_refusal *refusal;
    struct csc_error *err;
    struct csc_buf mounts, rules, limits; /* what the plan's arrays become */
};

/* Whom the command runs as. Wants of the request the configuration alone, of the survey the users. */
int csc_plan_identity(struct csc_planning *p);
/* view.c: what is visible inside, and where. Wants the identity. */
int csc_plan_view(struct csc_planning *p);
/* limits.c: what bounds the command. Wants the identity. */
int csc_plan_limits(struct csc_planning *p);

#endif
