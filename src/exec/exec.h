/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stage 5: spawn, supervise, capture. The public header of exec/.
 *
 * One command at a time: its program or pipeline runs as a process tree of its own, its output is hashed and
 * streamed, and when csc_exec_run() returns, no process of that tree is left.
 */
#ifndef CSC_EXEC_H
#define CSC_EXEC_H

#include <signal.h>

#include "base/base.h"
#include "contract/contract.h"
#include "format/format.h"
#include "policy/policy.h"
#include "sandbox/sandbox.h"

enum {
    CSC_STDOUT_CAP = 10 << 20, /* bytes captured of each stream, section 5 */
    CSC_STDERR_CAP = 1 << 20,
    CSC_GRACE_MS = 5000,    /* between SIGTERM and SIGKILL */
    CSC_TAIL_BYTES = 16000, /* enough for 4000 characters of UTF-8 */
};

enum csc_exec_end {
    CSC_EXEC_BLOCKED = 0,    /* path escape, cwd outside the policy: never started */
    CSC_EXEC_EXITED,         /* by itself: exit_code is the command's own, or 128+N */
    CSC_EXEC_TIMED_OUT,      /* 124 */
    CSC_EXEC_NOT_EXECUTABLE, /* 126: cwd missing, not executable, argv refused by the kernel */
    CSC_EXEC_NOT_FOUND,      /* 127 */
    CSC_EXEC_CANCELLED,      /* csc was told to stop: 128 + signal (130, 143) */
    CSC_EXEC_ADVISED,        /* hardened mode does not start this program: never started */
    CSC_EXEC_NO_BOUNDARY,    /* the sandbox could not be established: never started */
    CSC_EXEC_EXPIRED,        /* not_after had come before it could start: never started */
};

/* Where a command of hardened mode runs. */
struct csc_boundary {
    const struct csc_policy *policy;
    struct csc_survey *survey;
    struct csc_plan *plan;
};

/* What the caller gives: where output goes, what may end the run. */
struct csc_exec_io {
    int out_fd[2];      /* where stdout and stderr are streamed to; -1: nowhere. Never blocks the supervision. */
    bool neutralise[2]; /* escape sequences are made harmless (a terminal is there): colours pass */
    int signal_fd;      /* signalfd(2) of SIGINT, SIGTERM, SIGHUP, SIGQUIT, or -1; a second signal skips the grace */
    int cancel_fd;      /* readable or hung up: as if SIGTERM came; or -1 */
    int64_t stdout_cap, stderr_cap, grace_ms; /* the constants above, but for tests */
    bool *open_line; /* of both streams, may be NULL: set when what was streamed ends within a line; else left alone or
                        cleared. csc_exec_run() only. */
    /* csc_exec_run_isolated() only: gets the output as it comes; may be NULL. */
    void (*output)(void *context, enum csc_stream stream, const void *bytes, size_t size);
    void *context;
    const struct csc_boundary *boundary; /* NULL: local mode */
    /* From then on the command is not started any more, however long its sandbox took: microseconds since 1970; 0 or
     * INT64_MAX: never. */
    int64_t not_after;
};

/* Who counted what a command used. */
enum csc_usage_source {
    CSC_USAGE_NONE = 0, /* nobody: it never started */
    CSC_USAGE_RUSAGE,   /* the kernel, of the processes that were waited for (getrusage(2)); memory: of the largest */
    CSC_USAGE_CGROUP,   /* the control group: all processes together */
};

extern const char *const csc_usage_source_names[]; /* "none", "rusage", "cgroup" */

struct csc_usage {
    enum csc_usage_source cpu_source, memory_source;
    int64_t user_us, system_us, memory_peak; /* microseconds, bytes */
};

/* What is known of a command beyond its result: for the evidence. Plain data. */
struct csc_exec_facts {
    int64_t started_at, ended_at; /* microseconds since 1970; the later one by a clock that nobody sets. 0: never */
    struct csc_usage usage;
    int64_t captured, printed;          /* bytes, of both streams together: hashed, and in all */
    struct csc_measurement measurement; /* of hardened mode; `taken` says whether there is one */
};

