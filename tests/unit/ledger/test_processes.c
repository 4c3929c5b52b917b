/* SPDX-License-Identifier: Apache-2.0 */
/* Many runners at once, and runners that are killed. */
#include "store.h"

#include <signal.h>
#include <sys/resource.h>
#include <time.h>

enum { RUNNERS = 64 };

struct race {
    const char *path;
    const struct scene *scene;
};

/* Runs `run` in processes of their own that begin at once; counts those that return each of 0, 1 and 2. */
static void race(const struct race *r, int (*run)(const struct race *r, int n), int counts[3])
{
    pid_t children[RUNNERS];
    int gate[2], status;

    assert_int_equal(pipe2(gate, O_CLOEXEC), 0);
    for (int n = 0; n < RUNNERS; n++) {
        children[n] = fork();
        if (children[n] == 0) {
            char byte;
            (void)close(gate[1]);
            _exit(read(gate[0], &byte, 1) == 0 ? run(r, n) : 9);
        }
    }
    (void)close(gate[1]);
    (void)close(gate[0]);
    for (int n = 0; n < RUNNERS; n++) {
        assert_int_equal(waitpid(children[n], &status, 0), children[n]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 3);
        counts[WEXITSTATUS(status)]++;
    }
}

static int begin_one(const struct race *r, int n)
{
    const struct csc_ledger_approval approval = {"approval-1", "ann", ""};
    const struct csc_intent intent = make_intent(id_of(n));
    struct csc_ledger *ledger = NULL;
    size_t used;

    if (csc_ledger_open(r->path, CSC_LEDGER_WRITE, &ledger, NULL) < 0)
        return 8;
    int result = csc_ledger_begin(ledger, &intent, &(struct csc_ledger_approvals){&approval, 1}, &used, NULL);
    csc_ledger_close(ledger);
    return result < 0 ? 7 : result;
}

static void one_approval(void **state)
{
    struct scene *s = *state;
    const struct race r = {.path = s->path};
    struct csc_ledger_stats stats;
    int counts[3] = {0};

    race(&r, begin_one, counts);
    assert_int_equal(counts[0], 1);
    assert_int_equal(counts[CSC_LEDGER_USED], RUNNERS - 1);
    assert_int_equal(csc_ledger_stats(s->ledger, &stats, NULL), 0);
    assert_int_equal(stats.used_approvals, 1);
    assert_int_equal(stats.open_intents, 1);
}

static int append_some(const struct race *r, int n)
{
    const struct csc_ledger_signer signer = {load_key(r->scene), KEY_ID};
    struct csc_ledger *ledger = NULL;
    struct csc_error err = {0};

    if (csc_ledger_open(r->path, CSC_LEDGER_WRITE, &ledger, &err) < 0)
        return 8;
    for (int i = 0; i < 4; i++)
        if (append_one(ledger, n * 4 + i, &signer, &err) < 0)
            return 7;
    csc_ledger_close(ledger);
    return 0;
}

static void all_append(void **state)
{
    struct scene *s = *state;
    const struct race r = {.path = s->path, .scene = s};
    const struct csc_ledger_check check = full_check(s);
    int counts[3] = {0};

    race(&r, append_some, counts);
    assert_int_equal(counts[0], RUNNERS);
    struct csc_ledger_finding finding = verify(s->ledger, &check);
    assert_false(finding.has_difference);
    assert_int_equal(finding.signatures, RUNNERS * 4);
}

/* The first run of all, by all. */
static void all_make_it(void **state)
{
    struct scene *s = *state;
    char *path = strdup(folder_path(s->folder, "new/folder/ledger.db"));
    const struct race r = {.path = path, .scene = s};
    const struct csc_ledger_check check = full_check(s);
    int counts[3] = {0};

    race(&r, append_some, counts);
    assert_int_equal(counts[0], RUNNERS);
    csc_ledger_close(s->ledger);
    s->ledger = open_ledger(path, CSC_LEDGER_READ);
    struct csc_ledger_finding finding = verify(s->ledger, &check);
    assert_false(finding.has_difference);
    assert_int_equal(finding.signatures, RUNNERS * 4);
    free(path);
}

