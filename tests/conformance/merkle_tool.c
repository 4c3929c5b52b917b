/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions about Merkle trees, for merkle.py: a line each on stdin, a line of answer each on stdout. Hashes are
 * hexadecimal. root SIZE                       the root of a log of the leaves "entry 0", "entry 1", ... prove INDEX
 * SIZE                a path in it extend OLD SIZE                 a consistency proof included INDEX SIZE LEAF ROOT
 * [HASH...]       yes or no consistent OLD SIZE OLDROOT ROOT [HASH...]    yes or no
 */
#include <stdio.h>
#include <string.h>

#include "ledger/ledger.h"

enum { LEAVES_MAX = 1024, WORDS_MAX = CSC_MERKLE_PROOF_MAX + 8 };

struct log {
    struct csc_merkle_hash nodes[LEAVES_MAX][11]; /* those that a leaf completed */
    struct csc_merkle_hash roots[LEAVES_MAX + 1];
};

static void fill(struct log *log)
{
    struct csc_merkle_frontier frontier = {0};
    struct csc_merkle_hash leaf, nodes[CSC_MERKLE_LEVELS];

    csc_merkle_root(&frontier, &log->roots[0]);
    for (unsigned i = 0; i < LEAVES_MAX; i++) {
        char data[32];
        (void)snprintf(data, sizeof(data), "entry %u", i);
        csc_merkle_leaf(data, strlen(data), &leaf);
        size_t count = csc_merkle_append(&frontier, &leaf, nodes);
        memcpy(log->nodes[i], nodes, count * sizeof(nodes[0]));
        csc_merkle_root(&frontier, &log->roots[i + 1]);
    }
}

static int read_node(void *context, unsigned level, uint64_t index, struct csc_merkle_hash *ret_hash,
                     struct csc_error *err)
{
    const struct log *log = context;
    uint64_t leaf = ((index + 1) << level) - 1;

    if (leaf >= LEAVES_MAX || level > 10)
        return csc_fail(err, CSC_E_INTERNAL, "no such node");
    *ret_hash = log->nodes[leaf][level];
    return 0;
}

static void print_hash(const struct csc_merkle_hash *hash)
{
    char hex[CSC_SHA256_HEX];

    csc_hex(hash->bytes, sizeof(hash->bytes), hex);
    printf(" %s", hex);
}

static bool read_hash(const char *hex, struct csc_merkle_hash *ret_hash)
{
    if (strlen(hex) != 2 * sizeof(ret_hash->bytes))
        return false;
    for (size_t i = 0; i < sizeof(ret_hash->bytes); i++) {
        unsigned byte = 0;
        if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
            return false;
        ret_hash->bytes[i] = (uint8_t)byte;
    }
    return true;
}

static bool print_proof(struct log *log, bool consistency, uint64_t index, uint64_t size)
{
    struct csc_merkle_source source = {read_node, log};
    struct csc_merkle_proof proof;

    int r = consistency ? csc_merkle_prove_consistency(&source, index, size, &proof, NULL)
                        : csc_merkle_prove_inclusion(&source, index, size, &proof, NULL);
    if (r < 0)
        return printf("error\n") > 0;
    printf("proof");
    for (size_t i = 0; i < proof.count; i++)
        print_hash(&proof.hashes[i]);
    return printf("\n") > 0;
}

/* words: the two hashes, then the proof */
static bool print_verdict(bool consistency, uint64_t index, uint64_t size, char *const *words)
{
    struct csc_merkle_head old = {.size = index}, head = {.size = size};
    struct csc_merkle_proof proof = {0};

    if (!words[0] || !words[1] || !read_hash(words[0], &old.root) || !read_hash(words[1], &head.root))
        return false;
    for (words += 2; *words; words++)
        if (proof.count == CSC_MERKLE_PROOF_MAX || !read_hash(*words, &proof.hashes[proof.count++]))
            return false;
    bool valid = consistency ? csc_merkle_verify_consistency(&old, &head, &proof)
                             : csc_merkle_verify_inclusion(&old.root, index, size, &proof, &head.root);
    return printf(valid ? "yes\n" : "no\n") > 0;
}

static bool answer(struct log *log, char *line)
{
    char *words[WORDS_MAX + 1] = {NULL};
    int count = 0;

    while (count < WORDS_MAX && (words[count] = strsep(&line, " \n")))
        count += *words[count] != '\0';
    words[count] = NULL;
    if (count < 2)
        return false;
    uint64_t index = strtoull(words[1], NULL, 10), size = count > 2 ? strtoull(words[2], NULL, 10) : 0;
    if (strcmp(words[0], "root") == 0 && index <= LEAVES_MAX) {
        print_hash(&log->roots[index]);
        return printf("\n") > 0;
    }
    if (strcmp(words[0], "prove") == 0 || strcmp(words[0], "extend") == 0)
        return print_proof(log, words[0][0] == 'e', index, size);
    if (count > 4 && (strcmp(words[0], "included") == 0 || strcmp(words[0], "consistent") == 0))
        return print_verdict(words[0][0] == 'c', index, size, words + 3);
    return false;
}

int main(void)
{
    _cleanup_free_ struct log *log = calloc(1, sizeof(*log));
    _cleanup_free_ char *line = NULL;
    size_t capacity = 0;

    if (!log)
        return 1;
    fill(log);
    while (getline(&line, &capacity, stdin) > 0)
        if (!answer(log, line))
            return 1;
    return 0;
}
