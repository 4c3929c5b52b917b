/* SPDX-License-Identifier: Apache-2.0 */
/* The grammar: commands of pipelines of words and redirections. */
#include "agent/shell.h"

#include <string.h>

#include "agent/shell_parts.h"

enum { COMMANDS_MAX = 20, PROGRAMS_MAX = 10 }; /* of a contract */

static const struct csc_shell_reason nothing = {"an empty line", "write a command", NULL};
static const struct csc_shell_reason empty_word = {"an empty word", "leave it out: no argument of a contract is empty",
                                                   "exec.argv"};
static const struct csc_shell_reason many_words = {"more than 200 words in one program",
                                                   "put them into a file, or run it in parts", "exec.argv"};
static const struct csc_shell_reason many_programs = {
    "more than 10 programs in one pipeline", "keep what one part prints in a file, and go on from there", NULL};
static const struct csc_shell_reason many_commands = {"more than 20 commands", "hand them over in parts", NULL};
static const struct csc_shell_reason nothing_behind_pipe = {"a | with no program behind it",
                                                            "write the program, or leave the | out", NULL};
static const struct csc_shell_reason nothing_behind_and = {"a && with no command behind it",
                                                           "write the command, or leave the && out", NULL};
static const struct csc_shell_reason nothing_before_pipe = {"a | with no program in front of it",
                                                            "write the program, or leave the | out", NULL};
static const struct csc_shell_reason nothing_before_and = {"a && with no command in front of it",
                                                           "write the command, or leave the && out", NULL};
static const struct csc_shell_reason no_program = {"a redirection without a program",
                                                   "write the program that reads or writes the file", NULL};
static const struct csc_shell_reason no_file = {"a redirection without a file", "write the file's name behind it",
                                                NULL};
static const struct csc_shell_reason other_descriptor = {"a redirection of another descriptor",
                                                         "leave it out: only stdin and stdout can be redirected", NULL};
static const struct csc_shell_reason stderr_to_file = {"a redirection of stderr",
                                                       "leave it out: csc captures stderr apart from stdout", NULL};
static const struct csc_shell_reason to_descriptor = {"a redirection to another descriptor",
                                                      "leave it out: csc captures stderr apart from stdout", NULL};
static const struct csc_shell_reason merged_in_pipe = {
    "a redirection of stderr in front of a pipe",
    "leave it out: csc captures stderr apart from stdout, and the next program reads stdout alone", NULL};
static const struct csc_shell_reason merged_in_file = {"a redirection of stderr beside one of stdout",
                                                       "leave 2>&1 out: csc captures stderr apart from stdout", NULL};
static const struct csc_shell_reason second_read = {"a second file to read", "write cat FILE FILE | in front", NULL};
static const struct csc_shell_reason second_write = {"a second file to write", "write | tee FILE > FILE", NULL};
static const struct csc_shell_reason same_file = {"a file to read and to write",
                                                  "write another file, and rename it afterwards", NULL};
static const struct csc_shell_reason late_read = {"a file to read behind a pipe",
                                                  "leave the pipe out, or hand the file's name to the program", NULL};
static const struct csc_shell_reason early_write = {"a file to write in front of a pipe", "write | tee FILE | instead",
                                                    NULL};
static const struct csc_shell_reason thrown_away = {"output that is thrown away",
                                                    "leave it out: csc captures what a command prints", NULL};
static const struct csc_shell_reason device = {"a redirection to a device", "name a regular file, or leave it out",
                                               NULL};
static const struct csc_shell_reason folder = {"a redirection to a folder", "write the name of a file", NULL};
static const struct csc_shell_reason pattern_file = {"a redirection to a name with *, ? or [",
                                                     "rename the file: a scope would take it for a pattern", NULL};
static const struct csc_shell_reason long_path = {"a path of more than 4095 bytes", "write a shorter one", NULL};
static const struct csc_shell_reason cd_in_pipe = {"cd in a pipeline", "write cd DIR && in front of it", NULL};
static const struct csc_shell_reason cd_redirected = {"cd with a redirection", "leave the redirection out", NULL};
static const struct csc_shell_reason cd_operands = {"cd without exactly one folder", "write cd DIR &&", NULL};
static const struct csc_shell_reason cd_option = {"cd with an option", "write cd DIR &&, or cd ./-DIR &&", NULL};
static const struct csc_shell_reason cd_last = {"a cd with no command behind it",
                                                "write cd DIR && COMMAND: nothing lasts beyond the line", "cwd"};
