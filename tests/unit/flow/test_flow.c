/* SPDX-License-Identifier: Apache-2.0 */
/* The run as a whole, through the library's csc_run: what each way of ending leaves in the receipt, and that
 * nothing of the calling process changes. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "flow.h"

/* ---- a clock that can jump -------------------------------------------------------------------------------- */

int __real_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now);

static volatile time_t clock_jump;

int __wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
    int r = __real_clock_gettime(clock, now);

    now->tv_sec += clock_jump;
    return r;
}

/* ---- contracts, policies ---------------------------------------------------------------------------------- */

static char folder[] = "/tmp/csc-flow-XXXXXX";

struct command {
    const char *argv;   /* JSON strings */
    const char *cwd;    /* NULL: the test's folder */
    const char *write;  /* JSON string or "" */
    const char *secret; /* likewise */
};

static struct csc_contract *contract_of(const struct command *commands, size_t count, const char *approval,
                                        const char *outputs)
{
    _cleanup_buf_ struct csc_buf buf = {0};
    struct csc_contract *contract = NULL;
    struct csc_error err = {0};

    csc_buf_printf(
        &buf,
        "{\"version\":\"csc.v0.1\",\"contract_id\":\"flow-test\",\"intent\":\"test\",\"actor\":{\"agent_id\":"
        "\"a\",\"session_id\":\"s\",\"initiating_user\":\"u\",\"delegation_scope\":\"d\"},\"risk_class\":"
        "\"low\",\"approval_mode\":\"%s\",\"justification\":\"test\",\"expected_outputs\":[%s],\"commands\":[",
        approval, outputs);
    for (size_t i = 0; i < count; i++) {
        csc_buf_printf(&buf, "%s{\"id\":\"c%zu\",\"exec\":{\"argv\":[%s]},\"cwd\":\"%s\",", i ? "," : "", i + 1,
                       commands[i].argv, commands[i].cwd ? commands[i].cwd : folder);
        csc_buf_printf(
            &buf,
            "\"read_paths\":[],\"write_paths\":[%s],\"network\":\"deny\",\"env_allow\":[],\"secret_refs\":[%s],"
            "\"timeout_sec\":60,\"proposed_effect_type\":\"observe\"}",
            commands[i].write ? commands[i].write : "", commands[i].secret ? commands[i].secret : "");
    }
    csc_buf_puts(&buf, "]}");
    assert_false(buf.failed);
    if (csc_contract_parse(buf.data, buf.size, &contract, &err) < 0)
        fail_msg("%s: %s", err.field, err.text);
    return contract;
}

static struct csc_policy *test_policy(void)
{
    struct csc_policy *policy = NULL;
    struct csc_error err = {0};
    char text[1024];

    int size = snprintf(
        text, sizeof(text),
        "policy_schema_version: csc.policy.v0.1\nname: flow\nallow_commands: ['true', 'false', sh, no-such-program]\n"
        "allowed_effect_types: [observe]\nallowed_risk_classes: [low]\nmax_timeout_sec: 60\n"
        "network: deny\nallow_secret_refs: true\nallowed_cwd_prefixes: [%s]\n"
        "allowed_read_prefixes: [%s]\nallowed_write_prefixes: [%s]\n",
        folder, folder, folder);
    if (csc_policy_parse(text, (size_t)size, &policy, &err) < 0)
        fail_msg("%s: %s", err.field, err.text);
    return policy;
}

/* ---- running ---------------------------------------------------------------------------------------------- */

struct outcome {
    enum csc_status status;
    char json[65536];
    char output[4096];
    size_t output_size;
    bool jump;  /* the clock jumps beyond the decision's life when output comes */
    int cancel; /* closed when output comes */
};

static void take_output(void *context, enum csc_stream stream, const void *bytes, size_t size)
{
    struct outcome *outcome = context;

    if (stream != CSC_STDOUT)
        return;
    assert_true(outcome->output_size + size < sizeof(outcome->output));
    memcpy(outcome->output + outcome->output_size, bytes, size);
    outcome->output_size += size;
    if (outcome->jump)
        clock_jump = 301;
    if (outcome->cancel >= 0) {
        (void)close(outcome->cancel);
        outcome->cancel = -1;
    }
}

