/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a ledger is what was written to it. Whoever can write the database can make all of it agree with itself,
 * without a key: so what counts is what the key signed, receipts, and checkpoints that are kept elsewhere.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ledger/store.h"

enum { STOP = 1, PROGRESS_ENTRIES = 4096 };

/* A root that the tree must have at a size. */
struct mark {
    const char *name;
    struct csc_merkle_head head;
    bool from_outside; /* vouches for what it covers */
};

struct verifier {
    struct csc_ledger *ledger;
    const struct csc_ledger_check *check;
    struct csc_ledger_finding *finding;
    struct csc_error *err;
    struct csc_merkle_frontier frontier;
    struct mark *marks;
    size_t mark_count;
    uint64_t agreed; /* entries, up to the last mark that was right */
    uint64_t total;
    struct csc_buf payload, scratch;
};

static void verifier_free(struct verifier *v)
{
    free(v->marks);
    csc_buf_free(&v->payload);
    csc_buf_free(&v->scratch);
}

/* The first difference ends the verification: what comes after it follows from it. */
__attribute__((format(printf, 3, 4))) static int differ(struct verifier *v, uint64_t at, const char *format, ...)
{
    struct csc_ledger_finding *finding = v->finding;
    char raw[sizeof(finding->text)];
    va_list args;

    if (finding->has_difference)
        return STOP;
    va_start(args, format);
    (void)vsnprintf(raw, sizeof(raw), format, args);
    va_end(args);
    (void)csc_text_escape(finding->text, sizeof(finding->text), raw, strlen(raw));
    finding->verdict = CSC_LEDGER_GAP;
    finding->has_difference = true;
    finding->difference_at = at;
    return STOP;
}

/* ---- checkpoints -------------------------------------------------------------------------------------------- */

static int note_key(const struct verifier *v, const char *origin, struct csc_note_key *ret_key, struct csc_error *err)
{
    return csc_note_key_make(origin, v->check->key, ret_key, err);
}

/* The checkpoint of a witness. One that cannot be read, or that the key did not sign, says nothing: an error. One of
 * another log, signed with this key: then this is not the log that the witness saw. */
static int read_witness(struct verifier *v, const struct csc_ledger_witness *witness, struct mark *mark)
{
    struct csc_checkpoint checkpoint;
    struct csc_error failure = {0};
    struct csc_note_key key;
    struct csc_note note;

    int r = csc_note_parse(witness->bytes, witness->size, 1, &note, &failure);
    if (r == 0)
        r = csc_checkpoint_parse(&note, &checkpoint, &failure);
    if (r == 0 && v->check->key)
        r = note_key(v, checkpoint.origin, &key, &failure);
    if (r == 0 && v->check->key)
        r = csc_checkpoint_verify(&checkpoint, &note, &key, &failure);
    if (r < 0)
        return csc_fail(v->err, failure.code, "%s: %s", witness->name, failure.text);
    if (strcmp(checkpoint.origin, csc_ledger_origin(v->ledger)) != 0)
        return differ(v, 0, "checkpoint %s is of the log %.80s, this one is %s: another ledger, or one made anew",
                      witness->name, checkpoint.origin, csc_ledger_origin(v->ledger));
    *mark = (struct mark){witness->name, checkpoint.head, true};
    return 0;
}

/* The one in the ledger itself: no witness, but what it says must hold. */
static int read_kept(struct verifier *v, struct mark *mark)
{
    struct csc_error failure = {0};
    struct csc_merkle_head head;

    int r = csc_ledger_read_kept(v->ledger, v->check->key, &head, &failure);
    if (r == -CSC_E_DATA)
        return differ(v, 0, "%s", failure.text);
    if (r <= 0)
        return r < 0 ? csc_fail(v->err, failure.code, "%s", failure.text) : 0;
    *mark = (struct mark){"kept in the ledger", head, false};
    return 1;
}

