/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/propose.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/scopes.h"

enum { INTENT_MAX = 1000, JUSTIFICATION_MAX = 4000 }; /* characters: protocol section 1.1 */

/* What a contract is made of, while it is made. */
struct drafting {
    struct csc_arena *arena;
    const struct csc_proposal *proposal;
    const struct csc_policy *policy; /* or NULL */
    struct csc_error *err;
    struct csc_proposed_note *notes;
    size_t note_count;
    enum csc_effect strongest; /* of the commands so far */
};

static void free_proposed(struct csc_proposed **proposed)
{
    csc_proposed_free(*proposed);
}

/* ---- what a command does -------------------------------------------------------------------------------------- */

static struct csc_classification classify(const struct drafting *drafting, const struct csc_command *command)
{
    static const struct csc_policy nobody = {0};

    return csc_classify(command, drafting->policy ? drafting->policy : &nobody);
}

/* What the rules say; where they say nothing, the weaker of the two local effects that the policy allows. */
static enum csc_effect effect_of(const struct drafting *drafting, const struct csc_command *command)
{
    const struct csc_classification ruled = classify(drafting, command);
    enum csc_effect least = command->write_path_count > 0 ? CSC_EFFECT_TRANSFORM_LOCAL : CSC_EFFECT_OBSERVE;
    unsigned allowed = drafting->policy ? drafting->policy->allowed_effects : ~0U;

    if (ruled.rule)
        return ruled.core;
    if (!(allowed & 1U << least) && (allowed & 1U << CSC_EFFECT_TRANSFORM_LOCAL))
        return CSC_EFFECT_TRANSFORM_LOCAL;
    return least;
}

/* The policy's level, which is the most that it grants; under one that grants none, what the program would need: the
 * refusal then says why. */
static enum csc_network network_of(const struct drafting *drafting, struct csc_scoping *scoping,
                                   const struct csc_command *command)
{
    const struct csc_classification ruled = classify(drafting, command);

    if (scoping->command->network >= 0)
        return (enum csc_network)scoping->command->network;
    if (!ruled.rule || (ruled.core != CSC_EFFECT_FETCH_EXTERNAL && ruled.core != CSC_EFFECT_DEPLOY))
        return CSC_NETWORK_DENY;
    enum csc_network level = drafting->policy && drafting->policy->network != CSC_NETWORK_DENY
                                 ? drafting->policy->network
                                 : CSC_NETWORK_FULL;
    csc_scopes_note(scoping, "network", csc_network_names[level], ruled.rule);
    return level;
}

enum csc_risk csc_risk_of_effect(enum csc_effect effect)
{
    static const enum csc_risk classes[] = {
        [CSC_EFFECT_OBSERVE] = CSC_RISK_LOW,           [CSC_EFFECT_TRANSFORM_LOCAL] = CSC_RISK_LOW,
        [CSC_EFFECT_FETCH_EXTERNAL] = CSC_RISK_MEDIUM, [CSC_EFFECT_MUTATE_REPO] = CSC_RISK_MEDIUM,
        [CSC_EFFECT_DEPLOY] = CSC_RISK_HIGH,           [CSC_EFFECT_TOUCH_SECRETS] = CSC_RISK_CRITICAL,
    };

    return classes[effect];
}

/* The least class of the effect that the policy allows; the class itself, for it to deny, where it allows none. */
static enum csc_risk risk_of(const struct drafting *drafting)
{
    enum csc_risk risk = csc_risk_of_effect(drafting->strongest);

    if (drafting->proposal->risk >= 0)
        return (enum csc_risk)drafting->proposal->risk;
    for (unsigned class = risk; drafting->policy && class <= CSC_RISK_CRITICAL; class ++)
        if (drafting->policy->allowed_risks & 1U << class)
            return (enum csc_risk) class;
    return risk;
}

