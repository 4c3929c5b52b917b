/* SPDX-License-Identifier: Apache-2.0 */
/* What csc_shell_read() made of a line, in the notation of tests/conformance/shell_lines.json. */
#ifndef CSC_TESTS_SHELL_LINES_H
#define CSC_TESTS_SHELL_LINES_H

#include "agent/agent.h"

#define SHELL_LINES_CWD "/w"

static inline void show_files(struct csc_buf *buf, const char *label, const struct csc_strings *files)
{
    for (size_t i = 0; i < files->count; i++)
        csc_buf_printf(buf, " %s=%s", label, files->items[i]);
}

/* "/cwd: <cat></w/in> | <sort><-u> r=/w/in && <next>"; the cwd where it is another than the line's. */
static inline void show_line(struct csc_buf *buf, const struct csc_shell_line *line)
{
    for (size_t i = 0; i < line->count; i++) {
        const struct csc_shell_command *command = &line->commands[i];
        csc_buf_puts(buf, i > 0 ? " && " : "");
        if (strcmp(command->cwd, SHELL_LINES_CWD) != 0)
            csc_buf_printf(buf, "%s: ", command->cwd);
        for (size_t k = 0; k < command->argv_count; k++) {
            csc_buf_puts(buf, k > 0 ? " | " : "");
            for (size_t n = 0; n < command->argvs[k].count; n++)
                csc_buf_printf(buf, "<%s>", command->argvs[k].items[n]);
        }
        show_files(buf, "r", &command->reads);
        show_files(buf, "w", &command->writes);
    }
}

/* "1:6 a variable" */
static inline void show_refusal(struct csc_buf *buf, const struct csc_shell_refusal *refusal)
{
    csc_buf_printf(buf, "%zu:%zu %s", refusal->line, refusal->column, refusal->what);
}

#endif
