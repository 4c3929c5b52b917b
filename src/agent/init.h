/* SPDX-License-Identifier: Apache-2.0 */
/* Setting a coding agent up: a policy to start from, and the agent's settings with csc's hook in them. */
#ifndef CSC_AGENT_INIT_H
#define CSC_AGENT_INIT_H

#include <limits.h>

#include "agent/hook.h"

/* ---- init_policy.c ------------------------------------------------------------------------------------------ */

struct csc_project {
    char root[PATH_MAX]; /* absolute, without symlinks */
    char name[80];       /* of letters, digits, '.', '_' and '-'; two projects have two, by a hash of `root` */
    unsigned kinds;      /* bits of what was found in it: numbers of csc_project_kind_name() */
};

/* The folder with .git that holds `folder`, or that itself. CSC_E_INPUT when there is none; CSC_E_DATA for "/", and for
 * a name that no policy can hold. */
int csc_project_find(const char *folder, struct csc_project *ret_project, struct csc_error *err);
/* "git", "npm"...; NULL beyond the last. */
const char *csc_project_kind_name(size_t number);
/* The text of a policy for it. */
int csc_project_policy(const struct csc_project *project, struct csc_buf *ret_yaml, struct csc_error *err);
/* Appends text as a double-quoted scalar of YAML, on one line whatever is in it. `text` is valid UTF-8. */
void csc_yaml_quote(struct csc_buf *buf, const char *text);

/* ---- init_settings.c ---------------------------------------------------------------------------------------- */

/* Where an agent looks for hooks, and their form. */
struct csc_settings_form {
    const char *agent;
    const char *folder_variable; /* the environment variable that names the folder, or NULL */
    const char *folder;          /* in the home folder, where it is not set */
    const char *file;
    const char *trust;    /* what a person has to do before the agent believes a new hook, or NULL */
    int64_t timeout;      /* in the agent's own unit */
    bool grouped;         /* hooks stand in groups, each with a matcher */
    bool runs_a_shell;    /* known: then a hook that cannot even start can be made to block */
    bool expands_dollars; /* in settings, before anything is run */
};

/* By the dialect's agent; every one has one. */
const struct csc_settings_form *csc_settings_form(const struct csc_hook_dialect *dialect);

/* What the agent's hook calls. */
struct csc_settings_call {
    const struct csc_hook_dialect *dialect;
    const char *program; /* absolute path of csc */
    const char *policy;  /* absolute */
    bool rewrite;
    struct csc_strings options; /* for csc run */
};

/* As the line that the agent runs. CSC_E_DATA when the agent would read it as something else. */
int csc_settings_command(const struct csc_settings_call *call, struct csc_buf *ret_line, struct csc_error *err);

struct csc_settings_added {
    struct csc_value settings;
    enum { CSC_SETTINGS_SAME, CSC_SETTINGS_ADDED, CSC_SETTINGS_REPLACED } change;
};

struct csc_settings_merge {
    const struct csc_hook_dialect *dialect;
    const char *command;
    bool replace; /* a hook of csc that says something else may be replaced */
};

/*
 * Adds the hook to `settings`, an object, and keeps everything else. In the arena. CSC_E_DATA when it is of another
 * shape than the agent's, or holds another hook of csc.
 */
int csc_settings_add(struct csc_arena *arena, const struct csc_value *settings, const struct csc_settings_merge *merge,
                     struct csc_settings_added *ret_added, struct csc_error *err);

#endif
