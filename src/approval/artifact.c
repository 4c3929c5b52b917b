/* SPDX-License-Identifier: Apache-2.0 */
#include "approval/approval.h"

#include <stdlib.h>

/* An ApprovalArtifact as its JSON text has it: members are named as the fields are. */
struct approver {
    const char *identity;
    int method; /* says how the approval came about; nothing depends on it */
};

struct artifact {
    int approval_version;
    const char *approval_id, *contract_sha256;
    struct approver approver;
    const char *approved_at, *expires_at;
    int scope; /* enum csc_approval_scope */
    const char *ticket_id, *reason;
};

static const char *const version_names[] = {CSC_APPROVAL_VERSION, NULL};
static const char *const method_names[] = {"manual", "cli", "api", "ticket", NULL};
const char *const csc_approval_scope_names[] = {"single_execution", "time_window", NULL};

static const struct csc_shape version = {.kind = CSC_KIND_ENUM, .size = sizeof(int), .names = version_names};
static const struct csc_shape method = {.kind = CSC_KIND_ENUM, .size = sizeof(int), .names = method_names};
static const struct csc_shape scope = {.kind = CSC_KIND_ENUM, .size = sizeof(int), .names = csc_approval_scope_names};
static const struct csc_shape reason = {.kind = CSC_KIND_STRING, .size = sizeof(const char *), .max = 4000};

static const struct csc_field approver_fields[] = {
    CSC_REQUIRED(approver, identity, &csc_shape_text),
    CSC_REQUIRED(approver, method, &method),
    CSC_FIELDS_END,
};
static const struct csc_shape approver = {
    .kind = CSC_KIND_OBJECT, .size = sizeof(struct approver), .fields = approver_fields};

static const struct csc_field artifact_fields[] = {
    CSC_REQUIRED(artifact, approval_version, &version),
    CSC_REQUIRED(artifact, approval_id, &csc_shape_text),
    CSC_REQUIRED(artifact, contract_sha256, &csc_shape_sha256),
    CSC_REQUIRED(artifact, approver, &approver),
    CSC_REQUIRED(artifact, approved_at, &csc_shape_date_time),
    CSC_REQUIRED(artifact, expires_at, &csc_shape_date_time),
    CSC_REQUIRED(artifact, scope, &scope),
    CSC_OPTIONAL(artifact, ticket_id, &csc_shape_text),
    CSC_OPTIONAL(artifact, reason, &reason),
    CSC_FIELDS_END,
};
static const struct csc_shape artifact_shape = {
    .kind = CSC_KIND_OBJECT, .size = sizeof(struct artifact), .fields = artifact_fields};

static int convert(const struct artifact *text, const struct csc_value *root, struct csc_approval *approval,
                   struct csc_error *err)
{
    approval->id = text->approval_id;
    approval->contract_sha256 = text->contract_sha256;
    approval->identity = text->approver.identity;
    approval->scope = (enum csc_approval_scope)text->scope;
    approval->ticket_id = text->ticket_id;
    approval->reason = text->reason;
    if (!csc_time_parse(text->approved_at, &approval->approved_at) ||
        !csc_time_parse(text->expires_at, &approval->expires_at) || approval->expires_at <= approval->approved_at)
        return csc_fail_value(err, csc_value_get(root, "expires_at"), "expires_at",
                              "is not later than approved_at; an approval needs time to be used in");
    return 0;
}

static int parse(struct csc_approval *approval, const void *bytes, size_t size, struct csc_error *err)
{
    struct artifact text = {0};
    struct csc_value root;
    int r;

    if (size > CSC_APPROVAL_BYTES_MAX)
        return csc_fail(err, CSC_E_DATA, "the approval is larger than %d bytes; shorten it",
                        (int)CSC_APPROVAL_BYTES_MAX);
    if ((r = csc_json_parse(&approval->arena, bytes, size, &root, err)) < 0 ||
        (r = csc_decode_version(&root, "approval_version", CSC_APPROVAL_VERSION, err)) < 0 ||
        (r = csc_decode(&approval->arena, &root, &artifact_shape, &text, err)) < 0)
        return r;
    return convert(&text, &root, approval, err);
}

void csc_approval_free(struct csc_approval *approval)
{
    if (!approval)
        return;
    csc_arena_free(&approval->arena);
    free(approval);
}

int csc_approval_parse(const void *bytes, size_t size, struct csc_approval **ret_approval, struct csc_error *err)
{
    struct csc_approval *approval = calloc(1, sizeof(*approval));
    int r = approval ? parse(approval, bytes, size, err) : csc_fail_memory(err);

    if (r < 0) {
        csc_approval_free(approval);
        return csc_error_in_stage(err, "approval", r);
    }
    *ret_approval = approval;
    return 0;
}
