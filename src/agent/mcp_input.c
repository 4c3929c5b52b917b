/* SPDX-License-Identifier: Apache-2.0 */
/* From the arguments of a tool to a contract. */
#include <stdio.h>
#include <string.h>

#include "agent/mcp_parts.h"

/* ---- what is accepted --------------------------------------------------------------------------------------- */

/* One command, as it is asked for: exactly one of argv, pipeline and shell. */
struct asked_command {
    struct csc_list argv, pipeline; /* strings; lists of strings */
    const char *shell;
    bool has_argv, has_pipeline, has_shell;
    const char *cwd;
    struct csc_list read_paths, write_paths;
    int network;
    bool has_network;
    int64_t timeout_sec;
};

struct asked_text {
    const char *shell;
    struct csc_list commands; /* of struct asked_command */
    bool has_shell, has_commands;
    const char *cwd;
    int64_t timeout_sec;
    struct csc_list env_allow;
    const char *intent, *justification;
};

enum { PIPELINE_MAX = 10, COMMANDS_MAX = 20, TIMEOUT_MAX = 86400, PATHS_MAX = 256, ENVIRONMENT_MAX = 64 };

static const struct csc_shape line = {
    .kind = CSC_KIND_STRING, .size = sizeof(const char *), .min = 1, .max = CSC_SHELL_BYTES_MAX};
static const struct csc_shape intent = {.kind = CSC_KIND_STRING, .size = sizeof(const char *), .min = 1, .max = 1000};
static const struct csc_shape justification = {
    .kind = CSC_KIND_STRING, .size = sizeof(const char *), .min = 1, .max = 4000};
static const struct csc_shape timeout = {.kind = CSC_KIND_INT, .size = sizeof(int64_t), .min = 1, .max = TIMEOUT_MAX};
static const struct csc_shape network = {.kind = CSC_KIND_ENUM, .size = sizeof(int), .names = csc_network_names};
static const struct csc_shape paths = {
    .kind = CSC_KIND_ARRAY, .size = sizeof(struct csc_list), .item = &csc_shape_path, .max = PATHS_MAX};
static const struct csc_shape words = {.kind = CSC_KIND_ARRAY,
                                       .size = sizeof(struct csc_list),
                                       .item = &csc_shape_text,
                                       .min = 1,
                                       .max = CSC_ARGV_COUNT_MAX};
static const struct csc_shape environment = {
    .kind = CSC_KIND_ARRAY, .size = sizeof(struct csc_list), .item = &csc_shape_text, .max = ENVIRONMENT_MAX};
static const struct csc_shape pipeline = {
    .kind = CSC_KIND_ARRAY, .size = sizeof(struct csc_list), .item = &words, .min = 2, .max = PIPELINE_MAX};

static const struct csc_field command_fields[] = {
    CSC_OPTIONAL_FLAG(asked_command, argv, &words, has_argv),
    CSC_OPTIONAL_FLAG(asked_command, pipeline, &pipeline, has_pipeline),
    CSC_OPTIONAL_FLAG(asked_command, shell, &line, has_shell),
    CSC_OPTIONAL(asked_command, cwd, &csc_shape_path),
    CSC_OPTIONAL(asked_command, read_paths, &paths),
    CSC_OPTIONAL(asked_command, write_paths, &paths),
    CSC_OPTIONAL_FLAG(asked_command, network, &network, has_network),
    CSC_OPTIONAL(asked_command, timeout_sec, &timeout),
    CSC_FIELDS_END,
};
static const struct csc_shape command = {
    .kind = CSC_KIND_OBJECT, .size = sizeof(struct asked_command), .fields = command_fields};
static const struct csc_shape commands = {
    .kind = CSC_KIND_ARRAY, .size = sizeof(struct csc_list), .item = &command, .min = 1, .max = COMMANDS_MAX};
