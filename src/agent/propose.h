/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From what an agent wants to run to a contract. Agents don't write contracts: what they leave open (scopes, network,
 * effect, risk) is filled in here, by a table of well-known programs and the policy's prefixes, with the least that the
 * programs need. Nothing here decides: the policy does, on the contract that comes out.
 */
#ifndef CSC_AGENT_PROPOSE_H
#define CSC_AGENT_PROPOSE_H

#include "agent/shell.h"
#include "policy/policy.h"

/* One command, as far as it is known. */
struct csc_proposed_command {
    struct csc_argv *argvs; /* 1 to 10 */
    size_t argv_count;
    const char *cwd;                            /* absolute */
    struct csc_strings read_paths, write_paths; /* absolute; what is asked for beside what is filled in */
    bool exact_reads, exact_writes;             /* nothing is filled in */
    int network;                                /* enum csc_network, or -1: what its programs need */
    int64_t timeout_sec;                        /* 0: CSC_PROPOSED_TIMEOUT_SEC, or the policy's limit if that is less */
};

enum {
    CSC_PROPOSED_TIMEOUT_SEC = 120,
    CSC_PROPOSED_PATHS_MAX = 256, /* of one command, read or written: no person would look at more */
};

struct csc_proposal {
    const struct csc_proposed_command *commands; /* 1 to 20 */
    size_t command_count;
    struct csc_strings env_allow, secret_refs;                              /* of every command */
    const char *intent;                                                     /* NULL: the commands in one line */
    const char *justification;                                              /* NULL: likewise */
    const char *agent_id, *session_id, *initiating_user, *delegation_scope; /* NULL: "unknown" and such */
    int risk; /* enum csc_risk, or -1: what its effects are worth */
};

/* Why a path is in a scope, or a network level asked for: for people, never hidden. */
struct csc_proposed_note {
    const char *command_id;
    const char *field; /* "read_paths", "write_paths", "network", "redirection" */
    const char *value;
    const char *why; /* "operand of cat", "the policy's prefix that holds cwd", "git push" */
};

struct csc_proposed {
    struct csc_arena arena;
    struct csc_contract *contract;
    char *json; /* the contract's text, indented, of which the contract was parsed */
    struct csc_proposed_note *notes;
    size_t note_count;
};

/*
 * The contract's id is a hash of the rest: the same proposal under the same policy is the same contract, so that a
 * person's approval of its hash holds when the agent asks again. `policy` may be NULL: then scopes are the operands
 * and the cwd. CSC_E_DATA when it is beyond a contract's limits.
 */
int csc_propose(const struct csc_proposal *proposal, const struct csc_policy *policy,
                struct csc_proposed **ret_proposed, struct csc_error *err);
void csc_proposed_free(struct csc_proposed *proposed);

/* What commands with this effect are worth at least. */
enum csc_risk csc_risk_of_effect(enum csc_effect effect);

/* Commands of a shell line, in the arena, or NULL. Their scopes are filled in: files of redirections are operands. */
struct csc_proposed_command *csc_propose_line(struct csc_arena *arena, const struct csc_shell_line *line,
                                              int64_t timeout_sec);

#endif
