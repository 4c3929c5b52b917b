/* SPDX-License-Identifier: Apache-2.0 */
/*
 * csc-init CONTROL REPORT STAGE STDOUT STDERR: PID 1 of a sandbox. It looks that the sandbox is what was planned, gives
 * up every power for itself and what it starts, starts the command's segments, reaps, reports, and is killed with all
 * of them.
 *
 * Threat: it is the one process inside that the command did not start. So it is not dumpable (which also keeps /proc/1
 * and ptrace(2) shut), has no environment, and holds no descriptor of the host's but the two pipes to csc, one of which
 * ends everything when csc dies.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "sandbox/init/init.h"

struct init {
    int fd[CSC_INIT_ARGUMENTS]; /* by CSC_INIT_* */
    int children;               /* signalfd(2) of SIGCHLD */
    int null;                   /* /dev/null of the sandbox */
    struct csc_init_stage stage;
    pid_t pids[CSC_INIT_SEGMENTS_MAX]; /* 0 once reaped */
    size_t started, running;
    pid_t group;
    bool failed; /* a segment did, or could not be started */
    bool ending; /* csc asked for the end: then all processes are waited for, not only the segments */
    bool childless;
};

void csc_init_report(int fd, enum csc_report_kind kind, int index, int value)
{
    const struct csc_report report = {.kind = kind, .index = index, .value = value};

    if (csc_write_all(fd, &report, sizeof(report)) < 0)
        _exit(1);
}

void csc_init_refuse(int fd, int error, const char *format, ...)
{
    struct csc_report report = {.kind = CSC_REPORT_REFUSED, .value = error};
    va_list args;

    va_start(args, format);
    (void)vsnprintf(report.text, sizeof(report.text), format, args);
    va_end(args);
    (void)csc_write_all(fd, &report, sizeof(report));
    _exit(1);
}

/* ---- set-up ------------------------------------------------------------------------------------------------------ */

