/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "contract/contract.h"

/* The path of an argv as its author wrote it. */
static void argv_path(const struct csc_command *command, size_t command_index, size_t argv_index, char text[96])
{
    if (command->argv_count == 1)
        (void)snprintf(text, 96, "commands[%zu].exec.argv", command_index);
    else
        (void)snprintf(text, 96, "commands[%zu].pipeline.segments[%zu].argv", command_index, argv_index);
}

static int check_argv(const struct csc_argv *argv, const char *path, struct csc_error *err)
{
    char field[160];

    if (argv->count > CSC_ARGV_COUNT_MAX)
        return csc_fail_field(err, path, "has %zu elements; a runner takes at most %d", argv->count,
                              (int)CSC_ARGV_COUNT_MAX);
    for (size_t i = 0; i < argv->count; i++) {
        size_t size = strlen(argv->items[i]);
        if (size > CSC_ARGV_BYTES_MAX) {
            (void)snprintf(field, sizeof(field), "%s[%zu]", path, i);
            return csc_fail_field(err, field, "has %zu bytes; a runner takes at most %d", size,
                                  (int)CSC_ARGV_BYTES_MAX);
        }
    }
    return 0;
}

int csc_contract_check_limits(const struct csc_contract *contract, struct csc_error *err)
{
    char path[96];

    for (size_t i = 0; i < contract->command_count; i++) {
        const struct csc_command *command = &contract->commands[i];
        for (size_t k = 0; k < command->argv_count; k++) {
            argv_path(command, i, k, path);
            int r = check_argv(&command->argvs[k], path, err);
            if (r < 0)
                return csc_error_in_stage(err, "contract", r);
        }
    }
    return 0;
}
