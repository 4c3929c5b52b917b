/* SPDX-License-Identifier: Apache-2.0 */
/* Hardened mode in a real sandbox: sandbox_profile_id is the hash of the plans of what ran; each plan is made late. */
#include "hardened.h"
#include "unit/sandbox/host.h"

/* Of all plans, or of the first of two, which is cut out of their text. */
static void hash_plans(const char *text, bool all, char hash[CSC_SHA256_HEX])
{
    _cleanup_buf_ struct csc_buf part = {0};
    const char *second = strstr(text, "},{\"argvs\"");

    csc_buf_puts(&part, text);
    assert_false(part.failed);
    if (!all) {
        assert_non_null(second);
        part.size = (size_t)(second - text) + 1;
        csc_buf_puts(&part, "]");
    }
    csc_sha256_hex(part.data, part.size, hash);
}

static void test_profile_is_of_what_ran(void **state)
{
    static const struct {
        struct command commands[COMMANDS];
        enum csc_outcome outcome;
        bool all; /* else the first alone ran */
    } cases[] = {
        {{{.argv = MARK}, {.argv = "\"true\""}}, CSC_OUTCOME_SUCCESS, true},
        {{{.argv = MARK}, {.argv = "\"false\""}}, CSC_OUTCOME_FAILED, true},
        {{{.argv = "\"false\""}, {.argv = MARK}}, CSC_OUTCOME_FAILED, false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct csc_flow_result planned = {0};
        struct hardened_run run;
        char hash[CSC_SHA256_HEX], part[200];
        begin(&run, cases[i].commands);
        run.config.bwrap = NULL;
        _cleanup_free_ char *text = plan(&run, &planned);
        if (!text)
            fail_msg("%s", planned.reason);
        go(&run);
        if (run.result.outcome != cases[i].outcome)
            fail_msg("%zu: outcome %d: %s", i, run.result.outcome, run.receipt);
        hash_plans(text, cases[i].all, hash);
        (void)snprintf(part, sizeof(part), "\"sandbox_profile_id\": \"%s\"", hash);
        expect_part(&run, part);
        assert_int_equal(access(folder_path(run.folder, "out/ran"), F_OK), cases[i].all ? 0 : -1);
        csc_flow_result_free(&planned);
        end(&run);
    }
}

/* The plan of a command is made after the one before it: what that left behind is seen. */
static void test_plans_are_made_late(void **state)
{
    static const struct command commands[COMMANDS] = {{.argv = "\"sh\",\"-c\",\"mkdir out/new\""},
                                                      {.argv = "\"touch\",\"f\"", .cwd = "out/new"}};
    struct hardened_run run;

    (void)state;
    begin(&run, commands);
    run.config.blocked_programs.count = 0;
    go(&run);
    if (run.result.outcome != CSC_OUTCOME_SUCCESS)
        fail_msg("%s", run.receipt);
    assert_int_equal(access(folder_path(run.folder, "out/new/f"), F_OK), 0);
    end(&run);
}

/* A symlink that one command leaves is not followed for the next. */
static void test_a_cwd_that_was_exchanged(void **state)
{
    static const struct command commands[COMMANDS] = {{.argv = "\"sh\",\"-c\",\"ln -s / out/new\""},
                                                      {.argv = "\"touch\",\"out/ran\"", .cwd = "out/new"}};
    struct hardened_run run;

    (void)state;
    begin(&run, commands);
    run.config.blocked_programs.count = 0;
    go(&run);
    assert_int_equal(run.result.outcome, CSC_OUTCOME_BLOCKED);
    expect_part(&run, "symlink");
    expect_part(&run, "\"exit_code\": 126");
    expect_part(&run, "\"failed_command_id\": \"c2\"");
    expect_part(&run, "\"completed_command_ids\": [\n    \"c1\"\n  ]");
    expect_part(&run, "sandbox_profile_id");
    end(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_profile_is_of_what_ran),
        cmocka_unit_test(test_plans_are_made_late),
        cmocka_unit_test(test_a_cwd_that_was_exchanged),
    };

    return host_can_sandbox() ? cmocka_run_group_tests(tests, NULL, NULL) : HOST_SKIP;
}