static int compare_fds(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

/* By the system call itself, for which not every C library has a function. */
static bool close_from_to(unsigned from, unsigned to, unsigned flags)
{
    return syscall(SYS_close_range, from, to, flags) == 0;
}

/* Nothing but the five is left open. */
static bool keep_only(const int *fds)
{
    int kept[CSC_INIT_ARGUMENTS - 1];
    unsigned from = 0;

    memcpy(kept, fds + 1, sizeof(kept));
    qsort(kept, ARRAY_SIZE(kept), sizeof(*kept), compare_fds);
    for (size_t i = 0; i < ARRAY_SIZE(kept); i++) {
        unsigned fd = (unsigned)kept[i];
        if (fd > from && !close_from_to(from, fd - 1, 0))
            return false;
        from = fd + 1;
    }
    return close_from_to(from, ~0U, 0) && close_from_to(0, ~0U, CLOSE_RANGE_CLOEXEC);
}

static bool take_arguments(struct init *init, int argc, char **argv)
{
    if (argc != CSC_INIT_ARGUMENTS)
        return false;
    for (int i = 1; i < CSC_INIT_ARGUMENTS; i++) {
        init->fd[i] = atoi(argv[i]);
        if (init->fd[i] <= STDERR_FILENO || fcntl(init->fd[i], F_GETFD) < 0)
            return false;
    }
    return keep_only(init->fd);
}

static void require(const struct init *init, int result, const char *what)
{
    if (result < 0)
        csc_init_refuse(init->fd[CSC_INIT_REPORT], errno, "%s", what);
}

/* Descriptors 0 to 2 are of the sandbox, too: what opens a file expects them to be taken. */
static void open_null(struct init *init)
{
    int fd;

    do {
        fd = open("/dev/null", O_RDWR | O_CLOEXEC | O_NOCTTY);
        require(init, fd, "opening /dev/null in the sandbox");
    } while (fd <= STDERR_FILENO);
    init->null = fd;
}

static void watch_children(struct init *init)
{
    sigset_t child;

    (void)sigemptyset(&child);
    (void)sigaddset(&child, SIGCHLD);
    require(init, sigprocmask(SIG_SETMASK, &child, NULL), "blocking SIGCHLD");
    (void)signal(SIGCHLD, SIG_DFL);
    (void)signal(SIGPIPE, SIG_IGN);
    init->children = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    require(init, init->children, "watching for the end of processes");
}

/* For this process and all that it will start. In this order: Landlock and the filter need no_new_privs, the filter
 * forbids much of what comes before it. */
static void lock_down(struct init *init)
{
    const struct csc_init_stage *stage = &init->stage;
    const char *step = "";

    require(init, csc_lockdown_session(), "leaving the session and its keyring");
    for (size_t i = 0; i < stage->limit_count; i++)
        require(init, csc_lockdown_limit(stage->limits[i].resource, stage->limits[i].soft, stage->limits[i].hard),
                "setting resource limits");
    require(init, csc_lockdown_capabilities(), "giving up capabilities");
    require(init, csc_lockdown_no_new_privs(), "setting no_new_privs");
    if (csc_landlock_restrict(&stage->landlock, &step) < 0)
        csc_init_refuse(init->fd[CSC_INIT_REPORT], errno, "Landlock: %s", step);
    require(init, csc_seccomp_load(stage->sockets), "loading the system call filter (seccomp)");
}

/* ---- starting ---------------------------------------------------------------------------------------------------- */

static const char *path_of(char *const *environment)
{
    for (; *environment; environment++)
        if (strncmp(*environment, "PATH=", strlen("PATH=")) == 0)
            return *environment + strlen("PATH=");
    return "";
}

/* In the child of vfork(2), which shares our memory until it is another program. */
__attribute__((noreturn)) static void be_segment(const struct init *init, size_t index, const int standard[3],
                                                 volatile int *error)
{
    char *const *environment = (void *)init->stage.environment.data;

    if (setpgid(0, init->group) < 0)
        *error = errno;
    for (int i = 0; i < 3 && *error == 0; i++)
        if (dup2(standard[i], i) < 0)
            *error = errno;
    if (*error == 0 && csc_program_reset_signals() < 0)
        *error = errno;
    if (*error == 0)
        *error = csc_program_exec(init->stage.segments[index], environment, path_of(environment));
    _exit(127);
}

/* A frame of its own, which the child does not return from. Returns the pid, or -1 with errno and no child left. */
__attribute__((noinline)) static pid_t give_birth(const struct init *init, size_t index, const int standard[3])
{
    volatile int error = 0;
    pid_t pid = vfork();

    if (pid == 0)
        be_segment(init, index, standard, &error);
    if (pid > 0 && error != 0) {
        (void)waitpid(pid, NULL, __WALL);
        errno = error;
        return -1;
    }
    return pid;
}

static void start_segment(struct init *init, size_t index, int input, int output)
{
    const int standard[3] = {input, output, init->fd[CSC_INIT_STDERR]};
    pid_t pid = give_birth(init, index, standard);

    if (pid < 0) {
        csc_init_report(init->fd[CSC_INIT_REPORT], CSC_REPORT_NOT_STARTED, (int)index, errno);
        init->failed = true;
        return;
    }
    if (init->group == 0)
        init->group = pid;
    init->pids[init->started++] = pid;
    init->running++;
    csc_init_report(init->fd[CSC_INIT_REPORT], CSC_REPORT_STARTED, (int)index, 0);
}

/* null ─▶ segment ─▶ pipe ─▶ segment ─▶ ... ─▶ STDOUT */
static void start_segments(struct init *init)
{
    size_t count = init->stage.segment_count;
    int input = init->null;

    for (size_t i = 0; i < count && !init->failed; i++) {
        int ends[2] = {-1, init->fd[CSC_INIT_STDOUT]};
        if (i + 1 < count && pipe2(ends, O_CLOEXEC) < 0) {
            csc_init_report(init->fd[CSC_INIT_REPORT], CSC_REPORT_NOT_STARTED, (int)i, errno);
            init->failed = true;
            break;
        }
        start_segment(init, i, input, ends[1]);
        (void)close(input);
        if (i + 1 < count)
            (void)close(ends[1]);
        input = ends[0];
    }
    csc_close_cleanup(&input);
    (void)close(init->fd[CSC_INIT_STDOUT]);
    (void)close(init->fd[CSC_INIT_STDERR]);
}

/* ---- until the end ----------------------------------------------------------------------------------------------- */

static void note_death(struct init *init, pid_t pid, int status)
{
    for (size_t i = 0; i < init->started; i++)
        if (init->pids[i] == pid) {
            init->pids[i] = 0;
            init->running--;
            init->failed |= status != 0;
            csc_init_report(init->fd[CSC_INIT_REPORT], CSC_REPORT_ENDED, (int)i, status);
        }
}

static void reap(struct init *init)
{
    struct signalfd_siginfo info;
    int status;
    pid_t pid;

    while (read(init->children, &info, sizeof(info)) > 0)
        ;
    while ((pid = waitpid(-1, &status, WNOHANG | __WALL)) > 0)
        note_death(init, pid, status);
    init->childless = pid < 0 && errno == ECHILD;
}

/* A byte asks all processes to end; the end of the stream is the death of csc. */
static void obey(struct init *init)
{
    char byte;
    ssize_t size = read(init->fd[CSC_INIT_CONTROL], &byte, sizeof(byte));

    if (size == 0 || (size < 0 && errno != EINTR && errno != EAGAIN))
        _exit(1);
    if (size > 0) {
        init->ending = true;
        (void)kill(-1, SIGTERM);
        (void)kill(-1, SIGCONT); /* what is stopped could not act on it */
    }
}

static bool is_over(const struct init *init)
{
    return init->childless || (init->running == 0 && !init->ending);
}

static void serve(struct init *init)
{
    struct pollfd fds[] = {{.fd = init->fd[CSC_INIT_CONTROL], .events = POLLIN},
                           {.fd = init->children, .events = POLLIN}};

    while (!is_over(init)) {
        if (poll(fds, ARRAY_SIZE(fds), -1) < 0)
            continue;
        if (fds[0].revents)
            obey(init);
        if (fds[1].revents)
            reap(init);
    }
}

static void report_full(const struct init *init)
{
    static const char *const places[] = {"/tmp", CSC_SANDBOX_HOME, "/dev/shm"};

    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        struct statvfs fs;
        if (statvfs(places[i], &fs) == 0 && fs.f_bavail == 0)
            csc_init_report(init->fd[CSC_INIT_REPORT], CSC_REPORT_FULL, (int)i, 0);
    }
}

