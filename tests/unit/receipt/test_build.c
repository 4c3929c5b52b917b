/* SPDX-License-Identifier: Apache-2.0 */
/* From what happened to a receipt. */
#include "samples.h"

#include "receipt/words.h"

static struct csc_contract contract;
static struct csc_policy policy;
static struct csc_exec_result last;

/* A record as flow.c begins it. */
static struct csc_record blocked_record(void)
{
    contract = (struct csc_contract){.id = "contract-1", .sha256 = SHA};
    policy = (struct csc_policy){.name = "dev-readonly", .sha256 = SHA_OF_NOTHING};
    return (struct csc_record){.contract = &contract,
                               .policy = &policy,
                               .status = CSC_STATUS_BLOCKED,
                               .started_at = INT64_C(1774000800000000),
                               .ended_at = INT64_C(1774000800123456),
                               .files_written = -1};
}

static struct csc_record failed_record(int exit_code, const char *stderr_text)
{
    struct csc_record record = blocked_record();

    last = (struct csc_exec_result){.end = CSC_EXEC_EXITED,
                                    .exit_code = exit_code,
                                    .hash = {SHA_OF_NOTHING, SHA},
                                    .started = true,
                                    .tail_size = strlen(stderr_text)};
    memcpy(last.tail, stderr_text, last.tail_size);
    record.status = CSC_STATUS_FAILED;
    record.has_exit_code = true;
    record.exit_code = exit_code;
    record.last = &last;
    record.failed_id = "cmd_1";
    return record;
}

static struct csc_receipt *build(const struct csc_record *record)
{
    struct csc_receipt *receipt = NULL;
    struct csc_error err = {0};

    if (csc_receipt_build(record, &receipt, &err) < 0)
        fail_msg("%s: %s", err.field, err.text);
    return receipt;
}

/* The canonical receipt with its execution id, 36 random characters, made a row of x. */
static void assert_canonical(const struct csc_record *record, const char *expected)
{
    struct csc_receipt *receipt = build(record);
    struct csc_buf text = {0};

    csc_canon_write(&text, &receipt->root);
    memset(strstr(text.data, csc_receipt_execution_id(receipt)), 'x', 36);
    assert_string_equal(text.data, expected);
    csc_buf_free(&text);
    csc_receipt_free(receipt);
}

#define POLICY_FIELDS                                                                                                  \
    "\"policy_profile\":\"dev-readonly\",\"policy_schema_version\":\"csc.policy.v0.1\",\"policy_sha256\":"             \
    "\"" SHA_OF_NOTHING "\",\"receipt_version\":\"csc.receipt.v0.1\",\"runner_version\":\"" CSC_VERSION "\","          \
    "\"started_at\":\"2026-03-20T10:00:00.000000+00:00\","
#define ENDED "\"ended_at\":\"2026-03-20T10:00:00.123456+00:00\","
#define ID "\"execution_id\":\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\",\"execution_mode\":\"local\","
#define CONTRACT_FIELDS "\"contract_id\":\"contract-1\",\"contract_sha256\":\"" SHA "\","

static void nothing_unknown_is_claimed(void **state)
{
    struct csc_record record = blocked_record();

    (void)state;
    assert_canonical(&record, "{" CONTRACT_FIELDS ENDED ID POLICY_FIELDS "\"status\":\"blocked\"}");
    record.status = CSC_STATUS_EXPIRED;
    record.error = "the decision expired";
    assert_canonical(&record, "{" CONTRACT_FIELDS ENDED "\"error\":\"the decision expired\"," ID POLICY_FIELDS
                              "\"status\":\"expired\"}");
}

