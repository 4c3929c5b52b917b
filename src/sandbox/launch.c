/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan as arguments of bwrap(1). Every path of the host's is handed over as a descriptor; bwrap looks up its name
 * once more and fails when it is another file then. bwrap keeps what it inherits: nothing is inherited but what stands
 * here.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "sandbox/native.h"

/* A launch under construction. */
struct making {
    struct csc_launch *launch;
    struct csc_buf options; /* of bwrap: word after word, each ended by a NUL */
    struct csc_error *err;
};

static void word(struct making *m, const char *text)
{
    csc_buf_append(&m->options, text, strlen(text) + 1);
}

__attribute__((format(printf, 2, 3))) static void word_printf(struct making *m, const char *format, ...)
{
    char text[64];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    word(m, text);
}

static int fail(struct making *m, int error, const char *what)
{
    char text[CSC_REPORT_SENTENCE];

    csc_step_explain(CSC_STEP_OTHER, error, what, text, sizeof(text));
    return csc_fail(m->err, CSC_E_INTERNAL, "sandbox: %s", text);
}

static int inherit(struct making *m, int fd, bool own)
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

/* A file in memory that the child inherits, to be read from its beginning. */
static int inherit_bytes(struct making *m, const void *bytes, size_t size, int *ret_fd)
{
    int fd = csc_fd_above_standard(memfd_create("csc", MFD_CLOEXEC));

    if (fd < 0 || csc_write_all(fd, bytes, size) < 0 || lseek(fd, 0, SEEK_SET) < 0) {
        int error = errno;
        csc_close_cleanup(&fd);
        return fail(m, error, "making a file in memory (memfd_create)");
    }
    *ret_fd = fd;
    return inherit(m, fd, true);
}

/* ---- options ------------------------------------------------------------------------------------------------------
 */

static int add_bind(struct making *m, const struct csc_mount *mount)
{
    word(m, mount->writable ? "--bind-fd" : "--ro-bind-fd");
    word_printf(m, "%d", mount->source->fd);
    word(m, mount->target);
    return inherit(m, mount->source->fd, false);
}

static int add_copy(struct making *m, const struct csc_mount *mount)
{
    word(m, "--perms");
    word(m, "0444");
    word(m, "--file");
    word_printf(m, "%d", mount->source->fd);
    word(m, mount->target);
    return inherit(m, mount->source->fd, false);
}

static int add_symlink(struct making *m, const struct csc_mount *mount)
{
    word(m, "--symlink");
    word(m, mount->content);
    word(m, mount->target);
    return 0;
}

static int add_file(struct making *m, const struct csc_mount *mount)
{
    int fd = -1;
    int r = inherit_bytes(m, mount->content, strlen(mount->content), &fd);

    word(m, "--perms");
    word(m, "0444");
    word(m, "--file");
    word_printf(m, "%d", fd);
    word(m, mount->target);
    return r;
}

static int add_folder(struct making *m, const struct csc_mount *mount)
{
    word(m, "--dir");
    word(m, mount->target);
    return 0;
}

static int add_tmpfs(struct making *m, const struct csc_mount *mount)
{
    word(m, "--perms");
    word_printf(m, "%04o", mount->mode);
    word(m, "--size");
    word_printf(m, "%" PRId64, mount->size);
    word(m, "--tmpfs");
    word(m, mount->target);
    return 0;
}

static int add_proc(struct making *m, const struct csc_mount *mount)
{
    word(m, "--proc");
    word(m, mount->target);
    return 0;
}

/* A device on a mount without devices: it can be seen, and not opened. */
static int add_mask(struct making *m, const struct csc_mount *mount)
{
    word(m, "--ro-bind");
    word(m, "/dev/null");
    word(m, mount->target);
    return 0;
}

static int add_dev(struct making *m, const struct csc_mount *mount)
{
    word(m, "--dev");
    word(m, mount->target);
    return 0;
}

static int add_readonly(struct making *m, const struct csc_mount *mount)
{
    word(m, "--remount-ro");
    word(m, mount->target);
    return 0;
}

static int (*const adders[])(struct making *m, const struct csc_mount *mount) = {
    [CSC_MOUNT_BIND] = add_bind,         [CSC_MOUNT_COPY] = add_copy,     [CSC_MOUNT_SYMLINK] = add_symlink,
    [CSC_MOUNT_FILE] = add_file,         [CSC_MOUNT_FOLDER] = add_folder, [CSC_MOUNT_TMPFS] = add_tmpfs,
    [CSC_MOUNT_PROC] = add_proc,         [CSC_MOUNT_MASK] = add_mask,     [CSC_MOUNT_DEV] = add_dev,
    [CSC_MOUNT_READONLY] = add_readonly,
};

static void add_namespaces(struct making *m, const struct csc_plan *plan)
{
    static const char *const always[] = {
        "--unshare-user",    "--unshare-pid", "--unshare-ipc",     "--unshare-uts", "--unshare-cgroup",
        "--cap-drop",        "ALL",           "--die-with-parent", "--as-pid-1",    "--hostname",
        CSC_SANDBOX_HOSTNAME};

    for (size_t i = 0; i < ARRAY_SIZE(always); i++)
        word(m, always[i]);
    if (!plan->host_network)
        word(m, "--unshare-net");
    word(m, "--uid");
    word_printf(m, "%u", plan->inner_uid);
    word(m, "--gid");
    word_printf(m, "%u", plan->inner_gid);
}

