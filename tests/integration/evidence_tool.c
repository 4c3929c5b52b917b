/* SPDX-License-Identifier: Apache-2.0 */
/* evidence_tool RECEIPT KEY ID: the evidence of a receipt, as its runner would make it, on stdout. */
#include <stdio.h>
#include <string.h>

#include "receipt/receipt.h"

/* Beyond the receipt it says what no run here can be brought to: a command by a pipeline, and its approval. */
static int make(const struct csc_receipt *receipt, const struct csc_signing_key *key, const char *key_id,
                char **ret_envelope, struct csc_error *err)
{
    static char *words[] = {(char *)"printf", (char *)"\xC3\xA9\n", NULL};
    static struct csc_argv argvs[] = {{words, 2}, {words, 1}};
    static const struct csc_command command = {.id = "one", .argvs = argvs, .argv_count = 2};
    struct csc_exec_result result = {.end = CSC_EXEC_EXITED, .started = true};
    struct csc_contract contract = {.id = "contract-1"};
    struct csc_policy policy = {.name = "policy"};
    struct csc_evidence_command noted;
    struct csc_evidence_approval approval = {"approval-1", "bob", "single_execution", "SHA256:x", "T-1", ""};

    csc_sha256_hex("", 0, contract.sha256);
    csc_sha256_hex("", 0, policy.sha256);
    csc_sha256_hex("", 0, approval.artifact_sha256);
    csc_sha256_hex("", 0, result.hash[CSC_STDOUT]);
    csc_sha256_hex("", 0, result.hash[CSC_STDERR]);
    int r = csc_evidence_note(&command, &result, NULL, &noted, err);
    const struct csc_record record = {.contract = &contract, .policy = &policy};
    struct csc_evidence evidence = {.record = &record,
                                    .receipt = receipt,
                                    .initiating_user = "alice\x1b[31m",
                                    .commands = &noted,
                                    .command_count = 1,
                                    .approvals = &approval,
                                    .approval_count = 1,
                                    .full_argv = true};
    csc_host_facts(&evidence.host);
    return r == 0 ? csc_evidence_make(&evidence, key, key_id, ret_envelope, err) : r;
}

int main(int argc, char **argv)
{
    _cleanup_buf_ struct csc_buf bytes = {0};
    struct csc_signing_key *key = NULL;
    struct csc_receipt *receipt = NULL;
    struct csc_error err = {0};
    char *envelope = NULL;

    if (argc != 4)
        return 64;
    int r = csc_read_input(argv[1], CSC_RECEIPT_BYTES_MAX, &bytes, &err);
    if (r == 0)
        r = csc_receipt_parse(bytes.data, bytes.size, &receipt, &err);
    if (r == 0)
        r = csc_signing_key_load(argv[2], &key, &err);
    if (r == 0)
        r = make(receipt, key, argv[3], &envelope, &err);
    if (r == 0)
        (void)fputs(envelope, stdout);
    else
        (void)fprintf(stderr, "%s\n", err.text);
    free(envelope);
    csc_signing_key_free(key);
    csc_receipt_free(receipt);
    return -r;
}
