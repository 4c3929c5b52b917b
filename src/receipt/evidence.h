/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The evidence beside a receipt: an in-toto Statement v1 in a DSSE envelope (docs/EVIDENCE.md), signed by the receipt's
 * key. A receipt says what a run amounted to; evidence says what was seen of it. Shared through receipt.h.
 */
#ifndef CSC_RECEIPT_EVIDENCE_H
#define CSC_RECEIPT_EVIDENCE_H

#include <sys/utsname.h>

#include "approval/approval.h"
#include "base/base.h"
#include "exec/exec.h"
#include "format/format.h"

#define CSC_EVIDENCE_PAYLOAD_TYPE "application/vnd.in-toto+json"
#define CSC_EVIDENCE_STATEMENT_TYPE "https://in-toto.io/Statement/v1"
#define CSC_EVIDENCE_PREDICATE_TYPE "urn:csc:evidence:v0.1"
#define CSC_EVIDENCE_BYTES_MAX ((size_t)8 << 20) /* of an envelope */

struct csc_record;
struct csc_public_key;

/* One command that csc came to: it ran, failed or was refused. Plain data that outlives its result. */
struct csc_evidence_command {
    const struct csc_command *command;
    enum csc_exec_end end;
    bool started;
    int exit_code;
    char sha256[2][CSC_SHA256_HEX]; /* of what was captured of both streams */
    bool truncated[2];
    struct csc_exec_facts facts;
    char plan_sha256[CSC_SHA256_HEX]; /* "": there is none */
    enum csc_backend backend;         /* of the plan */
    const char *lacks[24];            /* static: csc_measurement_lacks(); NULL after the last */
};

/* Fills in a command from its result. `plan` may be NULL (local mode, or a refusal before there was one). */
int csc_evidence_note(const struct csc_command *command, const struct csc_exec_result *result,
                      const struct csc_plan *plan, struct csc_evidence_command *ret_command, struct csc_error *err);

/* A person who agreed. */
struct csc_evidence_approval {
    const char *approval_id, *identity, *scope;
    const char *key_fingerprint;          /* NULL: it is not signed */
    const char *ticket_id;                /* or NULL */
    char artifact_sha256[CSC_SHA256_HEX]; /* of the artifact's bytes as they were read */
};

/* Where it happened. No address, no serial number, no user's name. */
struct csc_host_facts {
    struct utsname system; /* release, machine and nodename are used */
    char boot_id[37];      /* "": not to be read */
};

void csc_host_facts(struct csc_host_facts *ret_facts);

struct csc_evidence {
    const struct csc_record *record;
    const struct csc_receipt *receipt;                   /* as it is written and logged: signed */
    const char *agent_id, *session_id, *initiating_user; /* told by the contract, not proven; NULL: not told */
    const struct csc_evidence_command *commands;         /* in the order they ran */
    size_t command_count;
    const struct csc_evidence_approval *approvals;
    size_t approval_count;
    struct csc_host_facts host;
    bool full_argv; /* argv itself, which may hold secrets; else its hash */
};

/*
 * *ret_envelope: the DSSE envelope as one line of canonical JSON with a newline, NUL-terminated, the caller's to
 * free(). Its own signature is verified before it is returned.
 */
int csc_evidence_make(const struct csc_evidence *evidence, const struct csc_signing_key *key, const char *key_id,
                      char **ret_envelope, struct csc_error *err);

/* ---- reading -------------------------------------------------------------------------------------------------- */

/* An envelope whose signature is good and whose statement is complete. */
struct csc_evidence_seen {
    struct csc_arena arena;
    struct csc_value statement; /* as it stands in the payload */
    const char *key_id;         /* of the signature that verified; a hint, or "" */
    const char *receipt_sha256; /* of the receipt it is about */
    const struct csc_value *predicate;
};

/*
 * Strict JSON of at most CSC_EVIDENCE_BYTES_MAX bytes; at least one signature is by `key`; then the payload is read.
 * CSC_E_DATA: no envelope, or no statement of this kind; CSC_E_INVALID: no signature of the key.
 */
int csc_evidence_verify(const void *bytes, size_t size, const struct csc_public_key *key,
                        struct csc_evidence_seen **ret_seen, struct csc_error *err);
/* The statement is about this receipt, as it stands. CSC_E_INVALID when it is not. */
int csc_evidence_match(const struct csc_evidence_seen *seen, const struct csc_receipt *receipt, struct csc_error *err);
void csc_evidence_seen_free(struct csc_evidence_seen *seen);
/* Validates a statement (the payload) by itself: csc.evidence.v0.1.schema.json. */
int csc_evidence_validate(const void *bytes, size_t size, struct csc_error *err);

#endif
