/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "flow_run.h"

static struct csc_ledger_actor actor_of(const struct csc_contract *contract)
{
    return (struct csc_ledger_actor){contract->agent_id, contract->session_id, contract->initiating_user};
}

static struct csc_ledger_signer signer_of(const struct csc_flow *flow)
{
    return (struct csc_ledger_signer){flow->signing_key, flow->key_id};
}

/* Of runs before this one: what began and never ended. */
static int settle(const struct run *run, struct csc_error *err)
{
    const struct csc_ledger_signer signer = signer_of(run->flow);
    struct csc_ledger_settled settled = {0};
    char text[200];

    int r = csc_ledger_settle(run->flow->recorder.ledger, signer.key ? &signer : NULL, &settled, err);
    if (r < 0)
        return r;
    if (settled.closed > 0)
        (void)snprintf(text, sizeof(text),
                       "%llu earlier execution(s) never ended: their runner died; the ledger has their receipts now",
                       (unsigned long long)settled.closed);
    else if (settled.dead > 0)
        (void)snprintf(text, sizeof(text),
                       "%llu earlier execution(s) never ended: their runner died; the next run that signs records it",
                       (unsigned long long)settled.dead);
    else if (settled.bad > 0)
        (void)snprintf(
            text, sizeof(text),
            "%llu earlier execution(s) can get no receipt: what the ledger has of them was not written by csc; "
            "csc ledger verify says more",
            (unsigned long long)settled.bad);
    else
        return 0;
    csc_run_notice(run, text);
    return 0;
}

/* Of one that is not signed anybody can choose the id: it must not use up that of one that is. */
static const char *ledger_id(struct run *run, const struct csc_approved *approved)
{
    return approved->key[0] ? approved->approval->id
                            : csc_arena_printf(&run->arena, "(unsigned) %s", approved->approval->id);
}

/* Approvals of a single execution, which this one uses up. */
static int used_up(struct run *run, struct csc_ledger_approval *approvals, size_t *ret_count, struct csc_error *err)
{
    size_t count = 0;

    for (size_t i = 0; run->approvals && i < run->approvals->count; i++) {
        const struct csc_approved *approved = &run->approvals->items[i];
        if (approved->approval->scope != CSC_APPROVAL_SINGLE_EXECUTION)
            continue;
        const char *id = ledger_id(run, approved);
        if (!id)
            return csc_fail_memory(err);
        approvals[count++] = (struct csc_ledger_approval){id, approved->approval->identity, approved->key};
    }
    *ret_count = count;
    return 0;
}

static int begin(struct run *run, const struct csc_ledger_approvals *approvals, struct csc_error *err)
{
    const struct csc_flow *flow = run->flow;
    struct csc_intent intent = {
        .execution_id = run->execution_id,
        .contract_id = flow->contract->id,
        .contract_sha256 = flow->contract->sha256,
        .policy_profile = flow->policy->name,
        .policy_schema_version = CSC_POLICY_VERSION,
        .policy_sha256 = flow->policy->sha256,
        .actor = actor_of(flow->contract),
        .hardened = flow->hardening != NULL,
        .started_at = run->record.started_at,
    };
    size_t used = 0;

    int r = csc_runner_self(&intent.runner, err);
    if (r == 0)
        r = csc_ledger_begin(flow->recorder.ledger, &intent, approvals, &used, err);
    if (r != CSC_LEDGER_USED)
        return r < 0 ? r : GO;
    return csc_run_block(run, CSC_OUTCOME_BLOCKED,
                         "approval '%s' was used before: it is for a single execution; ask for a new one",
                         approvals->items[used].id);
}

/* Threat: an execution that nobody can find later. What cannot be recorded does not run, but for local mode, which says
 * so. */
static int unrecorded(struct run *run, const char *why, bool needed)
{
    if (needed || run->flow->hardening)
        return csc_run_block(run, CSC_OUTCOME_NO_LEDGER, "the ledger: %s", why);
    return GO;
}

/* Before anything is executed: the intent, and the approvals it uses up. */
static int intend(struct run *run, struct csc_error *err)
{
    const struct csc_recorder *recorder = &run->flow->recorder;
    struct csc_error failure = {0};

    if (!recorder->ledger)
        return recorder->unavailable ? unrecorded(run, recorder->unavailable, false) : GO;
    struct csc_ledger_approval *approvals = csc_arena_array(&run->arena, run->approvals ? run->approvals->count : 0,
                                                            sizeof(*approvals));
    if (!approvals)
        return csc_fail_memory(err);
    size_t count = 0;
    int r = used_up(run, approvals, &count, err);
    if (r < 0)
        return r;
    const struct csc_ledger_approvals once = {approvals, count};
    r = settle(run, &failure);
    if (r == 0)
        r = begin(run, &once, &failure);
    return r < 0 ? unrecorded(run, failure.text, once.count > 0) : r;
}

static int append(const struct run *run, struct csc_flow_result *result, struct csc_error *err)
{
    const struct csc_ledger_signer signer = signer_of(run->flow);
    const struct csc_ledger_item item = {
        .receipt = result->receipt,
        .actor = actor_of(run->flow->contract),
        .evidence = result->evidence,
    };

    return csc_ledger_append(run->flow->recorder.ledger, &item, signer.key ? &signer : NULL, &result->entry, err);
}

/* The receipt, and evidence where there is any. That it cannot be recorded is said in the result. */
static void record(const struct run *run, struct csc_flow_result *result)
{
    const struct csc_recorder *recorder = &run->flow->recorder;
    struct csc_error failure = {0};

    if (!recorder->ledger && !recorder->unavailable)
        return;
    result->is_recorded = recorder->ledger && append(run, result, &failure) == 0;
    if (!result->is_recorded)
        (void)snprintf(result->unrecorded, sizeof(result->unrecorded), "%s",
                       recorder->ledger ? failure.text : recorder->unavailable);
}

void csc_recorder_init(struct csc_recorder *recorder)
{
    recorder->intend = intend;
    recorder->record = record;
}
