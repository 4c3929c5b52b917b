/* SPDX-License-Identifier: Apache-2.0 */
/* What of include/csc/csc.h belongs to no single stage. */
#include "flow.h"

#include <stdio.h>
#include <string.h>

const char *csc_version(void)
{
    return CSC_VERSION;
}

int csc_run(const struct csc_contract *contract, const struct csc_policy *policy, const struct csc_run_options *options,
            struct csc_receipt **ret_receipt, struct csc_error *err)
{
    _cleanup_(csc_flow_result_free) struct csc_flow_result result = {0};

    if (options->signing_key && (!options->key_id || !*options->key_id))
        return csc_fail(err, CSC_E_USAGE, "a signing key without a key_id; name the key");
    const struct csc_flow flow = {
        .contract = contract,
        .policy = policy,
        .signing_key = options->signing_key,
        .key_id = options->key_id,
        .isolate = true,
        .io = {.out_fd = {-1, -1},
               .signal_fd = -1,
               .cancel_fd = options->cancel_fd,
               .stdout_cap = CSC_STDOUT_CAP,
               .stderr_cap = CSC_STDERR_CAP,
               .grace_ms = CSC_GRACE_MS,
               .output = options->on_output,
               .context = options->context},
        .notice = options->on_notice,
        .context = options->context,
    };
    int r = csc_flow_run(&flow, &result, err);
    if (r < 0)
        return r;
    *ret_receipt = TAKE_PTR(result.receipt);
    return 0;
}

int csc_receipt_build_refusal(const struct csc_contract *contract, const struct csc_policy *policy,
                              const struct csc_decision *decision, struct csc_receipt **ret_receipt,
                              struct csc_error *err)
{
    bool expired = csc_decision_expired(decision);
    int64_t now = csc_time_now();
    char text[700];

    if (strcmp(decision->contract_sha256, contract->sha256) != 0 || strcmp(decision->policy_name, policy->name) != 0)
        return csc_fail(err, CSC_E_USAGE, "the decision is about another contract or policy");
    if (decision->verdict == CSC_ALLOW && !expired)
        return csc_fail(err, CSC_E_USAGE,
                        "the decision allows the contract; csc_run builds the receipt of executing it");
    if (decision->verdict == CSC_ALLOW)
        (void)strcpy(text, "the decision expired before anything was executed");
    else
        (void)snprintf(text, sizeof(text), "%s: %s", csc_reason_name(decision->code), decision->reason);
    const struct csc_record record = {
        .contract = contract,
        .policy = policy,
        .status = expired ? CSC_STATUS_EXPIRED : CSC_STATUS_BLOCKED,
        .started_at = now,
        .ended_at = now,
        .files_written = -1,
        .error = text,
    };
    return csc_receipt_build(&record, ret_receipt, err);
}
