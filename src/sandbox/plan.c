/* SPDX-License-Identifier: Apache-2.0 */
/* Pure: everything that is known of the host is in the survey. */
#include "sandbox/plan.h"

#include <string.h>

/* Of a command whose user outside is root: what it is inside must not be. */
enum { INNER_ID = 1000, NO_GROUP = 65534 };

/* Whom a csc that is root runs commands as. */
static void plan_other_identity(struct csc_planning *p)
{
    const struct csc_survey *survey = p->survey;
    const struct csc_identity *run_as = &p->request->config->run_as;
    struct csc_plan *plan = p->plan;

    plan->idmapped = survey->mapping.done;
    plan->not_idmapped = survey->mapping.why_not;
    plan->switch_identity = plan->idmapped || run_as->set || survey->owner_uid != 0;
    if (!plan->switch_identity)
        return;
    plan->outer_uid = plan->idmapped ? survey->mapping.uid : run_as->set ? run_as->uid : survey->owner_uid;
    plan->outer_gid = plan->idmapped ? survey->mapping.gid : run_as->set ? run_as->gid : survey->owner_gid;
    /* The group of root opens what is not for others. */
    if (plan->outer_gid == 0)
        plan->outer_gid = NO_GROUP;
}

int csc_plan_identity(struct csc_planning *p)
{
    const struct csc_survey *survey = p->survey;
    const struct csc_identity *run_as = &p->request->config->run_as;
    struct csc_plan *plan = p->plan;

    plan->outer_uid = survey->uid;
    plan->outer_gid = survey->gid;
    if (survey->uid != 0 && run_as->set && (run_as->uid != survey->uid || run_as->gid != survey->gid))
        return csc_refuse(
            p->refusal, CSC_REFUSAL_BOUNDARY,
            "run_as of the configuration is another user, which only root can become; start csc as root, or "
            "as that user");
    if (survey->uid == 0)
        plan_other_identity(p);
    plan->guard_devices = plan->outer_uid == 0;
    /* Inside it is who owns the workspace, by whatever way. */
    uid_t uid = plan->idmapped ? survey->owner_uid : plan->outer_uid;
    gid_t gid = plan->idmapped ? survey->owner_gid : plan->outer_gid;
    plan->inner_uid = uid != 0 ? uid : INNER_ID;
    plan->inner_gid = gid != 0 ? gid : INNER_ID;
    return 0;
}

static void plan_network(struct csc_planning *p)
{
    static const enum csc_sockets sockets[2][2] = {{CSC_SOCKETS_NONE, CSC_SOCKETS_UNIX},
                                                   {CSC_SOCKETS_INTERNET, CSC_SOCKETS_INTERNET_UNIX}};
    enum csc_network network = p->request->command->network;

    p->plan->host_network = network == CSC_NETWORK_FULL;
    p->plan->sockets = sockets[p->plan->host_network][p->request->config->unix_sockets];
    p->plan->landlock_network = p->plan->host_network;
    p->plan->landlock_abi = p->survey->landlock_abi;
}

int csc_sandbox_vet(const struct csc_command *command, const struct csc_config *config, struct csc_refusal *refusal)
{
    if (command->network == CSC_NETWORK_ALLOWLISTED)
        return csc_refuse(
            refusal, CSC_REFUSAL_BOUNDARY,
            "network 'allowlisted' cannot be held by this version, and is never taken for 'full' or 'deny'; "
            "declare 'deny', or 'full' where the policy grants it");
    for (size_t i = 0; i < command->argv_count; i++)
        if (csc_config_blocks(config, command->argvs[i].items[0]))
            return csc_refuse(
                refusal, CSC_REFUSAL_PROGRAM,
                "hardened mode does not start '%.100s': shells, interpreters and wrappers run what no policy "
                "has seen; the operator can allow it by blocked_programs in csc-config(5)",
                command->argvs[i].items[0]);
    return 0;
}

