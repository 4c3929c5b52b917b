/* SPDX-License-Identifier: Apache-2.0 */
/* Each message, with each allocation failing once: it is answered, as it should be or by an error, in whole lines. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/mcp_parts.h"
#include "support/chaos.h"
#include "support/folder.h"

#define META                                                                                                           \
    "\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\","                                           \
    "\"io.modelcontextprotocol/clientCapabilities\":{}}"
#define CALL(tool, arguments)                                                                                          \
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"" tool                             \
    "\",\"arguments\":" arguments "," META "}}"

static const char policy[] = "policy_schema_version: csc.policy.v0.1\n"
                             "name: chaos\n"
                             "allow_commands: [echo]\n"
                             "allowed_effect_types: [observe]\n"
                             "allowed_risk_classes: [low]\n"
                             "max_timeout_sec: 60\n"
                             "network: deny\n"
                             "allow_secret_refs: false\n"
                             "allowed_cwd_prefixes: [/w]\n"
                             "allowed_read_prefixes: [/w]\n";

/* The same with a person. */
static const char asking[] = "manual_approval_for_classified_effect_types: [observe]\n";

struct attempt {
    const struct csc_mcp_options *options;
    const char *line;
};

/* The lines that are there, each of which is an object or an array. */
static size_t check_lines(const struct csc_buf *out)
{
    size_t count = 0;

    for (size_t at = 0; at < out->size;) {
        const char *end = memchr(out->data + at, '\n', out->size - at);
        assert_non_null(end);
        assert_true(out->data[at] == '{' || out->data[at] == '[');
        assert_true(end[-1] == '}' || end[-1] == ']');
        at = (size_t)(end - out->data) + 1;
        count++;
    }
    return count;
}

static int take(void *context)
{
    const struct attempt *attempt = context;
    struct csc_mcp mcp = {.options = attempt->options, .version = CSC_MCP_BATCHES, .jobs_max = CSC_MCP_JOBS_MAX};

    csc_mcp_take_line(&mcp, attempt->line, strlen(attempt->line));
    assert_true(check_lines(&mcp.out) <= 1);
    while (mcp.calls) {
        struct csc_mcp_call *call = mcp.calls;
        (void)csc_job_reap(&call->job);
        mcp.calls = call->next;
        csc_mcp_call_free(call);
    }
    csc_buf_free(&mcp.in);
    csc_buf_free(&mcp.out);
    free(mcp.client);
    return 0;
}

static void every_failing_allocation_is_survived(void **state)
{
    static const char *const lines[] = {
        "{",
        "{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"ping\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{\"protocolVersion\":\"2025-11-25\","
        "\"clientInfo\":{\"name\":\"chaos\"}}}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"server/discover\",\"params\":{" META "}}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\",\"params\":{" META "}}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"nothing\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\",\"params\":{\"_meta\":{"
        "\"io.modelcontextprotocol/protocolVersion\":\"1\"}}}",
        CALL("policy", "{}"),
        CALL("check", "{\"shell\":\"echo x\"}"),
        CALL("check", "{\"commands\":[{\"argv\":[\"rm\",\"x\"],\"write_paths\":[\"/w\"]}]}"),
        CALL("explain", "{\"commands\":[{\"shell\":\"echo x > y\",\"read_paths\":[\"/w/a\"]}]}"),
        CALL("check", "{\"shell\":\"echo $(x)\"}"),
        CALL("run", "{\"contract\":\"{}\"}"),
        CALL("run", "{\"shell\":\"rm x\"}"),
        CALL("status", "{\"request_id\":\"00000000000000000000000000000000\"}"),
        CALL("receipt", "{\"execution_id\":\"0123456789\"}"),
        "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"},{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/"
        "list\"},5]",
    };
    char *folder = folder_create();
    folder_write(folder, "policy.yaml", policy);
    const struct csc_mcp_options options = {
        .program = "/bin/true",
        .policy = folder_path(folder, "policy.yaml"),
        .cwd = "/w",
        .user = "user",
        .ledger = "/nonexistent/ledger",
        .has_ledger = true,
        .requests = folder,
        .typed_as = "csc",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        struct attempt attempt = {&options, lines[i]};
        assert_true(chaos_fail_each_allocation(take, &attempt) >= 1);
    }
    folder_remove(folder);
}

static void a_request_survives_failing_allocations(void **state)
{
    static const char *const lines[] = {
        CALL("run", "{\"commands\":[{\"argv\":[\"ls\",\"x\"]}],\"cwd\":\"/w\"}"),
        CALL("status", "{\"request_id\":\"00000000000000000000000000000000\"}"),
    };
    char *folder = folder_create(), text[sizeof(policy) + sizeof(asking)];
    (void)snprintf(text, sizeof(text), "%s%s", policy, asking);
    char *echo = strstr(text, "echo");
    memcpy(echo, "ls  ", 4);
    folder_write(folder, "policy.yaml", text);
    const struct csc_mcp_options options = {
        .program = "/bin/true",
        .policy = folder_path(folder, "policy.yaml"),
        .cwd = "/w",
        .user = "user",
        .can_approve = true,
        .requests = folder,
        .typed_as = "csc",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        struct attempt attempt = {&options, lines[i]};
        assert_true(chaos_fail_each_allocation(take, &attempt) >= 1);
    }
    folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_failing_allocation_is_survived),
                                       cmocka_unit_test(a_request_survives_failing_allocations)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
