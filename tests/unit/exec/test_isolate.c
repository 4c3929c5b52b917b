/* SPDX-License-Identifier: Apache-2.0 */
/* Supervision in a child: the caller, with threads, children and handlers of its own, stays as it is. */
#include "stage.h"

#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

struct received {
    struct sha256_ctx hash;
    size_t size[2];
    const struct stage *tell; /* not NULL: a file "told" says that output came */
};

static void receive(void *context, enum csc_stream stream, const void *bytes, size_t size)
{
    struct received *received = context;

    received->size[stream] += size;
    if (stream == CSC_STDOUT)
        sha256_update(&received->hash, size, bytes);
    if (received->tell)
        stage_write(received->tell, "told", "", 0600);
}

static int run(struct stage *stage, struct received *received, const char *script)
{
    *received = (struct received){.tell = received->tell};
    sha256_init(&received->hash);
    stage->io.output = receive;
    stage->io.context = received;
    stage_command(stage, "/bin/sh", "-c", script, NULL);
    return csc_exec_run_isolated(&stage->command, &stage->policy, &stage->io, &stage->result, &stage->err);
}

static void test_output_comes_whole(void **state)
{
    struct stage *stage = *state;
    struct received received = {.tell = NULL};
    char hash[CSC_SHA256_HEX];

    assert_int_equal(run(stage, &received, "seq 1 1000000; echo error >&2; exit 5"), 0);
    stage_expect(stage, CSC_EXEC_EXITED, 5);
    csc_sha256_finish_hex(&received.hash, hash);
    assert_string_equal(stage->result.hash[CSC_STDOUT], hash);
    assert_int_equal(received.size[CSC_STDOUT], 6888896);
    assert_int_equal(received.size[CSC_STDERR], 6);
    assert_memory_equal(stage->result.tail, "error\n", 6);
    assert_false(stage->result.lost_output);
}

static void test_results_and_errors(void **state)
{
    struct stage *stage = *state;
    struct received received = {.tell = NULL};

    stage->command.cwd = "/";
    assert_int_equal(run(stage, &received, "true"), 0);
    stage_expect(stage, CSC_EXEC_BLOCKED, 126);
    assert_non_null(strstr(stage->result.reason, "allowed_cwd_prefixes"));

    stage->command.cwd = stage->folder;
    stage->command.timeout_sec = 1;
    assert_int_equal(run(stage, &received, "exec 9>life; trap '' TERM; setsid sleep 1000 & sleep 1000"), 0);
    stage_expect(stage, CSC_EXEC_TIMED_OUT, 124);
    stage_expect_no_life(stage);

    stage->io.cancel_fd = stage->ready;
    assert_int_equal(run(stage, &received, "exec 9>life; echo >ready; sleep 1000"), 0);
    stage_expect(stage, CSC_EXEC_CANCELLED, 143);
    stage_expect_no_life(stage);
}

static void handle(int signal_number)
{
    (void)signal_number;
}

static void *wait_on(void *line)
{
    char byte;

    (void)!read(*(int *)line, &byte, 1);
    return NULL;
}

static void test_the_caller_stays_as_it_is(void **state)
{
    struct stage *stage = *state;
    struct received received = {.tell = NULL};
    struct sigaction action = {.sa_handler = handle}, pipe_after, child_after;
    sigset_t before = {0}, after = {0};
    int line[2], status, subreaper;
    pthread_t thread;

    assert_int_equal(pipe2(line, O_CLOEXEC), 0);
    pid_t child = fork();
    if (child == 0) {
        (void)close(line[1]);
        (void)wait_on(&line[0]);
        _exit(7);
    }
    assert_int_equal(pthread_create(&thread, NULL, wait_on, &line[0]), 0);
    assert_int_equal(sigaction(SIGCHLD, &action, NULL) | sigaction(SIGPIPE, &action, NULL), 0);
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 0), 0);
    assert_int_equal(pthread_sigmask(SIG_SETMASK, NULL, &before), 0);

    assert_int_equal(run(stage, &received, "setsid sleep 1000 & exit 3"), 0);
    stage_expect(stage, CSC_EXEC_EXITED, 3);

    assert_int_equal(pthread_sigmask(SIG_SETMASK, NULL, &after), 0);
    for (int i = 1; i < NSIG; i++)
        assert_int_equal(sigismember(&before, i), sigismember(&after, i));
    assert_int_equal(sigaction(SIGPIPE, NULL, &pipe_after) | sigaction(SIGCHLD, NULL, &child_after), 0);
    assert_true(pipe_after.sa_handler == handle && child_after.sa_handler == handle);
    assert_int_equal(prctl(PR_GET_CHILD_SUBREAPER, &subreaper), 0);
    assert_int_equal(subreaper, 0);
    (void)close(line[1]);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(WEXITSTATUS(status), 7);
    (void)close(line[0]);
    assert_int_equal(csc_exec_become_supervisor(NULL), 0);
}

