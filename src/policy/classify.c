/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/classify.h"

#include <string.h>

#include "policy/match.h"

/* A part of a pattern or of a list: not NUL-terminated. */
struct slice {
    const char *text;
    size_t size;
};

/* One program and its arguments, as far as a contract may go: a longer argv never runs, so that nothing behind the
 * limit matters, and scanning it for wrapped programs stays cheap. */
struct program {
    const char *name; /* the basename of argv[0] */
    char *const *items;
    size_t count;
    const char *first_word; /* of git-push: push; else NULL */
    const struct csc_program_options *options;
    struct effort *effort;
};

/* Spent so far on the whole command. */
struct effort {
    size_t steps;
    size_t bytes; /* compared in search of hosts */
};

/* More elements than any command line of a person needs looking at. Threat: wrapped programs behind unknown options,
 * each of which could begin at many places, would keep the decision busy for seconds; and so would an argv of nothing
 * but beginnings of hosts. Once through the largest contract is always in it. */
enum { STEPS_MAX = 10000, BYTES_MAX = 2 << 20 };

/* Where matching has got to. */
struct cursor {
    const struct program *program;
    size_t next;
    bool first_word_done;
    bool no_options; /* behind "--" */
    bool unsure;     /* the word last read may be the value of an unknown option */
};

/* Cuts the next slice off a list; false at its end. */
static bool cut(const char **list, char separator, struct slice *ret_slice)
{
    if (!**list)
        return false;
    const char *end = strchrnul(*list, separator);
    *ret_slice = (struct slice){*list, (size_t)(end - *list)};
    *list = end + (*end != '\0');
    return true;
}

static bool is_version(const char *text)
{
    return text[strspn(text, "0123456789.-")] == '\0';
}

static bool word_is(struct slice pattern, const char *word)
{
    const char *tilde = memchr(pattern.text, '~', pattern.size);
    size_t size = strlen(word);

    if (pattern.text[pattern.size - 1] == '#')
        return strncmp(word, pattern.text, pattern.size - 1) == 0 && is_version(word + pattern.size - 1);
    if (!tilde)
        return size == pattern.size && memcmp(word, pattern.text, size) == 0;
    size_t shortest = (size_t)(tilde - pattern.text);
    return size >= shortest && size < pattern.size && memcmp(word, pattern.text, shortest) == 0 &&
           memcmp(word + shortest, tilde + 1, size - shortest) == 0;
}

static bool option_is(struct slice pattern, const char *element)
{
    if (pattern.size > 2)
        return strncmp(element, pattern.text, pattern.size) == 0 && strchr("=", element[pattern.size]);
    return element[0] == '-' && element[1] != '-' && strchr(element, pattern.text[1]);
}

static bool any_is(struct slice alternatives, const char *word, bool (*is)(struct slice pattern, const char *word))
{
    while (alternatives.size > 0) {
        const char *bar = memchr(alternatives.text, '|', alternatives.size);
        size_t size = bar ? (size_t)(bar - alternatives.text) : alternatives.size;
        if (alternatives.text[0] == word[0] && is((struct slice){alternatives.text, size}, word))
            return true;
        size_t used = size + (bar ? 1 : 0);
        alternatives = (struct slice){alternatives.text + used, alternatives.size - used};
    }
    return false;
}

bool csc_alternatives_have(const char *alternatives, size_t size, const char *word)
{
    return any_is((struct slice){alternatives, size}, word, word_is);
}

static bool list_has(const char *list, const char *word)
{
    return csc_alternatives_have(list, strlen(list), word);
}

/* False when the command has used up its steps. */
static bool may_go_on(const struct program *program)
{
    if (program->effort->steps >= STEPS_MAX)
        return false;
    program->effort->steps++;
    return true;
}

static bool is_option(const char *element)
{
    /* cargo +nightly install: a toolchain is no subcommand either. */
    return (element[0] == '-' && element[1] != '\0') || element[0] == '+';
}

/* The next element that is no option and, as far as is known, no option's value. */
static const char *read_word(struct cursor *c)
{
    const struct program *p = c->program;

    c->unsure = false;
    if (p->first_word && !c->first_word_done) {
        c->first_word_done = true;
        return p->first_word;
    }
    while (c->next < p->count && may_go_on(p)) {
        const char *element = p->items[c->next++];
        if (c->no_options || !is_option(element))
            return element;
        c->unsure = false;
        if (strcmp(element, "--") == 0)
            c->no_options = true;
        else if (p->options && list_has(p->options->values, element))
            c->next++;
        else
            c->unsure = !strchr(element, '=') && !(p->options && list_has(p->options->flags, element));
    }
    return NULL;
}

