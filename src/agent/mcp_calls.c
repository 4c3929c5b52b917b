/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that take a while: their jobs, progress, cancellation, answers. */
#include "agent/mcp_parts.h"

#include <errno.h>
#include <time.h>

int64_t csc_mcp_now_ms(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- sending ------------------------------------------------------------------------------------------------ */

/* A message for which there is no memory is replaced by one that says so, if there is some for that. */
static void send_text(struct csc_mcp *mcp, const struct csc_buf *text)
{
    size_t before = mcp->out.size;

    if (text->failed)
        csc_buf_puts(&mcp->out, "{\"id\":null,\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32603,\"message\":"
                                "\"out of memory\"}}");
    else
        csc_buf_append(&mcp->out, text->data, text->size);
    csc_buf_putc(&mcp->out, '\n');
    if (mcp->out.failed && mcp->out.data) {
        /* Half a line would spoil the next one. */
        mcp->out.size = before;
        mcp->out.data[before] = '\0';
    }
    mcp->out.failed = false;
}

void csc_mcp_batch_close(struct csc_mcp *mcp, struct csc_mcp_batch *batch)
{
    if (--batch->open > 0)
        return;
    if (batch->text.size > 0 || batch->text.failed) {
        csc_buf_putc(&batch->text, ']');
        send_text(mcp, &batch->text);
    }
    csc_buf_free(&batch->text);
    free(batch);
}

/* Into the batch, or out. */
static void deliver(struct csc_mcp *mcp, struct csc_mcp_call *call, const struct csc_buf *text)
{
    struct csc_mcp_batch *batch = call->batch;

    if (!batch) {
        send_text(mcp, text);
        return;
    }
    csc_buf_putc(&batch->text, batch->text.size > 0 ? ',' : '[');
    if (text->failed)
        batch->text.failed = true;
    else
        csc_buf_append(&batch->text, text->data, text->size);
}

static void dispose(struct csc_mcp *mcp, struct csc_mcp_call *call)
{
    struct csc_mcp_batch *batch = call->batch;

    csc_mcp_call_free(call);
    if (batch)
        csc_mcp_batch_close(mcp, batch);
}

void csc_mcp_answer(struct csc_mcp *mcp, struct csc_mcp_call *call)
{
    _cleanup_buf_ struct csc_buf text = {0};

    csc_rpc_write_result(&text, call->id, &call->result);
    if (!call->cancelled)
        deliver(mcp, call, &text);
    dispose(mcp, call);
}

void csc_mcp_answer_error(struct csc_mcp *mcp, struct csc_mcp_call *call, enum csc_rpc_code code, const char *words)
{
    _cleanup_buf_ struct csc_buf text = {0};

    csc_rpc_write_error(&text, call->id, code, words, call->error_data.type == CSC_OBJECT ? &call->error_data : NULL);
    if (!call->cancelled)
        deliver(mcp, call, &text);
    dispose(mcp, call);
}

void csc_mcp_send_error(struct csc_mcp *mcp, enum csc_rpc_code code, const char *words)
{
    _cleanup_buf_ struct csc_buf text = {0};

    csc_rpc_write_error(&text, NULL, code, words, NULL);
    send_text(mcp, &text);
}

void csc_mcp_call_free(struct csc_mcp_call *call)
{
    csc_job_free(&call->job);
    csc_mcp_asked_free(&call->asked);
    csc_arena_free(&call->arena);
    free(call);
}

/* ---- jobs --------------------------------------------------------------------------------------------------- */

static void detach(struct csc_mcp *mcp, struct csc_mcp_call *call)
{
    struct csc_mcp_call **at = &mcp->calls;

    while (*at && *at != call)
        at = &(*at)->next;
    if (*at)
        *at = call->next;
    mcp->held -= call->held;
}

/* A tool's result, whether it went well or not. */
static void answer_tool(struct csc_mcp *mcp, struct csc_mcp_call *call, const struct csc_error *failure)
{
    struct csc_error err = {0};

    if (csc_mcp_tool_result(call, failure, &err) < 0)
        csc_mcp_answer_error(mcp, call, CSC_RPC_INTERNAL_ERROR, err.text);
    else
        csc_mcp_answer(mcp, call);
}

/* What there is too little of now, and is more of when a job has ended. */
static bool will_pass(const struct csc_mcp *mcp, const struct csc_error *err)
{
    return mcp->running > 0 && (err->sys_errno == EMFILE || err->sys_errno == ENFILE || err->sys_errno == EAGAIN ||
                                err->sys_errno == ENOMEM);
}

/* One of those that wait. False: it waits on, as all behind it do. */
static bool start_job(struct csc_mcp *mcp, struct csc_mcp_call *call)
{
    const struct csc_job_start start = {
        .program = mcp->options->program,
        .argv = call->argv,
        .input = call->input,
        .input_size = call->input_size,
        .ends_in_order = call->ends_in_order,
    };
    struct csc_error err = {0};

    if (csc_job_begin(&start, &call->job, &err) < 0) {
        if (will_pass(mcp, &err))
            return false;
        mcp->waiting--;
        detach(mcp, call);
        answer_tool(mcp, call, &err);
        return true;
    }
    call->wants_job = false;
    mcp->waiting--;
    mcp->running++;
    if (call->began_ms == 0)
        call->began_ms = csc_mcp_now_ms();
    call->next_progress_ms = csc_mcp_now_ms() + CSC_MCP_PROGRESS_MS;
    return true;
}

void csc_mcp_start_waiting(struct csc_mcp *mcp)
{
    struct csc_mcp_call *next;

    /* Results that nobody takes are not added to. */
    if (mcp->ending || mcp->out.size - mcp->out_at >= CSC_MCP_QUEUE_MAX)
        return;
    for (struct csc_mcp_call *call = mcp->calls; call && mcp->waiting > 0 && mcp->running < mcp->jobs_max;
         call = next) {
        next = call->next;
        if (call->wants_job && !start_job(mcp, call))
            return;
    }
}

void csc_mcp_enqueue(struct csc_mcp *mcp, struct csc_mcp_call *call)
{
    struct csc_mcp_call **at = &mcp->calls;
    struct csc_error err = {0};

    call->held = call->input_size;
    if (mcp->waiting >= CSC_MCP_WAITING_MAX || call->held > CSC_MCP_HELD_MAX - mcp->held) {
        (void)csc_fail(&err, CSC_E_CONFIG, "busy: %zu calls run and %zu wait; ask again when some have ended",
                       mcp->running, mcp->waiting);
        answer_tool(mcp, call, &err);
        return;
    }
    while (*at)
        at = &(*at)->next;
    *at = call;
    mcp->held += call->held;
    mcp->waiting++;
    csc_mcp_start_waiting(mcp);
}

struct csc_mcp_call *csc_mcp_find(const struct csc_mcp *mcp, const struct csc_value *id)
{
    for (struct csc_mcp_call *call = mcp->calls; call; call = call->next)
        if (csc_rpc_same_id(call->id, id))
            return call;
    return NULL;
}

void csc_mcp_cancel(struct csc_mcp *mcp, struct csc_mcp_call *call)
{
    call->cancelled = true;
    if (!call->wants_job) {
        csc_job_stop(&call->job);
        return;
    }
    mcp->waiting--;
    detach(mcp, call);
    csc_mcp_answer(mcp, call);
}

void csc_mcp_turn_away(struct csc_mcp *mcp, struct csc_mcp_call *call)
{
    struct csc_error err = {0};

    (void)csc_fail(&err, CSC_E_CONFIG, "the server is ending, and nothing of this was run; ask the next one");
    mcp->waiting--;
    detach(mcp, call);
    answer_tool(mcp, call, &err);
}

void csc_mcp_job_ended(struct csc_mcp *mcp, struct csc_mcp_call *call)
{
    struct csc_error err = {0};
    int code = csc_job_reap(&call->job);

    mcp->running--;
    int r = call->finish(mcp, call, code, &err);
    csc_job_free(&call->job);
    if (r == 0 && call->wants_job && !call->cancelled && !mcp->ending) {
        mcp->waiting++;
        (void)start_job(mcp, call);
        return;
    }
    detach(mcp, call);
    if (r == 0 && !call->has_answer)
        (void)csc_fail(&err, CSC_E_INTERNAL, "the server is ending; ask the next one");
    answer_tool(mcp, call, err.code ? &err : NULL);
}

/* ---- progress ----------------------------------------------------------------------------------------------- */

static bool has_progress(const struct csc_mcp_call *call)
{
    return call->progress_token && call->job.pid > 0 && !call->cancelled;
}

static void send_one(struct csc_mcp *mcp, struct csc_mcp_call *call, int64_t now)
{
    _cleanup_(csc_arena_free) struct csc_arena arena = {0};
    _cleanup_buf_ struct csc_buf text = {0};
    struct csc_object object;
    struct csc_value params = {0};
    int64_t progress = now - call->began_ms;

    if (progress <= call->last_progress)
        progress = call->last_progress + 1;
    const char *tail = csc_mcp_tail(call, &arena);
    csc_object_begin(&object, &arena, 3);
    csc_object_value(&object, "progressToken", *call->progress_token);
    csc_object_int(&object, "progress", progress);
    if (tail)
        csc_object_string(&object, "message", tail);
    if (csc_object_end(&object, &params, NULL) < 0)
        return;
    csc_rpc_write_notification(&text, "notifications/progress", &params);
    if (text.failed)
        return;
    call->last_progress = progress;
    send_text(mcp, &text);
}

void csc_mcp_send_progress(struct csc_mcp *mcp)
{
    int64_t now = csc_mcp_now_ms();

    for (struct csc_mcp_call *call = mcp->calls; call; call = call->next) {
        if (!has_progress(call) || call->next_progress_ms > now)
            continue;
        call->next_progress_ms = now + CSC_MCP_PROGRESS_MS;
        /* Nobody reads: the next one says as much. */
        if (mcp->out.size - mcp->out_at < CSC_MCP_QUEUE_MAX && !mcp->ending)
            send_one(mcp, call, now);
    }
}

int csc_mcp_next_progress(const struct csc_mcp *mcp)
{
    int64_t now = csc_mcp_now_ms(), next = -1;

    for (const struct csc_mcp_call *call = mcp->calls; call; call = call->next)
        if (has_progress(call) && (next < 0 || call->next_progress_ms < next))
            next = call->next_progress_ms;
    if (next < 0)
        return -1;
    return next > now ? (int)(next - now) : 0;
}
