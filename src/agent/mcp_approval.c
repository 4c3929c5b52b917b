/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that wait for a person: what is said of them, and what becomes of their approvals. */
#include <stdio.h>
#include <string.h>

#include "agent/mcp_parts.h"
#include "approval/approval.h"

enum { EXPIRE_MS = 3600 * 1000, EXIT_BLOCKED = 1 };

#define NOBODY_CAN_APPROVE                                                                                             \
    "a person would have to approve this, and the server does not know whose signature counts; its owner can name "    \
    "them: csc mcp --allowed-signers PATH, or approvals in csc-config(5)"
#define A_PERSON_MUST                                                                                                  \
    "a person must approve this: show them approve_command, then call `status` with request_id, which runs it once "   \
    "it is approved"
#define OF_NO_USE                                                                                                      \
    "what was approved is of no use, as notices say, and nothing was run; that approval was removed, so a person can " \
    "approve again: show them approve_command, then call `status` with request_id"
#define STAYS                                                                                                          \
    "nothing was run, and the approval was not used up: once what notices say is put right, call `status` with "       \
    "request_id again"

static void contract_cleanup(struct csc_contract **contract)
{
    csc_contract_free(*contract);
}

static void approval_cleanup(struct csc_approval **approval)
{
    csc_approval_free(*approval);
}

/* ---- storing and telling ------------------------------------------------------------------------------------ */

static void expire(struct csc_mcp *mcp)
{
    int64_t now = csc_mcp_now_ms();

    if (mcp->expired_at_ms != 0 && now - mcp->expired_at_ms < EXPIRE_MS)
        return;
    mcp->expired_at_ms = now;
    csc_requests_expire(mcp->options->requests, CSC_REQUEST_AGE_SEC);
}

int csc_mcp_store_request(struct csc_mcp *mcp, struct csc_mcp_call *call, struct csc_error *err)
{
    _cleanup_(contract_cleanup) struct csc_contract *parsed = NULL;
    const struct csc_contract *contract = call->asked.contract;
    int r = 0;

    expire(mcp);
    if (!contract) /* it was let go of, and the text kept */
        r = csc_contract_parse(call->asked.json, strlen(call->asked.json), &parsed, err);
    if (r == 0)
        r = csc_request_store(mcp->options->requests, contract ? contract : parsed, call->asked.json, &call->request,
                              err);
    call->has_request = r == 0;
    return r;
}

int csc_mcp_add_request(struct csc_mcp *mcp, struct csc_mcp_call *call, struct csc_object *object, const char *message,
                        struct csc_error *err)
{
    const struct csc_mcp_options *options = mcp->options;
    _cleanup_buf_ struct csc_buf line = {0};

    if (!options->can_approve || !options->requests) {
        csc_object_string(object, "message", NOBODY_CAN_APPROVE);
        return 0;
    }
    int r = csc_mcp_store_request(mcp, call, err);
    if (r == 0)
        r = csc_request_approve_line(&call->request, options->typed_as, options->policy, &line, err);
    if (r < 0)
        return r;
    char *copy = line.failed ? NULL : csc_arena_copy(&call->arena, line.data ? line.data : "", line.size);
    if (!copy)
        return csc_fail_memory(err);
    csc_object_string(object, "request_id", call->request.id);
    csc_object_int(object, "approvals", (int64_t)call->request.approval_count);
    if (*copy)
        csc_object_string(object, "approve_command", copy);
    csc_object_string(object, "poll", "status");
    csc_object_string(object, "message", message ? message : A_PERSON_MUST);
    return 0;
}

/* ---- those that ran ----------------------------------------------------------------------------------------- */

const struct csc_mcp_ran *csc_mcp_ran_find(const struct csc_mcp *mcp, const char *id)
{
    for (size_t i = 0; i < CSC_MCP_RAN_MAX; i++)
        if (mcp->ran[i].id[0] && strcmp(mcp->ran[i].id, id) == 0)
            return &mcp->ran[i];
    return NULL;
}

void csc_mcp_ran_forget(struct csc_mcp *mcp, const char *id)
{
    for (size_t i = 0; i < CSC_MCP_RAN_MAX; i++)
        if (strcmp(mcp->ran[i].id, id) == 0)
            mcp->ran[i].id[0] = '\0';
}

static void remember(struct csc_mcp *mcp, const struct csc_mcp_call *call, const struct csc_value *receipt)
{
    const struct csc_value *id = csc_value_get(receipt, "execution_id");
    struct csc_mcp_ran *slot = &mcp->ran[mcp->ran_at++ % CSC_MCP_RAN_MAX];

    memcpy(slot->id, call->request.id, sizeof(slot->id));
    (void)snprintf(slot->execution_id, sizeof(slot->execution_id), "%s",
                   id && id->type == CSC_STRING ? id->string : "");
}

