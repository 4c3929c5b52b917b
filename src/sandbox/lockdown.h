/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Giving up powers, in the process that will become the command or its parent. The order is that of the functions. Each
 * returns 0, or -1 with errno, and checks that it holds. Private to sandbox/ and its init.
 */
#ifndef CSC_SANDBOX_LOCKDOWN_H
#define CSC_SANDBOX_LOCKDOWN_H

#include <stdint.h>

/*
 * Of a root that is about to make the process, no supplementary groups: what belongs to them would be open to a command
 * that can't give them up, since in its user namespace setgroups(2) is denied. Where it is denied to this root already,
 * they are the groups of the user who has made its namespace, and stay.
 */
int csc_lockdown_groups(void);
/* A session without terminal, and a session keyring of its own: what was inherited of both can't be reached. */
int csc_lockdown_session(void);
int csc_lockdown_limit(int resource, uint64_t soft, uint64_t hard);
/* Of the bounding set, which takes CAP_SETPCAP. */
int csc_lockdown_drop_bounding(void);
/* All five sets of capabilities are empty. */
int csc_lockdown_capabilities(void);
int csc_lockdown_no_new_privs(void);

#endif
