/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes of a command whose boundary can't be made: each refusal has its end, and a bwrap that fails, in whatever
 * way, never runs the command. The bwraps here are scripts, so that this needs nothing of the host.
 */
#include "harden.h"

/* ---- refusals ---------------------------------------------------------------------------------------------------- */

static void test_refusals(void **state)
{
    static const struct {
        enum csc_refusal_kind kind;
        enum csc_exec_end end;
    } cases[] = {
        {CSC_REFUSAL_NONE, CSC_EXEC_NO_BOUNDARY},       {CSC_REFUSAL_ESCAPE, CSC_EXEC_BLOCKED},
        {CSC_REFUSAL_MISSING, CSC_EXEC_NOT_EXECUTABLE}, {CSC_REFUSAL_PROGRAM, CSC_EXEC_ADVISED},
        {CSC_REFUSAL_BOUNDARY, CSC_EXEC_NO_BOUNDARY},
    };
    static struct csc_exec_result result;
    char nothing[CSC_SHA256_HEX];

    (void)state;
    csc_sha256_hex("", 0, nothing);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct csc_refusal refusal = {cases[i].kind, "why"};
        memset(&result, 0xff, sizeof(result));
        csc_exec_refuse(&refusal, &result);
        assert_int_equal(result.end, cases[i].end);
        assert_int_equal(result.exit_code, 126);
        assert_string_equal(result.reason, "why");
        assert_string_equal(result.hint, "");
        assert_string_equal(result.hash[CSC_STDOUT], nothing);
        assert_string_equal(result.hash[CSC_STDERR], nothing);
        assert_false(result.started);
        assert_int_equal(result.tail_size, 0);
    }
}

/* A bwrap that is a script; the command never runs, so that it may say anything. */
static void fake_bwrap(struct hardened *h, char path[400], const char *script)
{
    stage_path(h->stage, "bwrap", path);
    stage_write(h->stage, "bwrap", script, 0755);
    assert_int_equal(chmod(h->stage->folder, 0755), 0);
    h->config.backend = CSC_BACKEND_BWRAP;
    h->config.bwrap = path;
    /* Then root needs no control group. */
    if (geteuid() == 0)
        h->config.run_as = (struct csc_identity){true, 65534, 65534};
}

struct refused_case {
    const char *title;
    const char *program;
    const char *cwd; /* below the folder; NULL: it itself */
    enum csc_network network;
    enum csc_exec_end end;
    const char *words;
};

static const struct refused_case refused[] = {
    {"cwd is not there", "true", "none", CSC_NETWORK_DENY, CSC_EXEC_NOT_EXECUTABLE, "is not there"},
    {"cwd is a symlink", "true", "link", CSC_NETWORK_DENY, CSC_EXEC_BLOCKED, "symlink"},
    {"a program against advice", "SH", NULL, CSC_NETWORK_DENY, CSC_EXEC_ADVISED, "blocked_programs"},
    {"some hosts", "true", NULL, CSC_NETWORK_ALLOWLISTED, CSC_EXEC_NO_BOUNDARY, "'allowlisted'"},
};

static void test_refused(void **state)
{
    static const char *const blocked[] = {"sh"};
    struct stage *stage = *state;
    char bwrap[400], cwd[400];
    struct hardened h;

    stage_path(stage, "link", cwd);
    assert_int_equal(symlink("/", cwd), 0);
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
        harden(&h, stage);
        fake_bwrap(&h, bwrap, "#!/bin/sh\n");
        h.config.blocked_programs = (struct csc_names){.items = (const char **)blocked, .count = 1};
        stage_command(stage, refused[i].program, NULL);
        stage->command.network = refused[i].network;
        stage_path(stage, refused[i].cwd ? refused[i].cwd : "", cwd);
        stage->command.cwd = cwd;
        struct csc_boundary *boundary = harden_make(&h);
        assert_null(boundary);
        stage_expect(stage, refused[i].end, 126);
        if (!strstr(stage->result.reason, refused[i].words))
            fail_msg("%s: '%s'", refused[i].title, stage->result.reason);
        stage->command.cwd = stage->folder;
        stage->command.network = CSC_NETWORK_DENY;
    }
}

/* ---- the environment --------------------------------------------------------------------------------------------- */

static void test_environment(void **state)
{
    static const char *allowed[] = {"CSC_TEST_SET", "CSC_TEST_UNSET", "LD_PRELOAD", "HOME"};
    static const char *const expected[] = {"PATH=" CSC_SANDBOX_PATH, "HOME=" CSC_SANDBOX_HOME, "TMPDIR=/tmp",
                                           "CSC_TEST_SET=a=b"};
    struct stage *stage = *state;
    struct hardened h;
    char bwrap[400];

    assert_int_equal(setenv("CSC_TEST_SET", "a=b", 1), 0);
    assert_int_equal(setenv("CSC_TEST_SECRET", "hunter2", 1), 0);
    assert_int_equal(setenv("LD_PRELOAD", "", 1), 0);
    harden(&h, stage);
    fake_bwrap(&h, bwrap, "#!/bin/sh\n");
    stage_command(stage, "true", NULL);
    stage->command.env_allow = allowed;
    stage->command.env_allow_count = ARRAY_SIZE(allowed);
    struct csc_boundary *boundary = harden_make(&h);
    assert_non_null(boundary);
    for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
        assert_string_equal(boundary->plan->environment[i], expected[i]);
    assert_null(boundary->plan->environment[ARRAY_SIZE(expected)]);
    assert_int_equal(unsetenv("LD_PRELOAD"), 0);
    csc_boundary_free(boundary);
    csc_boundary_free(NULL);
    stage->command.env_allow_count = 0;
}

