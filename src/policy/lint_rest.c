/* SPDX-License-Identifier: Apache-2.0 */
/* Lint: network, secrets, effects and approvals, time. */
#include <string.h>

#include "policy/classify.h"
#include "policy/lint_rules.h"
#include "policy/match.h"

enum { LOOKING_UP = 50 }; /* a program in the tables of classification: what that costs, in comparisons */

static const char hosts_field[] = "allowed_egress_hosts";
static const char approvals_field[] = "manual_approval_for_classified_effect_types";
static const char effects_field[] = "allowed_effect_types";

/* One finding about a field as a whole. */
static void report_if(struct csc_linting *linting, bool holds, const char *field)
{
    if (holds)
        csc_lint_report(linting, field, CSC_LINT_WHOLE, NULL, NULL);
}

/* ---- network and secrets ------------------------------------------------------------------------------------ */

void csc_lint_network_full(struct csc_linting *linting)
{
    report_if(linting, linting->policy->network == CSC_NETWORK_FULL, "network");
}

void csc_lint_network_no_hosts(struct csc_linting *linting)
{
    report_if(linting, linting->policy->network == CSC_NETWORK_ALLOWLISTED && linting->policy->egress_hosts.count == 0,
              "network");
}

void csc_lint_network_allowlisted(struct csc_linting *linting)
{
    report_if(linting, linting->policy->network == CSC_NETWORK_ALLOWLISTED, "network");
}

/* A program that the rule can match is allowed. */
static bool is_reachable(struct csc_linting *linting, const struct csc_extension_rule *rule)
{
    const struct csc_names *commands = &linting->policy->allow_commands;

    for (size_t i = 0; i < commands->count; i++)
        if (!csc_lint_may_spend(linting, LOOKING_UP) || csc_extension_has_program(rule, commands->items[i]))
            return true;
    return false;
}

/* The extension effects that hosts of the policy make somebody be asked about: bit 1 << position of the rule. */
static unsigned asking_rules(struct csc_linting *linting)
{
    unsigned rules = 0;

    for (size_t i = 0; csc_extension_rules[i].program; i++)
        if (csc_extension_is_asked(&csc_extension_rules[i], linting->policy) &&
            is_reachable(linting, &csc_extension_rules[i]))
            rules |= 1U << i;
    return rules;
}

static bool is_asking(unsigned rules, const char *host)
{
    for (size_t i = 0; csc_extension_rules[i].program; i++)
        if (rules & 1U << i && csc_extension_has_host(&csc_extension_rules[i], host))
            return true;
    return false;
}

/* One finding for all of them, or, where some are of use to classification, one for each other. */
void csc_lint_hosts_unused(struct csc_linting *linting)
{
    const struct csc_names *hosts = &linting->policy->egress_hosts;
    unsigned rules = asking_rules(linting);
    size_t used = 0;

    if (linting->policy->network == CSC_NETWORK_ALLOWLISTED)
        return;
    for (size_t i = 0; i < hosts->count; i++)
        used += is_asking(rules, hosts->items[i]);
    report_if(linting, used == 0 && hosts->count > 0, hosts_field);
    for (size_t i = 0; used > 0 && i < hosts->count; i++)
        if (!is_asking(rules, hosts->items[i]))
            csc_lint_report(linting, hosts_field, (ptrdiff_t)i, hosts->items[i], NULL);
}

static void report_hosts(struct csc_linting *linting, bool (*is_bad)(const char *host))
{
    const struct csc_names *hosts = &linting->policy->egress_hosts;

    for (size_t i = 0; i < hosts->count; i++)
        if (is_bad(hosts->items[i]))
            csc_lint_report(linting, hosts_field, (ptrdiff_t)i, hosts->items[i], NULL);
}