static const struct csc_field text_fields[] = {
    CSC_OPTIONAL_FLAG(asked_text, shell, &line, has_shell),
    CSC_OPTIONAL_FLAG(asked_text, commands, &commands, has_commands),
    CSC_OPTIONAL(asked_text, cwd, &csc_shape_path),
    CSC_OPTIONAL(asked_text, timeout_sec, &timeout),
    CSC_OPTIONAL(asked_text, env_allow, &environment),
    CSC_OPTIONAL(asked_text, intent, &intent),
    CSC_OPTIONAL(asked_text, justification, &justification),
    CSC_FIELDS_END,
};
static const struct csc_shape whole = {
    .kind = CSC_KIND_OBJECT, .size = sizeof(struct asked_text), .fields = text_fields};

/* ---- commands ----------------------------------------------------------------------------------------------- */

/* What is being made of them. */
struct making {
    struct csc_mcp_call *call;
    const struct asked_text *text;
    const char *cwd;
    struct csc_proposed_command commands[COMMANDS_MAX];
    size_t count;
};

static struct csc_argv argv_of(const struct csc_list *list)
{
    return (struct csc_argv){.items = list->items, .count = list->count};
}

static struct csc_strings strings_of(const struct csc_list *list)
{
    return (struct csc_strings){.items = list->items, .count = list->count};
}

static int join(struct csc_arena *arena, struct csc_strings *strings, const struct csc_list *more,
                struct csc_error *err)
{
    if (more->count == 0)
        return 0;
    const char **items = csc_arena_array(arena, strings->count + more->count, sizeof(*items));
    if (!items)
        return csc_fail_memory(err);
    if (strings->count > 0)
        memcpy(items, strings->items, strings->count * sizeof(*items));
    memcpy(items + strings->count, more->items, more->count * sizeof(*items));
    *strings = (struct csc_strings){items, strings->count + more->count};
    return 0;
}

static int add(struct making *making, const struct csc_proposed_command *made, struct csc_error *err)
{
    if (making->count == COMMANDS_MAX)
        return csc_fail_field(err, "commands", "there are more than %d commands; run them in several calls",
                              COMMANDS_MAX);
    making->commands[making->count++] = *made;
    return 0;
}

/* Why a shell line says more than a contract can, as an object beside the error. */
static void keep_refusal(struct csc_mcp_call *call, const struct csc_shell_refusal *refusal)
{
    const char *copies[] = {refusal->what, refusal->instead, refusal->field};
    static const char *const names[] = {"what", "instead", "field"};
    struct csc_object object;

    csc_object_begin(&object, &call->arena, 5);
    for (size_t i = 0; i < ARRAY_SIZE(copies); i++) {
        _cleanup_buf_ struct csc_buf safe = {0};
        if (!copies[i])
            continue;
        csc_buf_escape(&safe, copies[i], strlen(copies[i]));
        const char *copy = safe.failed ? NULL : csc_arena_copy(&call->arena, safe.data, safe.size);
        if (copy)
            csc_object_string(&object, names[i], copy);
    }
    csc_object_int(&object, "line", (int64_t)refusal->line);
    csc_object_int(&object, "column", (int64_t)refusal->column);
    (void)csc_object_end(&object, &call->refusal, NULL);
}

/* `asked`, or NULL: the line stands alone. */
static int add_line(struct making *making, const char *shell, const struct asked_command *asked, struct csc_error *err)
{
    struct csc_arena *arena = &making->call->arena;
    const struct csc_shell_text text = {shell, strlen(shell), asked && asked->cwd ? asked->cwd : making->cwd};
    int64_t timeout_sec = asked && asked->timeout_sec ? asked->timeout_sec : making->text->timeout_sec;
    struct csc_shell_line read = {0};
    struct csc_shell_refusal refusal = {0};

    int r = csc_shell_read(arena, &text, &read, &refusal, err);
    if (r < 0) {
        if (refusal.what)
            keep_refusal(making->call, &refusal);
        return r;
    }
    struct csc_proposed_command *made = csc_propose_line(arena, &read, timeout_sec);
    if (!made)
        return csc_fail_memory(err);
    for (size_t i = 0; i < read.count; i++) {
        if (asked && asked->has_network)
            made[i].network = asked->network;
        r = asked ? join(arena, &made[i].read_paths, &asked->read_paths, err) : 0;
        if (r == 0 && asked)
            r = join(arena, &made[i].write_paths, &asked->write_paths, err);
        if (r == 0)
            r = add(making, &made[i], err);
        if (r < 0)
            return r;
    }
    return 0;
}

