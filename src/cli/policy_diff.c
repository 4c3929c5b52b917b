/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/policy.h"

static void diff_cleanup(struct csc_policy_diff **diff)
{
    csc_policy_diff_free(*diff);
}

static void put_change(struct csc_buf *text, const struct csc_policy_change *change)
{
    static const enum csc_cli_tone tones[] = {
        [CSC_CHANGE_MORE] = CSC_TONE_BAD, [CSC_CHANGE_LESS] = CSC_TONE_GOOD, [CSC_CHANGE_NEITHER] = CSC_TONE_PLAIN};
    static const char *const marks[] = {
        [CSC_CHANGE_MORE] = "+ more", [CSC_CHANGE_LESS] = "- less", [CSC_CHANGE_NEITHER] = "  same"};

    csc_cli_paint(text, STDOUT_FILENO, tones[change->kind], marks[change->kind]);
    csc_buf_printf(text, "  %s: %s\n", change->field, change->text);
}

static int change_value(struct csc_arena *arena, const struct csc_policy_change *change, struct csc_value *ret_value,
                        struct csc_error *err)
{
    struct csc_object object;

    csc_object_begin(&object, arena, 3);
    csc_object_string(&object, "change", csc_change_names[change->kind]);
    csc_object_string(&object, "field", change->field);
    csc_object_string(&object, "text", change->text);
    return csc_object_end(&object, ret_value, err);
}

static int diff_value(struct csc_policy_diff *diff, struct csc_value *ret_value, struct csc_error *err)
{
    struct csc_value changes = {.type = CSC_ARRAY, .count = diff->count};
    struct csc_object object;

    changes.items = csc_arena_array(&diff->arena, diff->count, sizeof(*changes.items));
    if (!changes.items)
        return csc_fail_memory(err);
    for (size_t i = 0; i < diff->count; i++) {
        int r = change_value(&diff->arena, &diff->changes[i], &changes.items[i], err);
        if (r < 0)
            return r;
    }
    csc_object_begin(&object, &diff->arena, 3);
    csc_object_value(&object, "changes", changes);
    csc_object_int(&object, "more", (int64_t)diff->counts[CSC_CHANGE_MORE]);
    csc_object_int(&object, "less", (int64_t)diff->counts[CSC_CHANGE_LESS]);
    return csc_object_end(&object, ret_value, err);
}

static int print(const struct csc_cli *cli, struct csc_policy_diff *diff)
{
    _cleanup_buf_ struct csc_buf text = {0};
    int code = diff->counts[CSC_CHANGE_MORE] + diff->counts[CSC_CHANGE_LESS] > 0 ? CSC_EXIT_NO : 0;
    struct csc_error err = {0};
    struct csc_value value;

    if (cli->json)
        return diff_value(diff, &value, &err) < 0 ? csc_cli_fail(cli, NULL, &err)
                                                  : csc_cli_print_json(cli, &value, code);
    for (size_t i = 0; i < diff->count; i++)
        put_change(&text, &diff->changes[i]);
    return csc_cli_print(cli, &text, code);
}

static int diff(const struct csc_cli *cli)
{
    _cleanup_policy_ struct csc_policy *before = NULL, *after = NULL;
    _cleanup_(diff_cleanup) struct csc_policy_diff *found = NULL;
    struct csc_error err = {0};

    if (strcmp(cli->parameters[0], "-") == 0 && strcmp(cli->parameters[1], "-") == 0)
        return csc_cli_usage(cli, "only one of BEFORE and AFTER can be standard input");
    int code = csc_cli_policy_load(cli, cli->parameters[0], &before);
    if (code == 0)
        code = csc_cli_policy_load(cli, cli->parameters[1], &after);
    if (code != 0)
        return code;
    return csc_policy_diff(before, after, &found, &err) < 0 ? csc_cli_fail(cli, NULL, &err) : print(cli, found);
}

static const struct csc_cli_option options[] = {
    {"json", NULL, "print the changes as a JSON object", CSC_CLI_OPTIONAL},
    {0},
};

const struct csc_cli_command csc_cli_policy_diff = {
    .name = "policy diff",
    .summary = "say what one policy allows and another doesn't",
    .parameters = {"BEFORE", "AFTER"},
    .options = options,
    .description =
        "Compares what the entries hold, not how they are written: \"+ more\" is what AFTER allows and BEFORE does\n"
        "not, \"- less\" the other way round. A wider prefix is more; so is a denial or an approval that is gone.\n"
        "\"-\" is standard input.\n"
        "Exit code: 0 they allow the same, 1 they don't, 65 no policy.\n",
    .examples = "  csc policy diff policy.yaml policy-new.yaml\n"
                "  git show HEAD:policy.yaml | csc policy diff - policy.yaml\n",
    .run = diff,
};
