/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/merkle.h"

#include <string.h>

void csc_merkle_leaf(const void *data, size_t size, struct csc_merkle_hash *ret_hash)
{
    struct sha256_ctx context;

    sha256_init(&context);
    sha256_update(&context, 1, (const uint8_t[]){0x00});
    sha256_update(&context, size, data);
    sha256_digest(&context, sizeof(ret_hash->bytes), ret_hash->bytes);
}

void csc_merkle_node(const struct csc_merkle_hash *left, const struct csc_merkle_hash *right,
                     struct csc_merkle_hash *ret_hash)
{
    struct sha256_ctx context;

    sha256_init(&context);
    sha256_update(&context, 1, (const uint8_t[]){0x01});
    sha256_update(&context, sizeof(left->bytes), left->bytes);
    sha256_update(&context, sizeof(right->bytes), right->bytes);
    sha256_digest(&context, sizeof(ret_hash->bytes), ret_hash->bytes);
}

bool csc_merkle_equal(const struct csc_merkle_hash *a, const struct csc_merkle_hash *b)
{
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

/* A leaf is added as one is to a binary number: the ones at its end are the unpaired nodes, which it pairs. */
size_t csc_merkle_append(struct csc_merkle_frontier *frontier, const struct csc_merkle_hash *leaf,
                         struct csc_merkle_hash ret_nodes[CSC_MERKLE_LEVELS])
{
    struct csc_merkle_hash node = *leaf;
    size_t level = 0;

    for (;; level++) {
        if (ret_nodes)
            ret_nodes[level] = node;
        if (!(frontier->size >> level & 1))
            break;
        csc_merkle_node(&frontier->nodes[level], &node, &node);
    }
    frontier->nodes[level] = node;
    frontier->size++;
    return level + 1;
}

void csc_merkle_root(const struct csc_merkle_frontier *frontier, struct csc_merkle_hash *ret_root)
{
    struct csc_merkle_hash root = {0};
    struct sha256_ctx context;
    bool begun = false;

    for (size_t level = 0; level < CSC_MERKLE_LEVELS; level++) {
        if (!(frontier->size >> level & 1))
            continue;
        if (begun)
            csc_merkle_node(&frontier->nodes[level], &root, &root);
        else
            root = frontier->nodes[level];
        begun = true;
    }
    if (!begun) {
        sha256_init(&context);
        sha256_digest(&context, sizeof(root.bytes), root.bytes);
    }
    *ret_root = root;
}

/* The largest power of two below `size`, which is at least 2: where RFC 6962 splits a tree. */
static uint64_t split(uint64_t size)
{
    return (uint64_t)1 << (63 - __builtin_clzll(size - 1));
}

/* Appends the root over leaves begin to end to a proof. `begin` is a multiple of the smallest power of two that holds
 * them, as wherever a tree is split; so the range is full nodes, one for each bit of its length, the largest first. */
static int prove_range(const struct csc_merkle_source *source, uint64_t begin, uint64_t end,
                       struct csc_merkle_proof *proof, struct csc_error *err)
{
    struct csc_merkle_hash root = {0}, node;
    uint64_t rest = end - begin;
    bool begun = false;

    for (; rest > 0; rest &= rest - 1) {
        unsigned level = (unsigned)__builtin_ctzll(rest);
        int r = source->node(source->context, level, (begin + (rest & (rest - 1))) >> level, &node, err);
        if (r < 0)
            return r;
        if (begun)
            csc_merkle_node(&node, &root, &root);
        else
            root = node;
        begun = true;
    }
    proof->hashes[proof->count++] = root;
    return 0;
}

/* The ranges are found from the root down; a proof begins at the leaves. */
static void reverse(struct csc_merkle_proof *proof)
{
    for (size_t i = 0; i < proof->count / 2; i++) {
        struct csc_merkle_hash hash = proof->hashes[i];
        proof->hashes[i] = proof->hashes[proof->count - 1 - i];
        proof->hashes[proof->count - 1 - i] = hash;
    }
}

static int prove_inclusion(const struct csc_merkle_source *source, uint64_t index, uint64_t size,
                           struct csc_merkle_proof *proof, struct csc_error *err)
{
    uint64_t begin = 0, end = size;
    int r = 0;

    if (size > CSC_MERKLE_SIZE_MAX || index >= size)
        return csc_fail(err, CSC_E_USAGE, "there is no leaf %llu in a tree of %llu", (unsigned long long)index,
                        (unsigned long long)size);
    while (r == 0 && end - begin > 1) {
        uint64_t middle = begin + split(end - begin);
        if (index < middle) {
            r = prove_range(source, middle, end, proof, err);
            end = middle;
        } else {
            r = prove_range(source, begin, middle, proof, err);
            begin = middle;
        }
    }
    return r;
}

int csc_merkle_prove_inclusion(const struct csc_merkle_source *source, uint64_t index, uint64_t size,
                               struct csc_merkle_proof *ret_proof, struct csc_error *err)
{
    struct csc_merkle_proof proof = {0};

    int r = prove_inclusion(source, index, size, &proof, err);
    if (r < 0)
        return csc_error_in_stage(err, "ledger", r);
    reverse(&proof);
    *ret_proof = proof;
    return 0;
}

/* Down to the part of the old tree that is a node of the new one (RFC 6962, section 2.1.2). Who verifies knows its hash
 * without being told when it is the whole old tree. */
static int prove_consistency(const struct csc_merkle_source *source, uint64_t old_size, uint64_t size,
                             struct csc_merkle_proof *proof, struct csc_error *err)
{
    uint64_t begin = 0, end = size;
    int r = 0;

    if (size > CSC_MERKLE_SIZE_MAX || old_size > size)
        return csc_fail(err, CSC_E_USAGE, "a tree of %llu leaves cannot be the beginning of one of %llu",
                        (unsigned long long)old_size, (unsigned long long)size);
    if (old_size == 0 || old_size == size)
        return 0;
    while (r == 0 && end > old_size) {
        uint64_t middle = begin + split(end - begin);
        if (old_size <= middle) {
            r = prove_range(source, middle, end, proof, err);
            end = middle;
        } else {
            r = prove_range(source, begin, middle, proof, err);
            begin = middle;
        }
    }
    return r == 0 && begin > 0 ? prove_range(source, begin, end, proof, err) : r;
}

int csc_merkle_prove_consistency(const struct csc_merkle_source *source, uint64_t old_size, uint64_t size,
                                 struct csc_merkle_proof *ret_proof, struct csc_error *err)
{
    struct csc_merkle_proof proof = {0};

    int r = prove_consistency(source, old_size, size, &proof, err);
    if (r < 0)
        return csc_error_in_stage(err, "ledger", r);
    reverse(&proof);
    *ret_proof = proof;
    return 0;
}

/* Where a proof has led so far: a node's number in its level, and that of the last node there (RFC 9162,
 * section 2.1.3.2). Both are 0 at the root. */
struct walk {
    uint64_t node, last;
};

/* Goes up past the next hash of the proof. *ret_left: that is the left sibling. False at the root, which has none. */
static bool step(struct walk *walk, bool *ret_left)
{
    if (walk->last == 0)
        return false;
    *ret_left = (walk->node & 1) || walk->node == walk->last;
    /* The last node of a level may have no sibling there, and is then its own parent. */
    while (*ret_left && !(walk->node & 1) && walk->node > 0) {
        walk->node >>= 1;
        walk->last >>= 1;
    }
    walk->node >>= 1;
    walk->last >>= 1;
    return true;
}

bool csc_merkle_verify_inclusion(const struct csc_merkle_hash *leaf, uint64_t index, uint64_t size,
                                 const struct csc_merkle_proof *proof, const struct csc_merkle_hash *root)
{
    struct walk walk = {index, size - 1};
    struct csc_merkle_hash hash = *leaf;
    bool left;

    if (index >= size || proof->count > CSC_MERKLE_PROOF_MAX)
        return false;
    for (size_t i = 0; i < proof->count; i++) {
        if (!step(&walk, &left))
            return false;
        if (left)
            csc_merkle_node(&proof->hashes[i], &hash, &hash);
        else
            csc_merkle_node(&hash, &proof->hashes[i], &hash);
    }
    return walk.last == 0 && csc_merkle_equal(&hash, root);
}

/* Both are at least one leaf, and the new one is larger. */
static bool verify_growth(const struct csc_merkle_head *old, const struct csc_merkle_head *head,
                          const struct csc_merkle_proof *proof)
{
    struct walk walk = {old->size - 1, head->size - 1};
    /* A full old tree is a node of the new one: the walk begins there. Otherwise the proof says where. */
    bool full = (old->size & (old->size - 1)) == 0, left;

    if (proof->count == 0)
        return false;
    while (walk.node & 1) {
        walk.node >>= 1;
        walk.last >>= 1;
    }
    struct csc_merkle_hash old_root = full ? old->root : proof->hashes[0], root = old_root;
    for (size_t i = full ? 0 : 1; i < proof->count; i++) {
        if (!step(&walk, &left))
            return false;
        if (left) {
            csc_merkle_node(&proof->hashes[i], &old_root, &old_root);
            csc_merkle_node(&proof->hashes[i], &root, &root);
        } else {
            csc_merkle_node(&root, &proof->hashes[i], &root);
        }
    }
    return walk.last == 0 && csc_merkle_equal(&old_root, &old->root) && csc_merkle_equal(&root, &head->root);
}

bool csc_merkle_verify_consistency(const struct csc_merkle_head *old, const struct csc_merkle_head *head,
                                   const struct csc_merkle_proof *proof)
{
    if (old->size == 0 || old->size > head->size || proof->count > CSC_MERKLE_PROOF_MAX)
        return false;
    if (old->size == head->size)
        return proof->count == 0 && csc_merkle_equal(&old->root, &head->root);
    return verify_growth(old, head, proof);
}
