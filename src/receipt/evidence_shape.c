/* SPDX-License-Identifier: Apache-2.0 */
/* What a statement must look like: docs/EVIDENCE.md, schemas/csc.evidence.v0.1.schema.json. Objects are closed. */
#include <string.h>

#include "receipt/evidence_parts.h"

#define OBJECT(type, fields_)                                                                                          \
    {                                                                                                                  \
        .kind = CSC_KIND_OBJECT, .size = sizeof(struct type), .fields = (fields_)                                      \
    }
#define ARRAY(item_, min_, max_)                                                                                       \
    {                                                                                                                  \
        .kind = CSC_KIND_ARRAY, .size = sizeof(struct csc_list), .item = (item_), .min = (min_), .max = (max_)         \
    }
#define NAMES(names_)                                                                                                  \
    {                                                                                                                  \
        .kind = CSC_KIND_ENUM, .size = sizeof(int), .names = (names_)                                                  \
    }

static const char *const type_names[] = {CSC_EVIDENCE_STATEMENT_TYPE, NULL};
static const char *const predicate_names[] = {CSC_EVIDENCE_PREDICATE_TYPE, NULL};
static const char *const mode_names[] = {"local", "hardened", NULL};
static const char *const source_names[] = {"rusage", "cgroup", NULL};
static const char *const executor_names[] = {"bwrap", "native", NULL};
static const char *const runner_names[] = {"csc", NULL};

static bool is_utc(const char *string)
{
    return csc_is_date_time(string) && string[strlen(string) - 1] == 'Z';
}

static bool is_mask(const char *string)
{
    return strlen(string) == 16 && strspn(string, "0123456789abcdef") == 16;
}

static const struct csc_shape type = NAMES(type_names);
static const struct csc_shape predicate_type = NAMES(predicate_names);
static const struct csc_shape mode = NAMES(mode_names);
static const struct csc_shape scope = NAMES(csc_approval_scope_names);
static const struct csc_shape status = NAMES(csc_status_names);
static const struct csc_shape end = NAMES(csc_exec_end_names);
static const struct csc_shape source = NAMES(source_names);
static const struct csc_shape executor_name = NAMES(executor_names);
static const struct csc_shape runner_name = NAMES(runner_names);
static const struct csc_shape any_int = {
    .kind = CSC_KIND_INT, .size = sizeof(int64_t), .min = INT64_MIN, .max = INT64_MAX};
static const struct csc_shape count = {.kind = CSC_KIND_INT, .size = sizeof(int64_t), .max = INT64_MAX};
static const struct csc_shape time = {.kind = CSC_KIND_STRING,
                                      .size = sizeof(const char *),
                                      .max = INT64_MAX,
                                      .check = is_utc,
                                      .expect = "a date-time in UTC, with a Z"};
static const struct csc_shape mask = {.kind = CSC_KIND_STRING,
                                      .size = sizeof(const char *),
                                      .max = INT64_MAX,
                                      .check = is_mask,
                                      .expect = "16 hexadecimal digits"};

/* ---- the measured state ------------------------------------------------------------------------------------- */

struct capabilities {
    const char *inheritable, *permitted, *effective, *bounding, *ambient;
};

static const struct csc_field capability_fields[] = {
    CSC_REQUIRED(capabilities, inheritable, &mask), CSC_REQUIRED(capabilities, permitted, &mask),
    CSC_REQUIRED(capabilities, effective, &mask),   CSC_REQUIRED(capabilities, bounding, &mask),
    CSC_REQUIRED(capabilities, ambient, &mask),     CSC_FIELDS_END,
};
static const struct csc_shape capabilities = OBJECT(capabilities, capability_fields);

struct namespaces {
    int64_t user, mnt, pid, ipc, uts, cgroup, net;
};

static const struct csc_field namespace_fields[] = {
    CSC_OPTIONAL(namespaces, user, &count), CSC_OPTIONAL(namespaces, mnt, &count),
    CSC_OPTIONAL(namespaces, pid, &count),  CSC_OPTIONAL(namespaces, ipc, &count),
    CSC_OPTIONAL(namespaces, uts, &count),  CSC_OPTIONAL(namespaces, cgroup, &count),
    CSC_OPTIONAL(namespaces, net, &count),  CSC_FIELDS_END,
};
static const struct csc_shape namespaces = OBJECT(namespaces, namespace_fields);

struct limit {
    const char *name;
    int64_t soft, hard;
};

static const struct csc_field limit_fields[] = {
    CSC_REQUIRED(limit, name, &csc_shape_text),
    CSC_REQUIRED(limit, soft, &count),
    CSC_REQUIRED(limit, hard, &count),
    CSC_FIELDS_END,
};
static const struct csc_shape limit = OBJECT(limit, limit_fields);
static const struct csc_shape limits = ARRAY(&limit, 0, CSC_INIT_LIMITS_MAX);
static const struct csc_shape ids = ARRAY(&count, 4, 4);

