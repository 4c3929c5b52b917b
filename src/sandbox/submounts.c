/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threat: what is mounted inside a scope comes along with it: the /proc of a system that is kept there, which a user
 * who is root outside could write to; or, by another name, the folder of the signing key.
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
    char *point, *type;
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
    ret_mount->point = words[4];
    ret_mount->type = strsep(&tail, " ");
    unescape(ret_mount->point);
    return true;
}

/* 0 where the kernel cannot tell. */
static uint64_t mount_of(const struct csc_source *source)
{
    struct statx st;

    if (statx(source->fd, "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT, STATX_MNT_ID, &st) < 0 || !(st.stx_mask & STATX_MNT_ID))
        return 0;
    return st.stx_mnt_id;
}

/* One that is covered by another, or that we may not reach, is not reached inside either. */
static int check_guards(struct csc_surveying *s, const struct declared *declared, const char *point)
{
    struct stat st;
    _cleanup_close_ int fd = csc_openat2(AT_FDCWD, point, O_PATH | O_NOFOLLOW, 0, RESOLVE_NO_SYMLINKS);

    if (fd < 0 || fstat(fd, &st) < 0)
        return errno == EMFILE || errno == ENFILE
                   ? csc_fail_errno(s->err, CSC_E_INTERNAL, errno, "cannot look at the mount '%s'", point)
                   : 0;
    const struct csc_sources *system = &s->survey->system;
    for (size_t i = 0; i < system->count && declared->writable; i++)
        if (system->items[i].fd >= 0 && system->items[i].device == st.st_dev && system->items[i].inode == st.st_ino)
            return csc_refuse(
                s->refusal, CSC_REFUSAL_ESCAPE,
                "%s: what is mounted at '%.150s' is a part of the system; unmount it, or declare something "
                "narrower",
                declared->field, point);
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
    size_t size = strlen(declared->source->path);
    bool inside = strncmp(mount->point, declared->source->path, size) == 0 && mount->point[size] == '/';

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

static int check_all(struct csc_surveying *s, const struct csc_buf *list, FILE *mountinfo)
{
    _cleanup_free_ char *line = NULL;
    const struct declared *declared = (const void *)list->data;
    struct mount_line mount;
    size_t size = 0;
    int r = 0;

    while (r == 0 && getline(&line, &size, mountinfo) > 0) {
        line[strcspn(line, "\n")] = '\0';
        if (!split(line, &mount))
            return csc_fail(s->err, CSC_E_INTERNAL, "/proc/self/mountinfo has a line that cannot be read");
        for (size_t i = 0; i < list->size / sizeof(*declared) && r == 0; i++)
            r = check_one(s, &declared[i], &mount);
    }
    /* A line that no memory was there for is no end. */
    return r == 0 && !feof(mountinfo) ? csc_fail(s->err, CSC_E_INTERNAL, "cannot read /proc/self/mountinfo") : r;
}

int csc_survey_submounts(struct csc_surveying *s)
{
    _cleanup_buf_ struct csc_buf list = {0};
    const struct declared cwd = {"cwd", false, &s->survey->cwd, mount_of(&s->survey->cwd)};
    FILE *mountinfo = fopen("/proc/self/mountinfo", "re");

    if (!mountinfo)
        return csc_fail_errno(s->err, CSC_E_INTERNAL, errno, "cannot read /proc/self/mountinfo");
    csc_buf_append(&list, &cwd, sizeof(cwd));
    gather(&list, &s->survey->reads, "read_paths", false);
    gather(&list, &s->survey->writes, "write_paths", true);
    int r = list.failed ? csc_fail_memory(s->err) : check_all(s, &list, mountinfo);
    (void)fclose(mountinfo);
    return r;
}
