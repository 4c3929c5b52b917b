/* SPDX-License-Identifier: Apache-2.0 */
/* A policy as text, with some of its lines exchanged. */
#ifndef CSC_TESTS_PLAIN_POLICY_H
#define CSC_TESTS_PLAIN_POLICY_H

#include <string.h>

#include "policy/policy.h"

/* The plain policy, in which nothing is found, not even a note. */
static const char *const plain_policy[] = {
    "policy_schema_version: csc.policy.v0.1",
    "name: plain",
    "allow_commands: [/usr/bin/cat, /usr/bin/wc]",
    "allowed_effect_types: [observe]",
    "allowed_risk_classes: [low]",
    "max_timeout_sec: 60",
    "network: deny",
    "allow_secret_refs: false",
    "require_write_paths_empty: true",
    "allowed_cwd_prefixes: [/work/project]",
    "allowed_read_prefixes: [/work/project]",
};

static inline bool has_field(const char *lines, const char *line)
{
    size_t size = strcspn(line, ":") + 1;

    for (const char *at = lines; at; at = strchr(at, '\n'), at += at != NULL)
        if (strncmp(at, line, size) == 0)
            return true;
    return false;
}

/* The plain policy with some lines in the place of its own. */
static inline void write_policy(struct csc_buf *text, const char *lines)
{
    for (size_t i = 0; i < ARRAY_SIZE(plain_policy); i++)
        if (!has_field(lines, plain_policy[i]))
            csc_buf_printf(text, "%s\n", plain_policy[i]);
    csc_buf_puts(text, lines);
    csc_buf_putc(text, '\n');
}

#endif
