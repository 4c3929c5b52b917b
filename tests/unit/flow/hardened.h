/* SPDX-License-Identifier: Apache-2.0 */
/* A run in hardened mode, from contract to receipt, in a folder of its own. */
#ifndef CSC_TESTS_FLOW_HARDENED_H
#define CSC_TESTS_FLOW_HARDENED_H

#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "flow.h"
#include "support/folder.h"

enum { COMMANDS = 3, TEXT = 4096 };

/* ---- a run ------------------------------------------------------------------------------------------------------- */

struct hardened_run {
    char *folder;
    struct csc_contract *contract;
    struct csc_policy *policy;
    struct csc_signing_key *key;
    struct csc_config config;
    struct csc_protected protected;
    struct csc_hardening hardening;
    struct csc_flow flow;
    struct csc_flow_result result;
    char bwrap[PATH_MAX], key_path[PATH_MAX];
    char *receipt;
};

/* One command of a contract. */
struct command {
    const char *argv;    /* JSON strings */
    const char *cwd;     /* below the folder; NULL: it itself */
    const char *network; /* NULL: deny */
};

static inline void parse_contract(struct hardened_run *run, const struct command commands[COMMANDS])
{
    _cleanup_buf_ struct csc_buf text = {0};
    struct csc_error err = {0};

    csc_buf_puts(&text,
                 "{\"version\":\"csc.v0.1\",\"contract_id\":\"flow-test\",\"intent\":\"test\",\"actor\":{\"agent_id\":"
                 "\"a\",\"session_id\":\"s\",\"initiating_user\":\"u\",\"delegation_scope\":\"d\"},\"risk_class\":"
                 "\"low\",\"approval_mode\":\"policy_only\",\"justification\":\"test\",\"expected_outputs\":[],"
                 "\"commands\":[");
    for (size_t i = 0; i < COMMANDS && commands[i].argv; i++) {
        csc_buf_printf(&text, "%s{\"id\":\"c%zu\",\"exec\":{\"argv\":[%s]},\"cwd\":\"%s/%s\",\"read_paths\":[],",
                       i ? "," : "", i + 1, commands[i].argv, run->folder, commands[i].cwd ? commands[i].cwd : "");
        csc_buf_printf(&text,
                       "\"write_paths\":[\"%s/out/**\"],\"network\":\"%s\",\"env_allow\":[],\"secret_refs\":[],"
                       "\"timeout_sec\":60,\"proposed_effect_type\":\"observe\"}",
                       run->folder, commands[i].network ? commands[i].network : "deny");
    }
    csc_buf_puts(&text, "]}");
    assert_false(text.failed);
    if (csc_contract_parse(text.data, text.size, &run->contract, &err) < 0)
        fail_msg("%s: %s", err.field, err.text);
}

static inline void parse_policy(struct hardened_run *run)
{
    struct csc_error err = {0};
    char text[TEXT];

    int size = snprintf(text, sizeof(text),
                        "policy_schema_version: csc.policy.v0.1\nname: flow\nallow_commands: ['true', 'false', touch, "
                        "sh]\nallowed_effect_types: [observe, transform_local]\nallowed_risk_classes: [low]\n"
                        "max_timeout_sec: 60\nnetwork: allowlisted\nallow_secret_refs: true\n"
                        "allowed_cwd_prefixes: [%s]\nallowed_read_prefixes: [%s]\nallowed_write_prefixes: [%s]\n",
                        run->folder, run->folder, run->folder);
    assert_true(size > 0 && (size_t)size < sizeof(text));
    if (csc_policy_parse(text, (size_t)size, &run->policy, &err) < 0)
        fail_msg("%s: %s", err.field, err.text);
}

static inline void make_key(struct hardened_run *run)
{
    struct csc_error err = {0};
    char prefix[PATH_MAX - 8];

    (void)snprintf(prefix, sizeof(prefix), "%.*s/keys/k", PATH_MAX / 2, run->folder);
    assert_int_equal(mkdir(folder_path(run->folder, "keys"), 0700), 0);
    assert_int_equal(csc_keygen(prefix, false, &err), 0);
    (void)snprintf(run->key_path, sizeof(run->key_path), "%s.key", prefix);
    assert_int_equal(csc_signing_key_load(run->key_path, &run->key, &err), 0);
}

