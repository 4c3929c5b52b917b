/* SPDX-License-Identifier: Apache-2.0 */
/* What is a pack says of every case what is to run, under which of its policies. */
#include "fuzz.h"

#include "policy/policy.h"

static void check_case(const struct csc_pack *pack, const struct csc_pack_case *one)
{
    PROMISE(one->name[0]);
    PROMISE(one->policy < pack->policy_count);
    PROMISE((one->contract != NULL) + (one->shell != NULL) + (one->argv.count > 0) == 1);
    PROMISE((one->cwd == NULL) == (one->contract != NULL));
    PROMISE(one->code < CSC_REASON_COUNT);
    PROMISE(one->verdict >= CSC_DENY && one->verdict <= CSC_NEEDS_APPROVAL);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct csc_pack *pack = NULL;
    struct csc_error err = {0};

    int code = csc_pack_parse(bytes, size, &pack, &err);
    if (code == 0) {
        PROMISE(pack->name[0] && pack->policy_count > 0 && pack->case_count > 0);
        for (size_t i = 0; i < pack->case_count; i++)
            check_case(pack, &pack->cases[i]);
    } else {
        PROMISE(!pack);
        fuzz_check_refusal(code, &err);
    }
    csc_pack_free(pack);
    return 0;
}