static int add_argvs(struct making *making, const struct asked_command *asked, struct csc_error *err)
{
    const struct csc_list *segments = asked->pipeline.items;
    size_t count = asked->has_argv ? 1 : asked->pipeline.count;
    struct csc_argv *argvs = csc_arena_array(&making->call->arena, count, sizeof(*argvs));

    if (!argvs)
        return csc_fail_memory(err);
    for (size_t i = 0; i < count; i++)
        argvs[i] = argv_of(asked->has_argv ? &asked->argv : &segments[i]);
    const struct csc_proposed_command made = {
        .argvs = argvs,
        .argv_count = count,
        .cwd = asked->cwd ? asked->cwd : making->cwd,
        .read_paths = strings_of(&asked->read_paths),
        .write_paths = strings_of(&asked->write_paths),
        .network = asked->has_network ? asked->network : -1,
        .timeout_sec = asked->timeout_sec ? asked->timeout_sec : making->text->timeout_sec,
    };
    return add(making, &made, err);
}

static int add_command(struct making *making, size_t index, const struct asked_command *asked, struct csc_error *err)
{
    char field[32];

    if (asked->has_argv + asked->has_pipeline + asked->has_shell == 1)
        return asked->has_shell ? add_line(making, asked->shell, asked, err) : add_argvs(making, asked, err);
    (void)snprintf(field, sizeof(field), "commands[%zu]", index);
    return csc_fail_field(err, field, "a command has exactly one of argv, pipeline and shell; give one");
}

/* ---- the contract ------------------------------------------------------------------------------------------- */

static int propose(struct csc_mcp *mcp, const struct making *making, struct csc_error *err)
{
    struct csc_mcp_asked *asked = &making->call->asked;
    const struct csc_proposal proposal = {
        .commands = making->commands,
        .command_count = making->count,
        .env_allow = strings_of(&making->text->env_allow),
        .intent = making->text->intent,
        .justification = making->text->justification,
        .agent_id = mcp->client ? mcp->client : "mcp",
        .session_id = mcp->session_id,
        .initiating_user = mcp->options->user,
        .risk = -1,
    };

    int r = csc_propose(&proposal, asked->policy, &asked->proposed, err);
    if (r < 0)
        return r;
    asked->contract = asked->proposed->contract;
    asked->json = asked->proposed->json;
    return 0;
}

static int ask_commands(struct csc_mcp *mcp, struct csc_mcp_call *call, const struct csc_value *arguments,
                        struct csc_error *err)
{
    struct asked_text asked = {0};

    int r = csc_decode(&call->arena, arguments, &whole, &asked, err);
    if (r < 0)
        return r;
    if (asked.has_shell + asked.has_commands != 1)
        return csc_fail(err, CSC_E_DATA, "exactly one of shell, commands and contract is needed; give one");
    struct making *making = csc_arena_alloc(&call->arena, sizeof(*making));
    if (!making)
        return csc_fail_memory(err);
    making->call = call;
    making->text = &asked;
    making->cwd = asked.cwd ? asked.cwd : mcp->options->cwd;
    const struct asked_command *items = asked.commands.items;
    call->asked.is_line = asked.has_shell;
    if (asked.has_shell)
        r = add_line(making, asked.shell, NULL, err);
    for (size_t i = 0; i < asked.commands.count && r == 0; i++)
        r = add_command(making, i, &items[i], err);
    return r < 0 ? r : propose(mcp, making, err);
}

