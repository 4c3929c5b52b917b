/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan as arguments of bwrap(1). Every path of the host's is handed over as a descriptor; bwrap looks up its name
 * once more and fails when it is another file then. bwrap keeps what it inherits: nothing is inherited but what stands
 * here.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sandbox/launch_parts.h"

struct bwrap {
    struct csc_launching *m;
    struct csc_buf options; /* word after word, each ended by a NUL */
};

static void word(struct bwrap *b, const char *text)
{
    csc_buf_append(&b->options, text, strlen(text) + 1);
}

__attribute__((format(printf, 2, 3))) static void word_printf(struct bwrap *b, const char *format, ...)
{
    char text[64];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    word(b, text);
}

/* ---- options ------------------------------------------------------------------------------------------------------
 */

static int add_bind(struct bwrap *b, const struct csc_mount *mount)
{
    word(b, mount->writable ? "--bind-fd" : "--ro-bind-fd");
    word_printf(b, "%d", mount->source->fd);
    word(b, mount->target);
    return csc_launching_inherit(b->m, mount->source->fd, false);
}

static int add_copy(struct bwrap *b, const struct csc_mount *mount)
{
    word(b, "--perms");
    word(b, "0444");
    word(b, "--file");
    word_printf(b, "%d", mount->source->fd);
    word(b, mount->target);
    return csc_launching_inherit(b->m, mount->source->fd, false);
}

static int add_symlink(struct bwrap *b, const struct csc_mount *mount)
{
    word(b, "--symlink");
    word(b, mount->content);
    word(b, mount->target);
    return 0;
}

static int add_file(struct bwrap *b, const struct csc_mount *mount)
{
    int fd = -1;
    int r = csc_launching_inherit_bytes(b->m, mount->content, strlen(mount->content), &fd);

    word(b, "--perms");
    word(b, "0444");
    word(b, "--file");
    word_printf(b, "%d", fd);
    word(b, mount->target);
    return r;
}

static int add_folder(struct bwrap *b, const struct csc_mount *mount)
{
    word(b, "--dir");
    word(b, mount->target);
    return 0;
}

static int add_tmpfs(struct bwrap *b, const struct csc_mount *mount)
{
    word(b, "--perms");
    word_printf(b, "%04o", mount->mode);
    word(b, "--size");
    word_printf(b, "%" PRId64, mount->size);
    word(b, "--tmpfs");
    word(b, mount->target);
    return 0;
}

static int add_proc(struct bwrap *b, const struct csc_mount *mount)
{
    word(b, "--proc");
    word(b, mount->target);
    return 0;
}

/* A device on a mount without devices: it can be seen, and not opened. */
static int add_mask(struct bwrap *b, const struct csc_mount *mount)
{
    word(b, "--ro-bind");
    word(b, "/dev/null");
    word(b, mount->target);
    return 0;
}

static int add_dev(struct bwrap *b, const struct csc_mount *mount)
{
    word(b, "--dev");
    word(b, mount->target);
    return 0;
}

static int add_readonly(struct bwrap *b, const struct csc_mount *mount)
{
    word(b, "--remount-ro");
    word(b, mount->target);
    return 0;
}

static int (*const adders[])(struct bwrap *b, const struct csc_mount *mount) = {
    [CSC_MOUNT_BIND] = add_bind,         [CSC_MOUNT_COPY] = add_copy,     [CSC_MOUNT_SYMLINK] = add_symlink,
    [CSC_MOUNT_FILE] = add_file,         [CSC_MOUNT_FOLDER] = add_folder, [CSC_MOUNT_TMPFS] = add_tmpfs,
    [CSC_MOUNT_PROC] = add_proc,         [CSC_MOUNT_MASK] = add_mask,     [CSC_MOUNT_DEV] = add_dev,
    [CSC_MOUNT_READONLY] = add_readonly,
};

static void add_namespaces(struct bwrap *b, const struct csc_plan *plan)
{
    static const char *const always[] = {
        "--unshare-user",    "--unshare-pid", "--unshare-ipc",     "--unshare-uts", "--unshare-cgroup",
        "--cap-drop",        "ALL",           "--die-with-parent", "--as-pid-1",    "--hostname",
        CSC_SANDBOX_HOSTNAME};

    for (size_t i = 0; i < ARRAY_SIZE(always); i++)
        word(b, always[i]);
    if (!plan->host_network)
        word(b, "--unshare-net");
    word(b, "--uid");
    word_printf(b, "%u", plan->inner_uid);
    word(b, "--gid");
    word_printf(b, "%u", plan->inner_gid);
}

static int make_options(struct bwrap *b, const struct csc_plan *plan, int *ret_fd)
{
    int r = 0;

    add_namespaces(b, plan);
    for (size_t i = 0; i < plan->mount_count && r == 0; i++)
        r = adders[plan->mounts[i].kind](b, &plan->mounts[i]);
    if (r == 0 && b->options.failed)
        r = csc_fail_memory(b->m->err);
    return r == 0 ? csc_launching_inherit_bytes(b->m, b->options.data, b->options.size, ret_fd) : r;
}

/* bwrap --args OPTIONS -- csc-init CONTROL REPORT STAGE STDOUT STDERR */
static int make_argv(struct csc_launching *m, const char *bwrap, int options, const int arguments[CSC_INIT_ARGUMENTS])
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

int csc_bwrap_make_argv(struct csc_launching *m, const struct csc_plan *plan, const char *bwrap,
                        const int arguments[CSC_INIT_ARGUMENTS])
{
    struct bwrap b = {.m = m};
    int options = -1;

    int r = make_options(&b, plan, &options);
    csc_buf_free(&b.options);
    return r == 0 ? make_argv(m, bwrap, options, arguments) : r;
}
