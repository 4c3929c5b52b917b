/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/tell.h"

#include <inttypes.h>
#include <string.h>

enum { QUOTED_BYTES = 120, LISTED = 6 };

void csc_tell_quoted(struct csc_buf *text, const char *string)
{
    size_t size = strnlen(string, QUOTED_BYTES + 1);
    bool whole = size <= QUOTED_BYTES;

    if (!whole) /* not in the middle of a character */
        for (size = QUOTED_BYTES; size > 0 && ((unsigned char)string[size] & 0xC0) == 0x80;)
            size--;
    csc_buf_putc(text, '\'');
    csc_buf_escape(text, string, size);
    csc_buf_puts(text, whole ? "'" : "...'");
}

void csc_tell_list(struct csc_buf *text, const char *const *strings, size_t count)
{
    if (count == 0)
        csc_buf_puts(text, "none");
    for (size_t i = 0; i < count && i < LISTED; i++) {
        csc_buf_puts(text, i > 0 ? ", " : "");
        csc_tell_quoted(text, strings[i]);
    }
    if (count > LISTED)
        csc_buf_printf(text, " and %zu more", count - LISTED);
}

void csc_tell_set(struct csc_buf *text, const char *const *names, unsigned set)
{
    bool first = true;

    for (size_t i = 0; names[i]; i++) {
        if (!(set & 1U << i))
            continue;
        csc_buf_printf(text, "%s%s", first ? "" : ", ", names[i]);
        first = false;
    }
}

void csc_tell_risk(const struct csc_view *view, const struct csc_judgement *judgement, struct csc_buf *text)
{
    csc_buf_printf(text, "risk_class %s is%s allowed; the policy allows ", csc_risk_names[view->contract->risk],
                   judgement->verdict == CSC_DENY ? " not" : "");
    csc_tell_set(text, csc_risk_names, view->policy->allowed_risks);
}

void csc_tell_argv(const struct csc_view *view, const struct csc_judgement *judgement, struct csc_buf *text)
{
    const struct csc_argv *argv = &view->command->argvs[judgement->item];

    if (judgement->verdict != CSC_DENY) {
        csc_tell_quoted(text, argv->items[0]);
        if (view->command->argv_count > 1)
            csc_buf_printf(text, " and %zu more of the pipeline", view->command->argv_count - 1);
        csc_buf_puts(text, ": in allow_commands; no entry of deny_argv_prefixes matches");
    } else if (judgement->code == CSC_REASON_COMMAND_NOT_ALLOWED) {
        csc_tell_quoted(text, argv->items[0]);
        csc_buf_puts(text, " is not in allow_commands; the policy allows ");
        csc_tell_list(text, view->policy->allow_commands.items, view->policy->allow_commands.count);
    } else {
        csc_buf_puts(text, "argv ");
        csc_tell_list(text, (const char *const *)argv->items, argv->count);
        csc_buf_puts(text,
                     " begins with an entry of deny_argv_prefixes; nothing that begins so runs under this policy");
    }
}

static void tell_allowed_effects(const struct csc_view *view, struct csc_buf *text)
{
    csc_tell_set(text, csc_effect_names, view->policy->allowed_effects);
}

void csc_tell_proposed_effect(const struct csc_view *view, const struct csc_judgement *judgement, struct csc_buf *text)
{
    csc_buf_printf(text, "proposed_effect_type %s is%s allowed; the policy allows ",
                   csc_effect_names[view->command->proposed_effect], judgement->verdict == CSC_DENY ? " not" : "");
    tell_allowed_effects(view, text);
}

/* Whether the command has the alternative of a pattern's part among its words: there "pip#" stands for pip3.11 too, and
 * "ad~d" for add and ad. */
static bool command_has(const struct csc_command *command, const char *alternative, size_t size)
{
    const char *mark = memchr(alternative, '~', size);
    size_t sure = mark ? (size_t)(mark - alternative) : alternative[size - 1] == '#' ? size - 1 : size;

    for (size_t i = 0; i < command->argv_count; i++)
        for (size_t k = 0; k < command->argvs[i].count; k++) {
            const char *word = command->argvs[i].items[k];
            const char *slash = strrchr(word, '/');
            word = slash ? slash + 1 : word;
            if (strncmp(word, alternative, sure) == 0 && (sure < size || word[sure] == '\0'))
                return true;
        }
    return false;
}

/* Moves from a part of a pattern to the alternative that the command has, else to the first; returns its size. */
static size_t choose(const struct csc_command *command, const char **part, size_t size)
{
    const char *alternative = *part, *end = *part + size;

    while (alternative < end) {
        size_t length = strcspn(alternative, "| ");
        if (command_has(command, alternative, length)) {
            *part = alternative;
            return length;
        }
        alternative += length + 1;
    }
    return strcspn(*part, "| ");
}

/* A rule by those of its words that the command has: "git push", not all that is handled alike. */
static void tell_rule(struct csc_buf *text, const struct csc_command *command, const char *rule)
{
    const char *separator = "";

    while (*rule) {
        const char *word = rule;
        size_t size = strcspn(rule, " ");
        size_t length = choose(command, &word, size);
        rule += size + (rule[size] == ' ');
        if (length == 1 && strchr("@$*", *word))
            continue;
        csc_buf_puts(text, separator);
        for (size_t i = 0; i < length; i++)
            if (!strchr("~#", word[i]))
                csc_buf_putc(text, word[i]);
        separator = " ";
    }
}

