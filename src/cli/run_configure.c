/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <sys/resource.h>

#include "agent/agent.h"
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

void csc_cli_protect(struct csc_cli_configuration *configuration, const char *path, const char *what, bool write_only)
{
    /* What came through standard input is no file that a scope could hold. */
    if (path && strcmp(path, "-") != 0 && path[0] != '\0')
        configuration->files[configuration->flow.protected_count++] = (struct csc_protected){path, what, write_only,
                                                                                             false};
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

static void protect_all(const struct csc_cli_configure_options *options, struct csc_cli_configuration *configuration)
{
    const struct csc_approving *approvals = &configuration->config.approvals;
    const char *signers = options->allowed_signers ? options->allowed_signers : approvals->allowed_signers;

    csc_cli_protect(configuration, options->signing_key, "the signing key", false);
    csc_cli_protect(configuration, configuration->config_path, "the configuration", false);
    csc_cli_protect(configuration, options->policy, "the policy", true);
    csc_cli_protect(configuration, signers, "the allowed signers", true);
    csc_cli_protect(configuration, approvals->revoked_keys, "the list of revoked keys", true);
    csc_cli_protect(configuration, approvals->ssh_keygen, "ssh-keygen, which checks approvals", true);
    csc_cli_protect(configuration, CSC_CONFIG_SYSTEM, "the place of the configuration", true);
    csc_cli_protect(configuration, csc_config_own_place(configuration->own_place), "the place of the configuration",
                    true);
    if (csc_state_folder(configuration->state, NULL) == 0)
        configuration->files[configuration->flow.protected_count++] = (struct csc_protected){
            configuration->state, "the requests and receipts of agents", .write_only = true, .whole = true};
}

int csc_cli_configure(const struct csc_cli *cli, const struct csc_cli_configure_options *options,
                      struct csc_cli_configuration *ret_configuration)
{
    struct csc_cli_configuration *configuration = ret_configuration;
    struct csc_error err = {0};

    if (csc_config_load(options->config, options->hardened, &configuration->config, configuration->config_path, &err) <
        0)
        return csc_cli_fail(cli, configuration->config_path[0] ? configuration->config_path : options->config, &err);
    configuration->loaded = true;
    configuration->flow.config = &configuration->config;
    configuration->flow.protected = configuration->files;
    protect_all(options, configuration);
    if (!options->hardened)
        return 0;
    raise_descriptor_limit();
    return options->backend ? set_backend(cli, options->backend, &configuration->config) : 0;
}

void csc_cli_configuration_free(struct csc_cli_configuration *configuration)
{
    if (configuration->loaded)
        csc_config_free(&configuration->config);
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
