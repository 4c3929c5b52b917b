/* SPDX-License-Identifier: Apache-2.0 */
#include "base/program.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * Ignored signals outlive execve(2): csc ignores SIGPIPE, and its own parent may have ignored others. The system call
 * itself, since sigaction(3) leaves out the two signals that the C library keeps for itself.
 */
int csc_program_reset_signals(void)
{
    static const unsigned long standard[8] = {0}; /* the kernel's struct sigaction: SIG_DFL, no flags, empty mask */
    sigset_t none;

    for (int i = 1; i < NSIG; i++)
        if (i != SIGKILL && i != SIGSTOP)
            (void)syscall(SYS_rt_sigaction, i, standard, NULL, (NSIG - 1) / 8);
    return sigemptyset(&none) < 0 ? -1 : sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Relative entries of PATH would name files of the agent's choosing, by its choice of cwd. */
static int exec_in(const char *folder, size_t size, char *const *argv, char *const *envp)
{
    char candidate[PATH_MAX];
    size_t name_size = strlen(argv[0]) + 1;

    if (size == 0 || folder[0] != '/' || size + 1 + name_size > sizeof(candidate))
        return ENOENT;
    memcpy(candidate, folder, size);
    candidate[size] = '/';
    memcpy(candidate + size + 1, argv[0], name_size);
    (void)execve(candidate, argv, envp);
    int error = errno;
    /* A folder that may not be searched has no such program as far as we can know, as for a shell. */
    return error == EACCES && access(candidate, F_OK) < 0 ? ENOENT : error;
}

int csc_program_exec(char *const *argv, char *const *envp, const char *path)
{
    int worst = ENOENT;

    if (strchr(argv[0], '/')) {
        (void)execve(argv[0], argv, envp);
        return errno;
    }
    for (const char *folder = path; folder; folder = *folder ? folder + 1 : NULL) {
        size_t size = strcspn(folder, ":");
        int error = exec_in(folder, size, argv, envp);
        if (error == EACCES)
            worst = EACCES;
        else if (error != ENOENT && error != ENOTDIR && error != ESTALE && error != ENODEV && error != ETIMEDOUT)
            return error;
        folder += size;
    }
    return worst;
}
