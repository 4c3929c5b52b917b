/* SPDX-License-Identifier: Apache-2.0 */
#include "receipt/evidence.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "receipt/dsse.h"
#include "receipt/evidence_parts.h"

/* ---- gathering ---------------------------------------------------------------------------------------------- */

static int hash_plan(const struct csc_plan *plan, char ret_hex[CSC_SHA256_HEX], struct csc_error *err)
{
    _cleanup_(csc_arena_free) struct csc_arena arena = {0};
    struct csc_value value;
    int r = csc_plan_value(plan, &arena, &value, err);

    return r == 0 ? csc_canon_sha256(&value, ret_hex, err) : r;
}

int csc_evidence_note(const struct csc_command *command, const struct csc_exec_result *result,
                      const struct csc_plan *plan, struct csc_evidence_command *ret_command, struct csc_error *err)
{
    struct csc_evidence_command noted = {
        .command = command,
        .end = result->end,
        .started = result->started,
        .exit_code = result->exit_code,
        .truncated = {result->truncated[CSC_STDOUT], result->truncated[CSC_STDERR]},
        .facts = result->facts,
    };
    int r = 0;

    memcpy(noted.sha256, result->hash, sizeof(noted.sha256));
    if (plan) {
        noted.backend = plan->backend;
        r = hash_plan(plan, noted.plan_sha256, err);
    }
    if (r < 0)
        return csc_error_in_stage(err, "receipt", r);
    if (plan && result->facts.measurement.taken)
        for (size_t i = 0; i + 1 < ARRAY_SIZE(noted.lacks); i++) {
            noted.lacks[i] = csc_measurement_lacks(plan, &result->facts.measurement, i);
            if (!noted.lacks[i])
                break;
        }
    *ret_command = noted;
    return 0;
}

void csc_host_facts(struct csc_host_facts *ret_facts)
{
    struct csc_host_facts facts = {0};
    _cleanup_close_ int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

    (void)uname(&facts.system);
    ssize_t size = fd < 0 ? -1 : read(fd, facts.boot_id, sizeof(facts.boot_id) - 1);
    facts.boot_id[size > 0 ? size : 0] = '\0';
    *ret_facts = facts;
}

/* ---- reading ------------------------------------------------------------------------------------------------ */

static void seen_cleanup(struct csc_evidence_seen **seen)
{
    csc_evidence_seen_free(*seen);
}

static int read_statement(struct csc_evidence_seen *seen, const void *bytes, size_t size, struct csc_error *err)
{
    int r = csc_json_parse(&seen->arena, bytes, size, &seen->statement, err);

    if (r == 0)
        r = csc_evidence_decode(&seen->statement, &seen->arena, &seen->receipt_sha256, err);
    if (r == 0)
        seen->predicate = csc_value_get(&seen->statement, "predicate");
    return r;
}

static int read_envelope(struct csc_arena *arena, const void *bytes, size_t size, struct csc_value *ret_envelope,
                         struct csc_error *err)
{
    if (size > CSC_EVIDENCE_BYTES_MAX)
        return csc_fail(err, CSC_E_DATA, "larger than the %zu bytes an envelope may have", CSC_EVIDENCE_BYTES_MAX);
    int r = csc_json_parse(arena, bytes, size, ret_envelope, err);
    if (r == 0 && ret_envelope->type != CSC_OBJECT)
        return csc_fail(err, CSC_E_DATA, "the text is %s; a DSSE envelope is an object",
                        csc_type_name(ret_envelope->type));
    return r;
}

/* The signature first: nothing of the payload is looked at before. */
static int open_statement(struct csc_evidence_seen *seen, const struct csc_value *envelope,
                          const struct csc_public_key *key, struct csc_error *err)
{
    struct csc_dsse dsse = {0};
    int r = csc_dsse_open(envelope, CSC_EVIDENCE_PAYLOAD_TYPE, key, &dsse, err);

    seen->key_id = dsse.key_id;
    if (r == 0)
        r = read_statement(seen, dsse.payload.data, dsse.payload.size, err);
    csc_buf_free(&dsse.payload);
    return r;
}

static int verify(const void *bytes, size_t size, const struct csc_public_key *key, struct csc_evidence_seen **ret_seen,
                  struct csc_error *err)
{
    _cleanup_(seen_cleanup) struct csc_evidence_seen *seen = calloc(1, sizeof(*seen));
    struct csc_value envelope;

    if (!seen)
        return csc_fail_memory(err);
    int r = read_envelope(&seen->arena, bytes, size, &envelope, err);
    if (r == 0)
        r = open_statement(seen, &envelope, key, err);
    if (r == 0)
        *ret_seen = TAKE_PTR(seen);
    return r;
}

