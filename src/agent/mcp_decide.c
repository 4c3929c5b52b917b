/* SPDX-License-Identifier: Apache-2.0 */
/* What is answered without running anything: check, explain, policy. */
#include <string.h>

#include "agent/mcp_parts.h"

static void explanation_cleanup(struct csc_explanation **explanation)
{
    csc_explanation_free(*explanation);
}

static void decision_cleanup(struct csc_decision **decision)
{
    csc_decision_free(*decision);
}

#define _cleanup_explanation_ _cleanup_(explanation_cleanup)
#define _cleanup_decision_ _cleanup_(decision_cleanup)

/* ---- parts -------------------------------------------------------------------------------------------------- */

void csc_mcp_add_members(struct csc_object *object, const struct csc_value *members)
{
    for (size_t i = 0; i < members->count; i++)
        csc_object_value(object, members->members[i].key, members->members[i].value);
}

/* A tree whose strings belong to others, copied by way of its text: it outlives them. */
static int keep(struct csc_arena *arena, const struct csc_value *value, struct csc_value *ret_kept,
                struct csc_error *err)
{
    _cleanup_buf_ struct csc_buf text = {0};

    csc_canon_write(&text, value);
    return text.failed ? csc_fail_memory(err) : csc_json_parse(arena, text.data, text.size, ret_kept, err);
}

static int note_value(struct csc_arena *arena, const struct csc_proposed_note *note, struct csc_value *ret_value,
                      struct csc_error *err)
{
    struct csc_object object;

    csc_object_begin(&object, arena, 4);
    csc_object_string(&object, "command_id", note->command_id);
    csc_object_string(&object, "field", note->field);
    csc_object_string(&object, "value", note->value);
    csc_object_string(&object, "why", note->why);
    return csc_object_end(&object, ret_value, err);
}

int csc_mcp_scopes(struct csc_mcp_call *call, struct csc_error *err)
{
    const struct csc_proposed *proposed = call->asked.proposed;
    size_t count = proposed ? proposed->note_count : 0;
    struct csc_value list = {.type = CSC_ARRAY, .count = count < CSC_MCP_SCOPES_MAX ? count : CSC_MCP_SCOPES_MAX};

    list.items = csc_arena_array(&call->arena, list.count + 1, sizeof(struct csc_value));
    if (!list.items)
        return csc_fail_memory(err);
    for (size_t i = 0; i < list.count; i++) {
        int r = note_value(&call->arena, &proposed->notes[i], &list.items[i], err);
        if (r < 0)
            return r;
    }
    call->scopes_left_out = count - list.count;
    return keep(&call->arena, &list, &call->scopes, err);
}

void csc_mcp_add_scopes(struct csc_object *object, const struct csc_mcp_call *call)
{
    csc_object_value(object, "scopes", call->scopes);
    if (call->scopes_left_out > 0)
        csc_object_int(object, "scopes_left_out", (int64_t)call->scopes_left_out);
}

static const char *deciding_rule(const struct csc_explanation *explanation)
{
    for (size_t i = 0; i < explanation->finding_count; i++)
        if (explanation->findings[i].decided)
            return explanation->findings[i].rule;
    return "unknown";
}

/* Findings, changes, and the decision with them. */
static int explain(struct csc_mcp_call *call, const struct csc_decision *decision, const char **ret_rule,
                   struct csc_value *ret_explained, struct csc_error *err)
{
    _cleanup_explanation_ struct csc_explanation *explanation = NULL;
    struct csc_value value = {0}, changes = {0};

    int r = csc_explain(call->asked.contract, call->asked.policy, &explanation, err);
    if (r == 0)
        r = csc_explanation_value(explanation, decision, &call->arena, &value, err);
    if (r == 0)
        r = csc_mcp_changes(call, explanation, &changes, err);
    for (size_t i = 0; r == 0 && i < value.count; i++)
        if (strcmp(value.members[i].key, "changes") == 0)
            value.members[i].value = changes;
    if (r == 0)
        r = keep(&call->arena, &value, ret_explained, err);
    if (r < 0)
        return r;
    const char *rule = deciding_rule(explanation);
    *ret_rule = csc_arena_copy(&call->arena, rule, strlen(rule));
    return *ret_rule ? 0 : csc_fail_memory(err);
}

int csc_mcp_denial(struct csc_mcp_call *call, const struct csc_decision *decision, struct csc_value *ret_denial,
                   struct csc_error *err)
{
    struct csc_value explained = {0};
    struct csc_object object;
    const char *rule = NULL;

