/* SPDX-License-Identifier: Apache-2.0 */
/* Every allocation fails once: an error or a smaller result, never a leak or a process left behind. */
#include "stage.h"

#include "support/chaos.h"

static int judge(int r, const struct csc_error *err)
{
    if (r < 0)
        assert_int_equal(err->code, CSC_E_INTERNAL);
    return r;
}

static int attempt_run(void *context)
{
    struct stage *stage = context;
    struct csc_error err = {0};
    int r = csc_exec_run(&stage->command, &stage->policy, &stage->io, &stage->result, &err);

    assert_false(csc_exec_has_children());
    if (r == 0)
        stage_expect(stage, CSC_EXEC_EXITED, 3);
    return judge(r, &err);
}

static void test_run(void **state)
{
    struct stage *stage = *state;

    stage_command(stage, "/bin/sh", "-c", "exec 9>life; (trap '' TERM; sleep 1000) & exit 3", NULL);
    assert_true(chaos_fail_each_allocation(attempt_run, stage) > 0);
    stage_expect_no_life(stage);
}

static int attempt_timeout(void *context)
{
    struct stage *stage = context;
    struct csc_error err = {0};
    int line[2];

    assert_int_equal(pipe2(line, O_CLOEXEC), 0);
    stage->io.cancel_fd = line[1]; /* POLLERR at once: its reader is gone */
    (void)close(line[0]);
    int r = csc_exec_run(&stage->command, &stage->policy, &stage->io, &stage->result, &err);
    (void)close(line[1]);
    if (r == 0)
        stage_expect(stage, CSC_EXEC_CANCELLED, 143);
    return judge(r, &err);
}

static void test_end_before_time(void **state)
{
    struct stage *stage = *state;

    stage_command(stage, "sleep", "1000", NULL);
    assert_true(chaos_fail_each_allocation(attempt_timeout, stage) > 0);
}

static int attempt_survey(void *context)
{
    const struct csc_contract *contract = context;
    const struct csc_notifier silent = {.notice = NULL};
    struct csc_arena arena = {0};
    struct csc_artifacts artifacts = {0};
    struct csc_snapshot *snapshot = NULL;
    struct csc_error err = {0};
    int r = csc_snapshot_take(contract, &snapshot, &err);

    if (r == 0)
        r = csc_artifacts_collect(contract, &arena, &silent, &artifacts, &err);
    if (r == 0)
        assert_int_equal(artifacts.count, 1);
    if (r == 0 && snapshot && csc_snapshot_count_changes(snapshot, contract) < 0)
        r = csc_fail_memory(&err);
    csc_snapshot_free(snapshot);
    csc_arena_free(&arena);
    return judge(r, &err);
}

static void test_survey(void **state)
{
    struct stage *stage = *state;
    char path[400];
    const char *scopes[] = {stage->folder}, *outputs[] = {path};
    struct csc_command command = {.write_paths = scopes, .write_path_count = 1};
    struct csc_contract contract = {
        .commands = &command, .command_count = 1, .expected_outputs = outputs, .expected_output_count = 1};

    stage_path(stage, "file", path);
    stage_write(stage, "file", "x", 0600);
    assert_true(chaos_fail_each_allocation(attempt_survey, &contract) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGE_TEST(test_run),
        STAGE_TEST(test_end_before_time),
        STAGE_TEST(test_survey),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
