/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/policy_pack.h"

#include <string.h>

enum { PACKS_MAX = 1000 };

static const char pack_file[] = "pack.yaml";

/* Of a file, beneath the folder of all packs, as it is called in messages. */
static char *shown(struct csc_packs *packs, const char *folder, const char *file)
{
    return csc_cli_tree_name(&packs->tree, folder, file);
}

static int fail_memory(const struct csc_packs *packs)
{
    struct csc_error err = {0};

    csc_fail_memory(&err);
    return csc_cli_fail(packs->cli, NULL, &err);
}

static int read_file(struct csc_packs *packs, const char *folder, const char *file, size_t max,
                     struct csc_buf *ret_bytes)
{
    struct csc_error err = {0};

    if (csc_cli_tree_read(&packs->tree, (struct csc_cli_file){folder, file}, max, ret_bytes, &err) == 0)
        return 0;
    const char *name = shown(packs, folder, file);
    return name ? csc_cli_fail(packs->cli, name, &err) : fail_memory(packs);
}

static int load_policy(struct csc_packs *packs, struct csc_loaded_pack *loaded, size_t i)
{
    _cleanup_buf_ struct csc_buf bytes = {0};
    const char *file = loaded->pack->policies[i].file;
    struct csc_error err = {0};

    int code = read_file(packs, loaded->folder, file, CSC_POLICY_BYTES_MAX, &bytes);
    if (code != 0)
        return code;
    if (csc_policy_parse(bytes.data, bytes.size, &loaded->policies[i], &err) == 0)
        return 0;
    const char *name = shown(packs, loaded->folder, file);
    return name ? csc_cli_fail(packs->cli, name, &err) : fail_memory(packs);
}

static int load_contract(struct csc_packs *packs, struct csc_loaded_pack *loaded, size_t i)
{
    _cleanup_buf_ struct csc_buf bytes = {0};
    const char *file = loaded->pack->cases[i].contract;
    struct csc_error err = {0};

    if (!file)
        return 0;
    int code = read_file(packs, loaded->folder, file, CSC_CONTRACT_BYTES_MAX, &bytes);
    if (code != 0)
        return code;
    if (csc_contract_parse(bytes.data, bytes.size, &loaded->contracts[i], &err) == 0 &&
        csc_contract_check_limits(loaded->contracts[i], &err) == 0)
        return 0;
    const char *name = shown(packs, loaded->folder, file);
    return name ? csc_cli_fail(packs->cli, name, &err) : fail_memory(packs);
}

static int load_named(struct csc_packs *packs, struct csc_loaded_pack *loaded)
{
    const struct csc_pack *pack = loaded->pack;
    int code = 0;

    loaded->policies = csc_arena_array(&packs->arena, pack->policy_count, sizeof(struct csc_policy *));
    loaded->contracts = csc_arena_array(&packs->arena, pack->case_count, sizeof(struct csc_contract *));
    loaded->results = csc_arena_array(&packs->arena, pack->case_count, sizeof(*loaded->results));
    if (!loaded->policies || !loaded->contracts || !loaded->results)
        return fail_memory(packs);
    for (size_t i = 0; i < pack->policy_count && code == 0; i++)
        code = load_policy(packs, loaded, i);
    for (size_t i = 0; i < pack->case_count && code == 0; i++)
        code = load_contract(packs, loaded, i);
    packs->cases += pack->case_count;
    return code;
}

static bool make_room(struct csc_packs *packs)
{
    size_t capacity = packs->capacity > 0 ? packs->capacity * 2 : 16;

    if (packs->count < packs->capacity)
        return true;
    struct csc_loaded_pack *items = csc_arena_array(&packs->arena, capacity, sizeof(*items));
    if (!items)
        return false;
    if (packs->count > 0)
        memcpy(items, packs->items, packs->count * sizeof(*items));
    packs->items = items;
    packs->capacity = capacity;
    return true;
}

static int load_pack(struct csc_packs *packs, const char *folder)
{
    _cleanup_buf_ struct csc_buf bytes = {0};
    struct csc_error err = {0};
    struct csc_pack *pack = NULL;
    const char *name = shown(packs, folder, pack_file);

    if (!name || !make_room(packs))
        return fail_memory(packs);
    if (packs->count == PACKS_MAX)
        return csc_cli_usage(packs->cli, "more than %d packs below '%s'", PACKS_MAX, packs->path);
    int code = read_file(packs, folder, pack_file, CSC_PACK_BYTES_MAX, &bytes);
    if (code != 0)
        return code;
    if (csc_pack_parse(bytes.data, bytes.size, &pack, &err) < 0)
        return csc_cli_fail(packs->cli, name, &err);
    struct csc_loaded_pack *loaded = &packs->items[packs->count++];
    *loaded = (struct csc_loaded_pack){.folder = folder, .pack = pack};
    return load_named(packs, loaded);
}

static int each_file(void *context, const struct csc_cli_file *file)
{
    return strcmp(file->name, pack_file) == 0 ? load_pack(context, file->folder) : 0;
}

int csc_packs_load(const struct csc_cli *cli, const char *path, struct csc_packs *ret_packs)
{
    struct csc_error err = {0};

    *ret_packs = (struct csc_packs){.cli = cli, .path = path};
    int code = csc_cli_tree_open(cli, path, &ret_packs->tree);
    if (code == 0)
        code = csc_cli_tree_walk(&ret_packs->tree, each_file, ret_packs);
    if (code != 0 || ret_packs->count > 0)
        return code;
    csc_fail(&err, CSC_E_INPUT, "there is no pack.yaml in or below it; see csc-policy(1) for what to write");
    return csc_cli_fail(cli, path, &err);
}

void csc_packs_free(struct csc_packs *packs)
{
    for (size_t i = 0; i < packs->count; i++) {
        struct csc_loaded_pack *loaded = &packs->items[i];
        for (size_t k = 0; loaded->policies && k < loaded->pack->policy_count; k++)
            csc_policy_free(loaded->policies[k]);
        for (size_t k = 0; loaded->contracts && k < loaded->pack->case_count; k++)
            csc_contract_free(loaded->contracts[k]);
        csc_pack_free(loaded->pack);
    }
    csc_cli_tree_close(&packs->tree);
    csc_arena_free(&packs->arena);
}
