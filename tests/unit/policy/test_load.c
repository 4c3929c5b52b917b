/* SPDX-License-Identifier: Apache-2.0 */
/* What a loaded policy holds; which texts are policies is told by tests/conformance/policies*.json. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "policy/match.h"
#include "policy/policy.h"

#define REQUIRED                                                                                                       \
    "policy_schema_version: csc.policy.v0.1\n"                                                                         \
    "name: some\n"                                                                                                     \
    "allow_commands: [git, wc]\n"                                                                                      \
    "allowed_effect_types: [touch_secrets, observe]\n"                                                                 \
    "allowed_risk_classes: [critical, low]\n"                                                                          \
    "max_timeout_sec: 90\n"                                                                                            \
    "network: full\n"                                                                                                  \
    "allow_secret_refs: true\n"                                                                                        \
    "allowed_cwd_prefixes: [/w]\n"                                                                                     \
    "allowed_read_prefixes: [/w, /usr]\n"

static struct csc_policy *load(const char *text)
{
    struct csc_policy *policy = NULL;
    struct csc_error err = {0};

    if (csc_policy_parse(text, strlen(text), &policy, &err) < 0)
        fail_msg("%s: %s", err.field, err.text);
    return policy;
}

static void assert_names(const struct csc_names *names, const char *first, const char *second)
{
    assert_int_equal(names->count, (first != NULL) + (second != NULL));
    if (first)
        assert_string_equal(names->items[0], first);
    if (second)
        assert_string_equal(names->items[1], second);
}

static void required_fields(void **state)
{
    struct csc_policy *policy = load(REQUIRED);
    (void)state;

    assert_string_equal(csc_policy_name(policy), "some");
    assert_names(&policy->allow_commands, "git", "wc");
    assert_int_equal(policy->allowed_effects, 1U << CSC_EFFECT_OBSERVE | 1U << CSC_EFFECT_TOUCH_SECRETS);
    assert_int_equal(policy->allowed_risks, 1U << CSC_RISK_LOW | 1U << CSC_RISK_CRITICAL);
    assert_int_equal(policy->max_timeout_sec, 90);
    assert_int_equal(policy->network, CSC_NETWORK_FULL);
    assert_true(policy->allow_secret_refs);
    assert_names(&policy->cwd_prefixes, "/w", NULL);
    assert_names(&policy->read_prefixes, "/w", "/usr");
    csc_policy_free(policy);
}

static void absent_fields(void **state)
{
    struct csc_policy *policy = load(REQUIRED);
    (void)state;

    assert_int_equal(policy->deny_argv_prefix_count, 0);
    assert_false(policy->require_write_paths_empty);
    assert_names(&policy->manual_approval_effects, NULL, NULL);
    assert_names(&policy->write_prefixes, NULL, NULL);
    assert_names(&policy->egress_hosts, NULL, NULL);
    csc_policy_free(policy);
}

static void optional_fields(void **state)
{
    struct csc_policy *policy = load(REQUIRED
                                     "deny_argv_prefixes: [[git, push], [wc]]\n"
                                     "require_write_paths_empty: yes\n"
                                     "manual_approval_for_classified_effect_types: [deploy, financial_action]\n"
                                     "allowed_write_prefixes: [/w/out]\n"
                                     "allowed_egress_hosts: [a.example, b.example]\n");
    (void)state;

    assert_int_equal(policy->deny_argv_prefix_count, 2);
    assert_int_equal(policy->deny_argv_prefixes[0].count, 2);
    assert_string_equal(policy->deny_argv_prefixes[0].items[1], "push");
    assert_null(policy->deny_argv_prefixes[0].items[2]);
    assert_int_equal(policy->deny_argv_prefixes[1].count, 1);
    assert_string_equal(policy->deny_argv_prefixes[1].items[0], "wc");
    assert_true(policy->require_write_paths_empty);
    assert_names(&policy->manual_approval_effects, "deploy", "financial_action");
    assert_names(&policy->write_prefixes, "/w/out", NULL);
    assert_names(&policy->egress_hosts, "a.example", "b.example");
    csc_policy_free(policy);
}

/* However the prefixes of a policy are searched, the answer is that of one by one. */
static void prefixes_are_searched_as_one_by_one(void **state)
{
    static const char *const parts[] = {"/",        "/a",    "/a/",    "/a/b",  "/a!",     "/A",
                                        "/./a/b/c", "/a/..", "//a",    "//s/t", "//S/T/u", "\\\\s\\t\\U",
                                        "C:/",      "c:\\a", "C:/A/b", "c:/a!", "/c:/a",   "/a/b/c/d"};
    enum { PARTS = ARRAY_SIZE(parts), ROUNDS = 2000, PREFIXES = 5 };
    uint32_t random = 1;

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        _cleanup_(csc_arena_free) struct csc_arena arena = {0};
        const char *items[PREFIXES];
        for (size_t i = 0; i < PREFIXES; i++) {
            random = random * 1664525 + 1013904223;
            items[i] = parts[(random >> 16) % PARTS];
        }
        const struct csc_names plain = {.items = items, .count = (size_t)round % (PREFIXES + 1)};
        struct csc_names sorted = plain;
        assert_int_equal(csc_prefixes_sort(&arena, &sorted, NULL), 0);
        for (size_t i = 0; i < PARTS; i++)
            if (csc_prefixes_contain(&sorted, parts[i]) != csc_prefixes_contain(&plain, parts[i]))
                fail_msg("'%s' is %s among %zu prefixes from '%s' on", parts[i],
                         csc_prefixes_contain(&sorted, parts[i]) ? "found" : "not found", plain.count, items[0]);
    }
}

/* The policy with a comment behind it that makes it `size` bytes long. */
static int load_padded(size_t size, struct csc_error *err)
{
    _cleanup_buf_ struct csc_buf text = {0};
    struct csc_policy *policy = NULL;

    csc_buf_puts(&text, REQUIRED "#");
    memset(csc_buf_reserve(&text, size - text.size), 'z', size - text.size);
    int r = csc_policy_parse(text.data, size, &policy, err);
    csc_policy_free(policy);
    return r;
}

static void size_limit(void **state)
{
    struct csc_error err = {0};
    (void)state;

    assert_int_equal(load_padded(CSC_POLICY_BYTES_MAX, &err), 0);
    assert_int_equal(load_padded(CSC_POLICY_BYTES_MAX + 1, &err), -CSC_E_DATA);
    assert_non_null(strstr(err.text, "larger than the 524288 bytes allowed; "));
}

static void errors_name_the_stage_and_leave_the_output_alone(void **state)
{
    static const char *const texts[] = {"", "a: [", REQUIRED "name: twice\n", "name: some\n", REQUIRED "x: y\n"};
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct csc_policy *policy = (struct csc_policy *)&texts;
        struct csc_error err = {0};
        assert_int_equal(csc_policy_parse(texts[i], strlen(texts[i]), &policy, &err), -CSC_E_DATA);
        assert_ptr_equal(policy, &texts);
        assert_string_equal(err.stage, "policy");
        assert_true(err.line > 0);
        assert_int_equal(csc_policy_parse(texts[i], strlen(texts[i]), &policy, NULL), -CSC_E_DATA);
    }
    csc_policy_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(required_fields), cmocka_unit_test(absent_fields),
        cmocka_unit_test(optional_fields), cmocka_unit_test(prefixes_are_searched_as_one_by_one),
        cmocka_unit_test(size_limit),      cmocka_unit_test(errors_name_the_stage_and_leave_the_output_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
