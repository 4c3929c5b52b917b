/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

enum { WIDTH = 100, USAGE_INDENT = 10 };

const char *csc_cli_last_word(const char *name)
{
    const char *space = strrchr(name, ' ');

    return space ? space + 1 : name;
}

const struct csc_cli_command *csc_cli_find(const struct csc_cli_command *const *commands, const char *word)
{
    for (; *commands; commands++)
        if (strcmp(csc_cli_last_word((*commands)->name), word) == 0)
            return *commands;
    return NULL;
}

static size_t option_count(const struct csc_cli_command *command)
{
    size_t n = 0;

    if (!command->options)
        return 0;
    /* What is beyond the maximum has no place in struct csc_cli; it is then missing in the help, too. */
    while (n < CSC_CLI_OPTIONS_MAX && command->options[n].name)
        n++;
    return n;
}

/* Index of the option whose name is the first `size` bytes of `name`, or option_count(). */
static size_t find_option(const struct csc_cli_command *command, const char *name, size_t size)
{
    const struct csc_cli_option *options = command->options;
    size_t count = option_count(command), i = 0;

    while (i < count && (strlen(options[i].name) != size || memcmp(options[i].name, name, size) != 0))
        i++;
    return i;
}

/* Known before anything can go wrong, because the error itself is printed as JSON then. */
static bool wants_json(const struct csc_cli_command *command, char *const *args)
{
    if (find_option(command, "json", 4) == option_count(command))
        return false;
    for (; *args && strcmp(*args, "--") != 0; args++)
        if (strcmp(*args, "--json") == 0)
            return true;
    return false;
}

size_t csc_cli_values(const struct csc_cli *cli, int option, const char *const **ret_values)
{
    size_t count = 0;

    while (count < CSC_CLI_VALUES_MAX && cli->values[option][count])
        count++;
    *ret_values = cli->values[option];
    return count;
}

static int keep_value(struct csc_cli *cli, size_t i, const char *value)
{
    const char *const *values;

    if (!cli->options[i])
        cli->options[i] = value;
    if (cli->command->options[i].use != CSC_CLI_REPEATABLE)
        return 0;
    size_t count = csc_cli_values(cli, (int)i, &values);
    if (count == CSC_CLI_VALUES_MAX)
        return csc_cli_usage(cli, "option '--%s' is given more than %d times", cli->command->options[i].name,
                             CSC_CLI_VALUES_MAX);
    cli->values[i][count] = value;
    return 0;
}

/* (*args)[0] begins with "--"; moves on to its value when that is the next argument. */
static int parse_option(struct csc_cli *cli, char *const **args)
{
    const char *name = **args + 2;
    size_t size = strcspn(name, "=");
    const char *value = name[size] ? name + size + 1 : NULL;
    size_t i = find_option(cli->command, name, size);

    if (i == option_count(cli->command))
        return csc_cli_usage(cli, "unknown option '--%.*s'", (int)size, name);
    const struct csc_cli_option *option = &cli->command->options[i];
    if (cli->options[i] && option->use != CSC_CLI_REPEATABLE)
        return csc_cli_usage(cli, "option '--%s' is given twice", option->name);
    if (!option->argument) {
        cli->options[i] = option->name;
        return value ? csc_cli_usage(cli, "option '--%s' takes no value", option->name) : 0;
    }
    if (!value && (*args)[1]) {
        /* A forgotten value must not swallow the next option: `--receipt-out --sign` would not sign. */
        if (strncmp((*args)[1], "--", 2) == 0)
            return csc_cli_usage(cli, "option '--%s' needs a value; one that begins with dashes goes into --%s=%s",
                                 option->name, option->name, option->argument);
        value = *++*args;
    }
    if (!value || !*value)
        return csc_cli_usage(cli, "option '--%s' needs a value: %s", option->name, option->argument);
    return keep_value(cli, i, value);
}

static size_t parameter_count(const struct csc_cli_command *command)
{
    size_t n = 0;

    while (command->parameters[n])
        n++;
    return n;
}

static int check_required(const struct csc_cli *cli, size_t parameters)
{
    if (parameters + cli->command->optional_parameters < parameter_count(cli->command))
        return csc_cli_usage(cli, "missing %s", cli->command->parameters[parameters]);
    for (size_t i = 0; i < option_count(cli->command); i++)
        if (cli->command->options[i].use == CSC_CLI_REQUIRED && !cli->options[i])
            return csc_cli_usage(cli, "missing option '--%s %s'", cli->command->options[i].name,
                                 cli->command->options[i].argument);
    return 0;
}

