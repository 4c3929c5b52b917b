/* SPDX-License-Identifier: Apache-2.0 */
/* A policy's hash does not depend on how it was written: its canonical form, read as the YAML that JSON is, has the
 * same one. Lint and comparison take whatever is a policy, and a policy allows what it allows. */
#include "fuzz.h"

#include <string.h>

#include "policy/policy.h"

static void check_tools(const struct csc_policy *policy, const uint8_t *bytes, size_t size)
{
    struct csc_lint *lint = NULL;
    struct csc_policy_diff *diff = NULL;

    PROMISE(csc_policy_lint(bytes, size, NULL, &lint, NULL) == 0);
    for (size_t i = 0; i < lint->count; i++) {
        const struct csc_lint_finding *finding = &lint->findings[i];
        PROMISE(csc_utf8_valid(finding->text, strlen(finding->text)) && !strpbrk(finding->text, "\n\033"));
        PROMISE(finding->rule && finding->field && finding->instead);
    }
    PROMISE(csc_policy_diff(policy, policy, &diff, NULL) == 0);
    PROMISE(diff->count == 0);
    csc_lint_free(lint);
    csc_policy_diff_free(diff);
}

static void check_policy(const struct csc_policy *policy, const uint8_t *bytes, size_t size)
{
    struct csc_arena arena = {0};
    struct csc_buf canonical = {0};
    struct csc_policy *again = NULL;
    struct csc_value root;

    fuzz_check_sha256(policy->sha256);
    PROMISE(policy->name[0]);
    PROMISE(policy->max_timeout_sec >= 1);
    PROMISE(policy->allow_commands.count > 0 && policy->allowed_effects && policy->allowed_risks);
    PROMISE(csc_yaml_parse(&arena, bytes, size, &root, NULL) == 0);
    csc_canon_write(&canonical, &root);
    PROMISE(!canonical.failed);
    /* YAML does not take every JSON text: long keys and some characters are refused. */
    if (csc_policy_parse(canonical.data, canonical.size, &again, NULL) == 0)
        PROMISE(strcmp(again->sha256, policy->sha256) == 0);
    csc_policy_free(again);
    csc_buf_free(&canonical);
    csc_arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct csc_policy *policy = NULL;
    struct csc_error err = {0};

    int code = csc_policy_parse(bytes, size, &policy, &err);
    if (code == 0) {
        check_policy(policy, bytes, size);
        check_tools(policy, bytes, size);
    } else {
        PROMISE(!policy);
        fuzz_check_refusal(code, &err);
    }
    csc_policy_free(policy);
    return 0;
}
