/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of the MCP server; the whole of it is tested from outside, tests/integration/mcp_*.py. */
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/mcp_parts.h"

/* ---- text --------------------------------------------------------------------------------------------------- */

static void what_is_shown_of_hostile_bytes(void **state)
{
    static const struct {
        const char *bytes, *shown;
    } cases[] = {
        {"", ""},
        {"a\tb\nc", "a\tb\nc"},
        {"\n\n", "\n\n"},
        {"\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"},
        {"a\r\nb", "a\\x0d\nb"},
        {"\xff\xc3", "\\xff\\xc3"},
        {"\xc3\xa4\xe2\x82\xac", "\xc3\xa4\xe2\x82\xac"},
        {"x\xe2\x80\xaey", "x\\u202ey"},
        {"\xc2\x9b"
         "31m",
         "\\u009b31m"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_buf_ struct csc_buf buf = {0};
        csc_mcp_escape(&buf, cases[i].bytes, strlen(cases[i].bytes));
        assert_string_equal(buf.data ? buf.data : "", cases[i].shown);
    }
}

/* A call whose job has printed `size` bytes of a pattern. */
static void print_into(struct csc_mcp_call *call, enum csc_job_file file, const char *pattern, size_t size)
{
    _cleanup_buf_ struct csc_buf bytes = {0};

    while (bytes.size < size)
        csc_buf_puts(&bytes, pattern);
    assert_false(bytes.failed);
    call->job.files[file] = csc_memory_file(bytes.data, size, NULL);
    assert_true(call->job.files[file] >= 0);
}

static void output_is_its_two_ends(void **state)
{
    static const struct {
        const char *pattern;
        size_t size;
        const char *middle; /* NULL: nothing is left out */
        int stream;
        bool truncated;
    } cases[] = {
        {"x", 0, NULL, 0, false},
        {"x", 24 << 10, NULL, 0, false},
        {"x", (24 << 10) + 1, "\n[... 1 bytes left out ...]\n", 0, true},
        {"x\n", (24 << 10) + 2, "\n[... 2 bytes left out ...]\n", 0, true},
        {"\xe2\x82\xac", 30000, "\n[... 5427 bytes left out ...]\n", 0, true},
        {"x", 8 << 10, NULL, 1, false},
        {"x", 1000000, "\n[... 991808 bytes left out ...]\n", 1, true},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct csc_mcp_call call = {.job = CSC_JOB_NONE};
        struct csc_value value;
        print_into(&call, cases[i].stream ? CSC_JOB_CAPTURED_ERR : CSC_JOB_CAPTURED_OUT, cases[i].pattern,
                   cases[i].size);
        assert_int_equal(csc_mcp_output_value(&call, cases[i].stream, false, &value, NULL), 0);
        const char *text = csc_value_get(&value, "text")->string;
        assert_int_equal(csc_value_get(&value, "bytes")->integer, (int64_t)cases[i].size);
        assert_true(csc_value_get(&value, "truncated")->boolean == cases[i].truncated);
        assert_null(strstr(text, "\\x"));
        if (cases[i].middle && !strstr(text, cases[i].middle))
            fail_msg("case %zu: %.60s", i, strstr(text, "[..."));
        if (!cases[i].middle)
            assert_int_equal(strlen(text), cases[i].size);
        csc_job_free(&call.job);
        csc_arena_free(&call.arena);
    }
}

static void a_tail_is_whole_lines_of_500_bytes(void **state)
{
    static const struct {
        const char *pattern;
        size_t size;
        const char *begins; /* NULL: there is none */
    } cases[] = {
        {"x", 0, NULL},
        {"line\n", 10, "line\nline\n"},
        {"0123456789\n", 11000, "0123456789\n0123456789\n"},
        {"\x1b", 500, "\\x1b\\x1b"},
        {"\x1b\n", 500, "\\x1b\n"},
        {"\xe2\x82\xac", 3000, "\xe2\x82\xac"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct csc_mcp_call call = {.job = CSC_JOB_NONE};
        print_into(&call, CSC_JOB_CAPTURED_OUT, cases[i].pattern, cases[i].size);
        print_into(&call, CSC_JOB_CAPTURED_ERR, "", 0);
        const char *tail = csc_mcp_tail(&call, &call.arena);
        assert_true(!tail == !cases[i].begins);
        if (tail && (strncmp(tail, cases[i].begins, strlen(cases[i].begins)) != 0 || strlen(tail) > 500))
            fail_msg("case %zu: %zu %s", i, strlen(tail), tail);
        csc_job_free(&call.job);
        csc_arena_free(&call.arena);
    }
}

/* ---- jobs --------------------------------------------------------------------------------------------------- */

static int run_shell(const char *script, const char *input, struct csc_job *job)
{
    const char *const argv[] = {"sh", "-c", script, NULL};
    const struct csc_job_start start = {"/bin/sh", argv, input, strlen(input), false};
    struct csc_error err = {0};

    assert_int_equal(csc_job_begin(&start, job, &err), 0);
    return job->pidfd;
}

static int wait_for(struct csc_job *job)
{
    struct pollfd end = {.fd = job->pidfd, .events = POLLIN};

    assert_int_equal(poll(&end, 1, 60000), 1);
    return csc_job_reap(job);
}

static void a_job_has_five_files_and_nothing_else(void **state)
{
    static const struct {
        enum csc_job_file file;
        const char *bytes;
    } cases[] = {{CSC_JOB_STDOUT, "input"},
                 {CSC_JOB_STDERR, "two\n"},
                 {CSC_JOB_CAPTURED_OUT, "three\n"},
                 {CSC_JOB_CAPTURED_ERR, "four\n"}};
    struct csc_job job;
    int inherited = dup(STDERR_FILENO); /* without close-on-exec */

    (void)state;
    run_shell("cat; echo two >&2; echo three >&3; echo four >&4; for fd in 5 6 7 8 9 10 11 12; do "
              "test -e /proc/self/fd/$fd && test \"$(readlink /proc/self/fd/$fd)\" != /bin/sh && exit 9; done; exit 7",
              "input", &job);
    assert_int_equal(wait_for(&job), 7);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_buf_ struct csc_buf buf = {0};
        assert_int_equal(csc_job_read(&job, (struct csc_job_part){cases[i].file, 0, 100}, &buf, NULL), 0);
        assert_string_equal(buf.data ? buf.data : "", cases[i].bytes);
    }
    csc_job_free(&job);
    (void)close(inherited);
}

static void a_job_is_stopped_whatever_signals_we_block(void **state)
{
    sigset_t set, before;
    struct csc_job job;

    (void)state;
    (void)sigfillset(&set);
    (void)sigprocmask(SIG_SETMASK, &set, &before);
    (void)signal(SIGTERM, SIG_IGN);
    run_shell("sleep 60", "", &job);
    csc_job_stop(&job);
    assert_int_equal(wait_for(&job), 128 + SIGTERM);
    (void)signal(SIGTERM, SIG_DFL);
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    csc_job_free(&job);
}

static void a_job_that_ends_in_order_finds_its_signal(void **state)
{
    static const char *const argv[] = {"grep", "SigBlk", "/proc/self/status", NULL};
    struct csc_job_start start = {"/bin/grep", argv, "", 0, true};
    struct csc_job job;

    (void)state;
    assert_int_equal(csc_job_begin(&start, &job, NULL), 0);
    csc_job_stop(&job);
    assert_int_equal(wait_for(&job), 0);
    _cleanup_buf_ struct csc_buf buf = {0};
    assert_int_equal(csc_job_read(&job, (struct csc_job_part){CSC_JOB_STDOUT, 0, 1000}, &buf, NULL), 0);
    assert_non_null(strstr(buf.data, "SigBlk:\t0000000000004007\n"));
    csc_job_free(&job);
}

static void a_program_that_is_not_there_is_an_end(void **state)
{
    static const char *const argv[] = {"x", NULL};
    const struct csc_job_start start = {"/nonexistent/csc", argv, "", 0, false};
    struct csc_job job;

    (void)state;
    assert_int_equal(csc_job_begin(&start, &job, NULL), 0);
    assert_int_equal(wait_for(&job), 126);
    csc_job_free(&job);
}

/* ---- tools -------------------------------------------------------------------------------------------------- */

static void every_tool_is_described(void **state)
{
    _cleanup_(csc_arena_free) struct csc_arena arena = {0};
    struct csc_value tools;

    (void)state;
    assert_int_equal(csc_mcp_tools_value(&arena, &tools, NULL), 0);
    assert_int_equal(tools.count, 7);
    for (size_t i = 0; i < tools.count; i++) {
        static const char *const schemas[] = {"inputSchema", "outputSchema"};
        const char *name = csc_value_get(&tools.items[i], "name")->string;
        assert_ptr_equal(csc_mcp_tool_find(name), &csc_mcp_tools[i]);
        for (size_t k = 0; k < ARRAY_SIZE(schemas); k++) {
            const struct csc_value *schema = csc_value_get(&tools.items[i], schemas[k]);
            assert_string_equal(csc_value_get(schema, "type")->string, "object");
            assert_false(csc_value_get(schema, "additionalProperties")->boolean);
        }
    }
    assert_null(csc_mcp_tool_find("rm"));
    assert_null(csc_mcp_tool_find(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_shown_of_hostile_bytes),
        cmocka_unit_test(output_is_its_two_ends),
        cmocka_unit_test(a_tail_is_whole_lines_of_500_bytes),
        cmocka_unit_test(a_job_has_five_files_and_nothing_else),
        cmocka_unit_test(a_job_is_stopped_whatever_signals_we_block),
        cmocka_unit_test(a_job_that_ends_in_order_finds_its_signal),
        cmocka_unit_test(a_program_that_is_not_there_is_an_end),
        cmocka_unit_test(every_tool_is_described),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
