/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger in its file: what is written is read again, once, by whoever may. */
#include "store.h"

#include <sys/stat.h>

static int count_each(void *context, const struct csc_ledger_entry *entry)
{
    struct csc_buf *seen = context;

    csc_buf_printf(seen, "%llu ", (unsigned long long)entry->index);
    return 0;
}

static const struct csc_ledger_filter ALL = {.since = INT64_MIN, .until = INT64_MAX};

static void assert_lists(struct csc_ledger *ledger, struct csc_ledger_filter filter, const char *expected)
{
    _cleanup_buf_ struct csc_buf seen = {0};
    struct csc_error err = {0};

    csc_buf_puts(&seen, "");
    if (csc_ledger_each(ledger, &filter, count_each, &seen, &err) != 0)
        fail_msg("%s", err.text);
    assert_string_equal(seen.data ? seen.data : "", expected);
}

static void filters(void **state)
{
    struct scene *s = *state;
    const int64_t minute = 60 * CSC_SECOND;
    int64_t start;

    append_signed(s, 0, 12);
    assert_true(csc_time_parse("2026-03-20T10:00:00Z", &start));
    struct csc_ledger_filter filter = ALL;
    assert_lists(s->ledger, filter, "0 1 2 3 4 5 6 7 8 9 10 11 ");
    filter.newest_first = true;
    filter.limit = 3;
    assert_lists(s->ledger, filter, "11 10 9 ");
    filter = ALL;
    filter.status = "failed";
    assert_lists(s->ledger, filter, "2 6 10 ");
    filter.status = "no such status";
    assert_lists(s->ledger, filter, "");
    filter = ALL;
    filter.agent = "agent-1";
    filter.user = "ann";
    assert_lists(s->ledger, filter, "1 5 7 11 ");
    filter = ALL;
    filter.contract = "contract \"2\"";
    assert_lists(s->ledger, filter, "2 5 8 11 ");
    filter.contract = SHA;
    filter.limit = 2;
    assert_lists(s->ledger, filter, "0 1 ");
    filter = ALL;
    filter.policy = "dev-readonly";
    filter.since = start + 3 * minute;
    filter.until = start + 5 * minute;
    assert_lists(s->ledger, filter, "3 4 5 ");
    filter.newest_first = true;
    assert_lists(s->ledger, filter, "5 4 3 ");
    filter.policy = "another";
    assert_lists(s->ledger, filter, "");
}

static int stop(void *context, const struct csc_ledger_entry *entry)
{
    (void)context;
    return entry->index == 1 ? 7 : 0;
}

static void callback_stops(void **state)
{
    struct scene *s = *state;

    append_signed(s, 0, 3);
    assert_int_equal(csc_ledger_each(s->ledger, &ALL, stop, NULL, NULL), 7);
}

static void getting(void **state)
{
    struct scene *s = *state;
    static const struct {
        const char *id;
        int r, index;
    } cases[] = {
        {"#0", 0, 0},
        {"#2", 0, 2},
        {"#5", -CSC_E_INPUT, 0},
        {"#", -CSC_E_USAGE, 0},
        {"#-1", -CSC_E_USAGE, 0},
        {"#99999999999999999999", -CSC_E_USAGE, 0},
        {"00000001-0000-4000-8000-000000000000", 0, 1},
        {"00000001", 0, 1},
        {"0000000", -CSC_E_INPUT, 0},
        {"00000001-0000-4000-8000-00000000000%", -CSC_E_INPUT, 0},
        {"", -CSC_E_INPUT, 0},
        {"ambiguous", -CSC_E_USAGE, 0},
        {"ambiguous-1", 0, 3},
    };

    append_signed(s, 0, 3);
    for (int i = 1; i <= 2; i++) {
        struct csc_receipt *receipt = make_receipt(1, i == 1 ? "ambiguous-1" : "ambiguous-2");
        const struct csc_ledger_item item = {.receipt = receipt, .evidence = "{}"};
        uint64_t index;
        assert_int_equal(csc_ledger_append(s->ledger, &item, NULL, &index, NULL), 0);
        assert_int_equal(index, 2 + i);
        csc_receipt_free(receipt);
    }
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_(csc_arena_free) struct csc_arena arena = {0};
        struct csc_ledger_entry entry = {0};
        struct csc_error err = {0};
        int r = csc_ledger_get(s->ledger, cases[i].id, &arena, &entry, &err);
        if (r != cases[i].r || (r == 0 && entry.index != (uint64_t)cases[i].index))
            fail_msg("%s: %d, entry %llu, %s", cases[i].id, r, (unsigned long long)entry.index, err.text);
    }
}