static void run_contract(struct csc_contract *contract, struct outcome *outcome, int cancel_fd)
{
    struct csc_policy *policy = test_policy();
    struct csc_receipt *receipt = NULL;
    struct csc_error err = {0};
    char *text = NULL;
    const struct csc_run_options options = {.cancel_fd = cancel_fd, .on_output = take_output, .context = outcome};

    if (csc_run(contract, policy, &options, &receipt, &err) < 0)
        fail_msg("%s", err.text);
    outcome->status = csc_receipt_status(receipt);
    assert_int_equal(csc_receipt_json(receipt, &text, &err), 0);
    assert_true(strlen(text) < sizeof(outcome->json));
    (void)strcpy(outcome->json, text);
    free(text);
    csc_receipt_free(receipt);
    csc_policy_free(policy);
    csc_contract_free(contract);
}

struct run_case {
    const char *name;
    struct command commands[3];
    size_t count;
    const char *approval;
    enum csc_status status;
    const char *contains[5];
    const char *lacks[3];
};

static const struct run_case run_cases[] = {
    {"success",
     {{.argv = "\"true\""}, {.argv = "\"sh\",\"-c\",\"echo go\""}},
     2,
     "policy_only",
     CSC_STATUS_SUCCESS,
     {"\"exit_code\": 0", "\"c1\",\n    \"c2\"", "\"files_written\": 0", "\"execution_mode\": \"local\""},
     {"failed_command_id", "\"error\"", "signature"}},
    {"the first failure stops the rest",
     {{.argv = "\"true\""},
      {.argv = "\"sh\",\"-c\",\"echo why >&2; exit 3\""},
      {.argv = "\"sh\",\"-c\",\"echo never > never\""}},
     3,
     "policy_only",
     CSC_STATUS_FAILED,
     {"\"exit_code\": 3", "\"failed_command_id\": \"c2\"", "\"error\": \"why\\n\""},
     {"\"c3\""}},
    {"denied",
     {{.argv = "\"rm\",\"x\""}},
     1,
     "policy_only",
     CSC_STATUS_BLOCKED,
     {"COMMAND_NOT_ALLOWED"},
     {"exit_code", "stdout_hash", "files_written"}},
    {"needs approval",
     {{.argv = "\"true\""}},
     1,
     "human_required",
     CSC_STATUS_BLOCKED,
     {"APPROVAL_REQUIRED"},
     {"exit_code", "stdout_hash"}},
    {"no secret provider",
     {{.argv = "\"true\"", .secret = "\"TOKEN\""}},
     1,
     "policy_only",
     CSC_STATUS_BLOCKED,
     {"no secret provider"},
     {"exit_code", "TOKEN"}},
    {"not found",
     {{.argv = "\"no-such-program\""}},
     1,
     "policy_only",
     CSC_STATUS_FAILED,
     {"\"exit_code\": 127", "\"failed_command_id\": \"c1\"", "\"files_written\": 0"},
     {NULL}},
};

static void assert_no_marker(void)
{
    char path[PATH_MAX];

    (void)snprintf(path, sizeof(path), "%s/never", folder);
    assert_int_equal(access(path, F_OK), -1);
}

static void test_outcomes(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(run_cases); i++) {
        const struct run_case *c = &run_cases[i];
        struct outcome outcome = {.cancel = -1};

        run_contract(contract_of(c->commands, c->count, c->approval, ""), &outcome, -1);
        print_message("# %s\n", c->name);
        assert_int_equal(outcome.status, c->status);
        for (size_t j = 0; j < ARRAY_SIZE(c->contains) && c->contains[j]; j++)
            if (!strstr(outcome.json, c->contains[j]))
                fail_msg("%s: no %s in %s", c->name, c->contains[j], outcome.json);
        for (size_t j = 0; j < ARRAY_SIZE(c->lacks) && c->lacks[j]; j++)
            if (strstr(outcome.json, c->lacks[j]))
                fail_msg("%s: %s in %s", c->name, c->lacks[j], outcome.json);
        assert_no_marker();
    }
}

static void test_over_limit(void **state)
{
    _cleanup_buf_ struct csc_buf argv = {0};
    struct outcome outcome = {.cancel = -1};

    (void)state;
    csc_buf_puts(&argv, "\"true\"");
    for (int i = 0; i < CSC_ARGV_COUNT_MAX; i++)
        csc_buf_puts(&argv, ",\"x\"");
    run_contract(contract_of(&(struct command){.argv = argv.data}, 1, "policy_only", ""), &outcome, -1);
    assert_int_equal(outcome.status, CSC_STATUS_BLOCKED);
    assert_non_null(strstr(outcome.json, "argv"));
    assert_null(strstr(outcome.json, "exit_code"));
}

