/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server of the Model Context Protocol on standard input and output: what an agent asks for as a tool call is made a
 * contract, decided, run and receipted. One thread, one poll(2) loop. It holds no key and no ledger: each run is a csc
 * run of its own.
 */
#ifndef CSC_AGENT_MCP_H
#define CSC_AGENT_MCP_H

#include "policy/policy.h"
#include "sandbox/sandbox.h"

struct csc_mcp_options {
    const char *program; /* what a job executes, absolute */
    const char *policy;  /* its file, read anew for every call */
    /* Whether it may decide, beyond what it says; NULL: it may. */
    int (*check_policy)(const void *context, const struct csc_policy *policy, struct csc_error *err);
    const void *check_context;
    const char *cwd;  /* absolute: of commands that name none */
    const char *user; /* on whose behalf */
    bool hardened;
    const struct csc_config *config; /* of hardened mode */
    const char *const *run_options;  /* for every csc run */
    size_t run_option_count;
    const char *ledger; /* its path, where there is one */
    bool has_ledger;
    const char *public_key, *key_id; /* what receipts are verified by, or NULL */
    bool can_approve;                /* it is known whose signatures count */
    const char *requests;            /* the folder of contracts that wait for a person, or NULL: there is no place */
    const char *typed_as;            /* csc, as a person types it */
};

/* The policy that is in force now. Errors name its file. */
int csc_mcp_policy(const struct csc_mcp_options *options, struct csc_policy **ret_policy, struct csc_error *err);

/*
 * Serves until standard input ends or standard output is closed (then *ret_signal is 0), or SIGTERM, SIGINT or SIGHUP
 * comes. What still runs is stopped in order, receipts and all. Takes over the process's signal mask and SIGPIPE.
 */
int csc_mcp_serve(const struct csc_mcp_options *options, int *ret_signal, struct csc_error *err);

#endif