/* The folder can be reached by everyone: what root starts becomes another user. */
static inline void begin(struct hardened_run *run, const struct command commands[COMMANDS])
{
    struct csc_error err = {0};

    *run = (struct hardened_run){.folder = folder_create()};
    assert_int_equal(chmod(run->folder, 0755), 0);
    assert_int_equal(mkdir(folder_path(run->folder, "out"), 0777), 0);
    assert_int_equal(chmod(folder_path(run->folder, "out"), 0777), 0);
    parse_contract(run, commands);
    parse_policy(run);
    make_key(run);
    csc_config_default(&run->config);
    run->protected = (struct csc_protected){run->key_path, "the signing key", false, false};
    run->hardening = (struct csc_hardening){&run->config, NULL, 0};
    run->flow = (struct csc_flow){.contract = run->contract,
                                  .policy = run->policy,
                                  .signing_key = run->key,
                                  .key_id = "k",
                                  .io = {.out_fd = {-1, -1},
                                         .signal_fd = -1,
                                         .cancel_fd = -1,
                                         .stdout_cap = CSC_STDOUT_CAP,
                                         .stderr_cap = CSC_STDERR_CAP,
                                         .grace_ms = CSC_GRACE_MS},
                                  .hardening = &run->hardening};
    assert_int_equal(csc_exec_become_supervisor(&err), 0);
}

/* A bwrap that is a script. */
static inline void fake_bwrap(struct hardened_run *run, const char *script)
{
    folder_write(run->folder, "bwrap", script);
    assert_int_equal(chmod(folder_path(run->folder, "bwrap"), 0755), 0);
    (void)snprintf(run->bwrap, sizeof(run->bwrap), "%s", folder_path(run->folder, "bwrap"));
    run->config.backend = CSC_BACKEND_BWRAP;
    run->config.bwrap = run->bwrap;
    if (geteuid() == 0) /* then root needs no control group */
        run->config.run_as = (struct csc_identity){true, 65534, 65534};
}

static inline void go(struct hardened_run *run)
{
    struct csc_error err = {0};

    if (csc_flow_run(&run->flow, &run->result, &err) < 0 ||
        csc_receipt_json(run->result.receipt, &run->receipt, &err) < 0)
        fail_msg("%s", err.text);
    /* Whatever became of it, the receipt says its mode, and is signed. */
    assert_non_null(strstr(run->receipt, "\"execution_mode\": \"hardened\""));
    assert_non_null(strstr(run->receipt, "\"signature\": {"));
}

static inline void end(struct hardened_run *run)
{
    csc_flow_result_free(&run->result);
    free(run->receipt);
    csc_signing_key_free(run->key);
    csc_policy_free(run->policy);
    csc_contract_free(run->contract);
    folder_remove(run->folder);
}

static inline void expect_part(const struct hardened_run *run, const char *part)
{
    if (!strstr(run->receipt, part))
        fail_msg("no %s in %s", part, run->receipt);
}

static inline void expect_no_part(const struct hardened_run *run, const char *part)
{
    if (strstr(run->receipt, part))
        fail_msg("%s in %s", part, run->receipt);
}

/* The text of the plans; NULL: refused. */
static inline char *plan(struct hardened_run *run, struct csc_flow_result *result)
{
    _cleanup_(csc_arena_free) struct csc_arena arena = {0};
    struct csc_buf text = {0};
    struct csc_error err = {0};
    struct csc_value plans = {.type = CSC_NULL};

    if (csc_flow_plan(&run->flow, &arena, &plans, result, &err) < 0)
        fail_msg("%s", err.text);
    assert_null(result->receipt);
    assert_int_equal(plans.type, result->outcome == CSC_OUTCOME_SUCCESS ? CSC_ARRAY : CSC_NULL);
    if (plans.type == CSC_NULL)
        return NULL;
    assert_int_equal(plans.count, run->contract->command_count);
    csc_canon_write(&text, &plans);
    return csc_buf_take(&text);
}

/* A command that leaves something behind. */
#define MARK "\"touch\",\"out/ran\""

#endif
