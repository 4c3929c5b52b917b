/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The checkpoint in the ledger itself. It is no witness, but it is signed, and what it says must hold. Threat: entries
 * are taken away, the next run appends, and its checkpoint replaces the one that would have told.
 */
#include <string.h>

#include "ledger/store.h"

static bool is_signed_by(const struct csc_note *note, const struct csc_note_key *key)
{
    for (size_t i = 0; i < note->count; i++)
        if (memcmp(note->signatures[i].id, key->id, sizeof(key->id)) == 0)
            return true;
    return false;
}

static int parse(struct csc_ledger *ledger, const struct csc_public_key *key, const struct csc_buf *bytes,
                 struct csc_checkpoint *checkpoint, struct csc_error *err)
{
    struct csc_note_key name;
    struct csc_note note;

    int r = csc_note_parse(bytes->data, bytes->size, 1, &note, err);
    if (r == 0)
        r = csc_checkpoint_parse(&note, checkpoint, err);
    if (r == 0 && key)
        r = csc_note_key_make(csc_ledger_origin(ledger), key, &name, err);
    /* Another runner's key may have signed it: then its root is compared all the same. */
    if (r == 0 && key && is_signed_by(&note, &name))
        r = csc_checkpoint_verify(checkpoint, &note, &name, err);
    return r;
}

int csc_ledger_read_kept(struct csc_ledger *ledger, const struct csc_public_key *key, struct csc_merkle_head *ret_head,
                         struct csc_error *err)
{
    const char *origin = csc_ledger_origin(ledger);
    _cleanup_buf_ struct csc_buf bytes = {0};
    struct csc_checkpoint checkpoint;
    struct csc_error flaw = {0};

    int r = ledger->ops->kept_checkpoint(ledger->store, &bytes, err);
    if (r < 0 || bytes.size == 0)
        return r;
    r = parse(ledger, key, &bytes, &checkpoint, &flaw);
    if (r == -CSC_E_INTERNAL)
        return csc_fail(err, CSC_E_INTERNAL, "%s", flaw.text);
    if (r < 0)
        return csc_fail(err, CSC_E_DATA, "the ledger's own checkpoint was changed: %s", flaw.text);
    if (strcmp(checkpoint.origin, origin) != 0)
        return csc_fail(err, CSC_E_DATA, "the ledger's own checkpoint is of the log %s, not of %s", checkpoint.origin,
                        origin);
    *ret_head = checkpoint.head;
    return 1;
}

int csc_ledger_check_kept(struct csc_ledger *ledger, const struct csc_ledger_signer *signer, struct csc_error *err)
{
    static const char advice[] = "keep this ledger as it is, and begin a new one";
    const struct csc_public_key *key = signer ? csc_signing_key_public(signer->key) : NULL;
    struct csc_merkle_frontier frontier;
    struct csc_error flaw = {0};
    struct csc_merkle_head kept = {0};
    struct csc_merkle_hash root;
    uint64_t size = 0;

    int r = csc_ledger_read_kept(ledger, key, &kept, &flaw);
    if (r == -CSC_E_DATA)
        return csc_fail(err, CSC_E_DATA, "%s; %s", flaw.text, advice);
    if (r <= 0)
        return r < 0 ? csc_fail(err, flaw.code, "%s", flaw.text) : 0;
    r = ledger->ops->size(ledger->store, &size, err);
    if (r == 0 && kept.size > size)
        return csc_fail(err, CSC_E_DATA,
                        "entries %llu to %llu are missing: the checkpoint kept in the ledger covers them; %s",
                        (unsigned long long)size, (unsigned long long)kept.size - 1, advice);
    if (r == 0)
        r = csc_ledger_frontier(ledger, kept.size, &frontier, err);
    if (r != 0)
        return r;
    csc_merkle_root(&frontier, &root);
    if (!csc_merkle_equal(&root, &kept.root))
        return csc_fail(err, CSC_E_DATA,
                        "an entry is not what it was: the checkpoint kept in the ledger, of %llu entries, has another "
                        "root; %s",
                        (unsigned long long)kept.size, advice);
    return 0;
}
