/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/policy/plain.h"

#define STRIPE                                                                                                         \
    "allow_commands: [env]\nallowed_effect_types: [fetch_external]\n"                                                  \
    "manual_approval_for_classified_effect_types: [financial_action]\nallowed_egress_hosts: "

/* Lines that are exchanged in the plain policy, before and after; what is said of them. The other way round, more is
 * less. */
static const struct {
    const char *before, *after;
    const char *changes; /* "KIND FIELD: TEXT" a line */
} cases[] = {
    {"", "", ""},
    {"", "# a comment\nmax_timeout_sec: 0x3c", ""},
    {"", "name: other", "neither name: 'other', was 'plain'\n"},

    /* entries that hold the same */
    {"allow_commands: [a, b]", "allow_commands: [b, a]", ""},
    {"allowed_read_prefixes: [/w]", "allowed_read_prefixes: [/w/, /w/src, /w/..]", ""},
    {"allow_commands: [git]\ndeny_argv_prefixes: [[git, push]]",
     "allow_commands: [git]\ndeny_argv_prefixes: [[git, push, -f], [git, push], [hg, push]]", ""},
    {"allowed_write_prefixes: [/w]", "allowed_write_prefixes: [/x]", ""},
    {"", "allowed_write_prefixes: []\nrequire_write_paths_empty: false", ""},
    {"manual_approval_for_classified_effect_types: [deploy]", "", ""},
    {"manual_approval_for_classified_effect_types: [financial_action]", "", ""},

    /* commands and denials */
    {"allow_commands: [a]", "allow_commands: [a, b]", "more allow_commands: 'b'\n"},
    {"allow_commands: [a]", "allow_commands: [a, git]\ndeny_argv_prefixes: [[git, push], [a, b], [git, \"x\\x01\"]]",
     "more allow_commands: 'git', but not 'git push', 'git x\\x01'\nless deny_argv_prefixes: 'a b' is refused\n"},
    {"allow_commands: [git]\ndeny_argv_prefixes: [[git, push, -f]]",
     "allow_commands: [git]\ndeny_argv_prefixes: [[git, push]]", "less deny_argv_prefixes: 'git push' is refused\n"},
    {"allow_commands: [git]\ndeny_argv_prefixes: [[git, push], [git, tag]]",
     "allow_commands: [git]\ndeny_argv_prefixes: [[git, push, -f], [git, tag]]",
     "more deny_argv_prefixes: 'git push' is no longer refused\n"},
    {"allow_commands: [a]", "allow_commands: [a, git]\ndeny_argv_prefixes: [[git, push], [git]]",
     "neither allow_commands: 'git', which deny_argv_prefixes refuses whatever its arguments\n"},
    {"allow_commands: [a, git]\ndeny_argv_prefixes: [[git]]", "allow_commands: [a, git]",
     "more deny_argv_prefixes: 'git' is no longer refused\n"},
    {"allow_commands: [a, git]\ndeny_argv_prefixes: [[git]]", "allow_commands: [a]",
     "neither allow_commands: 'git', which deny_argv_prefixes refuses whatever its arguments\n"},

    /* effects, approvals, risks */
    {"", "allowed_effect_types: [observe, deploy]\nmanual_approval_for_classified_effect_types: [deploy]",
     "more allowed_effect_types: deploy, after approval\n"},
    {"", "allowed_effect_types: [deploy]", "more allowed_effect_types: deploy\nless allowed_effect_types: observe\n"},
    {"manual_approval_for_classified_effect_types: [observe]", "",
     "more manual_approval_for_classified_effect_types: 'observe' needs no approval any more\n"},
    {"allowed_effect_types: [fetch_external]\nmanual_approval_for_classified_effect_types: [financial_action]",
     "allowed_effect_types: [fetch_external]\nmanual_approval_for_classified_effect_types: [fetch_external]",
     "less manual_approval_for_classified_effect_types: 'fetch_external' needs approval\n"},
    {"", "allowed_risk_classes: [low, high]", "more allowed_risk_classes: high\n"},

    /* limits */
    {"", "max_timeout_sec: 61", "more max_timeout_sec: 61 s, was 60 s\n"},
    {"max_timeout_sec: 86399", "max_timeout_sec: 100000", "more max_timeout_sec: 100000 s, was 86399 s\n"},
    {"max_timeout_sec: 86400", "max_timeout_sec: 100000", ""},
    {"", "network: full", "more network: full, was deny\n"},
    {"network: allowlisted", "network: allowlisted\nallowed_egress_hosts: [a.example]",
     "more allowed_egress_hosts: 'a.example'\n"},
    {"", "allowed_egress_hosts: [a.example]",
     "neither allowed_egress_hosts: 'a.example' is listed, without effect on the network\n"},
    {"network: full", "network: allowlisted\nallowed_egress_hosts: [a.example]",
     "less network: allowlisted, was full\n"
     "neither allowed_egress_hosts: 'a.example' is listed, without effect on the network\n"},
    {STRIPE "[api.stripe.com]", STRIPE "[]",
     "neither allowed_egress_hosts: 'api.stripe.com' is not listed, without effect on the network\n"
     "more allowed_egress_hosts: 'api.stripe.com' is no longer listed: financial_action needs no approval any more\n"},
    {STRIPE "[]\nnetwork: allowlisted", STRIPE "[m.stripe.example]\nnetwork: allowlisted",
     "more allowed_egress_hosts: 'm.stripe.example'\n"
     "less allowed_egress_hosts: 'm.stripe.example' is listed: financial_action needs approval\n"},
    {STRIPE "[API.stripe.com, Stripe]", STRIPE "[stripe]",
     "neither allowed_egress_hosts: 'stripe' is listed, without effect on the network\n"
     "neither allowed_egress_hosts: 'API.stripe.com' is not listed, without effect on the network\n"
     "neither allowed_egress_hosts: 'Stripe' is not listed, without effect on the network\n"},
    {"allowed_egress_hosts: [api.stripe.com]", "",
     "neither allowed_egress_hosts: 'api.stripe.com' is not listed, without effect on the network\n"},
    {"", "allow_secret_refs: true", "more allow_secret_refs: contracts may name secrets\n"},

    /* prefixes */
    {"allowed_cwd_prefixes: [/w/a, /w/b, /x]", "allowed_cwd_prefixes: [/w, /x]",
     "more allowed_cwd_prefixes: '/w', was only '/w/a', '/w/b'\n"},
    {"allowed_read_prefixes: [/w/src]", "allowed_read_prefixes: [/w/src, /w/srcs]",
     "more allowed_read_prefixes: '/w/srcs'\n"},
    {"allowed_read_prefixes: [/w/src]", "allowed_read_prefixes: [/w/doc]",
     "more allowed_read_prefixes: '/w/doc'\nless allowed_read_prefixes: '/w/src'\n"},
    {"allowed_write_prefixes: [/w]", "allowed_write_prefixes: [/w]\nrequire_write_paths_empty: false",
     "more allowed_write_prefixes: '/w'\n"},
};

