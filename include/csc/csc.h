/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcsc: the Command Scope Contract protocol v0.1.
 *
 *   bytes -> csc_contract_parse -> csc_decide -> csc_run -> csc_receipt
 *
 * Conventions, valid for every function here:
 *  - Functions that can fail return 0, or a negative enum csc_code; what went wrong is in the caller's
 *    struct csc_error (may be NULL). Output parameters, named ret_x, are untouched on failure.
 *  - Objects are opaque and immutable after creation, but for csc_receipt_sign(). Different objects may be
 *    used by different threads at the same time. Every x_free() accepts NULL.
 *  - The library never prints, never exits, keeps no globals, and changes no process-wide state.
 *  - Strings are NUL-terminated UTF-8. Those returned as `const char *` live as long as their object; those
 *    returned through `char **` belong to the caller, who hands them to free().
 */
#ifndef CSC_CSC_H
#define CSC_CSC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CSC_API __attribute__((visibility("default")))

#define CSC_CONTRACT_VERSION "csc.v0.1"
#define CSC_POLICY_VERSION "csc.policy.v0.1"
#define CSC_RECEIPT_VERSION "csc.receipt.v0.1"
#define CSC_APPROVAL_VERSION "csc.approval.v0.1"

#define CSC_CONTRACT_BYTES_MAX ((size_t)1 << 20) /* a contract's JSON text */
#define CSC_POLICY_BYTES_MAX ((size_t)512 << 10) /* a policy's YAML text */
#define CSC_RECEIPT_BYTES_MAX ((size_t)4 << 20)  /* a receipt's JSON text */

/* Why something failed. The values are the exit codes of the csc command (sysexits.h where it has one). */
enum csc_code {
    CSC_OK = 0,
    CSC_E_INVALID = 1,     /* a check failed: signature, key id, hash */
    CSC_E_USAGE = 64,      /* an argument the caller chose makes no sense */
    CSC_E_DATA = 65,       /* malformed, invalid or over-limit input */
    CSC_E_INPUT = 66,      /* an input cannot be read */
    CSC_E_INTERNAL = 70,   /* out of memory, or a system call that should not fail did */
    CSC_E_OUTPUT = 73,     /* an output cannot be written */
    CSC_E_PERMISSION = 77, /* a key file others can read, and the like */
    CSC_E_CONFIG = 78,     /* what was asked cannot be provided here */
};

/*
 * In the caller's memory, set to {0} before the call. The first error wins: a struct that holds one is left
 * alone. `text` and `field` are safe to print: control characters and invalid UTF-8 are escaped.
 */
struct csc_error {
    enum csc_code code;
    int sys_errno;     /* errno of the failed system call, or 0 */
    unsigned line;     /* position in the input, 1-based, in bytes; 0 when there is none */
    unsigned column;   /* likewise */
    const char *stage; /* static: "contract", "policy", "exec", "receipt", ... or NULL */
    char field[160];   /* path of the field, such as commands[0].cwd, or "" */
    char text[512];    /* what was wrong; what would fix it */
};

/* The library's version, "0.1.0". */
CSC_API const char *csc_version(void);

/* ---- contracts --------------------------------------------------------------------------------------------- */

struct csc_contract;

/* Parses a CommandContract, protocol section 1.1: strict JSON of at most CSC_CONTRACT_BYTES_MAX bytes. */
CSC_API int csc_contract_parse(const void *bytes, size_t size, struct csc_contract **ret_contract,
                               struct csc_error *err);
CSC_API void csc_contract_free(struct csc_contract *contract);
CSC_API const char *csc_contract_id(const struct csc_contract *contract);
/* Lowercase hex SHA-256 of the canonical contract (section 2), 64 characters. */
CSC_API const char *csc_contract_sha256(const struct csc_contract *contract);
/* CSC_E_DATA when the contract is over a runner limit: such a contract is valid and has a hash, but never runs. */
CSC_API int csc_contract_check_limits(const struct csc_contract *contract, struct csc_error *err);

/* ---- policies ---------------------------------------------------------------------------------------------- */

struct csc_policy;

/* Parses a policy, section 1.2: YAML 1.1 of at most CSC_POLICY_BYTES_MAX bytes. */
CSC_API int csc_policy_parse(const void *bytes, size_t size, struct csc_policy **ret_policy, struct csc_error *err);
CSC_API void csc_policy_free(struct csc_policy *policy);
CSC_API const char *csc_policy_name(const struct csc_policy *policy);
CSC_API const char *csc_policy_sha256(const struct csc_policy *policy);

/* ---- decisions --------------------------------------------------------------------------------------------- */

enum csc_verdict {
    CSC_DENY = 0, /* the initial value of every decision */
    CSC_ALLOW,
    CSC_NEEDS_APPROVAL,
};

struct csc_decision;

/* Decides as of now; the decision expires 300 s later (section 3). A denial is a result, not an error. */
CSC_API int csc_decide(const struct csc_contract *contract, const struct csc_policy *policy,
                       struct csc_decision **ret_decision, struct csc_error *err);
