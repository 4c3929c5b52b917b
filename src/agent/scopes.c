/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/scopes.h"

#include <string.h>

#include "agent/programs.h"

/* One program of the command, while its words are looked at. */
struct program {
    struct csc_scoping *scoping;
    const struct csc_argv *argv;
    const struct csc_program_scopes *known;
    bool in_place;
    bool skips; /* its first operand is no file */
    size_t last_operand;
};

/* ---- lists ---------------------------------------------------------------------------------------------------- */

/* Lists grow by half their size; what they outgrow stays in the arena. */
static void *grow(struct csc_scoping *scoping, void *items, size_t count, size_t size)
{
    if (count & (count - 1)) /* room is a power of two */
        return items;
    void *more = csc_arena_array(scoping->arena, count ? count * 2 : 1, size);
    if (more && count > 0)
        memcpy(more, items, count * size);
    scoping->failed |= !more;
    return more;
}

void csc_scopes_note(struct csc_scoping *scoping, const char *field, const char *value, const char *why)
{
    struct csc_proposed_note *notes = grow(scoping, scoping->notes, scoping->note_count, sizeof(*notes));

    if (!notes || !value || !why) {
        scoping->failed = true;
        return;
    }
    scoping->notes = notes;
    notes[scoping->note_count++] = (struct csc_proposed_note){scoping->command_id, field, value, why};
}

static bool is_held(const struct csc_strings *list, const char *path)
{
    for (size_t i = 0; i < list->count; i++)
        if (csc_path_has_prefix(path, list->items[i]))
            return true;
    return false;
}

static void add(struct csc_scoping *scoping, bool write, const char *path, const char *why)
{
    struct csc_strings *list = write ? &scoping->writes : &scoping->reads;

    bool exact = write ? scoping->command->exact_writes : scoping->command->exact_reads;
    if (scoping->failed || (scoping->is_filling && exact) || is_held(list, path))
        return;
    const char **items = grow(scoping, list->items, list->count, sizeof(*items));
    if (!items)
        return;
    list->items = items;
    items[list->count++] = path;
    csc_scopes_note(scoping, write ? "write_paths" : "read_paths", path, why);
}

/* ---- the policy's prefixes ------------------------------------------------------------------------------------ */

/* The longest of them that holds the path; NULL: none. */
static const char *prefix_of(const struct csc_names *prefixes, const char *path)
{
    const char *longest = NULL;

    for (size_t i = 0; i < prefixes->count; i++)
        if (csc_path_has_prefix(path, prefixes->items[i]) && (!longest || strlen(prefixes->items[i]) > strlen(longest)))
            longest = prefixes->items[i];
    return longest;
}

/* What lies around cwd, as the policy draws it. A prefix of everything draws nothing. */
static const char *project_of(const struct csc_scoping *scoping, const struct csc_names *prefixes)
{
    const char *cwd = scoping->command->cwd;
    const char *prefix = scoping->policy ? prefix_of(prefixes, cwd) : cwd;

    return prefix && csc_path_has_prefix("/", prefix) ? cwd : prefix;
}

static bool may_write(const struct csc_scoping *scoping)
{
    return !scoping->policy || !scoping->policy->require_write_paths_empty;
}

/* A file is made, replaced or removed in its folder, which has to be there, and the file need not: so the scope is cwd
 * or the policy's prefix, whichever holds it. Where neither does, the policy is to say so. */
static const char *scope_for_writing(const struct csc_scoping *scoping, const char *path)
{
    const char *cwd = scoping->command->cwd;
    const struct csc_policy *policy = scoping->policy;

    if (csc_path_has_prefix(path, cwd) && (!policy || csc_prefixes_contain(&policy->write_prefixes, cwd)))
        return cwd;
    if (policy) {
        const char *prefix = prefix_of(&policy->write_prefixes, path);
        return prefix && !csc_path_has_prefix("/", prefix) ? prefix : path;
    }
    const char *slash = strrchr(path, '/');
    return slash == path ? path : csc_arena_copy(scoping->arena, path, (size_t)(slash - path));
}

/* ---- words ---------------------------------------------------------------------------------------------------- */

