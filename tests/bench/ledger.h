/* SPDX-License-Identifier: Apache-2.0 */
/* What the ledger takes: appending to a small and a large one, and verifying. */
#ifndef CSC_TESTS_BENCH_LEDGER_H
#define CSC_TESTS_BENCH_LEDGER_H

/* Works in the current folder; with the key in bench.key. */
void compare_ledger(void);
/* For a process of its own, whose memory is measured. Returns an exit status. */
int verify_ledger(const char *path);

#endif