static bool match_word(struct cursor *c, struct slice alternatives)
{
    const char *word = read_word(c);

    while (word && !any_is(alternatives, word, word_is)) {
        if (!c->unsure)
            return false;
        word = read_word(c);
    }
    return word != NULL;
}

static bool match_option(struct cursor *c, struct slice alternatives)
{
    for (size_t i = c->next; i < c->program->count && may_go_on(c->program); i++) {
        if (strcmp(c->program->items[i], "--") == 0)
            return false;
        if (any_is(alternatives, c->program->items[i], option_is)) {
            c->next = i + 1;
            return true;
        }
    }
    return false;
}

static bool is_remote(const char *element)
{
    size_t local = strcspn(element, "/:");

    return local > 0 && element[0] != '-' && element[local] == ':';
}

static bool match_remote(const struct cursor *c)
{
    for (size_t i = c->next; i < c->program->count && may_go_on(c->program); i++)
        if (is_remote(c->program->items[i]))
            return true;
    return false;
}

static bool match_pattern(const struct program *program, const char *pattern)
{
    struct cursor cursor = {.program = program};
    struct slice part;

    if (!cut(&pattern, ' ', &part) || !any_is(part, program->name, word_is))
        return false;
    for (bool matches = true; cut(&pattern, ' ', &part);) {
        if (part.text[0] == '-')
            matches = match_option(&cursor, part);
        else if (part.text[0] == '@')
            matches = match_remote(&cursor);
        else if (part.text[0] == '$')
            matches = !read_word(&cursor);
        else if (part.text[0] == '*')
            matches = read_word(&cursor) != NULL;
        else
            matches = match_word(&cursor, part);
        if (!matches)
            return false;
    }
    return true;
}

int csc_effect_core(const char *effect_type)
{
    for (int i = 0; csc_effect_names[i]; i++)
        if (strcmp(csc_effect_names[i], effect_type) == 0)
            return i;
    for (const struct csc_extension_rule *rule = csc_extension_rules; rule->program; rule++)
        if (strcmp(rule->effect_type, effect_type) == 0)
            return (int)rule->core;
    return -1;
}

/* The stronger of two; of two equal ones, an extension says more than its core. */
static void keep_stronger(struct csc_classification *best, enum csc_effect core, const char *effect_type,
                          const char *rule)
{
    if (best->rule && core < best->core)
        return;
    if (best->rule && core == best->core && effect_type == csc_effect_names[core])
        return;
    *best = (struct csc_classification){.core = core, .effect_type = effect_type, .rule = rule};
}

/* key=value or a key, against "git -c " and a name with at most one star. */
static bool setting_is(const char *setting, const char *assignment)
{
    const char *name = setting + strlen("git -c ");
    size_t size = strcspn(assignment, "=");
    const char *star = strchrnul(name, '*');
    size_t before = (size_t)(star - name);
    size_t after = *star ? strlen(star + 1) : 0;

    if (size < before + after || (!*star && size != before))
        return false;
    return csc_ascii_equal(assignment, name, before) &&
           csc_ascii_equal(assignment + size - after, name + strlen(name) - after, after);
}

/* The setting that an element assigns, be it of -c, of --config-env, or of the --config of git clone; "" for none. */
static const char *assigned_setting(const struct program *program, size_t i)
{
    static const char *const separate[] = {"-c", "--config", "--config-env"};
    const char *element = program->items[i];

    for (size_t k = 0; k < ARRAY_SIZE(separate); k++) {
        if (strcmp(element, separate[k]) == 0)
            return i + 1 < program->count ? program->items[i + 1] : "";
        size_t size = strlen(separate[k]);
        if (k > 0 && strncmp(element, separate[k], size) == 0 && element[size] == '=')
            return element + size + 1;
    }
    return strncmp(element, "-c", 2) == 0 ? element + 2 : "";
}

/*
 * `git -c alias.x=push x`: with an alias, a program or a file of settings given on the command line, what runs can't be
 * told from the words. It counts as the strongest thing git does.
 */
static const char *hidden_by_setting(const struct program *program)
{
    if (strcmp(program->name, "git") != 0)
        return NULL;
    for (size_t i = 0; i < program->count && may_go_on(program); i++) {
        const char *assignment = assigned_setting(program, i);
        for (const char *const *s = csc_git_settings; *assignment && *s; s++)
            if (setting_is(*s, assignment))
                return *s;
    }
    return NULL;
}

