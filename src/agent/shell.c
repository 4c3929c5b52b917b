/* SPDX-License-Identifier: Apache-2.0 */
/* The grammar: commands of pipelines of words and redirections. */
#include "agent/shell.h"

#include <string.h>

#include "agent/shell_parser.h"

static const struct csc_shell_reason nothing = {"an empty line", "write a command", NULL};
static const struct csc_shell_reason many_words = {"more than 200 words in one program",
                                                   "put them into a file, or run it in parts", "exec.argv"};
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
static const struct csc_shell_reason cd_in_pipe = {"cd in a pipeline", "write cd DIR && in front of it", NULL};
static const struct csc_shell_reason cd_redirected = {"cd with a redirection", "leave the redirection out", NULL};
static const struct csc_shell_reason cd_operands = {"cd without exactly one folder", "write cd DIR &&", NULL};
static const struct csc_shell_reason cd_option = {"cd with an option", "write cd DIR &&, or cd ./-DIR &&", NULL};
static const struct csc_shell_reason cd_last = {"a cd with no command behind it",
                                                "write cd DIR && COMMAND: nothing lasts beyond the line", "cwd"};
static const struct csc_shell_reason newline_behind_cd = {
    "a command on a new line behind a cd", "write && between them: where the cd failed, a shell would go on elsewhere",
    "cwd"};
static const struct csc_shell_reason function = {"a function", "write its commands themselves", NULL};
static const struct csc_shell_reason extended_pattern = {"a pattern of file names",
                                                         "name the files, or let a program such as find do it", NULL};
static const struct csc_shell_reason subshell = {
    "a subshell", "leave the parentheses out; for another folder write cd DIR && in front", NULL};

static int refuse(struct csc_shell_parser *p, size_t at, const struct csc_shell_reason *reason)
{
    return csc_shell_refuse(&p->reader, at, reason);
}

static int refuse_operator(struct csc_shell_parser *p, const struct csc_shell_token *token)
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

static int add_word(struct csc_shell_parser *p, const struct csc_shell_token *word)
{
    if (word->size == 0)
        return refuse(p, word->at, &csc_shell_empty_word);
    if (p->word_count == CSC_ARGV_COUNT_MAX)
        return refuse(p, word->at, &many_words);
    if (p->word_count == 0) {
        int r = csc_shell_check_program(&p->reader, word);
        if (r < 0)
            return r;
        p->has_cd |= strcmp(word->text, "cd") == 0;
    } else {
        int r = csc_shell_check_argument(&p->reader, p->words[0], p->word_count, word);
        if (r < 0)
            return r;
    }
    p->words[p->word_count++] = (char *)word->text;
    p->last = *word;
    return 0;
}

/* A word, or the descriptor of the redirection right behind it. */
static int read_word(struct csc_shell_parser *p, const struct csc_shell_token *word)
{
    struct csc_shell_token op = {0};

    if (!word->number)
        return add_word(p, word);
    int r = csc_shell_next(&p->reader, &op);
    if (r < 0)
        return r;
    return op.reason ? refuse(p, word->at, op.reason) : csc_shell_read_redirection(p, &op, word->at, word->text);
}

/* Reads the words and redirections of one program; *ret_stop is what ends them. */
static int read_words(struct csc_shell_parser *p, struct csc_shell_token *ret_stop)
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
            r = csc_shell_read_redirection(p, &token, token.at, NULL);
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

static bool is_empty(const struct csc_shell_parser *p)
{
    return p->word_count == 0 && p->redirected == CSC_SHELL_NOWHERE;
}

/* One program of a pipeline. `pipe` is the offset of the | before it. */
static int read_program(struct csc_shell_parser *p, size_t pipe, struct csc_shell_token *ret_stop)
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
    if (p->argv_count == CSC_SHELL_PROGRAMS_MAX)
        return refuse(p, pipe, &csc_shell_many_programs);
    return csc_shell_add_program(p, p->words, p->word_count);
}

static int read_pipeline(struct csc_shell_parser *p, struct csc_shell_token *ret_stop)
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
        r = csc_shell_check_pipe(p);
        if (r < 0)
            return r;
        pipe = ret_stop->at;
    }
}

static int change_folder(struct csc_shell_parser *p)
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
    return r == -CSC_E_DATA ? refuse(p, p->begin, &csc_shell_long_path) : r;
}

static int finish_command(struct csc_shell_parser *p)
{
    struct csc_shell_command command = {0};
    size_t line;

    if (p->command_count == CSC_SHELL_COMMANDS_MAX)
        return refuse(p, p->begin, &many_commands);
    int r = csc_shell_add_files(p, &command);
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

static int read_commands(struct csc_shell_parser *p)
{
    struct csc_shell_token stop = {0};
    size_t and = CSC_SHELL_NOWHERE;      /* the && in front */
    bool any_cd = false, unsure = false; /* whether a shell might be in another folder now */

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
        if (p->argv_count > 0 && unsure)
            return refuse(p, p->begin, &newline_behind_cd);
        any_cd |= p->has_cd;
        unsure = any_cd && stop.kind == CSC_SHELL_NEWLINE;
        if (p->argv_count > 0)
            r = p->has_cd ? change_folder(p) : finish_command(p);
        if (r < 0)
            return r;
        and = stop.kind == CSC_SHELL_AND ? stop.at : CSC_SHELL_NOWHERE;
    } while (stop.kind != CSC_SHELL_END);
    return 0;
}

static int parse(struct csc_shell_parser *p)
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
    struct csc_shell_parser *p = csc_arena_alloc(arena, sizeof(*p));
    /* Every word is followed by an op, a blank or the end, so that there is room for its NUL. */
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
