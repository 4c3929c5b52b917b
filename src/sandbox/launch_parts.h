/* SPDX-License-Identifier: Apache-2.0 */
/* A launch under construction. Private to sandbox/. Functions return 0 or a negative code. */
#ifndef CSC_SANDBOX_LAUNCH_PARTS_H
#define CSC_SANDBOX_LAUNCH_PARTS_H

#include "sandbox/sandbox.h"
#include "sandbox/stage.h"

struct csc_launching {
    struct csc_launch *launch;
    struct csc_error *err;
};

/* The child gets `fd`; `own`: it is closed here once the child runs, and when that fails. */
int csc_launching_inherit(struct csc_launching *m, int fd, bool own);
/* A file in memory, to be read from its beginning. */
int csc_launching_inherit_bytes(struct csc_launching *m, const void *bytes, size_t size, int *ret_fd);

/* bwrap.c: launch->argv, which executes csc-init with `arguments` in the sandbox of a plan. */
int csc_bwrap_make_argv(struct csc_launching *m, const struct csc_plan *plan, const char *bwrap,
                        const int arguments[CSC_INIT_ARGUMENTS]);

#endif