/* One of the hosts that contain `part` stands in the element, which has `part` at `at`. */
static bool host_stands_at(const struct program *program, const struct csc_names *hosts, const char *part,
                           const char *element, const char *at)
{
    for (size_t i = 0; i < hosts->count; i++) {
        const char *host = hosts->items[i], *in_host = csc_ascii_find(host, part);
        size_t size = strlen(host), before = in_host ? (size_t)(in_host - host) : 0;
        program->effort->bytes += size;
        if (in_host && before <= (size_t)(at - element) && csc_ascii_equal(at - before, host, size))
            return true;
    }
    return false;
}

/* Where the effort ends before the search, a host counts as found: the stronger answer. */
static bool names_host(const struct program *program, const struct csc_names *hosts, const char *part)
{
    for (size_t i = 0; i < program->count && hosts->count > 0; i++) {
        const char *element = program->items[i];
        program->effort->bytes += strlen(element);
        for (const char *at = element; (at = csc_ascii_find(at, part)); at++)
            if (program->effort->bytes > BYTES_MAX || host_stands_at(program, hosts, part, element, at))
                return true;
    }
    return program->effort->bytes > BYTES_MAX;
}

static void classify_program(struct csc_classification *best, const struct program *program,
                             const struct csc_policy *policy)
{
    for (const struct csc_effect_rule *rule = csc_effect_rules; rule->pattern; rule++)
        if (match_pattern(program, rule->pattern))
            keep_stronger(best, rule->effect, csc_effect_names[rule->effect], rule->pattern);
    for (const struct csc_extension_rule *rule = csc_extension_rules; rule->program; rule++)
        if (list_has(rule->program, program->name) && names_host(program, &policy->egress_hosts, rule->host))
            keep_stronger(best, rule->core, rule->effect_type, rule->name);
    const char *setting = hidden_by_setting(program);
    if (setting)
        keep_stronger(best, CSC_EFFECT_DEPLOY, csc_effect_names[CSC_EFFECT_DEPLOY], setting);
}

/* argv from `items` on, as the program it would run. */
static struct program as_program(char *const *items, size_t count, struct effort *effort)
{
    const char *slash = strrchr(items[0], '/');
    struct program program = {
        .name = slash ? slash + 1 : items[0], .items = items + 1, .count = count - 1, .effort = effort};

    if (strncmp(program.name, "git-", 4) == 0) { /* /usr/lib/git-core/git-push is git push */
        program.first_word = program.name + 4;
        program.name = "git";
    }
    for (const struct csc_program_options *o = csc_program_options; o->programs; o++)
        if (list_has(o->programs, program.name))
            program.options = o;
    return program;
}

/*
 * What a wrapper runs begins at one of its arguments. Which one depends on options of every wrapper there is, so each
 * is tried: an argument that merely looks like a program costs a classification that is too strong, never one that
 * is too weak. Strings for a shell are not read: allowing a shell allows everything.
 */
static void classify_argv(struct csc_classification *best, const struct csc_argv *argv, const struct csc_policy *policy,
                          struct effort *effort)
{
    size_t count = argv->count < CSC_ARGV_COUNT_MAX ? argv->count : CSC_ARGV_COUNT_MAX;
    struct program program = as_program(argv->items, count, effort);

    classify_program(best, &program, policy);
    if (!list_has(csc_wrappers, program.name))
        return;
    for (size_t i = 1; i < count; i++) {
        program = as_program(argv->items + i, count - i, effort);
        classify_program(best, &program, policy);
    }
}

static void classify_path(struct csc_classification *best, const char *path)
{
    const char *found = csc_secret_path_find(path);

    if (found)
        keep_stronger(best, CSC_EFFECT_TOUCH_SECRETS, csc_effect_names[CSC_EFFECT_TOUCH_SECRETS], found);
}

struct csc_classification csc_classify(const struct csc_command *command, const struct csc_policy *policy)
{
    struct csc_classification best = {.core = command->proposed_effect,
                                      .effect_type = csc_effect_names[command->proposed_effect]};
    struct effort effort = {0};

    for (size_t i = 0; i < command->argv_count; i++) {
        classify_argv(&best, &command->argvs[i], policy, &effort);
        for (size_t k = 0; k < command->argvs[i].count; k++)
            classify_path(&best, command->argvs[i].items[k]);
    }
    if (effort.steps >= STEPS_MAX) /* what was not read could be anything */
        keep_stronger(&best, CSC_EFFECT_TOUCH_SECRETS, csc_effect_names[CSC_EFFECT_TOUCH_SECRETS],
                      "too many readings to tell what runs");
    classify_path(&best, command->cwd);
    for (size_t i = 0; i < command->read_path_count; i++)
        classify_path(&best, command->read_paths[i]);
    for (size_t i = 0; i < command->write_path_count; i++)
        classify_path(&best, command->write_paths[i]);
    return best;
}
