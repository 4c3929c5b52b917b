/* SPDX-License-Identifier: Apache-2.0 */
/* The tree against itself: what is proved verifies, and nothing else does. tests/conformance/merkle.py holds it against
 * another implementation, and against public vectors. */
#include "samples.h"

enum { SIZE = 70 }; /* leaves: past a power of two */

static const char *const roots[] = {
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "773885a613489e24ce2cf76199d6a423f042e4bbf12d7eecee912ef276c65701",
    "5a47662fd8a317d96049a3f9f47c55dc67ca66051baa3683dbb19b2fe09a07b0",
    "94fbd0dd836f50301692e6d0eade728ee19ec52bfff1606ed807c8575d5aaa19",
    "9799f307517ef517c2205df9b67762bf34756b20099fb7dfcce76bcebd273b2e",
    "7caa345dbd892a66454d6c6512ea3c3ea3f0d3ec21be3fc2e2375705fd38f672",
    "cbeec99db3e4d67dbaaa60c16b5d4cf737ac2ddc1507b78af375763ebad1c01e",
    "98c97f0ba3175cd08b031dd084b9dc4e649b64d1a28e6ea694646503173ab587",
};

/* A log in memory, as a ledger may keep it: beside each leaf the nodes that it completed. */
struct log {
    size_t completed[SIZE];
    struct csc_merkle_hash nodes[SIZE][CSC_MERKLE_LEVELS];
    struct csc_merkle_head heads[SIZE + 1];
    uint64_t fails_at; /* a leaf whose row cannot be read */
    size_t reads;
};

static int read_node(void *context, unsigned level, uint64_t index, struct csc_merkle_hash *ret_hash,
                     struct csc_error *err)
{
    struct log *log = context;
    uint64_t leaf = ((index + 1) << level) - 1;

    log->reads++;
    if (leaf == log->fails_at)
        return csc_fail(err, CSC_E_INPUT, "row %llu is damaged", (unsigned long long)leaf);
    assert_true(leaf < SIZE);
    assert_true(level < log->completed[leaf]);
    *ret_hash = log->nodes[leaf][level];
    return 0;
}

static int set_up(void **state)
{
    static struct log log = {.fails_at = UINT64_MAX};
    struct csc_merkle_frontier frontier = {0};

    for (uint64_t i = 0; i <= SIZE; i++) {
        struct csc_merkle_hash leaf;
        log.heads[i].size = i;
        csc_merkle_root(&frontier, &log.heads[i].root);
        entry_leaf(i, &leaf);
        if (i < SIZE)
            log.completed[i] = csc_merkle_append(&frontier, &leaf, log.nodes[i]);
    }
    *state = &log;
    return 0;
}

static struct csc_merkle_source source_of(struct log *log)
{
    log->reads = 0;
    return (struct csc_merkle_source){read_node, log};
}

static void roots_are_the_known_ones(void **state)
{
    const struct log *log = *state;

    for (size_t n = 0; n < ARRAY_SIZE(roots); n++) {
        char hex[CSC_SHA256_HEX];
        csc_hex(log->heads[n].root.bytes, CSC_SHA256_BYTES, hex);
        assert_string_equal(hex, roots[n]);
    }
}

static void appending_needs_no_place_for_nodes(void **state)
{
    const struct log *log = *state;
    struct csc_merkle_frontier frontier = {0};
    struct csc_merkle_hash hash;

    for (uint64_t i = 0; i < SIZE; i++) {
        entry_leaf(i, &hash);
        assert_int_equal(csc_merkle_append(&frontier, &hash, NULL), log->completed[i]);
    }
    csc_merkle_root(&frontier, &hash);
    assert_true(csc_merkle_equal(&hash, &log->heads[SIZE].root));
    assert_int_equal(frontier.size, SIZE);
}

