/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole run in order. Each stage may end it; whatever ends it is in the record, and the receipt built from the
 * record is the one way out. The record begins as "blocked": nothing better is claimed before it is known.
 */
#include "flow.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { STOP = 0, GO = 1 };

struct run {
    const struct csc_flow *flow;
    struct csc_arena arena;
    struct csc_decision *decision;
    struct csc_exec_result *current, *last; /* of this command, and of the last one that ran; too big for a stack */
    struct csc_snapshot *before;
    struct csc_record record;
    struct sha256_ctx profile; /* of the plans of the commands that ran */
    char profile_id[CSC_SHA256_HEX];
    size_t profiled;
    enum csc_outcome outcome;
    int signal_number;
    bool lost_output;
};

static void run_free(struct run *run)
{
    csc_decision_free(run->decision);
    csc_snapshot_free(run->before);
    free(run->current);
    free(run->last);
    csc_arena_free(&run->arena);
}

static void notice(const struct run *run, const char *text)
{
    if (run->flow->notice)
        run->flow->notice(run->flow->context, text);
}

/* Ends the run before anything (more) is executed. */
__attribute__((format(printf, 3, 4))) static int block(struct run *run, enum csc_outcome outcome, const char *format,
                                                       ...)
{
    char text[700];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    run->record.status = outcome == CSC_OUTCOME_EXPIRED ? CSC_STATUS_EXPIRED : CSC_STATUS_BLOCKED;
    run->record.error = csc_arena_copy(&run->arena, text, strlen(text));
    run->outcome = outcome;
    return STOP;
}

static int check_limits(struct run *run)
{
    struct csc_error limit = {0};

    if (csc_contract_check_limits(run->flow->contract, &limit) == 0)
        return GO;
    return block(run, CSC_OUTCOME_OVER_LIMIT, "%s: %s", limit.field, limit.text);
}

static int decide(struct run *run, struct csc_error *err)
{
    int r = csc_decide(run->flow->contract, run->flow->policy, &run->decision, err);

    if (r < 0)
        return r;
    switch (run->decision->verdict) {
    case CSC_ALLOW:
        return GO;
    case CSC_NEEDS_APPROVAL:
        return block(run, CSC_OUTCOME_NEEDS_APPROVAL, "%s: %s", csc_reason_name(run->decision->code),
                     run->decision->reason);
    case CSC_DENY:
        break;
    }
    return block(run, CSC_OUTCOME_BLOCKED, "%s: %s", csc_reason_name(run->decision->code), run->decision->reason);
}

/* What hardened mode refuses is refused before the first command, not between two. */
static int vet(struct run *run)
{
    const struct csc_contract *contract = run->flow->contract;
    struct csc_refusal refusal = {0};

    for (size_t i = 0; i < contract->command_count && run->flow->hardening; i++) {
        if (csc_sandbox_vet(&contract->commands[i], run->flow->hardening->config, &refusal) == 0)
            continue;
        run->record.failed_id = contract->commands[i].id;
        return block(run, refusal.kind == CSC_REFUSAL_BOUNDARY ? CSC_OUTCOME_NO_BOUNDARY : CSC_OUTCOME_BLOCKED, "%s",
                     refusal.text);
    }
    return GO;
}

static int require_secret_provider(struct run *run)
{
    const struct csc_contract *contract = run->flow->contract;

    for (size_t i = 0; i < contract->command_count; i++)
        if (contract->commands[i].secret_ref_count > 0)
            return block(run, CSC_OUTCOME_NO_SECRETS, "commands[%zu].secret_refs: no secret provider is configured", i);
    return GO;
}

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

/* What a command's end means for the record. GO when the next command may run. */
static int conclude(struct run *run, const struct csc_command *command)
{
    struct csc_exec_result *result = run->current;
    struct csc_record *record = &run->record;

    run->lost_output |= result->lost_output;
    if (!was_blocked(result)) {
        run->current = run->last;
        record->last = run->last = result;
    }
    if (result->survivors > 0)
        notice(run, "processes could not be killed: they belong to another user, or the kernel holds them");
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
            notice(run, text.data);
    }
}

static int execute_command(struct run *run, const struct csc_command *command, const struct csc_exec_io *io,
                           struct csc_error *err)
{
    return (run->flow->isolate ? csc_exec_run_isolated : csc_exec_run)(command, run->flow->policy, io, run->current,
                                                                       err);
}

static void boundary_cleanup(struct csc_boundary **boundary)
{
    csc_boundary_free(*boundary);
}

static struct csc_sandbox_request request_of(const struct csc_flow *flow, const struct csc_command *command)
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
        notice(run, text.data);
}

