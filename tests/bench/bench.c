/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ratios against named baselines, measured in one interleaved run (arms A B A B ...), minimum and median. Nothing
 * here passes or fails: figures of one machine are compared with each other only.
 *
 *   bench CSC PROGRAMS FOLDER [hardened|ledger]
 *                                CSC the command, PROGRAMS where `empty` and `peak` are, FOLDER for inputs
 *
 * What hardened mode takes is measured by hardened.c, as this user and, when that is root, as a plain user too.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <nettle/sha2.h>
#include <sodium.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/base.h"
#include "hardened.h"
#include "ledger.h"
#include "measure.h"
#include "receipt/receipt.h"

static const char *write_contract(const char *name, const char *argv, const char *filler)
{
    struct csc_buf buf = {0};

    csc_buf_printf(
        &buf,
        "{\"version\":\"csc.v0.1\",\"contract_id\":\"bench-%s\",\"intent\":\"measure\",\"actor\":{\"agent_id\":"
        "\"bench\",\"session_id\":\"bench\",\"initiating_user\":\"bench\",\"delegation_scope\":\"bench\"},"
        "\"commands\":[{\"id\":\"cmd_1\",\"exec\":{\"argv\":[%s]},\"cwd\":\"/usr\",\"read_paths\":[\"/usr/**\"%s],"
        "\"write_paths\":[],\"network\":\"deny\",\"env_allow\":[],\"secret_refs\":[],\"timeout_sec\":600,"
        "\"proposed_effect_type\":\"observe\"}],\"risk_class\":\"low\",\"approval_mode\":\"policy_only\","
        "\"expected_outputs\":[],\"justification\":\"measure\"}",
        name, argv, filler);
    if (buf.failed)
        die("contract");
    write_file(name, buf.data, buf.size);
    csc_buf_free(&buf);
    return name;
}

/* A contract of nearly 1 MiB: many paths, as a hostile or a generated one would have. */
static const char *write_big_contract(const char *name)
{
    struct csc_buf filler = {0};

    for (int i = 0; filler.size < 1047000; i++)
        csc_buf_printf(&filler, ",\"/usr/share/a/folder/of/some/depth/number/%d/and/a/file\"", i);
    if (filler.failed)
        die("contract");
    const char *path = write_contract(name, "\"true\"", filler.data);
    csc_buf_free(&filler);
    return path;
}

/* The baseline of draining: the same producer, its pipe spliced into /dev/null. */
static void splice_drain(const void *context)
{
    const char *const *argv = context;
    posix_spawn_file_actions_t actions;
    int pipe_fds[2], null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    pid_t child;

    if (null < 0 || pipe2(pipe_fds, O_CLOEXEC) < 0)
        die("pipe");
    (void)fcntl(pipe_fds[0], F_SETPIPE_SZ, 1 << 20);
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_adddup2(&actions, pipe_fds[1], STDOUT_FILENO);
    if (posix_spawn(&child, argv[0], &actions, NULL, (char *const *)argv, NULL) != 0)
        die(argv[0]);
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)close(pipe_fds[1]);
    while (splice(pipe_fds[0], NULL, null, NULL, 1 << 20, SPLICE_F_MOVE) > 0)
        ;
    (void)close(pipe_fds[0]);
    (void)close(null);
    (void)waitpid(child, NULL, 0);
}

struct signing {
    struct csc_receipt *receipt;
    struct csc_signing_key *key;
    unsigned char secret[crypto_sign_SECRETKEYBYTES], public_key[crypto_sign_PUBLICKEYBYTES];
    unsigned char signature[crypto_sign_BYTES];
    struct csc_buf payload;
};

enum { SIGNATURES = 200 }; /* a sample: single ones are shorter than the clock's noise */

static void sign_receipts(const void *context)
{
    const struct signing *s = context;

    for (int i = 0; i < SIGNATURES; i++)
        if (csc_receipt_sign(s->receipt, s->key, "bench", NULL) < 0)
            die("sign");
}

/* csc verifies each signature it makes: so does the baseline. */
static void sign_raw(const void *context)
{
    const struct signing *s = context;
    unsigned char signature[crypto_sign_BYTES];

    for (int i = 0; i < SIGNATURES; i++) {
        (void)crypto_sign_detached(signature, NULL, (unsigned char *)s->payload.data, s->payload.size, s->secret);
        if (crypto_sign_verify_detached(signature, (unsigned char *)s->payload.data, s->payload.size, s->public_key) <
            0)
            die("raw sign");
    }
}

static void verify_receipts(const void *context)
{
    const struct signing *s = context;

    for (int i = 0; i < SIGNATURES; i++)
        if (csc_receipt_verify(s->receipt, csc_signing_key_public(s->key), "bench", NULL) < 0)
            die("verify");
}

static void verify_raw(const void *context)
{
    const struct signing *s = context;

    for (int i = 0; i < SIGNATURES; i++)
        if (crypto_sign_verify_detached(s->signature, (unsigned char *)s->payload.data, s->payload.size,
                                        s->public_key) < 0)
            die("raw verify");
}

