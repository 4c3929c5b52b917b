/* SPDX-License-Identifier: Apache-2.0 */
/* The statement of an evidence: written and read. Private to receipt/. */
#ifndef CSC_RECEIPT_EVIDENCE_PARTS_H
#define CSC_RECEIPT_EVIDENCE_PARTS_H

#include "receipt/receipt.h"

extern const char *const csc_exec_end_names[]; /* by enum csc_exec_end, NULL-terminated */

/* evidence_build.c: the statement; texts live in the arena or belong to the evidence. */
int csc_evidence_value(const struct csc_evidence *evidence, struct csc_arena *arena, struct csc_value *ret_statement,
                       struct csc_error *err);
/* evidence_measured.c: the member "sandbox" of a command, where there was one. */
int csc_evidence_add_sandbox(struct csc_object *object, const struct csc_evidence_command *command,
                             struct csc_arena *arena, struct csc_error *err);
/* evidence_shape.c: validates a statement. *ret_receipt_sha256 is that of the first subject. */
int csc_evidence_decode(const struct csc_value *statement, struct csc_arena *arena, const char **ret_receipt_sha256,
                        struct csc_error *err);

#endif
