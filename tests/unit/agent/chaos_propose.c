/* SPDX-License-Identifier: Apache-2.0 */
/* Proposals when every allocation fails in turn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "agent/agent.h"
#include "support/chaos.h"

static const char policy_text[] = "policy_schema_version: csc.policy.v0.1\n"
                                  "name: test\n"
                                  "allow_commands: [cp]\n"
                                  "allow_secret_refs: false\n"
                                  "allowed_effect_types: [observe]\n"
                                  "allowed_risk_classes: [low]\n"
                                  "max_timeout_sec: 60\n"
                                  "network: deny\n"
                                  "allowed_cwd_prefixes: [/w]\n"
                                  "allowed_read_prefixes: [/w]\n"
                                  "allowed_write_prefixes: [/w/out]\n";

struct fixture {
    struct csc_policy *policy;
    struct csc_proposal proposal;
};

static int propose(void *context)
{
    const struct fixture *f = context;
    struct csc_proposed *proposed = NULL;
    struct csc_error err = {0};
    int r = csc_propose(&f->proposal, f->policy, &proposed, &err);

    if (r < 0) {
        assert_null(proposed);
        assert_int_equal(r, -CSC_E_INTERNAL);
        assert_string_not_equal(err.text, "");
    }
    csc_proposed_free(proposed);
    return r;
}

static void every_failing_allocation_is_survived(void **state)
{
    static char long_word[40000]; /* enough to need several blocks of memory */
    char *cp[] = {(char[]){"cp"}, (char[]){"/data/a"}, long_word, NULL};
    char *curl[] = {(char[]){"curl"}, (char[]){"https://example.com"}, NULL};
    struct csc_argv argvs[] = {{cp, 3}, {curl, 2}};
    const struct csc_proposed_command commands[] = {
        {.argvs = argvs, .argv_count = 2, .cwd = "/w/p", .network = -1},
        {.argvs = argvs, .argv_count = 1, .cwd = "/w/p", .network = -1},
    };
    struct fixture f = {.proposal = {.commands = commands, .command_count = 2, .risk = -1}};

    (void)state;
    memset(long_word, 'x', sizeof(long_word) - 1);
    assert_int_equal(csc_policy_parse(policy_text, sizeof(policy_text) - 1, &f.policy, NULL), 0);
    assert_true(chaos_fail_each_allocation(propose, &f) > 10);
    csc_policy_free(f.policy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_failing_allocation_is_survived)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
