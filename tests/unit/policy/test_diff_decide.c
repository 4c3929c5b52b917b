/* SPDX-License-Identifier: Apache-2.0 */
/* What diff says of two policies, held against what they decide: of thousands of pairs, and contracts under both. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "unit/policy/fixture.h"

enum { PAIRS = 4000, CONTRACTS = 40, CHOICES = 8 };

/* What a field may be, some of it twice in other words. */
static const char *const fields[][CHOICES] = {
    {"allow_commands: [curl, git]", "allow_commands: [git, curl]", "allow_commands: [env, git]",
     "allow_commands: [env, git, rm]", "allow_commands: [git, rm, curl, env]", "allow_commands: [curl]"},
    {"deny_argv_prefixes: []", "deny_argv_prefixes: [[rm]]", "deny_argv_prefixes: [[rm], [rm, x]]",
     "deny_argv_prefixes: [[git, push], [rm]]", "deny_argv_prefixes: [[git]]", "deny_argv_prefixes: [[env]]"},
    {"allowed_effect_types: [observe, fetch_external]", "allowed_effect_types: [fetch_external]",
     "allowed_effect_types: [observe, fetch_external, deploy, transform_local]", "allowed_effect_types: [observe]"},
    {"manual_approval_for_classified_effect_types: []",
     "manual_approval_for_classified_effect_types: [financial_action]",
     "manual_approval_for_classified_effect_types: [financial_action, deploy]",
     "manual_approval_for_classified_effect_types: [fetch_external]",
     "manual_approval_for_classified_effect_types: [fetch_external, financial_action]"},
    {"allowed_egress_hosts: []", "allowed_egress_hosts: [api.stripe.com]",
     "allowed_egress_hosts: [API.stripe.com, stripe.com]", "allowed_egress_hosts: [stripe.com]",
     "allowed_egress_hosts: [m.stripe.example, other.example]", "allowed_egress_hosts: [other.example]"},
    {"allowed_risk_classes: [low]", "allowed_risk_classes: [low, high]"},
    {"max_timeout_sec: 60", "max_timeout_sec: 0x3c", "max_timeout_sec: 86400", "max_timeout_sec: 100000"},
    {"network: deny", "network: allowlisted", "network: full"},
    {"allow_secret_refs: false", "allow_secret_refs: true"},
    {"require_write_paths_empty: false", "require_write_paths_empty: true"},
    {"allowed_cwd_prefixes: [/w]", "allowed_cwd_prefixes: [/w/, /w/a]", "allowed_cwd_prefixes: [/w/a]"},
    {"allowed_read_prefixes: [/w]", "allowed_read_prefixes: [/x/.., /w]", "allowed_read_prefixes: [/w/a, /x]"},
    {"allowed_write_prefixes: []", "allowed_write_prefixes: [/w]", "allowed_write_prefixes: [/w/a, /w/b]"},
};

/* The same numbers in every run: xorshift. */
static size_t draw(uint64_t *seed, size_t end)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return (size_t)(*seed % end);
}

static const char *draw_text(uint64_t *seed, const char *const *texts)
{
    size_t count = 0;

    while (count < CHOICES && texts[count])
        count++;
    return texts[draw(seed, count)];
}

static struct csc_policy *load(const char *const lines[ARRAY_SIZE(fields)])
{
    _cleanup_buf_ struct csc_buf text = {0};
    struct csc_policy *policy = NULL;
    struct csc_error err = {0};

    csc_buf_puts(&text, "policy_schema_version: csc.policy.v0.1\nname: drawn\n");
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
        csc_buf_printf(&text, "%s\n", lines[i]);
    if (csc_policy_parse(text.data, text.size, &policy, &err) < 0)
        fail_msg("%s%s: %s", text.data, err.field, err.text);
    return policy;
}

/* One policy, and another that differs from it in a few fields. */
static void draw_policies(uint64_t *seed, const char *before[ARRAY_SIZE(fields)], const char *after[ARRAY_SIZE(fields)])
{
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
        before[i] = draw_text(seed, fields[i]);
        after[i] = draw(seed, 6) > 0 ? before[i] : draw_text(seed, fields[i]);
    }
}

