/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "policy/mend.h"
#include "policy/policy.h"
#include "policy/rules.h"

static void free_explanation(struct csc_explanation **explanation)
{
    csc_explanation_free(*explanation);
}

/* What the visitor of the walk needs. */
struct findings {
    struct csc_explanation *explanation;
    struct csc_error *err;
};

static int add_finding(void *context, const struct csc_rule *rule, const struct csc_view *view,
                       const struct csc_judgement *judgement)
{
    const struct findings *findings = context;
    struct csc_explanation *explanation = findings->explanation;
    struct csc_finding *finding = &explanation->findings[explanation->finding_count++];
    const char *id = view->command ? view->command->id : NULL;
    _cleanup_buf_ struct csc_buf text = {0};

    rule->tell(view, judgement, &text);
    *finding = (struct csc_finding){
        .command_id = id ? csc_arena_copy(&explanation->arena, id, strlen(id)) : NULL,
        .rule = rule->name,
        .verdict = judgement->verdict,
        .code = judgement->code,
        .saw = text.failed ? NULL : csc_arena_copy(&explanation->arena, text.data, text.size),
    };
    return (id && !finding->command_id) || !finding->saw ? csc_fail_memory(findings->err) : 0;
}

static int find(struct csc_explanation *explanation, const struct csc_contract *contract,
                const struct csc_policy *policy, struct csc_error *err)
{
    struct findings findings = {.explanation = explanation, .err = err};
    const struct csc_walk walk = {
        .contract = contract,
        .policy = policy,
        .to_the_end = true,
        .visit = add_finding,
        .context = &findings,
    };
    struct csc_ruling ruling;

    explanation->findings = csc_arena_array(&explanation->arena, csc_rules_count(contract),
                                            sizeof(*explanation->findings));
    if (!explanation->findings)
        return csc_fail_memory(err);
    int r = csc_rules_walk(&walk, &ruling);
    if (r == 0)
        explanation->findings[ruling.position].decided = true;
    return r;
}

static bool mend(struct csc_draft *draft, const struct csc_ruling *ruling)
{
    size_t before = draft->change_count;

    ruling->rule->mend(draft, &ruling->view);
    return draft->change_count > before && !draft->failed;
}

/* Until nothing denies the command any more, or nothing helps. One command at a time: a change to one leaves the others
 * as they are, or (in the policy) allows them more, and a contract of the greatest size is not walked for each. */
static void mend_command(struct csc_draft *draft, size_t index)
{
    struct csc_contract one;
    struct csc_ruling ruling;

    do {
        one = draft->contract;
        one.commands = &draft->commands[index];
        one.command_count = 1;
        const struct csc_walk walk = {.contract = &one, .policy = &draft->policy};
        if (csc_rules_walk(&walk, &ruling) < 0 || ruling.judgement.verdict != CSC_DENY)
            return;
    } while (mend(draft, &ruling));
}

static int change(struct csc_explanation *explanation, const struct csc_contract *contract,
                  const struct csc_policy *policy, struct csc_error *err)
{
    struct csc_draft draft;
    struct csc_ruling ruling;
    int r = csc_draft_begin(&draft, &explanation->arena, contract, policy, err);

    if (r < 0)
        return r;
    for (size_t i = 0; i < contract->command_count && !draft.failed; i++)
        mend_command(&draft, i);
    const struct csc_walk walk = {.contract = &draft.contract, .policy = &draft.policy};
    do {
        r = csc_rules_walk(&walk, &ruling);
        if (r < 0)
            return r;
    } while (ruling.judgement.verdict == CSC_NEEDS_APPROVAL && mend(&draft, &ruling));
    if (draft.failed)
        return csc_fail_memory(err);
    explanation->verdict_after = ruling.judgement.verdict;
    explanation->changes = draft.changes;
    explanation->change_count = explanation->verdict_after == CSC_DENY ? 0 : draft.change_count;
    return 0;
}

static int explain(const struct csc_contract *contract, const struct csc_policy *policy,
                   struct csc_explanation **ret_explanation, struct csc_error *err)
{
    _cleanup_(free_explanation) struct csc_explanation *explanation = calloc(1, sizeof(*explanation));

    if (!explanation)
        return csc_fail_memory(err);
    int r = find(explanation, contract, policy, err);
    if (r < 0)
        return r;
    r = change(explanation, contract, policy, err);
    if (r < 0)
        return r;
    *ret_explanation = TAKE_PTR(explanation);
    return 0;
}

int csc_explain(const struct csc_contract *contract, const struct csc_policy *policy,
                struct csc_explanation **ret_explanation, struct csc_error *err)
{
    return csc_error_in_stage(err, "policy", explain(contract, policy, ret_explanation, err));
}

void csc_explanation_free(struct csc_explanation *explanation)
{
    if (!explanation)
        return;
    csc_arena_free(&explanation->arena);
    free(explanation);
}
