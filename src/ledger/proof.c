/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/proof.h"

#include <string.h>

#include "ledger/lines.h"

#define HEADER "c2sp.org/tlog-proof@v1"

enum { EXTRA_BYTES_MAX = 6144 };

/* The lines before the path. Nobody signed the extra data: it is not kept, lest it be believed. */
static int parse_head(struct csc_lines *lines, struct csc_proof *proof, struct csc_error *err)
{
    struct csc_line line = {0};
    uint8_t extra[EXTRA_BYTES_MAX];

    if (!csc_lines_next(lines, &line) || !csc_line_skip(&line, HEADER) || line.size > 0)
        return csc_line_fail(err, &line, "not a proof: must be '" HEADER "'");
    bool more = csc_lines_next(lines, &line);
    if (more && csc_line_skip(&line, "extra ")) {
        if (csc_line_bytes(&line, extra, sizeof(extra)) == 0)
            return csc_line_fail(err, &line, "the extra data is not the strict base64 of 1 to %zu bytes",
                                 sizeof(extra));
        more = csc_lines_next(lines, &line);
    }
    if (!more || !csc_line_skip(&line, "index ") || !csc_line_number(&line, &proof->index))
        return csc_line_fail(err, &line, "%s 'index ' and a decimal without leading zeros",
                             more ? "must be" : "after this must come");
    return 0;
}

/* The path, and the empty line after it. */
static int parse_path(struct csc_lines *lines, struct csc_proof *proof, struct csc_error *err)
{
    struct csc_line line = {0};

    while (csc_lines_next(lines, &line)) {
        if (line.size == 0)
            return 0;
        if (proof->path.count == CSC_MERKLE_PROOF_MAX)
            return csc_line_fail(err, &line, "more than %d hashes, which no proof has", CSC_MERKLE_PROOF_MAX);
        if (!csc_line_hash(&line, &proof->path.hashes[proof->path.count++]))
            return csc_line_fail(err, &line,
                                 "must be a hash, strict base64 of %zu bytes; or empty, before the checkpoint",
                                 sizeof(proof->path.hashes[0].bytes));
    }
    return csc_fail_at(err, lines->number, 1, "ends before its checkpoint; was the file cut off?");
}

static int parse(const char *bytes, size_t size, struct csc_proof *proof, struct csc_error *err)
{
    struct csc_lines lines = {bytes, bytes + size, 1};

    if (size > CSC_PROOF_BYTES_MAX)
        return csc_fail(err, CSC_E_DATA, "larger than the %zu bytes a proof may have", CSC_PROOF_BYTES_MAX);
    int r = csc_lines_check(bytes, size, 1, err);
    if (r == 0)
        r = parse_head(&lines, proof, err);
    if (r == 0)
        r = parse_path(&lines, proof, err);
    if (r == 0 && lines.next == lines.end)
        r = csc_fail_at(err, lines.number, 1, "no checkpoint after the empty line; was the file cut off?");
    if (r == 0)
        r = csc_note_parse(lines.next, (size_t)(lines.end - lines.next), lines.number, &proof->note, err);
    if (r == 0)
        r = csc_checkpoint_parse(&proof->note, &proof->checkpoint, err);
    return r;
}

int csc_proof_parse(const char *bytes, size_t size, struct csc_proof *ret_proof, struct csc_error *err)
{
    struct csc_proof proof = {0};

    int r = parse(bytes, size, &proof, err);
    if (r < 0)
        return csc_error_in_stage(err, "ledger", r);
    *ret_proof = proof;
    return 0;
}

int csc_proof_verify(const struct csc_proof *proof, const struct csc_note_key *key, const struct csc_merkle_hash *leaf,
                     struct csc_error *err)
{
    const struct csc_merkle_head *head = &proof->checkpoint.head;

    int r = csc_checkpoint_verify(&proof->checkpoint, &proof->note, key, err);
    if (r < 0)
        return r;
    if (proof->index >= head->size)
        r = csc_fail(err, CSC_E_INVALID,
                     "no entry %llu is in a log of %llu; the proof and its checkpoint don't belong "
                     "together",
                     (unsigned long long)proof->index, (unsigned long long)head->size);
    else if (!csc_merkle_verify_inclusion(leaf, proof->index, head->size, &proof->path, &head->root))
        r = csc_fail(err, CSC_E_INVALID,
                     "does not lead from this receipt to the checkpoint's root; it is the proof of another entry, or "
                     "one of the two was altered");
    return csc_error_in_stage(err, "ledger", r);
}

void csc_proof_write(struct csc_buf *buf, uint64_t index, const struct csc_merkle_proof *path,
                     const struct csc_buf *note)
{
    csc_buf_printf(buf, HEADER "\nindex %llu\n", (unsigned long long)index);
    for (size_t i = 0; i < path->count; i++) {
        csc_base64_encode(buf, path->hashes[i].bytes, sizeof(path->hashes[i].bytes));
        csc_buf_putc(buf, '\n');
    }
    csc_buf_putc(buf, '\n');
    csc_buf_append(buf, note->data, note->size);
    buf->failed |= note->failed;
}
