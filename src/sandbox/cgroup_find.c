/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where control groups can be made. Who we are is in /proc/self/cgroup (cgroups(7)), where the hierarchies are mounted
 * in /proc/self/mountinfo (proc_pid_mountinfo(5)).
 *
 * Threat: a limit that is written into something that is no control group holds nothing. A folder counts only when it
 * lies on the device that the kernel itself calls a "cgroup" or "cgroup2" file system.
 */
#include "sandbox/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum { PROC_FILE_MAX = 16 << 20 }; /* bytes; a mount takes some 200 */

static const char *const controller_names[CSC_CONTROLLER_COUNT] = {"memory", "pids", "cpu"};

/* Our group, in the hierarchy of version 2 and in those of version 1. NULL: in none. */
struct membership {
    const char *unified;
    const char *controller[CSC_CONTROLLER_COUNT];
};

struct mount {
    struct mount *next;
    const char *root;    /* the group that is mounted */
    const char *point;   /* where */
    const char *options; /* of the file system: in version 1, its controllers */
    dev_t device;
    bool unified; /* version 2 */
};

struct hierarchies {
    struct csc_arena arena;
    struct membership membership;
    struct mount *mounts; /* in the order of mountinfo */
};

static void hierarchies_free(struct hierarchies *hierarchies)
{
    csc_arena_free(&hierarchies->arena);
}

/* `list` has the word, between any of the separators. */
static bool has_word(const char *list, const char *word, const char *separators)
{
    size_t size = strlen(word);

    for (const char *p = list; *p; p += strspn(p, separators)) {
        size_t length = strcspn(p, separators);
        if (length == size && memcmp(p, word, size) == 0)
            return true;
        p += length;
    }
    return false;
}

/* A whole file below `proc`, in the arena; NULL when there is none. */
static char *read_file(struct csc_arena *arena, const char *proc, const char *name)
{
    _cleanup_buf_ struct csc_buf text = {0};
    _cleanup_close_ int folder = open(proc, O_PATH | O_DIRECTORY | O_CLOEXEC);
    _cleanup_close_ int fd = folder < 0 ? -1 : openat(folder, name, O_RDONLY | O_CLOEXEC);

    if (fd < 0 || csc_read_fd(fd, PROC_FILE_MAX, &text, NULL) < 0)
        return NULL;
    return csc_arena_copy(arena, text.data, text.size);
}

/* "ID:CONTROLLERS:PATH" a line. */
static void read_membership(char *text, struct membership *ret_membership)
{
    char *line;

    while ((line = strsep(&text, "\n"))) {
        const char *id = strsep(&line, ":"), *controllers = strsep(&line, ":"), *path = line;
        if (!path || path[0] != '/')
            continue;
        if (strcmp(id, "0") == 0 && controllers[0] == '\0')
            ret_membership->unified = path;
        for (size_t i = 0; i < CSC_CONTROLLER_COUNT; i++)
            if (has_word(controllers, controller_names[i], ","))
                ret_membership->controller[i] = path;
    }
}

/* Undoes, in place, the escapes of blanks and backslashes: \040. False when it is none. */
static bool unescape(char *s)
{
    char *end = s;

    for (; *s; s++, end++) {
        *end = *s;
        if (*s != '\\')
            continue;
        if (s[1] < '0' || s[1] > '3' || s[2] < '0' || s[2] > '7' || s[3] < '0' || s[3] > '7')
            return false;
        *end = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
        s += 3;
        if (*end == '\0')
            return false;
    }
    *end = '\0';
    return true;
}

/*
 * ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [OPTIONAL...] - TYPE SOURCE SUPEROPTIONS. False for what is not like that,
 * and for what is no control group.
 */
static bool parse_mount(char *line, struct mount *ret_mount)
{
    char *fields[6], *after[3], *field;
    unsigned major, minor;
    char rest;

    for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
        if (!(fields[i] = strsep(&line, " ")))
            return false;
    while ((field = strsep(&line, " ")) && strcmp(field, "-") != 0)
        ;
    for (size_t i = 0; i < ARRAY_SIZE(after); i++)
        if (!(after[i] = strsep(&line, " ")))
            return false;
    bool unified = strcmp(after[0], "cgroup2") == 0;
    if ((!unified && strcmp(after[0], "cgroup") != 0) || sscanf(fields[2], "%u:%u%c", &major, &minor, &rest) != 2)
        return false;
    if (fields[3][0] != '/' || fields[4][0] != '/' || !unescape(fields[3]) || !unescape(fields[4]))
        return false;
    *ret_mount = (struct mount){
        .root = fields[3],
        .point = fields[4],
        .options = after[2],
        .device = makedev(major, minor),
        .unified = unified,
    };
    return true;
}

