/* SPDX-License-Identifier: Apache-2.0 */
/* What is in a ledger, and proofs from it. */
#include <errno.h>
#include <string.h>

#include "ledger/store.h"

enum { PREFIX_MIN = 8 };

struct each_entry {
    int (*call)(void *context, const struct csc_ledger_entry *entry);
    void *context;
};

static int hand_on(void *context, const struct csc_store_row *row)
{
    const struct each_entry *each = context;

    return each->call(each->context, &row->entry);
}

int csc_ledger_each(struct csc_ledger *ledger, const struct csc_ledger_filter *filter,
                    int (*each)(void *context, const struct csc_ledger_entry *entry), void *context,
                    struct csc_error *err)
{
    const struct csc_store_query query = {.filter = filter};
    struct each_entry call = {each, context};

    int r = ledger->ops->each(ledger->store, &query, hand_on, &call, err);
    return r < 0 ? csc_error_in_stage(err, "ledger", r) : r;
}

/* ---- one entry ---------------------------------------------------------------------------------------------- */

struct found {
    struct csc_arena *arena;
    struct csc_ledger_entry entry;
    unsigned count;
    bool failed;
};

static const char *copy(struct found *found, const char *text)
{
    const char *copied = text ? csc_arena_copy(found->arena, text, strlen(text)) : NULL;

    found->failed |= text && !copied;
    return copied;
}

static int keep(void *context, const struct csc_store_row *row)
{
    struct found *found = context;
    struct csc_ledger_entry *entry = &found->entry;

    if (found->count++ > 0)
        return 1;
    *entry = row->entry;
    const char **strings[] = {&entry->execution_id,   &entry->contract_id,      &entry->contract_sha256,
                              &entry->policy_profile, &entry->policy_sha256,    &entry->signing_key_id,
                              &entry->actor.agent_id, &entry->actor.session_id, &entry->actor.initiating_user,
                              &entry->evidence};
    for (size_t i = 0; i < ARRAY_SIZE(strings); i++)
        *strings[i] = copy(found, *strings[i]);
    entry->receipt = csc_arena_copy(found->arena, entry->receipt, entry->receipt_size);
    found->failed |= !entry->receipt;
    return 0;
}

static int look_for(struct csc_ledger *ledger, const struct csc_store_query *query, struct found *found,
                    struct csc_error *err)
{
    int r = ledger->ops->each(ledger->store, query, keep, found, err);

    if (r < 0)
        return r;
    return found->failed ? csc_fail_memory(err) : 0;
}

static bool parse_index(const char *text, uint64_t *ret_index)
{
    char *end;

    if (*text < '0' || *text > '9')
        return false;
    errno = 0;
    unsigned long long index = strtoull(text, &end, 10);
    if (*end || errno != 0 || index > CSC_MERKLE_SIZE_MAX)
        return false;
    *ret_index = index;
    return true;
}

static int get(struct csc_ledger *ledger, const char *id, struct found *found, struct csc_error *err)
{
    struct csc_store_query query = {0};
    uint64_t index;

    if (*id == '#') {
        if (!parse_index(id + 1, &index))
            return csc_fail(err, CSC_E_USAGE, "'%s' is no number of an entry; write # and a number, such as #0", id);
        query.index = &index;
        return look_for(ledger, &query, found, err);
    }
    query.execution_id = id;
    int r = look_for(ledger, &query, found, err);
    if (r < 0 || found->count > 0 || strlen(id) < PREFIX_MIN)
        return r;
    query = (struct csc_store_query){.prefix = id};
    return look_for(ledger, &query, found, err);
}

int csc_ledger_get(struct csc_ledger *ledger, const char *id, struct csc_arena *arena,
                   struct csc_ledger_entry *ret_entry, struct csc_error *err)
{
    struct found found = {.arena = arena};
    char text[CSC_EXCERPT];

