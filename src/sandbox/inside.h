/* SPDX-License-Identifier: Apache-2.0 */
/* What csc and the first process inside a sandbox share. Included by sandbox.h. */
#ifndef CSC_SANDBOX_INSIDE_H
#define CSC_SANDBOX_INSIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where everything of the sandbox's own lies inside; no host path can be shown there. */
#define CSC_SANDBOX_FOLDER "/.csc"
#define CSC_SANDBOX_HOME "/.csc/home"
#define CSC_SANDBOX_PROBE "/.csc/probe" /* a file that everybody may read, but for Landlock: no rule grants it */
#define CSC_SANDBOX_INIT "/.csc/init"
#define CSC_SANDBOX_HOSTNAME "csc"
#define CSC_SANDBOX_PATH "/usr/local/bin:/usr/bin:/bin"

/* ---- reports: by a pipe, each smaller than PIPE_BUF ------------------------------------------------------------- */

enum csc_report_kind {
    CSC_REPORT_REFUSED = 1, /* the boundary was not established; nothing of the command ran */
    CSC_REPORT_STARTED,     /* segment `index` runs */
    CSC_REPORT_NOT_STARTED, /* segment `index`: the kernel refused the program, errno `value` */
    CSC_REPORT_ENDED,       /* segment `index`: wait status `value` */
    CSC_REPORT_MEASURED,    /* struct csc_measured_inside follows; nothing of the command runs before csc says so */
    CSC_REPORT_FULL,        /* at the end, file system `index` (0 /tmp, 1 $HOME, 2 /dev/shm) has no space left */
};

/* What of the sandbox was being made: `index` of a refusal. */
enum csc_step {
    CSC_STEP_OTHER,
    CSC_STEP_NAMESPACES, /* clone3(2), unshare(2) */
    CSC_STEP_IDENTITY,   /* maps of ids, becoming the user */
    CSC_STEP_NETWORK,
    CSC_STEP_SOURCE, /* opening what is to be mounted */
    CSC_STEP_MOUNT,
    CSC_STEP_PROC, /* a fresh /proc */
    CSC_STEP_CGROUP,
    CSC_STEP_INIT, /* executing csc-init */
};

struct csc_report {
    int32_t kind, index, value; /* of a refusal, value: errno, or 0 */
    char text[244];             /* of a refusal: what was being done; without an errno: what was wrong, and its fix */
};

enum { CSC_REPORT_SENTENCE = 600 };

/* What csc says by the other pipe. Its end is the death of csc. */
#define CSC_CONTROL_GO "G"  /* the measurement is as planned: start the command */
#define CSC_CONTROL_END "T" /* end all processes in order */

/* ---- measurements: what csc-init sees of itself when nothing is left to give up ---------------------------------- */

enum csc_namespace {
    CSC_NAMESPACE_USER,
    CSC_NAMESPACE_MOUNT,
    CSC_NAMESPACE_PID,
    CSC_NAMESPACE_IPC,
    CSC_NAMESPACE_UTS,
    CSC_NAMESPACE_CGROUP,
    CSC_NAMESPACE_NETWORK,
    CSC_NAMESPACE_COUNT,
};

enum csc_capability_set {
    CSC_CAPABILITIES_INHERITABLE,
    CSC_CAPABILITIES_PERMITTED,
    CSC_CAPABILITIES_EFFECTIVE,
    CSC_CAPABILITIES_BOUNDING,
    CSC_CAPABILITIES_AMBIENT,
    CSC_CAPABILITIES_COUNT,
};

/* Of proc_pid_status(5). Ids: real, effective, saved, of the file system. */
struct csc_process_status {
    uint64_t capabilities[CSC_CAPABILITIES_COUNT];
    uint32_t uid[4], gid[4];
    int32_t no_new_privs;
    int32_t seccomp;         /* mode; 2: filters */
    int32_t seccomp_filters; /* how many; -1: the kernel does not say (before 5.9) */
};

struct csc_id_range {
    uint32_t inside, outside, count;
};

enum { CSC_INIT_LIMITS_MAX = 16 };

struct csc_measured_limit {
    int32_t resource; /* RLIMIT_* */
    uint64_t soft, hard;
};

/* Follows a report in the same write(2): both together are smaller than PIPE_BUF. */
struct csc_measured_inside {
    struct csc_process_status status;
    uint64_t namespace[CSC_NAMESPACE_COUNT]; /* inodes; 0: not to be read */
    int32_t landlock_abi;                    /* that csc-init was told to apply: its word, measured is what follows */
    int32_t landlock_refuses;                /* what no rule grants could not be opened any more; -1: nor before */
    int32_t own_session;                     /* it leads one: no terminal of csc's is its */
    int32_t own_hostname;                    /* CSC_SANDBOX_HOSTNAME */
    uint32_t limit_count;                    /* of the stage, read back */
    struct csc_measured_limit limits[CSC_INIT_LIMITS_MAX];
};

/* "WHAT: ENAME (its meaning); fix: ...". Pure. `error` 0: WHAT alone. */
void csc_step_explain(enum csc_step step, int error, const char *what, char *ret_text, size_t size);

extern const char *const csc_namespace_names[]; /* "user", "mnt", ...: as in /proc/PID/ns */
/* The inode of a namespace of the process whose folder in /proc this is; 0: not to be read. */
uint64_t csc_namespace_inode(int folder, enum csc_namespace namespace);
/* Reads /proc/PID/status without its long lines; false when there is nothing to read. */
bool csc_status_read(int fd, char *text, size_t size);
/* Of a text such as /proc/PID/status; false, and nothing changed, when it lacks something. */
bool csc_status_parse(const char *text, struct csc_process_status *ret_status);

#endif
