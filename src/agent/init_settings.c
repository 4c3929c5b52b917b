/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "agent/init.h"

static const struct csc_settings_form forms[] = {
    {
        .agent = "claude",
        .folder_variable = "CLAUDE_CONFIG_DIR",
        .folder = ".claude",
        .file = "settings.json",
        .grouped = true,
        .timeout = 30,
        .runs_a_shell = true,
    },
    {
        .agent = "codex",
        .folder_variable = "CODEX_HOME",
        .folder = ".codex",
        .file = "hooks.json",
        .grouped = true,
        .timeout = 30,
        .runs_a_shell = true,
        .trust = "Codex passes over a hook that you have not trusted, and runs every command; start it, and trust this "
                 "one with /hooks",
    },
    {
        .agent = "gemini",
        .folder = ".gemini",
        .file = "settings.json",
        .grouped = true,
        .timeout = 30000,
        .runs_a_shell = true,
        .expands_dollars = true,
    },
    {
        .agent = "cursor",
        .folder = ".cursor",
        .file = "hooks.json",
        .timeout = 30,
    },
};

const struct csc_settings_form *csc_settings_form(const struct csc_hook_dialect *dialect)
{
    size_t i = 0;

    while (i < ARRAY_SIZE(forms) - 1 && strcmp(forms[i].agent, dialect->agent) != 0)
        i++;
    return &forms[i];
}

int csc_settings_command(const struct csc_settings_call *call, struct csc_buf *ret_line, struct csc_error *err)
{
    const struct csc_settings_form *form = csc_settings_form(call->dialect);

    csc_shell_quote(ret_line, call->program);
    csc_buf_printf(ret_line, " hook %s --policy ", form->agent);
    csc_shell_quote(ret_line, call->policy);
    csc_buf_puts(ret_line, call->rewrite ? " --rewrite" : "");
    for (size_t i = 0; i < call->options.count; i++) {
        csc_buf_putc(ret_line, ' ');
        csc_shell_quote(ret_line, call->options.items[i]);
    }
    if (form->runs_a_shell)
        csc_buf_puts(ret_line, " || exit 2"); /* also when csc is not there any more, or is killed */
    if (ret_line->failed)
        return csc_fail_memory(err);
    if (form->expands_dollars && strchr(ret_line->data, '$'))
        return csc_fail(err, CSC_E_DATA, "%s would expand the '$' in: %s; use paths without it", form->agent,
                        ret_line->data);
    return 0;
}

/* ---- values ------------------------------------------------------------------------------------------------- */

/* `object` (NULL: an empty one) with one member set. */
static int with_member(struct csc_arena *arena, const struct csc_value *object, const char *key,
                       const struct csc_value *value, struct csc_value *ret_object)
{
    size_t count = object ? object->count : 0;
    struct csc_object made;

    csc_object_begin(&made, arena, count + 1);
    for (size_t i = 0; i < count; i++)
        if (strcmp(object->members[i].key, key) != 0)
            csc_object_value(&made, object->members[i].key, object->members[i].value);
    csc_object_value(&made, key, *value);
    return csc_object_end(&made, ret_object, NULL);
}

/* `array` (NULL: an empty one) with item number `at` set, which may be one more than it has. */
static int with_item(struct csc_arena *arena, const struct csc_value *array, size_t at, const struct csc_value *value,
                     struct csc_value *ret_array)
{
    size_t count = array ? array->count : 0;
    struct csc_value *items = csc_arena_array(arena, count + 1, sizeof(*items));

    if (!items)
        return -CSC_E_INTERNAL;
    for (size_t i = 0; i < count; i++)
        items[i] = array->items[i];
    items[at] = *value;
    *ret_array = (struct csc_value){.type = CSC_ARRAY, .count = at == count ? count + 1 : count, .items = items};
    return 0;
}

/* False also where memory runs out: then it is another one, which is said. */
static bool same(const struct csc_value *a, const struct csc_value *b)
{
    _cleanup_buf_ struct csc_buf x = {0}, y = {0};

    csc_json_write(&x, a);
    csc_json_write(&y, b);
    return !x.failed && !y.failed && x.size == y.size && memcmp(x.data, y.data, x.size) == 0;
}

/* ---- the hook ----------------------------------------------------------------------------------------------- */

