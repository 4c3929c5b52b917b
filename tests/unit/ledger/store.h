/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the stored ledger share: a folder, a key, receipts, and a ledger full of them. */
#ifndef CSC_TESTS_LEDGER_STORE_H
#define CSC_TESTS_LEDGER_STORE_H

#include <fcntl.h>
#include <limits.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include "signing.h"

#define KEY_ID "runner-1"
#define SHA "a1b2c3d4e5f6a1b2c3d4e5f6a1b2c3d4e5f6a1b2c3d4e5f6a1b2c3d4e5f6a1b2"

struct scene {
    char *folder;
    struct csc_signing_key *key;
    struct csc_ledger_signer signer;
    const char *path; /* of the ledger */
    struct csc_ledger *ledger;
};

static inline struct csc_ledger *open_ledger(const char *path, enum csc_ledger_access access)
{
    struct csc_ledger *ledger = NULL;
    struct csc_error err = {0};

    if (csc_ledger_open(path, access, &ledger, &err) < 0)
        fail_msg("%s: %s", path, err.text);
    return ledger;
}

/* A key's memory is not handed on to children: they load it again. */
static inline struct csc_signing_key *load_key(const struct scene *s)
{
    struct csc_signing_key *key = NULL;

    assert_int_equal(csc_signing_key_load(folder_path(s->folder, "log.key"), &key, NULL), 0);
    return key;
}

static inline int scene_begin(void **state)
{
    struct scene *s = calloc(1, sizeof(*s));

    s->folder = key_folder();
    s->key = load_key(s);
    s->signer = (struct csc_ledger_signer){s->key, KEY_ID};
    s->path = strdup(folder_path(s->folder, "ledger.db"));
    s->ledger = open_ledger(s->path, CSC_LEDGER_WRITE);
    *state = s;
    return 0;
}

static inline int scene_end(void **state)
{
    struct scene *s = *state;

    csc_ledger_close(s->ledger);
    csc_signing_key_free(s->key);
    folder_remove(s->folder);
    free((char *)s->path);
    free(s);
    return 0;
}

static inline void scene_reopen(struct scene *s, enum csc_ledger_access access)
{
    csc_ledger_close(s->ledger);
    s->ledger = open_ledger(s->path, access);
}

/* Receipt number `n`: its status, times and contract follow from it. */
static inline struct csc_receipt *make_receipt(int n, const char *execution_id)
{
    static const char *const statuses[] = {"blocked", "success", "failed", "expired"};
    struct csc_receipt *receipt = NULL;
    struct csc_error err = {0};
    char text[2000];

    (void)snprintf(
        text, sizeof(text),
        "{\"receipt_version\":\"csc.receipt.v0.1\",\"status\":\"%s\",\"contract_id\":\"contract \\\"%d\\\"\","
        "\"contract_sha256\":\"" SHA "\",\"execution_id\":\"%s\",\"started_at\":\"2026-03-20T10:%02d:00Z\","
        "\"ended_at\":\"2026-03-20T10:%02d:05.250000+00:00\",\"policy_profile\":\"dev-readonly\",\"exit_code\":0,"
        "\"policy_sha256\":\"" SHA "\",\"execution_mode\":\"local\","
        "\"stdout_hash\":\"sha256:" SHA "\",\"stderr_hash\":\"sha256:" SHA "\"}",
        statuses[n % 4], n % 3, execution_id, n % 60, n % 60);
    if (csc_receipt_parse(text, strlen(text), &receipt, &err) < 0)
        fail_msg("%s %s", err.field, err.text);
    return receipt;
}

static inline const char *id_of(int n)
{
    static char text[40];

    (void)snprintf(text, sizeof(text), "%08x-0000-4000-8000-000000000000", (unsigned)n);
    return text;
}

static inline int append_one(struct csc_ledger *ledger, int n, const struct csc_ledger_signer *signer,
                             struct csc_error *err)
{
    struct csc_receipt *receipt = make_receipt(n, id_of(n));
    const struct csc_ledger_item item = {.receipt = receipt,
                                         .actor = {n % 2 ? "agent-1" : "agent-0", "session", n % 3 ? "ann" : NULL}};
    uint64_t index = 0;
    int r = 0;

    if (signer)
        r = csc_receipt_sign(receipt, signer->key, signer->key_id, err);
    if (r == 0)
        r = csc_ledger_append(ledger, &item, signer, &index, err);
    csc_receipt_free(receipt);
    return r;
}

static inline void append_signed(struct scene *s, int from, int to)
{
    struct csc_error err = {0};

    for (int n = from; n < to; n++)
        if (append_one(s->ledger, n, &s->signer, &err) < 0)
            fail_msg("%s", err.text);
}

static inline struct csc_intent make_intent(const char *execution_id)
{
    struct csc_intent intent = {.execution_id = execution_id,
                                .contract_id = "contract-1",
                                .contract_sha256 = SHA,
                                .policy_profile = "dev-readonly",
                                .policy_schema_version = "csc.policy.v0.1",
                                .policy_sha256 = SHA,
                                .actor = {"agent-1", NULL, "ann"},
                                .started_at = 1774000000000000};
    struct csc_error err = {0};

    if (csc_runner_self(&intent.runner, &err) < 0)
        fail_msg("%s", err.text);
    return intent;
}

/* A runner that is gone: a child that was waited for. */
static inline struct csc_runner dead_runner(void)
{
    struct csc_runner runner = {0};
    int fds[2], status;

    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    pid_t child = fork();
    if (child == 0) {
        _exit(csc_runner_self(&runner, NULL) < 0 || write(fds[1], &runner, sizeof(runner)) != (ssize_t)sizeof(runner));
    }
    assert_int_equal(read(fds[0], &runner, sizeof(runner)), sizeof(runner));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    (void)close(fds[0]);
    (void)close(fds[1]);
    return runner;
}

/* Removes what shows which runners live: then only what is recorded of them does. Until a ledger is opened to write. */
static inline void remove_locks(const char *path)
{
    char name[PATH_MAX];

    (void)snprintf(name, sizeof(name), "%s-runners", path);
    assert_int_equal(unlink(name), 0);
}

/* Begins an execution by a runner that dies of it. */
static inline void begin_and_die(const char *path, const struct csc_intent *intent)
{
    struct csc_ledger *ledger = NULL;
    struct csc_intent own = *intent;
    size_t used;
    int status;

    own.runner.start_time++; /* who dies is not whoever made the intent */
    pid_t child = fork();
    if (child == 0)
        _exit(csc_ledger_open(path, CSC_LEDGER_WRITE, &ledger, NULL) < 0 ||
              csc_ledger_begin(ledger, &own, NULL, &used, NULL) != 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

/* Changes the database by hand, as somebody who can write it would. */
static inline void sql(const char *path, const char *text)
{
    char *message = NULL;
    sqlite3 *db = NULL;

    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    if (sqlite3_exec(db, text, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s: %s", text, message);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static inline struct csc_ledger_finding verify(struct csc_ledger *ledger, const struct csc_ledger_check *check)
{
    struct csc_ledger_finding finding = {0};
    struct csc_error err = {0};

    if (csc_ledger_verify(ledger, check, &finding, &err) < 0)
        fail_msg("%s", err.text);
    return finding;
}

static inline struct csc_ledger_check full_check(const struct scene *s)
{
    return (struct csc_ledger_check){.key = csc_signing_key_public(s->key), .key_id = KEY_ID};
}

#endif
