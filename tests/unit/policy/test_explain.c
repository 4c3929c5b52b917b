/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "unit/policy/causes.h"

static void free_explanation(struct csc_explanation **explanation)
{
    csc_explanation_free(*explanation);
}

#define _cleanup_explanation_ _cleanup_(free_explanation)

static struct csc_explanation *explain(struct fixture *f)
{
    struct csc_explanation *explanation = NULL;
    struct csc_error err = {0};

    fixture_seal(f);
    if (csc_explain(&f->contract, &f->policy, &explanation, &err) < 0)
        fail_msg("%s", err.text);
    return explanation;
}

/* Exactly one finding decided, and it is csc_decide()'s. */
static void assert_agrees(const struct fixture *f, const struct csc_explanation *explanation, const char *name)
{
    _cleanup_decision_ struct csc_decision *decision = NULL;
    size_t decided = 0;

    assert_int_equal(csc_decide(&f->contract, &f->policy, &decision, NULL), 0);
    for (size_t i = 0; i < explanation->finding_count; i++) {
        const struct csc_finding *finding = &explanation->findings[i];
        assert_non_null(finding->saw);
        assert_true(finding->saw[0] != '\0');
        if (!finding->decided)
            continue;
        decided++;
        if (finding->verdict != decision->verdict || finding->code != decision->code)
            fail_msg("%s: decide says %s, explain %s", name, csc_reason_name(decision->code),
                     csc_reason_name(finding->code));
        if (decision->verdict != CSC_ALLOW)
            assert_non_null(strstr(decision->reason, finding->saw));
    }
    assert_int_equal(decided, 1);
}

static void it_agrees_with_the_decision(void **state)
{
    (void)state;
    for (size_t a = 0; a < ARRAY_SIZE(causes); a++) {
        for (size_t b = a; b < ARRAY_SIZE(causes); b++) {
            struct fixture f;
            fixture_begin(&f);
            f.contract.command_count = FIXTURE_COMMANDS;
            causes[a].change(&f);
            if (a != b)
                causes[b].change(&f);
            _cleanup_explanation_ struct csc_explanation *explanation = explain(&f);
            assert_agrees(&f, explanation, causes[a].name);
        }
    }
}

/* Whatever denies, singly or in pairs, there is a set of changes behind which nothing does. */
static void every_denial_has_a_way_out(void **state)
{
    (void)state;
    for (size_t a = 0; a < ARRAY_SIZE(causes); a++) {
        for (size_t b = a; b < ARRAY_SIZE(causes); b++) {
            struct fixture f;
            fixture_begin(&f);
            causes[a].change(&f);
            if (a != b)
                causes[b].change(&f);
            bool asks = strcmp(causes[a].name, "manual") == 0 || strcmp(causes[b].name, "manual") == 0;
            _cleanup_explanation_ struct csc_explanation *explanation = explain(&f);
            if (explanation->verdict_after != (asks ? CSC_NEEDS_APPROVAL : CSC_ALLOW) &&
                !(asks && explanation->verdict_after == CSC_ALLOW))
                fail_msg("%s and %s: %s", causes[a].name, causes[b].name,
                         csc_verdict_names[explanation->verdict_after]);
        }
    }
}

/* Each single cause: the changes, one line each. */
static const struct {
    const char *cause, *changes;
} ways_out[] = {
    {"risk", "contract risk_class: use one of low, medium, if that is what the work is\n"},
    {"program", "policy allow_commands: add 'wc'\n"},
    {"prefix", "policy deny_argv_prefixes[1]: remove 'git', 'status'\n"},
    {"proposal",
     "contract commands[0].proposed_effect_type: set it to observe, if the command does no more than that\n"},
    {"classified", "policy allowed_effect_types: add deploy\n"},
    {"timeout", "contract commands[0].timeout_sec: set it to 60 or less\n"},
    {"network", "contract commands[0].network: set it to deny\n"},
    {"secret_ref", "contract commands[0].secret_refs: remove 'token'\n"},
    {"cwd", "contract commands[0].cwd: set it to '/work' or a folder below\n"},
    {"cwd_dotdot", "contract commands[0].cwd: set it to '/work' or a folder below\n"},
    {"read_path", "contract commands[0].read_paths: remove '/srv'\n"},
    {"read_two_ways", "contract commands[0].read_paths: remove '/srv', '//work'\n"},
    {"write_not_empty", "contract commands[0].write_paths: remove '/work/out/a'\n"},
    {"write_path", "contract commands[0].write_paths: remove '/work/other'\n"},
    {"human", "contract approval_mode: set it to policy_only, if nobody has to look at this first\n"},
    {"manual", ""},
    {"nothing", ""},
};

