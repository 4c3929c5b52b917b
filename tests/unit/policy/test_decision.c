/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "unit/policy/causes.h"

static void every_decision_is_a_valid_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(causes); i++) {
        struct fixture f;
        _cleanup_free_ char *text = NULL;
        struct csc_error err = {0};
        fixture_begin(&f);
        causes[i].change(&f);
        _cleanup_decision_ struct csc_decision *decision = fixture_decide(&f);
        assert_int_equal(csc_decision_json(decision, &text, &err), 0);
        if (csc_decision_validate(text, strlen(text), &err) < 0)
            fail_msg("%s: %s: %s", causes[i].name, err.field, err.text);
        assert_true(text[strlen(text) - 1] == '\n');
    }
}

static void the_text_says_what_was_decided(void **state)
{
    static const char wanted[] =
        "{\n"
        "  \"classified_effects\": [\n"
        "    {\n"
        "      \"command_id\": \"one\",\n"
        "      \"effect_type\": \"deploy\"\n"
        "    }\n"
        "  ],\n"
        "  \"contract_id\": \"contract-1\",\n"
        "  \"contract_sha256\": \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\",\n"
        "  \"decision\": \"deny\",\n"
        "  \"expires_at\": \"1970-01-01T00:05:00.000001+00:00\",\n"
        "  \"policy_profile\": \"plain\",\n"
        "  \"reason_codes\": [\n"
        "    \"EFFECT_TYPE_NOT_ALLOWED\"\n"
        "  ],\n"
        "  \"reasons\": [\n"
        "    \"because\"\n"
        "  ]\n"
        "}\n";
    struct fixture f;
    _cleanup_free_ char *text = NULL;

    (void)state;
    fixture_begin(&f);
    fixture_run(&f, 0, 0, "git push");
    _cleanup_decision_ struct csc_decision *decision = fixture_decide(&f);
    decision->expires_at = 300000001;
    decision->reason = "because";
    assert_int_equal(csc_decision_json(decision, &text, NULL), 0);
    assert_string_equal(text, wanted);
}

static void an_empty_list_of_effects_is_there(void **state)
{
    struct fixture f;
    _cleanup_free_ char *text = NULL;

    (void)state;
    fixture_begin(&f);
    f.contract.risk = CSC_RISK_CRITICAL;
    _cleanup_decision_ struct csc_decision *decision = fixture_decide(&f);
    assert_int_equal(csc_decision_json(decision, &text, NULL), 0);
    assert_non_null(strstr(text, "\"classified_effects\": []"));
}

static void it_outlives_contract_and_policy(void **state)
{
    struct fixture f;
    char id[] = "contract-2", name[] = "passing", command[] = "first";

    (void)state;
    fixture_begin(&f);
    f.contract.id = id;
    f.policy.name = name;
    f.command[0].command.id = command;
    _cleanup_decision_ struct csc_decision *decision = fixture_decide(&f);
    memset(id, 'x', sizeof(id) - 1);
    memset(name, 'x', sizeof(name) - 1);
    memset(command, 'x', sizeof(command) - 1);
    assert_string_equal(decision->contract_id, "contract-2");
    assert_string_equal(decision->policy_name, "passing");
    assert_string_equal(decision->classified[0].command_id, "first");
}

static int64_t boottime(void)
{
    struct timespec now;

    assert_int_equal(clock_gettime(CLOCK_BOOTTIME, &now), 0);
    return now.tv_sec * CSC_SECOND + now.tv_nsec / 1000;
}

static void it_expires_after_300_seconds_by_either_clock(void **state)
{
    const int64_t lifetime = 300 * CSC_SECOND;
    struct fixture f;

    (void)state;
    fixture_begin(&f);
    int64_t before = boottime();
    _cleanup_decision_ struct csc_decision *decision = fixture_decide(&f);
    int64_t after = boottime();
    assert_true(decision->expires_at_boottime >= before + lifetime);
    assert_true(decision->expires_at_boottime <= after + lifetime);
    assert_false(csc_decision_expired(decision));
    int64_t by_wall_clock = decision->expires_at, by_boottime = decision->expires_at_boottime;
    decision->expires_at = by_wall_clock - lifetime; /* as if made 300 s ago */
    assert_true(csc_decision_expired(decision));
    decision->expires_at = by_wall_clock + lifetime; /* somebody set the clock back */
    decision->expires_at_boottime = by_boottime - lifetime;
    assert_true(csc_decision_expired(decision));
}

/* The schema and csc_decision_validate() are held together elsewhere; here is what no schema can say. */
static void texts_that_are_no_decisions_are_refused(void **state)
{
    static const char *const texts[] = {"", "{", "[]", "null", "{}", "{\"contract_id\":\"a\",\"contract_id\":\"a\"}"};
    static char large[CSC_CONTRACT_BYTES_MAX + 1];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct csc_error err = {0};
        assert_int_equal(csc_decision_validate(texts[i], strlen(texts[i]), &err), -CSC_E_DATA);
        assert_string_equal(err.stage, "policy");
    }
    struct csc_error err = {0};
    memset(large, ' ', sizeof(large));
    assert_int_equal(csc_decision_validate(large, sizeof(large), &err), -CSC_E_DATA);
    assert_non_null(strstr(err.text, "1048576"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_decision_is_a_valid_text),
        cmocka_unit_test(the_text_says_what_was_decided),
        cmocka_unit_test(an_empty_list_of_effects_is_there),
        cmocka_unit_test(it_outlives_contract_and_policy),
        cmocka_unit_test(it_expires_after_300_seconds_by_either_clock),
        cmocka_unit_test(texts_that_are_no_decisions_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