static int make_handler(struct csc_arena *arena, const struct csc_settings_merge *merge, struct csc_value *ret_handler)
{
    const struct csc_settings_form *form = csc_settings_form(merge->dialect);
    struct csc_object handler;

    csc_object_begin(&handler, arena, 4);
    csc_object_string(&handler, "command", merge->command);
    csc_object_int(&handler, "timeout", form->timeout);
    if (form->grouped)
        csc_object_string(&handler, "type", "command");
    if (strcmp(form->agent, "claude") == 0)
        csc_object_string(&handler, "onFailure", "block");
    if (strcmp(form->agent, "cursor") == 0)
        csc_object_bool(&handler, "failClosed", true);
    return csc_object_end(&handler, ret_handler, NULL);
}

static int make_group(struct csc_arena *arena, const struct csc_settings_merge *merge, const struct csc_value *handler,
                      struct csc_value *ret_group)
{
    struct csc_value handlers = {0};
    struct csc_object group;

    int r = with_item(arena, NULL, 0, handler, &handlers);
    if (r < 0)
        return r;
    csc_object_begin(&group, arena, 2);
    csc_object_string(&group, "matcher", merge->dialect->tool);
    csc_object_value(&group, "hooks", handlers);
    return csc_object_end(&group, ret_group, NULL);
}

/* A hook of csc for this agent, whatever its path and options. */
static bool is_ours(const struct csc_value *handler, const char *agent)
{
    const struct csc_value *command = csc_value_get(handler, "command");
    char words[64];

    if (!command || command->type != CSC_STRING)
        return false;
    (void)snprintf(words, sizeof(words), " hook %s ", agent);
    const char *at = strstr(command->string, words);
    if (!at)
        return false;
    size_t before = (size_t)(at - command->string);
    if (before > 0 && at[-1] == '\'')
        before--;
    return before >= 3 && memcmp(command->string + before - 3, "csc", 3) == 0;
}

/* Where a hook of csc stands. */
struct place {
    const struct csc_value *list; /* of handlers; NULL: nowhere */
    size_t at;
    size_t group; /* number of the group with that list */
};

static bool find_in(const struct csc_value *list, const char *agent, struct place *ret_place)
{
    for (size_t i = 0; list && list->type == CSC_ARRAY && i < list->count; i++)
        if (is_ours(&list->items[i], agent)) {
            *ret_place = (struct place){.list = list, .at = i};
            return true;
        }
    return false;
}

static bool has_matcher(const struct csc_value *group, const char *matcher)
{
    const struct csc_value *value = csc_value_get(group, "matcher");

    return value && value->type == CSC_STRING && strcmp(value->string, matcher) == 0;
}

static int check_replace(const struct csc_settings_merge *merge, const struct place *place, struct csc_error *err)
{
    const struct csc_value *old = csc_value_get(&place->list->items[place->at], "command");

    if (merge->replace)
        return 0;
    return csc_fail(err, CSC_E_DATA,
                    "another hook of csc is set up already: %s; add this project to the policy that it names, or "
                    "give --force to replace it",
                    old ? old->string : "?");
}

/* `list` with `handler` in the place of the one that was found, in group number `at` where there are groups. */
static int put_handler(struct csc_arena *arena, const struct csc_value *list, const struct place *place,
                       const struct csc_value *handler, struct csc_value *ret_list)
{
    struct csc_value handlers = {0}, group = {0};

    int r = with_item(arena, place->list, place->at, handler, &handlers);
    if (r < 0 || place->list == list) {
        *ret_list = handlers;
        return r;
    }
    r = with_member(arena, &list->items[place->group], "hooks", &handlers, &group);
    return r < 0 ? r : with_item(arena, list, place->group, &group, ret_list);
}

static void find(const struct csc_value *list, const struct csc_settings_merge *merge, struct place *ret_place)
{
    const char *agent = merge->dialect->agent;

    if (!csc_settings_form(merge->dialect)->grouped) {
        (void)find_in(list, agent, ret_place);
        return;
    }
    for (size_t i = 0; list && i < list->count; i++)
        if (has_matcher(&list->items[i], merge->dialect->tool) &&
            find_in(csc_value_get(&list->items[i], "hooks"), agent, ret_place)) {
            ret_place->group = i;
            return;
        }
}

