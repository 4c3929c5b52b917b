/* SPDX-License-Identifier: Apache-2.0 */
/* Stage 3: approval artifacts, who signed them, and whether they suffice. The public header of approval/. */
#ifndef CSC_APPROVAL_H
#define CSC_APPROVAL_H

#include "base/base.h"
#include "contract/contract.h"
#include "format/format.h"

enum csc_approval_scope { CSC_APPROVAL_SINGLE_EXECUTION, CSC_APPROVAL_TIME_WINDOW };
extern const char *const csc_approval_scope_names[]; /* by value, NULL-terminated */
enum { CSC_APPROVAL_BYTES_MAX = 64 << 10, CSC_APPROVAL_SIGNATURE_MAX = 64 << 10, CSC_APPROVAL_FILES_MAX = 16 };

#define CSC_APPROVAL_NAMESPACE "csc-approval@v0.1"
#define CSC_APPROVAL_SSH_KEYGEN "/usr/bin/ssh-keygen"

/* An ApprovalArtifact, section 1.4: complete and consistent in itself. Nothing is said of its signature. */
struct csc_approval {
    struct csc_arena arena;
    const char *id;
    const char *contract_sha256; /* 64 hex digits, any case */
    const char *identity;
    int64_t approved_at, expires_at; /* expires_at is later */
    enum csc_approval_scope scope;
    const char *ticket_id; /* or NULL */
    const char *reason;    /* or NULL */
};

/* A key's fingerprint, "SHA256:..." */
enum { CSC_APPROVAL_KEY = 128 };

int csc_approval_parse(const void *bytes, size_t size, struct csc_approval **ret_approval, struct csc_error *err);
void csc_approval_free(struct csc_approval *approval);

/* ---- judging (sections 1.4 and 6) -------------------------------------------------------------------------- */

/*
 * How approvals are believed. Both files are read once, and refused where others than root and the effective user
 * could have written them, by the rules of the configuration (csc_open_trusted).
 */
struct csc_approval_trust {
    const char *allowed_signers; /* path; NULL: signatures are not checked, approvals count as unsigned */
    const char *revoked;         /* path of a KRL or of a list of public keys, or NULL */
    const char *ssh_keygen;      /* absolute path */
    bool signed_only;            /* hardened mode: unsigned approvals are refused */
    int64_t skew_us;             /* how far the approver's clock may be ahead of ours */
};

/* One approval as the caller read it, once; its bytes are what is parsed and what is verified. */
struct csc_approval_file {
    const char *name; /* for messages */
    const char *bytes;
    size_t size;
    const char *signature; /* the detached SSH signature, armoured; NULL: there is none */
    size_t signature_size;
};

struct csc_approval_request {
    const struct csc_contract *contract;
    const struct csc_approval_file *files;
    size_t count; /* at most CSC_APPROVAL_FILES_MAX */
    const struct csc_approval_trust *trust;
    int64_t now; /* wall clock, microseconds since 1970 */
};

struct csc_approved {
    struct csc_approval *approval;
    char key[CSC_APPROVAL_KEY];  /* the fingerprint of the key that signed it, "SHA256:..."; "": unsigned */
    char sha256[CSC_SHA256_HEX]; /* of the file's bytes */
};

enum csc_approval_answer {
    CSC_APPROVALS_REFUSED = 0, /* one that was given is not what it must be */
    CSC_APPROVALS_MISSING,     /* those given are good, and too few */
    CSC_APPROVALS_EXPIRED,
    CSC_APPROVALS_GRANTED,
};

struct csc_approvals {
    enum csc_approval_answer answer;
    char reason[512]; /* one line, safe to print: which file, what was wrong; what would fix it; "": granted */
    struct csc_approved *items; /* in the order of the files; none unless granted */
    size_t count;
    size_t needed;     /* how many the contract needs: 2 for dual control, else 1 */
    bool any_unsigned; /* one of them could have been written by anybody: to be warned of */
};

/*
 * Judges the approvals of a contract. Every one given must be good: a bad one beside good ones refuses. Refused beats
 * expired, expired beats missing.
 *
 * Each: is for this contract; has begun (approved_at <= now + skew) and not expired (now < expires_at); and, where it
 * has a signature and `allowed_signers` is known, that signature is by a key which is allowed, now, to sign for exactly
 * approver.identity in the namespace csc-approval@v0.1, and is not revoked. No two have the same approval_id.
 *
 * dual_control_required: two, of different identities and different keys, none the initiating_user; identities that
 * differ in the case of ASCII letters alone count as the same. Unsigned ones (local mode) have no keys to compare:
 * they count where their identities differ, and `any_unsigned` says how little that is. With one approval needed the
 * initiating_user may be the approver, as the protocol has it.
 *
 * An answer is a result, not an error. Errors: CSC_E_DATA, an approval that is malformed (the text names it);
 * CSC_E_USAGE, too many; CSC_E_INPUT, CSC_E_PERMISSION, CSC_E_CONFIG, what trust rests on cannot be read, or not be
 * believed; ssh-keygen cannot be run. May be called from a process with other children, SIGCHLD ignored, descriptors
 * 0-2 closed. Takes as long as ssh-keygen, at most 10 s for each approval.
 */
int csc_approvals_judge(const struct csc_approval_request *request, struct csc_approvals **ret_approvals,
                        struct csc_error *err);
/* A file's name as answers and errors begin with it: escaped, and of a long path the end, which tells files apart.
 * Returns dst. */
const char *csc_approval_shown_name(char dst[CSC_EXCERPT], const char *name);
/* One of them has expired: to be asked again right before each command. */
bool csc_approvals_expired(const struct csc_approvals *approvals, int64_t now);
void csc_approvals_free(struct csc_approvals *approvals);

/* ---- making (csc approve) ---------------------------------------------------------------------------------- */

/* An identity that ssh-keygen compares as it stands, and prints so: no white space, no control or invisible character,
 * nothing that means something in a list of patterns. No other is believed of a signature. */
bool csc_approval_identity_is_plain(const char *identity);
/* The JSON text of an approval of method "cli", which csc_approval_parse() takes. */
int csc_approval_write(const struct csc_approval *approval, struct csc_buf *ret_bytes, struct csc_error *err);

struct csc_approval_signer {
    const char *ssh_keygen; /* absolute path; ssh-add lies beside it */
    const char *key;        /* path of a private key, or with `agent` of a public one; NULL: the agent's only key */
    bool agent;             /* the key is the agent's */
};

/*
 * The detached SSH signature over the bytes, and the fingerprint of the key that made it, verified once more. For a
 * process of a person's: ssh-keygen gets its environment, its terminal and its standard error, and takes as long as the
 * person does. CSC_E_INVALID when it signs nothing.
 */
int csc_approval_sign(const struct csc_approval_signer *signer, const struct csc_buf *bytes,
                      struct csc_buf *ret_signature, char ret_key[CSC_APPROVAL_KEY], struct csc_error *err);

#endif
