/* SPDX-License-Identifier: Apache-2.0 */
/* Verification: what is whole is said to be, and every change by hand is found, by entry. */
#include "store.h"

enum { ENTRIES = 11 };

static void assert_finds(const struct csc_ledger_finding *finding, enum csc_ledger_verdict verdict, const char *words)
{
    if (finding->verdict != verdict || !strstr(finding->text, words))
        fail_msg("verdict %d, '%s' is not %d, '%s'", finding->verdict, finding->text, verdict, words);
}

/* The ledger of a scene, checked against checkpoints. */
static struct csc_ledger_finding verify_with(struct scene *s, const struct csc_buf *notes, size_t count)
{
    struct csc_ledger_witness witnesses[4];
    struct csc_ledger_check check = full_check(s);

    for (size_t i = 0; i < count; i++)
        witnesses[i] = (struct csc_ledger_witness){"kept.txt", notes[i].data, notes[i].size};
    check.witnesses = witnesses;
    check.witness_count = count;
    return verify(s->ledger, &check);
}

static void whole(void **state)
{
    struct scene *s = *state;
    _cleanup_buf_ struct csc_buf early = {0}, late = {0};
    struct csc_ledger_finding finding = verify_with(s, NULL, 0);
    struct csc_merkle_head head;

    assert_finds(&finding, CSC_LEDGER_NOT_ESTABLISHED, "no checkpoint from outside");
    append_signed(s, 0, 5);
    assert_int_equal(csc_ledger_checkpoint(s->ledger, &s->signer, &early, NULL), 0);
    append_signed(s, 5, ENTRIES);
    assert_int_equal(append_one(s->ledger, ENTRIES, NULL, NULL), 0);
    assert_int_equal(append_one(s->ledger, ENTRIES + 1, &(struct csc_ledger_signer){s->key, "another"}, NULL), 0);
    finding = verify_with(s, &early, 1);
    assert_finds(&finding, CSC_LEDGER_COMPLETE, "");
    assert_int_equal(finding.covered, 5);
    assert_int_equal(finding.entries, ENTRIES + 2);
    assert_int_equal(finding.signatures, ENTRIES);
    assert_int_equal(finding.unsigned_receipts, 1);
    assert_int_equal(finding.other_keys, 1);
    assert_int_equal(csc_ledger_head(s->ledger, &head, NULL), 0);
    assert_int_equal(finding.head.size, head.size);
    assert_true(csc_merkle_equal(&finding.head.root, &head.root));
    assert_int_equal(csc_ledger_kept_checkpoint(s->ledger, &late, NULL), 0);
    const struct csc_buf both[] = {late, early};
    finding = verify_with(s, both, 2);
    assert_finds(&finding, CSC_LEDGER_COMPLETE, "");
    assert_int_equal(finding.covered, ENTRIES + 2);
}

static void without_key(void **state)
{
    struct scene *s = *state;
    const struct csc_ledger_check check = {0};

    append_signed(s, 0, 3);
    struct csc_ledger_finding finding = verify(s->ledger, &check);
    assert_finds(&finding, CSC_LEDGER_NOT_ESTABLISHED, "no key was given");
    assert_int_equal(finding.signatures, 0);
    assert_int_equal(finding.entries, 3);
}

static void intents_count(void **state)
{
    struct scene *s = *state;
    _cleanup_buf_ struct csc_buf note = {0};
    struct csc_intent intent = make_intent("exec-alive");
    size_t used;

    append_signed(s, 0, 3);
    assert_int_equal(csc_ledger_checkpoint(s->ledger, &s->signer, &note, NULL), 0);
    assert_int_equal(csc_ledger_begin(s->ledger, &intent, NULL, &used, NULL), 0);
    struct csc_ledger_finding finding = verify_with(s, &note, 1);
    assert_finds(&finding, CSC_LEDGER_COMPLETE, "");
    intent.execution_id = "exec-unseen";
    intent.runner.pid_namespace++;
    assert_int_equal(csc_ledger_begin(s->ledger, &intent, NULL, &used, NULL), 0);
    remove_locks(s->path);
    scene_reopen(s, CSC_LEDGER_READ);
    finding = verify_with(s, &note, 1);
    assert_finds(&finding, CSC_LEDGER_NOT_ESTABLISHED, "cannot be seen");
    intent.execution_id = "exec-dead";
    intent.runner = dead_runner();
    scene_reopen(s, CSC_LEDGER_WRITE);
    assert_int_equal(csc_ledger_begin(s->ledger, &intent, NULL, &used, NULL), 0);
    remove_locks(s->path);
    scene_reopen(s, CSC_LEDGER_READ);
    finding = verify_with(s, &note, 1);
    assert_finds(&finding, CSC_LEDGER_NOT_ESTABLISHED, "runner died");
    assert_int_equal(finding.dead, 1);
    assert_int_equal(finding.unknown, 1);
}

