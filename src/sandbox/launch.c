/* SPDX-License-Identifier: Apache-2.0 */
/* What an executor is handed: groups, pipes, the stage; then, for the native one, mounts with their flags. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "sandbox/launch_parts.h"
#include "sandbox/native.h"

static int fail(struct csc_launching *m, int error, const char *what)
{
    return csc_step_fail(m->err, CSC_E_INTERNAL, CSC_STEP_OTHER, error, what);
}

int csc_launching_inherit(struct csc_launching *m, int fd, bool own)
{
    csc_buf_append(&m->launch->inherited, &fd, sizeof(fd));
    if (own)
        csc_buf_append(&m->launch->own, &fd, sizeof(fd));
    if (!m->launch->inherited.failed && !m->launch->own.failed)
        return 0;
    if (own && m->launch->own.failed)
        (void)close(fd);
    return csc_fail_memory(m->err);
}

int csc_launching_inherit_bytes(struct csc_launching *m, const void *bytes, size_t size, int *ret_fd)
{
    int fd = csc_fd_above_standard(memfd_create("csc", MFD_CLOEXEC));

    if (fd < 0 || csc_write_all(fd, bytes, size) < 0 || lseek(fd, 0, SEEK_SET) < 0) {
        int error = errno;
        csc_close_cleanup(&fd);
        return fail(m, error, "making a file in memory (memfd_create)");
    }
    *ret_fd = fd;
    return csc_launching_inherit(m, fd, true);
}

/* ---- the parts ------------------------------------------------------------------------------------------------------
 */

/* A pipe of which the child gets one end, and csc the other. */
static int make_pipe(struct csc_launching *m, bool child_reads, int *ret_ours, int *ret_theirs)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        return fail(m, errno, "making a pipe (pipe2)");
    *ret_ours = csc_fd_above_standard(ends[child_reads ? 1 : 0]);
    *ret_theirs = csc_fd_above_standard(ends[child_reads ? 0 : 1]);
    if (*ret_ours < 0 || *ret_theirs < 0) {
        csc_close_cleanup(ret_theirs);
        return fail(m, EMFILE, "making a pipe (fcntl)");
    }
    return csc_launching_inherit(m, *ret_theirs, true);
}

static int make_pipes(struct csc_launching *m, int *ret_control, int *ret_report)
{
    struct csc_launch *launch = m->launch;
    int r = make_pipe(m, true, &launch->control, ret_control);

    if (r == 0)
        r = make_pipe(m, false, &launch->report, ret_report);
    if (r == 0 && fcntl(launch->report, F_SETFL, O_NONBLOCK) < 0)
        return fail(m, errno, "making a pipe (fcntl)");
    return r;
}

static int make_stage(struct csc_launching *m, const struct csc_plan *plan, int *ret_fd)
{
    _cleanup_buf_ struct csc_buf stage = {0};

    csc_stage_write(plan, &stage);
    return stage.failed ? csc_fail_memory(m->err) : csc_launching_inherit_bytes(m, stage.data, stage.size, ret_fd);
}

static int64_t held_by_cgroup(const struct csc_plan *plan, const char *name)
{
    const struct csc_limit *limit = csc_plan_limit(plan, name);

    return limit && limit->holder != CSC_HOLDER_RLIMIT ? limit->value : 0;
}

static int make_cgroup(struct csc_launching *m, const struct csc_plan *plan, const struct csc_survey *survey)
{
    struct csc_launch *launch = m->launch;
    const struct csc_cgroup_limits limits = {
        .memory_bytes = held_by_cgroup(plan, "memory_bytes"),
        .processes = held_by_cgroup(plan, "processes"),
        .cpu_percent = held_by_cgroup(plan, "cpu_percent"),
    };

    if (limits.memory_bytes == 0 && limits.processes == 0 && limits.cpu_percent == 0)
        return 0;
    int r = csc_cgroup_create(&survey->cgroups, &limits, &launch->cgroup, m->err);
    if (r == 0)
        launch->cgroup_entries = csc_cgroup_entries(launch->cgroup, &launch->cgroup_entry_count);
    return r;
}

/* What the survey cloned gets the flags that the plan says. */
static int restrict_trees(struct csc_launching *m, const struct csc_plan *plan)
{
    char what[300];

    for (size_t i = 0; i < plan->mount_count; i++) {
        const struct csc_mount *mount = &plan->mounts[i];
        if (mount->kind != CSC_MOUNT_BIND || mount->source->tree < 0 ||
            csc_tree_restrict(mount->source->tree, mount->writable) == 0)
            continue;
        int error = errno;
        (void)snprintf(what, sizeof(what), "mounting '%.200s'%s (mount_setattr)", mount->target,
                       mount->writable ? "" : " read-only");
        return csc_step_fail(m->err, CSC_E_CONFIG, CSC_STEP_MOUNT, error, what);
    }
    return 0;
}

