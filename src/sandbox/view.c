/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is visible inside, in the order in which it is mounted: the system, /proc, /dev, private folders, then what was
 * declared, parents before children. A declared path that another one already shows with at least the same rights gets
 * no mount: scopes that overlap mean the sum of what each grants. Nothing is ever mounted below a writable mount: its
 * folders are the agent's, who could exchange them meanwhile.
 */
#include <stdio.h>
#include <string.h>

#include "sandbox/plan.h"

/* One path of the contract. */
struct shown {
    const struct csc_source *source;
    const char *field;
    bool writable;
    size_t parent; /* the mount that this one lies on, plus 1; 0: none */
};

static int add(struct csc_planning *p, struct csc_mount mount)
{
    csc_buf_append(&p->mounts, &mount, sizeof(mount));
    return p->mounts.failed ? csc_fail_memory(p->err) : 0;
}

static int grant(struct csc_planning *p, const char *path, enum csc_grant what)
{
    const struct csc_landlock_rule rule = {path, what};

    csc_buf_append(&p->rules, &rule, sizeof(rule));
    return p->rules.failed ? csc_fail_memory(p->err) : 0;
}

static bool is_within(const char *path, const char *folder)
{
    return csc_path_has_prefix(path, folder);
}

/* ---- the system ---------------------------------------------------------------------------------------------- */

static bool is_shown_by_system(const struct csc_planning *p, const char *path, size_t before)
{
    for (size_t i = 0; i < before; i++) {
        const struct csc_source *source = &p->survey->system.items[i];
        if (source->type == CSC_SOURCE_SYMLINK ? strcmp(path, source->path) == 0 : is_within(path, source->path))
            return true;
    }
    return false;
}

static int add_source(struct csc_planning *p, const struct csc_source *source, bool writable)
{
    if (source->type == CSC_SOURCE_SYMLINK)
        return add(p, (struct csc_mount){.kind = CSC_MOUNT_SYMLINK, .target = source->path, .content = source->link});
    if (source->is_copied)
        return add(p, (struct csc_mount){.kind = CSC_MOUNT_COPY, .target = source->path, .source = source});
    if (source->fd < 0)
        return add(p, (struct csc_mount){.kind = CSC_MOUNT_FOLDER, .target = source->path, .mode = 0755});
    int r = add(
        p, (struct csc_mount){.kind = CSC_MOUNT_BIND, .target = source->path, .source = source, .writable = writable});
    return r == 0 ? grant(p, source->path, writable ? CSC_GRANT_WRITE : CSC_GRANT_READ) : r;
}

static int add_synthetic(struct csc_planning *p)
{
    const struct csc_plan *plan = p->plan;
    struct csc_arena *arena = &p->plan->arena;
    const char *passwd = csc_arena_printf(arena,
                                          "csc:x:%u:%u:csc:" CSC_SANDBOX_HOME ":/bin/sh\n"
                                          "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
                                          plan->inner_uid, plan->inner_gid);
    const char *group = csc_arena_printf(arena, "csc:x:%u:\nnogroup:x:65534:\n", plan->inner_gid);
    const struct csc_mount files[] = {
        {.kind = CSC_MOUNT_FILE, .target = "/etc/passwd", .content = passwd},
        {.kind = CSC_MOUNT_FILE, .target = "/etc/group", .content = group},
        {.kind = CSC_MOUNT_FILE, .target = "/etc/hostname", .content = CSC_SANDBOX_HOSTNAME "\n"},
        {.kind = CSC_MOUNT_FILE,
         .target = "/etc/hosts",
         .content = "127.0.0.1 localhost " CSC_SANDBOX_HOSTNAME "\n::1 localhost\n"},
        {.kind = CSC_MOUNT_FILE, .target = CSC_SANDBOX_PROBE, .content = ""},
    };
    int r = passwd && group ? 0 : csc_fail_memory(p->err);

    for (size_t i = 0; i < ARRAY_SIZE(files) && r == 0; i++)
        if (!is_shown_by_system(p, files[i].target, p->survey->system.count))
            r = add(p, files[i]);
    return r == 0 ? grant(p, "/etc", CSC_GRANT_READ) : r;
}

