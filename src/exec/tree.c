/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A command can leave its process group (setsid) and its parent (double fork), but not the tree: the calling process
 * is a subreaper (prctl(2)), so that every orphan of the tree becomes its child.
 *
 * Threat: signalling a stranger, because a process number was given to somebody else meanwhile. Our own children
 * keep their numbers until we reap them, so they are signalled by number. Deeper ones are signalled through a pidfd,
 * after it was made sure, with the pidfd open, that the number still means the process that was found.
 */
#include "exec/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "exec/exec.h"

#define MILLISECOND INT64_C(1000000)

enum {
    REAP_BATCH = 1000,      /* children reaped before others are killed again */
    ROUND_MS = 10,          /* how long to wait for a killed child */
    DEEP_MS = 100,          /* without a death for so long, look below those that can't be killed */
    FRUITLESS_MS = 2000,    /* ... and for so long, give up */
    KILL_MAX_MS = 30 * 1000 /* however many die: a fork storm that outruns us */
};

struct process {
    pid_t pid, parent;
    unsigned long long start; /* in clock ticks since boot: with the pid, an identity */
    bool zombie, ours;
};

struct processes {
    struct process *items;
    size_t count, capacity;
};

static void processes_free(struct processes *list)
{
    free(list->items);
}

int64_t csc_clock_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_BOOTTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* The beginning of a file below /proc; "" when there is none. */
static ssize_t read_proc(const char *path, char *text, size_t size)
{
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);

    text[n > 0 ? n : 0] = '\0';
    return n;
}

