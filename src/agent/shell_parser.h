/* SPDX-License-Identifier: Apache-2.0 */
/* The state of csc_shell_read(). */
#ifndef CSC_AGENT_SHELL_PARSER_H
#define CSC_AGENT_SHELL_PARSER_H

#include "agent/shell_parts.h"

enum { CSC_SHELL_COMMANDS_MAX = 20, CSC_SHELL_PROGRAMS_MAX = 10 }; /* of a contract */

struct csc_shell_parser {
    struct csc_shell_reader reader;
    char cwd[PATH_MAX];
    size_t last_cd; /* its offset, while no command is behind it */
    struct csc_shell_command commands[CSC_SHELL_COMMANDS_MAX];
    size_t command_count;
    /* The command under construction. */
    struct csc_argv argvs[CSC_SHELL_PROGRAMS_MAX];
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

extern const struct csc_shell_reason csc_shell_empty_word, csc_shell_many_programs, csc_shell_long_path;

/* ---- shell_redirect.c -------------------------------------------------------------------------------------- */

/* Reads the rest of the redirection that begins at `at`, with its descriptor `fd`, or NULL. */
int csc_shell_read_redirection(struct csc_shell_parser *p, const struct csc_shell_token *op, size_t at, const char *fd);
/* Whether the program that ends may stand in front of a pipe. */
int csc_shell_check_pipe(struct csc_shell_parser *p);
/* One more program of the command. */
int csc_shell_add_program(struct csc_shell_parser *p, char *const *words, size_t count);
/* The programs of the redirections beside those of the line; their files. */
int csc_shell_add_files(struct csc_shell_parser *p, struct csc_shell_command *command);

#endif