int csc_evidence_verify(const void *bytes, size_t size, const struct csc_public_key *key,
                        struct csc_evidence_seen **ret_seen, struct csc_error *err)
{
    return csc_error_in_stage(err, "receipt", verify(bytes, size, key, ret_seen, err));
}

int csc_evidence_validate(const void *bytes, size_t size, struct csc_error *err)
{
    struct csc_evidence_seen seen = {0};
    int r = size <= CSC_EVIDENCE_BYTES_MAX
                ? read_statement(&seen, bytes, size, err)
                : csc_fail(err, CSC_E_DATA, "larger than the %zu bytes a statement may have", CSC_EVIDENCE_BYTES_MAX);

    csc_arena_free(&seen.arena);
    return csc_error_in_stage(err, "receipt", r);
}

static int match(const struct csc_evidence_seen *seen, const struct csc_receipt *receipt, struct csc_error *err)
{
    const struct csc_value *id = csc_value_get(seen->predicate, "executionId");
    char sha256[CSC_SHA256_HEX], theirs[CSC_EXCERPT], ours[CSC_EXCERPT];

    int r = csc_receipt_sha256(receipt, sha256, err);
    if (r < 0)
        return r;
    if (id && strcmp(id->string, receipt->execution_id) != 0)
        return csc_fail(err, CSC_E_INVALID, "is about execution '%s', the receipt about '%s'; give those of one run",
                        csc_text_excerpt(theirs, id->string, id->count),
                        csc_text_excerpt(ours, receipt->execution_id, strlen(receipt->execution_id)));
    if (strcasecmp(seen->receipt_sha256, sha256) != 0)
        return csc_fail(
            err, CSC_E_INVALID,
            "is about a receipt with the hash %.64s, this one has %s; the receipt was altered, or signed anew",
            seen->receipt_sha256, sha256);
    return 0;
}

int csc_evidence_match(const struct csc_evidence_seen *seen, const struct csc_receipt *receipt, struct csc_error *err)
{
    return csc_error_in_stage(err, "receipt", match(seen, receipt, err));
}

void csc_evidence_seen_free(struct csc_evidence_seen *seen)
{
    if (!seen)
        return;
    csc_arena_free(&seen->arena);
    free(seen);
}

/* ---- making ------------------------------------------------------------------------------------------------- */

static int make(const struct csc_evidence *evidence, const struct csc_signing_key *key, const char *key_id,
                char **ret_envelope, struct csc_error *err)
{
    _cleanup_(csc_arena_free) struct csc_arena arena = {0};
    _cleanup_buf_ struct csc_buf payload = {0}, envelope = {0};
    struct csc_value statement;

    if (!key_id || !*key_id || !csc_utf8_valid(key_id, strlen(key_id)))
        return csc_fail(err, CSC_E_USAGE,
                        "the key id must be non-empty UTF-8; give the name verifiers know the key by");
    int r = csc_evidence_value(evidence, &arena, &statement, err);
    if (r != 0)
        return r;
    csc_canon_write(&payload, &statement);
    r = payload.failed ? csc_fail_memory(err) : csc_dsse_make(key, key_id, &payload, &envelope, err);
    if (r != 0)
        return r;
    csc_buf_putc(&envelope, '\n');
    char *text = csc_buf_take(&envelope);
    if (!text)
        return csc_fail_memory(err);
    *ret_envelope = text;
    return 0;
}

/* Read back as a stranger would read it: what is published can be verified. */
static int check(const char *envelope, const struct csc_evidence *evidence, const struct csc_signing_key *key,
                 struct csc_error *err)
{
    struct csc_evidence_seen *seen = NULL;
    struct csc_error flaw = {0};

    int r = verify(envelope, strlen(envelope), csc_signing_key_public(key), &seen, &flaw);
    if (r == 0)
        r = csc_evidence_match(seen, evidence->receipt, &flaw);
    csc_evidence_seen_free(seen);
    return r == 0
               ? 0
               : csc_fail(err, CSC_E_INTERNAL, "the evidence that was made is not valid: %s %s", flaw.field, flaw.text);
}

int csc_evidence_make(const struct csc_evidence *evidence, const struct csc_signing_key *key, const char *key_id,
                      char **ret_envelope, struct csc_error *err)
{
    _cleanup_free_ char *envelope = NULL;
    int r = make(evidence, key, key_id, &envelope, err);

    if (envelope)
        r = check(envelope, evidence, key, err);
    if (r == 0)
        *ret_envelope = TAKE_PTR(envelope);
    return csc_error_in_stage(err, "receipt", r);
}
