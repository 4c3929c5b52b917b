/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stage 4: the boundary of hardened mode. The public header of sandbox/.
 *
 *   csc_survey_take()  looks at the host once: opens cwd, scopes and system paths, finds what this machine can hold
 *   csc_plan_make()    a pure function of command, policy, configuration and survey: the whole boundary as data, or
 *                      why not
 *   csc_launch_make()  makes what the executor needs: an argv for bwrap, or mounts; descriptors; a stage for csc-init
 *
 * Threat model: the command, its arguments and everything in the workspace are an attacker's. Whatever cannot be
 * established is a refusal.
 */
#ifndef CSC_SANDBOX_H
#define CSC_SANDBOX_H

#include <sys/types.h>

#include "base/base.h"
#include "contract/contract.h"
#include "format/format.h"
#include "policy/policy.h"
#include "sandbox/cgroup.h"
#include "sandbox/config.h"
#include "sandbox/doctor.h"
#include "sandbox/inside.h"
#include "sandbox/landlock.h"
#include "sandbox/measure.h"
#include "sandbox/seccomp.h"

/* ---- refusals ----------------------------------------------------------------------------------------------- */

/* Why a command does not run. What the receipt says differs: protocol section 5. */
enum csc_refusal_kind {
    CSC_REFUSAL_NONE = 0,
    CSC_REFUSAL_ESCAPE,   /* a path that leads elsewhere, or that hardened mode never shows: blocked, 126 */
    CSC_REFUSAL_MISSING,  /* cwd, or a path that was declared, is not there: failed, 126 */
    CSC_REFUSAL_PROGRAM,  /* a shell, interpreter or wrapper, against the operator's advice: blocked */
    CSC_REFUSAL_BOUNDARY, /* this machine, or its configuration, cannot hold the boundary: blocked, csc exits 78 */
};

struct csc_refusal {
    enum csc_refusal_kind kind;
    char text[512]; /* what; what would fix it. Escaped. */
};

/* Fills in the refusal, if it holds none yet, and returns CSC_REFUSED. What is formatted into it is escaped. */
enum { CSC_REFUSED = 1 };
__attribute__((format(printf, 3, 4))) int csc_refuse(struct csc_refusal *refusal, enum csc_refusal_kind kind,
                                                     const char *format, ...);

/* ---- the survey --------------------------------------------------------------------------------------------- */

enum csc_source_type { CSC_SOURCE_FOLDER, CSC_SOURCE_FILE, CSC_SOURCE_SYMLINK };

/* Something of the host that will be shown inside, resolved once, following no symlink. */
struct csc_source {
    const char *path; /* POSIX, absolute, without "//", "." and ".." */
    enum csc_source_type type;
    const char *link; /* of a symlink: its text; else NULL */
    int fd;           /* O_PATH; readable when it is copied; -1 for a symlink */
    int tree;         /* a detached clone of its mount, -1: none. Where csc is root, for the native executor */
    bool is_mapped;   /* in the tree, what is the owner's (struct csc_id_mapping) belongs to the command */
    bool is_copied;   /* shown as a copy of what it holds when the sandbox is made */
    uint64_t device, inode;
};

struct csc_sources {
    struct csc_source *items;
    size_t count;
};

/* A file that no scope may hold. */
struct csc_protected {
    const char *path; /* as given; resolved by the survey */
    const char *what; /* "the signing key", for messages */
    bool write_only;  /* read scopes may hold it */
    bool whole; /* a folder, absolute and without symlinks: no scope that write_only is about may lie in it either */
};

struct csc_place {
    uint64_t device, inode;
};

/* A protected file as the host has it: itself, and the folders it lies in, up to the root. */
struct csc_guard {
    const char *what;
    bool write_only;
    const char *whole; /* the folder that no scope may lie in, or NULL */
    struct csc_place *chain;
    size_t count;
};

/* Whether in idmapped mounts what is the owner's, who owns cwd, belongs to the user that the command runs as. */
struct csc_id_mapping {
    bool done;
    uid_t uid; /* that user's, outside */
    gid_t gid;
    const char *why_not; /* where it was tried: the step that failed, and why. NULL: it was not */
};

