/* SPDX-License-Identifier: Apache-2.0 */
/* Every allocation fails once, SQLite's too: no crash, no leak, and nothing half-written. */
#include "store.h"

#include "../../../src/ledger/store.h" /* the private header, whose name the tests' own has here */
#include "support/chaos.h"

static struct scene *scene;

static int set_up(void **state)
{
    (void)scene_begin(state);
    scene = *state;
    return 0;
}

static int judged(int r, const struct csc_error *err)
{
    if (r < 0 && (r != -CSC_E_INTERNAL || !strstr(err->text, "memory")))
        fail_msg("%d: %s", r, err->text);
    return r;
}

static void assert_sound(uint64_t entries)
{
    const struct csc_ledger_check check = full_check(scene);
    struct csc_ledger_finding finding = verify(scene->ledger, &check);

    if (finding.has_difference)
        fail_msg("%s", finding.text);
    assert_int_equal(finding.entries, entries);
}

static int open_and_close(void *context)
{
    struct csc_ledger *ledger = NULL;
    struct csc_error err = {0};

    int r = csc_ledger_open(scene->path, *(enum csc_ledger_access *)context, &ledger, &err);
    csc_ledger_close(ledger);
    return judged(r, &err);
}

static int make_anew(void *context)
{
    const char *path = folder_path(scene->folder, "new/ledger.db"), *folder = folder_path(scene->folder, "new");
    struct csc_ledger *ledger = NULL;
    struct csc_error err = {0};

    (void)context;
    int r = csc_ledger_open(path, CSC_LEDGER_WRITE, &ledger, &err);
    csc_ledger_close(ledger);
    if (r < 0 && access(path, F_OK) < 0)
        assert_true(access(folder, F_OK) < 0 || folder_count(folder) == 0); /* no temporary file either */
    (void)unlink(path);
    (void)unlink(folder_path(scene->folder, "new/ledger.db-wal"));
    (void)unlink(folder_path(scene->folder, "new/ledger.db-shm"));
    (void)unlink(folder_path(scene->folder, "new/ledger.db-runners"));
    return judged(r, &err);
}

static void opening(void **state)
{
    enum csc_ledger_access access[] = {CSC_LEDGER_READ, CSC_LEDGER_WRITE};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(access); i++)
        assert_true(chaos_fail_each_allocation(open_and_close, &access[i]) > 10);
    assert_true(chaos_fail_each_allocation(make_anew, NULL) > 50);
}

enum { ATTEMPTS_MAX = 3000 };

/* Each attempt is of another execution: SQLite can do without some allocations, and then it was recorded. */
struct attempts {
    struct csc_receipt *receipts[ATTEMPTS_MAX];
    int count;
    uint64_t recorded;
};

static int begin(void *context)
{
    struct attempts *attempts = context;
    char first[32], second[32];
    const struct csc_ledger_approval approvals[] = {{first, "ann", ""}, {second, "bob", ""}};
    const struct csc_intent intent = make_intent(id_of(attempts->count));
    struct csc_ledger *ledger = NULL;
    struct csc_error err = {0};
    size_t used;

    (void)snprintf(first, sizeof(first), "approval-%d", attempts->count);
    (void)snprintf(second, sizeof(second), "approval-%d'", attempts->count++);
    int r = csc_ledger_open(scene->path, CSC_LEDGER_WRITE, &ledger, &err);
    if (r == 0)
        r = csc_ledger_begin(ledger, &intent, &(struct csc_ledger_approvals){approvals, 2}, &used, &err);
    csc_ledger_close(ledger);
    attempts->recorded += r == 0;
    return judged(r, &err);
}

/* Both or neither. */
static void beginning(void **state)
{
    struct attempts *attempts = calloc(1, sizeof(*attempts));
    struct csc_ledger_stats stats;

    (void)state;
    assert_true(chaos_fail_each_allocation(begin, attempts) > 10);
    assert_int_equal(csc_ledger_stats(scene->ledger, &stats, NULL), 0);
    assert_int_equal(stats.open_intents, attempts->recorded);
    assert_int_equal(stats.used_approvals, attempts->recorded * 2);
    free(attempts);
}

static int append(void *context)
{
    struct attempts *attempts = context;
    const struct csc_ledger_item item = {
        .receipt = attempts->receipts[attempts->count++], .actor = {"a", "b", "c"}, .evidence = "{}"};
    struct csc_ledger *ledger = NULL;
    struct csc_error err = {0};
    uint64_t index;

    assert_true(attempts->count < ATTEMPTS_MAX);
    int r = csc_ledger_open(scene->path, CSC_LEDGER_WRITE, &ledger, &err);
    if (r == 0)
        r = csc_ledger_append(ledger, &item, &scene->signer, &index, &err);
    csc_ledger_close(ledger);
    attempts->recorded += r == 0;
    return judged(r, &err);
}

static void appending(void **state)
{
    struct attempts *attempts = calloc(1, sizeof(*attempts));

    (void)state;
    for (int n = 0; n < ATTEMPTS_MAX; n++)
        attempts->receipts[n] = make_receipt(n, id_of(n));
    assert_true(chaos_fail_each_allocation(append, attempts) > 10);
    assert_sound(attempts->recorded);
    for (int n = 0; n < ATTEMPTS_MAX; n++)
        csc_receipt_free(attempts->receipts[n]);
    free(attempts);
}

static int settle(void *context)
{
    struct csc_ledger_settled settled = {0};
    struct csc_error err = {0};

    (void)context;
    return judged(csc_ledger_settle(scene->ledger, &scene->signer, &settled, &err), &err);
}

