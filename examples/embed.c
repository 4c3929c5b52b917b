/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a contract from a C program.
 *
 *   cc embed.c $(pkg-config --cflags --libs csc) -o embed
 *   ./embed contract.json policy.yaml
 */
#include <csc/csc.h>
#include <stdio.h>
#include <stdlib.h>

static char *read_file(const char *path, size_t *ret_size)
{
    FILE *file = fopen(path, "rb");
    char *bytes = malloc(CSC_CONTRACT_BYTES_MAX + 1);

    if (!file || !bytes) {
        perror(path);
        exit(66);
    }
    *ret_size = fread(bytes, 1, CSC_CONTRACT_BYTES_MAX + 1, file);
    fclose(file);
    return bytes;
}

/* What a command prints is hostile: count it, hash it, escape it, but never trust it. */
static void count(void *context, enum csc_stream stream, const void *bytes, size_t size)
{
    size_t *counts = context;

    (void)bytes;
    counts[stream] += size;
}

int main(int argc, char **argv)
{
    struct csc_contract *contract = NULL;
    struct csc_policy *policy = NULL;
    struct csc_receipt *receipt = NULL;
    struct csc_error err = {0};
    size_t counts[2] = {0}, contract_size, policy_size;
    struct csc_run_options options = {.cancel_fd = -1, .on_output = count, .context = counts};
    char *text = NULL;

    if (argc != 3)
        return 64;
    char *contract_bytes = read_file(argv[1], &contract_size);
    char *policy_bytes = read_file(argv[2], &policy_size);

    if (csc_contract_parse(contract_bytes, contract_size, &contract, &err) == 0 &&
        csc_policy_parse(policy_bytes, policy_size, &policy, &err) == 0 &&
        csc_run(contract, policy, &options, &receipt, &err) == 0 && csc_receipt_json(receipt, &text, &err) == 0) {
        printf("%zu bytes of stdout, %zu of stderr\n%s", counts[CSC_STDOUT], counts[CSC_STDERR], text);
    } else {
        fprintf(stderr, "%s: %s\n", err.field[0] ? err.field : argv[0], err.text);
    }

    int code = receipt ? csc_receipt_status(receipt) != CSC_STATUS_SUCCESS : (int)err.code;
    free(text);
    csc_receipt_free(receipt);
    csc_policy_free(policy);
    csc_contract_free(contract);
    free(policy_bytes);
    free(contract_bytes);
    return code;
}
