/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "agent/shell_parts.h"

static const struct csc_shell_reason comment = {"a comment", "leave it out; quote the # if it is meant", NULL};
static const struct csc_shell_reason here_string = {"a here-string (<<<)",
                                                    "write printf '%s\\n' TEXT | in front of the program", NULL};
static const struct csc_shell_reason here_document = {
    "a here-document (<<)", "write the text to a file first, then < FILE; or printf '%s\\n' TEXT | in front", NULL};
static const struct csc_shell_reason duplicate_in = {
    "a duplicated descriptor (<&)", "leave it out: a program reads what the pipe in front of it gives", NULL};
static const struct csc_shell_reason read_write = {"a file opened to read and write (<>)",
                                                   "hand its name to the program", NULL};
static const struct csc_shell_reason process_substitution = {
    "a process substitution", "write the inner command's output to a file first, and name the file", NULL};
static const struct csc_shell_reason clobber = {"an overwriting redirection (>|)", "write > FILE", NULL};
static const struct csc_shell_reason both = {"a redirection of both streams (&>)",
                                             "write > FILE for stdout; stderr is captured on its own", NULL};
static const struct csc_shell_reason background = {"a background job (&)",
                                                   "leave the & out: every command is waited for", NULL};
static const struct csc_shell_reason alternative = {
    "an alternative (||)", "run the first command on its own, and the second one when its exit code says so", NULL};
static const struct csc_shell_reason pipe_both = {"a pipe of both streams (|&)",
                                                  "write |: stderr is captured on its own", NULL};
static const struct csc_shell_reason case_end = {"the end of a case (;;)", "write the commands that are meant", NULL};
static const struct csc_shell_reason semicolon = {
    "a semicolon (;)", "write && or a newline between commands: the first failure stops the rest", NULL};
static const struct csc_shell_reason closing = {"a closing parenthesis", "leave it out, or quote it if it is meant",
                                                NULL};

/* Longer ones before those that they begin with. */
static const struct {
    const char *text;
    enum csc_shell_kind kind;
    const struct csc_shell_reason *reason;
} operators[] = {
    {"&&", CSC_SHELL_AND, NULL},
    {"&>", CSC_SHELL_REFUSED, &both},
    {"&", CSC_SHELL_REFUSED, &background},
    {"||", CSC_SHELL_REFUSED, &alternative},
    {"|&", CSC_SHELL_REFUSED, &pipe_both},
    {"|", CSC_SHELL_PIPE, NULL},
    {";;", CSC_SHELL_REFUSED, &case_end},
    {";", CSC_SHELL_REFUSED, &semicolon},
    {"<<<", CSC_SHELL_REFUSED, &here_string},
    {"<<", CSC_SHELL_REFUSED, &here_document},
    {"<&", CSC_SHELL_REFUSED, &duplicate_in},
    {"<>", CSC_SHELL_REFUSED, &read_write},
    {"<(", CSC_SHELL_REFUSED, &process_substitution},
    {"<", CSC_SHELL_READ, NULL},
    {">>", CSC_SHELL_APPEND, NULL},
    {">&", CSC_SHELL_DUPLICATE, NULL},
    {">|", CSC_SHELL_REFUSED, &clobber},
    {">(", CSC_SHELL_REFUSED, &process_substitution},
    {">", CSC_SHELL_WRITE, NULL},
    {"(", CSC_SHELL_OPEN, NULL},
    {")", CSC_SHELL_REFUSED, &closing},
};

static bool read_operator(struct csc_shell_reader *reader, struct csc_shell_token *token)
{
    for (size_t i = 0; i < ARRAY_SIZE(operators); i++) {
        size_t size = strlen(operators[i].text);
        if (size > reader->size - reader->at || memcmp(reader->text + reader->at, operators[i].text, size) != 0)
            continue;
        token->kind = operators[i].kind;
        token->reason = operators[i].reason;
        reader->at += size;
        return true;
    }
    return false;
}

static void skip_blanks(struct csc_shell_reader *reader)
{
    size_t before;

    do {
        before = reader->at;
        reader->at = csc_shell_skip_continuations(reader, reader->at);
        while (reader->at < reader->size && csc_shell_is_blank(reader->text[reader->at]))
            reader->at++;
    } while (reader->at > before);
}

int csc_shell_next(struct csc_shell_reader *reader, struct csc_shell_token *ret_token)
{
    struct csc_shell_token token = {.kind = CSC_SHELL_END};

    skip_blanks(reader);
    token.at = reader->at;
    if (reader->at < reader->size) {
        char c = reader->text[reader->at];
        if (c == '#')
            return csc_shell_refuse(reader, reader->at, &comment);
        if (c != '\n' && !read_operator(reader, &token))
            return csc_shell_read_word(reader, ret_token);
        if (c == '\n') {
            token.kind = CSC_SHELL_NEWLINE;
            reader->at++;
        }
    }
    *ret_token = token;
    return 0;
}
