/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of csc_hook_judge() share. */
#ifndef CSC_AGENT_HOOK_PARTS_H
#define CSC_AGENT_HOOK_PARTS_H

#include "agent/hook.h"

/* What is known once it is decided. */
struct csc_hook_case {
    const struct csc_hook_call *call;
    const struct csc_hook_setup *setup;
    const struct csc_proposed *proposed;
    const struct csc_decision *decision; /* allow or needs_approval */
};

/* An answer whose reason is copied into the arena. */
int csc_hook_answer_with(struct csc_arena *arena, enum csc_hook_verdict verdict, const struct csc_buf *reason,
                         struct csc_hook_answer *ret_answer, struct csc_error *err);
/* "CODE: reason" */
void csc_hook_write_decision(struct csc_buf *text, const struct csc_decision *decision);

/* Stores the contract, and answers with the csc run of it; or, where a person has to approve it first and has not, with
 * a denial that says how. */
int csc_hook_rewrite(struct csc_arena *arena, const struct csc_hook_case *judged, struct csc_hook_answer *ret_answer,
                     struct csc_error *err);

#endif
