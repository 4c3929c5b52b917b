/* SPDX-License-Identifier: Apache-2.0 */
/* Where a command runs, checked on the file system. Private to exec/. */
#ifndef CSC_EXEC_CWD_H
#define CSC_EXEC_CWD_H

#include "exec/exec.h"

/* csc's own words on why a command did not run. What is formatted into them is escaped. */
__attribute__((format(printf, 4, 5))) void csc_result_refuse(struct csc_exec_result *result, enum csc_exec_end end,
                                                             int exit_code, const char *format, ...);

/* The kernel refused a program, or its arguments: 126, or 127 when it is not there. */
void csc_result_refuse_program(struct csc_exec_result *result, const char *program, int error);

/*
 * Resolves the command's cwd once, following symlinks, and checks where it leads against the policy.
 * *ret_fd is an O_PATH descriptor of 3 or above, the caller's; or -1, and `result` says why the command must not
 * run. Negative when this host can't tell.
 */
int csc_cwd_open(const struct csc_command *command, const struct csc_policy *policy, struct csc_exec_result *result,
                 int *ret_fd, struct csc_error *err);

/* No declared scope has a ".." before its first glob character; else `result` says so and it is false. */
bool csc_scopes_are_plain(const struct csc_command *command, struct csc_exec_result *result);

#endif