/* ---- after a run -------------------------------------------------------------------------------------------- */

static int read_approval(const char *path, struct csc_approval **ret_approval)
{
    _cleanup_buf_ struct csc_buf bytes = {0};
    int r = csc_read_input(path, CSC_APPROVAL_BYTES_MAX, &bytes, NULL);

    return r < 0 ? r : csc_approval_parse(bytes.data, bytes.size, ret_approval, NULL);
}

/* Something was executed by them: those for one execution are used up, those for a while hold on. */
static void use_up(struct csc_mcp *mcp, const struct csc_mcp_call *call, const struct csc_value *receipt)
{
    const struct csc_request *request = &call->request;
    bool used[CSC_REQUEST_APPROVALS_MAX] = {0};
    size_t count = 0;

    for (size_t i = 0; i < request->approval_count; i++) {
        _cleanup_(approval_cleanup) struct csc_approval *approval = NULL;
        used[i] = read_approval(request->approvals[i], &approval) < 0 ||
                  approval->scope == CSC_APPROVAL_SINGLE_EXECUTION || csc_time_now() >= approval->expires_at;
        count += used[i];
    }
    if (count == request->approval_count) {
        (void)csc_request_drop(mcp->options->requests, request, NULL);
        return;
    }
    for (size_t i = 0; i < request->approval_count; i++)
        if (used[i])
            (void)csc_request_drop_approval(request, i, NULL);
    remember(mcp, call, receipt);
}

/* Whether that is why nothing ran: csc run names the file first, or the id. */
static bool is_blamed(const struct csc_request *request, size_t index, const char *why)
{
    _cleanup_(approval_cleanup) struct csc_approval *approval = NULL;
    char shown[CSC_EXCERPT];

    for (size_t i = 0; i < request->approval_count; i++) {
        size_t size = strlen(csc_approval_shown_name(shown, request->approvals[i]));
        if (strncmp(why, shown, size) == 0 && why[size] == ':')
            return i == index;
    }
    if (read_approval(request->approvals[index], &approval) < 0 || csc_time_now() >= approval->expires_at)
        return true;
    return strncmp(why, "approval '", 10) == 0 && strncmp(why + 10, approval->id, strlen(approval->id)) == 0 &&
           strstr(why, "' was used before");
}

/* Nothing was executed. Whatever else was in the way, the approval is not to be asked for again. */
static int keep_or_remove(struct csc_mcp *mcp, struct csc_mcp_call *call, const struct csc_value *run,
                          struct csc_object *object, struct csc_error *err)
{
    const struct csc_value *why = csc_value_get(csc_value_get(run, "receipt"), "error");
    const struct csc_value *code = csc_value_get(run, "exit");
    bool may_be_bad = code && code->type == CSC_INT && code->integer == EXIT_BLOCKED && why && why->type == CSC_STRING;
    bool blamed[CSC_REQUEST_APPROVALS_MAX] = {0};
    bool removed = false;

    for (size_t i = 0; may_be_bad && i < call->request.approval_count; i++)
        blamed[i] = is_blamed(&call->request, i, why->string);
    for (size_t i = 0; i < call->request.approval_count; i++)
        if (blamed[i])
            removed |= csc_request_drop_approval(&call->request, i, NULL) == 0;
    if (removed && !call->cancelled)
        return csc_mcp_add_request(mcp, call, object, OF_NO_USE, err);
    csc_object_string(object, "request_id", call->request.id);
    csc_object_int(object, "approvals", (int64_t)call->request.approval_count);
    csc_object_string(object, "message", STAYS);
    return 0;
}

int csc_mcp_settle_request(struct csc_mcp *mcp, struct csc_mcp_call *call, const struct csc_value *run,
                           struct csc_object *object, struct csc_error *err)
{
    const struct csc_value *receipt = csc_value_get(run, "receipt");
    const struct csc_value *decision = csc_value_get(csc_value_get(run, "decision"), "decision");

    if (!call->has_request || !decision || decision->type != CSC_STRING)
        return 0;
    if (strcmp(decision->string, csc_verdict_names[CSC_ALLOW]) == 0 && csc_value_get(receipt, "stdout_hash")) {
        (void)csc_request_drop(mcp->options->requests, &call->request, NULL); /* the policy has changed meanwhile */
        return 0;
    }
    /* Where none helps, those that lie there were not looked at. */
    if (call->request.approval_count == 0 || strcmp(decision->string, csc_verdict_names[CSC_NEEDS_APPROVAL]) != 0)
        return 0;
    if (!csc_value_get(receipt, "stdout_hash"))
        return keep_or_remove(mcp, call, run, object, err);
    use_up(mcp, call, receipt);
    return 0;
}
