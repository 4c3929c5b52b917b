/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence: what is written, and who can read it. */
#include "evidence_stage.h"
#include "receipt/dsse.h"

/* ---- the envelope -------------------------------------------------------------------------------------------- */

static void test_pae(void **state)
{
    static const struct {
        const char *type, *body, *pae;
    } cases[] = {
        {"http://example.com/HelloWorld", "hello world", "DSSEv1 29 http://example.com/HelloWorld 11 hello world"},
        {"", "", "DSSEv1 0  0 "},
        {"t", "\xC3\xA9", "DSSEv1 1 t 2 \xC3\xA9"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_buf_ struct csc_buf buf = {0};
        csc_dsse_pae(&buf, cases[i].type, cases[i].body, strlen(cases[i].body));
        assert_string_equal(buf.data, cases[i].pae);
    }
}

static int verify(const struct evidence_stage *s, const char *text, struct csc_error *err)
{
    struct csc_evidence_seen *seen = NULL;

    *err = (struct csc_error){0};
    int r = csc_evidence_verify(text, strlen(text), csc_signing_key_public(s->key), &seen, err);
    assert_true((r == 0) == (seen != NULL));
    csc_evidence_seen_free(seen);
    return r;
}

/* `from` becomes `to`, once. */
static const struct {
    const char *title, *from, *to;
    int code; /* 0: still good */
    const char *words;
} changes[] = {
    {"untouched", "", "", 0, NULL},
    {"another keyid", "\"keyid\":\"runner-1\"", "\"keyid\":\"somebody\"", 0, NULL},
    {"no keyid", "\"keyid\":\"runner-1\",", "", 0, NULL},
    {"a keyid that is no string", "\"keyid\":\"runner-1\"", "\"keyid\":7", 0, NULL},
    {"unknown members", "{\"payload\"", "{\"extra\":[1],\"payload\"", 0, NULL},
    {"another signature first", "\"signatures\":[", "\"signatures\":[{\"sig\":\"AAAA\"},", 0, NULL},
    {"a signature of no text", "\"signatures\":[", "\"signatures\":[{\"sig\":\"!\"},", 0, NULL},
    {"white space", "{\"payload\"", " {\n\"payload\"", 0, NULL},

    {"payload changed", "\"payload\":\"eyJ", "\"payload\":\"eyK", CSC_E_INVALID, "no signature is by this key"},
    {"signature changed", "\"sig\":\"", "\"sig\":\"AAAA", CSC_E_INVALID, "no signature is by this key"},
    {"payload no base64", "\"payload\":\"eyJ", "\"payload\":\"*yJ", CSC_E_DATA, "is not base64"},
    {"another type", "vnd.in-toto+json", "vnd.in-toto+jsom", CSC_E_DATA, "'application/vnd.in-toto+json' is accepted"},
    {"no type", "\"payloadType\":\"application/vnd.in-toto+json\",", "", CSC_E_DATA, "is missing"},
    {"no payload", "{\"payload\":", "{\"payloud\":", CSC_E_DATA, "is missing"},
    {"no signatures", "\"signatures\":", "\"signaturen\":", CSC_E_DATA, "is missing"},
    {"signatures of nothing", "\"signatures\":[", "\"signatures\":[],\"x\":[", CSC_E_DATA, "has 0 items"},
    {"a signature without sig", "\"sig\":", "\"gis\":", CSC_E_DATA, "is missing"},
    {"sig a number", "\"signatures\":[", "\"signatures\":[{\"sig\":1},", CSC_E_DATA, "is an integer"},
    {"signature no object", "\"signatures\":[", "\"signatures\":[1,", CSC_E_DATA, "is missing"},
    {"payload twice", "{\"payload\"", "{\"payload\":\"\",\"payload\"", CSC_E_DATA, "payload"},
    {"type twice", "{\"payload\"", "{\"payloadType\":\"application/vnd.in-toto+json\",\"payload\"", CSC_E_DATA,
     "payloadType"},
    {"more after it", "\n", "\n{}", CSC_E_DATA, NULL},
    {"an array", "{\"payload\"", "[{\"payload\"", CSC_E_DATA, NULL},
};

static void test_changes(void **state)
{
    struct evidence_stage *s = *state;
    _cleanup_(evidence_free) char *envelope = evidence_make(s);
    struct csc_error err;

    for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
        _cleanup_(evidence_free) char *text = evidence_replace(envelope, changes[i].from, changes[i].to);
        int r = verify(s, text, &err);
        if (r != -changes[i].code || (changes[i].words && !strstr(err.text, changes[i].words)))
            fail_msg("%s: %d, '%s: %s'", changes[i].title, r, err.field, err.text);
    }
    assert_int_equal(verify(s, "[]", &err), -CSC_E_DATA);
    assert_non_null(strstr(err.text, "an object"));
}

