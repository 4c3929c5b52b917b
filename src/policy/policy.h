/* SPDX-License-Identifier: Apache-2.0 */
/* Stage 2: load a policy, classify, decide, explain. The public header of policy/. */
#ifndef CSC_POLICY_H
#define CSC_POLICY_H

#include "base/base.h"
#include "contract/contract.h"
#include "format/format.h"
#include "policy/reason.h"

/* A list of strings out of a policy. */
struct csc_names {
    const char **items;
    size_t count;
    /* Of prefixes, for looking up: in the order of csc_path_compare(), without what holds nothing or lies below
     * another. NULL: they are looked at one by one. */
    const char **sorted;
    size_t sorted_count;
};

struct csc_policy {
    struct csc_arena arena; /* owns everything below */
    const char *name;
    struct csc_names allow_commands;
    struct csc_argv *deny_argv_prefixes;
    size_t deny_argv_prefix_count;
    unsigned allowed_effects;                 /* bit 1 << enum csc_effect */
    unsigned allowed_risks;                   /* bit 1 << enum csc_risk */
    struct csc_names manual_approval_effects; /* core and extension effects, by name */
    int64_t max_timeout_sec;
    enum csc_network network;
    bool allow_secret_refs;
    bool require_write_paths_empty;
    struct csc_names cwd_prefixes, read_prefixes, write_prefixes;
    struct csc_names egress_hosts;
    char sha256[CSC_SHA256_HEX];
};

/* One of the prefixes holds the path (csc_path_has_prefix). */
bool csc_prefixes_contain(const struct csc_names *prefixes, const char *path);

/* ---- classification (section 4) ---------------------------------------------------------------------------- */

/* What the trusted rules make of a command. */
struct csc_classification {
    enum csc_effect core;    /* checked against allowed_effect_types */
    const char *effect_type; /* the core effect's name, or that of an extension over it */
    const char *rule;        /* what matched, for people: "git push"; NULL: no rule, the proposal stands */
};

struct csc_classification csc_classify(const struct csc_command *command, const struct csc_policy *policy);

/* ---- the decision (section 3) ------------------------------------------------------------------------------ */

enum { CSC_DECISION_LIFETIME_SEC = 300 };

struct csc_classified {
    const char *command_id;
    const char *effect_type;
};

struct csc_decision {
    struct csc_arena arena;
    const char *contract_id; /* copies: the decision outlives contract and policy */
    char contract_sha256[CSC_SHA256_HEX];
    const char *policy_name;
    enum csc_verdict verdict;
    enum csc_reason code;
    const char *reason;                /* for people, one line */
    struct csc_classified *classified; /* the commands reached that passed step 2 */
    size_t classified_count;
    int64_t expires_at;          /* wall clock, microseconds since 1970 */
    int64_t expires_at_boottime; /* the same by a clock nobody can set back */
};

extern const char *const csc_verdict_names[];

/* By either clock. */
bool csc_decision_expired(const struct csc_decision *decision);

/* Validates a PolicyDecision text against its schema (section 1.3). */
int csc_decision_validate(const void *bytes, size_t size, struct csc_error *err);
/* The decision as a value whose strings live in the decision or in `arena`. */
int csc_decision_value(const struct csc_decision *decision, struct csc_arena *arena, struct csc_value *ret_value,
                       struct csc_error *err);

/* ---- explanation ------------------------------------------------------------------------------------------- */

/* What one rule said of one command (or, for command_id NULL, of the contract). */
struct csc_finding {
    const char *command_id;
    const char *rule;         /* "timeout_sec", "read_paths", ...: what was looked at */
    enum csc_verdict verdict; /* CSC_ALLOW: passed */
    enum csc_reason code;
    const char *saw; /* "timeout_sec 90, policy allows at most 60" */
    bool decided;    /* the one finding that made the decision */
};

/* A change that, together with the others listed, makes the decision "allow". */
struct csc_change {
    bool in_policy;    /* to be made by the policy's owner, not by the agent */
    const char *field; /* "commands[0].timeout_sec" */
    const char *text;  /* "set it to 60 or less" */
};

struct csc_explanation {
    struct csc_arena arena;
    struct csc_finding *findings; /* in the order of the rules, for every command */
    size_t finding_count;
    struct csc_change *changes; /* the smallest set found; none when already allowed */
    size_t change_count;
    enum csc_verdict verdict_after; /* of contract and policy with the changes made, decided anew */
};

int csc_explain(const struct csc_contract *contract, const struct csc_policy *policy,
                struct csc_explanation **ret_explanation, struct csc_error *err);
void csc_explanation_free(struct csc_explanation *explanation);
/* {decision, findings, changes, decision_with_changes}; its strings live in the explanation, the decision or `arena`.
 */
int csc_explanation_value(const struct csc_explanation *explanation, const struct csc_decision *decision,
                          struct csc_arena *arena, struct csc_value *ret_value, struct csc_error *err);

#endif
