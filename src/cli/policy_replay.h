/* SPDX-License-Identifier: Apache-2.0 */
/* What csc policy replay knows of executions, and what a policy says of their contracts. */
#ifndef CSC_CLI_POLICY_REPLAY_H
#define CSC_CLI_POLICY_REPLAY_H

#include "cli/ledger.h"
#include "cli/policy.h"

/* ---- policy_replay_contracts.c ------------------------------------------------------------------------------ */

/* A contract that is at hand, decided. */
struct csc_replayed {
    char sha256[CSC_SHA256_HEX];
    enum csc_verdict verdict;
    enum csc_reason code;
    const char *reason;
    bool asks_itself; /* its approval_mode wants a person, whatever the policy */
};

struct csc_replay_contracts {
    struct csc_cli_tree tree;
    struct csc_replayed *items; /* by sha256 */
    size_t count, capacity;
    size_t others; /* files that are no contracts */
    const struct csc_policy *policy;
};

/* Decides every contract in or below the folder; NULL: there are none at hand. An exit code. */
int csc_replay_contracts_load(const struct csc_cli *cli, const char *path, const struct csc_policy *policy,
                              struct csc_replay_contracts *ret_contracts);
const struct csc_replayed *csc_replay_contracts_find(const struct csc_replay_contracts *contracts, const char *sha256);
void csc_replay_contracts_free(struct csc_replay_contracts *contracts);

/* ---- policy_replay_past.c ----------------------------------------------------------------------------------- */

enum csc_past_decision {
    CSC_PAST_UNTOLD, /* blocked or expired for another reason than the decision, which is not on record */
    CSC_PAST_RAN,    /* allowed, perhaps after approval */
    CSC_PAST_NEEDED_APPROVAL,
    CSC_PAST_DENIED,
};

/* What the ledger tells of an execution. */
struct csc_past {
    enum csc_past_decision decision;
    enum csc_reason code; /* of a denial */
    bool has_evidence;    /* that could be read; no signature was checked */
    bool was_approved;    /* as the evidence says */
    enum csc_reason argv; /* what the policy says of the argvs in the evidence; CSC_REASON_ALLOW where there are none */
};

/* Damaged receipts and evidence tell nothing; csc ledger verify is for finding them. CSC_E_INTERNAL: no memory. */
int csc_replay_past(const struct csc_ledger_entry *entry, const struct csc_policy *policy, struct csc_past *ret_past,
                    struct csc_error *err);

#endif
