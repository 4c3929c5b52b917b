/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The steps of the decision (protocol section 3) as one table of rules in order. csc_decide() and csc_explain() walk
 * the same table, so that they can't disagree. A rule judges without allocating or formatting; its texts are made only
 * where somebody reads them.
 */
#ifndef CSC_POLICY_RULES_H
#define CSC_POLICY_RULES_H

#include "policy/policy.h"

/* What a rule looks at. */
struct csc_view {
    const struct csc_policy *policy;
    const struct csc_contract *contract;
    const struct csc_command *command;        /* NULL: the contract as a whole */
    struct csc_classification classification; /* of the command, behind step 2 */
};

/* What it says. */
struct csc_judgement {
    enum csc_verdict verdict; /* CSC_ALLOW: passed */
    enum csc_reason code;
    size_t item; /* the argv or path it is about, where it is about one */
};

struct csc_draft;

struct csc_rule {
    const char *name;
    bool classifies; /* the first behind step 2: a command that gets here stands in classified_effects */
    struct csc_judgement (*judge)(const struct csc_view *view);
    /* Says what it saw and what would pass, in one line of safe text. */
    void (*tell)(const struct csc_view *view, const struct csc_judgement *judgement, struct csc_buf *text);
    /* Changes the draft that the view looks at so that the rule passes, where that can be done (policy/mend.h). */
    void (*mend)(struct csc_draft *draft, const struct csc_view *view);
};

/* What the decision rests on: the first denial; else the first need for approval; else the last rule. */
struct csc_ruling {
    const struct csc_rule *rule;
    struct csc_view view;
    struct csc_judgement judgement;
    size_t position; /* how many judgements came before it */
};

/* Called for each judgement, in order. A negative result ends the walk and becomes its result. */
typedef int (*csc_rule_visit)(void *context, const struct csc_rule *rule, const struct csc_view *view,
                              const struct csc_judgement *judgement);

struct csc_walk {
    const struct csc_contract *contract;
    const struct csc_policy *policy;
    bool to_the_end; /* also behind a denial */
    csc_rule_visit visit;
    void *context;
};

/* How many judgements a walk to the end makes. */
size_t csc_rules_count(const struct csc_contract *contract);

/* Fails only where `visit` does. */
int csc_rules_walk(const struct csc_walk *walk, struct csc_ruling *ret_ruling);

#endif