void csc_tell_classified_effect(const struct csc_view *view, const struct csc_judgement *judgement,
                                struct csc_buf *text)
{
    const struct csc_classification *c = &view->classification;

    if (c->rule) {
        csc_buf_puts(text, "the rule for '");
        tell_rule(text, view->command, c->rule);
        csc_buf_printf(text, "' makes this %s", c->effect_type);
    } else {
        csc_buf_printf(text, "no rule of classification matches, so that the proposal %s stands", c->effect_type);
    }
    if (c->effect_type != csc_effect_names[c->core])
        csc_buf_printf(text, ", an extension of %s", csc_effect_names[c->core]);
    if (judgement->verdict == CSC_DENY) {
        csc_buf_puts(text, ", which is not allowed; the policy allows ");
        tell_allowed_effects(view, text);
    } else if (judgement->verdict == CSC_NEEDS_APPROVAL) {
        csc_buf_puts(text, ", which manual_approval_for_classified_effect_types names; a person must approve it");
    } else {
        csc_buf_puts(text, ", which is allowed");
    }
}

void csc_tell_timeout(const struct csc_view *view, const struct csc_judgement *judgement, struct csc_buf *text)
{
    (void)judgement;
    csc_buf_printf(text, "timeout_sec is %" PRId64 "; the policy allows at most %" PRId64, view->command->timeout_sec,
                   view->policy->max_timeout_sec);
}

void csc_tell_network(const struct csc_view *view, const struct csc_judgement *judgement, struct csc_buf *text)
{
    (void)judgement;
    csc_buf_printf(text, "network is %s; the policy allows at most %s", csc_network_names[view->command->network],
                   csc_network_names[view->policy->network]);
}

void csc_tell_secret_refs(const struct csc_view *view, const struct csc_judgement *judgement, struct csc_buf *text)
{
    csc_buf_puts(text, "secret_refs: ");
    csc_tell_list(text, view->command->secret_refs, view->command->secret_ref_count);
    if (judgement->verdict == CSC_DENY)
        csc_buf_puts(text, ", but allow_secret_refs is false; remove them");
}

/* A field of paths, and what the policy holds it against. */
struct path_field {
    const char *name, *prefixes_name;
    const char *const *paths;
    size_t count;
    const struct csc_names *prefixes;
};

static void tell_paths(const struct path_field *field, const struct csc_judgement *judgement, struct csc_buf *text)
{
    csc_buf_printf(text, "%s ", field->name);
    if (judgement->verdict != CSC_DENY) {
        csc_tell_list(text, field->paths, field->count);
        csc_buf_printf(text, "; %s: ", field->prefixes_name);
        csc_tell_list(text, field->prefixes->items, field->prefixes->count);
        return;
    }
    const char *path = field->paths[judgement->item];
    csc_tell_quoted(text, path);
    if (judgement->code == CSC_REASON_PATH_NOT_ABSOLUTE) {
        csc_buf_puts(text, " is not absolute; begin it with one / (a leading // needs a server and a share)");
    } else if (csc_path_has_dotdot(path)) {
        csc_buf_puts(text, " has a '..' component; spell the path without it");
    } else {
        csc_buf_printf(text, " is outside %s; the policy allows ", field->prefixes_name);
        csc_tell_list(text, field->prefixes->items, field->prefixes->count);
    }
}

void csc_tell_cwd(const struct csc_view *view, const struct csc_judgement *judgement, struct csc_buf *text)
{
    const struct path_field field = {"cwd", "allowed_cwd_prefixes", &view->command->cwd, 1,
                                     &view->policy->cwd_prefixes};

    tell_paths(&field, judgement, text);
}

void csc_tell_read_paths(const struct csc_view *view, const struct csc_judgement *judgement, struct csc_buf *text)
{
    const struct path_field field = {"read path", "allowed_read_prefixes", view->command->read_paths,
                                     view->command->read_path_count, &view->policy->read_prefixes};

    tell_paths(&field, judgement, text);
}

void csc_tell_write_paths_empty(const struct csc_view *view, const struct csc_judgement *judgement,
                                struct csc_buf *text)
{
    if (judgement->verdict == CSC_DENY) {
        csc_buf_puts(text, "write_paths are given (");
        csc_tell_list(text, view->command->write_paths, view->command->write_path_count);
        csc_buf_puts(text, "), but require_write_paths_empty is true; remove them");
    } else {
        csc_buf_printf(text, "require_write_paths_empty is %s, and %zu write_paths are given",
                       view->policy->require_write_paths_empty ? "true" : "false", view->command->write_path_count);
    }
}

void csc_tell_write_paths(const struct csc_view *view, const struct csc_judgement *judgement, struct csc_buf *text)
{
    const struct path_field field = {"write path", "allowed_write_prefixes", view->command->write_paths,
                                     view->command->write_path_count, &view->policy->write_prefixes};

    tell_paths(&field, judgement, text);
}

void csc_tell_approval_mode(const struct csc_view *view, const struct csc_judgement *judgement, struct csc_buf *text)
{
    csc_buf_printf(text, "approval_mode is %s", csc_approval_mode_names[view->contract->approval_mode]);
    if (judgement->verdict == CSC_NEEDS_APPROVAL)
        csc_buf_puts(text, view->contract->approval_mode == CSC_APPROVAL_DUAL_CONTROL
                               ? "; two different people must approve"
                               : "; a person must approve");
}
