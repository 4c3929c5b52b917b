/* SPDX-License-Identifier: Apache-2.0 */
/* The groups of one command: made, entered, watched and removed. Which file says what is in tables; memory and
 * processes in the kernel's Documentation/admin-guide/cgroup-v1/ and cgroup-v2.rst. */
#include "sandbox/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

const char *const csc_holder_names[] = {"none", "rlimit", "cgroup v1", "cgroup v2"};

enum {
    GROUPS_MAX = 1000, /* of one process at a time */
    KILL_BATCH = 64,
    REMOVE_MS = 1000,
    PAUSE_MAX_MS = 16,
};

struct group {
    int parent; /* the place; borrowed, and used only while the groups are made */
    int folder; /* locked, as long as the group is ours */
    enum csc_holder holder;
    bool controls[CSC_CONTROLLER_COUNT];
    char name[40];
};

struct csc_cgroup {
    struct group groups[CSC_CONTROLLER_COUNT];
    int entries[CSC_CONTROLLER_COUNT];
    size_t count;
};

/* What is written for a limit. */
struct knob {
    enum csc_holder holder;
    enum csc_controller controller;
    const char *file;
    const char *text; /* NULL: the limit itself */
    bool optional;    /* not every kernel has the file; where it is, the text must be written */
};

/* In order: the limit of memory and swap together may not be below that of memory. */
static const struct knob knobs[] = {
    {CSC_HOLDER_CGROUP2, CSC_CONTROLLER_MEMORY, "memory.max", NULL, false},
    {CSC_HOLDER_CGROUP2, CSC_CONTROLLER_MEMORY, "memory.swap.max", "0", true},
    {CSC_HOLDER_CGROUP2, CSC_CONTROLLER_MEMORY, "memory.oom.group", "1", true},
    {CSC_HOLDER_CGROUP2, CSC_CONTROLLER_PIDS, "pids.max", NULL, false},
    {CSC_HOLDER_CGROUP2, CSC_CONTROLLER_CPU, "cpu.max", NULL, false},
    {CSC_HOLDER_CGROUP1, CSC_CONTROLLER_MEMORY, "memory.limit_in_bytes", NULL, false},
    {CSC_HOLDER_CGROUP1, CSC_CONTROLLER_MEMORY, "memory.memsw.limit_in_bytes", NULL, true},
    {CSC_HOLDER_CGROUP1, CSC_CONTROLLER_PIDS, "pids.max", NULL, false},
};

/* Where an event is counted. Not memory.failcnt of version 1: it also counts what could be reclaimed. */
static const struct counter {
    enum csc_holder holder;
    enum csc_controller controller;
    const char *file, *key;
} counters[] = {
    {CSC_HOLDER_CGROUP2, CSC_CONTROLLER_MEMORY, "memory.events", "oom_kill"},
    {CSC_HOLDER_CGROUP2, CSC_CONTROLLER_PIDS, "pids.events", "max"},
    {CSC_HOLDER_CGROUP1, CSC_CONTROLLER_MEMORY, "memory.oom_control", "oom_kill"},
    {CSC_HOLDER_CGROUP1, CSC_CONTROLLER_PIDS, "pids.events", "max"},
};