/* Both in one write(2), so that csc finds all or nothing. */
static void report_measurement(const struct init *init, const struct csc_init_probe *probe)
{
    struct {
        struct csc_report report;
        struct csc_measured_inside inside;
    } both = {.report = {.kind = CSC_REPORT_MEASURED}};
    _Static_assert(sizeof(both) <= PIPE_BUF && sizeof(both) == sizeof(both.report) + sizeof(both.inside),
                   "written as a whole, and without a gap");

    if (!csc_init_measure(&init->stage, probe, &both.inside))
        csc_init_refuse(init->fd[CSC_INIT_REPORT], 0, "/proc/self/status of the sandbox lacks what is to be measured");
    if (csc_write_all(init->fd[CSC_INIT_REPORT], &both, sizeof(both)) < 0)
        _exit(1);
}

/* Until csc has compared what was measured with what was planned. That it is dead, or wants the end, ends us before
 * anything was started. */
static void wait_for_go(const struct init *init)
{
    char byte = 0;
    ssize_t size;

    do
        size = read(init->fd[CSC_INIT_CONTROL], &byte, sizeof(byte));
    while (size < 0 && errno == EINTR);
    if (size != 1 || byte != CSC_CONTROL_GO[0])
        _exit(1);
}

int main(int argc, char **argv)
{
    struct init init = {.children = -1, .null = -1};
    struct csc_init_probe probe;

    if (prctl(PR_SET_DUMPABLE, 0) < 0 || !take_arguments(&init, argc, argv)) {
        static const char words[] = "csc-init is started by csc, inside a sandbox\n";
        (void)!write(STDERR_FILENO, words, sizeof(words) - 1);
        return 64;
    }
    if (getpid() != 1)
        csc_init_refuse(init.fd[CSC_INIT_REPORT], 0, "csc-init is not the first process of a PID namespace");
    csc_init_read_stage(init.fd[CSC_INIT_STAGE], init.fd[CSC_INIT_REPORT], &init.stage);
    (void)close(init.fd[CSC_INIT_STAGE]);
    open_null(&init);
    watch_children(&init);
    require(&init, chdir(init.stage.cwd), "entering cwd");
    csc_init_probe(&probe);
    lock_down(&init);
    report_measurement(&init, &probe);
    wait_for_go(&init);
    start_segments(&init);
    if (!init.failed)
        serve(&init);
    if (init.failed)
        report_full(&init);
    return 0;
}
