/* SPDX-License-Identifier: Apache-2.0 */
/* What is a receipt, and what is none (protocol section 1.5). */
#include "samples.h"

#define SIGNATURE(algorithm, key_id, signed_at, signature)                                                             \
    "\"signature\":{\"algorithm\":" algorithm ",\"key_id\":" key_id ",\"signed_at\":" signed_at                        \
    ",\"signature\":" signature "}"

static const char *const valid[] = {
    "{" BLOCKED "}",
    "{" HEAD ",\"status\":\"expired\"}",
    "{" HEAD ",\"status\":\"success\"," RESULT "}",
    "{" FAILED "}",
    "{" FAILED ",\"failed_command_id\":null}",
    "{" FAILED ",\"failed_command_id\":\"cmd_2\",\"completed_command_ids\":[\"cmd_1\"]}",
    "{" FAILED ",\"completed_command_ids\":[]}",
    "{" FAILED ",\"stdout_truncated\":true,\"stderr_truncated\":true}",
    "{" FAILED ",\"error\":\"\"}",
    "{" FAILED ",\"artifacts\":[]}",
    "{" FAILED ",\"artifacts\":[{\"path\":\"/w/out\",\"sha256\":\"" SHA "\"},{\"path\":\"C:\\\\out\",\"sha256\":\"" SHA
    "\"}]}",
    "{" FAILED ",\"effect_summary\":{}}",
    "{" FAILED ",\"effect_summary\":{\"files_written\":0,\"network_used\":false,\"secrets_used\":0}}",
    "{" BLOCKED ",\"exit_code\":126}",
    "{" BLOCKED ",\"execution_mode\":\"local\",\"runner_version\":\"0.1.0\"}",
    "{" BLOCKED ",\"execution_mode\":\"hardened\",\"sandbox_profile_id\":\"p\",\"signing_key_id\":\"k\"}",
    "{" BLOCKED ",\"policy_schema_version\":\"csc.policy.v0.1\",\"policy_sha256\":\"" SHA "\"}",
    "{" BLOCKED "," SIGNATURE("\"ed25519\"", "\"k\"", "\"2026-03-20T10:00:05Z\"", "\"not base64\"") "}",
};

static void receipts_are_accepted(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(valid); i++)
        csc_receipt_free(parse_receipt(valid[i]));
}

