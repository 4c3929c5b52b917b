/* SPDX-License-Identifier: Apache-2.0 */
/* What the operator of this machine sets: csc.config.v0.1, as csc-config(5) describes it. Read by src/config.c; here it
 * is a struct with every default filled in. */
#ifndef CSC_SANDBOX_CONFIG_H
#define CSC_SANDBOX_CONFIG_H

#include "base/base.h"
#include "policy/policy.h"

enum csc_backend {
    CSC_BACKEND_AUTO, /* native, unless this host is known to let only bwrap make user namespaces */
    CSC_BACKEND_BWRAP,
    CSC_BACKEND_NATIVE,
};

extern const char *const csc_backend_names[]; /* by value, NULL-terminated */

/* Of one command, whatever it starts. Bytes, seconds or numbers, all 1 or more but for cpu_percent. */
struct csc_limits {
    int64_t cpu_sec;      /* RLIMIT_CPU: of each process */
    int64_t memory_bytes; /* of all processes where a cgroup holds it, else the address space of each */
    int64_t processes;    /* and threads, at a time, the sandbox's own two included */
    int64_t file_bytes;   /* RLIMIT_FSIZE: the largest file that can be written */
    int64_t open_files;   /* RLIMIT_NOFILE: of each process */
    int64_t locked_bytes; /* RLIMIT_MEMLOCK; 0 allowed */
    int64_t queue_bytes;  /* RLIMIT_MSGQUEUE; 0 allowed */
    int64_t tmp_bytes;    /* size of /tmp */
    int64_t home_bytes;   /* size of $HOME */
    int64_t shm_bytes;    /* size of /dev/shm */
    int64_t cpu_percent;  /* of one processor, by cgroup v2's cpu.max; 0: no cap */
};

/* Whom a csc that root started runs commands as. */
struct csc_identity {
    bool set;
    uint32_t uid, gid;
};

/* Where what happened is recorded, and how much of it. */
struct csc_recording {
    const char *ledger; /* absolute path, "none", or NULL: the default place */
    bool full_argv;     /* evidence holds the arguments of commands themselves, not their hash */
};

/* How approvals are believed. */
struct csc_approving {
    const char *allowed_signers; /* absolute path, or NULL: no signature is believed */
    const char *revoked_keys;    /* absolute path, or NULL */
    const char *ssh_keygen;      /* absolute path */
    int64_t clock_skew_sec;      /* how far the clock of an approver may be ahead */
};

struct csc_config {
    struct csc_arena arena; /* owns the strings below; empty when all are defaults */
    enum csc_backend backend;
    const char *bwrap;                 /* absolute path, or NULL: looked for at fixed places, never in PATH */
    struct csc_identity run_as;        /* not set: the owner of cwd */
    struct csc_names system_paths;     /* shown read-only beside the default ones */
    struct csc_names blocked_programs; /* names that hardened mode does not start: shells, interpreters, wrappers. A '*'
                                          at the end stands for any ending */
    bool unix_sockets;                 /* socket(AF_UNIX) works */
    struct csc_limits limits;
    int64_t stdout_bytes, stderr_bytes; /* captured of each stream */
    int64_t grace_sec;                  /* between SIGTERM and SIGKILL */
    struct csc_recording recording;
    struct csc_approving approvals;
};

/* The defaults of protocol section 5, and of csc-config(5). */
void csc_config_default(struct csc_config *ret_config);

/* `program` (an argv[0]) has a basename that blocked_programs names, upper and lower case alike. */
bool csc_config_blocks(const struct csc_config *config, const char *program);

#endif
