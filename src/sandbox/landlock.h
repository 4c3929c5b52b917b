/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Landlock (landlock(7)): a second fence behind the mounts, by the best level that the kernel has. Private to sandbox/
 * and its init.
 */
#ifndef CSC_SANDBOX_LANDLOCK_H
#define CSC_SANDBOX_LANDLOCK_H

#include <stdbool.h>
#include <stddef.h>

/* What a rule grants on a path and below it. */
enum csc_grant {
    CSC_GRANT_LIST,   /* list folders */
    CSC_GRANT_READ,   /* read, list, execute */
    CSC_GRANT_WRITE,  /* all of that; create, change, rename and remove files, folders, links, FIFOs and sockets; never
                         devices */
    CSC_GRANT_DEVICE, /* read and write what is there, device ioctls; create nothing */
};

extern const char *const csc_grant_names[]; /* "list", "read", "write", "device" */

enum { CSC_LANDLOCK_ABI_MAX = 6 }; /* the highest level that the tables know; a newer kernel is used as this */

/* The level of this kernel, at most CSC_LANDLOCK_ABI_MAX; 0: it has none, or it is switched off. */
int csc_landlock_abi(void);

struct csc_landlock_rule {
    const char *path; /* looked up when the ruleset is made; what is not there grants nothing */
    enum csc_grant grant;
};

struct csc_landlock {
    int abi;      /* 0: csc_landlock_restrict() does nothing */
    bool network; /* TCP stays as it is; false: none can be bound or connected (level 4) */
    const struct csc_landlock_rule *rules;
    size_t rule_count;
};

/*
 * Restricts the calling thread and what it will start: no path but by the rules; from level 6 no abstract UNIX socket
 * and no signal to processes outside. It must have no_new_privs. 0, or -1 with errno, and *ret_step (static) says what
 * failed.
 */
int csc_landlock_restrict(const struct csc_landlock *landlock, const char **ret_step);

#endif
