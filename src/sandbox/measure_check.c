/* SPDX-License-Identifier: Apache-2.0 */
/* Plan against measurement. Pure. A value that was not measured is no contradiction; that it was not, the evidence
 * says. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "sandbox/sandbox.h"

/* The kernel rounds a limit of memory down to whole pages, of 64 KiB at most. */
enum { PAGE_MAX = 65536 };

struct check {
    const struct csc_plan *plan;
    const struct csc_measurement *measurement;
    char *text; /* what was measured, and planned */
    size_t size;
};

__attribute__((format(printf, 3, 4))) static const char *differ(const struct check *c, const char *name,
                                                                const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(c->text, c->size, format, args);
    va_end(args);
    return name;
}

/* ---- the process: by its own word, and as csc sees it --------------------------------------------------------- */

static const char *check_filters(const struct check *c, const struct csc_process_status *status, const char *where)
{
    int32_t own = c->measurement->own_filters;

    if (status->seccomp != 2)
        return differ(c, "Seccomp", "mode %d %s, 2 was planned", status->seccomp, where);
    /* Threat: a filter that csc itself runs under makes the mode 2, whatever became of ours. */
    if (status->seccomp_filters >= 0 && own >= 0 && status->seccomp_filters <= own)
        return differ(c, "Seccomp_filters", "%d %s, one more than the %d of csc was planned", status->seccomp_filters,
                      where, own);
    return NULL;
}