    int r = explain(call, decision, &rule, &explained, err);
    if (r < 0)
        return r;
    const struct csc_value *changes = csc_value_get(&explained, "changes");
    const struct csc_value *with = csc_value_get(&explained, "decision_with_changes");
    const struct csc_value *field = changes && changes->count > 0 ? csc_value_get(&changes->items[0], "field") : NULL;
    const char *reason = csc_arena_copy(&call->arena, decision->reason, strlen(decision->reason));
    if (!changes || !with || !reason)
        return csc_fail_memory(err);
    csc_object_begin(&object, &call->arena, 6);
    csc_object_string(&object, "reason_code", csc_reason_name(decision->code));
    csc_object_string(&object, "reason", reason);
    csc_object_string(&object, "rule", rule);
    if (field)
        csc_object_value(&object, "field", *field);
    csc_object_value(&object, "smallest_change", *changes);
    csc_object_value(&object, "decision_with_changes", *with);
    return csc_object_end(&object, ret_denial, err);
}

/* ---- check and explain -------------------------------------------------------------------------------------- */

static int decide(struct csc_mcp *mcp, struct csc_mcp_call *call, const struct csc_value *arguments,
                  struct csc_decision **ret_decision, struct csc_error *err)
{
    int r = csc_mcp_ask(mcp, call, arguments, err);

    if (r == 0)
        r = csc_contract_check_limits(call->asked.contract, err);
    return r < 0 ? r : csc_decide(call->asked.contract, call->asked.policy, ret_decision, err);
}

/* What hardened mode would not start, whatever the policy says. */
static const char *blocked_program(const struct csc_mcp *mcp, struct csc_mcp_call *call)
{
    const struct csc_contract *contract = call->asked.contract;

    if (!mcp->options->hardened)
        return NULL;
    for (size_t i = 0; i < contract->command_count; i++)
        for (size_t k = 0; k < contract->commands[i].argv_count; k++) {
            const char *program = contract->commands[i].argvs[k].items[0];
            if (csc_config_blocks(mcp->options->config, program))
                return csc_arena_printf(
                    &call->arena, "hardened mode does not start '%s' unless the configuration says otherwise", program);
        }
    return NULL;
}

static int begin_answer(struct csc_mcp *mcp, struct csc_mcp_call *call, const struct csc_decision *decision,
                        struct csc_object *object, struct csc_error *err)
{
    const char *hash = csc_arena_copy(&call->arena, decision->contract_sha256, CSC_SHA256_HEX - 1);
    const char *note = blocked_program(mcp, call);

    int r = csc_mcp_scopes(call, err);
    if (r < 0 || !hash)
        return r < 0 ? r : csc_fail_memory(err);
    csc_object_begin(object, &call->arena, 16);
    csc_object_string(object, "status", csc_verdict_names[decision->verdict]);
    csc_object_string(object, "contract_sha256", hash);
    csc_mcp_add_scopes(object, call);
    if (note)
        csc_object_string(object, "message", note);
    return 0;
}

int csc_mcp_check(struct csc_mcp *mcp, struct csc_mcp_call *call, const struct csc_value *arguments,
                  struct csc_error *err)
{
    _cleanup_decision_ struct csc_decision *decision = NULL;
    struct csc_value denial = {0};
    struct csc_object object;

    int r = decide(mcp, call, arguments, &decision, err);
    if (r == 0)
        r = begin_answer(mcp, call, decision, &object, err);
    if (r == 0 && decision->verdict == CSC_DENY)
        r = csc_mcp_denial(call, decision, &denial, err);
    if (r < 0)
        return r;
    if (decision->verdict == CSC_DENY)
        csc_mcp_add_members(&object, &denial);
    else
        csc_object_string(&object, "reason_code", csc_reason_name(decision->code));
    call->has_answer = true;
    return csc_object_end(&object, &call->answer, err);
}

int csc_mcp_explain(struct csc_mcp *mcp, struct csc_mcp_call *call, const struct csc_value *arguments,
                    struct csc_error *err)
{
    _cleanup_decision_ struct csc_decision *decision = NULL;
    struct csc_value explained = {0};
    struct csc_object object;
    const char *rule = NULL;

    int r = decide(mcp, call, arguments, &decision, err);
    if (r == 0)
        r = begin_answer(mcp, call, decision, &object, err);
    if (r == 0)
        r = explain(call, decision, &rule, &explained, err);
    if (r < 0)
        return r;
    csc_object_string(&object, "reason_code", csc_reason_name(decision->code));
    csc_object_string(&object, "rule", rule);
    csc_mcp_add_members(&object, &explained);
    csc_object_value(&object, "contract", *call->asked.contract->canonical);
    call->has_answer = true;
    return csc_object_end(&object, &call->answer, err);
}

/* ---- policy ------------------------------------------------------------------------------------------------- */

/* Names of the bits that are set. */
static void add_set(struct csc_object *object, struct csc_arena *arena, const char *key, unsigned set,
                    const char *const *names)
{
    const char *found[16];
    size_t count = 0;

    for (size_t i = 0; names[i] && count < ARRAY_SIZE(found); i++)
        if (set & 1U << i)
            found[count++] = names[i];
    csc_object_strings(object, arena, key, found, count);
}

