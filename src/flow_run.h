/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of a run. Private to the files flow*.c. Functions that return int: GO, STOP (why is in the record), or a
 * negative code. */
#ifndef CSC_FLOW_RUN_H
#define CSC_FLOW_RUN_H

#include "flow.h"

enum { STOP = 0, GO = 1 };

struct run {
    const struct csc_flow *flow;
    struct csc_arena arena;
    struct csc_decision *decision;
    struct csc_approvals *approvals; /* that let it run; NULL: none was needed */
    char execution_id[CSC_UUID_TEXT];
    struct csc_exec_result *current, *last; /* of this command, and of the last one that ran; too big for a stack */
    struct csc_evidence_command *noted;     /* what evidence says of each command that csc came to */
    size_t noted_count;
    struct csc_snapshot *before;
    struct csc_record record;
    struct sha256_ctx profile; /* of the plans of the commands that ran */
    char profile_id[CSC_SHA256_HEX];
    size_t profiled;
    enum csc_outcome outcome;
    int signal_number;
    bool lost_output;
};

/* ---- flow_run.c --------------------------------------------------------------------------------------------- */

/* Room for the results of commands. */
int csc_run_begin(struct run *run, struct csc_error *err);
void csc_run_free(struct run *run);
void csc_run_notice(const struct run *run, const char *text);
/* Ends the run before anything (more) is executed. Returns STOP. */
__attribute__((format(printf, 3, 4))) int csc_run_block(struct run *run, enum csc_outcome outcome, const char *format,
                                                        ...);

/* ---- flow_judge.c: what must hold before anything is executed ------------------------------------------------- */

int csc_run_check_limits(struct run *run);
/* GO too when approval is needed and was given. */
int csc_run_decide(struct run *run, struct csc_error *err);
int csc_run_require_secret_provider(struct run *run);
/* What hardened mode refuses is refused before the first command, not between two. */
int csc_run_vet(struct run *run);

/* ---- flow_evidence.c ------------------------------------------------------------------------------------------ */

/* What is known of a command, run->current, now that it has ended; `plan` may be NULL. 0, or a negative code. */
int csc_run_note(struct run *run, const struct csc_command *command, const struct csc_plan *plan,
                 struct csc_error *err);
/* *ret_envelope is NULL where nothing is signed. 0, or a negative code. */
int csc_run_make_evidence(struct run *run, const struct csc_receipt *receipt, char **ret_envelope,
                          struct csc_error *err);

/* ---- flow_command.c ------------------------------------------------------------------------------------------- */

/* GO when the next command may run. */
int csc_run_command(struct run *run, const struct csc_command *command);
/* Before an approval is used up: it is not by a first command that the boundary refuses. (Those after it may be about
 * what the first one makes.) */
int csc_run_rehearse(struct run *run, struct csc_error *err);
/* What the end of a command, run->current, means for the record. GO when the next one may run. */
int csc_run_conclude(struct run *run, const struct csc_command *command);
struct csc_sandbox_request csc_run_request(const struct csc_flow *flow, const struct csc_command *command);

static inline void csc_boundary_cleanup(struct csc_boundary **boundary)
{
    csc_boundary_free(*boundary);
}

#endif
