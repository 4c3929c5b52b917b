/* SPDX-License-Identifier: Apache-2.0 */
/*
 * csc ──▶ [bwrap ──▶] csc-init (PID 1 inside) ──▶ the command's segments
 *   ▲                   │ ▲
 *   └───── reports ─────┘ └── control: a byte ends in order; csc's death ends at once
 */
#include "exec/sandboxed.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exec/cwd.h"
#include "exec/spawn.h"

enum { SEGMENTS_MAX = 10, MESSAGE_MAX = 2000 };

struct csc_sandboxed {
    const struct csc_exec_io *io;
    const struct csc_boundary *boundary; /* of `io` */
    struct csc_launch *launch;
    pid_t pid;
    int message; /* what bwrap says */
    bool started[SEGMENTS_MAX], ended[SEGMENTS_MAX];
    int status[SEGMENTS_MAX]; /* of waitpid(2) */
    bool full[3];
    bool answered; /* csc-init was told whether to go on, or to end, or is gone: no report is waited for */
    bool late;     /* all is as planned, and io->not_after has come */
    struct csc_measurement measurement;
    char contradiction[300];                /* what was measured, and planned otherwise; "" : nothing */
    struct csc_report refused, not_started; /* kind 0: there was none */
};

static int spawn(struct csc_sandboxed *s, int null, int message, struct csc_error *err)
{
    static char *const no_environment[] = {NULL};
    struct csc_spawn_failure failure;
    _cleanup_close_ int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    const struct csc_spawn spawn = {
        .argv = s->launch->argv,
        .envp = no_environment,
        .path = "",
        .cwd = csc_fd_above_standard(root),
        .standard = {null, message, message},
        .launch = s->launch,
    };

    s->pid = csc_spawn(&spawn, &failure);
    if (s->pid >= 0)
        return 0;
    if (failure.step == CSC_SPAWN_EXEC)
        return csc_fail_errno(err, CSC_E_CONFIG, failure.sys_errno, "cannot execute '%s'", s->launch->argv[0]);
    return csc_fail_errno(err, CSC_E_CONFIG, failure.sys_errno,
                          "cannot start the sandbox (its process, its control groups, or its user)");
}

static int start_native(struct csc_sandboxed *s, struct csc_error *err)
{
    pid_t pid = csc_launch_native(s->launch, s->boundary->plan, err);

    if (pid < 0)
        return pid;
    s->pid = pid;
    return 0;
}

/* What bwrap itself has to say goes into a pipe of its own. */
static int start_bwrap(struct csc_sandboxed *s, int null, struct csc_error *err)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
        return csc_fail_errno(err, CSC_E_INTERNAL, errno, "cannot make a pipe");
    s->message = csc_fd_above_standard(ends[0]);
    _cleanup_close_ int theirs = csc_fd_above_standard(ends[1]);
    if (s->message < 0 || theirs < 0)
        return csc_fail_errno(err, CSC_E_INTERNAL, errno, "cannot make a pipe");
    return spawn(s, null, theirs, err);
}

static int start(struct csc_sandboxed *s, const int output[2], int null, struct csc_error *err)
{
    int r = csc_launch_make(s->boundary->plan, s->boundary->survey, output, &s->launch, err);

    if (r == 0)
        r = s->launch->native ? start_native(s, err) : start_bwrap(s, null, err);
    if (r < 0)
        return r;
    csc_launch_started(s->launch);
    /* While the sandbox is being made. */
    csc_measure_executor(s->boundary->plan, s->boundary->survey, &s->measurement);
    return 0;
}

int csc_sandboxed_start(const struct csc_exec_io *io, const int output[2], int null,
                        struct csc_sandboxed **ret_sandboxed, struct csc_error *err)
{
    struct csc_sandboxed *s = calloc(1, sizeof(*s));

    if (!s)
        return csc_fail_memory(err);
    s->io = io;
    s->boundary = io->boundary;
    s->message = -1;
    int r = start(s, output, null, err);
    if (r < 0) {
        csc_sandboxed_free(s);
        return r;
    }
    *ret_sandboxed = s;
    return 0;
}

pid_t csc_sandboxed_pid(const struct csc_sandboxed *sandboxed)
{
    return sandboxed->pid;
}

int csc_sandboxed_report_fd(const struct csc_sandboxed *sandboxed)
{
    return sandboxed->answered ? -1 : sandboxed->launch->report;
}

void csc_sandboxed_end(struct csc_sandboxed *sandboxed)
{
    /* What has not been compared by now will not be: it is about to end. */
    sandboxed->answered = true;
    /* That it is gone already changes nothing. */
    (void)!write(sandboxed->launch->control, CSC_CONTROL_END, 1);
}

/* ---- reports ------------------------------------------------------------------------------------------------------
 */

