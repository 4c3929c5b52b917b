/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this machine can hold, tried for real. Shared through sandbox.h. What starts a program (bwrap, a whole sandbox)
 * is for the caller, who has exec/; the rest, and every judgement, is here.
 */
#ifndef CSC_SANDBOX_DOCTOR_H
#define CSC_SANDBOX_DOCTOR_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/base.h"
#include "sandbox/config.h"

enum csc_check_state {
    CSC_CHECK_OK,
    CSC_CHECK_WEAKER,  /* hardened mode runs, and holds less than it could */
    CSC_CHECK_MISSING, /* hardened mode refuses to run */
};

extern const char *const csc_check_state_names[]; /* "ok", "weaker", "missing" */

enum { CSC_CHECKS_MAX = 24, CSC_CHECK_TEXT = 600 };

struct csc_check {
    const char *name;
    enum csc_check_state state;
    char found[CSC_CHECK_TEXT];
    char fix[CSC_CHECK_TEXT]; /* "": nothing is to be done */
};

struct csc_doctor {
    const struct csc_config *config;
    enum csc_backend backend; /* that would be used: never CSC_BACKEND_AUTO */
    /* Whom commands of this folder run as, outside and inside. */
    uid_t uid, inner_uid;
    gid_t gid, inner_gid;
    bool switch_identity;
    bool idmapped; /* they own what belongs to the owner of this folder */
    uid_t owner_uid;
    gid_t owner_gid;
    char bwrap[PATH_MAX];  /* "": there is none that may be used */
    const char *container; /* what kind csc runs in; "": none was seen */
    bool works;            /* a whole sandbox ran: set by the caller before csc_doctor_examine() */
    struct csc_check checks[CSC_CHECKS_MAX];
    size_t count;
};

/* Adds a row, whose texts are empty. Never NULL: past the end the last one is used again. */
struct csc_check *csc_doctor_add(struct csc_doctor *doctor, const char *name, enum csc_check_state state);
/* Writes `found` or `fix` of a check, escaped. */
__attribute__((format(printf, 2, 3))) void csc_check_write(char text[CSC_CHECK_TEXT], const char *format, ...);
/* Fills in both from a message of the form "what was wrong; what would fix it"; the latter may begin with "fix: ". */
void csc_check_split(struct csc_check *check, const char *message);

/* Rows: kernel, container, backend, identity, idmapped mounts, csc-init, and bwrap where none may be used. `config`
 * must live as long. */
void csc_doctor_begin(struct csc_doctor *ret_doctor, const struct csc_config *config);
/* Row: bwrap, by what `bwrap --version` and `bwrap --help` print; hostile. */
void csc_doctor_judge_bwrap(struct csc_doctor *doctor, const char *version, const char *help);
/*
 * Rows: openat2, kernel calls, user namespaces, /proc, system call filter, Landlock, limits, files in /tmp. Forks
 * children, which it waits for: not for a process whose children somebody else waits for.
 */
void csc_doctor_examine(struct csc_doctor *doctor);
/* Whom a folder has to belong to for a throwaway sandbox of that backend in it. For a csc that is root. */
void csc_doctor_folder_owner(const struct csc_doctor *doctor, enum csc_backend backend, uid_t *ret_uid, gid_t *ret_gid);
/* No row is missing. */
bool csc_doctor_is_content(const struct csc_doctor *doctor);

/* By what a command of a sandbox read in its /proc/self/status: NULL when it had no capabilities, no_new_privs and a
 * system call filter; else what it had instead. */
const char *csc_doctor_find_power(const char *status);

#endif
