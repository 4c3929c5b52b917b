/* SPDX-License-Identifier: Apache-2.0 */
/* Names that mean something else to a shell than the program of that name. */
#include <string.h>

#include "agent/shell_parts.h"

static const struct csc_shell_reason assignment = {
    "a variable set for a program (%s)",
    "set it for csc itself, and name it in env_allow; or write env NAME=VALUE in front, where env is allowed",
    "env_allow"};

static const struct csc_shell_reason job_name = {"a job of the shell (%)", "leave it out: every command is waited for",
                                                 NULL};

#define RESERVED "the reserved word %s"
#define BUILTIN "the shell's own command %s"
#define LASTS "leave it out: nothing lasts from one command to the next"

static const struct csc_shell_reason condition = {
    RESERVED, "run the condition on its own, and what depends on it when its exit code says so", NULL};
static const struct csc_shell_reason loop = {RESERVED, "write the commands out, one for each round", NULL};
static const struct csc_shell_reason function = {RESERVED, "write the commands themselves", NULL};
static const struct csc_shell_reason timing = {RESERVED, "leave it out: the receipt has the times", NULL};
static const struct csc_shell_reason coprocess = {RESERVED, "leave it out: every command is waited for", NULL};
static const struct csc_shell_reason times = {BUILTIN, "leave it out: the receipt has the times", NULL};
static const struct csc_shell_reason negation = {RESERVED, "run the command, and look at its exit code", NULL};
static const struct csc_shell_reason bracket = {RESERVED, "write [ ... ] or test ..., which are programs", NULL};
static const struct csc_shell_reason group = {RESERVED, "leave the braces out", NULL};
static const struct csc_shell_reason variable = {BUILTIN, "set the variable for csc itself, and name it in env_allow",
                                                 "env_allow"};
static const struct csc_shell_reason indirect = {BUILTIN, "write the commands themselves", NULL};
static const struct csc_shell_reason job = {BUILTIN, "leave it out: every command is waited for", NULL};
static const struct csc_shell_reason folders = {BUILTIN, "write cd DIR && in front of the command", NULL};
static const struct csc_shell_reason flow = {BUILTIN, "leave it out: the first failure stops the rest", NULL};
static const struct csc_shell_reason nothing = {BUILTIN, "write true", NULL};
static const struct csc_shell_reason lookup = {BUILTIN, "write which NAME", NULL};
static const struct csc_shell_reason input = {BUILTIN, "let a program read it", NULL};
static const struct csc_shell_reason number = {BUILTIN, "write the number itself", NULL};
static const struct csc_shell_reason state = {BUILTIN, LASTS, NULL};

struct name {
    const char *name;
    const struct csc_shell_reason *reason;
};

/* Where nothing of them is quoted. POSIX.1-2017, 2.4, and those of bash. */
static const struct name reserved_words[] = {
    {"!", &negation},        {"case", &condition}, {"coproc", &coprocess}, {"do", &loop},      {"done", &loop},
    {"elif", &condition},    {"else", &condition}, {"esac", &condition},   {"fi", &condition}, {"for", &loop},
    {"function", &function}, {"if", &condition},   {"in", &loop},          {"select", &loop},  {"then", &condition},
    {"time", &timing},       {"until", &loop},     {"while", &loop},       {"}", &group},      {"]]", &bracket},
};

/* Quoted or not. Those that are programs of the same meaning too (echo, printf, test, [, true, false, pwd, kill) are
 * not among them. */
static const struct name builtins[] = {
    {".", &indirect},      {":", &nothing},         {"alias", &state},   {"bg", &job},           {"bind", &state},
    {"break", &flow},      {"builtin", &indirect},  {"caller", &state},  {"command", &indirect}, {"compgen", &state},
    {"complete", &state},  {"compopt", &state},     {"continue", &flow}, {"declare", &variable}, {"dirs", &folders},
    {"disown", &job},      {"enable", &state},      {"eval", &indirect}, {"exec", &indirect},    {"exit", &flow},
    {"export", &variable}, {"fc", &state},          {"fg", &job},        {"getopts", &state},    {"hash", &state},
    {"help", &state},      {"history", &state},     {"jobs", &job},      {"let", &number},       {"local", &variable},
    {"logout", &flow},     {"mapfile", &input},     {"popd", &folders},  {"pushd", &folders},    {"read", &input},
    {"readarray", &input}, {"readonly", &variable}, {"return", &flow},   {"set", &state},        {"shift", &state},
    {"shopt", &state},     {"source", &indirect},   {"suspend", &job},   {"times", &times},      {"trap", &state},
    {"type", &lookup},     {"typeset", &variable},  {"ulimit", &state},  {"umask", &state},      {"unalias", &state},
    {"unset", &variable},  {"wait", &job},
};

static const struct csc_shell_reason *find(const struct name *names, size_t count, const char *word)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i].name, word) == 0)
            return names[i].reason;
    return NULL;
}

/* NAME= and NAME+=, none of it quoted (POSIX.1-2017, 2.9.1). */
static bool is_assignment(const struct csc_shell_token *word)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
    size_t size = strspn(word->text, letters);

    if (size == 0)
        return false;
    while (word->text[size] && strchr("0123456789", word->text[size]))
        size += 1 + strspn(word->text + size + 1, letters);
    size += word->text[size] == '+';
    return size < word->plain && word->text[size] == '=';
}

/* Threat: a name with a subscript, in which bash runs a command substitution, quoted or not. */
int csc_shell_check_argument(struct csc_shell_reader *reader, const char *program, size_t index,
                             const struct csc_shell_token *word)
{
    static const struct csc_shell_reason sets = {"printf -v, which sets a variable of the shell", LASTS, NULL};
    static const struct csc_shell_reason looks = {"a test of a variable of the shell (%s)",
                                                  "leave it out: a contract's commands have no variables", NULL};
    bool is_test = strcmp(program, "test") == 0 || strcmp(program, "[") == 0;

    if (strcmp(program, "printf") == 0 && index == 1 && strncmp(word->text, "-v", 2) == 0)
        return csc_shell_refuse(reader, word->at, &sets);
    if (is_test && (strcmp(word->text, "-v") == 0 || strcmp(word->text, "-R") == 0))
        return csc_shell_refuse_word(reader, word->at, &looks, word->text);
    return 0;
}

int csc_shell_check_program(struct csc_shell_reader *reader, const struct csc_shell_token *word)
{
    const struct csc_shell_reason *reason = NULL;

    if (is_assignment(word)) {
        const char *name = csc_arena_copy(reader->arena, word->text, strcspn(word->text, "+="));
        return name ? csc_shell_refuse_word(reader, word->at, &assignment, name) : csc_fail_memory(reader->err);
    }
    if (word->text[0] == '%')
        return csc_shell_refuse(reader, word->at, &job_name);
    if (!word->quoted)
        reason = find(reserved_words, ARRAY_SIZE(reserved_words), word->text);
    if (!reason)
        reason = find(builtins, ARRAY_SIZE(builtins), word->text);
    return reason ? csc_shell_refuse_word(reader, word->at, reason, word->text) : 0;
}