static int64_t timeout_of(const struct drafting *drafting, const struct csc_proposed_command *command)
{
    int64_t most = drafting->policy ? drafting->policy->max_timeout_sec : CSC_PROPOSED_TIMEOUT_SEC;

    if (command->timeout_sec != 0)
        return command->timeout_sec;
    return most < CSC_PROPOSED_TIMEOUT_SEC ? most : CSC_PROPOSED_TIMEOUT_SEC;
}

/* ---- as JSON -------------------------------------------------------------------------------------------------- */

static int exec_value(struct csc_arena *arena, const struct csc_argv *argv, struct csc_value *ret_value,
                      struct csc_error *err)
{
    struct csc_object object;

    csc_object_begin(&object, arena, 1);
    csc_object_strings(&object, arena, "argv", (const char *const *)argv->items, argv->count);
    return csc_object_end(&object, ret_value, err);
}

static int programs_value(const struct drafting *drafting, const struct csc_proposed_command *command,
                          struct csc_value *ret_value)
{
    struct csc_value segments = {.type = CSC_ARRAY, .count = command->argv_count};
    struct csc_object object;

    if (command->argv_count == 1)
        return exec_value(drafting->arena, command->argvs, ret_value, drafting->err);
    segments.items = csc_arena_array(drafting->arena, segments.count + 1, sizeof(*segments.items));
    if (!segments.items)
        return csc_fail_memory(drafting->err);
    for (size_t i = 0; i < command->argv_count; i++) {
        int r = exec_value(drafting->arena, &command->argvs[i], &segments.items[i], drafting->err);
        if (r < 0)
            return r;
    }
    csc_object_begin(&object, drafting->arena, 1);
    csc_object_value(&object, "segments", segments);
    return csc_object_end(&object, ret_value, drafting->err);
}

static int command_value(struct drafting *drafting, const struct csc_proposed_command *command,
                         const struct csc_command *filled, struct csc_value *ret_value)
{
    const struct csc_proposal *proposal = drafting->proposal;
    struct csc_value programs;
    struct csc_object object;

    int r = programs_value(drafting, command, &programs);
    if (r < 0)
        return r;
    csc_object_begin(&object, drafting->arena, 10);
    csc_object_string(&object, "id", filled->id);
    csc_object_value(&object, command->argv_count == 1 ? "exec" : "pipeline", programs);
    csc_object_string(&object, "cwd", command->cwd);
    csc_object_strings(&object, drafting->arena, "read_paths", filled->read_paths, filled->read_path_count);
    csc_object_strings(&object, drafting->arena, "write_paths", filled->write_paths, filled->write_path_count);
    csc_object_string(&object, "network", csc_network_names[filled->network]);
    csc_object_strings(&object, drafting->arena, "env_allow", proposal->env_allow.items, proposal->env_allow.count);
    csc_object_strings(&object, drafting->arena, "secret_refs", proposal->secret_refs.items,
                       proposal->secret_refs.count);
    csc_object_int(&object, "timeout_sec", filled->timeout_sec);
    csc_object_string(&object, "proposed_effect_type", csc_effect_names[filled->proposed_effect]);
    return csc_object_end(&object, ret_value, drafting->err);
}

static int draft_command(struct drafting *drafting, size_t index, struct csc_value *ret_value)
{
    const struct csc_proposed_command *command = &drafting->proposal->commands[index];
    struct csc_command filled = {.id = csc_arena_printf(drafting->arena, "cmd_%zu", index + 1),
                                 .argvs = command->argvs,
                                 .argv_count = command->argv_count,
                                 .cwd = command->cwd,
                                 .timeout_sec = timeout_of(drafting, command)};
    struct csc_scoping scoping = {.arena = drafting->arena,
                                  .policy = drafting->policy,
                                  .command = command,
                                  .is_ruled = classify(drafting, &filled).rule != NULL,
                                  .command_id = filled.id,
                                  .notes = drafting->notes,
                                  .note_count = drafting->note_count};

    if (csc_glob_is_pattern(command->cwd))
        return csc_fail(drafting->err, CSC_E_DATA,
                        "the folder '%s' has a * ? or [ in its name, which in a scope is a pattern; rename it",
                        command->cwd);
    csc_scopes_fill(&scoping);
    filled.read_paths = scoping.reads.items;
    filled.read_path_count = scoping.reads.count;
    filled.write_paths = scoping.writes.items;
    filled.write_path_count = scoping.writes.count;
    filled.network = network_of(drafting, &scoping, &filled);
    filled.proposed_effect = effect_of(drafting, &filled);
    drafting->notes = scoping.notes;
    drafting->note_count = scoping.note_count;
    if (scoping.overflowed)
        return csc_fail(drafting->err, CSC_E_DATA, "command %zu names more than %d paths; make several commands of it",
                        index + 1, CSC_PROPOSED_PATHS_MAX);
    if (scoping.failed || !filled.id)
        return csc_fail_memory(drafting->err);
    if (filled.proposed_effect > drafting->strongest)
        drafting->strongest = filled.proposed_effect;
    return command_value(drafting, command, &filled, ret_value);
}

