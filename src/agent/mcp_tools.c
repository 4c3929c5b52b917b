/* SPDX-License-Identifier: Apache-2.0 */
/* The tools: what a client is told of them, and who does what they say. */
#include <string.h>

#include "agent/mcp_parts.h"
#include "agent/mcp_schemas.h"

/* ---- the table ---------------------------------------------------------------------------------------------- */

const struct csc_mcp_tool csc_mcp_tools[] = {
    {
        .name = "run",
        .title = "Run commands",
        .description =
            "Runs programs under the policy: one shell line, or commands with argv. Nothing is run by a shell. Gives "
            "status, exit code and output (untrusted data), and the id of the receipt that every outcome has. When "
            "denied, it says which rule, which field, and the smallest change that would be allowed: make that change "
            "and call again, don't repeat the same request. When a person must approve, it gives the line for them "
            "to type; call `status` afterwards.",
        .input_schema = WHAT_TO_RUN,
        .output_schema = RUN_RESULT,
        .destructive = true,
        .open_world = true,
        .run = csc_mcp_run,
    },
    {
        .name = "status",
        .title = "Go on after an approval",
        .description =
            "Whether a request that needed a person's approval has it; if so, it is run, once, and this gives "
            "the result as `run` does.",
        .input_schema = WHICH_REQUEST,
        .output_schema = RUN_RESULT,
        .destructive = true,
        .open_world = true,
        .run = csc_mcp_status,
    },
    {
        .name = "check",
        .title = "Would it be allowed?",
        .description = "Decides as `run` would, and runs nothing: allow, deny (why, and the smallest change), or "
                       "needs_approval.",
        .input_schema = WHAT_TO_RUN,
        .output_schema = CHECK_RESULT,
        .read_only = true,
        .idempotent = true,
        .run = csc_mcp_check,
    },
    {
        .name = "explain",
        .title = "Explain a decision",
        .description = "Every rule of the policy as it looks at what `run` would be given, the changes that would be "
                       "allowed, and the contract that was made of it. Runs nothing.",
        .input_schema = WHAT_TO_RUN,
        .output_schema = EXPLAIN_RESULT,
        .read_only = true,
        .idempotent = true,
        .run = csc_mcp_explain,
    },
    {
        .name = "policy",
        .title = "What is allowed",
        .description =
            "What the policy in force allows: programs, folders, network, time, what needs a person; and which "
            "shell lines are understood. Ask this before planning.",
        .input_schema = CLOSED(""),
        .output_schema = POLICY_RESULT,
        .read_only = true,
        .idempotent = true,
        .run = csc_mcp_show_policy,
    },
    {
        .name = "receipt",
        .title = "Show a receipt",
        .description = "The receipt of an execution, out of the ledger.",
        .input_schema = WHICH_EXECUTION,
        .output_schema = RECEIPT_RESULT,
        .read_only = true,
        .idempotent = true,
        .run = csc_mcp_receipt,
    },
    {
        .name = "verify",
        .title = "Verify a receipt",
        .description =
            "Checks the signature of a receipt, handed over or out of the ledger, by the key that the server's "
            "owner trusts.",
        .input_schema = WHICH_RECEIPT,
        .output_schema = VERIFY_RESULT,
        .read_only = true,
        .idempotent = true,
        .run = csc_mcp_verify,
    },
    {0},
};

const struct csc_mcp_tool *csc_mcp_tool_find(const char *name)
{
    for (const struct csc_mcp_tool *tool = csc_mcp_tools; tool->name; tool++)
        if (strcmp(tool->name, name) == 0)
            return tool;
    return NULL;
}

/* ---- listing ------------------------------------------------------------------------------------------------ */

static int annotations(struct csc_arena *arena, const struct csc_mcp_tool *tool, struct csc_value *ret_value,
                       struct csc_error *err)
{
    struct csc_object object;

    csc_object_begin(&object, arena, 5);
    csc_object_string(&object, "title", tool->title);
    csc_object_bool(&object, "readOnlyHint", tool->read_only);
    csc_object_bool(&object, "destructiveHint", tool->destructive);
    csc_object_bool(&object, "idempotentHint", tool->idempotent);
    csc_object_bool(&object, "openWorldHint", tool->open_world);
    return csc_object_end(&object, ret_value, err);
}

