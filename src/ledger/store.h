/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stores a ledger. Private to ledger/: the interface between what a ledger means (the tree, its checkpoints,
 * settling, verifying) and where it lies. A backend implements struct csc_store_ops; it interprets nothing.
 */
#ifndef CSC_LEDGER_STORE_H
#define CSC_LEDGER_STORE_H

#include "ledger/ledger.h"

/* A row of the log. The columns beside the receipt repeat what it says, to find it by. */
struct csc_store_row {
    struct csc_ledger_entry entry;
    const uint8_t
        *nodes;        /* of the tree, that this leaf completed: node (l, i) is the l-th of entry (i + 1) * 2^l - 1 */
    size_t nodes_size; /* bytes */
};

/* Which rows; those that a filter gives, and in its order, or the ones after these. */
struct csc_store_query {
    const struct csc_ledger_filter *filter; /* or NULL: all, in order */
    const char *execution_id;               /* or NULL */
    const char *prefix;                     /* of the execution_id, or NULL */
    const uint64_t *index;                  /* or NULL */
};

/*
 * All fail with CSC_E_DATA where the store is damaged, CSC_E_OUTPUT where it cannot be written and CSC_E_INPUT where it
 * cannot be read. A callback that returns something other than 0 ends its enumeration, which returns that.
 */
struct csc_store_ops {
    int (*open)(const char *path, enum csc_ledger_access access, void **ret_store, struct csc_error *err);
    void (*close)(void *store);
    const char *(*origin)(const void *store);
    bool (*is_new)(const void *store); /* opening it made it */

    /* A transaction. To write: alone, and durable when committed. To read: what is seen does not change meanwhile. */
    int (*begin)(void *store, bool write, struct csc_error *err);
    int (*commit)(void *store, struct csc_error *err);
    void (*rollback)(void *store); /* harmless where there is none */

    int (*size)(void *store, uint64_t *ret_entries, struct csc_error *err);
    /* CSC_E_DATA when it is not there. */
    int (*node)(void *store, unsigned level, uint64_t index, struct csc_merkle_hash *ret_hash, struct csc_error *err);
    /* CSC_E_INVALID when there is one of this execution. */
    int (*insert)(void *store, const struct csc_store_row *row, struct csc_error *err);
    int (*each)(void *store, const struct csc_store_query *query,
                int (*each)(void *context, const struct csc_store_row *row), void *context, struct csc_error *err);

    /* By its runner itself, which is seen to live until the store is closed. */
    int (*insert_intent)(void *store, const struct csc_intent *intent, struct csc_error *err);
    int (*delete_intent)(void *store, const char *execution_id, bool *ret_was_there, struct csc_error *err);
    /* As they were inserted; what the lock of each runner says is among it. */
    int (*each_intent)(void *store, int (*each)(void *context, const struct csc_intent *intent), void *context,
                       struct csc_error *err);

    /* CSC_LEDGER_USED when it was before. */
    int (*use_approval)(void *store, const struct csc_ledger_approval *approval, const char *execution_id,
                        struct csc_error *err);
    /* The used approvals have this one, as it is, of this execution. */
    int (*has_approval)(void *store, const struct csc_ledger_approval *approval, const char *execution_id,
                        bool *ret_has, struct csc_error *err);
    /* One that was used up by an execution of which there is neither a receipt nor an intent: its id is appended.
     * CSC_E_INPUT: there is none. */
    int (*find_stray_approval)(void *store, struct csc_buf *ret_id, struct csc_error *err);

    int (*keep_checkpoint)(void *store, const struct csc_buf *note, struct csc_error *err);
    /* Appends it; nothing when there is none. */
    int (*kept_checkpoint)(void *store, struct csc_buf *ret_note, struct csc_error *err);
    int (*stats)(void *store, struct csc_ledger_stats *ret_stats, struct csc_error *err);
};

extern const struct csc_store_ops csc_store_sqlite;

struct csc_ledger {
    const struct csc_store_ops *ops;
    void *store;
    enum csc_ledger_access access;
};

/* ---- receipts as bytes (fields.c) --------------------------------------------------------------------------- */

/* Of a receipt: its canonical bytes, and the columns, which point into the receipt. */
int csc_store_row_of(const struct csc_ledger_item *item, const struct csc_buf *bytes, struct csc_store_row *ret_row,
                     struct csc_error *err);

