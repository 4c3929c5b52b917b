/* SPDX-License-Identifier: Apache-2.0 */
/* One command: how it is started, what it starts with, and what its end is called. */
#include "stage.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static void test_exit_codes(void **state)
{
    static const struct {
        const char *script;
        int exit_code;
    } cases[] = {
        {"exit 0", 0},          {"exit 1", 1},          {"exit 255", 255},     {"kill -TERM $$", 143},
        {"kill -KILL $$", 137}, {"kill -SEGV $$", 139}, {"kill -INT $$", 130}, {"exec false", 1},
    };
    struct stage *stage = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        stage_sh(stage, cases[i].script);
        stage_expect(stage, CSC_EXEC_EXITED, cases[i].exit_code);
        assert_true(stage->result.started);
        assert_string_equal(stage->result.reason, "");
    }
}

static void expect_refusal(struct stage *stage, enum csc_exec_end end, int exit_code, const char *reason)
{
    char nothing[CSC_SHA256_HEX];

    csc_sha256_hex("", 0, nothing);
    stage_run(stage);
    stage_expect(stage, end, exit_code);
    if (!strstr(stage->result.reason, reason))
        fail_msg("reason: %s", stage->result.reason);
    assert_false(stage->result.started);
    assert_string_equal(stage->result.hash[CSC_STDOUT], nothing);
    assert_string_equal(stage->result.hash[CSC_STDERR], nothing);
}

static void test_what_cannot_be_executed(void **state)
{
    struct stage *stage = *state;
    static char huge[200 << 10];

    stage_write(stage, "text", "echo executed\n", 0755);
    stage_write(stage, "private", "#!/bin/sh\necho executed\n", 0644);
    stage_write(stage, "orphan", "#!/no/such/interpreter\n", 0755);
    static const struct {
        const char *program;
        enum csc_exec_end end;
        int exit_code;
        const char *reason;
    } cases[] = {
        {"./text", CSC_EXEC_NOT_EXECUTABLE, 126, "'./text' cannot be executed: Exec format error"},
        {"./private", CSC_EXEC_NOT_EXECUTABLE, 126, "Permission denied"},
        {"./text/below", CSC_EXEC_NOT_EXECUTABLE, 126, "Not a directory"},
        {"/", CSC_EXEC_NOT_EXECUTABLE, 126, "Permission denied"},
        {"./nothing", CSC_EXEC_NOT_FOUND, 127, "'./nothing' was not found"},
        {"./orphan", CSC_EXEC_NOT_FOUND, 127, "interpreter"},
        {"csc-no-such-program", CSC_EXEC_NOT_FOUND, 127, "'csc-no-such-program' was not found"},
        {"csc-\x1b[2J", CSC_EXEC_NOT_FOUND, 127, "'csc-\\x1b[2J' was not found"},
        {"text", CSC_EXEC_NOT_FOUND, 127, "not found"}, /* in cwd, which PATH does not name */
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        stage_command(stage, cases[i].program, NULL);
        expect_refusal(stage, cases[i].end, cases[i].exit_code, cases[i].reason);
    }
    memset(huge, 'x', sizeof(huge) - 1);
    stage_command(stage, "true", huge, NULL);
    expect_refusal(stage, CSC_EXEC_NOT_EXECUTABLE, 126, "Argument list too long");
    stage_command(stage, huge, NULL);
    expect_refusal(stage, CSC_EXEC_NOT_FOUND, 127, "not found");
}

