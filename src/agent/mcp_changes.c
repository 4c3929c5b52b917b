/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The smallest change, in terms of what an agent gives. It never sees the contract that was made of its words: to be
 * told to take a path out of read_paths, where it gave none, helps nobody.
 */
#include <stdio.h>
#include <string.h>

#include "agent/mcp_parts.h"

#define ASKED_FOR "asked for" /* a note's reason: csc_scopes_fill() */

enum { CHANGES_MAX = 32, PREFIXES_SHOWN = 3 };

struct changes {
    struct csc_mcp_call *call;
    struct csc_value items[CHANGES_MAX + 1];
    size_t count, left_out;
    bool failed;
};

static void add(struct changes *changes, bool in_policy, const char *field, const struct csc_buf *text)
{
    struct csc_arena *arena = &changes->call->arena;
    const char *copies[] = {csc_arena_copy(arena, field, strlen(field)),
                            text->failed ? NULL : csc_arena_copy(arena, text->data, text->size)};
    struct csc_object object;

    if (!copies[0] || !copies[1]) {
        changes->failed = true;
        return;
    }
    csc_object_begin(&object, arena, 3);
    csc_object_string(&object, "in", in_policy ? "policy" : "contract");
    csc_object_string(&object, "field", copies[0]);
    csc_object_string(&object, "text", copies[1]);
    changes->failed |= csc_object_end(&object, &changes->items[changes->count++], NULL) < 0;
}

static void add_word(struct changes *changes, const char *field, const char *verb, const char *word)
{
    _cleanup_buf_ struct csc_buf text = {0};

    csc_buf_printf(&text, "%s %s", verb, word);
    add(changes, true, field, &text);
}

static void add_quoted(struct csc_buf *text, const char *before, const char *string)
{
    csc_buf_printf(text, "%s'", before);
    csc_buf_escape(text, string, strlen(string));
    csc_buf_putc(text, '\'');
}

/* ---- paths -------------------------------------------------------------------------------------------------- */

static void add_prefixes(struct csc_buf *text, const struct csc_names *prefixes)
{
    for (size_t i = 0; i < prefixes->count && i < PREFIXES_SHOWN; i++)
        add_quoted(text, i == 0 ? "; use a path below " : " or ", prefixes->items[i]);
}

/* "'/etc/passwd' (operand of cat) is outside what may be read; use a path below '/work'" */
static void tell_path(struct csc_buf *text, const struct csc_policy *policy, const struct csc_proposed_note *note,
                      bool writes)
{
    const struct csc_names *prefixes = writes ? &policy->write_prefixes : &policy->read_prefixes;

    add_quoted(text, "", note->value);
    csc_buf_puts(text, " (");
    csc_buf_escape(text, note->why, strlen(note->why));
    csc_buf_puts(text, ")");
    if (writes && policy->require_write_paths_empty)
        csc_buf_puts(text, ": nothing may be written under this policy");
    else if (csc_prefixes_contain(prefixes, note->value))
        csc_buf_puts(text, " is where credentials are kept; use another path");
    else
        csc_buf_printf(text, " is outside what may be %s", writes ? "written" : "read");
    if (!csc_prefixes_contain(prefixes, note->value) && !(writes && policy->require_write_paths_empty))
        add_prefixes(text, prefixes);
}

