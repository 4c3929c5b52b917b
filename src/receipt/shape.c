/* SPDX-License-Identifier: Apache-2.0 */
#include "receipt/shape.h"

#include <stddef.h>
#include <string.h>

const char *const csc_status_names[] = {
    [CSC_STATUS_BLOCKED] = "blocked",
    [CSC_STATUS_SUCCESS] = "success",
    [CSC_STATUS_FAILED] = "failed",
    [CSC_STATUS_EXPIRED] = "expired",
    NULL,
};

static const char *const version_names[] = {CSC_RECEIPT_VERSION, NULL};
static const char *const mode_names[] = {"local", "hardened", NULL};
static const char *const algorithm_names[] = {"ed25519", NULL};

struct artifact {
    const char *path, *sha256;
};

struct effects {
    int64_t files_written, secrets_used;
    bool network_used;
};

struct signature {
    int algorithm;
    const char *key_id, *signed_at, *signature;
};

/* The whole receipt as its tables see it; what later stages need of it is in struct csc_receipt. */
struct fields {
    int receipt_version, status, execution_mode;
    const char *contract_id, *execution_id, *contract_sha256, *started_at, *ended_at, *policy_profile;
    int64_t exit_code;
    const char *stdout_hash, *stderr_hash;
    bool stdout_truncated, stderr_truncated;
    struct csc_list artifacts;
    const char *policy_schema_version, *policy_sha256, *runner_version, *sandbox_profile_id, *signing_key_id;
    struct effects effect_summary;
    struct csc_list completed_command_ids;
    const char *failed_command_id, *error;
    struct signature signature;
    bool has_signature;
};

static bool is_output_hash(const char *string)
{
    return strncmp(string, "sha256:", 7) == 0 && csc_is_sha256_hex(string + 7);
}

static const struct csc_shape shape_any_text = {
    .kind = CSC_KIND_STRING, .size = sizeof(const char *), .max = INT64_MAX};
static const struct csc_shape shape_nullable_text = {
    .kind = CSC_KIND_STRING, .nullable = true, .size = sizeof(const char *), .max = INT64_MAX};
static const struct csc_shape shape_unique_texts = {
    .kind = CSC_KIND_ARRAY, .unique = true, .max = INT64_MAX, .item = &csc_shape_text, .size = sizeof(struct csc_list)};
static const struct csc_shape shape_int = {
    .kind = CSC_KIND_INT, .size = sizeof(int64_t), .min = INT64_MIN, .max = INT64_MAX};
static const struct csc_shape shape_count = {.kind = CSC_KIND_INT, .size = sizeof(int64_t), .max = INT64_MAX};
static const struct csc_shape shape_version = {.kind = CSC_KIND_ENUM, .size = sizeof(int), .names = version_names};
static const struct csc_shape shape_status = {.kind = CSC_KIND_ENUM, .size = sizeof(int), .names = csc_status_names};
static const struct csc_shape shape_mode = {.kind = CSC_KIND_ENUM, .size = sizeof(int), .names = mode_names};
static const struct csc_shape shape_algorithm = {.kind = CSC_KIND_ENUM, .size = sizeof(int), .names = algorithm_names};
static const struct csc_shape shape_output_hash = {.kind = CSC_KIND_STRING,
                                                   .size = sizeof(const char *),
                                                   .max = INT64_MAX,
                                                   .check = is_output_hash,
                                                   .expect = "'sha256:' and 64 hexadecimal digits"};

static const struct csc_field artifact_fields[] = {
    CSC_REQUIRED(artifact, path, &csc_shape_path),
    CSC_REQUIRED(artifact, sha256, &csc_shape_sha256),
    CSC_FIELDS_END,
};
static const struct csc_shape shape_artifact = {
    .kind = CSC_KIND_OBJECT, .size = sizeof(struct artifact), .fields = artifact_fields};
static const struct csc_shape shape_artifacts = {
    .kind = CSC_KIND_ARRAY, .size = sizeof(struct csc_list), .max = INT64_MAX, .item = &shape_artifact};

static const struct csc_field effect_fields[] = {
    CSC_OPTIONAL(effects, files_written, &shape_count),
    CSC_OPTIONAL(effects, network_used, &csc_shape_bool),
    CSC_OPTIONAL(effects, secrets_used, &shape_count),
    CSC_FIELDS_END,
};
static const struct csc_shape shape_effects = {
    .kind = CSC_KIND_OBJECT, .size = sizeof(struct effects), .fields = effect_fields};