/* The plan is made right before the command, from the host as the commands before left it. */
static int execute_hardened(struct run *run, const struct csc_command *command, struct csc_error *err)
{
    _cleanup_(boundary_cleanup) struct csc_boundary *boundary = NULL;
    const struct csc_sandbox_request request = request_of(run->flow, command);
    struct csc_exec_io io = run->flow->io;

    int r = csc_boundary_make(&request, &boundary, run->current, err);
    if (r < 0 || !boundary)
        return r;
    io.boundary = boundary;
    tell_identity(run, boundary->plan);
    r = execute_command(run, command, &io, err);
    return r == 0 && run->current->started ? add_to_profile(run, boundary->plan, err) : r;
}

static int run_command(struct run *run, const struct csc_command *command)
{
    const struct csc_flow *flow = run->flow;
    struct csc_error failure = {0};

    if (csc_decision_expired(run->decision)) {
        run->record.failed_id = command->id;
        return block(run, CSC_OUTCOME_EXPIRED, "the decision expired before command '%s' could start; run it again",
                     command->id);
    }
    tell_refused_variables(run, command);
    int r = flow->hardening ? execute_hardened(run, command, &failure)
                            : execute_command(run, command, &flow->io, &failure);
    if (r == 0)
        return conclude(run, command);
    /* Commands before this one may have run: a failure of our own still ends in a receipt. */
    (void)block(run, flow->hardening ? CSC_OUTCOME_NO_BOUNDARY : CSC_OUTCOME_BLOCKED, "%s", failure.text);
    run->record.failed_id = command->id;
    return STOP;
}

static int execute(struct run *run, struct csc_error *err)
{
    const struct csc_contract *contract = run->flow->contract;
    int r = GO;

    run->current = calloc(1, sizeof(*run->current));
    run->last = calloc(1, sizeof(*run->last));
    run->record.completed_ids = csc_arena_array(&run->arena, contract->command_count, sizeof(char *));
    if (!run->current || !run->last || !run->record.completed_ids)
        return csc_fail_memory(err);
    r = csc_snapshot_take(contract, &run->before, err);
    if (r < 0)
        return r;
    r = GO;
    for (size_t i = 0; i < contract->command_count && r == GO; i++)
        r = run_command(run, &contract->commands[i]);
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
        notice(run, failure.text);
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
    _cleanup_(run_free) struct run run = {.flow = flow};
    struct csc_receipt *receipt = NULL;

    run.record = (struct csc_record){.contract = flow->contract,
                                     .policy = flow->policy,
                                     .status = CSC_STATUS_BLOCKED,
                                     .hardened = flow->hardening != NULL,
                                     .started_at = csc_time_now(),
                                     .files_written = -1};
    int r = check_limits(&run);
    if (r == GO)
        r = decide(&run, err);
    if (r == GO)
        r = require_secret_provider(&run);
    if (r == GO)
        r = vet(&run);
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
    return 0;
}

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
    _cleanup_(boundary_cleanup) struct csc_boundary *boundary = NULL;
    const struct csc_sandbox_request request = request_of(run->flow, command);

    int r = csc_boundary_make(&request, &boundary, run->current, err);
    if (r < 0)
        return r;
    if (!boundary)
        return conclude(run, command);
    r = keep_plan(boundary->plan, arena, ret_plan, err);
    return r < 0 ? r : GO;
}

static int plan_commands(struct run *run, struct csc_arena *arena, struct csc_value *plans, struct csc_error *err)
{
    const struct csc_contract *contract = run->flow->contract;
    int r = GO;

    run->current = calloc(1, sizeof(*run->current));
    run->last = calloc(1, sizeof(*run->last));
    if (!run->current || !run->last)
        return csc_fail_memory(err);
    for (size_t i = 0; i < contract->command_count && r == GO; i++)
        r = plan_command(run, &contract->commands[i], arena, &plans[i], err);
    return r;
}

int csc_flow_plan(const struct csc_flow *flow, struct csc_arena *arena, struct csc_value *ret_plans,
                  struct csc_flow_result *ret_result, struct csc_error *err)
{
    _cleanup_(run_free) struct run run = {.flow = flow};
    size_t count = flow->contract->command_count;
    struct csc_value *plans = csc_arena_array(arena, count, sizeof(*plans));

    int r = plans ? check_limits(&run) : csc_fail_memory(err);
    if (r == GO)
        r = decide(&run, err);
    if (r == GO)
        r = vet(&run);
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

void csc_flow_result_free(struct csc_flow_result *result)
{
    csc_receipt_free(result->receipt);
    csc_decision_free(result->decision);
    *result = (struct csc_flow_result){0};
}
