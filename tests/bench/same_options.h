/* SPDX-License-Identifier: Apache-2.0 */
/* bwrap by itself, with the options of a plan. */
#ifndef CSC_TESTS_BENCH_SAME_OPTIONS_H
#define CSC_TESTS_BENCH_SAME_OPTIONS_H

/* An argv that starts `argv` (NULL-terminated) with the options of the first plan in the file `plans`, which is what
 * `csc run ... --sandbox-debug` printed. NULL: there is none. Lives as long as the program. */
const char *const *same_options(const char *plans, const char *const *argv);

#endif
