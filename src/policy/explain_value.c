/* SPDX-License-Identifier: Apache-2.0 */
/* An explanation as a value, for programs: what csc explain --json prints. */
#include "policy/policy.h"

static const char *const verdict_words[] = {
    [CSC_DENY] = "deny", [CSC_ALLOW] = "pass", [CSC_NEEDS_APPROVAL] = "approval"};

static struct csc_value finding_value(const struct csc_finding *finding, struct csc_arena *arena, bool *failed)
{
    struct csc_object object;
    struct csc_value value = {0};

    csc_object_begin(&object, arena, 6);
    if (finding->command_id)
        csc_object_string(&object, "command_id", finding->command_id);
    csc_object_string(&object, "rule", finding->rule);
    csc_object_string(&object, "verdict", verdict_words[finding->verdict]);
    csc_object_string(&object, "reason_code", csc_reason_name(finding->code));
    csc_object_string(&object, "saw", finding->saw);
    csc_object_bool(&object, "decided", finding->decided);
    *failed |= csc_object_end(&object, &value, NULL) < 0;
    return value;
}

static struct csc_value change_value(const struct csc_change *change, struct csc_arena *arena, bool *failed)
{
    struct csc_object object;
    struct csc_value value = {0};

    csc_object_begin(&object, arena, 3);
    csc_object_string(&object, "in", change->in_policy ? "policy" : "contract");
    csc_object_string(&object, "field", change->field);
    csc_object_string(&object, "text", change->text);
    *failed |= csc_object_end(&object, &value, NULL) < 0;
    return value;
}

int csc_explanation_value(const struct csc_explanation *explanation, const struct csc_decision *decision,
                          struct csc_arena *arena, struct csc_value *ret_value, struct csc_error *err)
{
    struct csc_value decided = {0};
    struct csc_value findings = {.type = CSC_ARRAY, .count = explanation->finding_count};
    struct csc_value changes = {.type = CSC_ARRAY, .count = explanation->change_count};
    struct csc_object object;
    bool failed = false;

    int r = csc_decision_value(decision, arena, &decided, err);
    if (r < 0)
        return r;
    findings.items = csc_arena_array(arena, findings.count + 1, sizeof(struct csc_value));
    changes.items = csc_arena_array(arena, changes.count + 1, sizeof(struct csc_value));
    if (!findings.items || !changes.items)
        return csc_fail_memory(err);
    for (size_t i = 0; i < findings.count; i++)
        findings.items[i] = finding_value(&explanation->findings[i], arena, &failed);
    for (size_t i = 0; i < changes.count; i++)
        changes.items[i] = change_value(&explanation->changes[i], arena, &failed);
    if (failed)
        return csc_fail_memory(err);
    csc_object_begin(&object, arena, 4);
    csc_object_value(&object, "decision", decided);
    csc_object_value(&object, "findings", findings);
    csc_object_value(&object, "changes", changes);
    csc_object_string(&object, "decision_with_changes", csc_verdict_names[explanation->verdict_after]);
    return csc_object_end(&object, ret_value, err);
}
