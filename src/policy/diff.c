/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "policy/classify.h"
#include "policy/match.h"
#include "policy/policy.h"
#include "policy/tell.h"

const char *const csc_change_names[] = {
    [CSC_CHANGE_MORE] = "more",
    [CSC_CHANGE_LESS] = "less",
    [CSC_CHANGE_NEITHER] = "neither",
    NULL,
};

/* One direction of the comparison: what `to` has and `from` has not. Seen from the second policy it is more, seen from
 * the first it is less. */
struct side {
    const struct csc_policy *from, *to;
    enum csc_change_kind kind;
};

/* The denials of a policy, sorted, without those that a shorter one covers: no two of them cover each other then, and
 * what covers an argv is the last that doesn't stand behind it. */
struct denials {
    const struct csc_argv **items;
    size_t count;
};

struct diffing {
    struct csc_policy_diff *diff;
    struct side side;
    struct csc_buf text; /* of the change being written */
    bool failed;
    struct denials refused;                     /* by the policy whose commands are added */
    const struct csc_extension_rule *extension; /* that hosts are looked at for */
    size_t comparisons;                         /* of hosts with each other, for it */
};

/* Threat: two lists of 100,000 hosts. */
enum { COMPARISONS_MAX = 1000000 };

static bool make_room(struct csc_policy_diff *diff)
{
    size_t capacity = diff->capacity > 0 ? diff->capacity * 2 : 32;

    if (diff->count < diff->capacity)
        return true;
    struct csc_policy_change *changes = csc_arena_array(&diff->arena, capacity, sizeof(*changes));
    if (!changes)
        return false;
    if (diff->count > 0)
        memcpy(changes, diff->changes, diff->count * sizeof(*changes));
    diff->changes = changes;
    diff->capacity = capacity;
    return true;
}

/* What was written to `text` is a change of this field. */
static void add(struct diffing *diffing, const char *field, enum csc_change_kind kind)
{
    struct csc_policy_diff *diff = diffing->diff;
    struct csc_buf *text = &diffing->text;
    const char *copy = text->failed || !text->data ? NULL : csc_arena_copy(&diff->arena, text->data, text->size);

    csc_buf_free(text);
    if (!copy || !make_room(diff)) {
        diffing->failed = true;
        return;
    }
    diff->changes[diff->count++] = (struct csc_policy_change){kind, field, copy};
    diff->counts[kind]++;
}

/* ---- names -------------------------------------------------------------------------------------------------- */

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted, so that two long lists are compared quickly. NULL: no memory. */
static const char **sorted(struct diffing *diffing, const struct csc_names *names)
{
    const char **items = csc_arena_array(&diffing->diff->arena, names->count, sizeof(*items));

    if (!items) {
        diffing->failed = true;
        return NULL;
    }
    if (names->count > 0) {
        memcpy(items, names->items, names->count * sizeof(*items));
        qsort(items, names->count, sizeof(*items), compare_names);
    }
    return items;
}

static bool has(const char *const *items, size_t count, const char *name)
{
    return count > 0 && bsearch(&name, items, count, sizeof(*items), compare_names);
}

/* Calls `each` for the names of the second list that are not in the first. */
static void added_names(struct diffing *diffing, const struct csc_names *from, const struct csc_names *to,
                        void (*each)(struct diffing *diffing, const char *name))
{
    const char **known = sorted(diffing, from);

    for (size_t i = 0; known && i < to->count && !diffing->failed; i++)
        if (!has(known, from->count, to->items[i]))
            each(diffing, to->items[i]);
}

/* ---- commands and what of them is refused ------------------------------------------------------------------- */

static void put_argv(struct csc_buf *text, const struct csc_argv *argv)
{
    _cleanup_buf_ struct csc_buf line = {0};

    for (size_t i = 0; i < argv->count; i++) {
        csc_buf_puts(&line, i > 0 ? " " : "");
        csc_buf_puts(&line, argv->items[i]);
    }
    if (line.failed)
        text->failed = true;
    else
        csc_tell_quoted(text, line.data);
}

