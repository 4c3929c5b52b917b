/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Denials that teach: why a command that failed inside the sandbox failed, where the boundary is why, and what would
 * declare what it wanted. From evidence only: what was counted, what is full, what the command said and the plan
 * confirms.
 */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sandbox/denial.h"

enum { SIGNAL_EXIT = 128, CONTEXT_LINES = 2 };

bool csc_denial_say(const struct csc_denial *denial, const char *format, ...)
{
    char raw[2 * CSC_DENIAL_TEXT_MAX];
    va_list args;

    va_start(args, format);
    int length = vsnprintf(raw, sizeof(raw), format, args);
    va_end(args);
    if (length < 0)
        raw[0] = '\0';
    size_t size = denial->size < CSC_DENIAL_TEXT_MAX ? denial->size : CSC_DENIAL_TEXT_MAX;
    (void)csc_text_escape(denial->text, size, raw, strlen(raw));
    return true;
}

static struct csc_span tail_of(const struct csc_failure *failure)
{
    return (struct csc_span){.at = failure->tail, .size = failure->tail_size};
}

/* One of the last lines has one of the phrases. */
static bool tail_says(const struct csc_failure *failure, const char *const phrases[])
{
    struct csc_span text = tail_of(failure), line;

    for (unsigned i = 0; i < CSC_DENIAL_LINES && csc_denial_line(&text, &line); i++)
        if (csc_denial_says(line, phrases))
            return true;
    return false;
}

/* ---- limits -------------------------------------------------------------------------------------------------- */

/* What shows that a limit was hit. Whatever is set here is enough by itself. */
struct sign {
    const char *name; /* of the limit */
    const char *const *phrases;
    int signal;
    enum csc_holder holder; /* the phrases count only where this holds the limit; CSC_HOLDER_NONE: always */
};

static const char *const no_memory[] = {"cannot allocate memory", "out of memory", "std::bad_alloc", "memoryerror",
                                        NULL};
static const char *const too_large[] = {"file too large", "efbig", "[errno 27]", "(os error 27)", NULL};
static const char *const too_many_files[] = {"too many open files", "emfile", "[errno 24]", "(os error 24)", NULL};
static const char *const no_fork[] = {"fork: resource temporarily unavailable", "fork: retry", "cannot fork",
                                      "can't start new thread", NULL};
static const char *const no_space[] = {"no space left on device", "enospc", "[errno 28]", "(os error 28)", NULL};

static const struct sign signs[] = {
    {"cpu_sec", NULL, SIGXCPU, CSC_HOLDER_NONE},       {"file_bytes", too_large, SIGXFSZ, CSC_HOLDER_NONE},
    {"memory_bytes", no_memory, 0, CSC_HOLDER_RLIMIT}, /* a cgroup refuses nothing: it kills, and counts */
    {"processes", no_fork, 0, CSC_HOLDER_NONE},        {"open_files", too_many_files, 0, CSC_HOLDER_NONE},
};

static bool ended_by(const struct csc_failure *failure, int signal)
{
    return signal != 0 && (failure->signal_number == signal || failure->exit_code == SIGNAL_EXIT + signal);
}

static bool say_limit(const struct csc_denial *denial, const char *name, int64_t value)
{
    return csc_denial_say(denial, "the limit of limits.%s, %lld, ended it; the operator sets it in csc-config(5)", name,
                          (long long)value);
}

static bool hint_limit(const struct csc_denial *denial, const struct csc_limit *limit)
{
    return csc_denial_say(denial,
                          "hint: likely cause: the limit of limits.%s, %lld; the operator sets it in csc-config(5)",
                          limit->name, (long long)limit->value);
}

static bool explain_sign(const struct csc_denial *denial, const struct sign *sign)
{
    const struct csc_limit *limit = csc_plan_limit(denial->plan, sign->name);

    if (!limit)
        return false;
    /* A command can send itself any signal, and exit with any number: that is no proof. */
    bool looks_ended = ended_by(denial->failure, sign->signal);
    if (!looks_ended && (!sign->phrases || (sign->holder != CSC_HOLDER_NONE && sign->holder != limit->holder) ||
                         !tail_says(denial->failure, sign->phrases)))
        return false;
    return hint_limit(denial, limit);
}

static bool explain_counted(const struct csc_denial *denial)
{
    const struct csc_cgroup_events *events = &denial->failure->events;
    const struct csc_limit *memory = csc_plan_limit(denial->plan, "memory_bytes");
    const struct csc_limit *processes = csc_plan_limit(denial->plan, "processes");

    if (memory && events->memory_kills > 0)
        return say_limit(denial, memory->name, memory->value);
    return processes && events->forks_failed > 0 && hint_limit(denial, processes);
}

static bool explain_full(const struct csc_denial *denial)
{
    const struct csc_failure *failure = denial->failure;
    const struct {
        bool full;
        const char *target, *name;
    } places[] = {{failure->tmp_full, "/tmp", "tmp_bytes"},
                  {failure->home_full, CSC_SANDBOX_HOME, "home_bytes"},
                  {failure->shm_full, "/dev/shm", "shm_bytes"}};

    for (size_t i = 0; i < ARRAY_SIZE(places); i++)
        for (size_t k = 0; places[i].full && k < denial->plan->mount_count; k++) {
            const struct csc_mount *mount = &denial->plan->mounts[k];
            if (mount->kind == CSC_MOUNT_TMPFS && strcmp(mount->target, places[i].target) == 0 &&
                tail_says(failure, no_space))
                return say_limit(denial, places[i].name, mount->size);
        }
    return false;
}