/* Standard base64 is written; the URL-safe alphabet is read, too, with and without padding. */
static void test_alphabets(void **state)
{
    struct evidence_stage *s = *state;
    _cleanup_(evidence_free) char *envelope = evidence_make(s);
    struct csc_error err;
    bool differs = false;

    assert_non_null(strstr(envelope, "==\"}]}\n"));
    for (char *p = strstr(envelope, "\"sig\":\"") + 7; *p != '"'; p++) {
        differs |= *p == '+' || *p == '/';
        *p = *p == '+' ? '-' : *p == '/' ? '_' : *p;
    }
    assert_true(differs);
    assert_int_equal(verify(s, envelope, &err), 0);
    _cleanup_(evidence_free) char *bare = evidence_replace(envelope, "==\"}]}", "\"}]}");
    assert_int_equal(verify(s, bare, &err), 0);
}

static void test_other_keys(void **state)
{
    struct evidence_stage *s = *state;
    _cleanup_(evidence_free) char *envelope = evidence_make(s);
    struct csc_public_key other = *csc_signing_key_public(s->key), small = {{1}};
    struct csc_evidence_seen *seen = NULL;
    struct csc_error err = {0};

    unhex(PUBLIC, other.bytes);
    other.bytes[0] ^= 1;
    assert_int_equal(csc_evidence_verify(envelope, strlen(envelope), &other, &seen, &err), -CSC_E_INVALID);
    err = (struct csc_error){0};
    assert_int_equal(csc_evidence_verify(envelope, strlen(envelope), &small, &seen, &err), -CSC_E_INVALID);
    assert_non_null(strstr(err.text, "small order"));
    assert_null(seen);
}

/* ---- the statement ------------------------------------------------------------------------------------------- */

