/* SPDX-License-Identifier: Apache-2.0 */
/* The scopes of a proposed command: what was asked for, and what its programs are known to need. */
#ifndef CSC_AGENT_SCOPES_H
#define CSC_AGENT_SCOPES_H

#include "agent/propose.h"

struct csc_scoping {
    struct csc_arena *arena;
    const struct csc_policy *policy; /* or NULL */
    const struct csc_proposed_command *command;
    bool is_ruled; /* a rule of classification names it */
    const char *command_id;
    struct csc_strings reads, writes; /* the result */
    struct csc_proposed_note *notes;  /* what csc_propose() tells; grows */
    size_t note_count;
    bool is_filling; /* what was asked for is in the lists */
    bool failed;     /* out of memory */
    bool overflowed; /* more than CSC_PROPOSED_PATHS_MAX of a kind */
};

void csc_scopes_fill(struct csc_scoping *scoping);
/* One more note of this command. */
void csc_scopes_note(struct csc_scoping *scoping, const char *field, const char *value, const char *why);

#endif
