/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <string.h>

#include "cli/policy.h"
#include "config.h"

/* What lint is told of this machine, and where the findings of all policies go. */
struct linting {
    const struct csc_cli *cli;
    struct csc_config config;
    struct csc_lint_protected protected[3];
    size_t protected_count;
    char own_place[PATH_MAX + 32];
    char policy[PATH_MAX];
    struct csc_arena arena; /* of the values, and the path of the ledger */
    struct csc_value *values;
    struct csc_lint *lints[CSC_CLI_MANY_MAX]; /* what the values point into */
    size_t count;
    size_t counts[3]; /* of findings, by severity */
    struct csc_buf text;
};

static void linting_free(struct linting *linting)
{
    for (size_t i = 0; i < linting->count; i++)
        csc_lint_free(linting->lints[i]);
    csc_arena_free(&linting->arena);
    csc_buf_free(&linting->text);
}

static void protect(struct linting *linting, const char *path, const char *what)
{
    if (path && path[0] == '/')
        linting->protected[linting->protected_count++] = (struct csc_lint_protected){path, what};
}

static bool blocks(const void *context, const char *program)
{
    return csc_config_blocks(context, program);
}

/* Where things are on this machine when nobody says otherwise. That something of it cannot be told keeps no policy from
 * being looked at. */
static void look_around(struct linting *linting)
{
    const char *ledger = NULL;

    csc_config_default(&linting->config);
    if (csc_cli_ledger_path(NULL, NULL, &linting->arena, &ledger, NULL) == 0)
        protect(linting, ledger, "the ledger");
    protect(linting, csc_config_own_place(linting->own_place), "the configuration");
}

static enum csc_cli_tone tone_of(enum csc_lint_severity severity)
{
    static const enum csc_cli_tone tones[] = {
        [CSC_LINT_NOTE] = CSC_TONE_PLAIN, [CSC_LINT_WARNING] = CSC_TONE_WAIT, [CSC_LINT_ERROR] = CSC_TONE_BAD};

    return tones[severity];
}

static void put_finding(struct csc_buf *text, const char *file, const struct csc_lint_finding *finding)
{
    csc_buf_escape(text, file, strlen(file));
    if (finding->line > 0)
        csc_buf_printf(text, ":%u:%u", finding->line, finding->column);
    csc_buf_puts(text, ": ");
    csc_cli_paint(text, STDOUT_FILENO, tone_of(finding->severity), csc_lint_severity_names[finding->severity]);
    csc_buf_printf(text, ": %s: %s; %s [%s]\n", finding->field, finding->text, finding->instead, finding->rule);
}

static int finding_value(struct csc_arena *arena, const struct csc_lint_finding *finding, struct csc_value *ret_value,
                         struct csc_error *err)
{
    struct csc_object object;

    csc_object_begin(&object, arena, 7);
    csc_object_string(&object, "rule", finding->rule);
    csc_object_string(&object, "severity", csc_lint_severity_names[finding->severity]);
    csc_object_string(&object, "field", finding->field);
    csc_object_string(&object, "text", finding->text);
    csc_object_string(&object, "instead", finding->instead);
    if (finding->line > 0) {
        csc_object_int(&object, "line", finding->line);
        csc_object_int(&object, "column", finding->column);
    }
    return csc_object_end(&object, ret_value, err);
}

/* {"file": ..., "findings": [...]} */
static int policy_value(struct linting *linting, const char *file, const struct csc_lint *lint,
                        struct csc_value *ret_value, struct csc_error *err)
{
    struct csc_value findings = {.type = CSC_ARRAY, .count = lint->count};
    struct csc_object object;

    findings.items = csc_arena_array(&linting->arena, lint->count, sizeof(*findings.items));
    if (!findings.items)
        return csc_fail_memory(err);
    for (size_t i = 0; i < lint->count; i++) {
        int r = finding_value(&linting->arena, &lint->findings[i], &findings.items[i], err);
        if (r < 0)
            return r;
    }
    csc_object_begin(&object, &linting->arena, 3);
    csc_object_string(&object, "file", file);
    csc_object_value(&object, "findings", findings);
    csc_object_bool(&object, "complete", !lint->cut);
    return csc_object_end(&object, ret_value, err);
}

