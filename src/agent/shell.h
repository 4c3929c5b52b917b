/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shell lines, read without a shell. Accepted is only what means the same to every POSIX shell and can be carried out
 * by a contract: words, quotes and escapes, pipelines, "&&" and newlines, and the redirections below. Everything else
 * is refused by name and place, never guessed at (POSIX.1-2017, Shell Command Language, sections 2.2-2.9).
 */
#ifndef CSC_AGENT_SHELL_H
#define CSC_AGENT_SHELL_H

#include <limits.h>

#include "contract/contract.h"

enum { CSC_SHELL_BYTES_MAX = 131072 };

/* Strings of an arena. */
struct csc_strings {
    const char **items;
    size_t count;
};

/* What stands between two of "&&" and newline. */
struct csc_shell_command {
    /* Its programs, in the order of the pipe. "< FILE" and "> FILE" are programs here too (cat FILE before, tee FILE
     * behind), and FILE is in the lists below. */
    struct csc_argv *argvs;
    size_t argv_count;
    const char *cwd;          /* where "cd DIR &&" before it leads, absolute; else the cwd of the line */
    struct csc_strings reads; /* files of redirections, absolute */
    struct csc_strings writes;
    size_t column; /* where it begins in its line, 1-based, in bytes */
};

struct csc_shell_line {
    struct csc_shell_command *commands;
    size_t count; /* at least 1 */
};

/* Why a line is no contract. Strings of the arena, not escaped. */
struct csc_shell_refusal {
    const char *what;    /* "a command substitution", NULL: it was accepted */
    const char *instead; /* what to write: "run the inner command first, and use what it printed" */
    const char *field;   /* the contract's field that says what was meant, or NULL: "env_allow" */
    size_t line, column; /* 1-based; bytes */
};

/* A line, or several, and where it would be typed. */
struct csc_shell_text {
    const char *text;
    size_t size;
    const char *cwd; /* absolute */
};

/*
 * Reads it into the arena. "cd" and relative files of redirections are resolved against `cwd`, by their names alone,
 * as csc_shell_resolve() does it. 0: *ret_line is complete. CSC_E_DATA with *ret_refusal filled in: the line says
 * more than a contract can. CSC_E_USAGE: `cwd` is not absolute, or too long. `err` says the same in one sentence.
 */
int csc_shell_read(struct csc_arena *arena, const struct csc_shell_text *text, struct csc_shell_line *ret_line,
                   struct csc_shell_refusal *ret_refusal, struct csc_error *err);

/* `path` seen from `cwd`, which is absolute, by its name alone: "." and ".." are resolved as cd does it, without
 * looking at links. Absolute, in the arena; NULL when there is no memory. */
char *csc_shell_resolve(struct csc_arena *arena, const char *cwd, const char *path);

/* The same as the kernel sees it now, links followed; of what is not there, as far as its folders are. False where it
 * leads nowhere. `path` may be of any length. */
bool csc_shell_follow(const char *cwd, const char *path, char ret_real[PATH_MAX]);

/* Appends a word as any shell reads it back: as it is where every character stands for itself, else in single quotes.
 */
void csc_shell_quote(struct csc_buf *buf, const char *word);

#endif
