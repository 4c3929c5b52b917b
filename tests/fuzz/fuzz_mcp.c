/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages to the MCP server, one a line, up to the start of what they ask for: no job begins. Whatever comes, what
 * goes back is whole lines of JSON, no more than came, with nothing that acts on a terminal.
 */
#include "fuzz.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "agent/mcp_parts.h"

static const char policy[] = "policy_schema_version: csc.policy.v0.1\n"
                             "name: fuzz\n"
                             "allow_commands: [echo, cat, git]\n"
                             "deny_argv_prefixes: [[git, push]]\n"
                             "allowed_effect_types: [observe, transform_local]\n"
                             "allowed_risk_classes: [low]\n"
                             "max_timeout_sec: 60\n"
                             "network: deny\n"
                             "allow_secret_refs: false\n"
                             "allowed_cwd_prefixes: [/w]\n"
                             "allowed_read_prefixes: [/w]\n"
                             "allowed_write_prefixes: [/w]\n";

/* The beginning of the file is where each reader of its path begins. */
static const char *policy_path(void)
{
    static char path[40];

    if (!path[0]) {
        int fd = memfd_create("policy", MFD_CLOEXEC);
        PROMISE(fd >= 0 && csc_write_all(fd, policy, sizeof(policy) - 1) == 0);
        (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    }
    return path;
}

static void check_line(const char *line, size_t size)
{
    struct csc_arena arena = {0};
    struct csc_error err = {0};
    struct csc_value value;

    PROMISE(csc_utf8_valid(line, size));
    for (size_t i = 0; i < size;) {
        size_t n = csc_utf8_sequence((const unsigned char *)line + i, size - i);
        PROMISE(!csc_text_is_unsafe(csc_utf8_character((const unsigned char *)line + i, n)));
        i += n;
    }
    PROMISE(csc_json_parse_foreign(&arena, line, size, &value, &err) == 0);
    PROMISE(value.type == CSC_OBJECT || value.type == CSC_ARRAY);
    csc_arena_free(&arena);
}

static size_t check_output(const struct csc_buf *out)
{
    size_t count = 0;

    for (size_t at = 0; at < out->size; count++) {
        const char *line = out->data + at, *end = memchr(line, '\n', out->size - at);
        PROMISE(end);
        check_line(line, (size_t)(end - line));
        at += (size_t)(end - line) + 1;
    }
    return count;
}

static size_t take_lines(struct csc_mcp *mcp, const char *text, size_t size)
{
    size_t count = 0;

    for (size_t at = 0; at < size; count++) {
        const char *end = memchr(text + at, '\n', size - at);
        size_t length = end ? (size_t)(end - text) - at : size - at;
        csc_mcp_take_line(mcp, text + at, length);
        at += length + 1;
    }
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const struct csc_mcp_options options = {.program = "/nonexistent/csc",
                                            .policy = policy_path(),
                                            .cwd = "/w",
                                            .user = "fuzz",
                                            .has_ledger = true,
                                            .ledger = "/nonexistent/ledger",
                                            .public_key = "/nonexistent/key",
                                            .key_id = "fuzz",
                                            .typed_as = "csc"};
    struct csc_mcp mcp = {.options = &options, .ending = true}; /* then what waits is not started */

    size_t taken = take_lines(&mcp, (const char *)bytes, size);
    while (mcp.calls)
        csc_mcp_cancel(&mcp, mcp.calls);
    PROMISE(mcp.waiting == 0 && mcp.running == 0 && mcp.held == 0);
    PROMISE(check_output(&mcp.out) <= taken);
    csc_buf_free(&mcp.out);
    free(mcp.client);
    return 0;
}
