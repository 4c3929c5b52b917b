/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/mend.h"

#include <inttypes.h>
#include <string.h>

#include "policy/classify.h"
#include "policy/match.h"
#include "policy/tell.h"

/* ---- the list of changes ------------------------------------------------------------------------------------ */

static struct csc_change *new_change(struct csc_draft *draft)
{
    if (draft->change_count == draft->change_capacity) {
        size_t capacity = draft->change_capacity * 2 + 8;
        struct csc_change *changes = csc_arena_array(draft->arena, capacity, sizeof(*changes));
        if (!changes)
            return NULL;
        if (draft->change_count > 0)
            memcpy(changes, draft->changes, draft->change_count * sizeof(*changes));
        draft->changes = changes;
        draft->change_capacity = capacity;
    }
    return &draft->changes[draft->change_count++];
}

static void add_change(struct csc_draft *draft, bool in_policy, const char *field, const struct csc_buf *text)
{
    struct csc_change *change = new_change(draft);
    const char *copy = text->failed ? NULL : csc_arena_copy(draft->arena, text->data, text->size);

    if (!change || !field || !copy)
        draft->failed = true;
    else
        *change = (struct csc_change){.in_policy = in_policy, .field = field, .text = copy};
}

static size_t command_index(const struct csc_draft *draft, const struct csc_view *view)
{
    return (size_t)(view->command - draft->commands);
}

static void change_command(struct csc_draft *draft, const struct csc_view *view, const char *field,
                           const struct csc_buf *text)
{
    add_change(draft, false, csc_arena_printf(draft->arena, "commands[%zu].%s", command_index(draft, view), field),
               text);
}

/* ---- lists of paths ----------------------------------------------------------------------------------------- */

struct sieve {
    bool (*keeps)(const struct csc_names *prefixes, const char *path);
    const struct csc_names *prefixes;
};

static bool is_in_scope(const struct csc_names *prefixes, const char *path)
{
    return csc_path_judge(prefixes, path, CSC_REASON_READ_SCOPE_DENIED) == CSC_REASON_ALLOW;
}

static bool is_no_secret(const struct csc_names *prefixes, const char *path)
{
    (void)prefixes;
    return !csc_secret_path_find(path);
}

static bool is_nothing(const struct csc_names *prefixes, const char *path)
{
    (void)prefixes;
    (void)path;
    return false;
}

/* Takes from the list what the sieve doesn't keep; true when that was something. */
static bool remove_paths(struct csc_draft *draft, struct csc_names *list, const struct sieve *sieve,
                         struct csc_names *ret_removed)
{
    struct csc_names kept = {.items = csc_arena_array(draft->arena, list->count + 1, sizeof(*kept.items))};
    struct csc_names removed = {.items = csc_arena_array(draft->arena, list->count + 1, sizeof(*removed.items))};

    draft->failed |= !kept.items || !removed.items;
    for (size_t i = 0; i < list->count && !draft->failed; i++) {
        struct csc_names *to = sieve->keeps(sieve->prefixes, list->items[i]) ? &kept : &removed;
        to->items[to->count++] = list->items[i];
    }
    if (draft->failed || removed.count == 0)
        return false;
    *list = kept;
    *ret_removed = removed;
    return true;
}

static void sift_paths(struct csc_draft *draft, const struct csc_view *view, bool writes, const struct sieve *sieve)
{
    struct csc_command *command = &draft->commands[command_index(draft, view)];
    const char ***paths = writes ? &command->write_paths : &command->read_paths;
    size_t *count = writes ? &command->write_path_count : &command->read_path_count;
    struct csc_names list = {.items = *paths, .count = *count}, removed;
    _cleanup_buf_ struct csc_buf text = {0};

    if (!remove_paths(draft, &list, sieve, &removed))
        return;
    *paths = list.items;
    *count = list.count;
    csc_buf_puts(&text, "remove ");
    csc_tell_list(&text, removed.items, removed.count);
    change_command(draft, view, writes ? "write_paths" : "read_paths", &text);
}

/* ---- the rules ---------------------------------------------------------------------------------------------- */

/* The nearest value that the set holds, weaker ones first; -1: it holds none. */
static int nearest_in(unsigned set, int wanted)
{
    for (int i = wanted; i >= 0; i--)
        if (set & 1U << i)
            return i;
    return set ? __builtin_ctz(set) : -1;
}

