/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "contract/contract.h"

/* An argv of `count` words, of which the one at `long_at` has `bytes` bytes. */
static void put_argv(struct csc_buf *text, size_t count, size_t long_at, size_t bytes)
{
    csc_buf_puts(text, "{\"argv\":[");
    for (size_t i = 0; i < count; i++) {
        csc_buf_puts(text, i ? ",\"" : "\"");
        for (size_t k = 0; k < (i == long_at ? bytes : 1); k++)
            csc_buf_putc(text, 'x');
        csc_buf_putc(text, '"');
    }
    csc_buf_puts(text, "]}");
}

/* A small command, then one whose last argv is as the case says; `segments` 1 is an exec. */
static int check(size_t segments, size_t count, size_t long_at, size_t bytes, struct csc_error *err)
{
    static const char scope[] = ",\"cwd\":\"/\",\"read_paths\":[],\"write_paths\":[],\"network\":\"deny\","
                                "\"env_allow\":[],\"secret_refs\":[],\"timeout_sec\":1,"
                                "\"proposed_effect_type\":\"observe\"}";
    _cleanup_buf_ struct csc_buf text = {0};
    struct csc_contract *contract = NULL;

    csc_buf_printf(&text,
                   "{\"version\":\"csc.v0.1\",\"contract_id\":\"contract\",\"intent\":\"i\",\"actor\":{\"agent_id\":"
                   "\"a\",\"session_id\":\"s\",\"initiating_user\":\"u\",\"delegation_scope\":\"d\"},\"risk_class\":"
                   "\"low\",\"approval_mode\":\"policy_only\",\"justification\":\"j\",\"commands\":[{\"id\":\"1\","
                   "\"exec\":{\"argv\":[\"x\"]}%s,{\"id\":\"2\",%s",
                   scope, segments == 1 ? "\"exec\":" : "\"pipeline\":{\"segments\":[");
    for (size_t i = 0; i + 1 < segments; i++)
        csc_buf_puts(&text, "{\"argv\":[\"x\"]},");
    put_argv(&text, count, long_at, bytes);
    csc_buf_printf(&text, "%s%s]}", segments == 1 ? "" : "]}", scope);
    assert_false(text.failed);

    /* A contract over a limit is valid and has a hash. */
    if (csc_contract_parse(text.data, text.size, &contract, err) < 0)
        fail_msg("%s: %s", err->field, err->text);
    assert_int_equal(strlen(csc_contract_sha256(contract)), 64);
    int r = csc_contract_check_limits(contract, err);
    csc_contract_free(contract);
    return r;
}

static void limits(void **state)
{
    static const struct {
        size_t segments, count, long_at, bytes;
        const char *field; /* NULL: within the limits */
    } cases[] = {
        {1, 1, 0, 1, NULL},
        {1, 200, 0, 1, NULL},
        {1, 201, 0, 1, "commands[1].exec.argv"},
        {1, 200, 199, 131072, NULL},
        {1, 4, 3, 131073, "commands[1].exec.argv[3]"},
        {1, 1, 0, 131073, "commands[1].exec.argv[0]"},
        {2, 200, 0, 131072, NULL},
        {2, 201, 0, 1, "commands[1].pipeline.segments[1].argv"},
        {10, 2, 1, 131073, "commands[1].pipeline.segments[9].argv[1]"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct csc_error err = {0};
        int r = check(cases[i].segments, cases[i].count, cases[i].long_at, cases[i].bytes, &err);
        assert_int_equal(r, cases[i].field ? -CSC_E_DATA : 0);
        assert_string_equal(err.field, cases[i].field ? cases[i].field : "");
        if (cases[i].field)
            assert_string_equal(err.stage, "contract");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(limits)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
