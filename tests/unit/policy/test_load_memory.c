/* SPDX-License-Identifier: Apache-2.0 */
/* Every allocation of loading a policy fails once, those inside libyaml included. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "policy/policy.h"
#include "support/chaos.h"

static int load(void *context)
{
    const char *text = context;
    struct csc_policy *policy = NULL;
    struct csc_error err = {0};
    int r = csc_policy_parse(text, strlen(text), &policy, &err);

    if (r < 0) {
        assert_int_equal(r, -CSC_E_INTERNAL);
        assert_non_null(strstr(err.text, "out of memory"));
        assert_null(policy);
    }
    csc_policy_free(policy);
    return r;
}

static void every_allocation_fails_once(void **state)
{
    static char text[] = "# \xC3\xBC\n"
                         "policy_schema_version: csc.policy.v0.1\n"
                         "name: !!str some\n"
                         "allow_commands: &commands [git, wc, 'echo', \"cat\", a, b, c, d, e, f, g, h]\n"
                         "deny_argv_prefixes: [*commands, [git, push]]\n"
                         "allowed_effect_types: [observe]\n"
                         "allowed_risk_classes:\n  - low\n"
                         "max_timeout_sec: 90\n"
                         "network: |-\n  full\n"
                         "allow_secret_refs: true\n"
                         "allowed_cwd_prefixes: [/w]\n"
                         "allowed_read_prefixes: [/w, /usr]\n";
    (void)state;

    assert_true(chaos_fail_each_allocation(load, text) > 60); /* libyaml alone needs most of them */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_allocation_fails_once)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
