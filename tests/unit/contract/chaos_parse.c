/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "contract/contract.h"
#include "support/chaos.h"

/* Large enough that the arena, the reader's stacks and the canonical buffer all grow more than once. */
static void make_contract(struct csc_buf *text)
{
    csc_buf_puts(text,
                 "{\"version\":\"csc.v0.1\",\"contract_id\":\"contract\",\"intent\":\"i\",\"actor\":{\"agent_id\":"
                 "\"a\",\"session_id\":\"s\",\"initiating_user\":\"u\",\"delegation_scope\":\"d\"},"
                 "\"risk_class\":\"low\",\"approval_mode\":\"policy_only\",\"justification\":\"j\",\"commands\":[");
    for (int i = 0; i < 20; i++) {
        csc_buf_printf(text, "%s{\"id\":\"%d\",\"pipeline\":{\"segments\":[{\"argv\":[\"x\"]},{\"argv\":[",
                       i ? "," : "", i);
        for (int k = 0; k < 100; k++)
            csc_buf_printf(text, "%s\"word\\n%d\"", k ? "," : "", k);
        csc_buf_puts(text,
                     "]}]},\"cwd\":\"/\",\"read_paths\":[\"/r\"],\"write_paths\":[],\"network\":\"deny\","
                     "\"env_allow\":[],\"secret_refs\":[],\"timeout_sec\":1,\"proposed_effect_type\":\"observe\"}");
    }
    csc_buf_puts(text, "]}");
}

static int attempt(void *context)
{
    const struct csc_buf *text = context;
    struct csc_contract *contract = NULL;
    struct csc_error err = {0};
    int r = csc_contract_parse(text->data, text->size, &contract, &err);

    if (r < 0) {
        assert_null(contract);
        assert_int_equal(r, -CSC_E_INTERNAL);
        assert_int_equal(err.code, CSC_E_INTERNAL);
        assert_string_equal(err.stage, "contract");
        return r;
    }
    assert_int_equal(contract->command_count, 20);
    csc_contract_free(contract);
    return 0;
}

static void every_failing_allocation_is_survived(void **state)
{
    _cleanup_buf_ struct csc_buf text = {0};

    (void)state;
    make_contract(&text);
    assert_false(text.failed);
    assert_true(chaos_fail_each_allocation(attempt, &text) > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_failing_allocation_is_survived)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