static void add_names(struct csc_object *object, struct csc_arena *arena, const char *key,
                      const struct csc_names *names)
{
    csc_object_strings(object, arena, key, names->items, names->count);
}

static int denied_prefixes(struct csc_arena *arena, const struct csc_policy *policy, struct csc_value *ret_value,
                           struct csc_error *err)
{
    struct csc_value list = {.type = CSC_ARRAY, .count = policy->deny_argv_prefix_count};

    list.items = csc_arena_array(arena, list.count + 1, sizeof(struct csc_value));
    for (size_t i = 0; i < list.count && list.items; i++) {
        const struct csc_argv *prefix = &policy->deny_argv_prefixes[i];
        struct csc_value *words = csc_arena_array(arena, prefix->count + 1, sizeof(*words));
        if (!words)
            return csc_fail_memory(err);
        for (size_t k = 0; k < prefix->count; k++)
            words[k] = csc_value_string(prefix->items[k]);
        list.items[i] = (struct csc_value){.type = CSC_ARRAY, .count = prefix->count, .items = words};
    }
    if (!list.items)
        return csc_fail_memory(err);
    *ret_value = list;
    return 0;
}

static const char *summary(struct csc_mcp *mcp, struct csc_mcp_call *call)
{
    const struct csc_policy *policy = call->asked.policy;
    bool writes = !policy->require_write_paths_empty && policy->cwd_prefixes.count > 0 &&
                  policy->write_prefixes.count > 0;

    return csc_arena_printf(
        &call->arena,
        "Programs in `commands` may run, by exactly these names, unless their arguments begin like one of "
        "`denied_prefixes`; each for at most %lld seconds, with its cwd, files to read%s below the prefixes given. "
        "%sWhat changes things needs an effect out of `effects`; those in `approval_for` wait for a person. %s",
        (long long)policy->max_timeout_sec, writes ? " and to write" : "", writes ? "" : "Nothing may be written. ",
        mcp->options->hardened ? "Each command runs in a sandbox that shows nothing else."
                               : "Commands run without isolation (local mode).");
}

#define GRAMMAR                                                                                                        \
    "A shell line is words, quotes and escapes, pipes, '&&' and newlines, and '<', '>', '>>', '2>&1' with plain "      \
    "files ('>' is tee: it prints, too); no shell reads it.\n"                                                         \
    "No $variables, $(...), globs, ';', '||', '&' or here-documents: what they stand for has to be written out."

static int policy_value(struct csc_mcp *mcp, struct csc_mcp_call *call, struct csc_error *err)
{
    const struct csc_policy *policy = call->asked.policy;
    struct csc_arena *arena = &call->arena;
    const char *words = summary(mcp, call);
    struct csc_value prefixes = {0};
    struct csc_object object;

    int r = words ? denied_prefixes(arena, policy, &prefixes, err) : csc_fail_memory(err);
    if (r < 0)
        return r;
    csc_object_begin(&object, arena, 24);
    csc_object_string(&object, "status", "ok");
    csc_object_string(&object, "name", policy->name);
    csc_object_string(&object, "policy_sha256", policy->sha256);
    csc_object_string(&object, "mode", mcp->options->hardened ? "hardened" : "local");
    csc_object_string(&object, "cwd", mcp->options->cwd);
    csc_object_string(&object, "summary", words);
    csc_object_string(&object, "shell_lines", GRAMMAR);
    add_names(&object, arena, "commands", &policy->allow_commands);
    csc_object_value(&object, "denied_prefixes", prefixes);
    add_set(&object, arena, "effects", policy->allowed_effects, csc_effect_names);
    add_names(&object, arena, "approval_for", &policy->manual_approval_effects);
    add_set(&object, arena, "risk_classes", policy->allowed_risks, csc_risk_names);
    csc_object_int(&object, "max_timeout_sec", policy->max_timeout_sec);
    csc_object_string(&object, "network", csc_network_names[policy->network]);
    add_names(&object, arena, "egress_hosts", &policy->egress_hosts);
    csc_object_bool(&object, "secrets", policy->allow_secret_refs);
    csc_object_bool(&object, "read_only", policy->require_write_paths_empty);
    add_names(&object, arena, "cwd_prefixes", &policy->cwd_prefixes);
    add_names(&object, arena, "read_prefixes", &policy->read_prefixes);
    add_names(&object, arena, "write_prefixes", &policy->write_prefixes);
    csc_object_bool(&object, "can_approve", mcp->options->can_approve);
    call->has_answer = true;
    return csc_object_end(&object, &call->answer, err);
}

int csc_mcp_show_policy(struct csc_mcp *mcp, struct csc_mcp_call *call, const struct csc_value *arguments,
                        struct csc_error *err)
{
    if (arguments->count > 0)
        return csc_fail_field(err, arguments->members[0].key, "it is unknown; policy takes no arguments");
    int r = csc_mcp_policy(mcp->options, &call->asked.policy, err);
    return r < 0 ? r : policy_value(mcp, call, err);
}