struct inside {
    bool noNewPrivs, landlockRefuses, ownSession, ownHostName;
    int64_t seccompMode, seccompFilters, landlockAbi;
    struct capabilities capabilities;
    struct csc_list uid, gid, limits;
    struct namespaces namespaces;
};

static const struct csc_field inside_fields[] = {
    CSC_REQUIRED(inside, noNewPrivs, &csc_shape_bool),
    CSC_REQUIRED(inside, seccompMode, &count),
    CSC_OPTIONAL(inside, seccompFilters, &count),
    CSC_REQUIRED(inside, capabilities, &capabilities),
    CSC_REQUIRED(inside, uid, &ids),
    CSC_REQUIRED(inside, gid, &ids),
    CSC_OPTIONAL(inside, namespaces, &namespaces),
    CSC_REQUIRED(inside, landlockAbi, &count),
    CSC_OPTIONAL(inside, landlockRefuses, &csc_shape_bool),
    CSC_OPTIONAL(inside, ownSession, &csc_shape_bool),
    CSC_OPTIONAL(inside, ownHostName, &csc_shape_bool),
    CSC_REQUIRED(inside, limits, &limits),
    CSC_FIELDS_END,
};
static const struct csc_shape inside = OBJECT(inside, inside_fields);

struct range {
    int64_t inside, outside, count;
};

static const struct csc_field range_fields[] = {
    CSC_REQUIRED(range, inside, &count),
    CSC_REQUIRED(range, outside, &count),
    CSC_REQUIRED(range, count, &count),
    CSC_FIELDS_END,
};
static const struct csc_shape range = OBJECT(range, range_fields);

struct mounts {
    const char *sha256;
    int64_t count;
    bool asPlanned;
};

static const struct csc_field mounts_fields[] = {
    CSC_REQUIRED(mounts, sha256, &csc_shape_sha256),
    CSC_REQUIRED(mounts, count, &count),
    CSC_REQUIRED(mounts, asPlanned, &csc_shape_bool),
    CSC_FIELDS_END,
};
static const struct csc_shape mounts = OBJECT(mounts, mounts_fields);

struct groups {
    bool member;
    int64_t memoryBytes, processes, cpuPercent;
};

static const struct csc_field groups_fields[] = {
    CSC_REQUIRED(groups, member, &csc_shape_bool),
    CSC_OPTIONAL(groups, memoryBytes, &any_int),
    CSC_OPTIONAL(groups, processes, &any_int),
    CSC_OPTIONAL(groups, cpuPercent, &any_int),
    CSC_FIELDS_END,
};
static const struct csc_shape groups = OBJECT(groups, groups_fields);

struct outside {
    bool noNewPrivs;
    int64_t seccompMode, seccompFilters;
    struct capabilities capabilities;
    struct csc_list uid, gid;
    struct namespaces namespaces, runnerNamespaces;
    struct range uidMap, gidMap;
    struct mounts mountTable;
    struct groups controlGroups;
};

/* All optional: what could not be seen from outside is not there. */
static const struct csc_field outside_fields[] = {
    CSC_OPTIONAL(outside, noNewPrivs, &csc_shape_bool),
    CSC_OPTIONAL(outside, seccompMode, &count),
    CSC_OPTIONAL(outside, seccompFilters, &count),
    CSC_OPTIONAL(outside, capabilities, &capabilities),
    CSC_OPTIONAL(outside, uid, &ids),
    CSC_OPTIONAL(outside, gid, &ids),
    CSC_OPTIONAL(outside, uidMap, &range),
    CSC_OPTIONAL(outside, gidMap, &range),
    CSC_OPTIONAL(outside, namespaces, &namespaces),
    CSC_OPTIONAL(outside, runnerNamespaces, &namespaces),
    CSC_OPTIONAL(outside, mountTable, &mounts),
    CSC_OPTIONAL(outside, controlGroups, &groups),
    CSC_FIELDS_END,
};
static const struct csc_shape outside = OBJECT(outside, outside_fields);

struct measured {
    bool asPlanned;
    struct inside inside;
    struct outside outside;
    struct csc_list notMeasured;
};

static const struct csc_field measured_fields[] = {
    CSC_OPTIONAL(measured, asPlanned, &csc_shape_bool),
    CSC_REQUIRED(measured, inside, &inside),
    CSC_REQUIRED(measured, outside, &outside),
    CSC_REQUIRED(measured, notMeasured, &csc_shape_texts),
    CSC_FIELDS_END,
};
static const struct csc_shape measured = OBJECT(measured, measured_fields);

struct executor {
    int name;
    const char *version, *sha256, *initSha256;
};

