/* SPDX-License-Identifier: Apache-2.0 */
#include "flow_run.h"

int csc_run_check_limits(struct run *run)
{
    struct csc_error limit = {0};

    if (csc_contract_check_limits(run->flow->contract, &limit) == 0)
        return GO;
    return csc_run_block(run, CSC_OUTCOME_OVER_LIMIT, "%s: %s", limit.field, limit.text);
}

/* One that works once needs the ledger, where it is struck off. */
static int require_ledger(struct run *run)
{
    const struct csc_recorder *recorder = &run->flow->recorder;

    for (size_t i = 0; i < run->approvals->count && !recorder->ledger; i++) {
        const struct csc_approval *approval = run->approvals->items[i].approval;
        if (approval->scope != CSC_APPROVAL_SINGLE_EXECUTION)
            continue;
        return csc_run_block(run, recorder->unavailable ? CSC_OUTCOME_NO_LEDGER : CSC_OUTCOME_BLOCKED,
                             "approval '%s' is for a single execution, which only a ledger can hold it to: %s",
                             approval->id, recorder->unavailable ? recorder->unavailable : "name one with --ledger");
    }
    return GO;
}

/* The start value of `answer` is a refusal. */
static int approve(struct run *run)
{
    const struct csc_flow_approvals *given = &run->flow->approvals;
    static const enum csc_outcome outcomes[] = {
        [CSC_APPROVALS_REFUSED] = CSC_OUTCOME_BLOCKED,
        [CSC_APPROVALS_MISSING] = CSC_OUTCOME_NEEDS_APPROVAL,
        [CSC_APPROVALS_EXPIRED] = CSC_OUTCOME_EXPIRED,
    };

    const struct csc_approval_request request = {
        .contract = run->flow->contract,
        .files = given->files,
        .count = given->count,
        .trust = &given->trust,
        .now = csc_time_now(),
    };
    struct csc_error failure = {0};

    if (given->count == 0)
        return csc_run_block(run, CSC_OUTCOME_NEEDS_APPROVAL, "%s: %s", csc_reason_name(run->decision->code),
                             run->decision->reason);
    if (csc_approvals_judge(&request, &run->approvals, &failure) < 0) /* what cannot be judged was not given */
        return csc_run_block(run, CSC_OUTCOME_BLOCKED, "%s", failure.text);
    if (run->approvals->answer != CSC_APPROVALS_GRANTED)
        return csc_run_block(run, outcomes[run->approvals->answer], "%s", run->approvals->reason);
    if (run->approvals->any_unsigned)
        csc_run_notice(run,
                       given->trust.allowed_signers
                           ? "an approval is not signed: whoever can write that file can approve; csc approve signs"
                           : "no signature of an approval was checked: whoever can write that file can approve; give "
                             "--allowed-signers");
    return require_ledger(run);
}

int csc_run_decide(struct run *run, struct csc_error *err)
{
    int r = csc_decide(run->flow->contract, run->flow->policy, &run->decision, err);

    if (r < 0)
        return r;
    switch (run->decision->verdict) {
    case CSC_ALLOW:
        if (run->flow->approvals.count > 0)
            csc_run_notice(run, "no approval is needed: those given were not looked at, and not used up");
        return GO;
    case CSC_NEEDS_APPROVAL:
        return approve(run);
    case CSC_DENY:
        break;
    }
    return csc_run_block(run, CSC_OUTCOME_BLOCKED, "%s: %s", csc_reason_name(run->decision->code),
                         run->decision->reason);
}

int csc_run_vet(struct run *run)
{
    const struct csc_contract *contract = run->flow->contract;
    struct csc_refusal refusal = {0};

    for (size_t i = 0; i < contract->command_count && run->flow->hardening; i++) {
        if (csc_sandbox_vet(&contract->commands[i], run->flow->hardening->config, &refusal) == 0)
            continue;
        run->record.failed_id = contract->commands[i].id;
        return csc_run_block(run, refusal.kind == CSC_REFUSAL_BOUNDARY ? CSC_OUTCOME_NO_BOUNDARY : CSC_OUTCOME_BLOCKED,
                             "%s", refusal.text);
    }
    return GO;
}

int csc_run_require_secret_provider(struct run *run)
{
    const struct csc_contract *contract = run->flow->contract;

    for (size_t i = 0; i < contract->command_count; i++)
        if (contract->commands[i].secret_ref_count > 0)
            return csc_run_block(run, CSC_OUTCOME_NO_SECRETS,
                                 "commands[%zu].secret_refs: no secret provider is configured", i);
    return GO;
}
