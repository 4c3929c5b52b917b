/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a command, before its time or at it: nothing of its tree is left. */
#include "stage.h"

#include <sys/resource.h>

#include <signal.h>
#include <sys/signalfd.h>

/* No test waits this long: a grace that should not be used up. */
enum { LONG_GRACE_MS = 50000 };

static void expect_ended(struct stage *stage, enum csc_exec_end end, int exit_code)
{
    stage_expect(stage, end, exit_code);
    assert_int_equal(stage->result.survivors, 0);
    stage_expect_no_life(stage);
}

static void test_deadline(void **state)
{
    struct stage *stage = *state;

    stage->command.timeout_sec = 1;
    stage_sh(stage, "exec 9>life; trap '' TERM; setsid sleep 1000 & (setsid sh -c 'sleep 1000 & exec sleep 1000' &) ; "
                    "while :; do sleep 1000; done");
    expect_ended(stage, CSC_EXEC_TIMED_OUT, 124);
    assert_string_not_equal(stage->result.reason, "");
}

static void test_deadline_of_a_pipeline(void **state)
{
    struct stage *stage = *state;

    stage->command.timeout_sec = 1;
    stage_command(stage, "sh", "-c", "exec 9>life; exec sleep 1000", "|", "cat", NULL);
    stage_run(stage);
    expect_ended(stage, CSC_EXEC_TIMED_OUT, 124);
}

static void test_exit_during_the_grace_is_still_a_timeout(void **state)
{
    struct stage *stage = *state;

    stage->io.grace_ms = LONG_GRACE_MS;
    stage->command.timeout_sec = 3; /* the shell has that long to set its trap */
    stage_sh(stage, "exec 9>life; trap 'echo asked; exit 0' TERM; sleep 1000 & wait");
    expect_ended(stage, CSC_EXEC_TIMED_OUT, 124);
    assert_string_equal(stage->output[CSC_STDOUT], "asked\n");
}

/* All of the tree is asked, and may take its time, though the command itself has gone already. */
static void test_grace_for_the_whole_tree(void **state)
{
    static const char script[] =
        "exec 9>life\n"
        "setsid sh -c 'trap \"sleep 0.3; echo late; exit\" TERM; (echo >ready; exec sleep 1000)' &\n"
        "exec sleep 1000";
    struct stage *stage = *state;

    stage->io.grace_ms = LONG_GRACE_MS;
    stage->io.cancel_fd = stage->ready;
    stage_sh(stage, script);
    expect_ended(stage, CSC_EXEC_CANCELLED, 143);
    assert_string_equal(stage->output[CSC_STDOUT], "late\n");
}

static void test_stopped_process_is_asked_too(void **state)
{
    struct stage *stage = *state;

    stage->io.grace_ms = LONG_GRACE_MS;
    stage->io.cancel_fd = stage->ready;
    stage_sh(stage, "exec 9>life; trap 'echo asked; exit' TERM; echo >ready; kill -STOP $$; sleep 1000");
    expect_ended(stage, CSC_EXEC_CANCELLED, 143);
    assert_string_equal(stage->output[CSC_STDOUT], "asked\n");
}

static void test_stubborn_tree(void **state)
{
    struct stage *stage = *state;

    stage->io.cancel_fd = stage->ready;
    stage_sh(stage, "exec 9>life; trap '' TERM INT HUP; (sleep 1000 & (setsid sleep 1000 &)); kill -STOP $! ; "
                    "setsid sh -c 'kill -STOP $$' & echo >ready; while :; do sleep 1000; done");
    expect_ended(stage, CSC_EXEC_CANCELLED, 143);
}

static int open_signals(sigset_t *before)
{
    sigset_t signals;

    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGINT);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGHUP);
    (void)sigaddset(&signals, SIGQUIT);
    assert_int_equal(sigprocmask(SIG_BLOCK, &signals, before), 0);
    int fd = signalfd(-1, &signals, SFD_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

static void test_signals(void **state)
{
    static const struct {
        const char *script;
        int exit_code;
    } cases[] = {
        {"exec 9>life; kill -INT $PPID; exec sleep 1000", 130},
        {"exec 9>life; kill -QUIT $PPID; exec sleep 1000", 130},
        {"exec 9>life; kill -TERM $PPID; exec sleep 1000", 143},
        {"exec 9>life; kill -HUP $PPID; exec sleep 1000", 143},
        /* the second one skips the grace, and does not change the name of the end */
        {"exec 9>life; trap '' TERM; kill -INT $PPID; kill -TERM $PPID; while :; do sleep 1000; done", 130},
    };
    struct stage *stage = *state;
    sigset_t before;

    stage->io.grace_ms = LONG_GRACE_MS;
    stage->io.signal_fd = open_signals(&before);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        stage_sh(stage, cases[i].script);
        expect_ended(stage, CSC_EXEC_CANCELLED, cases[i].exit_code);
    }
    /* A signal that came before: nothing is started. */
    assert_int_equal(raise(SIGTERM), 0);
    stage_sh(stage, "echo started");
    stage_expect(stage, CSC_EXEC_CANCELLED, 143);
    assert_false(stage->result.started);
    assert_string_equal(stage->output[CSC_STDOUT], "");
    (void)close(stage->io.signal_fd);
    assert_int_equal(sigprocmask(SIG_SETMASK, &before, NULL), 0);
}

