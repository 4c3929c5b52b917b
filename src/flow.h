/* SPDX-License-Identifier: Apache-2.0 */
/* The whole run, from contract to receipt. */
#ifndef CSC_FLOW_H
#define CSC_FLOW_H

#include "approval/approval.h"
#include "exec/exec.h"
#include "ledger/ledger.h"
#include "policy/policy.h"
#include "receipt/receipt.h"

/* What a run came to, beyond what its receipt says: the exit codes of csc run differ where the status doesn't. */
enum csc_outcome {
    CSC_OUTCOME_BLOCKED = 0,
    CSC_OUTCOME_SUCCESS,
    CSC_OUTCOME_FAILED,
    CSC_OUTCOME_EXPIRED,
    CSC_OUTCOME_NEEDS_APPROVAL,
    CSC_OUTCOME_OVER_LIMIT,
    CSC_OUTCOME_NO_SECRETS,  /* allowed, but no secret provider is configured */
    CSC_OUTCOME_INTERRUPTED, /* csc itself was told to stop */
    CSC_OUTCOME_NO_BOUNDARY, /* hardened mode could not establish the sandbox */
    CSC_OUTCOME_NO_LEDGER,   /* what would have run could not be recorded */
};

/* Of hardened mode. */
struct csc_hardening {
    const struct csc_config *config;
    const struct csc_protected *protected; /* what no scope may hold */
    size_t protected_count;
};

/* What people handed in to let it run, and how that is believed. */
struct csc_flow_approvals {
    const struct csc_approval_file *files;
    size_t count;
    struct csc_approval_trust trust;
};

struct run;
struct csc_flow_result;

/* Where it is recorded; {0}: nowhere. How is in functions, so that who records nothing is not linked with a database.
 */
struct csc_recorder {
    struct csc_ledger *ledger; /* open for writing, or NULL */
    const char *unavailable;   /* why there is none although one was wanted; NULL: none was */
    bool full_argv;            /* evidence holds the arguments of commands, not their hash alone */
    int (*intend)(struct run *run, struct csc_error *err);
    void (*record)(const struct run *run, struct csc_flow_result *result);
};

/* In a ledger, as the three members above say. */
void csc_recorder_init(struct csc_recorder *recorder);

struct csc_flow {
    const struct csc_contract *contract;
    const struct csc_policy *policy;
    struct csc_flow_approvals approvals;
    struct csc_recorder recorder;
    bool make_evidence;                        /* of what is signed */
    const struct csc_signing_key *signing_key; /* or NULL */
    const char *key_id;
    struct csc_exec_io io;
    const struct csc_hardening *hardening; /* NULL: local mode. Else signing_key is required. */
    bool isolate; /* supervise in a child (csc_exec_run_isolated): the library; false: in this process, the command */
    void (*notice)(void *context, const char *text);
    void *context;
};

struct csc_flow_result {
    struct csc_receipt *receipt;
    struct csc_decision *decision; /* NULL when the contract was over a limit */
    enum csc_outcome outcome;
    int signal_number; /* of CSC_OUTCOME_INTERRUPTED: 2 or 15 */
    bool lost_output;
    char reason[700]; /* csc's own words of why it was no success, or "" */
    char *evidence;   /* a DSSE envelope, or NULL: only what is signed has evidence */
    bool is_recorded; /* the receipt is in the ledger, as entry `entry` */
    uint64_t entry;
    char unrecorded[512]; /* why it is not, where it should be, or "" */
};

int csc_flow_run(const struct csc_flow *flow, struct csc_flow_result *ret_result, struct csc_error *err);
/*
 * Decides, and plans the boundary of every command without executing anything: an array of plans, in `arena`. Where a
 * command would be refused, csc exits by *ret_result's outcome and says its reason; then the value is untouched.
 */
int csc_flow_plan(const struct csc_flow *flow, struct csc_arena *arena, struct csc_value *ret_plans,
                  struct csc_flow_result *ret_result, struct csc_error *err);
void csc_flow_result_free(struct csc_flow_result *result);

#endif
