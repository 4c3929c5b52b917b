/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole run in order. Each stage may end it; whatever ends it is in the record, and the receipt built from the
 * record is the one way out. The record begins as "blocked": nothing better is claimed before it is known.
 */
#include "flow.h"

#include <stdio.h>
#include <string.h>

#include "flow_run.h"

static int execute(struct run *run, struct csc_error *err)
{
    const struct csc_contract *contract = run->flow->contract;
    int r = csc_snapshot_take(contract, &run->before, err);

    if (r < 0)
        return r;
    r = GO;
    for (size_t i = 0; i < contract->command_count && r == GO; i++)
        r = csc_run_command(run, &contract->commands[i]);
    if (r == GO) {
        run->record.status = CSC_STATUS_SUCCESS;
        run->record.has_exit_code = true;
        run->outcome = CSC_OUTCOME_SUCCESS;
    }
    return r;
}

/* The commands are done, what was asked for is not. */
static void interrupt_survey(struct run *run, int exit_code)
{
    static const char error[] = "csc was told to stop while it hashed the expected outputs";

    run->record.status = CSC_STATUS_FAILED;
    run->record.exit_code = exit_code;
    run->record.error = csc_arena_copy(&run->arena, error, strlen(error));
    run->outcome = CSC_OUTCOME_INTERRUPTED;
    run->signal_number = exit_code - 128;
}

/* What the commands left behind, whichever way they ended. They did run: a failure here costs the artifacts, never
 * the receipt. */
static void survey(struct run *run)
{
    struct csc_record *record = &run->record;
    const struct csc_notifier notifier = {run->flow->notice, run->flow->context, &run->flow->io,
                                          run->outcome == CSC_OUTCOME_INTERRUPTED};
    struct csc_artifacts artifacts = {0};
    struct csc_error failure = {0};

    if (!record->last)
        return;
    if (run->before)
        record->files_written = csc_snapshot_count_changes(run->before, run->flow->contract);
    if (csc_artifacts_collect(run->flow->contract, &run->arena, &notifier, &artifacts, &failure) < 0)
        csc_run_notice(run, failure.text);
    record->artifacts = artifacts.items;
    record->artifact_count = artifacts.count;
    if (artifacts.stopped && run->outcome == CSC_OUTCOME_SUCCESS)
        interrupt_survey(run, artifacts.stopped);
}

static int make_receipt(struct run *run, struct csc_receipt **ret_receipt, struct csc_error *err)
{
    const struct csc_flow *flow = run->flow;
    struct csc_receipt *receipt = NULL;

    run->record.ended_at = csc_time_now();
    if (run->profiled > 0) {
        sha256_update(&run->profile, 1, (const uint8_t *)"]");
        csc_sha256_finish_hex(&run->profile, run->profile_id);
        run->record.profile_id = run->profile_id;
    }
    int r = csc_receipt_build(&run->record, &receipt, err);
    if (r == 0 && flow->signing_key)
        r = csc_receipt_sign(receipt, flow->signing_key, flow->key_id, err);
    if (r < 0) {
        csc_receipt_free(receipt);
        return r;
    }
    *ret_receipt = receipt;
    return 0;
}

int csc_flow_run(const struct csc_flow *flow, struct csc_flow_result *ret_result, struct csc_error *err)
{
    _cleanup_(csc_run_free) struct run run = {.flow = flow};
    struct csc_receipt *receipt = NULL;
    struct csc_error failure = {0};

    run.record = (struct csc_record){.execution_id = run.execution_id,
                                     .contract = flow->contract,
                                     .policy = flow->policy,
                                     .status = CSC_STATUS_BLOCKED,
                                     .hardened = flow->hardening != NULL,
                                     .started_at = csc_time_now(),
                                     .files_written = -1};
    int r = csc_uuid_make(run.execution_id, err);
    if (r == 0)
        r = csc_run_begin(&run, err);
    if (r == GO)
        r = csc_run_check_limits(&run);
    if (r == GO)
        r = csc_run_decide(&run, err);
    if (r == GO)
        r = csc_run_require_secret_provider(&run);
    if (r == GO)
        r = csc_run_vet(&run);
    if (r == GO)
        r = csc_run_rehearse(&run, err);
    if (r == GO && flow->recorder.intend)
        r = flow->recorder.intend(&run, err);
    if (r == GO)
        r = execute(&run, err);
    if (r < 0)
        return r;
    survey(&run);
    r = make_receipt(&run, &receipt, err);
    if (r < 0)
        return r;
    *ret_result = (struct csc_flow_result){.receipt = receipt,
                                           .decision = TAKE_PTR(run.decision),
                                           .outcome = run.outcome,
                                           .signal_number = run.signal_number,
                                           .lost_output = run.lost_output};
    if (run.record.error)
        (void)snprintf(ret_result->reason, sizeof(ret_result->reason), "%s", run.record.error);
    /* A receipt is never lost to what goes with it. */
    if (csc_run_make_evidence(&run, receipt, &ret_result->evidence, &failure) < 0)
        (void)snprintf(ret_result->unrecorded, sizeof(ret_result->unrecorded), "%s", failure.text);
    else if (flow->recorder.record)
        flow->recorder.record(&run, ret_result);
    return 0;
}

void csc_flow_result_free(struct csc_flow_result *result)
{
    csc_receipt_free(result->receipt);
    csc_decision_free(result->decision);
    free(result->evidence);
    *result = (struct csc_flow_result){0};
}
