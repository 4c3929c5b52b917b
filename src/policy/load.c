/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "policy/match.h"
#include "policy/policy.h"

/* A policy as its text has it. */
struct text {
    int version;
    const char *name;
    struct csc_list allow_commands;
    struct csc_list deny_argv_prefixes; /* of lists of strings */
    struct csc_list allowed_effect_types;
    struct csc_list manual_approval_for_classified_effect_types;
    struct csc_list allowed_risk_classes;
    int64_t max_timeout_sec;
    int network;
    bool allow_secret_refs;
    bool require_write_paths_empty;
    struct csc_list allowed_cwd_prefixes;
    struct csc_list allowed_read_prefixes;
    struct csc_list allowed_write_prefixes;
    struct csc_list allowed_egress_hosts;
};

static const char version_field[] = "policy_schema_version";
static const char *const versions[] = {CSC_POLICY_VERSION, NULL};

#define ARRAY_OF(item_, min_, unique_)                                                                                 \
    {                                                                                                                  \
        .kind = CSC_KIND_ARRAY, .size = sizeof(struct csc_list), .min = (min_), .max = INT64_MAX, .unique = (unique_), \
        .item = (item_)                                                                                                \
    }

static const struct csc_shape version = {.kind = CSC_KIND_ENUM, .size = sizeof(int), .names = versions};
static const struct csc_shape network = {.kind = CSC_KIND_ENUM, .size = sizeof(int), .names = csc_network_names};
static const struct csc_shape effect = {.kind = CSC_KIND_ENUM, .size = sizeof(int), .names = csc_effect_names};
static const struct csc_shape risk = {.kind = CSC_KIND_ENUM, .size = sizeof(int), .names = csc_risk_names};
static const struct csc_shape seconds = {.kind = CSC_KIND_INT, .size = sizeof(int64_t), .min = 1, .max = INT64_MAX};
static const struct csc_shape commands = ARRAY_OF(&csc_shape_text, 1, true);
static const struct csc_shape unique_texts = ARRAY_OF(&csc_shape_text, 0, true);
static const struct csc_shape argv = ARRAY_OF(&csc_shape_text, 1, false);
static const struct csc_shape argvs = ARRAY_OF(&argv, 0, false);
static const struct csc_shape effects = ARRAY_OF(&effect, 1, true);
static const struct csc_shape risks = ARRAY_OF(&risk, 1, true);
static const struct csc_shape some_paths = ARRAY_OF(&csc_shape_path, 1, false);
static const struct csc_shape paths = ARRAY_OF(&csc_shape_path, 0, false);

/* Protocol section 1.2. */
static const struct csc_field fields[] = {
    {version_field, &version, offsetof(struct text, version), SIZE_MAX, true},
    CSC_REQUIRED(text, name, &csc_shape_text),
    CSC_REQUIRED(text, allow_commands, &commands),
    CSC_OPTIONAL(text, deny_argv_prefixes, &argvs),
    CSC_REQUIRED(text, allowed_effect_types, &effects),
    CSC_OPTIONAL(text, manual_approval_for_classified_effect_types, &unique_texts),
    CSC_REQUIRED(text, allowed_risk_classes, &risks),
    CSC_REQUIRED(text, max_timeout_sec, &seconds),
    CSC_REQUIRED(text, network, &network),
    CSC_REQUIRED(text, allow_secret_refs, &csc_shape_bool),
    CSC_OPTIONAL(text, require_write_paths_empty, &csc_shape_bool),
    CSC_REQUIRED(text, allowed_cwd_prefixes, &some_paths),
    CSC_REQUIRED(text, allowed_read_prefixes, &some_paths),
    CSC_OPTIONAL(text, allowed_write_prefixes, &paths),
    CSC_OPTIONAL(text, allowed_egress_hosts, &unique_texts),
    CSC_FIELDS_END,
};
static const struct csc_shape shape = {.kind = CSC_KIND_OBJECT, .size = sizeof(struct text), .fields = fields};

