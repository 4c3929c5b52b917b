/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "flow_run.h"

/* By csc: nothing of the command ran. */
static bool was_blocked(const struct csc_exec_result *result)
{
    return result->end == CSC_EXEC_BLOCKED || result->end == CSC_EXEC_ADVISED || result->end == CSC_EXEC_NO_BOUNDARY;
}

/* csc's words on why a command failed, or NULL: then it is the command that knows. */
static const char *own_words(struct run *run, const struct csc_exec_result *result)
{
    if (result->reason[0] && result->hint[0])
        return csc_arena_printf(&run->arena, "%s; %s", result->reason, result->hint);
    if (result->reason[0])
        return csc_arena_copy(&run->arena, result->reason, strlen(result->reason));
    if (result->hint[0])
        return csc_arena_printf(&run->arena, "ended with exit code %d; %s", result->exit_code, result->hint);
    return NULL;
}

int csc_run_conclude(struct run *run, const struct csc_command *command)
{
    struct csc_exec_result *result = run->current;
    struct csc_record *record = &run->record;

    run->lost_output |= result->lost_output;
    if (!was_blocked(result)) {
        run->current = run->last;
        record->last = run->last = result;
    }
    if (result->survivors > 0)
        csc_run_notice(run, "processes could not be killed: they belong to another user, or the kernel holds them");
    if (result->end == CSC_EXEC_EXITED && result->exit_code == 0) {
        record->completed_ids[record->completed_count++] = command->id;
        return GO;
    }
    record->status = was_blocked(result) ? CSC_STATUS_BLOCKED : CSC_STATUS_FAILED;
    record->has_exit_code = result->end != CSC_EXEC_NO_BOUNDARY && result->end != CSC_EXEC_ADVISED;
    record->exit_code = result->exit_code;
    record->failed_id = command->id;
    record->error = own_words(run, result);
    run->outcome = result->end == CSC_EXEC_NO_BOUNDARY ? CSC_OUTCOME_NO_BOUNDARY
                   : was_blocked(result)               ? CSC_OUTCOME_BLOCKED
                                                       : CSC_OUTCOME_FAILED;
    if (result->end == CSC_EXEC_CANCELLED) {
        run->outcome = CSC_OUTCOME_INTERRUPTED;
        run->signal_number = result->exit_code - 128;
    }
    return STOP;
}

/* A variable that is dropped although the contract names it must not be a riddle. */
static void tell_refused_variables(const struct run *run, const struct csc_command *command)
{
    for (size_t i = 0; i < command->env_allow_count; i++) {
        _cleanup_buf_ struct csc_buf text = {0};
        if (!csc_env_is_refused(command->env_allow[i]))
            continue;
        csc_buf_puts(&text, "env_allow: ");
        csc_buf_escape(&text, command->env_allow[i], strlen(command->env_allow[i]));
        csc_buf_puts(&text, " is never handed on: it makes programs load or run something else");
        if (!text.failed)
            csc_run_notice(run, text.data);
    }
}

/* What lets it run: the decision, and every approval. */
static int64_t expiry(const struct run *run)
{
    int64_t first = run->decision->expires_at;

    for (size_t i = 0; run->approvals && i < run->approvals->count; i++)
        if (run->approvals->items[i].approval->expires_at < first)
            first = run->approvals->items[i].approval->expires_at;
    return first;
}

/* A sandbox takes its time: whether it is too late is asked again when the command is about to start. */
static int execute_command(struct run *run, const struct csc_command *command, const struct csc_boundary *boundary,
                           struct csc_error *err)
{
    struct csc_exec_io io = run->flow->io;

    io.boundary = boundary;
    io.not_after = expiry(run);
    return (run->flow->isolate ? csc_exec_run_isolated : csc_exec_run)(command, run->flow->policy, &io, run->current,
                                                                       err);
}

struct csc_sandbox_request csc_run_request(const struct csc_flow *flow, const struct csc_command *command)
{
    return (struct csc_sandbox_request){.command = command,
                                        .policy = flow->policy,
                                        .config = flow->hardening->config,
                                        .protected = flow->hardening->protected,
                                        .protected_count = flow->hardening->protected_count};
}

