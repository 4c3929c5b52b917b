/* SPDX-License-Identifier: Apache-2.0 */
/* Hardened mode against bwrap. */
#ifndef CSC_TESTS_BENCH_HARDENED_H
#define CSC_TESTS_BENCH_HARDENED_H

/* Rows of runs, launches and throughput; `csc` is the command. As this user; when that is root, then as a plain user.
 */
void compare_hardened(const char *csc);

#endif