/* Every command has these. */
static bool is_device(const char *path)
{
    static const char *const devices[] = {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"};

    for (size_t i = 0; i < ARRAY_SIZE(devices); i++)
        if (strcmp(path, devices[i]) == 0)
            return true;
    return false;
}

/* The glob characters of a scope are no letters of a file's name: the folder above is the scope then. */
static char *without_glob(char *path)
{
    while (csc_glob_is_pattern(path)) {
        char *slash = strrchr(path, '/');
        slash[slash == path] = '\0';
    }
    return path;
}

static void add_file(const struct program *p, const char *word, bool write)
{
    struct csc_scoping *scoping = p->scoping;
    char *path = csc_shell_resolve(scoping->arena, scoping->command->cwd, word);
    const char *why = csc_arena_printf(scoping->arena, "%s of %s", write ? "written operand" : "operand",
                                       p->argv->items[0]);

    if (!path || !why) {
        scoping->failed = true;
        return;
    }
    if (is_device(path))
        return;
    path = without_glob(path);
    if (!write) {
        add(scoping, false, path, why);
        return;
    }
    const char *scope = scope_for_writing(scoping, path);
    scoping->failed |= !scope;
    if (scope)
        add(scoping, true, scope, why);
}

static bool is_option(const char *word)
{
    return word[0] == '-' && word[1] != '\0';
}

/* What of a word that is an option, or begins with "name=" or '@', may name a file; NULL: nothing. Threat: a file that
 * is read, and in no scope, because it stands behind an equals sign. */
static const char *attached_path(const char *word)
{
    const char *equals = strchr(word, '=');
    const char *value = equals ? equals + 1 : word[0] == '@' ? word + 1 : NULL;

    if (!value && is_option(word) && word[1] != '-')
        value = word + 2;
    if (!value && strncmp(word, "file://", 7) == 0)
        value = word + 7;
    if (value && value[0] == '@')
        value++;
    return value && (value[0] == '/' || strncmp(value, "../", 3) == 0 || strcmp(value, "..") == 0) ? value : NULL;
}

/* The option's value in the word itself, "" when it is the next word; NULL: the word is none of these options. */
static const char *option_value(const char *options, const char *word)
{
    while (options && *options) {
        size_t size = strcspn(options, "|");
        bool is_short = size == 2, begins_word = options[size - 1] == '=';
        if (strncmp(word, options, size) == 0) {
            if (begins_word || (is_short && word[size]))
                return word + size;
            if (word[size] == '\0')
                return "";
            if (word[size] == '=')
                return word + size + 1;
        }
        options += size + (options[size] == '|');
    }
    return NULL;
}

/* -e, -f and their long names give the pattern or script, and no operand does. */
static bool gives_script(const char *word)
{
    if (word[0] != '-')
        return false;
    if (word[1] == '-')
        return strncmp(word, "--regexp", 8) == 0 || strncmp(word, "--file", 6) == 0 ||
               strncmp(word, "--expression", 12) == 0 || strncmp(word, "--reference", 11) == 0;
    return strpbrk(word, "ef") != NULL;
}

static void survey_words(struct program *p)
{
    p->skips = p->known->skips_first;
    for (size_t i = 1; i < p->argv->count; i++) {
        const char *word = p->argv->items[i];
        if (gives_script(word))
            p->skips = false;
        if (p->known->in_place && option_value(p->known->in_place, word))
            p->in_place = true;
        if (!is_option(word))
            p->last_operand = i;
    }
}

/* Of programs that work on the project a bare word is as often a subcommand as a file, which lies in the project. */
static void add_operand(struct program *p, size_t index)
{
    enum csc_operands operands = p->known->operands;
    const char *word = p->argv->items[index];

    if (p->skips) {
        p->skips = false;
        return;
    }
    if (attached_path(word))
        add_file(p, attached_path(word), operands == CSC_OPERANDS_WRITE);
    else if (operands != CSC_OPERANDS_NONE && !(p->known->reads_project && !p->in_place && !strchr(word, '/')))
        add_file(p, word,
                 p->in_place || operands == CSC_OPERANDS_WRITE ||
                     (operands == CSC_OPERANDS_LAST && index == p->last_operand));
}

static void add_words(struct program *p)
{
    bool options = true;

    for (size_t i = 1; i < p->argv->count && !p->scoping->failed; i++) {
        const char *word = p->argv->items[i];
        const char *output = options ? option_value(p->known->output, word) : NULL;
        if (options && strcmp(word, "--") == 0)
            options = false;
        else if (output && *output)
            add_file(p, output, true);
        else if (output && i + 1 < p->argv->count)
            add_file(p, p->argv->items[++i], true);
        else if (!options || !is_option(word))
            add_operand(p, i);
        else if (attached_path(word))
            add_file(p, attached_path(word), p->known->operands == CSC_OPERANDS_WRITE);
    }
}

/* ---- a command ------------------------------------------------------------------------------------------------ */

static void add_project(struct program *p)
{
    struct csc_scoping *scoping = p->scoping;
    const struct csc_policy *policy = scoping->policy;
    const char *cwd = scoping->command->cwd;
    bool writes = p->known->writes_project == CSC_PROJECT_WRITTEN ||
                  (p->known->writes_project == CSC_PROJECT_WRITTEN_WHEN_RULED && scoping->is_ruled);
    const char *reads = p->known->reads_project ? project_of(scoping, policy ? &policy->read_prefixes : NULL) : NULL;

    if (!reads && (!policy || csc_prefixes_contain(&policy->read_prefixes, cwd)))
        reads = cwd;
    if (reads)
        add(scoping, false, reads, strcmp(reads, cwd) == 0 ? "cwd" : "the policy's read prefix that holds cwd");
    const char *written = writes && may_write(scoping) ? project_of(scoping, policy ? &policy->write_prefixes : NULL)
                                                       : NULL;
    if (written) {
        const char *why = csc_arena_printf(scoping->arena, "%s works on the project", p->argv->items[0]);
        add(scoping, true, written, why);
    }
}

static void add_all(struct csc_scoping *scoping, bool write, const struct csc_strings *paths)
{
    for (size_t i = 0; i < paths->count; i++)
        add(scoping, write, paths->items[i], "asked for");
}

void csc_scopes_fill(struct csc_scoping *scoping)
{
    const struct csc_proposed_command *command = scoping->command;

    add_all(scoping, false, &command->read_paths);
    add_all(scoping, true, &command->write_paths);
    scoping->is_filling = true;
    for (size_t i = 0; i < command->argv_count && !scoping->failed; i++) {
        struct program program = {
            .scoping = scoping, .argv = &command->argvs[i], .known = csc_program_scopes_of(command->argvs[i].items[0])};
        survey_words(&program);
        add_project(&program);
        add_words(&program);
    }
}