static void entries_are_whole(void **state)
{
    struct scene *s = *state;
    _cleanup_(csc_arena_free) struct csc_arena arena = {0};
    struct csc_ledger_entry entry = {0};
    struct csc_receipt *receipt = NULL;

    append_signed(s, 0, 2);
    assert_int_equal(csc_ledger_get(s->ledger, "#1", &arena, &entry, NULL), 0);
    assert_string_equal(entry.execution_id, id_of(1));
    assert_string_equal(entry.contract_id, "contract \"1\"");
    assert_string_equal(entry.contract_sha256, SHA);
    assert_string_equal(entry.policy_profile, "dev-readonly");
    assert_string_equal(entry.policy_sha256, SHA);
    assert_string_equal(entry.signing_key_id, KEY_ID);
    assert_string_equal(entry.actor.agent_id, "agent-1");
    assert_string_equal(entry.actor.session_id, "session");
    assert_string_equal(entry.actor.initiating_user, "ann");
    assert_int_equal(entry.status, CSC_STATUS_SUCCESS);
    assert_false(entry.hardened);
    assert_int_equal(entry.ended_at - entry.started_at, 5250000);
    assert_null(entry.evidence);
    assert_int_equal(csc_receipt_parse(entry.receipt, entry.receipt_size, &receipt, NULL), 0);
    assert_int_equal(csc_receipt_verify(receipt, csc_signing_key_public(s->key), KEY_ID, NULL), 0);
    csc_receipt_free(receipt);
}

static void one_receipt_an_execution(void **state)
{
    struct scene *s = *state;
    struct csc_merkle_head before, after;
    struct csc_error err = {0};

    append_signed(s, 0, 2);
    assert_int_equal(csc_ledger_head(s->ledger, &before, NULL), 0);
    assert_int_equal(append_one(s->ledger, 1, &s->signer, &err), -CSC_E_INVALID);
    assert_string_equal(err.stage, "ledger");
    assert_int_equal(csc_ledger_head(s->ledger, &after, NULL), 0);
    assert_int_equal(after.size, 2);
    assert_true(csc_merkle_equal(&before.root, &after.root));
}

/* The same tree as one that is made in memory, and its proofs. */
static void tree(void **state)
{
    struct scene *s = *state;
    struct csc_merkle_frontier frontier = {0};
    struct csc_note_key key = {0};

    assert_int_equal(csc_note_key_make(csc_ledger_origin(s->ledger), csc_signing_key_public(s->key), &key, NULL), 0);
    for (int n = 0; n < 70; n++) {
        struct csc_merkle_head head = {0};
        struct csc_merkle_hash leaf, root;
        struct csc_error err = {0};
        _cleanup_(csc_arena_free) struct csc_arena arena = {0};
        _cleanup_buf_ struct csc_buf note = {0}, file = {0};
        struct csc_ledger_entry entry = {0};
        struct csc_proof proof;
        char id[16];

        if (n % 8 == 7)
            scene_reopen(s, CSC_LEDGER_WRITE);
        append_signed(s, n, n + 1);
        (void)snprintf(id, sizeof(id), "#%d", n);
        assert_int_equal(csc_ledger_get(s->ledger, id, &arena, &entry, NULL), 0);
        csc_merkle_leaf(entry.receipt, entry.receipt_size, &leaf);
        (void)csc_merkle_append(&frontier, &leaf, NULL);
        csc_merkle_root(&frontier, &root);
        assert_int_equal(csc_ledger_head(s->ledger, &head, &err), 0);
        assert_int_equal(head.size, n + 1);
        assert_true(csc_merkle_equal(&head.root, &root));
        assert_int_equal(csc_ledger_kept_checkpoint(s->ledger, &note, &err), 0);
        if (csc_ledger_prove(s->ledger, (uint64_t)n / 2, &note, &file, &err) < 0)
            fail_msg("%s", err.text);
        (void)snprintf(id, sizeof(id), "#%d", n / 2);
        assert_int_equal(csc_ledger_get(s->ledger, id, &arena, &entry, NULL), 0);
        csc_merkle_leaf(entry.receipt, entry.receipt_size, &leaf);
        assert_int_equal(csc_proof_parse(file.data, file.size, &proof, &err), 0);
        if (csc_proof_verify(&proof, &key, &leaf, &err) < 0)
            fail_msg("%d: %s", n, err.text);
    }
}

static void proofs_that_cannot_be(void **state)
{
    struct scene *s = *state;
    _cleanup_buf_ struct csc_buf note = {0}, file = {0}, foreign = {0};
    struct csc_error err = {0};

    assert_int_equal(csc_ledger_kept_checkpoint(s->ledger, &note, &err), -CSC_E_INPUT);
    append_signed(s, 0, 3);
    assert_int_equal(csc_ledger_checkpoint(s->ledger, &s->signer, &note, NULL), 0);
    append_signed(s, 3, 5);
    assert_int_equal(csc_ledger_prove(s->ledger, 2, &note, &file, NULL), 0);
    err = (struct csc_error){0};
    assert_int_equal(csc_ledger_prove(s->ledger, 3, &note, &file, &err), -CSC_E_INVALID);
    assert_non_null(strstr(err.text, "first 3 entries"));
    csc_buf_puts(&foreign, CHECKPOINT);
    err = (struct csc_error){0};
    assert_int_equal(csc_ledger_prove(s->ledger, 3, &foreign, &file, &err), -CSC_E_INVALID);
    assert_non_null(strstr(err.text, "another log"));
    csc_buf_puts(&foreign, "x");
    assert_int_equal(csc_ledger_prove(s->ledger, 3, &foreign, &file, NULL), -CSC_E_DATA);
}

