/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What csc_shell_read() makes of shell lines, for from_shell.py.
 * usage: shell_tool CWD <LINES     lines end in NUL
 * stdout, for each: {"commands": [{"argvs": [[...], ...], "cwd": C, "reads": [...], "writes": [...]}, ...]}, or
 * {"refusal": WHAT, "line": L, "column": C}; canonical JSON, a line each.
 */
#include <stdio.h>
#include <string.h>

#include "agent/agent.h"

enum { INPUT_MAX = 64 << 20 };

static struct csc_value array_of(struct csc_arena *arena, size_t count)
{
    return (struct csc_value){
        .type = CSC_ARRAY, .count = count, .items = csc_arena_array(arena, count + 1, sizeof(struct csc_value))};
}

static int command_value(struct csc_arena *arena, const struct csc_shell_command *command, struct csc_value *ret_value)
{
    struct csc_value argvs = array_of(arena, command->argv_count);
    struct csc_object object;

    for (size_t i = 0; argvs.items && i < command->argv_count; i++) {
        argvs.items[i] = array_of(arena, command->argvs[i].count);
        for (size_t k = 0; argvs.items[i].items && k < command->argvs[i].count; k++)
            argvs.items[i].items[k] = csc_value_string(command->argvs[i].items[k]);
    }
    csc_object_begin(&object, arena, 4);
    csc_object_value(&object, "argvs", argvs);
    csc_object_string(&object, "cwd", command->cwd);
    csc_object_strings(&object, arena, "reads", command->reads.items, command->reads.count);
    csc_object_strings(&object, arena, "writes", command->writes.items, command->writes.count);
    return csc_object_end(&object, ret_value, NULL);
}

static int line_value(struct csc_arena *arena, const struct csc_shell_line *line, struct csc_value *ret_value)
{
    struct csc_value commands = array_of(arena, line->count);
    struct csc_object object;

    if (!commands.items)
        return -CSC_E_INTERNAL;
    for (size_t i = 0; i < line->count; i++) {
        int r = command_value(arena, &line->commands[i], &commands.items[i]);
        if (r < 0)
            return r;
    }
    csc_object_begin(&object, arena, 1);
    csc_object_value(&object, "commands", commands);
    return csc_object_end(&object, ret_value, NULL);
}

static int refusal_value(struct csc_arena *arena, const struct csc_shell_refusal *refusal, struct csc_value *ret_value)
{
    struct csc_object object;

    csc_object_begin(&object, arena, 3);
    csc_object_string(&object, "refusal", refusal->what);
    csc_object_int(&object, "line", (int64_t)refusal->line);
    csc_object_int(&object, "column", (int64_t)refusal->column);
    return csc_object_end(&object, ret_value, NULL);
}

static int answer(const char *cwd, const char *text, size_t size)
{
    _cleanup_(csc_arena_free) struct csc_arena arena = {0};
    _cleanup_buf_ struct csc_buf out = {0};
    struct csc_shell_refusal refusal = {0};
    struct csc_shell_line line = {0};
    struct csc_error err = {0};
    struct csc_value value;

    int r = csc_shell_read(&arena, &(struct csc_shell_text){text, size, cwd}, &line, &refusal, &err);
    if (r == 0)
        r = line_value(&arena, &line, &value);
    else if (r == -CSC_E_DATA)
        r = refusal_value(&arena, &refusal, &value);
    if (r < 0) {
        (void)fprintf(stderr, "shell_tool: %s\n", err.text);
        return r;
    }
    csc_canon_write(&out, &value);
    csc_buf_putc(&out, '\n');
    return out.failed || csc_write_all(STDOUT_FILENO, out.data, out.size) < 0 ? -CSC_E_OUTPUT : 0;
}

int main(int argc, char **argv)
{
    _cleanup_buf_ struct csc_buf input = {0};

    if (argc != 2 || csc_read_input("-", INPUT_MAX, &input, NULL) < 0)
        return CSC_E_USAGE;
    for (size_t at = 0; at < input.size;) {
        size_t size = strnlen(input.data + at, input.size - at);
        if (answer(argv[1], input.data + at, size) < 0)
            return CSC_E_INTERNAL;
        at += size + 1;
    }
    return 0;
}