static const struct csc_field executor_fields[] = {
    CSC_REQUIRED(executor, name, &executor_name),
    CSC_OPTIONAL(executor, version, &csc_shape_text),
    CSC_OPTIONAL(executor, sha256, &csc_shape_sha256),
    CSC_OPTIONAL(executor, initSha256, &csc_shape_sha256),
    CSC_FIELDS_END,
};
static const struct csc_shape executor = OBJECT(executor, executor_fields);

struct sandbox {
    const char *planSha256;
    struct executor executor;
    struct measured measured;
};

static const struct csc_field sandbox_fields[] = {
    CSC_REQUIRED(sandbox, planSha256, &csc_shape_sha256),
    CSC_OPTIONAL(sandbox, executor, &executor),
    CSC_OPTIONAL(sandbox, measured, &measured),
    CSC_FIELDS_END,
};
static const struct csc_shape sandbox = OBJECT(sandbox, sandbox_fields);

/* ---- commands ----------------------------------------------------------------------------------------------- */

struct resources {
    int cpuSource, memorySource;
    int64_t userMicroseconds, systemMicroseconds, memoryPeakBytes;
};

static const struct csc_field resources_fields[] = {
    CSC_OPTIONAL(resources, cpuSource, &source),         CSC_OPTIONAL(resources, userMicroseconds, &count),
    CSC_OPTIONAL(resources, systemMicroseconds, &count), CSC_OPTIONAL(resources, memorySource, &source),
    CSC_OPTIONAL(resources, memoryPeakBytes, &count),    CSC_FIELDS_END,
};
static const struct csc_shape resources = OBJECT(resources, resources_fields);

struct output {
    const char *stdoutSha256, *stderrSha256;
    bool stdoutTruncated, stderrTruncated;
    int64_t capturedBytes, totalBytes;
};

static const struct csc_field output_fields[] = {
    CSC_REQUIRED(output, stdoutSha256, &csc_shape_sha256),
    CSC_REQUIRED(output, stderrSha256, &csc_shape_sha256),
    CSC_REQUIRED(output, stdoutTruncated, &csc_shape_bool),
    CSC_REQUIRED(output, stderrTruncated, &csc_shape_bool),
    CSC_REQUIRED(output, capturedBytes, &count),
    CSC_REQUIRED(output, totalBytes, &count),
    CSC_FIELDS_END,
};
static const struct csc_shape output = OBJECT(output, output_fields);

static const struct csc_shape argv = ARRAY(&csc_shape_text, 1, INT64_MAX);
static const struct csc_shape argvs = ARRAY(&argv, 1, 10);

struct command {
    const char *id, *argvsSha256, *startedAt, *endedAt;
    struct csc_list argvs;
    int end;
    bool started;
    int64_t exitCode, durationMicroseconds;
    struct resources resources;
    struct output output;
    struct sandbox sandbox;
};

static const struct csc_field command_fields[] = {
    CSC_REQUIRED(command, id, &csc_shape_text),
    CSC_REQUIRED(command, argvsSha256, &csc_shape_sha256),
    CSC_OPTIONAL(command, argvs, &argvs),
    CSC_REQUIRED(command, end, &end),
    CSC_REQUIRED(command, started, &csc_shape_bool),
    CSC_REQUIRED(command, exitCode, &any_int),
    CSC_OPTIONAL(command, startedAt, &time),
    CSC_OPTIONAL(command, endedAt, &time),
    CSC_OPTIONAL(command, durationMicroseconds, &count),
    CSC_OPTIONAL(command, resources, &resources),
    CSC_REQUIRED(command, output, &output),
    CSC_OPTIONAL(command, sandbox, &sandbox),
    CSC_FIELDS_END,
};
static const struct csc_shape command = OBJECT(command, command_fields);
static const struct csc_shape commands = ARRAY(&command, 0, 20);

/* ---- the statement ------------------------------------------------------------------------------------------ */

struct approval {
    const char *approvalId, *identity, *artifactSha256, *keyFingerprint, *ticketId;
    int scope;
    bool signed_;
};

static const struct csc_field approval_fields[] = {
    CSC_REQUIRED(approval, approvalId, &csc_shape_text),
    CSC_REQUIRED(approval, identity, &csc_shape_text),
    CSC_REQUIRED(approval, scope, &scope),
    CSC_REQUIRED(approval, artifactSha256, &csc_shape_sha256),
    {"signed", &csc_shape_bool, offsetof(struct approval, signed_), SIZE_MAX, true},
    CSC_OPTIONAL(approval, keyFingerprint, &csc_shape_text),
    CSC_OPTIONAL(approval, ticketId, &csc_shape_text),
    CSC_FIELDS_END,
};
static const struct csc_shape approval = OBJECT(approval, approval_fields);
static const struct csc_shape approvals = ARRAY(&approval, 0, INT64_MAX);

