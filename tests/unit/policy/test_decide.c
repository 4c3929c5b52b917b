/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "unit/policy/causes.h"

static void assert_code(struct fixture *f, const char *code, const char *name)
{
    _cleanup_decision_ struct csc_decision *decision = fixture_decide(f);

    if (strcmp(csc_decision_reason_code(decision), code) != 0)
        fail_msg("%s: %s, not %s: %s", name, csc_decision_reason_code(decision), code, decision->reason);
}

static void each_cause_has_its_code(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(causes); i++) {
        struct fixture f;
        fixture_begin(&f);
        causes[i].change(&f);
        assert_code(&f, causes[i].code, causes[i].name);
    }
}

static void every_code_but_the_reserved_one_has_a_cause(void **state)
{
    (void)state;
    for (int code = 0; code < CSC_REASON_COUNT; code++) {
        bool seen = code == CSC_REASON_EFFECT_RECLASSIFIED;
        for (size_t i = 0; i < ARRAY_SIZE(causes); i++)
            seen |= strcmp(causes[i].code, csc_reason_name((enum csc_reason)code)) == 0;
        if (!seen)
            fail_msg("no case gives %s", csc_reason_name((enum csc_reason)code));
    }
}

/* Two causes that can be given at once: those that set the same field can't. */
static bool can_meet(size_t a, size_t b)
{
    return strcmp(causes[a].field, causes[b].field) != 0;
}

static void the_earlier_rule_gives_the_code(void **state)
{
    (void)state;
    for (size_t a = 0; a < ARRAY_SIZE(causes); a++) {
        for (size_t b = a + 1; b < ARRAY_SIZE(causes); b++) {
            struct fixture f;
            if (!can_meet(a, b))
                continue;
            fixture_begin(&f);
            causes[a].change(&f);
            causes[b].change(&f);
            assert_code(&f, causes[a].code, causes[a].name);
        }
    }
}

static void an_earlier_command_gives_the_code(void **state)
{
    struct fixture f;

    (void)state;
    fixture_begin(&f);
    f.contract.command_count = 3;
    f.command[0].command.timeout_sec = 61;
    fixture_run(&f, 1, 0, "wc");
    assert_code(&f, "TIMEOUT_EXCEEDS_POLICY", "the last rule of the first command");
    f.command[0].command.timeout_sec = 60;
    f.command[2].command.cwd = "/";
    assert_code(&f, "COMMAND_NOT_ALLOWED", "the second of three");
    fixture_run(&f, 1, 0, "git log");
    assert_code(&f, "CWD_NOT_ALLOWED", "the last of three");
}

static void a_denial_beats_an_earlier_need_for_approval(void **state)
{
    struct fixture f;

    (void)state;
    fixture_begin(&f);
    fixture_add(&f.policy.manual_approval_effects, "observe");
    f.contract.approval_mode = CSC_APPROVAL_DUAL_CONTROL;
    f.contract.command_count = 2;
    f.command[1].command.network = CSC_NETWORK_FULL;
    assert_code(&f, "NETWORK_EXCEEDS_POLICY", "denied in the second command");
    f.command[1].command.network = CSC_NETWORK_DENY;
    assert_code(&f, "APPROVAL_REQUIRED", "not denied");
}

