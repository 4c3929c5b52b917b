/* SPDX-License-Identifier: Apache-2.0 */
/* Files that prove an entry to be in a log, https://c2sp.org/tlog-proof: where it is, the path to the root, and the
 * checkpoint with that root. Nothing else but the log's key is needed to verify one. */
#ifndef CSC_LEDGER_PROOF_H
#define CSC_LEDGER_PROOF_H

#include "ledger/checkpoint.h"

#define CSC_PROOF_BYTES_MAX (CSC_NOTE_BYTES_MAX + ((size_t)16 << 10))

struct csc_proof {
    uint64_t index; /* of the entry, from 0 on */
    struct csc_merkle_proof path;
    struct csc_note note;
    struct csc_checkpoint checkpoint;
};

/* Reads a file out of bytes that must live as long as the proof does. Its line of unsigned extra data, if there is one,
 * is checked for its form and dropped. */
int csc_proof_parse(const char *bytes, size_t size, struct csc_proof *ret_proof, struct csc_error *err);
/* The entry with this leaf is where the proof says in the log of this key; else CSC_E_INVALID. */
int csc_proof_verify(const struct csc_proof *proof, const struct csc_note_key *key, const struct csc_merkle_hash *leaf,
                     struct csc_error *err);
/* Appends the file; `note` is the signed checkpoint's. */
void csc_proof_write(struct csc_buf *buf, uint64_t index, const struct csc_merkle_proof *path,
                     const struct csc_buf *note);

#endif
