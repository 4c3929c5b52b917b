/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that read shell lines share: tokens, and how a line is refused. */
#ifndef CSC_AGENT_SHELL_PARTS_H
#define CSC_AGENT_SHELL_PARTS_H

#include <limits.h>

#include "agent/shell.h"

/* Beyond any offset: there is none. */
#define CSC_SHELL_NOWHERE SIZE_MAX

/* Why something is refused, as struct csc_shell_refusal says it. */
struct csc_shell_reason {
    const char *what, *instead, *field;
};

struct csc_shell_reader {
    struct csc_arena *arena;
    const char *text; /* valid UTF-8 without control characters */
    size_t size;
    size_t at;             /* how far it was read */
    char *words;           /* where the next word's text goes */
    bool command_position; /* what comes is a program's name, or what stands before one */
    struct csc_shell_refusal *refusal;
    struct csc_error *err;
};

enum csc_shell_kind {
    CSC_SHELL_END,
    CSC_SHELL_NEWLINE,
    CSC_SHELL_WORD,
    CSC_SHELL_AND,
    CSC_SHELL_PIPE,
    CSC_SHELL_READ,      /* < */
    CSC_SHELL_WRITE,     /* > */
    CSC_SHELL_APPEND,    /* >> */
    CSC_SHELL_DUPLICATE, /* >& */
    CSC_SHELL_OPEN,      /* ( */
    CSC_SHELL_REFUSED,   /* an operator that no contract has */
};

struct csc_shell_token {
    enum csc_shell_kind kind;
    size_t at; /* its offset */
    /* Of a word. */
    const char *text; /* without its quotes */
    size_t size;
    size_t plain; /* so many of its first bytes stand before any quote and escape */
    bool quoted;  /* has one */
    bool number;  /* the descriptor of a redirection that follows: 2> */
    /* Of an operator that is refused. */
    const struct csc_shell_reason *reason;
};

/* ---- shell_refuse.c ---------------------------------------------------------------------------------------- */

/* 1-based, in bytes. */
void csc_shell_place(const char *text, size_t at, size_t *ret_line, size_t *ret_column);
/* Fills in refusal and error; -CSC_E_DATA. */
int csc_shell_refuse(struct csc_shell_reader *reader, size_t at, const struct csc_shell_reason *reason);
/* The same; "%s" in reason->what stands for a word of the line. -CSC_E_INTERNAL when there is no memory for it. */
int csc_shell_refuse_word(struct csc_shell_reader *reader, size_t at, const struct csc_shell_reason *reason,
                          const char *word);
/* Whether these bytes are a text at all: not too long, UTF-8, no control characters but tab and newline. */
int csc_shell_check_text(struct csc_shell_reader *reader);

/* ---- shell_token.c ----------------------------------------------------------------------------------------- */

int csc_shell_next(struct csc_shell_reader *reader, struct csc_shell_token *ret_token);

/* ---- shell_word.c ------------------------------------------------------------------------------------------ */

bool csc_shell_is_blank(char c);
/* Ends a word where it stands unquoted. */
bool csc_shell_is_meta(char c);
/* Past every backslash with a newline behind it, which are nothing. */
size_t csc_shell_skip_continuations(const struct csc_shell_reader *reader, size_t at);
/* Reads the word at reader->at. */
int csc_shell_read_word(struct csc_shell_reader *reader, struct csc_shell_token *ret_token);

/* ---- shell_names.c ----------------------------------------------------------------------------------------- */

/* Refuses what a shell does not take for a program's name: assignments, reserved words, builtins but cd. */
int csc_shell_check_program(struct csc_shell_reader *reader, const struct csc_shell_token *word);
/* Refuses what a builtin makes of its word number `index`, and the program of its name does not: printf -v. */
int csc_shell_check_argument(struct csc_shell_reader *reader, const char *program, size_t index,
                             const struct csc_shell_token *word);

/* ---- shell_path.c ------------------------------------------------------------------------------------------ */

/* As cd does it, by the names alone. -CSC_E_DATA when what comes out is too long; `cwd` is as it was then. */
int csc_shell_change_folder(char cwd[PATH_MAX], const char *path, struct csc_error *err);
/* Below /dev, where bash and the kernel have names that are no files. */
bool csc_shell_is_device(const char *path);
/* Says by its end that it is a folder. */
bool csc_shell_is_folder(const char *path);

#endif
