/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "approval/approval.h"
#include "support/chaos.h"

/* A reason long enough for a chunk of its own. */
static void make_approval(struct csc_buf *text)
{
    csc_buf_puts(text, "{\"approval_version\":\"csc.approval.v0.1\",\"approval_id\":\"a-1\",\"contract_sha256\":"
                       "\"2c8487847d601deb81882f5b55a520313b06d7a137a122bee1f5748320c0afd3\",\"approver\":"
                       "{\"identity\":\"ann\",\"method\":\"cli\"},\"approved_at\":\"2026-01-01T00:00:00Z\","
                       "\"expires_at\":\"2026-01-02T00:00:00Z\",\"scope\":\"single_execution\",\"reason\":\"");
    for (int i = 0; i < 4000; i++)
        csc_buf_puts(text, "\\ud83d\\ude00");
    csc_buf_puts(text, "\"}");
}

static int attempt(void *context)
{
    const struct csc_buf *text = context;
    struct csc_approval *approval = NULL;
    struct csc_error err = {0};
    int r = csc_approval_parse(text->data, text->size, &approval, &err);

    if (r < 0) {
        assert_null(approval);
        assert_int_equal(r, -CSC_E_INTERNAL);
        assert_int_equal(err.code, CSC_E_INTERNAL);
        assert_string_equal(err.stage, "approval");
        return r;
    }
    assert_string_equal(approval->id, "a-1");
    csc_approval_free(approval);
    return 0;
}

static void every_failing_allocation_is_survived(void **state)
{
    _cleanup_buf_ struct csc_buf text = {0};

    (void)state;
    make_approval(&text);
    assert_false(text.failed);
    assert_true(chaos_fail_each_allocation(attempt, &text) > 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_failing_allocation_is_survived)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
