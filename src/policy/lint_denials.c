/* SPDX-License-Identifier: Apache-2.0 */
/* Lint: entries of deny_argv_prefixes, which deny less than their readers believe. */
#include <string.h>

#include "policy/classify.h"
#include "policy/lint_rules.h"
#include "policy/match.h"

static const char field[] = "deny_argv_prefixes";

static void report(struct csc_linting *linting, size_t i, const char *other)
{
    const struct csc_argv *argv = &linting->policy->deny_argv_prefixes[i];
    _cleanup_buf_ struct csc_buf line = {0};

    for (size_t k = 0; k < argv->count; k++) {
        csc_buf_puts(&line, k > 0 ? " " : "");
        csc_buf_puts(&line, argv->items[k]);
    }
    if (line.failed)
        linting->failed = true;
    else
        csc_lint_report(linting, field, (ptrdiff_t)i, line.data, other);
}

/* An allowed command whose name is that of the program, spelt otherwise. */
static const char *other_spelling(struct csc_linting *linting, const char *program)
{
    const struct csc_names *commands = &linting->policy->allow_commands;

    for (size_t i = 0; i < commands->count && csc_lint_may_spend(linting, 1); i++)
        if (strcmp(csc_lint_basename(commands->items[i]), csc_lint_basename(program)) == 0)
            return commands->items[i];
    return NULL;
}

static bool is_allowed(struct csc_linting *linting, size_t i)
{
    return csc_lint_may_spend(linting, linting->policy->allow_commands.count) &&
           csc_names_contain(&linting->policy->allow_commands, linting->policy->deny_argv_prefixes[i].items[0]);
}

/* Entries of programs that are not allowed, with another spelling or without one. */
static void report_not_allowed(struct csc_linting *linting, bool with_spelling)
{
    const struct csc_policy *policy = linting->policy;

    for (size_t i = 0; i < policy->deny_argv_prefix_count; i++) {
        if (is_allowed(linting, i))
            continue;
        const char *other = other_spelling(linting, policy->deny_argv_prefixes[i].items[0]);
        if ((other != NULL) == with_spelling)
            report(linting, i, other);
    }
}

void csc_lint_denial_unreachable(struct csc_linting *linting)
{
    report_not_allowed(linting, false);
}

void csc_lint_denial_other_spelling(struct csc_linting *linting)
{
    report_not_allowed(linting, true);
}

static bool covers(const struct csc_policy *policy, size_t k, size_t i)
{
    const struct csc_argv *shorter = &policy->deny_argv_prefixes[k], *longer = &policy->deny_argv_prefixes[i];

    return k != i && csc_argv_begins_with(longer, shorter) && (shorter->count < longer->count || k < i);
}

void csc_lint_denial_redundant(struct csc_linting *linting)
{
    const struct csc_policy *policy = linting->policy;

    for (size_t i = 0; i < policy->deny_argv_prefix_count; i++)
        for (size_t k = 0; k < policy->deny_argv_prefix_count && csc_lint_may_spend(linting, 1); k++)
            if (covers(policy, k, i)) {
                report(linting, i, NULL);
                break;
            }
}

void csc_lint_denial_whole_program(struct csc_linting *linting)
{
    for (size_t i = 0; i < linting->policy->deny_argv_prefix_count; i++)
        if (linting->policy->deny_argv_prefixes[i].count == 1 && is_allowed(linting, i))
            report(linting, i, NULL);
}

/* ["git push"] is one word, which no argv has. */
void csc_lint_denial_one_word(struct csc_linting *linting)
{
    for (size_t i = 0; i < linting->policy->deny_argv_prefix_count; i++) {
        const struct csc_argv *argv = &linting->policy->deny_argv_prefixes[i];
        if (argv->count == 1 && strchr(argv->items[0], ' '))
            report(linting, i, NULL);
    }
}

enum {
    BEHIND = 2,        /* words behind the prefix that is tried: "git config" alone changes nothing */
    CLASSIFYING = 1000 /* what it costs, in comparisons */
};

/* What the rules of classification make of a command line that begins so. */
static struct csc_classification classify(const struct csc_policy *policy, const struct csc_argv *prefix)
{
    char *items[CSC_ARGV_COUNT_MAX + BEHIND + 1];
    char word[] = "x";
    size_t count = prefix->count < CSC_ARGV_COUNT_MAX ? prefix->count : CSC_ARGV_COUNT_MAX;
    struct csc_argv argv = {.items = items, .count = count + BEHIND};
    const struct csc_command command = {.id = "", .argvs = &argv, .argv_count = 1, .cwd = "/"};

    memcpy(items, prefix->items, count * sizeof(*items));
    items[count] = items[count + 1] = word;
    items[count + BEHIND] = NULL;
    return csc_classify(&command, policy);
}

static bool is_stopped(const struct csc_policy *policy, const struct csc_classification *c)
{
    return !(policy->allowed_effects & 1U << c->core) ||
           csc_names_contain(&policy->manual_approval_effects, c->effect_type) ||
           csc_names_contain(&policy->manual_approval_effects, csc_effect_names[c->core]);
}

/* Subcommands of allowed programs that nothing else stops: those whose effect leaves the working copy, or the others.
 */
static void report_unguarded(struct csc_linting *linting, bool is_grave)
{
    const struct csc_policy *policy = linting->policy;

    for (size_t i = 0; i < policy->deny_argv_prefix_count; i++) {
        const struct csc_argv *argv = &policy->deny_argv_prefixes[i];
        if (argv->count < 2 || argv->items[1][0] == '-' || !is_allowed(linting, i))
            continue;
        if (!csc_lint_may_spend(linting, CLASSIFYING))
            return;
        const struct csc_classification c = classify(policy, argv);
        bool is_ruled = c.rule && c.core >= CSC_EFFECT_MUTATE_REPO;
        if (is_ruled == is_grave && !(c.rule && is_stopped(policy, &c)))
            report(linting, i, is_grave ? c.effect_type : NULL);
    }
}

void csc_lint_denial_sole_guard(struct csc_linting *linting)
{
    report_unguarded(linting, true);
}

void csc_lint_denial_evadable(struct csc_linting *linting)
{
    report_unguarded(linting, false);
}
