/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <time.h>

#include "policy/policy.h"
#include "policy/rules.h"
#include "policy/tell.h"

static void free_decision(struct csc_decision **decision)
{
    csc_decision_free(*decision);
}

/* The decision under construction, as the visitor of the walk. */
struct draft {
    struct csc_decision *decision;
    struct csc_error *err;
};

static const char *copy(struct csc_decision *decision, const char *string)
{
    return csc_arena_copy(&decision->arena, string, strlen(string));
}

static int note_classified(void *context, const struct csc_rule *rule, const struct csc_view *view,
                           const struct csc_judgement *judgement)
{
    const struct draft *draft = context;
    struct csc_decision *decision = draft->decision;

    (void)judgement;
    if (!rule->classifies)
        return 0;
    struct csc_classified *classified = &decision->classified[decision->classified_count++];
    classified->command_id = copy(decision, view->command->id);
    classified->effect_type = view->classification.effect_type; /* a name out of the tables */
    return classified->command_id ? 0 : csc_fail_memory(draft->err);
}

static int write_reason(struct csc_decision *decision, const struct csc_ruling *ruling, struct csc_error *err)
{
    _cleanup_buf_ struct csc_buf text = {0};

    if (decision->verdict == CSC_ALLOW) {
        csc_buf_puts(&text, csc_reason_meaning(CSC_REASON_ALLOW));
    } else {
        if (ruling->view.command) {
            csc_buf_puts(&text, "command ");
            csc_tell_quoted(&text, ruling->view.command->id);
            csc_buf_puts(&text, ": ");
        }
        ruling->rule->tell(&ruling->view, &ruling->judgement, &text);
    }
    if (text.failed)
        return csc_fail_memory(err);
    decision->reason = csc_arena_copy(&decision->arena, text.data, text.size);
    return decision->reason ? 0 : csc_fail_memory(err);
}

/* Whom and what the decision is about; and a list with room for all commands. */
static int describe(struct csc_decision *decision, const struct csc_contract *contract, const struct csc_policy *policy,
                    struct csc_error *err)
{
    decision->contract_id = copy(decision, contract->id);
    decision->policy_name = copy(decision, policy->name);
    decision->classified = csc_arena_array(&decision->arena, contract->command_count, sizeof(*decision->classified));
    if (!decision->contract_id || !decision->policy_name || !decision->classified)
        return csc_fail_memory(err);
    memcpy(decision->contract_sha256, contract->sha256, sizeof(decision->contract_sha256));
    return 0;
}

static int64_t boottime_now(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_BOOTTIME, &now);
    return now.tv_sec * CSC_SECOND + now.tv_nsec / 1000;
}

static int decide(const struct csc_contract *contract, const struct csc_policy *policy,
                  struct csc_decision **ret_decision, struct csc_error *err)
{
    _cleanup_(free_decision) struct csc_decision *decision = calloc(1, sizeof(*decision));
    struct csc_ruling ruling;

    if (!decision)
        return csc_fail_memory(err);
    decision->expires_at = csc_time_now() + CSC_DECISION_LIFETIME_SEC * CSC_SECOND;
    decision->expires_at_boottime = boottime_now() + CSC_DECISION_LIFETIME_SEC * CSC_SECOND;
    int r = describe(decision, contract, policy, err);
    if (r < 0)
        return r;
    struct draft draft = {.decision = decision, .err = err};
    const struct csc_walk walk = {.contract = contract, .policy = policy, .visit = note_classified, .context = &draft};
    r = csc_rules_walk(&walk, &ruling);
    if (r < 0)
        return r;
    decision->verdict = ruling.judgement.verdict;
    decision->code = ruling.judgement.code;
    r = write_reason(decision, &ruling, err);
    if (r < 0)
        return r;
    *ret_decision = TAKE_PTR(decision);
    return 0;
}

int csc_decide(const struct csc_contract *contract, const struct csc_policy *policy, struct csc_decision **ret_decision,
               struct csc_error *err)
{
    return csc_error_in_stage(err, "policy", decide(contract, policy, ret_decision, err));
}

void csc_decision_free(struct csc_decision *decision)
{
    if (!decision)
        return;
    csc_arena_free(&decision->arena);
    free(decision);
}

enum csc_verdict csc_decision_verdict(const struct csc_decision *decision)
{
    return decision->verdict;
}

const char *csc_decision_reason_code(const struct csc_decision *decision)
{
    return csc_reason_name(decision->code);
}

/* Two clocks: the wall clock is what the decision's text says, but somebody could set it back. */
bool csc_decision_expired(const struct csc_decision *decision)
{
    return csc_time_now() >= decision->expires_at || boottime_now() >= decision->expires_at_boottime;
}
