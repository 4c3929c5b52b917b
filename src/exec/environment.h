/* SPDX-License-Identifier: Apache-2.0 */
/* A command's environment. Private to exec/. */
#ifndef CSC_EXEC_ENVIRONMENT_H
#define CSC_EXEC_ENVIRONMENT_H

#include "base/base.h"
#include "contract/contract.h"

/*
 * PATH, and what of env_allow is set in the calling process and not refused, as execve(2) takes it. The array is
 * the caller's to free; its strings stay those of environ(7).
 */
int csc_env_build(const struct csc_command *command, char ***ret_envp, struct csc_error *err);
/* The value of PATH in it. */
const char *csc_env_path(char *const *envp);

#endif
