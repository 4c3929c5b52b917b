/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What would have to change for a rule to pass. Changes to the contract come first: the agent can make them. Where none
 * helps (what a command does follows from what it runs), the change is one of the policy, for its owner to judge.
 */
#ifndef CSC_POLICY_MEND_H
#define CSC_POLICY_MEND_H

#include "policy/rules.h"

/* Contract and policy while changes are tried on them: they share with the originals whatever is not changed. */
struct csc_draft {
    struct csc_arena *arena;
    struct csc_contract contract;
    struct csc_policy policy;
    struct csc_command *commands;  /* those of `contract` */
    struct csc_argv *deny_entries; /* those of `policy`; an entry that was removed keeps its place */
    const char **allow_commands;   /* likewise, with room for every program of the contract */
    struct csc_change *changes;
    size_t change_count, change_capacity;
    bool failed; /* out of memory */
};

int csc_draft_begin(struct csc_draft *draft, struct csc_arena *arena, const struct csc_contract *contract,
                    const struct csc_policy *policy, struct csc_error *err);

/* Each makes its rule pass for the draft's command that the view looks at, and lists the changes made; where none would
 * help, it makes none. */
void csc_mend_risk(struct csc_draft *draft, const struct csc_view *view);
void csc_mend_argv(struct csc_draft *draft, const struct csc_view *view);
void csc_mend_proposed_effect(struct csc_draft *draft, const struct csc_view *view);
void csc_mend_classified_effect(struct csc_draft *draft, const struct csc_view *view);
void csc_mend_timeout(struct csc_draft *draft, const struct csc_view *view);
void csc_mend_network(struct csc_draft *draft, const struct csc_view *view);
void csc_mend_secret_refs(struct csc_draft *draft, const struct csc_view *view);
void csc_mend_cwd(struct csc_draft *draft, const struct csc_view *view);
void csc_mend_read_paths(struct csc_draft *draft, const struct csc_view *view);
void csc_mend_write_paths_empty(struct csc_draft *draft, const struct csc_view *view);
void csc_mend_write_paths(struct csc_draft *draft, const struct csc_view *view);
void csc_mend_approval_mode(struct csc_draft *draft, const struct csc_view *view);

#endif
