/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stage 7: the log of receipts. The public header of ledger/. So far its formats, which touch no file: a Merkle tree
 * over the receipts (RFC 6962), and what is published of it (https://c2sp.org): signed notes, checkpoints, proofs.
 */
#ifndef CSC_LEDGER_H
#define CSC_LEDGER_H

#include "ledger/checkpoint.h"
#include "ledger/merkle.h"
#include "ledger/note.h"
#include "ledger/proof.h"
#include "receipt/receipt.h"

/* The receipt's leaf: the hash of its canonical bytes as it stands, its signature included. */
int csc_ledger_leaf(const struct csc_receipt *receipt, struct csc_merkle_hash *ret_leaf, struct csc_error *err);

#endif
