/* SPDX-License-Identifier: Apache-2.0 */
/* The CommandContract as its JSON text has it (protocol section 1.1); private to contract/. */
#ifndef CSC_CONTRACT_SHAPE_H
#define CSC_CONTRACT_SHAPE_H

#include "contract/contract.h"

/* Members are named as the fields are: the tables take the names from here. */
struct csc_contract_argv {
    struct csc_list argv;
};

struct csc_contract_pipeline {
    struct csc_list segments; /* of struct csc_contract_argv */
};

struct csc_contract_actor {
    const char *agent_id, *session_id, *initiating_user, *delegation_scope;
};

struct csc_contract_command {
    const char *id;
    struct csc_contract_argv exec;
    struct csc_contract_pipeline pipeline;
    bool has_exec, has_pipeline;
    const char *cwd;
    struct csc_list read_paths, write_paths;
    int network; /* enum csc_network */
    struct csc_list env_allow, secret_refs;
    int64_t timeout_sec;
    int proposed_effect_type; /* enum csc_effect */
};

struct csc_contract_text {
    int version;
    const char *contract_id, *intent;
    struct csc_contract_actor actor;
    struct csc_list commands; /* of struct csc_contract_command */
    int risk_class;           /* enum csc_risk */
    int approval_mode;        /* enum csc_approval_mode */
    struct csc_list expected_outputs;
    bool has_expected_outputs;
    const char *justification;
};

/* Decodes into a struct csc_contract_text. */
extern const struct csc_shape csc_shape_contract;

#endif
