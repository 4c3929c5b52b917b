/* SPDX-License-Identifier: Apache-2.0 */
/* What the judging of an agent's commands relies on, and whether those commands could write it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/hook.h"

int csc_cli_rely(const struct csc_cli *cli, size_t first, const char *policy, struct csc_cli_relied *ret_relied)
{
    const char *const *given = &cli->options[first];
    const char *mode = given[CSC_HAND_MODE];
    struct csc_cli_configuration *configuration = &ret_relied->configuration;
    struct csc_error err = {0};
    const struct csc_cli_configure_options options = {
        .config = given[CSC_HAND_CONFIG],
        .backend = given[CSC_HAND_BACKEND],
        .signing_key = given[CSC_HAND_SIGNING_KEY],
        .policy = policy,
        .allowed_signers = given[CSC_HAND_ALLOWED_SIGNERS],
        .hardened = mode && strcmp(mode, "hardened") == 0,
    };

    if (csc_cli_own_path(ret_relied->program, &err) < 0)
        return csc_cli_fail(cli, NULL, &err);
    csc_cli_protect(configuration, ret_relied->program, "csc itself", true);
    if (!given[CSC_HAND_REWRITE]) {
        csc_cli_protect(configuration, policy, "the policy", true);
        return 0;
    }
    int code = csc_cli_configure(cli, &options, configuration);
    if (code != 0)
        return code;
    ret_relied->can_approve = options.allowed_signers || configuration->config.approvals.allowed_signers;
    csc_cli_name_ledger(given[CSC_HAND_LEDGER], &configuration->config, &ret_relied->recorder);
    if (ret_relied->recorder.path && strstr(ret_relied->recorder.path, "://"))
        return 0;
    return csc_cli_protect_ledger(cli, configuration, &ret_relied->recorder);
}

void csc_cli_relied_free(struct csc_cli_relied *relied)
{
    csc_cli_configuration_free(&relied->configuration);
    csc_cli_recorder_free(&relied->recorder);
}

/* Where an absolute path leads, or would lead: what is not there yet lies in the folder that is. */
static bool resolve(const char *path, char ret_real[PATH_MAX])
{
    char head[PATH_MAX];
    size_t size = strlen(path);

    if (size >= PATH_MAX)
        return false;
    memcpy(head, path, size + 1);
    while (!realpath(size > 0 ? head : "/", ret_real)) {
        char *slash = strrchr(head, '/');
        if (!slash)
            return false;
        *slash = '\0';
        size = (size_t)(slash - head);
    }
    size_t used = strlen(ret_real), rest = strlen(path + size);
    if (used + rest >= PATH_MAX)
        return false;
    memcpy(ret_real + used, path + size, rest + 1);
    return true;
}

/*
 * Threat: a home folder or a workspace behind a symlink, by whose other name it is no part of the policy's prefixes.
 * Either name of the path is held against either name of the prefix; what cannot be resolved counts as writable.
 */
static bool lies_below(const char *path, const struct csc_names *prefixes)
{
    char given[2 * PATH_MAX] = "", real[PATH_MAX], prefix[PATH_MAX];

    if (path[0] != '/' && !getcwd(given, PATH_MAX))
        return true;
    size_t size = strlen(given);
    if (snprintf(given + size, sizeof(given) - size, "%s%s", size > 0 ? "/" : "", path) >=
            (int)(sizeof(given) - size) ||
        !resolve(given, real))
        return true;
    for (size_t i = 0; i < prefixes->count; i++)
        if (csc_path_has_prefix(given, prefixes->items[i]) || csc_path_has_prefix(real, prefixes->items[i]) ||
            (prefixes->items[i][0] == '/' && resolve(prefixes->items[i], prefix) &&
             (csc_path_has_prefix(given, prefix) || csc_path_has_prefix(real, prefix))))
            return true;
    return false;
}

const struct csc_protected *csc_cli_find_below(const struct csc_cli_relied *relied, const struct csc_names *prefixes)
{
    const struct csc_cli_configuration *configuration = &relied->configuration;

    for (size_t i = 0; i < configuration->flow.protected_count; i++)
        if (lies_below(configuration->files[i].path, prefixes))
            return &configuration->files[i];
    return NULL;
}

int csc_cli_check_places(const struct csc_cli_relied *relied, const struct csc_policy *policy, struct csc_error *err)
{
    const struct csc_protected *place = csc_cli_find_below(relied, &policy->write_prefixes);

    if (!place)
        return 0;
    return csc_fail(err, CSC_E_PERMISSION, "%s, %s, lies where the policy lets commands write; keep it elsewhere",
                    place->path, place->what);
}
