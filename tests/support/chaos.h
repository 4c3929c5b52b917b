/* SPDX-License-Identifier: Apache-2.0 */
/* Makes every allocation of a piece of code fail once, in turn. Executables are linked with -Wl,--wrap=malloc... */
#ifndef CSC_TESTS_CHAOS_H
#define CSC_TESTS_CHAOS_H

/*
 * Calls attempt(context) again and again: with its first allocation failing, then its second, and so on, until
 * a call meets no failure. Each call must free what it made. A call that met a failure may return 0 (it could do
 * without) or a negative code, which `check` of attempt itself judges; the last must return 0. Returns how many
 * allocations there were.
 */
int chaos_fail_each_allocation(int (*attempt)(void *context), void *context);

#endif