static void test_decision_expires_between_commands(void **state)
{
    static const struct command commands[] = {{.argv = "\"sh\",\"-c\",\"echo go\""},
                                              {.argv = "\"sh\",\"-c\",\"echo never > never\""}};
    struct outcome outcome = {.jump = true, .cancel = -1};

    (void)state;
    run_contract(contract_of(commands, 2, "policy_only", ""), &outcome, -1);
    clock_jump = 0;
    assert_int_equal(outcome.status, CSC_STATUS_EXPIRED);
    assert_non_null(strstr(outcome.json, "\"completed_command_ids\": [\n    \"c1\"\n  ]"));
    assert_non_null(strstr(outcome.json, "\"failed_command_id\": \"c2\""));
    assert_null(strstr(outcome.json, "exit_code"));
    assert_string_equal(outcome.output, "go\n");
    assert_no_marker();
}

/* The third command's cwd is a symlink out of the policy's folder: blocked, with the second one's hashes. */
static void test_hashes_are_of_the_last_that_ran(void **state)
{
    char link[PATH_MAX], expected[128];
    struct command commands[] = {
        {.argv = "\"true\""}, {.argv = "\"sh\",\"-c\",\"echo go\""}, {.argv = "\"true\"", .cwd = link}};
    struct outcome outcome = {.cancel = -1};
    char hash[CSC_SHA256_HEX];

    (void)state;
    (void)snprintf(link, sizeof(link), "%s/out", folder);
    assert_int_equal(symlink("/", link), 0);
    run_contract(contract_of(commands, 3, "policy_only", ""), &outcome, -1);
    assert_int_equal(unlink(link), 0);
    csc_sha256_hex("go\n", 3, hash);
    (void)snprintf(expected, sizeof(expected), "\"stdout_hash\": \"sha256:%s\"", hash);
    assert_int_equal(outcome.status, CSC_STATUS_BLOCKED);
    assert_non_null(strstr(outcome.json, "\"exit_code\": 126"));
    assert_non_null(strstr(outcome.json, "\"failed_command_id\": \"c3\""));
    if (!strstr(outcome.json, expected))
        fail_msg("no %s in %s", expected, outcome.json);
}

static void test_artifacts_and_files_written(void **state)
{
    char scope[PATH_MAX], outputs[2 * PATH_MAX];
    struct command command = {.argv = "\"sh\",\"-c\",\"mkdir -p w && echo data > w/a && echo data > w/b\"",
                              .write = scope};
    struct outcome outcome = {.cancel = -1};
    char hash[CSC_SHA256_HEX];

    (void)state;
    (void)snprintf(scope, sizeof(scope), "\"%s/w/**\"", folder);
    (void)snprintf(outputs, sizeof(outputs), "\"%s/w/a\",\"%s/w/absent\"", folder, folder);
    run_contract(contract_of(&command, 1, "policy_only", outputs), &outcome, -1);
    csc_sha256_hex("data\n", 5, hash);
    assert_int_equal(outcome.status, CSC_STATUS_SUCCESS);
    assert_non_null(strstr(outcome.json, hash));
    assert_non_null(strstr(outcome.json, "\"files_written\": 2"));
    assert_null(strstr(outcome.json, "absent"));
}

static void test_cancel(void **state)
{
    struct outcome outcome = {0};
    int fds[2];

    (void)state;
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    outcome.cancel = fds[1];
    run_contract(contract_of(&(struct command){.argv = "\"sh\",\"-c\",\"echo go; sleep 600\""}, 1, "policy_only", ""),
                 &outcome, fds[0]);
    (void)close(fds[0]);
    assert_int_equal(outcome.status, CSC_STATUS_FAILED);
    assert_non_null(strstr(outcome.json, "\"exit_code\": 143"));
}

static int count_fds(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int count = 0;

    assert_non_null(dir);
    while (readdir(dir))
        count++;
    (void)closedir(dir);
    return count;
}

static void on_usr1(int signal_number)
{
    (void)signal_number;
}