static void test_cancel_by_hanging_up(void **state)
{
    struct stage *stage = *state;
    int line[2];

    assert_int_equal(pipe2(line, O_CLOEXEC), 0);
    (void)close(line[1]);
    stage->io.cancel_fd = line[0];
    stage_sh(stage, "exec sleep 1000");
    stage_expect(stage, CSC_EXEC_CANCELLED, 143);
    (void)close(line[0]);
}

static void test_nothing_outlives_its_command(void **state)
{
    static const char *const scripts[] = {
        "exec 9>life; sleep 1000 & exit 3",
        "exec 9>life; setsid sleep 1000 & (setsid sh -c 'trap \"\" TERM; sleep 1000 & sleep 1000' &) ; exit 3",
        /* one that starts anew for ever, in a session of its own each time */
        "exec 9>life; ./hop; exit 3",
        /* two that look after each other */
        "exec 9>life; for i in 1 2; do (while :; do (while :; do sleep 0.01; done); done) & done; exit 3",
    };
    struct stage *stage = *state;

    stage_write(stage, "hop", "#!/bin/sh\nsetsid \"$0\" &\n", 0755);
    for (size_t i = 0; i < ARRAY_SIZE(scripts); i++) {
        stage_sh(stage, scripts[i]);
        expect_ended(stage, CSC_EXEC_EXITED, 3);
    }
}

static void test_fork_storm(void **state)
{
    static const char *const scripts[] = {
        /* one group, and every process a session of its own */
        "exec 9>life; trap '' TERM; i=0; while :; do i=$((i+1)); sleep 1000 & [ $i = 100 ] && echo >ready; done",
        "exec 9>life; trap '' TERM; i=0; while :; do i=$((i+1)); setsid sleep 1000 & [ $i = 100 ] && echo >ready; done",
    };
    struct stage *stage = *state;
    char path[400];

    (void)close(stage->ready); /* each run opens it anew: a FIFO remembers that a writer hung up */
    stage->ready = -1;
    stage_path(stage, "ready", path);
    for (size_t i = 0; i < ARRAY_SIZE(scripts); i++) {
        int ready = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        assert_true(ready >= 0);
        stage->io.cancel_fd = ready;
        stage_sh(stage, scripts[i]);
        expect_ended(stage, CSC_EXEC_CANCELLED, 143);
        assert_true(stage->result.started);
        (void)close(ready);
    }
}

/* Orphans become csc's children: while the command runs on, they are reaped. */
static void test_orphans_are_reaped_meanwhile(void **state)
{
    static const char script[] =
        "i=0; while [ $i -lt 200 ]; do i=$((i+1)); (true &) ; done\n"
        "while grep -ls \"^PPid:[[:space:]]*$PPID\\$\" /proc/[0-9]*/status | grep -qv \"/$$/\"; do :; done\n"
        "echo clean";
    struct stage *stage = *state;

    stage_sh(stage, script);
    stage_expect(stage, CSC_EXEC_EXITED, 0);
    assert_string_equal(stage->output[CSC_STDOUT], "clean\n");
}

/* Whatever uses descriptors up, the deadline holds. The script lowers the limit of the process that supervises it. */
static void test_deadline_without_descriptors(void **state)
{
    struct stage *stage = *state;
    struct rlimit before;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    stage->command.timeout_sec = 1;
    stage_command(
        stage, "/bin/sh", "-c",
        "exec 9>life; prlimit --pid $PPID --nofile=3: || exit 9; trap '' TERM; setsid sleep 1000 & sleep 1000", NULL);
    int r = csc_exec_run(&stage->command, &stage->policy, &stage->io, &stage->result, &stage->err);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(r, 0);
    stage_expect(stage, CSC_EXEC_TIMED_OUT, 124);
    assert_int_equal(stage->result.survivors, 0);
    stage_expect_no_life(stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGE_TEST(test_deadline),
        STAGE_TEST(test_deadline_of_a_pipeline),
        STAGE_TEST(test_exit_during_the_grace_is_still_a_timeout),
        STAGE_TEST(test_grace_for_the_whole_tree),
        STAGE_TEST(test_stopped_process_is_asked_too),
        STAGE_TEST(test_stubborn_tree),
        STAGE_TEST(test_signals),
        STAGE_TEST(test_cancel_by_hanging_up),
        STAGE_TEST(test_nothing_outlives_its_command),
        STAGE_TEST(test_fork_storm),
        STAGE_TEST(test_orphans_are_reaped_meanwhile),
        STAGE_TEST(test_deadline_without_descriptors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