static void prepare_signing(struct signing *s)
{
    static const char receipt[] =
        "{\"receipt_version\":\"csc.receipt.v0.1\",\"contract_id\":\"contract_git_status_001\",\"execution_id\":"
        "\"f2f1c8a0-6c0c-4c8a-9a43-5f3b8d0d3c11\",\"contract_sha256\":"
        "\"2c8487847d601deb81882f5b55a520313b06d7a137a122bee1f5748320c0afd3\",\"status\":\"blocked\",\"started_at\":"
        "\"2026-03-20T10:00:00.000000+00:00\",\"ended_at\":\"2026-03-20T10:00:00.000000+00:00\",\"policy_profile\":"
        "\"dev-readonly\",\"runner_version\":\"0.1.0\",\"execution_mode\":\"local\",\"error\":\"COMMAND_NOT_ALLOWED\"}";
    unsigned char seed[crypto_sign_SEEDBYTES];

    if (sodium_init() < 0)
        die("sodium");
    randombytes_buf(seed, sizeof(seed));
    (void)crypto_sign_seed_keypair(s->public_key, s->secret, seed);
    write_file("bench.key", (const char *)seed, sizeof(seed));
    csc_buf_puts(&s->payload, receipt);
    (void)crypto_sign_detached(s->signature, NULL, (unsigned char *)s->payload.data, s->payload.size, s->secret);
    if (csc_receipt_parse(receipt, sizeof(receipt) - 1, &s->receipt, NULL) < 0 ||
        csc_signing_key_load("bench.key", &s->key, NULL) < 0)
        die("signing");
}

static void compare_all(const char *csc, const char *empty, const struct signing *signing)
{
    static const char *const producer[] = {"/usr/bin/head", "-c", "1G", "/dev/zero", NULL};
    const char *small = write_contract("true.json", "\"true\"", "");
    const char *drain = write_contract("drain.json", "\"head\",\"-c\",\"1G\",\"/dev/zero\"", "");
    const char *big = write_big_contract("big.json");
    const struct comparison comparisons[] = {
        {"check of a 0.5 KiB contract",
         300,
         {{"csc check", .argv = {csc, "check", small, "policy.yaml"}},
          {"an empty static-pie program", .argv = {empty}},
          {"/bin/true", .argv = {"/bin/true"}}}},
        {"run of /bin/true, receipt synced to disk",
         300,
         {{"csc run", .argv = {csc, "run", small, "policy.yaml", "--quiet", "--receipt-out", "receipt.json"}},
          {"spawn and wait of /bin/true", .argv = {"/bin/true"}}}},
        {"run of /bin/true, signed",
         300,
         {{"csc run --sign", .argv = {csc, "run", small, "policy.yaml", "--quiet", "--receipt-out", "receipt.json",
                                      "--sign", "--signing-key", "bench.key", "--key-id=bench"}},
          {"spawn and wait of /bin/true", .argv = {"/bin/true"}}}},
        {"canonicalise and hash a 1 MiB contract",
         100,
         {{"csc hash contract", .argv = {csc, "hash", "contract", big}},
          {"sha256sum of the same file", .argv = {"/usr/bin/sha256sum", big}}}},
        {"drain 1 GiB of output",
         5,
         {{"csc run", .argv = {csc, "run", drain, "policy.yaml", "--quiet", "--receipt-out", "receipt.json"}},
          {"splice to /dev/null", .call = splice_drain, .context = producer}}},
        {"sign a receipt (and verify it), times 200",
         50,
         {{"csc_receipt_sign", .call = sign_receipts, .context = signing},
          {"libsodium sign and verify", .call = sign_raw, .context = signing}}},
        {"verify a receipt, times 200",
         50,
         {{"csc_receipt_verify", .call = verify_receipts, .context = signing},
          {"libsodium verify", .call = verify_raw, .context = signing}}},
    };
    for (size_t i = 0; i < ARRAY_SIZE(comparisons); i++)
        compare(&comparisons[i]);
}

int main(int argc, char **argv)
{
    static const char policy[] =
        "policy_schema_version: csc.policy.v0.1\nname: bench\nallow_commands: ['true', head]\n"
        "allowed_effect_types: [observe]\nallowed_risk_classes: [low]\nmax_timeout_sec: 600\nnetwork: deny\n"
        "allow_secret_refs: false\nallowed_cwd_prefixes: [/]\nallowed_read_prefixes: [/]\n";
    struct signing signing = {0};

    if (argc == 3 && strcmp(argv[1], "--verify") == 0)
        return verify_ledger(argv[2]);
    bool hardened_only = argc == 5 && strcmp(argv[4], "hardened") == 0;
    bool ledger_only = argc == 5 && strcmp(argv[4], "ledger") == 0;

    if ((argc != 4 && !hardened_only && !ledger_only) || chdir(argv[3]) < 0) {
        (void)fprintf(stderr, "usage: bench CSC PROGRAMS FOLDER [hardened|ledger]\n");
        return 64;
    }
    char empty[PATH_MAX], peak[PATH_MAX];
    const char *csc = argv[1];
    (void)snprintf(empty, sizeof(empty), "%s/empty", argv[2]);
    (void)snprintf(peak, sizeof(peak), "%s/peak", argv[2]);
    if (symlink(peak, "peak") < 0)
        die(peak);
    write_file("policy.yaml", policy, sizeof(policy) - 1);
    print_head();
    if (!hardened_only) {
        prepare_signing(&signing);
        if (!ledger_only)
            compare_all(csc, empty, &signing);
        compare_ledger();
    }
    if (!ledger_only)
        compare_hardened(csc);
    csc_receipt_free(signing.receipt);
    csc_signing_key_free(signing.key);
    csc_buf_free(&signing.payload);
    return 0;
}