static const char swap[] = "CREATE TEMP TABLE t AS SELECT * FROM entries WHERE idx IN (3, 5);"
                           "DELETE FROM entries WHERE idx IN (3, 5);"
                           "UPDATE t SET idx = 8 - idx; INSERT INTO entries SELECT * FROM t;";

/* One change by hand each; the entry that is named, and how. -1: a change that nothing but the key's owner could tell
 * from the truth, and which nobody is told of. */
static const struct {
    const char *sql;
    int entry;
    const char *words;
} changes[] = {
    {"UPDATE entries SET execution_id = 'other' WHERE idx = 4", 4, "another execution_id"},
    {"UPDATE entries SET contract_id = 'contract 1' WHERE idx = 4", 4, "another contract_id"},
    {"UPDATE entries SET contract_id = 'contract \\\"1\\\"' WHERE idx = 4", 4, "another contract_id"},
    {"UPDATE entries SET contract_sha256 = upper(contract_sha256) WHERE idx = 4", 4, "another contract_sha256"},
    {"UPDATE entries SET policy_profile = 'x' WHERE idx = 4", 4, "another policy_profile"},
    {"UPDATE entries SET policy_profile = NULL WHERE idx = 4", 4, "another policy_profile"},
    {"UPDATE entries SET policy_sha256 = NULL WHERE idx = 4", 4, "another policy_sha256"},
    {"UPDATE entries SET signing_key_id = NULL WHERE idx = 4", 4, "another signing_key_id"},
    {"UPDATE entries SET signing_key_id = 'runner-2' WHERE idx = 4", 4, "another signing_key_id"},
    {"UPDATE entries SET status = 1 WHERE idx = 4", 4, "another status"},
    {"UPDATE entries SET status = 4 WHERE idx = 4", 4, "damaged"},
    {"UPDATE entries SET status = -1 WHERE idx = 4", 4, "damaged"},
    {"UPDATE entries SET hardened = 1 WHERE idx = 4", 4, "another execution_mode"},
    {"UPDATE entries SET hardened = 2 WHERE idx = 4", 4, "damaged"},
    {"UPDATE entries SET started_at = started_at + 1 WHERE idx = 4", 4, "another started_at"},
    {"UPDATE entries SET ended_at = ended_at - 1 WHERE idx = 4", 4, "another ended_at"},
    {"UPDATE entries SET receipt = x'7b7d' WHERE idx = 4", 4, "not the one that was appended"},
    {"UPDATE entries SET receipt = x'' WHERE idx = 4", 4, ""},
    {"UPDATE entries SET receipt = CAST(receipt || x'20' AS BLOB) WHERE idx = 4", 4, "not the one that was appended"},
    {"UPDATE entries SET receipt = (SELECT receipt FROM entries WHERE idx = 5) WHERE idx = 4", 4, "not the one"},
    {"UPDATE entries SET nodes = x'' WHERE idx = 4", 4, ""},
    {"UPDATE entries SET nodes = zeroblob(32) WHERE idx = 4", 4, "not the one that was appended"},
    {"UPDATE entries SET nodes = CAST(nodes || zeroblob(32) AS BLOB) WHERE idx = 4", 4, "does not follow"},
    {"UPDATE entries SET nodes = substr(nodes, 1, 32) WHERE idx = 7", 7, "does not follow"},
    {"UPDATE entries SET nodes = CAST(substr(nodes, 1, 64) || zeroblob(64) AS BLOB) WHERE idx = 7", 7,
     "does not follow"},
    {"UPDATE entries SET idx = 100 WHERE idx = 4", 4, "entry 4 is missing"},
    {"UPDATE entries SET idx = -1 WHERE idx = 4", 0, "damaged"},
    {"DELETE FROM entries WHERE idx = 0", 0, "entry 0 is missing"},
    {"DELETE FROM entries WHERE idx = 4", 4, "entry 4 is missing"},
    {"DELETE FROM entries WHERE idx >= 9", 9, "entries 9 to 10 are missing"},
    {"DELETE FROM entries", 0, "entries 0 to 10 are missing"},
    {swap, 3, "does not follow"},
    {"UPDATE log SET checkpoint = replace(checkpoint, '\n11\n', '\n10\n')", 0, "own checkpoint was changed"},
    {"UPDATE log SET checkpoint = 'x'", 0, "own checkpoint was changed"},
    {"UPDATE log SET origin = 'csc-ledger/another'", 0, "own checkpoint is of the log"},
    {"DELETE FROM intents", 11, "approval 'approval-1' is missing"},
    {"UPDATE intents SET execution_id = 'x'", 11, "approval 'approval-1' is missing"},
    {"UPDATE intents SET hardened = 7", 11, "damaged"},
    {"UPDATE intents SET pid = 0", 11, "damaged"},
    {"UPDATE intents SET boot_id = boot_id || 'x'", 11, "damaged"},
    {"UPDATE approvals SET execution_id = 'x'", 11, "approval 'approval-1' is missing"},
    /* Told, not proven: no receipt says it. */
    {"UPDATE entries SET agent_id = 'x', session_id = 'x', initiating_user = 'x' WHERE idx = 4", -1, ""},
    {"UPDATE log SET checkpoint = NULL", -1, ""},
    {"UPDATE approvals SET identity = 'x', key = 'x', used_at = 0", -1, ""},
    {"UPDATE intents SET contract_id = 'x', started_at = 7, agent_id = NULL", -1, ""},
};