/* A caller that dies takes the tree with it: the life line breaks. */
static void test_dying_caller(void **state)
{
    struct stage *stage = *state;
    struct received received = {.tell = NULL};
    char byte;
    int status;
    pid_t caller = fork();

    if (caller == 0) {
        (void)run(stage, &received, "exec 9>life; trap '' TERM; setsid sleep 1000 & echo >ready; sleep 1000");
        _exit(0);
    }
    assert_true(caller > 0);
    assert_int_equal(fcntl(stage->ready, F_SETFL, 0), 0);
    while (read(stage->ready, &byte, 1) != 1)
        ;
    assert_int_equal(kill(caller, SIGKILL), 0);
    assert_int_equal(waitpid(caller, &status, 0), caller);
    assert_int_equal(fcntl(stage->life, F_SETFL, 0), 0);
    assert_int_equal(read(stage->life, &byte, 1), 0); /* waits for the last one */
    while (waitpid(-1, NULL, 0) > 0)                  /* the supervisor, orphaned, is ours now */
        ;
}

struct bystander {
    const struct stage *stage;
    pid_t pid;
};

/* What a worker of the caller's does that was forked in the middle of a run: holds every descriptor open. */
static void fork_bystander(void *context, enum csc_stream stream, const void *bytes, size_t size)
{
    struct bystander *bystander = context;

    (void)stream;
    (void)bytes;
    (void)size;
    if (bystander->pid != 0)
        return;
    bystander->pid = fork();
    while (bystander->pid == 0)
        (void)pause();
    stage_write(bystander->stage, "told", "", 0600);
}

static void test_a_bystander_keeps_nothing_alive(void **state)
{
    struct stage *stage = *state;
    struct bystander bystander = {stage, 0};

    stage->io.output = fork_bystander;
    stage->io.context = &bystander;
    stage->io.cancel_fd = stage->ready;
    stage_command(stage, "/bin/sh", "-c",
                  "exec 9>life; echo; until [ -e told ]; do sleep 0.01; done; echo >ready; sleep 1000", NULL);
    stage->command.timeout_sec = 20;
    int r = csc_exec_run_isolated(&stage->command, &stage->policy, &stage->io, &stage->result, &stage->err);
    assert_true(bystander.pid > 0);
    assert_int_equal(kill(bystander.pid, SIGKILL), 0);
    assert_int_equal(waitpid(bystander.pid, NULL, 0), bystander.pid);
    assert_int_equal(r, 0);
    stage_expect(stage, CSC_EXEC_CANCELLED, 143);
    stage_expect_no_life(stage);
}

/* The receipt may not say that nothing was executed. */
static void test_a_killed_supervisor(void **state)
{
    struct stage *stage = *state;
    struct received received = {.tell = stage};
    char hash[CSC_SHA256_HEX];

    assert_int_equal(run(stage, &received, "echo out; until [ -e told ]; do sleep 0.01; done; kill -9 $PPID"), 0);
    stage_expect(stage, CSC_EXEC_EXITED, 137);
    assert_true(stage->result.started && stage->result.truncated[CSC_STDOUT]);
    assert_non_null(strstr(stage->result.reason, "supervisor was killed"));
    csc_sha256_hex("out\n", 4, hash);
    assert_int_equal(received.size[CSC_STDOUT], 4);
    assert_string_equal(stage->result.hash[CSC_STDOUT], hash);
    while (waitpid(-1, NULL, 0) > 0) /* what it left is ours, a subreaper's */
        ;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGE_TEST(test_output_comes_whole),
        STAGE_TEST(test_results_and_errors),
        STAGE_TEST(test_the_caller_stays_as_it_is),
        STAGE_TEST(test_dying_caller),
        STAGE_TEST(test_a_bystander_keeps_nothing_alive),
        STAGE_TEST(test_a_killed_supervisor),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
