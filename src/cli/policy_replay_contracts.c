/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/policy_replay.h"

enum { CONTRACTS_MAX = 1000000 };

static int fail_memory(const struct csc_replay_contracts *contracts)
{
    struct csc_error err = {0};

    csc_fail_memory(&err);
    return csc_cli_fail(contracts->tree.cli, NULL, &err);
}

static bool make_room(struct csc_replay_contracts *contracts)
{
    size_t capacity = contracts->capacity > 0 ? contracts->capacity * 2 : 64;

    if (contracts->count < contracts->capacity)
        return true;
    struct csc_replayed *items = reallocarray(contracts->items, capacity, sizeof(*items));
    if (!items)
        return false;
    contracts->items = items;
    contracts->capacity = capacity;
    return true;
}

static int add(struct csc_replay_contracts *contracts, const struct csc_contract *contract)
{
    _cleanup_decision_ struct csc_decision *decision = NULL;
    struct csc_error err = {0};

    if (csc_decide(contract, contracts->policy, &decision, &err) < 0)
        return csc_cli_fail(contracts->tree.cli, NULL, &err);
    const char *reason = csc_arena_copy(&contracts->tree.arena, decision->reason, strlen(decision->reason));
    if (!reason || !make_room(contracts))
        return fail_memory(contracts);
    struct csc_replayed *one = &contracts->items[contracts->count++];
    *one = (struct csc_replayed){
        .verdict = decision->verdict,
        .code = decision->code,
        .reason = reason,
        .asks_itself = contract->approval_mode != CSC_APPROVAL_POLICY_ONLY,
    };
    memcpy(one->sha256, contract->sha256, sizeof(one->sha256));
    return 0;
}

/* What is no contract lies there for another reason, such as the approval beside it. */
static int each_file(void *context, const struct csc_cli_file *file)
{
    struct csc_replay_contracts *contracts = context;
    _cleanup_contract_ struct csc_contract *contract = NULL;
    _cleanup_buf_ struct csc_buf bytes = {0};
    struct csc_error err = {0};

    if (contracts->count == CONTRACTS_MAX)
        return csc_cli_usage(contracts->tree.cli, "more than %d contracts below '%s'", CONTRACTS_MAX,
                             contracts->tree.path);
    if (csc_cli_tree_read(&contracts->tree, *file, CSC_CONTRACT_BYTES_MAX, &bytes, &err) == 0 &&
        csc_contract_parse(bytes.data, bytes.size, &contract, &err) == 0)
        return add(contracts, contract);
    if (err.code == CSC_E_INTERNAL)
        return csc_cli_fail(contracts->tree.cli, NULL, &err);
    contracts->others++;
    return 0;
}

static int compare(const void *a, const void *b)
{
    const struct csc_replayed *x = a, *y = b;

    return strcmp(x->sha256, y->sha256);
}

int csc_replay_contracts_load(const struct csc_cli *cli, const char *path, const struct csc_policy *policy,
                              struct csc_replay_contracts *ret_contracts)
{
    *ret_contracts = (struct csc_replay_contracts){.tree = CSC_CLI_TREE_NONE, .policy = policy};
    if (!path)
        return 0;
    int code = csc_cli_tree_open(cli, path, &ret_contracts->tree);
    if (code == 0)
        code = csc_cli_tree_walk(&ret_contracts->tree, each_file, ret_contracts);
    if (ret_contracts->count > 0)
        qsort(ret_contracts->items, ret_contracts->count, sizeof(*ret_contracts->items), compare);
    return code;
}

static int compare_key(const void *key, const void *item)
{
    const struct csc_replayed *one = item;

    return strcmp(key, one->sha256);
}

const struct csc_replayed *csc_replay_contracts_find(const struct csc_replay_contracts *contracts, const char *sha256)
{
    if (contracts->count == 0 || !sha256)
        return NULL;
    return bsearch(sha256, contracts->items, contracts->count, sizeof(*contracts->items), compare_key);
}

void csc_replay_contracts_free(struct csc_replay_contracts *contracts)
{
    free(contracts->items);
    csc_cli_tree_close(&contracts->tree);
}
