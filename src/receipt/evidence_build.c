/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "receipt/evidence_parts.h"

/* As in the receipt: its artifacts are the subjects here. */
enum { ARTIFACTS_MAX = 10000 };

const char *const csc_exec_end_names[] = {
    [CSC_EXEC_BLOCKED] = "blocked",    [CSC_EXEC_EXITED] = "exited",
    [CSC_EXEC_TIMED_OUT] = "timedOut", [CSC_EXEC_NOT_EXECUTABLE] = "notExecutable",
    [CSC_EXEC_NOT_FOUND] = "notFound", [CSC_EXEC_CANCELLED] = "cancelled",
    [CSC_EXEC_ADVISED] = "advised",    [CSC_EXEC_NO_BOUNDARY] = "noBoundary",
    [CSC_EXEC_EXPIRED] = "expired",    NULL,
};

static void add_optional(struct csc_object *object, const char *key, const char *string)
{
    if (string && *string)
        csc_object_string(object, key, string);
}

/* RFC 3339 with a Z, as in-toto wants it; the protocol's own form ends in +00:00. */
static int add_time(struct csc_object *object, struct csc_arena *arena, const char *key, int64_t time,
                    struct csc_error *err)
{
    char text[CSC_TIME_TEXT];

    csc_time_format(time, text);
    const char *copy = csc_arena_printf(arena, "%.*sZ", (int)strcspn(text, "+"), text);
    if (!copy)
        return csc_fail_memory(err);
    csc_object_string(object, key, copy);
    return 0;
}

static int add_object(struct csc_object *outer, const char *key, struct csc_object *object, struct csc_error *err)
{
    struct csc_value value;
    int r = csc_object_end(object, &value, err);

    if (r == 0)
        csc_object_value(outer, key, value);
    return r;
}

/* ---- subjects ----------------------------------------------------------------------------------------------- */

static int subject(struct csc_arena *arena, const char *name, const char *sha256, struct csc_value *ret_value,
                   struct csc_error *err)
{
    struct csc_object object, digest;

    csc_object_begin(&digest, arena, 1);
    csc_object_string(&digest, "sha256", sha256);
    csc_object_begin(&object, arena, 2);
    csc_object_string(&object, "name", name);
    int r = add_object(&object, "digest", &digest, err);
    return r == 0 ? csc_object_end(&object, ret_value, err) : r;
}

static int add_subjects(struct csc_object *statement, const struct csc_evidence *evidence, struct csc_arena *arena,
                        struct csc_error *err)
{
    const struct csc_record *record = evidence->record;
    size_t count = record->artifact_count < ARTIFACTS_MAX ? record->artifact_count : ARTIFACTS_MAX;
    struct csc_value *items = csc_arena_array(arena, count + 1, sizeof(*items));
    char *sha256 = csc_arena_alloc(arena, CSC_SHA256_HEX);

    if (!items || !sha256)
        return csc_fail_memory(err);
    int r = csc_receipt_sha256(evidence->receipt, sha256, err);
    if (r == 0)
        r = subject(arena, "receipt", sha256, &items[0], err);
    for (size_t i = 0; i < count && r == 0; i++)
        r = subject(arena, record->artifacts[i].path, record->artifacts[i].sha256, &items[i + 1], err);
    csc_object_value(statement, "subject", (struct csc_value){.type = CSC_ARRAY, .count = count + 1, .items = items});
    return r;
}

/* ---- commands ----------------------------------------------------------------------------------------------- */

static int argvs_value(const struct csc_command *command, struct csc_arena *arena, struct csc_value *ret_value,
                       struct csc_error *err)
{
    struct csc_value *argvs = csc_arena_array(arena, command->argv_count, sizeof(*argvs));

    for (size_t i = 0; argvs && i < command->argv_count; i++) {
        const struct csc_argv *argv = &command->argvs[i];
        struct csc_value *words = csc_arena_array(arena, argv->count, sizeof(*words));
        if (!words)
            return csc_fail_memory(err);
        for (size_t k = 0; k < argv->count; k++)
            words[k] = csc_value_string(argv->items[k]);
        argvs[i] = (struct csc_value){.type = CSC_ARRAY, .count = argv->count, .items = words};
    }
    *ret_value = (struct csc_value){.type = CSC_ARRAY, .count = command->argv_count, .items = argvs};
    return argvs ? 0 : csc_fail_memory(err);
}

/* Threat: secrets stand in argvs, though they should not, and evidence is read by many. */
static int add_argvs(struct csc_object *object, const struct csc_command *command, bool full, struct csc_arena *arena,
                     struct csc_error *err)
{
    char *sha256 = csc_arena_alloc(arena, CSC_SHA256_HEX);
    struct csc_value argvs;

