/* SPDX-License-Identifier: Apache-2.0 */
/* Which ledger: the same rule for whoever writes one and whoever reads it. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

#define LEDGER_SYSTEM "/var/lib/csc/ledger.db"
#define LEDGER_NAME "csc/ledger.db"

static const char *environment(const char *name)
{
    const char *value = getenv(name);

    return value && *value ? value : NULL;
}

/* No symlink is followed to a ledger. What the environment names is this user's own word, and may lie behind one, as
 * home folders do on some systems; what lies below it may not. */
static const char *resolved(const char *folder, char buffer[PATH_MAX])
{
    return realpath(folder, buffer) ? buffer : folder;
}

/* The folder of a user's state: of https://specifications.freedesktop.org/basedir, which has relative ones ignored. */
static char *default_path(struct csc_arena *arena, struct csc_error *err)
{
    const char *state = environment("XDG_STATE_HOME"), *home = environment("HOME");
    char buffer[PATH_MAX], *path = NULL;

    if (geteuid() == 0)
        path = csc_arena_copy(arena, LEDGER_SYSTEM, strlen(LEDGER_SYSTEM));
    else if (state && state[0] == '/')
        path = csc_arena_printf(arena, "%s/" LEDGER_NAME, resolved(state, buffer));
    else if (home && home[0] == '/')
        path = csc_arena_printf(arena, "%s/.local/state/" LEDGER_NAME, resolved(home, buffer));
    else {
        (void)csc_fail(err, CSC_E_CONFIG,
                       "there is no place for the ledger: HOME is not set to an absolute path; set it, or give "
                       "--ledger PATH or --ledger none");
        return NULL;
    }
    if (!path)
        (void)csc_fail_memory(err);
    return path;
}

int csc_cli_ledger_path(const char *option, const char *configured, struct csc_arena *arena, const char **ret_path,
                        struct csc_error *err)
{
    const char *path = option ? option : environment("CSC_LEDGER");

    if (!path)
        path = configured;
    if (!path)
        path = default_path(arena, err);
    if (!path)
        return -(int)(err->code);
    *ret_path = strcmp(path, "none") == 0 ? NULL : path;
    return 0;
}
