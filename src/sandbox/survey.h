/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of a survey. Private to sandbox/. Functions that return int: 0, CSC_REFUSED, or a negative code. */
#ifndef CSC_SANDBOX_SURVEY_H
#define CSC_SANDBOX_SURVEY_H

#include "sandbox/sandbox.h"

enum {
    CSC_SOURCES_MAX = 2500,        /* of scopes and their matches; bwrap takes 9000 arguments, three or four a mount */
    CSC_GLOB_ENTRIES_MAX = 100000, /* looked at for all globs of a command */
};

/* A survey under construction. */
struct csc_surveying {
    const struct csc_sandbox_request *request;
    struct csc_survey *survey;
    struct csc_refusal *refusal;
    struct csc_error *err;
    struct csc_buf reads, writes, system, masks; /* struct csc_source after struct csc_source; const char * */
    int id_namespace;                            /* of idmapped mounts, -1: none */
    size_t looked_at;                            /* entries of folders, for globs */
    size_t shown;                                /* sources so far */
};

/* ---- source.c ----------------------------------------------------------------------------------------------- */

/* Without "//", "." and a slash at the end; NULL: no memory. `path` is POSIX and absolute. */
const char *csc_source_plain(struct csc_arena *arena, const char *path);
/*
 * Opens what `path` (plain) names below `folder`, by `name`, following no symlink in any component; a symlink itself is
 * opened as such. 0, or -1 with errno: ELOOP where a component is a symlink.
 */
int csc_source_open(struct csc_arena *arena, int folder, const char *name, const char *path,
                    struct csc_source *ret_source);
/* The same for an absolute path, readable. Never of what others may write to: a device would act on being opened. */
int csc_source_open_readable(struct csc_arena *arena, const char *path, struct csc_source *ret_source);
int csc_source_add(struct csc_surveying *s, struct csc_buf *list, const struct csc_source *source);
void csc_source_close(struct csc_source *source);

/* ---- guard.c ------------------------------------------------------------------------------------------------ */

/* Adds a guard to the survey, which has room for it. A path that is not there is guarded as far as it goes. */
int csc_guard_take(struct csc_surveying *s, const struct csc_protected *protected);

/* ---- scopes.c ----------------------------------------------------------------------------------------------- */

/* cwd, and all scopes of the command, into the survey. */
int csc_survey_scopes(struct csc_surveying *s);

/* ---- system.c ----------------------------------------------------------------------------------------------- */

/* What every sandbox shows, what the configuration adds, and what /proc has to hide. Wants to know whom the command
 * runs as. */
int csc_survey_system(struct csc_surveying *s);
/* What lies at and below `source`, which is in /etc, is readable for everyone. */
bool csc_is_public(const struct csc_source *source);

/* ---- submounts.c -------------------------------------------------------------------------------------------- */

/* What is mounted inside cwd and the scopes is nothing that they may not hold. */
int csc_survey_submounts(struct csc_surveying *s);

/* ---- backend.c ---------------------------------------------------------------------------------------------- */

/* Which executor: the configured one, or what this host suggests to its user. Without trying. */
enum csc_backend csc_survey_backend(const struct csc_config *config, bool is_root, const char **ret_why);

/* ---- trees.c ------------------------------------------------------------------------------------------------ */

/* For a csc that is root: clones the mounts of all sources, with other owners where that works. */
int csc_survey_trees(struct csc_surveying *s);

/* ---- programs.c --------------------------------------------------------------------------------------------- */

/* csc-init and bwrap; the first, and the second, alone. */
int csc_survey_init(struct csc_surveying *s);
int csc_survey_bwrap(struct csc_surveying *s);
int csc_survey_programs(struct csc_surveying *s);

#endif
