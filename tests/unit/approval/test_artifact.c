/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "approval/approval.h"

#define HASH "2C8487847d601deb81882f5b55a520313b06d7a137a122bee1f5748320c0afd3"
#define APPROVAL(approved, expires, more)                                                                              \
    "{\"approval_version\":\"csc.approval.v0.1\",\"approval_id\":\"a-1\",\"contract_sha256\":\"" HASH                  \
    "\",\"approver\":{\"identity\":\"ann\",\"method\":\"ticket\"},\"approved_at\":\"" approved                         \
    "\",\n\"expires_at\":\"" expires "\",\"scope\":\"time_window\"" more "}"

static int parse(const char *text, struct csc_approval **ret_approval, struct csc_error *err)
{
    return csc_approval_parse(text, strlen(text), ret_approval, err);
}

static void every_field_arrives(void **state)
{
    struct csc_approval *approval = NULL;
    struct csc_error err = {0};

    (void)state;
    assert_int_equal(parse(APPROVAL("1970-01-01T00:00:01Z", "1970-01-01T01:00:02.5+01:00",
                                    ",\"ticket_id\":\"T-7\",\"reason\":\"why\""),
                           &approval, &err),
                     0);
    assert_string_equal(approval->id, "a-1");
    assert_string_equal(approval->contract_sha256, HASH);
    assert_string_equal(approval->identity, "ann");
    assert_int_equal(approval->approved_at, CSC_SECOND);
    assert_int_equal(approval->expires_at, 2 * CSC_SECOND + CSC_SECOND / 2);
    assert_int_equal(approval->scope, CSC_APPROVAL_TIME_WINDOW);
    assert_string_equal(approval->ticket_id, "T-7");
    assert_string_equal(approval->reason, "why");
    csc_approval_free(approval);
}

static void optional_fields_are_null_when_absent(void **state)
{
    struct csc_approval *approval = NULL;

    (void)state;
    assert_int_equal(parse(APPROVAL("2026-01-01T00:00:00", "2026-01-02T00:00:00Z", ""), &approval, NULL), 0);
    assert_null(approval->ticket_id);
    assert_null(approval->reason);
    csc_approval_free(approval);
    csc_approval_free(NULL);
}

/* What a person is told. The many cases of valid and invalid stand in tests/conformance. */
static void errors_say_where_and_what(void **state)
{
    static const struct {
        const char *input, *field, *text;
        unsigned line, column;
    } cases[] = {
        {APPROVAL("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z", ""), "expires_at",
         "is not later than approved_at; an approval needs time to be used in", 2, 14},
        /* the same instant, and an earlier one that reads like a later */
        {APPROVAL("2026-01-01T00:00:00", "2026-01-01T01:00:00+01:00", ""), "expires_at",
         "is not later than approved_at; an approval needs time to be used in", 2, 14},
        {APPROVAL("2026-01-01T00:00:00Z", "2026-01-01T01:00:00+02:00", ""), "expires_at",
         "is not later than approved_at; an approval needs time to be used in", 2, 14},
        {APPROVAL("2026-01-01T00:00:00Z", "2026-02-30T00:00:00Z", ""), "expires_at",
         "must be a date-time such as 2026-03-20T10:00:00Z, not '2026-02-30T00:00:00Z'", 2, 14},
        {"{\"approval_version\":\"csc.approval.v2\",\"quorum\":3}", "approval_version",
         "'csc.approval.v2' is not accepted; use csc.approval.v0.1", 1, 21},
        {"{}", "approval_version", "is missing; it is required", 1, 1},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct csc_approval *approval = (void *)1;
        struct csc_error err = {0};
        assert_int_equal(parse(cases[i].input, &approval, &err), -CSC_E_DATA);
        assert_ptr_equal(approval, (void *)1);
        assert_int_equal(err.code, CSC_E_DATA);
        assert_string_equal(err.stage, "approval");
        assert_string_equal(err.field, cases[i].field);
        assert_string_equal(err.text, cases[i].text);
        assert_int_equal(err.line, cases[i].line);
        assert_int_equal(err.column, cases[i].column);
    }
}

static void the_size_is_bounded(void **state)
{
    static const char approval_text[] = APPROVAL("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "");
    _cleanup_free_ char *text = malloc(CSC_APPROVAL_BYTES_MAX + 1);
    struct csc_approval *approval = NULL;
    struct csc_error err = {0};

    (void)state;
    assert_non_null(text);
    memset(text, '\n', CSC_APPROVAL_BYTES_MAX + 1);
    memcpy(text, approval_text, strlen(approval_text));
    assert_int_equal(csc_approval_parse(text, CSC_APPROVAL_BYTES_MAX, &approval, &err), 0);
    csc_approval_free(approval);
    assert_int_equal(csc_approval_parse(text, CSC_APPROVAL_BYTES_MAX + 1, &approval, &err), -CSC_E_DATA);
    assert_non_null(strstr(err.text, "65536"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_arrives),
        cmocka_unit_test(optional_fields_are_null_when_absent),
        cmocka_unit_test(errors_say_where_and_what),
        cmocka_unit_test(the_size_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