static const struct csc_shell_reason function = {"a function", "write its commands themselves", NULL};
static const struct csc_shell_reason extended_pattern = {"a pattern of file names",
                                                         "name the files, or let a program such as find do it", NULL};
static const struct csc_shell_reason subshell = {
    "a subshell", "leave the parentheses out; for another folder write cd DIR && in front", NULL};

struct parser {
    struct csc_shell_reader reader;
    char cwd[PATH_MAX];
    size_t last_cd; /* its offset, while no command is behind it */
    struct csc_shell_command commands[COMMANDS_MAX];
    size_t command_count;
    /* The command under construction. */
    struct csc_argv argvs[PROGRAMS_MAX];
    size_t argv_count;
    size_t begin; /* its offset */
    bool has_cd;
    const char *in, *out;            /* files of redirections */
    bool append;                     /* >> */
    size_t in_at, out_at, merged_at; /* offsets of its redirections: <, >, 2>&1 */
    /* Its last program. */
    char *words[CSC_ARGV_COUNT_MAX];
    size_t word_count;
    struct csc_shell_token last; /* word */
    size_t redirected;           /* offset of its last redirection */
};

static int refuse(struct parser *p, size_t at, const struct csc_shell_reason *reason)
{
    return csc_shell_refuse(&p->reader, at, reason);
}

static int refuse_operator(struct parser *p, const struct csc_shell_token *token)
{
    const struct csc_shell_reader *reader = &p->reader;

    if (token->kind != CSC_SHELL_OPEN)
        return refuse(p, token->at, token->reason);
    size_t next = token->at + 1;
    while (next < reader->size && csc_shell_is_blank(reader->text[next]))
        next++;
    if (p->word_count == 1 && next < reader->size && reader->text[next] == ')')
        return refuse(p, p->last.at, &function);
    if (token->at > 0 && strchr("@!+", reader->text[token->at - 1]))
        return refuse(p, token->at - 1, &extended_pattern);
    return refuse(p, token->at, &subshell);
}

static int add_word(struct parser *p, const struct csc_shell_token *word)
{
    if (word->size == 0)
        return refuse(p, word->at, &empty_word);
    if (p->word_count == CSC_ARGV_COUNT_MAX)
        return refuse(p, word->at, &many_words);
    if (p->word_count == 0) {
        int r = csc_shell_check_program(&p->reader, word);
        if (r < 0)
            return r;
        p->has_cd |= strcmp(word->text, "cd") == 0;
    }
    p->words[p->word_count++] = (char *)word->text;
    p->last = *word;
    return 0;
}

static int read_file(struct parser *p, const struct csc_shell_token *operator, const char * file)
{
    if (p->in_at != CSC_SHELL_NOWHERE)
        return refuse(p, operator->at, &second_read);
    if (p->argv_count > 0)
        return refuse(p, operator->at, &late_read);
    p->in_at = operator->at;
    if (p->out && strcmp(p->out, file) == 0)
        return refuse(p, operator->at, &same_file);
    p->in = strcmp(file, "/dev/null") == 0 ? NULL : file; /* which is what every command reads */
    return p->in && csc_shell_is_device(file) ? refuse(p, operator->at, &device) : 0;
}

static int write_file(struct parser *p, const struct csc_shell_token *operator, const char * file)
{
    if (strcmp(file, "/dev/null") == 0)
        return refuse(p, operator->at, &thrown_away);
    if (csc_shell_is_device(file))
        return refuse(p, operator->at, &device);
    if (p->out_at != CSC_SHELL_NOWHERE)
        return refuse(p, operator->at, &second_write);
    if (p->merged_at != CSC_SHELL_NOWHERE)
        return refuse(p, p->merged_at, &merged_in_file);
    if (p->in && strcmp(p->in, file) == 0)
        return refuse(p, operator->at, &same_file);
    p->out_at = operator->at;
    p->out = file;
    p->append = operator->kind == CSC_SHELL_APPEND;
    return 0;
}