/* What is shown to every command can't hold what none may be shown. */
static int check_secrets(struct csc_planning *p, const struct csc_source *source)
{
    for (size_t i = 0; i < p->survey->guard_count && source->fd >= 0; i++) {
        const struct csc_guard *guard = &p->survey->guards[i];
        if (!guard->write_only && csc_guard_has(guard, source->device, source->inode))
            return csc_refuse(p->refusal, CSC_REFUSAL_BOUNDARY,
                              "every command is shown '%.150s', which holds %s; keep that somewhere else", source->path,
                              guard->what);
    }
    return 0;
}

/* Those below /tmp, which the private one would cover, or all others. */
static int add_system_sources(struct csc_planning *p, bool below_tmp)
{
    const struct csc_sources *system = &p->survey->system;
    int r = 0;

    for (size_t i = 0; i < system->count && r == 0; i++)
        if (is_within(system->items[i].path, "/tmp") == below_tmp && !is_shown_by_system(p, system->items[i].path, i))
            r = add_source(p, &system->items[i], false);
    return r;
}

static int add_system(struct csc_planning *p)
{
    const struct csc_sources *system = &p->survey->system;
    int r = grant(p, "/", CSC_GRANT_LIST);

    for (size_t i = 0; i < system->count && r == 0; i++)
        r = check_secrets(p, &system->items[i]);
    if (r == 0)
        r = add_system_sources(p, false);
    return r == 0 ? add_synthetic(p) : r;
}

/* ---- /proc, /dev, private folders ------------------------------------------------------------------------------ */

/* Threat: a user who is root outside passes the owner checks of /proc: whole folders of root-only files are covered. */
static const char *const root_folders[] = {"/proc/sys", "/proc/irq", "/proc/fs", "/proc/bus", "/proc/acpi"};

static int add_empty(struct csc_planning *p, const char *folder)
{
    int r = add(p, (struct csc_mount){.kind = CSC_MOUNT_TMPFS, .target = folder, .mode = 0555, .size = 4096});

    return r == 0 ? add(p, (struct csc_mount){.kind = CSC_MOUNT_READONLY, .target = folder}) : r;
}

static int add_proc(struct csc_planning *p)
{
    int r = add(p, (struct csc_mount){.kind = CSC_MOUNT_PROC, .target = "/proc"});

    for (size_t i = 0; i < p->survey->mask_count && r == 0; i++)
        r = add(p, (struct csc_mount){.kind = CSC_MOUNT_MASK, .target = p->survey->masks[i]});
    for (size_t i = 0; i < ARRAY_SIZE(root_folders) && r == 0; i++)
        if (p->plan->outer_uid == 0)
            r = add_empty(p, root_folders[i]);
    if (r == 0)
        r = add(p, (struct csc_mount){.kind = CSC_MOUNT_READONLY, .target = "/proc"});
    return r == 0 ? grant(p, "/proc", CSC_GRANT_READ) : r;
}

static int add_private(struct csc_planning *p, const char *target, unsigned mode, int64_t size)
{
    int r = add(
        p, (struct csc_mount){.kind = CSC_MOUNT_TMPFS, .target = target, .mode = mode, .size = size, .writable = true});

    return r == 0 ? grant(p, target, CSC_GRANT_WRITE) : r;
}

static int add_dev(struct csc_planning *p)
{
    const struct csc_limits *limits = &p->request->config->limits;
    int r = add(p, (struct csc_mount){.kind = CSC_MOUNT_DEV, .target = "/dev"});

    if (r == 0)
        r = add_private(p, "/dev/shm", 01777, limits->shm_bytes);
    if (r == 0)
        r = add(p, (struct csc_mount){.kind = CSC_MOUNT_READONLY, .target = "/dev"});
    if (r == 0)
        r = grant(p, "/dev", CSC_GRANT_DEVICE);
    if (r == 0)
        r = add_private(p, "/tmp", 01777, limits->tmp_bytes);
    return r == 0 ? add_private(p, CSC_SANDBOX_HOME, 0700, limits->home_bytes) : r;
}

