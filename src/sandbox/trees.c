/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A csc that is root clones the mounts of all sources by the descriptors of the survey; no name is looked up again.
 * Those of cwd, of the scopes and of what the configuration adds get other owners where that works, all of them or
 * none.
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
    csc_step_explain(CSC_STEP_MOUNT, error, what, text, sizeof(text));
    return csc_refuse(s->refusal, CSC_REFUSAL_BOUNDARY, "%s", text);
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
    char text[CSC_REPORT_SENTENCE];

    if (is_scarcity(error)) {
        csc_step_explain(CSC_STEP_NAMESPACES, error, what, text, sizeof(text));
        return csc_refuse(s->refusal, CSC_REFUSAL_BOUNDARY, "%s", text);
    }
    const char *name = strerrorname_np(error);
    mapping->why_not = csc_arena_printf(&s->survey->arena, "%s%s%s: %s", what, path[0] ? " " : "", path,
                                        name ? name : "?");
    return mapping->why_not ? 0 : csc_fail_memory(s->err);
}

static int map_one(int tree, int namespace)
{
    return tree < 0 ? 0 : csc_tree_map(tree, namespace);
}

/* The lists of what gets other owners. */
static size_t mapped_lists(struct csc_surveying *s, struct csc_sources lists[4])
{
    struct csc_survey *survey = s->survey;
    size_t from = s->configured_from;

    lists[0] = (struct csc_sources){&survey->cwd, 1};
    lists[1] = survey->reads;
    lists[2] = survey->writes;
    lists[3] = (struct csc_sources){survey->system.items + from, survey->system.count - from};
    return 4;
}

static int map_lists(struct csc_surveying *s, int namespace)
{
    struct csc_sources lists[4];
    size_t count = mapped_lists(s, lists);

    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < lists[i].count; k++)
            if (map_one(lists[i].items[k].tree, namespace) < 0)
                return do_without(s, "the mount cannot be idmapped (mount_setattr):", lists[i].items[k].path, errno);
    s->survey->mapping.done = true;
    return 0;
}

/* A tree is mapped once for all. What was mapped before one that could not be is cloned anew. */
static int clone_mapped_anew(struct csc_surveying *s)
{
    struct csc_sources lists[4];
    size_t count = mapped_lists(s, lists);
    int r = 0;

    for (size_t i = 0; i < count && r == 0; i++) {
        for (size_t k = 0; k < lists[i].count; k++)
            csc_close_cleanup(&lists[i].items[k].tree);
        r = clone_all(s, lists[i].items, lists[i].count);
    }
    return r;
}

static int map_owners(struct csc_surveying *s)
{
    struct csc_survey *survey = s->survey;
    const struct csc_identity *run_as = &s->request->config->run_as;
    const struct csc_idmap map = {
        .owner_uid = survey->owner_uid,
        .owner_gid = survey->owner_gid,
        .uid = run_as->set ? run_as->uid : CSC_IDMAP_ID,
        .gid = run_as->set ? run_as->gid : CSC_IDMAP_ID,
    };

    survey->mapping.uid = map.uid;
    survey->mapping.gid = map.gid;
    if (map.owner_uid == map.uid && map.owner_gid == map.gid)
        return 0;
    _cleanup_close_ int namespace = csc_idmap_open(&map);
    if (namespace < 0)
        return do_without(s, "no user namespace for idmapped mounts", "", errno);
    int r = map_lists(s, namespace);
    return r == 0 && !survey->mapping.done ? clone_mapped_anew(s) : r;
}

int csc_survey_trees(struct csc_surveying *s)
{
    struct csc_survey *survey = s->survey;
    int r = clone_all(s, &survey->cwd, 1);

    if (r == 0)
        r = clone_all(s, survey->reads.items, survey->reads.count);
    if (r == 0)
        r = clone_all(s, survey->writes.items, survey->writes.count);
    if (r == 0)
        r = clone_all(s, survey->system.items, survey->system.count);
    return r == 0 ? map_owners(s) : r;
}
