/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/cli.h"

int csc_cli_verdict_code(enum csc_verdict verdict)
{
    static const int codes[] = {
        [CSC_DENY] = CSC_EXIT_NO, [CSC_ALLOW] = 0, [CSC_NEEDS_APPROVAL] = CSC_EXIT_NEEDS_APPROVAL};

    return codes[verdict];
}

void csc_cli_describe(struct csc_buf *buf, const struct csc_decision *decision)
{
    static const enum csc_cli_tone tones[] = {
        [CSC_DENY] = CSC_TONE_BAD, [CSC_ALLOW] = CSC_TONE_GOOD, [CSC_NEEDS_APPROVAL] = CSC_TONE_WAIT};

    csc_cli_paint(buf, STDOUT_FILENO, tones[decision->verdict], csc_verdict_names[decision->verdict]);
    if (decision->verdict != CSC_ALLOW) {
        csc_buf_printf(buf, " %s: ", csc_reason_name(decision->code));
        csc_buf_escape(buf, decision->reason, strlen(decision->reason));
    }
    csc_buf_putc(buf, '\n');
}

int csc_cli_decide(const struct csc_cli *cli, struct csc_contract **ret_contract, struct csc_policy **ret_policy,
                   struct csc_decision **ret_decision)
{
    _cleanup_contract_ struct csc_contract *contract = NULL;
    _cleanup_policy_ struct csc_policy *policy = NULL;
    struct csc_error err = {0};

    int code = csc_cli_load(cli, &contract, &policy);
    if (code != 0)
        return code;
    if (csc_contract_check_limits(contract, &err) < 0)
        return csc_cli_fail(cli, cli->parameters[0], &err);
    if (csc_decide(contract, policy, ret_decision, &err) < 0)
        return csc_cli_fail(cli, NULL, &err);
    *ret_contract = TAKE_PTR(contract);
    *ret_policy = TAKE_PTR(policy);
    return 0;
}