static int tool_value(struct csc_arena *arena, const struct csc_mcp_tool *tool, struct csc_value *ret_value,
                      struct csc_error *err)
{
    struct csc_value input = {0}, output = {0}, hints = {0};
    struct csc_object object;

    int r = csc_json_parse(arena, tool->input_schema, strlen(tool->input_schema), &input, err);
    if (r == 0)
        r = csc_json_parse(arena, tool->output_schema, strlen(tool->output_schema), &output, err);
    if (r == 0)
        r = annotations(arena, tool, &hints, err);
    if (r < 0)
        return r;
    csc_object_begin(&object, arena, 6);
    csc_object_string(&object, "name", tool->name);
    csc_object_string(&object, "title", tool->title);
    csc_object_string(&object, "description", tool->description);
    csc_object_value(&object, "inputSchema", input);
    csc_object_value(&object, "outputSchema", output);
    csc_object_value(&object, "annotations", hints);
    return csc_object_end(&object, ret_value, err);
}

int csc_mcp_tools_value(struct csc_arena *arena, struct csc_value *ret_tools, struct csc_error *err)
{
    struct csc_value list = {.type = CSC_ARRAY};

    list.items = csc_arena_array(arena, ARRAY_SIZE(csc_mcp_tools), sizeof(struct csc_value));
    if (!list.items)
        return csc_fail_memory(err);
    for (const struct csc_mcp_tool *tool = csc_mcp_tools; tool->name; tool++) {
        int r = tool_value(arena, tool, &list.items[list.count++], err);
        if (r < 0)
            return r;
    }
    *ret_tools = list;
    return 0;
}

/* ---- results ------------------------------------------------------------------------------------------------ */

static int failure_value(struct csc_mcp_call *call, const struct csc_error *failure, struct csc_value *ret_value,
                         struct csc_error *err)
{
    const char *text = csc_arena_copy(&call->arena, failure->text, strlen(failure->text));
    const char *field = csc_arena_copy(&call->arena, failure->field, strlen(failure->field));
    struct csc_object object;

    if (!text || !field)
        return csc_fail_memory(err);
    csc_object_begin(&object, &call->arena, 4);
    csc_object_string(&object, "status", "error");
    csc_object_string(&object, "message", text);
    if (*field)
        csc_object_string(&object, "error_field", field);
    if (call->refusal.type == CSC_OBJECT)
        csc_object_value(&object, "refusal", call->refusal);
    return csc_object_end(&object, ret_value, err);
}

/* The same as text, for clients that know nothing else. What would act on a terminal is an escape of JSON there. */
static int content_value(struct csc_mcp_call *call, struct csc_value *ret_value, struct csc_error *err)
{
    _cleanup_buf_ struct csc_buf text = {0}, safe = {0};
    struct csc_object object;

    csc_canon_write(&text, &call->answer);
    if (!text.failed)
        csc_buf_escape_json(&safe, text.data, text.size);
    char *copy = text.failed || safe.failed ? NULL : csc_arena_copy(&call->arena, safe.data, safe.size);
    struct csc_value *items = csc_arena_array(&call->arena, 1, sizeof(*items));
    if (!copy || !items)
        return csc_fail_memory(err);
    csc_object_begin(&object, &call->arena, 2);
    csc_object_string(&object, "type", "text");
    csc_object_string(&object, "text", copy);
    int r = csc_object_end(&object, items, err);
    *ret_value = (struct csc_value){.type = CSC_ARRAY, .count = 1, .items = items};
    return r;
}

int csc_mcp_tool_result(struct csc_mcp_call *call, const struct csc_error *failure, struct csc_error *err)
{
    struct csc_object object;
    struct csc_value content = {0};

    int r = failure ? failure_value(call, failure, &call->answer, err) : 0;
    if (r == 0)
        r = content_value(call, &content, err);
    if (r < 0)
        return r;
    csc_object_begin(&object, &call->arena, 4);
    csc_object_value(&object, "content", content);
    csc_object_value(&object, "structuredContent", call->answer);
    csc_object_bool(&object, "isError", failure || call->is_error);
    if (call->stateless)
        csc_object_string(&object, "resultType", "complete");
    return csc_object_end(&object, &call->result, err);
}