/* ---- the parts ------------------------------------------------------------------------------------------------------
 */

/* A pipe of which the child gets one end, and csc the other. */
static int make_pipe(struct making *m, bool child_reads, int *ret_ours, int *ret_theirs)
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
    return inherit(m, *ret_theirs, true);
}

static int make_pipes(struct making *m, int *ret_control, int *ret_report)
{
    struct csc_launch *launch = m->launch;
    int r = make_pipe(m, true, &launch->control, ret_control);

    if (r == 0)
        r = make_pipe(m, false, &launch->report, ret_report);
    if (r == 0 && fcntl(launch->report, F_SETFL, O_NONBLOCK) < 0)
        return fail(m, errno, "making a pipe (fcntl)");
    return r;
}

static int make_stage(struct making *m, const struct csc_plan *plan, int *ret_fd)
{
    _cleanup_buf_ struct csc_buf stage = {0};

    csc_stage_write(plan, &stage);
    return stage.failed ? csc_fail_memory(m->err) : inherit_bytes(m, stage.data, stage.size, ret_fd);
}

static int make_options(struct making *m, const struct csc_plan *plan, int *ret_fd)
{
    int r = 0;

    add_namespaces(m, plan);
    for (size_t i = 0; i < plan->mount_count && r == 0; i++)
        r = adders[plan->mounts[i].kind](m, &plan->mounts[i]);
    if (r == 0 && m->options.failed)
        r = csc_fail_memory(m->err);
    return r == 0 ? inherit_bytes(m, m->options.data, m->options.size, ret_fd) : r;
}

/* bwrap --args OPTIONS -- csc-init CONTROL REPORT STAGE STDOUT STDERR */
static int make_argv(struct making *m, const char *bwrap, int options, const int arguments[CSC_INIT_ARGUMENTS])
{
    struct csc_arena *arena = &m->launch->arena;
    char **argv = csc_arena_array(arena, 16, sizeof(*argv));
    size_t count = 0;
    bool whole = true;

    if (!argv)
        return csc_fail_memory(m->err);
    const char *const fixed[] = {bwrap, "--args", NULL, "--", CSC_SANDBOX_INIT};
    for (size_t i = 0; i < ARRAY_SIZE(fixed); i++)
        argv[count++] = fixed[i] ? csc_arena_copy(arena, fixed[i], strlen(fixed[i]))
                                 : csc_arena_printf(arena, "%d", options);
    for (int i = 1; i < CSC_INIT_ARGUMENTS; i++)
        argv[count++] = csc_arena_printf(arena, "%d", arguments[i]);
    for (size_t i = 0; i < count; i++)
        whole &= argv[i] != NULL;
    m->launch->argv = argv;
    return whole ? 0 : csc_fail_memory(m->err);
}

static int64_t held_by_cgroup(const struct csc_plan *plan, const char *name)
{
    const struct csc_limit *limit = csc_plan_limit(plan, name);

    return limit && limit->holder != CSC_HOLDER_RLIMIT ? limit->value : 0;
}

static int make_cgroup(struct making *m, const struct csc_plan *plan, const struct csc_survey *survey)
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
static int restrict_trees(struct making *m, const struct csc_plan *plan)
{
    char text[CSC_REPORT_SENTENCE];

    for (size_t i = 0; i < plan->mount_count; i++) {
        const struct csc_mount *mount = &plan->mounts[i];
        if (mount->kind != CSC_MOUNT_BIND || mount->source->tree < 0 ||
            csc_tree_restrict(mount->source->tree, mount->writable) == 0)
            continue;
        csc_step_explain(CSC_STEP_MOUNT, errno, "restricting a mount (mount_setattr)", text, sizeof(text));
        return csc_fail(m->err, CSC_E_CONFIG, "%s: %s", mount->target, text);
    }
    return 0;
}

static int make_native(struct making *m, const struct csc_plan *plan, const struct csc_survey *survey,
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

static int make(struct making *m, const struct csc_plan *plan, const struct csc_survey *survey, const int output[2])
{
    int arguments[CSC_INIT_ARGUMENTS] = {0}, options = -1;
    int r = make_cgroup(m, plan, survey);

    arguments[CSC_INIT_STDOUT] = output[0];
    arguments[CSC_INIT_STDERR] = output[1];
    for (int i = 0; i < 2 && r == 0; i++)
        r = inherit(m, output[i], false);
    if (r == 0)
        r = make_pipes(m, &arguments[CSC_INIT_CONTROL], &arguments[CSC_INIT_REPORT]);
    if (r == 0)
        r = make_stage(m, plan, &arguments[CSC_INIT_STAGE]);
    if (r == 0 && plan->backend == CSC_BACKEND_NATIVE)
        return make_native(m, plan, survey, arguments);
    if (r == 0)
        r = make_options(m, plan, &options);
    return r == 0 ? make_argv(m, survey->bwrap, options, arguments) : r;
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
    struct making m = {.launch = launch, .err = err};

    if (!launch)
        return csc_error_in_stage(err, "sandbox", csc_fail_memory(err));
    launch->control = launch->report = -1;
    launch->switch_identity = plan->switch_identity || (survey->uid == 0 && has_other_groups(plan->outer_gid));
    launch->guard_devices = plan->guard_devices;
    launch->uid = plan->outer_uid;
    launch->gid = plan->outer_gid;
    int r = make(&m, plan, survey, output);
    csc_buf_free(&m.options);
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
