/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threat: what is mounted inside a scope comes along with it: the /proc of a system that is kept there, which a user
 * who is root outside could write to; or, by another name, the folder of the signing key, or programs that everybody
 * runs.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "sandbox/survey.h"

/* A line of mountinfo: "ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [TAG...] - TYPE SOURCE OPTIONS". */
struct mount_line {
    uint64_t id;
    char *device, *root, *point, *type; /* root: what of the file system is mounted */
};

struct declared {
    const char *field;
    bool writable;
    const struct csc_source *source;
    uint64_t mount; /* that it lies on */
};

/* File systems whose files are the kernel's: to see them tells of the machine, to write them changes it. */
static bool is_kernels(const char *type)
{
    static const char *const types[] = {"proc",    "sysfs",    "devtmpfs", "devpts",      "cgroup",     "cgroup2",
                                        "debugfs", "tracefs",  "configfs", "securityfs",  "selinuxfs",  "bpf",
                                        "pstore",  "efivarfs", "fusectl",  "binfmt_misc", "rpc_pipefs", "nfsd",
                                        "nsfs",    "resctrl",  "smackfs",  "binder",      "mqueue"};

    for (size_t i = 0; i < ARRAY_SIZE(types); i++)
        if (strcmp(types[i], type) == 0)
            return true;
    return false;
}

/* Undoes, in place, what the kernel escapes in a path: \040. */
static void unescape(char *s)
{
    char *end = s;

    for (; *s; s++) {
        unsigned code = 0;
        if (*s == '\\' && sscanf(s + 1, "%3o", &code) == 1 && code > 0 && code < 256) {
            *end++ = (char)code;
            s += 3;
        } else {
            *end++ = *s;
        }
    }
    *end = '\0';
}

static bool split(char *line, struct mount_line *ret_mount)
{
    char *words[6];
    char *tail = strstr(line, " - ");

    if (!tail)
        return false;
    *tail = '\0';
    tail += strlen(" - ");
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (!(words[i] = strsep(&line, " ")))
            return false;
    if (sscanf(words[0], "%" SCNu64, &ret_mount->id) != 1)
        return false;
    ret_mount->device = words[2];
    ret_mount->root = words[3];
    ret_mount->point = words[4];
    ret_mount->type = strsep(&tail, " ");
    unescape(ret_mount->root);
    unescape(ret_mount->point);
    return true;
}

typedef int line_function(struct csc_surveying *s, struct csc_buf *context, const struct mount_line *mount);

/* Calls `function` for each mount until one gives something else than 0. */
static int for_each_mount(struct csc_surveying *s, line_function *function, struct csc_buf *context)
{
    _cleanup_free_ char *line = NULL;
    FILE *mountinfo = fopen("/proc/self/mountinfo", "re");
    struct mount_line mount;
    size_t size = 0;
    int r = 0;

    if (!mountinfo)
        return csc_fail_errno(s->err, CSC_E_INTERNAL, errno, "cannot read /proc/self/mountinfo");
    while (r == 0 && getline(&line, &size, mountinfo) > 0) {
        line[strcspn(line, "\n")] = '\0';
        r = split(line, &mount)
                ? function(s, context, &mount)
                : csc_fail(s->err, CSC_E_INTERNAL, "/proc/self/mountinfo has a line that cannot be read");
    }
    /* A line that no memory was there for is no end. */
    if (r == 0 && !feof(mountinfo))
        r = csc_fail(s->err, CSC_E_INTERNAL, "cannot read /proc/self/mountinfo");
    (void)fclose(mountinfo);
    return r;
}