/* Appends until it is killed, telling of each receipt that is said to be durable. */
static void append_for_ever(const struct scene *s, int from, int tell)
{
    const struct csc_ledger_signer signer = {load_key(s), KEY_ID};
    struct csc_ledger *ledger = NULL;

    if (csc_ledger_open(s->path, CSC_LEDGER_WRITE, &ledger, NULL) < 0)
        _exit(1);
    for (int n = from;; n++) {
        size_t used;
        const struct csc_intent intent = make_intent(id_of(n));
        if (csc_ledger_begin(ledger, &intent, NULL, &used, NULL) < 0 || append_one(ledger, n, &signer, NULL) < 0 ||
            write(tell, &n, sizeof(n)) < 0)
            _exit(2);
    }
}

/* Killed anywhere: every receipt that was said to be written is there, and the next settles the rest. */
static void killed(void **state)
{
    struct scene *s = *state;
    const struct csc_ledger_check check = full_check(s);
    int next = 0;

    for (int round = 0; round < 20; round++) {
        struct csc_ledger_settled settled = {0};
        struct csc_ledger_stats stats;
        int fds[2], status, n, last = next - 1;
        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        pid_t child = fork();
        if (child == 0)
            append_for_ever(s, next, fds[1]);
        (void)close(fds[1]);
        assert_int_equal(read(fds[0], &last, sizeof(last)), sizeof(last));
        const struct timespec wait = {.tv_nsec = 700000L * round};
        (void)nanosleep(&wait, NULL);
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        while (read(fds[0], &n, sizeof(n)) == (ssize_t)sizeof(n))
            last = n;
        (void)close(fds[0]);
        assert_int_equal(csc_ledger_settle(s->ledger, &s->signer, &settled, NULL), 0);
        assert_int_equal(csc_ledger_stats(s->ledger, &stats, NULL), 0);
        assert_int_equal(stats.open_intents, 0);
        /* The one after it may have been written, or begun, without anybody hearing of it. */
        assert_in_range(stats.entries, last + 1, last + 2);
        next = (int)stats.entries;
        struct csc_ledger_finding finding = verify(s->ledger, &check);
        if (finding.has_difference)
            fail_msg("%s", finding.text);
    }
}

/* As on a full disk, but that only this process is told so. */
static int append_until_full(const struct scene *s)
{
    const struct csc_ledger_signer signer = {load_key(s), KEY_ID};
    const struct rlimit limit = {400000, 400000};
    struct csc_ledger *ledger = NULL;
    struct csc_error err = {0};
    int n = 0;

    (void)signal(SIGXFSZ, SIG_IGN);
    if (csc_ledger_open(s->path, CSC_LEDGER_WRITE, &ledger, NULL) < 0 || setrlimit(RLIMIT_FSIZE, &limit) < 0)
        return 1;
    while (n < 1000 && append_one(ledger, n, &signer, &err) == 0)
        n++;
    if (n < 5 || n == 1000 || err.code != CSC_E_OUTPUT)
        return 2;
    csc_ledger_close(ledger);
    return 0;
}

static void full_disk(void **state)
{
    struct scene *s = *state;
    const struct csc_ledger_check check = full_check(s);
    int status;

    pid_t child = fork();
    if (child == 0)
        _exit(append_until_full(s));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    struct csc_ledger_finding finding = verify(s->ledger, &check);
    assert_false(finding.has_difference);
    assert_true(finding.signatures >= 5);
    append_signed(s, 1000, 1003); /* and it goes on once there is room */
    finding = verify(s->ledger, &check);
    assert_false(finding.has_difference);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_approval, scene_begin, scene_end),
        cmocka_unit_test_setup_teardown(all_append, scene_begin, scene_end),
        cmocka_unit_test_setup_teardown(all_make_it, scene_begin, scene_end),
        cmocka_unit_test_setup_teardown(full_disk, scene_begin, scene_end),
        cmocka_unit_test_setup_teardown(killed, scene_begin, scene_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