/* proc_pid_stat(5): pid (comm) state ppid ... starttime is the 22nd. A comm may hold spaces and parentheses. */
static bool read_process(pid_t pid, struct process *ret_process)
{
    char path[40], text[1024];
    struct process process = {.pid = pid};
    char state;
    int parent;

    (void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    if (read_proc(path, text, sizeof(text)) <= 0)
        return false;
    const char *after = strrchr(text, ')');
    if (!after || sscanf(after + 1, " %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
                         &state, &parent, &process.start) != 3)
        return false;
    process.parent = parent;
    process.zombie = state == 'Z' || state == 'X';
    *ret_process = process;
    return true;
}

static bool processes_add(struct processes *list, const struct process *process)
{
    if (list->count == list->capacity) {
        size_t capacity = list->capacity ? 2 * list->capacity : 256;
        struct process *items = reallocarray(list->items, capacity, sizeof(*items));
        if (!items)
            return false;
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->count++] = *process;
    return true;
}

static pid_t pid_of(const char *name)
{
    char *end = NULL;
    long pid = strtol(name, &end, 10);

    return *end == '\0' && pid > 0 && pid <= INT32_MAX ? (pid_t)pid : 0;
}

static int compare_pids(const void *a, const void *b)
{
    const struct process *left = a, *right = b;

    return (left->pid > right->pid) - (left->pid < right->pid);
}

/* Every process of the system, in order of pid. What memory does not suffice for is left out. */
static void list_processes(struct processes *list)
{
    _cleanup_closedir_ DIR *proc = opendir("/proc");
    struct process process;
    struct dirent *entry;

    while (proc && (entry = readdir(proc))) {
        pid_t pid = pid_of(entry->d_name);
        if (pid > 0 && read_process(pid, &process) && !processes_add(list, &process))
            break;
    }
    if (list->count > 0)
        qsort(list->items, list->count, sizeof(*list->items), compare_pids);
}

static struct process *find(const struct processes *list, pid_t pid)
{
    const struct process key = {.pid = pid};

    if (list->count == 0)
        return NULL;
    return bsearch(&key, list->items, list->count, sizeof(key), compare_pids);
}

/* Marks the tree: as long as a pass finds one more whose parent is in it. A parent mostly has the smaller number, so
 * that passes are few. */
static void mark_ours(struct processes *list)
{
    pid_t self = getpid();

    for (bool changed = true; changed;) {
        changed = false;
        for (size_t i = 0; i < list->count; i++) {
            struct process *p = &list->items[i];
            const struct process *parent = p->ours ? NULL : find(list, p->parent);
            if (!p->ours && p->pid != self && (p->parent == self || (parent && parent->ours)))
                changed = p->ours = true;
        }
    }
}

static void send_signal(const struct process *process, int signal_number)
{
    struct process now;

    if (process->parent == getpid()) {
        (void)kill(process->pid, signal_number);
        return;
    }
    _cleanup_close_ int fd = pidfd_open(process->pid, 0);
    if (fd < 0 || !read_process(process->pid, &now) || now.start != process->start)
        return;
    (void)pidfd_send_signal(fd, signal_number, NULL, 0);
}

size_t csc_tree_signal(int signal_number)
{
    _cleanup_(processes_free) struct processes list = {0};
    size_t alive = 0;

    list_processes(&list);
    mark_ours(&list);
    for (size_t i = 0; i < list.count; i++)
        if (list.items[i].ours && !list.items[i].zombie) {
            send_signal(&list.items[i], signal_number);
            alive++;
        }
    return alive;
}

/* A group is signalled as a whole: nothing forks past that (the kernel delays the signal until a fork under way is
 * over, and gives it to both). A child that leads a group holds its number until we reap it. */
static void kill_child(pid_t pid)
{
    if (getpgid(pid) == pid)
        (void)kill(-pid, SIGKILL);
    (void)kill(pid, SIGKILL);
}

int csc_tree_open_children(void)
{
    return open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
}

/*
 * Kills all children of ours, by the kernel's own list of them (proc_pid_task_children(5)): quick enough for those
 * that keep forking and exiting. False when there is no such list.
 */
static bool kill_listed_children(int children_fd)
{
    char text[4096];
    pid_t pid = 0;
    ssize_t n;

    if (lseek(children_fd, 0, SEEK_SET) < 0)
        return false;
    while ((n = read(children_fd, text, sizeof(text))) > 0)
        for (ssize_t i = 0; i < n; i++) {
            if (text[i] >= '0' && text[i] <= '9') {
                pid = pid * 10 + (text[i] - '0');
            } else {
                if (pid > 0)
                    kill_child(pid);
                pid = 0;
            }
        }
    return n == 0;
}

/* Returns how many were reaped; *alone: no child is left, dead or alive. */
static size_t reap(bool *alone)
{
    size_t count = 0;
    pid_t pid = 1;

    while (count < REAP_BATCH && (pid = waitpid(-1, NULL, WNOHANG | __WALL)) > 0)
        count++;
    *alone = pid < 0 && errno == ECHILD;
    return count;
}

static void wait_for_death(int child_fd)
{
    struct pollfd death = {.fd = child_fd, .events = POLLIN};
    struct signalfd_siginfo info;

    if (poll(&death, 1, ROUND_MS) > 0)
        (void)!read(child_fd, &info, sizeof(info));
}

/* Layer by layer: the children of a killed process become ours at that moment. */
size_t csc_tree_kill(int child_fd, int children_fd)
{
    int64_t start = csc_clock_ns(), progress = start, looked = start;
    bool alone;

    for (;;) {
        size_t reaped = reap(&alone);
        int64_t now = csc_clock_ns();
        if (alone)
            return 0;
        if (reaped > 0)
            progress = looked = now;
        if (now - progress > FRUITLESS_MS * MILLISECOND || now - start > KILL_MAX_MS * MILLISECOND)
            break;
        bool listed = kill_listed_children(children_fd);
        if (!listed || now - looked > DEEP_MS * MILLISECOND) {
            (void)csc_tree_signal(SIGKILL);
            looked = now;
        }
        if (reaped < REAP_BATCH)
            wait_for_death(child_fd);
    }
    size_t alive = csc_tree_signal(SIGKILL);
    return alive > 0 ? alive : 1; /* one that /proc does not show (hidepid) */
}

int csc_exec_become_supervisor(struct csc_error *err)
{
    struct sigaction action = {.sa_handler = SIG_DFL};

    /* An ignored SIGCHLD, which csc may have inherited, would have the kernel reap the children. */
    if (sigaction(SIGCHLD, &action, NULL) < 0)
        return csc_fail_errno(err, CSC_E_INTERNAL, errno, "cannot reset SIGCHLD");
    action.sa_handler = SIG_IGN;
    if (sigaction(SIGPIPE, &action, NULL) < 0)
        return csc_fail_errno(err, CSC_E_INTERNAL, errno, "cannot ignore SIGPIPE");
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
        return csc_fail_errno(err, CSC_E_INTERNAL, errno, "cannot become a subreaper");
    return 0;
}

bool csc_exec_has_children(void)
{
    siginfo_t info;

    return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) == 0 || errno != ECHILD;
}
