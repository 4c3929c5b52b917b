/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "flow_run.h"

/* A plan as a value that outlives it, and what was surveyed for it. */
static int keep_plan(const struct csc_plan *plan, struct csc_arena *arena, struct csc_value *ret_plan,
                     struct csc_error *err)
{
    _cleanup_(csc_arena_free) struct csc_arena scratch = {0};
    _cleanup_buf_ struct csc_buf text = {0};
    struct csc_value value;

    int r = csc_plan_value(plan, &scratch, &value, err);
    if (r < 0)
        return r;
    csc_canon_write(&text, &value);
    return text.failed ? csc_fail_memory(err) : csc_json_parse(arena, text.data, text.size, ret_plan, err);
}

/* The plan of one command as a value, or STOP with the reason in the record. */
static int plan_command(struct run *run, const struct csc_command *command, struct csc_arena *arena,
                        struct csc_value *ret_plan, struct csc_error *err)
{
    _cleanup_(csc_boundary_cleanup) struct csc_boundary *boundary = NULL;
    const struct csc_sandbox_request request = csc_run_request(run->flow, command);

    int r = csc_boundary_make(&request, &boundary, run->current, err);
    if (r < 0)
        return r;
    if (!boundary)
        return csc_run_conclude(run, command);
    r = keep_plan(boundary->plan, arena, ret_plan, err);
    return r < 0 ? r : GO;
}

static int plan_commands(struct run *run, struct csc_arena *arena, struct csc_value *plans, struct csc_error *err)
{
    const struct csc_contract *contract = run->flow->contract;
    int r = GO;

    for (size_t i = 0; i < contract->command_count && r == GO; i++)
        r = plan_command(run, &contract->commands[i], arena, &plans[i], err);
    return r;
}

int csc_flow_plan(const struct csc_flow *flow, struct csc_arena *arena, struct csc_value *ret_plans,
                  struct csc_flow_result *ret_result, struct csc_error *err)
{
    _cleanup_(csc_run_free) struct run run = {.flow = flow};
    size_t count = flow->contract->command_count;
    struct csc_value *plans = csc_arena_array(arena, count, sizeof(*plans));

    int r = plans ? csc_run_begin(&run, err) : csc_fail_memory(err);
    if (r == GO)
        r = csc_run_check_limits(&run);
    if (r == GO)
        r = csc_run_decide(&run, err);
    if (r == GO)
        r = csc_run_vet(&run);
    if (r == GO)
        r = plan_commands(&run, arena, plans, err);
    if (r < 0)
        return r;
    if (r == GO)
        *ret_plans = (struct csc_value){.type = CSC_ARRAY, .count = count, .items = plans};
    *ret_result = (struct csc_flow_result){.decision = TAKE_PTR(run.decision),
                                           .outcome = r == GO ? CSC_OUTCOME_SUCCESS : run.outcome};
    if (run.record.error)
        (void)snprintf(ret_result->reason, sizeof(ret_result->reason), "%s", run.record.error);
    return 0;
}