static int actor_value(const struct drafting *drafting, struct csc_value *ret_value)
{
    const struct csc_proposal *proposal = drafting->proposal;
    const char *user = proposal->initiating_user ? proposal->initiating_user
                                                 : csc_arena_printf(drafting->arena, "uid:%u", getuid());
    const char *delegation = proposal->delegation_scope ? proposal->delegation_scope : "shell commands";
    struct csc_object object;

    if (!user)
        return csc_fail_memory(drafting->err);
    csc_object_begin(&object, drafting->arena, 4);
    csc_object_string(&object, "agent_id", proposal->agent_id ? proposal->agent_id : "unknown");
    csc_object_string(&object, "session_id", proposal->session_id ? proposal->session_id : "none");
    csc_object_string(&object, "initiating_user", user);
    csc_object_string(&object, "delegation_scope", delegation);
    return csc_object_end(&object, ret_value, drafting->err);
}

/* ---- words for people ----------------------------------------------------------------------------------------- */

/* The commands in one line, as a shell reads them; it is no input to any decision. */
static char *words_of(const struct drafting *drafting)
{
    const struct csc_proposal *proposal = drafting->proposal;
    _cleanup_buf_ struct csc_buf line = {0};

    for (size_t i = 0; i < proposal->command_count; i++)
        for (size_t j = 0; j < proposal->commands[i].argv_count; j++) {
            const struct csc_argv *argv = &proposal->commands[i].argvs[j];
            csc_buf_puts(&line, j > 0 ? " | " : i > 0 ? " && " : "");
            for (size_t k = 0; k < argv->count; k++) {
                csc_buf_puts(&line, k > 0 ? " " : "");
                csc_shell_quote(&line, argv->items[k]);
            }
        }
    return line.failed ? NULL : csc_arena_copy(drafting->arena, line.data, line.size);
}

/* At most `max` characters of it. */
static const char *cut(const struct drafting *drafting, const char *text, size_t max)
{
    size_t at = 0;

    for (size_t i = 0; text[at] && i < max; i++)
        at += csc_utf8_sequence((const unsigned char *)text + at, strlen(text + at));
    return text[at] ? csc_arena_copy(drafting->arena, text, at) : text;
}

/* ---- the contract --------------------------------------------------------------------------------------------- */

static int commands_value(struct drafting *drafting, struct csc_value *ret_value)
{
    size_t count = drafting->proposal->command_count;
    struct csc_value commands = {.type = CSC_ARRAY, .count = count};

    commands.items = csc_arena_array(drafting->arena, count + 1, sizeof(*commands.items));
    if (!commands.items)
        return csc_fail_memory(drafting->err);
    for (size_t i = 0; i < count; i++) {
        int r = draft_command(drafting, i, &commands.items[i]);
        if (r < 0)
            return r;
    }
    *ret_value = commands;
    return 0;
}

/* With the id given; the rest is the same every time. */
static int contract_value(const struct drafting *drafting, const struct csc_value *commands, const char *id,
                          struct csc_value *ret_value)
{
    const struct csc_proposal *proposal = drafting->proposal;
    const char *words = words_of(drafting), *intent = proposal->intent, *justification = proposal->justification;
    struct csc_object object;
    struct csc_value actor;