static void list_changes(const struct csc_explanation *explanation, struct csc_buf *text)
{
    for (size_t i = 0; i < explanation->change_count; i++)
        csc_buf_printf(text, "%s %s: %s\n", explanation->changes[i].in_policy ? "policy" : "contract",
                       explanation->changes[i].field, explanation->changes[i].text);
}

static void assert_changes(struct fixture *f, const char *wanted)
{
    _cleanup_explanation_ struct csc_explanation *explanation = explain(f);
    _cleanup_buf_ struct csc_buf text = {0};

    csc_buf_puts(&text, "");
    list_changes(explanation, &text);
    assert_string_equal(text.data ? text.data : "", wanted);
}

static void the_smallest_change_is_named(void **state)
{
    size_t seen = 0;

    (void)state;
    for (size_t w = 0; w < ARRAY_SIZE(ways_out); w++) {
        for (size_t i = 0; i < ARRAY_SIZE(causes); i++) {
            struct fixture f;
            if (strcmp(causes[i].name, ways_out[w].cause) != 0)
                continue;
            fixture_begin(&f);
            causes[i].change(&f);
            assert_changes(&f, ways_out[w].changes);
            seen++;
        }
    }
    assert_int_equal(seen, ARRAY_SIZE(ways_out));
}

static void findings_stand_in_the_order_of_the_rules(void **state)
{
    static const char *const rules[] = {
        "argv", "proposed_effect_type", "classified_effect",         "timeout_sec", "network", "secret_refs",
        "cwd",  "read_paths",           "require_write_paths_empty", "write_paths",
    };
    struct fixture f;

    (void)state;
    fixture_begin(&f);
    f.contract.command_count = 2;
    f.contract.risk = CSC_RISK_HIGH; /* behind a denial the rest is shown too */
    _cleanup_explanation_ struct csc_explanation *explanation = explain(&f);
    assert_int_equal(explanation->finding_count, 2 + 2 * ARRAY_SIZE(rules));
    assert_string_equal(explanation->findings[0].rule, "risk_class");
    assert_null(explanation->findings[0].command_id);
    assert_true(explanation->findings[0].decided);
    for (size_t i = 0; i < 2 * ARRAY_SIZE(rules); i++) {
        const struct csc_finding *finding = &explanation->findings[1 + i];
        assert_string_equal(finding->rule, rules[i % ARRAY_SIZE(rules)]);
        assert_string_equal(finding->command_id, i < ARRAY_SIZE(rules) ? "one" : "two");
        assert_int_equal(finding->verdict, CSC_ALLOW);
    }
    assert_string_equal(explanation->findings[explanation->finding_count - 1].rule, "approval_mode");
}

static void what_a_rule_knows_is_what_the_proposal_should_say(void **state)
{
    struct fixture f;

    (void)state;
    fixture_begin(&f);
    fixture_run(&f, 0, 0, "git fetch");
    f.command[0].command.proposed_effect = CSC_EFFECT_DEPLOY;
    f.policy.allowed_effects |= 1U << CSC_EFFECT_FETCH_EXTERNAL;
    assert_changes(&f, "contract commands[0].proposed_effect_type: set it to fetch_external\n");
    f.policy.allowed_effects = 1U << CSC_EFFECT_OBSERVE;
    assert_changes(&f, "policy allowed_effect_types: add fetch_external\n"
                       "contract commands[0].proposed_effect_type: set it to fetch_external\n");
    f.command[0].command.proposed_effect = CSC_EFFECT_FETCH_EXTERNAL;
    assert_changes(&f, "policy allowed_effect_types: add fetch_external\n");
}