static void changed_by_hand(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
        const struct csc_ledger_approval approval = {"approval-1", "ann", ""};
        void *scene;
        size_t used;
        (void)scene_begin(&scene);
        struct scene *s = scene;
        const struct csc_intent intent = make_intent("exec-running");
        append_signed(s, 0, ENTRIES);
        assert_int_equal(
            csc_ledger_begin(s->ledger, &intent, &(struct csc_ledger_approvals){&approval, 1}, &used, NULL), 0);
        csc_ledger_close(s->ledger);
        sql(s->path, changes[i].sql);
        s->ledger = open_ledger(s->path, CSC_LEDGER_READ);
        struct csc_ledger_finding finding = verify_with(s, NULL, 0);
        bool found = finding.verdict == CSC_LEDGER_GAP && finding.has_difference;
        if (found != (changes[i].entry >= 0) || (found && finding.difference_at != (uint64_t)changes[i].entry) ||
            (found && !strstr(finding.text, changes[i].words)))
            fail_msg("%s: verdict %d at %llu: %s", changes[i].sql, finding.verdict,
                     (unsigned long long)finding.difference_at, finding.text);
        (void)scene_end(&scene);
    }
}

/* A tree that was made anew over changed receipts agrees with itself; signatures, and checkpoints, do not. */
static void rebuilt(void **state)
{
    struct scene *s = *state;
    _cleanup_buf_ struct csc_buf note = {0};
    char *copied = strdup(folder_path(s->folder, "made-anew.db"));
    struct csc_ledger *forged = NULL;
    char text[200];

    append_signed(s, 0, 6);
    assert_int_equal(csc_ledger_checkpoint(s->ledger, &s->signer, &note, NULL), 0);
    /* The same log, by its name, with one entry fewer, and all without a signature on the tree. */
    forged = open_ledger(copied, CSC_LEDGER_WRITE);
    for (int n = 0; n < 6; n++)
        assert_int_equal(append_one(forged, n == 3 ? 33 : n, n == 3 ? NULL : &s->signer, NULL), 0);
    csc_ledger_close(forged);
    (void)snprintf(text, sizeof(text), "UPDATE log SET origin = '%s', checkpoint = NULL", csc_ledger_origin(s->ledger));
    sql(copied, text);
    csc_ledger_close(s->ledger);
    s->ledger = open_ledger(copied, CSC_LEDGER_READ);
    struct csc_ledger_finding finding = verify_with(s, NULL, 0);
    assert_finds(&finding, CSC_LEDGER_NOT_ESTABLISHED, "no checkpoint from outside");
    finding = verify_with(s, &note, 1);
    assert_finds(&finding, CSC_LEDGER_GAP, "an entry from 0 to 5 is not what it was");
    free(copied);
}