/* Whether this descriptor (NULL: none is named) goes with this operator. */
static const struct csc_shell_reason *check_descriptor(const struct csc_shell_token *operator, const char * fd)
{
    if (operator->kind == CSC_SHELL_DUPLICATE)
        return fd && strcmp(fd, "2") == 0 ? NULL : &to_descriptor;
    if (!fd || (operator->kind != CSC_SHELL_READ && strcmp(fd, "1") == 0))
        return NULL;
    return strcmp(fd, "2") == 0 ? &stderr_to_file : &other_descriptor;
}

static int merge_streams(struct parser *p, size_t at, const struct csc_shell_token *target)
{
    if (target->quoted || strcmp(target->text, "1") != 0)
        return refuse(p, at, &to_descriptor);
    p->merged_at = at;
    return p->out_at != CSC_SHELL_NOWHERE ? refuse(p, at, &merged_in_file) : 0;
}

static int open_file(struct parser *p, const struct csc_shell_token *operator, const struct csc_shell_token * word)
{
    if (word->size == 0)
        return refuse(p, word->at, &empty_word);
    if (csc_shell_is_folder(word->text))
        return refuse(p, word->at, &folder);
    const char *file = csc_shell_resolve(p->reader.arena, p->cwd, word->text);
    if (!file)
        return csc_fail_memory(p->reader.err);
    if (strlen(file) >= PATH_MAX)
        return refuse(p, word->at, &long_path);
    if (csc_glob_is_pattern(file))
        return refuse(p, word->at, &pattern_file);
    return operator->kind == CSC_SHELL_READ ? read_file(p, operator, file) : write_file(p, operator, file);
}

/* `at` is where it begins, with its descriptor. */
static int read_redirection(struct parser *p, struct csc_shell_token operator, size_t at, const char *fd)
{
    struct csc_shell_token word = {0};
    const struct csc_shell_reason *reason = check_descriptor(&operator, fd);

    operator.at = at;
    p->redirected = at;
    if (reason)
        return refuse(p, at, reason);
    p->reader.command_position = false;
    int r = csc_shell_next(&p->reader, &word);
    if (r < 0)
        return r;
    if (word.kind != CSC_SHELL_WORD || word.number)
        return refuse(p, at, &no_file);
    return operator.kind == CSC_SHELL_DUPLICATE ? merge_streams(p, at, &word) : open_file(p, &operator, & word);
}

/* A word, or the descriptor of the redirection right behind it. */
static int read_word(struct parser *p, const struct csc_shell_token *word)
{
    struct csc_shell_token operator= {0};

    if (!word->number)
        return add_word(p, word);
    int r = csc_shell_next(&p->reader, &operator);
    if (r < 0)
        return r;
    return operator.reason ? refuse(p, word->at, operator.reason) : read_redirection(p, operator, word->at, word->text);
}

/* Reads the words and redirections of one program; *ret_stop is what ends them. */
static int read_words(struct parser *p, struct csc_shell_token *ret_stop)
{
    struct csc_shell_token token = {0};
    int r = 0;

    while (r == 0) {
        p->reader.command_position = p->word_count == 0;
        r = csc_shell_next(&p->reader, &token);
        if (r < 0)
            return r;
        if (p->argv_count == 0 && p->word_count == 0 && p->redirected == CSC_SHELL_NOWHERE)
            p->begin = token.at;
        switch (token.kind) {
        case CSC_SHELL_WORD:
            r = read_word(p, &token);
            break;
        case CSC_SHELL_READ:
        case CSC_SHELL_WRITE:
        case CSC_SHELL_APPEND:
        case CSC_SHELL_DUPLICATE:
            r = read_redirection(p, token, token.at, NULL);
            break;
        case CSC_SHELL_OPEN:
        case CSC_SHELL_REFUSED:
            return refuse_operator(p, &token);
        default:
            *ret_stop = token;
            return 0;
        }
    }
    return r;
}

static int add_program(struct parser *p, char *const *words, size_t count)
{
    char **items = csc_arena_array(p->reader.arena, count + 1, sizeof(*items));

    if (!items)
        return csc_fail_memory(p->reader.err);
    memcpy(items, words, count * sizeof(*items));
    p->argvs[p->argv_count++] = (struct csc_argv){.items = items, .count = count};
    return 0;
}