void csc_mend_risk(struct csc_draft *draft, const struct csc_view *view)
{
    _cleanup_buf_ struct csc_buf text = {0};
    int nearest = nearest_in(view->policy->allowed_risks, (int)view->contract->risk);

    if (nearest < 0)
        return;
    csc_buf_puts(&text, "use one of ");
    csc_tell_set(&text, csc_risk_names, view->policy->allowed_risks);
    csc_buf_puts(&text, ", if that is what the work is");
    draft->contract.risk = (enum csc_risk)nearest;
    add_change(draft, false, "risk_class", &text);
}

static void allow_program(struct csc_draft *draft, const char *program)
{
    _cleanup_buf_ struct csc_buf text = {0};

    if (csc_names_contain(&draft->policy.allow_commands, program))
        return;
    draft->allow_commands[draft->policy.allow_commands.count++] = program;
    csc_buf_puts(&text, "add ");
    csc_tell_quoted(&text, program);
    add_change(draft, true, "allow_commands", &text);
}

static void drop_denials(struct csc_draft *draft, const struct csc_argv *argv)
{
    for (size_t i = 0; i < draft->policy.deny_argv_prefix_count && !draft->failed; i++) {
        _cleanup_buf_ struct csc_buf text = {0};
        struct csc_argv *entry = &draft->deny_entries[i];
        if (!csc_argv_begins_with(argv, entry))
            continue;
        csc_buf_puts(&text, "remove ");
        csc_tell_list(&text, (const char *const *)entry->items, entry->count);
        entry->count = SIZE_MAX; /* longer than any argv: matches nothing */
        add_change(draft, true, csc_arena_printf(draft->arena, "deny_argv_prefixes[%zu]", i), &text);
    }
}

void csc_mend_argv(struct csc_draft *draft, const struct csc_view *view)
{
    for (size_t i = 0; i < view->command->argv_count; i++) {
        allow_program(draft, view->command->argvs[i].items[0]);
        drop_denials(draft, &view->command->argvs[i]);
    }
}

static void allow_effect(struct csc_draft *draft, enum csc_effect effect)
{
    _cleanup_buf_ struct csc_buf text = {0};

    draft->policy.allowed_effects |= 1U << effect;
    csc_buf_printf(&text, "add %s", csc_effect_names[effect]);
    add_change(draft, true, "allowed_effect_types", &text);
}

/* Where a rule knows what the command does, the proposal should say just that. Where none does, only the agent knows.
 */
void csc_mend_proposed_effect(struct csc_draft *draft, const struct csc_view *view)
{
    const struct csc_classification *c = &view->classification;
    unsigned allowed = view->policy->allowed_effects;
    int effect = nearest_in(allowed, (int)(c->rule ? c->core : view->command->proposed_effect));
    _cleanup_buf_ struct csc_buf text = {0};

    if (c->rule && !(allowed & 1U << c->core)) {
        csc_mend_classified_effect(draft, view);
        return;
    }
    if (effect < 0)
        return;
    draft->commands[command_index(draft, view)].proposed_effect = (enum csc_effect)effect;
    csc_buf_printf(&text, c->rule ? "set it to %s" : "set it to %s, if the command does no more than that",
                   csc_effect_names[effect]);
    change_command(draft, view, "proposed_effect_type", &text);
}

/* The first prefix that holds something (one with "..", or not absolute, doesn't even hold itself) and is no place of
 * credentials, or NULL. */
static const char *usable_prefix(const struct csc_names *prefixes)
{
    for (size_t i = 0; i < prefixes->count; i++)
        if (is_in_scope(prefixes, prefixes->items[i]) && !csc_secret_path_find(prefixes->items[i]))
            return prefixes->items[i];
    return NULL;
}

static void move_cwd(struct csc_draft *draft, const struct csc_view *view)
{
    const char *prefix = usable_prefix(&view->policy->cwd_prefixes);
    _cleanup_buf_ struct csc_buf text = {0};

    if (!prefix)
        return;
    csc_buf_puts(&text, "set it to ");
    csc_tell_quoted(&text, prefix);
    csc_buf_puts(&text, " or a folder below");
    draft->commands[command_index(draft, view)].cwd = prefix;
    change_command(draft, view, "cwd", &text);
}

/* What runs can't be made to do something else; a place of credentials can be left out of the scope. That comes
 * first: nobody should be told to allow touch_secrets for a path that the contract could do without. */
