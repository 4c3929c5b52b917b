/* SPDX-License-Identifier: Apache-2.0 */
/* What of the environment reaches a command. */
#include "stage.h"

static void test_refused_names(void **state)
{
    static const struct {
        const char *name;
        bool refused;
    } cases[] = {
        {"LD_PRELOAD", true},
        {"LD_LIBRARY_PATH", true},
        {"LD_", true},
        {"LD", false},
        {"OLD_PATH", false},
        {"PYTHONPATH", true},
        {"PYTHONSTARTUP", true},
        {"PERL5LIB", true},
        {"PERL5OPT", true},
        {"RUBYOPT", true},
        {"BASH_ENV", true},
        {"BASH_ENVY", false},
        {"BASH_FUNC_ls%%", true},
        {"ENV", true},
        {"ENVIRONMENT", false},
        {"SHELLOPTS", true},
        {"BASHOPTS", true},
        {"PS4", true},
        {"PS1", false},
        {"IFS", true},
        {"IFS=x", true},
        {"CDPATH", true},
        {"GLIBC_TUNABLES", true},
        {"GCONV_PATH", true},
        {"LOCPATH", true},
        {"NODE_OPTIONS", true},
        {"NODE_PATH", true},
        {"NODE_ENV", false},
        {"JAVA_TOOL_OPTIONS", true},
        {"_JAVA_OPTIONS", true},
        {"JDK_JAVA_OPTIONS", true},
        {"JAVA_HOME", false},
        {"DYLD_INSERT_LIBRARIES", true},
        {"MALLOC_CHECK_", true},
        {"GIT_EXEC_PATH", true},
        {"GIT_SSH_COMMAND", true},
        {"GIT_CONFIG_COUNT", true},
        {"GIT_AUTHOR_NAME", false},
        {"HOME", false},
        {"LANG", false},
        {"LC_ALL", false},
        {"TERM", false},
        {"PATH", false},
        {"ld_preload", false},
        {"", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        if (csc_env_is_refused(cases[i].name) != cases[i].refused)
            fail_msg("%s", cases[i].name);
}

static void allow(struct stage *stage, const char **names, size_t count)
{
    stage->command.env_allow = names;
    stage->command.env_allow_count = count;
}

static void test_exactly_what_is_allowed(void **state)
{
    static const char *names[] = {"CSC_A", "CSC_UNSET", "CSC_A", "LD_PRELOAD", "IFS", "CSC_EMPTY", "CSC_", "PATH"};
    struct stage *stage = *state;
    char expected[8192];

    assert_int_equal(setenv("CSC_A", "a b=c\n", 1) | setenv("CSC_B", "b", 1) | setenv("CSC_EMPTY", "", 1), 0);
    assert_int_equal(setenv("IFS", "x", 1) | unsetenv("CSC_UNSET"), 0);
    allow(stage, names, ARRAY_SIZE(names));
    stage_command(stage, "env", "-0", "|", "sort", "-z", "|", "tr", "\\0", "@", NULL);
    stage_run(stage);
    stage_expect(stage, CSC_EXEC_EXITED, 0);
    (void)snprintf(expected, sizeof(expected), "CSC_A=a b=c\n@CSC_EMPTY=@PATH=%s@", getenv("PATH"));
    assert_string_equal(stage->output[CSC_STDOUT], expected);
    assert_int_equal(unsetenv("IFS") | unsetenv("CSC_A") | unsetenv("CSC_B") | unsetenv("CSC_EMPTY"), 0);
}

static void test_nothing_but_path(void **state)
{
    struct stage *stage = *state;
    char expected[8192];

    stage_command(stage, "env", NULL);
    stage_run(stage);
    (void)snprintf(expected, sizeof(expected), "PATH=%s\n", getenv("PATH"));
    assert_string_equal(stage->output[CSC_STDOUT], expected);
}

static void test_default_path(void **state)
{
    struct stage *stage = *state;
    char *path = strdup(getenv("PATH"));

    assert_non_null(path);
    assert_int_equal(unsetenv("PATH"), 0);
    stage_command(stage, "env", NULL);
    stage_run(stage);
    assert_int_equal(setenv("PATH", path, 1), 0);
    free(path);
    stage_expect(stage, CSC_EXEC_EXITED, 0);
    assert_string_equal(stage->output[CSC_STDOUT], "PATH=/usr/local/bin:/usr/bin:/bin\n");
}

static void test_first_of_two_entries(void **state)
{
    static const char *names[] = {"CSC_TWICE"};
    static char first[] = "CSC_TWICE=1", second[] = "CSC_TWICE=2";
    struct stage *stage = *state;
    char *entries[] = {first, second, NULL};
    char **before = environ;

    allow(stage, names, 1);
    stage_command(stage, "/usr/bin/env", NULL);
    environ = entries;
    stage_run(stage);
    environ = before;
    assert_string_equal(stage->output[CSC_STDOUT], "CSC_TWICE=1\nPATH=/usr/local/bin:/usr/bin:/bin\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused_names),  STAGE_TEST(test_exactly_what_is_allowed),
        STAGE_TEST(test_nothing_but_path),     STAGE_TEST(test_default_path),
        STAGE_TEST(test_first_of_two_entries),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
