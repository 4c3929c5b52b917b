/* SPDX-License-Identifier: Apache-2.0 */
/* Words: what is between two operators or blanks, without its quotes (POSIX.1-2017, Shell Command Language, 2.2). */
#include <string.h>

#include "agent/shell_parts.h"

#define QUOTE_IT "quote it where the program is to see it itself"

static const struct csc_shell_reason open_quote = {"a quote that is not closed", "close it, or write \\ before it",
                                                   NULL};
static const struct csc_shell_reason last_backslash = {"a backslash with nothing behind it",
                                                       "leave it out, or write '\\'", NULL};
static const struct csc_shell_reason substitution = {"a command substitution",
                                                     "run the inner command first, and write what it printed", NULL};
static const struct csc_shell_reason arithmetic = {"an arithmetic expansion", "write the number itself", NULL};
static const struct csc_shell_reason parameter = {"a variable", "write its value; a $ that is meant is written '$'",
                                                  NULL};
static const struct csc_shell_reason unclear_dollar = {"a $ that shells read in different ways",
                                                       "write '$' where it is meant", NULL};
static const struct csc_shell_reason ansi_quote = {"an ANSI-C quote ($'...')",
                                                   "write '...' with the characters themselves", NULL};
static const struct csc_shell_reason translation = {"a translated string ($\"...\")", "leave the $ out", NULL};
static const struct csc_shell_reason pattern = {"a pattern of file names (%s)",
                                                "name the files, or let a program such as find do it; " QUOTE_IT, NULL};
static const struct csc_shell_reason array = {"an assignment to an array",
                                              "leave it out: nothing lasts from one command to the next", "env_allow"};
static const struct csc_shell_reason test = {"a [[ test", "write [ ... ] or test ..., which are programs", NULL};
static const struct csc_shell_reason brace = {"a brace ({)", "write every word out, and no groups; " QUOTE_IT, NULL};
static const struct csc_shell_reason closing_brace = {"a brace (}) behind {}", QUOTE_IT, NULL};
static const struct csc_shell_reason tilde = {"a home folder (~)", "write its path; " QUOTE_IT, NULL};

bool csc_shell_is_blank(char c)
{
    return c == ' ' || c == '\t';
}

bool csc_shell_is_meta(char c)
{
    return c == '\n' || csc_shell_is_blank(c) || (c && strchr("|&;()<>", c));
}

size_t csc_shell_skip_continuations(const struct csc_shell_reader *reader, size_t at)
{
    while (at + 1 < reader->size && reader->text[at] == '\\' && reader->text[at + 1] == '\n')
        at += 2;
    return at;
}

/* NUL at the end: no text has one. */
static char peek(const struct csc_shell_reader *reader, size_t at)
{
    return at < reader->size ? reader->text[at] : '\0';
}

static void put(struct csc_shell_reader *reader, struct csc_shell_token *word, char c)
{
    *reader->words++ = c;
    word->size++;
    word->plain += !word->quoted;
}

static int read_escape(struct csc_shell_reader *reader, struct csc_shell_token *word)
{
    size_t after = csc_shell_skip_continuations(reader, reader->at);

    if (after > reader->at) {
        reader->at = after;
        return 0;
    }
    if (reader->at + 1 == reader->size)
        return csc_shell_refuse(reader, reader->at, &last_backslash);
    word->quoted = true;
    put(reader, word, reader->text[reader->at + 1]);
    reader->at += 2;
    return 0;
}

static int read_single_quotes(struct csc_shell_reader *reader, struct csc_shell_token *word)
{
    size_t begin = reader->at++;

    word->quoted = true;
    while (reader->at < reader->size && reader->text[reader->at] != '\'')
        put(reader, word, reader->text[reader->at++]);
    if (reader->at == reader->size)
        return csc_shell_refuse(reader, begin, &open_quote);
    reader->at++;
    return 0;
}

static bool is_name_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* What a $ begins, by the character behind it; NULL: nothing, it stands for itself. */
static const struct csc_shell_reason *expansion(const struct csc_shell_reader *reader, bool in_quotes)
{
    size_t at = csc_shell_skip_continuations(reader, reader->at + 1);
    char c = peek(reader, at);

    if (c == '(')
        return peek(reader, csc_shell_skip_continuations(reader, at + 1)) == '(' ? &arithmetic : &substitution;
    if (c == '[')
        return &arithmetic;
    if (c == '{' || is_name_character(c) || (c && strchr("@*#?-$!", c)))
        return &parameter;
    if (c == '\'' || c == '"')
        return in_quotes ? NULL : c == '"' ? &translation : &ansi_quote;
    return c == '\0' || csc_shell_is_meta(c) || strchr("\\/.,%]}`", c) ? NULL : &unclear_dollar;
}

static int read_dollar(struct csc_shell_reader *reader, struct csc_shell_token *word, bool in_quotes)
{
    const struct csc_shell_reason *reason = expansion(reader, in_quotes);

    if (reason)
        return csc_shell_refuse(reader, reader->at, reason);
    put(reader, word, reader->text[reader->at++]);
    return 0;
}

