/* SPDX-License-Identifier: Apache-2.0 */
/* Output: what is hashed, what is streamed, and readers that don't read. */
#include "stage.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

static void expect_hash(const struct stage *stage, enum csc_stream stream, const char *bytes, size_t size)
{
    char expected[CSC_SHA256_HEX];

    csc_sha256_hex(bytes, size, expected);
    assert_string_equal(stage->result.hash[stream], expected);
}

static void test_both_streams(void **state)
{
    struct stage *stage = *state;

    stage_sh(stage, "printf out; printf err >&2; printf put; printf or >&2");
    assert_string_equal(stage->output[CSC_STDOUT], "output");
    assert_string_equal(stage->output[CSC_STDERR], "error");
    expect_hash(stage, CSC_STDOUT, "output", 6);
    expect_hash(stage, CSC_STDERR, "error", 5);
    assert_int_equal(stage->result.tail_size, 5);
    assert_memory_equal(stage->result.tail, "error", 5);
    assert_false(stage->result.truncated[CSC_STDOUT] || stage->result.truncated[CSC_STDERR]);
    assert_false(stage->result.lost_output);
}

static void test_caps(void **state)
{
    static const struct {
        size_t printed;
        bool truncated;
    } cases[] = {{0, false}, {99999, false}, {100000, false}, {100001, true}, {5000000, true}};
    enum { CAP = 100000 };
    struct stage *stage = *state;
    char *zeros = calloc(1, CAP), script[200];

    assert_non_null(zeros);
    stage->io.stdout_cap = stage->io.stderr_cap = CAP;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        (void)snprintf(script, sizeof(script), "head -c %zu /dev/zero; head -c %zu /dev/zero >&2", cases[i].printed,
                       cases[i].printed);
        stage_sh(stage, script);
        stage_expect(stage, CSC_EXEC_EXITED, 0);
        for (int k = CSC_STDOUT; k <= CSC_STDERR; k++) {
            assert_int_equal(stage->result.truncated[k], cases[i].truncated);
            expect_hash(stage, (enum csc_stream)k, zeros, cases[i].truncated ? CAP : cases[i].printed);
        }
        assert_false(stage->result.lost_output);
    }
    free(zeros);
}

static void test_only_what_is_captured_is_streamed(void **state)
{
    struct stage *stage = *state;

    stage->io.stdout_cap = 7;
    stage->io.stderr_cap = 0;
    stage_sh(stage, "echo abcdefghij; echo abc >&2");
    assert_string_equal(stage->output[CSC_STDOUT], "abcdefg");
    assert_string_equal(stage->output[CSC_STDERR], "");
    assert_true(stage->result.truncated[CSC_STDOUT] && stage->result.truncated[CSC_STDERR]);
    expect_hash(stage, CSC_STDERR, "", 0);
    assert_memory_equal(stage->result.tail, "abc\n", 4);
    stage->io.stdout_cap = 1;
    stage_sh(stage, "printf a");
    assert_false(stage->result.truncated[CSC_STDOUT]);
    expect_hash(stage, CSC_STDOUT, "a", 1);
}

/* The tail goes on beyond the cap, whatever the sizes of the pieces. */
static void test_tail(void **state)
{
    static char expected[200000];
    struct stage *stage = *state;
    size_t size = 0;

    for (int i = 1; i <= 20000; i++)
        size += (size_t)snprintf(expected + size, sizeof(expected) - size, "%d\n", i);
    stage->io.stderr_cap = 1000;
    stage_sh(stage, "seq 1 20000 >&2");
    assert_int_equal(stage->result.tail_size, CSC_TAIL_BYTES);
    assert_memory_equal(stage->result.tail, expected + size - CSC_TAIL_BYTES, CSC_TAIL_BYTES);
    expect_hash(stage, CSC_STDERR, expected, 1000);

    stage_sh(stage, "i=0; while [ $i -lt 5000 ]; do i=$((i+1)); echo $i >&2; done");
    size = 0;
    for (int i = 1; i <= 5000; i++)
        size += (size_t)snprintf(expected + size, sizeof(expected) - size, "%d\n", i);
    assert_int_equal(stage->result.tail_size, CSC_TAIL_BYTES);
    assert_memory_equal(stage->result.tail, expected + size - CSC_TAIL_BYTES, CSC_TAIL_BYTES);
}

/* What a child wrote is read to the end, though the command has exited. */
static void test_output_before_exit(void **state)
{
    struct stage *stage = *state;
    char *zeros = calloc(1, 700000);

    assert_non_null(zeros);
    stage_sh(stage, "head -c 700000 /dev/zero & wait; exit 4");
    stage_expect(stage, CSC_EXEC_EXITED, 4);
    expect_hash(stage, CSC_STDOUT, zeros, 700000);
    free(zeros);
}

