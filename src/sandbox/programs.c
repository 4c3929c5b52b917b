/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two programs that make the boundary. Threat: a false one. Neither is looked for in PATH, both must belong to root
 * or to us, and nobody else may be able to write to them.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "sandbox/survey.h"

#ifndef CSC_LIBEXECDIR
#define CSC_LIBEXECDIR "/usr/local/libexec"
#endif

static const char *const bwrap_places[] = {"/usr/bin/bwrap", "/usr/local/bin/bwrap", "/bin/bwrap"};

/* NULL when it may be used, else why not. */
static const char *distrust(int fd)
{
    struct stat st;

    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return "is no regular file";
    if (st.st_uid != 0 && st.st_uid != geteuid())
        return "belongs to another user than root and you";
    if ((st.st_mode & 022) != 0)
        return "can be written by others; take that right away (chmod go-w)";
    return NULL;
}

int csc_survey_bwrap(struct csc_surveying *s)
{
    const char *configured = s->request->config->bwrap;
    const char *const *places = configured ? &configured : bwrap_places;
    size_t count = configured ? 1 : ARRAY_SIZE(bwrap_places);

    for (size_t i = 0; i < count; i++) {
        _cleanup_close_ int fd = csc_openat2(AT_FDCWD, places[i], O_PATH, 0, 0);
        if (fd < 0)
            continue;
        const char *why = distrust(fd);
        if (why)
            return csc_refuse(s->refusal, CSC_REFUSAL_BOUNDARY, "bwrap: '%.200s' %s", places[i], why);
        s->survey->bwrap = csc_arena_copy(&s->survey->arena, places[i], strlen(places[i]));
        return s->survey->bwrap ? 0 : csc_fail_memory(s->err);
    }
    return csc_refuse(s->refusal, CSC_REFUSAL_BOUNDARY,
                      "bwrap is not at '%.200s'; install the package bubblewrap, or set bwrap in the configuration",
                      places[0]);
}

/* Beside the running program (a build folder), in the libexec folder that belongs to where it is, or where this build
 * is installed. */
static bool init_candidate(unsigned which, char ret_path[PATH_MAX])
{
    static const char *const endings[] = {"/csc-init", "/../libexec/csc/csc-init"};
    char own[PATH_MAX];

    if (which == ARRAY_SIZE(endings))
        return snprintf(ret_path, PATH_MAX, "%s", CSC_LIBEXECDIR "/csc/csc-init") < PATH_MAX;
    ssize_t size = readlink("/proc/self/exe", own, sizeof(own) - 1);
    if (size < 0)
        return false;
    own[size] = '\0';
    char *slash = strrchr(own, '/');
    if (!slash)
        return false;
    *slash = '\0';
    return snprintf(ret_path, PATH_MAX, "%s%s", own, endings[which]) < PATH_MAX;
}

enum { INIT_CANDIDATES = 3 };

int csc_survey_init(struct csc_surveying *s)
{
    struct csc_source *init = &s->survey->init;
    char path[PATH_MAX];
    struct stat st;

    for (unsigned i = 0; i < INIT_CANDIDATES; i++) {
        if (!init_candidate(i, path))
            continue;
        init->fd = csc_fd_above_standard(csc_openat2(AT_FDCWD, path, O_PATH, 0, 0));
        if (init->fd < 0)
            continue;
        const char *why = distrust(init->fd);
        if (why || fstat(init->fd, &st) < 0)
            return csc_refuse(s->refusal, CSC_REFUSAL_BOUNDARY, "csc-init: '%.200s' %s", path, why ? why : "is gone");
        init->path = csc_arena_copy(&s->survey->arena, path, strlen(path));
        init->type = CSC_SOURCE_FILE;
        init->device = st.st_dev;
        init->inode = st.st_ino;
        return init->path ? 0 : csc_fail_memory(s->err);
    }
    if (faccessat(AT_FDCWD, "/proc/self/exe", F_OK, AT_SYMLINK_NOFOLLOW) < 0)
        return csc_refuse(s->refusal, CSC_REFUSAL_BOUNDARY,
                          "csc-init is looked for beside csc, which cannot be found without /proc; mount /proc");
    return csc_refuse(s->refusal, CSC_REFUSAL_BOUNDARY,
                      "csc-init is not beside csc, and not at " CSC_LIBEXECDIR "/csc; install csc anew (make install)");
}

int csc_survey_programs(struct csc_surveying *s)
{
    int r = csc_survey_init(s);

    return r == 0 && s->survey->backend == CSC_BACKEND_BWRAP ? csc_survey_bwrap(s) : r;
}
