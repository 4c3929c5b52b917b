/* SPDX-License-Identifier: Apache-2.0 */
/* The plan for people (--sandbox-debug) and for its hash. Two plans that make the same boundary have the same text: no
 * descriptor numbers, no inodes, and of the environment, which may hold anything, the names alone. */
#include <string.h>

#include "sandbox/plan.h"

const char *const csc_mount_kind_names[] = {
    [CSC_MOUNT_BIND] = "bind",
    [CSC_MOUNT_COPY] = "copy",
    [CSC_MOUNT_SYMLINK] = "symlink",
    [CSC_MOUNT_FILE] = "file",
    [CSC_MOUNT_FOLDER] = "folder",
    [CSC_MOUNT_TMPFS] = "tmpfs",
    [CSC_MOUNT_PROC] = "proc",
    [CSC_MOUNT_MASK] = "mask",
    [CSC_MOUNT_DEV] = "dev",
    [CSC_MOUNT_READONLY] = "readonly",
    NULL,
};

/* The namespaces of every plan; the network's is left out when it is the host's. */
static const char *const namespaces[] = {"user", "mount", "pid", "ipc", "uts", "cgroup", "network"};

static int mount_value(const struct csc_mount *mount, struct csc_arena *arena, struct csc_value *ret_value,
                       struct csc_error *err)
{
    struct csc_object object;

    csc_object_begin(&object, arena, 8);
    csc_object_string(&object, "kind", csc_mount_kind_names[mount->kind]);
    csc_object_string(&object, "target", mount->target);
    if (mount->source)
        csc_object_string(&object, "source", mount->source->path);
    if (mount->content)
        csc_object_string(&object, "content", mount->content);
    if (mount->kind == CSC_MOUNT_BIND || mount->kind == CSC_MOUNT_TMPFS)
        csc_object_bool(&object, "writable", mount->writable);
    if (mount->kind == CSC_MOUNT_TMPFS) {
        csc_object_int(&object, "mode", mount->mode);
        csc_object_int(&object, "size", mount->size);
    }
    return csc_object_end(&object, ret_value, err);
}

static int limit_value(const struct csc_limit *limit, struct csc_arena *arena, struct csc_value *ret_value,
                       struct csc_error *err)
{
    struct csc_object object;

    csc_object_begin(&object, arena, 3);
    csc_object_string(&object, "name", limit->name);
    csc_object_int(&object, "value", limit->value);
    csc_object_string(&object, "held_by", csc_holder_names[limit->holder]);
    return csc_object_end(&object, ret_value, err);
}

static int rule_value(const struct csc_landlock_rule *rule, struct csc_arena *arena, struct csc_value *ret_value,
                      struct csc_error *err)
{
    struct csc_object object;

    csc_object_begin(&object, arena, 2);
    csc_object_string(&object, "path", rule->path);
    csc_object_string(&object, "grant", csc_grant_names[rule->grant]);
    return csc_object_end(&object, ret_value, err);
}

/* An array of `count` values, the i-th made by make(i). */
#define ADD_ARRAY(object, arena, key, count_, make)                                                                    \
    ({                                                                                                                 \
        size_t n_ = (count_);                                                                                          \
        struct csc_value *items_ = csc_arena_array(arena, n_ + 1, sizeof(*items_));                                    \
        int r_ = items_ ? 0 : csc_fail_memory(err);                                                                    \
        for (size_t i = 0; i < n_ && r_ == 0; i++)                                                                     \
            r_ = make;                                                                                                 \
        if (r_ == 0)                                                                                                   \
            csc_object_value(object, key, (struct csc_value){.type = CSC_ARRAY, .count = n_, .items = items_});        \
        r_;                                                                                                            \
    })

static int add_identity(struct csc_object *outer, const struct csc_plan *plan, struct csc_arena *arena,
                        struct csc_error *err)
{
    struct csc_object object;
    struct csc_value value;

    csc_object_begin(&object, arena, 8);
    csc_object_bool(&object, "devices_read_only", plan->guard_devices);
    csc_object_bool(&object, "idmapped", plan->idmapped);
    if (plan->not_idmapped)
        csc_object_string(&object, "not_idmapped", plan->not_idmapped);
    csc_object_int(&object, "outer_uid", plan->outer_uid);
    csc_object_int(&object, "outer_gid", plan->outer_gid);
    csc_object_int(&object, "inner_uid", plan->inner_uid);
    csc_object_int(&object, "inner_gid", plan->inner_gid);
    csc_object_bool(&object, "capabilities", false);
    int r = csc_object_end(&object, &value, err);
    if (r == 0)
        csc_object_value(outer, "identity", value);
    return r;
}

