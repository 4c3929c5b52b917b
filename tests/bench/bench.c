/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ratios against named baselines, measured in one interleaved run (arms A B A B ...), minimum and median. Nothing
 * here passes or fails: figures of one machine are compared with each other only.
 *
 *   bench CSC PROGRAMS FOLDER    CSC the command, PROGRAMS where `empty` and `peak` are, FOLDER for inputs
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
#include "receipt/receipt.h"
#include "same_options.h"

enum { ARMS_MAX = 3, REPEATS_MAX = 400 };

struct arm {
    const char *name;
    void (*call)(const void *context); /* either a function ... */
    const void *context;
    const char *argv[20];    /* ... or a program */
    const char *const *more; /* ... or a program with more arguments; NULL: not on this machine */
};

struct comparison {
    const char *what;
    int repeats;
    struct arm arms[ARMS_MAX]; /* the first is what is judged, the others are baselines */
};

static void die(const char *what)
{
    perror(what);
    exit(70);
}

static double now_us(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* Runs a program with its output thrown away. */
static void run_program(const char *const *argv)
{
    static char path[] = "PATH=/usr/bin:/bin";
    static char *const environment[] = {path, NULL};
    posix_spawn_file_actions_t actions;
    pid_t child;

    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    if (posix_spawn(&child, argv[0], &actions, NULL, (char *const *)argv, environment) != 0)
        die(argv[0]);
    (void)posix_spawn_file_actions_destroy(&actions);
    int status;
    if (waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        (void)fprintf(stderr, "bench: %s %s: status %x\n", argv[0], argv[1] ? argv[1] : "", (unsigned)status);
        exit(70);
    }
}

/* Peak memory in KiB, by the program `peak`. */
static long peak_memory(const char *const *argv)
{
    const char *measured[24] = {"./peak"};
    long kib = 0;
    int fds[2];

    for (size_t i = 0; argv[i] && i + 2 < ARRAY_SIZE(measured); i++)
        measured[i + 1] = argv[i];
    if (pipe2(fds, O_CLOEXEC) < 0)
        die("pipe");
    pid_t child = fork();
    if (child == 0) {
        (void)dup2(fds[1], STDOUT_FILENO);
        (void)execv(measured[0], (char *const *)measured);
        _exit(127);
    }
    (void)close(fds[1]);
    FILE *text = fdopen(fds[0], "r");
    if (!text || fscanf(text, "%ld", &kib) != 1)
        die("peak");
    (void)fclose(text);
    (void)waitpid(child, NULL, 0);
    return kib;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void compare(const struct comparison *c)
{
    static double times[ARMS_MAX][REPEATS_MAX];
    long memory[ARMS_MAX] = {0};

    for (int i = -3; i < c->repeats; i++) { /* the first three warm the caches */
        for (int a = 0; a < ARMS_MAX && c->arms[a].name; a++) {
            double start = now_us();
            if (c->arms[a].call)
                c->arms[a].call(c->arms[a].context);
            else
                run_program(c->arms[a].more ? c->arms[a].more : c->arms[a].argv);
            if (i >= 0)
                times[a][i] = now_us() - start;
        }
    }
    for (int a = 0; a < ARMS_MAX && c->arms[a].name; a++) {
        if (!c->arms[a].call && !c->arms[a].more)
            memory[a] = peak_memory(c->arms[a].argv);
        qsort(times[a], (size_t)c->repeats, sizeof(double), by_value);
        double minimum = times[a][0], median = times[a][c->repeats / 2];
        (void)printf("| %s | %s | %.1f | %.1f | ", a == 0 ? c->what : "", c->arms[a].name, minimum, median);
        if (a == 0)
            (void)printf("1 | 1 | ");
        else
            (void)printf("%.2f | %.2f | ", times[0][0] / minimum, times[0][c->repeats / 2] / median);
        if (memory[a])
            (void)printf("%ld |\n", memory[a]);
        else
            (void)printf("– |\n");
    }
    (void)fflush(stdout);
}

static void write_file(const char *path, const char *text, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (fd < 0 || csc_write_all(fd, text, size) < 0 || close(fd) < 0)
        die(path);
}

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

/* The plan of the contract in hardened mode; false where this machine can't hold it. */
static bool write_plans(const char *csc, const char *contract)
{
    const char *const argv[] = {csc,        "run",      contract,   "policy.yaml",     "--mode",
                                "hardened", "--config", "csc.yaml", "--sandbox-debug", NULL};
    int fd = open("plans.json", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    int status = 0;

    pid_t child = fork();
    if (child == 0) {
        (void)dup2(fd, STDOUT_FILENO);
        (void)execv(argv[0], (char *const *)argv);
        _exit(127);
    }
    (void)close(fd);
    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

static void compare_hardened(const char *csc, const char *contract)
{
    static const char config[] = "config_version: csc.config.v0.1\n";

    write_file("csc.yaml", config, sizeof(config) - 1);
    if (!write_plans(csc, contract)) {
        (void)fprintf(stderr, "bench: hardened mode is left out: this machine cannot hold it; see csc doctor\n");
        return;
    }
    const struct comparison comparison = {
        "hardened run of /bin/true: seccomp, Landlock, limits, signed, receipt synced to disk",
        200,
        {{"csc run --mode hardened",
          .argv = {csc, "run", contract, "policy.yaml", "--quiet", "--receipt-out", "receipt.json", "--mode",
                   "hardened", "--config", "csc.yaml", "--sign", "--signing-key", "bench.key", "--key-id=bench"}},
         {"bwrap alone, the same namespaces and mounts", .more = same_options("plans.json", "/bin/true")},
         {"spawn and wait of /bin/true", .argv = {"/bin/true"}}},
    };
    compare(&comparison);
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
    (void)printf(
        "| what | arm | min µs | median µs | min ratio | median ratio | peak KiB |\n|---|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < ARRAY_SIZE(comparisons); i++)
        compare(&comparisons[i]);
    compare_hardened(csc, small);
}

int main(int argc, char **argv)
{
    static const char policy[] =
        "policy_schema_version: csc.policy.v0.1\nname: bench\nallow_commands: ['true', head]\n"
        "allowed_effect_types: [observe]\nallowed_risk_classes: [low]\nmax_timeout_sec: 600\nnetwork: deny\n"
        "allow_secret_refs: false\nallowed_cwd_prefixes: [/]\nallowed_read_prefixes: [/]\n";
    struct signing signing = {0};

    if (argc != 4 || chdir(argv[3]) < 0) {
        (void)fprintf(stderr, "usage: bench CSC PROGRAMS FOLDER\n");
        return 64;
    }
    char empty[PATH_MAX], peak[PATH_MAX];
    const char *csc = argv[1];
    (void)snprintf(empty, sizeof(empty), "%s/empty", argv[2]);
    (void)snprintf(peak, sizeof(peak), "%s/peak", argv[2]);
    if (symlink(peak, "peak") < 0)
        die(peak);
    write_file("policy.yaml", policy, sizeof(policy) - 1);
    prepare_signing(&signing);

    compare_all(csc, empty, &signing);
    csc_receipt_free(signing.receipt);
    csc_signing_key_free(signing.key);
    csc_buf_free(&signing.payload);
    return 0;
}