/* 0 where the kernel cannot tell. */
static uint64_t mount_of(const struct csc_source *source)
{
    struct statx st;

    if (statx(source->fd, "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT, STATX_MNT_ID, &st) < 0 || !(st.stx_mask & STATX_MNT_ID))
        return 0;
    return st.stx_mnt_id;
}

/* ---- parts of the system by another name ---------------------------------------------------------------------------
 */

/* Where a source lies in its file system, by whatever way one gets there. */
struct region {
    const struct csc_source *source;
    bool writable;             /* a write scope; else a part of the system */
    uint64_t mount;            /* that it lies on */
    const char *device, *path; /* NULL: the kernel cannot tell */
};

static void gather_regions(struct csc_buf *to, const struct csc_sources *from, bool writable)
{
    for (size_t i = 0; i < from->count; i++) {
        const struct csc_source *source = &from->items[i];
        const struct region region = {source, writable, source->fd < 0 ? 0 : mount_of(source), NULL, NULL};
        if (source->fd >= 0)
            csc_buf_append(to, &region, sizeof(region));
    }
}

static size_t count_regions(const struct csc_buf *regions)
{
    return regions->size / sizeof(struct region);
}

/* The part of `path` that is below the folder `point`, with its slash. */
static const char *below(const char *path, const char *point)
{
    return strcmp(point, "/") == 0 ? path : path + strlen(point);
}

static int locate(struct csc_surveying *s, struct csc_buf *regions, const struct mount_line *mount)
{
    struct region *region = (void *)regions->data;
    const char *root = strcmp(mount->root, "/") == 0 ? "" : mount->root;

    for (size_t i = 0; i < count_regions(regions); i++) {
        if (region[i].mount != mount->id || !csc_path_has_prefix(region[i].source->path, mount->point))
            continue;
        const char *rest = below(region[i].source->path, mount->point);
        region[i].device = csc_arena_copy(&s->survey->arena, mount->device, strlen(mount->device));
        region[i].path = csc_arena_printf(&s->survey->arena, "%s%s", root, *root || *rest ? rest : "/");
        if (!region[i].device || !region[i].path)
            return csc_fail_memory(s->err);
    }
    return 0;
}

/* One holds the other, or they are the same. */
static bool overlap(const char *one, const char *other)
{
    return csc_path_has_prefix(one, other) || csc_path_has_prefix(other, one);
}

/* What lies in a write scope, at `path` of the file system on `device`, is a part of the system, which the names alone
 * do not say: those the plan refuses. */
static bool meets(const struct region *scope, const struct region *system, const char *device, const char *path)
{
    return scope->writable && !system->writable && system->path && strcmp(system->device, device) == 0 &&
           overlap(system->path, path) && !overlap(system->source->path, scope->source->path);
}

static int refuse_system(struct csc_surveying *s, const char *at)
{
    return csc_refuse(s->refusal, CSC_REFUSAL_ESCAPE,
                      "write_paths: what is mounted at '%.150s' is a part of the system; unmount it, or declare "
                      "something narrower",
                      at);
}

static bool is_inside(const char *point, const char *folder)
{
    size_t size = strlen(folder);

    return strncmp(point, folder, size) == 0 && point[size] == '/';
}

static int check_regions_against(struct csc_surveying *s, struct csc_buf *regions, const struct mount_line *mount)
{
    const struct region *region = (const void *)regions->data;
    size_t count = count_regions(regions);

    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < count && is_inside(mount->point, region[i].source->path); k++)
            if (meets(&region[i], &region[k], mount->device, mount->root))
                return refuse_system(s, mount->point);
    return 0;
}

/* Threat: a bind mount of a part of the system, which a write scope holds, or is. */
static int check_system(struct csc_surveying *s)
{
    _cleanup_buf_ struct csc_buf regions = {0};
    const struct csc_survey *survey = s->survey;

    if (survey->writes.count == 0)
        return 0;
    gather_regions(&regions, &survey->writes, true);
    gather_regions(&regions, &survey->system, false);
    if (regions.failed)
        return csc_fail_memory(s->err);
    int r = for_each_mount(s, locate, &regions);
    const struct region *region = (const void *)regions.data;
    for (size_t i = 0; i < count_regions(&regions) && r == 0; i++)
        for (size_t k = 0; k < count_regions(&regions) && r == 0 && region[i].path; k++)
            if (meets(&region[i], &region[k], region[i].device, region[i].path))
                r = refuse_system(s, region[i].source->path);
    return r == 0 ? for_each_mount(s, check_regions_against, &regions) : r;
}

/* ---- everything else -----------------------------------------------------------------------------------------------
 */

/* One that is covered by another, or that we may not reach, is not reached inside either. */
static int check_guards(struct csc_surveying *s, const struct declared *declared, const char *point)
{
    struct stat st;
    _cleanup_close_ int fd = csc_openat2(AT_FDCWD, point, O_PATH | O_NOFOLLOW, 0, RESOLVE_NO_SYMLINKS);

    if (fd < 0 || fstat(fd, &st) < 0)
        return errno == EMFILE || errno == ENFILE
                   ? csc_fail_errno(s->err, CSC_E_INTERNAL, errno, "cannot look at the mount '%s'", point)
                   : 0;
    for (size_t i = 0; i < s->survey->guard_count; i++) {
        const struct csc_guard *guard = &s->survey->guards[i];
        if ((declared->writable || !guard->write_only) && csc_guard_has(guard, st.st_dev, st.st_ino))
            return csc_refuse(
                s->refusal, CSC_REFUSAL_ESCAPE,
                "%s: what is mounted at '%.150s' holds %s; keep that somewhere else, or declare something "
                "narrower",
                declared->field, point, guard->what);
    }
    return 0;
}

static int check_one(struct csc_surveying *s, const struct declared *declared, const struct mount_line *mount)
{
    bool inside = is_inside(mount->point, declared->source->path);

    if ((inside || mount->id == declared->mount) && is_kernels(mount->type))
        return csc_refuse(s->refusal, CSC_REFUSAL_ESCAPE,
                          "%s: '%.150s' shows what belongs to the kernel (%.20s, mounted at '%.150s'); unmount it, or "
                          "declare something narrower",
                          declared->field, declared->source->path, mount->type, mount->point);
    return inside ? check_guards(s, declared, mount->point) : 0;
}

static void gather(struct csc_buf *to, const struct csc_sources *from, const char *field, bool writable)
{
    const struct csc_source *sources = from->items;

    for (size_t i = 0; i < from->count; i++) {
        const struct declared declared = {field, writable, &sources[i], sources[i].fd < 0 ? 0 : mount_of(&sources[i])};
        if (sources[i].fd >= 0)
            csc_buf_append(to, &declared, sizeof(declared));
    }
}

static int check_all(struct csc_surveying *s, struct csc_buf *list, const struct mount_line *mount)
{
    const struct declared *declared = (const void *)list->data;
    int r = 0;

    for (size_t i = 0; i < list->size / sizeof(*declared) && r == 0; i++)
        r = check_one(s, &declared[i], mount);
    return r;
}

int csc_survey_submounts(struct csc_surveying *s)
{
    _cleanup_buf_ struct csc_buf list = {0};
    const struct declared cwd = {"cwd", false, &s->survey->cwd, mount_of(&s->survey->cwd)};

    csc_buf_append(&list, &cwd, sizeof(cwd));
    gather(&list, &s->survey->reads, "read_paths", false);
    gather(&list, &s->survey->writes, "write_paths", true);
    int r = list.failed ? csc_fail_memory(s->err) : check_system(s);
    return r == 0 ? for_each_mount(s, check_all, &list) : r;
}
