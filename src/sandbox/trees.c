/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A csc that is root clones the mounts of all sources by the descriptors of the survey: no name is looked up again.
 * Those of cwd and of the scopes get other owners where that works, all of them or none.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "sandbox/idmap.h"
#include "sandbox/survey.h"
#include "sandbox/tree.h"

static int fail_tree(struct csc_surveying *s, const char *path, int error)
{
    char text[CSC_REPORT_SENTENCE], what[300];

    (void)snprintf(what, sizeof(what), "cloning the mount of '%.200s' (open_tree)", path);
    csc_step_explain(csc_tree_step(error), error, what, text, sizeof(text));
    return csc_refuse(s->refusal, CSC_REFUSAL_BOUNDARY, "sandbox: %s", text);
}

static bool is_mounted(const struct csc_source *source)
{
    return source->fd >= 0 && !source->is_copied;
}

static int clone_all(struct csc_surveying *s, struct csc_source *sources, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!is_mounted(&sources[i]))
            continue;
        csc_close_cleanup(&sources[i].tree);
        sources[i].tree = csc_tree_clone(sources[i].fd);
        if (sources[i].tree < 0)
            return fail_tree(s, sources[i].path, errno);
    }
    return 0;
}

/* ---- other owners ------------------------------------------------------------------------------------------------ */

/* Out of something: that is no reason to run the command with more rights. */
static bool is_scarcity(int error)
{
    return error == EAGAIN || error == ENOMEM || error == EMFILE || error == ENFILE || error == ENOSPC ||
           error == EUSERS;
}

/* Mounts that cannot be mapped: the identity of the plan is then another one. */
static int do_without(struct csc_surveying *s, const char *what, const char *path, int error)
{
    struct csc_id_mapping *mapping = &s->survey->mapping;
    char text[CSC_REPORT_SENTENCE], whole[300];

    (void)snprintf(whole, sizeof(whole), path[0] ? "%s '%.200s'" : "%s%s", what, path);
    if (is_scarcity(error)) {
        csc_step_explain(CSC_STEP_NAMESPACES, error, whole, text, sizeof(text));
        return csc_refuse(s->refusal, CSC_REFUSAL_BOUNDARY, "sandbox: %s", text);
    }
    const char *name = strerrorname_np(error);
    mapping->why_not = csc_arena_printf(&s->survey->arena, "%s: %s", whole, name ? name : "?");
    return mapping->why_not ? 0 : csc_fail_memory(s->err);
}

static int map_one(int tree, int namespace)
{
    return tree < 0 ? 0 : csc_tree_map(tree, namespace);
}

static int map_list(struct csc_surveying *s, const struct csc_source *sources, size_t count)
{
    for (size_t i = 0; i < count && !s->survey->mapping.why_not; i++)
        if (map_one(sources[i].tree, s->id_namespace) < 0) {
            int r = do_without(s, "idmapping (mount_setattr)", sources[i].path, errno);
            if (r != 0)
                return r;
        }
    return 0;
}

/* All of them or none. A tree is mapped once for all: what was, before one that could not be, is cloned anew. */
static int map_scopes(struct csc_surveying *s)
{
    struct csc_survey *survey = s->survey;
    struct csc_sources lists[] = {{&survey->cwd, 1}, survey->reads, survey->writes};
    int r = 0;

    for (size_t i = 0; i < ARRAY_SIZE(lists) && r == 0; i++)
        r = map_list(s, lists[i].items, lists[i].count);
    survey->mapping.done = r == 0 && !survey->mapping.why_not;
    for (size_t i = 0; i < ARRAY_SIZE(lists) && r == 0 && !survey->mapping.done; i++)
        r = clone_all(s, lists[i].items, lists[i].count);
    return r;
}

/* Threat: somebody's folder that was given root's group, in which he need not be. What he makes is nobody's group's. */
static gid_t owner_group(const struct csc_survey *survey)
{
    enum { NO_GROUP = 65534 };

    return survey->owner_gid == 0 && survey->owner_uid != 0 ? NO_GROUP : survey->owner_gid;
}

static int map_owners(struct csc_surveying *s)
{
    struct csc_survey *survey = s->survey;
    const struct csc_identity *run_as = &s->request->config->run_as;
    const struct csc_idmap map = {
        .owner_uid = survey->owner_uid,
        .owner_gid = owner_group(survey),
        .uid = run_as->set ? run_as->uid : CSC_IDMAP_ID,
        .gid = run_as->set ? run_as->gid : CSC_IDMAP_ID,
    };

    survey->mapping.uid = map.uid;
    survey->mapping.gid = map.gid;
    if (map.owner_uid == map.uid && map.owner_gid == map.gid)
        return 0;
    s->id_namespace = csc_idmap_open(&map);
    if (s->id_namespace < 0)
        return do_without(s, "no user namespace for idmapped mounts", "", errno);
    return map_scopes(s);
}

/* Root of a user namespace may not, where the mounts are another one's: then it goes the way of everybody else. */
static int clone_cwd(struct csc_surveying *s)
{
    struct csc_source *cwd = &s->survey->cwd;

    cwd->tree = csc_tree_clone(cwd->fd);
    s->clones_trees = cwd->tree >= 0;
    if (s->clones_trees)
        return 0;
    if (errno != EPERM)
        return fail_tree(s, cwd->path, errno);
    return do_without(s, "cloning the mount (open_tree) of", cwd->path, EPERM);
}

int csc_survey_scope_trees(struct csc_surveying *s)
{
    struct csc_survey *survey = s->survey;
    int r = clone_cwd(s);

    if (r != 0 || !s->clones_trees)
        return r;
    r = clone_all(s, survey->reads.items, survey->reads.count);
    if (r == 0)
        r = clone_all(s, survey->writes.items, survey->writes.count);
    return r == 0 ? map_owners(s) : r;
}

/* What the configuration adds may be the owner's, too; where it cannot be mapped, it is what it is for everyone. */
int csc_survey_system_trees(struct csc_surveying *s)
{
    struct csc_sources *system = &s->survey->system;
    int r = clone_all(s, system->items, system->count);

    for (size_t i = s->configured_from; i < system->count && r == 0 && s->survey->mapping.done; i++)
        if (map_one(system->items[i].tree, s->id_namespace) < 0)
            r = clone_all(s, &system->items[i], 1);
    return r;
}