static void put_policy(struct linting *linting, const char *file, const struct csc_lint *lint)
{
    for (size_t i = 0; i < lint->count; i++)
        put_finding(&linting->text, file, &lint->findings[i]);
    if (lint->count == 0) {
        csc_buf_escape(&linting->text, file, strlen(file));
        csc_buf_puts(&linting->text, ": nothing found\n");
    }
    if (lint->cut)
        csc_cli_say("%s: there is more: the policy is too large for all of it to be looked at", file);
}

static int lint_one(struct linting *linting, const char *path)
{
    _cleanup_buf_ struct csc_buf bytes = {0};
    const struct csc_cli *cli = linting->cli;
    const char *shown = strcmp(path, "-") == 0 ? "standard input" : path;
    struct csc_lint *lint = NULL;
    struct csc_error err = {0};

    int code = csc_cli_read(cli, path, CSC_POLICY_BYTES_MAX, &bytes);
    if (code != 0)
        return code;
    size_t before = linting->protected_count;
    protect(linting, strcmp(path, "-") == 0 ? NULL : realpath(path, linting->policy), "this policy");
    const struct csc_lint_place place = {
        .blocks = blocks,
        .context = &linting->config,
        .protected = linting->protected,
        .protected_count = linting->protected_count,
    };
    int r = csc_policy_lint(bytes.data, bytes.size, &place, &lint, &err);
    linting->protected_count = before;
    if (r < 0)
        return csc_cli_fail(cli, path, &err);
    size_t i = linting->count;
    linting->lints[linting->count++] = lint;
    for (size_t k = 0; k < lint->count; k++)
        linting->counts[lint->findings[k].severity]++;
    if (cli->json)
        return policy_value(linting, shown, lint, &linting->values[i], &err) < 0 ? csc_cli_fail(cli, path, &err) : 0;
    put_policy(linting, shown, lint);
    return 0;
}

static int print_json(struct linting *linting, int code)
{
    const struct csc_value policies = {.type = CSC_ARRAY, .count = linting->count, .items = linting->values};
    struct csc_error err = {0};
    struct csc_object object;
    struct csc_value value;

    csc_object_begin(&object, &linting->arena, 4);
    csc_object_value(&object, "policies", policies);
    csc_object_int(&object, "errors", (int64_t)linting->counts[CSC_LINT_ERROR]);
    csc_object_int(&object, "warnings", (int64_t)linting->counts[CSC_LINT_WARNING]);
    csc_object_int(&object, "notes", (int64_t)linting->counts[CSC_LINT_NOTE]);
    if (csc_object_end(&object, &value, &err) < 0)
        return csc_cli_fail(linting->cli, NULL, &err);
    return csc_cli_print_json(linting->cli, &value, code);
}

static int lint(const struct csc_cli *cli)
{
    _cleanup_(linting_free) struct linting linting = {.cli = cli};
    struct csc_error err = {0};

    linting.values = csc_arena_array(&linting.arena, cli->many_count, sizeof(*linting.values));
    if (!linting.values) {
        csc_fail_memory(&err);
        return csc_cli_fail(cli, NULL, &err);
    }
    look_around(&linting);
    for (size_t i = 0; i < cli->many_count; i++) {
        int code = lint_one(&linting, cli->many[i]);
        if (code != 0)
            return code;
    }
    int code = linting.counts[CSC_LINT_ERROR] + linting.counts[CSC_LINT_WARNING] > 0 ? CSC_EXIT_NO : 0;
    return cli->json ? print_json(&linting, code) : csc_cli_print(cli, &linting.text, code);
}

static const struct csc_cli_option options[] = {
    {"json", NULL, "print the findings as a JSON object", CSC_CLI_OPTIONAL},
    {0},
};

const struct csc_cli_command csc_cli_policy_lint = {
    .name = "policy lint",
    .summary = "say what a reviewer would say of a policy",
    .parameters = {"POLICY"},
    .takes_many = true,
    .options = options,
    .description =
        "Entries that do nothing, and entries that allow more than they seem to: of each its rule, how grave\n"
        "it is (error, warning or note), where it stands, what it means, what to write instead.\n"
        "\"-\" is standard input.\n"
        "Exit code: 0 nothing or notes only, 1 a warning or an error, 65 no policy.\n",
    .examples = "  csc policy lint policies/ci-build.yaml\n"
                "  csc policy lint --json policies/*.yaml\n",
    .run = lint,
};
