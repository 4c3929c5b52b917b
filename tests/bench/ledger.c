/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ledger/ledger.h"
#include "measure.h"

enum {
    LARGE = 100000,
    APPENDS = 20, /* a sample */
    VERIFIED = 1000,
};

struct book {
    const char *path;
    struct csc_ledger *ledger;
    const struct csc_signing_key *key;
    int next; /* number of the next receipt */
};

/* Of a hardened run of one command, as long as such receipts are. */
static struct csc_receipt *make_receipt(int n, const struct csc_signing_key *key)
{
#define SHA "2c8487847d601deb81882f5b55a520313b06d7a137a122bee1f5748320c0afd3"
    struct csc_receipt *receipt = NULL;
    char text[2000];

    (void)snprintf(
        text, sizeof(text),
        "{\"receipt_version\":\"csc.receipt.v0.1\",\"contract_id\":\"contract_git_status_%03d\",\"execution_id\":"
        "\"%08x-6c0c-4c8a-9a43-5f3b8d0d3c11\",\"contract_sha256\":\"" SHA "\",\"status\":\"success\","
        "\"started_at\":\"2026-03-20T10:00:00.000000+00:00\",\"ended_at\":\"2026-03-20T10:00:01.000000+00:00\","
        "\"policy_profile\":\"dev-readonly\",\"policy_schema_version\":\"csc.policy.v0.1\",\"policy_sha256\":\"" SHA
        "\",\"runner_version\":\"0.1.0\",\"execution_mode\":\"local\",\"exit_code\":0,\"stdout_hash\":\"sha256:" SHA
        "\",\"stderr_hash\":\"sha256:" SHA "\",\"completed_command_ids\":[\"cmd_1\"],\"effect_summary\":"
        "{\"files_written\":0}}",
        n % 1000, (unsigned)n * 2654435761U);
    if (csc_receipt_parse(text, strlen(text), &receipt, NULL) < 0 || csc_receipt_sign(receipt, key, "bench", NULL) < 0)
        die("receipt");
    return receipt;
#undef SHA
}

static void append(struct book *book, const struct csc_receipt *receipt)
{
    const struct csc_ledger_signer signer = {book->key, "bench"};
    const struct csc_ledger_item item = {.receipt = receipt, .actor = {"agent", "session", "user"}};
    uint64_t index;

    if (csc_ledger_append(book->ledger, &item, &signer, &index, NULL) < 0)
        die("append");
}

/* Each sample appends other receipts; made (and signed) within the sample, and so by the baseline. */
static void append_some(const void *context)
{
    struct book *book = *(struct book *const *)context;

    for (int i = 0; i < APPENDS; i++) {
        struct csc_receipt *receipt = make_receipt(book->next++, book->key);
        append(book, receipt);
        csc_receipt_free(receipt);
    }
}