/* ---- what was declared ------------------------------------------------------------------------------------------ */

static int refuse_place(struct csc_planning *p, const struct shown *shown, const char *why)
{
    return csc_refuse(p->refusal, CSC_REFUSAL_ESCAPE, "%s: '%.200s' %s", shown->field, shown->source->path, why);
}

static int check_place(struct csc_planning *p, const struct shown *shown)
{
    static const char *const kernel[] = {"/proc", "/sys", "/dev"};
    const char *path = shown->source->path;

    if (strcmp(path, "/") == 0)
        return refuse_place(p, shown, "is the whole file system; declare the folders that are needed");
    for (size_t i = 0; i < ARRAY_SIZE(kernel); i++)
        if (is_within(path, kernel[i]))
            return refuse_place(p, shown, "belongs to the kernel; the sandbox has a /proc and /dev of its own");
    if (is_within(path, CSC_SANDBOX_FOLDER))
        return refuse_place(p, shown, "is where the sandbox keeps its own files; use another place");
    if (strcmp(path, "/tmp") == 0)
        return refuse_place(p, shown, "is private to each sandbox; declare a folder below it");
    if (strcmp(path, "/etc") == 0)
        return refuse_place(p, shown, "is shown file by file; declare the files that are needed");
    return 0;
}

static bool is_same_folder(const struct csc_source *a, const struct csc_source *b)
{
    return a->fd >= 0 && b->fd >= 0 && a->device == b->device && a->inode == b->inode;
}

static int check_system(struct csc_planning *p, const struct shown *shown)
{
    const struct csc_sources *system = &p->survey->system;

    for (size_t i = 0; i < system->count && shown->writable; i++)
        if (is_within(shown->source->path, system->items[i].path) ||
            is_within(system->items[i].path, shown->source->path))
            return refuse_place(p, shown, "would make a part of the system writable; use another place");
    if (shown->writable && is_within(shown->source->path, "/etc"))
        return refuse_place(p, shown, "would make a part of the system writable; use another place");
    for (size_t i = 0; i < system->count && shown->writable; i++)
        if (is_same_folder(&system->items[i], shown->source))
            return refuse_place(p, shown, "is a part of the system by another name; use another place");
    return 0;
}

static int check_guards(struct csc_planning *p, const struct shown *shown)
{
    char why[120];

    for (size_t i = 0; i < p->survey->guard_count; i++) {
        const struct csc_guard *guard = &p->survey->guards[i];
        bool is_inside = guard->whole && is_within(shown->source->path, guard->whole);
        if ((guard->write_only && !shown->writable) || shown->source->fd < 0 ||
            (!is_inside && !csc_guard_has(guard, shown->source->device, shown->source->inode)))
            continue;
        (void)snprintf(why, sizeof(why),
                       is_inside ? "belongs to %s; use another place"
                                 : "holds %s; keep that somewhere else, or declare something narrower",
                       guard->what);
        return refuse_place(p, shown, why);
    }
    return 0;
}

/* Who runs as nobody could write to it only what everyone may. */
static int check_owner(struct csc_planning *p, const struct shown *shown)
{
    if (!p->survey->mapping.done || !shown->writable || shown->source->is_mapped || shown->source->fd < 0)
        return 0;
    return csc_refuse(
        p->refusal, CSC_REFUSAL_BOUNDARY,
        "%s: '%.200s' lies on a file system that maps no owners, so that the command could not own it; use "
        "another place, or --backend bwrap, with which it runs as the owner of cwd",
        shown->field, shown->source->path);
}

static int check(struct csc_planning *p, const struct shown *shown)
{
    int r = check_place(p, shown);

    if (r == 0)
        r = check_system(p, shown);
    if (r == 0)
        r = check_guards(p, shown);
    return r == 0 ? check_owner(p, shown) : r;
}

