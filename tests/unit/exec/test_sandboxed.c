/* SPDX-License-Identifier: Apache-2.0 */
/* Commands in a real sandbox, as their results have them. What the sandbox holds is tests/adversarial's to show. */
#include "harden.h"
#include "unit/sandbox/host.h"

static void make_out(struct hardened *h, char out[400])
{
    stage_path(h->stage, "out", out);
    assert_int_equal(mkdir(out, 0755), 0);
    h->writes[0] = out;
    h->stage->command.write_path_count = 1;
}

static void run(struct hardened *h, const char *script)
{
    stage_command(h->stage, "sh", "-c", script, NULL);
    harden_run(h);
}

/* ---- how commands end -------------------------------------------------------------------------------------------- */

static const struct {
    const char *title;
    const char *words[4]; /* argv */
    enum csc_exec_end end;
    int exit_code;
    const char *out, *err; /* NULL: anything */
} ends[] = {
    {"success", {"true"}, CSC_EXEC_EXITED, 0, "", ""},
    {"failure", {"false"}, CSC_EXEC_EXITED, 1, "", ""},
    {"its own exit code", {"sh", "-c", "exit 77"}, CSC_EXEC_EXITED, 77, "", ""},
    {"output", {"sh", "-c", "echo a; echo b >&2"}, CSC_EXEC_EXITED, 0, "a\n", "b\n"},
    {"killed by a signal", {"sh", "-c", "kill -TERM $$"}, CSC_EXEC_EXITED, 143, "", ""},
    {"killed for good", {"sh", "-c", "kill -KILL $$"}, CSC_EXEC_EXITED, 137, "", ""},
    {"not found", {"no-such-program"}, CSC_EXEC_NOT_FOUND, 127, "", ""},
    {"not found by its path", {"/usr/bin/no-such-program"}, CSC_EXEC_NOT_FOUND, 127, "", ""},
    {"not executable", {"./plain"}, CSC_EXEC_NOT_EXECUTABLE, 126, "", ""},
    {"a folder", {"/usr"}, CSC_EXEC_NOT_EXECUTABLE, 126, "", ""},
    {"stdin is empty", {"sh", "-c", "wc -c"}, CSC_EXEC_EXITED, 0, "0\n", ""},
    {"arguments as they are", {"printf", "%s|", " a  b\n"}, CSC_EXEC_EXITED, 0, " a  b\n|", ""},
    {"children that stay are killed", {"sh", "-c", "sleep 1000 & exit 3"}, CSC_EXEC_EXITED, 3, "", ""},
};

static void test_ends(void **state)
{
    struct stage *stage = *state;
    struct hardened h;

    stage_write(stage, "plain", "text", 0644);
    for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
        harden(&h, stage);
        stage_command(stage, ends[i].words[0], ends[i].words[1], ends[i].words[2], NULL);
        harden_run(&h);
        if (stage->result.end != ends[i].end || stage->result.exit_code != ends[i].exit_code)
            fail_msg("%s: end %d, exit code %d, '%s', stderr: %s", ends[i].title, stage->result.end,
                     stage->result.exit_code, stage->result.reason, stage->output[1]);
        assert_string_equal(stage->output[0], ends[i].out);
        assert_string_equal(stage->output[1], ends[i].err);
        assert_int_equal(stage->result.started, ends[i].end == CSC_EXEC_EXITED);
    }
}

static void test_hashes(void **state)
{
    struct stage *stage = *state;
    struct hardened h;
    char out[CSC_SHA256_HEX], err[CSC_SHA256_HEX];

    harden(&h, stage);
    run(&h, "echo hello; echo oops >&2");
    csc_sha256_hex("hello\n", 6, out);
    csc_sha256_hex("oops\n", 5, err);
    assert_string_equal(stage->result.hash[CSC_STDOUT], out);
    assert_string_equal(stage->result.hash[CSC_STDERR], err);
    assert_int_equal(stage->result.tail_size, 5);
    assert_memory_equal(stage->result.tail, "oops\n", 5);
}

static void test_pipelines(void **state)
{
    struct stage *stage = *state;
    struct hardened h;

    harden(&h, stage);
    stage_command(stage, "printf", "b\na\nb\n", "|", "sort", "|", "uniq", "-c", NULL);
    harden_run(&h);
    stage_expect(stage, CSC_EXEC_EXITED, 0);
    assert_string_equal(stage->output[0], "      1 a\n      2 b\n");
    /* The first segment that fails is the one that counts. */
    stage_command(stage, "true", "|", "sh", "-c", "exit 5", "|", "sh", "-c", "cat; exit 6", NULL);
    harden_run(&h);
    stage_expect(stage, CSC_EXEC_EXITED, 5);
    stage_command(stage, "true", "|", "no-such-program", NULL);
    harden_run(&h);
    stage_expect(stage, CSC_EXEC_NOT_FOUND, 127);
}

