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
    bool skips;     /* its first operand is no file */
    size_t written; /* the one operand that is, 0: none */
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
    if (scoping->failed || scoping->overflowed || (scoping->is_filling && exact) || is_held(list, path))
        return;
    if (list->count == CSC_PROPOSED_PATHS_MAX) {
        scoping->overflowed = true;
        return;
    }
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

/* What lies around cwd, as the policy draws it. A prefix of everything draws nothing. NULL: the policy has none. */
static const char *project_of(const struct csc_scoping *scoping, bool write)
{
    const struct csc_policy *policy = scoping->policy;
    const char *cwd = scoping->command->cwd;

    if (!policy)
        return cwd;
    const char *prefix = prefix_of(write ? &policy->write_prefixes : &policy->read_prefixes, cwd);
    return prefix && csc_path_has_prefix("/", prefix) ? cwd : prefix;
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

static void add_path(const struct program *p, char *path, bool write, const char *how)
{
    struct csc_scoping *scoping = p->scoping;
    const char *why = csc_arena_printf(scoping->arena, "%s of %s", how, p->argv->items[0]);

    if (!path || !why) {
        scoping->failed = true;
        return;
    }
    if (is_device(path))
        return;
    path = without_glob(path);
    const char *scope = write ? scope_for_writing(scoping, path) : path;
    scoping->failed |= !scope;
    if (scope)
        add(scoping, write, scope, why);
}

static void add_link(const struct program *p, const char *path, bool write)
{
    const char *cwd = p->scoping->command->cwd;
    char real_cwd[PATH_MAX], real[PATH_MAX];

    if (csc_shell_follow(cwd, ".", real_cwd) && csc_shell_follow(cwd, path, real) &&
        !csc_path_has_prefix(real, real_cwd) && strcmp(path, real) != 0)
        add_path(p, csc_arena_copy(p->scoping->arena, real, strlen(real)), write, "what a link leads to, an operand");
}

/* Threat: the name lies in cwd, and what it leads to does not: a symlink, or ".." behind one, which the kernel follows
 * and a comparison of names does not; by its name alone as well, since a folder on the way may be made before it is
 * used. */
static void add_where_it_leads(const struct program *p, const char *word, bool write)
{
    const char *lexical = csc_shell_resolve(p->scoping->arena, p->scoping->command->cwd, word);

    p->scoping->failed |= !lexical;
    add_link(p, word, write);
    if (lexical)
        add_link(p, lexical, write);
}

static void add_file(const struct program *p, const char *word, bool write)
{
    add_path(p, csc_shell_resolve(p->scoping->arena, p->scoping->command->cwd, word), write,
             write ? "written operand" : "operand");
    add_where_it_leads(p, word, write);
}

static bool is_option(const char *word)
{
    return word[0] == '-' && word[1] != '\0';
}

/* Its own first component, or a later one, leaves cwd. */
static bool leads_elsewhere(const char *value)
{
    if (value[0] == '/')
        return true;
    while (*value) {
        size_t size = strcspn(value, "/");
        if (size == 2 && value[0] == '.' && value[1] == '.')
            return true;
        value += size + (value[size] == '/');
    }
    return false;
}

/*
 * Threat: a file that is read, and in no scope, because it stands behind an equals sign, an @, or the letters of an
 * option. So whatever a word could hold as a path is taken for one if it leads out of cwd: one path too many is a
 * refusal that says why, one too few would be silence.
 */
static void add_attached(const struct program *p, const char *word, bool write)
{
    const char *equals = strchr(word, '='), *at = word[0] == '@' ? word + 1 : NULL;
    const char *url = strncmp(word, "file://", 7) == 0 ? word + 7 : NULL;
    const char *short_value = is_option(word) && word[1] != '-' ? word + 2 : NULL;
    const char *slash = is_option(word) ? strchr(word, '/') : NULL, *dot = is_option(word) ? strchr(word, '.') : NULL;
    const char *candidates[] = {
        equals ? equals + 1 : NULL, equals && equals[1] == '@' ? equals + 2 : NULL, at, url, short_value, slash, dot};

    for (size_t i = 0; i < ARRAY_SIZE(candidates); i++)
        if (candidates[i] && leads_elsewhere(candidates[i]))
            add_file(p, candidates[i], write);
        else if (candidates[i] && candidates[i][0])
            add_where_it_leads(p, candidates[i], write);
}

/* ---- options -------------------------------------------------------------------------------------------------- */

/* "-uo/x" has an o, and behind it its value. Letters before it that take a value themselves end the bundle. */
static const char *bundle_value(char letter, const char *valued, const char *word)
{
    for (const char *c = word + 1; *c; c++) {
        if (*c == letter)
            return c + 1;
        if (valued && (valued[0] == '*' || strchr(valued, *c)))
            return NULL;
    }
    return NULL;
}

/* Of one option: its value in the word itself, "" when it is the next word; NULL: the word is another. */
static const char *one_value(const char *option, size_t size, const char *valued, const char *word)
{
    size_t name = strcspn(word, "=");

    if (option[size - 1] == '=')
        return strncmp(word, option, size) == 0 ? word + size : NULL;
    if (word[0] != '-')
        return NULL;
    if (size == 2 && word[1] != '-')
        return bundle_value(option[1], valued, word);
    bool is_same = name == size && memcmp(word, option, size) == 0;
    bool is_shorter = option[1] == '-' && name > 2 && name < size && memcmp(word, option, name) == 0;
    if (!is_same && !is_shorter)
        return NULL;
    return word[name] ? word + name + 1 : word + name;
}

static const char *option_value(const char *options, const char *valued, const char *word)
{
    while (options && *options) {
        size_t size = strcspn(options, "|");
        const char *value = one_value(options, size, valued, word);
        if (value)
            return value;
        options += size + (options[size] == '|');
    }
    return NULL;
}

/* It may give the pattern or script, which then is no operand: -e, -f and their long names, however short. */
static bool may_give_script(const char *word)
{
    if (word[0] != '-')
        return false;
    return word[1] == '-' ? word[2] && strchr("efr", word[2]) : strpbrk(word, "ef") != NULL;
}

static void survey_words(struct program *p)
{
    size_t operands = 0;

    p->skips = p->known->skips_first;
    for (size_t i = 1; i < p->argv->count; i++) {
        const char *word = p->argv->items[i];
        if (may_give_script(word))
            p->skips = false;
        if (p->known->in_place && option_value(p->known->in_place, p->known->valued, word))
            p->in_place = true;
        if (is_option(word))
            continue;
        operands++;
        if (p->known->operands == CSC_OPERANDS_LAST || (p->known->operands == CSC_OPERANDS_SECOND && operands > 1))
            p->written = i;
    }
}

/* ---- operands ------------------------------------------------------------------------------------------------- */

/* Out of cwd, where nothing else says whether it is written. */
static bool writes_elsewhere(const struct program *p)
{
    return p->in_place || p->known->operands == CSC_OPERANDS_WRITE || p->known->writes_elsewhere ||
           (p->known->writes_project == CSC_PROJECT_WRITTEN_WHEN_RULED && p->scoping->is_ruled);
}

/* Of programs that work on the project a bare word is as often a subcommand as a file, which lies in the project. */
static void add_operand(struct program *p, size_t index)
{
    const char *word = p->argv->items[index];
    bool write = writes_elsewhere(p) || index == p->written;

    if (p->skips) {
        p->skips = false;
        return;
    }
    add_attached(p, word, write);
    if (leads_elsewhere(word) || index == p->written ||
        (p->known->operands != CSC_OPERANDS_NONE && (!p->known->reads_project || strchr(word, '/'))))
        add_file(p, word, write);
    else
        add_where_it_leads(p, word, write);
}

static void add_words(struct program *p)
{
    bool options = true;

    if (p->known->operands == CSC_OPERANDS_TEXT)
        return;
    for (size_t i = 1; i < p->argv->count && !p->scoping->failed; i++) {
        const char *word = p->argv->items[i];
        const char *output = options ? option_value(p->known->output, p->known->valued, word) : NULL;
        if (options && strcmp(word, "--") == 0)
            options = false;
        else if (output && *output)
            add_file(p, output, true);
        else if (output && i + 1 < p->argv->count)
            add_file(p, p->argv->items[++i], true);
        else if (!options || !is_option(word))
            add_operand(p, i);
        else
            add_attached(p, word, writes_elsewhere(p));
    }
}

/* ---- a command ------------------------------------------------------------------------------------------------ */

static void add_project(struct program *p)
{
    struct csc_scoping *scoping = p->scoping;
    const struct csc_policy *policy = scoping->policy;
    const char *cwd = scoping->command->cwd;
    bool writes = p->in_place || p->known->writes_project == CSC_PROJECT_WRITTEN ||
                  (p->known->writes_project == CSC_PROJECT_WRITTEN_WHEN_RULED && scoping->is_ruled);
    const char *reads = p->known->reads_project ? project_of(scoping, false) : NULL;

    if (!reads && (!policy || csc_prefixes_contain(&policy->read_prefixes, cwd)))
        reads = cwd;
    if (reads)
        add(scoping, false, reads, strcmp(reads, cwd) == 0 ? "cwd" : "the policy's read prefix that holds cwd");
    if (!writes)
        return;
    /* Where the policy has nothing that could be written here, it is to say so. */
    const char *written = p->in_place ? NULL : project_of(scoping, true);
    add(scoping, true, written ? written : scope_for_writing(scoping, cwd),
        csc_arena_printf(scoping->arena, "%s writes %s", p->argv->items[0], p->in_place ? "in cwd" : "the project"));
}

static void add_all(struct csc_scoping *scoping, bool write, const struct csc_strings *paths)
{
    for (size_t i = 0; i < paths->count; i++)
        add(scoping, write, paths->items[i], "asked for");
}

void csc_scopes_fill(struct csc_scoping *scoping)
{
    const struct csc_proposed_command *command = scoping->command;
    char real[PATH_MAX];

    add_all(scoping, false, &command->read_paths);
    add_all(scoping, true, &command->write_paths);
    scoping->is_filling = true;
    if (csc_shell_follow(command->cwd, ".", real) && strcmp(real, command->cwd) != 0) {
        char *copy = csc_arena_copy(scoping->arena, real, strlen(real));
        scoping->failed |= !copy;
        add(scoping, false, copy ? copy : "/", "what cwd leads to");
    }
    for (size_t i = 0; i < command->argv_count && !scoping->failed; i++) {
        struct program program = {
            .scoping = scoping, .argv = &command->argvs[i], .known = csc_program_scopes_of(command->argvs[i].items[0])};
        survey_words(&program);
        add_project(&program);
        add_words(&program);
    }
}
