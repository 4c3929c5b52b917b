/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What well-known programs read and write, as far as their words show it. A hint for filling in scopes, never a
 * decision: a program that does more is stopped by its scopes, which the policy judged and the sandbox holds.
 */
#ifndef CSC_AGENT_PROGRAMS_H
#define CSC_AGENT_PROGRAMS_H

#include <stdbool.h>

enum csc_operands {
    CSC_OPERANDS_TEXT,   /* no word of it is a file: echo */
    CSC_OPERANDS_NONE,   /* operands are no files, and may hold some: curl */
    CSC_OPERANDS_READ,   /* cat */
    CSC_OPERANDS_WRITE,  /* touch */
    CSC_OPERANDS_LAST,   /* the last one is written, the others are read: cp */
    CSC_OPERANDS_SECOND, /* the second one is: uniq */
};

/* Whether it writes what lies around cwd, as far as the policy's write prefix that holds cwd. */
enum csc_project_writes {
    CSC_PROJECT_KEPT,
    CSC_PROJECT_WRITTEN,            /* make */
    CSC_PROJECT_WRITTEN_WHEN_RULED, /* when a rule of classification names the command: git commit, not git status */
};

struct csc_program_scopes {
    const char *programs; /* basenames, separated by '|'; one that ends in '#' has any version behind it */
    enum csc_operands operands;
    bool reads_project; /* what lies around cwd, as far as the policy's read prefix that holds cwd */
    enum csc_project_writes writes_project;
    bool writes_elsewhere; /* a path out of cwd is written, wherever it stands: make -C, xargs rm */
    bool skips_first; /* the first operand is no file, but a pattern, script or mode, unless an option gives that */
    /* Options, separated by '|': long ones may be abbreviated, short ones may stand in a bundle. */
    const char *output;   /* the value is a file it writes; "of=" begins a word */
    const char *in_place; /* with one of these its operands and cwd are written */
    const char *valued;   /* other letters that take the rest of their bundle as their value; "*": all of them */
};

/* By the basename of argv[0]; never NULL: of an unknown program, what is said of "*". */
const struct csc_program_scopes *csc_program_scopes_of(const char *program);

#endif