/* That the signature is base64 of 64 bytes is a check of verification, not of the schema. */
static const struct csc_field signature_fields[] = {
    CSC_REQUIRED(signature, algorithm, &shape_algorithm),
    CSC_REQUIRED(signature, key_id, &csc_shape_text),
    CSC_REQUIRED(signature, signed_at, &csc_shape_date_time),
    CSC_REQUIRED(signature, signature, &csc_shape_text),
    CSC_FIELDS_END,
};
static const struct csc_shape shape_signature = {
    .kind = CSC_KIND_OBJECT, .size = sizeof(struct signature), .fields = signature_fields};

static const struct csc_field receipt_fields[] = {
    CSC_REQUIRED(fields, receipt_version, &shape_version),
    CSC_REQUIRED(fields, contract_id, &csc_shape_text),
    CSC_REQUIRED(fields, execution_id, &csc_shape_text),
    CSC_REQUIRED(fields, contract_sha256, &csc_shape_sha256),
    CSC_REQUIRED(fields, status, &shape_status),
    CSC_REQUIRED(fields, started_at, &csc_shape_date_time),
    CSC_REQUIRED(fields, ended_at, &csc_shape_date_time),
    CSC_REQUIRED(fields, policy_profile, &csc_shape_text),
    CSC_OPTIONAL(fields, exit_code, &shape_int),
    CSC_OPTIONAL(fields, stdout_hash, &shape_output_hash),
    CSC_OPTIONAL(fields, stderr_hash, &shape_output_hash),
    CSC_OPTIONAL(fields, stdout_truncated, &csc_shape_bool),
    CSC_OPTIONAL(fields, stderr_truncated, &csc_shape_bool),
    CSC_OPTIONAL(fields, artifacts, &shape_artifacts),
    CSC_OPTIONAL(fields, policy_schema_version, &csc_shape_text),
    CSC_OPTIONAL(fields, policy_sha256, &csc_shape_sha256),
    CSC_OPTIONAL(fields, runner_version, &csc_shape_text),
    CSC_OPTIONAL(fields, execution_mode, &shape_mode),
    CSC_OPTIONAL(fields, sandbox_profile_id, &csc_shape_text),
    CSC_OPTIONAL(fields, signing_key_id, &csc_shape_text),
    CSC_OPTIONAL(fields, effect_summary, &shape_effects),
    CSC_OPTIONAL(fields, completed_command_ids, &shape_unique_texts),
    CSC_OPTIONAL(fields, failed_command_id, &shape_nullable_text),
    CSC_OPTIONAL(fields, error, &shape_any_text),
    CSC_OPTIONAL_FLAG(fields, signature, &shape_signature, has_signature),
    CSC_FIELDS_END,
};
static const struct csc_shape shape_receipt = {
    .kind = CSC_KIND_OBJECT, .size = sizeof(struct fields), .fields = receipt_fields};

static int require(const struct csc_value *root, const char *name, enum csc_status status, struct csc_error *err)
{
    if (csc_value_get(root, name))
        return 0;
    return csc_fail_value(err, root, name, "is missing; a receipt with status '%s' requires it",
                          csc_status_names[status]);
}

/* Output that was not truncated is not mentioned. */
static int check_truncated(const struct csc_value *root, const char *name, struct csc_error *err)
{
    const struct csc_value *value = csc_value_get(root, name);

    if (!value || value->boolean)
        return 0;
    return csc_fail_value(err, value, name, "is false; only true may stand here, remove the field");
}

/* What the tables cannot say. */
static int check_together(const struct csc_value *root, enum csc_status status, struct csc_error *err)
{
    static const char *const result[] = {"exit_code", "stdout_hash", "stderr_hash"};
    bool ran = status == CSC_STATUS_SUCCESS || status == CSC_STATUS_FAILED;
    int r = check_truncated(root, "stdout_truncated", err);

    if (r == 0)
        r = check_truncated(root, "stderr_truncated", err);
    for (size_t i = 0; i < ARRAY_SIZE(result) && ran && r == 0; i++)
        r = require(root, result[i], status, err);
    return r;
}

int csc_receipt_decode(struct csc_receipt *receipt, struct csc_error *err)
{
    struct fields fields = {0};

    int r = csc_decode_version(&receipt->root, "receipt_version", CSC_RECEIPT_VERSION, err);
    if (r < 0)
        return r;
    r = csc_decode(&receipt->arena, &receipt->root, &shape_receipt, &fields, err);
    if (r < 0)
        return r;
    r = check_together(&receipt->root, (enum csc_status)fields.status, err);
    if (r < 0)
        return r;
    receipt->status = (enum csc_status)fields.status;
    receipt->execution_id = fields.execution_id;
    receipt->error = fields.error;
    if (fields.has_signature) {
        receipt->signature.algorithm = algorithm_names[fields.signature.algorithm];
        receipt->signature.key_id = fields.signature.key_id;
        receipt->signature.signed_at = fields.signature.signed_at;
        receipt->signature.signature = fields.signature.signature;
    }
    return 0;
}
