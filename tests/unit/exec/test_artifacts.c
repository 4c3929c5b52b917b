/* SPDX-License-Identifier: Apache-2.0 */
/* Which expected outputs are hashed, and which are only talked about. */
#include "stage.h"

#include <sys/sysmacros.h>

struct results {
    struct csc_contract contract;
    struct csc_command commands[2];
    struct csc_arena arena;
    struct csc_artifacts artifacts;
    char notices[4000];
    size_t notice_count;
};

static void remember(void *context, const char *text)
{
    struct results *results = context;
    size_t used = strlen(results->notices);

    (void)snprintf(results->notices + used, sizeof(results->notices) - used, "%s\n", text);
    results->notice_count++;
}

static void collect(struct results *results, const char **outputs, size_t count)
{
    const struct csc_notifier notifier = {.notice = remember, .context = results};
    struct csc_error err = {0};

    results->contract.commands = results->commands;
    results->contract.command_count = ARRAY_SIZE(results->commands);
    results->contract.expected_outputs = outputs;
    results->contract.expected_output_count = count;
    results->notice_count = 0;
    results->notices[0] = '\0';
    assert_int_equal(csc_artifacts_collect(&results->contract, &results->arena, &notifier, &results->artifacts, &err),
                     0);
}

static void add_scope(struct csc_command *command, const char **scope)
{
    command->write_paths = scope;
    command->write_path_count = 1;
}

static void test_regular_files(void **state)
{
    struct stage *stage = *state;
    struct results results = {0};
    char first[400], second[400], none[400], glob[400], expected[CSC_SHA256_HEX];
    const char *scopes[] = {first, glob};

    stage_path(stage, "first", first);
    stage_path(stage, "second.txt", second);
    stage_path(stage, "none.txt", none);
    stage_path(stage, "*.txt", glob);
    stage_write(stage, "first", "1", 0600);
    stage_write(stage, "second.txt", "", 0400);
    add_scope(&results.commands[0], &scopes[0]);
    add_scope(&results.commands[1], &scopes[1]);
    const char *outputs[] = {second, none, first, second, first};
    collect(&results, outputs, ARRAY_SIZE(outputs));
    assert_int_equal(results.artifacts.count, 2);
    assert_string_equal(results.artifacts.items[0].path, second);
    assert_string_equal(results.artifacts.items[1].path, first);
    csc_sha256_hex("", 0, expected);
    assert_string_equal(results.artifacts.items[0].sha256, expected);
    csc_sha256_hex("1", 1, expected);
    assert_string_equal(results.artifacts.items[1].sha256, expected);
    assert_int_equal(results.notice_count, 0);
    csc_arena_free(&results.arena);
}

static void test_large_file(void **state)
{
    struct stage *stage = *state;
    struct results results = {0};
    char path[400], expected[CSC_SHA256_HEX];
    const char *outputs[] = {path};
    char *zeros = calloc(1, 1000000);

    assert_non_null(zeros);
    stage_path(stage, "sparse", path);
    stage_write(stage, "sparse", "", 0600);
    assert_int_equal(truncate(path, 1000000), 0);
    add_scope(&results.commands[0], outputs);
    collect(&results, outputs, 1);
    csc_sha256_hex(zeros, 1000000, expected);
    assert_string_equal(results.artifacts.items[0].sha256, expected);
    free(zeros);
    if (truncate(path, (INT64_C(4) << 30) + 1) == 0) {
        collect(&results, outputs, 1);
        assert_int_equal(results.artifacts.count, 0);
        assert_non_null(strstr(results.notices, "larger than 4 GiB"));
    }
    csc_arena_free(&results.arena);
}

static void test_what_is_no_regular_file(void **state)
{
    static const struct {
        const char *name, *notice;
    } cases[] = {
        {"fifo", "is not a regular file"},
        {"folder", "is not a regular file"},
        {"link", "is a symlink"},
        {"dangling", "is a symlink"},
        {"device", "is not a regular file"}, /* a link where nobody may make a device */
        {"linked-folder/secret", "lies behind, a symlink"},
        {"../secret", "in no write scope"},
        {"./secret", "in no write scope"},
        {"x//secret", "in no write scope"},
        {"secret/", "in no write scope"},
        {"secret/..", "in no write scope"},
    };
    struct stage *stage = *state;
    struct results results = {0};
    char path[400], folder[400];
    const char *outputs[] = {path}, *scopes[] = {folder};

    stage_path(stage, "w", folder);
    assert_int_equal(mkdir(folder, 0700), 0);
    stage_path(stage, "w/folder", path);
    assert_int_equal(mkdir(path, 0700), 0);
    stage_write(stage, "w/folder/secret", "secret", 0600);
    stage_write(stage, "w/secret", "secret", 0600);
    stage_path(stage, "w/fifo", path);
    assert_int_equal(mkfifo(path, 0600), 0);
    stage_path(stage, "w/link", path);
    assert_int_equal(symlink("secret", path), 0);
    stage_path(stage, "w/dangling", path);
    assert_int_equal(symlink("nowhere", path), 0);
    stage_path(stage, "w/linked-folder", path);
    assert_int_equal(symlink("folder", path), 0);
    stage_path(stage, "w/device", path);
    if (mknod(path, S_IFCHR | 0600, makedev(1, 5)) < 0)
        assert_int_equal(mkfifo(path, 0600), 0);
    add_scope(&results.commands[0], scopes);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        (void)snprintf(path, sizeof(path), "%s/w/%s", stage->folder, cases[i].name);
        collect(&results, outputs, 1);
        if (results.artifacts.count != 0 || results.notice_count != 1 || !strstr(results.notices, cases[i].notice))
            fail_msg("%s: %s", cases[i].name, results.notices);
    }
    csc_arena_free(&results.arena);
}

static void test_outside_the_scopes(void **state)
{
    struct results results = {0};
    const char *outputs[] = {"/etc/passwd", "C:\\work\\x", "//server/share/x", "/etc/\x1b[2J"};

    (void)state;
    collect(&results, outputs, ARRAY_SIZE(outputs));
    assert_int_equal(results.artifacts.count, 0);
    assert_int_equal(results.notice_count, ARRAY_SIZE(outputs));
    assert_non_null(strstr(results.notices, "'/etc/\\x1b[2J'"));
    assert_null(strchr(results.notices, 0x1b));
    csc_arena_free(&results.arena);
}

static void test_no_notifier(void **state)
{
    struct results results = {0};
    const struct csc_notifier silent = {.notice = NULL};
    const char *outputs[] = {"/etc/passwd"};

    (void)state;
    collect(&results, outputs, 1);
    assert_int_equal(csc_artifacts_collect(&results.contract, &results.arena, &silent, &results.artifacts, NULL), 0);
    collect(&results, NULL, 0);
    assert_int_equal(results.artifacts.count, 0);
    csc_arena_free(&results.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGE_TEST(test_regular_files),           STAGE_TEST(test_large_file),
        STAGE_TEST(test_what_is_no_regular_file), cmocka_unit_test(test_outside_the_scopes),
        cmocka_unit_test(test_no_notifier),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
