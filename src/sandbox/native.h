/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The native executor: the plan by system calls. Private to sandbox/.
 *
 *   native.c         what csc does: clone3(2), maps of ids, control groups
 *   native_init.c    what the child does until it is csc-init
 *   native_view.c    the view, out of mounts
 *   native_network.c the network namespace, meanwhile
 *   tree.c           mounts that are attached to nothing yet
 *   idmap.c          who owns what lies in them
 */
#ifndef CSC_SANDBOX_NATIVE_H
#define CSC_SANDBOX_NATIVE_H

#include <limits.h>
#include <pthread.h>

#include "sandbox/sandbox.h"
#include "sandbox/stage.h"
#include "sandbox/tree.h"

/* What the process of a sandbox is given. Of the launch. */
struct csc_native {
    int arguments[CSC_INIT_ARGUMENTS]; /* the descriptors of csc-init, by CSC_INIT_* */
    int control, report;               /* csc's ends, which the child closes */
    int init;                          /* csc-init, O_PATH */
    bool maps_from_outside;            /* csc is root: it writes the maps of ids */
    int go, go_ahead;                  /* a pipe: what the child waits for, and where csc says it */
    const struct csc_cgroup *cgroup;   /* or NULL */
};

/* ---- native.c ------------------------------------------------------------------------------------------------ */

/*
 * Starts the process that becomes PID 1 of the sandbox. A csc that is root gives its supplementary groups up. The
 * child reports by arguments[CSC_INIT_REPORT] what goes wrong in it.
 * Returns its pid, or a negative code and no child is left.
 */
pid_t csc_native_start(const struct csc_plan *plan, const struct csc_native *native, struct csc_error *err);

/* ---- native_init.c, native_view.c: in the child ---------------------------------------------------------------- */

/* What a thread makes while mounts are made. */
struct csc_native_network {
    pthread_t thread;
    int socket;       /* in the new namespace */
    int error;        /* 0: it is there */
    const char *step; /* what failed */
};

/* The child, at work. */
struct csc_builder {
    const struct csc_plan *plan;
    const struct csc_native *native;
    int root;   /* of the view, not yet where it will be */
    int mask;   /* what covers a file of /proc, once there is one */
    int folder; /* of the last place, -1: none; its path below the root, "." for that itself */
    char folder_path[PATH_MAX];
    struct csc_native_network network;
};

/* Reports that the boundary is not to be had, and ends the child. `format` says what was being done. */
__attribute__((noreturn, format(printf, 4, 5))) void csc_builder_refuse(const struct csc_builder *b, enum csc_step step,
                                                                        int error, const char *format, ...);
__attribute__((noreturn)) void csc_native_be_sandbox(const struct csc_plan *plan, const struct csc_native *native);
/* Has the network namespace made, and enters it once it is there. */
void csc_native_begin_network(struct csc_builder *b);
void csc_native_enter_network(struct csc_builder *b);
/* Makes the view, and makes it the root. */
void csc_native_build_view(struct csc_builder *b);
void csc_native_enter_view(const struct csc_builder *b);

#endif
