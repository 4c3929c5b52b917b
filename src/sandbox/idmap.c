/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel takes the map of a mount from a user namespace, and a user namespace comes with a process. It shares csc's
 * memory, since it does nothing but wait, and is killed when its namespace is open.
 */
#include "sandbox/idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

enum { STACK_BYTES = 16 << 10, MAP_TEXT = 256 };

/* Threat to its parent: errno is its, too. So no signal may come: pause(2) never returns then, but by SIGKILL. */
static int wait_for_the_end(void *parent)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == *(const pid_t *)parent)
        for (;;)
            (void)pause();
    return 0;
}

static size_t add_range(char *text, size_t size, uint32_t from, uint32_t end)
{
    if (from >= end)
        return 0;
    int n = snprintf(text, size, "%u %u %u\n", from, from, end - from);
    return n < 0 ? 0 : (size_t)n;
}

/* "ON-DISK IN-MOUNT COUNT" lines: owner and id change places, the rest stays. */
static void write_map(char text[MAP_TEXT], uint32_t owner, uint32_t id)
{
    uint32_t low = owner < id ? owner : id, high = owner < id ? id : owner;
    int n = snprintf(text, MAP_TEXT, owner == id ? "%u %u 1\n" : "%u %u 1\n%u %u 1\n", owner, id, id, owner);
    size_t used = n < 0 ? 0 : (size_t)n;

    used += add_range(text + used, MAP_TEXT - used, 0, low);
    used += add_range(text + used, MAP_TEXT - used, low + 1, high);
    (void)add_range(text + used, MAP_TEXT - used, high + 1, UINT32_MAX);
}

/* In one write(2), as user_namespaces(7) wants it. */
static int write_proc(const char *process, const char *name, const char *text)
{
    char path[64];

    (void)snprintf(path, sizeof(path), "/proc/%s/%s", process, name);
    _cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);
    return fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) ? -1 : 0;
}

int csc_idmap_give_user(const char *process, const struct csc_idmap_user *user)
{
    char uids[32], gids[32];

    (void)snprintf(uids, sizeof(uids), "%u %u 1", user->inner_uid, user->outer_uid);
    (void)snprintf(gids, sizeof(gids), "%u %u 1", user->inner_gid, user->outer_gid);
    if (write_proc(process, "setgroups", "deny") < 0 || write_proc(process, "uid_map", uids) < 0)
        return -1;
    return write_proc(process, "gid_map", gids);
}

static int open_namespace(pid_t pid, const struct csc_idmap *map)
{
    char text[MAP_TEXT], path[64], process[16];

    (void)snprintf(process, sizeof(process), "%d", pid);
    write_map(text, map->owner_uid, map->uid);
    if (write_proc(process, "uid_map", text) < 0)
        return -1;
    write_map(text, map->owner_gid, map->gid);
    if (write_proc(process, "gid_map", text) < 0)
        return -1;
    (void)snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);
    return csc_fd_above_standard(open(path, O_RDONLY | O_CLOEXEC));
}

int csc_idmap_open(const struct csc_idmap *map)
{
    _Alignas(16) char stack[STACK_BYTES];
    pid_t own = getpid();
    sigset_t all, before;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t pid = clone(wait_for_the_end, stack + sizeof(stack), CLONE_VM | CLONE_NEWUSER, &own);
    int failed = errno;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (pid < 0) {
        errno = failed;
        return -1;
    }
    int fd = open_namespace(pid, map);
    int error = errno;
    (void)kill(pid, SIGKILL);
    while (waitpid(pid, NULL, __WALL) < 0 && errno == EINTR)
        ;
    errno = error;
    return fd;
}
