/* SPDX-License-Identifier: Apache-2.0 */
/* Runners, alive and gone, and what becomes of executions whose runner died. */
#include "store.h"

#include <signal.h>

static void ourselves(void **state)
{
    struct csc_runner runner = {0};

    (void)state;
    assert_int_equal(csc_runner_self(&runner, NULL), 0);
    assert_int_equal(runner.pid, getpid());
    assert_true(runner.start_time > 0 && runner.pid_namespace > 0);
    assert_int_equal(strlen(runner.boot_id), 36);
    assert_int_equal(csc_runner_look(&runner), CSC_RUNNER_ALIVE);
}

static void others(void **state)
{
    struct csc_runner self = {0}, other;

    (void)state;
    assert_int_equal(csc_runner_self(&self, NULL), 0);
    other = self;
    other.start_time++; /* the number was given out again */
    assert_int_equal(csc_runner_look(&other), CSC_RUNNER_GONE);
    other = self;
    other.boot_id[0] = self.boot_id[0] == '0' ? '1' : '0';
    assert_int_equal(csc_runner_look(&other), CSC_RUNNER_GONE);
    other.pid_namespace++; /* another boot counts more */
    assert_int_equal(csc_runner_look(&other), CSC_RUNNER_GONE);
    other = self;
    other.pid_namespace++;
    assert_int_equal(csc_runner_look(&other), CSC_RUNNER_UNKNOWN);
    other = dead_runner();
    assert_int_equal(csc_runner_look(&other), CSC_RUNNER_GONE);
    other = self;
    other.pid = 0;
    assert_int_not_equal(csc_runner_look(&other), CSC_RUNNER_ALIVE);
}

