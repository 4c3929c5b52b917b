/* SPDX-License-Identifier: Apache-2.0 */
/* Which allowed_egress_hosts make classification find an extension effect. The decision asks classify.c; these say
 * what an entry of a policy amounts to. */
#include <string.h>

#include "policy/classify.h"
#include "policy/match.h"

bool csc_extension_has_host(const struct csc_extension_rule *rule, const char *host)
{
    return csc_ascii_find(host, rule->host) != NULL;
}

bool csc_extension_has_program(const struct csc_extension_rule *rule, const char *program)
{
    const char *slash = strrchr(program, '/'), *name = slash ? slash + 1 : program;

    return csc_alternatives_have(rule->program, strlen(rule->program), name) ||
           csc_alternatives_have(csc_wrappers, strlen(csc_wrappers), name);
}

bool csc_extension_is_asked(const struct csc_extension_rule *rule, const struct csc_policy *policy)
{
    return policy->allowed_effects & 1U << rule->core &&
           csc_names_contain(&policy->manual_approval_effects, rule->effect_type) &&
           !csc_names_contain(&policy->manual_approval_effects, csc_effect_names[rule->core]);
}