/* What csc would take the commands for, or what the contract says, where that is more. */
static enum csc_effect strongest_effect(const struct csc_contract *contract, const struct csc_policy *policy)
{
    enum csc_effect strongest = CSC_EFFECT_OBSERVE;

    for (size_t i = 0; i < contract->command_count; i++) {
        const struct csc_command *one = &contract->commands[i];
        const struct csc_classification ruled = csc_classify(one, policy);
        if (ruled.rule && ruled.core > strongest)
            strongest = ruled.core;
        if (one->proposed_effect > strongest)
            strongest = one->proposed_effect;
    }
    return strongest;
}

/* Threat: an agent that speaks in another's name (whose approval then counts as a second person's), or that calls a
 * deployment harmless. A contract is hashed as it was given, so it is refused, not corrected. */
static int check_claims(const struct csc_mcp *mcp, const struct csc_mcp_asked *asked, struct csc_error *err)
{
    const struct csc_contract *contract = asked->own_contract;
    _cleanup_buf_ struct csc_buf user = {0};

    csc_buf_escape(&user, mcp->options->user, strlen(mcp->options->user));
    if (user.failed)
        return csc_fail_memory(err);
    if (strcmp(contract->initiating_user, mcp->options->user) != 0)
        return csc_fail_field(err, "actor.initiating_user", "it is not whom this server works for; set it to '%s'",
                              user.data ? user.data : "");
    enum csc_risk least = csc_risk_of_effect(strongest_effect(contract, asked->policy));
    if (contract->risk < least)
        return csc_fail_field(err, "risk_class", "csc takes these commands for %s at least; set it to that",
                              csc_risk_names[least]);
    return 0;
}

/* Threat: a contract in a string is read twice, by two readers. This one reads objects alone. */
static int ask_contract(const struct csc_mcp *mcp, struct csc_mcp_call *call, const struct csc_value *arguments,
                        struct csc_error *err)
{
    const struct csc_value *contract = csc_value_get(arguments, "contract");
    _cleanup_buf_ struct csc_buf bytes = {0};

    if (contract->type != CSC_OBJECT)
        return csc_fail_field(err, "contract", "it is %s; hand the contract over as an object, not as text",
                              csc_type_name(contract->type));
    if (arguments->count != 1)
        return csc_fail_field(err, "contract", "a whole contract says everything itself; give nothing beside it");
    csc_canon_write(&bytes, contract);
    if (bytes.failed)
        return csc_fail_memory(err);
    int r = csc_contract_parse(bytes.data, bytes.size, &call->asked.own_contract, err);
    if (r < 0)
        return r;
    call->asked.own_json = csc_buf_take(&bytes);
    call->asked.contract = call->asked.own_contract;
    call->asked.json = call->asked.own_json;
    return check_claims(mcp, &call->asked, err);
}

int csc_mcp_ask(struct csc_mcp *mcp, struct csc_mcp_call *call, const struct csc_value *arguments,
                struct csc_error *err)
{
    int r = csc_mcp_policy(mcp->options, &call->asked.policy, err);

    if (r < 0)
        return r;
    return csc_value_get(arguments, "contract") ? ask_contract(mcp, call, arguments, err)
                                                : ask_commands(mcp, call, arguments, err);
}

void csc_mcp_asked_free(struct csc_mcp_asked *asked)
{
    csc_proposed_free(asked->proposed);
    csc_contract_free(asked->own_contract);
    free(asked->own_json);
    csc_policy_free(asked->policy);
    *asked = (struct csc_mcp_asked){0};
}

void csc_mcp_asked_shrink(struct csc_mcp_asked *asked)
{
    char *json = asked->proposed ? TAKE_PTR(asked->proposed->json) : TAKE_PTR(asked->own_json);

    csc_mcp_asked_free(asked);
    asked->own_json = json;
    asked->json = json;
}
