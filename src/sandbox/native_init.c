/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From clone3(2) to csc-init. Threat: until the execve(2) the child has csc's memory, of which the signing key is not a
 * part (receipt/key_file.c keeps it from children), and csc's descriptors. Nothing of the agent's runs before both are
 * gone.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "sandbox/idmap.h"
#include "sandbox/lockdown.h"
#include "sandbox/native.h"

void csc_builder_refuse(const struct csc_builder *b, enum csc_step step, int error, const char *format, ...)
{
    struct csc_report report = {.kind = CSC_REPORT_REFUSED, .index = (int)step, .value = error};
    va_list args;

    va_start(args, format);
    (void)vsnprintf(report.text, sizeof(report.text), format, args);
    va_end(args);
    (void)csc_write_all(b->native->arguments[CSC_INIT_REPORT], &report, sizeof(report));
    _exit(1);
}

static void require(const struct csc_builder *b, long result, enum csc_step step, const char *what)
{
    if (result < 0)
        csc_builder_refuse(b, step, errno, "%s", what);
}

/* Its end of stream is the death of csc. */
static void wait_for_csc(const struct csc_builder *b)
{
    char byte;
    ssize_t size;

    do
        size = read(b->native->go, &byte, 1);
    while (size < 0 && errno == EINTR);
    if (size != 1)
        _exit(1);
}

/* Of a pipe that we hold both ends of, the end never comes. */
static void close_ends_of_csc(const struct csc_native *native)
{
    (void)close(native->control);
    (void)close(native->report);
    (void)close(native->go_ahead);
}

/*
 * Root may map whom it likes, and does so from outside. Anybody else maps himself, and has to give setgroups(2) up
 * first (user_namespaces(7)). csc is not dumpable while it holds a key, and neither is its child, who for that reason
 * may not open what is its own in /proc; the key, however, is not in the child's memory.
 */
static void map_myself(const struct csc_builder *b)
{
    const struct csc_plan *plan = b->plan;
    const struct csc_idmap_user user = {plan->inner_uid, plan->outer_uid, plan->inner_gid, plan->outer_gid};

    require(b, prctl(PR_SET_DUMPABLE, 1), CSC_STEP_IDENTITY, "mapping the sandbox's user (prctl)");
    require(b, csc_idmap_give_user("self", &user), CSC_STEP_IDENTITY,
            "mapping the sandbox's user (/proc/self/uid_map)");
    require(b, prctl(PR_SET_DUMPABLE, 0), CSC_STEP_IDENTITY, "mapping the sandbox's user (prctl)");
}

/* The system calls themselves: the C library's functions would set off what it does for threads. */
static void become_inner_user(const struct csc_builder *b)
{
    uid_t uid = b->plan->inner_uid;
    gid_t gid = b->plan->inner_gid;

    require(b, syscall(SYS_setresgid, gid, gid, gid), CSC_STEP_IDENTITY, "becoming the sandbox's group (setresgid)");
    require(b, syscall(SYS_setresuid, uid, uid, uid), CSC_STEP_IDENTITY, "becoming the sandbox's user (setresuid)");
}

/* Changing ids takes the death with csc back. csc may have died before, which closed the pipe. */
static void die_with_csc(const struct csc_builder *b)
{
    struct pollfd control = {.fd = b->native->arguments[CSC_INIT_CONTROL], .events = POLLIN};

    require(b, prctl(PR_SET_PDEATHSIG, SIGKILL), CSC_STEP_OTHER, "dying with csc (prctl)");
    if (poll(&control, 1, 0) > 0 && (control.revents & (POLLHUP | POLLERR)))
        _exit(1);
}

/* csc-init finds its descriptors at their numbers, and no environment. */
__attribute__((noreturn)) static void execute_init(const struct csc_builder *b)
{
    static char *const no_environment[] = {NULL};
    char name[] = CSC_SANDBOX_INIT;
    char numbers[CSC_INIT_ARGUMENTS][12], *argv[CSC_INIT_ARGUMENTS + 1] = {name};

    for (int i = 1; i < CSC_INIT_ARGUMENTS; i++) {
        (void)snprintf(numbers[i], sizeof(numbers[i]), "%d", b->native->arguments[i]);
        argv[i] = numbers[i];
        require(b, fcntl(b->native->arguments[i], F_SETFD, 0), CSC_STEP_INIT, "handing descriptors over (fcntl)");
    }
    (void)syscall(SYS_execveat, b->native->init, "", argv, no_environment, AT_EMPTY_PATH);
    csc_builder_refuse(b, CSC_STEP_INIT, errno, "executing csc-init (execveat)");
}

void csc_native_be_sandbox(const struct csc_plan *plan, const struct csc_native *native)
{
    struct csc_builder b = {
        .plan = plan, .native = native, .root = -1, .mask = -1, .folder = -1, .network = {.socket = -1}};

    close_ends_of_csc(native);
    /* In a session of its own no signal of a terminal reaches it. */
    require(&b, setsid(), CSC_STEP_OTHER, "making a session (setsid)");
    if (!native->maps_from_outside)
        map_myself(&b);
    wait_for_csc(&b);
    become_inner_user(&b);
    die_with_csc(&b);
    require(&b, sethostname(CSC_SANDBOX_HOSTNAME, strlen(CSC_SANDBOX_HOSTNAME)), CSC_STEP_OTHER,
            "setting the host name (sethostname)");
    if (!plan->host_network)
        csc_native_begin_network(&b);
    /* The modes of the view are the plan's, whatever csc was started with; that is the command's. */
    mode_t mask = umask(0);
    csc_native_build_view(&b);
    csc_native_enter_view(&b);
    (void)umask(mask);
    if (!plan->host_network)
        csc_native_enter_network(&b);
    /* By now we are in the control groups of the command, which become the root of what is seen of them. */
    wait_for_csc(&b);
    require(&b, unshare(CLONE_NEWCGROUP), CSC_STEP_NAMESPACES, "making a cgroup namespace (unshare)");
    /* The others go with the execve(2), since nobody inside is root; csc-init looks. */
    require(&b, csc_lockdown_drop_bounding(), CSC_STEP_OTHER, "giving up capabilities (prctl)");
    execute_init(&b);
}