static const char *const parts[] = {
    "{\"_type\":\"https://in-toto.io/Statement/v1\",\"predicate\":{",
    "\"predicateType\":\"urn:csc:evidence:v0.1\",\"subject\":[{\"digest\":{\"sha256\":\"",
    "\"name\":\"receipt\"},{\"digest\":{\"sha256\":\"" SHA "\"},\"name\":\"/work/out/report\"}]}",
    "\"actor\":{\"agentId\":\"agent\",\"initiatingUser\":\"alice\",\"sessionId\":\"session\"}",
    "\"approvals\":[{\"approvalId\":\"approval-1\",\"artifactSha256\":\"" SHA "\",\"identity\":\"bob@example.com\","
    "\"keyFingerprint\":\"SHA256:abc\",\"scope\":\"single_execution\",\"signed\":true,\"ticketId\":\"T-1\"},"
    "{\"approvalId\":\"approval-2\",\"artifactSha256\":\"" SHA "\",\"identity\":\"eve\",\"scope\":\"time_window\","
    "\"signed\":false}]",
    "\"contractId\":\"contract-1\",\"contractSha256\":\"" SHA "\"",
    "\"policyProfile\":\"dev-readonly\",\"policySha256\":\"" SHA "\"",
    "\"executionId\":\"exec-1\"",
    "\"mode\":\"hardened\"",
    "\"status\":\"failed\"",
    "\"runner\":{\"name\":\"csc\",\"version\":\"" CSC_VERSION "\"}",
    "\"startedAt\":\"2026-03-20T10:00:00.000000Z\"",
    "\"endedAt\":\"2026-03-20T10:00:05.000000Z\"",
    "\"argvsSha256\":\"42879b4051fa1f8eaaefa786",
    "\"durationMicroseconds\":12345,\"end\":\"exited\",\"endedAt\":\"2026-03-20T10:00:01.012345Z\",\"exitCode\":1,"
    "\"id\":\"one\"",
    "\"output\":{\"capturedBytes\":10,\"stderrSha256\":\"" SHA "\",\"stderrTruncated\":false,\"stdoutSha256\":\"" SHA
    "\",\"stdoutTruncated\":true,\"totalBytes\":20}",
    "\"resources\":{\"cpuSource\":\"rusage\",\"memoryPeakBytes\":4096,\"memorySource\":\"cgroup\","
    "\"systemMicroseconds\":2,\"userMicroseconds\":1}",
    "\"sandbox\":{\"executor\":{\"initSha256\":\"" SHA "\",\"name\":\"bwrap\",\"sha256\":\"" SHA
    "\",\"version\":\"0.8.0\"},\"measured\":{\"asPlanned\":true,\"inside\":{\"capabilities\":{\"ambient\":"
    "\"0000000000000000\"",
    "\"landlockAbi\":6,\"landlockRefuses\":true,\"limits\":[{\"hard\":302,\"name\":\"RLIMIT_CPU\",\"soft\":300}]",
    "\"namespaces\":{\"mnt\":12,\"user\":11}",
    "\"ownHostName\":false,\"ownSession\":true",
    "\"notMeasured\":[\"outside.status\"],\"outside\":{\"controlGroups\":{\"member\":true,\"memoryBytes\":4096},"
    "\"mountTable\":{\"asPlanned\":true,\"count\":20,\"sha256\":\"" SHA "\"},\"runnerNamespaces\":{\"user\":9}}",
    "\"planSha256\":\"" SHA "\"",
    "{\"argvsSha256\":\"",
    "\"end\":\"noBoundary\",\"exitCode\":126,\"id\":\"two\"",
};

static void test_statement(void **state)
{
    struct evidence_stage *s = *state;
    _cleanup_(evidence_free) char *envelope = evidence_make(s);
    _cleanup_(evidence_free) char *payload = evidence_payload(envelope);
    struct csc_error err = {0};

    for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
        if (!strstr(payload, parts[i]))
            fail_msg("not there: %s\nin: %s", parts[i], payload);
    assert_null(strstr(payload, "secret")); /* of the argv */
    assert_null(strstr(payload, "\"argvs\":"));
    assert_int_equal(csc_evidence_validate(payload, strlen(payload), &err), 0);

    s->evidence.full_argv = true;
    free(envelope);
    free(payload);
    envelope = evidence_make(s);
    payload = evidence_payload(envelope);
    assert_non_null(strstr(payload, "\"argvs\":[[\"git\",\"secret\"]]"));
    s->evidence.full_argv = false;
}

/* What nobody measured, or compared, is not said. */
static void test_not_measured(void **state)
{
    struct evidence_stage *s = *state;
    struct csc_measurement *m = &s->commands[0].facts.measurement;

    m->inside.landlock_refuses = -1;
    _cleanup_(evidence_free) char *envelope = evidence_make(s);
    _cleanup_(evidence_free) char *payload = evidence_payload(envelope);
    assert_null(strstr(payload, "landlockRefuses"));
    assert_non_null(strstr(payload, "\"measured\":{\"asPlanned\":true,"));
    assert_int_equal(csc_evidence_validate(payload, strlen(payload), NULL), 0);

    m->compared = false;
    free(envelope);
    free(payload);
    envelope = evidence_make(s);
    payload = evidence_payload(envelope);
    assert_non_null(strstr(payload, "\"measured\":{\"inside\""));
    assert_int_equal(csc_evidence_validate(payload, strlen(payload), NULL), 0);

    *m = (struct csc_measurement){0};
    free(envelope);
    free(payload);
    envelope = evidence_make(s);
    payload = evidence_payload(envelope);
    assert_non_null(strstr(payload, "\"sandbox\":{\"executor\":{\"name\":\"bwrap\"},\"planSha256\""));
    assert_int_equal(csc_evidence_validate(payload, strlen(payload), NULL), 0);
}

