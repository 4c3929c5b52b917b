/* SPDX-License-Identifier: Apache-2.0 */
/* Stage 6: build, sign, verify; keys. The public header of receipt/. */
#ifndef CSC_RECEIPT_H
#define CSC_RECEIPT_H

#include "base/base.h"
#include "exec/exec.h"
#include "format/format.h"
#include "policy/policy.h"
#include "receipt/evidence.h"

extern const char *const csc_status_names[]; /* by enum csc_status */

/* What happened, gathered by flow.c while it happens; a receipt is built from it once, at the end. */
struct csc_record {
    const char *execution_id; /* made beforehand (csc_uuid_make), or NULL: a fresh one */
    const struct csc_contract *contract;
    const struct csc_policy *policy;
    enum csc_status status; /* blocked, until something better is known */
    int64_t started_at, ended_at;
    bool has_exit_code;
    int exit_code;
    const struct csc_exec_result *last; /* of the last command that ran, or NULL */
    const char **completed_ids;
    size_t completed_count;
    const char *failed_id; /* or NULL */
    const struct csc_artifact *artifacts;
    size_t artifact_count;
    int64_t files_written;  /* -1: not measured, and absent from the receipt */
    bool hardened;          /* the mode; local otherwise */
    const char *profile_id; /* of the sandboxes that commands ran in, or NULL */
    const char *error;      /* csc's own words, or NULL; the tail of stderr follows them */
};

struct csc_receipt {
    struct csc_arena arena;
    struct csc_value root; /* the receipt as it stands: what is hashed, signed and written */
    enum csc_status status;
    const char *execution_id;
    const char *error; /* or NULL */
    struct {
        const char *algorithm, *key_id, *signed_at, *signature; /* all NULL when there is none */
    } signature;
};

/* Builds a receipt and validates it like any foreign one. */
int csc_receipt_build(const struct csc_record *record, struct csc_receipt **ret_receipt, struct csc_error *err);

/* All that is known of a run whose runner died: what was recorded when it began. */
struct csc_lost_run {
    const char *execution_id, *contract_id, *contract_sha256;
    const char *policy_profile, *policy_schema_version, *policy_sha256;
    bool hardened;
    int64_t started_at, ended_at; /* ended_at: when it was found out */
};

#define CSC_LOST_RUN_ERROR "runner died; outcome unknown"

/* Builds the receipt of such a run: failed, exit code 137, hashes of no bytes, both truncated. CSC_E_DATA when what was
 * recorded makes no valid one. */
int csc_receipt_build_lost(const struct csc_lost_run *run, struct csc_receipt **ret_receipt, struct csc_error *err);

/* ---- keys --------------------------------------------------------------------------------------------------- */

struct csc_public_key {
    uint8_t bytes[32];
};

const struct csc_public_key *csc_signing_key_public(const struct csc_signing_key *key);

/* Canonical, on the curve, and in the prime-order group, as every honest key is. (With a key of small order one
 * signature can verify every message.) */
bool csc_public_key_is_sound(const struct csc_public_key *key);

/*
 * Writes a new key pair: PREFIX.key (0600) and PREFIX.pub, PEM or, with `raw`, 32 bytes each. Existing files
 * are never overwritten: CSC_E_OUTPUT.
 */
int csc_keygen(const char *prefix, bool raw, struct csc_error *err);

/* ---- signatures --------------------------------------------------------------------------------------------- */

enum { CSC_SIGNATURE_BYTES = 64 };

/* libsodium is initialised and fit for use; any thread may ask. */
int csc_crypto_ready(struct csc_error *err);
/* Ed25519 (RFC 8032). Whoever publishes the signature verifies it first: one made wrongly, by a fault of the machine,
 * can give the key away. */
int csc_ed25519_sign(const struct csc_signing_key *key, const void *message, size_t size,
                     uint8_t ret_signature[CSC_SIGNATURE_BYTES], struct csc_error *err);
/* Refuses S >= L, and keys and R that are non-canonical or of small order. Needs libsodium initialised. */
bool csc_ed25519_verify(const struct csc_public_key *key, const void *message, size_t size,
                        const uint8_t signature[CSC_SIGNATURE_BYTES]);

#endif
