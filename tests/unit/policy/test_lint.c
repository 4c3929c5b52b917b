/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "policy/lint_rules.h"
#include "unit/policy/lint_cases.h"
#include "unit/policy/plain.h"

static bool blocks(const void *context, const char *program)
{
    (void)context;
    return strcmp(program, "blocked-by-place") == 0;
}

static const struct csc_lint_protected keys = {"/keys/runner.key", "the signing key"};
static const struct csc_lint_place place = {.blocks = blocks, .protected = &keys, .protected_count = 1};

static struct csc_lint *lint(const char *lines)
{
    _cleanup_buf_ struct csc_buf text = {0};
    struct csc_lint *found = NULL;
    struct csc_error err = {0};

    write_policy(&text, lines);
    if (csc_policy_lint(text.data, text.size, &place, &found, &err) < 0)
        fail_msg("%s\n%s: %s", lines, err.field, err.text);
    return found;
}

static bool has_rule(const struct csc_lint *found, const char *rule)
{
    for (size_t i = 0; i < found->count; i++)
        if (strcmp(found->findings[i].rule, rule) == 0)
            return true;
    return false;
}

static void plain_policy_has_nothing(void **state)
{
    struct csc_lint *found = lint("");
    (void)state;

    if (found->count > 0)
        fail_msg("%s: %s", found->findings[0].rule, found->findings[0].text);
    assert_int_equal(csc_lint_worst(found), CSC_LINT_NOTE);
    csc_lint_free(found);
}

static void rules_find_what_they_say(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(lint_cases); i++) {
        const struct lint_case *c = &lint_cases[i];
        struct csc_lint *found = lint(c->found), *silent = lint(c->silent);
        if (!has_rule(found, c->rule))
            fail_msg("%s is not found in\n%s", c->rule, c->found);
        if (has_rule(silent, c->rule))
            fail_msg("%s is found in\n%s", c->rule, c->silent);
        csc_lint_free(found);
        csc_lint_free(silent);
    }
}

static void every_rule_has_a_case(void **state)
{
    (void)state;
    for (const struct csc_lint_rule *rule = csc_lint_rules; rule->name; rule++) {
        size_t cases = 0;
        for (size_t i = 0; i < ARRAY_SIZE(lint_cases); i++)
            cases += strcmp(lint_cases[i].rule, rule->name) == 0;
        if (cases == 0)
            fail_msg("%s has no case", rule->name);
        assert_null(strchr(rule->means, ';'));
        assert_null(strchr(rule->instead, ';'));
    }
}

static void findings_say_where(void **state)
{
    struct csc_lint *found = lint("deny_argv_prefixes:\n  - [/usr/bin/cat, x]\n  - [git, \"pu\\e[31msh\"]");
    (void)state;

    assert_int_equal(found->count, 2); /* the first: deny-prefix-evadable */
    const struct csc_lint_finding *f = &found->findings[1];
    assert_string_equal(f->rule, "deny-prefix-unreachable");
    assert_string_equal(f->field, "deny_argv_prefixes[1]");
    assert_int_equal(f->line, ARRAY_SIZE(plain_policy) + 3);
    assert_int_equal(f->column, 5);
    assert_int_equal(f->severity, CSC_LINT_WARNING);
    assert_string_equal(f->text, "'git pu\\x1b[31msh' denies nothing: its program is not in allow_commands");
    assert_string_equal(f->instead, "remove it");
    assert_int_equal(csc_lint_worst(found), CSC_LINT_WARNING);
    csc_lint_free(found);
}

static void what_is_no_policy_is_an_error(void **state)
{
    struct csc_lint *found = NULL;
    struct csc_error err = {0};
    (void)state;

    assert_int_equal(csc_policy_lint("a: b", 4, NULL, &found, &err), -CSC_E_DATA);
    assert_null(found);
    assert_string_equal(err.stage, "policy");
    csc_lint_free(NULL);
}

/* A policy of the greatest size: as many entries as fit, all of which would be compared with all others. */
static void large_policies_are_looked_at_in_part(void **state)
{
    _cleanup_buf_ struct csc_buf text = {0};
    struct csc_lint *found = NULL;
    (void)state;

    write_policy(&text, "deny_argv_prefixes:");
    for (size_t i = 0; text.size < CSC_POLICY_BYTES_MAX - 32; i++)
        csc_buf_printf(&text, "- [/usr/bin/cat, a%zu]\n", i);
    assert_int_equal(csc_policy_lint(text.data, text.size, NULL, &found, NULL), 0);
    assert_true(found->cut);
    assert_true(found->count <= CSC_LINT_FINDINGS_MAX);
    csc_lint_free(found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_policy_has_nothing),      cmocka_unit_test(rules_find_what_they_say),
        cmocka_unit_test(every_rule_has_a_case),         cmocka_unit_test(findings_say_where),
        cmocka_unit_test(what_is_no_policy_is_an_error), cmocka_unit_test(large_policies_are_looked_at_in_part),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