struct actor {
    const char *agentId, *sessionId, *initiatingUser;
};

static const struct csc_field actor_fields[] = {
    CSC_OPTIONAL(actor, agentId, &csc_shape_text),
    CSC_OPTIONAL(actor, sessionId, &csc_shape_text),
    CSC_OPTIONAL(actor, initiatingUser, &csc_shape_text),
    CSC_FIELDS_END,
};
static const struct csc_shape actor = OBJECT(actor, actor_fields);

struct host {
    const char *system, *kernelRelease, *machine, *hostname, *bootId;
};

static const struct csc_field host_fields[] = {
    CSC_OPTIONAL(host, system, &csc_shape_text),  CSC_OPTIONAL(host, kernelRelease, &csc_shape_text),
    CSC_OPTIONAL(host, machine, &csc_shape_text), CSC_OPTIONAL(host, hostname, &csc_shape_text),
    CSC_OPTIONAL(host, bootId, &csc_shape_text),  CSC_FIELDS_END,
};
static const struct csc_shape host = OBJECT(host, host_fields);

struct runner {
    int name;
    const char *version;
};

static const struct csc_field runner_fields[] = {
    CSC_REQUIRED(runner, name, &runner_name),
    CSC_REQUIRED(runner, version, &csc_shape_text),
    CSC_FIELDS_END,
};
static const struct csc_shape runner = OBJECT(runner, runner_fields);

struct predicate {
    const char *executionId, *contractId, *contractSha256, *policyProfile, *policySha256, *startedAt, *endedAt;
    int status, mode;
    struct actor actor;
    struct runner runner;
    struct csc_list commands, approvals;
    struct host host;
};

static const struct csc_field predicate_fields[] = {
    CSC_REQUIRED(predicate, executionId, &csc_shape_text),
    CSC_REQUIRED(predicate, status, &status),
    CSC_REQUIRED(predicate, mode, &mode),
    CSC_REQUIRED(predicate, contractId, &csc_shape_text),
    CSC_REQUIRED(predicate, contractSha256, &csc_shape_sha256),
    CSC_REQUIRED(predicate, policyProfile, &csc_shape_text),
    CSC_REQUIRED(predicate, policySha256, &csc_shape_sha256),
    CSC_REQUIRED(predicate, startedAt, &time),
    CSC_REQUIRED(predicate, endedAt, &time),
    CSC_OPTIONAL(predicate, actor, &actor),
    CSC_REQUIRED(predicate, runner, &runner),
    CSC_REQUIRED(predicate, commands, &commands),
    CSC_REQUIRED(predicate, approvals, &approvals),
    CSC_REQUIRED(predicate, host, &host),
    CSC_FIELDS_END,
};
static const struct csc_shape predicate = OBJECT(predicate, predicate_fields);

struct digest {
    const char *sha256;
};

static const struct csc_field digest_fields[] = {
    CSC_REQUIRED(digest, sha256, &csc_shape_sha256),
    CSC_FIELDS_END,
};
static const struct csc_shape digest = OBJECT(digest, digest_fields);

struct subject {
    const char *name;
    struct digest digest;
};

static const struct csc_field subject_fields[] = {
    CSC_REQUIRED(subject, name, &csc_shape_text),
    CSC_REQUIRED(subject, digest, &digest),
    CSC_FIELDS_END,
};
static const struct csc_shape subject = OBJECT(subject, subject_fields);
static const struct csc_shape subjects = ARRAY(&subject, 1, INT64_MAX);

struct statement {
    int _type, predicateType;
    struct csc_list subject;
    struct predicate predicate;
};

static const struct csc_field statement_fields[] = {
    CSC_REQUIRED(statement, _type, &type),
    CSC_REQUIRED(statement, predicateType, &predicate_type),
    CSC_REQUIRED(statement, subject, &subjects),
    CSC_REQUIRED(statement, predicate, &predicate),
    CSC_FIELDS_END,
};
static const struct csc_shape statement = OBJECT(statement, statement_fields);

int csc_evidence_decode(const struct csc_value *value, struct csc_arena *arena, const char **ret_receipt_sha256,
                        struct csc_error *err)
{
    struct statement found = {0};

    int r = csc_decode_version(value, "_type", CSC_EVIDENCE_STATEMENT_TYPE, err);
    if (r == 0)
        r = csc_decode_version(value, "predicateType", CSC_EVIDENCE_PREDICATE_TYPE, err);
    if (r == 0)
        r = csc_decode(arena, value, &statement, &found, err);
    if (r != 0)
        return r;
    const struct subject *first = found.subject.items;
    if (strcmp(first->name, "receipt") != 0)
        return csc_fail_field(err, "subject[0].name", "is not 'receipt'; the receipt is the first subject");
    *ret_receipt_sha256 = first->digest.sha256;
    return 0;
}
