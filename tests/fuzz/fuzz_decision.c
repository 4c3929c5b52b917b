/* SPDX-License-Identifier: Apache-2.0 */
/* A decision is valid in whatever form it is written, canonical or indented. */
#include "fuzz.h"

#include "policy/policy.h"

static void check_decision(const uint8_t *bytes, size_t size)
{
    struct csc_arena arena = {0};
    struct csc_buf canonical = {0}, pretty = {0};
    struct csc_value value;

    PROMISE(csc_json_parse(&arena, bytes, size, &value, NULL) == 0);
    csc_canon_write(&canonical, &value);
    csc_json_write(&pretty, &value);
    PROMISE(!canonical.failed && !pretty.failed);
    PROMISE(csc_decision_validate(canonical.data, canonical.size, NULL) == 0);
    PROMISE(csc_decision_validate(pretty.data, pretty.size, NULL) == 0);
    csc_buf_free(&canonical);
    csc_buf_free(&pretty);
    csc_arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct csc_error err = {0};

    int code = csc_decision_validate(bytes, size, &err);
    if (code == 0)
        check_decision(bytes, size);
    else
        fuzz_check_refusal(code, &err);
    return 0;
}