static void settling(void **state)
{
    struct csc_intent intent = make_intent("exec-1");

    (void)state;
    begin_and_die(scene->path, &intent);
    intent.execution_id = "exec-2";
    begin_and_die(scene->path, &intent);
    assert_true(chaos_fail_each_allocation(settle, NULL) > 10);
    assert_sound(2);
}

static int ignore(void *context, const struct csc_ledger_entry *entry)
{
    (void)context;
    (void)entry;
    return 0;
}

static int read_all(void *context)
{
    const struct csc_ledger_filter filter = {.status = "success", .since = 0, .until = INT64_MAX};
    _cleanup_(csc_arena_free) struct csc_arena arena = {0};
    _cleanup_buf_ struct csc_buf note = {0}, file = {0};
    struct csc_ledger_entry entry;
    struct csc_ledger_stats stats;
    struct csc_error err = {0};

    (void)context;
    int r = csc_ledger_each(scene->ledger, &filter, ignore, NULL, &err);
    if (r == 0)
        r = csc_ledger_get(scene->ledger, "00000001", &arena, &entry, &err);
    if (r == 0)
        r = csc_ledger_stats(scene->ledger, &stats, &err);
    if (r == 0)
        r = csc_ledger_checkpoint(scene->ledger, &scene->signer, &note, &err);
    if (r == 0)
        r = csc_ledger_prove(scene->ledger, 1, &note, &file, &err);
    return judged(r, &err);
}

static int verify_all(void *context)
{
    const struct csc_ledger_witness *witness = context;
    struct csc_ledger_check check = full_check(scene);
    struct csc_ledger_finding finding = {0};
    struct csc_error err = {0};

    check.witnesses = witness;
    check.witness_count = 1;
    int r = csc_ledger_verify(scene->ledger, &check, &finding, &err);
    /* Want of memory is never taken for a ledger that was changed, nor for one that is whole. */
    assert_int_equal(finding.verdict, r == 0 ? CSC_LEDGER_COMPLETE : CSC_LEDGER_NOT_ESTABLISHED);
    return judged(r, &err);
}

static void reading(void **state)
{
    _cleanup_buf_ struct csc_buf note = {0};

    (void)state;
    append_signed(scene, 0, 6);
    assert_int_equal(append_one(scene->ledger, 6, NULL, NULL), 0);
    assert_true(chaos_fail_each_allocation(read_all, NULL) > 10);
    assert_int_equal(csc_ledger_checkpoint(scene->ledger, &scene->signer, &note, NULL), 0);
    struct csc_ledger_witness witness = {"kept.txt", note.data, note.size};
    assert_true(chaos_fail_each_allocation(verify_all, &witness) > 10);
}

/* What evidence tells of used approvals, and whether the ledger has it. */
struct told {
    struct csc_ledger_entry entry;
    const struct csc_value *predicate;
    bool is_wrong;
};

static int compare(void *context)
{
    const struct told *told = context;
    _cleanup_buf_ struct csc_buf flaw = {0};
    struct csc_error err = {0};

    int r = csc_ledger_compare_told(scene->ledger, &told->entry, told->predicate, &flaw, &err);
    if (r == 0)
        assert_int_equal(flaw.size > 0, told->is_wrong);
    return judged(r, &err);
}

static void telling(void **state)
{
    static const char text[] =
        "{\"actor\":{\"agentId\":\"a\"},\"approvals\":["
        "{\"approvalId\":\"1\",\"identity\":\"ann\",\"scope\":\"single_execution\",\"keyFingerprint\":\"SHA256:x\"},"
        "{\"approvalId\":\"2\",\"identity\":\"ben\",\"scope\":\"single_execution\"},"
        "{\"approvalId\":\"3\",\"identity\":\"eve\",\"scope\":\"time_window\"}]}";
    const struct csc_ledger_approval approvals[] = {{"1", "ann", "SHA256:x"}, {"(unsigned) 2", "ben", ""}};
    _cleanup_(csc_arena_free) struct csc_arena arena = {0};
    struct csc_intent intent = make_intent("exec-1");
    struct told told = {.entry = {.execution_id = "exec-1", .actor = {"a", NULL, ""}, .status = CSC_STATUS_FAILED}};
    struct csc_value predicate;
    size_t used;

    (void)state;
    assert_int_equal(csc_json_parse(&arena, text, strlen(text), &predicate, NULL), 0);
    told.predicate = &predicate;
    assert_int_equal(
        csc_ledger_begin(scene->ledger, &intent, &(struct csc_ledger_approvals){approvals, 2}, &used, NULL), 0);
    assert_true(chaos_fail_each_allocation(compare, &told) > 0);
    told.entry.actor.session_id = "s";
    told.is_wrong = true;
    (void)chaos_fail_each_allocation(compare, &told);
    told.entry.actor.session_id = NULL;
    told.entry.execution_id = "exec-2"; /* others used them up */
    (void)chaos_fail_each_allocation(compare, &told);
    told.entry.status = CSC_STATUS_BLOCKED; /* it used none */
    told.is_wrong = false;
    (void)chaos_fail_each_allocation(compare, &told);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(opening, set_up, scene_end),
        cmocka_unit_test_setup_teardown(beginning, set_up, scene_end),
        cmocka_unit_test_setup_teardown(appending, set_up, scene_end),
        cmocka_unit_test_setup_teardown(settling, set_up, scene_end),
        cmocka_unit_test_setup_teardown(reading, set_up, scene_end),
        cmocka_unit_test_setup_teardown(telling, set_up, scene_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
