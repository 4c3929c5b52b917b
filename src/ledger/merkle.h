/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Merkle tree of RFC 6962, section 2.1, over leaves that are only ever appended. A node is named by its level and
 * its index there: node (l, i) is the root over the 2^l leaves from i * 2^l on, and never changes once those are there.
 */
#ifndef CSC_LEDGER_MERKLE_H
#define CSC_LEDGER_MERKLE_H

#include "format/format.h"

enum {
    CSC_MERKLE_LEVELS = 64,    /* of full nodes, in a tree of any size */
    CSC_MERKLE_PROOF_MAX = 64, /* hashes in a proof: of inclusion 63, of consistency one more */
};

/* More leaves than any log will have; a number of leaves or of one is a signed 64-bit integer in SQLite and in JSON. */
#define CSC_MERKLE_SIZE_MAX ((uint64_t)INT64_MAX)

struct csc_merkle_hash {
    uint8_t bytes[CSC_SHA256_BYTES];
};

/* SHA-256(0x00 || data), and SHA-256(0x01 || left || right): no leaf can be taken for a node. */
void csc_merkle_leaf(const void *data, size_t size, struct csc_merkle_hash *ret_hash);
void csc_merkle_node(const struct csc_merkle_hash *left, const struct csc_merkle_hash *right,
                     struct csc_merkle_hash *ret_hash);
bool csc_merkle_equal(const struct csc_merkle_hash *a, const struct csc_merkle_hash *b);

/* ---- appending --------------------------------------------------------------------------------------------- */

/* All that appending needs to know of a tree: the last full node of each level that has an unpaired one, which are
 * those whose bit is set in `size`. {0} is the empty tree. */
struct csc_merkle_frontier {
    uint64_t size; /* leaves */
    struct csc_merkle_hash nodes[CSC_MERKLE_LEVELS];
};

/*
 * Appends a leaf, in O(log n). Returns how many nodes this completed: the leaf itself, then its ancestors that are full
 * now. They go to ret_nodes, in order of their levels, unless that is NULL. So node (l, i) is the l-th of those that
 * leaf (i + 1) * 2^l - 1 completed: a ledger that keeps them beside that leaf can prove without hashing the log again.
 */
size_t csc_merkle_append(struct csc_merkle_frontier *frontier, const struct csc_merkle_hash *leaf,
                         struct csc_merkle_hash ret_nodes[CSC_MERKLE_LEVELS]);
/* The root; of the empty tree, SHA-256 of nothing. */
void csc_merkle_root(const struct csc_merkle_frontier *frontier, struct csc_merkle_hash *ret_root);

/* ---- proofs ------------------------------------------------------------------------------------------------ */

struct csc_merkle_proof {
    size_t count;
    struct csc_merkle_hash hashes[CSC_MERKLE_PROOF_MAX]; /* from the leaves up */
};

/* Where the nodes of a tree come from: gives node (level, index), which is full. 0, or a negative code. */
struct csc_merkle_source {
    int (*node)(void *context, unsigned level, uint64_t index, struct csc_merkle_hash *ret_hash, struct csc_error *err);
    void *context;
};

/* Proves leaf `index` to be in the tree of the first `size` leaves; CSC_E_USAGE when it is not. Reads O(log n) nodes.
 */
int csc_merkle_prove_inclusion(const struct csc_merkle_source *source, uint64_t index, uint64_t size,
                               struct csc_merkle_proof *ret_proof, struct csc_error *err);
/* Proves the tree of the first `old_size` leaves to be the beginning of the one of the first `size`. Empty when the two
 * are equal, or the old one is. */
int csc_merkle_prove_consistency(const struct csc_merkle_source *source, uint64_t old_size, uint64_t size,
                                 struct csc_merkle_proof *ret_proof, struct csc_error *err);

/* The proof leads from this leaf to this root, and is that of this index in a tree of this size. */
bool csc_merkle_verify_inclusion(const struct csc_merkle_hash *leaf, uint64_t index, uint64_t size,
                                 const struct csc_merkle_proof *proof, const struct csc_merkle_hash *root);

struct csc_merkle_head {
    uint64_t size;
    struct csc_merkle_hash root;
};

/* The proof leads to both roots. False when the old tree is empty: every tree begins with it, and that proves nothing,
 * so that nobody should take it for a check that was made. */
bool csc_merkle_verify_consistency(const struct csc_merkle_head *old, const struct csc_merkle_head *head,
                                   const struct csc_merkle_proof *proof);

#endif
