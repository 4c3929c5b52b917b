/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "cli/hook.h"

const char *csc_cli_absolute(struct csc_arena *arena, const char *path)
{
    char folder[PATH_MAX];

    if (path[0] == '/')
        return csc_arena_copy(arena, path, strlen(path));
    /* "(unreachable)/..." is no path either. */
    if (!getcwd(folder, sizeof(folder)) || folder[0] != '/')
        return NULL;
    return csc_arena_printf(arena, "%s/%s", folder, path);
}

int csc_cli_own_path(char ret_path[PATH_MAX], struct csc_error *err)
{
    ssize_t size = readlink("/proc/self/exe", ret_path, PATH_MAX - 1);

    if (size < 0)
        return csc_fail_errno(err, CSC_E_INTERNAL, errno, "/proc/self/exe: cannot see where csc lies; mount /proc");
    ret_path[size] = '\0';
    if (access(ret_path, X_OK) < 0)
        return csc_fail_errno(err, CSC_E_INTERNAL, errno, "%s: this csc is not there any more; install it again",
                              ret_path);
    return 0;
}

const struct csc_hook_dialect *csc_cli_dialect(const struct csc_cli *cli, const char *agent)
{
    const struct csc_hook_dialect *dialect = csc_hook_dialect_find(agent);

    if (!dialect)
        (void)csc_cli_usage(cli, "unknown agent '%s'; there are claude, codex, gemini and cursor", agent);
    return dialect;
}

/* What csc run would say when it is too late: in the agent's hands. */
static int check_options(const struct csc_cli *cli, const char *const *given)
{
    const char *mode = given[CSC_HAND_MODE];
    bool key = given[CSC_HAND_SIGNING_KEY] && given[CSC_HAND_KEY_ID];
    bool hardened = mode && strcmp(mode, "hardened") == 0;

    for (size_t i = CSC_HAND_REWRITE + 1; i < CSC_HAND_COUNT; i++)
        if (given[i] && !given[CSC_HAND_REWRITE])
            return csc_cli_usage(cli, "--%s is for --rewrite, which is not given",
                                 cli->command->options[(size_t)(given - cli->options) + i].name);
    if (mode && !hardened && strcmp(mode, "local") != 0)
        return csc_cli_usage(cli, "unknown mode '%s'; there are local and hardened", mode);
    if (hardened && !(given[CSC_HAND_SIGN] && key))
        return csc_cli_usage(cli, "--mode hardened needs --sign, --signing-key PATH and --key-id ID");
    if (given[CSC_HAND_SIGN] && !key)
        return csc_cli_usage(cli, "--sign needs --signing-key PATH and --key-id ID");
    if (!given[CSC_HAND_SIGN] && (given[CSC_HAND_SIGNING_KEY] || given[CSC_HAND_KEY_ID]))
        return csc_cli_usage(cli, "--signing-key and --key-id are for --sign, which is not given");
    if (given[CSC_HAND_BACKEND] && !hardened)
        return csc_cli_usage(cli, "--backend is for --mode hardened");
    return 0;
}

static bool is_path(size_t option, const char *value)
{
    switch (option) {
    case CSC_HAND_SIGNING_KEY:
    case CSC_HAND_ALLOWED_SIGNERS:
    case CSC_HAND_CONFIG:
        return true;
    case CSC_HAND_LEDGER:
        return strcmp(value, "none") != 0 && !strstr(value, "://");
    default:
        return false;
    }
}

int csc_cli_hand_on(const struct csc_cli *cli, size_t first, struct csc_arena *arena, struct csc_strings *ret_words)
{
    const char *const *given = &cli->options[first];
    struct csc_strings words = {.items = csc_arena_array(arena, 2 * (size_t)CSC_HAND_COUNT, sizeof(char *))};
    struct csc_error err = {0};
    bool complete = words.items != NULL;

    int code = check_options(cli, given);
    if (code != 0)
        return code;
    for (size_t i = CSC_HAND_REWRITE + 1; complete && i < CSC_HAND_COUNT; i++) {
        const struct csc_cli_option *option = &cli->command->options[first + i];
        if (!given[i])
            continue;
        words.items[words.count] = csc_arena_printf(arena, "--%s", option->name);
        complete = words.items[words.count++] != NULL;
        if (!option->argument)
            continue;
        words.items[words.count] = is_path(i, given[i]) ? csc_cli_absolute(arena, given[i]) : given[i];
        complete = words.items[words.count++] != NULL && complete;
    }
    if (!complete) {
        csc_fail(&err, CSC_E_INTERNAL, "out of memory, or the working directory is gone; use absolute paths");
        return csc_cli_fail(cli, NULL, &err);
    }
    *ret_words = words;
    return 0;
}
