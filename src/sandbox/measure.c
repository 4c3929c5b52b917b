/* SPDX-License-Identifier: Apache-2.0 */
/* csc-init as csc sees it. Whoever makes a user namespace has all capabilities in it, so that this needs no privilege;
 * where it cannot be done all the same (a /proc of another PID namespace, hidepid), it is not claimed. */
#include "sandbox/measure.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "sandbox/measure_mounts.h"

enum {
    TEXT_MAX = 16384,          /* of a file of one process but its mount table, long lines left out */
    MOUNTS_MAX = 256 << 20,    /* of that; a contract's paths stand in it four times as long as they are, twice */
    EXECUTABLE_MAX = 64 << 20, /* that is hashed */
};

/* The beginning of a file, NUL-terminated; false when there is none. */
static bool read_text(int folder, const char *name, char *text, size_t size)
{
    _cleanup_close_ int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
    size_t used = 0;
    ssize_t n = -1;

    while (fd >= 0 && used < size - 1 && (n = read(fd, text + used, size - 1 - used)) > 0)
        used += (size_t)n;
    text[used] = '\0';
    return n >= 0 && used > 0;
}

static bool read_status(int process, char *text, size_t size)
{
    _cleanup_close_ int fd = openat(process, "status", O_RDONLY | O_CLOEXEC);

    return fd >= 0 && csc_status_read(fd, text, size);
}

/* ---- csc itself, and what it executes ------------------------------------------------------------------------ */

static bool hash_executable(int fd, struct csc_buf *ret_bytes, char ret_hex[CSC_SHA256_HEX])
{
    char hex[CSC_SHA256_HEX];

    if (fd < 0 || csc_read_fd(fd, EXECUTABLE_MAX, ret_bytes, NULL) < 0 || ret_bytes->size == 0)
        return false;
    csc_sha256_hex(ret_bytes->data, ret_bytes->size, hex);
    memcpy(ret_hex, hex, sizeof(hex));
    return true;
}

/* What `bwrap --version` would say stands in the file: starting it would cost as much as a sandbox. */
static void find_version(const struct csc_buf *bytes, char *ret_version, size_t size)
{
    static const char name[] = "bubblewrap ";
    const char *at = bytes->data, *end = at + bytes->size;

    while (at && (at = memmem(at, (size_t)(end - at), name, strlen(name)))) {
        at += strlen(name);
        size_t length = strspn(at, "0123456789.");
        if (length > 0 && length < size && at[length] == '\0') {
            memcpy(ret_version, at, length + 1);
            return;
        }
    }
}

static void measure_bwrap(const char *path, struct csc_measurement *measurement)
{
    _cleanup_buf_ struct csc_buf bytes = {0};
    _cleanup_close_ int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;

    if (hash_executable(fd, &bytes, measurement->executor_sha256))
        find_version(&bytes, measurement->executor_version, sizeof(measurement->executor_version));
}

static void measure_init(const struct csc_source *init, struct csc_measurement *measurement)
{
    _cleanup_buf_ struct csc_buf bytes = {0};
    char path[32];

    /* The file itself, by its descriptor: it may be executed from there. */
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", init->fd);
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    (void)hash_executable(fd, &bytes, measurement->init_sha256);
}

void csc_measure_executor(const struct csc_plan *plan, const struct csc_survey *survey,
                          struct csc_measurement *measurement)
{
    _cleanup_close_ int self = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
    struct csc_process_status status;
    char text[TEXT_MAX];

    measurement->backend = plan->backend;
    for (int i = 0; i < CSC_NAMESPACE_COUNT; i++)
        measurement->own_namespace[i] = self < 0 ? 0 : csc_namespace_inode(self, (enum csc_namespace)i);
    measurement->own_filters = -1;
    if (self >= 0 && read_status(self, text, sizeof(text)) && csc_status_parse(text, &status))
        measurement->own_filters = status.seccomp_filters;
    measure_init(&survey->init, measurement);
    if (plan->backend == CSC_BACKEND_BWRAP)
        measure_bwrap(survey->bwrap, measurement);
    else
        (void)snprintf(measurement->executor_version, sizeof(measurement->executor_version), "%s", CSC_VERSION);
}

/* ---- csc-init ------------------------------------------------------------------------------------------------ */

