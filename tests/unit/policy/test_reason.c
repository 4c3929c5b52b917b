/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy/policy.h"

/* Permanent: whoever renames, removes or reorders one fails here. New ones come at the end. */
static void no_code_is_ever_renamed(void **state)
{
    static const char *const forever[] = {
        "ALLOW",
        "APPROVAL_REQUIRED",
        "RISK_CLASS_NOT_ALLOWED",
        "COMMAND_NOT_ALLOWED",
        "ARGV_PREFIX_DENIED",
        "EFFECT_TYPE_NOT_ALLOWED",
        "EFFECT_RECLASSIFIED",
        "TIMEOUT_EXCEEDS_POLICY",
        "NETWORK_EXCEEDS_POLICY",
        "SECRET_REF_NOT_ALLOWED",
        "CWD_NOT_ALLOWED",
        "READ_SCOPE_DENIED",
        "WRITE_PATHS_NOT_EMPTY",
        "WRITE_SCOPE_DENIED",
        "PATH_NOT_ABSOLUTE",
    };

    (void)state;
    assert_true(CSC_REASON_COUNT >= ARRAY_SIZE(forever));
    for (size_t i = 0; i < ARRAY_SIZE(forever); i++)
        assert_string_equal(csc_reason_name((enum csc_reason)i), forever[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_code_is_ever_renamed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
