/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A survey of a folder of the test's own. "@" at the beginning of a path means that folder. What is no part of the
 * question is as good as it can be: a bwrap that is only a file, a policy that allows every folder.
 */
#ifndef CSC_TESTS_SANDBOX_LOOKED_H
#define CSC_TESTS_SANDBOX_LOOKED_H

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "sandbox/sandbox.h"
#include "support/folder.h"

enum { LOOKED_PATHS = 4 };

struct looked {
    char *folder;
    char paths[12][PATH_MAX];
    size_t path_count;
    struct csc_argv argv;
    char *words[2];
    struct csc_command command;
    const char *reads[LOOKED_PATHS], *writes[LOOKED_PATHS], *prefixes[1], *system[LOOKED_PATHS];
    struct csc_policy policy;
    struct csc_config config;
    struct csc_sandbox_request request;
    struct csc_survey *survey;
    struct csc_refusal refusal;
    struct csc_error err;
};

static inline const char *looked_path(struct looked *looked, const char *text)
{
    assert_true(looked->path_count < ARRAY_SIZE(looked->paths));
    char *path = looked->paths[looked->path_count++];
    int size = text[0] == '@' ? snprintf(path, PATH_MAX, "%s%s", looked->folder, text + 1)
                              : snprintf(path, PATH_MAX, "%s", text);
    assert_true(size < PATH_MAX);
    return path;
}

/* NULL is no path, for tables. */
static inline void looked_read(struct looked *looked, const char *text)
{
    if (text)
        looked->reads[looked->command.read_path_count++] = looked_path(looked, text);
}

static inline void looked_write(struct looked *looked, const char *text)
{
    if (text)
        looked->writes[looked->command.write_path_count++] = looked_path(looked, text);
}

static inline void looked_system(struct looked *looked, const char *text)
{
    looked->system[looked->config.system_paths.count++] = looked_path(looked, text);
}

static inline void looked_begin(struct looked *looked, char *folder)
{
    memset(looked, 0, sizeof(*looked));
    looked->folder = folder;
    looked->words[0] = (char *)"true";
    looked->argv = (struct csc_argv){looked->words, 1};
    looked->command = (struct csc_command){.id = "one",
                                           .argvs = &looked->argv,
                                           .argv_count = 1,
                                           .cwd = looked_path(looked, "@/cwd"),
                                           .read_paths = looked->reads,
                                           .write_paths = looked->writes,
                                           .network = CSC_NETWORK_DENY};
    looked->prefixes[0] = "/";
    looked->policy.cwd_prefixes = (struct csc_names){.items = looked->prefixes, .count = 1};
    csc_config_default(&looked->config);
    looked->config.backend = CSC_BACKEND_BWRAP;
    looked->config.bwrap = looked_path(looked, "@/bwrap");
    looked->config.system_paths.items = looked->system;
    looked->request =
        (struct csc_sandbox_request){.command = &looked->command, .policy = &looked->policy, .config = &looked->config};
}

/* 0 or CSC_REFUSED; everything else fails the test. */
static inline int looked_take(struct looked *looked)
{
    struct csc_survey *survey = NULL;
    int r = csc_survey_take(&looked->request, &survey, &looked->refusal, &looked->err);

    if (r < 0)
        fail_msg("%s", looked->err.text);
    assert_true((r == 0) == (survey != NULL));
    assert_true((r == 0) == (looked->refusal.kind == CSC_REFUSAL_NONE));
    looked->survey = survey;
    return r;
}

static inline void looked_must_take(struct looked *looked)
{
    if (looked_take(looked) != 0)
        fail_msg("refused: %s", looked->refusal.text);
}

static inline void looked_must_refuse(struct looked *looked, enum csc_refusal_kind kind, const char *words)
{
    if (looked_take(looked) == 0)
        fail_msg("was not refused; expected: %s", words);
    if (looked->refusal.kind != kind || !strstr(looked->refusal.text, words))
        fail_msg("kind %d, expected %d: '%s', expected: '%s'", looked->refusal.kind, kind, looked->refusal.text, words);
}

static inline void looked_end(struct looked *looked)
{
    csc_survey_free(looked->survey);
    looked->survey = NULL;
}

static inline void make_folder(const char *folder, const char *name)
{
    assert_int_equal(mkdir(folder_path(folder, name), 0755), 0);
}

/* The folder with a bwrap and a cwd in it. */
static inline char *looked_folder(void)
{
    char *folder = folder_create();

    make_folder(folder, "cwd");
    folder_write(folder, "bwrap", "");
    assert_int_equal(chmod(folder_path(folder, "bwrap"), 0755), 0);
    return folder;
}

/* Open descriptors of this process; the number is to be compared with another. */
static inline int count_fds(void)
{
    return folder_count("/proc/self/fd");
}

#endif