static int read_marks(struct verifier *v)
{
    size_t count = v->check->witness_count;

    v->marks = calloc(count + 1, sizeof(*v->marks));
    if (!v->marks)
        return csc_fail_memory(v->err);
    for (size_t i = 0; i < count; i++) {
        int r = read_witness(v, &v->check->witnesses[i], &v->marks[v->mark_count]);
        if (r < 0)
            return r;
        v->mark_count += r == 0;
    }
    if (v->finding->has_difference)
        return 0;
    int r = read_kept(v, &v->marks[v->mark_count]);
    if (r > 0 && !v->finding->has_difference)
        v->mark_count++;
    return r < 0 ? r : 0;
}

/* Compares the roots of marks of this size. */
static int check_marks(struct verifier *v)
{
    struct csc_merkle_hash root;
    bool known = false;

    for (size_t i = 0; i < v->mark_count; i++) {
        const struct mark *mark = &v->marks[i];
        if (mark->head.size != v->frontier.size)
            continue;
        if (!known)
            csc_merkle_root(&v->frontier, &root);
        known = true;
        if (!csc_merkle_equal(&root, &mark->head.root))
            return mark->head.size == 0
                       ? differ(v, 0, "checkpoint %s has a root that no empty log has", mark->name)
                       : differ(v, v->agreed,
                                "an entry from %llu to %llu is not what it was: checkpoint %s has another root",
                                (unsigned long long)v->agreed, (unsigned long long)mark->head.size - 1, mark->name);
        v->agreed = mark->head.size;
        if (mark->from_outside)
            v->finding->covered = mark->head.size;
    }
    return 0;
}

/* ---- entries ------------------------------------------------------------------------------------------------ */

static int check_tree(struct verifier *v, const struct csc_store_row *row)
{
    struct csc_merkle_hash leaf, nodes[CSC_MERKLE_LEVELS];

    csc_merkle_leaf(row->entry.receipt, row->entry.receipt_size, &leaf);
    if (row->nodes_size < sizeof(leaf.bytes) || memcmp(row->nodes, leaf.bytes, sizeof(leaf.bytes)) != 0)
        return differ(v, v->frontier.size, "entry %llu: its receipt is not the one that was appended",
                      (unsigned long long)v->frontier.size);
    size_t size = csc_merkle_append(&v->frontier, &leaf, nodes) * sizeof(leaf.bytes);
    if (row->nodes_size != size || memcmp(row->nodes, nodes, size) != 0)
        return differ(v, v->frontier.size - 1,
                      "entry %llu: its part of the tree does not follow from the entries up to it",
                      (unsigned long long)v->frontier.size - 1);
    return 0;
}

static void receipt_cleanup(struct csc_receipt **receipt)
{
    csc_receipt_free(*receipt);
}

/* A receipt that no signature vouches for is read like any foreign one. */
static int check_form(struct verifier *v, const struct csc_ledger_entry *entry)
{
    _cleanup_(receipt_cleanup) struct csc_receipt *receipt = NULL;
    struct csc_error failure = {0};

    int r = csc_receipt_parse(entry->receipt, entry->receipt_size, &receipt, &failure);
    if (r == -CSC_E_DATA)
        return differ(v, entry->index, "entry %llu: is no receipt: %s %s", (unsigned long long)entry->index,
                      failure.field, failure.text);
    return r < 0 ? csc_fail(v->err, failure.code, "%s", failure.text) : 0;
}

/*
 * What is signed are the canonical bytes without the member signature.signature (protocol section 2), and the stored
 * bytes are canonical, or the signature does not verify. The member is followed by signed_at, since members are sorted.
 */
static int check_signature(struct verifier *v, const struct csc_ledger_entry *entry,
                           const struct csc_receipt_scan *scan)
{
    static const char name[] = "\"signature\":";
    const char *value = scan->signature.bytes, *end = entry->receipt + entry->receipt_size;
    const char *begin = value - (sizeof(name) - 1), *after = value + scan->signature.size;
    uint8_t signature[CSC_SIGNATURE_BYTES];

    if (scan->signature.size < 2 || *after != ',' || memcmp(begin, name, sizeof(name) - 1) != 0 ||
        !csc_base64_decode(value + 1, scan->signature.size - 2, signature, sizeof(signature)))
        return differ(v, entry->index, "entry %llu: its signature is malformed", (unsigned long long)entry->index);
    v->payload.size = 0;
    csc_buf_append(&v->payload, entry->receipt, (size_t)(begin - entry->receipt));
    csc_buf_append(&v->payload, after + 1, (size_t)(end - after - 1));
    if (v->payload.failed)
        return csc_fail_memory(v->err);
    if (!csc_ed25519_verify(v->check->key, v->payload.data, v->payload.size, signature))
        return differ(v, entry->index,
                      "entry %llu: its signature is wrong: the receipt was altered, or another key signed it",
                      (unsigned long long)entry->index);
    v->finding->signatures++;
    return 0;
}