static void take_report(struct csc_sandboxed *s, const struct csc_report *report)
{
    bool is_segment = report->index >= 0 && report->index < SEGMENTS_MAX;

    switch (report->kind) {
    case CSC_REPORT_REFUSED:
        s->refused = *report;
        s->refused.text[sizeof(s->refused.text) - 1] = '\0';
        break;
    case CSC_REPORT_STARTED:
        if (is_segment)
            s->started[report->index] = true;
        break;
    case CSC_REPORT_NOT_STARTED:
        if (is_segment)
            s->not_started = *report;
        break;
    case CSC_REPORT_ENDED:
        if (is_segment) {
            s->ended[report->index] = true;
            s->status[report->index] = report->value;
        }
        break;
    case CSC_REPORT_FULL:
        if (report->index >= 0 && report->index < 3)
            s->full[report->index] = true;
        break;
    default:
        break;
    }
}

static bool read_report(struct csc_sandboxed *s, void *report, size_t size)
{
    ssize_t n;

    /* Each is smaller than PIPE_BUF: it is there as a whole. */
    do
        n = read(s->launch->report, report, size);
    while (n < 0 && errno == EINTR);
    if (n == 0)
        s->answered = true; /* nobody is there any more */
    return n == (ssize_t)size;
}

static void take_reports(struct csc_sandboxed *s)
{
    struct csc_report report;

    while (read_report(s, &report, sizeof(report))) {
        if (report.kind == CSC_REPORT_MEASURED)
            s->measurement.taken = read_report(s, &s->measurement.inside, sizeof(s->measurement.inside));
        else
            take_report(s, &report);
    }
}

/* ---- the measurement ----------------------------------------------------------------------------------------------
 */

/* The end of the life line ends csc-init before it has started anything. */
static void forbid(struct csc_sandboxed *s)
{
    csc_close_cleanup(&s->launch->control);
    s->launch->control = -1;
}