/* Step 2 for every segment comes before step 3, and goes segment by segment. */
static void a_pipeline_passes_step_2_as_a_whole(void **state)
{
    struct fixture f;

    (void)state;
    fixture_begin(&f);
    fixture_add(&f.policy.allow_commands, "wc");
    fixture_run(&f, 0, 1, "wc -l");
    assert_code(&f, "ALLOW", "both allowed");
    f.command[0].command.proposed_effect = CSC_EFFECT_DEPLOY;
    fixture_run(&f, 0, 1, "nl");
    assert_code(&f, "COMMAND_NOT_ALLOWED", "the second segment before the proposal");
    fixture_deny(&f, "git status");
    assert_code(&f, "ARGV_PREFIX_DENIED", "the first segment before the second");
    fixture_run(&f, 0, 0, "git status --short");
    assert_code(&f, "ARGV_PREFIX_DENIED", "the prefix is shorter than the argv");
    fixture_run(&f, 0, 0, "git statusx");
    assert_code(&f, "COMMAND_NOT_ALLOWED", "an element is compared as a whole");
    fixture_run(&f, 0, 0, "git");
    assert_code(&f, "COMMAND_NOT_ALLOWED", "the prefix is longer than the argv");
    fixture_run(&f, 0, 0, "git log");
    fixture_run(&f, 0, 1, "git status");
    assert_code(&f, "ARGV_PREFIX_DENIED", "in the second segment");
}

static void classified_effects_are_those_reached(void **state)
{
    struct fixture f;

    (void)state;
    fixture_begin(&f);
    f.contract.command_count = 3;
    f.policy.allowed_effects |= 1U << CSC_EFFECT_MUTATE_REPO;
    fixture_run(&f, 0, 0, "git commit");
    {
        _cleanup_decision_ struct csc_decision *decision = fixture_decide(&f);
        assert_int_equal(decision->classified_count, 3);
        assert_string_equal(decision->classified[0].command_id, "one");
        assert_string_equal(decision->classified[0].effect_type, "mutate_repo");
        assert_string_equal(decision->classified[2].effect_type, "observe");
    }
    f.command[1].command.timeout_sec = 61; /* denied behind step 2: the command is listed, the next is not */
    {
        _cleanup_decision_ struct csc_decision *decision = fixture_decide(&f);
        assert_int_equal(decision->classified_count, 2);
        assert_string_equal(decision->classified[1].command_id, "two");
    }
    fixture_run(&f, 1, 0, "wc"); /* denied in step 2 */
    {
        _cleanup_decision_ struct csc_decision *decision = fixture_decide(&f);
        assert_int_equal(decision->classified_count, 1);
    }
    f.contract.risk = CSC_RISK_CRITICAL;
    {
        _cleanup_decision_ struct csc_decision *decision = fixture_decide(&f);
        assert_int_equal(decision->classified_count, 0);
    }
}

/* Both the core effect and the extension's own name count. */
static void extension_effects_are_checked_twice(void **state)
{
    static const char *const both[] = {"financial_action", "fetch_external"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(both); i++) {
        struct fixture f;
        fixture_begin(&f);
        fixture_add(&f.policy.allow_commands, "curl");
        fixture_add(&f.policy.egress_hosts, "api.stripe.com");
        fixture_run(&f, 0, 0, "curl https://api.stripe.com/v1/charges");
        assert_code(&f, "EFFECT_TYPE_NOT_ALLOWED", "the core effect is not allowed");
        f.policy.allowed_effects |= 1U << CSC_EFFECT_FETCH_EXTERNAL;
        assert_code(&f, "ALLOW", "the core effect is allowed");
        fixture_add(&f.policy.manual_approval_effects, both[i]);
        assert_code(&f, "APPROVAL_REQUIRED", both[i]);
    }
}

static void the_weaker_classification_does_not_excuse_the_proposal(void **state)
{
    struct fixture f;

    (void)state;
    fixture_begin(&f);
    f.policy.allowed_effects = 1U << CSC_EFFECT_FETCH_EXTERNAL;
    fixture_run(&f, 0, 0, "git fetch");
    f.command[0].command.proposed_effect = CSC_EFFECT_DEPLOY;
    assert_code(&f, "EFFECT_TYPE_NOT_ALLOWED", "proposed deploy");
    f.command[0].command.proposed_effect = CSC_EFFECT_FETCH_EXTERNAL;
    assert_code(&f, "ALLOW", "proposed fetch_external");
}

