/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/survey.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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

/* What the request names, and the programs that make the boundary, csc itself among them. */
static int take_guards(struct csc_surveying *s)
{
    const struct csc_sandbox_request *request = s->request;
    const struct csc_protected own[] = {{s->survey->init.path, "csc-init", true, false},
                                        {"/proc/self/exe", "csc", true, false},
                                        {s->survey->bwrap, "bwrap", true, false}};
    int r = 0;

    s->survey->guards = csc_arena_array(&s->survey->arena, request->protected_count + ARRAY_SIZE(own),
                                        sizeof(*s->survey->guards));
    if (!s->survey->guards)
        return csc_fail_memory(s->err);
    for (size_t i = 0; i < ARRAY_SIZE(own) && r == 0; i++)
        if (own[i].path)
            r = csc_guard_take(s, &own[i]);
    for (size_t i = 0; i < request->protected_count && r == 0; i++)
        r = csc_guard_take(s, &request->protected[i]);
    return r;
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */

static struct csc_sources take_list(struct csc_buf *buf)
{
    struct csc_sources sources = {.items = (void *)buf->data, .count = buf->size / sizeof(struct csc_source)};

    *buf = (struct csc_buf){0};
    return sources;
}

static void take_lists(struct csc_surveying *s)
{
    struct csc_survey *survey = s->survey;

    survey->reads = take_list(&s->reads);
    survey->writes = take_list(&s->writes);
    survey->system = take_list(&s->system);
    survey->mask_count = s->masks.size / sizeof(*survey->masks);
    survey->masks = (void *)s->masks.data;
    s->masks = (struct csc_buf){0};
}

/* What is mounted inside a scope is looked at when it is cloned already: later mounts do not come along. */
static int take(struct csc_surveying *s)
{
    struct csc_survey *survey = s->survey;

    survey->uid = geteuid();
    survey->gid = getegid();
    survey->backend = csc_survey_backend(s->request->config, survey->uid == 0, NULL);
    int r = csc_survey_programs(s);
    if (r == 0)
        r = take_guards(s);
    if (r == 0)
        r = csc_survey_system(s);
    if (r == 0)
        r = csc_survey_scopes(s);
    take_lists(s);
    if (r == 0 && survey->uid == 0 && survey->backend == CSC_BACKEND_NATIVE)
        r = csc_survey_trees(s);
    if (r == 0)
        r = csc_survey_submounts(s);
    if (r != 0)
        return r;
    survey->landlock_abi = csc_landlock_abi();
    csc_cgroup_find("/proc", &survey->cgroups);
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
    struct csc_surveying s = {.request = request, .survey = survey, .refusal = refusal, .err = err, .id_namespace = -1};

    if (!survey)
        return csc_error_in_stage(err, "sandbox", csc_fail_memory(err));
    survey->cwd.fd = survey->cwd.tree = survey->init.fd = survey->init.tree = -1;
    survey->cgroups = CSC_CGROUP_NOWHERE;
    int r = take(&s);
    csc_close_cleanup(&s.id_namespace);
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
