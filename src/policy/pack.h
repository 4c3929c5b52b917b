/* SPDX-License-Identifier: Apache-2.0 */
/* Policies with the decisions that are expected of them: pack.yaml, docs/POLICY-AUTHORING.md. Shared through policy.h.
 */
#ifndef CSC_POLICY_PACK_H
#define CSC_POLICY_PACK_H

#include "base/base.h"
#include "contract/contract.h"

#define CSC_PACK_BYTES_MAX ((size_t)512 << 10) /* a pack's YAML text */

struct csc_pack_policy {
    const char *name; /* "": the pack has one policy, and no name for it */
    const char *file; /* as the pack says it, relative to the pack's folder */
};

/* What is asked: a contract, or a command that one is made of. */
struct csc_pack_case {
    const char *name;
    size_t policy;        /* its index */
    const char *contract; /* a file, or NULL */
    const char *shell;    /* a shell line, or NULL */
    struct csc_argv argv; /* count 0: none */
    const char *cwd;      /* of shell and argv; NULL with a contract */
    int network;          /* enum csc_network, or -1: what the command needs. Of shell and argv, as all below */
    int risk;             /* enum csc_risk, or -1: what its effects are worth */
    int64_t timeout_sec;  /* 0: not said */
    const char **read_paths, **write_paths, **secret_refs;
    size_t read_path_count, write_path_count, secret_ref_count;
    int verdict;             /* that is expected: enum csc_verdict */
    int code;                /* enum csc_reason; -1: any */
    const char **classified; /* effects, one a command that was reached; NULL: any */
    size_t classified_count;
};

struct csc_pack {
    struct csc_arena arena; /* owns everything below */
    const char *name;
    struct csc_pack_policy *policies;
    size_t policy_count;
    struct csc_pack_case *cases;
    size_t case_count;
};

/* Closed, and read as strictly as a policy. CSC_E_DATA when it is none. */
int csc_pack_parse(const void *bytes, size_t size, struct csc_pack **ret_pack, struct csc_error *err);
void csc_pack_free(struct csc_pack *pack);

#endif