static void read_mounts(char *text, struct hierarchies *hierarchies)
{
    struct mount **end = &hierarchies->mounts, mount;
    char *line;

    while ((line = strsep(&text, "\n"))) {
        if (!parse_mount(line, &mount))
            continue;
        *end = csc_arena_alloc(&hierarchies->arena, sizeof(**end));
        if (!*end)
            break;
        **end = mount;
        end = &(*end)->next;
    }
}

/* Where the group lies below the mount; NULL: outside of what is mounted. */
static const char *relative_path(const struct mount *mount, const char *group)
{
    size_t size = strcmp(mount->root, "/") == 0 ? 0 : strlen(mount->root);

    if (strncmp(group, mount->root, size) != 0 || (group[size] != '/' && group[size] != '\0'))
        return NULL;
    group += size;
    group += strspn(group, "/");
    return *group ? group : ".";
}

static bool is_on(int fd, dev_t device)
{
    struct stat st;

    return fd >= 0 && fstat(fd, &st) == 0 && st.st_dev == device;
}

/* O_PATH, or -1. */
static int open_group(const struct mount *mount, const char *relative)
{
    _cleanup_close_ int point = open(mount->point, O_PATH | O_DIRECTORY | O_CLOEXEC);
    _cleanup_close_ int group = -1;

    if (point < 0)
        return -1;
    group = csc_openat2(point, relative, O_PATH | O_DIRECTORY, 0,
                        RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV);
    return is_on(group, mount->device) ? TAKE_FD(group) : -1;
}

/* A file of a group, as one line; false when it is not there. */
static bool read_line(int group, const char *name, char *line, size_t size)
{
    _cleanup_close_ int fd = openat(group, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, line, size - 1);

    if (n < 0)
        return false;
    line[n] = '\0';
    line[strcspn(line, "\n")] = '\0';
    return true;
}

static bool is_writable(int group, const char *name)
{
    return faccessat(group, name, strcmp(name, ".") == 0 ? W_OK | X_OK : W_OK, AT_EACCESS) == 0;
}

/*
 * The group in which ours can have one beside it. Processes live only in leaves (cgroups(7), "no internal processes"),
 * so that is not our own but its parent; but the root of all, which has no type, may hold both. Threaded groups hold no
 * memory limit. Who enters a group must have the right to move processes in the common ancestor: this one.
 */
static int open_unified_folder(const struct mount *mount, const char *relative, bool *ret_root)
{
    _cleanup_close_ int own = open_group(mount, relative);
    _cleanup_close_ int folder = -1;
    char type[32];

    if (own < 0)
        return -1;
    bool root = faccessat(own, "cgroup.type", F_OK, 0) < 0 && errno == ENOENT;
    if (root) {
        folder = TAKE_FD(own);
    } else if (strcmp(relative, ".") != 0 && read_line(own, "cgroup.type", type, sizeof(type)) &&
               strcmp(type, "domain") == 0) {
        folder = csc_openat2(own, "..", O_PATH | O_DIRECTORY, 0, RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS);
    }
    if (!is_on(folder, mount->device) || !is_writable(folder, ".") || !is_writable(folder, "cgroup.procs"))
        return -1;
    *ret_root = root;
    return TAKE_FD(folder);
}

/* Gives groups below the root a controller that nobody gave them. Only there: elsewhere that is for whoever delegated
 * the group to us. Not the processor's, which costs everybody. */