enum {
    EXCEPTIONS = 8,  /* that are named */
    EXPLAINED = 100, /* changes of a field that are told more of. Threat: lists of 100,000 entries */
};

static void put_exceptions(struct csc_buf *text, const struct csc_policy *policy, const char *program)
{
    size_t count = 0;

    for (size_t i = 0; i < policy->deny_argv_prefix_count; i++) {
        const struct csc_argv *argv = &policy->deny_argv_prefixes[i];
        if (strcmp(argv->items[0], program) != 0)
            continue;
        if (count++ < EXCEPTIONS) {
            csc_buf_puts(text, count == 1 ? ", but not " : ", ");
            put_argv(text, argv);
        }
    }
    if (count > EXCEPTIONS)
        csc_buf_printf(text, " and %zu more", count - EXCEPTIONS);
}

static int compare_argvs(const void *a, const void *b)
{
    const struct csc_argv *x = *(const struct csc_argv *const *)a, *y = *(const struct csc_argv *const *)b;

    for (size_t i = 0; i < x->count && i < y->count; i++) {
        int order = strcmp(x->items[i], y->items[i]);
        if (order != 0)
            return order;
    }
    return (x->count > y->count) - (x->count < y->count);
}

static struct denials denials_of(struct diffing *diffing, const struct csc_policy *policy)
{
    struct denials denials = {
        .items = csc_arena_array(&diffing->diff->arena, policy->deny_argv_prefix_count, sizeof(*denials.items))};

    if (!denials.items) {
        diffing->failed = true;
        return denials;
    }
    for (size_t i = 0; i < policy->deny_argv_prefix_count; i++)
        denials.items[i] = &policy->deny_argv_prefixes[i];
    if (policy->deny_argv_prefix_count > 0)
        qsort(denials.items, policy->deny_argv_prefix_count, sizeof(*denials.items), compare_argvs);
    for (size_t i = 0; i < policy->deny_argv_prefix_count; i++)
        if (denials.count == 0 || !csc_argv_begins_with(denials.items[i], denials.items[denials.count - 1]))
            denials.items[denials.count++] = denials.items[i];
    return denials;
}

static bool covers(const struct denials *denials, const struct csc_argv *argv)
{
    size_t first = 0, end = denials->count;

    while (first < end) {
        size_t middle = first + (end - first) / 2;
        if (compare_argvs(&denials->items[middle], &argv) <= 0)
            first = middle + 1;
        else
            end = middle;
    }
    return first > 0 && csc_argv_begins_with(argv, denials->items[first - 1]);
}

/* What `from` refuses of programs that both allow, and `to` no longer does. */
static void compare_denials(struct diffing *diffing)
{
    const struct side *side = &diffing->side;
    const struct denials gone = denials_of(diffing, side->from), kept = denials_of(diffing, side->to);
    const char **from = sorted(diffing, &side->from->allow_commands), **to = sorted(diffing, &side->to->allow_commands);

    for (size_t i = 0; i < gone.count && !diffing->failed; i++) {
        const char *program = gone.items[i]->items[0];
        if (covers(&kept, gone.items[i]) || !has(from, side->from->allow_commands.count, program) ||
            !has(to, side->to->allow_commands.count, program))
            continue;
        put_argv(&diffing->text, gone.items[i]);
        csc_buf_puts(&diffing->text, side->kind == CSC_CHANGE_MORE ? " is no longer refused" : " is refused");
        add(diffing, "deny_argv_prefixes", side->kind);
    }
}

/* What is allowed and refused whole doesn't run. */
static bool is_refused(const struct diffing *diffing, const char *name)
{
    char *const word = (char *)name; /* which is only compared */

    return covers(&diffing->refused, &(struct csc_argv){.items = (char *[]){word}, .count = 1});
}

