/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/pack.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/policy.h"

/* A pack as its text has it. */
struct expect_text {
    int decision;
    const char *reason_code;
    struct csc_list classified;
    bool has_classified;
};

struct case_text {
    const char *name, *policy, *contract, *shell, *cwd;
    struct csc_list argv, read_paths, write_paths, secret_refs;
    int network, risk_class;
    bool has_network, has_risk_class;
    int64_t timeout_sec;
    struct expect_text expect;
};

struct policy_text {
    const char *name, *file;
};

struct text {
    const char *name, *policy;
    struct csc_list policies; /* of struct policy_text */
    struct csc_list cases;    /* of struct case_text */
};

enum { TIMEOUT_MAX = 86400 };

static const struct csc_shape verdict = {.kind = CSC_KIND_ENUM, .size = sizeof(int), .names = csc_verdict_names};
static const struct csc_shape network = {.kind = CSC_KIND_ENUM, .size = sizeof(int), .names = csc_network_names};
static const struct csc_shape risk = {.kind = CSC_KIND_ENUM, .size = sizeof(int), .names = csc_risk_names};
static const struct csc_shape seconds = {.kind = CSC_KIND_INT, .size = sizeof(int64_t), .min = 1, .max = TIMEOUT_MAX};
static const struct csc_shape argv = {
    .kind = CSC_KIND_ARRAY, .size = sizeof(struct csc_list), .min = 1, .max = INT64_MAX, .item = &csc_shape_text};
static const struct csc_shape paths = {
    .kind = CSC_KIND_ARRAY, .size = sizeof(struct csc_list), .max = INT64_MAX, .item = &csc_shape_path};

static const struct csc_field expect_fields[] = {
    CSC_REQUIRED(expect_text, decision, &verdict),
    CSC_OPTIONAL(expect_text, reason_code, &csc_shape_text),
    CSC_OPTIONAL_FLAG(expect_text, classified, &csc_shape_texts, has_classified),
    CSC_FIELDS_END,
};
static const struct csc_shape expect = {
    .kind = CSC_KIND_OBJECT, .size = sizeof(struct expect_text), .fields = expect_fields};

static const struct csc_field case_fields[] = {
    CSC_REQUIRED(case_text, name, &csc_shape_text),
    CSC_OPTIONAL(case_text, policy, &csc_shape_text),
    CSC_OPTIONAL(case_text, contract, &csc_shape_text),
    CSC_OPTIONAL(case_text, shell, &csc_shape_text),
    CSC_OPTIONAL(case_text, argv, &argv),
    CSC_OPTIONAL(case_text, cwd, &csc_shape_path),
    CSC_OPTIONAL(case_text, read_paths, &paths),
    CSC_OPTIONAL(case_text, write_paths, &paths),
    CSC_OPTIONAL(case_text, secret_refs, &csc_shape_texts),
    CSC_OPTIONAL_FLAG(case_text, network, &network, has_network),
    CSC_OPTIONAL_FLAG(case_text, risk_class, &risk, has_risk_class),
    CSC_OPTIONAL(case_text, timeout_sec, &seconds),
    CSC_REQUIRED(case_text, expect, &expect),
    CSC_FIELDS_END,
};
static const struct csc_shape one_case = {
    .kind = CSC_KIND_OBJECT, .size = sizeof(struct case_text), .fields = case_fields};
static const struct csc_shape cases = {
    .kind = CSC_KIND_ARRAY, .size = sizeof(struct csc_list), .min = 1, .max = INT64_MAX, .item = &one_case};

static const struct csc_field policy_fields[] = {
    CSC_REQUIRED(policy_text, name, &csc_shape_text),
    CSC_REQUIRED(policy_text, file, &csc_shape_text),
    CSC_FIELDS_END,
};
static const struct csc_shape one_policy = {
    .kind = CSC_KIND_OBJECT, .size = sizeof(struct policy_text), .fields = policy_fields};
static const struct csc_shape policies = {
    .kind = CSC_KIND_ARRAY, .size = sizeof(struct csc_list), .min = 1, .max = INT64_MAX, .item = &one_policy};

static const struct csc_field fields[] = {
    CSC_REQUIRED(text, name, &csc_shape_text),
    CSC_OPTIONAL(text, policy, &csc_shape_text),
    CSC_OPTIONAL(text, policies, &policies),
    CSC_REQUIRED(text, cases, &cases),
    CSC_FIELDS_END,
};
static const struct csc_shape shape = {.kind = CSC_KIND_OBJECT, .size = sizeof(struct text), .fields = fields};

