/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "contract/shape.h"

/* `commands` holds the values that `items` were decoded from: they know their positions. */
static int check_commands(const struct csc_value *commands, const struct csc_contract_command *items,
                          struct csc_error *err)
{
    char field[64];

    for (size_t i = 0; i < commands->count; i++) {
        if (items[i].has_exec == items[i].has_pipeline) {
            (void)snprintf(field, sizeof(field), "commands[%zu]", i);
            return csc_fail_value(err, &commands->items[i], field, "has %s exec %s pipeline; it must have one of them",
                                  items[i].has_exec ? "both" : "neither", items[i].has_exec ? "and" : "nor");
        }
        for (size_t k = 0; k < i; k++) {
            if (strcmp(items[i].id, items[k].id) != 0)
                continue;
            (void)snprintf(field, sizeof(field), "commands[%zu].id", i);
            return csc_fail_value(err, csc_value_get(&commands->items[i], "id"), field,
                                  "'%.100s' is the id of commands[%zu] too; give every command its own", items[i].id,
                                  k);
        }
    }
    return 0;
}

/* Exec and pipeline alike: the argvs, in order. */
static int convert_argvs(struct csc_arena *arena, const struct csc_contract_command *text, struct csc_command *command,
                         struct csc_error *err)
{
    const struct csc_contract_argv *from = text->has_exec ? &text->exec : text->pipeline.segments.items;

    command->argv_count = text->has_exec ? 1 : text->pipeline.segments.count;
    command->argvs = csc_arena_array(arena, command->argv_count, sizeof(*command->argvs));
    if (!command->argvs)
        return csc_fail_memory(err);
    for (size_t i = 0; i < command->argv_count; i++)
        command->argvs[i] = (struct csc_argv){.items = from[i].argv.items, .count = from[i].argv.count};
    return 0;
}

static int convert_command(struct csc_arena *arena, const struct csc_contract_command *text,
                           struct csc_command *ret_command, struct csc_error *err)
{
    *ret_command = (struct csc_command){
        .id = text->id,
        .cwd = text->cwd,
        .read_paths = text->read_paths.items,
        .read_path_count = text->read_paths.count,
        .write_paths = text->write_paths.items,
        .write_path_count = text->write_paths.count,
        .network = (enum csc_network)text->network,
        .env_allow = text->env_allow.items,
        .env_allow_count = text->env_allow.count,
        .secret_refs = text->secret_refs.items,
        .secret_ref_count = text->secret_refs.count,
        .timeout_sec = text->timeout_sec,
        .proposed_effect = (enum csc_effect)text->proposed_effect_type,
    };
    return convert_argvs(arena, text, ret_command, err);
}

static int convert_contract(const struct csc_contract_text *text, struct csc_contract *contract, struct csc_error *err)
{
    const struct csc_contract_command *commands = text->commands.items;

    contract->id = text->contract_id;
    contract->intent = text->intent;
    contract->agent_id = text->actor.agent_id;
    contract->session_id = text->actor.session_id;
    contract->initiating_user = text->actor.initiating_user;
    contract->justification = text->justification;
    contract->risk = (enum csc_risk)text->risk_class;
    contract->approval_mode = (enum csc_approval_mode)text->approval_mode;
    contract->expected_outputs = text->expected_outputs.items;
    contract->expected_output_count = text->expected_outputs.count;
    contract->command_count = text->commands.count;
    contract->commands = csc_arena_array(&contract->arena, contract->command_count, sizeof(*contract->commands));
    if (!contract->commands)
        return csc_fail_memory(err);
    for (size_t i = 0; i < contract->command_count; i++) {
        int r = convert_command(&contract->arena, &commands[i], &contract->commands[i], err);
        if (r < 0)
            return r;
    }
    return 0;
}

/* The value that is hashed: absent expected_outputs count as empty ones (protocol section 2). */
static int make_canonical(struct csc_contract *contract, const struct csc_value *root, bool has_outputs,
                          struct csc_error *err)
{
    struct csc_value *canonical = csc_arena_alloc(&contract->arena, sizeof(*canonical));
    struct csc_object object;

    if (!canonical)
        return csc_fail_memory(err);
    *canonical = *root;
    if (!has_outputs) {
        csc_object_begin(&object, &contract->arena, root->count + 1);
        for (size_t i = 0; i < root->count; i++)
            csc_object_value(&object, root->members[i].key, root->members[i].value);
        csc_object_value(&object, "expected_outputs", (struct csc_value){.type = CSC_ARRAY});
        int r = csc_object_end(&object, canonical, err);
        if (r < 0)
            return r;
    }
    contract->canonical = canonical;
    return csc_canon_sha256(canonical, contract->sha256, err);
}

static int parse(struct csc_contract *contract, const void *bytes, size_t size, struct csc_error *err)
{
    struct csc_contract_text text = {0};
    struct csc_value root;
    int r;

    if (size > CSC_CONTRACT_BYTES_MAX)
        return csc_fail(err, CSC_E_DATA, "the contract is larger than %zu bytes; split it into several",
                        CSC_CONTRACT_BYTES_MAX);
    if ((r = csc_json_parse(&contract->arena, bytes, size, &root, err)) < 0 ||
        (r = csc_decode_version(&root, "version", CSC_CONTRACT_VERSION, err)) < 0 ||
        (r = csc_decode(&contract->arena, &root, &csc_shape_contract, &text, err)) < 0 ||
        (r = check_commands(csc_value_get(&root, "commands"), text.commands.items, err)) < 0 ||
        (r = convert_contract(&text, contract, err)) < 0)
        return r;
    return make_canonical(contract, &root, text.has_expected_outputs, err);
}

void csc_contract_free(struct csc_contract *contract)
{
    if (!contract)
        return;
    csc_arena_free(&contract->arena);
    free(contract);
}

int csc_contract_parse(const void *bytes, size_t size, struct csc_contract **ret_contract, struct csc_error *err)
{
    struct csc_contract *contract = calloc(1, sizeof(*contract));
    int r = contract ? parse(contract, bytes, size, err) : csc_fail_memory(err);

    if (r < 0) {
        csc_contract_free(contract);
        return csc_error_in_stage(err, "contract", r);
    }
    *ret_contract = contract;
    return 0;
}

const char *csc_contract_id(const struct csc_contract *contract)
{
    return contract->id;
}

const char *csc_contract_sha256(const struct csc_contract *contract)
{
    return contract->sha256;
}
