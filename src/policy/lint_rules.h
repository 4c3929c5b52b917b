/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of lint as data: one line each, in lint_table.c. Private to policy/. */
#ifndef CSC_POLICY_LINT_RULES_H
#define CSC_POLICY_LINT_RULES_H

#include "policy/policy.h"

struct csc_lint_rule;

struct csc_linting {
    const struct csc_policy *policy;
    struct csc_value root; /* the same policy as its text has it, for positions */
    const struct csc_lint_place *place;
    struct csc_lint *lint;
    const struct csc_lint_rule *rule; /* that is being checked */
    size_t steps;                     /* comparisons of every two entries, so far */
    bool failed;                      /* out of memory */
};

struct csc_lint_rule {
    const char *name;
    enum csc_lint_severity severity;
    void (*check)(struct csc_linting *linting); /* calls csc_lint_report() */
    const char *means;
    const char *instead;
};

extern const struct csc_lint_rule csc_lint_rules[]; /* ends with a name of NULL */

enum { CSC_LINT_WHOLE = -1 }; /* the field, not an entry of it */

/* Adds a finding: "'item': means: 'other'". Both strings may be NULL, and are hostile. */
void csc_lint_report(struct csc_linting *linting, const char *field, ptrdiff_t index, const char *item,
                     const char *other);
/* To be asked before comparing entries with each other, so many comparisons. Threat: a policy at its limits has 100,000
 * entries, and comparing every two of them would take minutes. */
bool csc_lint_may_spend(struct csc_linting *linting, size_t steps);
/* The basename of a program. */
const char *csc_lint_basename(const char *program);
/* One of the prefixes is a path that something can lie below. */
bool csc_lint_has_usable(const struct csc_names *prefixes);

/* ---- lint_commands.c ---------------------------------------------------------------------------------------- */

void csc_lint_command_line(struct csc_linting *linting);
void csc_lint_command_glob(struct csc_linting *linting);
void csc_lint_command_relative(struct csc_linting *linting);
void csc_lint_command_by_name(struct csc_linting *linting);
void csc_lint_command_spelt_twice(struct csc_linting *linting);
void csc_lint_command_writable(struct csc_linting *linting);
void csc_lint_command_privileged(struct csc_linting *linting);
void csc_lint_command_wrapper(struct csc_linting *linting);
void csc_lint_command_interpreter(struct csc_linting *linting);
void csc_lint_interpreter_in_part(struct csc_linting *linting);
void csc_lint_command_runs_others(struct csc_linting *linting);
void csc_lint_command_runs_project(struct csc_linting *linting);
void csc_lint_command_network(struct csc_linting *linting);

/* ---- lint_denials.c ----------------------------------------------------------------------------------------- */

void csc_lint_denial_unreachable(struct csc_linting *linting);
void csc_lint_denial_other_spelling(struct csc_linting *linting);
void csc_lint_denial_redundant(struct csc_linting *linting);
void csc_lint_denial_whole_program(struct csc_linting *linting);
void csc_lint_denial_one_word(struct csc_linting *linting);
void csc_lint_denial_sole_guard(struct csc_linting *linting);
void csc_lint_denial_evadable(struct csc_linting *linting);

/* ---- lint_later.c ------------------------------------------------------------------------------------------- */

void csc_lint_write_runs_later(struct csc_linting *linting);

/* ---- lint_paths.c ------------------------------------------------------------------------------------------- */

void csc_lint_denies_everything(struct csc_linting *linting);
void csc_lint_prefix_unusable(struct csc_linting *linting);
void csc_lint_prefix_glob(struct csc_linting *linting);
void csc_lint_prefix_foreign(struct csc_linting *linting);
void csc_lint_prefix_redundant(struct csc_linting *linting);
void csc_lint_read_everything(struct csc_linting *linting);
void csc_lint_read_home(struct csc_linting *linting);
void csc_lint_read_system(struct csc_linting *linting);
void csc_lint_read_shared(struct csc_linting *linting);
void csc_lint_read_needless(struct csc_linting *linting);
void csc_lint_prefix_credentials(struct csc_linting *linting);
void csc_lint_write_everything(struct csc_linting *linting);
void csc_lint_write_home(struct csc_linting *linting);
void csc_lint_write_system(struct csc_linting *linting);
void csc_lint_write_shared(struct csc_linting *linting);
void csc_lint_write_protected(struct csc_linting *linting);
void csc_lint_write_unused(struct csc_linting *linting);
void csc_lint_write_observing(struct csc_linting *linting);
void csc_lint_cwd_unreadable(struct csc_linting *linting);

/* ---- lint_rest.c -------------------------------------------------------------------------------------------- */

void csc_lint_network_full(struct csc_linting *linting);
void csc_lint_network_no_hosts(struct csc_linting *linting);
void csc_lint_network_allowlisted(struct csc_linting *linting);
void csc_lint_hosts_unused(struct csc_linting *linting);
void csc_lint_host_malformed(struct csc_linting *linting);
void csc_lint_host_inside(struct csc_linting *linting);
void csc_lint_secrets(struct csc_linting *linting);
void csc_lint_approval_unknown(struct csc_linting *linting);
void csc_lint_approval_unreachable(struct csc_linting *linting);
void csc_lint_approval_idle(struct csc_linting *linting);
void csc_lint_deploy_alone(struct csc_linting *linting);
void csc_lint_secrets_alone(struct csc_linting *linting);
void csc_lint_critical_alone(struct csc_linting *linting);
void csc_lint_effect_unused(struct csc_linting *linting);
void csc_lint_timeout_beyond(struct csc_linting *linting);
void csc_lint_timeout_long(struct csc_linting *linting);

#endif