static int open_process(pid_t pid)
{
    char path[32];

    (void)snprintf(path, sizeof(path), "/proc/%d", (int)pid);
    return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* The one child of bwrap, or 0. */
static pid_t child_of(pid_t pid)
{
    char name[48], text[64];
    _cleanup_close_ int process = open_process(pid);

    (void)snprintf(name, sizeof(name), "task/%d/children", (int)pid);
    if (process < 0 || !read_text(process, name, text, sizeof(text)))
        return 0;
    char *end = text;
    long child = strtol(text, &end, 10);
    return end > text && strspn(end, " \n") == strlen(end) ? (pid_t)child : 0;
}

/* It is the first process of a PID namespace below ours: the last one of several numbers. The first process of ours has
 * one. */
static bool is_init(const char *status)
{
    const char *line = strstr(status, "\nNSpid:\t"), *second = line ? strchr(line + strlen("\nNSpid:\t"), '\t') : NULL;
    size_t size = line ? strcspn(line + 1, "\n") + 1 : 0;

    return second && second < line + size && line[size - 1] == '1' && line[size - 2] == '\t';
}

/* One line, "INSIDE OUTSIDE COUNT"; of more lines the count is 0, which no plan has. */
static bool read_map(int process, const char *name, struct csc_id_range *ret_range)
{
    struct csc_id_range range = {0};
    char text[256];
    int size = 0;

    if (!read_text(process, name, text, sizeof(text)))
        return false;
    if (sscanf(text, "%u %u %u%n", &range.inside, &range.outside, &range.count, &size) != 3 ||
        strcmp(text + size, "\n") != 0)
        range.count = 0;
    *ret_range = range;
    return true;
}

/* Threat: a contract whose paths make more of it than is read. What cannot be opened is the host's doing, all else is a
 * contradiction. */
static void read_mounts(const struct csc_plan *plan, int process, struct csc_measured_outside *outside)
{
    _cleanup_buf_ struct csc_buf text = {0};
    _cleanup_close_ int fd = openat(process, "mountinfo", O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return;
    outside->has_mounts = csc_read_fd(fd, MOUNTS_MAX, &text, NULL) == 0 && text.size > 0 &&
                          csc_mounts_measure(plan, text.data, outside);
    if (!outside->has_mounts)
        (void)snprintf(outside->mount_fault, sizeof(outside->mount_fault),
                       "the table is too large, or cannot be read, and was to be compared");
}

static void read_process(const struct csc_plan *plan, int process, struct csc_measured_outside *outside)
{
    char text[TEXT_MAX];

    if (!read_status(process, text, sizeof(text)) || !is_init(text))
        return;
    outside->has_status = csc_status_parse(text, &outside->status);
    outside->has_maps = read_map(process, "uid_map", &outside->uid_map) &&
                        read_map(process, "gid_map", &outside->gid_map);
    for (int i = 0; i < CSC_NAMESPACE_COUNT; i++) {
        outside->namespace[i] = csc_namespace_inode(process, (enum csc_namespace)i);
        outside->has_namespace[i] = outside->namespace[i] != 0;
    }
    read_mounts(plan, process, outside);
}

static void read_groups(const struct csc_plan *plan, const struct csc_cgroup *cgroup, pid_t pid,
                        struct csc_measured_outside *outside)
{
    static const char *const names[] = {"memory_bytes", "processes", "cpu_percent"};

    if (!cgroup)
        return;
    csc_cgroup_read_limits(cgroup, outside->limit);
    for (size_t i = 0; i < CSC_CONTROLLER_COUNT; i++) {
        const struct csc_limit *limit = csc_plan_limit(plan, names[i]);
        outside->has_limit[i] = limit && limit->holder != CSC_HOLDER_RLIMIT;
    }
    outside->has_membership = pid > 0;
    outside->is_member = pid > 0 && csc_cgroup_has_member(cgroup, pid);
}

void csc_measure_outside(const struct csc_plan *plan, const struct csc_launch *launch, pid_t pid,
                         struct csc_measured_outside *ret_outside)
{
    struct csc_measured_outside outside = {0};
    pid_t init = launch->native ? pid : child_of(pid);
    _cleanup_close_ int process = init > 0 ? open_process(init) : -1;

    if (process >= 0)
        read_process(plan, process, &outside);
    read_groups(plan, launch->cgroup, outside.has_status ? init : 0, &outside);
    *ret_outside = outside;
}