/* The text whose hash is sandbox_profile_id: "[plan,plan]" of the commands that ran in these boundaries. */
static int add_to_profile(struct run *run, const struct csc_plan *plan, struct csc_error *err)
{
    _cleanup_(csc_arena_free) struct csc_arena arena = {0};
    _cleanup_buf_ struct csc_buf text = {0};
    struct csc_value value;

    int r = csc_plan_value(plan, &arena, &value, err);
    if (r < 0)
        return r;
    csc_buf_puts(&text, run->profiled > 0 ? "," : "[");
    csc_canon_write(&text, &value);
    if (text.failed)
        return csc_fail_memory(err);
    if (run->profiled++ == 0)
        sha256_init(&run->profile);
    sha256_update(&run->profile, text.size, (const uint8_t *)text.data);
    return 0;
}

/* Where root's csc cannot make a command nobody, somebody has to know. */
static void tell_identity(const struct run *run, const struct csc_plan *plan)
{
    _cleanup_buf_ struct csc_buf text = {0};

    if (!plan->not_idmapped)
        return;
    csc_buf_puts(&text, "command '");
    csc_buf_escape(&text, plan->command_id, strlen(plan->command_id));
    csc_buf_printf(&text, "' is uid %u outside of its sandbox, since owners cannot be mapped: ", plan->outer_uid);
    csc_buf_escape(&text, plan->not_idmapped, strlen(plan->not_idmapped));
    csc_buf_puts(&text, "; csc doctor says what would fix it");
    if (!text.failed)
        csc_run_notice(run, text.data);
}

/* The plan is made right before the command, from the host as the commands before left it. */
static int execute_hardened(struct run *run, const struct csc_command *command, struct csc_error *err)
{
    _cleanup_(csc_boundary_cleanup) struct csc_boundary *boundary = NULL;
    const struct csc_sandbox_request request = csc_run_request(run->flow, command);

    int r = csc_boundary_make(&request, &boundary, run->current, err);
    if (r < 0)
        return r;
    if (!boundary)
        return csc_run_note(run, command, NULL, err);
    tell_identity(run, boundary->plan);
    r = execute_command(run, command, boundary, err);
    if (r == 0)
        r = csc_run_note(run, command, boundary->plan, err);
    return r == 0 && run->current->started ? add_to_profile(run, boundary->plan, err) : r;
}

static int execute_local(struct run *run, const struct csc_command *command, struct csc_error *err)
{
    int r = execute_command(run, command, NULL, err);

    return r == 0 ? csc_run_note(run, command, NULL, err) : r;
}

static bool have_approvals_expired(const struct run *run)
{
    return run->approvals && csc_approvals_expired(run->approvals, csc_time_now());
}

static int block_expired(struct run *run, const struct csc_command *command)
{
    run->record.failed_id = command->id;
    if (!csc_decision_expired(run->decision) && have_approvals_expired(run))
        return csc_run_block(run, CSC_OUTCOME_EXPIRED, "an approval expired before command '%s' could start",
                             command->id);
    return csc_run_block(run, CSC_OUTCOME_EXPIRED, "the decision expired before command '%s' could start; run it again",
                         command->id);
}

int csc_run_command(struct run *run, const struct csc_command *command)
{
    const struct csc_flow *flow = run->flow;
    struct csc_error failure = {0};

    if (csc_decision_expired(run->decision) || have_approvals_expired(run))
        return block_expired(run, command);
    tell_refused_variables(run, command);
    int r = flow->hardening ? execute_hardened(run, command, &failure) : execute_local(run, command, &failure);
    if (r == 0)
        return run->current->end == CSC_EXEC_EXPIRED ? block_expired(run, command) : csc_run_conclude(run, command);
    /* Commands before this one may have run: a failure of our own still ends in a receipt. */
    (void)csc_run_block(run, flow->hardening ? CSC_OUTCOME_NO_BOUNDARY : CSC_OUTCOME_BLOCKED, "%s", failure.text);
    run->record.failed_id = command->id;
    return STOP;
}

int csc_run_rehearse(struct run *run, struct csc_error *err)
{
    _cleanup_(csc_boundary_cleanup) struct csc_boundary *boundary = NULL;
    const struct csc_command *command = &run->flow->contract->commands[0];

    if (!run->approvals || !run->flow->hardening)
        return GO;
    const struct csc_sandbox_request request = csc_run_request(run->flow, command);
    int r = csc_boundary_make(&request, &boundary, run->current, err);
    if (r < 0)
        return r;
    if (boundary)
        return GO;
    r = csc_run_note(run, command, NULL, err);
    return r < 0 ? r : csc_run_conclude(run, command);
}