/* Somebody killed it, or it is going: what is seen of it then is not what it was. */
static bool is_ending(const struct csc_sandboxed *s)
{
    struct pollfd report = {.fd = s->launch->report, .events = POLLIN};
    siginfo_t info = {0};

    return (waitid(P_PID, (id_t)s->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0) ||
           (poll(&report, 1, 0) > 0 && (report.revents & POLLHUP));
}

static void judge(struct csc_sandboxed *s)
{
    const struct csc_plan *plan = s->boundary->plan;
    char text[200];

    csc_measure_outside(plan, s->launch, s->pid, &s->measurement.outside);
    const char *name = csc_measurement_check(plan, &s->measurement, text, sizeof(text));
    if (name && is_ending(s)) {
        forbid(s);
        s->answered = true;
        return;
    }
    s->measurement.compared = true;
    s->measurement.passed = !name;
    s->late = csc_exec_is_too_late(s->io);
    if (name)
        (void)snprintf(s->contradiction, sizeof(s->contradiction), "measured %s: %s", name, text);
    if (name || s->late)
        forbid(s);
    else
        (void)!write(s->launch->control, CSC_CONTROL_GO, 1);
    s->answered = true;
}

void csc_sandboxed_serve(struct csc_sandboxed *sandboxed)
{
    take_reports(sandboxed);
    if (sandboxed->measurement.taken && !sandboxed->answered)
        judge(sandboxed);
    else if (sandboxed->refused.kind)
        sandboxed->answered = true;
}

/* ---- the end ------------------------------------------------------------------------------------------------------
 */

static const char *explain_bwrap(const char *message)
{
    static const struct {
        const char *words, *fix;
    } known[] = {
        {"nknown option", "this bwrap is too old; 0.10, or Debian's 0.8.0-2+deb12u1 or later is needed"},
        {"setting up uid map", "unprivileged user namespaces are not to be had; csc doctor says what would fix it"},
        {"No permissions to create",
         "unprivileged user namespaces are not to be had; csc doctor says what would fix it"},
        {"Creating new namespace failed", "namespaces are not to be had; csc doctor says what would fix it"},
        {"Can't mount proc",
         "a fresh /proc is refused, as in containers that mask theirs; csc doctor says what would fix it"},
        {"Race condition", "a path was exchanged while the sandbox was made; run it again"},
        {"Can't find source path", "a path was removed, or its user may not reach it"},
        {"loopback", "a network namespace is not to be had; csc doctor says what would fix it"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(known); i++)
        if (strstr(message, known[i].words))
            return known[i].fix;
    return "csc doctor says what this machine can hold";
}

/* How the first process of the sandbox ended that had nothing to say. It exits with 0 or 1 by itself. */
static const char *explain_silence(int code)
{
    static const struct {
        int signal_number;
        const char *words;
    } known[] = {
        {SIGSYS, "a system call filter that csc runs under killed it (SIGSYS)"},
        {SIGKILL, "it was killed (SIGKILL), from outside or for want of memory,"},
        {SIGSEGV, "it was killed (SIGSEGV), as by too low a limit of the stack (ulimit -s),"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(known); i++)
        if (code == 128 + known[i].signal_number)
            return known[i].words;
    return "it ended";
}

static void refuse_boundary(struct csc_sandboxed *s, struct csc_exec_result *result)
{
    char message[MESSAGE_MAX], sentence[CSC_REPORT_SENTENCE];
    ssize_t size = s->message < 0 ? 0 : read(s->message, message, sizeof(message) - 1);

    if (s->contradiction[0]) {
        csc_result_refuse(result, CSC_EXEC_NO_BOUNDARY, 126,
                          "sandbox: %s; the command was not started; csc doctor says what this machine can hold",
                          s->contradiction);
    } else if (s->refused.kind) {
        csc_step_explain((enum csc_step)s->refused.index, s->refused.value, s->refused.text, sentence,
                         sizeof(sentence));
        csc_result_refuse(result, CSC_EXEC_NO_BOUNDARY, 126, "sandbox: %s", sentence);
    } else if (size > 0) {
        message[size] = '\0';
        message[strcspn(message, "\n")] = '\0';
        csc_result_refuse(result, CSC_EXEC_NO_BOUNDARY, 126, "sandbox: %.300s; %s", message, explain_bwrap(message));
    } else {
        csc_result_refuse(result, CSC_EXEC_NO_BOUNDARY, 126,
                          "sandbox: %s before the command could start; csc doctor says what this machine can hold",
                          explain_silence(result->exit_code));
    }
}

static int code_of(int status)
{
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* The first segment that failed, or -1. One that was not seen to end was killed with the sandbox. */
static int first_failure(struct csc_sandboxed *s)
{
    for (int i = 0; i < SEGMENTS_MAX; i++) {
        if (s->started[i] && !s->ended[i])
            s->status[i] = SIGKILL;
        if (s->started[i] && s->status[i] != 0)
            return i;
    }
    return -1;
}

static void explain_failure(struct csc_sandboxed *s, int status, struct csc_exec_result *result)
{
    struct csc_failure failure = {
        .exit_code = result->exit_code,
        .signal_number = WIFSIGNALED(status) ? WTERMSIG(status) : 0,
        .tail = result->tail,
        .tail_size = result->tail_size,
        .tmp_full = s->full[0],
        .home_full = s->full[1],
        .shm_full = s->full[2],
        .policy = s->boundary->policy,
    };

    if (s->launch->cgroup)
        csc_cgroup_read_events(s->launch->cgroup, &failure.events);
    if (!csc_denial_explain(s->boundary->plan, &failure, result->hint, sizeof(result->hint)))
        result->hint[0] = '\0';
}

static void conclude_by_itself(struct csc_sandboxed *s, struct csc_exec_result *result)
{
    if (s->not_started.kind) {
        const struct csc_argv *argv = &s->boundary->plan->command->argvs[s->not_started.index];
        csc_result_refuse_program(result, argv->items[0], s->not_started.value);
        explain_failure(s, 0, result);
        return;
    }
    int failed = first_failure(s);
    result->end = CSC_EXEC_EXITED;
    result->exit_code = failed < 0 ? 0 : code_of(s->status[failed]);
    if (failed < 0)
        return;
    if (!s->ended[failed])
        csc_result_refuse(result, CSC_EXEC_EXITED, 128 + SIGKILL,
                          "the sandbox was killed from outside, or by the kernel");
    explain_failure(s, s->status[failed], result);
}

void csc_sandboxed_conclude(struct csc_sandboxed *sandboxed, struct csc_exec_result *result)
{
    struct csc_sandboxed *s = sandboxed;

    take_reports(s);
    result->facts.measurement = s->measurement;
    for (int i = 0; i < SEGMENTS_MAX; i++)
        result->started |= s->started[i];
    if (result->end == CSC_EXEC_TIMED_OUT && !result->started)
        csc_result_refuse(result, CSC_EXEC_NO_BOUNDARY, 126,
                          "sandbox: it was not made within timeout_sec; declare folders instead of what is in them, or "
                          "allow more time");
    if (result->end != CSC_EXEC_EXITED)
        return;
    if (s->late && !s->contradiction[0])
        csc_result_refuse(result, CSC_EXEC_EXPIRED, 126, "it was too late to start");
    else if (s->refused.kind || (!result->started && !s->not_started.kind))
        refuse_boundary(s, result);
    else
        conclude_by_itself(s, result);
}

void csc_sandboxed_usage(const struct csc_sandboxed *sandboxed, struct csc_usage *usage)
{
    struct csc_cgroup_usage counted = {-1, -1, -1};

    if (sandboxed->launch->cgroup)
        csc_cgroup_read_usage(sandboxed->launch->cgroup, &counted);
    if (counted.user_us >= 0 && counted.system_us >= 0) {
        usage->cpu_source = CSC_USAGE_CGROUP;
        usage->user_us = counted.user_us;
        usage->system_us = counted.system_us;
    }
    if (counted.memory_peak >= 0) {
        usage->memory_source = CSC_USAGE_CGROUP;
        usage->memory_peak = counted.memory_peak;
    }
}

void csc_sandboxed_free(struct csc_sandboxed *sandboxed)
{
    if (!sandboxed)
        return;
    csc_launch_free(sandboxed->launch);
    csc_close_cleanup(&sandboxed->message);
    free(sandboxed);
}
