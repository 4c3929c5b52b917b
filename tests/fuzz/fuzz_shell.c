/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shell lines: a refusal has a place within the text, and what is accepted is within the limits of a contract and,
 * written again with every word quoted, is the same programs.
 */
#include "fuzz.h"

#include <string.h>

#include "agent/agent.h"

static void check_shell_refusal(int code, const struct csc_error *err, const struct csc_shell_refusal *refusal,
                                const struct csc_shell_text *text)
{
    const char *line = text->text, *end = line + text->size;

    fuzz_check_refusal(code, err);
    PROMISE(refusal->what && refusal->what[0] && refusal->instead && refusal->instead[0]);
    PROMISE(refusal->line >= 1 && refusal->column >= 1);
    PROMISE(err->line == refusal->line && err->column == refusal->column);
    for (size_t i = 1; i < refusal->line; i++) {
        line = memchr(line, '\n', (size_t)(end - line));
        PROMISE(line);
        line++;
    }
    PROMISE(text->size == 0 || refusal->column <= (size_t)(end - line));
}

static void check_path(const char *path)
{
    PROMISE(path[0] == '/' && strlen(path) < PATH_MAX && !csc_path_has_dotdot(path) && !strstr(path, "//"));
}

static void check_files(const struct csc_strings *files, const struct csc_argv *argv, const char *program)
{
    if (files->count == 0)
        return;
    PROMISE(files->count == 1 && strcmp(argv->items[0], program) == 0);
    PROMISE(strcmp(argv->items[argv->count - 1], files->items[0]) == 0);
    PROMISE(!csc_glob_is_pattern(files->items[0]));
    check_path(files->items[0]);
}

static void check_command(const struct csc_shell_command *command)
{
    PROMISE(command->argv_count >= 1 && command->argv_count <= 10 && command->column >= 1);
    check_path(command->cwd);
    check_files(&command->reads, &command->argvs[0], "cat");
    check_files(&command->writes, &command->argvs[command->argv_count - 1], "tee");
    for (size_t i = 0; i < command->argv_count; i++) {
        const struct csc_argv *argv = &command->argvs[i];
        PROMISE(argv->count >= 1 && argv->count <= CSC_ARGV_COUNT_MAX && !argv->items[argv->count]);
        for (size_t k = 0; k < argv->count; k++)
            PROMISE(argv->items[k][0]);
    }
}

/* Files of redirections are programs by now, and are written as such. */
static void write_command(struct csc_buf *buf, const struct csc_shell_command *command)
{
    csc_buf_puts(buf, "cd ");
    csc_shell_quote(buf, command->cwd);
    for (size_t i = 0; i < command->argv_count; i++) {
        csc_buf_puts(buf, i == 0 ? " && " : " | ");
        for (size_t k = 0; k < command->argvs[i].count; k++) {
            /* All of it, also what would stand for itself: a reserved word must not become one. */
            csc_buf_puts(buf, k == 0 ? "''" : " ");
            csc_shell_quote(buf, command->argvs[i].items[k]);
        }
    }
    csc_buf_putc(buf, '\n');
}

static void check_same(const struct csc_shell_command *a, const struct csc_shell_command *b)
{
    PROMISE(strcmp(a->cwd, b->cwd) == 0 && a->argv_count == b->argv_count);
    for (size_t i = 0; i < a->argv_count; i++) {
        PROMISE(a->argvs[i].count == b->argvs[i].count);
        for (size_t k = 0; k < a->argvs[i].count; k++)
            PROMISE(strcmp(a->argvs[i].items[k], b->argvs[i].items[k]) == 0);
    }
}

static void check_round_trip(struct csc_arena *arena, const struct csc_shell_line *line)
{
    _cleanup_buf_ struct csc_buf again = {0};
    struct csc_shell_refusal refusal = {0};
    struct csc_shell_line second = {0};

    for (size_t i = 0; i < line->count; i++) {
        check_command(&line->commands[i]);
        write_command(&again, &line->commands[i]);
    }
    PROMISE(!again.failed);
    if (again.size > CSC_SHELL_BYTES_MAX)
        return;
    const struct csc_shell_text text = {again.data, again.size, "/"};
    PROMISE(csc_shell_read(arena, &text, &second, &refusal, NULL) == 0);
    PROMISE(second.count == line->count);
    for (size_t i = 0; i < line->count; i++)
        check_same(&line->commands[i], &second.commands[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const struct csc_shell_text text = {(const char *)bytes, size, "/work/project"};
    _cleanup_(csc_arena_free) struct csc_arena arena = {0};
    struct csc_shell_refusal refusal = {0};
    struct csc_shell_line line = {0};
    struct csc_error err = {0};

    int code = csc_shell_read(&arena, &text, &line, &refusal, &err);
    if (code < 0) {
        check_shell_refusal(code, &err, &refusal, &text);
        return 0;
    }
    PROMISE(!refusal.what && line.count >= 1 && line.count <= 20);
    check_round_trip(&arena, &line);
    return 0;
}