/* The receipt that csc_ledger_settle() writes. Threat: a command that prints those words. Output that was cut has
 * captured bytes, so that no command's receipt has the hash of nothing beside it. */
static bool is_of_lost_run(struct verifier *v, const struct csc_receipt_scan *scan)
{
    char of_nothing[CSC_SHA256_HEX], hash[sizeof("sha256:") + sizeof(of_nothing)];

    csc_sha256_hex("", 0, of_nothing);
    (void)snprintf(hash, sizeof(hash), "sha256:%s", of_nothing);
    return csc_slice_is(&scan->fields[CSC_FIELD_ERROR], CSC_LOST_RUN_ERROR, &v->scratch) &&
           csc_slice_is(&scan->fields[CSC_FIELD_STDOUT_HASH], hash, &v->scratch) &&
           scan->fields[CSC_FIELD_STDOUT_TRUNCATED].size > 0;
}

/* Who runs commands in a sandbox signs evidence of it, of refusals too: a receipt without that was robbed of it. */
static int require_evidence(struct verifier *v, const struct csc_ledger_entry *entry,
                            const struct csc_receipt_scan *scan)
{
    if (!entry->hardened || !entry->signing_key_id || is_of_lost_run(v, scan))
        return 0;
    return differ(v, entry->index, "entry %llu: signed in hardened mode, and its evidence is missing",
                  (unsigned long long)entry->index);
}

/* The columns and tables beside the tree, as far as evidence says them. */
static int check_told(struct verifier *v, const struct csc_ledger_entry *entry, const struct csc_evidence_seen *seen)
{
    struct csc_error failure = {0};

    v->scratch.size = 0;
    int r = csc_ledger_compare_told(v->ledger, entry, seen->predicate, &v->scratch, &failure);
    if (r == -CSC_E_DATA)
        return differ(v, entry->index, "entry %llu: the used approvals: %s", (unsigned long long)entry->index,
                      failure.text);
    if (r < 0)
        return csc_fail(v->err, failure.code, "%s", failure.text);
    return v->scratch.size == 0
               ? 0
               : differ(v, entry->index, "entry %llu: %s", (unsigned long long)entry->index, v->scratch.data);
}

static void evidence_cleanup(struct csc_evidence_seen **seen)
{
    csc_evidence_seen_free(*seen);
}

/* Signed by whoever signed the receipt, and about this one. */
static int check_evidence(struct verifier *v, const struct csc_ledger_entry *entry, const struct csc_receipt_scan *scan)
{
    _cleanup_(evidence_cleanup) struct csc_evidence_seen *seen = NULL;
    const struct csc_ledger_check *check = v->check;
    char sha256[CSC_SHA256_HEX];
    struct csc_error flaw = {0};

    if (!entry->evidence)
        return require_evidence(v, entry, scan);
    if (!check->key || !check->key_id || !entry->signing_key_id || strcmp(entry->signing_key_id, check->key_id) != 0)
        return 0;
    int r = csc_evidence_verify(entry->evidence, strlen(entry->evidence), check->key, &seen, &flaw);
    if (r == -CSC_E_INTERNAL)
        return csc_fail(v->err, CSC_E_INTERNAL, "%s", flaw.text);
    if (r < 0)
        return differ(v, entry->index, "entry %llu: its evidence: %s", (unsigned long long)entry->index, flaw.text);
    csc_sha256_hex(entry->receipt, entry->receipt_size, sha256);
    if (strcmp(sha256, seen->receipt_sha256) != 0)
        return differ(v, entry->index, "entry %llu: its evidence is about another receipt",
                      (unsigned long long)entry->index);
    return check_told(v, entry, seen);
}