static bool has_name(const char *entry, const char *name)
{
    size_t size = strlen(name);

    return strncmp(entry, name, size) == 0 && entry[size] == '=';
}

static int plan_environment(struct csc_planning *p)
{
    static const char *const own[] = {"PATH=" CSC_SANDBOX_PATH, "HOME=" CSC_SANDBOX_HOME, "TMPDIR=/tmp"};
    char *const *from = p->request->environment;
    size_t count = 0, total = 0;

    while (from && from[total])
        total++;
    char **to = csc_arena_array(&p->plan->arena, total + ARRAY_SIZE(own) + 1, sizeof(*to));
    if (!to)
        return csc_fail_memory(p->err);
    for (size_t i = 0; i < ARRAY_SIZE(own) + total; i++) {
        const char *entry = i < ARRAY_SIZE(own) ? own[i] : from[i - ARRAY_SIZE(own)];
        if (i >= ARRAY_SIZE(own) && (has_name(entry, "PATH") || has_name(entry, "HOME") || has_name(entry, "TMPDIR")))
            continue;
        to[count] = csc_arena_copy(&p->plan->arena, entry, strlen(entry));
        if (!to[count++])
            return csc_fail_memory(p->err);
    }
    p->plan->environment = to;
    return 0;
}

/* Moves what was collected into the plan's arena. */
static int settle(struct csc_planning *p, const struct csc_buf *buf, void **ret_items)
{
    *ret_items = csc_arena_copy(&p->plan->arena, buf->data ? buf->data : "", buf->size);
    return *ret_items && !buf->failed ? 0 : csc_fail_memory(p->err);
}

static int make(struct csc_planning *p)
{
    struct csc_plan *plan = p->plan;
    int r = csc_sandbox_vet(p->request->command, p->request->config, p->refusal);

    plan->command = p->request->command;
    plan->command_id = p->request->command->id;
    plan->backend = p->survey->backend;
    plan->cwd = p->survey->cwd.path;
    plan_network(p);
    if (r == 0)
        r = csc_plan_identity(p);
    if (r == 0)
        r = csc_plan_view(p);
    if (r == 0)
        r = csc_plan_limits(p);
    if (r == 0)
        r = plan_environment(p);
    if (r != 0)
        return r;
    plan->mount_count = p->mounts.size / sizeof(*plan->mounts);
    plan->rule_count = p->rules.size / sizeof(*plan->rules);
    plan->limit_count = p->limits.size / sizeof(*plan->limits);
    r = settle(p, &p->mounts, (void **)&plan->mounts);
    if (r == 0)
        r = settle(p, &p->rules, (void **)&plan->rules);
    return r == 0 ? settle(p, &p->limits, (void **)&plan->limits) : r;
}

static void plan_cleanup(struct csc_plan **plan)
{
    csc_plan_free(*plan);
}

int csc_plan_make(const struct csc_sandbox_request *request, const struct csc_survey *survey,
                  struct csc_plan **ret_plan, struct csc_refusal *refusal, struct csc_error *err)
{
    _cleanup_(plan_cleanup) struct csc_plan *plan = calloc(1, sizeof(*plan));
    struct csc_planning p = {.request = request, .survey = survey, .plan = plan, .refusal = refusal, .err = err};

    int r = plan ? make(&p) : csc_fail_memory(err);
    csc_buf_free(&p.mounts);
    csc_buf_free(&p.rules);
    csc_buf_free(&p.limits);
    if (r == 0)
        *ret_plan = TAKE_PTR(plan);
    return r < 0 ? csc_error_in_stage(err, "sandbox", r) : r;
}

const struct csc_limit *csc_plan_limit(const struct csc_plan *plan, const char *name)
{
    for (size_t i = 0; i < plan->limit_count; i++)
        if (strcmp(plan->limits[i].name, name) == 0)
            return &plan->limits[i];
    return NULL;
}

void csc_plan_free(struct csc_plan *plan)
{
    if (!plan)
        return;
    csc_arena_free(&plan->arena);
    free(plan);
}