static void statistics(void **state)
{
    struct scene *s = *state;
    const struct csc_intent intent = make_intent("exec-open");
    const struct csc_ledger_approval approval = {"approval-1", "ann", ""};
    struct csc_ledger_stats stats;
    size_t used;

    assert_int_equal(csc_ledger_stats(s->ledger, &stats, NULL), 0);
    assert_int_equal(stats.entries, 0);
    assert_int_equal(stats.first, 0);
    append_signed(s, 0, 5);
    assert_int_equal(append_one(s->ledger, 5, NULL, NULL), 0);
    assert_int_equal(csc_ledger_begin(s->ledger, &intent, &(struct csc_ledger_approvals){&approval, 1}, &used, NULL),
                     0);
    assert_int_equal(csc_ledger_stats(s->ledger, &stats, NULL), 0);
    assert_int_equal(stats.entries, 6);
    for (int i = 0; i < 4; i++)
        assert_int_equal(stats.by_status[i], i < 2 ? 2 : 1);
    assert_int_equal(stats.signed_receipts, 5);
    assert_int_equal(stats.used_approvals, 1);
    assert_int_equal(stats.open_intents, 1);
    assert_int_equal(stats.last - stats.first, INT64_C(300) * CSC_SECOND);
    assert_true(stats.bytes > 4096 && stats.bytes < 1000000);
}

static void approvals_are_used_once(void **state)
{
    struct scene *s = *state;
    const struct csc_ledger_approval approvals[] = {{"approval-1", "ann", ""}, {"approval-2", "bob", "SHA256:x"}};
    struct csc_ledger_stats stats;
    size_t used = 9;

    const struct csc_intent first = make_intent("exec-1"), second = make_intent("exec-2");
    assert_int_equal(csc_ledger_begin(s->ledger, &first, &(struct csc_ledger_approvals){&approvals[1], 1}, &used, NULL),
                     0);
    assert_int_equal(used, 9);
    /* The other of the two is not used up by what did not happen. */
    assert_int_equal(csc_ledger_begin(s->ledger, &second, &(struct csc_ledger_approvals){approvals, 2}, &used, NULL),
                     CSC_LEDGER_USED);
    assert_int_equal(used, 1);
    scene_reopen(s, CSC_LEDGER_WRITE);
    assert_int_equal(
        csc_ledger_begin(s->ledger, &second, &(struct csc_ledger_approvals){&approvals[1], 1}, &used, NULL),
        CSC_LEDGER_USED);
    assert_int_equal(used, 0);
    assert_int_equal(
        csc_ledger_begin(s->ledger, &second, &(struct csc_ledger_approvals){&approvals[0], 1}, &used, NULL), 0);
    assert_int_equal(csc_ledger_begin(s->ledger, &second, NULL, &used, NULL), -CSC_E_INVALID);
    assert_int_equal(csc_ledger_stats(s->ledger, &stats, NULL), 0);
    assert_int_equal(stats.used_approvals, 2);
    assert_int_equal(stats.open_intents, 2);
}

static void receipts_end_intents(void **state)
{
    struct scene *s = *state;
    const struct csc_intent intent = make_intent(id_of(4));
    struct csc_ledger_stats stats;
    size_t used;

    assert_int_equal(csc_ledger_begin(s->ledger, &intent, NULL, &used, NULL), 0);
    append_signed(s, 3, 5);
    assert_int_equal(csc_ledger_stats(s->ledger, &stats, NULL), 0);
    assert_int_equal(stats.open_intents, 0);
    assert_int_equal(stats.entries, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(filters, scene_begin, scene_end),
        cmocka_unit_test_setup_teardown(callback_stops, scene_begin, scene_end),
        cmocka_unit_test_setup_teardown(getting, scene_begin, scene_end),
        cmocka_unit_test_setup_teardown(entries_are_whole, scene_begin, scene_end),
        cmocka_unit_test_setup_teardown(one_receipt_an_execution, scene_begin, scene_end),
        cmocka_unit_test_setup_teardown(tree, scene_begin, scene_end),
        cmocka_unit_test_setup_teardown(proofs_that_cannot_be, scene_begin, scene_end),
        cmocka_unit_test_setup_teardown(statistics, scene_begin, scene_end),
        cmocka_unit_test_setup_teardown(approvals_are_used_once, scene_begin, scene_end),
        cmocka_unit_test_setup_teardown(receipts_end_intents, scene_begin, scene_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
