/* SPDX-License-Identifier: Apache-2.0 */
/* Counting created and changed files: exactly, or not at all. */
#include "stage.h"

/* Runs a script between two looks at the scopes (relative to the folder; NULL ends the list). */
static int64_t count(struct stage *stage, const char *const *scopes, const char *before_script, const char *script)
{
    char paths[4][400];
    const char *list[4];
    struct csc_command commands[2] = {0};
    struct csc_contract contract = {.commands = commands, .command_count = 2};
    struct csc_snapshot *before = NULL;

    for (size_t i = 0; scopes[i]; i++) {
        stage_path(stage, scopes[i], paths[i]);
        list[i] = scopes[i][0] == '/' || scopes[i][1] == ':' ? scopes[i] : paths[i];
        commands[i % 2].write_path_count++;
    }
    /* The first command has the scopes 0 and 2, the second 1 and 3. */
    const char *ordered[4] = {list[0], list[2], list[1], list[3]};
    commands[0].write_paths = ordered;
    commands[1].write_paths = ordered + 2;

    stage_sh(stage, before_script);
    stage_expect(stage, CSC_EXEC_EXITED, 0);
    assert_int_equal(csc_snapshot_take(&contract, &before, &stage->err), 0);
    stage_sh(stage, script);
    stage_expect(stage, CSC_EXEC_EXITED, 0);
    int64_t changes = csc_snapshot_count_changes(before, &contract);
    csc_snapshot_free(before);
    return changes;
}

static void test_changes(void **state)
{
    static const struct {
        const char *before, *script;
        int64_t changes;
    } cases[] = {
        {":", ":", 0},
        {":", "echo > w/new", 1},
        {"echo > w/old; echo > w/other", "echo x >> w/old", 1},
        {"echo > w/old", "printf x > w/old", 1},
        /* size and mtime as before: ctime tells */
        {"echo a > w/old; touch -d @1 w/old", "echo b > w/old; touch -d @1 w/old", 1},
        {"echo > w/old", "cat w/old", 0},
        {"echo > w/old", "rm w/old", 0},
        {"echo > w/old", "mv w/old w/a; mkdir w/d", 1}, /* ctime: a new name */
        {":", "mkdir -p w/a/b/c; echo > w/a/b/c/d; echo > w/a/e", 2},
        {":", "ln -s /etc/passwd w/link; ln -s .. w/up; mkfifo w/fifo; mkdir w/d", 0},
        {":", "echo > outside", 0},
        {"mkdir d; ln -s ../d w/link", "echo > d/behind", 0},
        {":", "echo > w/a; ln w/a w/b", 1},
        {":", "echo > w/.hidden", 1},
    };
    static const char *const scopes[] = {"w", NULL};
    struct stage *stage = *state;
    char before[300];

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        (void)snprintf(before, sizeof(before), "rm -rf w d outside; mkdir w; %s", cases[i].before);
        int64_t changes = count(stage, scopes, before, cases[i].script);
        if (changes != cases[i].changes)
            fail_msg("%s: %lld", cases[i].script, (long long)changes);
    }
}

static void test_scopes(void **state)
{
    static const struct {
        const char *scopes[5];
        int64_t changes; /* of w/a.txt, w/b.c, w/d/c.txt, x/y.txt, all new */
    } cases[] = {
        {{NULL}, 0},
        {{"w", NULL}, 3},
        {{"w/", NULL}, 3},
        {{"w/a.txt", NULL}, 1},
        {{"w/missing", NULL}, 0},
        {{"w/a.txt/below", NULL}, 0},
        {{"w/*.txt", NULL}, 1},
        {{"w/**/*.txt", NULL}, 2},
        {{"**/*.txt", NULL}, 3},
        {{"w", "w/d", "w/a.txt", NULL}, 3},
        {{"w", "x", "w/**", "**", NULL}, 4},
        {{"/csc-no-such-folder", NULL}, 0},
        {{"link", NULL}, -1}, /* a scope that is a symlink leads nobody knows where */
        {{"link/d", NULL}, -1},
        {{"C:\\work", NULL}, -1},
        {{"/proc/self", NULL}, -1},
        {{"/sys/*", NULL}, -1},
        {{"/dev/null", NULL}, 0},
    };
    struct stage *stage = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        int64_t changes = count(stage, cases[i].scopes, "rm -rf w x link; mkdir w w/d x; ln -s w link",
                                "echo > w/a.txt; echo > w/b.c; echo > w/d/c.txt; echo > x/y.txt");
        if (changes != cases[i].changes)
            fail_msg("case %zu: %lld", i, (long long)changes);
    }
}

static void test_bounds(void **state)
{
    static const char *const once[] = {"w", NULL}, *const twice[] = {"w", "w/*", NULL};
    static const char *const thrice[] = {"w", "w/*", "w/**", NULL};
    struct stage *stage = *state;

    /* 50,000 files; each of them once, however many scopes it is in; 100,000 entries */
    assert_int_equal(count(stage, once, "mkdir w; cd w; seq 1 49998 | xargs touch", "echo > w/1; echo > w/new"), 2);
    assert_int_equal(count(stage, twice, ":", "echo > w/1; echo > w/last"), 2);
    assert_int_equal(count(stage, thrice, ":", ":"), -1);
    assert_int_equal(count(stage, once, ":", "echo > w/one-more"), -1);
    assert_int_equal(count(stage, once, ":", ":"), -1);
}

static void test_depth(void **state)
{
    static const char *const scopes[] = {"w", NULL};
    struct stage *stage = *state;

    assert_int_equal(count(stage, scopes, "d=w; for i in $(seq 64); do d=$d/d; done; mkdir -p $d",
                           "d=w; for i in $(seq 64); do d=$d/d; done; echo > $d/deep"),
                     1);
    assert_int_equal(count(stage, scopes, "d=w; for i in $(seq 65); do d=$d/d; done; mkdir -p $d", ":"), -1);
}

static void test_no_snapshot(void **state)
{
    const struct csc_contract contract = {0};

    (void)state;
    assert_int_equal(csc_snapshot_count_changes(NULL, &contract), -1);
    csc_snapshot_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGE_TEST(test_changes),           STAGE_TEST(test_scopes), STAGE_TEST(test_bounds), STAGE_TEST(test_depth),
        cmocka_unit_test(test_no_snapshot),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
