/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Contracts that wait for a person, each in a folder of its own: FOLDER/ID/contract.json, and beside it what
 * `csc approve` writes, approval.json and approval.json.sig (and, for a second approver, approval-2.json...). ID is the
 * beginning of the contract's hash: asked again, the same contract is the same request. Folders are 0700.
 */
#ifndef CSC_AGENT_REQUESTS_H
#define CSC_AGENT_REQUESTS_H

#include <limits.h>

#include "contract/contract.h"

/* An empty file in a request's folder, by which a hook knows that its approvals for one execution were handed over. */
#define CSC_REQUEST_HANDED_OVER "handed-over"

enum { CSC_REQUEST_ID = 33, CSC_REQUEST_APPROVALS_MAX = 2 }; /* 32 hexadecimal digits and the NUL */

struct csc_request {
    char id[CSC_REQUEST_ID];
    char folder[PATH_MAX];
    char contract[PATH_MAX + 16];
    /* What is there already, signed; where the next one goes, "" when all are there. */
    char approvals[CSC_REQUEST_APPROVALS_MAX][PATH_MAX + 24];
    size_t approval_count;
    char next_approval[PATH_MAX + 24];
};

enum { CSC_REQUESTS_MAX = 256, CSC_REQUESTS_BYTES_MAX = 16 << 20 }; /* that wait */
enum { CSC_REQUEST_AGE_SEC = 30 * 86400 };                          /* as long as csc approve lets an approval hold */

/* $XDG_STATE_HOME/csc, or $HOME/.local/state/csc: what csc keeps for this user, which no write scope may hold or lie
 * in. CSC_E_CONFIG when neither is set. */
int csc_state_folder(char ret_folder[PATH_MAX], struct csc_error *err);
/* $XDG_STATE_HOME/csc/requests, or $HOME/.local/state/csc/requests; CSC_E_CONFIG when neither is set. */
int csc_requests_folder(char ret_folder[PATH_MAX], struct csc_error *err);
/* Stores the contract's text, unless it is there, and finds its approvals. CSC_E_PERMISSION when others could change
 * what lies in the folder; CSC_E_CONFIG when too many wait there already. */
int csc_request_store(const char *folder, const struct csc_contract *contract, const char *json,
                      struct csc_request *ret_request, struct csc_error *err);
/* The same of a contract that waits for nobody, in a folder of such: there is no bound to how many, but their age. */
int csc_request_keep(const char *folder, const struct csc_contract *contract, const char *json,
                     struct csc_request *ret_request, struct csc_error *err);
/* Finds one by its id, whose form is checked; CSC_E_DATA when it is malformed, CSC_E_INPUT when there is none. */
int csc_request_find(const char *folder, const char *id, struct csc_request *ret_request, struct csc_error *err);
/* Removes the contract and the approvals: the request is done, or (to be stored again) its approvals are of no use any
 * more. */
int csc_request_drop(const char *folder, const struct csc_request *request, struct csc_error *err);
/* Removes one approval, and its signature: another can take its place. */
int csc_request_drop_approval(const struct csc_request *request, size_t index, struct csc_error *err);
/* Removes those whose contract was stored more than `age_sec` ago; how many is of no interest. */
void csc_requests_expire(const char *folder, int64_t age_sec);

/* The line that a person types to approve it, quoted for a shell, but for WHO and KEY, which are theirs to fill in.
 * `program` is how csc is called, `policy` may be NULL. */
int csc_request_approve_line(const struct csc_request *request, const char *program, const char *policy,
                             struct csc_buf *ret_line, struct csc_error *err);

#endif
