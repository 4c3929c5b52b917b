/* SPDX-License-Identifier: Apache-2.0 */
/* What was measured of a sandbox, as the evidence says it: nothing that was not. Numbers of 64 bits that are masks are
 * hexadecimal texts, since readers of JSON have 53. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "receipt/evidence_parts.h"

static int add_object(struct csc_object *outer, const char *key, struct csc_object *object, struct csc_error *err)
{
    struct csc_value value;
    int r = csc_object_end(object, &value, err);

    if (r == 0)
        csc_object_value(outer, key, value);
    return r;
}

static int add_ids(struct csc_object *object, const char *key, const uint32_t ids[4], struct csc_arena *arena,
                   struct csc_error *err)
{
    struct csc_value *items = csc_arena_array(arena, 4, sizeof(*items));

    if (!items)
        return csc_fail_memory(err);
    for (size_t i = 0; i < 4; i++)
        items[i] = (struct csc_value){.type = CSC_INT, .integer = ids[i]};
    csc_object_value(object, key, (struct csc_value){.type = CSC_ARRAY, .count = 4, .items = items});
    return 0;
}

static int add_capabilities(struct csc_object *outer, const struct csc_process_status *status, struct csc_arena *arena,
                            struct csc_error *err)
{
    static const char *const names[] = {"inheritable", "permitted", "effective", "bounding", "ambient"};
    struct csc_object object;

    csc_object_begin(&object, arena, ARRAY_SIZE(names));
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        const char *text = csc_arena_printf(arena, "%016" PRIx64, status->capabilities[i]);
        if (!text)
            return csc_fail_memory(err);
        csc_object_string(&object, names[i], text);
    }
    return add_object(outer, "capabilities", &object, err);
}

static int add_status(struct csc_object *object, const struct csc_process_status *status, struct csc_arena *arena,
                      struct csc_error *err)
{
    csc_object_bool(object, "noNewPrivs", status->no_new_privs == 1);
    csc_object_int(object, "seccompMode", status->seccomp);
    if (status->seccomp_filters >= 0)
        csc_object_int(object, "seccompFilters", status->seccomp_filters);
    int r = add_capabilities(object, status, arena, err);
    if (r == 0)
        r = add_ids(object, "uid", status->uid, arena, err);
    return r == 0 ? add_ids(object, "gid", status->gid, arena, err) : r;
}

/* Inodes; 0: not measured. */
static int add_namespaces(struct csc_object *outer, const char *key, const uint64_t inodes[CSC_NAMESPACE_COUNT],
                          struct csc_arena *arena, struct csc_error *err)
{
    struct csc_object object;

    csc_object_begin(&object, arena, CSC_NAMESPACE_COUNT);
    for (size_t i = 0; i < CSC_NAMESPACE_COUNT; i++)
        if (inodes[i] != 0)
            csc_object_int(&object, csc_namespace_names[i], (int64_t)inodes[i]);
    return object.count > 0 ? add_object(outer, key, &object, err) : 0;
}

