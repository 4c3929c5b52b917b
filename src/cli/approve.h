/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of csc approve. */
#ifndef CSC_CLI_APPROVE_H
#define CSC_CLI_APPROVE_H

#include "approval/approval.h"
#include "cli/cli.h"

/* What a person is asked to approve. */
struct csc_cli_question {
    const struct csc_contract *contract;
    const struct csc_policy *policy;     /* or NULL: nobody asked one */
    const struct csc_decision *decision; /* likewise */
};

/* Appends all of it as lines for a person: nothing is left out, and nothing in it acts on a terminal, hides, or passes
 * for words of csc. */
void csc_cli_show_question(struct csc_buf *buf, const struct csc_cli_question *question);

#endif