static void everything_known_stands_there(void **state)
{
    static const struct csc_artifact artifacts[] = {{"/w/a", SHA}, {"/w/b", SHA_OF_NOTHING}};
    static const char *completed[] = {"cmd_1", "cmd_2"};
    struct csc_record record = failed_record(3, "no\n");

    (void)state;
    last.truncated[0] = true;
    record.completed_ids = completed;
    record.completed_count = 2;
    record.failed_id = "cmd_3";
    record.artifacts = artifacts;
    record.artifact_count = 2;
    record.files_written = 7;
    assert_canonical(&record, "{\"artifacts\":[{\"path\":\"/w/a\",\"sha256\":\"" SHA
                              "\"},{\"path\":\"/w/b\",\"sha256\":\"" SHA_OF_NOTHING "\"}],"
                              "\"completed_command_ids\":[\"cmd_1\",\"cmd_2\"]," CONTRACT_FIELDS
                              "\"effect_summary\":{\"files_written\":7}," ENDED "\"error\":\"no\\n\"," ID
                              "\"exit_code\":3,\"failed_command_id\":\"cmd_3\"," POLICY_FIELDS
                              "\"status\":\"failed\",\"stderr_hash\":\"sha256:" SHA
                              "\",\"stdout_hash\":\"sha256:" SHA_OF_NOTHING "\",\"stdout_truncated\":true}");
}

static void success_has_no_error(void **state)
{
    static const char *completed[] = {"cmd_1"};
    struct csc_record record = failed_record(0, "a warning\n");

    (void)state;
    record.status = CSC_STATUS_SUCCESS;
    record.failed_id = NULL;
    record.completed_ids = completed;
    record.completed_count = 1;
    struct csc_receipt *receipt = build(&record);
    assert_int_equal(csc_receipt_status(receipt), CSC_STATUS_SUCCESS);
    assert_null(csc_receipt_error(receipt));
    assert_null(csc_value_get(&receipt->root, "failed_command_id"));
    csc_receipt_free(receipt);
}

/* What never started printed nothing. */
static void a_failure_without_output_hashes_nothing(void **state)
{
    static const char *const hashes[] = {"stdout_hash", "stderr_hash"};
    struct csc_record record = failed_record(126, "");

    (void)state;
    record.last = NULL;
    struct csc_receipt *receipt = build(&record);
    for (int i = 0; i < 2; i++)
        assert_string_equal(csc_value_get(&receipt->root, hashes[i])->string, "sha256:" SHA_OF_NOTHING);
    csc_receipt_free(receipt);
}

static void execution_ids_can_be_made_beforehand(void **state)
{
    struct csc_record record = blocked_record();
    char id[CSC_UUID_TEXT];

    (void)state;
    assert_int_equal(csc_uuid_make(id, NULL), 0);
    record.execution_id = id;
    struct csc_receipt *receipt = build(&record);
    assert_string_equal(csc_receipt_execution_id(receipt), id);
    csc_receipt_free(receipt);
}

static void lost_runs(void **state)
{
    struct csc_lost_run run = {"exec-1",
                               "contract-1",
                               SHA,
                               "dev-readonly",
                               "csc.policy.v0.1",
                               SHA_OF_NOTHING,
                               true,
                               INT64_C(1774000800000000),
                               INT64_C(1774000800123456)};
    struct csc_receipt *receipt = NULL;
    struct csc_buf text = {0};

    (void)state;
    assert_int_equal(csc_receipt_build_lost(&run, &receipt, NULL), 0);
    csc_canon_write(&text, &receipt->root);
    assert_string_equal(text.data,
                        "{\"contract_id\":\"contract-1\",\"contract_sha256\":\"" SHA
                        "\",\"ended_at\":\"2026-03-20T10:00:00.123456+00:00\",\"error\":\"runner died; outcome "
                        "unknown\",\"execution_id\":\"exec-1\",\"execution_mode\":\"hardened\",\"exit_code\":137,"
                        "\"policy_profile\":\"dev-readonly\",\"policy_schema_version\":\"csc.policy.v0.1\","
                        "\"policy_sha256\":\"" SHA_OF_NOTHING
                        "\",\"receipt_version\":\"csc.receipt.v0.1\",\"runner_version\":\"" CSC_VERSION
                        "\",\"started_at\":\"2026-03-20T10:00:00.000000+00:00\",\"status\":\"failed\","
                        "\"stderr_hash\":\"sha256:" SHA_OF_NOTHING "\",\"stderr_truncated\":true,"
                        "\"stdout_hash\":\"sha256:" SHA_OF_NOTHING "\",\"stdout_truncated\":true}");
    csc_buf_free(&text);
    csc_receipt_free(receipt);
    receipt = NULL;
    run.contract_sha256 = "not a hash"; /* validated like any foreign one */
    assert_int_equal(csc_receipt_build_lost(&run, &receipt, NULL), -CSC_E_DATA);
    assert_null(receipt);
}

