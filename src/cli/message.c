/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

static bool colour_wanted(int fd)
{
    const char *no_color = getenv("NO_COLOR"); /* https://no-color.org */
    const char *term = getenv("TERM");

    return isatty(fd) && !(no_color && *no_color) && term && strcmp(term, "dumb") != 0;
}

void csc_cli_paint(struct csc_buf *buf, int fd, enum csc_cli_tone tone, const char *word)
{
    static const int colours[] = {[CSC_TONE_GOOD] = 32, [CSC_TONE_BAD] = 31, [CSC_TONE_WAIT] = 33};

    if (tone == CSC_TONE_PLAIN || !colour_wanted(fd))
        csc_buf_puts(buf, word);
    else
        csc_buf_printf(buf, "\033[%dm%s\033[0m", colours[tone], word);
}

__attribute__((format(printf, 2, 0))) static void append_escaped(struct csc_buf *buf, const char *format, va_list args)
{
    char *text = NULL;

    int size = vasprintf(&text, format, args);
    if (size < 0) {
        buf->failed = true;
        return;
    }
    csc_buf_escape(buf, text, (size_t)size);
    free(text);
}

/* One write a line: lines of several processes on one terminal stay whole. There is nowhere to report that
 * stderr itself is gone. */
static void write_line(struct csc_buf *buf)
{
    static const char no_memory[] = "csc: out of memory\n";

    csc_buf_putc(buf, '\n');
    if (buf->failed)
        (void)csc_write_all(STDERR_FILENO, no_memory, sizeof(no_memory) - 1);
    else
        (void)csc_write_all(STDERR_FILENO, buf->data, buf->size);
}

void csc_cli_say(const char *format, ...)
{
    _cleanup_buf_ struct csc_buf buf = {0};
    va_list args;

    csc_buf_puts(&buf, "csc: ");
    va_start(args, format);
    append_escaped(&buf, format, args);
    va_end(args);
    write_line(&buf);
}

void csc_cli_say_tone(enum csc_cli_tone tone, const char *word, const char *format, ...)
{
    _cleanup_buf_ struct csc_buf buf = {0};
    va_list args;

    csc_buf_puts(&buf, "csc: ");
    csc_cli_paint(&buf, STDERR_FILENO, tone, word);
    va_start(args, format);
    append_escaped(&buf, format, args);
    va_end(args);
    write_line(&buf);
}

static const char *shown_name(const char *file)
{
    return strcmp(file, "-") == 0 ? "standard input" : file;
}

/* {"error": {...}} on stdout, for --json. A failure to write it changes nothing: there is an error already. */
static void print_error_json(const struct csc_cli *cli, const char *file, const struct csc_error *err)
{
    _cleanup_arena_ struct csc_arena arena = {0};
    _cleanup_buf_ struct csc_buf name = {0}, text = {0};
    struct csc_object object, outer;
    struct csc_value value;

    csc_object_begin(&object, &arena, 6);
    csc_object_int(&object, "code", err->code);
    if (file) {
        csc_buf_escape(&name, shown_name(file), strlen(shown_name(file)));
        csc_object_string(&object, "file", name.failed ? "?" : name.data);
    }
    if (err->line > 0) {
        csc_object_int(&object, "line", err->line);
        csc_object_int(&object, "column", err->column);
    }
    if (err->field[0])
        csc_object_string(&object, "field", err->field);
    csc_object_string(&object, "text", err->text);
    if (csc_object_end(&object, &value, NULL) < 0)
        return;
    csc_object_begin(&outer, &arena, 1);
    csc_object_value(&outer, "error", value);
    if (csc_object_end(&outer, &value, NULL) < 0 || cli->stdout_closed)
        return;
    csc_json_write(&text, &value);
    if (!text.failed)
        (void)csc_write_all(STDOUT_FILENO, text.data, text.size);
}

int csc_cli_fail(const struct csc_cli *cli, const char *file, const struct csc_error *err)
{
    if (cli->json)
        print_error_json(cli, file, err);
    if (!file || strncmp(err->text, file, strlen(file)) == 0)
        csc_cli_say("%s%s%s", err->field, err->field[0] ? ": " : "", err->text);
    else if (err->field[0])
        csc_cli_say("%s: %s: %s", shown_name(file), err->field, err->text);
    else if (err->line > 0)
        csc_cli_say("%s:%u:%u: %s", shown_name(file), err->line, err->column, err->text);
    else
        csc_cli_say("%s: %s", shown_name(file), err->text);
    return (int)err->code;
}

int csc_cli_invalid(const struct csc_cli *cli, const char *file, const struct csc_error *reason)
{
    _cleanup_arena_ struct csc_arena arena = {0};
    struct csc_error err = {0};
    struct csc_object object;
    struct csc_value value;

    csc_cli_say("%s: %s", shown_name(file), reason->text);
    if (!cli->json)
        return CSC_EXIT_NO;
    csc_object_begin(&object, &arena, 2);
    csc_object_bool(&object, "valid", false);
    csc_object_string(&object, "reason", reason->text);
    if (csc_object_end(&object, &value, &err) < 0)
        return csc_cli_fail(cli, NULL, &err);
    return csc_cli_print_json(cli, &value, CSC_EXIT_NO);
}

int csc_cli_usage(const struct csc_cli *cli, const char *format, ...)
{
    struct csc_error err = {0};
    char text[400];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    csc_fail(&err, CSC_E_USAGE, "%s; see csc %s%s--help", text, cli->command ? cli->command->name : "",
             cli->command ? " " : "");
    return csc_cli_fail(cli, NULL, &err);
}