/* A name that looks like the fields that follow it. */
static void hostile_name(void **state)
{
    struct csc_runner runner = {0};

    (void)state;
    FILE *file = fopen("/proc/self/comm", "w");
    assert_non_null(file);
    assert_true(fputs(") Z 1 1 1", file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(csc_runner_self(&runner, NULL), 0);
    assert_int_equal(csc_runner_look(&runner), CSC_RUNNER_ALIVE);
}

static void zombie(void **state)
{
    struct csc_runner runner = {0};
    int fds[2], status;

    (void)state;
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    pid_t child = fork();
    if (child == 0) {
        (void)csc_runner_self(&runner, NULL);
        if (write(fds[1], &runner, sizeof(runner)) < 0)
            _exit(1);
        for (;;)
            (void)pause();
    }
    assert_int_equal(read(fds[0], &runner, sizeof(runner)), sizeof(runner));
    assert_int_equal(csc_runner_look(&runner), CSC_RUNNER_ALIVE);
    siginfo_t info;
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
    assert_int_equal(csc_runner_look(&runner), CSC_RUNNER_GONE);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(csc_runner_look(&runner), CSC_RUNNER_GONE);
    (void)close(fds[0]);
    (void)close(fds[1]);
}

/* ---- settling ----------------------------------------------------------------------------------------------- */

/* One intent whose runner lives, we, and `dead` of the dead. */
static void begin_all(struct scene *s, int dead)
{
    struct csc_intent intent = make_intent("exec-alive");
    size_t used;

    assert_int_equal(csc_ledger_begin(s->ledger, &intent, NULL, &used, NULL), 0);
    intent.hardened = true;
    for (int n = 0; n < dead; n++) {
        intent.execution_id = id_of(n);
        begin_and_die(s->path, &intent);
    }
}

static void without_signer(void **state)
{
    struct scene *s = *state;
    struct csc_ledger_settled settled = {0};

    begin_all(s, 2);
    assert_int_equal(csc_ledger_settle(s->ledger, NULL, &settled, NULL), 0);
    assert_int_equal(settled.closed, 0);
    assert_int_equal(settled.dead, 2);
    assert_int_equal(settled.running, 1);
    assert_int_equal(settled.unknown, 0);
}

static void with_signer(void **state)
{
    struct scene *s = *state;
    struct csc_ledger_settled settled = {0};
    _cleanup_(csc_arena_free) struct csc_arena arena = {0};
    struct csc_ledger_entry entry = {0};
    struct csc_error err = {0};
    static const char *const parts[] = {
        "\"exit_code\":137",
        "\"status\":\"failed\"",
        "\"stdout_truncated\":true",
        "\"stderr_truncated\":true",
        "\"error\":\"runner died; outcome unknown\"",
        "\"stdout_hash\":\"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"",
        "\"stderr_hash\":\"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"",
        "\"execution_mode\":\"hardened\"",
        "\"policy_schema_version\":\"csc.policy.v0.1\"",
        "\"started_at\":\"2026-03-20T09:46:40.000000+00:00\"",
    };

    begin_all(s, 2);
    if (csc_ledger_settle(s->ledger, &s->signer, &settled, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(settled.closed, 2);
    assert_int_equal(settled.dead, 0);
    assert_int_equal(settled.running, 1);
    assert_int_equal(settled.unknown, 0);
    assert_int_equal(csc_ledger_get(s->ledger, id_of(1), &arena, &entry, NULL), 0);
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
        if (!strstr(entry.receipt, parts[i]))
            fail_msg("%s: %s", parts[i], entry.receipt);
    assert_string_equal(entry.signing_key_id, KEY_ID);
    assert_string_equal(entry.actor.agent_id, "agent-1");
    assert_int_equal(csc_ledger_settle(s->ledger, &s->signer, &settled, NULL), 0);
    assert_int_equal(settled.closed, 0);
    const struct csc_ledger_check check = full_check(s);
    struct csc_ledger_finding finding = verify(s->ledger, &check);
    assert_false(finding.has_difference);
    assert_int_equal(finding.signatures, 2);
}

/* The receipt was written, and somebody put the intent back: it gets no second one, and does not stand in the way. */
static void intent_of_the_past(void **state)
{
    struct scene *s = *state;
    struct csc_ledger_settled settled = {0};
    struct csc_ledger_stats stats;

    append_signed(s, 0, 1);
    begin_all(s, 1); /* of the same id */
    assert_int_equal(csc_ledger_settle(s->ledger, &s->signer, &settled, NULL), 0);
    assert_int_equal(settled.closed, 0);
    assert_int_equal(settled.dead, 0);
    assert_int_equal(csc_ledger_stats(s->ledger, &stats, NULL), 0);
    assert_int_equal(stats.entries, 1);
    assert_int_equal(stats.open_intents, 1);
}

static int count_states(void *context, const struct csc_intent *intent, enum csc_runner_state state)
{
    unsigned *counts = context;

    assert_true(strcmp(intent->execution_id, "exec-alive") != 0 || state == CSC_RUNNER_ALIVE);
    counts[state]++;
    return 0;
}

/* One that no csc wrote stays, and hinders nobody: not those that can be closed, nor the run that settles. */
static const struct {
    const char *change; /* of the first of two dead ones */
    unsigned unknown;   /* as listed; 0: the row cannot be read at all */
    unsigned closed;
} bad_intents[] = {
    {"contract_sha256 = 'zz'", 1, 1}, {"policy_sha256 = ''", 1, 1},
    {"contract_id = ''", 1, 1},       {"contract_id = CAST(x'ff' AS TEXT)", 1, 1},
    {"hardened = 7", 0, 0},           {"pid = 0, id = 100", 0, 1},
};

static void bad_intent(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad_intents); i++) {
        struct csc_ledger_settled settled = {0};
        struct csc_ledger_stats stats;
        struct csc_error err = {0};
        unsigned counts[3] = {0};
        char text[200];
        void *scene;
        (void)scene_begin(&scene);
        struct scene *s = scene;
        begin_all(s, 2);
        (void)snprintf(text, sizeof(text), "UPDATE intents SET %s WHERE execution_id = '%s'", bad_intents[i].change,
                       id_of(0));
        sql(s->path, text);
        if (csc_ledger_settle(s->ledger, NULL, &settled, &err) < 0 || settled.bad != 1)
            fail_msg("%s: %llu %s", bad_intents[i].change, (unsigned long long)settled.bad, err.text);
        if (bad_intents[i].unknown > 0) {
            assert_int_equal(csc_ledger_each_intent(s->ledger, count_states, counts, NULL), 0);
            assert_int_equal(counts[CSC_RUNNER_UNKNOWN], bad_intents[i].unknown);
        }
        assert_int_equal(csc_ledger_settle(s->ledger, &s->signer, &settled, NULL), 0);
        assert_int_equal(settled.bad, 1);
        assert_int_equal(settled.closed, bad_intents[i].closed);
        assert_int_equal(csc_ledger_stats(s->ledger, &stats, NULL), 0);
        assert_int_equal(stats.open_intents, 3 - bad_intents[i].closed);
        (void)scene_end(&scene);
    }
}

static void each_of_them(void **state)
{
    struct scene *s = *state;
    struct csc_ledger_settled settled = {0};
    struct csc_ledger_stats stats;
    pid_t children[4];
    int status;

    begin_all(s, 25);
    for (size_t i = 0; i < ARRAY_SIZE(children); i++) {
        children[i] = fork();
        if (children[i] == 0) {
            const struct csc_ledger_signer signer = {load_key(s), KEY_ID};
            struct csc_ledger *ledger = NULL;
            _exit(csc_ledger_open(s->path, CSC_LEDGER_WRITE, &ledger, NULL) < 0 ||
                  csc_ledger_settle(ledger, &signer, &settled, NULL) < 0);
        }
    }
    for (size_t i = 0; i < ARRAY_SIZE(children); i++) {
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    assert_int_equal(csc_ledger_stats(s->ledger, &stats, NULL), 0);
    assert_int_equal(stats.entries, 25);
    assert_int_equal(stats.open_intents, 1);
}

static void listed(void **state)
{
    struct scene *s = *state;
    unsigned counts[3] = {0};

    begin_all(s, 2);
    assert_int_equal(csc_ledger_each_intent(s->ledger, count_states, counts, NULL), 0);
    assert_int_equal(counts[CSC_RUNNER_UNKNOWN], 0);
    assert_int_equal(counts[CSC_RUNNER_ALIVE], 1);
    assert_int_equal(counts[CSC_RUNNER_GONE], 2);
}

/* A copy for an auditor: what is recorded of the runners is all there is. */
static void without_locks(void **state)
{
    struct scene *s = *state;
    struct csc_intent intent = make_intent("exec-alive");
    unsigned counts[3] = {0};
    size_t used;

    assert_int_equal(csc_ledger_begin(s->ledger, &intent, NULL, &used, NULL), 0);
    intent.execution_id = "exec-unseen";
    intent.runner.pid_namespace++;
    assert_int_equal(csc_ledger_begin(s->ledger, &intent, NULL, &used, NULL), 0);
    intent.execution_id = "exec-dead";
    intent.runner = dead_runner();
    assert_int_equal(csc_ledger_begin(s->ledger, &intent, NULL, &used, NULL), 0);
    remove_locks(s->path);
    scene_reopen(s, CSC_LEDGER_READ);
    assert_int_equal(csc_ledger_each_intent(s->ledger, count_states, counts, NULL), 0);
    assert_int_equal(counts[CSC_RUNNER_UNKNOWN], 1);
    assert_int_equal(counts[CSC_RUNNER_ALIVE], 1);
    assert_int_equal(counts[CSC_RUNNER_GONE], 1);
}

/* ---- locks -------------------------------------------------------------------------------------------------- */

/* The byte of an execution that ended is held as long as its runner has the ledger open: the next takes another. */
static void bytes_are_not_shared(void **state)
{
    struct scene *s = *state;
    struct csc_ledger_settled settled = {0};
    struct csc_intent intent = make_intent(id_of(0));
    size_t used;

    assert_int_equal(csc_ledger_begin(s->ledger, &intent, NULL, &used, NULL), 0);
    append_signed(s, 0, 1);
    intent.execution_id = id_of(1);
    begin_and_die(s->path, &intent);
    assert_int_equal(csc_ledger_settle(s->ledger, NULL, &settled, NULL), 0);
    assert_int_equal(settled.dead, 1);
    intent.execution_id = id_of(2);
    intent.runner.start_time++; /* not us, who live on */
    assert_int_equal(csc_ledger_begin(s->ledger, &intent, NULL, &used, NULL), 0);
    assert_int_equal(csc_ledger_settle(s->ledger, NULL, &settled, NULL), 0);
    assert_int_equal(settled.dead, 1);
    assert_int_equal(settled.running, 1);
    scene_reopen(s, CSC_LEDGER_WRITE);
    assert_int_equal(csc_ledger_settle(s->ledger, NULL, &settled, NULL), 0);
    assert_int_equal(settled.dead, 2);
}

/* What csc starts must not keep it alive. */
static void not_inherited(void **state)
{
    char link[40], name[PATH_MAX];
    int found = 0;

    (void)state;
    for (int fd = 0; fd < 64; fd++) {
        (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
        ssize_t size = readlink(link, name, sizeof(name) - 1);
        name[size < 0 ? 0 : size] = '\0';
        if (!strstr(name, "ledger.db-runners"))
            continue;
        assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
        found++;
    }
    assert_int_equal(found, 2);
}

/* Threat: the file of the locks is taken away, and with it, for the next csc, the life of those who hold them. */
static void locks_taken_away(void **state)
{
    struct scene *s = *state;
    struct csc_ledger_settled settled = {0};
    struct csc_intent intent = make_intent("execution-1");
    char path[PATH_MAX];
    size_t used;

    assert_int_equal(csc_runner_self(&intent.runner, NULL), 0);
    assert_int_equal(csc_ledger_begin(s->ledger, &intent, NULL, &used, NULL), 0);
    (void)snprintf(path, sizeof(path), "%s-runners", s->path);
    assert_int_equal(unlink(path), 0);
    struct csc_ledger *other = open_ledger(s->path, CSC_LEDGER_WRITE);
    assert_int_equal(csc_ledger_settle(other, &s->signer, &settled, NULL), 0);
    assert_int_equal(settled.closed, 0);
    assert_int_equal(settled.running, 1);
    csc_ledger_close(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ourselves),
        cmocka_unit_test(others),
        cmocka_unit_test(hostile_name),
        cmocka_unit_test(zombie),
        cmocka_unit_test_setup_teardown(without_signer, scene_begin, scene_end),
        cmocka_unit_test_setup_teardown(with_signer, scene_begin, scene_end),
        cmocka_unit_test_setup_teardown(intent_of_the_past, scene_begin, scene_end),
        cmocka_unit_test(bad_intent),
        cmocka_unit_test_setup_teardown(each_of_them, scene_begin, scene_end),
        cmocka_unit_test_setup_teardown(listed, scene_begin, scene_end),
        cmocka_unit_test_setup_teardown(without_locks, scene_begin, scene_end),
        cmocka_unit_test_setup_teardown(bytes_are_not_shared, scene_begin, scene_end),
        cmocka_unit_test_setup_teardown(not_inherited, scene_begin, scene_end),
        cmocka_unit_test_setup_teardown(locks_taken_away, scene_begin, scene_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
