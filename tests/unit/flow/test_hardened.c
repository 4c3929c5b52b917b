/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hardened mode where nothing may run: what is refused before the first command, and what the receipt says of a
 * boundary that could not be made. The bwraps are scripts, so that this needs nothing of the host.
 */
#include "hardened.h"

/* ---- what never runs ------------------------------------------------------------------------------------------------
 */

struct refused_case {
    const char *title;
    struct command commands[COMMANDS];
    const char *bwrap; /* a script */
    bool guard;        /* the key is protected, and a scope holds it */
    enum csc_outcome outcome;
    const char *parts[3];
};

static const struct refused_case refused[] = {
    {"a shell, before the first command",
     {{.argv = MARK}, {.argv = "\"sh\",\"-c\",\"true\""}},
     "exit 0",
     false,
     CSC_OUTCOME_BLOCKED,
     {"\"failed_command_id\": \"c2\"", "blocked_programs", "\"status\": \"blocked\""}},
    {"some hosts, before the first command",
     {{.argv = MARK}, {.argv = "\"true\""}, {.argv = "\"true\"", .network = "allowlisted"}},
     "exit 0",
     false,
     CSC_OUTCOME_NO_BOUNDARY,
     {"\"failed_command_id\": \"c3\"", "'allowlisted'", "\"status\": \"blocked\""}},
    {"a bwrap that fails",
     {{.argv = MARK}},
     "echo 'bwrap: Unknown option --bind-fd' >&2; exit 1",
     false,
     CSC_OUTCOME_NO_BOUNDARY,
     {"\"failed_command_id\": \"c1\"", "too old", "\"status\": \"blocked\""}},
    {"a bwrap that does nothing",
     {{.argv = MARK}},
     "exit 0",
     false,
     CSC_OUTCOME_NO_BOUNDARY,
     {"\"failed_command_id\": \"c1\"", "before the command could start", "\"status\": \"blocked\""}},
    {"a scope that holds the key",
     {{.argv = MARK}},
     "exit 0",
     true,
     CSC_OUTCOME_BLOCKED,
     {"\"exit_code\": 126", "holds the signing key", "\"status\": \"blocked\""}},
    {"a cwd that is not there",
     {{.argv = MARK, .cwd = "none"}},
     "exit 0",
     false,
     CSC_OUTCOME_FAILED,
     {"\"exit_code\": 126", "is not there", "\"status\": \"failed\""}},
};

static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
        struct hardened_run run;
        char script[TEXT];
        begin(&run, refused[i].commands);
        (void)snprintf(script, sizeof(script), "#!/bin/sh\n%s\n", refused[i].bwrap);
        fake_bwrap(&run, script);
        run.hardening.protected = &run.protected;
        run.hardening.protected_count = refused[i].guard;
        go(&run);
        if (run.result.outcome != refused[i].outcome)
            fail_msg("%s: outcome %d: %s", refused[i].title, run.result.outcome, run.receipt);
        for (size_t k = 0; k < ARRAY_SIZE(refused[i].parts); k++)
            expect_part(&run, refused[i].parts[k]);
        expect_no_part(&run, "sandbox_profile_id");
        expect_no_part(&run, "\"completed_command_ids\": [\n");
        if (refused[i].outcome == CSC_OUTCOME_NO_BOUNDARY)
            expect_no_part(&run, "exit_code");
        assert_int_equal(folder_count(folder_path(run.folder, "out")), 0);
        end(&run);
    }
}

/* ---- plans ------------------------------------------------------------------------------------------------------- */

static void test_plans_run_nothing(void **state)
{
    static const struct command commands[COMMANDS] = {{.argv = MARK}, {.argv = "\"true\""}};
    struct csc_flow_result result = {0};
    struct hardened_run run;

    (void)state;
    begin(&run, commands);
    /* It would leave a mark when it were executed. */
    fake_bwrap(&run, "#!/bin/sh\n: > \"$(dirname \"$0\")/out/bwrap\"\n");
    _cleanup_free_ char *text = plan(&run, &result);
    assert_non_null(text);
    assert_non_null(strstr(text, "\"argvs\":[[\"touch\",\"out/ran\"]]"));
    assert_non_null(strstr(text, "\"command_id\":\"c2\""));
    assert_string_equal(result.reason, "");
    assert_int_equal(folder_count(folder_path(run.folder, "out")), 0);
    csc_flow_result_free(&result);
    end(&run);
}

static void test_plans_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
        struct csc_flow_result result = {0};
        struct hardened_run run;
        if (strstr(refused[i].title, "bwrap"))
            continue; /* none is executed */
        begin(&run, refused[i].commands);
        fake_bwrap(&run, "#!/bin/sh\n");
        run.hardening.protected = &run.protected;
        run.hardening.protected_count = refused[i].guard;
        assert_null(plan(&run, &result));
        assert_int_equal(result.outcome, refused[i].outcome);
        if (!strstr(result.reason, refused[i].parts[1]))
            fail_msg("%s: %s", refused[i].title, result.reason);
        csc_flow_result_free(&result);
        end(&run);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_plans_run_nothing),
        cmocka_unit_test(test_plans_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
