/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decides many contracts in one process. Reads "SIZE SIZE\n", a contract and a policy of these sizes, again and again,
 * and writes for each one line: the decision as canonical JSON, a space, and the decision that the changes named by
 * csc_explain() would have.
 */
#include <stdio.h>
#include <stdlib.h>

#include "policy/policy.h"

struct texts {
    char *contract, *policy;
    size_t contract_size, policy_size;
};

static bool read_texts(struct texts *texts)
{
    if (scanf("%zu %zu", &texts->contract_size, &texts->policy_size) != 2 || getchar() != '\n')
        return false;
    texts->contract = malloc(texts->contract_size + 1);
    texts->policy = malloc(texts->policy_size + 1);
    return texts->contract && texts->policy &&
           fread(texts->contract, 1, texts->contract_size, stdin) == texts->contract_size &&
           fread(texts->policy, 1, texts->policy_size, stdin) == texts->policy_size;
}

static int answer(const struct csc_contract *contract, const struct csc_policy *policy, struct csc_error *err)
{
    struct csc_decision *decision = NULL;
    struct csc_explanation *explanation = NULL;
    _cleanup_(csc_arena_free) struct csc_arena arena = {0};
    _cleanup_buf_ struct csc_buf line = {0};
    struct csc_value value;
    int r = csc_decide(contract, policy, &decision, err);

    if (r == 0)
        r = csc_explain(contract, policy, &explanation, err);
    if (r == 0)
        r = csc_decision_value(decision, &arena, &value, err);
    if (r == 0) {
        csc_canon_write(&line, &value);
        (void)printf("%s %s\n", line.data, csc_verdict_names[explanation->verdict_after]);
    }
    csc_explanation_free(explanation);
    csc_decision_free(decision);
    return r;
}

static int decide(const struct texts *texts)
{
    struct csc_contract *contract = NULL;
    struct csc_policy *policy = NULL;
    struct csc_error err = {0};
    int r = csc_contract_parse(texts->contract, texts->contract_size, &contract, &err);

    if (r == 0)
        r = csc_policy_parse(texts->policy, texts->policy_size, &policy, &err);
    if (r == 0)
        r = answer(contract, policy, &err);
    if (r < 0)
        (void)printf("{} %s: %s\n", err.field, err.text);
    csc_policy_free(policy);
    csc_contract_free(contract);
    return r;
}

int main(void)
{
    struct texts texts = {0};

    while (read_texts(&texts)) {
        (void)decide(&texts);
        free(texts.contract);
        free(texts.policy);
        texts = (struct texts){0};
    }
    return feof(stdin) ? EXIT_SUCCESS : EXIT_FAILURE;
}