/* As durable, and nothing else: no index, no tree, no transaction. */
static void append_raw(const void *context)
{
    struct book *book = *(struct book *const *)context;
    int fd = open("raw.log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

    for (int i = 0; i < APPENDS; i++) {
        struct csc_receipt *receipt = make_receipt(book->next++, book->key);
        struct csc_buf bytes = {0};
        csc_canon_write(&bytes, &receipt->root);
        if (csc_write_all(fd, bytes.data, bytes.size) < 0 || fdatasync(fd) < 0)
            die("raw append");
        csc_buf_free(&bytes);
        csc_receipt_free(receipt);
    }
    (void)close(fd);
}

struct raw {
    struct csc_buf bytes[VERIFIED];
    uint8_t signature[VERIFIED][CSC_SIGNATURE_BYTES];
    const struct csc_signing_key *key;
};

static void verify(const void *context, bool with_key)
{
    const struct book *book = context;
    const struct csc_ledger_check check = {.key = with_key ? csc_signing_key_public(book->key) : NULL,
                                           .key_id = "bench"};
    struct csc_ledger_finding finding;

    if (csc_ledger_verify(book->ledger, &check, &finding, NULL) < 0 || finding.has_difference)
        die("verify");
}

static void verify_all(const void *context)
{
    verify(context, true);
}

static void verify_tree(const void *context)
{
    verify(context, false);
}

static void hash_raw(const void *context)
{
    const struct raw *raw = context;
    struct csc_merkle_frontier frontier = {0};
    struct csc_merkle_hash leaf;

    for (int i = 0; i < VERIFIED; i++) {
        csc_merkle_leaf(raw->bytes[i].data, raw->bytes[i].size, &leaf);
        (void)csc_merkle_append(&frontier, &leaf, NULL);
    }
}

static void signatures_raw(const void *context)
{
    const struct raw *raw = context;

    for (int i = 0; i < VERIFIED; i++)
        if (!csc_ed25519_verify(csc_signing_key_public(raw->key), raw->bytes[i].data, raw->bytes[i].size,
                                raw->signature[i]))
            die("raw verify");
}

static void both_raw(const void *context)
{
    hash_raw(context);
    signatures_raw(context);
}

static int keep_raw(void *context, const struct csc_ledger_entry *entry)
{
    struct raw *raw = context;
    struct csc_buf *bytes = &raw->bytes[entry->index];

    csc_buf_append(bytes, entry->receipt, entry->receipt_size);
    if (bytes->failed || csc_ed25519_sign(raw->key, bytes->data, bytes->size, raw->signature[entry->index], NULL) < 0)
        die("raw");
    return 0;
}

static void open_book(struct book *book, const struct csc_signing_key *key)
{
    book->key = key;
    if (csc_ledger_open(book->path, CSC_LEDGER_WRITE, &book->ledger, NULL) < 0)
        die(book->path);
}

static void fill(struct book *book, int entries)
{
    while (book->next < entries) {
        struct csc_receipt *receipt = make_receipt(book->next++, book->key);
        append(book, receipt);
        csc_receipt_free(receipt);
    }
}

static void print_disk(const struct book *book)
{
    struct csc_ledger_stats stats = {0};

    if (csc_ledger_stats(book->ledger, &stats, NULL) < 0)
        die("stats");
    (void)printf("| an entry on disk, of %llu | all of the database | %llu bytes | | | | | | |\n",
                 (unsigned long long)stats.entries, (unsigned long long)(stats.bytes / stats.entries));
}

/* Of a process that does nothing else. */
static void print_peak(const struct book *book)
{
    struct rusage usage;
    int status;

    (void)fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        static const char program[] = "/proc/self/exe";
        (void)execl(program, program, "--verify", book->path, (char *)NULL);
        _exit(127);
    }
    if (wait4(child, &status, 0, &usage) != child || status != 0)
        die("peak");
    (void)printf("| verify %s | peak memory | | | | | | | %ld |\n", book->path, usage.ru_maxrss);
}

int verify_ledger(const char *path)
{
    struct book book = {.path = path};

    if (csc_ledger_open(path, CSC_LEDGER_READ, &book.ledger, NULL) < 0)
        return 70;
    verify_tree(&book);
    csc_ledger_close(book.ledger);
    return 0;
}

void compare_ledger(void)
{
    static struct raw raw;
    struct book small = {.path = "ledger/small.db"}, large = {.path = "ledger/large.db"};
    struct book *small_book = &small, *large_book = &large;
    struct csc_signing_key *key = NULL;

    if (csc_signing_key_load("bench.key", &key, NULL) < 0)
        die("bench.key");
    raw.key = key;
    open_book(&small, key);
    open_book(&large, key);
    fill(&small, VERIFIED);
    if (csc_ledger_each(small.ledger, &(struct csc_ledger_filter){.since = INT64_MIN, .until = INT64_MAX}, keep_raw,
                        &raw, NULL) < 0)
        die("each");
    const struct comparison verifying[] = {
        {"verify 1000 entries, each signature",
         50,
         {{"csc_ledger_verify", .call = verify_all, .context = &small},
          {"SHA-256 and Ed25519 of them", .call = both_raw, .context = &raw},
          {"Ed25519 alone", .call = signatures_raw, .context = &raw}}},
        {"verify 1000 entries, the tree alone",
         200,
         {{"csc_ledger_verify", .call = verify_tree, .context = &small},
          {"SHA-256 of them", .call = hash_raw, .context = &raw}}},
    };
    for (size_t i = 0; i < ARRAY_SIZE(verifying); i++)
        compare(&verifying[i]);
    print_peak(&small);
    fill(&large, LARGE);
    const struct comparison appending = {"append 20 receipts at 100,000 entries",
                                         100,
                                         {{"csc_ledger_append", .call = append_some, .context = &large_book},
                                          {"the same at 1000", .call = append_some, .context = &small_book},
                                          {"append and fdatasync", .call = append_raw, .context = &small_book}}};
    compare(&appending);
    print_disk(&large);
    print_peak(&large);
    for (int i = 0; i < VERIFIED; i++)
        csc_buf_free(&raw.bytes[i]);
    csc_ledger_close(small.ledger);
    csc_ledger_close(large.ledger);
    csc_signing_key_free(key);
}