/* ---- a bwrap that fails --------------------------------------------------------------------------------------------
 */

static const struct {
    const char *title, *script, *words[2];
} bwraps[] = {
    {"too old", "echo \"bwrap: Unknown option --bind-fd\" >&2; exit 1", {"Unknown option", "too old"}},
    {"no user namespaces", "echo 'bwrap: setting up uid map: Permission denied' >&2; exit 1", {"uid map", "doctor"}},
    {"a masked /proc", "echo \"bwrap: Can't mount proc on /newroot/proc\" >&2; exit 1", {"mount proc", "containers"}},
    {"an exchanged path", "echo 'bwrap: Race condition binding dirfd' >&2; exit 1", {"Race", "run it again"}},
    {"something else", "echo 'bwrap: no idea' >&2; exit 1", {"no idea", "csc doctor"}},
    {"on stdout", "echo 'bwrap: no idea'; exit 1", {"no idea", "csc doctor"}},
    {"nothing said", "exit 1", {"ended before the command could start", "csc doctor"}},
    {"and all is well", "exit 0", {"ended before the command could start", "csc doctor"}},
    {"killed", "kill -9 $$", {"was killed (SIGKILL)", "csc doctor"}},
    {"two lines", "printf 'one\\ntwo\\n' >&2; exit 1", {"sandbox: one;", ""}},
    {"escape sequences", "printf '\\033[31mred\\n' >&2; exit 1", {"[31mred", ""}},
};

static void test_failing_bwrap(void **state)
{
    struct stage *stage = *state;
    struct hardened h;
    char bwrap[400], script[400];

    for (size_t i = 0; i < ARRAY_SIZE(bwraps); i++) {
        harden(&h, stage);
        (void)snprintf(script, sizeof(script), "#!/bin/sh\n%s\n", bwraps[i].script);
        fake_bwrap(&h, bwrap, script);
        stage_command(stage, "echo", "never", NULL);
        harden_run(&h);
        stage_expect(stage, CSC_EXEC_NO_BOUNDARY, 126);
        assert_false(stage->result.started);
        assert_string_equal(stage->output[0], "");
        assert_string_equal(stage->output[1], ""); /* what bwrap says is not the command's */
        for (size_t k = 0; k < ARRAY_SIZE(bwraps[i].words); k++)
            if (!strstr(stage->result.reason, bwraps[i].words[k]))
                fail_msg("%s: no '%s' in '%s'", bwraps[i].title, bwraps[i].words[k], stage->result.reason);
        assert_null(strchr(stage->result.reason, '\033'));
        assert_null(strstr(stage->result.reason, "two"));
    }
}

/* What is no program of this machine at all. */
static void test_no_bwrap(void **state)
{
    struct stage *stage = *state;
    struct csc_exec_result *result = &stage->result;
    struct hardened h;
    char bwrap[400];

    harden(&h, stage);
    fake_bwrap(&h, bwrap, "\177ELF, but no program");
    stage_command(stage, "echo", "never", NULL);
    struct csc_boundary *boundary = harden_make(&h);
    assert_non_null(boundary);
    stage->io.boundary = boundary;
    int r = csc_exec_run(&stage->command, &stage->policy, &stage->io, result, &stage->err);
    stage->io.boundary = NULL;
    csc_boundary_free(boundary);
    assert_int_equal(r, -CSC_E_CONFIG);
    assert_non_null(strstr(stage->err.text, "cannot execute"));
    assert_false(csc_exec_has_children());
    stage->err = (struct csc_error){0};
}

/* Nothing but what the sandbox needs, and no environment. */
static void test_what_bwrap_gets(void **state)
{
    struct stage *stage = *state;
    struct hardened h;
    char bwrap[400];
    int leaked = open("/dev/null", O_RDONLY); /* not close-on-exec */

    assert_true(leaked > 2);
    harden(&h, stage);
    fake_bwrap(&h, bwrap,
               "#!/bin/sh\n[ -z \"$CSC_TEST_SECRET\" ] || echo environment >&2\n"
               "for fd in /proc/self/fd/*; do case $(readlink $fd) in /dev/null) n=$n.;; esac; done\n"
               "echo \"null$n pwd $(pwd)\" >&2\n");
    assert_int_equal(setenv("CSC_TEST_SECRET", "hunter2", 1), 0);
    stage_command(stage, "true", NULL);
    harden_run(&h);
    (void)close(leaked);
    stage_expect(stage, CSC_EXEC_NO_BOUNDARY, 126);
    if (!strstr(stage->result.reason, "sandbox: null. pwd /;"))
        fail_msg("%s", stage->result.reason);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGE_TEST(test_refusals),      STAGE_TEST(test_refused),  STAGE_TEST(test_environment),
        STAGE_TEST(test_failing_bwrap), STAGE_TEST(test_no_bwrap), STAGE_TEST(test_what_bwrap_gets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
