/* SPDX-License-Identifier: Apache-2.0 */
/* Which ledger: the same rule for whoever writes one and whoever reads it. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/agent.h"
#include "cli/cli.h"

#define LEDGER_SYSTEM "/var/lib/csc/ledger.db"
#define LEDGER_NAME "ledger.db"

static const char *environment(const char *name)
{
    const char *value = getenv(name);

    return value && *value ? value : NULL;
}

static char *default_path(struct csc_arena *arena, struct csc_error *err)
{
    char state[PATH_MAX], *path = NULL;

    if (geteuid() == 0)
        path = csc_arena_copy(arena, LEDGER_SYSTEM, strlen(LEDGER_SYSTEM));
    else if (csc_state_folder(state, NULL) == 0)
        path = csc_arena_printf(arena, "%s/" LEDGER_NAME, state);
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
