/* SPDX-License-Identifier: Apache-2.0 */
#include "flow_run.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int csc_run_begin(struct run *run, struct csc_error *err)
{
    run->current = calloc(1, sizeof(*run->current));
    run->last = calloc(1, sizeof(*run->last));
    run->record.completed_ids = csc_arena_array(&run->arena, run->flow->contract->command_count, sizeof(char *));
    return run->current && run->last && run->record.completed_ids ? GO : csc_fail_memory(err);
}

void csc_run_free(struct run *run)
{
    csc_decision_free(run->decision);
    csc_snapshot_free(run->before);
    free(run->current);
    free(run->last);
    csc_arena_free(&run->arena);
}

void csc_run_notice(const struct run *run, const char *text)
{
    if (run->flow->notice)
        run->flow->notice(run->flow->context, text);
}

int csc_run_block(struct run *run, enum csc_outcome outcome, const char *format, ...)
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