static void a_secret_can_be_left_out_of_a_scope(void **state)
{
    struct fixture f;

    (void)state;
    fixture_begin(&f);
    fixture_read(&f, 0, "/work/a");
    fixture_read(&f, 0, "/work/.npmrc");
    fixture_write(&f, 0, "/work/out/x.pem");
    assert_changes(&f, "contract commands[0].read_paths: remove '/work/.npmrc'\n"
                       "contract commands[0].write_paths: remove '/work/out/x.pem'\n");
    fixture_run(&f, 0, 0, "git log .npmrc");
    assert_changes(&f, "policy allowed_effect_types: add touch_secrets\n");
}

/* Threat: advice to allow touch_secrets where another cwd, or an honest proposal, would do. */
static void a_secret_cwd_or_proposal_widens_no_policy(void **state)
{
    struct fixture f;

    (void)state;
    fixture_begin(&f);
    f.command[0].command.cwd = "/work/.ssh";
    assert_changes(&f, "contract commands[0].cwd: set it to '/work' or a folder below\n");
    f.command[0].command.proposed_effect = CSC_EFFECT_TOUCH_SECRETS;
    fixture_read(&f, 0, "/work/.npmrc");
    assert_changes(&f, "contract commands[0].read_paths: remove '/work/.npmrc'\n"
                       "contract commands[0].cwd: set it to '/work' or a folder below\n"
                       "contract commands[0].proposed_effect_type: set it to observe, if the command does no more than "
                       "that\n");
}

static void changes_are_shared_between_commands(void **state)
{
    struct fixture f;

    (void)state;
    fixture_begin(&f);
    f.contract.command_count = 3;
    for (size_t i = 0; i < 3; i++)
        fixture_run(&f, i, 0, "wc");
    fixture_run(&f, 2, 1, "nl");
    f.command[2].command.timeout_sec = 100;
    assert_changes(&f, "policy allow_commands: add 'wc'\n"
                       "policy allow_commands: add 'nl'\n"
                       "contract commands[2].timeout_sec: set it to 60 or less\n");
}

static void where_nothing_helps_it_says_so(void **state)
{
    struct fixture f;

    (void)state;
    fixture_begin(&f);
    f.policy.cwd_prefixes.items[0] = "/work/.."; /* holds nothing */
    f.command[0].command.timeout_sec = 100;
    _cleanup_explanation_ struct csc_explanation *explanation = explain(&f);
    assert_int_equal(explanation->verdict_after, CSC_DENY);
    assert_int_equal(explanation->change_count, 0);
}

/* The walk works on copies. */
static void contract_and_policy_stay_as_they_are(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(causes); i++) {
        struct fixture f;
        fixture_begin(&f);
        causes[i].change(&f);
        _cleanup_explanation_ struct csc_explanation *first = explain(&f);
        struct fixture before = f;
        _cleanup_explanation_ struct csc_explanation *again = explain(&f);
        assert_memory_equal(&before, &f, sizeof(f));
        assert_int_equal(first->change_count, again->change_count);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_agrees_with_the_decision),
        cmocka_unit_test(every_denial_has_a_way_out),
        cmocka_unit_test(the_smallest_change_is_named),
        cmocka_unit_test(findings_stand_in_the_order_of_the_rules),
        cmocka_unit_test(what_a_rule_knows_is_what_the_proposal_should_say),
        cmocka_unit_test(a_secret_can_be_left_out_of_a_scope),
        cmocka_unit_test(a_secret_cwd_or_proposal_widens_no_policy),
        cmocka_unit_test(changes_are_shared_between_commands),
        cmocka_unit_test(where_nothing_helps_it_says_so),
        cmocka_unit_test(contract_and_policy_stay_as_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
