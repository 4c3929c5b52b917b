/* SPDX-License-Identifier: Apache-2.0 */
/* Comparisons that the rules of this stage share. */
#ifndef CSC_POLICY_MATCH_H
#define CSC_POLICY_MATCH_H

#include "policy/policy.h"

/* ASCII letters compare without case, whatever the locale of the process says. */
bool csc_ascii_equal(const char *a, const char *b, size_t size);
/* Where `needle` first stands in `text`, compared in the same way, or NULL. */
const char *csc_ascii_find(const char *text, const char *needle);

bool csc_names_contain(const struct csc_names *names, const char *name);
/* Element by element. */
bool csc_argv_begins_with(const struct csc_argv *argv, const struct csc_argv *prefix);

/* Makes prefixes->sorted. Threat: a contract and a policy at their limits are 200,000 paths and 100,000 prefixes. */
int csc_prefixes_sort(struct csc_arena *arena, struct csc_names *prefixes, struct csc_error *err);

/* Why a path of the contract doesn't pass: it is not absolute, or (`denied`) it has a ".." or lies outside the
 * prefixes. CSC_REASON_ALLOW when it does. */
enum csc_reason csc_path_judge(const struct csc_names *prefixes, const char *path, enum csc_reason denied);

#endif
