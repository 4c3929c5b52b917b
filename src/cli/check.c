/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

static int check(const struct csc_cli *cli)
{
    _cleanup_contract_ struct csc_contract *contract = NULL;
    _cleanup_policy_ struct csc_policy *policy = NULL;
    _cleanup_decision_ struct csc_decision *decision = NULL;
    _cleanup_arena_ struct csc_arena arena = {0};
    _cleanup_buf_ struct csc_buf text = {0};
    struct csc_error err = {0};
    struct csc_value value;

    int code = csc_cli_decide(cli, &contract, &policy, &decision);
    if (code != 0)
        return code;
    code = csc_cli_verdict_code(decision->verdict);
    if (!cli->json) {
        csc_cli_describe(&text, decision);
        return csc_cli_print(cli, &text, code);
    }
    if (csc_decision_value(decision, &arena, &value, &err) < 0)
        return csc_cli_fail(cli, NULL, &err);
    return csc_cli_print_json(cli, &value, code);
}

static const struct csc_cli_option options[] = {
    {"json", NULL, "print the whole PolicyDecision as a JSON object", false},
    {0},
};

const struct csc_cli_command csc_cli_check = {
    .name = "check",
    .summary = "decide whether a policy allows a contract; nothing is executed",
    .parameters = {"CONTRACT", "POLICY"},
    .options = options,
    .description = "Prints allow, deny or needs_approval with the reason. \"-\" is standard input.\n"
                   "Exit code: 0 allowed, 1 denied, 2 needs approval, 65 invalid input.\n",
    .examples = "  csc check contract.json policies/dev-readonly.yaml\n"
                "  csc check --json - policy.yaml < contract.json\n",
    .run = check,
};