struct csc_exec_result {
    enum csc_exec_end end;
    int exit_code;    /* as the receipt has it */
    char reason[512]; /* csc's own words where it wasn't the command that failed, else "" */
    char hint[400];   /* what the boundary refused a command that failed, where there is evidence, else "" */
    char hash[2][CSC_SHA256_HEX]; /* of what was captured; of nothing when it never started */
    bool truncated[2];            /* more was printed than captured */
    bool lost_output;             /* an out_fd refused bytes (closed pipe, full disk) */
    bool started;                 /* something was executed */
    size_t survivors;             /* processes that could not be killed (another user's), normally 0 */
    struct csc_exec_facts facts;
    size_t tail_size; /* the last bytes of stderr, captured or not */
    char tail[CSC_TAIL_BYTES];
};

/*
 * Runs one command of an allowed contract, in the calling process: it must be single-threaded, a subreaper
 * (csc_exec_become_supervisor), and have no children of its own. SIGPIPE must be ignored.
 * Fails only when supervision itself cannot be set up; everything else is a result.
 */
int csc_exec_run(const struct csc_command *command, const struct csc_policy *policy, const struct csc_exec_io *io,
                 struct csc_exec_result *ret_result, struct csc_error *err);

/*
 * The same in a child of the calling process, which may have threads and children: nothing of the caller's
 * changes. Output comes through io->output, in the calling thread; of `io`, out_fd, neutralise and signal_fd
 * are not used.
 */
int csc_exec_run_isolated(const struct csc_command *command, const struct csc_policy *policy,
                          const struct csc_exec_io *io, struct csc_exec_result *ret_result, struct csc_error *err);

/*
 * Looks at the host and plans the boundary of one command; `request` lacks the environment, which is filled in from
 * environ(7). 0: *ret_boundary is there, or is NULL and `ret_result` says why the command must not run.
 */
int csc_boundary_make(const struct csc_sandbox_request *request, struct csc_boundary **ret_boundary,
                      struct csc_exec_result *ret_result, struct csc_error *err);
void csc_boundary_free(struct csc_boundary *boundary);
/* A refusal as the result of a command that was not started. */
void csc_exec_refuse(const struct csc_refusal *refusal, struct csc_exec_result *ret_result);

/* io->not_after has come. */
bool csc_exec_is_too_late(const struct csc_exec_io *io);
/* csc was told to stop, by what csc_exec_run() listens to: 130 or 143, else 0. Takes the signal. */
int csc_exec_told_to_stop(const struct csc_exec_io *io);

/* Makes the calling process fit for csc_exec_run(): subreaper, SIGPIPE ignored, SIGCHLD default. */
int csc_exec_become_supervisor(struct csc_error *err);
/* The calling process has children already (a shell exec'ed it): then csc_exec_run() must not be used in it. */
bool csc_exec_has_children(void);

/*
 * The names in env_allow that a command never gets: loader and interpreter variables (LD_*, PYTHON*,
 * BASH_ENV, NODE_OPTIONS, ...), which would turn an allowed program into another one.
 */
bool csc_env_is_refused(const char *name);

/* ---- what a run left behind ------------------------------------------------------------------------------- */

struct csc_artifact {
    const char *path;
    char sha256[CSC_SHA256_HEX];
};

struct csc_artifacts {
    struct csc_artifact *items; /* in the arena */
    size_t count;
    int stopped; /* 130 or 143: csc was told to stop, and did not hash the rest; else 0 */
};

/* Gets one line at a time, safe to print. `notice` may be NULL. */
struct csc_notifier {
    void (*notice)(void *context, const char *text);
    void *context;
    const struct csc_exec_io *io; /* what ends the collection early, when there is much to read; may be NULL */
    bool hurry;                   /* csc was told to stop already */
};

/*
 * The expected outputs that exist now as regular files inside a write scope of the contract, opened without
 * following symlinks and without blocking. The notifier gets one line for each output that exists but is none of
 * that.
 */
int csc_artifacts_collect(const struct csc_contract *contract, struct csc_arena *arena,
                          const struct csc_notifier *notifier, struct csc_artifacts *ret_artifacts,
                          struct csc_error *err);

/* A record of the regular files below all write scopes, to count what changed. */
struct csc_snapshot;

/* *ret_snapshot is NULL when the scopes hold more files than are counted, or can't be read: not measured. */
int csc_snapshot_take(const struct csc_contract *contract, struct csc_snapshot **ret_snapshot, struct csc_error *err);
/* Files created or changed since; -1: not measured. */
int64_t csc_snapshot_count_changes(const struct csc_snapshot *before, const struct csc_contract *contract);
void csc_snapshot_free(struct csc_snapshot *snapshot);

#endif