struct csc_survey {
    struct csc_arena arena; /* owns the strings and arrays below */
    uid_t uid;              /* of csc, effective */
    gid_t gid;
    uid_t owner_uid; /* of cwd */
    gid_t owner_gid;
    enum csc_backend backend;      /* the configured one, or what this host suggests */
    struct csc_id_mapping mapping; /* of the trees of cwd and the scopes */
    struct csc_source cwd;
    struct csc_sources reads, writes; /* declared scopes, globs expanded */
    struct csc_sources system;        /* /usr, the links beside it, files of /etc, what the configuration adds */
    const char **masks;               /* files in /proc that the sandbox covers */
    size_t mask_count;
    struct csc_guard *guards; /* what no scope may hold */
    size_t guard_count;
    struct csc_source init; /* csc-init */
    const char *bwrap;      /* path of bwrap; NULL: not found */
    int landlock_abi;
    struct csc_cgroup_places cgroups;
};

/* The protected file, or a folder that it lies in. */
bool csc_guard_has(const struct csc_guard *guard, uint64_t device, uint64_t inode);

/* What a survey and a plan are made for. */
struct csc_sandbox_request {
    const struct csc_command *command;
    const struct csc_policy *policy;
    const struct csc_config *config;
    const struct csc_protected *protected;
    size_t protected_count;
    char *const *environment; /* NAME=value of env_allow, NULL-terminated; what the sandbox sets itself not included */
};

/* 0, CSC_REFUSED, or a negative code. */
int csc_survey_take(const struct csc_sandbox_request *request, struct csc_survey **ret_survey,
                    struct csc_refusal *refusal, struct csc_error *err);
void csc_survey_free(struct csc_survey *survey);

/* ---- the plan ----------------------------------------------------------------------------------------------- */

enum csc_mount_kind {
    CSC_MOUNT_BIND,     /* `source`, read-only unless writable; nosuid, nodev, submounts included */
    CSC_MOUNT_COPY,     /* a read-only copy of the file `source` */
    CSC_MOUNT_SYMLINK,  /* with the text `content` */
    CSC_MOUNT_FILE,     /* a read-only file with the text `content` */
    CSC_MOUNT_FOLDER,   /* an empty folder */
    CSC_MOUNT_TMPFS,    /* of `size` bytes with `mode` */
    CSC_MOUNT_PROC,     /* fresh, read-only */
    CSC_MOUNT_MASK,     /* covers a file of /proc: opening it is EACCES */
    CSC_MOUNT_DEV,      /* null, zero, full, random, urandom, tty, pts; the folder itself read-only */
    CSC_MOUNT_READONLY, /* what is mounted here becomes read-only, what lies on it does not */
};

extern const char *const csc_mount_kind_names[];

struct csc_mount {
    enum csc_mount_kind kind;
    const char *target;
    const struct csc_source *source; /* of a bind */
    const char *content;             /* of a symlink or file */
    bool writable;
    unsigned mode;
    int64_t size;
};

struct csc_limit {
    const char *name; /* as in the configuration: "cpu_sec" */
    int64_t value;
    enum csc_holder holder;
    int resource; /* RLIMIT_*; -1: not by setrlimit(2) */
};

struct csc_plan {
    struct csc_arena arena; /* owns everything below but the sources, which are the survey's */
    const char *command_id;
    enum csc_backend backend;
    bool host_network;
    uid_t outer_uid, inner_uid; /* outside of the user namespace, and inside */
    gid_t outer_gid, inner_gid;
    bool switch_identity;     /* csc is root and becomes outer_uid first */
    bool idmapped;            /* what belongs to the owner of cwd belongs to outer_uid in the mounts of the scopes */
    const char *not_idmapped; /* why, where csc is root and tried; else NULL */
    bool guard_devices;       /* the user outside is root, who owns the device files: they are on read-only mounts */
    struct csc_mount *mounts; /* in order */
    size_t mount_count;
    struct csc_limit *limits;
    size_t limit_count;
    enum csc_sockets sockets;
    int landlock_abi;
    bool landlock_network;
    struct csc_landlock_rule *rules;
    size_t rule_count;
    char **environment; /* NULL-terminated */
    const char *cwd;
    const struct csc_command *command; /* argv: the request's */
};

