/* SPDX-License-Identifier: Apache-2.0 */
/* A mount table, as proc_pid_mountinfo(5) has it. Private to sandbox/. */
#ifndef CSC_SANDBOX_MEASURE_MOUNTS_H
#define CSC_SANDBOX_MEASURE_MOUNTS_H

#include "sandbox/sandbox.h"

/*
 * Digest of the table in its normalised form (docs/EVIDENCE.md), number of mounts, and the first one that is not as
 * planned: missing, otherwise, or not the plan's. Cuts `text` up. False when it is no mount table, or memory does not
 * suffice.
 */
bool csc_mounts_measure(const struct csc_plan *plan, char *text, struct csc_measured_outside *outside);

#endif
