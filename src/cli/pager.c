/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The user's pager. It is a foreign program that shows hostile text (which is escaped before): it gets its input, the
 * terminal, and of the environment what programs of a terminal go by, in case the rest holds secrets.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>

#include "cli/ledger.h"

enum { WORDS_MAX = 16, VARIABLES_MAX = 64 };

/* CSC_PAGER, PAGER, less: the first that is set. NULL: none is wanted. */
static const char *wanted_pager(void)
{
    const char *pager = getenv("CSC_PAGER"), *term = getenv("TERM");

    if (!pager)
        pager = getenv("PAGER");
    if (!pager)
        pager = "less";
    return !*pager || strcmp(pager, "cat") == 0 || !term || strcmp(term, "dumb") == 0 ? NULL : pager;
}

/* Parted at blanks, by no shell. */
static size_t split(char *text, char *words[WORDS_MAX + 1])
{
    size_t count = 0;
    char *rest = text, *word;

    while (count < WORDS_MAX && (word = strsep(&rest, " \t\n")))
        if (*word)
            words[count++] = word;
    words[count] = NULL;
    return count;
}

static bool is_passed_on(const char *variable)
{
    static const char *const names[] = {
        "PATH=",          "HOME=",      "USER=",  "LOGNAME=",  "SHELL=",  "TERM=", "TERMCAP=", "TERMINFO=",
        "TERMINFO_DIRS=", "COLORTERM=", "LANG=",  "LANGUAGE=", "LC_",     "LESS",  "MORE",     "MOST",
        "BAT_",           "COLUMNS=",   "LINES=", "NO_COLOR=", "TMPDIR=", "XDG_",
    };

    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (strncmp(variable, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

/* As git does: less ends where a screen holds all, lets colours through, and leaves the text where it is. */
static void make_environment(char *variables[VARIABLES_MAX + 2])
{
    static char less[] = "LESS=FRX";
    size_t count = 0;

    for (char **variable = environ; *variable && count < VARIABLES_MAX; variable++)
        if (is_passed_on(*variable))
            variables[count++] = *variable;
    if (!getenv("LESS"))
        variables[count++] = less;
    variables[count] = NULL;
}

/* 0 or an errno, ENOENT where there is no such program. */
static int spawn(char *const *words, int input, pid_t *ret_process)
{
    char *variables[VARIABLES_MAX + 2];
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t standard;

    make_environment(variables);
    int error = posix_spawn_file_actions_init(&actions);
    if (error != 0)
        return error;
    error = posix_spawnattr_init(&attributes);
    if (error == 0) {
        (void)sigemptyset(&standard);
        (void)sigaddset(&standard, SIGPIPE);
        (void)sigaddset(&standard, SIGINT);
        (void)sigaddset(&standard, SIGXFSZ);
        (void)posix_spawnattr_setsigdefault(&attributes, &standard);
        (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
        error = posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
        if (error == 0)
            error = posix_spawnp(ret_process, words[0], &actions, &attributes, words, variables);
        (void)posix_spawnattr_destroy(&attributes);
    }
    (void)posix_spawn_file_actions_destroy(&actions);
    return error;
}

int csc_cli_pager_start(int *ret_process)
{
    const char *wanted = wanted_pager();
    char *words[WORDS_MAX + 1];
    int ends[2];
    pid_t process;

    *ret_process = 0;
    if (!wanted || !isatty(STDOUT_FILENO))
        return -1;
    _cleanup_free_ char *text = strdup(wanted);
    if (!text || split(text, words) == 0 || pipe2(ends, O_CLOEXEC) < 0)
        return -1;
    _cleanup_close_ int input = ends[0];
    /* Descriptors that csc inherited are not the pager's business either. */
    (void)close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
    int error = spawn(words, input, &process);
    if (error != 0) {
        if (getenv("CSC_PAGER") || getenv("PAGER"))
            csc_cli_say("the pager '%s' cannot be started (%s); what follows is not paged", words[0], strerror(error));
        (void)close(ends[1]);
        return -1;
    }
    /* Its user's ^C is the pager's to heed; and when it ends early, that is no failure. */
    (void)signal(SIGINT, SIG_IGN);
    (void)signal(SIGPIPE, SIG_IGN);
    *ret_process = process;
    return ends[1];
}

void csc_cli_pager_wait(int process)
{
    while (process > 0 && waitpid(process, NULL, 0) < 0 && errno == EINTR)
        continue;
    (void)signal(SIGINT, SIG_DFL);
    (void)signal(SIGPIPE, SIG_DFL);
}
