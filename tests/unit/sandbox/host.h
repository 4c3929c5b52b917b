/* SPDX-License-Identifier: Apache-2.0 */
/* Whether this host can hold a sandbox, for tests that are skipped where it can't. */
#ifndef CSC_TESTS_SANDBOX_HOST_H
#define CSC_TESTS_SANDBOX_HOST_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "sandbox/sandbox.h"

enum { HOST_SKIP = 77 };

/*
 * A bare bwrap works, and for root there is a group that bounds its processes. csc itself is not asked: one that never
 * works would be skipped. Says why not.
 */
static inline bool host_can_sandbox(void)
{
    struct csc_cgroup_places places;

    csc_cgroup_find("/proc", &places);
    bool bounded = geteuid() != 0 || places.folder[CSC_CONTROLLER_PIDS] >= 0;
    csc_cgroup_places_close(&places);
    if (bounded && system("bwrap --unshare-all --ro-bind / / --proc /proc --dev /dev true >/dev/null 2>&1") == 0)
        return true;
    (void)fprintf(stderr, "SKIP: bwrap can't make a sandbox here, or nothing bounds the processes of root\n");
    return false;
}

#endif