static bool explain_limit(const struct csc_denial *denial)
{
    if (explain_counted(denial) || explain_full(denial))
        return true;
    for (size_t i = 0; i < ARRAY_SIZE(signs); i++)
        if (explain_sign(denial, &signs[i]))
            return true;
    return false;
}

/* ---- system calls and sockets -------------------------------------------------------------------------------- */

static const char *const not_permitted[] = {"operation not permitted", "eperm", "[errno 1]", "(os error 1)", NULL};
static const char *const no_family[] = {"address family not supported", "eafnosupport", "[errno 97]", "(os error 97)",
                                        NULL};
static const char *const of_sockets[] = {"socket", "connect", "dial", NULL};
static const char *const of_unix[] = {"unix", "af_unix", "pf_unix", "unix-domain", ".sock", NULL};
static const char *const no_network[] = {"network is unreachable",
                                         "could not resolve",
                                         "couldn't resolve",
                                         "unable to resolve",
                                         "temporary failure in name resolution",
                                         "temporary failure resolving",
                                         "name or service not known",
                                         "nodename nor servname provided",
                                         "enetunreach",
                                         "eai_again",
                                         "getaddrinfo enotfound",
                                         "unknownhostexception",
                                         NULL};

/* What the filter or the missing capabilities refuse to everyone. */
static const char *const refused_calls[] = {"unshare",         "ptrace",      "setns", "mount",  "umount",
                                            "chroot",          "pivot_root",  "mknod", "keyctl", "bpf",
                                            "perf_event_open", "userfaultfd", "kexec", NULL};

static bool explain_abi(const struct csc_denial *denial)
{
    return ended_by(denial->failure, SIGSYS) &&
           csc_denial_say(
               denial, "hint: likely cause: a system call that is not of this machine's native ABI (a 32-bit program), "
                       "which the sandbox ends; use a native program");
}

static bool say_network(const struct csc_denial *denial)
{
    const struct csc_policy *policy = denial->failure->policy;
    char id[CSC_EXCERPT];

    return csc_denial_say(denial, "hint: likely cause: network of command '%s' is 'deny'; declare network 'full'%s",
                          csc_text_excerpt(id, denial->plan->command_id, strlen(denial->plan->command_id)),
                          policy && policy->network == CSC_NETWORK_FULL ? "" : "; the policy must grant it");
}

/* The line and those before it: a traceback of Python says what was called one line earlier. */
static bool says_nearby(struct csc_span line, struct csc_span earlier, const char *const phrases[])
{
    for (unsigned i = 0; !csc_denial_says(line, phrases); i++)
        if (i == CONTEXT_LINES || !csc_denial_line(&earlier, &line))
            return false;
    return true;
}

static bool explain_socket(const struct csc_denial *denial, struct csc_span line, struct csc_span earlier)
{
    bool no_unix = denial->plan->sockets == CSC_SOCKETS_NONE || denial->plan->sockets == CSC_SOCKETS_INTERNET;
    bool no_such_family = csc_denial_says(line, no_family);

    if (!no_such_family && (!csc_denial_says(line, not_permitted) || !says_nearby(line, earlier, of_sockets)))
        return false;
    if (says_nearby(line, earlier, of_unix))
        return no_unix &&
               csc_denial_say(denial, "hint: likely cause: the sandbox makes no UNIX sockets; the operator allows "
                                      "them with unix_sockets in csc-config(5)");
    return !denial->plan->host_network && say_network(denial);
}

static bool explain_call(const struct csc_denial *denial, struct csc_span line)
{
    if (!csc_denial_says(line, not_permitted))
        return false;
    struct csc_span call = csc_denial_find(line, refused_calls);
    return call.size > 0 && csc_denial_say(denial,
                                           "hint: likely cause: the sandbox refuses '%.*s' to every command; nothing "
                                           "declares it",
                                           (int)call.size, call.at);
}

static bool explain_line(const struct csc_denial *denial, struct csc_span line, struct csc_span earlier)
{
    if (!denial->plan->host_network && csc_denial_says(line, no_network))
        return say_network(denial);
    return csc_denial_of_path(denial, line) || explain_socket(denial, line, earlier) || explain_call(denial, line);
}

bool csc_denial_explain(const struct csc_plan *plan, const struct csc_failure *failure, char *ret_text, size_t size)
{
    const struct csc_denial denial = {.plan = plan, .failure = failure, .text = ret_text, .size = size};
    struct csc_span text = tail_of(failure), line;

    if (size == 0 || (failure->exit_code == 0 && failure->signal_number == 0))
        return false;
    if (explain_limit(&denial) || explain_abi(&denial) || csc_denial_of_program(&denial))
        return true;
    for (unsigned i = 0; i < CSC_DENIAL_LINES && csc_denial_line(&text, &line); i++)
        if (explain_line(&denial, line, text))
            return true;
    return false;
}
