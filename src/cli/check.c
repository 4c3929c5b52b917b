/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/cli.h"
#include "sandbox/sandbox.h"

enum { NOTES_MAX = 10 }; /* of names that a contract makes up, such as python0 to python99999 */

struct notes {
    const char *names[NOTES_MAX];
    size_t count;
};

static const char *basename_of(const char *program)
{
    const char *slash = strrchr(program, '/');

    return slash && slash[1] ? slash + 1 : program;
}

/* False when there have been enough. */
static bool note(struct notes *notes, const char *program, const char *command_id)
{
    const char *name = basename_of(program);

    for (size_t i = 0; i < notes->count; i++)
        if (strcmp(notes->names[i], name) == 0)
            return true;
    if (notes->count == NOTES_MAX) {
        csc_cli_say("note: there are more of them");
        return false;
    }
    notes->names[notes->count++] = name;
    csc_cli_say("note: hardened mode does not start '%s' (command '%s') unless blocked_programs in csc-config(5) says "
                "otherwise",
                name, command_id);
    return true;
}

/* The protocol (section 5): a warning, which changes no decision. By the defaults: where a contract is checked says
 * nothing of where it will run. */
static void note_blocked_programs(const struct csc_contract *contract)
{
    struct notes notes = {0};
    struct csc_config config;

    csc_config_default(&config);
    for (size_t i = 0; i < contract->command_count; i++) {
        const struct csc_command *command = &contract->commands[i];
        for (size_t k = 0; k < command->argv_count; k++) {
            const char *program = command->argvs[k].items[0];
            if (csc_config_blocks(&config, program) && !note(&notes, program, command->id))
                return;
        }
    }
}

static int check(const struct csc_cli *cli)
{
    _cleanup_contract_ struct csc_contract *contract = NULL;
    _cleanup_policy_ struct csc_policy *policy = NULL;
    _cleanup_decision_ struct csc_decision *decision = NULL;
    _cleanup_arena_ struct csc_arena arena = {0};
    _cleanup_buf_ struct csc_buf text = {0};
    struct csc_error err = {0};
    struct csc_value value;

    int code = csc_cli_decide(cli, &contract, &policy, &decision);
    if (code != 0)
        return code;
    code = csc_cli_verdict_code(decision->verdict);
    note_blocked_programs(contract);
    if (!cli->json) {
        csc_cli_describe(&text, decision);
        return csc_cli_print(cli, &text, code);
    }
    if (csc_decision_value(decision, &arena, &value, &err) < 0)
        return csc_cli_fail(cli, NULL, &err);
    return csc_cli_print_json(cli, &value, code);
}

static const struct csc_cli_option options[] = {
    {"json", NULL, "print the whole PolicyDecision as a JSON object", CSC_CLI_OPTIONAL},
    {0},
};

const struct csc_cli_command csc_cli_check = {
    .name = "check",
    .summary = "decide whether a policy allows a contract; nothing is executed",
    .parameters = {"CONTRACT", "POLICY"},
    .options = options,
    .description = "Prints allow, deny or needs_approval with the reason. \"-\" is standard input.\n"
                   "A note says which programs hardened mode does not start by default.\n"
                   "Exit code: 0 allowed, 1 denied, 2 needs approval, 65 invalid input.\n",
    .examples = "  csc check contract.json policies/dev-readonly.yaml\n"
                "  csc check --json - policy.yaml < contract.json\n",
    .run = check,
};
