/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "receipt/receipt.h"
#include "receipt/words.h"

enum {
    OUTPUT_HASH_TEXT = 72, /* "sha256:", 64 digits, NUL */
    FIELDS_MAX = 32,
    /* A contract of 1 MiB can name some 200,000 outputs. This many always fit into CSC_RECEIPT_BYTES_MAX: an agent
     * must not be able to avoid a receipt by making it too long. The receipt says when it stopped short. */
    ARTIFACTS_MAX = 10000,
};

/* The texts that are made here, as long as the receipt is being written. */
struct texts {
    struct csc_arena arena;
    char execution_id[CSC_UUID_TEXT], started_at[CSC_TIME_TEXT], ended_at[CSC_TIME_TEXT];
    char output_hash[2][OUTPUT_HASH_TEXT];
    struct csc_buf words;
};

static void texts_free(struct texts *texts)
{
    csc_arena_free(&texts->arena);
    csc_buf_free(&texts->words);
}

static void add_output(struct csc_object *object, const struct csc_record *record, struct texts *texts)
{
    static const char *const hashes[] = {"stdout_hash", "stderr_hash"};
    static const char *const truncated[] = {"stdout_truncated", "stderr_truncated"};
    char of_nothing[CSC_SHA256_HEX];

    if (!record->last && record->status != CSC_STATUS_FAILED && record->status != CSC_STATUS_SUCCESS)
        return;
    csc_sha256_hex("", 0, of_nothing);
    for (int i = 0; i < 2; i++) {
        (void)snprintf(texts->output_hash[i], OUTPUT_HASH_TEXT, "sha256:%s",
                       record->last ? record->last->hash[i] : of_nothing);
        csc_object_string(object, hashes[i], texts->output_hash[i]);
        if (record->last && record->last->truncated[i])
            csc_object_bool(object, truncated[i], true);
    }
}

static int artifact_value(struct csc_arena *arena, const struct csc_artifact *artifact, struct csc_value *ret_value,
                          struct csc_error *err)
{
    struct csc_object object;

    csc_object_begin(&object, arena, 2);
    csc_object_string(&object, "path", artifact->path);
    csc_object_string(&object, "sha256", artifact->sha256);
    return csc_object_end(&object, ret_value, err);
}

static int add_artifacts(struct csc_object *object, const struct csc_record *record, struct csc_arena *arena,
                         struct csc_error *err)
{
    size_t count = record->artifact_count < ARTIFACTS_MAX ? record->artifact_count : ARTIFACTS_MAX;
    struct csc_value *items = csc_arena_array(arena, count, sizeof(*items));

    if (!items)
        return csc_fail_memory(err);
    for (size_t i = 0; i < count; i++) {
        int r = artifact_value(arena, &record->artifacts[i], &items[i], err);
        if (r < 0)
            return r;
    }
    if (count > 0)
        csc_object_value(object, "artifacts", (struct csc_value){.type = CSC_ARRAY, .count = count, .items = items});
    return 0;
}

static int add_effects(struct csc_object *object, const struct csc_record *record, struct csc_arena *arena,
                       struct csc_error *err)
{
    struct csc_object effects;
    struct csc_value value;

    if (record->files_written < 0)
        return 0;
    csc_object_begin(&effects, arena, 1);
    csc_object_int(&effects, "files_written", record->files_written);
    int r = csc_object_end(&effects, &value, err);
    if (r == 0)
        csc_object_value(object, "effect_summary", value);
    return r;
}

/* Who, what, when: in every receipt. */
struct identity {
    const char *contract_id, *contract_sha256, *execution_id, *policy_profile, *policy_schema_version, *policy_sha256;
    enum csc_status status;
    bool hardened;
    int64_t started_at, ended_at;
};