/* What is under construction. */
struct packing {
    struct csc_pack *pack;
    struct csc_value root;
    struct text text;
    struct csc_error *err;
};

/* A mapping of names to files is read as a list of both: tables know no keys that are free. Keys are unique already. */
static int list_policies(struct packing *packing)
{
    struct csc_arena *arena = &packing->pack->arena;
    struct csc_value *map = NULL;

    for (size_t i = 0; i < packing->root.count; i++)
        if (strcmp(packing->root.members[i].key, "policies") == 0)
            map = &packing->root.members[i].value;
    if (!map)
        return 0;
    if (map->type != CSC_OBJECT)
        return csc_fail_value(packing->err, map, "policies", "%s where names with their files are expected",
                              csc_type_name(map->type));
    struct csc_value *items = csc_arena_array(arena, map->count, sizeof(*items));
    if (!items)
        return csc_fail_memory(packing->err);
    for (size_t i = 0; i < map->count; i++) {
        struct csc_object object;
        const struct csc_member *member = &map->members[i];
        csc_object_begin(&object, arena, 2);
        csc_object_string(&object, "name", member->key);
        csc_object_value(&object, "file", member->value);
        int r = csc_object_end(&object, &items[i], packing->err);
        if (r < 0)
            return r;
        items[i].line = member->value.line;
        items[i].column = member->value.column;
    }
    *map = (struct csc_value){
        .type = CSC_ARRAY, .line = map->line, .column = map->column, .count = map->count, .items = items};
    return 0;
}

/* CSC_E_DATA in a case. */
__attribute__((format(printf, 4, 5))) static int fail_case(const struct packing *packing, size_t i, const char *field,
                                                           const char *format, ...)
{
    const struct csc_value *all = csc_value_get(&packing->root, "cases");
    const struct csc_value *at = csc_value_get(&all->items[i], field);
    char path[64], words[200];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(words, sizeof(words), format, args);
    va_end(args);
    (void)snprintf(path, sizeof(path), "cases[%zu].%s", i, field);
    return csc_fail_value(packing->err, at ? at : &all->items[i], path, "%s", words);
}

static int set_policies(struct packing *packing)
{
    struct csc_pack *pack = packing->pack;
    const struct text *text = &packing->text;
    const struct policy_text *items = text->policies.items;

    if ((text->policy != NULL) == (text->policies.count > 0))
        return csc_fail_value(packing->err, &packing->root, "policy",
                              "exactly one of policy and policies is needed; name a file, or names with their files");
    pack->policy_count = text->policy ? 1 : text->policies.count;
    pack->policies = csc_arena_array(&pack->arena, pack->policy_count, sizeof(*pack->policies));
    if (!pack->policies)
        return csc_fail_memory(packing->err);
    if (text->policy)
        pack->policies[0] = (struct csc_pack_policy){"", text->policy};
    for (size_t i = 0; i < text->policies.count; i++)
        pack->policies[i] = (struct csc_pack_policy){items[i].name, items[i].file};
    return 0;
}

static int find_policy(const struct packing *packing, size_t i, const struct case_text *text, size_t *ret_policy)
{
    const struct csc_pack *pack = packing->pack;

    if (!text->policy && pack->policy_count == 1) {
        *ret_policy = 0;
        return 0;
    }
    if (!text->policy)
        return fail_case(packing, i, "policy", "missing, and the pack has several; name one of them");
    for (size_t k = 0; k < pack->policy_count; k++)
        if (strcmp(pack->policies[k].name, text->policy) == 0) {
            *ret_policy = k;
            return 0;
        }
    return fail_case(packing, i, "policy", "'%.60s' is none of the pack's policies; name one of them", text->policy);
}

static int find_code(const struct packing *packing, size_t i, const char *name, int *ret_code)
{
    *ret_code = -1;
    for (int code = 0; name && code < CSC_REASON_COUNT; code++)
        if (strcmp(csc_reason_name((enum csc_reason)code), name) == 0)
            *ret_code = code;
    if (name && *ret_code < 0)
        return fail_case(packing, i, "expect", "'%.60s' is no reason code; see docs/reason-codes.md", name);
    return 0;
}

