/* SPDX-License-Identifier: Apache-2.0 */
/* What csc and the first process inside a sandbox share. Included by sandbox.h. */
#ifndef CSC_SANDBOX_INSIDE_H
#define CSC_SANDBOX_INSIDE_H

#include <stddef.h>
#include <stdint.h>

/* Where everything of the sandbox's own lies inside; no host path can be shown there. */
#define CSC_SANDBOX_FOLDER "/.csc"
#define CSC_SANDBOX_HOME "/.csc/home"
#define CSC_SANDBOX_INIT "/.csc/init"
#define CSC_SANDBOX_HOSTNAME "csc"
#define CSC_SANDBOX_PATH "/usr/local/bin:/usr/bin:/bin"

/* ---- reports: by a pipe, each smaller than PIPE_BUF ------------------------------------------------------------- */

enum csc_report_kind {
    CSC_REPORT_REFUSED = 1, /* the boundary was not established; nothing of the command ran */
    CSC_REPORT_STARTED,     /* segment `index` runs */
    CSC_REPORT_NOT_STARTED, /* segment `index`: the kernel refused the program, errno `value` */
    CSC_REPORT_ENDED,       /* segment `index`: wait status `value` */
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

/* "WHAT: ENAME (its meaning); fix: ...". Pure. `error` 0: WHAT alone. */
void csc_step_explain(enum csc_step step, int error, const char *what, char *ret_text, size_t size);

#endif
