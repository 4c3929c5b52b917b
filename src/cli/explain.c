/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/cli.h"

static void explanation_cleanup(struct csc_explanation **explanation)
{
    csc_explanation_free(*explanation);
}

static const struct {
    const char *word;
    enum csc_cli_tone tone;
} verdicts[] = {
    [CSC_DENY] = {"deny", CSC_TONE_BAD},
    [CSC_ALLOW] = {"pass", CSC_TONE_GOOD},
    [CSC_NEEDS_APPROVAL] = {"approval", CSC_TONE_WAIT},
};

static bool same_subject(const struct csc_finding *a, const struct csc_finding *b)
{
    return a->command_id && b->command_id ? strcmp(a->command_id, b->command_id) == 0 : a->command_id == b->command_id;
}

static void write_subject(struct csc_buf *buf, const char *command_id)
{
    if (!command_id) {
        csc_buf_puts(buf, "contract\n");
        return;
    }
    csc_buf_puts(buf, "command '");
    csc_buf_escape(buf, command_id, strlen(command_id));
    csc_buf_puts(buf, "'\n");
}

static void write_finding(struct csc_buf *buf, const struct csc_finding *finding, int rule_width)
{
    const char *word = verdicts[finding->verdict].word;

    csc_buf_puts(buf, finding->decided ? "  > " : "    ");
    csc_cli_paint(buf, STDOUT_FILENO, verdicts[finding->verdict].tone, word);
    csc_buf_printf(buf, "%*s  %-*s  ", (int)(8 - strlen(word)), "", rule_width, finding->rule);
    csc_buf_escape(buf, finding->saw, strlen(finding->saw));
    if (finding->decided)
        csc_buf_printf(buf, "  <- decides: %s", csc_reason_name(finding->code));
    csc_buf_putc(buf, '\n');
}

static void write_findings(struct csc_buf *buf, const struct csc_explanation *explanation)
{
    size_t width = 0;

    for (size_t i = 0; i < explanation->finding_count; i++)
        if (strlen(explanation->findings[i].rule) > width)
            width = strlen(explanation->findings[i].rule);
    for (size_t i = 0; i < explanation->finding_count; i++) {
        const struct csc_finding *finding = &explanation->findings[i];
        if (i == 0 || !same_subject(finding, finding - 1))
            write_subject(buf, finding->command_id);
        write_finding(buf, finding, (int)width);
    }
}

static void write_changes(struct csc_buf *buf, const struct csc_explanation *explanation)
{
    bool allowed = explanation->verdict_after == CSC_ALLOW;

    if (explanation->change_count == 0) {
        csc_buf_puts(buf, explanation->verdict_after == CSC_NEEDS_APPROVAL
                              ? "\nNothing has to change: a person must approve it.\n"
                              : "\nNo change was found that would be allowed.\n");
        return;
    }
    csc_buf_printf(buf, "\nSmallest change that would be allowed%s:\n", allowed ? "" : ", once a person approves");
    for (size_t i = 0; i < explanation->change_count; i++) {
        const struct csc_change *change = &explanation->changes[i];
        csc_buf_printf(buf, "  %s%s: ", change->in_policy ? "(policy) " : "", change->field);
        csc_buf_escape(buf, change->text, strlen(change->text));
        csc_buf_putc(buf, '\n');
    }
    csc_buf_printf(buf, "Decision with it: %s\n", csc_verdict_names[explanation->verdict_after]);
}

static int print_json(const struct csc_cli *cli, const struct csc_explanation *explanation,
                      const struct csc_decision *decision, int code)
{
    _cleanup_arena_ struct csc_arena arena = {0};
    struct csc_error err = {0};
    struct csc_value value;

    if (csc_explanation_value(explanation, decision, &arena, &value, &err) < 0)
        return csc_cli_fail(cli, NULL, &err);
    return csc_cli_print_json(cli, &value, code);
}

static int explain(const struct csc_cli *cli)
{
    _cleanup_contract_ struct csc_contract *contract = NULL;
    _cleanup_policy_ struct csc_policy *policy = NULL;
    _cleanup_decision_ struct csc_decision *decision = NULL;
    _cleanup_(explanation_cleanup) struct csc_explanation *explanation = NULL;
    _cleanup_buf_ struct csc_buf text = {0};
    struct csc_error err = {0};

    int code = csc_cli_decide(cli, &contract, &policy, &decision);
    if (code != 0)
        return code;
    if (csc_explain(contract, policy, &explanation, &err) < 0)
        return csc_cli_fail(cli, NULL, &err);
    code = csc_cli_verdict_code(decision->verdict);
    if (cli->json)
        return print_json(cli, explanation, decision, code);
    write_findings(&text, explanation);
    csc_buf_puts(&text, "\nDecision: ");
    csc_cli_describe(&text, decision);
    if (decision->verdict != CSC_ALLOW)
        write_changes(&text, explanation);
    return csc_cli_print(cli, &text, code);
}

static const struct csc_cli_option options[] = {
    {"json", NULL, "print findings, changes and the decision as a JSON object", CSC_CLI_OPTIONAL},
    {0},
};

const struct csc_cli_command csc_cli_explain = {
    .name = "explain",
    .summary = "show why a policy decides as it does, rule by rule, and what would be allowed",
    .parameters = {"CONTRACT", "POLICY"},
    .options = options,
    .description =
        "Every rule is shown for every command; '>' marks the one that decides. A change marked (policy) is\n"
        "for the owner of the policy to make, not for the agent. \"-\" is standard input.\n"
        "Exit code: as csc check.\n",
    .examples = "  csc explain contract.json policies/ci-build.yaml\n",
    .run = explain,
};