static void add_command(struct diffing *diffing, const char *name)
{
    bool refused = is_refused(diffing, name);

    csc_tell_quoted(&diffing->text, name);
    if (refused)
        csc_buf_puts(&diffing->text, ", which deny_argv_prefixes refuses whatever its arguments");
    else if (diffing->diff->count < EXPLAINED)
        put_exceptions(&diffing->text, diffing->side.to, name);
    add(diffing, "allow_commands", refused ? CSC_CHANGE_NEITHER : diffing->side.kind);
}

static void compare_commands(struct diffing *diffing)
{
    diffing->refused = denials_of(diffing, diffing->side.to);
    added_names(diffing, &diffing->side.from->allow_commands, &diffing->side.to->allow_commands, add_command);
}

/* ---- effects, approvals, risks ------------------------------------------------------------------------------ */

static bool asks(const struct csc_policy *policy, const char *effect)
{
    return csc_names_contain(&policy->manual_approval_effects, effect);
}

static void compare_effects(struct diffing *diffing)
{
    const struct side *side = &diffing->side;

    for (int i = 0; csc_effect_names[i]; i++) {
        unsigned bit = 1U << i;
        if (!(side->to->allowed_effects & bit) || side->from->allowed_effects & bit)
            continue;
        csc_buf_puts(&diffing->text, csc_effect_names[i]);
        csc_buf_puts(&diffing->text, asks(side->to, csc_effect_names[i]) ? ", after approval" : "");
        add(diffing, "allowed_effect_types", side->kind);
    }
}

/* `name` is asked about by `from`, and not by `to`. Where one of the two denies the effect, nobody is asked, and
 * allowed_effect_types tells it all; where `to` asks about all of its core effect, it asks about this one. */
static void add_approval(struct diffing *diffing, const char *name)
{
    const struct side *side = &diffing->side;
    int core = csc_effect_core(name);

    if (core < 0 || !(side->from->allowed_effects & side->to->allowed_effects & 1U << core) ||
        asks(side->to, csc_effect_names[core]))
        return;
    csc_tell_quoted(&diffing->text, name);
    csc_buf_puts(&diffing->text,
                 diffing->side.kind == CSC_CHANGE_MORE ? " needs no approval any more" : " needs approval");
    add(diffing, "manual_approval_for_classified_effect_types", diffing->side.kind);
}

static void compare_approvals(struct diffing *diffing)
{
    added_names(diffing, &diffing->side.to->manual_approval_effects, &diffing->side.from->manual_approval_effects,
                add_approval);
}

static void compare_risks(struct diffing *diffing)
{
    const struct side *side = &diffing->side;

    for (int i = 0; csc_risk_names[i]; i++) {
        if (!(side->to->allowed_risks & ~side->from->allowed_risks & 1U << i))
            continue;
        csc_buf_puts(&diffing->text, csc_risk_names[i]);
        add(diffing, "allowed_risk_classes", side->kind);
    }
}

/* ---- limits ------------------------------------------------------------------------------------------------- */

/* The most that a contract can ask for (protocol section 1.1): what is allowed beyond that, nobody gets. */
enum { TIMEOUT_MAX = 86400 };

static void compare_timeouts(struct diffing *diffing)
{
    const struct side *side = &diffing->side;
    bool is_second = side->kind == CSC_CHANGE_MORE;

    if (side->to->max_timeout_sec <= side->from->max_timeout_sec || side->from->max_timeout_sec >= TIMEOUT_MAX)
        return;
    csc_buf_printf(&diffing->text, "%" PRId64 " s, was %" PRId64 " s",
                   (is_second ? side->to : side->from)->max_timeout_sec,
                   (is_second ? side->from : side->to)->max_timeout_sec);
    add(diffing, "max_timeout_sec", side->kind);
}

static void compare_networks(struct diffing *diffing)
{
    const struct side *side = &diffing->side;
    bool is_second = side->kind == CSC_CHANGE_MORE;

    if (side->to->network <= side->from->network)
        return;
    csc_buf_printf(&diffing->text, "%s, was %s", csc_network_names[(is_second ? side->to : side->from)->network],
                   csc_network_names[(is_second ? side->from : side->to)->network]);
    add(diffing, "network", side->kind);
}

