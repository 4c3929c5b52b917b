/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/policy_pack.h"

enum { OPT_FORMAT, OPT_JSON };

static const struct {
    const char *name;
    void (*write)(struct csc_buf *text, const struct csc_packs *packs);
} formats[] = {
    {"tap", csc_packs_write_tap},
    {"junit", csc_packs_write_junit},
};

/* Index of the format; -1 after a usage error was said. */
static int find_format(const struct csc_cli *cli)
{
    const char *name = cli->options[OPT_FORMAT];

    if (name && cli->json) {
        (void)csc_cli_usage(cli, "only one of --format and --json can be given");
        return -1;
    }
    for (int i = 0; i < (int)ARRAY_SIZE(formats); i++)
        if (!name || strcmp(formats[i].name, name) == 0)
            return i;
    (void)csc_cli_usage(cli, "unknown format '%s'; there are tap and junit", name);
    return -1;
}

static int report(const struct csc_cli *cli, struct csc_packs *packs, int format)
{
    _cleanup_buf_ struct csc_buf text = {0};
    int code = packs->failed > 0 ? CSC_EXIT_NO : 0;
    struct csc_error err = {0};
    struct csc_value value;

    if (cli->json)
        return csc_packs_value(packs, &value, &err) < 0 ? csc_cli_fail(cli, NULL, &err)
                                                        : csc_cli_print_json(cli, &value, code);
    formats[format].write(&text, packs);
    return csc_cli_print(cli, &text, code);
}

static int test(const struct csc_cli *cli)
{
    _cleanup_(csc_packs_free) struct csc_packs packs = {.tree = CSC_CLI_TREE_NONE};
    int format = find_format(cli);

    if (format < 0)
        return CSC_E_USAGE;
    int code = csc_packs_load(cli, cli->parameters[0], &packs);
    if (code == 0)
        code = csc_packs_run(&packs);
    return code != 0 ? code : report(cli, &packs, format);
}

static const struct csc_cli_option options[] = {
    [OPT_FORMAT] = {"format", "tap|junit", "tap (version 14, the default) or junit (XML)", CSC_CLI_OPTIONAL},
    [OPT_JSON] = {"json", NULL, "print the results as a JSON object", CSC_CLI_OPTIONAL},
    {0},
};

const struct csc_cli_command csc_cli_policy_test = {
    .name = "policy test",
    .summary = "hold policies to the decisions that are expected of them",
    .parameters = {"DIR"},
    .options = options,
    .description =
        "Runs every pack.yaml in or below DIR: its policies, and cases with the decision that each is to get. Files\n"
        "that a pack names lie beneath DIR. Nothing is executed.\n"
        "Exit code: 0 all as expected, 1 some not, 65 no pack, policy or contract, 66 unreadable.\n",
    .examples = "  csc policy test policies\n"
                "  csc policy test --format junit policies > results.xml\n",
    .run = test,
};
