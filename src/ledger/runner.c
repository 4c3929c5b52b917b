/* SPDX-License-Identifier: Apache-2.0 */
/* Who runs an execution, and whether it still does: a number alone says nothing, since the kernel gives it out again.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "ledger/ledger.h"

enum {
    STAT_BYTES = 4096, /* of /proc/PID/stat: some 50 numbers and a name of 15 bytes */
    START_TIME = 22,   /* fields of it, from 1 on (proc(5)) */
    STATE = 3,
};

/* Reads a small file of /proc whole. 0, or -1 with errno. */
static int read_small(const char *path, char *ret_text, size_t capacity)
{
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t used = 0;
    ssize_t n = 0;

    if (fd < 0)
        return -1;
    while (used + 1 < capacity) {
        n = read(fd, ret_text + used, capacity - 1 - used);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        used += (size_t)n;
    }
    ret_text[used] = '\0';
    return n < 0 ? -1 : 0;
}

static bool read_boot_id(char ret_id[37])
{
    char text[64];

    if (read_small("/proc/sys/kernel/random/boot_id", text, sizeof(text)) < 0)
        return false;
    text[strcspn(text, "\n")] = '\0';
    if (strlen(text) != 36)
        return false;
    memcpy(ret_id, text, 37);
    return true;
}

/* False also where /proc shows the processes of another namespace, under their numbers there. */
static bool read_namespace(uint64_t *ret_inode)
{
    struct stat st;
    char self[32];

    ssize_t size = readlink("/proc/self", self, sizeof(self) - 1);
    if (size <= 0)
        return false;
    self[size] = '\0';
    if (strtol(self, NULL, 10) != (long)getpid() || stat("/proc/self/ns/pid", &st) < 0)
        return false;
    *ret_inode = st.st_ino;
    return true;
}

/* The command's name, field 2, is in parentheses and may hold anything: the last parenthesis ends it. */
static bool parse_stat(const char *text, char *ret_state, uint64_t *ret_start_time)
{
    const char *p = strrchr(text, ')');
    unsigned long long start_time;

    if (!p || p[1] != ' ')
        return false;
    p += 2;
    char state = *p;
    for (int field = STATE; field < START_TIME; field++) {
        p = strchr(p, ' ');
        if (!p)
            return false;
        p++;
    }
    if (sscanf(p, "%llu", &start_time) != 1)
        return false;
    *ret_state = state;
    *ret_start_time = start_time;
    return true;
}

int csc_runner_self(struct csc_runner *ret_runner, struct csc_error *err)
{
    struct csc_runner runner = {.pid = getpid()};
    char text[STAT_BYTES], state;

    if (read_small("/proc/self/stat", text, sizeof(text)) < 0 || !parse_stat(text, &state, &runner.start_time) ||
        !read_namespace(&runner.pid_namespace) || !read_boot_id(runner.boot_id))
        return csc_error_in_stage(
            err, "ledger",
            csc_fail(err, CSC_E_INTERNAL, "/proc does not tell who this process is; mount proc on /proc"));
    *ret_runner = runner;
    return 0;
}

/* By what /proc has of it. */
static enum csc_runner_state look_in_proc(const struct csc_runner *runner)
{
    char path[64], text[STAT_BYTES], boot_id[37], state;
    uint64_t pid_namespace, start_time;

    if (!read_boot_id(boot_id))
        return CSC_RUNNER_UNKNOWN;
    if (strcmp(boot_id, runner->boot_id) != 0)
        return CSC_RUNNER_GONE; /* nothing outlives its kernel */
    /* A container's processes have other numbers here, or cannot be seen at all. */
    if (!read_namespace(&pid_namespace) || pid_namespace != runner->pid_namespace)
        return CSC_RUNNER_UNKNOWN;
    (void)snprintf(path, sizeof(path), "/proc/%lld/stat", (long long)runner->pid);
    if (read_small(path, text, sizeof(text)) < 0) {
        if (errno == ESRCH)
            return CSC_RUNNER_GONE; /* it ended while it was read */
        /* With hidepid (proc(5)) the processes of others look as if they were not there; kill(2) tells. */
        if (errno == ENOENT && runner->pid > 0 && kill((pid_t)runner->pid, 0) < 0 && errno == ESRCH)
            return CSC_RUNNER_GONE;
        return CSC_RUNNER_UNKNOWN;
    }
    if (!parse_stat(text, &state, &start_time))
        return CSC_RUNNER_UNKNOWN;
    /* A zombie runs no more, and writes no receipt. */
    return start_time == runner->start_time && state != 'Z' && state != 'X' ? CSC_RUNNER_ALIVE : CSC_RUNNER_GONE;
}

/* A lock that is held is beyond doubt. One that is not might be of another file, since somebody took the first one
 * away: then a process that is seen to live does live. */
enum csc_runner_state csc_runner_look(const struct csc_runner *runner)
{
    if (runner->lock == CSC_RUNNER_LOCK_HELD)
        return CSC_RUNNER_ALIVE;
    enum csc_runner_state state = look_in_proc(runner);
    return runner->lock == CSC_RUNNER_LOCK_UNSEEN || state == CSC_RUNNER_ALIVE ? state : CSC_RUNNER_GONE;
}