static struct csc_names names_of(const struct csc_list *list)
{
    return (struct csc_names){.items = list->items, .count = list->count};
}

static unsigned bits_of(const struct csc_list *list)
{
    const int *items = list->items;
    unsigned bits = 0;

    for (size_t i = 0; i < list->count; i++)
        bits |= 1U << items[i];
    return bits;
}

static int set_argv_prefixes(struct csc_policy *policy, const struct csc_list *list, struct csc_error *err)
{
    const struct csc_list *items = list->items;

    policy->deny_argv_prefixes = csc_arena_array(&policy->arena, list->count, sizeof(*policy->deny_argv_prefixes));
    if (!policy->deny_argv_prefixes)
        return csc_fail_memory(err);
    policy->deny_argv_prefix_count = list->count;
    for (size_t i = 0; i < list->count; i++)
        policy->deny_argv_prefixes[i] = (struct csc_argv){.items = items[i].items, .count = items[i].count};
    return 0;
}

static int fill(struct csc_policy *policy, const struct text *text, struct csc_error *err)
{
    policy->name = text->name;
    policy->allow_commands = names_of(&text->allow_commands);
    policy->allowed_effects = bits_of(&text->allowed_effect_types);
    policy->allowed_risks = bits_of(&text->allowed_risk_classes);
    policy->manual_approval_effects = names_of(&text->manual_approval_for_classified_effect_types);
    policy->max_timeout_sec = text->max_timeout_sec;
    policy->network = (enum csc_network)text->network;
    policy->allow_secret_refs = text->allow_secret_refs;
    policy->require_write_paths_empty = text->require_write_paths_empty;
    policy->cwd_prefixes = names_of(&text->allowed_cwd_prefixes);
    policy->read_prefixes = names_of(&text->allowed_read_prefixes);
    policy->write_prefixes = names_of(&text->allowed_write_prefixes);
    policy->egress_hosts = names_of(&text->allowed_egress_hosts);
    struct csc_names *const prefixes[] = {&policy->cwd_prefixes, &policy->read_prefixes, &policy->write_prefixes};
    for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
        int r = csc_prefixes_sort(&policy->arena, prefixes[i], err);
        if (r < 0)
            return r;
    }
    return set_argv_prefixes(policy, &text->deny_argv_prefixes, err);
}

static int load(struct csc_policy *policy, const void *bytes, size_t size, struct csc_error *err)
{
    struct csc_value root = {0};
    struct text text = {0};

    if (size > CSC_POLICY_BYTES_MAX)
        return csc_fail(err, CSC_E_DATA, "larger than the %zu bytes allowed; shorten the policy", CSC_POLICY_BYTES_MAX);
    int r = csc_yaml_parse(&policy->arena, bytes, size, &root, err);
    if (r == 0)
        r = csc_decode_version(&root, version_field, CSC_POLICY_VERSION, err);
    if (r == 0)
        r = csc_decode(&policy->arena, &root, &shape, &text, err);
    if (r == 0)
        r = fill(policy, &text, err);
    return r == 0 ? csc_canon_sha256(&root, policy->sha256, err) : r;
}

void csc_policy_free(struct csc_policy *policy)
{
    if (!policy)
        return;
    csc_arena_free(&policy->arena);
    free(policy);
}

static void free_cleanup(struct csc_policy **policy)
{
    csc_policy_free(*policy);
}

int csc_policy_parse(const void *bytes, size_t size, struct csc_policy **ret_policy, struct csc_error *err)
{
    _cleanup_(free_cleanup) struct csc_policy *policy = calloc(1, sizeof(*policy));

    int r = policy ? load(policy, bytes, size, err) : csc_fail_memory(err);
    if (r < 0)
        return csc_error_in_stage(err, "policy", r);
    *ret_policy = TAKE_PTR(policy);
    return 0;
}

const char *csc_policy_name(const struct csc_policy *policy)
{
    return policy->name;
}

const char *csc_policy_sha256(const struct csc_policy *policy)
{
    return policy->sha256;
}