static void add_identity(struct csc_object *object, const struct identity *identity, struct texts *texts)
{
    csc_time_format(identity->started_at, texts->started_at);
    csc_time_format(identity->ended_at, texts->ended_at);
    const struct {
        const char *key, *string;
    } fields[] = {
        {"receipt_version", CSC_RECEIPT_VERSION},
        {"contract_id", identity->contract_id},
        {"contract_sha256", identity->contract_sha256},
        {"execution_id", identity->execution_id},
        {"status", csc_status_names[identity->status]},
        {"started_at", texts->started_at},
        {"ended_at", texts->ended_at},
        {"policy_profile", identity->policy_profile},
        {"policy_schema_version", identity->policy_schema_version},
        {"policy_sha256", identity->policy_sha256},
        {"runner_version", CSC_VERSION},
        {"execution_mode", identity->hardened ? "hardened" : "local"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
        csc_object_string(object, fields[i].key, fields[i].string);
}

static struct identity identity_of(const struct csc_record *record, const char *execution_id)
{
    return (struct identity){.contract_id = record->contract->id,
                             .contract_sha256 = record->contract->sha256,
                             .execution_id = execution_id,
                             .policy_profile = record->policy->name,
                             .policy_schema_version = CSC_POLICY_VERSION,
                             .policy_sha256 = record->policy->sha256,
                             .status = record->status,
                             .hardened = record->hardened,
                             .started_at = record->started_at,
                             .ended_at = record->ended_at};
}

static int add_words(struct csc_object *object, const struct csc_record *record, struct texts *texts,
                     struct csc_error *err)
{
    char note[80] = "";

    if (record->artifact_count > ARTIFACTS_MAX)
        (void)snprintf(note, sizeof(note), "only the first %d of %zu artifacts are listed", ARTIFACTS_MAX,
                       record->artifact_count);
    csc_receipt_words(record, note, &texts->words);
    if (texts->words.failed)
        return csc_fail_memory(err);
    if (texts->words.size > 0)
        csc_object_string(object, "error", texts->words.data);
    return 0;
}

/* The receipt's fields, which refer to the record and to `texts`: each stands there only when it is known. */
static int make_root(const struct csc_record *record, struct texts *texts, struct csc_value *ret_root,
                     struct csc_error *err)
{
    struct csc_object object;
    const struct identity identity = identity_of(record,
                                                 record->execution_id ? record->execution_id : texts->execution_id);

    csc_object_begin(&object, &texts->arena, FIELDS_MAX);
    add_identity(&object, &identity, texts);
    if (record->profile_id)
        csc_object_string(&object, "sandbox_profile_id", record->profile_id);
    if (record->has_exit_code)
        csc_object_int(&object, "exit_code", record->exit_code);
    add_output(&object, record, texts);
    if (record->completed_count > 0 || record->failed_id)
        csc_object_strings(&object, &texts->arena, "completed_command_ids", record->completed_ids,
                           record->completed_count);
    if (record->failed_id)
        csc_object_string(&object, "failed_command_id", record->failed_id);
    int r = add_artifacts(&object, record, &texts->arena, err);
    if (r == 0)
        r = add_effects(&object, record, &texts->arena, err);
    if (r == 0)
        r = add_words(&object, record, texts, err);
    return r < 0 ? r : csc_object_end(&object, ret_root, err);
}

/* A receipt of what nobody saw the end of. The hashes are of no bytes, and "truncated": that is all that is known of
 * the output. 137 is what a shell says of a process that SIGKILL ended. */
static int make_lost_root(const struct csc_lost_run *run, struct texts *texts, struct csc_value *ret_root,
                          struct csc_error *err)
{
    const struct identity identity = {
        run->contract_id,   run->contract_sha256, run->execution_id, run->policy_profile, run->policy_schema_version,
        run->policy_sha256, CSC_STATUS_FAILED,    run->hardened,     run->started_at,     run->ended_at};
    struct csc_object object;
    char of_nothing[CSC_SHA256_HEX];

    csc_sha256_hex("", 0, of_nothing);
    (void)snprintf(texts->output_hash[0], OUTPUT_HASH_TEXT, "sha256:%s", of_nothing);
    csc_object_begin(&object, &texts->arena, FIELDS_MAX);
    add_identity(&object, &identity, texts);
    csc_object_int(&object, "exit_code", 128 + SIGKILL);
    csc_object_string(&object, "stdout_hash", texts->output_hash[0]);
    csc_object_string(&object, "stderr_hash", texts->output_hash[0]);
    csc_object_bool(&object, "stdout_truncated", true);
    csc_object_bool(&object, "stderr_truncated", true);
    csc_object_string(&object, "error", CSC_LOST_RUN_ERROR);
    return csc_object_end(&object, ret_root, err);
}

/* By way of its bytes: the receipt is validated as a foreign one would be, and shares no memory with the record. */
static int reread(const struct csc_value *root, struct csc_receipt **ret_receipt, struct csc_error *err)
{
    _cleanup_buf_ struct csc_buf bytes = {0};

    csc_canon_write(&bytes, root);
    return bytes.failed ? csc_fail_memory(err) : csc_receipt_parse(bytes.data, bytes.size, ret_receipt, err);
}

static int build(const struct csc_record *record, struct csc_receipt **ret_receipt, struct csc_error *err)
{
    _cleanup_(texts_free) struct texts texts = {0};
    struct csc_error flaw = {0};
    struct csc_value root;

    int r = record->execution_id ? 0 : csc_uuid_make(texts.execution_id, err);
    if (r == 0)
        r = make_root(record, &texts, &root, err);
    if (r < 0)
        return r;
    if (reread(&root, ret_receipt, &flaw) < 0)
        return csc_fail(err, CSC_E_INTERNAL, "the receipt that was built is not valid: %s %s", flaw.field, flaw.text);
    return 0;
}

int csc_receipt_build(const struct csc_record *record, struct csc_receipt **ret_receipt, struct csc_error *err)
{
    return csc_error_in_stage(err, "receipt", build(record, ret_receipt, err));
}

static int build_lost(const struct csc_lost_run *run, struct csc_receipt **ret_receipt, struct csc_error *err)
{
    _cleanup_(texts_free) struct texts texts = {0};
    struct csc_error flaw = {0};
    struct csc_value root;

    int r = make_lost_root(run, &texts, &root, &flaw);
    if (r == 0)
        r = reread(&root, ret_receipt, &flaw);
    if (r == -CSC_E_DATA)
        return csc_fail(err, CSC_E_DATA, "what was recorded of it makes no receipt: %s %s", flaw.field, flaw.text);
    return r < 0 ? csc_fail(err, CSC_E_INTERNAL, "%s", flaw.text) : 0;
}

int csc_receipt_build_lost(const struct csc_lost_run *run, struct csc_receipt **ret_receipt, struct csc_error *err)
{
    return csc_error_in_stage(err, "receipt", build_lost(run, ret_receipt, err));
}