/* Folders of PATH that are relative or empty are passed over; EACCES is remembered, not final. */
static void test_search(void **state)
{
    struct stage *stage = *state;
    char path[1200], bin[400], denied[400], old[8192];

    (void)snprintf(old, sizeof(old), "%s", getenv("PATH"));
    stage_path(stage, "bin", bin);
    stage_path(stage, "denied", denied);
    assert_int_equal(mkdir(bin, 0700) | mkdir(denied, 0700), 0);
    stage_write(stage, "tool", "#!/bin/sh\necho cwd\n", 0755);
    stage_write(stage, "denied/tool", "", 0644);
    (void)snprintf(path, sizeof(path), "::.:bin:/dev/null:%s:%s:", denied, bin);

    assert_int_equal(setenv("PATH", path, 1), 0);
    stage_command(stage, "tool", NULL);
    expect_refusal(stage, CSC_EXEC_NOT_EXECUTABLE, 126, "Permission denied");
    stage_write(stage, "bin/tool", "#!/bin/sh\necho \"$0\" \"$@\"\n", 0755);
    stage_command(stage, "tool", "a b", "*", NULL);
    stage_run(stage);
    stage_expect(stage, CSC_EXEC_EXITED, 0);
    (void)snprintf(path, sizeof(path), "%s/tool a b *\n", bin);
    assert_string_equal(stage->output[CSC_STDOUT], path);
    /* A folder that may not be searched is no news of the program (root may search it: the same end). */
    (void)snprintf(path, sizeof(path), "%s", denied);
    assert_int_equal(setenv("PATH", path, 1) | chmod(denied, 0), 0);
    stage_command(stage, "nothing-there", NULL);
    expect_refusal(stage, CSC_EXEC_NOT_FOUND, 127, "not found");
    assert_int_equal(setenv("PATH", "", 1) | chmod(denied, 0700), 0);
    stage_command(stage, "tool", NULL);
    expect_refusal(stage, CSC_EXEC_NOT_FOUND, 127, "not found");
    assert_int_equal(setenv("PATH", old, 1), 0);
}

static void test_pipelines(void **state)
{
    struct stage *stage = *state;

    stage_command(stage, "printf", "b\\na\\n", "|", "sort", "|", "tr", "a-z", "A-Z", NULL);
    stage_run(stage);
    stage_expect(stage, CSC_EXEC_EXITED, 0);
    assert_string_equal(stage->output[CSC_STDOUT], "A\nB\n");

    stage_command(stage, "sh", "-c", "exit 3", "|", "sh", "-c", "exit 4", "|", "cat", NULL);
    stage_run(stage);
    stage_expect(stage, CSC_EXEC_EXITED, 3);

    stage_command(stage, "true", "|", "sh", "-c", "echo 1 >&2; kill -KILL $$", "|", "sh", "-c", "cat; exit 5", NULL);
    stage_run(stage);
    stage_expect(stage, CSC_EXEC_EXITED, 137);
    assert_string_equal(stage->output[CSC_STDERR], "1\n");

    /* SIGPIPE ends a writer whose reader has gone: it is not ignored in commands. */
    stage_command(stage, "yes", "|", "head", "-n", "1", NULL);
    stage_run(stage);
    stage_expect(stage, CSC_EXEC_EXITED, 128 + SIGPIPE);
    assert_string_equal(stage->output[CSC_STDOUT], "y\n");

    stage_command(stage, "echo", "x", "|", "cat", "|", "cat", "|", "cat", "|", "cat", "|", "cat", "|", "cat", "|",
                  "cat", "|", "cat", "|", "cat", NULL);
    stage_run(stage);
    stage_expect(stage, CSC_EXEC_EXITED, 0);
    assert_string_equal(stage->output[CSC_STDOUT], "x\n");
}

static void test_pipeline_that_cannot_start(void **state)
{
    struct stage *stage = *state;

    stage_command(stage, "sh", "-c", "exec 9>life; sleep 1000", "|", "csc-no-such-program", "|", "cat", NULL);
    stage_run(stage);
    stage_expect(stage, CSC_EXEC_NOT_FOUND, 127);
    assert_true(stage->result.started);
    stage_expect_no_life(stage);
}

static void test_one_process_group(void **state)
{
    struct stage *stage = *state;
    int first = 0, leader = 0, second = 0, group = 0;

    stage_command(stage, "sh", "-c", "cut -d' ' -f1,5 /proc/$$/stat", "|", "sh", "-c",
                  "cat; cut -d' ' -f1,5 /proc/$$/stat", NULL);
    stage_run(stage);
    stage_expect(stage, CSC_EXEC_EXITED, 0);
    assert_int_equal(sscanf(stage->output[CSC_STDOUT], "%d %d %d %d", &first, &leader, &second, &group), 4);
    assert_int_equal(first, leader);
    assert_int_equal(group, first);
    assert_int_not_equal(leader, getpgrp());
}

static void test_descriptors(void **state)
{
    struct stage *stage = *state;
    int inherited[3];

    for (size_t i = 0; i < ARRAY_SIZE(inherited); i++)
        inherited[i] = dup(STDERR_FILENO); /* not close-on-exec */
    inherited[0] = dup2(inherited[0], 200);
    stage_command(stage, "ls", "/proc/self/fd", NULL);
    stage_run(stage);
    assert_string_equal(stage->output[CSC_STDOUT], "0\n1\n2\n3\n"); /* 3: of the folder that is listed */
    stage_command(stage, "readlink", "/proc/self/fd/0", NULL);
    stage_run(stage);
    assert_string_equal(stage->output[CSC_STDOUT], "/dev/null\n");
    for (size_t i = 0; i < ARRAY_SIZE(inherited); i++)
        (void)close(inherited[i]);
}

