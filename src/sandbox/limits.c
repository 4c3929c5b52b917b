/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <sys/resource.h>

#include "sandbox/plan.h"

static void add(struct csc_planning *p, const char *name, int64_t value, int resource)
{
    const struct csc_limit limit = {name, value, CSC_HOLDER_RLIMIT, resource};

    csc_buf_append(&p->limits, &limit, sizeof(limit));
}

static void add_held(struct csc_planning *p, const char *name, int64_t value, enum csc_holder holder)
{
    const struct csc_limit limit = {name, value, holder, -1};

    csc_buf_append(&p->limits, &limit, sizeof(limit));
}

static int add_memory(struct csc_planning *p, const struct csc_limits *limits)
{
    enum csc_holder holder = p->survey->cgroups.holder[CSC_CONTROLLER_MEMORY];

    if (holder != CSC_HOLDER_NONE)
        add_held(p, "memory_bytes", limits->memory_bytes, holder);
    else
        add(p, "memory_bytes", limits->memory_bytes, RLIMIT_AS);
    return 0;
}

/* Threat: RLIMIT_NPROC does not bind the root of the host, in whatever user namespace (the kernel exempts its user). */
static int add_processes(struct csc_planning *p, const struct csc_limits *limits)
{
    enum csc_holder holder = p->survey->cgroups.holder[CSC_CONTROLLER_PIDS];

    if (holder != CSC_HOLDER_NONE)
        add_held(p, "processes", limits->processes, holder);
    else if (p->plan->outer_uid != 0)
        add(p, "processes", limits->processes, RLIMIT_NPROC);
    else
        return csc_refuse(
            p->refusal, CSC_REFUSAL_BOUNDARY,
            "nothing bounds the number of processes: cwd belongs to root, whom no resource limit binds, and "
            "there is no cgroup with the pids controller to make one in; set run_as in the configuration, or "
            "use a cwd of another user's");
    return 0;
}

static int add_cpu(struct csc_planning *p, const struct csc_limits *limits)
{
    enum csc_holder holder = p->survey->cgroups.holder[CSC_CONTROLLER_CPU];

    if (limits->cpu_percent == 0)
        return 0;
    if (holder == CSC_HOLDER_NONE)
        return csc_refuse(
            p->refusal, CSC_REFUSAL_BOUNDARY,
            "limits.cpu_percent of the configuration needs a cgroup v2 with the cpu controller delegated to "
            "csc; delegate one (systemd-run -p Delegate=yes), or leave the limit out");
    add_held(p, "cpu_percent", limits->cpu_percent, holder);
    return 0;
}

int csc_plan_limits(struct csc_planning *p)
{
    const struct csc_limits *limits = &p->request->config->limits;

    add(p, "cpu_sec", limits->cpu_sec, RLIMIT_CPU);
    int r = add_memory(p, limits);
    if (r == 0)
        r = add_processes(p, limits);
    if (r == 0)
        r = add_cpu(p, limits);
    add(p, "file_bytes", limits->file_bytes, RLIMIT_FSIZE);
    add(p, "open_files", limits->open_files, RLIMIT_NOFILE);
    add(p, "locked_bytes", limits->locked_bytes, RLIMIT_MEMLOCK);
    add(p, "queue_bytes", limits->queue_bytes, RLIMIT_MSGQUEUE);
    add(p, "core_bytes", 0, RLIMIT_CORE);
    return r;
}
