/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stage 7: the log of receipts. The public header of ledger/. Whoever stores it implements struct csc_store (store.h);
 * nothing here knows how. Its formats touch no file: a Merkle tree over the receipts (RFC 6962), and what is published
 * of it (https://c2sp.org): signed notes, checkpoints, proofs.
 *
 *   csc_ledger_begin()    before anything is started: what will run, and the approvals that this uses up
 *   csc_ledger_append()   the receipt, whatever it says
 *   csc_ledger_settle()   receipts of those that died in between
 */
#ifndef CSC_LEDGER_H
#define CSC_LEDGER_H

#include "ledger/checkpoint.h"
#include "ledger/merkle.h"
#include "ledger/note.h"
#include "ledger/proof.h"
#include "receipt/receipt.h"

/* The receipt's leaf: the hash of its canonical bytes as it stands, its signature included. */
int csc_ledger_leaf(const struct csc_receipt *receipt, struct csc_merkle_hash *ret_leaf, struct csc_error *err);

/* ---- opening ------------------------------------------------------------------------------------------------ */

enum csc_ledger_access {
    CSC_LEDGER_READ,  /* makes nothing, changes nothing */
    CSC_LEDGER_WRITE, /* makes the file (0600) and, where missing, its folder (0700) */
};

struct csc_ledger;

/*
 * Errors: CSC_E_INPUT when there is none to read; CSC_E_OUTPUT when it cannot be written; CSC_E_DATA when it is no
 * ledger, damaged, or of a newer version; CSC_E_PERMISSION when others could change it, or a symlink leads to it.
 * Nothing that was there is ever overwritten. Several processes may have it open; a ledger is used by one thread.
 */
int csc_ledger_open(const char *path, enum csc_ledger_access access, struct csc_ledger **ret_ledger,
                    struct csc_error *err);
void csc_ledger_close(struct csc_ledger *ledger);
/* The log's name in its checkpoints, "csc-ledger/" and 32 hex digits that were drawn when it was made. */
const char *csc_ledger_origin(const struct csc_ledger *ledger);
/* There was none, and opening it made it: worth telling, since the approvals that were used before are not in it. */
bool csc_ledger_is_new(const struct csc_ledger *ledger);

/* ---- executions --------------------------------------------------------------------------------------------- */

/* What the ledger says of the lock that a runner holds as long as it has the ledger open. It needs neither the clock
 * nor the numbers of processes, of which each namespace has its own; the kernel lets go of it when the runner dies. */
enum csc_runner_lock {
    CSC_RUNNER_LOCK_UNSEEN, /* not asked, or where nothing can be locked: then the process is looked for */
    CSC_RUNNER_LOCK_HELD,
    CSC_RUNNER_LOCK_FREE,
};

/* A process, so that it can be told later whether it still runs: numbers of processes are used again. */
struct csc_runner {
    int64_t pid;
    uint64_t start_time;    /* field 22 of /proc/PID/stat: clock ticks since boot */
    uint64_t pid_namespace; /* inode of /proc/self/ns/pid */
    char boot_id[37];       /* /proc/sys/kernel/random/boot_id */
    enum csc_runner_lock lock;
};

enum csc_runner_state {
    CSC_RUNNER_UNKNOWN, /* it runs, or ran, where this process cannot see */
    CSC_RUNNER_ALIVE,
    CSC_RUNNER_GONE,
};

int csc_runner_self(struct csc_runner *ret_runner, struct csc_error *err);
enum csc_runner_state csc_runner_look(const struct csc_runner *runner);

/* Who asked: not in a receipt, whose form is frozen. Told, not proven. */
struct csc_ledger_actor {
    const char *agent_id, *session_id, *initiating_user;
};

/* That something is about to run, and all that a receipt of it needs. */
struct csc_intent {
    const char *execution_id, *contract_id, *contract_sha256;
    const char *policy_profile, *policy_schema_version, *policy_sha256;
    struct csc_ledger_actor actor;
    bool hardened;
    int64_t started_at; /* microseconds since 1970 */
    struct csc_runner runner;
};

/* A single_execution approval that is used up by an execution. */
struct csc_ledger_approval {
    const char *id;       /* approval_id: unique in the trust domain */
    const char *identity; /* of the approver */
    const char *key;      /* fingerprint, or "" when it is not signed */
};

struct csc_ledger_approvals {
    const struct csc_ledger_approval *items;
    size_t count;
};

enum { CSC_LEDGER_USED = 1 };

/*
 * Records the intent and uses the approvals (may be NULL) up, both or neither, and durably: when this returns 0, no
 * crash undoes it. CSC_LEDGER_USED: one of the approvals, number *ret_used, has been used before, and nothing was
 * recorded.
 */
int csc_ledger_begin(struct csc_ledger *ledger, const struct csc_intent *intent,
                     const struct csc_ledger_approvals *approvals, size_t *ret_used, struct csc_error *err);

struct csc_ledger_signer {
    const struct csc_signing_key *key;
    const char *key_id;
};

struct csc_ledger_item {
    const struct csc_receipt *receipt;
    struct csc_ledger_actor actor;
    const char *evidence; /* a DSSE envelope, or NULL */
};

/*
 * Appends a receipt as the next leaf and ends the intent of its execution, if there is one; with a signer (may be
 * NULL) also a checkpoint of the tree as it is then. Durable when it returns. CSC_E_INVALID when this execution has a
 * receipt already; CSC_E_DATA when the ledger contradicts the checkpoint that it keeps, as csc_ledger_begin() and
 * csc_ledger_checkpoint() fail too: going on would overwrite what proves it.
 */
int csc_ledger_append(struct csc_ledger *ledger, const struct csc_ledger_item *item,
                      const struct csc_ledger_signer *signer, uint64_t *ret_index, struct csc_error *err);

/* What became of intents without a receipt. */
struct csc_ledger_settled {
    uint64_t closed;  /* got the receipt of a runner that died: failed, exit code 137, outcome unknown */
    uint64_t dead;    /* their runner is gone, and there was no signer to say so */
    uint64_t running; /* their runner lives */
    uint64_t unknown; /* their runner cannot be seen from here */
    uint64_t bad;     /* what was recorded of them makes no receipt: no csc wrote it; they stay as they are */
};

int csc_ledger_settle(struct csc_ledger *ledger, const struct csc_ledger_signer *signer,
                      struct csc_ledger_settled *ret_settled, struct csc_error *err);

/* ---- reading ------------------------------------------------------------------------------------------------ */

/* Strings live until the callback returns, or, from csc_ledger_get(), as long as its arena. */
struct csc_ledger_entry {
    uint64_t index; /* of the leaf, from 0 on */
    const char *execution_id, *contract_id, *contract_sha256, *policy_profile,
        *policy_sha256;         /* may be NULL: policy_* */
    const char *signing_key_id; /* NULL: not signed */
    struct csc_ledger_actor actor;
    enum csc_status status;
    bool hardened;
    int64_t started_at, ended_at;
    const char *receipt; /* canonical bytes: the leaf's data */
    size_t receipt_size;
    const char *evidence; /* or NULL */
};

struct csc_ledger_filter {
    const char *status;       /* "success", ...; NULL: any. So for all strings here; exact matches. */
    const char *agent, *user; /* agent_id, initiating_user */
    const char *contract;     /* contract_id, or contract_sha256 */
    const char *policy;       /* policy_profile, or policy_sha256 */
    int64_t since, until;     /* started_at, both included; INT64_MIN, INT64_MAX: any */
    uint64_t limit;           /* 0: none */
    bool newest_first;
};

/* Calls `each` until it returns something other than 0, which is then returned. */
int csc_ledger_each(struct csc_ledger *ledger, const struct csc_ledger_filter *filter,
                    int (*each)(void *context, const struct csc_ledger_entry *entry), void *context,
                    struct csc_error *err);
/* By execution_id, a beginning of one that is unique (8 characters at least), or "#" and the index. CSC_E_INPUT: there
 * is none; CSC_E_USAGE: there are several. */
int csc_ledger_get(struct csc_ledger *ledger, const char *id, struct csc_arena *arena,
                   struct csc_ledger_entry *ret_entry, struct csc_error *err);
/* Executions without a receipt, oldest first. UNKNOWN, too: what was recorded of it makes no receipt. */
int csc_ledger_each_intent(struct csc_ledger *ledger,
                           int (*each)(void *context, const struct csc_intent *intent, enum csc_runner_state state),
                           void *context, struct csc_error *err);

struct csc_ledger_stats {
    uint64_t entries, by_status[4]; /* by enum csc_status */
    uint64_t hardened, signed_receipts, with_evidence, used_approvals, open_intents;
    int64_t first, last; /* started_at; 0 in an empty ledger */
    uint64_t bytes;      /* on disk */
};

int csc_ledger_stats(struct csc_ledger *ledger, struct csc_ledger_stats *ret_stats, struct csc_error *err);

/* ---- the tree ----------------------------------------------------------------------------------------------- */

int csc_ledger_head(struct csc_ledger *ledger, struct csc_merkle_head *ret_head, struct csc_error *err);
/* Appends the checkpoint of the tree as it is, signed now, to ret_note (and keeps it in the ledger, where that can be
 * written). */
int csc_ledger_checkpoint(struct csc_ledger *ledger, const struct csc_ledger_signer *signer, struct csc_buf *ret_note,
                          struct csc_error *err);
/* The newest checkpoint that is kept in the ledger. CSC_E_INPUT: there is none. */
int csc_ledger_kept_checkpoint(struct csc_ledger *ledger, struct csc_buf *ret_note, struct csc_error *err);
/* Appends a proof file of entry `index` against this checkpoint. CSC_E_INVALID when the checkpoint does not cover it,
 * or is not of this ledger. */
int csc_ledger_prove(struct csc_ledger *ledger, uint64_t index, const struct csc_buf *checkpoint,
                     struct csc_buf *ret_file, struct csc_error *err);

/* ---- verification ------------------------------------------------------------------------------------------- */

enum csc_ledger_verdict {
    CSC_LEDGER_NOT_ESTABLISHED = 0, /* nothing contradicts, but nothing from outside vouches for all of it either */
    /* A checkpoint given from outside proves that every entry up to it is as it was and none is missing. Those after it
     * agree with themselves, and nothing says that they are all. Signatures of other keys were not checked. Every
     * execution whose intent is there has its receipt, or its runner lives; intents are no leaves, and who can write
     * the database can remove one. */
    CSC_LEDGER_COMPLETE,
    CSC_LEDGER_GAP, /* something is missing or changed, provably */
};

/* A checkpoint that was kept elsewhere. */
struct csc_ledger_witness {
    const char *name;  /* of its file, for messages */
    const char *bytes; /* a signed note */
    size_t size;
};

struct csc_ledger_check {
    const struct csc_public_key *key; /* of the receipts' and evidence's signatures and the checkpoints; NULL: the tree
                                         alone, no signature */
    const char *key_id;               /* receipts signed under other names are counted as not checked */
    const struct csc_ledger_witness *witnesses;
    size_t witness_count;
    void (*progress)(void *context, uint64_t done, uint64_t of); /* may be NULL */
    void *context;
};

struct csc_ledger_finding {
    enum csc_ledger_verdict verdict;
    uint64_t entries;            /* that were looked at */
    uint64_t signatures;         /* of receipts, that were checked and are good */
    uint64_t unsigned_receipts;  /* local ones */
    uint64_t other_keys;         /* signed under another key_id: not checked */
    uint64_t dead, unknown;      /* intents, as of csc_ledger_settled */
    uint64_t covered;            /* entries that a witness vouches for */
    struct csc_merkle_head head; /* recomputed */
    bool has_difference;
    uint64_t difference_at; /* entry */
    char text[512];         /* the first difference, why the verdict is not "complete", or how far it is; escaped */
};

/* Recomputes everything from the receipts, in memory that does not grow with the ledger. A gap is a finding, not an
 * error; so is a database that is damaged within. */
int csc_ledger_verify(struct csc_ledger *ledger, const struct csc_ledger_check *check,
                      struct csc_ledger_finding *ret_finding, struct csc_error *err);

#endif