    int r = get(ledger, id, &found, err);
    if (r == 0 && found.count == 0)
        r = csc_fail(err, CSC_E_INPUT,
                     "no entry '%s' in the ledger; give an execution_id, its first %d characters at least, or # and "
                     "the entry's number",
                     csc_text_excerpt(text, id, strlen(id)), PREFIX_MIN);
    if (r == 0 && found.count > 1)
        r = csc_fail(err, CSC_E_USAGE, "several execution_ids begin with '%s'; give more of it",
                     csc_text_excerpt(text, id, strlen(id)));
    if (r < 0)
        return csc_error_in_stage(err, "ledger", r);
    *ret_entry = found.entry;
    return 0;
}

/* ---- intents, and counting ---------------------------------------------------------------------------------- */

struct each_intent {
    int (*call)(void *context, const struct csc_intent *intent, enum csc_runner_state state);
    void *context;
};

static int hand_on_intent(void *context, const struct csc_intent *intent)
{
    const struct each_intent *each = context;

    return each->call(each->context, intent, csc_ledger_look(intent));
}

int csc_ledger_each_intent(struct csc_ledger *ledger,
                           int (*each)(void *context, const struct csc_intent *intent, enum csc_runner_state state),
                           void *context, struct csc_error *err)
{
    struct each_intent call = {each, context};

    int r = ledger->ops->each_intent(ledger->store, hand_on_intent, &call, err);
    return r < 0 ? csc_error_in_stage(err, "ledger", r) : r;
}

int csc_ledger_stats(struct csc_ledger *ledger, struct csc_ledger_stats *ret_stats, struct csc_error *err)
{
    struct csc_ledger_stats stats = {0};

    int r = ledger->ops->begin(ledger->store, false, err);
    if (r == 0)
        r = ledger->ops->stats(ledger->store, &stats, err);
    r = csc_ledger_finish(ledger, r, err);
    if (r == 0)
        *ret_stats = stats;
    return r;
}

/* ---- the tree ----------------------------------------------------------------------------------------------- */

static int read_head(struct csc_ledger *ledger, struct csc_merkle_head *ret_head, struct csc_error *err)
{
    struct csc_merkle_frontier frontier;
    uint64_t size = 0;

    int r = ledger->ops->size(ledger->store, &size, err);
    if (r == 0)
        r = csc_ledger_frontier(ledger, size, &frontier, err);
    if (r != 0)
        return r;
    ret_head->size = frontier.size;
    csc_merkle_root(&frontier, &ret_head->root);
    return 0;
}

int csc_ledger_head(struct csc_ledger *ledger, struct csc_merkle_head *ret_head, struct csc_error *err)
{
    struct csc_merkle_head head = {0};

    int r = ledger->ops->begin(ledger->store, false, err);
    if (r == 0)
        r = read_head(ledger, &head, err);
    r = csc_ledger_finish(ledger, r, err);
    if (r == 0)
        *ret_head = head;
    return r;
}

int csc_ledger_checkpoint(struct csc_ledger *ledger, const struct csc_ledger_signer *signer, struct csc_buf *ret_note,
                          struct csc_error *err)
{
    _cleanup_buf_ struct csc_buf note = {0};
    struct csc_merkle_head head = {0};

    int r = ledger->ops->begin(ledger->store, ledger->access == CSC_LEDGER_WRITE, err);
    if (r == 0)
        r = csc_ledger_check_kept(ledger, signer, err);
    if (r == 0)
        r = read_head(ledger, &head, err);
    if (r == 0)
        r = csc_ledger_sign_head(ledger, &head, signer, &note, err);
    r = csc_ledger_finish(ledger, r, err);
    if (r < 0)
        return r;
    csc_buf_append(ret_note, note.data, note.size);
    return ret_note->failed ? csc_error_in_stage(err, "ledger", csc_fail_memory(err)) : 0;
}

