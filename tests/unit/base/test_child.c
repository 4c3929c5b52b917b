/* SPDX-License-Identifier: Apache-2.0 */
/* Programs that csc trusts, run to their end, whatever the calling process is like. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/base.h"

static const char *const environment[] = {"A=b", NULL};

/* `line` of shell, with `input`. */
static int run(const char *line, const char *input, int timeout_ms, struct csc_child_end *ret_end,
               struct csc_error *err)
{
    const char *const argv[] = {"/bin/sh", "-c", line, NULL};
    const struct csc_child child = {
        .argv = (char *const *)argv,
        .envp = (char *const *)environment,
        .input = input,
        .input_size = strlen(input),
        .input_fd = -1,
        .output_max = 1000,
        .timeout_ms = timeout_ms,
    };

    return csc_child_run(&child, ret_end, err);
}

static const struct {
    const char *name, *line, *input, *out, *err;
    int status;
} ends[] = {
    {"exit status", "exit 7", "", "", "", 7},
    {"killed", "kill -9 $$", "", "", "", 137},
    {"what it writes", "echo one; echo two >&2", "", "one\n", "two\n", 0},
    {"what it is given", "cat; cat >&2", "given", "given", "", 0},
    {"input it does not read", "true", "given", "", "", 0},
    {"a fresh environment", "/usr/bin/env | /bin/grep -v -e ^PWD= -e ^SHLVL= -e ^_=", "", "A=b\n", "", 0},
    {"no other descriptors", "for fd in 3 4 5 6 7 8 9; do (: >&$fd) 2>/dev/null && echo $fd; done; true", "", "", "",
     0},
    {"fresh signals", "(kill -PIPE $(/bin/sh -c 'echo $PPID'); echo alive) 2>/dev/null; true", "", "", "", 0},
    {"more output than allowed",
     "trap '' XFSZ; /bin/head -c 1001 /dev/zero | /usr/bin/tr '\\0' x >/dev/stdout || exit 3", "", NULL, NULL, 3},
    {"what it leaves behind", "/bin/sleep 60 & exit 4", "", "", "", 4},
};

static void assert_ends(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
        struct csc_child_end end = {0};
        struct csc_error err = {0};
        if (run(ends[i].line, ends[i].input, 60000, &end, &err) < 0)
            fail_msg("%s: %s", ends[i].name, err.text);
        if (end.status != ends[i].status || end.timed_out)
            fail_msg("%s: status %d", ends[i].name, end.status);
        if (ends[i].out && (strcmp(end.out.data, ends[i].out) != 0 || strcmp(end.err.data, ends[i].err) != 0))
            fail_msg("%s: '%s', '%s'", ends[i].name, end.out.data, end.err.data);
        assert_true(end.out.size <= 1000);
        csc_child_end_free(&end);
    }
}

static void every_end_is_told(void **state)
{
    (void)state;
    assert_ends();
}

/* Each in a process of its own: what a caller can be like. */
static void ignore_children(void)
{
    (void)signal(SIGCHLD, SIG_IGN);
    (void)signal(SIGPIPE, SIG_IGN);
}

static void close_standard(void)
{
    (void)close(0);
    (void)close(2);
}

static void be_subreaper(void)
{
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (fork() == 0) {
        (void)close_range(0, ~0U, 0); /* nobody waits for its end */
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)alarm(60);
        (void)pause();
        _exit(0);
    }
}

/* A handler that takes every child's status, as a caller's event loop does. */
static void take_all(int number)
{
    (void)number;
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
}

static void take_children(void)
{
    (void)signal(SIGCHLD, take_all);
}

static void callers_of_any_kind_are_served(void **state)
{
    static void (*const kinds[])(void) = {ignore_children, close_standard, be_subreaper, take_children};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        int status = 0;
        pid_t pid = fork();
        if (pid == 0) {
            struct csc_child_end end = {0};
            kinds[i]();
            int r = run("echo out; exit 5", "", 60000, &end, NULL);
            _exit(r == 0 && end.status == 5 && strcmp(end.out.data, "out\n") == 0 ? 0 : 1);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        if (status != 0)
            fail_msg("caller %zu: %d", i, status);
    }
}

