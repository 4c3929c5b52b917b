/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of csc init. */
#ifndef CSC_CLI_INIT_H
#define CSC_CLI_INIT_H

#include <stdio.h>

#include "cli/hook.h"

enum { CSC_INIT_PATH = PATH_MAX + 256, CSC_INIT_BACKUPS_MAX = 100 };

/* One invocation. */
struct csc_init {
    struct csc_arena arena;
    const struct csc_hook_dialect *dialect;
    struct csc_strings options; /* for the hook */
    struct csc_project project;
    struct csc_cli_relied relied;
    char settings[CSC_INIT_PATH], policy[CSC_INIT_PATH];
    char link[CSC_INIT_PATH];        /* "", or where the settings are a symlink: that one */
    char backup[CSC_INIT_PATH + 32]; /* "": none was made */
    bool policy_is_given, policy_is_there;
    struct csc_buf policy_text;
    struct csc_buf old_settings; /* as they are; data NULL: there are none */
    unsigned old_mode;
    struct csc_settings_added snippet; /* the hook alone */
    struct csc_settings_added added;   /* the whole settings with it */
};

/* ---- init_files.c --------------------------------------------------------------------------------------------- */

/* What the settings file holds, an empty object where there is none. */
int csc_init_read_settings(struct csc_init *init, struct csc_value *ret_settings, struct csc_error *err);
/* Neither overwrites a policy or a backup. */
int csc_init_write_policy(const struct csc_init *init, struct csc_error *err);
int csc_init_write_settings(struct csc_init *init, struct csc_error *err);

#endif