static void draw_contract(uint64_t *seed, struct fixture *f)
{
    static const char *const lines[CHOICES] = {"git status",
                                               "git push origin",
                                               "curl https://api.stripe.com/v1/charges",
                                               "curl m.stripe.example",
                                               "env curl https://STRIPE.com",
                                               "rm x",
                                               "curl https://other.example"};
    static const char *const folders[CHOICES] = {"/w", "/w/a", "/w/b/c", "/x"};
    static const int64_t timeouts[] = {10, 60, 61, 86400};
    struct csc_command *command = &f->command[0].command;

    fixture_begin(f);
    fixture_run(f, 0, 0, draw_text(seed, lines));
    f->contract.risk = draw(seed, 8) > 0 ? CSC_RISK_LOW : CSC_RISK_HIGH;
    command->cwd = draw(seed, 3) > 0 ? "/w/a" : draw_text(seed, folders);
    command->proposed_effect = draw(seed, 2) > 0 ? CSC_EFFECT_FETCH_EXTERNAL : CSC_EFFECT_OBSERVE;
    command->timeout_sec = draw(seed, 3) > 0 ? 10 : timeouts[draw(seed, ARRAY_SIZE(timeouts))];
    command->network = draw(seed, 3) > 0 ? CSC_NETWORK_DENY : (enum csc_network)draw(seed, CSC_NETWORK_FULL + 1);
    if (draw(seed, 6) == 0)
        fixture_secret(f, 0, "token");
    if (draw(seed, 3) == 0)
        fixture_read(f, 0, draw_text(seed, folders));
    if (draw(seed, 3) == 0)
        fixture_write(f, 0, draw_text(seed, folders));
    fixture_seal(f);
}

static enum csc_verdict decide(const struct csc_contract *contract, const struct csc_policy *policy)
{
    struct csc_decision *decision = NULL;

    assert_int_equal(csc_decide(contract, policy, &decision, NULL), 0);
    enum csc_verdict verdict = decision->verdict;
    csc_decision_free(decision);
    return verdict;
}

/* How freely. */
static int weight(enum csc_verdict verdict)
{
    static const int weights[] = {[CSC_DENY] = 0, [CSC_NEEDS_APPROVAL] = 1, [CSC_ALLOW] = 2};

    return weights[verdict];
}

/* Without a "more", nothing is decided more freely; without a "less", nothing less freely. */
static void assert_claims(const struct csc_policy_diff *diff, const struct fixture *f, int before, int after,
                          const char *const lines[2][ARRAY_SIZE(fields)])
{
    bool holds = (diff->counts[CSC_CHANGE_MORE] > 0 || after <= before) &&
                 (diff->counts[CSC_CHANGE_LESS] > 0 || after >= before);
    _cleanup_buf_ struct csc_buf text = {0};

    if (holds)
        return;
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
        csc_buf_printf(&text, "%s | %s\n", lines[0][i], lines[1][i]);
    for (size_t i = 0; i < f->commands[0].argvs[0].count; i++)
        csc_buf_printf(&text, "%s ", f->commands[0].argvs[0].items[i]);
    fail_msg("%zu more, %zu less, but %d was %d:\n%s", diff->counts[CSC_CHANGE_MORE], diff->counts[CSC_CHANGE_LESS],
             after, before, text.data);
}

/* Returns whether the two were told apart. */
static bool try_pair(uint64_t *seed, struct fixture *f, size_t reached[3])
{
    const char *lines[2][ARRAY_SIZE(fields)];
    struct csc_policy_diff *diff = NULL;

    draw_policies(seed, lines[0], lines[1]);
    struct csc_policy *before = load(lines[0]), *after = load(lines[1]);
    assert_int_equal(csc_policy_diff(before, after, &diff, NULL), 0);
    for (size_t i = 0; i < CONTRACTS; i++) {
        draw_contract(seed, f);
        int one = weight(decide(&f->contract, before)), other = weight(decide(&f->contract, after));
        reached[one]++;
        assert_claims(diff, f, one, other, (const char *const(*)[ARRAY_SIZE(fields)])lines);
    }
    bool differ = diff->counts[CSC_CHANGE_MORE] + diff->counts[CSC_CHANGE_LESS] > 0;
    csc_policy_diff_free(diff);
    csc_policy_free(before);
    csc_policy_free(after);
    return differ;
}

static void decisions_are_as_diff_says(void **state)
{
    static struct fixture fixture;
    uint64_t seed = 20261127;
    size_t differing = 0, reached[3] = {0};

    (void)state;
    for (size_t i = 0; i < PAIRS; i++)
        differing += try_pair(&seed, &fixture, reached);
    /* Else the test looked at nothing. */
    assert_in_range(differing, PAIRS / 3, PAIRS - PAIRS / 10);
    for (size_t i = 0; i < ARRAY_SIZE(reached); i++)
        assert_true(reached[i] > PAIRS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decisions_are_as_diff_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
