/* SPDX-License-Identifier: Apache-2.0 */
/* What csc run hands in and hands on: approvals, and the ledger. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/run.h"

enum { SIGNATURE_BYTES_MAX = 64 << 10 };

/* Beside the approval. That there is none is for the judge of approvals to judge. */
static int read_signature(const struct csc_cli *cli, const char *path, struct csc_buf *ret_bytes, bool *ret_found)
{
    char name[PATH_MAX];
    struct csc_error err = {0};

    if (snprintf(name, sizeof(name), "%s.sig", path) >= (int)sizeof(name))
        return csc_cli_usage(cli, "the path of an approval is too long");
    if (csc_read_input(name, SIGNATURE_BYTES_MAX, ret_bytes, &err) == 0) {
        *ret_found = true;
        return 0;
    }
    return err.sys_errno == ENOENT ? 0 : csc_cli_fail(cli, name, &err);
}

static int read_approval(const struct csc_cli *cli, const char *path, struct csc_cli_approvals *approvals)
{
    struct csc_buf *text = &approvals->texts[approvals->count], *signature = &approvals->signatures[approvals->count];
    bool is_signed = false;

    int code = csc_cli_read(cli, path, CSC_APPROVAL_BYTES_MAX, text);
    if (code == 0)
        code = read_signature(cli, path, signature, &is_signed);
    if (code != 0)
        return code;
    approvals->files[approvals->count++] = (struct csc_approval_file){
        .name = path,
        .bytes = text->data,
        .size = text->size,
        .signature = is_signed ? signature->data : NULL,
        .signature_size = signature->size,
    };
    return 0;
}

int csc_cli_read_approvals(const struct csc_cli *cli, int option, struct csc_cli_approvals *ret_approvals)
{
    const char *const *paths;
    size_t count = csc_cli_values(cli, option, &paths);
    int code = 0;

    for (size_t i = 0; i < count && code == 0; i++)
        code = read_approval(cli, paths[i], ret_approvals);
    return code;
}

void csc_cli_approvals_free(struct csc_cli_approvals *approvals)
{
    for (size_t i = 0; i < CSC_CLI_VALUES_MAX; i++) {
        csc_buf_free(&approvals->texts[i]);
        csc_buf_free(&approvals->signatures[i]);
    }
}

void csc_cli_name_ledger(const char *option, const struct csc_config *config, struct csc_cli_recorder *recorder)
{
    csc_recorder_init(&recorder->flow);
    recorder->flow.full_argv = config->recording.full_argv;
    if (csc_cli_ledger_path(option, config->recording.ledger, &recorder->arena, &recorder->path, &recorder->failure) <
        0)
        recorder->flow.unavailable = recorder->failure.text;
}

int csc_cli_protect_ledger(const struct csc_cli *cli, struct csc_cli_configuration *configuration,
                           struct csc_cli_recorder *recorder)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal", "-runners"};
    struct csc_error err = {0};

    for (size_t i = 0; recorder->path && i < ARRAY_SIZE(suffixes); i++) {
        const char *path = csc_arena_printf(&recorder->arena, "%s%s", recorder->path, suffixes[i]);
        if (!path) {
            csc_fail_memory(&err);
            return csc_cli_fail(cli, NULL, &err);
        }
        csc_cli_protect(configuration, path, "the ledger", false);
    }
    return 0;
}

void csc_cli_open_ledger(struct csc_cli_recorder *recorder)
{
    if (recorder->path &&
        csc_ledger_open(recorder->path, CSC_LEDGER_WRITE, &recorder->flow.ledger, &recorder->failure) < 0)
        recorder->flow.unavailable = recorder->failure.text;
}

void csc_cli_recorder_free(struct csc_cli_recorder *recorder)
{
    csc_ledger_close(recorder->flow.ledger);
    csc_arena_free(&recorder->arena);
}