/* What contradicts the kept checkpoint is not gone on from: the next one would hide it. */
static const struct {
    const char *sql, *words;
} laundered[] = {
    {"DELETE FROM entries WHERE idx >= 2", "entries 2 to 5 are missing: the checkpoint kept in the ledger covers them"},
    {"DELETE FROM entries", "entries 0 to 5 are missing"},
    {"UPDATE entries SET nodes = zeroblob(length(nodes)) WHERE idx = 3", "another root"},
    {"UPDATE log SET checkpoint = 'x'", "own checkpoint was changed"},
    {"UPDATE log SET checkpoint = replace(checkpoint, '\n6\n', '\n5\n')", "own checkpoint was changed"},
    {"UPDATE log SET origin = 'csc-ledger/another'", "own checkpoint is of the log"},
};

static void assert_kept_from(int r, struct csc_error *err, const char *words)
{
    if (r != -CSC_E_DATA || !strstr(err->text, words) || !strstr(err->text, "begin a new one"))
        fail_msg("%d, '%s' is not '%s'", r, err->text, words);
    *err = (struct csc_error){0};
}

static void not_laundered(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(laundered); i++) {
        _cleanup_buf_ struct csc_buf before = {0}, after = {0}, note = {0};
        const struct csc_intent intent = make_intent("exec-next");
        struct csc_error err = {0};
        struct csc_ledger_stats stats;
        void *scene;
        size_t used;
        (void)scene_begin(&scene);
        struct scene *s = scene;
        append_signed(s, 0, 6);
        csc_ledger_close(s->ledger);
        sql(s->path, laundered[i].sql);
        s->ledger = open_ledger(s->path, CSC_LEDGER_WRITE);
        assert_int_equal(csc_ledger_kept_checkpoint(s->ledger, &before, NULL), 0);
        const char *words = laundered[i].words;
        assert_kept_from(append_one(s->ledger, 6, &s->signer, &err), &err, words);
        if (!strstr(laundered[i].sql, "'\n5\n'")) { /* without a key a signature says nothing, but the root does */
            assert_kept_from(append_one(s->ledger, 6, NULL, &err), &err, words);
            assert_kept_from(csc_ledger_begin(s->ledger, &intent, NULL, &used, &err), &err, words);
        }
        assert_kept_from(csc_ledger_checkpoint(s->ledger, &s->signer, &note, &err), &err, words);
        assert_int_equal(csc_ledger_kept_checkpoint(s->ledger, &after, NULL), 0);
        assert_string_equal(before.data, after.data);
        assert_int_equal(csc_ledger_stats(s->ledger, &stats, NULL), 0);
        assert_int_equal(stats.open_intents, 0);
        struct csc_ledger_finding finding = verify_with(s, NULL, 0);
        assert_int_equal(finding.verdict, CSC_LEDGER_GAP);
        (void)scene_end(&scene);
    }
}

/* What the kept checkpoint does not cover yet is no contradiction. */
static void unsigned_after_kept(void **state)
{
    struct scene *s = *state;
    _cleanup_buf_ struct csc_buf note = {0};

    append_signed(s, 0, 5);
    for (int n = 5; n < 12; n++)
        assert_int_equal(append_one(s->ledger, n, NULL, NULL), 0);
    append_signed(s, 12, 14);
    assert_int_equal(csc_ledger_checkpoint(s->ledger, &s->signer, &note, NULL), 0);
    struct csc_ledger_finding finding = verify_with(s, &note, 1);
    assert_finds(&finding, CSC_LEDGER_COMPLETE, "");
}

