/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a configuration says, what it becomes is within bounds: nothing can switch a limit off, capture more than
 * the protocol allows, make commands root, or show what the sandbox has of its own. Nobody is a user here. */
#include "fuzz.h"

#include <string.h>

#include "config.h"

static void check_limits(const struct csc_limits *limits)
{
    const int64_t values[] = {limits->cpu_sec,    limits->memory_bytes, limits->processes,  limits->file_bytes,
                              limits->open_files, limits->tmp_bytes,    limits->home_bytes, limits->shm_bytes};

    for (size_t i = 0; i < ARRAY_SIZE(values); i++)
        PROMISE(values[i] >= 1 && values[i] <= INT64_C(1) << 50);
    PROMISE(limits->locked_bytes >= 0 && limits->queue_bytes >= 0 && limits->cpu_percent >= 0);
}

static void check_names(const struct csc_config *config)
{
    for (size_t i = 0; i < config->system_paths.count; i++) {
        const char *path = config->system_paths.items[i];
        PROMISE(path[0] == '/' && path[1] && !strstr(path, "//") && !csc_path_has_dotdot(path));
        PROMISE(!csc_path_has_prefix(path, "/proc") && !csc_path_has_prefix(path, CSC_SANDBOX_FOLDER));
    }
    for (size_t i = 0; i < config->blocked_programs.count; i++)
        PROMISE(csc_config_blocks(config, config->blocked_programs.items[i]));
}

static void check_config(const struct csc_config *config)
{
    check_limits(&config->limits);
    check_names(config);
    PROMISE(config->stdout_bytes >= 1 && config->stdout_bytes <= 10 << 20);
    PROMISE(config->stderr_bytes >= 1 && config->stderr_bytes <= 1 << 20);
    PROMISE(config->grace_sec >= 0 && config->grace_sec <= 60);
    PROMISE(config->approvals.clock_skew_sec >= 0 && config->approvals.clock_skew_sec <= 3600);
    PROMISE(config->approvals.ssh_keygen[0] == '/');
    PROMISE(!config->recording.ledger || config->recording.ledger[0] == '/' ||
            strcmp(config->recording.ledger, "none") == 0);
    PROMISE(!config->bwrap || config->bwrap[0] == '/');
    PROMISE(!config->run_as.set || (config->run_as.uid != 0 && config->run_as.gid != 0));
    PROMISE(config->run_as.uid != UINT32_MAX && config->run_as.gid != UINT32_MAX);
    PROMISE(csc_backend_names[config->backend]);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct csc_config config = {0};
    struct csc_error err = {0};

    int code = csc_config_parse_with(bytes, size, "/dev/null", &config, &err);
    if (code == 0) {
        check_config(&config);
    } else {
        PROMISE(!config.arena.chunks);
        fuzz_check_refusal(code, &err);
    }
    csc_config_free(&config);
    return 0;
}
