/* SPDX-License-Identifier: Apache-2.0 */
/* Redirections: what of them a contract can say becomes programs and files. */
#include <string.h>

#include "agent/shell_parser.h"

const struct csc_shell_reason csc_shell_empty_word = {"an empty word",
                                                      "leave it out: no argument of a contract is empty", "exec.argv"};
const struct csc_shell_reason csc_shell_many_programs = {
    "more than 10 programs in one pipeline", "keep what one part prints in a file, and go on from there", NULL};
const struct csc_shell_reason csc_shell_long_path = {"a path of more than 4095 bytes", "write a shorter one", NULL};
static const struct csc_shell_reason no_file = {"a redirection without a file", "write the file's name behind it",
                                                NULL};
static const struct csc_shell_reason other_descriptor = {"a redirection of another descriptor",
                                                         "leave it out: only stdin and stdout can be redirected", NULL};
static const struct csc_shell_reason stderr_to_file = {"a redirection of stderr",
                                                       "leave it out: csc captures stderr apart from stdout", NULL};
static const struct csc_shell_reason to_descriptor = {"a redirection to another descriptor",
                                                      "leave it out: csc captures stderr apart from stdout", NULL};
static const struct csc_shell_reason merged_in_pipe = {
    "a redirection of stderr in front of a pipe",
    "leave it out: csc captures stderr apart from stdout, and the next program reads stdout alone", NULL};
static const struct csc_shell_reason merged_in_file = {"a redirection of stderr beside one of stdout",
                                                       "leave 2>&1 out: csc captures stderr apart from stdout", NULL};
static const struct csc_shell_reason second_read = {"a second file to read", "write cat FILE FILE | in front", NULL};
static const struct csc_shell_reason second_write = {"a second file to write", "write | tee FILE > FILE", NULL};
static const struct csc_shell_reason same_file = {"a file to read and to write",
                                                  "write another file, and rename it afterwards", NULL};
static const struct csc_shell_reason late_read = {"a file to read behind a pipe",
                                                  "leave the pipe out, or hand the file's name to the program", NULL};
static const struct csc_shell_reason early_write = {"a file to write in front of a pipe", "write | tee FILE | instead",
                                                    NULL};
static const struct csc_shell_reason thrown_away = {"output that is thrown away",
                                                    "leave it out: csc captures what a command prints", NULL};
static const struct csc_shell_reason device = {"a redirection to a device", "name a regular file, or leave it out",
                                               NULL};
static const struct csc_shell_reason folder = {"a redirection to a folder", "write the name of a file", NULL};
static const struct csc_shell_reason pattern_file = {"a redirection to a name with *, ? or [",
                                                     "rename the file: a scope would take it for a pattern", NULL};

static int refuse(struct csc_shell_parser *p, size_t at, const struct csc_shell_reason *reason)
{
    return csc_shell_refuse(&p->reader, at, reason);
}

static int read_file(struct csc_shell_parser *p, const struct csc_shell_token *op, const char *file)
{
    if (p->in_at != CSC_SHELL_NOWHERE)
        return refuse(p, op->at, &second_read);
    if (p->argv_count > 0)
        return refuse(p, op->at, &late_read);
    p->in_at = op->at;
    if (p->out && strcmp(p->out, file) == 0)
        return refuse(p, op->at, &same_file);
    p->in = strcmp(file, "/dev/null") == 0 ? NULL : file; /* which is what every command reads */
    return p->in && csc_shell_is_device(file) ? refuse(p, op->at, &device) : 0;
}

static int write_file(struct csc_shell_parser *p, const struct csc_shell_token *op, const char *file)
{
    if (strcmp(file, "/dev/null") == 0)
        return refuse(p, op->at, &thrown_away);
    if (csc_shell_is_device(file))
        return refuse(p, op->at, &device);
    if (p->out_at != CSC_SHELL_NOWHERE)
        return refuse(p, op->at, &second_write);
    if (p->merged_at != CSC_SHELL_NOWHERE)
        return refuse(p, p->merged_at, &merged_in_file);
    if (p->in && strcmp(p->in, file) == 0)
        return refuse(p, op->at, &same_file);
    p->out_at = op->at;
    p->out = file;
    p->append = op->kind == CSC_SHELL_APPEND;
    return 0;
}

/* Whether this descriptor (NULL: none is named) goes with this op. */
static const struct csc_shell_reason *check_descriptor(const struct csc_shell_token *op, const char *fd)
{
    if (op->kind == CSC_SHELL_DUPLICATE)
        return fd && strcmp(fd, "2") == 0 ? NULL : &to_descriptor;
    if (!fd || (op->kind != CSC_SHELL_READ && strcmp(fd, "1") == 0))
        return NULL;
    return strcmp(fd, "2") == 0 ? &stderr_to_file : &other_descriptor;
}