static int check_receipt(struct verifier *v, const struct csc_ledger_entry *entry)
{
    const char *key_id = v->check->key ? v->check->key_id : NULL;
    struct csc_receipt_scan scan;

    if (!csc_receipt_scan(entry->receipt, entry->receipt_size, &scan))
        return differ(v, entry->index, "entry %llu: is no receipt in canonical form", (unsigned long long)entry->index);
    const char *column = csc_receipt_differs(&scan, entry, &v->scratch);
    if (v->scratch.failed)
        return csc_fail_memory(v->err);
    if (column)
        return differ(v, entry->index, "entry %llu: the ledger says another %s than the receipt",
                      (unsigned long long)entry->index, column);
    int r;
    if (!entry->signing_key_id) {
        v->finding->unsigned_receipts++;
        r = v->check->key ? check_form(v, entry) : 0;
    } else if (!key_id || strcmp(entry->signing_key_id, key_id) != 0) {
        v->finding->other_keys += v->check->key != NULL;
        r = v->check->key ? check_form(v, entry) : 0;
    } else {
        r = check_signature(v, entry, &scan);
    }
    return r == 0 ? check_evidence(v, entry, &scan) : r;
}

static int check_entry(void *context, const struct csc_store_row *row)
{
    const struct csc_ledger_entry *entry = &row->entry;
    struct verifier *v = context;
    uint64_t expected = v->frontier.size;

    if (entry->index != expected)
        return differ(v, expected, "entry %llu is missing", (unsigned long long)expected);
    int r = check_tree(v, row);
    if (r == 0)
        r = check_receipt(v, entry);
    if (r == 0)
        r = check_marks(v);
    v->finding->entries++;
    if (v->check->progress && v->finding->entries % PROGRESS_ENTRIES == 0)
        v->check->progress(v->check->context, v->finding->entries, v->total);
    return r;
}

/* All of them, in order. Damage within the database shows where its pages are read. */
static int check_entries(struct verifier *v)
{
    const struct csc_store_query all = {0};
    struct csc_error failure = {0};

    int r = v->ledger->ops->size(v->ledger->store, &v->total, &failure);
    if (r == 0)
        r = check_marks(v); /* of the empty log */
    if (r == 0)
        r = v->ledger->ops->each(v->ledger->store, &all, check_entry, v, &failure);
    if (r < 0 && failure.code == CSC_OK)
        return r; /* of check_entry(), which said why */
    if (r == -CSC_E_DATA)
        return differ(v, v->frontier.size, "entry %llu: %s", (unsigned long long)v->frontier.size, failure.text);
    if (r < 0)
        return csc_fail(v->err, failure.code, "%s", failure.text);
    if (v->check->progress)
        v->check->progress(v->check->context, v->finding->entries, v->total);
    return 0;
}

/* ---- what is not there -------------------------------------------------------------------------------------- */

static int check_tail(struct verifier *v)
{
    uint64_t size = v->frontier.size;

    for (size_t i = 0; i < v->mark_count; i++)
        if (v->marks[i].head.size > size)
            return differ(v, size, "entries %llu to %llu are missing: checkpoint %s covers them",
                          (unsigned long long)size, (unsigned long long)v->marks[i].head.size - 1, v->marks[i].name);
    return 0;
}

/* Using an approval up, beginning, and appending leave no state in which this can be. */
static int check_approvals(struct verifier *v)
{
    _cleanup_buf_ struct csc_buf id = {0};
    struct csc_error failure = {0};

    int r = v->ledger->ops->find_stray_approval(v->ledger->store, &id, &failure);
    if (r == -CSC_E_INPUT && failure.code == CSC_OK)
        return 0;
    if (r == -CSC_E_DATA)
        return differ(v, v->frontier.size, "the used approvals: %s", failure.text);
    if (r < 0)
        return csc_fail(v->err, failure.code, "%s", failure.text);
    return differ(v, v->frontier.size, "the receipt of the execution that used approval '%.100s' is missing", id.data);
}