static void test_local(void **state)
{
    struct evidence_stage *s = *state;
    struct csc_evidence_command command = {.command = s->commands[0].command, .end = CSC_EXEC_EXITED, .started = true};

    memcpy(command.sha256, s->commands[0].sha256, sizeof(command.sha256));
    s->record.hardened = false;
    s->evidence.commands = &command;
    s->evidence.command_count = 1;
    s->evidence.agent_id = s->evidence.session_id = s->evidence.initiating_user = NULL;
    _cleanup_(evidence_free) char *envelope = evidence_make(s);
    _cleanup_(evidence_free) char *payload = evidence_payload(envelope);
    assert_non_null(strstr(payload, "\"mode\":\"local\""));
    static const char *const unsaid[] = {"sandbox", "measured", "resources", "actor", "duration"};
    for (size_t i = 0; i < ARRAY_SIZE(unsaid); i++)
        assert_null(strstr(payload, unsaid[i]));
}

static void test_match(void **state)
{
    struct evidence_stage *s = *state;
    _cleanup_(evidence_free) char *envelope = evidence_make(s);
    struct csc_evidence_seen *seen = NULL;
    struct csc_error err = {0};
    struct csc_receipt *other = parse_receipt("{" BLOCKED "}");

    assert_int_equal(csc_evidence_verify(envelope, strlen(envelope), csc_signing_key_public(s->key), &seen, &err), 0);
    assert_string_equal(seen->key_id, "runner-1");
    assert_int_equal(csc_evidence_match(seen, s->receipt, &err), 0);
    assert_int_equal(csc_evidence_match(seen, other, &err), -CSC_E_INVALID);
    assert_non_null(strstr(err.text, "the receipt was altered"));
    csc_receipt_free(other);
    other = parse_receipt("{\"receipt_version\":\"csc.receipt.v0.1\",\"contract_id\":\"contract-1\",\"execution_id\":"
                          "\"exec-2\",\"contract_sha256\":\"" SHA "\",\"started_at\":\"2026-03-20T10:00:00Z\","
                          "\"ended_at\":\"2026-03-20T10:00:05Z\",\"policy_profile\":\"p\",\"status\":\"blocked\"}");
    err = (struct csc_error){0};
    assert_int_equal(csc_evidence_match(seen, other, &err), -CSC_E_INVALID);
    assert_non_null(strstr(err.text, "'exec-1', the receipt about 'exec-2'"));
    csc_receipt_free(other);
    csc_evidence_seen_free(seen);
}

static void test_refused(void **state)
{
    struct evidence_stage *s = *state;
    struct csc_error err = {0};
    char *envelope = NULL;

    assert_int_equal(csc_evidence_make(&s->evidence, s->key, "", &envelope, &err), -CSC_E_USAGE);
    err = (struct csc_error){0};
    assert_int_equal(csc_evidence_make(&s->evidence, s->key, "\xFF", &envelope, &err), -CSC_E_USAGE);
    assert_null(envelope);
}

static void test_host(void **state)
{
    struct csc_host_facts facts;

    (void)state;
    csc_host_facts(&facts);
    assert_string_equal(facts.system.sysname, "Linux");
    assert_int_equal(strlen(facts.boot_id), 36);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pae),       EVIDENCE_TEST(test_changes),   EVIDENCE_TEST(test_alphabets),
        EVIDENCE_TEST(test_other_keys),   EVIDENCE_TEST(test_statement), EVIDENCE_TEST(test_local),
        EVIDENCE_TEST(test_not_measured), EVIDENCE_TEST(test_match),     EVIDENCE_TEST(test_refused),
        cmocka_unit_test(test_host),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
