/* SPDX-License-Identifier: Apache-2.0 */
/* Lint, comparison and packs without memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <string.h>

#include "support/chaos.h"
#include "unit/policy/plain.h"

static const char much[] =
    "allow_commands: [git, bash, cat, curl]\nallowed_read_prefixes: [/, /home/x, /work/a]\n"
    "deny_argv_prefixes: [[git, push], [rm], [git, push, x]]\nnetwork: full\n"
    "allowed_egress_hosts: ['*', localhost]\nallowed_effect_types: [deploy, observe, fetch_external]\n"
    "manual_approval_for_classified_effect_types: [observe, financial_action]";

/* A person is asked about payments, which are known by the host. */
static const char asking[] = "allow_commands: [curl]\nallowed_effect_types: [fetch_external]\n"
                             "manual_approval_for_classified_effect_types: [financial_action]\n"
                             "allowed_egress_hosts: [api.stripe.com]";

static int check(int r, bool made, const struct csc_error *err)
{
    assert_true((r == 0) == made);
    if (r < 0) {
        assert_int_equal(r, -CSC_E_INTERNAL);
        assert_int_equal(err->code, CSC_E_INTERNAL);
    }
    return r;
}

static int lint(void *context)
{
    const struct csc_buf *text = context;
    struct csc_lint *found = NULL;
    struct csc_error err = {0};
    int r = csc_policy_lint(text->data, text->size, NULL, &found, &err);

    assert_true(!found || found->count > 8);
    csc_lint_free(found);
    return check(r, found != NULL, &err);
}

static int diff(void *context)
{
    struct csc_policy *const *policies = context;
    struct csc_policy_diff *found = NULL;
    struct csc_error err = {0};
    int r = csc_policy_diff(policies[0], policies[1], &found, &err);

    assert_true(!found || found->count > 8);
    csc_policy_diff_free(found);
    return check(r, found != NULL, &err);
}

static int read_pack(void *context)
{
    const char *text = context;
    struct csc_pack *pack = NULL;
    struct csc_error err = {0};
    int r = csc_pack_parse(text, strlen(text), &pack, &err);

    csc_pack_free(pack);
    return check(r, pack != NULL, &err);
}

static void every_failing_allocation_is_survived(void **state)
{
    static char pack[] =
        "name: p\npolicies: {x: a.yaml, y: b.yaml}\ncases:\n"
        "- {name: c, policy: x, argv: [a], cwd: /w, expect: {decision: deny, classified: [observe]}}\n";
    _cleanup_buf_ struct csc_buf before = {0}, after = {0};
    struct csc_policy *policies[2] = {NULL, NULL};
    (void)state;

    write_policy(&before, asking);
    write_policy(&after, much);
    assert_true(chaos_fail_each_allocation(lint, &after) > 10);
    assert_int_equal(csc_policy_parse(before.data, before.size, &policies[0], NULL), 0);
    assert_int_equal(csc_policy_parse(after.data, after.size, &policies[1], NULL), 0);
    assert_true(chaos_fail_each_allocation(diff, policies) > 10);
    assert_true(chaos_fail_each_allocation(read_pack, pack) > 3);
    csc_policy_free(policies[0]);
    csc_policy_free(policies[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_failing_allocation_is_survived)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