static int count_intent(void *context, const struct csc_intent *intent)
{
    enum csc_runner_state state = csc_ledger_look(intent);
    struct csc_ledger_finding *finding = context;

    finding->dead += state == CSC_RUNNER_GONE;
    finding->unknown += state == CSC_RUNNER_UNKNOWN;
    return 0;
}

static int check_intents(struct verifier *v)
{
    struct csc_error failure = {0};

    int r = v->ledger->ops->each_intent(v->ledger->store, count_intent, v->finding, &failure);
    if (r == -CSC_E_DATA)
        return differ(v, v->frontier.size, "the executions that began: %s", failure.text);
    return r < 0 ? csc_fail(v->err, failure.code, "%s", failure.text) : 0;
}

/* No more than what was proven: what came after the last checkpoint may have been longer. */
static void say_how_far(struct csc_ledger_finding *finding)
{
    uint64_t after = finding->entries - finding->covered;
    char rest[200] = "", others[120] = "";

    if (after > 0)
        (void)snprintf(rest, sizeof(rest),
                       "; the %llu entr%s after it %s as %s; nothing vouches that none is missing after %s",
                       (unsigned long long)after, after == 1 ? "y" : "ies", after == 1 ? "is" : "are",
                       after == 1 ? "it stands" : "they stand", after == 1 ? "it" : "them");
    if (finding->other_keys > 0)
        (void)snprintf(others, sizeof(others), "; %llu signed by other keys %s not checked but as leaves of the tree",
                       (unsigned long long)finding->other_keys, finding->other_keys == 1 ? "is" : "are");
    (void)snprintf(finding->text, sizeof(finding->text), "up to entry %llu, as the checkpoint given proves%s%s",
                   (unsigned long long)finding->covered - 1, rest, others);
}

static void conclude(struct verifier *v)
{
    struct csc_ledger_finding *finding = v->finding;
    const char *why = NULL;

    if (finding->has_difference)
        return;
    if (!v->check->key)
        why = "no key was given, so no signature was checked";
    else if (finding->covered == 0)
        why = "no checkpoint from outside vouches for any entry; keep one elsewhere and give it";
    else if (finding->dead > 0)
        why = "an execution began and has no receipt, since its runner died; the next signed run gives it one";
    else if (finding->unknown > 0)
        why = "an execution began and has no receipt: its runner cannot be seen from here, or what is recorded of it "
              "makes none";
    if (why) {
        (void)snprintf(finding->text, sizeof(finding->text), "%s", why);
        return;
    }
    finding->verdict = CSC_LEDGER_COMPLETE;
    say_how_far(finding);
}

static int verify(struct verifier *v)
{
    int (*const steps[])(struct verifier * v) = {read_marks, check_entries, check_tail, check_approvals, check_intents};
    int r = 0;

    if (v->check->key)
        r = csc_crypto_ready(v->err);
    for (size_t i = 0; i < ARRAY_SIZE(steps) && r >= 0; i++)
        if (!v->finding->has_difference)
            r = steps[i](v);
    if (r < 0)
        return r;
    v->finding->head.size = v->frontier.size;
    csc_merkle_root(&v->frontier, &v->finding->head.root);
    conclude(v);
    return 0;
}

int csc_ledger_verify(struct csc_ledger *ledger, const struct csc_ledger_check *check,
                      struct csc_ledger_finding *ret_finding, struct csc_error *err)
{
    struct csc_ledger_finding finding = {0};
    struct csc_error failure = {0};
    _cleanup_(verifier_free) struct verifier v = {
        .ledger = ledger, .check = check, .finding = &finding, .err = &failure};

    int r = ledger->ops->begin(ledger->store, false, &failure);
    if (r == 0)
        r = verify(&v);
    ledger->ops->rollback(ledger->store);
    if (r < 0)
        return csc_error_in_stage(err, "ledger", csc_fail(err, failure.code, "%s", failure.text));
    *ret_finding = finding;
    return 0;
}