/* Prefixes first; of equal paths the writable one, then the one that shows most. */
static int compare(const void *a, const void *b)
{
    const struct shown *left = a, *right = b;
    int order = csc_path_compare(left->source->path, right->source->path);

    if (order != 0)
        return order;
    if (left->writable != right->writable)
        return left->writable ? -1 : 1;
    return (left->source->fd < 0) - (right->source->fd < 0);
}

/* The nearest mount so far that shows `path`, plus 1; 0: none. In the order of compare(), whatever stands between a
 * path and what it lies on lies on that too. */
static size_t find_cover(const struct shown *kept, size_t last, const char *path)
{
    while (last > 0 && (kept[last - 1].source->fd < 0 || !is_within(path, kept[last - 1].source->path)))
        last = kept[last - 1].parent;
    return last;
}

/*
 * Threat: a folder that a symlink took the place of between two looks at it. The place of what is below it, another
 * symlink included, would be made wherever the symlink leads. In the order of compare() all of that follows the symlink
 * at once.
 */
static bool is_behind_symlink(const struct shown *symlink, const struct csc_source *source)
{
    return symlink && strcmp(source->path, symlink->source->path) != 0 &&
           is_within(source->path, symlink->source->path);
}

static int add_shown(struct csc_planning *p, struct shown *all, size_t count)
{
    const struct shown *symlink = NULL; /* the last one that is shown */
    size_t kept = 0;
    int r = 0;

    qsort(all, count, sizeof(*all), compare);
    for (size_t i = 0; i < count && r == 0; i++) {
        struct shown one = all[i];
        one.parent = find_cover(all, kept, one.source->path);
        if (one.parent > 0 && (all[one.parent - 1].writable || !one.writable))
            continue;
        if (is_shown_by_system(p, one.source->path, p->survey->system.count))
            continue;
        if (is_behind_symlink(symlink, one.source))
            return refuse_place(p, &one, "lies behind a symlink that was put there just now; run it again");
        if (kept > 0 && strcmp(all[kept - 1].source->path, one.source->path) == 0)
            continue;
        all[kept] = one;
        if (one.source->type == CSC_SOURCE_SYMLINK)
            symlink = &all[kept];
        kept++;
        r = add_source(p, one.source, one.writable);
    }
    return r;
}

static size_t gather(struct shown *to, const struct csc_sources *from, const char *field, bool writable)
{
    for (size_t i = 0; i < from->count; i++)
        to[i] = (struct shown){&from->items[i], field, writable, 0};
    return from->count;
}

static int add_declared(struct csc_planning *p)
{
    const struct csc_survey *survey = p->survey;
    size_t count = 0, most = survey->reads.count + survey->writes.count + 1;
    _cleanup_free_ struct shown *all = calloc(most, sizeof(*all));
    int r = 0;

    if (!all)
        return csc_fail_memory(p->err);
    all[count++] = (struct shown){&survey->cwd, "cwd", false, 0};
    count += gather(all + count, &survey->reads, "read_paths", false);
    count += gather(all + count, &survey->writes, "write_paths", true);
    for (size_t i = 0; i < count && r == 0; i++)
        r = check(p, &all[i]);
    return r == 0 ? add_shown(p, all, count) : r;
}

int csc_plan_view(struct csc_planning *p)
{
    int r = add_system(p);

    if (r == 0)
        r = add_proc(p);
    if (r == 0)
        r = add_dev(p);
    if (r == 0)
        r = add_system_sources(p, true);
    if (r == 0)
        r = add_declared(p);
    /* bwrap executes csc-init by its name inside; the native executor by a descriptor. */
    if (r == 0 && p->plan->backend == CSC_BACKEND_BWRAP)
        r = add(p, (struct csc_mount){.kind = CSC_MOUNT_BIND, .target = CSC_SANDBOX_INIT, .source = &p->survey->init});
    return r == 0 ? add(p, (struct csc_mount){.kind = CSC_MOUNT_READONLY, .target = "/"}) : r;
}