static void test_reader_that_does_not_read(void **state)
{
    struct stage *stage = *state;

    for (int i = 0; i < 6; i++) {
        int fds[2];
        bool socket = i % 2;
        assert_int_equal(socket ? socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) : pipe2(fds, O_CLOEXEC), 0);
        int flags = fcntl(fds[1], F_GETFL);
        stage->io.out_fd[CSC_STDOUT] = stage->io.out_fd[CSC_STDERR] = fds[1];
        stage->io.neutralise[CSC_STDOUT] = stage->io.neutralise[CSC_STDERR] = i / 2 == 1;
        stage->command.timeout_sec = 1;
        if (i / 2 == 2) {
            stage_sh(stage, "head -c 500000 /dev/zero");
            stage_expect(stage, CSC_EXEC_EXITED, 0);
        } else {
            stage_sh(stage, "yes & yes >&2");
            stage_expect(stage, CSC_EXEC_TIMED_OUT, 124);
        }
        assert_true(stage->result.lost_output);
        assert_int_equal(fcntl(fds[1], F_GETFL), flags); /* others share the description */
        (void)close(fds[0]);
        (void)close(fds[1]);
    }
}

static void test_output_that_is_refused(void **state)
{
    struct stage *stage = *state;

    for (int i = 0; i < 3; i++) {
        int fds[2] = {-1, -1};
        if (i == 0)
            assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        else if (i == 1)
            fds[1] = open("/dev/full", O_WRONLY | O_CLOEXEC);
        else
            fds[1] = open("/dev/null", O_RDONLY | O_CLOEXEC);
        if (i == 0)
            (void)close(fds[0]);
        stage->io.out_fd[CSC_STDOUT] = fds[1];
        stage_sh(stage, "echo one; echo two");
        stage_expect(stage, CSC_EXEC_EXITED, 0);
        assert_true(stage->result.lost_output);
        expect_hash(stage, CSC_STDOUT, "one\ntwo\n", 8);
        (void)close(fds[1]);
    }
}

/* One terminal for both streams. */
static int open_terminal(int *ret_master)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK), unlocked = 0;

    assert_true(master >= 0);
    assert_int_equal(ioctl(master, TIOCSPTLCK, &unlocked), 0);
    int slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(slave >= 0);
    *ret_master = master;
    return slave;
}

/* The kernel hands on what was written in its own time, in pieces. */
static void expect_shown(int master, const char *expected)
{
    struct pollfd fd = {.fd = master, .events = POLLIN};
    size_t size = strlen(expected), got = 0;
    char text[1000];

    while (got < size && poll(&fd, 1, 10000) > 0) {
        ssize_t n = read(master, text + got, size - got);
        assert_true(n > 0);
        got += (size_t)n;
    }
    assert_int_equal(got, size);
    assert_memory_equal(text, expected, size);
    assert_int_equal(poll(&fd, 1, 0), 0);
}

static void test_terminal(void **state)
{
    struct stage *stage = *state;
    int master, slave = open_terminal(&master);

    stage->io.out_fd[CSC_STDOUT] = stage->io.out_fd[CSC_STDERR] = slave;
    stage->io.neutralise[CSC_STDOUT] = stage->io.neutralise[CSC_STDERR] = true;
    stage_sh(stage, "printf '\\033[31mred\\033]0;title\\007\\233'");
    stage_expect(stage, CSC_EXEC_EXITED, 0);
    expect_shown(master, "\x1b[31mred^[]0;title^G\\x9b\x1b[0m");
    expect_hash(stage, CSC_STDOUT, "\x1b[31mred\x1b]0;title\x07\x9b", 19); /* as printed, not as shown */

    /* A terminal whose output is stopped defeats no deadline. */
    stage->command.timeout_sec = 1;
    stage_sh(stage, "yes & yes >&2");
    stage_expect(stage, CSC_EXEC_TIMED_OUT, 124);
    assert_true(stage->result.lost_output);
    (void)close(slave);
    (void)close(master);
}

/* However much is printed, csc's memory does not grow. */
static void test_memory_is_bounded(void **state)
{
    struct stage *stage = *state;
    int status;
    pid_t child = fork();

    if (child == 0) {
        struct rusage before, after;
        int r = csc_exec_become_supervisor(NULL);
        stage_command(stage, "sh", "-c", "head -c 300M /dev/zero; head -c 30M /dev/zero >&2", NULL);
        (void)getrusage(RUSAGE_SELF, &before);
        r |= csc_exec_run(&stage->command, &stage->policy, &stage->io, &stage->result, &stage->err);
        (void)getrusage(RUSAGE_SELF, &after);
        if (r != 0 || stage->result.exit_code != 0 || !stage->result.truncated[CSC_STDOUT])
            _exit(1);
        _exit(after.ru_maxrss - before.ru_maxrss > 4 << 10 ? 2 : 0); /* KiB */
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGE_TEST(test_both_streams),
        STAGE_TEST(test_caps),
        STAGE_TEST(test_only_what_is_captured_is_streamed),
        STAGE_TEST(test_tail),
        STAGE_TEST(test_output_before_exit),
        STAGE_TEST(test_reader_that_does_not_read),
        STAGE_TEST(test_output_that_is_refused),
        STAGE_TEST(test_terminal),
        STAGE_TEST(test_memory_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