static struct csc_policy *load(const char *lines)
{
    _cleanup_buf_ struct csc_buf text = {0};
    struct csc_policy *policy = NULL;
    struct csc_error err = {0};

    write_policy(&text, lines);
    if (csc_policy_parse(text.data, text.size, &policy, &err) < 0)
        fail_msg("%s\n%s: %s", lines, err.field, err.text);
    return policy;
}

static struct csc_policy_diff *compare(const char *before, const char *after)
{
    struct csc_policy *one = load(before), *other = load(after);
    struct csc_policy_diff *diff = NULL;

    assert_int_equal(csc_policy_diff(one, other, &diff, NULL), 0);
    csc_policy_free(one);
    csc_policy_free(other);
    return diff;
}

static void changes_are_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_buf_ struct csc_buf text = {0};
        struct csc_policy_diff *diff = compare(cases[i].before, cases[i].after);
        for (size_t k = 0; k < diff->count; k++)
            csc_buf_printf(&text, "%s %s: %s\n", csc_change_names[diff->changes[k].kind], diff->changes[k].field,
                           diff->changes[k].text);
        if (strcmp(text.data ? text.data : "", cases[i].changes) != 0)
            fail_msg("case %zu: expected\n%sfound\n%s", i, cases[i].changes, text.data ? text.data : "");
        csc_policy_diff_free(diff);
    }
}

static void the_other_way_round_more_is_less(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct csc_policy_diff *diff = compare(cases[i].before, cases[i].after);
        struct csc_policy_diff *back = compare(cases[i].after, cases[i].before);
        assert_int_equal(diff->count, back->count);
        assert_int_equal(diff->counts[CSC_CHANGE_MORE], back->counts[CSC_CHANGE_LESS]);
        assert_int_equal(diff->counts[CSC_CHANGE_LESS], back->counts[CSC_CHANGE_MORE]);
        csc_policy_diff_free(diff);
        csc_policy_diff_free(back);
    }
    csc_policy_diff_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changes_are_told),
        cmocka_unit_test(the_other_way_round_more_is_less),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