/* Neither another place, nor another size, leaf, root or path. */
static void assert_only_proof(const struct log *log, uint64_t index, uint64_t size,
                              const struct csc_merkle_proof *proof)
{
    const struct csc_merkle_hash *root = &log->heads[size].root, *leaf = &log->nodes[index][0];
    struct csc_merkle_proof other = *proof;

    for (uint64_t i = 0; i < size + 2; i++)
        assert_int_equal(csc_merkle_verify_inclusion(leaf, i, size, proof, root), i == index);
    for (size_t n = 1; n <= SIZE; n++)
        assert_int_equal(csc_merkle_verify_inclusion(leaf, index, size, proof, &log->heads[n].root), n == size);
    assert_false(csc_merkle_verify_inclusion(leaf, index, 0, proof, root));
    assert_false(csc_merkle_verify_inclusion(leaf, UINT64_MAX, size, proof, root));
    assert_false(csc_merkle_verify_inclusion(root, index, size, proof, &log->heads[0].root));
    for (size_t i = 0; i < proof->count; i++) {
        other.hashes[i].bytes[i] ^= 1;
        assert_false(csc_merkle_verify_inclusion(leaf, index, size, &other, root));
        other.hashes[i].bytes[i] ^= 1;
    }
    other.count++;
    assert_false(csc_merkle_verify_inclusion(leaf, index, size, &other, root));
    other.count = proof->count - 1; /* of none: more than there can be */
    assert_false(csc_merkle_verify_inclusion(leaf, index, size, &other, root));
}

static void every_leaf_of_every_tree_is_proved(void **state)
{
    struct log *log = *state;
    struct csc_merkle_source source = source_of(log);
    struct csc_merkle_proof proof;

    for (uint64_t size = 1; size <= SIZE; size++)
        for (uint64_t index = 0; index < size; index++) {
            assert_int_equal(csc_merkle_prove_inclusion(&source, index, size, &proof, NULL), 0);
            assert_only_proof(log, index, size, &proof);
        }
}

static void assert_only_growth(const struct log *log, size_t old, size_t size, const struct csc_merkle_proof *proof)
{
    struct csc_merkle_proof other = *proof;

    for (size_t n = 0; n <= SIZE; n++) {
        /* Another old tree; of equal ones, all have the same, empty proof. */
        if (old != size)
            assert_int_equal(csc_merkle_verify_consistency(&log->heads[n], &log->heads[size], proof), n == old);
        struct csc_merkle_head lie = {size, log->heads[n].root}, old_lie = {old, log->heads[n].root};
        assert_int_equal(csc_merkle_verify_consistency(&log->heads[old], &lie, proof), n == size);
        assert_int_equal(csc_merkle_verify_consistency(&old_lie, &log->heads[size], proof), n == old);
    }
    for (size_t i = 0; i < proof->count; i++) {
        other.hashes[i].bytes[31 - i] ^= 0x80;
        assert_false(csc_merkle_verify_consistency(&log->heads[old], &log->heads[size], &other));
        other.hashes[i].bytes[31 - i] ^= 0x80;
    }
    other.count++;
    assert_false(csc_merkle_verify_consistency(&log->heads[old], &log->heads[size], &other));
    other.count = proof->count - 1;
    assert_false(csc_merkle_verify_consistency(&log->heads[old], &log->heads[size], &other));
}

static void every_growth_is_proved(void **state)
{
    struct log *log = *state;
    struct csc_merkle_source source = source_of(log);
    struct csc_merkle_proof proof;

    for (size_t size = 1; size <= SIZE; size++)
        for (size_t old = 1; old <= size; old++) {
            assert_int_equal(csc_merkle_prove_consistency(&source, old, size, &proof, NULL), 0);
            assert_int_equal(proof.count == 0, old == size);
            assert_only_growth(log, old, size, &proof);
        }
}

/* It has an empty proof, which is nobody's assurance. */
static void an_empty_tree_proves_nothing(void **state)
{
    struct log *log = *state;
    struct csc_merkle_source source = source_of(log);
    struct csc_merkle_proof proof;

    for (size_t size = 0; size <= SIZE; size++) {
        assert_int_equal(csc_merkle_prove_consistency(&source, 0, size, &proof, NULL), 0);
        assert_int_equal(proof.count, 0);
        assert_false(csc_merkle_verify_consistency(&log->heads[0], &log->heads[size], &proof));
    }
    assert_int_equal(log->reads, 0);
}

/* A node that is the last of its level may be no sibling's: as few reads as levels, and twice that at most. */
static void proving_reads_few_nodes(void **state)
{
    struct log *log = *state;
    struct csc_merkle_source source = source_of(log);
    struct csc_merkle_proof proof;

    for (uint64_t size = 1; size <= SIZE; size++)
        for (uint64_t index = 0; index < size; index++) {
            log->reads = 0;
            assert_int_equal(csc_merkle_prove_inclusion(&source, index, size, &proof, NULL), 0);
            assert_true(log->reads <= 14);
            log->reads = 0;
            assert_int_equal(csc_merkle_prove_consistency(&source, index + 1, size, &proof, NULL), 0);
            assert_true(log->reads <= 14);
        }
}