/* ---- what is known of a command ------------------------------------------------------------------------------------
 */

static void test_facts(void **state)
{
    struct stage *stage = *state;
    const struct csc_exec_facts *facts = &stage->result.facts;
    struct hardened h;

    harden(&h, stage);
    int64_t before = csc_time_now();
    run(&h, "echo hello; echo oops >&2; i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done");
    assert_in_range(facts->started_at, before, csc_time_now());
    assert_in_range(facts->ended_at, facts->started_at + 1, facts->started_at + 60 * CSC_SECOND);
    assert_int_equal(facts->captured, 11);
    assert_int_equal(facts->printed, 11);
    assert_int_not_equal(facts->usage.cpu_source, CSC_USAGE_NONE);
    assert_in_range(facts->usage.user_us + facts->usage.system_us, 1000, 60 * CSC_SECOND);
    assert_int_not_equal(facts->usage.memory_source, CSC_USAGE_NONE);
    assert_in_range(facts->usage.memory_peak, 100 << 10, 1 << 30);

    stage_command(stage, "head", "-c", "11000000", "/dev/zero", NULL);
    stage->io.out_fd[0] = -1;
    harden_run(&h);
    assert_int_equal(facts->captured, stage->io.stdout_cap);
    assert_int_equal(facts->printed, 11000000);
}

/* All of it, on this host, with either executor: what cannot be measured here would be claimed nowhere. */
static void test_measured(void **state)
{
    static const enum csc_backend backends[] = {CSC_BACKEND_NATIVE, CSC_BACKEND_BWRAP};
    struct stage *stage = *state;
    const struct csc_measurement *m = &stage->result.facts.measurement;
    struct hardened h;
    char text[200];

    for (size_t i = 0; i < ARRAY_SIZE(backends); i++) {
        harden(&h, stage);
        h.config.backend = backends[i];
        stage_command(stage, "true", NULL);
        struct csc_boundary *boundary = harden_make(&h);
        assert_non_null(boundary);
        stage->io.boundary = boundary;
        stage_run(stage);
        stage->io.boundary = NULL;
        stage_expect(stage, CSC_EXEC_EXITED, 0);
        assert_true(m->taken && m->compared && m->passed);
        const char *lack = csc_measurement_lacks(boundary->plan, m, 0);
        if (lack)
            fail_msg("%s: %s was not measured", csc_backend_names[backends[i]], lack);
        assert_null(csc_measurement_check(boundary->plan, m, text, sizeof(text)));
        assert_true(m->outside.has_mounts && m->outside.mount_count > 5);
        csc_boundary_free(boundary);
    }
}

/* However long the sandbox takes: what was let run until a moment does not start after it. */
static void test_too_late(void **state)
{
    struct stage *stage = *state;
    const struct csc_measurement *m = &stage->result.facts.measurement;
    const struct {
        int64_t not_after;
        enum csc_exec_end end;
    } cases[] = {
        {0, CSC_EXEC_EXITED},
        {1, CSC_EXEC_EXPIRED},
        {csc_time_now(), CSC_EXEC_EXPIRED},
        {csc_time_now() + 60 * INT64_C(1000000), CSC_EXEC_EXITED},
        {INT64_MAX, CSC_EXEC_EXITED},
    };
    struct hardened h;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        stage->io.not_after = cases[i].not_after;
        harden(&h, stage);
        run(&h, "echo ran");
        stage_expect(stage, cases[i].end, cases[i].end == CSC_EXEC_EXITED ? 0 : 126);
        assert_int_equal(stage->result.started, cases[i].end == CSC_EXEC_EXITED);
        assert_true(m->compared && m->passed);
        stage->command.write_paths = NULL;
        stage_run(stage);
        stage_expect(stage, cases[i].end, cases[i].end == CSC_EXEC_EXITED ? 0 : 126);
        assert_int_equal(stage->result.started, cases[i].end == CSC_EXEC_EXITED);
        assert_string_equal(stage->output[0], stage->result.started ? "ran\n" : "");
    }
    stage->io.not_after = 0;
}

/* ---- what is inside ------------------------------------------------------------------------------------------------
 */

