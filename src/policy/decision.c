/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/policy.h"

const char *const csc_verdict_names[] = {"deny", "allow", "needs_approval", NULL};

static int build_classified(const struct csc_decision *decision, struct csc_arena *arena, struct csc_value *ret_value,
                            struct csc_error *err)
{
    struct csc_value *items = csc_arena_array(arena, decision->classified_count, sizeof(*items));

    if (!items)
        return csc_fail_memory(err);
    for (size_t i = 0; i < decision->classified_count; i++) {
        struct csc_object object;
        csc_object_begin(&object, arena, 2);
        csc_object_string(&object, "command_id", decision->classified[i].command_id);
        csc_object_string(&object, "effect_type", decision->classified[i].effect_type);
        int r = csc_object_end(&object, &items[i], err);
        if (r < 0)
            return r;
    }
    *ret_value = (struct csc_value){.type = CSC_ARRAY, .count = decision->classified_count, .items = items};
    return 0;
}

int csc_decision_value(const struct csc_decision *decision, struct csc_arena *arena, struct csc_value *ret_value,
                       struct csc_error *err)
{
    const char *code = csc_reason_name(decision->code);
    char expires_at[CSC_TIME_TEXT];
    struct csc_value classified = {0};
    struct csc_object object;

    csc_time_format(decision->expires_at, expires_at);
    const char *expiry = csc_arena_copy(arena, expires_at, sizeof(expires_at) - 1);
    if (!expiry)
        return csc_fail_memory(err);
    int r = build_classified(decision, arena, &classified, err);
    if (r < 0)
        return r;
    csc_object_begin(&object, arena, 8);
    csc_object_string(&object, "contract_id", decision->contract_id);
    csc_object_string(&object, "contract_sha256", decision->contract_sha256);
    csc_object_string(&object, "decision", csc_verdict_names[decision->verdict]);
    csc_object_string(&object, "policy_profile", decision->policy_name);
    csc_object_value(&object, "classified_effects", classified);
    csc_object_strings(&object, arena, "reasons", &decision->reason, 1);
    csc_object_strings(&object, arena, "reason_codes", &code, 1);
    csc_object_string(&object, "expires_at", expiry);
    return csc_object_end(&object, ret_value, err);
}

static int write_json(const struct csc_decision *decision, char **ret_text, struct csc_error *err)
{
    _cleanup_(csc_arena_free) struct csc_arena arena = {0};
    _cleanup_buf_ struct csc_buf text = {0};
    struct csc_value value;
    int r = csc_decision_value(decision, &arena, &value, err);

    if (r < 0)
        return r;
    csc_json_write(&text, &value);
    char *json = csc_buf_take(&text);
    if (!json)
        return csc_fail_memory(err);
    *ret_text = json;
    return 0;
}

int csc_decision_json(const struct csc_decision *decision, char **ret_text, struct csc_error *err)
{
    return csc_error_in_stage(err, "policy", write_json(decision, ret_text, err));
}

/* ---- a PolicyDecision as others hand it in ------------------------------------------------------------------ */

struct classified_fields {
    const char *command_id, *effect_type;
};

struct decision_fields {
    const char *contract_id, *contract_sha256, *policy_profile, *expires_at;
    int decision;
    struct csc_list classified_effects, reasons, reason_codes;
};

static const struct csc_shape verdict = {.kind = CSC_KIND_ENUM, .size = sizeof(int), .names = csc_verdict_names};
static const struct csc_shape some_texts = {
    .kind = CSC_KIND_ARRAY, .min = 1, .max = INT64_MAX, .item = &csc_shape_text};
static const struct csc_shape some_unique_texts = {
    .kind = CSC_KIND_ARRAY, .min = 1, .max = INT64_MAX, .unique = true, .item = &csc_shape_text};
static const struct csc_shape classified_effect = {
    .kind = CSC_KIND_OBJECT,
    .size = sizeof(struct classified_fields),
    .fields = (const struct csc_field[]){CSC_REQUIRED(classified_fields, command_id, &csc_shape_text),
                                         CSC_REQUIRED(classified_fields, effect_type, &csc_shape_text), CSC_FIELDS_END},
};
static const struct csc_shape classified_effects = {
    .kind = CSC_KIND_ARRAY, .max = INT64_MAX, .item = &classified_effect};
static const struct csc_shape decision_shape = {
    .kind = CSC_KIND_OBJECT,
    .size = sizeof(struct decision_fields),
    .fields =
        (const struct csc_field[]){
            CSC_REQUIRED(decision_fields, contract_id, &csc_shape_text),
            CSC_OPTIONAL(decision_fields, contract_sha256, &csc_shape_sha256),
            CSC_REQUIRED(decision_fields, decision, &verdict),
            CSC_REQUIRED(decision_fields, policy_profile, &csc_shape_text),
            CSC_OPTIONAL(decision_fields, classified_effects, &classified_effects),
            CSC_REQUIRED(decision_fields, reasons, &some_texts),
            CSC_REQUIRED(decision_fields, reason_codes, &some_unique_texts),
            CSC_REQUIRED(decision_fields, expires_at, &csc_shape_date_time),
            CSC_FIELDS_END,
        },
};

static int validate(const void *bytes, size_t size, struct csc_error *err)
{
    _cleanup_(csc_arena_free) struct csc_arena arena = {0};
    struct decision_fields fields = {0};
    struct csc_value value;

    if (size > CSC_CONTRACT_BYTES_MAX)
        return csc_fail(err, CSC_E_DATA, "the decision has %zu bytes; at most %zu are read", size,
                        CSC_CONTRACT_BYTES_MAX);
    int r = csc_json_parse(&arena, bytes, size, &value, err);
    return r < 0 ? r : csc_decode(&arena, &value, &decision_shape, &fields, err);
}

int csc_decision_validate(const void *bytes, size_t size, struct csc_error *err)
{
    return csc_error_in_stage(err, "policy", validate(bytes, size, err));
}