    if (!sha256)
        return csc_fail_memory(err);
    int r = argvs_value(command, arena, &argvs, err);
    if (r == 0)
        r = csc_canon_sha256(&argvs, sha256, err);
    csc_object_string(object, "argvsSha256", sha256);
    if (r == 0 && full)
        csc_object_value(object, "argvs", argvs);
    return r;
}

static int add_resources(struct csc_object *outer, const struct csc_usage *usage, struct csc_arena *arena,
                         struct csc_error *err)
{
    struct csc_object object;

    if (usage->cpu_source == CSC_USAGE_NONE && usage->memory_source == CSC_USAGE_NONE)
        return 0;
    csc_object_begin(&object, arena, 5);
    if (usage->cpu_source != CSC_USAGE_NONE) {
        csc_object_string(&object, "cpuSource", csc_usage_source_names[usage->cpu_source]);
        csc_object_int(&object, "userMicroseconds", usage->user_us);
        csc_object_int(&object, "systemMicroseconds", usage->system_us);
    }
    if (usage->memory_source != CSC_USAGE_NONE) {
        csc_object_string(&object, "memorySource", csc_usage_source_names[usage->memory_source]);
        csc_object_int(&object, "memoryPeakBytes", usage->memory_peak);
    }
    return add_object(outer, "resources", &object, err);
}

static int add_output(struct csc_object *outer, const struct csc_evidence_command *command, struct csc_arena *arena,
                      struct csc_error *err)
{
    struct csc_object object;

    csc_object_begin(&object, arena, 6);
    csc_object_string(&object, "stdoutSha256", command->sha256[CSC_STDOUT]);
    csc_object_string(&object, "stderrSha256", command->sha256[CSC_STDERR]);
    csc_object_bool(&object, "stdoutTruncated", command->truncated[CSC_STDOUT]);
    csc_object_bool(&object, "stderrTruncated", command->truncated[CSC_STDERR]);
    csc_object_int(&object, "capturedBytes", command->facts.captured);
    csc_object_int(&object, "totalBytes", command->facts.printed);
    return add_object(outer, "output", &object, err);
}

static int command_value(const struct csc_evidence_command *command, bool full_argv, struct csc_arena *arena,
                         struct csc_value *ret_value, struct csc_error *err)
{
    const struct csc_exec_facts *facts = &command->facts;
    struct csc_object object;
    int r = 0;

    csc_object_begin(&object, arena, 12);
    csc_object_string(&object, "id", command->command->id);
    csc_object_string(&object, "end", csc_exec_end_names[command->end]);
    csc_object_bool(&object, "started", command->started);
    csc_object_int(&object, "exitCode", command->exit_code);
    if (facts->started_at != 0) {
        csc_object_int(&object, "durationMicroseconds", facts->ended_at - facts->started_at);
        r = add_time(&object, arena, "startedAt", facts->started_at, err);
        if (r == 0)
            r = add_time(&object, arena, "endedAt", facts->ended_at, err);
    }
    if (r == 0)
        r = add_argvs(&object, command->command, full_argv, arena, err);
    if (r == 0)
        r = add_resources(&object, &facts->usage, arena, err);
    if (r == 0)
        r = add_output(&object, command, arena, err);
    if (r == 0)
        r = csc_evidence_add_sandbox(&object, command, arena, err);
    return r == 0 ? csc_object_end(&object, ret_value, err) : r;
}

static int add_commands(struct csc_object *predicate, const struct csc_evidence *evidence, struct csc_arena *arena,
                        struct csc_error *err)
{
    size_t count = evidence->command_count;
    struct csc_value *items = csc_arena_array(arena, count, sizeof(*items));
    int r = items ? 0 : csc_fail_memory(err);

    for (size_t i = 0; i < count && r == 0; i++)
        r = command_value(&evidence->commands[i], evidence->full_argv, arena, &items[i], err);
    csc_object_value(predicate, "commands", (struct csc_value){.type = CSC_ARRAY, .count = count, .items = items});
    return r;
}

/* ---- who and where ------------------------------------------------------------------------------------------ */

static int approval_value(const struct csc_evidence_approval *approval, struct csc_arena *arena,
                          struct csc_value *ret_value, struct csc_error *err)
{
    struct csc_object object;

    csc_object_begin(&object, arena, 7);
    csc_object_string(&object, "approvalId", approval->approval_id);
    csc_object_string(&object, "identity", approval->identity);
    csc_object_string(&object, "scope", approval->scope);
    csc_object_string(&object, "artifactSha256", approval->artifact_sha256);
    csc_object_bool(&object, "signed", approval->key_fingerprint && *approval->key_fingerprint);
    add_optional(&object, "keyFingerprint", approval->key_fingerprint);
    add_optional(&object, "ticketId", approval->ticket_id);
    return csc_object_end(&object, ret_value, err);
}

