/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support/chaos.h"
#include "unit/policy/causes.h"

static void assert_out_of_memory(int r, const struct csc_error *err)
{
    assert_int_equal(r, -CSC_E_INTERNAL);
    assert_int_equal(err->code, CSC_E_INTERNAL);
    assert_string_equal(err->stage, "policy");
}

static int decide(void *context)
{
    const struct fixture *f = context;
    struct csc_decision *decision = NULL;
    struct csc_error err = {0};
    char *text = NULL;
    int r = csc_decide(&f->contract, &f->policy, &decision, &err);

    if (r == 0) {
        r = csc_decision_json(decision, &text, &err);
        assert_true((r == 0) == (text != NULL));
    } else {
        assert_null(decision);
    }
    if (r == 0 && text)
        r = csc_decision_validate(text, strlen(text), &err);
    if (r < 0)
        assert_out_of_memory(r, &err);
    free(text);
    csc_decision_free(decision);
    return r;
}

static int explain(void *context)
{
    const struct fixture *f = context;
    struct csc_explanation *explanation = NULL;
    struct csc_error err = {0};
    int r = csc_explain(&f->contract, &f->policy, &explanation, &err);

    if (r < 0) {
        assert_null(explanation);
        assert_out_of_memory(r, &err);
    }
    csc_explanation_free(explanation);
    return r;
}

/* Enough text to need several blocks of memory. */
static void fill(struct fixture *f)
{
    static char long_id[40000];

    memset(long_id, 'x', sizeof(long_id) - 1);
    f->contract.command_count = FIXTURE_COMMANDS;
    for (size_t i = 0; i < FIXTURE_COMMANDS; i++)
        f->command[i].command.id = long_id;
}

static void every_failing_allocation_is_survived(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(causes); i++) {
        struct fixture f;
        fixture_begin(&f);
        fill(&f);
        causes[i].change(&f);
        fixture_seal(&f);
        assert_true(chaos_fail_each_allocation(decide, &f) > 3);
        assert_true(chaos_fail_each_allocation(explain, &f) > 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_failing_allocation_is_survived)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