static void signatures(void **state)
{
    struct scene *s = *state;
    struct csc_receipt *receipt = make_receipt(1, "exec-x"), *forged = NULL;
    _cleanup_buf_ struct csc_buf bytes = {0};
    uint64_t index;

    append_signed(s, 0, 2);
    assert_int_equal(csc_receipt_sign(receipt, s->key, KEY_ID, NULL), 0);
    csc_canon_write(&bytes, &receipt->root);
    memcpy(strstr(bytes.data, "exec-x"), "exec-y", 6);
    assert_int_equal(csc_receipt_parse(bytes.data, bytes.size, &forged, NULL), 0);
    const struct csc_ledger_item item = {.receipt = forged};
    assert_int_equal(csc_ledger_append(s->ledger, &item, &s->signer, &index, NULL), 0);
    struct csc_ledger_finding finding = verify_with(s, NULL, 0);
    assert_finds(&finding, CSC_LEDGER_GAP, "entry 2: its signature is wrong");
    assert_int_equal(finding.difference_at, 2);
    csc_receipt_free(receipt);
    csc_receipt_free(forged);
}

/* The database as it was earlier, put back. */
static void older_copy(void **state)
{
    struct scene *s = *state;
    _cleanup_buf_ struct csc_buf note = {0}, older = {0};
    char command[600];

    append_signed(s, 0, 4);
    csc_ledger_close(s->ledger);
    (void)snprintf(command, sizeof(command), "cd %s && mkdir old && cp ledger.db* old", s->folder);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c) */
    s->ledger = open_ledger(s->path, CSC_LEDGER_WRITE);
    assert_int_equal(csc_ledger_checkpoint(s->ledger, &s->signer, &older, NULL), 0);
    append_signed(s, 4, 7);
    assert_int_equal(csc_ledger_checkpoint(s->ledger, &s->signer, &note, NULL), 0);
    csc_ledger_close(s->ledger);
    (void)snprintf(command, sizeof(command), "cd %s && rm ledger.db* && cp old/ledger.db* .", s->folder);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c) */
    s->ledger = open_ledger(s->path, CSC_LEDGER_WRITE);
    struct csc_ledger_finding finding = verify_with(s, &older, 1);
    assert_finds(&finding, CSC_LEDGER_COMPLETE, "");
    finding = verify_with(s, &note, 1);
    assert_finds(&finding, CSC_LEDGER_GAP, "entries 4 to 6 are missing");
    assert_int_equal(finding.difference_at, 4);
    /* Continued from there, it has another root at that size. */
    append_signed(s, 100, 104);
    const struct csc_buf both[] = {note, older};
    finding = verify_with(s, both, 2);
    assert_finds(&finding, CSC_LEDGER_GAP, "an entry from 4 to 6 is not what it was");
    assert_int_equal(finding.difference_at, 4);
}

static void witnesses(void **state)
{
    struct scene *s = *state;
    _cleanup_buf_ struct csc_buf note = {0}, other = {0};
    char *second = strdup(folder_path(s->folder, "second.db"));
    struct csc_ledger *another = open_ledger(second, CSC_LEDGER_WRITE);
    struct csc_ledger_finding finding;
    struct csc_ledger_check check = full_check(s);
    struct csc_error err = {0};

    append_signed(s, 0, 2);
    assert_int_equal(csc_ledger_checkpoint(another, &s->signer, &other, NULL), 0);
    finding = verify_with(s, &other, 1);
    assert_finds(&finding, CSC_LEDGER_GAP, "another ledger, or one made anew");
    csc_ledger_close(another);
    /* What cannot be read, or was not signed by the key, says nothing about the ledger. */
    const struct csc_ledger_witness malformed = {"m.txt", "x\n", 2},
                                    foreign = {"f.txt", CHECKPOINT, sizeof(CHECKPOINT) - 1};
    check.witness_count = 1;
    check.witnesses = &malformed;
    assert_int_equal(csc_ledger_verify(s->ledger, &check, &finding, &err), -CSC_E_DATA);
    assert_non_null(strstr(err.text, "m.txt: "));
    err = (struct csc_error){0};
    assert_int_equal(csc_ledger_checkpoint(s->ledger, &s->signer, &note, NULL), 0);
    char *altered = strdup(note.data);
    *strchr(altered, '2') = '1'; /* a digit of the size or of the name, which the signature covers */
    const struct csc_ledger_witness changed = {"c.txt", altered, note.size};
    check.witnesses = &changed;
    assert_true(csc_ledger_verify(s->ledger, &check, &finding, &err) < 0);
    assert_non_null(strstr(err.text, "c.txt: "));
    check.witnesses = &foreign; /* the samples' log has this key */
    assert_int_equal(csc_ledger_verify(s->ledger, &check, &finding, NULL), 0);
    assert_int_equal(finding.verdict, CSC_LEDGER_GAP);
    free(altered);
    free(second);
}