/* What a pipe may not stand behind. */
static int check_before_pipe(struct parser *p)
{
    if (p->out_at != CSC_SHELL_NOWHERE)
        return refuse(p, p->out_at, &early_write);
    return p->merged_at != CSC_SHELL_NOWHERE ? refuse(p, p->merged_at, &merged_in_pipe) : 0;
}

static bool is_empty(const struct parser *p)
{
    return p->word_count == 0 && p->redirected == CSC_SHELL_NOWHERE;
}

/* One program of a pipeline. `pipe` is the offset of the | before it. */
static int read_program(struct parser *p, size_t pipe, struct csc_shell_token *ret_stop)
{
    int r;

    p->word_count = 0;
    p->redirected = CSC_SHELL_NOWHERE;
    do {
        r = read_words(p, ret_stop);
    } while (r == 0 && pipe != CSC_SHELL_NOWHERE && ret_stop->kind == CSC_SHELL_NEWLINE && is_empty(p));
    if (r < 0)
        return r;
    if (is_empty(p) && pipe != CSC_SHELL_NOWHERE)
        return refuse(p, pipe, &nothing_behind_pipe);
    if (is_empty(p))
        return ret_stop->kind == CSC_SHELL_PIPE ? refuse(p, ret_stop->at, &nothing_before_pipe) : 0;
    if (p->word_count == 0)
        return refuse(p, p->redirected, &no_program);
    if (p->argv_count == PROGRAMS_MAX)
        return refuse(p, pipe, &many_programs);
    return add_program(p, p->words, p->word_count);
}

static int read_pipeline(struct parser *p, struct csc_shell_token *ret_stop)
{
    size_t pipe = CSC_SHELL_NOWHERE;

    p->argv_count = 0;
    p->has_cd = p->append = false;
    p->in = p->out = NULL;
    p->in_at = p->out_at = p->merged_at = CSC_SHELL_NOWHERE;
    for (;;) {
        int r = read_program(p, pipe, ret_stop);
        if (r < 0 || ret_stop->kind != CSC_SHELL_PIPE)
            return r;
        r = check_before_pipe(p);
        if (r < 0)
            return r;
        pipe = ret_stop->at;
    }
}

static int change_folder(struct parser *p)
{
    const struct csc_argv *argv = &p->argvs[0];

    if (p->argv_count > 1)
        return refuse(p, p->begin, &cd_in_pipe);
    if (p->in_at != CSC_SHELL_NOWHERE || p->out_at != CSC_SHELL_NOWHERE || p->merged_at != CSC_SHELL_NOWHERE)
        return refuse(p, p->begin, &cd_redirected);
    if (argv->count != 2)
        return refuse(p, p->begin, &cd_operands);
    if (argv->items[1][0] == '-')
        return refuse(p, p->begin, &cd_option);
    int r = csc_shell_change_folder(p->cwd, argv->items[1], p->reader.err);
    p->last_cd = p->begin;
    return r == -CSC_E_DATA ? refuse(p, p->begin, &long_path) : r;
}

/* A list of one file, or of none. */
static int set_file(struct parser *p, struct csc_strings *strings, const char *file)
{
    if (!file)
        return 0;
    strings->items = csc_arena_array(p->reader.arena, 1, sizeof(*strings->items));
    if (!strings->items)
        return csc_fail_memory(p->reader.err);
    strings->items[0] = file;
    strings->count = 1;
    return 0;
}

/* The programs of the redirections beside those of the line. */
static int add_files(struct parser *p)
{
    char *reader[] = {(char *)"cat", (char *)p->in}, *writer[] = {(char *)"tee", (char *)"-a", (char *)p->out};
    int r = 0;

    if (p->argv_count + !!p->in + !!p->out > PROGRAMS_MAX)
        return refuse(p, p->in ? p->in_at : p->out_at, &many_programs);
    if (p->in) {
        r = add_program(p, reader, ARRAY_SIZE(reader));
        if (r < 0)
            return r;
        struct csc_argv cat = p->argvs[p->argv_count - 1];
        memmove(p->argvs + 1, p->argvs, (p->argv_count - 1) * sizeof(*p->argvs));
        p->argvs[0] = cat;
    }
    if (p->out && !p->append)
        writer[1] = writer[2];
    return p->out ? add_program(p, writer, p->append ? 3 : 2) : 0;
}