static bool enable(int root, enum csc_controller controller)
{
    char available[1024], request[16];

    if (controller == CSC_CONTROLLER_CPU || !read_line(root, "cgroup.controllers", available, sizeof(available)) ||
        !has_word(available, controller_names[controller], " "))
        return false;
    _cleanup_close_ int fd = openat(root, "cgroup.subtree_control", O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
    int size = snprintf(request, sizeof(request), "+%s", controller_names[controller]);
    return fd >= 0 && write(fd, request, (size_t)size) == size;
}

static void find_unified(const struct mount *mount, const char *group, struct csc_cgroup_places *places)
{
    const char *relative = relative_path(mount, group);
    bool root = false, used = false;
    char enabled[1024];

    if (!relative)
        return;
    _cleanup_close_ int folder = open_unified_folder(mount, relative, &root);
    if (folder < 0 || !read_line(folder, "cgroup.subtree_control", enabled, sizeof(enabled)))
        return;
    for (size_t i = 0; i < CSC_CONTROLLER_COUNT; i++)
        if (places->holder[i] == CSC_HOLDER_NONE &&
            (has_word(enabled, controller_names[i], " ") || (root && enable(folder, (enum csc_controller)i)))) {
            places->folder[i] = folder;
            places->holder[i] = CSC_HOLDER_CGROUP2;
            used = true;
        }
    if (used)
        (void)TAKE_FD(folder);
}

/* Version 1: below our own group. Of its controllers for the processor none is cpu.max; one mounted with "cpuset" could
 * not be entered before processors are chosen. */
static void find_separate(const struct mount *mount, const struct membership *membership,
                          struct csc_cgroup_places *places)
{
    _cleanup_close_ int folder = -1;
    bool used = false;

    for (size_t i = 0; i < CSC_CONTROLLER_CPU; i++) {
        const char *group = membership->controller[i];
        if (places->holder[i] != CSC_HOLDER_NONE || !group || !has_word(mount->options, controller_names[i], ",") ||
            has_word(mount->options, "cpuset", ","))
            continue;
        const char *relative = relative_path(mount, group);
        if (folder < 0 && relative)
            folder = open_group(mount, relative);
        if (folder < 0 || !is_writable(folder, "."))
            continue;
        places->folder[i] = folder;
        places->holder[i] = CSC_HOLDER_CGROUP1;
        used = true;
    }
    if (used)
        (void)TAKE_FD(folder);
}

/* The folder of controller `index` is the same as that of one before. */
static bool is_repeated(const struct csc_cgroup_places *places, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (places->folder[i] == places->folder[index])
            return true;
    return false;
}

/* A csc that was killed could not remove its group. The kernel refuses while a process is left in it. */
static void remove_stale(int folder)
{
    _cleanup_close_ int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    _cleanup_closedir_ DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;
    char name[40];
    int pid, number;

    if (!dir)
        return;
    (void)TAKE_FD(fd);
    while ((entry = readdir(dir))) {
        if (sscanf(entry->d_name, CSC_CGROUP_NAME, &pid, &number) != 2 || pid <= 0)
            continue;
        (void)snprintf(name, sizeof(name), CSC_CGROUP_NAME, pid, number);
        if (strcmp(name, entry->d_name) != 0)
            continue;
        _cleanup_close_ int group = openat(folder, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        /* Not the number says whether its csc lives, which may be of another PID namespace, but the lock. */
        if (group >= 0 && flock(group, LOCK_EX | LOCK_NB) == 0)
            (void)unlinkat(folder, entry->d_name, AT_REMOVEDIR);
    }
}

void csc_cgroup_find(const char *proc, struct csc_cgroup_places *ret_places)
{
    _cleanup_(hierarchies_free) struct hierarchies hierarchies = {0};
    const struct membership *membership = &hierarchies.membership;
    struct csc_cgroup_places places = CSC_CGROUP_NOWHERE;

    char *groups = read_file(&hierarchies.arena, proc, "self/cgroup");
    char *mounts = groups ? read_file(&hierarchies.arena, proc, "self/mountinfo") : NULL;
    if (mounts) {
        read_membership(groups, &hierarchies.membership);
        read_mounts(mounts, &hierarchies);
    }
    for (const struct mount *mount = hierarchies.mounts; mount; mount = mount->next)
        if (mount->unified && membership->unified)
            find_unified(mount, membership->unified, &places);
    for (const struct mount *mount = hierarchies.mounts; mount; mount = mount->next)
        if (!mount->unified)
            find_separate(mount, membership, &places);
    for (size_t i = 0; i < CSC_CONTROLLER_COUNT; i++)
        if (places.folder[i] >= 0 && !is_repeated(&places, i))
            remove_stale(places.folder[i]);
    *ret_places = places;
}

void csc_cgroup_places_close(struct csc_cgroup_places *places)
{
    for (size_t i = 0; i < CSC_CONTROLLER_COUNT; i++)
        if (places->folder[i] >= 0 && !is_repeated(places, i))
            (void)close(places->folder[i]);
    *places = CSC_CGROUP_NOWHERE;
}