static void test_signals_are_reset(void **state)
{
    struct stage *stage = *state;
    sigset_t some, before;

    assert_true(signal(SIGUSR1, SIG_IGN) != SIG_ERR && signal(SIGHUP, SIG_IGN) != SIG_ERR);
    /* One of the C library's own, which only the system call sets; whoever starts csc may have left it ignored. */
    assert_int_equal(syscall(SYS_rt_sigaction, 32, (const unsigned long[8]){1}, NULL, 8), 0);
    (void)sigemptyset(&some);
    (void)sigaddset(&some, SIGTERM);
    (void)sigaddset(&some, SIGUSR2);
    assert_int_equal(sigprocmask(SIG_BLOCK, &some, &before), 0);
    stage_command(stage, "grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status", NULL);
    stage_run(stage);
    assert_int_equal(sigprocmask(SIG_SETMASK, &before, &some), 0);
    assert_true(signal(SIGUSR1, SIG_DFL) != SIG_ERR && signal(SIGHUP, SIG_DFL) != SIG_ERR);
    assert_string_equal(stage->output[CSC_STDOUT], "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
    /* ... and the caller's mask is what it was. */
    assert_true(sigismember(&some, SIGTERM) && sigismember(&some, SIGUSR2) && !sigismember(&some, SIGCHLD));
}

static void test_umask_and_cwd(void **state)
{
    struct stage *stage = *state;
    char expected[400];
    mode_t before = umask(027);

    stage_sh(stage, "umask; pwd -P");
    (void)umask(before);
    (void)snprintf(expected, sizeof(expected), "0027\n%s\n", stage->folder);
    assert_string_equal(stage->output[CSC_STDOUT], expected);
}

static void test_cwd(void **state)
{
    struct stage *stage = *state;
    char inside[400], link_in[400], link_out[400], locked[400], gone[400], file[400];

    stage_path(stage, "inside", inside);
    stage_path(stage, "link-in", link_in);
    stage_path(stage, "link-out", link_out);
    stage_path(stage, "locked", locked);
    stage_path(stage, "gone", gone);
    stage_path(stage, "file", file);
    assert_int_equal(mkdir(inside, 0700) | mkdir(locked, 0700), 0);
    assert_int_equal(symlink("inside", link_in) | symlink("/", link_out), 0);
    stage_write(stage, "file", "", 0600);

    stage->command.cwd = link_in;
    stage_command(stage, "pwd", "-P", NULL);
    stage_run(stage);
    stage_expect(stage, CSC_EXEC_EXITED, 0);
    assert_int_equal(strncmp(stage->output[CSC_STDOUT], inside, strlen(inside)), 0);

    stage_command(stage, "true", NULL);
    const struct {
        const char *cwd;
        enum csc_exec_end end;
        const char *reason;
    } cases[] = {
        {link_out, CSC_EXEC_BLOCKED, "cwd leads to '/', outside the policy's allowed_cwd_prefixes"},
        {"/", CSC_EXEC_BLOCKED, "cwd leads to '/'"},
        {gone, CSC_EXEC_NOT_EXECUTABLE, "No such file"},
        {file, CSC_EXEC_NOT_EXECUTABLE, "Not a directory"},
        {"C:\\work", CSC_EXEC_NOT_EXECUTABLE, "No such file"},
        {"/proc/self/root", CSC_EXEC_NOT_EXECUTABLE, ""}, /* a magic link leads past every check */
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        stage->command.cwd = cases[i].cwd;
        expect_refusal(stage, cases[i].end, 126, cases[i].reason);
    }
}

static void test_scopes_with_dotdot(void **state)
{
    static const struct {
        const char *scope;
        bool blocked;
    } cases[] = {
        {"/w/../x", true},
        {"/..", true},
        {"/w/..", true},
        {"/w/../*", true},
        {"/w/*/../x", false},
        {"/w/..*", false},
        {"/w/..x/y", false},
        {"/w/x..", false},
        {"C:\\w\\..\\x", true},
        {"/w\\..\\x", false},
        {"//server/share/../x", true},
        {"/w", false},
    };
    struct stage *stage = *state;

    stage_command(stage, "true", NULL);
    for (size_t i = 0; i < ARRAY_SIZE(cases) * 2; i++) {
        const char *scope = cases[i / 2].scope;
        bool reads = i % 2 == 0;
        stage->command.read_paths = stage->command.write_paths = &scope;
        stage->command.read_path_count = reads;
        stage->command.write_path_count = !reads;
        if (cases[i / 2].blocked) {
            expect_refusal(stage, CSC_EXEC_BLOCKED, 126, "..");
        } else {
            stage_run(stage);
            stage_expect(stage, CSC_EXEC_EXITED, 0);
        }
    }
}

/* With descriptors 0-2 closed, everything that is opened lands there first. */
static void test_closed_standard_descriptors(void **state)
{
    struct stage *stage = *state;
    char expected[CSC_SHA256_HEX];
    int status;

    csc_sha256_hex("out\n", 4, expected);
    stage_command(stage, "sh", "-c", "echo out; echo err >&2; readlink /proc/$$/fd/0 >&2", "|", "cat", NULL);
    for (int closed = 1; closed < 8; closed++) {
        pid_t child = fork();
        if (child == 0) {
            for (int fd = 0; fd < 3; fd++)
                if (closed & 1 << fd)
                    (void)close(fd);
            int r = csc_exec_become_supervisor(NULL);
            r |= csc_exec_run(&stage->command, &stage->policy, &stage->io, &stage->result, &stage->err);
            const struct csc_exec_result *result = &stage->result;
            if (r < 0 || result->exit_code != 0 || strcmp(result->hash[CSC_STDOUT], expected) != 0)
                _exit(1);
            _exit(result->tail_size != strlen("err\n/dev/null\n") ||
                  memcmp(result->tail, "err\n/dev/null\n", result->tail_size) != 0);
        }
        assert_true(child > 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
    }
}

static void test_no_process_to_be_had(void **state)
{
    struct stage *stage = *state;
    int status;
    pid_t child = fork();

    if (child == 0) {
        struct rlimit few = {4, 4}; /* descriptors: not enough for the pipes */
        stage_command(stage, "true", NULL);
        (void)setrlimit(RLIMIT_NOFILE, &few);
        (void)close(3);
        stage->result.exit_code = 99;
        int r = csc_exec_become_supervisor(NULL) |
                csc_exec_run(&stage->command, &stage->policy, &stage->io, &stage->result, &stage->err);
        _exit(r != -CSC_E_INTERNAL || stage->result.exit_code != 99 || !strstr(stage->err.text, "Too many open files"));
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

/* With each limit of descriptors: nothing began, or the command failed, or it ran. */
static void test_a_pipeline_that_begins_and_cannot_go_on(void **state)
{
    struct stage *stage = *state;
    struct rlimit before, limit;
    int r = -1, begun = 0;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    stage_command(stage, "/bin/sh", "-c", "exec 9>life; sleep 1000", "|", "sleep", "1000", "|", "true", NULL);
    stage->command.timeout_sec = 1;
    for (limit = before, limit.rlim_cur = 3; limit.rlim_cur < 64 && begun == 0; limit.rlim_cur++) {
        stage->err = (struct csc_error){0};
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
        r = csc_exec_run(&stage->command, &stage->policy, &stage->io, &stage->result, &stage->err);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        assert_true(r < 0 || stage->result.started);
        begun += r == 0;
    }
    stage_expect(stage, CSC_EXEC_NOT_EXECUTABLE, 126);
    assert_non_null(strstr(stage->result.reason, "Too many open files"));
    stage_expect_no_life(stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGE_TEST(test_exit_codes),
        STAGE_TEST(test_what_cannot_be_executed),
        STAGE_TEST(test_search),
        STAGE_TEST(test_pipelines),
        STAGE_TEST(test_pipeline_that_cannot_start),
        STAGE_TEST(test_one_process_group),
        STAGE_TEST(test_descriptors),
        STAGE_TEST(test_signals_are_reset),
        STAGE_TEST(test_umask_and_cwd),
        STAGE_TEST(test_cwd),
        STAGE_TEST(test_scopes_with_dotdot),
        STAGE_TEST(test_closed_standard_descriptors),
        STAGE_TEST(test_no_process_to_be_had),
        STAGE_TEST(test_a_pipeline_that_begins_and_cannot_go_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