static const char *check_capabilities(const struct check *c, const struct csc_process_status *status, const char *where)
{
    static const char *const names[] = {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (status->capabilities[i] != 0)
            return differ(c, names[i], "%016" PRIx64 " %s, none was planned", status->capabilities[i], where);
    return NULL;
}

static const char *check_ids(const struct check *c, const struct csc_process_status *status, bool from_outside)
{
    const struct csc_plan *plan = c->plan;
    uid_t uid = from_outside ? plan->outer_uid : plan->inner_uid;
    gid_t gid = from_outside ? plan->outer_gid : plan->inner_gid;
    const char *where = from_outside ? "outside" : "inside";

    for (int i = 0; i < 4; i++) {
        if (status->uid[i] != uid)
            return differ(c, "Uid", "%u %s, %u was planned", status->uid[i], where, uid);
        if (status->gid[i] != gid)
            return differ(c, "Gid", "%u %s, %u was planned", status->gid[i], where, gid);
    }
    return NULL;
}

static const char *check_status(const struct check *c, const struct csc_process_status *status, bool from_outside)
{
    const char *where = from_outside ? "outside" : "inside";
    const char *name = NULL;

    if (status->no_new_privs != 1)
        return differ(c, "NoNewPrivs", "%d %s, 1 was planned", status->no_new_privs, where);
    name = check_filters(c, status, where);
    if (!name)
        name = check_capabilities(c, status, where);
    return name ? name : check_ids(c, status, from_outside);
}

static const char *check_inside(const struct check *c)
{
    const struct csc_measured_inside *inside = &c->measurement->inside;

    if (!inside->own_session)
        return differ(c, "session", "that of somebody outside, one of its own was planned");
    if (!inside->own_hostname)
        return differ(c, "host name", "another one, '%s' was planned", CSC_SANDBOX_HOSTNAME);
    return check_status(c, &inside->status, false);
}

static const char *check_outside(const struct check *c)
{
    const struct csc_measured_outside *outside = &c->measurement->outside;

    return outside->has_status ? check_status(c, &outside->status, true) : NULL;
}

/* ---- namespaces and maps -------------------------------------------------------------------------------------- */

static const char *const map_names[] = {"uid_map", "gid_map"};

static const char *check_maps(const struct check *c)
{
    const struct csc_measured_outside *outside = &c->measurement->outside;
    const struct csc_plan *plan = c->plan;
    const struct csc_id_range measured[] = {outside->uid_map, outside->gid_map};
    const struct csc_id_range planned[] = {{plan->inner_uid, plan->outer_uid, 1},
                                           {plan->inner_gid, plan->outer_gid, 1}};

    for (size_t i = 0; i < ARRAY_SIZE(measured) && outside->has_maps; i++)
        if (measured[i].inside != planned[i].inside || measured[i].outside != planned[i].outside ||
            measured[i].count != 1)
            return differ(c, map_names[i], "'%u %u %u', '%u %u 1' was planned", measured[i].inside, measured[i].outside,
                          measured[i].count, planned[i].inside, planned[i].outside);
    return NULL;
}

static const char *check_namespace(const struct check *c, size_t i)
{
    const struct csc_measurement *m = c->measurement;
    const uint64_t seen[] = {m->inside.namespace[i], m -> outside.has_namespace[i] ? m->outside.namespace[i] : 0};
    bool shared = i == CSC_NAMESPACE_NETWORK && c->plan->host_network;

    if (seen[0] != 0 && seen[1] != 0 && seen[0] != seen[1])
        return differ(c, csc_namespace_names[i], "namespace %" PRIu64 " inside, %" PRIu64 " outside", seen[0], seen[1]);
    for (size_t k = 0; k < ARRAY_SIZE(seen); k++)
        if (seen[k] != 0 && m->own_namespace[i] != 0 && (seen[k] == m->own_namespace[i]) != shared)
            return differ(c, csc_namespace_names[i],
                          shared ? "namespace %" PRIu64 ", the host's was planned"
                                 : "namespace %" PRIu64 " is csc's own, another one was planned",
                          seen[k]);
    return NULL;
}

static const char *check_namespaces(const struct check *c)
{
    const char *name = NULL;

    for (size_t i = 0; i < CSC_NAMESPACE_COUNT && !name; i++)
        name = check_namespace(c, i);
    return name;
}

/* ---- Landlock, limits, mounts ----------------------------------------------------------------------------------- */

static const char *check_landlock(const struct check *c)
{
    const struct csc_measured_inside *inside = &c->measurement->inside;

    if (inside->landlock_abi != c->plan->landlock_abi)
        return differ(c, "Landlock", "level %d, %d was planned", inside->landlock_abi, c->plan->landlock_abi);
    /* Threat: a level that is only repeated. It was applied when it refuses what was there for all to read. */
    if (c->plan->landlock_abi > 0 && inside->landlock_refuses < 0)
        return differ(c, "Landlock", "the file that it is tried with could not be opened before, level %d was planned",
                      c->plan->landlock_abi);
    if (c->plan->landlock_abi > 0 && inside->landlock_refuses == 0)
        return differ(c, "Landlock", "a file that no rule grants was opened, level %d was planned",
                      c->plan->landlock_abi);
    return NULL;
}

/* Lower than planned it may be: csc itself may run under limits. */
static const char *check_limit(const struct check *c, const struct csc_limit *limit)
{
    const struct csc_measured_inside *inside = &c->measurement->inside;
    uint64_t soft = (uint64_t)limit->value, hard = soft + (limit->resource == RLIMIT_CPU ? 2 : 0);

    for (size_t i = 0; i < inside->limit_count && i < CSC_INIT_LIMITS_MAX; i++) {
        const struct csc_measured_limit *measured = &inside->limits[i];
        if (measured->resource != limit->resource)
            continue;
        if (measured->soft <= soft && measured->hard <= hard)
            return NULL;
        return differ(c, limit->name, "a limit of %" PRIu64 " (%" PRIu64 " at most), %" PRId64 " was planned",
                      measured->soft, measured->hard, limit->value);
    }
    return differ(c, limit->name, "no limit, %" PRId64 " was planned", limit->value);
}

static const char *check_limits(const struct check *c)
{
    const char *name = NULL;

    for (size_t i = 0; i < c->plan->limit_count && !name; i++)
        if (c->plan->limits[i].resource >= 0)
            name = check_limit(c, &c->plan->limits[i]);
    return name;
}

static const char *check_groups(const struct check *c)
{
    static const char *const names[] = {"memory_bytes", "processes", "cpu_percent"};
    const struct csc_measured_outside *outside = &c->measurement->outside;

    if (outside->has_membership && !outside->is_member)
        return differ(c, "cgroup", "the sandbox is not in its control groups");
    for (size_t i = 0; i < CSC_CONTROLLER_COUNT; i++) {
        const struct csc_limit *limit = csc_plan_limit(c->plan, names[i]);
        int64_t measured = outside->limit[i], slack = i == CSC_CONTROLLER_MEMORY ? PAGE_MAX : 1;
        if (!outside->has_limit[i] || !limit)
            continue;
        if (measured < 0 || measured > limit->value || measured <= limit->value - slack)
            return differ(c, names[i], "%" PRId64 " in the control group (-1: no limit), %" PRId64 " was planned",
                          measured, limit->value);
    }
    return NULL;
}

static const char *check_mounts(const struct check *c)
{
    const struct csc_measured_outside *outside = &c->measurement->outside;

    return outside->mount_fault[0] ? differ(c, "mounts", "%s", outside->mount_fault) : NULL;
}

const char *csc_measurement_check(const struct csc_plan *plan, const struct csc_measurement *measurement,
                                  char *ret_text, size_t size)
{
    static const char *(*const checks[])(const struct check *c) = {
        check_inside,   check_outside, check_maps,   check_namespaces,
        check_landlock, check_limits,  check_groups, check_mounts,
    };
    const struct check c = {plan, measurement, ret_text, size};
    const char *name = NULL;

    if (!measurement->taken)
        return differ(&c, "csc-init", "nothing was measured");
    if (measurement->backend != plan->backend)
        return differ(&c, "executor", "%s, %s was planned", csc_backend_names[measurement->backend],
                      csc_backend_names[plan->backend]);
    for (size_t i = 0; i < ARRAY_SIZE(checks) && !name; i++)
        name = checks[i](&c);
    return name;
}

/* ---- what is missing -------------------------------------------------------------------------------------------- */

static bool lacks_inode(const uint64_t inodes[CSC_NAMESPACE_COUNT])
{
    for (size_t i = 0; i < CSC_NAMESPACE_COUNT; i++)
        if (inodes[i] == 0)
            return true;
    return false;
}

static bool has_group_limit(const struct csc_plan *plan)
{
    for (size_t i = 0; i < plan->limit_count; i++)
        if (plan->limits[i].resource < 0)
            return true;
    return false;
}

const char *csc_measurement_lacks(const struct csc_plan *plan, const struct csc_measurement *measurement, size_t i)
{
    const struct csc_measurement *m = measurement;
    const struct {
        bool lacks;
        const char *name;
    } things[] = {
        {lacks_inode(m->inside.namespace), "inside.namespaces"},
        {m->inside.status.seccomp_filters < 0 || m->own_filters < 0, "inside.seccompFilters"},
        {plan->landlock_abi > 0 && m->inside.landlock_refuses < 0, "inside.landlockRefuses"},
        {!m->outside.has_status, "outside.status"},
        {!m->outside.has_maps, "outside.uidMap"},
        {lacks_inode(m->outside.namespace), "outside.namespaces"},
        {lacks_inode(m->own_namespace), "outside.runnerNamespaces"},
        {!m->outside.has_mounts, "outside.mountTable"},
        {has_group_limit(plan) && !m->outside.has_membership, "outside.controlGroups"},
        {!m->executor_version[0], "executor.version"},
        {plan->backend == CSC_BACKEND_BWRAP && !m->executor_sha256[0], "executor.sha256"},
        {!m->init_sha256[0], "executor.initSha256"},
    };

    for (size_t k = 0; k < ARRAY_SIZE(things); k++)
        if (things[k].lacks && i-- == 0)
            return things[k].name;
    return NULL;
}