void csc_mend_classified_effect(struct csc_draft *draft, const struct csc_view *view)
{
    const struct sieve no_secrets = {is_no_secret, NULL};
    unsigned allowed = view->policy->allowed_effects;
    struct csc_command program = *view->command;
    size_t before = draft->change_count;

    if (allowed & 1U << view->classification.core)
        return; /* only a person's approval is missing */
    program.cwd = "/";
    program.read_path_count = program.write_path_count = 0;
    const struct csc_classification by_itself = csc_classify(&program, view->policy);
    if (!by_itself.rule || allowed & 1U << by_itself.core) {
        sift_paths(draft, view, false, &no_secrets);
        sift_paths(draft, view, true, &no_secrets);
        if (csc_secret_path_find(view->command->cwd))
            move_cwd(draft, view);
    }
    if (draft->change_count == before)
        allow_effect(draft, view->classification.core);
}

void csc_mend_timeout(struct csc_draft *draft, const struct csc_view *view)
{
    _cleanup_buf_ struct csc_buf text = {0};

    csc_buf_printf(&text, "set it to %" PRId64 " or less", view->policy->max_timeout_sec);
    draft->commands[command_index(draft, view)].timeout_sec = view->policy->max_timeout_sec;
    change_command(draft, view, "timeout_sec", &text);
}

void csc_mend_network(struct csc_draft *draft, const struct csc_view *view)
{
    _cleanup_buf_ struct csc_buf text = {0};

    csc_buf_printf(&text, "set it to %s", csc_network_names[view->policy->network]);
    draft->commands[command_index(draft, view)].network = view->policy->network;
    change_command(draft, view, "network", &text);
}

void csc_mend_secret_refs(struct csc_draft *draft, const struct csc_view *view)
{
    _cleanup_buf_ struct csc_buf text = {0};

    csc_buf_puts(&text, "remove ");
    csc_tell_list(&text, view->command->secret_refs, view->command->secret_ref_count);
    draft->commands[command_index(draft, view)].secret_ref_count = 0;
    change_command(draft, view, "secret_refs", &text);
}

void csc_mend_cwd(struct csc_draft *draft, const struct csc_view *view)
{
    move_cwd(draft, view);
}

void csc_mend_read_paths(struct csc_draft *draft, const struct csc_view *view)
{
    sift_paths(draft, view, false, &(const struct sieve){is_in_scope, &view->policy->read_prefixes});
}

void csc_mend_write_paths_empty(struct csc_draft *draft, const struct csc_view *view)
{
    sift_paths(draft, view, true, &(const struct sieve){is_nothing, NULL});
}

void csc_mend_write_paths(struct csc_draft *draft, const struct csc_view *view)
{
    sift_paths(draft, view, true, &(const struct sieve){is_in_scope, &view->policy->write_prefixes});
}

void csc_mend_approval_mode(struct csc_draft *draft, const struct csc_view *view)
{
    _cleanup_buf_ struct csc_buf text = {0};

    (void)view;
    csc_buf_puts(&text, "set it to policy_only, if nobody has to look at this first");
    draft->contract.approval_mode = CSC_APPROVAL_POLICY_ONLY;
    add_change(draft, false, "approval_mode", &text);
}

/* ---- the draft ---------------------------------------------------------------------------------------------- */

static size_t count_programs(const struct csc_contract *contract)
{
    size_t count = 0;

    for (size_t i = 0; i < contract->command_count; i++)
        count += contract->commands[i].argv_count;
    return count;
}

int csc_draft_begin(struct csc_draft *draft, struct csc_arena *arena, const struct csc_contract *contract,
                    const struct csc_policy *policy, struct csc_error *err)
{
    size_t allowed = policy->allow_commands.count, denied = policy->deny_argv_prefix_count;

    *draft = (struct csc_draft){.arena = arena, .contract = *contract, .policy = *policy};
    draft->commands = csc_arena_array(arena, contract->command_count, sizeof(*draft->commands));
    draft->deny_entries = csc_arena_array(arena, denied, sizeof(*draft->deny_entries));
    draft->allow_commands = csc_arena_array(arena, allowed + count_programs(contract), sizeof(*draft->allow_commands));
    if (!draft->commands || !draft->deny_entries || !draft->allow_commands)
        return csc_fail_memory(err);
    memcpy(draft->commands, contract->commands, contract->command_count * sizeof(*draft->commands));
    if (denied > 0)
        memcpy(draft->deny_entries, policy->deny_argv_prefixes, denied * sizeof(*draft->deny_entries));
    if (allowed > 0)
        memcpy(draft->allow_commands, policy->allow_commands.items, allowed * sizeof(*draft->allow_commands));
    draft->contract.commands = draft->commands;
    draft->policy.deny_argv_prefixes = draft->deny_entries;
    draft->policy.allow_commands.items = draft->allow_commands;
    return 0;
}