/* Each is refused in this field with these words. */
static const struct {
    const char *text, *field, *says;
} invalid[] = {
    {"[]", "", "array|object"},
    {"{}", "", "missing"},
    {"{" BLOCKED ",\"surprise\":1}", "surprise", "unknown"},
    {"{\"receipt_version\":\"csc.receipt.v0.2\",\"new_field\":1}", "receipt_version",
     "csc.receipt.v0.2|csc.receipt.v0.1"},
    {"{" HEAD "}", "status", "missing"},
    {"{" HEAD ",\"status\":\"done\"}", "status", "done|blocked|success|failed|expired"},
    {"{" HEAD ",\"status\":null}", "status", "null"},
    {"{" HEAD ",\"status\":\"success\"}", "exit_code", "missing|success"},
    {"{" HEAD ",\"status\":\"failed\",\"exit_code\":1}", "stdout_hash", "missing|failed"},
    {"{" HEAD ",\"status\":\"failed\",\"exit_code\":1,\"stdout_hash\":\"sha256:" SHA "\"}", "stderr_hash", "missing"},
    {"{" BLOCKED ",\"exit_code\":\"0\"}", "exit_code", "string|integer"},
    {"{" BLOCKED ",\"exit_code\":null}", "exit_code", "null"},
    {"{" BLOCKED ",\"exit_code\":1.5}", "", "real"},
    {"{" BLOCKED ",\"stdout_hash\":\"" SHA "\"}", "stdout_hash", "sha256:"},
    {"{" BLOCKED ",\"stderr_hash\":\"sha256:" SHA "0\"}", "stderr_hash", "sha256:"},
    {"{" BLOCKED ",\"stderr_hash\":\"sha512:" SHA "\"}", "stderr_hash", "sha256:"},
    {"{" BLOCKED ",\"stdout_truncated\":false}", "stdout_truncated", "false|remove"},
    {"{" BLOCKED ",\"stderr_truncated\":false}", "stderr_truncated", "false|remove"},
    {"{" BLOCKED ",\"artifacts\":[{\"path\":\"out\",\"sha256\":\"" SHA "\"}]}", "artifacts[0].path", "absolute"},
    {"{" BLOCKED ",\"artifacts\":[{\"path\":\"/out\",\"sha256\":\"sha256:" SHA "\"}]}", "artifacts[0].sha256", "64"},
    {"{" BLOCKED ",\"artifacts\":[{\"path\":\"/out\"}]}", "artifacts[0].sha256", "missing"},
    {"{" BLOCKED ",\"artifacts\":[{\"path\":\"/out\",\"sha256\":\"" SHA "\",\"size\":1}]}", "artifacts[0].size",
     "unknown"},
    {"{" BLOCKED ",\"artifacts\":null}", "artifacts", "null"},
    {"{" BLOCKED ",\"effect_summary\":{\"files_written\":-1}}", "effect_summary.files_written", "-1"},
    {"{" BLOCKED ",\"effect_summary\":{\"network_used\":0}}", "effect_summary.network_used", "boolean"},
    {"{" BLOCKED ",\"effect_summary\":{\"secrets_used\":-9}}", "effect_summary.secrets_used", "-9"},
    {"{" BLOCKED ",\"effect_summary\":{\"processes\":1}}", "effect_summary.processes", "unknown"},
    {"{" BLOCKED ",\"completed_command_ids\":[\"a\",\"a\"]}", "completed_command_ids[1]", "'a'"},
    {"{" BLOCKED ",\"completed_command_ids\":[\"\"]}", "completed_command_ids[0]", "empty"},
    {"{" BLOCKED ",\"completed_command_ids\":null}", "completed_command_ids", "null"},
    {"{" BLOCKED ",\"failed_command_id\":1}", "failed_command_id", "integer"},
    {"{" BLOCKED ",\"error\":null}", "error", "null"},
    {"{" BLOCKED ",\"execution_mode\":\"sandboxed\"}", "execution_mode", "sandboxed|local|hardened"},
    {"{" BLOCKED ",\"policy_sha256\":\"abc\"}", "policy_sha256", "64"},
    {"{" BLOCKED ",\"runner_version\":\"\"}", "runner_version", "empty"},
    {"{" BLOCKED ",\"sandbox_profile_id\":\"\"}", "sandbox_profile_id", "empty"},
    {"{" BLOCKED ",\"signing_key_id\":\"\"}", "signing_key_id", "empty"},
    {"{" BLOCKED ",\"policy_schema_version\":\"\"}", "policy_schema_version", "empty"},
    {"{" BLOCKED ",\"signature\":null}", "signature", "null"},
    {"{" BLOCKED ",\"signature\":{}}", "signature.algorithm", "missing"},
    {"{" BLOCKED "," SIGNATURE("\"rsa\"", "\"k\"", "\"t\"", "\"s\"") "}", "signature.algorithm", "rsa|ed25519"},
    {"{" BLOCKED "," SIGNATURE("\"ed25519\"", "\"\"", "\"t\"", "\"s\"") "}", "signature.key_id", "empty"},
    {"{" BLOCKED "," SIGNATURE("\"ed25519\"", "\"k\"", "\"\"", "\"s\"") "}", "signature.signed_at", "a date-time"},
    {"{" BLOCKED "," SIGNATURE("\"ed25519\"", "\"k\"", "\"t\"", "\"\"") "}", "signature.signature", "empty"},
    {"{" BLOCKED "," SIGNATURE("\"ed25519\"", "\"k\"", "\"t\"", "\"s\",\"public_key\":\"p\"") "}",
     "signature.public_key", "unknown"},
};

