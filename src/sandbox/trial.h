/* SPDX-License-Identifier: Apache-2.0 */
/* What is tried in a child that gives up something for it, and what its failure means. Private to sandbox/. */
#ifndef CSC_SANDBOX_TRIAL_H
#define CSC_SANDBOX_TRIAL_H

#include "sandbox/doctor.h"

/* In order. */
enum csc_trial_step {
    CSC_TRIAL_DONE = 0, /* nothing failed */
    CSC_TRIAL_CHILD,    /* no child could be made, or it died */
    CSC_TRIAL_SWITCH,   /* becoming another user */
    CSC_TRIAL_NAMESPACES,
    CSC_TRIAL_MAP, /* giving the user namespace its one user */
    CSC_TRIAL_MOUNT,
    CSC_TRIAL_PROC, /* mounting a fresh /proc */
    CSC_TRIAL_LOAD, /* of a filter or ruleset */
    CSC_TRIAL_HOLD, /* it is loaded, and refuses nothing */
    CSC_TRIAL_CALL, /* a system call that is not there */
};

struct csc_trial {
    enum csc_trial_step failed;
    int error; /* errno */
};

/* Namespaces as the sandbox has them, made as the backend in use makes them. */
struct csc_trial csc_trial_namespaces(const struct csc_doctor *doctor);
struct csc_trial csc_trial_filter(void);
struct csc_trial csc_trial_landlock(int abi);

/* What the native executor calls that a kernel, or a filter that csc runs under, may not know. */
struct csc_call {
    long number; /* SYS_* */
    const char *name;
    const char *kernel; /* the first that has it: "5.12" */
};

enum { CSC_CALL_COUNT = 9 };
extern const struct csc_call csc_calls[CSC_CALL_COUNT];

/* Makes the call, with arguments that every kernel refuses. `failed`: CSC_TRIAL_DONE when it is there. */
struct csc_trial csc_trial_call(const struct csc_call *call);

/* What the kernel says of user namespaces. Numbers of sysctl(8): -1 where there is no such setting. */
struct csc_userns {
    long unprivileged_clone;  /* kernel.unprivileged_userns_clone, Debian's */
    long maximum;             /* user.max_user_namespaces */
    long apparmor_restricted; /* kernel.apparmor_restrict_unprivileged_userns, Ubuntu's */
    bool filtered;            /* csc itself is under a system call filter */
    bool root;                /* who makes the namespaces is root */
    const char *container;    /* as in struct csc_doctor */
};

/* Pure. Fill in found and fix; for a trial that failed before /proc, and at /proc. */
void csc_trial_explain_namespaces(const struct csc_trial *trial, const struct csc_userns *userns,
                                  struct csc_check *check);
void csc_trial_explain_proc(const struct csc_trial *trial, const struct csc_userns *userns, struct csc_check *check);
/* By what each call's trial gave. */
void csc_trial_explain_calls(const struct csc_trial trials[CSC_CALL_COUNT], enum csc_backend backend,
                             struct csc_check *check);

/* The kind of container that a text of cgroups(7), /proc/PID/cgroup, tells of; "": none. */
const char *csc_container_of_cgroup(const char *text);

/* "bubblewrap 0.8.0": its three numbers. */
bool csc_bwrap_version(const char *text, unsigned ret_version[3]);

#endif