static void test_inside(void **state)
{
    static const struct {
        const char *title, *script, *out;
    } cases[] = {
        {"environment", "env -u PWD -u SHLVL -u _ -u OLDPWD env | sort",
         "HOME=/.csc/home\nPATH=/usr/local/bin:/usr/bin:"
         "/bin\nTMPDIR=/tmp\n"},
        {"descriptors", "ls /proc/self/fd", "0\n1\n2\n3\n"}, /* 3 is the folder that ls reads */
        {"host", "cat /proc/sys/kernel/hostname /etc/hostname 2>/dev/null | sort -u", "csc\n"},
        {"no capabilities", "grep -c '^Cap...:.*[1-9a-f]' /proc/self/status | cat", "0\n"},
        {"no way back to them", "grep NoNewPrivs /proc/self/status", "NoNewPrivs:\t1\n"},
        {"interfaces", "tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' '", "lo\n"},
        {"private folders", "touch /tmp/a ~/b /dev/shm/c && ls /tmp ~ /dev/shm | grep -c '^[abc]$'", "3\n"},
    };
    struct stage *stage = *state;
    struct hardened h;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        harden(&h, stage);
        run(&h, cases[i].script);
        if (strcmp(stage->output[0], cases[i].out) != 0)
            fail_msg("%s: '%s', stderr: %s", cases[i].title, stage->output[0], stage->output[1]);
    }
}

static void test_scopes(void **state)
{
    struct stage *stage = *state;
    struct hardened h;
    char out[400], path[400];

    harden(&h, stage);
    make_out(&h, out);
    run(&h, "echo kept > out/file && echo lost > file");
    assert_true(stage->result.exit_code != 0);
    if (!strstr(stage->result.hint, "write_paths"))
        fail_msg("'%s', stderr: %s", stage->result.hint, stage->output[1]);
    stage_path(stage, "out/file", path);
    assert_int_equal(access(path, F_OK), 0);
    stage_path(stage, "file", path);
    assert_int_equal(access(path, F_OK), -1);
    stage->command.write_path_count = 0;
}

/* What names the limit that ended a command. */
static void test_limits(void **state)
{
    struct stage *stage = *state;
    struct hardened h;
    char out[400];

    harden(&h, stage);
    make_out(&h, out);
    h.config.limits.file_bytes = 4096;
    run(&h, "exec dd if=/dev/zero of=out/big bs=4096 count=3 2>/dev/null");
    stage_expect(stage, CSC_EXEC_EXITED, 128 + 25 /* SIGXFSZ */);
    if (!strstr(stage->result.hint, "file_bytes"))
        fail_msg("'%s'", stage->result.hint);
    stage->command.write_path_count = 0;
}

/* ---- the end from outside
 * -------------------------------------------------------------------------------------------- */

static void test_cancel(void **state)
{
    struct stage *stage = *state;
    struct hardened h;
    int line[2];

    harden(&h, stage);
    stage_command(stage, "sleep", "1000", NULL);
    assert_int_equal(pipe2(line, O_CLOEXEC), 0);
    (void)close(line[0]);
    stage->io.cancel_fd = line[1]; /* POLLERR at once: its reader is gone */
    harden_run(&h);
    (void)close(line[1]);
    stage->io.cancel_fd = -1;
    stage_expect(stage, CSC_EXEC_CANCELLED, 143);
    assert_int_equal(stage->result.survivors, 0);
}

static void test_timeout(void **state)
{
    struct stage *stage = *state;
    struct hardened h;

    harden(&h, stage);
    stage->command.timeout_sec = 1;
    run(&h, "trap '' TERM; sleep 1000 & sleep 1000; sleep 1000");
    stage_expect(stage, CSC_EXEC_TIMED_OUT, 124);
    stage->command.timeout_sec = 60;
}

static void test_nothing_is_left(void **state)
{
    struct stage *stage = *state;
    struct hardened h;
    int before = -1;

    for (int i = 0; i < 3; i++) {
        harden(&h, stage);
        run(&h, "exit 0");
        int next = open("/dev/null", O_RDONLY | O_CLOEXEC);
        (void)close(next);
        assert_true(before < 0 || next == before); /* the lowest number that is free */
        before = next;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGE_TEST(test_ends),   STAGE_TEST(test_hashes),   STAGE_TEST(test_pipelines),
        STAGE_TEST(test_inside), STAGE_TEST(test_scopes),   STAGE_TEST(test_limits),
        STAGE_TEST(test_cancel), STAGE_TEST(test_timeout),  STAGE_TEST(test_nothing_is_left),
        STAGE_TEST(test_facts),  STAGE_TEST(test_measured), STAGE_TEST(test_too_late),
    };

    return host_can_sandbox() ? cmocka_run_group_tests(tests, NULL, NULL) : HOST_SKIP;
}
