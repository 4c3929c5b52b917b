/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of execution share: a folder, a policy that allows it, and one command run in the test's own process.
 *
 * Two FIFOs in the folder replace waiting: `ready` is the run's cancel_fd, so that a script ends its own run, at the
 * moment it chooses, by writing to it; `life` has an end of file for its reader exactly when no process that a script
 * gave it to (exec 9>life) is left.
 */
#ifndef CSC_TESTS_EXEC_STAGE_H
#define CSC_TESTS_EXEC_STAGE_H

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "exec/exec.h"

enum { STAGE_GRACE_MS = 200, STAGE_OUTPUT = 1 << 16 };

struct stage {
    char folder[256];
    int ready, life;
    const char *prefixes[1];
    struct csc_policy policy;
    struct csc_command command;
    struct csc_argv argvs[10];
    char *items[64];
    struct csc_exec_io io;
    struct csc_exec_result result;
    struct csc_error err;
    char output[2][STAGE_OUTPUT]; /* what was streamed, NUL-terminated */
};

static inline void stage_path(const struct stage *stage, const char *name, char path[400])
{
    (void)snprintf(path, 400, "%s/%s", stage->folder, name);
}

static inline int stage_fifo(const struct stage *stage, const char *name)
{
    char path[400];

    stage_path(stage, name, path);
    assert_int_equal(mkfifo(path, 0600), 0);
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

static inline void stage_write(const struct stage *stage, const char *name, const char *text, mode_t mode)
{
    char path[400];

    stage_path(stage, name, path);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(csc_write_all(fd, text, strlen(text)), 0);
    assert_int_equal(fchmod(fd, mode), 0);
    assert_int_equal(close(fd), 0);
}

static inline int stage_begin(void **state)
{
    struct stage *stage = calloc(1, sizeof(*stage));
    const char *tmp = getenv("TMPDIR");
    char made[256];

    if (!stage)
        return -1;
    (void)snprintf(made, sizeof(made), "%.200s/csc-exec-XXXXXX", tmp ? tmp : "/tmp");
    char *folder = mkdtemp(made) ? realpath(made, NULL) : NULL;
    if (!folder || csc_exec_become_supervisor(&stage->err) < 0)
        return -1;
    (void)snprintf(stage->folder, sizeof(stage->folder), "%s", folder);
    free(folder);
    stage->ready = stage_fifo(stage, "ready");
    stage->life = stage_fifo(stage, "life");
    stage->prefixes[0] = stage->folder;
    stage->policy.cwd_prefixes = (struct csc_names){.items = stage->prefixes, .count = 1};
    stage->command = (struct csc_command){.id = "c", .argvs = stage->argvs, .cwd = stage->folder, .timeout_sec = 60};
    stage->io = (struct csc_exec_io){.out_fd = {-1, -1},
                                     .signal_fd = -1,
                                     .cancel_fd = -1,
                                     .stdout_cap = CSC_STDOUT_CAP,
                                     .stderr_cap = CSC_STDERR_CAP,
                                     .grace_ms = STAGE_GRACE_MS};
    *state = stage;
    return 0;
}

/* Removes the folder with a program of its own: what is tested here does not clean up after itself. */
static inline int stage_end(void **state)
{
    struct stage *stage = *state;
    char *argv[] = {(char *)"rm", (char *)"-rf", stage->folder, NULL};
    struct csc_argv rm = {argv, 3};

    stage->command =
        (struct csc_command){.id = "rm", .argvs = &rm, .argv_count = 1, .cwd = stage->folder, .timeout_sec = 60};
    stage->io.cancel_fd = stage->io.signal_fd = stage->io.out_fd[0] = stage->io.out_fd[1] = -1;
    int r = csc_exec_run(&stage->command, &stage->policy, &stage->io, &stage->result, &stage->err);
    (void)close(stage->ready);
    (void)close(stage->life);
    r |= stage->result.exit_code;
    free(stage);
    return r;
}

/* Sets the command: words, "|" between segments. NULL ends the list. */
static inline void stage_command(struct stage *stage, ...)
{
    size_t count = 0, segment = 0;
    const char *word;
    va_list words;

    memset(stage->argvs, 0, sizeof(stage->argvs));
    stage->argvs[0].items = stage->items;
    va_start(words, stage);
    while ((word = va_arg(words, const char *))) {
        bool next = strcmp(word, "|") == 0;
        stage->items[count++] = next ? NULL : (char *)word;
        if (next)
            stage->argvs[++segment].items = stage->items + count;
        else
            stage->argvs[segment].count++;
    }
    va_end(words);
    stage->items[count] = NULL;
    stage->command.argv_count = segment + 1;
}

static inline void read_file(int fd, char *text)
{
    ssize_t n = pread(fd, text, STAGE_OUTPUT - 1, 0);

    assert_true(n >= 0);
    text[n] = '\0';
}

/* Runs the command; `output` holds what it streamed, where out_fd is not set otherwise. */
static inline void stage_run(struct stage *stage)
{
    int files[2] = {-1, -1};

    for (int i = 0; i < 2; i++)
        if (stage->io.out_fd[i] < 0) {
            files[i] = memfd_create("output", MFD_CLOEXEC);
            assert_true(files[i] >= 0);
            stage->io.out_fd[i] = files[i];
        }
    int r = csc_exec_run(&stage->command, &stage->policy, &stage->io, &stage->result, &stage->err);
    for (int i = 0; i < 2; i++)
        if (files[i] >= 0) {
            read_file(files[i], stage->output[i]);
            (void)close(files[i]);
            stage->io.out_fd[i] = -1;
        }
    if (r < 0)
        fail_msg("%s", stage->err.text);
    assert_false(csc_exec_has_children());
}

static inline void stage_sh(struct stage *stage, const char *script)
{
    stage_command(stage, "/bin/sh", "-c", script, NULL);
    stage_run(stage);
}

static inline void stage_expect(const struct stage *stage, enum csc_exec_end end, int exit_code)
{
    if (stage->result.end != end || stage->result.exit_code != exit_code)
        fail_msg("end %d, exit code %d, '%s', stderr: %s", stage->result.end, stage->result.exit_code,
                 stage->result.reason, stage->output[1]);
}

/* No process holds the `life` FIFO open. */
static inline void stage_expect_no_life(const struct stage *stage)
{
    char byte;
    ssize_t n = read(stage->life, &byte, 1);

    if (n < 0)
        fail_msg("a process is alive: %s", strerror(errno));
    assert_int_equal(n, 0);
}

#define STAGE_TEST(function) cmocka_unit_test_setup_teardown(function, stage_begin, stage_end)

#endif
