/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/stage.h"

#include <inttypes.h>
#include <string.h>
#include <sys/resource.h>

#include "sandbox/sandbox.h"
#include "sandbox/tree.h"

static void word(struct csc_buf *buf, const char *text)
{
    csc_buf_append(buf, text, strlen(text) + 1);
}

static void number(struct csc_buf *buf, uint64_t value)
{
    csc_buf_printf(buf, "%" PRIu64, value);
    csc_buf_putc(buf, '\0');
}

static void write_checks(const struct csc_plan *plan, struct csc_buf *buf)
{
    for (size_t i = 0; i < CSC_DEVICE_COUNT && plan->guard_devices; i++) {
        word(buf, CSC_STAGE_READONLY);
        word(buf, csc_device_path(i));
    }
    for (size_t i = 0; i < plan->mount_count; i++) {
        const struct csc_mount *mount = &plan->mounts[i];
        if (mount->kind == CSC_MOUNT_BIND) {
            word(buf, CSC_STAGE_CHECK);
            word(buf, mount->target);
            number(buf, mount->source->device);
            number(buf, mount->source->inode);
            word(buf, mount->writable ? "rw" : "ro");
        } else if (mount->kind == CSC_MOUNT_READONLY) {
            word(buf, CSC_STAGE_READONLY);
            word(buf, mount->target);
        }
    }
}

/* Past the soft limit of processor time comes SIGXCPU, by which the limit is known; the hard one ends who ignores it.
 */
static void write_limits(const struct csc_plan *plan, struct csc_buf *buf)
{
    for (size_t i = 0; i < plan->limit_count; i++) {
        const struct csc_limit *limit = &plan->limits[i];
        if (limit->resource < 0)
            continue;
        word(buf, CSC_STAGE_LIMIT);
        number(buf, (uint64_t)limit->resource);
        number(buf, (uint64_t)limit->value);
        number(buf, (uint64_t)limit->value + (limit->resource == RLIMIT_CPU ? 2 : 0));
    }
}

static void write_landlock(const struct csc_plan *plan, struct csc_buf *buf)
{
    if (plan->landlock_abi == 0)
        return;
    word(buf, CSC_STAGE_LANDLOCK);
    number(buf, (uint64_t)plan->landlock_abi);
    number(buf, plan->landlock_network);
    for (size_t i = 0; i < plan->rule_count; i++) {
        word(buf, CSC_STAGE_GRANT);
        number(buf, (uint64_t)plan->rules[i].grant);
        word(buf, plan->rules[i].path);
    }
}

static void write_command(const struct csc_plan *plan, struct csc_buf *buf)
{
    word(buf, CSC_STAGE_CWD);
    word(buf, plan->cwd);
    for (char **entry = plan->environment; *entry; entry++) {
        word(buf, CSC_STAGE_ENV);
        word(buf, *entry);
    }
    for (size_t i = 0; i < plan->command->argv_count; i++) {
        const struct csc_argv *argv = &plan->command->argvs[i];
        word(buf, CSC_STAGE_SEGMENT);
        number(buf, argv->count);
        for (size_t k = 0; k < argv->count; k++)
            word(buf, argv->items[k]);
    }
}

void csc_stage_write(const struct csc_plan *plan, struct csc_buf *buf)
{
    word(buf, CSC_STAGE_VERSION);
    word(buf, CSC_VERSION);
    write_checks(plan, buf);
    write_limits(plan, buf);
    write_landlock(plan, buf);
    word(buf, CSC_STAGE_SOCKETS);
    number(buf, (uint64_t)plan->sockets);
    write_command(plan, buf);
    word(buf, CSC_STAGE_RUN);
}