static void what_is_not_there_is_not_proved(void **state)
{
    struct csc_merkle_source source = source_of(*state);
    struct csc_merkle_proof proof = {.count = 9};
    static const struct {
        uint64_t index, size;
    } rows[] = {{0, 0}, {1, 1}, {70, 70}, {UINT64_MAX, 70}, {0, UINT64_MAX}, {0, CSC_MERKLE_SIZE_MAX + 1}};

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct csc_error err = {0};
        assert_int_equal(csc_merkle_prove_inclusion(&source, rows[i].index, rows[i].size, &proof, &err), -CSC_E_USAGE);
        assert_string_equal(err.stage, "ledger");
        err = (struct csc_error){0};
        assert_int_equal(csc_merkle_prove_consistency(&source, rows[i].size + 1, rows[i].size, &proof, &err),
                         -CSC_E_USAGE);
    }
    assert_int_equal(proof.count, 9);
}

static void a_node_that_cannot_be_read_ends_it(void **state)
{
    struct log *log = *state;
    struct csc_merkle_source source = source_of(log);
    struct csc_merkle_proof proof = {.count = 9};
    struct csc_error err = {0};

    log->fails_at = 31;
    assert_int_equal(csc_merkle_prove_inclusion(&source, 40, 70, &proof, &err), -CSC_E_INPUT);
    assert_string_equal(err.text, "row 31 is damaged");
    assert_int_equal(csc_merkle_prove_consistency(&source, 40, 70, &proof, NULL), -CSC_E_INPUT);
    assert_int_equal(proof.count, 9);
    log->fails_at = UINT64_MAX;
}

/* A tree of 2^63 - 1 leaves, in which every node of a level is the same: its proofs are as long as any can be. */
static int same_node(void *context, unsigned level, uint64_t index, struct csc_merkle_hash *ret_hash,
                     struct csc_error *err)
{
    struct csc_merkle_hash hash;

    (void)context;
    (void)err;
    assert_true(((index + 1) << level) <= CSC_MERKLE_SIZE_MAX);
    entry_leaf(0, &hash);
    for (unsigned i = 0; i < level; i++)
        csc_merkle_node(&hash, &hash, &hash);
    *ret_hash = hash;
    return 0;
}

static void the_largest_tree_has_proofs(void **state)
{
    struct csc_merkle_source source = {same_node, NULL};
    struct csc_merkle_head head = {CSC_MERKLE_SIZE_MAX, {{0}}}, old;
    struct csc_merkle_frontier frontier = {.size = CSC_MERKLE_SIZE_MAX};
    struct csc_merkle_proof proof;
    struct csc_merkle_hash leaf;

    (void)state;
    for (unsigned level = 0; level < 63; level++)
        assert_int_equal(same_node(NULL, level, 0, &frontier.nodes[level], NULL), 0);
    csc_merkle_root(&frontier, &head.root);
    entry_leaf(0, &leaf);
    static const uint64_t indices[] = {0, 1, CSC_MERKLE_SIZE_MAX / 2, CSC_MERKLE_SIZE_MAX - 2, CSC_MERKLE_SIZE_MAX - 1};
    for (size_t i = 0; i < ARRAY_SIZE(indices); i++) {
        assert_int_equal(csc_merkle_prove_inclusion(&source, indices[i], head.size, &proof, NULL), 0);
        assert_true(proof.count <= 63);
        assert_true(csc_merkle_verify_inclusion(&leaf, indices[i], head.size, &proof, &head.root));
    }
    old.size = CSC_MERKLE_SIZE_MAX - 1;
    frontier.size = old.size;
    csc_merkle_root(&frontier, &old.root);
    assert_int_equal(csc_merkle_prove_consistency(&source, old.size, head.size, &proof, NULL), 0);
    assert_true(csc_merkle_verify_consistency(&old, &head, &proof));
    assert_int_equal(csc_merkle_prove_consistency(&source, 1, head.size, &proof, NULL), 0);
    old = (struct csc_merkle_head){1, leaf};
    assert_true(csc_merkle_verify_consistency(&old, &head, &proof));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roots_are_the_known_ones),           cmocka_unit_test(appending_needs_no_place_for_nodes),
        cmocka_unit_test(every_leaf_of_every_tree_is_proved), cmocka_unit_test(every_growth_is_proved),
        cmocka_unit_test(an_empty_tree_proves_nothing),       cmocka_unit_test(proving_reads_few_nodes),
        cmocka_unit_test(what_is_not_there_is_not_proved),    cmocka_unit_test(a_node_that_cannot_be_read_ends_it),
        cmocka_unit_test(the_largest_tree_has_proofs),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