static void the_reason_is_one_safe_line(void **state)
{
    static const char *const programs[] = {"\x1b[31mred", "line\nbreak", "\342\200\256desrever", "caf\xc3\xa9"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
        struct fixture f;
        fixture_begin(&f);
        fixture_run(&f, 0, 0, programs[i]);
        f.command[0].command.id = programs[i];
        _cleanup_decision_ struct csc_decision *decision = fixture_decide(&f);
        for (const char *c = decision->reason; *c; c++)
            assert_true((unsigned char)*c >= 0x20 && *c != 0x7F);
        assert_null(strstr(decision->reason, "\xe2\x80\xae"));
        assert_true(csc_utf8_valid(decision->reason, strlen(decision->reason)));
    }
}

static void a_long_argument_does_not_make_a_long_reason(void **state)
{
    static char program[1 << 16];
    struct fixture f;

    (void)state;
    for (size_t shift = 0; shift < 3; shift++) { /* the cut falls everywhere in a character */
        for (size_t i = 0; i + 2 < sizeof(program); i += 2)
            memcpy(program + i, "\xc3\xa9", 2);
        memset(program, 'x', shift);
        if (shift == 1)
            program[1] = 'x';
        program[sizeof(program) - 1 - sizeof(program) % 2] = '\0';
        fixture_begin(&f);
        f.command[0].words[0][0] = program;
        _cleanup_decision_ struct csc_decision *decision = fixture_decide(&f);
        assert_true(strlen(decision->reason) < 400);
        assert_null(strstr(decision->reason, "\\x"));
        assert_non_null(strstr(decision->reason, "...'"));
    }
}

static void texts_name_what_was_wrong_and_what_would_pass(void **state)
{
    static const struct {
        const char *cause, *text;
    } texts[] = {
        {"risk", "risk_class high is not allowed; the policy allows low, medium"},
        {"program", "command 'one': 'wc' is not in allow_commands; the policy allows 'git'"},
        {"timeout", "command 'one': timeout_sec is 61; the policy allows at most 60"},
        {"network", "command 'one': network is allowlisted; the policy allows at most deny"},
        {"secret_ref", "command 'one': secret_refs: 'token', but allow_secret_refs is false; remove them"},
        {"cwd", "command 'one': cwd '/workshop' is outside allowed_cwd_prefixes; the policy allows '/work'"},
        {"cwd_dotdot", "command 'one': cwd '/work/sub/..' has a '..' component; spell the path without it"},
        {"human", "approval_mode is human_required; a person must approve"},
        {"dual", "approval_mode is dual_control_required; two different people must approve"},
        {"nothing", "every rule of the policy passed"},
    };
    size_t seen = 0;

    (void)state;
    for (size_t t = 0; t < ARRAY_SIZE(texts); t++) {
        for (size_t i = 0; i < ARRAY_SIZE(causes); i++) {
            struct fixture f;
            if (strcmp(causes[i].name, texts[t].cause) != 0)
                continue;
            fixture_begin(&f);
            causes[i].change(&f);
            _cleanup_decision_ struct csc_decision *decision = fixture_decide(&f);
            assert_string_equal(decision->reason, texts[t].text);
            seen++;
        }
    }
    assert_int_equal(seen, ARRAY_SIZE(texts));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_cause_has_its_code),
        cmocka_unit_test(every_code_but_the_reserved_one_has_a_cause),
        cmocka_unit_test(the_earlier_rule_gives_the_code),
        cmocka_unit_test(an_earlier_command_gives_the_code),
        cmocka_unit_test(a_denial_beats_an_earlier_need_for_approval),
        cmocka_unit_test(a_pipeline_passes_step_2_as_a_whole),
        cmocka_unit_test(classified_effects_are_those_reached),
        cmocka_unit_test(extension_effects_are_checked_twice),
        cmocka_unit_test(the_weaker_classification_does_not_excuse_the_proposal),
        cmocka_unit_test(the_reason_is_one_safe_line),
        cmocka_unit_test(a_long_argument_does_not_make_a_long_reason),
        cmocka_unit_test(texts_name_what_was_wrong_and_what_would_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
