/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/survey.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { CHAIN_MAX = 256 };

int csc_refuse(struct csc_refusal *refusal, enum csc_refusal_kind kind, const char *format, ...)
{
    char text[512];
    va_list args;

    if (refusal->kind != CSC_REFUSAL_NONE)
        return CSC_REFUSED;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    refusal->kind = kind;
    (void)csc_text_escape(refusal->text, sizeof(refusal->text), text, strlen(text));
    return CSC_REFUSED;
}

/* ---- protected files ------------------------------------------------------------------------------------------- */

/* The folder that holds the file, by its real name. */
static int open_folder_of(const char *path)
{
    char real[PATH_MAX];

    if (!realpath(path, real))
        return -1;
    char *slash = strrchr(real, '/');
    slash[slash == real] = '\0';
    return csc_openat2(AT_FDCWD, real, O_PATH | O_DIRECTORY, 0, 0);
}

/* From the file upwards, by descriptor and not by name: a folder that is mounted at two places is one. */
static int follow_chain(int folder, struct csc_place *chain, size_t *count)
{
    _cleanup_close_ int at = folder;

    for (;;) {
        struct stat st;
        if (fstat(at, &st) < 0)
            return -1;
        const struct csc_place place = {st.st_dev, st.st_ino};
        if (*count > 1 && chain[*count - 1].device == place.device && chain[*count - 1].inode == place.inode)
            return 0; /* the root is its own parent */
        if (*count == CHAIN_MAX) {
            errno = ELOOP;
            return -1;
        }
        chain[(*count)++] = place;
        int up = csc_openat2(at, "..", O_PATH | O_DIRECTORY, 0, 0);
        if (up < 0)
            return -1;
        (void)close(at);
        at = up;
    }
}

bool csc_guard_has(const struct csc_guard *guard, uint64_t device, uint64_t inode)
{
    for (size_t i = 0; i < guard->count; i++)
        if (guard->chain[i].device == device && guard->chain[i].inode == inode)
            return true;
    return false;
}

/* The path as it was given, absolute. NULL: no memory, or no folder that we are in. */
static const char *name_of(struct csc_arena *arena, const char *path)
{
    char here[PATH_MAX];

    if (path[0] == '/')
        return csc_source_plain(arena, path);
    if (!getcwd(here, sizeof(here)))
        return NULL;
    const char *joined = csc_arena_printf(arena, "%s/%s", here, path);
    return joined ? csc_source_plain(arena, joined) : NULL;
}

static int take_guard(struct csc_surveying *s, const struct csc_protected *protected)
{
    struct csc_survey *survey = s->survey;
    struct csc_place chain[CHAIN_MAX];
    size_t count = 1;
    struct stat st;

    if (stat(protected->path, &st) < 0)
        return errno == ENOENT ? 0
                               : csc_fail_errno(s->err, CSC_E_INTERNAL, errno, "cannot look at '%s'", protected->path);
    chain[0] = (struct csc_place){st.st_dev, st.st_ino};
    int folder = open_folder_of(protected->path);
    if (folder < 0 || follow_chain(folder, chain, &count) < 0)
        return csc_fail_errno(s->err, CSC_E_INTERNAL, errno, "cannot tell where '%s' lies", protected->path);
    struct csc_guard *guard = &survey->guards[survey->guard_count];
    *guard = (struct csc_guard){.what = protected->what, .write_only = protected->write_only, .count = count};
    guard->chain = csc_arena_array(&survey->arena, count, sizeof(*guard->chain));
    guard->name = name_of(&survey->arena, protected->path);
    if (!guard->chain || !guard->name)
        return csc_fail_memory(s->err);
    memcpy(guard->chain, chain, count * sizeof(*chain));
    survey->guard_count++;
    return 0;
}

static int take_guards(struct csc_surveying *s)
{
    const struct csc_sandbox_request *request = s->request;
    const struct csc_protected own = {s->survey->init.path, "csc-init", true};

    s->survey->guards = csc_arena_array(&s->survey->arena, request->protected_count + 1, sizeof(*s->survey->guards));
    if (!s->survey->guards)
        return csc_fail_memory(s->err);
    int r = take_guard(s, &own);
    for (size_t i = 0; i < request->protected_count && r == 0; i++)
        r = take_guard(s, &request->protected[i]);
    return r;
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */

static struct csc_sources take_list(struct csc_buf *buf)
{
    struct csc_sources sources = {.items = (void *)buf->data, .count = buf->size / sizeof(struct csc_source)};

    *buf = (struct csc_buf){0};
    return sources;
}

static int take(struct csc_surveying *s)
{
    s->survey->uid = geteuid();
    s->survey->gid = getegid();
    int r = csc_survey_programs(s);
    if (r == 0)
        r = take_guards(s);
    if (r == 0)
        r = csc_survey_system(s);
    if (r == 0)
        r = csc_survey_scopes(s);
    s->survey->reads = take_list(&s->reads);
    s->survey->writes = take_list(&s->writes);
    s->survey->system = take_list(&s->system);
    s->survey->mask_count = s->masks.size / sizeof(*s->survey->masks);
    s->survey->masks = (void *)s->masks.data;
    s->masks = (struct csc_buf){0};
    if (r != 0)
        return r;
    s->survey->landlock_abi = csc_landlock_abi();
    csc_cgroup_find("/proc", &s->survey->cgroups);
    return 0;
}

static void survey_cleanup(struct csc_survey **survey)
{
    csc_survey_free(*survey);
}

int csc_survey_take(const struct csc_sandbox_request *request, struct csc_survey **ret_survey,
                    struct csc_refusal *refusal, struct csc_error *err)
{
    _cleanup_(survey_cleanup) struct csc_survey *survey = calloc(1, sizeof(*survey));
    struct csc_surveying s = {.request = request, .survey = survey, .refusal = refusal, .err = err};

    if (!survey)
        return csc_error_in_stage(err, "sandbox", csc_fail_memory(err));
    survey->cwd.fd = survey->init.fd = -1;
    survey->cgroups = CSC_CGROUP_NOWHERE;
    int r = take(&s);
    if (r == 0)
        *ret_survey = TAKE_PTR(survey);
    return r < 0 ? csc_error_in_stage(err, "sandbox", r) : r;
}

static void free_sources(struct csc_sources *sources)
{
    for (size_t i = 0; i < sources->count; i++)
        csc_source_close(&sources->items[i]);
    free(sources->items);
}

void csc_survey_free(struct csc_survey *survey)
{
    if (!survey)
        return;
    free_sources(&survey->reads);
    free_sources(&survey->writes);
    free_sources(&survey->system);
    free((void *)survey->masks);
    csc_source_close(&survey->cwd);
    csc_source_close(&survey->init);
    csc_cgroup_places_close(&survey->cgroups);
    csc_arena_free(&survey->arena);
    free(survey);
}
