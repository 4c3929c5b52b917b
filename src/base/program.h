/* SPDX-License-Identifier: Apache-2.0 */
/* Becoming another program. Everything here makes system calls and nothing else: it may run in a child of vfork(2). */
#ifndef CSC_BASE_PROGRAM_H
#define CSC_BASE_PROGRAM_H

/*
 * execve(2) of argv[0], which is searched for in `path` (entries separated by ':', relative ones passed over) when it
 * has no slash. Returns only on failure, the errno: ENOENT when there is no such program, or no interpreter that it
 * names. No shell is tried on ENOEXEC, as execvp(3) would: that runs a file as something it does not say it is.
 */
int csc_program_exec(char *const *argv, char *const *envp, const char *path);

/* Signal dispositions and mask of a fresh process. 0, or -1 with errno. */
int csc_program_reset_signals(void);

#endif