static void execution_ids_are_random_uuids(void **state)
{
    struct csc_record record = blocked_record();
    struct csc_receipt *receipts[20];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(receipts); i++) {
        receipts[i] = build(&record);
        const char *id = csc_receipt_execution_id(receipts[i]);
        assert_int_equal(strlen(id), 36);
        assert_int_equal(strspn(id, "0123456789abcdef-"), 36);
        assert_true(id[8] == '-' && id[13] == '-' && id[18] == '-' && id[23] == '-');
        assert_true(id[14] == '4' && strchr("89ab", id[19]));
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(id, csc_receipt_execution_id(receipts[j]));
    }
    for (size_t i = 0; i < ARRAY_SIZE(receipts); i++)
        csc_receipt_free(receipts[i]);
}

/* The receipt outlives what it was made of. */
static void nothing_is_shared_with_the_record(void **state)
{
    char id[] = "contract-1", words[] = "words";
    struct csc_record record = blocked_record();

    (void)state;
    contract.id = id;
    record.error = words;
    struct csc_receipt *receipt = build(&record);
    memset(id, '#', sizeof(id) - 1);
    memset(words, '#', sizeof(words) - 1);
    assert_string_equal(csc_value_get(&receipt->root, "contract_id")->string, "contract-1");
    assert_string_equal(csc_receipt_error(receipt), "words");
    csc_receipt_free(receipt);
}

/* A contract can name outputs enough to fill any receipt: that must not be a way to leave none. */
static void too_many_artifacts_still_make_a_receipt(void **state)
{
    size_t count = 150000;
    struct csc_artifact *artifacts = calloc(count, sizeof(*artifacts));
    struct csc_record record = failed_record(1, "stderr");
    char *text = NULL;

    (void)state;
    for (size_t i = 0; i < count; i++)
        artifacts[i] = (struct csc_artifact){"/w/a", SHA};
    record.artifacts = artifacts;
    record.artifact_count = count;
    struct csc_receipt *receipt = build(&record);
    assert_int_equal(csc_value_get(&receipt->root, "artifacts")->count, 10000);
    assert_says(csc_receipt_error(receipt), "10000 of 150000 artifacts|stderr");
    assert_int_equal(csc_receipt_json(receipt, &text, NULL), 0);
    assert_true(strlen(text) <= CSC_RECEIPT_BYTES_MAX);
    csc_receipt_free(parse_receipt(text));
    free(text);
    csc_receipt_free(receipt);
    free(artifacts);
}

static void an_invalid_receipt_is_not_built(void **state)
{
    struct csc_record record = blocked_record();
    struct csc_receipt *receipt = NULL;
    struct csc_error err = {0};

    (void)state;
    contract.id = "";
    assert_int_equal(csc_receipt_build(&record, &receipt, &err), -CSC_E_INTERNAL);
    assert_null(receipt);
    assert_says(err.text, "contract_id");
}

/* ---- the error field ---------------------------------------------------------------------------------------- */

#define FFFD "\xEF\xBF\xBD"

