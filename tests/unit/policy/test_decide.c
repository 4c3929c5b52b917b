/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "unit/policy/fixture.h"

/* One way to differ from the plain case. */
typedef void (*change)(struct fixture *f);

static void nothing(struct fixture *f)
{
    (void)f;
}
static void risk(struct fixture *f)
{
    f->contract.risk = CSC_RISK_HIGH;
}
static void program(struct fixture *f)
{
    fixture_run(f, 0, 0, "wc -l");
}
static void program_by_path(struct fixture *f)
{
    fixture_run(f, 0, 0, "/usr/bin/git status");
}
static void prefix(struct fixture *f)
{
    fixture_deny(f, "git blame");
    fixture_deny(f, "git status");
}
static void proposal(struct fixture *f)
{
    f->command[0].command.proposed_effect = CSC_EFFECT_TRANSFORM_LOCAL;
}
static void classified(struct fixture *f)
{
    fixture_run(f, 0, 0, "git push");
}
static void timeout(struct fixture *f)
{
    f->command[0].command.timeout_sec = 61;
}
static void network(struct fixture *f)
{
    f->command[0].command.network = CSC_NETWORK_ALLOWLISTED;
}
static void secret_ref(struct fixture *f)
{
    fixture_secret(f, 0, "token");
}
static void cwd(struct fixture *f)
{
    f->command[0].command.cwd = "/workshop";
}
static void cwd_dotdot(struct fixture *f)
{
    f->command[0].command.cwd = "/work/sub/..";
}
static void cwd_relative(struct fixture *f)
{
    f->command[0].command.cwd = "//work";
}
static void read_path(struct fixture *f)
{
    fixture_read(f, 0, "/work/ok");
    fixture_read(f, 0, "/srv");
}
static void read_dotdot(struct fixture *f)
{
    fixture_read(f, 0, "/work/../work/x");
}
static void read_relative(struct fixture *f)
{
    fixture_read(f, 0, "//work");
}
static void read_two_ways(struct fixture *f)
{
    fixture_read(f, 0, "/srv");
    fixture_read(f, 0, "//work");
}
static void write_path(struct fixture *f)
{
    fixture_write(f, 0, "/work/out/a");
    fixture_write(f, 0, "/work/other");
}
static void write_dotdot(struct fixture *f)
{
    fixture_write(f, 0, "/work/out/../out/a");
}
static void write_relative(struct fixture *f)
{
    fixture_write(f, 0, "\\\\work");
}
static void write_not_empty(struct fixture *f)
{
    f->policy.require_write_paths_empty = true;
    fixture_write(f, 0, "/work/out/a");
}
static void human(struct fixture *f)
{
    f->contract.approval_mode = CSC_APPROVAL_HUMAN;
}
static void dual(struct fixture *f)
{
    f->contract.approval_mode = CSC_APPROVAL_DUAL_CONTROL;
}
static void manual(struct fixture *f)
{
    fixture_add(&f->policy.manual_approval_effects, "observe");
}

static const char *decide(struct fixture *f, struct csc_decision **ret_decision)
{
    struct csc_error err = {0};

    fixture_seal(f);
    if (csc_decide(&f->contract, &f->policy, ret_decision, &err) < 0)
        fail_msg("%s", err.text);
    return csc_decision_reason_code(*ret_decision);
}

/* In the order of section 3: each single cause, and the code it has. */
static const struct {
    change change;
    const char *code;
} causes[] = {
    {risk, "RISK_CLASS_NOT_ALLOWED"},
    {program, "COMMAND_NOT_ALLOWED"},
    {program_by_path, "COMMAND_NOT_ALLOWED"},
    {prefix, "ARGV_PREFIX_DENIED"},
    {proposal, "EFFECT_TYPE_NOT_ALLOWED"},
    {classified, "EFFECT_TYPE_NOT_ALLOWED"},
    {timeout, "TIMEOUT_EXCEEDS_POLICY"},
    {network, "NETWORK_EXCEEDS_POLICY"},
    {secret_ref, "SECRET_REF_NOT_ALLOWED"},
    {cwd, "CWD_NOT_ALLOWED"},
    {cwd_dotdot, "CWD_NOT_ALLOWED"},
    {cwd_relative, "PATH_NOT_ABSOLUTE"},
    {read_path, "READ_SCOPE_DENIED"},
    {read_dotdot, "READ_SCOPE_DENIED"},
    {read_relative, "PATH_NOT_ABSOLUTE"},
    {read_two_ways, "READ_SCOPE_DENIED"},
    {write_not_empty, "WRITE_PATHS_NOT_EMPTY"},
    {write_path, "WRITE_SCOPE_DENIED"},
    {write_dotdot, "WRITE_SCOPE_DENIED"},
    {write_relative, "PATH_NOT_ABSOLUTE"},
    {human, "APPROVAL_REQUIRED"},
    {dual, "APPROVAL_REQUIRED"},
    {manual, "APPROVAL_REQUIRED"},
    {nothing, "ALLOW"},
};

static void each_cause_has_its_code(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(causes); i++) {
        struct fixture f;
        struct csc_decision *decision = NULL;
        fixture_begin(&f);
        causes[i].change(&f);
        if (strcmp(decide(&f, &decision), causes[i].code) != 0)
            fail_msg("cause %zu: %s, not %s (%s)", i, csc_decision_reason_code(decision), causes[i].code,
                     decision->reason);
        csc_decision_free(decision);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_cause_has_its_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