static void test_caller_is_left_alone(void **state)
{
    struct outcome outcome = {.cancel = -1};
    struct sigaction usr1 = {.sa_handler = on_usr1}, after;
    sigset_t mask_before, mask_after;
    int reaper_before = -1, reaper_after = -1;
    char cwd_before[PATH_MAX], cwd_after[PATH_MAX];

    (void)state;
    assert_int_equal(sigaction(SIGUSR1, &usr1, NULL), 0);
    (void)signal(SIGPIPE, SIG_DFL);
    (void)pthread_sigmask(SIG_SETMASK, NULL, &mask_before);
    assert_int_equal(prctl(PR_GET_CHILD_SUBREAPER, &reaper_before), 0);
    assert_non_null(getcwd(cwd_before, sizeof(cwd_before)));
    int fds_before = count_fds();

    run_contract(contract_of(&(struct command){.argv = "\"sh\",\"-c\",\"setsid sleep 600 >/dev/null 2>&1 & echo go\""},
                             1, "policy_only", ""),
                 &outcome, -1);
    assert_int_equal(outcome.status, CSC_STATUS_SUCCESS);

    assert_int_equal(count_fds(), fds_before);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    assert_int_equal(prctl(PR_GET_CHILD_SUBREAPER, &reaper_after), 0);
    assert_int_equal(reaper_after, reaper_before);
    assert_int_equal(sigaction(SIGUSR1, NULL, &after), 0);
    assert_ptr_equal(after.sa_handler, on_usr1);
    assert_int_equal(sigaction(SIGPIPE, NULL, &after), 0);
    assert_ptr_equal(after.sa_handler, SIG_DFL);
    (void)pthread_sigmask(SIG_SETMASK, NULL, &mask_after);
    for (int s = 1; s < 32; s++)
        assert_int_equal(sigismember(&mask_after, s), sigismember(&mask_before, s));
    assert_non_null(getcwd(cwd_after, sizeof(cwd_after)));
    assert_string_equal(cwd_after, cwd_before);
}

static void *run_in_thread(void *context)
{
    struct outcome *outcome = context;

    for (int i = 0; i < 5; i++) {
        outcome->output_size = 0;
        run_contract(contract_of(&(struct command){.argv = "\"sh\",\"-c\",\"echo go\""}, 1, "policy_only", ""), outcome,
                     -1);
        if (outcome->status != CSC_STATUS_SUCCESS)
            return outcome;
    }
    return NULL;
}

static void test_threads(void **state)
{
    static struct outcome outcomes[4];
    pthread_t threads[ARRAY_SIZE(outcomes)];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(outcomes); i++) {
        outcomes[i].cancel = -1;
        assert_int_equal(pthread_create(&threads[i], NULL, run_in_thread, &outcomes[i]), 0);
    }
    for (size_t i = 0; i < ARRAY_SIZE(outcomes); i++) {
        void *failed = NULL;
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
}

/* A decision without a run: its receipt says why nothing was executed, and nothing else. */
static void test_refusals(void **state)
{
    static const struct {
        struct command command;
        const char *approval;
        time_t jump;
        int code;
        enum csc_status status;
        const char *error;
    } cases[] = {
        {{.argv = "\"rm\""}, "policy_only", 0, 0, CSC_STATUS_BLOCKED, "COMMAND_NOT_ALLOWED: "},
        {{.argv = "\"true\""}, "human_required", 0, 0, CSC_STATUS_BLOCKED, "APPROVAL_REQUIRED: "},
        {{.argv = "\"true\""}, "policy_only", 301, 0, CSC_STATUS_EXPIRED, "the decision expired"},
        {{.argv = "\"true\""}, "policy_only", 0, -CSC_E_USAGE, CSC_STATUS_BLOCKED, NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct csc_contract *contract = contract_of(&cases[i].command, 1, cases[i].approval, "");
        struct csc_policy *policy = test_policy();
        struct csc_decision *decision = NULL;
        struct csc_receipt *receipt = NULL;
        struct csc_error err = {0};

        assert_int_equal(csc_decide(contract, policy, &decision, &err), 0);
        clock_jump = cases[i].jump;
        assert_int_equal(csc_receipt_build_refusal(contract, policy, decision, &receipt, &err), cases[i].code);
        clock_jump = 0;
        if (receipt) {
            assert_int_equal(csc_receipt_status(receipt), cases[i].status);
            assert_int_equal(strncmp(csc_receipt_error(receipt), cases[i].error, strlen(cases[i].error)), 0);
        }
        csc_receipt_free(receipt);
        csc_decision_free(decision);
        csc_policy_free(policy);
        csc_contract_free(contract);
    }
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    static const char *const names[] = {"/w/a", "/w/b", "/w", ""};
    char path[PATH_MAX];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        (void)snprintf(path, sizeof(path), "%s%s", folder, names[i]);
        (void)remove(path);
    }
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_outcomes),
        cmocka_unit_test(test_over_limit),
        cmocka_unit_test(test_decision_expires_between_commands),
        cmocka_unit_test(test_hashes_are_of_the_last_that_ran),
        cmocka_unit_test(test_artifacts_and_files_written),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_caller_is_left_alone),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_refusals),
    };

    return cmocka_run_group_tests_name("flow", tests, make_folder, remove_folder);
}
