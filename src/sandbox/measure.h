/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of a sandbox as the kernel tells it, right before the command: csc-init looks at itself after it has given
 * up everything, and waits; csc looks at it from outside, compares both with the plan, and lets it go on or not. Plain
 * data, shared through sandbox.h; what was not measured is not claimed.
 */
#ifndef CSC_SANDBOX_MEASURE_H
#define CSC_SANDBOX_MEASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "sandbox/cgroup.h"
#include "sandbox/config.h"
#include "sandbox/inside.h"

struct csc_plan;
struct csc_survey;
struct csc_launch;

/* What csc saw of csc-init. Where a flag is false, the values beside it mean nothing. */
struct csc_measured_outside {
    bool has_status;
    struct csc_process_status status;
    bool has_maps;
    struct csc_id_range uid_map, gid_map; /* of one line each, as csc sees it */
    bool has_namespace[CSC_NAMESPACE_COUNT];
    uint64_t namespace[CSC_NAMESPACE_COUNT]; /* inodes */
    bool has_mounts;
    char mounts_sha256[65]; /* of the mount table, normalised: docs/EVIDENCE.md */
    uint32_t mount_count;
    char mount_fault[200]; /* the first mount that is not as planned, or what hid the table; "": all are, or not seen */
    /* Of the control groups that hold a limit, by enum csc_controller. */
    bool has_limit[CSC_CONTROLLER_COUNT];
    int64_t limit[CSC_CONTROLLER_COUNT]; /* as read back; -1: none */
    bool has_membership;
    bool is_member; /* of all of them */
};

struct csc_measurement {
    bool taken;    /* csc-init had something to say; else nothing below means anything */
    bool compared; /* with the plan; not where the end came first */
    bool passed;   /* compared, and not contradicted */
    struct csc_measured_inside inside;
    struct csc_measured_outside outside;
    uint64_t own_namespace[CSC_NAMESPACE_COUNT]; /* csc's; 0: not to be read */
    int32_t own_filters; /* seccomp filters that csc runs under, which a sandbox inherits; -1: not known */
    /* Of what made the boundary. */
    enum csc_backend backend;
    char executor_version[40]; /* "" : not measured */
    char executor_sha256[65];  /* of bwrap; of the native one, which is csc itself, "" */
    char init_sha256[65];      /* of csc-init, "": not measured */
};

/*
 * NULL, or the name of the first value that contradicts the plan ("Seccomp"), with what was measured and what was
 * planned in `ret_text`. Pure.
 */
const char *csc_measurement_check(const struct csc_plan *plan, const struct csc_measurement *measurement,
                                  char *ret_text, size_t size);
/* The i-th thing that was not measured, as it is called in the evidence ("outside.namespaces"), or NULL after the last.
 */
const char *csc_measurement_lacks(const struct csc_plan *plan, const struct csc_measurement *measurement, size_t i);

/* What is the same whoever is measured: csc's own namespaces, the executor. While the sandbox is being made. */
void csc_measure_executor(const struct csc_plan *plan, const struct csc_survey *survey,
                          struct csc_measurement *measurement);
/* Looks at csc-init from outside. `pid` is the launch's first process: csc-init itself, or bwrap that has it. */
void csc_measure_outside(const struct csc_plan *plan, const struct csc_launch *launch, pid_t pid,
                         struct csc_measured_outside *ret_outside);

#endif
