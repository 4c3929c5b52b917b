/* SPDX-License-Identifier: Apache-2.0 */
/* Checkpoints, https://c2sp.org/tlog-checkpoint: the state of a log, in the text of a note that the log's key signs. */
#ifndef CSC_LEDGER_CHECKPOINT_H
#define CSC_LEDGER_CHECKPOINT_H

#include "ledger/merkle.h"
#include "ledger/note.h"

struct csc_checkpoint {
    char origin[CSC_NOTE_NAME_MAX + 1]; /* which log it is of; also the name of the log's key */
    struct csc_merkle_head head;
};

/* Reads it out of a note's text: origin, size and root, a line each. Lines after those are of no concern here, but none
 * may be empty. */
int csc_checkpoint_parse(const struct csc_note *note, struct csc_checkpoint *ret_checkpoint, struct csc_error *err);
/* The note it was read from is signed by this key, and the log is this key's; else CSC_E_INVALID. */
int csc_checkpoint_verify(const struct csc_checkpoint *checkpoint, const struct csc_note *note,
                          const struct csc_note_key *key, struct csc_error *err);
/* Appends the signed note of a checkpoint. CSC_E_USAGE when the origin cannot be the name of a key. */
int csc_checkpoint_sign(const struct csc_checkpoint *checkpoint, const struct csc_signing_key *key,
                        struct csc_buf *ret_note, struct csc_error *err);

#endif
