/* SPDX-License-Identifier: Apache-2.0 */
/* An execution of two commands, made by hand, for tests of its evidence. */
#ifndef CSC_TESTS_RECEIPT_EVIDENCE_STAGE_H
#define CSC_TESTS_RECEIPT_EVIDENCE_STAGE_H

#include "samples.h"

#include "receipt/key.h"

struct evidence_stage {
    struct csc_contract contract;
    struct csc_policy policy;
    struct csc_artifact artifact;
    struct csc_record record;
    struct csc_receipt *receipt;
    char *words[2];
    struct csc_argv argv;
    struct csc_command command[2];
    struct csc_evidence_command commands[2];
    struct csc_evidence_approval approvals[2];
    struct csc_evidence evidence;
    struct csc_signing_key *key;
};

static inline struct csc_signing_key *evidence_key(void)
{
    char path[] = "/dev/shm/csc-key-XXXXXX";
    struct csc_signing_key *key = NULL;
    uint8_t seed[32];
    int fd = mkstemp(path);

    unhex(SEED, seed);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, seed, sizeof(seed)), sizeof(seed));
    assert_int_equal(csc_signing_key_load(path, &key, NULL), 0);
    (void)close(fd);
    (void)unlink(path);
    return key;
}

static inline void evidence_measure(struct csc_measurement *m)
{
    m->taken = m->compared = m->passed = true;
    m->backend = CSC_BACKEND_BWRAP;
    m->inside.status =
        (struct csc_process_status){.no_new_privs = 1, .seccomp = 2, .seccomp_filters = 1, .uid = {1, 1, 1, 1}};
    m->inside.namespace[CSC_NAMESPACE_USER] = 11;
    m->inside.namespace[CSC_NAMESPACE_MOUNT] = 12;
    m->inside.landlock_abi = 6;
    m->inside.landlock_refuses = m->inside.own_session = 1;
    m->inside.limit_count = 1;
    m->inside.limits[0] = (struct csc_measured_limit){0 /* RLIMIT_CPU */, 300, 302};
    m->outside.has_mounts = m->outside.has_membership = m->outside.is_member = m->outside.has_limit[0] = true;
    m->outside.mount_count = 20;
    m->outside.limit[0] = 4096;
    m->own_namespace[CSC_NAMESPACE_USER] = 9;
    memcpy(m->outside.mounts_sha256, SHA, sizeof(SHA));
    memcpy(m->executor_sha256, SHA, sizeof(SHA));
    memcpy(m->init_sha256, SHA, sizeof(SHA));
    memcpy(m->executor_version, "0.8.0", 6);
}

static inline void evidence_commands(struct evidence_stage *s)
{
    s->words[0] = (char *)"git";
    s->words[1] = (char *)"secret";
    s->argv = (struct csc_argv){s->words, 2};
    for (int i = 0; i < 2; i++) {
        s->command[i] = (struct csc_command){.id = i ? "two" : "one", .argvs = &s->argv, .argv_count = 1};
        s->commands[i] = (struct csc_evidence_command){
            .command = &s->command[i], .end = i ? CSC_EXEC_NO_BOUNDARY : CSC_EXEC_EXITED, .exit_code = i ? 126 : 1};
        memcpy(s->commands[i].sha256[0], SHA, sizeof(SHA));
        memcpy(s->commands[i].sha256[1], SHA, sizeof(SHA));
    }
    struct csc_evidence_command *one = &s->commands[0];
    one->started = one->truncated[0] = true;
    one->lacks[0] = "outside.status";
    one->backend = CSC_BACKEND_BWRAP;
    memcpy(one->plan_sha256, SHA, sizeof(SHA));
    one->facts = (struct csc_exec_facts){
        .started_at = s->record.started_at + CSC_SECOND,
        .ended_at = s->record.started_at + CSC_SECOND + 12345,
        .usage = {CSC_USAGE_RUSAGE, CSC_USAGE_CGROUP, 1, 2, 4096},
        .captured = 10,
        .printed = 20,
    };
    evidence_measure(&one->facts.measurement);
}

static inline int evidence_begin(void **state)
{
    struct evidence_stage *s = calloc(1, sizeof(*s));

    s->contract = (struct csc_contract){.id = "contract-1", .sha256 = SHA};
    s->policy = (struct csc_policy){.name = "dev-readonly", .sha256 = SHA};
    s->artifact = (struct csc_artifact){"/work/out/report", SHA};
    s->record = (struct csc_record){.contract = &s->contract,
                                    .policy = &s->policy,
                                    .artifacts = &s->artifact,
                                    .artifact_count = 1,
                                    .hardened = true};
    assert_true(csc_time_parse("2026-03-20T10:00:00Z", &s->record.started_at));
    s->record.ended_at = s->record.started_at + 5 * CSC_SECOND;
    s->receipt = parse_receipt("{" FAILED "}");
    evidence_commands(s);
    s->approvals[0] =
        (struct csc_evidence_approval){"approval-1", "bob@example.com", "single_execution", "SHA256:abc", "T-1", SHA};
    s->approvals[1] = (struct csc_evidence_approval){"approval-2", "eve", "time_window", NULL, NULL, SHA};
    s->evidence = (struct csc_evidence){
        .record = &s->record,
        .receipt = s->receipt,
        .agent_id = "agent",
        .session_id = "session",
        .initiating_user = "alice",
        .commands = s->commands,
        .command_count = 2,
        .approvals = s->approvals,
        .approval_count = 2,
    };
    csc_host_facts(&s->evidence.host);
    s->key = evidence_key();
    *state = s;
    return 0;
}

static inline int evidence_end(void **state)
{
    struct evidence_stage *s = *state;

    csc_receipt_free(s->receipt);
    csc_signing_key_free(s->key);
    free(s);
    return 0;
}

static inline void evidence_free(char **text)
{
    free(*text);
}

/* Not inlined: gcc 12 would take what it returns for the address of its variable. */
__attribute__((noinline, unused)) static char *evidence_make(const struct evidence_stage *s)
{
    struct csc_error err = {0};
    char *envelope = NULL;

    if (csc_evidence_make(&s->evidence, s->key, "runner-1", &envelope, &err) < 0)
        fail_msg("%s: %s", err.field, err.text);
    return envelope;
}

static inline char *evidence_replace(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);
    char *changed = NULL;

    assert_non_null(at);
    assert_true(asprintf(&changed, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from)) > 0);
    return changed;
}

/* The statement, as text. */
static inline char *evidence_payload(const char *envelope)
{
    const char *begin = strstr(envelope, "\"payload\":\"") + 11;
    struct csc_buf payload = {0};

    assert_true(csc_base64_decode_any(begin, strcspn(begin, "\""), &payload));
    return csc_buf_take(&payload);
}

#define EVIDENCE_TEST(function) cmocka_unit_test_setup_teardown(function, evidence_begin, evidence_end)

#endif
