/* SPDX-License-Identifier: Apache-2.0 */
/* Running the cases of packs: making a contract where the case gives a command, deciding, comparing. */
#include <string.h>

#include "agent/agent.h"
#include "cli/policy_pack.h"

static void proposed_cleanup(struct csc_proposed **proposed)
{
    csc_proposed_free(*proposed);
}

/* One case being run. */
struct running {
    struct csc_packs *packs;
    const struct csc_pack_case *one;
    const struct csc_policy *policy;
    struct csc_case_result *result;
};

static int fail(const struct running *running, const struct csc_error *err)
{
    return csc_cli_fail(running->packs->cli, running->packs->path, err);
}

static int fail_memory(const struct running *running)
{
    struct csc_error err = {0};

    csc_fail_memory(&err);
    return fail(running, &err);
}

/* The case is wrong, and why. */
static int set_message(struct running *running, const struct csc_buf *text)
{
    running->result->ok = false;
    running->result->message = text->failed ? NULL : csc_arena_copy(&running->packs->arena, text->data, text->size);
    return running->result->message ? 0 : fail_memory(running);
}

static void put_classified(struct csc_buf *text, const char *const *effects, size_t count)
{
    csc_buf_putc(text, '[');
    for (size_t i = 0; i < count; i++) {
        csc_buf_puts(text, i > 0 ? ", " : "");
        csc_buf_escape(text, effects[i], strlen(effects[i]));
    }
    csc_buf_putc(text, ']');
}

static bool classified_as_expected(const struct running *running)
{
    const struct csc_pack_case *one = running->one;
    const struct csc_case_result *result = running->result;

    if (!one->classified)
        return true;
    if (one->classified_count != result->classified_count)
        return false;
    for (size_t i = 0; i < one->classified_count; i++)
        if (strcmp(one->classified[i], result->classified[i]) != 0)
            return false;
    return true;
}

/* "expected deny COMMAND_NOT_ALLOWED, decided allow ALLOW: reason" */
static int tell_difference(struct running *running, const struct csc_decision *decision)
{
    _cleanup_buf_ struct csc_buf text = {0};
    const struct csc_pack_case *one = running->one;
    const struct csc_case_result *result = running->result;
    bool tells_effects = !classified_as_expected(running);

    csc_buf_printf(&text, "expected %s", csc_verdict_names[one->verdict]);
    if (one->code >= 0)
        csc_buf_printf(&text, " %s", csc_reason_name((enum csc_reason)one->code));
    if (tells_effects) {
        csc_buf_puts(&text, " classified ");
        put_classified(&text, one->classified, one->classified_count);
    }
    csc_buf_printf(&text, ", decided %s %s", result->decision, result->code);
    if (tells_effects) {
        csc_buf_puts(&text, " classified ");
        put_classified(&text, result->classified, result->classified_count);
    }
    csc_buf_puts(&text, ": ");
    csc_buf_escape(&text, decision->reason, strlen(decision->reason));
    return set_message(running, &text);
}

static int judge(struct running *running, const struct csc_decision *decision)
{
    struct csc_case_result *result = running->result;

    result->decision = csc_verdict_names[decision->verdict];
    result->code = csc_reason_name(decision->code);
    result->classified = csc_arena_array(&running->packs->arena, decision->classified_count,
                                         sizeof(*result->classified));
    if (!result->classified)
        return fail_memory(running);
    result->classified_count = decision->classified_count;
    for (size_t i = 0; i < decision->classified_count; i++)
        result->classified[i] = decision->classified[i].effect_type; /* names out of the tables */
    result->ok = (int)decision->verdict == running->one->verdict &&
                 (running->one->code < 0 || (int)decision->code == running->one->code) &&
                 classified_as_expected(running);
    return result->ok ? 0 : tell_difference(running, decision);
}

static int decide(struct running *running, const struct csc_contract *contract)
{
    _cleanup_decision_ struct csc_decision *decision = NULL;
    struct csc_error err = {0};

    if (csc_decide(contract, running->policy, &decision, &err) < 0)
        return fail(running, &err);
    return judge(running, decision);
}

/* What the case says beside its command holds for all commands of a line. */
static void complete(struct csc_proposed_command *commands, size_t count, const struct csc_pack_case *one)
{
    for (size_t i = 0; i < count; i++) {
        commands[i].network = one->network;
        commands[i].timeout_sec = one->timeout_sec;
        commands[i].read_paths = (struct csc_strings){one->read_paths, one->read_path_count};
        commands[i].write_paths = (struct csc_strings){one->write_paths, one->write_path_count};
    }
}

/* A case that is no contract is wrong; it ends nothing. */
static int tell_refusal(struct running *running, const struct csc_error *err)
{
    _cleanup_buf_ struct csc_buf text = {0};

    if (err->code != CSC_E_DATA)
        return fail(running, err);
    csc_buf_printf(&text, "expected %s, but this makes no contract: %s%s%s", csc_verdict_names[running->one->verdict],
                   err->field, err->field[0] ? ": " : "", err->text);
    return set_message(running, &text);
}

/* Makes the contract as csc does for an agent under this policy, and decides on it. */
static int propose(struct running *running, struct csc_proposed_command *commands, size_t count)
{
    _cleanup_(proposed_cleanup) struct csc_proposed *proposed = NULL;
    const struct csc_pack_case *one = running->one;
    struct csc_error err = {0};
    const struct csc_proposal proposal = {
        .commands = commands,
        .command_count = count,
        .secret_refs = {one->secret_refs, one->secret_ref_count},
        .risk = one->risk,
    };

    complete(commands, count, one);
    if (csc_propose(&proposal, running->policy, &proposed, &err) < 0)
        return tell_refusal(running, &err);
    return decide(running, proposed->contract);
}

static int run_argv(struct running *running)
{
    struct csc_argv argv = running->one->argv;
    struct csc_proposed_command command = {.argvs = &argv, .argv_count = 1, .cwd = running->one->cwd};

    return propose(running, &command, 1);
}

static int run_shell(struct running *running)
{
    struct csc_arena *arena = &running->packs->arena;
    const struct csc_pack_case *one = running->one;
    const struct csc_shell_text text = {.text = one->shell, .size = strlen(one->shell), .cwd = one->cwd};
    struct csc_shell_refusal refusal = {0};
    struct csc_shell_line line = {0};
    struct csc_error err = {0};

    if (csc_shell_read(arena, &text, &line, &refusal, &err) < 0)
        return tell_refusal(running, &err);
    struct csc_proposed_command *commands = csc_propose_line(arena, &line, one->timeout_sec);
    return commands ? propose(running, commands, line.count) : fail_memory(running);
}

static int run_case(struct running *running, const struct csc_contract *contract)
{
    if (contract)
        return decide(running, contract);
    return running->one->shell ? run_shell(running) : run_argv(running);
}

int csc_packs_run(struct csc_packs *packs)
{
    for (size_t i = 0; i < packs->count; i++) {
        const struct csc_loaded_pack *loaded = &packs->items[i];
        for (size_t k = 0; k < loaded->pack->case_count; k++) {
            const struct csc_pack_case *one = &loaded->pack->cases[k];
            struct running running = {packs, one, loaded->policies[one->policy], &loaded->results[k]};
            int code = run_case(&running, loaded->contracts[k]);
            if (code != 0)
                return code;
            packs->failed += !running.result->ok;
        }
    }
    return 0;
}
