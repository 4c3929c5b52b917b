/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Giving up powers, in the process that will become the command or its parent. The order is that of the functions. Each
 * returns 0, or -1 with errno, and checks that it holds. Private to sandbox/ and its init.
 */
#ifndef CSC_SANDBOX_LOCKDOWN_H
#define CSC_SANDBOX_LOCKDOWN_H

#include <stdint.h>

/* A session without terminal, and a session keyring of its own: what was inherited of both can't be reached. */
int csc_lockdown_session(void);
int csc_lockdown_limit(int resource, uint64_t soft, uint64_t hard);
/* All five sets of capabilities are empty. */
int csc_lockdown_capabilities(void);
int csc_lockdown_no_new_privs(void);

#endif
