/* SPDX-License-Identifier: Apache-2.0 */
/* A command inside its sandbox, seen from outside. Private to exec/. */
#ifndef CSC_EXEC_SANDBOXED_H
#define CSC_EXEC_SANDBOXED_H

#include "exec/exec.h"

struct csc_sandboxed;

/*
 * Starts the sandbox of io->boundary, whose command writes to output[0] and [1]. `null` is /dev/null, for what makes
 * the sandbox. What goes wrong from here on, inside, is known at the end.
 */
int csc_sandboxed_start(const struct csc_exec_io *io, const int output[2], int null,
                        struct csc_sandboxed **ret_sandboxed, struct csc_error *err);
/* The one child of csc's: when it is dead, so is everything in the sandbox. */
pid_t csc_sandboxed_pid(const struct csc_sandboxed *sandboxed);
/*
 * What csc-init has to say before the command starts is there when this is readable; -1: nothing is waited for. Then
 * csc_sandboxed_serve() compares the sandbox with its plan, and the clock with io->not_after, and lets the command
 * start or not.
 */
int csc_sandboxed_report_fd(const struct csc_sandboxed *sandboxed);
void csc_sandboxed_serve(struct csc_sandboxed *sandboxed);
/* Asks all processes inside to end (SIGTERM). */
void csc_sandboxed_end(struct csc_sandboxed *sandboxed);
/*
 * Everything inside is dead. Fills in how the command ended, unless it was ended from outside, and what the boundary
 * refused it. `result` has the tail of stderr already.
 */
void csc_sandboxed_conclude(struct csc_sandboxed *sandboxed, struct csc_exec_result *result);
/* What the groups counted, in place of what is known otherwise. */
void csc_sandboxed_usage(const struct csc_sandboxed *sandboxed, struct csc_usage *usage);
/* Takes NULL. */
void csc_sandboxed_free(struct csc_sandboxed *sandboxed);

#endif
