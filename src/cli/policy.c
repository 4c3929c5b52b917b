/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/policy.h"

int csc_cli_policy_load(const struct csc_cli *cli, const char *path, struct csc_policy **ret_policy)
{
    _cleanup_buf_ struct csc_buf bytes = {0};
    struct csc_error err = {0};

    int code = csc_cli_read(cli, path, CSC_POLICY_BYTES_MAX, &bytes);
    if (code != 0)
        return code;
    return csc_policy_parse(bytes.data, bytes.size, ret_policy, &err) < 0 ? csc_cli_fail(cli, path, &err) : 0;
}

static const struct csc_cli_command *const subcommands[] = {
    &csc_cli_policy_lint, &csc_cli_policy_test, &csc_cli_policy_diff, &csc_cli_policy_replay, NULL,
};

const struct csc_cli_command csc_cli_policy = {
    .name = "policy",
    .summary = "review, test and compare policies; nothing is executed",
    .subcommands = subcommands,
    .description =
        "What a policy says is one thing, what it amounts to another: these commands look at the second before the\n"
        "policy is put to use, and before it is changed.\n",
    .examples = "  csc policy lint policy.yaml\n"
                "  csc policy test policies\n"
                "  csc policy diff policy.yaml policy-new.yaml\n"
                "  csc policy replay policy-new.yaml --contracts contracts --since 7d\n",
};
