/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "approval/approval.h"
#include "cli/cli.h"
#include "config.h"

int csc_cli_read(const struct csc_cli *cli, const char *path, size_t max, struct csc_buf *ret_bytes)
{
    struct csc_error err = {0};

    return csc_read_input(path, max, ret_bytes, &err) < 0 ? csc_cli_fail(cli, path, &err) : 0;
}

int csc_cli_load(const struct csc_cli *cli, struct csc_contract **ret_contract, struct csc_policy **ret_policy)
{
    _cleanup_contract_ struct csc_contract *contract = NULL;
    _cleanup_buf_ struct csc_buf contract_bytes = {0}, policy_bytes = {0};
    const char *contract_path = cli->parameters[0], *policy_path = cli->parameters[1];
    struct csc_error err = {0};

    if (strcmp(contract_path, "-") == 0 && strcmp(policy_path, "-") == 0)
        return csc_cli_usage(cli, "only one of CONTRACT and POLICY can be standard input");
    int code = csc_cli_read(cli, contract_path, CSC_CONTRACT_BYTES_MAX, &contract_bytes);
    if (code != 0)
        return code;
    if (csc_contract_parse(contract_bytes.data, contract_bytes.size, &contract, &err) < 0)
        return csc_cli_fail(cli, contract_path, &err);
    code = csc_cli_read(cli, policy_path, CSC_POLICY_BYTES_MAX, &policy_bytes);
    if (code != 0)
        return code;
    if (csc_policy_parse(policy_bytes.data, policy_bytes.size, ret_policy, &err) < 0)
        return csc_cli_fail(cli, policy_path, &err);
    *ret_contract = TAKE_PTR(contract);
    return 0;
}

static int validate_contract(const void *bytes, size_t size, struct csc_error *err)
{
    _cleanup_contract_ struct csc_contract *contract = NULL;
    int r = csc_contract_parse(bytes, size, &contract, err);

    return r < 0 ? r : csc_contract_check_limits(contract, err);
}

static int hash_contract(const void *bytes, size_t size, char ret_hex[CSC_SHA256_HEX], struct csc_error *err)
{
    _cleanup_contract_ struct csc_contract *contract = NULL;
    int r = csc_contract_parse(bytes, size, &contract, err);

    if (r == 0)
        memcpy(ret_hex, csc_contract_sha256(contract), CSC_SHA256_HEX);
    return r;
}

static int hash_policy(const void *bytes, size_t size, char ret_hex[CSC_SHA256_HEX], struct csc_error *err)
{
    _cleanup_policy_ struct csc_policy *policy = NULL;
    int r = csc_policy_parse(bytes, size, &policy, err);

    if (r == 0)
        memcpy(ret_hex, csc_policy_sha256(policy), CSC_SHA256_HEX);
    return r;
}

static int validate_policy(const void *bytes, size_t size, struct csc_error *err)
{
    char hex[CSC_SHA256_HEX];

    return hash_policy(bytes, size, hex, err);
}

static int hash_receipt(const void *bytes, size_t size, char ret_hex[CSC_SHA256_HEX], struct csc_error *err)
{
    _cleanup_receipt_ struct csc_receipt *receipt = NULL;
    int r = csc_receipt_parse(bytes, size, &receipt, err);

    return r < 0 ? r : csc_receipt_sha256(receipt, ret_hex, err);
}

static int validate_receipt(const void *bytes, size_t size, struct csc_error *err)
{
    char hex[CSC_SHA256_HEX];

    return hash_receipt(bytes, size, hex, err);
}

static int validate_approval(const void *bytes, size_t size, struct csc_error *err)
{
    struct csc_approval *approval = NULL;
    int r = csc_approval_parse(bytes, size, &approval, err);

    csc_approval_free(approval);
    return r;
}

static int validate_config(const void *bytes, size_t size, struct csc_error *err)
{
    struct csc_config config = {0};
    int r = csc_config_parse(bytes, size, &config, err);

    csc_config_free(&config);
    return r;
}

static const struct csc_cli_kind kinds[] = {
    {"contract", CSC_CONTRACT_BYTES_MAX, validate_contract, hash_contract},
    {"policy", CSC_POLICY_BYTES_MAX, validate_policy, hash_policy},
    {"receipt", CSC_RECEIPT_BYTES_MAX, validate_receipt, hash_receipt},
    {"decision", CSC_RECEIPT_BYTES_MAX, csc_decision_validate, NULL},
    {"approval", CSC_APPROVAL_BYTES_MAX, validate_approval, NULL},
    {"config", CSC_CONFIG_BYTES_MAX, validate_config, NULL},
};

const struct csc_cli_kind *csc_cli_kind(const struct csc_cli *cli, const char *name, bool to_hash)
{
    _cleanup_buf_ struct csc_buf known = {0};

    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        if (to_hash && !kinds[i].hash)
            continue;
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
        csc_buf_printf(&known, "%s%s", known.size > 0 ? ", " : "", kinds[i].name);
    }
    (void)csc_cli_usage(cli, "unknown kind '%s'; known: %s", name, known.failed ? "" : known.data);
    return NULL;
}