    int r = actor_value(drafting, &actor);
    if (r < 0)
        return r;
    intent = words ? cut(drafting, intent ? intent : words, INTENT_MAX) : NULL;
    justification = words ? cut(drafting, justification ? justification : words, JUSTIFICATION_MAX) : NULL;
    if (!intent || !justification)
        return csc_fail_memory(drafting->err);
    csc_object_begin(&object, drafting->arena, 9);
    csc_object_string(&object, "version", "csc.v0.1");
    csc_object_string(&object, "contract_id", id);
    csc_object_string(&object, "intent", intent);
    csc_object_value(&object, "actor", actor);
    csc_object_value(&object, "commands", *commands);
    csc_object_string(&object, "risk_class", csc_risk_names[risk_of(drafting)]);
    csc_object_string(&object, "approval_mode", csc_approval_mode_names[CSC_APPROVAL_POLICY_ONLY]);
    csc_object_strings(&object, drafting->arena, "expected_outputs", NULL, 0);
    csc_object_string(&object, "justification", justification);
    return csc_object_end(&object, ret_value, drafting->err);
}

static int draft(struct drafting *drafting, struct csc_value *ret_value)
{
    char hex[CSC_SHA256_HEX];
    struct csc_value commands;

    int r = commands_value(drafting, &commands);
    if (r == 0)
        r = contract_value(drafting, &commands, "", ret_value);
    if (r == 0)
        r = csc_canon_sha256(ret_value, hex, drafting->err);
    if (r < 0)
        return r;
    const char *id = csc_arena_printf(drafting->arena, "proposed-%.32s", hex);
    return id ? contract_value(drafting, &commands, id, ret_value) : csc_fail_memory(drafting->err);
}

static int propose(const struct csc_proposal *proposal, const struct csc_policy *policy,
                   struct csc_proposed **ret_proposed, struct csc_error *err)
{
    _cleanup_(free_proposed) struct csc_proposed *proposed = calloc(1, sizeof(*proposed));
    _cleanup_buf_ struct csc_buf json = {0};
    struct csc_value value;

    if (!proposed)
        return csc_fail_memory(err);
    struct drafting drafting = {.arena = &proposed->arena, .proposal = proposal, .policy = policy, .err = err};
    int r = draft(&drafting, &value);
    if (r < 0)
        return r;
    csc_json_write(&json, &value);
    if (json.failed)
        return csc_fail_memory(err);
    /* Parsed like everybody's: nothing that this file built is trusted for having been built here. */
    r = csc_contract_parse(json.data, json.size, &proposed->contract, err);
    if (r < 0)
        return r;
    proposed->json = csc_buf_take(&json);
    proposed->notes = drafting.notes;
    proposed->note_count = drafting.note_count;
    *ret_proposed = TAKE_PTR(proposed);
    return 0;
}

int csc_propose(const struct csc_proposal *proposal, const struct csc_policy *policy,
                struct csc_proposed **ret_proposed, struct csc_error *err)
{
    return csc_error_in_stage(err, "proposal", propose(proposal, policy, ret_proposed, err));
}

void csc_proposed_free(struct csc_proposed *proposed)
{
    if (!proposed)
        return;
    csc_contract_free(proposed->contract);
    free(proposed->json);
    csc_arena_free(&proposed->arena);
    free(proposed);
}

struct csc_proposed_command *csc_propose_line(struct csc_arena *arena, const struct csc_shell_line *line,
                                              int64_t timeout_sec)
{
    struct csc_proposed_command *commands = csc_arena_array(arena, line->count, sizeof(*commands));

    for (size_t i = 0; commands && i < line->count; i++)
        commands[i] = (struct csc_proposed_command){.argvs = line->commands[i].argvs,
                                                    .argv_count = line->commands[i].argv_count,
                                                    .cwd = line->commands[i].cwd,
                                                    .network = -1,
                                                    .timeout_sec = timeout_sec};
    return commands;
}