/* What can be refused before anything is looked at: programs by the operator's advice, what this version cannot hold. 0
 * or CSC_REFUSED. */
int csc_sandbox_vet(const struct csc_command *command, const struct csc_config *config, struct csc_refusal *refusal);
/* Touches nothing. 0, CSC_REFUSED, or a negative code. Vets first. */
int csc_plan_make(const struct csc_sandbox_request *request, const struct csc_survey *survey,
                  struct csc_plan **ret_plan, struct csc_refusal *refusal, struct csc_error *err);
void csc_plan_free(struct csc_plan *plan);
/* The plan as a value: no descriptor numbers, of the environment the names only. */
int csc_plan_value(const struct csc_plan *plan, struct csc_arena *arena, struct csc_value *ret_value,
                   struct csc_error *err);
/* NULL, or the limit of that name. */
const struct csc_limit *csc_plan_limit(const struct csc_plan *plan, const char *name);

/* ---- denials that teach -------------------------------------------------------------------------------------- */

/* How a command that failed inside the sandbox ended. */
struct csc_failure {
    int exit_code;
    int signal_number; /* that ended it; 0: none */
    const char *tail;  /* the last bytes it wrote to stderr; hostile */
    size_t tail_size;
    struct csc_cgroup_events events;
    bool tmp_full, home_full, shm_full; /* at its end */
    /* What a contract could have declared: of other paths it is not said whether the host has them. NULL: of none. */
    const struct csc_policy *policy;
};

/*
 * Writes one line (escaped) that names the likely cause and what would declare it, when there is evidence that the
 * boundary refused something: a limit that was hit; a path in stderr that is there on the host but not, or not
 * writable, inside; no network. Returns false, and writes nothing, when there is none.
 */
bool csc_denial_explain(const struct csc_plan *plan, const struct csc_failure *failure, char *ret_text, size_t size);

/* ---- steps --------------------------------------------------------------------------------------------------- */

/* csc_step_explain() as an error, "sandbox: ...". Returns the negative code. */
int csc_step_fail(struct csc_error *err, enum csc_code code, enum csc_step step, int error, const char *what);

/* ---- launching ----------------------------------------------------------------------------------------------- */

/* What the parent executes, and hands over. */
struct csc_launch {
    char **argv;    /* argv[0] is the path to execute; no environment */
    const int *fds; /* to be inherited, at their numbers */
    size_t fd_count;
    const int *cgroup_entries; /* "0" is written to each by the child */
    size_t cgroup_entry_count;
    bool switch_identity;
    bool guard_devices;
    uid_t uid;
    gid_t gid;
    int control; /* the parent's end of the life line: a byte ends the command in order, closing it at once */
    int report;  /* the parent's end, non-blocking: struct csc_report after struct csc_report */
    struct csc_cgroup *cgroup; /* or NULL */
    struct csc_native *native; /* of the native executor; else NULL */
    struct csc_arena arena;    /* owns what is above */
    struct csc_buf inherited;  /* fds */
    struct csc_buf own;        /* those of them that are closed once the child runs */
};

/*
 * Makes the groups and pipes, and writes the stage. output[0] and [1] become the command's stdout and stderr. The
 * survey must live until the child runs.
 */
int csc_launch_make(const struct csc_plan *plan, const struct csc_survey *survey, const int output[2],
                    struct csc_launch **ret_launch, struct csc_error *err);
/* The native executor: starts the process that becomes PID 1 of the sandbox. Its pid, or a negative code. A csc that is
 * root gives its supplementary groups up for it, for good. */
pid_t csc_launch_native(const struct csc_launch *launch, const struct csc_plan *plan, struct csc_error *err);
/* The child runs, or never will: closes what only it needs. */
void csc_launch_started(struct csc_launch *launch);
/* Kills what is left in the groups, and removes them. */
void csc_launch_free(struct csc_launch *launch);

#endif