static int merge_streams(struct csc_shell_parser *p, size_t at, const struct csc_shell_token *target)
{
    if (target->quoted || strcmp(target->text, "1") != 0)
        return refuse(p, at, &to_descriptor);
    p->merged_at = at;
    return p->out_at != CSC_SHELL_NOWHERE ? refuse(p, at, &merged_in_file) : 0;
}

static int open_file(struct csc_shell_parser *p, const struct csc_shell_token *op, const struct csc_shell_token *word)
{
    if (word->size == 0)
        return refuse(p, word->at, &csc_shell_empty_word);
    if (csc_shell_is_folder(word->text))
        return refuse(p, word->at, &folder);
    const char *file = csc_shell_resolve(p->reader.arena, p->cwd, word->text);
    if (!file)
        return csc_fail_memory(p->reader.err);
    if (strlen(file) >= PATH_MAX)
        return refuse(p, word->at, &csc_shell_long_path);
    if (csc_glob_is_pattern(file))
        return refuse(p, word->at, &pattern_file);
    return op->kind == CSC_SHELL_READ ? read_file(p, op, file) : write_file(p, op, file);
}

/* A list of one file, or of none. */
static int set_file(struct csc_shell_parser *p, struct csc_strings *strings, const char *file)
{
    if (!file)
        return 0;
    strings->items = csc_arena_array(p->reader.arena, 1, sizeof(*strings->items));
    if (!strings->items)
        return csc_fail_memory(p->reader.err);
    strings->items[0] = file;
    strings->count = 1;
    return 0;
}

/* The programs of the redirections beside those of the line. */
static int add_programs(struct csc_shell_parser *p)
{
    char *reader[] = {(char *)"cat", (char *)p->in}, *writer[] = {(char *)"tee", (char *)"-a", (char *)p->out};
    int r = 0;

    if (p->argv_count + !!p->in + !!p->out > CSC_SHELL_PROGRAMS_MAX)
        return refuse(p, p->in ? p->in_at : p->out_at, &csc_shell_many_programs);
    if (p->in) {
        r = csc_shell_add_program(p, reader, ARRAY_SIZE(reader));
        if (r < 0)
            return r;
        struct csc_argv cat = p->argvs[p->argv_count - 1];
        memmove(p->argvs + 1, p->argvs, (p->argv_count - 1) * sizeof(*p->argvs));
        p->argvs[0] = cat;
    }
    if (p->out && !p->append)
        writer[1] = writer[2];
    return p->out ? csc_shell_add_program(p, writer, p->append ? 3 : 2) : 0;
}

/* `at` is where it begins, with its descriptor. */
int csc_shell_read_redirection(struct csc_shell_parser *p, const struct csc_shell_token *op, size_t at, const char *fd)
{
    struct csc_shell_token word = {0}, placed = *op;
    const struct csc_shell_reason *reason = check_descriptor(op, fd);

    placed.at = at;
    p->redirected = at;
    if (reason)
        return refuse(p, at, reason);
    p->reader.command_position = false;
    int r = csc_shell_next(&p->reader, &word);
    if (r < 0)
        return r;
    if (word.kind != CSC_SHELL_WORD || word.number)
        return refuse(p, at, &no_file);
    return op->kind == CSC_SHELL_DUPLICATE ? merge_streams(p, at, &word) : open_file(p, &placed, &word);
}

/* What a pipe may not stand behind. */
int csc_shell_check_pipe(struct csc_shell_parser *p)
{
    if (p->out_at != CSC_SHELL_NOWHERE)
        return refuse(p, p->out_at, &early_write);
    return p->merged_at != CSC_SHELL_NOWHERE ? refuse(p, p->merged_at, &merged_in_pipe) : 0;
}

int csc_shell_add_program(struct csc_shell_parser *p, char *const *words, size_t count)
{
    char **items = csc_arena_array(p->reader.arena, count + 1, sizeof(*items));

    if (!items)
        return csc_fail_memory(p->reader.err);
    memcpy(items, words, count * sizeof(*items));
    p->argvs[p->argv_count++] = (struct csc_argv){.items = items, .count = count};
    return 0;
}

int csc_shell_add_files(struct csc_shell_parser *p, struct csc_shell_command *command)
{
    int r = add_programs(p);

    if (r == 0)
        r = set_file(p, &command->reads, p->in);
    return r == 0 ? set_file(p, &command->writes, p->out) : r;
}
