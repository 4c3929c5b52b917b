/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/ledger.h"

#include <limits.h>
#include <string.h>

#include "config.h"

int csc_cli_ledger_fail(const struct csc_cli *cli, const struct csc_cli_ledger *ledger, const struct csc_error *err)
{
    return csc_cli_fail(cli, ledger->path, err);
}

/* As csc run finds it: what the configuration says counts where nothing else does. */
static int find(const struct csc_cli *cli, struct csc_cli_ledger *ledger)
{
    const char *option = cli->options[CSC_LEDGER_OPT_PATH];
    char path[PATH_MAX] = "";
    struct csc_config config = {0};
    struct csc_error err = {0};

    if (option)
        return csc_cli_ledger_path(option, NULL, &ledger->arena, &ledger->path, &err) < 0
                   ? csc_cli_fail(cli, NULL, &err)
                   : 0;
    if (csc_config_load(NULL, false, &config, path, &err) < 0)
        return csc_cli_fail(cli, path, &err);
    const char *configured = config.recording.ledger;
    if (configured)
        configured = csc_arena_copy(&ledger->arena, configured, strlen(configured));
    int r = csc_cli_ledger_path(NULL, configured, &ledger->arena, &ledger->path, &err);
    csc_config_free(&config);
    return r < 0 ? csc_cli_fail(cli, NULL, &err) : 0;
}

int csc_cli_ledger_open(const struct csc_cli *cli, struct csc_cli_ledger *ret_ledger)
{
    struct csc_error err = {0};

    *ret_ledger = (struct csc_cli_ledger){0};
    int code = find(cli, ret_ledger);
    if (code != 0)
        return code;
    if (!ret_ledger->path)
        return csc_cli_usage(cli, "there is no ledger: it is 'none'; give --ledger PATH");
    if (csc_ledger_open(ret_ledger->path, CSC_LEDGER_READ, &ret_ledger->ledger, &err) < 0)
        return csc_cli_ledger_fail(cli, ret_ledger, &err);
    return 0;
}

void csc_cli_ledger_close(struct csc_cli_ledger *ledger)
{
    csc_ledger_close(ledger->ledger);
    csc_arena_free(&ledger->arena);
    *ledger = (struct csc_cli_ledger){0};
}

static int write_file(const struct csc_cli *cli, const char *path, const struct csc_buf *text)
{
    _cleanup_file_ struct csc_file file = CSC_FILE_NONE;
    struct csc_error err = {0};

    if (csc_file_begin(&file, path, 0644, false, &err) < 0 ||
        csc_file_commit(&file, text->data, text->size, true, &err) < 0)
        return csc_cli_fail(cli, NULL, &err);
    return 0;
}

int csc_cli_ledger_deliver(const struct csc_cli *cli, const char *file, const char *member, const struct csc_buf *text)
{
    _cleanup_arena_ struct csc_arena arena = {0};
    struct csc_error err = {0};
    struct csc_object object;
    struct csc_value value;

    if (text->failed)
        return csc_cli_print(cli, text, 0);
    if (file) {
        int code = write_file(cli, file, text);
        if (code != 0)
            return code;
    }
    csc_object_begin(&object, &arena, 1);
    csc_object_string(&object, member, text->data);
    if (csc_object_end(&object, &value, &err) < 0)
        return csc_cli_fail(cli, NULL, &err);
    if (cli->json)
        return csc_cli_print_json(cli, &value, 0);
    return file ? 0 : csc_cli_print(cli, text, 0);
}

static const struct csc_cli_command *const subcommands[] = {
    &csc_cli_ledger_list,       &csc_cli_ledger_show,   &csc_cli_ledger_verify, &csc_cli_ledger_prove,
    &csc_cli_ledger_checkpoint, &csc_cli_ledger_export, &csc_cli_ledger_stats,  NULL,
};

const struct csc_cli_command csc_cli_ledger = {
    .name = "ledger",
    .summary = "read, verify and prove the record of all executions",
    .subcommands = subcommands,
    .description =
        "Every csc run appends its receipt to a ledger, which nobody can change without that being found out by\n"
        "whoever kept a checkpoint of it elsewhere. Which one: --ledger PATH, else CSC_LEDGER, else\n"
        "that of the configuration, else /var/lib/csc/ledger.db for root, $XDG_STATE_HOME/csc/ledger.db or\n"
        "~/.local/state/csc/ledger.db for others.\n",
    .examples = "  csc ledger list --since 7d --status failed\n"
                "  csc ledger show 0f8fad5b\n"
                "  csc ledger checkpoint --sign --signing-key runner.key --key-id runner-1 --out kept/today.note\n"
                "  csc ledger verify --checkpoint kept/today.note --public-key runner.pub --key-id runner-1\n",
};
