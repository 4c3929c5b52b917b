/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a reviewer would say of a policy: entries that do nothing, and entries that allow more than they seem to. A
 * finding is advice, never part of a decision. Shared through policy.h.
 */
#ifndef CSC_POLICY_LINT_H
#define CSC_POLICY_LINT_H

#include "base/base.h"

/* From a note on, in order of weight. Warnings and errors are for changing the policy; notes are for knowing. */
enum csc_lint_severity { CSC_LINT_NOTE, CSC_LINT_WARNING, CSC_LINT_ERROR };

extern const char *const csc_lint_severity_names[]; /* by value, NULL-terminated */

enum { CSC_LINT_FINDINGS_MAX = 1000 };

struct csc_lint_finding {
    const char *rule;      /* stable: "deny-prefix-unreachable" */
    const char *field;     /* "deny_argv_prefixes[0]" */
    const char *text;      /* what it means, one line of safe text */
    const char *instead;   /* what to write instead */
    unsigned line, column; /* in the policy's text; 0 where the field is not there */
    enum csc_lint_severity severity;
};

struct csc_lint {
    struct csc_arena arena;
    struct csc_lint_finding *findings; /* in the order of the text */
    size_t count;
    bool cut; /* there are more than CSC_LINT_FINDINGS_MAX, or the policy is too large to compare every two entries */
};

/* A file or folder that no command may write. */
struct csc_lint_protected {
    const char *path; /* absolute */
    const char *what; /* "the ledger" */
};

/* What else is known of where the policy is to be used; {0}: nothing. */
struct csc_lint_place {
    bool (*blocks)(const void *context, const char *program); /* hardened mode does not start it */
    const void *context;
    const struct csc_lint_protected *protected;
    size_t protected_count;
};

/* Errors are those of csc_policy_parse(). `place` may be NULL. */
int csc_policy_lint(const void *bytes, size_t size, const struct csc_lint_place *place, struct csc_lint **ret_lint,
                    struct csc_error *err);
void csc_lint_free(struct csc_lint *lint);
/* The gravest of all; a note when there are none. */
enum csc_lint_severity csc_lint_worst(const struct csc_lint *lint);

#endif