/* A member's value as it stands in canonical bytes; {0}: there is none. */
struct csc_slice {
    const char *bytes;
    size_t size;
};

enum csc_receipt_field {
    CSC_FIELD_CONTRACT_ID,
    CSC_FIELD_CONTRACT_SHA256,
    CSC_FIELD_ENDED_AT,
    CSC_FIELD_ERROR,
    CSC_FIELD_EXECUTION_ID,
    CSC_FIELD_MODE,
    CSC_FIELD_POLICY_PROFILE,
    CSC_FIELD_POLICY_SHA256,
    CSC_FIELD_SIGNATURE, /* the object */
    CSC_FIELD_STARTED_AT,
    CSC_FIELD_STATUS,
    CSC_FIELD_STDOUT_HASH,
    CSC_FIELD_STDOUT_TRUNCATED,
    CSC_FIELD_COUNT,
};

struct csc_receipt_scan {
    struct csc_slice fields[CSC_FIELD_COUNT];
    struct csc_slice key_id, signature; /* strings of the signature object */
};

/* Finds the members in what is canonical JSON, without reading it into a tree: a receipt is looked at in less time than
 * hashing it takes. False when the bytes are no object of that form. */
bool csc_receipt_scan(const char *bytes, size_t size, struct csc_receipt_scan *ret_scan);
/* The first column that does not say what the receipt says, or NULL. Once `scratch` has failed, it says nothing. */
const char *csc_receipt_differs(const struct csc_receipt_scan *scan, const struct csc_ledger_entry *entry,
                                struct csc_buf *scratch);
/* The slice is the canonical form of this string (NULL: there must be no slice), which is made in `scratch`. */
bool csc_slice_is(const struct csc_slice *slice, const char *string, struct csc_buf *scratch);

/* ---- what evidence tells (told.c) --------------------------------------------------------------------------- */

/* Holds the columns and the used approvals against an entry's evidence, whose signature is good. Appends what is wrong
 * to ret_flaw, the first only. */
int csc_ledger_compare_told(struct csc_ledger *ledger, const struct csc_ledger_entry *entry,
                            const struct csc_value *predicate, struct csc_buf *ret_flaw, struct csc_error *err);

/* ---- appending (append.c) ----------------------------------------------------------------------------------- */

/* In a transaction: the next leaf, and with a signer the checkpoint. */
int csc_ledger_insert(struct csc_ledger *ledger, const struct csc_ledger_item *item,
                      const struct csc_ledger_signer *signer, uint64_t *ret_index, struct csc_error *err);
/* All that appending to the tree of the first `size` entries needs of it. */
int csc_ledger_frontier(struct csc_ledger *ledger, uint64_t size, struct csc_merkle_frontier *ret_frontier,
                        struct csc_error *err);
/* Appends the signed checkpoint of a head, and keeps it where the ledger can be written. */
int csc_ledger_sign_head(struct csc_ledger *ledger, const struct csc_merkle_head *head,
                         const struct csc_ledger_signer *signer, struct csc_buf *ret_note, struct csc_error *err);

/* The kept checkpoint: 1 when there is one, 0 when there is none. CSC_E_DATA: it is not of this log, cannot be read, or
 * is said to be signed by `key` (may be NULL) and is not. */
int csc_ledger_read_kept(struct csc_ledger *ledger, const struct csc_public_key *key, struct csc_merkle_head *ret_head,
                         struct csc_error *err);
/* In a transaction, before anything is appended or another checkpoint kept: the entries that the kept checkpoint covers
 * are there, and lead to its root, as the stored nodes say; else CSC_E_DATA. Reads O(log n) nodes. */
int csc_ledger_check_kept(struct csc_ledger *ledger, const struct csc_ledger_signer *signer, struct csc_error *err);

/* The state of its runner; UNKNOWN, too, when that is gone and settling could make no receipt of it (settle.c). */
enum csc_runner_state csc_ledger_look(const struct csc_intent *intent);

/* What a transaction ends with: commits when r is 0, else rolls back; returns what became of it, the stage named. */
int csc_ledger_finish(struct csc_ledger *ledger, int r, struct csc_error *err);

#endif