/* *parameters: how many there were before. */
static int keep_parameter(struct csc_cli *cli, size_t *parameters, const char *value)
{
    bool is_more = cli->command->takes_many && *parameters > 0;

    if (!is_more && !cli->command->parameters[*parameters])
        return csc_cli_usage(cli, "unexpected argument '%s'", value);
    if (cli->command->takes_many && cli->many_count == CSC_CLI_MANY_MAX)
        return csc_cli_usage(cli, "more than %d of %s", CSC_CLI_MANY_MAX, cli->command->parameters[0]);
    if (cli->command->takes_many)
        cli->many[cli->many_count++] = value;
    if (!is_more)
        cli->parameters[(*parameters)++] = value;
    return 0;
}

int csc_cli_parse(struct csc_cli *cli, char *const *args)
{
    size_t parameters = 0;
    bool options_ended = false;

    cli->json = wants_json(cli->command, args);
    for (; *args; args++) {
        int code;
        if (options_ended || (*args)[0] != '-' || !(*args)[1]) {
            if ((code = keep_parameter(cli, &parameters, *args)) != 0)
                return code;
        } else if (strcmp(*args, "--") == 0) {
            options_ended = true;
        } else if (strcmp(*args, "--help") == 0 || strcmp(*args, "-h") == 0) {
            return CSC_CLI_HELP;
        } else if ((*args)[1] != '-') {
            return csc_cli_usage(cli, "unknown option '%s'", *args);
        } else if ((code = parse_option(cli, &args)) != 0) {
            return code;
        }
    }
    return check_required(cli, parameters);
}

/* One piece of the usage, on a new line where it would not fit. */
static void usage_piece(struct csc_buf *buf, size_t *column, const char *piece)
{
    size_t size = strlen(piece);

    if (*column + 1 + size > WIDTH) {
        csc_buf_printf(buf, "\n%*s", USAGE_INDENT - 1, "");
        *column = USAGE_INDENT - 1;
    }
    csc_buf_printf(buf, " %s", piece);
    *column += 1 + size;
}

static void usage(struct csc_buf *buf, const struct csc_cli_command *command)
{
    size_t begin = buf->size;

    csc_buf_printf(buf, "usage: csc %s", command->name);
    size_t column = buf->size - begin;
    size_t required = parameter_count(command) - command->optional_parameters;
    for (size_t i = 0; command->parameters[i]; i++) {
        char piece[80];
        (void)snprintf(piece, sizeof(piece), i < required ? "%s" : "[%s]", command->parameters[i]);
        usage_piece(buf, &column, piece);
    }
    if (command->takes_many)
        csc_buf_puts(buf, "...");
    for (size_t i = 0; i < option_count(command); i++) {
        const struct csc_cli_option *option = &command->options[i];
        bool is_required = option->use == CSC_CLI_REQUIRED;
        char piece[80];
        (void)snprintf(piece, sizeof(piece), "%s--%s%s%s%s%s", is_required ? "" : "[", option->name,
                       option->argument ? " " : "", option->argument ? option->argument : "", is_required ? "" : "]",
                       option->use == CSC_CLI_REPEATABLE ? "..." : "");
        usage_piece(buf, &column, piece);
    }
    csc_buf_putc(buf, '\n');
}

static void help_option(struct csc_buf *buf, const struct csc_cli_option *option)
{
    char left[64];

    (void)snprintf(left, sizeof(left), "--%s%s%s", option->name, option->argument ? " " : "",
                   option->argument ? option->argument : "");
    csc_buf_printf(buf, "  %-24s %s\n", left, option->help);
}

/* Where the rest is said. The subcommands of a command share its page. */
static void help_manual(struct csc_buf *buf, const struct csc_cli_command *command)
{
    csc_buf_printf(buf, "\nman csc-%.*s says more.\n", (int)strcspn(command->name, " "), command->name);
}

static void help_subcommands(struct csc_buf *buf, const struct csc_cli_command *command)
{
    csc_buf_printf(buf, "usage: csc %s SUBCOMMAND ...\n       csc %s SUBCOMMAND --help\n\n%s\nsubcommands:\n",
                   command->name, command->name, command->description);
    for (size_t i = 0; command->subcommands[i]; i++)
        csc_buf_printf(buf, "  %-16s %s\n", csc_cli_last_word(command->subcommands[i]->name),
                       command->subcommands[i]->summary);
}

void csc_cli_help(struct csc_buf *buf, const struct csc_cli_command *command)
{
    static const struct csc_cli_option help = {.name = "help", .help = "show this text"};

    csc_buf_printf(buf, "csc %s: %s\n\n", command->name, command->summary);
    if (command->subcommands) {
        help_subcommands(buf, command);
        csc_buf_printf(buf, "\nexamples:\n%s", command->examples);
        help_manual(buf, command);
        return;
    }
    usage(buf, command);
    csc_buf_printf(buf, "\n%s\noptions:\n", command->description);
    for (size_t i = 0; i < option_count(command); i++)
        help_option(buf, &command->options[i]);
    help_option(buf, &help);
    csc_buf_printf(buf, "\nexamples:\n%s", command->examples);
    help_manual(buf, command);
}