static const char *limit_name(int resource)
{
    static const struct {
        int resource;
        const char *name;
    } names[] = {
        {RLIMIT_CPU, "RLIMIT_CPU"},         {RLIMIT_AS, "RLIMIT_AS"},
        {RLIMIT_NPROC, "RLIMIT_NPROC"},     {RLIMIT_FSIZE, "RLIMIT_FSIZE"},
        {RLIMIT_NOFILE, "RLIMIT_NOFILE"},   {RLIMIT_CORE, "RLIMIT_CORE"},
        {RLIMIT_MEMLOCK, "RLIMIT_MEMLOCK"}, {RLIMIT_MSGQUEUE, "RLIMIT_MSGQUEUE"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (names[i].resource == resource)
            return names[i].name;
    return "RLIMIT_other";
}

static int64_t bounded(uint64_t value)
{
    return value > INT64_MAX ? INT64_MAX : (int64_t)value;
}

static int add_limits(struct csc_object *outer, const struct csc_measured_inside *inside, struct csc_arena *arena,
                      struct csc_error *err)
{
    struct csc_value *items = csc_arena_array(arena, inside->limit_count, sizeof(*items));
    int r = items ? 0 : csc_fail_memory(err);

    for (size_t i = 0; i < inside->limit_count && r == 0; i++) {
        struct csc_object object;
        csc_object_begin(&object, arena, 3);
        csc_object_string(&object, "name", limit_name(inside->limits[i].resource));
        csc_object_int(&object, "soft", bounded(inside->limits[i].soft));
        csc_object_int(&object, "hard", bounded(inside->limits[i].hard));
        r = csc_object_end(&object, &items[i], err);
    }
    csc_object_value(outer, "limits",
                     (struct csc_value){.type = CSC_ARRAY, .count = inside->limit_count, .items = items});
    return r;
}

static int add_inside(struct csc_object *outer, const struct csc_measured_inside *inside, struct csc_arena *arena,
                      struct csc_error *err)
{
    struct csc_object object;

    csc_object_begin(&object, arena, 16);
    csc_object_int(&object, "landlockAbi", inside->landlock_abi);
    if (inside->landlock_refuses >= 0)
        csc_object_bool(&object, "landlockRefuses", inside->landlock_refuses == 1);
    csc_object_bool(&object, "ownSession", inside->own_session == 1);
    csc_object_bool(&object, "ownHostName", inside->own_hostname == 1);
    int r = add_status(&object, &inside->status, arena, err);
    if (r == 0)
        r = add_namespaces(&object, "namespaces", inside->namespace, arena, err);
    if (r == 0)
        r = add_limits(&object, inside, arena, err);
    return r == 0 ? add_object(outer, "inside", &object, err) : r;
}

static int add_map(struct csc_object *outer, const char *key, const struct csc_id_range *range, struct csc_arena *arena,
                   struct csc_error *err)
{
    struct csc_object object;

    csc_object_begin(&object, arena, 3);
    csc_object_int(&object, "inside", range->inside);
    csc_object_int(&object, "outside", range->outside);
    csc_object_int(&object, "count", range->count);
    return add_object(outer, key, &object, err);
}

static int add_groups(struct csc_object *outer, const struct csc_measured_outside *outside, struct csc_arena *arena,
                      struct csc_error *err)
{
    static const char *const names[] = {"memoryBytes", "processes", "cpuPercent"};
    struct csc_object object;

    if (!outside->has_membership)
        return 0;
    csc_object_begin(&object, arena, 4);
    csc_object_bool(&object, "member", outside->is_member);
    for (size_t i = 0; i < CSC_CONTROLLER_COUNT; i++)
        if (outside->has_limit[i])
            csc_object_int(&object, names[i], outside->limit[i]);
    return add_object(outer, "controlGroups", &object, err);
}

static int add_mounts(struct csc_object *outer, const struct csc_measured_outside *outside, struct csc_arena *arena,
                      struct csc_error *err)
{
    struct csc_object object;

    if (!outside->has_mounts)
        return 0;
    csc_object_begin(&object, arena, 3);
    csc_object_string(&object, "sha256", outside->mounts_sha256);
    csc_object_int(&object, "count", outside->mount_count);
    csc_object_bool(&object, "asPlanned", !outside->mount_fault[0]);
    return add_object(outer, "mountTable", &object, err);
}

static int add_outside(struct csc_object *outer, const struct csc_measurement *measurement, struct csc_arena *arena,
                       struct csc_error *err)
{
    const struct csc_measured_outside *outside = &measurement->outside;
    uint64_t inodes[CSC_NAMESPACE_COUNT] = {0};
    struct csc_object object;
    int r = 0;

    for (size_t i = 0; i < CSC_NAMESPACE_COUNT; i++)
        inodes[i] = outside->has_namespace[i] ? outside->namespace[i] : 0;
    csc_object_begin(&object, arena, 16);
    if (outside->has_status)
        r = add_status(&object, &outside->status, arena, err);
    if (r == 0 && outside->has_maps)
        r = add_map(&object, "uidMap", &outside->uid_map, arena, err);
    if (r == 0 && outside->has_maps)
        r = add_map(&object, "gidMap", &outside->gid_map, arena, err);
    if (r == 0)
        r = add_namespaces(&object, "namespaces", inodes, arena, err);
    if (r == 0)
        r = add_namespaces(&object, "runnerNamespaces", measurement->own_namespace, arena, err);
    if (r == 0)
        r = add_mounts(&object, outside, arena, err);
    if (r == 0)
        r = add_groups(&object, outside, arena, err);
    return r == 0 ? add_object(outer, "outside", &object, err) : r;
}

static void add_lacks(struct csc_object *object, const struct csc_evidence_command *command, struct csc_arena *arena)
{
    size_t count = 0;

    while (count < ARRAY_SIZE(command->lacks) && command->lacks[count])
        count++;
    csc_object_strings(object, arena, "notMeasured", command->lacks, count);
}

static int add_measured(struct csc_object *outer, const struct csc_evidence_command *command, struct csc_arena *arena,
                        struct csc_error *err)
{
    const struct csc_measurement *measurement = &command->facts.measurement;
    struct csc_object object;

    csc_object_begin(&object, arena, 4);
    if (measurement->compared)
        csc_object_bool(&object, "asPlanned", measurement->passed);
    add_lacks(&object, command, arena);
    int r = add_inside(&object, &measurement->inside, arena, err);
    if (r == 0)
        r = add_outside(&object, measurement, arena, err);
    return r == 0 ? add_object(outer, "measured", &object, err) : r;
}

/* Who it was to be is the plan's; the rest was measured, where the sandbox was begun. */
static int add_executor(struct csc_object *outer, const struct csc_evidence_command *command, struct csc_arena *arena,
                        struct csc_error *err)
{
    const struct csc_measurement *measurement = &command->facts.measurement;
    struct csc_object object;

    csc_object_begin(&object, arena, 4);
    csc_object_string(&object, "name", csc_backend_names[command->backend]);
    if (measurement->executor_version[0])
        csc_object_string(&object, "version", measurement->executor_version);
    if (measurement->executor_sha256[0])
        csc_object_string(&object, "sha256", measurement->executor_sha256);
    if (measurement->init_sha256[0])
        csc_object_string(&object, "initSha256", measurement->init_sha256);
    return add_object(outer, "executor", &object, err);
}

int csc_evidence_add_sandbox(struct csc_object *object, const struct csc_evidence_command *command,
                             struct csc_arena *arena, struct csc_error *err)
{
    struct csc_object sandbox;
    int r = 0;

    if (!command->plan_sha256[0])
        return 0;
    csc_object_begin(&sandbox, arena, 3);
    csc_object_string(&sandbox, "planSha256", command->plan_sha256);
    r = add_executor(&sandbox, command, arena, err);
    if (r == 0 && command->facts.measurement.taken)
        r = add_measured(&sandbox, command, arena, err);
    return r == 0 ? add_object(object, "sandbox", &sandbox, err) : r;
}
