/* SPDX-License-Identifier: Apache-2.0 */
/* Starting one process. Private to exec/. */
#ifndef CSC_EXEC_SPAWN_H
#define CSC_EXEC_SPAWN_H

#include <sys/types.h>

#include "sandbox/sandbox.h"

struct csc_spawn {
    char *const *argv;
    char *const *envp;
    const char *path;                /* searched when argv[0] has no slash */
    int cwd;                         /* a directory */
    int standard[3];                 /* what becomes descriptors 0-2; all of these, cwd too, are 3 or above */
    pid_t group;                     /* the process group to join; 0: lead a new one */
    const struct csc_launch *launch; /* or NULL: descriptors to inherit, groups to enter, whom to become */
};

enum csc_spawn_step {
    CSC_SPAWN_FORK, /* no process could be made, or prepared */
    CSC_SPAWN_CWD,
    CSC_SPAWN_EXEC, /* ENOENT: not found; else the kernel refused the program or its arguments */
};

struct csc_spawn_failure {
    enum csc_spawn_step step;
    int sys_errno;
};

/*
 * Starts a program with the signal dispositions and mask of a fresh process, no descriptor but 0-2, and death when
 * the calling thread dies. Returns once the program runs: its pid, or -1 with the reason and no child left.
 */
pid_t csc_spawn(const struct csc_spawn *spawn, struct csc_spawn_failure *ret_failure);

#endif
