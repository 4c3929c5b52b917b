/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs the library's validation over many inputs in one process. Reads "KIND SIZE\n" and SIZE bytes, again and again,
 * and writes for each one line: "ok", or "CODE|FIELD|LINE:COLUMN|TEXT".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "approval/approval.h"
#include "config.h"
#include "contract/contract.h"
#include "policy/policy.h"
#include "receipt/receipt.h"

static int validate_contract(const void *bytes, size_t size, struct csc_error *err)
{
    struct csc_contract *contract = NULL;
    int r = csc_contract_parse(bytes, size, &contract, err);

    csc_contract_free(contract);
    return r;
}

static int validate_policy(const void *bytes, size_t size, struct csc_error *err)
{
    struct csc_policy *policy = NULL;
    int r = csc_policy_parse(bytes, size, &policy, err);

    csc_policy_free(policy);
    return r;
}

static int validate_receipt(const void *bytes, size_t size, struct csc_error *err)
{
    struct csc_receipt *receipt = NULL;
    int r = csc_receipt_parse(bytes, size, &receipt, err);

    csc_receipt_free(receipt);
    return r;
}

static int validate_approval(const void *bytes, size_t size, struct csc_error *err)
{
    struct csc_approval *approval = NULL;
    int r = csc_approval_parse(bytes, size, &approval, err);

    csc_approval_free(approval);
    return r;
}

/* Nobody is a user: what is said of a configuration must not depend on this machine's. */
static int validate_config(const void *bytes, size_t size, struct csc_error *err)
{
    struct csc_config config = {0};
    int r = csc_config_parse_with(bytes, size, "/dev/null", &config, err);

    csc_config_free(&config);
    return r;
}

static const struct {
    const char *kind;
    int (*validate)(const void *bytes, size_t size, struct csc_error *err);
} kinds[] = {
    {"contract", validate_contract},     {"policy", validate_policy},     {"receipt", validate_receipt},
    {"decision", csc_decision_validate}, {"approval", validate_approval}, {"config", validate_config},
    {"evidence", csc_evidence_validate},
};

static int validate(const char *kind, const void *bytes, size_t size)
{
    struct csc_error err = {0};

    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        if (strcmp(kinds[i].kind, kind) != 0)
            continue;
        if (kinds[i].validate(bytes, size, &err) == 0)
            return puts("ok");
        return printf("%d|%s|%u:%u|%s\n", (int)err.code, err.field, err.line, err.column, err.text);
    }
    return EOF;
}

/* "KIND SIZE\n", cut in two in place. */
static bool read_header(char *header, size_t *ret_size)
{
    char *space = strchr(header, ' '), *end;

    if (!space)
        return false;
    *space = '\0';
    *ret_size = strtoul(space + 1, &end, 10);
    return *end == '\n';
}

int main(void)
{
    char header[64];
    size_t size;

    while (fgets(header, sizeof(header), stdin)) {
        if (!read_header(header, &size))
            return EXIT_FAILURE;
        _cleanup_free_ char *bytes = malloc(size + 1);
        if (!bytes || fread(bytes, 1, size, stdin) != size || validate(header, bytes, size) < 0)
            return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
