/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <sys/resource.h>

#include "cli/run.h"

/* A thousand scopes are a thousand descriptors. What cannot be raised shows when they run out; what runs in the sandbox
 * gets a limit of its own. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    limit.rlim_cur = limit.rlim_max < 8192 ? limit.rlim_max : 8192;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

static void protect(struct csc_cli_hardening *hardening, const char *path, const char *what, bool write_only)
{
    /* What came through standard input is no file that a scope could hold. */
    if (path && strcmp(path, "-") != 0 && path[0] != '\0')
        hardening->files[hardening->flow.protected_count++] = (struct csc_protected){path, what, write_only};
}

static int set_backend(const struct csc_cli *cli, const char *name, struct csc_config *config)
{
    for (int i = 0; csc_backend_names[i]; i++)
        if (strcmp(csc_backend_names[i], name) == 0) {
            config->backend = (enum csc_backend)i;
            return 0;
        }
    return csc_cli_usage(cli, "unknown backend '%s'; there are auto, bwrap and native", name);
}

int csc_cli_harden(const struct csc_cli *cli, const struct csc_cli_hardening_options *options,
                   struct csc_cli_hardening *ret_hardening)
{
    struct csc_cli_hardening *hardening = ret_hardening;
    struct csc_error err = {0};

    if (csc_config_load(options->config, true, &hardening->config, hardening->config_path, &err) < 0)
        return csc_cli_fail(cli, hardening->config_path[0] ? hardening->config_path : options->config, &err);
    hardening->loaded = true;
    hardening->flow.config = &hardening->config;
    hardening->flow.protected = hardening->files;
    protect(hardening, options->signing_key, "the signing key", false);
    protect(hardening, hardening->config_path, "the configuration", false);
    protect(hardening, options->policy, "the policy", true);
    protect(hardening, CSC_CONFIG_SYSTEM, "the place of the configuration", true);
    protect(hardening, csc_config_own_place(hardening->own_place), "the place of the configuration", true);
    raise_descriptor_limit();
    return options->backend ? set_backend(cli, options->backend, &hardening->config) : 0;
}

void csc_cli_hardening_free(struct csc_cli_hardening *hardening)
{
    if (hardening->loaded)
        csc_config_free(&hardening->config);
}

int csc_cli_print_plans(const struct csc_cli *cli, const struct csc_flow *flow)
{
    _cleanup_arena_ struct csc_arena arena = {0};
    _cleanup_(csc_flow_result_free) struct csc_flow_result result = {0};
    struct csc_error err = {0};
    struct csc_value plans;

    if (csc_flow_plan(flow, &arena, &plans, &result, &err) < 0)
        return csc_cli_fail(cli, NULL, &err);
    if (result.outcome == CSC_OUTCOME_SUCCESS)
        return csc_cli_print_json(cli, &plans, 0);
    csc_fail(&err, (enum csc_code)csc_cli_run_code(&result), "%s", result.reason);
    return csc_cli_fail(cli, NULL, &err);
}
