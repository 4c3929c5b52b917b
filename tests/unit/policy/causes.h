/* SPDX-License-Identifier: Apache-2.0 */
/* Every single cause of a decision, in the order of protocol section 3, with its reason code. */
#ifndef CSC_TESTS_POLICY_CAUSES_H
#define CSC_TESTS_POLICY_CAUSES_H

#include "unit/policy/fixture.h"

/* One way to differ from the plain case. */
typedef void (*cause_change)(struct fixture *f);

static inline void cause_nothing(struct fixture *f)
{
    (void)f;
}

static inline void cause_risk(struct fixture *f)
{
    f->contract.risk = CSC_RISK_HIGH;
}

static inline void cause_program(struct fixture *f)
{
    fixture_run(f, 0, 0, "wc -l");
}

static inline void cause_program_by_path(struct fixture *f)
{
    fixture_run(f, 0, 0, "/usr/bin/git status");
}

static inline void cause_prefix(struct fixture *f)
{
    fixture_deny(f, "git blame");
    fixture_deny(f, "git status");
}

static inline void cause_proposal(struct fixture *f)
{
    f->command[0].command.proposed_effect = CSC_EFFECT_TRANSFORM_LOCAL;
}

static inline void cause_classified(struct fixture *f)
{
    fixture_run(f, 0, 0, "git push");
}

static inline void cause_timeout(struct fixture *f)
{
    f->command[0].command.timeout_sec = 61;
}

static inline void cause_network(struct fixture *f)
{
    f->command[0].command.network = CSC_NETWORK_ALLOWLISTED;
}

static inline void cause_secret_ref(struct fixture *f)
{
    fixture_secret(f, 0, "token");
}

static inline void cause_cwd(struct fixture *f)
{
    f->command[0].command.cwd = "/workshop";
}

static inline void cause_cwd_dotdot(struct fixture *f)
{
    f->command[0].command.cwd = "/work/sub/..";
}

static inline void cause_cwd_relative(struct fixture *f)
{
    f->command[0].command.cwd = "//work";
}

static inline void cause_read_path(struct fixture *f)
{
    fixture_read(f, 0, "/work/ok");
    fixture_read(f, 0, "/srv");
}

static inline void cause_read_dotdot(struct fixture *f)
{
    fixture_read(f, 0, "/work/../work/x");
}

static inline void cause_read_relative(struct fixture *f)
{
    fixture_read(f, 0, "//work");
}

static inline void cause_read_two_ways(struct fixture *f)
{
    fixture_read(f, 0, "/srv");
    fixture_read(f, 0, "//work");
}

static inline void cause_write_path(struct fixture *f)
{
    fixture_write(f, 0, "/work/out/a");
    fixture_write(f, 0, "/work/other");
}

static inline void cause_write_dotdot(struct fixture *f)
{
    fixture_write(f, 0, "/work/out/../out/a");
}

static inline void cause_write_relative(struct fixture *f)
{
    fixture_write(f, 0, "\\\\work");
}

static inline void cause_write_not_empty(struct fixture *f)
{
    f->policy.require_write_paths_empty = true;
    fixture_write(f, 0, "/work/out/a");
}

static inline void cause_human(struct fixture *f)
{
    f->contract.approval_mode = CSC_APPROVAL_HUMAN;
}

static inline void cause_dual(struct fixture *f)
{
    f->contract.approval_mode = CSC_APPROVAL_DUAL_CONTROL;
}

static inline void cause_manual(struct fixture *f)
{
    fixture_add(&f->policy.manual_approval_effects, "observe");
}

#define CAUSE(name) #name, cause_##name

/* In the order of the rules: where two come together, the earlier one gives the code. */
static const struct {
    const char *name;
    cause_change change;
    const char *field; /* what it changes: two causes with the same field can't meet */
    const char *code;
} causes[] = {
    {CAUSE(risk), "risk", "RISK_CLASS_NOT_ALLOWED"},
    {CAUSE(program), "argv", "COMMAND_NOT_ALLOWED"},
    {CAUSE(program_by_path), "argv", "COMMAND_NOT_ALLOWED"},
    {CAUSE(prefix), "argv", "ARGV_PREFIX_DENIED"},
    {CAUSE(proposal), "proposal", "EFFECT_TYPE_NOT_ALLOWED"},
    {CAUSE(classified), "argv", "EFFECT_TYPE_NOT_ALLOWED"},
    {CAUSE(timeout), "timeout", "TIMEOUT_EXCEEDS_POLICY"},
    {CAUSE(network), "network", "NETWORK_EXCEEDS_POLICY"},
    {CAUSE(secret_ref), "secret", "SECRET_REF_NOT_ALLOWED"},
    {CAUSE(cwd), "cwd", "CWD_NOT_ALLOWED"},
    {CAUSE(cwd_dotdot), "cwd", "CWD_NOT_ALLOWED"},
    {CAUSE(cwd_relative), "cwd", "PATH_NOT_ABSOLUTE"},
    {CAUSE(read_path), "read", "READ_SCOPE_DENIED"},
    {CAUSE(read_dotdot), "read", "READ_SCOPE_DENIED"},
    {CAUSE(read_relative), "read", "PATH_NOT_ABSOLUTE"},
    {CAUSE(read_two_ways), "read", "READ_SCOPE_DENIED"},
    {CAUSE(write_not_empty), "write_empty", "WRITE_PATHS_NOT_EMPTY"},
    {CAUSE(write_path), "write", "WRITE_SCOPE_DENIED"},
    {CAUSE(write_dotdot), "write", "WRITE_SCOPE_DENIED"},
    {CAUSE(write_relative), "write", "PATH_NOT_ABSOLUTE"},
    {CAUSE(human), "approval", "APPROVAL_REQUIRED"},
    {CAUSE(dual), "approval", "APPROVAL_REQUIRED"},
    {CAUSE(manual), "manual", "APPROVAL_REQUIRED"},
    {CAUSE(nothing), "nothing", "ALLOW"},
};

#undef CAUSE

static inline void fixture_free_decision(struct csc_decision **decision)
{
    csc_decision_free(*decision);
}

#define _cleanup_decision_ _cleanup_(fixture_free_decision)

static inline struct csc_decision *fixture_decide(struct fixture *f)
{
    struct csc_decision *decision = NULL;
    struct csc_error err = {0};

    fixture_seal(f);
    if (csc_decide(&f->contract, &f->policy, &decision, &err) < 0)
        fail_msg("%s", err.text);
    return decision;
}

#endif