CSC_API void csc_decision_free(struct csc_decision *decision);
CSC_API enum csc_verdict csc_decision_verdict(const struct csc_decision *decision);
/* The stable reason code, such as "COMMAND_NOT_ALLOWED" (docs/reason-codes.md). */
CSC_API const char *csc_decision_reason_code(const struct csc_decision *decision);
/* The PolicyDecision of section 1.3 as JSON text, indented, with a newline at the end. */
CSC_API int csc_decision_json(const struct csc_decision *decision, char **ret_text, struct csc_error *err);

/* ---- keys -------------------------------------------------------------------------------------------------- */

struct csc_signing_key; /* an Ed25519 private key in locked memory, wiped when freed */
struct csc_public_key;

/* From a file: 32-byte seed, 64-byte seed+public, or unencrypted PKCS#8 PEM. Refuses a file that group or
 * others can read (CSC_E_PERMISSION). The file is read once, through one descriptor. */
CSC_API int csc_signing_key_load(const char *path, struct csc_signing_key **ret_key, struct csc_error *err);
CSC_API void csc_signing_key_free(struct csc_signing_key *key);
/* From a file: 32 raw bytes or SubjectPublicKeyInfo PEM. Refuses points of small order. */
CSC_API int csc_public_key_load(const char *path, struct csc_public_key **ret_key, struct csc_error *err);
CSC_API void csc_public_key_free(struct csc_public_key *key);

/* ---- receipts ---------------------------------------------------------------------------------------------- */

enum csc_status {
    CSC_STATUS_BLOCKED = 0, /* nothing ran, or nothing more: the initial value */
    CSC_STATUS_SUCCESS,
    CSC_STATUS_FAILED,
    CSC_STATUS_EXPIRED,
};

struct csc_receipt;

/* Parses an ExecutionReceipt, section 1.5: at most CSC_RECEIPT_BYTES_MAX bytes. Checks no signature. */
CSC_API int csc_receipt_parse(const void *bytes, size_t size, struct csc_receipt **ret_receipt, struct csc_error *err);
/*
 * Builds the receipt of a contract that was decided upon and not executed, because the decision is not "allow" or has
 * expired: status blocked or expired, not signed yet. For an allowed one csc_run() builds it (CSC_E_USAGE here).
 */
CSC_API int csc_receipt_build_refusal(const struct csc_contract *contract, const struct csc_policy *policy,
                                      const struct csc_decision *decision, struct csc_receipt **ret_receipt,
                                      struct csc_error *err);
CSC_API void csc_receipt_free(struct csc_receipt *receipt);
CSC_API enum csc_status csc_receipt_status(const struct csc_receipt *receipt);
CSC_API const char *csc_receipt_execution_id(const struct csc_receipt *receipt);
/* The `error` field, or NULL. The text comes from a command: escape it before showing it. */
CSC_API const char *csc_receipt_error(const struct csc_receipt *receipt);
/* Lowercase hex SHA-256 of the canonical receipt as it stands. */
CSC_API int csc_receipt_sha256(const struct csc_receipt *receipt, char ret_hex[65], struct csc_error *err);
/* The receipt as its file holds it: indented, keys sorted, a newline at the end. */
CSC_API int csc_receipt_json(const struct csc_receipt *receipt, char **ret_text, struct csc_error *err);
/* Adds a signature (section 2) under the name key_id, replacing an earlier one; the signature is verified
 * before it is kept. */
CSC_API int csc_receipt_sign(struct csc_receipt *receipt, const struct csc_signing_key *key, const char *key_id,
                             struct csc_error *err);
/* Checks presence and form of the signature, the algorithm, key_id, and the signature itself, in that order.
 * CSC_E_INVALID when a check fails. */
CSC_API int csc_receipt_verify(const struct csc_receipt *receipt, const struct csc_public_key *key, const char *key_id,
                               struct csc_error *err);

/* ---- running ----------------------------------------------------------------------------------------------- */

enum csc_stream { CSC_STDOUT = 0, CSC_STDERR = 1 };

struct csc_run_options {
    const struct csc_signing_key *signing_key; /* NULL: the receipt is not signed */
    const char *key_id;                        /* required with signing_key */
    int cancel_fd;                             /* becoming readable or hung up ends the run; -1: none */
    /* Called in the thread that called csc_run(), with output as the commands print it, up to the capture caps
     * (10 MiB of stdout, 1 MiB of stderr a command). The bytes are hostile. */
    void (*on_output)(void *context, enum csc_stream stream, const void *bytes, size_t size);
    /* Something a person may want to know, in one line, safe to print. */
    void (*on_notice)(void *context, const char *text);
    void *context;
};

/*
 * Decides and, where allowed, executes the contract in local mode: no isolation is claimed. Whatever the
 * outcome, a denial included, the result is a receipt; an error means that there is none.
 * The commands and their supervision live in a child process of the caller's; everything they started has
 * ended when the call returns.
 */
CSC_API int csc_run(const struct csc_contract *contract, const struct csc_policy *policy,
                    const struct csc_run_options *options, struct csc_receipt **ret_receipt, struct csc_error *err);

#ifdef __cplusplus
}
#endif

#endif
