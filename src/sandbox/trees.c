/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A csc that is root clones the mounts of all sources by the descriptors of the survey: no name is looked up again.
 * That of cwd gets other owners where its file system can have them, and then so do those of the scopes.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "sandbox/idmap.h"
#include "sandbox/survey.h"
#include "sandbox/tree.h"

static int refuse_step(struct csc_surveying *s, enum csc_step step, int error, const char *doing, const char *path)
{
    char text[CSC_REPORT_SENTENCE], what[300];

    (void)snprintf(what, sizeof(what), path[0] ? "%s '%.200s'" : "%s%s", doing, path);
    csc_step_explain(step, error, what, text, sizeof(text));
    return csc_refuse(s->refusal, CSC_REFUSAL_BOUNDARY, "sandbox: %s", text);
}

/* Threat: a clone is a peer of the mount that it is of: what is mounted on one comes up on the other, on the host, too.
 */
static int clone_one(struct csc_surveying *s, struct csc_source *source)
{
    if (source->fd < 0 || source->is_copied)
        return 0;
    source->tree = csc_tree_clone(source->fd);
    if (source->tree < 0)
        return refuse_step(s, csc_tree_step(errno), errno, "cloning the mount (open_tree) of", source->path);
    if (csc_tree_isolate(source->tree) < 0)
        return refuse_step(s, CSC_STEP_MOUNT, errno, "isolating the mount (mount_setattr) of", source->path);
    return 0;
}

static int clone_all(struct csc_surveying *s, const struct csc_sources *sources)
{
    int r = 0;

    for (size_t i = 0; i < sources->count && r == 0; i++)
        r = clone_one(s, &sources->items[i]);
    return r;
}

/* ---- other owners ------------------------------------------------------------------------------------------------ */

/* csc's own user namespace is not the first one: what its root may do is somebody else's decision. */
static bool is_nested(void)
{
    _cleanup_close_ int fd = open("/proc/self/uid_map", O_RDONLY | O_CLOEXEC);
    char text[64] = "";
    unsigned long long inside = 0, outside = 0, count = 0;

    if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
        return false;
    return sscanf(text, "%llu %llu %llu", &inside, &outside, &count) == 3 && count < UINT32_MAX;
}

/*
 * Threat: without other owners a command of root's gets more rights. Only what cannot be is a reason, not what fails:
 * a file system that maps no owners, or a csc whose root may not map.
 */
static bool is_impossible(int error)
{
    return error == EINVAL || error == EOPNOTSUPP || (error == EPERM && is_nested());
}

static int do_without(struct csc_surveying *s, const char *what, const char *path, int error)
{
    struct csc_id_mapping *mapping = &s->survey->mapping;
    const char *name = strerrorname_np(error);

    mapping->why_not = csc_arena_printf(&s->survey->arena, path[0] ? "%s '%s': %s" : "%s%s: %s", what, path,
                                        name ? name : "?");
    return mapping->why_not ? 0 : csc_fail_memory(s->err);
}

/*
 * What is mounted inside is mapped with it, or, where it cannot be, stays as it is: the owner of a workspace, who may
 * mount what cannot be mapped, does not decide whom the command runs as. 0, or an errno.
 */
static int map_one(const struct csc_surveying *s, const struct csc_source *source)
{
    if (source->tree < 0 || csc_tree_map(source->tree, s->id_namespace, true) == 0)
        return 0;
    int error = errno;
    return !is_impossible(error) ? error : csc_tree_map(source->tree, s->id_namespace, false) == 0 ? 0 : errno;
}

static int map_cwd(struct csc_surveying *s)
{
    struct csc_survey *survey = s->survey;

    int error = map_one(s, &survey->cwd);

    survey->mapping.done = error == 0;
    if (error == 0)
        return 0;
    return is_impossible(error) ? do_without(s, "idmapping (mount_setattr)", survey->cwd.path, error)
                                : refuse_step(s, CSC_STEP_MOUNT, error, "idmapping (mount_setattr)", survey->cwd.path);
}

/* What is only read may stay somebody else's; the plan refuses what is written. */
static int map_scopes(struct csc_surveying *s, const struct csc_sources *sources)
{
    for (size_t i = 0; i < sources->count; i++) {
        int error = map_one(s, &sources->items[i]);
        sources->items[i].is_mapped = error == 0;
        if (error != 0 && !is_impossible(error))
            return refuse_step(s, CSC_STEP_MOUNT, error, "idmapping (mount_setattr)", sources->items[i].path);
    }
    return 0;
}

/* Threat: somebody's folder that was given root's group, in which he need not be. What he makes is nobody's group's. */
static gid_t owner_group(const struct csc_survey *survey)
{
    enum { NO_GROUP = 65534 };

    return survey->owner_gid == 0 && survey->owner_uid != 0 ? NO_GROUP : survey->owner_gid;
}

static int open_namespace(struct csc_surveying *s)
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
    if (s->id_namespace >= 0)
        return 0;
    int error = errno;
    /* The maps name all ids there are: who is nested has not got them all. */
    return (error == EPERM || error == EINVAL) && is_nested()
               ? do_without(s, "a user namespace for idmapped mounts", "", error)
               : refuse_step(s, CSC_STEP_NAMESPACES, error, "making a user namespace for idmapped mounts (clone)", "");
}

static int map_owners(struct csc_surveying *s)
{
    struct csc_survey *survey = s->survey;
    int r = open_namespace(s);

    if (r != 0 || s->id_namespace < 0)
        return r;
    r = map_cwd(s);
    if (r == 0 && survey->mapping.done)
        r = map_scopes(s, &survey->reads);
    return r == 0 && survey->mapping.done ? map_scopes(s, &survey->writes) : r;
}

/* Root of a user namespace may not clone, where the mounts are another one's: then it goes the way of everybody else.
 */
static int may_clone(struct csc_surveying *s, bool *ret_may)
{
    const struct csc_source *cwd = &s->survey->cwd;
    _cleanup_close_ int tree = csc_tree_clone(cwd->fd);

    *ret_may = tree >= 0 || errno != EPERM || !is_nested();
    return *ret_may ? 0 : do_without(s, "cloning the mount (open_tree) of", cwd->path, EPERM);
}

/* Threat: another PID namespace's /proc, in which the number of a process of ours is that of somebody else's, whose
 * maps we would write. */
static bool proc_is_ours(void)
{
    char text[16];
    ssize_t size = readlink("/proc/self", text, sizeof(text) - 1);

    text[size > 0 ? size : 0] = '\0';
    return strtol(text, NULL, 10) == getpid();
}

int csc_survey_trees(struct csc_surveying *s)
{
    struct csc_survey *survey = s->survey;
    bool may = false;
    int r;

    if (!proc_is_ours())
        return csc_refuse(s->refusal, CSC_REFUSAL_BOUNDARY,
                          "/proc is another PID namespace's; mount one of this (mount -t proc proc /proc)");
    r = may_clone(s, &may);
    if (r != 0 || !may)
        return r;
    r = clone_one(s, &survey->cwd);
    if (r == 0)
        r = clone_all(s, &survey->reads);
    if (r == 0)
        r = clone_all(s, &survey->writes);
    if (r == 0)
        r = clone_all(s, &survey->system);
    return r == 0 ? map_owners(s) : r;
}
