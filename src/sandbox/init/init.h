/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of csc-init, PID 1 of a sandbox. */
#ifndef CSC_SANDBOX_INIT_H
#define CSC_SANDBOX_INIT_H

#include "sandbox/inside.h"
#include "sandbox/landlock.h"
#include "sandbox/lockdown.h"
#include "sandbox/seccomp.h"
#include "sandbox/stage.h"

enum { CSC_INIT_SEGMENTS_MAX = 10 };

struct csc_init_limit {
    int resource;
    uint64_t soft, hard;
};

/* A stage, read. Everything points into its text. */
struct csc_init_stage {
    enum csc_sockets sockets;
    struct csc_landlock landlock;
    struct csc_buf rules; /* landlock.rules */
    struct csc_init_limit limits[CSC_INIT_LIMITS_MAX];
    size_t limit_count;
    const char *cwd;
    struct csc_buf environment;             /* char * after char *, NULL at the end */
    char **segments[CSC_INIT_SEGMENTS_MAX]; /* NULL-terminated argvs */
    size_t segment_count;
};

/* Sends a report; that nobody reads it any more means that csc is dead. */
void csc_init_report(int fd, enum csc_report_kind kind, int index, int value);
/* Says why the boundary was not established, and ends: nothing of the command has run. */
__attribute__((noreturn, format(printf, 3, 4))) void csc_init_refuse(int fd, int error, const char *format, ...);

/* stage.c: reads the stage, and looks that what is mounted is what was planned. Refuses what is wrong with either. */
void csc_init_read_stage(int stage_fd, int report, struct csc_init_stage *ret_stage);

/* measure.c: what can only be known by looking before, too. */
struct csc_init_probe {
    bool readable; /* the file that Landlock is going to refuse */
};

void csc_init_probe(struct csc_init_probe *ret_probe);
/* False where /proc/self/status says less than it should. */
bool csc_init_measure(const struct csc_init_stage *stage, const struct csc_init_probe *probe,
                      struct csc_measured_inside *ret_inside);

#endif
