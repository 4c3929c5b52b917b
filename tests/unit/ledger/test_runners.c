/* SPDX-License-Identifier: Apache-2.0 */
/* Runners in namespaces of their own, where their numbers and their clock are others: the lock tells all the same. */
#include "store.h"

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>

enum { SKIP = 77 };

/* In the namespace: begins, tells, and runs until it is killed. */
static void run_inside(const struct scene *s, struct csc_intent *intent, int flags, int tell)
{
    struct csc_ledger *ledger = NULL;
    size_t used;

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    /* Without a /proc of its own, a process says there what another one is. */
    if (flags & CLONE_NEWPID)
        intent->runner.pid_namespace++;
    else if (csc_runner_self(&intent->runner, NULL) < 0) /* by this clock */
        _exit(1);
    if (csc_ledger_open(s->path, CSC_LEDGER_WRITE, &ledger, NULL) < 0 ||
        csc_ledger_begin(ledger, intent, NULL, &used, NULL) != 0 || write(tell, "", 1) != 1)
        _exit(1);
    for (;;)
        (void)pause();
}

static bool enter(int flags)
{
    static const char offset[] = "boottime 100000 0\n";

    if (flags && unshare(flags) < 0)
        return false;
    if (!(flags & CLONE_NEWTIME))
        return true;
    int fd = open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC);
    bool written = fd >= 0 && write(fd, offset, strlen(offset)) == (ssize_t)strlen(offset);
    (void)close(fd);
    return written;
}

/* Starts a runner in namespaces of its own. Its number, or 0: they are not to be had. */
static pid_t start_inside(const struct scene *s, int flags, pid_t *ret_parent)
{
    struct csc_intent intent = make_intent("exec-1");
    int told[2];
    pid_t runner = 0;
    char byte;

    assert_int_equal(pipe2(told, O_CLOEXEC), 0);
    *ret_parent = fork();
    if (*ret_parent == 0) {
        int ready[2];
        if (!enter(flags) || pipe2(ready, O_CLOEXEC) < 0)
            _exit(77);
        runner = fork();
        if (runner == 0)
            run_inside(s, &intent, flags, ready[1]);
        (void)close(ready[1]);
        if (read(ready[0], &byte, 1) != 1 || write(told[1], &runner, sizeof(runner)) < 0)
            _exit(1);
        _exit(waitpid(runner, NULL, 0) != runner);
    }
    (void)close(told[1]);
    if (read(told[0], &runner, sizeof(runner)) != (ssize_t)sizeof(runner))
        runner = 0;
    (void)close(told[0]);
    return runner;
}

/* Seen to live, and to be dead, through the namespaces' walls. */
static void in_namespaces(struct scene *s, int flags)
{
    struct csc_ledger_settled settled = {0};
    pid_t parent, runner = start_inside(s, flags, &parent);
    int status;

    assert_true(runner > 0);
    assert_int_equal(csc_ledger_settle(s->ledger, &s->signer, &settled, NULL), 0);
    int running = (int)settled.running;
    assert_int_equal(kill(runner, SIGKILL), 0);
    assert_int_equal(waitpid(parent, &status, 0), parent);
    assert_int_equal(status, 0);
    assert_int_equal(running, 1);
    assert_int_equal(csc_ledger_settle(s->ledger, &s->signer, &settled, NULL), 0);
    assert_int_equal(settled.closed, 1);
    assert_int_equal(settled.running + settled.dead + settled.unknown, 0);
}

static void in_ours(void **state)
{
    in_namespaces(*state, 0);
}

static void in_another_pid_namespace(void **state)
{
    in_namespaces(*state, CLONE_NEWPID);
}

static void in_another_time_namespace(void **state)
{
    in_namespaces(*state, CLONE_NEWTIME);
}

static bool are_to_be_had(int flags)
{
    int status = -1;

    pid_t child = fork();
    if (child == 0)
        _exit(!enter(flags));
    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(in_ours, scene_begin, scene_end),
        cmocka_unit_test_setup_teardown(in_another_pid_namespace, scene_begin, scene_end),
        cmocka_unit_test_setup_teardown(in_another_time_namespace, scene_begin, scene_end),
    };

    if (!are_to_be_had(CLONE_NEWPID) || !are_to_be_had(CLONE_NEWTIME)) {
        (void)fprintf(stderr, "SKIP: this user may make no PID and time namespaces here\n");
        return SKIP;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