/* What a contract says by itself. */
static const char *extra_field(const struct case_text *text)
{
    if (text->cwd)
        return "cwd";
    if (text->read_paths.count > 0)
        return "read_paths";
    if (text->write_paths.count > 0)
        return "write_paths";
    if (text->secret_refs.count > 0)
        return "secret_refs";
    if (text->has_network)
        return "network";
    if (text->has_risk_class)
        return "risk_class";
    return text->timeout_sec > 0 ? "timeout_sec" : NULL;
}

static int check_case(const struct packing *packing, size_t i, const struct case_text *text)
{
    int forms = (text->contract != NULL) + (text->shell != NULL) + (text->argv.count > 0);
    const char *extra = extra_field(text);

    if (forms != 1)
        return fail_case(packing, i, "contract", "exactly one of contract, shell and argv is needed; give one");
    if (text->contract && extra)
        return fail_case(packing, i, extra, "a contract says that itself; leave it out, or give argv or shell");
    if (!text->contract && !text->cwd)
        return fail_case(packing, i, "cwd", "missing; say where the command is to run");
    return 0;
}

static int set_case(struct packing *packing, size_t i, const struct case_text *text)
{
    struct csc_pack_case *one = &packing->pack->cases[i];
    size_t policy = 0;
    int code = -1;

    int r = check_case(packing, i, text);
    if (r == 0)
        r = find_policy(packing, i, text, &policy);
    if (r == 0)
        r = find_code(packing, i, text->expect.reason_code, &code);
    if (r < 0)
        return r;
    *one = (struct csc_pack_case){
        .name = text->name,
        .policy = policy,
        .contract = text->contract,
        .shell = text->shell,
        .argv = {text->argv.items, text->argv.count},
        .cwd = text->cwd,
        .network = text->has_network ? text->network : -1,
        .risk = text->has_risk_class ? text->risk_class : -1,
        .timeout_sec = text->timeout_sec,
        .read_paths = text->read_paths.items,
        .write_paths = text->write_paths.items,
        .secret_refs = text->secret_refs.items,
        .read_path_count = text->read_paths.count,
        .write_path_count = text->write_paths.count,
        .secret_ref_count = text->secret_refs.count,
        .verdict = text->expect.decision,
        .code = code,
        .classified = text->expect.has_classified ? text->expect.classified.items : NULL,
        .classified_count = text->expect.classified.count,
    };
    return 0;
}

static int set_cases(struct packing *packing)
{
    struct csc_pack *pack = packing->pack;
    const struct case_text *items = packing->text.cases.items;

    pack->case_count = packing->text.cases.count;
    pack->cases = csc_arena_array(&pack->arena, pack->case_count, sizeof(*pack->cases));
    if (!pack->cases)
        return csc_fail_memory(packing->err);
    for (size_t i = 0; i < pack->case_count; i++) {
        int r = set_case(packing, i, &items[i]);
        if (r < 0)
            return r;
    }
    return 0;
}

static int load(struct packing *packing, const void *bytes, size_t size)
{
    struct csc_arena *arena = &packing->pack->arena;

    if (size > CSC_PACK_BYTES_MAX)
        return csc_fail(packing->err, CSC_E_DATA, "larger than the %zu bytes allowed; make several packs of it",
                        CSC_PACK_BYTES_MAX);
    int r = csc_yaml_parse(arena, bytes, size, &packing->root, packing->err);
    if (r == 0)
        r = list_policies(packing);
    if (r == 0)
        r = csc_decode(arena, &packing->root, &shape, &packing->text, packing->err);
    if (r == 0)
        packing->pack->name = packing->text.name;
    if (r == 0)
        r = set_policies(packing);
    return r == 0 ? set_cases(packing) : r;
}

static void free_pack(struct csc_pack **pack)
{
    csc_pack_free(*pack);
}

int csc_pack_parse(const void *bytes, size_t size, struct csc_pack **ret_pack, struct csc_error *err)
{
    _cleanup_(free_pack) struct csc_pack *pack = calloc(1, sizeof(*pack));
    struct packing packing = {.pack = pack, .err = err};

    int r = pack ? load(&packing, bytes, size) : csc_fail_memory(err);
    if (r < 0)
        return csc_error_in_stage(err, "pack", r);
    *ret_pack = TAKE_PTR(pack);
    return 0;
}

void csc_pack_free(struct csc_pack *pack)
{
    if (!pack)
        return;
    csc_arena_free(&pack->arena);
    free(pack);
}