static int finish_command(struct parser *p)
{
    struct csc_shell_command command = {0};
    size_t line;

    if (p->command_count == COMMANDS_MAX)
        return refuse(p, p->begin, &many_commands);
    int r = add_files(p);
    if (r == 0)
        r = set_file(p, &command.reads, p->in);
    if (r == 0)
        r = set_file(p, &command.writes, p->out);
    if (r < 0)
        return r;
    command.argv_count = p->argv_count;
    command.argvs = csc_arena_array(p->reader.arena, p->argv_count, sizeof(*command.argvs));
    command.cwd = csc_arena_copy(p->reader.arena, p->cwd, strlen(p->cwd));
    if (!command.argvs || !command.cwd)
        return csc_fail_memory(p->reader.err);
    memcpy(command.argvs, p->argvs, p->argv_count * sizeof(*command.argvs));
    csc_shell_place(p->reader.text, p->begin, &line, &command.column);
    p->commands[p->command_count++] = command;
    p->last_cd = CSC_SHELL_NOWHERE;
    return 0;
}

static int read_commands(struct parser *p)
{
    struct csc_shell_token stop = {0};
    size_t and = CSC_SHELL_NOWHERE; /* the && in front */

    do {
        int r = read_pipeline(p, &stop);
        if (r < 0)
            return r;
        if (p->argv_count == 0 && stop.kind == CSC_SHELL_NEWLINE)
            continue; /* empty lines, also behind && */
        if (p->argv_count == 0 && and != CSC_SHELL_NOWHERE)
            return refuse(p, and, &nothing_behind_and);
        if (p->argv_count == 0 && stop.kind == CSC_SHELL_AND)
            return refuse(p, stop.at, &nothing_before_and);
        if (p->argv_count > 0)
            r = p->has_cd ? change_folder(p) : finish_command(p);
        if (r < 0)
            return r;
        and = stop.kind == CSC_SHELL_AND ? stop.at : CSC_SHELL_NOWHERE;
    } while (stop.kind != CSC_SHELL_END);
    return 0;
}

static int parse(struct parser *p)
{
    int r = csc_shell_check_text(&p->reader);

    if (r == 0)
        r = read_commands(p);
    if (r == 0 && p->last_cd != CSC_SHELL_NOWHERE)
        return refuse(p, p->last_cd, &cd_last);
    return r == 0 && p->command_count == 0 ? refuse(p, 0, &nothing) : r;
}

int csc_shell_read(struct csc_arena *arena, const struct csc_shell_text *text, struct csc_shell_line *ret_line,
                   struct csc_shell_refusal *ret_refusal, struct csc_error *err)
{
    *ret_refusal = (struct csc_shell_refusal){0};
    if (text->cwd[0] != '/')
        return csc_fail(err, CSC_E_USAGE, "the folder '%s' is not absolute; begin it with /", text->cwd);
    struct parser *p = csc_arena_alloc(arena, sizeof(*p));
    /* Every word is followed by an operator, a blank or the end, so that there is room for its NUL. */
    char *words = csc_arena_alloc(arena, text->size < CSC_SHELL_BYTES_MAX ? text->size + 1 : CSC_SHELL_BYTES_MAX + 1);
    if (!p || !words)
        return csc_error_in_stage(err, "agent", csc_fail_memory(err));
    p->reader = (struct csc_shell_reader){
        .arena = arena, .text = text->text, .size = text->size, .words = words, .refusal = ret_refusal, .err = err};
    p->last_cd = CSC_SHELL_NOWHERE;
    int r = csc_shell_change_folder(p->cwd, text->cwd, err);
    if (r == -CSC_E_DATA)
        return csc_fail(err, CSC_E_USAGE, "the folder is a path of more than 4095 bytes; take a shorter one");
    if (r == 0)
        r = parse(p);
    if (r < 0)
        return csc_error_in_stage(err, "agent", r);
    struct csc_shell_command *commands = csc_arena_array(arena, p->command_count, sizeof(*commands));
    if (!commands)
        return csc_error_in_stage(err, "agent", csc_fail_memory(err));
    memcpy(commands, p->commands, p->command_count * sizeof(*commands));
    *ret_line = (struct csc_shell_line){.commands = commands, .count = p->command_count};
    return 0;
}