static int make_native(struct csc_launching *m, const struct csc_plan *plan, const struct csc_survey *survey,
                       const int arguments[CSC_INIT_ARGUMENTS])
{
    struct csc_native *native = csc_arena_alloc(&m->launch->arena, sizeof(*native));

    if (!native)
        return csc_fail_memory(m->err);
    *native = (struct csc_native){
        .control = m->launch->control,
        .report = m->launch->report,
        .init = survey->init.fd,
        .maps_from_outside = survey->uid == 0,
        .go = -1,
        .go_ahead = -1,
        .cgroup = m->launch->cgroup,
    };
    memcpy(native->arguments, arguments, sizeof(native->arguments));
    m->launch->native = native;
    int r = make_pipe(m, true, &native->go_ahead, &native->go);
    return r == 0 ? restrict_trees(m, plan) : r;
}

static int make(struct csc_launching *m, const struct csc_plan *plan, const struct csc_survey *survey,
                const int output[2])
{
    int arguments[CSC_INIT_ARGUMENTS] = {0};
    int r = make_cgroup(m, plan, survey);

    arguments[CSC_INIT_STDOUT] = output[0];
    arguments[CSC_INIT_STDERR] = output[1];
    for (int i = 0; i < 2 && r == 0; i++)
        r = csc_launching_inherit(m, output[i], false);
    if (r == 0)
        r = make_pipes(m, &arguments[CSC_INIT_CONTROL], &arguments[CSC_INIT_REPORT]);
    if (r == 0)
        r = make_stage(m, plan, &arguments[CSC_INIT_STAGE]);
    if (r == 0 && plan->backend == CSC_BACKEND_NATIVE)
        return make_native(m, plan, survey, arguments);
    return r == 0 ? csc_bwrap_make_argv(m, plan, survey->bwrap, arguments) : r;
}

/* Threat: groups that root was started with, and that stay where it does not become another user. They open files that
 * belong to them. */
static bool has_other_groups(gid_t own)
{
    gid_t groups[1024];
    int count = getgroups(ARRAY_SIZE(groups), groups);

    for (int i = 0; i < count; i++)
        if (groups[i] != own)
            return true;
    return count < 0; /* more than fit */
}

static void launch_cleanup(struct csc_launch **launch)
{
    csc_launch_free(*launch);
}

int csc_launch_make(const struct csc_plan *plan, const struct csc_survey *survey, const int output[2],
                    struct csc_launch **ret_launch, struct csc_error *err)
{
    _cleanup_(launch_cleanup) struct csc_launch *launch = calloc(1, sizeof(*launch));
    struct csc_launching m = {.launch = launch, .err = err};

    if (!launch)
        return csc_error_in_stage(err, "sandbox", csc_fail_memory(err));
    launch->control = launch->report = -1;
    launch->switch_identity = plan->switch_identity || (survey->uid == 0 && has_other_groups(plan->outer_gid));
    launch->guard_devices = plan->guard_devices;
    launch->uid = plan->outer_uid;
    launch->gid = plan->outer_gid;
    int r = make(&m, plan, survey, output);
    if (r < 0)
        return csc_error_in_stage(err, "sandbox", r);
    launch->fds = (const void *)launch->inherited.data;
    launch->fd_count = launch->inherited.size / sizeof(int);
    *ret_launch = TAKE_PTR(launch);
    return 0;
}

pid_t csc_launch_native(const struct csc_launch *launch, const struct csc_plan *plan, struct csc_error *err)
{
    pid_t pid = csc_native_start(plan, launch->native, err);

    return pid < 0 ? csc_error_in_stage(err, "sandbox", pid) : pid;
}

void csc_launch_started(struct csc_launch *launch)
{
    const int *own = (const void *)launch->own.data;

    for (size_t i = 0; i < launch->own.size / sizeof(*own); i++)
        (void)close(own[i]);
    csc_buf_free(&launch->own);
}

void csc_launch_free(struct csc_launch *launch)
{
    if (!launch)
        return;
    csc_launch_started(launch);
    if (launch->native)
        csc_close_cleanup(&launch->native->go_ahead);
    csc_close_cleanup(&launch->control);
    csc_close_cleanup(&launch->report);
    csc_cgroup_free(launch->cgroup);
    csc_buf_free(&launch->inherited);
    csc_arena_free(&launch->arena);
    free(launch);
}