/* A scheme, a path, a port, a wildcard, a user. */
static bool is_malformed(const char *host)
{
    static const char name[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";

    return host[strspn(host, name)] != '\0' || host[0] == '.' || host[0] == '-';
}

void csc_lint_host_malformed(struct csc_linting *linting)
{
    report_hosts(linting, is_malformed);
}

/* The machine itself, its network's services, and where clouds hand out credentials (RFC 1918, 3927, 6761). */
static bool is_inside(const char *host)
{
    static const char *const names[] = {"localhost", "metadata.google.internal", "metadata", "instance-data", NULL};
    static const char *const begins[] = {"127.", "10.", "192.168.", "169.254.", "0.", "::1", "[::1]", "fd00:", NULL};

    for (const char *const *n = names; *n; n++)
        if (strlen(*n) == strlen(host) && csc_ascii_equal(host, *n, strlen(*n)))
            return true;
    for (const char *const *b = begins; *b; b++)
        if (strncmp(host, *b, strlen(*b)) == 0 && host[strspn(host, "0123456789abcdefABCDEF.:[]")] == '\0')
            return true;
    return false;
}

void csc_lint_host_inside(struct csc_linting *linting)
{
    report_hosts(linting, is_inside);
}

void csc_lint_secrets(struct csc_linting *linting)
{
    report_if(linting, linting->policy->allow_secret_refs, "allow_secret_refs");
}

/* ---- effects and approvals ---------------------------------------------------------------------------------- */

static bool allows(const struct csc_policy *policy, int effect)
{
    return policy->allowed_effects & 1U << effect;
}

void csc_lint_approval_unknown(struct csc_linting *linting)
{
    const struct csc_names *effects = &linting->policy->manual_approval_effects;

    for (size_t i = 0; i < effects->count; i++)
        if (csc_effect_core(effects->items[i]) < 0)
            csc_lint_report(linting, approvals_field, (ptrdiff_t)i, effects->items[i], NULL);
}

/* Effects whose core effect is denied: core ones, whose readers think that an approval allows them, or extensions. */
static void report_unreachable(struct csc_linting *linting, bool is_core)
{
    const struct csc_names *effects = &linting->policy->manual_approval_effects;

    for (size_t i = 0; i < effects->count; i++) {
        int core = csc_effect_core(effects->items[i]);
        if (core >= 0 && !allows(linting->policy, core) &&
            (strcmp(csc_effect_names[core], effects->items[i]) == 0) == is_core)
            csc_lint_report(linting, approvals_field, (ptrdiff_t)i, effects->items[i], NULL);
    }
}

void csc_lint_approval_unreachable(struct csc_linting *linting)
{
    report_unreachable(linting, true);
}

void csc_lint_approval_idle(struct csc_linting *linting)
{
    report_unreachable(linting, false);
}

static bool is_unasked(const struct csc_policy *policy, enum csc_effect effect)
{
    return allows(policy, (int)effect) &&
           !csc_names_contain(&policy->manual_approval_effects, csc_effect_names[effect]);
}

void csc_lint_deploy_alone(struct csc_linting *linting)
{
    report_if(linting, is_unasked(linting->policy, CSC_EFFECT_DEPLOY), effects_field);
}

void csc_lint_secrets_alone(struct csc_linting *linting)
{
    report_if(linting, is_unasked(linting->policy, CSC_EFFECT_TOUCH_SECRETS), effects_field);
}

void csc_lint_critical_alone(struct csc_linting *linting)
{
    report_if(linting,
              linting->policy->allowed_risks & 1U << CSC_RISK_CRITICAL &&
                  linting->policy->manual_approval_effects.count == 0,
              "allowed_risk_classes");
}

/* A rule of classification for this effect names the program, or the program can start any other. */
static bool can_have(enum csc_effect effect, const char *program)
{
    const char *name = csc_lint_basename(program);

    if (csc_alternatives_have(csc_wrappers, strlen(csc_wrappers), name))
        return true;
    for (const struct csc_effect_rule *rule = csc_effect_rules; rule->pattern; rule++)
        if (rule->effect == effect && csc_alternatives_have(rule->pattern, strcspn(rule->pattern, " "), name))
            return true;
    return false;
}

static bool any_can_have(struct csc_linting *linting, enum csc_effect effect)
{
    const struct csc_names *commands = &linting->policy->allow_commands;

    for (size_t i = 0; i < commands->count; i++)
        if (!csc_lint_may_spend(linting, LOOKING_UP) || can_have(effect, commands->items[i]))
            return true;
    return false;
}

/* Not touch_secrets: paths have that effect, too, under any program. */
void csc_lint_effect_unused(struct csc_linting *linting)
{
    for (enum csc_effect effect = CSC_EFFECT_FETCH_EXTERNAL; effect <= CSC_EFFECT_DEPLOY; effect++)
        if (allows(linting->policy, (int)effect) && !any_can_have(linting, effect))
            csc_lint_report(linting, effects_field, CSC_LINT_WHOLE, csc_effect_names[effect], NULL);
}

/* ---- time --------------------------------------------------------------------------------------------------- */

enum { LONG_SEC = 4 * 3600, CONTRACT_SEC = 86400 }; /* the second: the most that a contract can ask for */

void csc_lint_timeout_beyond(struct csc_linting *linting)
{
    report_if(linting, linting->policy->max_timeout_sec > CONTRACT_SEC, "max_timeout_sec");
}

void csc_lint_timeout_long(struct csc_linting *linting)
{
    report_if(linting, linting->policy->max_timeout_sec > LONG_SEC && linting->policy->max_timeout_sec <= CONTRACT_SEC,
              "max_timeout_sec");
}
