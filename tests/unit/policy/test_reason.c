/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy/policy.h"

static void read_page(struct csc_buf *page)
{
    const char *root = getenv("CSC_SOURCE_ROOT");
    char path[4096];
    struct csc_error err = {0};

    assert_non_null(root);
    (void)snprintf(path, sizeof(path), "%s/docs/reason-codes.md", root);
    if (csc_read_input(path, CSC_CONTRACT_BYTES_MAX, page, &err) < 0)
        fail_msg("%s: %s", path, err.text);
}

/* The rows of its table: | `CODE` | meaning | fix | */
static void the_page_lists_every_code_in_order(void **state)
{
    _cleanup_buf_ struct csc_buf page = {0};
    int code = 0;
    char *rest = NULL;

    (void)state;
    read_page(&page);
    for (char *line = strtok_r(page.data, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        char wanted[512];
        if (strncmp(line, "| `", 3) != 0)
            continue;
        assert_true(code < CSC_REASON_COUNT);
        (void)snprintf(wanted, sizeof(wanted), "| `%s` | %s | ", csc_reason_name((enum csc_reason)code),
                       csc_reason_meaning((enum csc_reason)code));
        if (strncmp(line, wanted, strlen(wanted)) != 0)
            fail_msg("'%s' does not begin with '%s'", line, wanted);
        assert_true(strlen(line) > strlen(wanted) + 4); /* and says what would help */
        code++;
    }
    assert_int_equal(code, CSC_REASON_COUNT);
}

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
        cmocka_unit_test(the_page_lists_every_code_in_order),
        cmocka_unit_test(no_code_is_ever_renamed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
