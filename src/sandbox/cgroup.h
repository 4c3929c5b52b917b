/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Control groups: limits that hold for all processes of a command together. Version 2 where the needed controllers are
 * delegated to us, else version 1; each limit by itself. Private to sandbox/; the header is shared through sandbox.h.
 */
#ifndef CSC_SANDBOX_CGROUP_H
#define CSC_SANDBOX_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/base.h"

/* What holds a limit. */
enum csc_holder {
    CSC_HOLDER_NONE = 0, /* nothing on this machine does */
    CSC_HOLDER_RLIMIT,   /* setrlimit(2): each process by itself, or the user */
    CSC_HOLDER_CGROUP1,
    CSC_HOLDER_CGROUP2,
};

extern const char *const csc_holder_names[]; /* "none", "rlimit", "cgroup v1", "cgroup v2" */

enum csc_controller { CSC_CONTROLLER_MEMORY, CSC_CONTROLLER_PIDS, CSC_CONTROLLER_CPU, CSC_CONTROLLER_COUNT };

/* Where groups can be made, looked up once a run: an open folder for each controller (-1: none; two may be the same).
 */
struct csc_cgroup_places {
    int folder[CSC_CONTROLLER_COUNT];
    enum csc_holder holder[CSC_CONTROLLER_COUNT]; /* CSC_HOLDER_NONE, _CGROUP1 or _CGROUP2 */
};

#define CSC_CGROUP_NOWHERE                                                                                             \
    ((struct csc_cgroup_places){.folder = {-1, -1, -1}, .holder = {CSC_HOLDER_NONE, CSC_HOLDER_NONE, CSC_HOLDER_NONE}})

/*
 * Finds the places, by /proc/self/cgroup and /proc/self/mountinfo. A place counts when the kernel's rules let us make a
 * group there that has the controller, and enter it; none is made to find out, since that would cost a tenth of a
 * launch: where something else is against it (a security module, a limit on groups), csc_cgroup_create() fails. In
 * version 2 a place is mostly the parent of our own group: the limits of that parent hold for the new group, those of
 * our own don't.
 *
 * Enables controllers in the root of version 2 where nobody did. Removes groups of csc processes that are dead, once
 * they are empty; who lives holds a lock on his.
 *
 * Never fails: what can't be found is CSC_HOLDER_NONE. `proc` is the folder "/proc" but in tests.
 */
void csc_cgroup_find(const char *proc, struct csc_cgroup_places *ret_places);
void csc_cgroup_places_close(struct csc_cgroup_places *places);

/* Names of groups: the process that made it, and a number. For printf(3) and sscanf(3). */
#define CSC_CGROUP_NAME "csc-%d-%d"

/* A limit of 0: not limited here. */
struct csc_cgroup_limits {
    int64_t memory_bytes, processes, cpu_percent;
};

struct csc_cgroup; /* the groups of one command */

/* What a command met while it ran, for messages. */
struct csc_cgroup_events {
    int64_t memory_kills; /* of processes, by the memory limit; version 2 may count one twice (memory.oom.group) */
    int64_t forks_failed; /* that the limit of processes refused */
};

/*
 * Makes groups named "csc-PID-N" with the limits in them. Memory counts swap too where the kernel can (the limit would
 * else be none). CSC_E_CONFIG where a limit would not hold: a file could not be written, which the error names, or
 * there is no place for it.
 */
int csc_cgroup_create(const struct csc_cgroup_places *places, const struct csc_cgroup_limits *limits,
                      struct csc_cgroup **ret_cgroup, struct csc_error *err);
/* Descriptors of the groups' cgroup.procs, *ret_count of them: who writes "0" to each of them is in. Owned by the
 * groups. */
const int *csc_cgroup_entries(const struct csc_cgroup *cgroup, size_t *ret_count);
/*
 * The folder of the group of version 2, in which clone3(2) can make a process at once (CLONE_INTO_CGROUP): moving one
 * waits for all processors. -1: there is none; else *ret_entry is the entry that is of no more use then.
 */
int csc_cgroup_birthplace(const struct csc_cgroup *cgroup, size_t *ret_entry);
/* What the groups say of their limits: ret_limits by enum csc_controller, -1 where there is none or it cannot be read.
 */
void csc_cgroup_read_limits(const struct csc_cgroup *cgroup, int64_t ret_limits[CSC_CONTROLLER_COUNT]);
/* The process is in all groups. False also when they cannot be read. */
bool csc_cgroup_has_member(const struct csc_cgroup *cgroup, pid_t pid);

/* What the processes of the groups used, of what the groups count; -1: they don't. */
struct csc_cgroup_usage {
    int64_t user_us, system_us; /* version 2 */
    int64_t memory_peak;        /* bytes */
};

void csc_cgroup_read_usage(const struct csc_cgroup *cgroup, struct csc_cgroup_usage *ret_usage);
void csc_cgroup_read_events(const struct csc_cgroup *cgroup, struct csc_cgroup_events *ret_events);
/* Kills what is left in the groups (cgroup.kill where there is one) and removes them, waiting for the dead to go for 1
 * s at most. Takes NULL. */
void csc_cgroup_free(struct csc_cgroup *cgroup);

#endif
