/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include "cli/run.h"

/* The signals that end a run. Under nohup(1), which ignores SIGHUP for its command, that one doesn't. */
static void ending_signals(sigset_t *set)
{
    struct sigaction hangup;

    (void)sigemptyset(set);
    (void)sigaddset(set, SIGINT);
    (void)sigaddset(set, SIGTERM);
    (void)sigaddset(set, SIGQUIT);
    if (sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler != SIG_IGN)
        (void)sigaddset(set, SIGHUP);
}

int csc_cli_signal_fd(struct csc_error *err)
{
    sigset_t set;

    ending_signals(&set);
    int fd = sigprocmask(SIG_BLOCK, &set, NULL) < 0 ? -1 : signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return fd < 0 ? csc_fail_errno(err, CSC_E_INTERNAL, errno, "signalfd") : fd;
}

static int child_code(int status)
{
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Until the child has ended. Other children may end meanwhile; their parent is whoever expects them. */
static int stand_in(pid_t child, const sigset_t *set)
{
    for (;;) {
        int status;
        int signal_number = sigwaitinfo(set, NULL);
        if (signal_number < 0)
            continue; /* EINTR: a stop and its end */
        if (signal_number != SIGCHLD)
            (void)kill(child, signal_number);
        else if (waitpid(child, &status, WNOHANG) == child)
            return child_code(status);
    }
}

/* In the child. A group of its own: what a terminal sends to the whole group comes once, through the parent. */
static bool settle(pid_t parent, const sigset_t *mask)
{
    (void)setpgid(0, 0);
    /* SIGTERM is blocked here and ends the run in order, receipt included. */
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 || getppid() != parent)
        return false;
    return sigprocmask(SIG_SETMASK, mask, NULL) == 0;
}

int csc_cli_run_in_child(const struct csc_cli *cli, int (*run)(const struct csc_cli *cli))
{
    struct sigaction standard = {.sa_handler = SIG_DFL};
    struct csc_error err = {0};
    sigset_t set, mask;
    pid_t parent = getpid();

    ending_signals(&set);
    (void)sigaddset(&set, SIGCHLD);
    /* An ignored SIGCHLD would let the kernel forget how the child ended. */
    if (sigprocmask(SIG_BLOCK, &set, &mask) < 0 || sigaction(SIGCHLD, &standard, NULL) < 0) {
        csc_fail_errno(&err, CSC_E_INTERNAL, errno, "sigprocmask");
        return csc_cli_fail(cli, NULL, &err);
    }
    pid_t child = fork();
    if (child < 0) {
        csc_fail_errno(&err, CSC_E_INTERNAL, errno, "fork");
        return csc_cli_fail(cli, NULL, &err);
    }
    if (child == 0)
        return settle(parent, &mask) ? run(cli) : CSC_E_INTERNAL;
    return stand_in(child, &set);
}