static int add_landlock(struct csc_object *outer, const struct csc_plan *plan, struct csc_arena *arena,
                        struct csc_error *err)
{
    struct csc_object object;
    struct csc_value value;

    csc_object_begin(&object, arena, 3);
    csc_object_int(&object, "abi", plan->landlock_abi);
    csc_object_bool(&object, "tcp", plan->landlock_network || plan->landlock_abi < 4);
    int r = ADD_ARRAY(&object, arena, "rules", plan->landlock_abi > 0 ? plan->rule_count : 0,
                      rule_value(&plan->rules[i], arena, &items_[i], err));
    if (r == 0)
        r = csc_object_end(&object, &value, err);
    if (r == 0)
        csc_object_value(outer, "landlock", value);
    return r;
}

static int add_filter(struct csc_object *outer, const struct csc_plan *plan, struct csc_arena *arena,
                      struct csc_error *err)
{
    struct csc_object object;
    struct csc_value value;

    csc_object_begin(&object, arena, 2);
    csc_object_string(&object, "sockets", csc_sockets_names[plan->sockets]);
    csc_object_string(&object, "sha256", csc_seccomp_sha256(plan->sockets));
    int r = csc_object_end(&object, &value, err);
    if (r == 0)
        csc_object_value(outer, "seccomp", value);
    return r;
}

static int add_environment(struct csc_object *outer, const struct csc_plan *plan, struct csc_arena *arena,
                           struct csc_error *err)
{
    size_t count = 0;

    while (plan->environment[count])
        count++;
    const char **names = csc_arena_array(arena, count + 1, sizeof(*names));
    if (!names)
        return csc_fail_memory(err);
    for (size_t i = 0; i < count; i++) {
        names[i] = csc_arena_copy(arena, plan->environment[i], strcspn(plan->environment[i], "="));
        if (!names[i])
            return csc_fail_memory(err);
    }
    csc_object_strings(outer, arena, "environment", names, count);
    return 0;
}

static int add_argvs(struct csc_object *outer, const struct csc_plan *plan, struct csc_arena *arena,
                     struct csc_error *err)
{
    const struct csc_command *command = plan->command;
    struct csc_value *argvs = csc_arena_array(arena, command->argv_count, sizeof(*argvs));

    if (!argvs)
        return csc_fail_memory(err);
    for (size_t i = 0; i < command->argv_count; i++) {
        const struct csc_argv *argv = &command->argvs[i];
        struct csc_value *words = csc_arena_array(arena, argv->count, sizeof(*words));
        if (!words)
            return csc_fail_memory(err);
        for (size_t k = 0; k < argv->count; k++)
            words[k] = csc_value_string(argv->items[k]);
        argvs[i] = (struct csc_value){.type = CSC_ARRAY, .count = argv->count, .items = words};
    }
    csc_object_value(outer, "argvs",
                     (struct csc_value){.type = CSC_ARRAY, .count = command->argv_count, .items = argvs});
    return 0;
}

int csc_plan_value(const struct csc_plan *plan, struct csc_arena *arena, struct csc_value *ret_value,
                   struct csc_error *err)
{
    struct csc_object object;

    csc_object_begin(&object, arena, 16);
    csc_object_string(&object, "command_id", plan->command_id);
    csc_object_string(&object, "backend", csc_backend_names[plan->backend]);
    csc_object_string(&object, "hostname", CSC_SANDBOX_HOSTNAME);
    csc_object_string(&object, "cwd", plan->cwd);
    csc_object_string(&object, "network", plan->host_network ? "host" : "none");
    csc_object_bool(&object, "no_new_privs", true);
    csc_object_strings(&object, arena, "namespaces", namespaces, ARRAY_SIZE(namespaces) - (plan->host_network ? 1 : 0));
    int r = add_identity(&object, plan, arena, err);
    if (r == 0)
        r = ADD_ARRAY(&object, arena, "mounts", plan->mount_count,
                      mount_value(&plan->mounts[i], arena, &items_[i], err));
    if (r == 0)
        r = ADD_ARRAY(&object, arena, "limits", plan->limit_count,
                      limit_value(&plan->limits[i], arena, &items_[i], err));
    if (r == 0)
        r = add_filter(&object, plan, arena, err);
    if (r == 0)
        r = add_landlock(&object, plan, arena, err);
    if (r == 0)
        r = add_environment(&object, plan, arena, err);
    if (r == 0)
        r = add_argvs(&object, plan, arena, err);
    return r == 0 ? csc_object_end(&object, ret_value, err) : r;
}