/* Hosts count where the level is allowlisted; a host that both levels let through is no change. */
static void add_host(struct diffing *diffing, const char *name)
{
    const struct side *side = &diffing->side;
    bool counts = side->to->network == CSC_NETWORK_ALLOWLISTED && side->from->network != CSC_NETWORK_FULL;

    csc_tell_quoted(&diffing->text, name);
    if (!counts)
        csc_buf_puts(&diffing->text, side->kind == CSC_CHANGE_MORE ? " is listed, without effect on the network"
                                                                   : " is not listed, without effect on the network");
    add(diffing, "allowed_egress_hosts", counts ? side->kind : CSC_CHANGE_NEITHER);
}

static void compare_hosts(struct diffing *diffing)
{
    added_names(diffing, &diffing->side.from->egress_hosts, &diffing->side.to->egress_hosts, add_host);
}

/* A listed host that stands in this one is found wherever this one is. Where the comparisons are used up, there is
 * none: then more is told, not less. */
static bool is_still_named(struct diffing *diffing, const char *host)
{
    const struct csc_names *hosts = &diffing->side.to->egress_hosts;

    for (size_t i = 0; i < hosts->count && diffing->comparisons < COMPARISONS_MAX; i++, diffing->comparisons++)
        if (csc_extension_has_host(diffing->extension, hosts->items[i]) && csc_ascii_find(host, hosts->items[i]))
            return true;
    return false;
}

/* Threat: classification knows some effects by the hosts that a policy lists, so that one host less is one approval
 * less, be the network what it may. */
static void add_asking_host(struct diffing *diffing, const char *name)
{
    bool is_more = diffing->side.kind == CSC_CHANGE_MORE;

    if (!csc_extension_has_host(diffing->extension, name) || is_still_named(diffing, name))
        return;
    csc_tell_quoted(&diffing->text, name);
    csc_buf_printf(&diffing->text, " is %slisted: %s %s", is_more ? "no longer " : "", diffing->extension->effect_type,
                   is_more ? "needs no approval any more" : "needs approval");
    add(diffing, "allowed_egress_hosts", diffing->side.kind);
}

/* One of the programs that the rule can match is allowed by both. */
static bool is_reachable(struct diffing *diffing)
{
    const struct csc_names *commands = &diffing->side.from->allow_commands;
    const char **others = sorted(diffing, &diffing->side.to->allow_commands);

    for (size_t i = 0; others && i < commands->count; i++)
        if (csc_extension_has_program(diffing->extension, commands->items[i]) &&
            has(others, diffing->side.to->allow_commands.count, commands->items[i]))
            return true;
    return false;
}

/* What `from` asks about because of a host, and `to` doesn't. */
static void compare_asking_hosts(struct diffing *diffing)
{
    const struct side *side = &diffing->side;

    for (const struct csc_extension_rule *rule = csc_extension_rules; rule->program && !diffing->failed; rule++) {
        diffing->extension = rule;
        diffing->comparisons = 0;
        if (csc_extension_is_asked(rule, side->from) && csc_extension_is_asked(rule, side->to) && is_reachable(diffing))
            added_names(diffing, &side->to->egress_hosts, &side->from->egress_hosts, add_asking_host);
    }
}

static void compare_secrets(struct diffing *diffing)
{
    if (!diffing->side.to->allow_secret_refs || diffing->side.from->allow_secret_refs)
        return;
    csc_buf_puts(&diffing->text, "contracts may name secrets");
    add(diffing, "allow_secret_refs", diffing->side.kind);
}

/* ---- prefixes ----------------------------------------------------------------------------------------------- */

/* The prefixes of `from` that lie below this one of `to`, which is wider. */
static void put_narrower(struct csc_buf *text, const struct csc_names *from, const char *prefix, const char *word)
{
    const char *found[EXCEPTIONS];
    size_t count = 0;

    for (size_t i = 0; i < from->sorted_count; i++)
        if (csc_path_has_prefix(from->sorted[i], prefix)) {
            if (count < EXCEPTIONS)
                found[count] = from->sorted[i];
            count++;
        }
    if (count == 0)
        return;
    csc_buf_printf(text, ", %s only ", word);
    csc_tell_list(text, found, count); /* which looks at no more than those */
}