/* The event's list with the handler in it, as added->settings. */
static int change_list(struct csc_arena *arena, const struct csc_value *list, const struct csc_settings_merge *merge,
                       struct csc_settings_added *added, struct csc_error *err)
{
    bool grouped = csc_settings_form(merge->dialect)->grouped;
    struct csc_value handler = {0}, group = {0};
    struct place place = {0};

    if (make_handler(arena, merge, &handler) < 0 || (grouped && make_group(arena, merge, &handler, &group) < 0))
        return csc_fail_memory(err);
    find(list, merge, &place);
    if (!place.list) {
        added->change = CSC_SETTINGS_ADDED;
        return with_item(arena, list, list ? list->count : 0, grouped ? &group : &handler, &added->settings) < 0
                   ? csc_fail_memory(err)
                   : 0;
    }
    if (same(&place.list->items[place.at], &handler)) {
        added->change = CSC_SETTINGS_SAME;
        added->settings = *list;
        return 0;
    }
    added->change = CSC_SETTINGS_REPLACED;
    int r = check_replace(merge, &place, err);
    if (r < 0)
        return r;
    return put_handler(arena, list, &place, &handler, &added->settings) < 0 ? csc_fail_memory(err) : 0;
}

static int expect(const struct csc_value *value, enum csc_type type, const char *name, struct csc_error *err)
{
    if (!value || value->type == type)
        return 0;
    return csc_fail(err, CSC_E_DATA, "\"%s\" is %s where %s was expected; correct it by hand", name,
                    csc_type_name(value->type), csc_type_name(type));
}

/* Threat: a hook that is written, and never called. What switches hooks off has to go first, by a person's hand. */
static int check_switches(const struct csc_value *settings, const char *agent, struct csc_error *err)
{
    static const struct {
        const char *agent, *group, *key;
        bool fine; /* the only value that leaves them on */
    } switches[] = {
        {"claude", NULL, "disableAllHooks", false},
        {"gemini", "hooksConfig", "enabled", true},
        {"gemini", "tools", "enableHooks", true},
        {"gemini", "hooks", "enabled", true},
    };

    for (size_t i = 0; i < ARRAY_SIZE(switches); i++) {
        const char *group = switches[i].group;
        const struct csc_value *value = csc_value_get(group ? csc_value_get(settings, group) : settings,
                                                      switches[i].key);
        if (strcmp(switches[i].agent, agent) != 0 || !value ||
            (value->type == CSC_BOOL && value->boolean == switches[i].fine))
            continue;
        return csc_fail(err, CSC_E_DATA,
                        "\"%s%s%s\" switches hooks off, and the agent would run every command; set it to %s, or "
                        "remove it",
                        group ? group : "", group ? "." : "", switches[i].key, switches[i].fine ? "true" : "false");
    }
    return 0;
}

int csc_settings_add(struct csc_arena *arena, const struct csc_value *settings, const struct csc_settings_merge *merge,
                     struct csc_settings_added *ret_added, struct csc_error *err)
{
    const char *event = merge->dialect->event;
    const struct csc_value *hooks = csc_value_get(settings, "hooks"), *list = csc_value_get(hooks, event);
    const struct csc_value version = {.type = CSC_INT, .integer = 1};
    struct csc_settings_added added = {0};
    struct csc_value made = {0};

    int r = expect(settings, CSC_OBJECT, "settings", err);
    if (r == 0)
        r = expect(hooks, CSC_OBJECT, "hooks", err);
    if (r == 0)
        r = expect(list, CSC_ARRAY, event, err);
    if (r == 0)
        r = check_switches(settings, merge->dialect->agent, err);
    if (r == 0)
        r = change_list(arena, list, merge, &added, err);
    if (r < 0)
        return r;
    r = with_member(arena, hooks, event, &added.settings, &made);
    if (r == 0)
        r = with_member(arena, settings, "hooks", &made, &added.settings);
    if (r == 0 && strcmp(merge->dialect->agent, "cursor") == 0 && !csc_value_get(settings, "version"))
        r = with_member(arena, &added.settings, "version", &version, &added.settings);
    if (r < 0)
        return csc_fail_memory(err);
    *ret_added = added;
    return 0;
}