static int add_approvals(struct csc_object *predicate, const struct csc_evidence *evidence, struct csc_arena *arena,
                         struct csc_error *err)
{
    size_t count = evidence->approval_count;
    struct csc_value *items = csc_arena_array(arena, count, sizeof(*items));
    int r = items ? 0 : csc_fail_memory(err);

    for (size_t i = 0; i < count && r == 0; i++)
        r = approval_value(&evidence->approvals[i], arena, &items[i], err);
    csc_object_value(predicate, "approvals", (struct csc_value){.type = CSC_ARRAY, .count = count, .items = items});
    return r;
}

static int add_actor(struct csc_object *predicate, const struct csc_evidence *evidence, struct csc_arena *arena,
                     struct csc_error *err)
{
    struct csc_object object;

    csc_object_begin(&object, arena, 3);
    add_optional(&object, "agentId", evidence->agent_id);
    add_optional(&object, "sessionId", evidence->session_id);
    add_optional(&object, "initiatingUser", evidence->initiating_user);
    return object.count > 0 ? add_object(predicate, "actor", &object, err) : 0;
}

/* Names that no host should have, but any administrator can give: not UTF-8. */
static void add_name(struct csc_object *object, const char *key, const char *name)
{
    if (*name && csc_utf8_valid(name, strlen(name)))
        csc_object_string(object, key, name);
}

static int add_host(struct csc_object *predicate, const struct csc_host_facts *host, struct csc_arena *arena,
                    struct csc_error *err)
{
    struct csc_object object;

    csc_object_begin(&object, arena, 5);
    add_name(&object, "system", host->system.sysname);
    add_name(&object, "kernelRelease", host->system.release);
    add_name(&object, "machine", host->system.machine);
    add_name(&object, "hostname", host->system.nodename);
    add_name(&object, "bootId", host->boot_id);
    return add_object(predicate, "host", &object, err);
}

static int add_runner(struct csc_object *predicate, struct csc_arena *arena, struct csc_error *err)
{
    struct csc_object object;

    csc_object_begin(&object, arena, 2);
    csc_object_string(&object, "name", "csc");
    csc_object_string(&object, "version", CSC_VERSION);
    return add_object(predicate, "runner", &object, err);
}

/* ---- the statement ------------------------------------------------------------------------------------------ */

static int add_predicate(struct csc_object *statement, const struct csc_evidence *evidence, struct csc_arena *arena,
                         struct csc_error *err)
{
    const struct csc_record *record = evidence->record;
    struct csc_object object;

    csc_object_begin(&object, arena, 16);
    csc_object_string(&object, "executionId", evidence->receipt->execution_id);
    csc_object_string(&object, "status", csc_status_names[evidence->receipt->status]);
    csc_object_string(&object, "mode", record->hardened ? "hardened" : "local");
    csc_object_string(&object, "contractId", record->contract->id);
    csc_object_string(&object, "contractSha256", record->contract->sha256);
    csc_object_string(&object, "policyProfile", record->policy->name);
    csc_object_string(&object, "policySha256", record->policy->sha256);
    int r = add_time(&object, arena, "startedAt", record->started_at, err);
    if (r == 0)
        r = add_time(&object, arena, "endedAt", record->ended_at, err);
    if (r == 0)
        r = add_actor(&object, evidence, arena, err);
    if (r == 0)
        r = add_runner(&object, arena, err);
    if (r == 0)
        r = add_commands(&object, evidence, arena, err);
    if (r == 0)
        r = add_approvals(&object, evidence, arena, err);
    if (r == 0)
        r = add_host(&object, &evidence->host, arena, err);
    return r == 0 ? add_object(statement, "predicate", &object, err) : r;
}

int csc_evidence_value(const struct csc_evidence *evidence, struct csc_arena *arena, struct csc_value *ret_statement,
                       struct csc_error *err)
{
    struct csc_object object;

    csc_object_begin(&object, arena, 4);
    csc_object_string(&object, "_type", CSC_EVIDENCE_STATEMENT_TYPE);
    csc_object_string(&object, "predicateType", CSC_EVIDENCE_PREDICATE_TYPE);
    int r = add_subjects(&object, evidence, arena, err);
    if (r == 0)
        r = add_predicate(&object, evidence, arena, err);
    return r == 0 ? csc_object_end(&object, ret_statement, err) : r;
}