static void nothing_is_left_of_the_caller_s_children(void **state)
{
    struct csc_child_end end = {0};

    (void)state;
    assert_int_equal(run("true", "", 60000, &end, NULL), 0);
    csc_child_end_free(&end);
    assert_int_equal(waitpid(-1, NULL, WNOHANG | __WALL), -1);
}

static void it_is_killed_at_its_deadline(void **state)
{
    struct csc_child_end end = {0};

    (void)state;
    assert_int_equal(run("echo begun; exec /bin/sleep 600", "", 200, &end, NULL), 0);
    assert_true(end.timed_out);
    assert_int_equal(end.status, 137);
    csc_child_end_free(&end);
}

static void descriptors_are_inherited_by_number(void **state)
{
    int fd = csc_memory_file("in memory", 9, NULL);
    char line[60];

    (void)state;
    assert_true(fd > 2);
    (void)snprintf(line, sizeof(line), "/bin/cat /proc/self/fd/%d; ! : 2>/dev/null >&%d", fd, fd);
    const char *const argv[] = {"/bin/sh", "-c", line, NULL};
    const struct csc_child child = {.argv = (char *const *)argv,
                                    .envp = (char *const *)environment,
                                    .input = "",
                                    .input_fd = -1,
                                    .fds = &fd,
                                    .fd_count = 1,
                                    .output_max = 1000,
                                    .timeout_ms = 60000};
    struct csc_child_end end = {0};
    assert_int_equal(csc_child_run(&child, &end, NULL), 0);
    assert_string_equal(end.out.data, "in memory");
    csc_child_end_free(&end);
    /* Nobody changes it. */
    assert_int_equal(write(fd, "x", 1), -1);
    assert_int_equal(ftruncate(fd, 0), -1);
    (void)close(fd);
}

static void its_input_can_be_a_descriptor(void **state)
{
    int fd = csc_memory_file("typed", 5, NULL);
    const char *const argv[] = {"/bin/cat", NULL};
    const struct csc_child child = {.argv = (char *const *)argv,
                                    .envp = (char *const *)environment,
                                    .input_fd = fd,
                                    .output_max = 1000,
                                    .timeout_ms = 60000};
    struct csc_child_end end = {0};

    (void)state;
    assert_int_equal(csc_child_run(&child, &end, NULL), 0);
    assert_string_equal(end.out.data, "typed");
    csc_child_end_free(&end);
    (void)close(fd);
}

static void what_cannot_be_executed_is_an_error(void **state)
{
    static const struct {
        const char *program, *says;
    } programs[] = {{"/nonexistent/program", "cannot execute '/nonexistent/program': No such file"},
                    {"/dev/null", "cannot execute '/dev/null': Permission denied"},
                    {"sh", "'sh' is no absolute path"},
                    {"", "'' is no absolute path"}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
        const char *const argv[] = {programs[i].program, NULL};
        const struct csc_child child = {.argv = (char *const *)argv,
                                        .envp = (char *const *)environment,
                                        .input = "",
                                        .input_fd = -1,
                                        .output_max = 1000,
                                        .timeout_ms = 60000};
        struct csc_child_end end = {0};
        struct csc_error err = {0};
        assert_int_equal(csc_child_run(&child, &end, &err), -CSC_E_CONFIG);
        if (!strstr(err.text, programs[i].says))
            fail_msg("%s", err.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_left_of_the_caller_s_children), cmocka_unit_test(every_end_is_told),
        cmocka_unit_test(callers_of_any_kind_are_served),           cmocka_unit_test(it_is_killed_at_its_deadline),
        cmocka_unit_test(descriptors_are_inherited_by_number),      cmocka_unit_test(its_input_can_be_a_descriptor),
        cmocka_unit_test(what_cannot_be_executed_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