/* One step within double quotes. */
static int read_quoted(struct csc_shell_reader *reader, struct csc_shell_token *word)
{
    char c = reader->text[reader->at], next = peek(reader, reader->at + 1);

    if (c == '$')
        return read_dollar(reader, word, true);
    if (c == '`')
        return csc_shell_refuse(reader, reader->at, &substitution);
    if (c == '\\' && next == '\n') {
        reader->at += 2;
        return 0;
    }
    if (c == '\\' && next && strchr("$`\"\\", next)) {
        reader->at++;
        c = next;
    }
    put(reader, word, c);
    reader->at++;
    return 0;
}

static int read_double_quotes(struct csc_shell_reader *reader, struct csc_shell_token *word)
{
    size_t begin = reader->at++;
    int r = 0;

    word->quoted = true;
    while (r == 0 && reader->at < reader->size && reader->text[reader->at] != '"')
        r = read_quoted(reader, word);
    if (r == 0 && reader->at == reader->size)
        return csc_shell_refuse(reader, begin, &open_quote);
    reader->at++;
    return r;
}

static int read_expansion(struct csc_shell_reader *reader, struct csc_shell_token *word)
{
    return read_dollar(reader, word, false);
}

static int read_backtick(struct csc_shell_reader *reader, struct csc_shell_token *word)
{
    (void)word;
    return csc_shell_refuse(reader, reader->at, &substitution);
}

static int read_pattern(struct csc_shell_reader *reader, struct csc_shell_token *word)
{
    char shown[] = {reader->text[reader->at], '\0'};

    (void)word;
    return csc_shell_refuse_word(reader, reader->at, &pattern, shown);
}

static bool is_name(const char *s, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (!is_name_character(s[i]))
            return false;
    return size > 0 && !(s[0] >= '0' && s[0] <= '9');
}

/* Alone it is the program test(1) by its other name. */
static int read_bracket(struct csc_shell_reader *reader, struct csc_shell_token *word)
{
    size_t at = reader->at;
    char next = peek(reader, at + 1);

    if (at == word->at && (next == '\0' || csc_shell_is_meta(next))) {
        put(reader, word, reader->text[reader->at++]);
        return 0;
    }
    if (reader->command_position && at == word->at && next == '[')
        return csc_shell_refuse(reader, word->at, &test);
    if (reader->command_position && word->plain == word->size && is_name(word->text, word->size))
        return csc_shell_refuse(reader, word->at, &array);
    return read_pattern(reader, word);
}

static int read_brace(struct csc_shell_reader *reader, struct csc_shell_token *word)
{
    if (peek(reader, reader->at + 1) != '}')
        return csc_shell_refuse(reader, reader->at, &brace);
    put(reader, word, '{');
    put(reader, word, '}');
    reader->at += 2;
    return 0;
}

/* Behind {} bash's own expansion of braces might take it for the end of one. */
static int read_closing_brace(struct csc_shell_reader *reader, struct csc_shell_token *word)
{
    if (memchr(word->text, '{', word->size))
        return csc_shell_refuse(reader, reader->at, &closing_brace);
    put(reader, word, reader->text[reader->at++]);
    return 0;
}

static int read_tilde(struct csc_shell_reader *reader, struct csc_shell_token *word)
{
    if (word->size == 0 || strchr("=:", word->text[word->size - 1]))
        return csc_shell_refuse(reader, reader->at, &tilde);
    put(reader, word, reader->text[reader->at++]);
    return 0;
}

/* What is more than itself where it stands unquoted. */
static const struct {
    char c;
    int (*read)(struct csc_shell_reader *reader, struct csc_shell_token *word);
} specials[] = {
    {'\\', read_escape},  {'\'', read_single_quotes}, {'"', read_double_quotes}, {'$', read_expansion},
    {'`', read_backtick}, {'*', read_pattern},        {'?', read_pattern},       {'[', read_bracket},
    {'{', read_brace},    {'}', read_closing_brace},  {'~', read_tilde},
};

static int read_one(struct csc_shell_reader *reader, struct csc_shell_token *word)
{
    char c = reader->text[reader->at];

    for (size_t i = 0; i < ARRAY_SIZE(specials); i++)
        if (c == specials[i].c)
            return specials[i].read(reader, word);
    put(reader, word, c);
    reader->at++;
    return 0;
}

static bool is_number(const struct csc_shell_token *word)
{
    return !word->quoted && strspn(word->text, "0123456789") == word->size;
}

int csc_shell_read_word(struct csc_shell_reader *reader, struct csc_shell_token *ret_token)
{
    struct csc_shell_token word = {.kind = CSC_SHELL_WORD, .at = reader->at, .text = reader->words};
    int r = 0;

    while (r == 0 && reader->at < reader->size && !csc_shell_is_meta(reader->text[reader->at]))
        r = read_one(reader, &word);
    if (r < 0)
        return r;
    *reader->words++ = '\0';
    char next = peek(reader, reader->at);
    word.number = is_number(&word) && (next == '<' || next == '>');
    *ret_token = word;
    return 0;
}