static void compare_prefixes(struct diffing *diffing, const char *field, const struct csc_names *from,
                             const struct csc_names *to)
{
    enum csc_change_kind kind = diffing->side.kind;

    for (size_t i = 0; i < to->sorted_count && !diffing->failed; i++) {
        if (csc_prefixes_contain(from, to->sorted[i]))
            continue;
        csc_tell_quoted(&diffing->text, to->sorted[i]);
        if (i < EXPLAINED)
            put_narrower(&diffing->text, from, to->sorted[i], kind == CSC_CHANGE_MORE ? "was" : "now");
        add(diffing, field, kind);
    }
}

static void compare_cwds(struct diffing *diffing)
{
    compare_prefixes(diffing, "allowed_cwd_prefixes", &diffing->side.from->cwd_prefixes,
                     &diffing->side.to->cwd_prefixes);
}

static void compare_reads(struct diffing *diffing)
{
    compare_prefixes(diffing, "allowed_read_prefixes", &diffing->side.from->read_prefixes,
                     &diffing->side.to->read_prefixes);
}

/* A policy that wants write paths to be empty allows none, whatever it lists. */
static const struct csc_names *writable(const struct csc_policy *policy)
{
    static const char *const none[] = {NULL};
    /* The casts are safe: a list of names is never written to. */
    static const struct csc_names nothing = {.items = (const char **)none, .sorted = (const char **)none};

    return policy->require_write_paths_empty ? &nothing : &policy->write_prefixes;
}

static void compare_writes(struct diffing *diffing)
{
    compare_prefixes(diffing, "allowed_write_prefixes", writable(diffing->side.from), writable(diffing->side.to));
}

/* ---- the whole ---------------------------------------------------------------------------------------------- */

static void compare_policy_names(struct diffing *diffing, const struct csc_policy *before,
                                 const struct csc_policy *after)
{
    if (strcmp(before->name, after->name) == 0)
        return;
    csc_tell_quoted(&diffing->text, after->name);
    csc_buf_puts(&diffing->text, ", was ");
    csc_tell_quoted(&diffing->text, before->name);
    add(diffing, "name", CSC_CHANGE_NEITHER);
}

static void compare_all(struct diffing *diffing, const struct csc_policy *before, const struct csc_policy *after)
{
    static void (*const fields[])(struct diffing * diffing) = {
        compare_commands, compare_denials,  compare_effects, compare_approvals,    compare_risks,
        compare_timeouts, compare_networks, compare_hosts,   compare_asking_hosts, compare_secrets,
        compare_cwds,     compare_reads,    compare_writes,
    };
    const struct side sides[] = {{before, after, CSC_CHANGE_MORE}, {after, before, CSC_CHANGE_LESS}};

    compare_policy_names(diffing, before, after);
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
        for (size_t k = 0; k < ARRAY_SIZE(sides) && !diffing->failed; k++) {
            diffing->side = sides[k];
            fields[i](diffing);
        }
}

static void free_diff(struct csc_policy_diff **diff)
{
    csc_policy_diff_free(*diff);
}

int csc_policy_diff(const struct csc_policy *before, const struct csc_policy *after, struct csc_policy_diff **ret_diff,
                    struct csc_error *err)
{
    _cleanup_(free_diff) struct csc_policy_diff *diff = calloc(1, sizeof(*diff));
    struct diffing diffing = {.diff = diff};

    if (diff)
        compare_all(&diffing, before, after);
    csc_buf_free(&diffing.text);
    if (!diff || diffing.failed)
        return csc_error_in_stage(err, "policy", csc_fail_memory(err));
    *ret_diff = TAKE_PTR(diff);
    return 0;
}

void csc_policy_diff_free(struct csc_policy_diff *diff)
{
    if (!diff)
        return;
    csc_arena_free(&diff->arena);
    free(diff);
}