/* One change for each path that is in the way: it was asked for, or stands in the words of the command. */
static void add_paths(struct changes *changes, const struct csc_change *change, size_t index, bool writes)
{
    const struct csc_mcp_asked *asked = &changes->call->asked;
    const struct csc_names *prefixes = writes ? &asked->policy->write_prefixes : &asked->policy->read_prefixes;
    size_t before = changes->count;
    char id[32], argv[48];

    (void)snprintf(id, sizeof(id), "cmd_%zu", index + 1);
    (void)snprintf(argv, sizeof(argv), "commands[%zu].argv", index);
    for (size_t i = 0; i < asked->proposed->note_count; i++) {
        const struct csc_proposed_note *note = &asked->proposed->notes[i];
        _cleanup_buf_ struct csc_buf text = {0};
        if (strcmp(note->command_id, id) != 0 || strcmp(note->field, writes ? "write_paths" : "read_paths") != 0 ||
            (csc_prefixes_contain(prefixes, note->value) && !strstr(change->text, note->value)))
            continue;
        if (changes->count >= CHANGES_MAX) {
            changes->left_out++;
            continue;
        }
        bool asked_for = strcmp(note->why, ASKED_FOR) == 0;
        if (asked_for)
            add_quoted(&text, "remove ", note->value);
        else
            tell_path(&text, asked->policy, note, writes);
        add(changes, false, asked_for ? change->field : asked->is_line ? "shell" : argv, &text);
    }
    if (changes->count == before) {
        _cleanup_buf_ struct csc_buf text = {0};
        csc_buf_puts(&text, change->text);
        add(changes, false, change->field, &text);
    }
}

/* ---- all ---------------------------------------------------------------------------------------------------- */

/* A program's network is no argument that could be left out; where the agent asked for it, it can ask for less. */
static const struct csc_proposed_note *network_note(const struct csc_proposed *proposed, size_t index)
{
    char id[32];

    (void)snprintf(id, sizeof(id), "cmd_%zu", index + 1);
    for (size_t i = 0; i < proposed->note_count; i++)
        if (strcmp(proposed->notes[i].command_id, id) == 0 && strcmp(proposed->notes[i].field, "network") == 0)
            return &proposed->notes[i];
    return NULL;
}

static bool add_of_command(struct changes *changes, const struct csc_change *change)
{
    const struct csc_mcp_asked *asked = &changes->call->asked;
    size_t index = 0;
    int at = 0;

    if (!asked->proposed || sscanf(change->field, "commands[%zu].%n", &index, &at) != 1 || at == 0 ||
        index >= asked->contract->command_count)
        return false;
    const char *name = change->field + at;
    const struct csc_command *command = &asked->contract->commands[index];
    if (strcmp(name, "read_paths") == 0 || strcmp(name, "write_paths") == 0)
        add_paths(changes, change, index, name[0] == 'w');
    else if (strcmp(name, "proposed_effect_type") == 0)
        add_word(changes, "allowed_effect_types", "add", csc_effect_names[command->proposed_effect]);
    else if (strcmp(name, "network") == 0 && network_note(asked->proposed, index))
        add_word(changes, "network", "set it to", csc_network_names[command->network]);
    else
        return false;
    return true;
}

static void add_change(struct changes *changes, const struct csc_change *change)
{
    _cleanup_buf_ struct csc_buf text = {0};

    if (changes->count >= CHANGES_MAX) {
        changes->left_out++;
        return;
    }
    csc_buf_puts(&text, change->text);
    /* Threat: an agent that is told to call the same work less of a risk. */
    if (!change->in_policy && strcmp(change->field, "risk_class") == 0)
        add_word(changes, "allowed_risk_classes", "add", csc_risk_names[changes->call->asked.contract->risk]);
    else if (change->in_policy || !add_of_command(changes, change))
        add(changes, change->in_policy, change->field, &text);
}

static void add_left_out(struct changes *changes)
{
    _cleanup_buf_ struct csc_buf text = {0};

    if (changes->left_out == 0)
        return;
    csc_buf_printf(&text, "and %zu more of this kind; ask for less at once", changes->left_out);
    add(changes, false, "commands", &text);
}

int csc_mcp_changes(struct csc_mcp_call *call, const struct csc_explanation *explanation, struct csc_value *ret_changes,
                    struct csc_error *err)
{
    struct changes *changes = csc_arena_alloc(&call->arena, sizeof(*changes));

    if (!changes)
        return csc_fail_memory(err);
    changes->call = call;
    for (size_t i = 0; i < explanation->change_count; i++)
        add_change(changes, &explanation->changes[i]);
    add_left_out(changes);
    if (changes->failed)
        return csc_fail_memory(err);
    *ret_changes = (struct csc_value){.type = CSC_ARRAY, .count = changes->count, .items = changes->items};
    return 0;
}