static void progress(void *context, uint64_t done, uint64_t of)
{
    uint64_t *seen = context;

    assert_true(done <= of);
    *seen = done;
}

static void tells_progress(void **state)
{
    struct scene *s = *state;
    struct csc_ledger_check check = full_check(s);
    uint64_t seen = 0;

    append_signed(s, 0, 3);
    check.progress = progress;
    check.context = &seen;
    (void)verify(s->ledger, &check);
    assert_int_equal(seen, 3);
}

/* Pages of zeros, or of noise, in the place of each page of the file: found, and no crash. */
static void corrupt_pages(void **state)
{
    struct scene *s = *state;
    unsigned found = 0, pages = 0;
    struct stat st;

    append_signed(s, 0, 40);
    csc_ledger_close(s->ledger);
    s->ledger = NULL;
    sql(s->path, "PRAGMA wal_checkpoint(TRUNCATE)");
    assert_int_equal(stat(s->path, &st), 0);
    for (off_t at = 0; at < st.st_size; at += 4096, pages++) {
        char page[4096], noise[4096];
        int fd = open(s->path, O_RDWR | O_CLOEXEC);
        struct csc_ledger *ledger = NULL;
        struct csc_error err = {0};
        assert_int_equal(pread(fd, page, sizeof(page), at), sizeof(page));
        for (size_t i = 0; i < sizeof(noise); i++)
            noise[i] = (char)(at / 4096 % 2 ? 0 : i * 31 + 7);
        assert_int_equal(pwrite(fd, noise, sizeof(noise), at), sizeof(noise));
        int r = csc_ledger_open(s->path, CSC_LEDGER_READ, &ledger, &err);
        if (r < 0) {
            assert_int_equal(r, -CSC_E_DATA);
            found++;
        } else {
            struct csc_ledger_finding finding = {0};
            struct csc_ledger_check check = full_check(s);
            err = (struct csc_error){0};
            r = csc_ledger_verify(ledger, &check, &finding, &err);
            if (r < 0)
                fail_msg("page %lld: %s", (long long)at / 4096, err.text);
            found += finding.has_difference;
        }
        csc_ledger_close(ledger);
        assert_int_equal(pwrite(fd, page, sizeof(page), at), sizeof(page));
        (void)close(fd);
    }
    /* Pages of indexes that verification does not use are not looked at. */
    assert_true(pages > 20);
    assert_true(found > pages / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(whole, scene_begin, scene_end),
        cmocka_unit_test_setup_teardown(without_key, scene_begin, scene_end),
        cmocka_unit_test_setup_teardown(intents_count, scene_begin, scene_end),
        cmocka_unit_test(changed_by_hand),
        cmocka_unit_test_setup_teardown(rebuilt, scene_begin, scene_end),
        cmocka_unit_test(not_laundered),
        cmocka_unit_test_setup_teardown(unsigned_after_kept, scene_begin, scene_end),
        cmocka_unit_test_setup_teardown(signatures, scene_begin, scene_end),
        cmocka_unit_test_setup_teardown(older_copy, scene_begin, scene_end),
        cmocka_unit_test_setup_teardown(witnesses, scene_begin, scene_end),
        cmocka_unit_test_setup_teardown(tells_progress, scene_begin, scene_end),
        cmocka_unit_test_setup_teardown(corrupt_pages, scene_begin, scene_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
