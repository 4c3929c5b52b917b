/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "flow_run.h"

int csc_run_note(struct run *run, const struct csc_command *command, const struct csc_plan *plan, struct csc_error *err)
{
    if (!run->flow->signing_key || !run->flow->make_evidence)
        return 0;
    return csc_evidence_note(command, run->current, plan, &run->noted[run->noted_count++], err);
}

static struct csc_evidence_approval approval_of(const struct csc_approved *approved)
{
    struct csc_evidence_approval approval = {
        .approval_id = approved->approval->id,
        .identity = approved->approval->identity,
        .scope = csc_approval_scope_names[approved->approval->scope],
        .key_fingerprint = approved->key[0] ? approved->key : NULL,
        .ticket_id = approved->approval->ticket_id,
    };

    memcpy(approval.artifact_sha256, approved->sha256, sizeof(approval.artifact_sha256));
    return approval;
}

int csc_run_make_evidence(struct run *run, const struct csc_receipt *receipt, char **ret_envelope,
                          struct csc_error *err)
{
    const struct csc_flow *flow = run->flow;
    size_t count = run->approvals ? run->approvals->count : 0;

    if (!flow->signing_key || !flow->make_evidence)
        return 0;
    struct csc_evidence_approval *approvals = csc_arena_array(&run->arena, count, sizeof(*approvals));
    if (!approvals)
        return csc_fail_memory(err);
    for (size_t i = 0; i < count; i++)
        approvals[i] = approval_of(&run->approvals->items[i]);
    struct csc_evidence evidence = {
        .record = &run->record,
        .receipt = receipt,
        .agent_id = flow->contract->agent_id,
        .session_id = flow->contract->session_id,
        .initiating_user = flow->contract->initiating_user,
        .commands = run->noted,
        .command_count = run->noted_count,
        .approvals = approvals,
        .approval_count = count,
        .full_argv = flow->recorder.full_argv,
    };
    csc_host_facts(&evidence.host);
    return csc_evidence_make(&evidence, flow->signing_key, flow->key_id, ret_envelope, err);
}