int csc_ledger_kept_checkpoint(struct csc_ledger *ledger, struct csc_buf *ret_note, struct csc_error *err)
{
    _cleanup_buf_ struct csc_buf note = {0};

    int r = ledger->ops->kept_checkpoint(ledger->store, &note, err);
    if (r == 0 && note.size == 0)
        r = csc_fail(err, CSC_E_INPUT, "the ledger keeps no checkpoint; csc ledger checkpoint makes one with a key");
    if (r < 0)
        return csc_error_in_stage(err, "ledger", r);
    csc_buf_append(ret_note, note.data, note.size);
    return ret_note->failed ? csc_error_in_stage(err, "ledger", csc_fail_memory(err)) : 0;
}

static int read_node(void *context, unsigned level, uint64_t index, struct csc_merkle_hash *ret_hash,
                     struct csc_error *err)
{
    struct csc_ledger *ledger = context;

    return ledger->ops->node(ledger->store, level, index, ret_hash, err);
}

/* The proof leads to the checkpoint's root, or the ledger is not, or no longer, the one that it is of. */
static int make_proof(struct csc_ledger *ledger, uint64_t index, const struct csc_merkle_head *head,
                      struct csc_merkle_proof *ret_proof, struct csc_error *err)
{
    const struct csc_merkle_source source = {read_node, ledger};
    struct csc_merkle_hash leaf;
    uint64_t size = 0;

    int r = ledger->ops->size(ledger->store, &size, err);
    if (r == 0 && head->size > size)
        return csc_fail(err, CSC_E_INVALID,
                        "the checkpoint is of %llu entries, and the ledger has %llu: some are missing; csc ledger "
                        "verify says more",
                        (unsigned long long)head->size, (unsigned long long)size);
    if (r == 0 && index >= head->size)
        return csc_fail(err, CSC_E_INVALID,
                        "the checkpoint covers the first %llu entries, not entry %llu; give a later one",
                        (unsigned long long)head->size, (unsigned long long)index);
    if (r == 0)
        r = csc_merkle_prove_inclusion(&source, index, head->size, ret_proof, err);
    if (r == 0)
        r = read_node(ledger, 0, index, &leaf, err);
    if (r == 0 && !csc_merkle_verify_inclusion(&leaf, index, head->size, ret_proof, &head->root))
        return csc_fail(err, CSC_E_INVALID,
                        "the ledger does not lead to the checkpoint's root; csc ledger verify says what was changed");
    return r;
}

static int read_checkpoint(const struct csc_ledger *ledger, const struct csc_buf *bytes,
                           struct csc_checkpoint *ret_checkpoint, struct csc_error *err)
{
    struct csc_note note;

    int r = csc_note_parse(bytes->data, bytes->size, 1, &note, err);
    if (r == 0)
        r = csc_checkpoint_parse(&note, ret_checkpoint, err);
    if (r == 0 && strcmp(ret_checkpoint->origin, csc_ledger_origin(ledger)) != 0)
        r = csc_fail(err, CSC_E_INVALID, "a checkpoint of another log; this one is %s", csc_ledger_origin(ledger));
    return r < 0 ? csc_error_in_stage(err, "ledger", r) : 0;
}

int csc_ledger_prove(struct csc_ledger *ledger, uint64_t index, const struct csc_buf *checkpoint,
                     struct csc_buf *ret_file, struct csc_error *err)
{
    struct csc_checkpoint parsed = {0};
    struct csc_merkle_proof proof = {0};

    int r = read_checkpoint(ledger, checkpoint, &parsed, err);
    if (r < 0)
        return r;
    r = ledger->ops->begin(ledger->store, false, err);
    if (r == 0)
        r = make_proof(ledger, index, &parsed.head, &proof, err);
    r = csc_ledger_finish(ledger, r, err);
    if (r < 0)
        return r;
    csc_proof_write(ret_file, index, &proof, checkpoint);
    return ret_file->failed ? csc_error_in_stage(err, "ledger", csc_fail_memory(err)) : 0;
}
