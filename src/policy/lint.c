/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "policy/lint_rules.h"
#include "policy/tell.h"

enum { STEPS_MAX = 3000000 };

const char *const csc_lint_severity_names[] = {
    [CSC_LINT_NOTE] = "note",
    [CSC_LINT_WARNING] = "warning",
    [CSC_LINT_ERROR] = "error",
    NULL,
};

/* ---- for the rules ------------------------------------------------------------------------------------------ */

static const char *text_of(struct csc_linting *linting, const char *item, const char *other)
{
    _cleanup_buf_ struct csc_buf text = {0};

    if (item) {
        csc_tell_quoted(&text, item);
        csc_buf_putc(&text, ' ');
    }
    csc_buf_puts(&text, linting->rule->means);
    if (other) {
        csc_buf_puts(&text, ": ");
        csc_tell_quoted(&text, other);
    }
    return text.failed ? NULL : csc_arena_copy(&linting->lint->arena, text.data, text.size);
}

void csc_lint_report(struct csc_linting *linting, const char *field, ptrdiff_t index, const char *item,
                     const char *other)
{
    struct csc_lint *lint = linting->lint;
    const struct csc_lint_rule *rule = linting->rule;
    const struct csc_value *at = csc_value_get(&linting->root, field);
    bool is_entry = index != CSC_LINT_WHOLE;

    if (lint->count == CSC_LINT_FINDINGS_MAX) {
        lint->cut = true;
        return;
    }
    if (at && is_entry && at->type == CSC_ARRAY && (size_t)index < at->count)
        at = &at->items[index];
    struct csc_lint_finding *finding = &lint->findings[lint->count];
    *finding = (struct csc_lint_finding){
        .rule = rule->name,
        .field = is_entry ? csc_arena_printf(&lint->arena, "%s[%td]", field, index) : field,
        .text = text_of(linting, item, other),
        .instead = rule->instead,
        .line = at ? at->line : 0,
        .column = at ? at->column : 0,
        .severity = rule->severity,
    };
    if (finding->field && finding->text)
        lint->count++;
    else
        linting->failed = true;
}

bool csc_lint_may_spend(struct csc_linting *linting, size_t steps)
{
    if (linting->steps > STEPS_MAX || steps > STEPS_MAX) {
        linting->lint->cut = true;
        return false;
    }
    linting->steps += steps;
    return true;
}

const char *csc_lint_basename(const char *program)
{
    const char *slash = strrchr(program, '/');

    return slash && slash[1] ? slash + 1 : program;
}

bool csc_lint_has_usable(const struct csc_names *prefixes)
{
    return prefixes->sorted_count > 0;
}

/* ---- the whole ---------------------------------------------------------------------------------------------- */

/* By position; what stands nowhere comes first. */
static int compare(const void *a, const void *b)
{
    const struct csc_lint_finding *x = a, *y = b;

    if (x->line != y->line)
        return x->line < y->line ? -1 : 1;
    if (x->column != y->column)
        return x->column < y->column ? -1 : 1;
    return strcmp(x->rule, y->rule);
}

/* Of a policy that allows nothing, one finding says all that there is to say. */
static void check_all(struct csc_linting *linting)
{
    for (const struct csc_lint_rule *rule = csc_lint_rules; rule->name && !linting->failed; rule++) {
        linting->rule = rule;
        rule->check(linting);
        if (rule == csc_lint_rules && linting->lint->count > 0)
            return;
    }
}

static int lint_policy(struct csc_linting *linting, const void *bytes, size_t size, struct csc_error *err)
{
    struct csc_lint *lint = linting->lint;

    int r = csc_yaml_parse(&lint->arena, bytes, size, &linting->root, err);
    if (r < 0)
        return r;
    lint->findings = csc_arena_array(&lint->arena, CSC_LINT_FINDINGS_MAX, sizeof(*lint->findings));
    if (!lint->findings)
        return csc_fail_memory(err);
    check_all(linting);
    if (linting->failed)
        return csc_fail_memory(err);
    qsort(lint->findings, lint->count, sizeof(*lint->findings), compare);
    return 0;
}

static void free_lint(struct csc_lint **lint)
{
    csc_lint_free(*lint);
}

static void free_policy(struct csc_policy **policy)
{
    csc_policy_free(*policy);
}

int csc_policy_lint(const void *bytes, size_t size, const struct csc_lint_place *place, struct csc_lint **ret_lint,
                    struct csc_error *err)
{
    static const struct csc_lint_place nowhere = {0};
    _cleanup_(free_lint) struct csc_lint *lint = calloc(1, sizeof(*lint));
    _cleanup_(free_policy) struct csc_policy *policy = NULL;

    int r = lint ? csc_policy_parse(bytes, size, &policy, err) : csc_fail_memory(err);
    if (r == 0) {
        struct csc_linting linting = {.policy = policy, .place = place ? place : &nowhere, .lint = lint};
        r = lint_policy(&linting, bytes, size, err);
    }
    if (r < 0)
        return csc_error_in_stage(err, "policy", r);
    *ret_lint = TAKE_PTR(lint);
    return 0;
}

void csc_lint_free(struct csc_lint *lint)
{
    if (!lint)
        return;
    csc_arena_free(&lint->arena);
    free(lint);
}

enum csc_lint_severity csc_lint_worst(const struct csc_lint *lint)
{
    enum csc_lint_severity worst = CSC_LINT_NOTE;

    for (size_t i = 0; i < lint->count; i++)
        if (lint->findings[i].severity > worst)
            worst = lint->findings[i].severity;
    return worst;
}