static const struct {
    const char *own, *reason, *tail;
    size_t tail_size;
    int exit_code;
    const char *error;
} words[] = {
    {NULL, "", "fatal: no\n", 10, 1, "fatal: no\n"},
    {"timed out", "", "half", 4, 124, "timed out\nhalf"},
    {NULL, "not found", "", 0, 127, "not found"},
    {"own", "reason", "tail", 4, 1, "own\ntail"},
    {NULL, "", "", 0, 7, "command exited with status 7"},
    {NULL, "", "", 0, 137, "command exited with status 137, as one ended by signal 9 does"},
    {NULL, "", "", 0, 255, "command exited with status 255"},
    {NULL, "", "a\0b", 3, 1, "a" FFFD "b"},
    {NULL, "", "\xFF\xC3\xA9\xC3", 4, 1, FFFD "\xC3\xA9" FFFD},
    {NULL, "", "\xED\xA0\x80", 3, 1, FFFD FFFD FFFD},
    {NULL, "", "\xF0\x9F\x94", 3, 1, FFFD FFFD FFFD},
    {"\xC0own", "", "", 0, 1, FFFD "own"},
    {NULL, "", "\x1B[31mred\x07", 9, 1, "\x1B[31mred\x07"},
};

static void words_come_before_stderr(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        struct csc_record record = failed_record(words[i].exit_code, "");
        record.error = words[i].own;
        (void)strcpy(last.reason, words[i].reason);
        memcpy(last.tail, words[i].tail, words[i].tail_size);
        last.tail_size = words[i].tail_size;
        struct csc_receipt *receipt = build(&record);
        assert_string_equal(csc_receipt_error(receipt), words[i].error);
        csc_receipt_free(receipt);
    }
}

/* Fills the tail with `unit` again and again, ending with its last byte. */
static void fill_tail(const char *unit)
{
    size_t size = strlen(unit);

    last.tail_size = sizeof(last.tail);
    for (size_t i = 0; i < sizeof(last.tail); i++)
        last.tail[sizeof(last.tail) - 1 - i] = unit[size - 1 - i % size];
}

static void long_errors_keep_their_end(void **state)
{
    static const char *const units[] = {"x",    "\xC3\xA9",         "\xE2\x82\xAC", "\xF0\x9F\x94\x91",
                                        "\xFF", "\xF0\x9F\x94\x91x"};
    static const char *const owns[] = {NULL, "timed out after 10 s"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(units) * 2; i++) {
        struct csc_record record = failed_record(1, "");
        record.error = owns[i % 2];
        fill_tail(units[i / 2]);
        struct csc_receipt *receipt = build(&record);
        const char *error = csc_receipt_error(receipt);
        size_t size = strlen(error);
        assert_true(csc_utf8_valid(error, size));
        assert_int_equal(csc_utf8_count(error, size), 4000);
        if (record.error)
            assert_memory_equal(error, "timed out after 10 s\n", 21);
        if (units[i / 2][0] != '\xFF')
            assert_string_equal(error + size - strlen(units[i / 2]), units[i / 2]);
        csc_receipt_free(receipt);
    }
}

static void long_words_leave_room_for_nothing_else(void **state)
{
    struct csc_record record = failed_record(1, "stderr");
    char own[5000];

    (void)state;
    memset(own, 'o', sizeof(own));
    own[sizeof(own) - 1] = '\0';
    record.error = own;
    struct csc_receipt *receipt = build(&record);
    assert_int_equal(strlen(csc_receipt_error(receipt)), CSC_ERROR_CHARACTERS);
    assert_null(strstr(csc_receipt_error(receipt), "stderr"));
    csc_receipt_free(receipt);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_unknown_is_claimed),
        cmocka_unit_test(everything_known_stands_there),
        cmocka_unit_test(success_has_no_error),
        cmocka_unit_test(a_failure_without_output_hashes_nothing),
        cmocka_unit_test(execution_ids_are_random_uuids),
        cmocka_unit_test(execution_ids_can_be_made_beforehand),
        cmocka_unit_test(lost_runs),
        cmocka_unit_test(nothing_is_shared_with_the_record),
        cmocka_unit_test(too_many_artifacts_still_make_a_receipt),
        cmocka_unit_test(an_invalid_receipt_is_not_built),
        cmocka_unit_test(words_come_before_stderr),
        cmocka_unit_test(long_errors_keep_their_end),
        cmocka_unit_test(long_words_leave_room_for_nothing_else),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