/* 0, or -1 with errno. */
static int write_file(const struct group *group, const char *file, const char *text)
{
    size_t size = strlen(text);
    _cleanup_close_ int fd = openat(group->folder, file, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return -1;
    return write(fd, text, size) == (ssize_t)size ? 0 : -1;
}

/* The beginning of a file; "" when there is none. */
static void read_file(const struct group *group, const char *file, char *text, size_t size)
{
    _cleanup_close_ int fd = openat(group->folder, file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);

    text[n > 0 ? n : 0] = '\0';
}

/*
 * The new group, open and locked, and where it is entered. The lock says, whatever PID namespace is asked, that
 * somebody is at work here: who finds a group without one removes it. -1 with errno; ENOENT or ENODEV: it was removed
 * already.
 */
static int open_group(struct group *group, int *ret_entry)
{
    _cleanup_close_ int folder = openat(group->parent, group->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (folder < 0 || flock(folder, LOCK_SH | LOCK_NB) < 0)
        return -1;
    int entry = openat(folder, "cgroup.procs", O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
    if (entry < 0)
        return -1;
    group->folder = TAKE_FD(folder);
    *ret_entry = entry;
    return 0;
}

/* Somebody took the new group for one that was left behind: another name, then. */
static bool was_removed(const struct group *group, int error)
{
    return error == EWOULDBLOCK || ((error == ENOENT || error == ENODEV) &&
                                    faccessat(group->parent, group->name, F_OK, AT_SYMLINK_NOFOLLOW) < 0);
}

static int make_group(struct csc_cgroup *cgroup, int parent, enum csc_holder holder, struct csc_error *err)
{
    struct group group = {.parent = parent, .folder = -1, .holder = holder};
    int entry = -1;

    for (int i = 0; entry < 0 && i < GROUPS_MAX; i++) {
        (void)snprintf(group.name, sizeof(group.name), CSC_CGROUP_NAME, (int)getpid(), i);
        if (mkdirat(parent, group.name, 0755) < 0) {
            if (errno == EEXIST)
                continue;
            return csc_fail_errno(err, CSC_E_CONFIG, errno, "a control group (%s) cannot be made",
                                  csc_holder_names[holder]);
        }
        if (open_group(&group, &entry) < 0 && !was_removed(&group, errno)) {
            int sys_errno = errno;
            (void)unlinkat(parent, group.name, AT_REMOVEDIR);
            return csc_fail_errno(err, CSC_E_CONFIG, sys_errno, "cgroup.procs (%s) cannot be written",
                                  csc_holder_names[holder]);
        }
    }
    if (entry < 0)
        return csc_fail(err, CSC_E_CONFIG, "a control group (%s) cannot be made: names up to %d are taken",
                        csc_holder_names[holder], GROUPS_MAX);
    cgroup->groups[cgroup->count] = group;
    cgroup->entries[cgroup->count++] = entry;
    return 0;
}

/* The group in that place; one serves all controllers of a place. */
static int get_group(struct csc_cgroup *cgroup, int parent, enum csc_holder holder, struct group **ret_group,
                     struct csc_error *err)
{
    for (size_t i = 0; i < cgroup->count; i++)
        if (cgroup->groups[i].parent == parent) {
            *ret_group = &cgroup->groups[i];
            return 0;
        }
    int r = make_group(cgroup, parent, holder, err);
    if (r == 0)
        *ret_group = &cgroup->groups[cgroup->count - 1];
    return r;
}

static int set_limit(struct group *group, enum csc_controller controller, int64_t value, struct csc_error *err)
{
    char limit[64];

    /* Microseconds of each 100 ms: a percent is 1000. */
    if (controller == CSC_CONTROLLER_CPU)
        (void)snprintf(limit, sizeof(limit), "%" PRId64 "000 100000", value);
    else
        (void)snprintf(limit, sizeof(limit), "%" PRId64, value);
    for (size_t i = 0; i < ARRAY_SIZE(knobs); i++) {
        const struct knob *knob = &knobs[i];
        if (knob->holder != group->holder || knob->controller != controller ||
            write_file(group, knob->file, knob->text ? knob->text : limit) == 0 || (knob->optional && errno == ENOENT))
            continue;
        return csc_fail_errno(err, CSC_E_CONFIG, errno, "%s (%s) cannot be set to %s", knob->file,
                              csc_holder_names[group->holder], knob->text ? knob->text : limit);
    }
    group->controls[controller] = true;
    return 0;
}

/* Kills through pidfds that were opened before the group was seen to hold the number still: a number that was given to
 * somebody else meanwhile is never signalled. */
static void kill_listed(const struct group *group)
{
    char before[1024], after[1024], *save = NULL;
    pid_t pids[KILL_BATCH];
    int fds[KILL_BATCH];
    size_t count = 0;

    read_file(group, "cgroup.procs", before, sizeof(before));
    for (char *p = strtok_r(before, "\n", &save); p && count < KILL_BATCH; p = strtok_r(NULL, "\n", &save)) {
        long pid = strtol(p, NULL, 10);
        if (pid <= 1 || (fds[count] = pidfd_open((pid_t)pid, 0)) < 0)
            continue;
        pids[count++] = (pid_t)pid;
    }
    read_file(group, "cgroup.procs", after, sizeof(after));
    for (char *p = strtok_r(after, "\n", &save); p; p = strtok_r(NULL, "\n", &save))
        for (size_t i = 0; i < count; i++)
            if (pids[i] == strtol(p, NULL, 10))
                (void)pidfd_send_signal(fds[i], SIGKILL, NULL, 0);
    for (size_t i = 0; i < count; i++)
        (void)close(fds[i]);
}

static void kill_all(const struct group *group)
{
    /* Those that keep forking would outrun the list. */
    if (group->controls[CSC_CONTROLLER_PIDS])
        (void)write_file(group, "pids.max", "0");
    /* Who is killed needs the processor to die: a small share would keep him, and his group, for seconds. */
    if (group->controls[CSC_CONTROLLER_CPU])
        (void)write_file(group, "cpu.max", "max");
    if (group->holder != CSC_HOLDER_CGROUP2 || write_file(group, "cgroup.kill", "1") < 0)
        kill_listed(group);
}

static int64_t now_ms(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Mostly the group is empty, and goes at once. Its place may be closed by now: it is reached from below. */
static void remove_group(const struct group *group)
{
    struct timespec pause = {.tv_nsec = 1000000};
    int64_t deadline = 0;
    char path[64];

    (void)snprintf(path, sizeof(path), "../%s", group->name);
    while (unlinkat(group->folder, path, AT_REMOVEDIR) < 0 && errno == EBUSY) {
        int64_t now = now_ms();
        if (deadline == 0)
            deadline = now + REMOVE_MS;
        if (now > deadline)
            break;
        kill_all(group);
        (void)nanosleep(&pause, NULL);
        if (pause.tv_nsec < PAUSE_MAX_MS * 1000000L)
            pause.tv_nsec *= 2;
    }
}

void csc_cgroup_free(struct csc_cgroup *cgroup)
{
    if (!cgroup)
        return;
    for (size_t i = 0; i < cgroup->count; i++) {
        remove_group(&cgroup->groups[i]);
        (void)close(cgroup->entries[i]);
        (void)close(cgroup->groups[i].folder);
    }
    free(cgroup);
}

static void free_cleanup(struct csc_cgroup **cgroup)
{
    csc_cgroup_free(*cgroup);
}

static int make_groups(struct csc_cgroup *cgroup, const struct csc_cgroup_places *places,
                       const struct csc_cgroup_limits *limits, struct csc_error *err)
{
    const int64_t values[] = {
        [CSC_CONTROLLER_MEMORY] = limits->memory_bytes,
        [CSC_CONTROLLER_PIDS] = limits->processes,
        [CSC_CONTROLLER_CPU] = limits->cpu_percent,
    };
    struct group *group = NULL;

    for (size_t i = 0; i < CSC_CONTROLLER_COUNT; i++) {
        if (values[i] == 0)
            continue;
        if (places->folder[i] < 0)
            return csc_fail(err, CSC_E_CONFIG, "no control group can hold a limit here; delegate one to this user");
        int r = get_group(cgroup, places->folder[i], places->holder[i], &group, err);
        if (r == 0)
            r = set_limit(group, (enum csc_controller)i, values[i], err);
        if (r < 0)
            return r;
    }
    return 0;
}

int csc_cgroup_create(const struct csc_cgroup_places *places, const struct csc_cgroup_limits *limits,
                      struct csc_cgroup **ret_cgroup, struct csc_error *err)
{
    _cleanup_(free_cleanup) struct csc_cgroup *cgroup = calloc(1, sizeof(*cgroup));

    int r = cgroup ? make_groups(cgroup, places, limits, err) : csc_fail_memory(err);
    if (r < 0)
        return csc_error_in_stage(err, "sandbox", r);
    *ret_cgroup = TAKE_PTR(cgroup);
    return 0;
}

const int *csc_cgroup_entries(const struct csc_cgroup *cgroup, size_t *ret_count)
{
    *ret_count = cgroup->count;
    return cgroup->entries;
}

int csc_cgroup_birthplace(const struct csc_cgroup *cgroup, size_t *ret_entry)
{
    for (size_t i = 0; i < cgroup->count; i++)
        if (cgroup->groups[i].holder == CSC_HOLDER_CGROUP2) {
            *ret_entry = i;
            return cgroup->groups[i].folder;
        }
    return -1;
}

/* Of lines "KEY NUMBER". 0 when there is none. */
static int64_t find_number(const char *text, const char *key)
{
    size_t size = strlen(key);

    for (const char *line = text; *line; line += strspn(line, "\n")) {
        if (strncmp(line, key, size) == 0 && line[size] == ' ')
            return strtoll(line + size, NULL, 10);
        line += strcspn(line, "\n");
    }
    return 0;
}

/* As read back; -1: none, or it cannot be read. */
static int64_t read_limit(const struct group *group, enum csc_controller controller)
{
    char text[64], *end = text;

    for (size_t i = 0; i < ARRAY_SIZE(knobs); i++) {
        if (knobs[i].holder != group->holder || knobs[i].controller != controller || knobs[i].text)
            continue;
        read_file(group, knobs[i].file, text, sizeof(text));
        int64_t value = strtoll(text, &end, 10);
        if (end == text)
            return -1; /* "max", or not to be read */
        return controller == CSC_CONTROLLER_CPU ? value / 1000 : value;
    }
    return -1;
}

void csc_cgroup_read_limits(const struct csc_cgroup *cgroup, int64_t ret_limits[CSC_CONTROLLER_COUNT])
{
    for (size_t i = 0; i < CSC_CONTROLLER_COUNT; i++) {
        ret_limits[i] = -1;
        for (size_t k = 0; k < cgroup->count; k++)
            if (cgroup->groups[k].controls[i])
                ret_limits[i] = read_limit(&cgroup->groups[k], (enum csc_controller)i);
    }
}

static bool is_listed(const struct group *group, pid_t pid)
{
    char text[1024], *save = NULL;

    read_file(group, "cgroup.procs", text, sizeof(text));
    for (char *p = strtok_r(text, "\n", &save); p; p = strtok_r(NULL, "\n", &save))
        if (strtol(p, NULL, 10) == pid)
            return true;
    return false;
}

bool csc_cgroup_has_member(const struct csc_cgroup *cgroup, pid_t pid)
{
    for (size_t i = 0; i < cgroup->count; i++)
        if (!is_listed(&cgroup->groups[i], pid))
            return false;
    return true;
}

/* -1 when the file is not there. */
static int64_t read_number(const struct group *group, const char *file, const char *key)
{
    char text[4096], *end = text;

    read_file(group, file, text, sizeof(text));
    if (key)
        return *text ? find_number(text, key) : -1;
    int64_t value = strtoll(text, &end, 10);
    return end == text ? -1 : value;
}

void csc_cgroup_read_usage(const struct csc_cgroup *cgroup, struct csc_cgroup_usage *ret_usage)
{
    struct csc_cgroup_usage usage = {-1, -1, -1};

    for (size_t i = 0; i < cgroup->count; i++) {
        const struct group *group = &cgroup->groups[i];
        bool is_second = group->holder == CSC_HOLDER_CGROUP2;
        if (is_second) {
            usage.user_us = read_number(group, "cpu.stat", "user_usec");
            usage.system_us = read_number(group, "cpu.stat", "system_usec");
        }
        if (group->controls[CSC_CONTROLLER_MEMORY])
            usage.memory_peak = read_number(group, is_second ? "memory.peak" : "memory.max_usage_in_bytes", NULL);
    }
    *ret_usage = usage;
}

void csc_cgroup_read_events(const struct csc_cgroup *cgroup, struct csc_cgroup_events *ret_events)
{
    int64_t counts[CSC_CONTROLLER_COUNT] = {0};
    char text[1024];

    for (size_t i = 0; i < cgroup->count * ARRAY_SIZE(counters); i++) {
        const struct group *group = &cgroup->groups[i / ARRAY_SIZE(counters)];
        const struct counter *counter = &counters[i % ARRAY_SIZE(counters)];
        if (counter->holder != group->holder || !group->controls[counter->controller])
            continue;
        read_file(group, counter->file, text, sizeof(text));
        counts[counter->controller] = find_number(text, counter->key);
    }
    *ret_events = (struct csc_cgroup_events){
        .memory_kills = counts[CSC_CONTROLLER_MEMORY],
        .forks_failed = counts[CSC_CONTROLLER_PIDS],
    };
}
