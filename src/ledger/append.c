/* SPDX-License-Identifier: Apache-2.0 */
/* Opening a ledger, and what is written to it. */
#include <string.h>

#include "ledger/store.h"

static void free_cleanup(struct csc_ledger **ledger)
{
    csc_ledger_close(*ledger);
}

int csc_ledger_open(const char *path, enum csc_ledger_access access, struct csc_ledger **ret_ledger,
                    struct csc_error *err)
{
    _cleanup_(free_cleanup) struct csc_ledger *ledger = calloc(1, sizeof(*ledger));

    if (!ledger)
        return csc_error_in_stage(err, "ledger", csc_fail_memory(err));
    ledger->ops = &csc_store_sqlite;
    ledger->access = access;
    int r = ledger->ops->open(path, access, &ledger->store, err);
    if (r < 0)
        return csc_error_in_stage(err, "ledger", r);
    *ret_ledger = TAKE_PTR(ledger);
    return 0;
}

void csc_ledger_close(struct csc_ledger *ledger)
{
    if (!ledger)
        return;
    ledger->ops->close(ledger->store);
    free(ledger);
}

const char *csc_ledger_origin(const struct csc_ledger *ledger)
{
    return ledger->ops->origin(ledger->store);
}

bool csc_ledger_is_new(const struct csc_ledger *ledger)
{
    return ledger->ops->is_new(ledger->store);
}

int csc_ledger_finish(struct csc_ledger *ledger, int r, struct csc_error *err)
{
    if (r == 0)
        r = ledger->ops->commit(ledger->store, err);
    if (r != 0)
        ledger->ops->rollback(ledger->store);
    return r < 0 ? csc_error_in_stage(err, "ledger", r) : r;
}

/* ---- the intent --------------------------------------------------------------------------------------------- */

int csc_ledger_begin(struct csc_ledger *ledger, const struct csc_intent *intent,
                     const struct csc_ledger_approvals *approvals, size_t *ret_used, struct csc_error *err)
{
    const struct csc_store_ops *ops = ledger->ops;
    size_t used = 0, count = approvals ? approvals->count : 0;

    int r = ops->begin(ledger->store, true, err);
    if (r == 0)
        r = csc_ledger_check_kept(ledger, NULL, err); /* or the run's receipt could not be appended later */
    if (r == 0)
        r = ops->insert_intent(ledger->store, intent, err);
    for (; used < count && r == 0; used += r == 0)
        r = ops->use_approval(ledger->store, &approvals->items[used], intent->execution_id, err);
    r = csc_ledger_finish(ledger, r, err);
    if (r == CSC_LEDGER_USED)
        *ret_used = used;
    return r;
}

/* ---- the receipt -------------------------------------------------------------------------------------------- */

int csc_ledger_frontier(struct csc_ledger *ledger, uint64_t size, struct csc_merkle_frontier *ret_frontier,
                        struct csc_error *err)
{
    struct csc_merkle_frontier frontier = {.size = size};
    int r = 0;

    for (unsigned level = 0; level < CSC_MERKLE_LEVELS - 1 && r == 0; level++)
        if (frontier.size >> level & 1)
            r = ledger->ops->node(ledger->store, level, (frontier.size >> level) - 1, &frontier.nodes[level], err);
    if (r == 0)
        *ret_frontier = frontier;
    return r;
}

int csc_ledger_sign_head(struct csc_ledger *ledger, const struct csc_merkle_head *head,
                         const struct csc_ledger_signer *signer, struct csc_buf *ret_note, struct csc_error *err)
{
    struct csc_checkpoint checkpoint = {.head = *head};
    const char *origin = csc_ledger_origin(ledger);
    _cleanup_buf_ struct csc_buf note = {0};

    memcpy(checkpoint.origin, origin, strlen(origin) + 1);
    int r = csc_checkpoint_sign(&checkpoint, signer->key, &note, err);
    if (r == 0 && ledger->access == CSC_LEDGER_WRITE)
        r = ledger->ops->keep_checkpoint(ledger->store, &note, err);
    if (r < 0 || !ret_note)
        return r;
    csc_buf_append(ret_note, note.data, note.size);
    return ret_note->failed ? csc_fail_memory(err) : 0;
}

/* The root is that of the new tree; without a signer nobody asks for it. */
static int checkpoint(struct csc_ledger *ledger, const struct csc_merkle_frontier *frontier,
                      const struct csc_ledger_signer *signer, struct csc_error *err)
{
    struct csc_merkle_head head = {.size = frontier->size};

    if (!signer)
        return 0;
    csc_merkle_root(frontier, &head.root);
    return csc_ledger_sign_head(ledger, &head, signer, NULL, err);
}

int csc_ledger_insert(struct csc_ledger *ledger, const struct csc_ledger_item *item,
                      const struct csc_ledger_signer *signer, uint64_t *ret_index, struct csc_error *err)
{
    struct csc_merkle_hash leaf, nodes[CSC_MERKLE_LEVELS];
    _cleanup_buf_ struct csc_buf bytes = {0};
    struct csc_merkle_frontier frontier;
    struct csc_store_row row;
    uint64_t size = 0;

    csc_canon_write(&bytes, &item->receipt->root);
    if (bytes.failed)
        return csc_fail_memory(err);
    int r = csc_store_row_of(item, &bytes, &row, err);
    if (r == 0)
        r = csc_ledger_check_kept(ledger, signer, err);
    if (r == 0)
        r = ledger->ops->size(ledger->store, &size, err);
    if (r == 0)
        r = csc_ledger_frontier(ledger, size, &frontier, err);
    if (r != 0)
        return r;
    row.entry.index = frontier.size;
    csc_merkle_leaf(bytes.data, bytes.size, &leaf);
    row.nodes_size = csc_merkle_append(&frontier, &leaf, nodes) * sizeof(leaf.bytes);
    row.nodes = nodes[0].bytes;
    r = ledger->ops->insert(ledger->store, &row, err);
    if (r == 0)
        r = checkpoint(ledger, &frontier, signer, err);
    if (r == 0)
        *ret_index = row.entry.index;
    return r;
}

int csc_ledger_append(struct csc_ledger *ledger, const struct csc_ledger_item *item,
                      const struct csc_ledger_signer *signer, uint64_t *ret_index, struct csc_error *err)
{
    uint64_t index = 0;
    bool was_there;

    int r = ledger->ops->begin(ledger->store, true, err);
    if (r == 0)
        r = csc_ledger_insert(ledger, item, signer, &index, err);
    if (r == 0)
        r = ledger->ops->delete_intent(ledger->store, item->receipt->execution_id, &was_there, err);
    r = csc_ledger_finish(ledger, r, err);
    if (r == 0)
        *ret_index = index;
    return r;
}
