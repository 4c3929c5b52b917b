/* SPDX-License-Identifier: Apache-2.0 */
/* The parser of command lines: what no command of today uses in full. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/cli.h"

enum { OPT_MANY, OPT_ONCE, OPT_NEEDED, OPT_FLAG };

static const struct csc_cli_option options[] = {
    [OPT_MANY] = {"many", "A", "several", CSC_CLI_REPEATABLE},
    [OPT_ONCE] = {"once", "B", "one", CSC_CLI_OPTIONAL},
    [OPT_NEEDED] = {"needed", "C", "one at least", CSC_CLI_REQUIRED},
    [OPT_FLAG] = {"flag", NULL, "a flag that may be said again", CSC_CLI_REPEATABLE},
    {0},
};

static const struct csc_cli_command leaf = {
    .name = "group leaf", .summary = "s", .options = options, .description = "d\n", .examples = "e\n"};
static const struct csc_cli_command *const leaves[] = {&leaf, NULL};
static const struct csc_cli_command group = {
    .name = "group", .summary = "s", .subcommands = leaves, .description = "d\n", .examples = "e\n"};

/* csc says errors on stderr. */
static int parse(struct csc_cli *cli, const struct csc_cli_command *command, char *const *args)
{
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC), kept = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);

    assert_true(null >= 0 && kept >= 0);
    *cli = (struct csc_cli){.command = command};
    assert_int_equal(dup2(null, STDERR_FILENO), STDERR_FILENO);
    int code = csc_cli_parse(cli, args);
    assert_int_equal(dup2(kept, STDERR_FILENO), STDERR_FILENO);
    (void)close(kept);
    (void)close(null);
    return code;
}

static void a_repeatable_option_collects(void **state)
{
    static const struct {
        const char *args[8];
        int code;
        size_t count;
        const char *first, *last;
    } rows[] = {
        {{"--needed", "x"}, 0, 0, NULL, NULL},
        {{"--needed", "x", "--many", "1"}, 0, 1, "1", "1"},
        {{"--many", "1", "--needed", "x", "--many=2", "--many", "3"}, 0, 3, "1", "3"},
        {{"--needed", "x", "--many", "1", "--many"}, CSC_E_USAGE, 0, NULL, NULL},
        {{"--needed", "x", "--many", "1", "--many="}, CSC_E_USAGE, 0, NULL, NULL},
        {{"--needed", "x", "--needed", "y"}, CSC_E_USAGE, 0, NULL, NULL},
        {{"--needed", "x", "--once", "1", "--once", "2"}, CSC_E_USAGE, 0, NULL, NULL},
        {{"--needed", "x", "--flag", "--flag"}, 0, 0, NULL, NULL},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const char *const *values;
        struct csc_cli cli;
        assert_int_equal(parse(&cli, &leaf, (char *const *)(uintptr_t)rows[i].args), rows[i].code);
        if (rows[i].code != 0)
            continue;
        assert_int_equal(csc_cli_values(&cli, OPT_MANY, &values), rows[i].count);
        if (rows[i].count > 0) {
            assert_string_equal(cli.options[OPT_MANY], rows[i].first);
            assert_string_equal(values[0], rows[i].first);
            assert_string_equal(values[rows[i].count - 1], rows[i].last);
        }
        assert_int_equal(csc_cli_values(&cli, OPT_ONCE, &values), 0);
    }
}

static void collecting_ends_somewhere(void **state)
{
    char option[] = "--many=v", needed[] = "--needed=x", *args[CSC_CLI_VALUES_MAX + 3] = {needed};
    const char *const *values;
    struct csc_cli cli;
    (void)state;

    for (size_t i = 0; i < CSC_CLI_VALUES_MAX; i++)
        args[1 + i] = option;
    assert_int_equal(parse(&cli, &leaf, args), 0);
    assert_int_equal(csc_cli_values(&cli, OPT_MANY, &values), CSC_CLI_VALUES_MAX);
    args[1 + CSC_CLI_VALUES_MAX] = option;
    assert_int_equal(parse(&cli, &leaf, args), CSC_E_USAGE);
}

/* A table that is longer than what can be kept must not be written past. */
static void a_table_that_is_too_long_is_cut(void **state)
{
    static struct csc_cli_option many[CSC_CLI_OPTIONS_MAX + 2];
    const struct csc_cli_command command = {.name = "c", .options = many};
    char last[] = "--x", *args[] = {last, NULL};
    struct csc_cli cli;
    (void)state;

    for (size_t i = 0; i < CSC_CLI_OPTIONS_MAX + 1; i++)
        many[i] = (struct csc_cli_option){i == CSC_CLI_OPTIONS_MAX ? "x" : "y", NULL, "", CSC_CLI_OPTIONAL};
    assert_int_equal(parse(&cli, &command, args), CSC_E_USAGE);
}

/* One parameter, many times. */
static void a_command_that_takes_many_collects(void **state)
{
    static const struct csc_cli_command command = {
        .name = "c", .parameters = {"FILE"}, .takes_many = true, .options = options, .examples = ""};
    char needed[] = "--needed=x", file[] = "f", *args[CSC_CLI_MANY_MAX + 3] = {needed};
    _cleanup_buf_ struct csc_buf text = {0};
    struct csc_cli cli;
    (void)state;

    assert_int_equal(parse(&cli, &command, args), CSC_E_USAGE); /* one at least */
    for (size_t i = 0; i < CSC_CLI_MANY_MAX; i++) {
        args[1 + i] = file;
        assert_int_equal(parse(&cli, &command, args), 0);
        assert_int_equal(cli.many_count, i + 1);
        assert_ptr_equal(cli.many[i], file);
        assert_ptr_equal(cli.parameters[0], file);
        assert_null(cli.parameters[1]);
    }
    args[1 + CSC_CLI_MANY_MAX] = file;
    assert_int_equal(parse(&cli, &command, args), CSC_E_USAGE);
    csc_cli_help(&text, &command);
    assert_non_null(strstr(text.data, "usage: csc c FILE... [--many A]..."));
}

static void help_shows_what_repeats_and_subcommands(void **state)
{
    _cleanup_buf_ struct csc_buf text = {0};
    (void)state;

    csc_cli_help(&text, &leaf);
    assert_non_null(strstr(text.data, "usage: csc group leaf [--many A]... [--once B] --needed C [--flag]..."));
    assert_non_null(strstr(text.data, "\nman csc-group says more.\n"));
    csc_buf_free(&text);
    text = (struct csc_buf){0};
    csc_cli_help(&text, &group);
    assert_non_null(strstr(text.data, "usage: csc group SUBCOMMAND ..."));
    assert_non_null(strstr(text.data, "\n  leaf "));
    assert_non_null(strstr(text.data, "\nman csc-group says more.\n"));
    assert_ptr_equal(csc_cli_find(leaves, "leaf"), &leaf);
    assert_null(csc_cli_find(leaves, "group leaf"));
    assert_null(csc_cli_find(leaves, ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_repeatable_option_collects),
        cmocka_unit_test(collecting_ends_somewhere),
        cmocka_unit_test(a_table_that_is_too_long_is_cut),
        cmocka_unit_test(a_command_that_takes_many_collects),
        cmocka_unit_test(help_shows_what_repeats_and_subcommands),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