static void everything_else_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(invalid); i++) {
        struct csc_receipt *receipt = NULL;
        struct csc_error err = {0};
        int r = csc_receipt_parse(invalid[i].text, strlen(invalid[i].text), &receipt, &err);
        if (r != -CSC_E_DATA || receipt)
            fail_msg("accepted: %s", invalid[i].text);
        if (invalid[i].field[0])
            assert_string_equal(err.field, invalid[i].field);
        assert_says(err.text, invalid[i].says);
        assert_string_equal(err.stage, "receipt");
    }
}

/* Every field that must be there, left out in turn. */
static void required_fields_are_required(void **state)
{
    static const char *const required[] = {"receipt_version", "contract_id", "execution_id",  "contract_sha256",
                                           "started_at",      "ended_at",    "policy_profile"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(required); i++) {
        char text[] = "{" BLOCKED "}";
        struct csc_receipt *receipt = NULL;
        struct csc_error err = {0};
        /* Under another name it is missing, and unknown besides. */
        strstr(text, required[i])[0] = 'X';
        assert_int_equal(csc_receipt_parse(text, strlen(text), &receipt, &err), -CSC_E_DATA);
        assert_string_equal(err.field, required[i]);
        assert_says(err.text, "missing");
    }
}

static void accessors_tell_what_stands_there(void **state)
{
    struct csc_receipt *receipt = parse_receipt("{" FAILED ",\"error\":\"no such file\",\"failed_command_id\":null}");
    struct csc_receipt *quiet = parse_receipt("{" BLOCKED "}");
    char *text = NULL, hex[65], expected[65];
    struct csc_buf canonical = {0};

    (void)state;
    assert_int_equal(csc_receipt_status(receipt), CSC_STATUS_FAILED);
    assert_int_equal(csc_receipt_status(quiet), CSC_STATUS_BLOCKED);
    assert_string_equal(csc_receipt_execution_id(receipt), "exec-1");
    assert_string_equal(csc_receipt_error(receipt), "no such file");
    assert_null(csc_receipt_error(quiet));

    /* The null stays: it is part of what was hashed and signed. */
    assert_int_equal(csc_receipt_json(receipt, &text, NULL), 0);
    assert_says(text, "  \"failed_command_id\": null,\n");
    assert_int_equal(text[strlen(text) - 1], '\n');
    csc_canon_write(&canonical, &receipt->root);
    csc_sha256_hex(canonical.data, canonical.size, expected);
    assert_says(canonical.data, "\"failed_command_id\":null");
    assert_int_equal(csc_receipt_sha256(receipt, hex, NULL), 0);
    assert_string_equal(hex, expected);

    csc_buf_free(&canonical);
    free(text);
    csc_receipt_free(receipt);
    csc_receipt_free(quiet);
    csc_receipt_free(NULL);
}

static void size_is_limited(void **state)
{
    size_t size = CSC_RECEIPT_BYTES_MAX + 1;
    char *text = malloc(size);
    struct csc_receipt *receipt = NULL;
    struct csc_error err = {0};

    (void)state;
    memset(text, ' ', size);
    memcpy(text, "{" BLOCKED "}", sizeof("{" BLOCKED "}") - 1);
    assert_int_equal(csc_receipt_parse(text, size, &receipt, &err), -CSC_E_DATA);
    assert_int_equal(csc_receipt_parse(text, size - 1, &receipt, NULL), 0);
    csc_receipt_free(receipt);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(receipts_are_accepted),
        cmocka_unit_test(everything_else_is_refused),
        cmocka_unit_test(required_fields_are_required),
        cmocka_unit_test(accessors_tell_what_stands_there),
        cmocka_unit_test(size_is_limited),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
