/* SPDX-License-Identifier: Apache-2.0 */
#include "flow_run.h"

int csc_run_check_limits(struct run *run)
{
    struct csc_error limit = {0};

    if (csc_contract_check_limits(run->flow->contract, &limit) == 0)
        return GO;
    return csc_run_block(run, CSC_OUTCOME_OVER_LIMIT, "%s: %s", limit.field, limit.text);
}

int csc_run_decide(struct run *run, struct csc_error *err)
{
    int r = csc_decide(run->flow->contract, run->flow->policy, &run->decision, err);

    if (r < 0)
        return r;
    switch (run->decision->verdict) {
    case CSC_ALLOW:
        return GO;
    case CSC_NEEDS_APPROVAL:
        return csc_run_block(run, CSC_OUTCOME_NEEDS_APPROVAL, "%s: %s", csc_reason_name(run->decision->code),
                             run->decision->reason);
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
