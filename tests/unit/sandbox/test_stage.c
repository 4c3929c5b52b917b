/* SPDX-License-Identifier: Apache-2.0 */
/* What csc-init is told, against the plan it comes from. */
#include "sandbox/stage.h"

#include <sys/resource.h>

#include "scene.h"

/* The stage with '|' for each NUL. */
static char *stage_of(struct scene *scene, size_t *ret_size)
{
    struct csc_buf stage = {0};

    scene_must_plan(scene);
    csc_stage_write(scene->plan, &stage);
    assert_false(stage.failed);
    assert_int_equal(stage.data[stage.size - 1], '\0');
    *ret_size = stage.size;
    for (size_t i = 0; i < stage.size; i++)
        if (stage.data[i] == '\0')
            stage.data[i] = '|';
    return csc_buf_take(&stage);
}

static void expect_part(const char *stage, const char *part)
{
    if (!strstr(stage, part))
        fail_msg("no %s in %s", part, stage);
}

static void expect_no_part(const char *stage, const char *part)
{
    if (strstr(stage, part))
        fail_msg("%s in %s", part, stage);
}

static void test_text(void **state)
{
    static const char end[] = "|sockets|0|cwd|/work|env|PATH=" CSC_SANDBOX_PATH "|env|HOME=/.csc/home|env|TMPDIR=/tmp|"
                              "env|A=b=c|segment|2|git|status|segment|1|wc|run|";
    static const char begin[] = "version|" CSC_VERSION "|check|/usr|7|";
    struct scene scene;
    size_t size;

    (void)state;
    scene_begin(&scene);
    scene_run(&scene, 1, "wc", NULL);
    scene.environment[0] = (char *)"A=b=c";
    _cleanup_free_ char *stage = stage_of(&scene, &size);
    assert_memory_equal(stage, begin, strlen(begin));
    assert_string_equal(stage + size - strlen(end), end);
    scene_end(&scene);
}

/* A word of the command is a word, whatever is in it. */
static void test_hostile_words(void **state)
{
    struct scene scene;
    size_t size;

    (void)state;
    scene_begin(&scene);
    scene_run(&scene, 0, "segment", "run\ncheck /");
    _cleanup_free_ char *stage = stage_of(&scene, &size);
    expect_part(stage, "|segment|2|segment|run\ncheck /|run|");
    scene_end(&scene);
}

/* Every mount of the host's is checked, by what it is, and so is everything that must be read-only. */
static void test_checks(void **state)
{
    struct scene scene;
    size_t size, checks = 0, binds = 0;
    char part[200];

    (void)state;
    scene_begin(&scene);
    scene_read(&scene, "/data");
    scene_write(&scene, "/work/out");
    _cleanup_free_ char *stage = stage_of(&scene, &size);
    for (size_t i = 0; i < scene.plan->mount_count; i++) {
        const struct csc_mount *mount = &scene.plan->mounts[i];
        if (mount->kind == CSC_MOUNT_BIND) {
            (void)snprintf(part, sizeof(part), "|check|%s|%llu|%llu|%s|", mount->target,
                           (unsigned long long)mount->source->device, (unsigned long long)mount->source->inode,
                           mount->writable ? "rw" : "ro");
            expect_part(stage, part);
            binds++;
        } else if (mount->kind == CSC_MOUNT_READONLY) {
            (void)snprintf(part, sizeof(part), "|readonly|%s|", mount->target);
            expect_part(stage, part);
        }
    }
    for (const char *at = stage; (at = strstr(at, "|check|")); at++)
        checks++;
    assert_int_equal(checks, binds);
    expect_part(stage, "|rw|");
    expect_part(stage, "|readonly|/proc|readonly|/dev|");
    scene_end(&scene);
}

static void test_device_files_of_roots(void **state)
{
    struct scene scene;
    size_t size;

    (void)state;
    scene_begin(&scene);
    _cleanup_free_ char *user = stage_of(&scene, &size);
    expect_no_part(user, "|readonly|/dev/null|");
    scene.survey.uid = scene.survey.gid = scene.survey.owner_uid = 0;
    scene.survey.cgroups.holder[CSC_CONTROLLER_PIDS] = CSC_HOLDER_CGROUP1;
    _cleanup_free_ char *root = stage_of(&scene, &size);
    expect_part(root, "|readonly|/dev/null|");
    expect_part(root, "|readonly|/dev/tty|");
    expect_part(root, "|readonly|/proc/sys|");
    scene_end(&scene);
}

static void expect_limit(const char *stage, int resource, long soft, long hard)
{
    char part[100];

    (void)snprintf(part, sizeof(part), "|limit|%d|%ld|%ld|", resource, soft, hard);
    expect_part(stage, part);
}

static void test_limits(void **state)
{
    struct scene scene;
    size_t size;

    (void)state;
    scene_begin(&scene);
    scene.config.limits.cpu_sec = 7;
    _cleanup_free_ char *plain = stage_of(&scene, &size);
    expect_limit(plain, RLIMIT_CPU, 7, 9);
    expect_limit(plain, RLIMIT_AS, 1L << 30, 1L << 30);
    expect_limit(plain, RLIMIT_NPROC, 100, 100);
    expect_limit(plain, RLIMIT_FSIZE, 100L << 20, 100L << 20);
    expect_limit(plain, RLIMIT_NOFILE, 1024, 1024);
    expect_limit(plain, RLIMIT_CORE, 0, 0);
    /* What a group holds is not limited twice. */
    scene.survey.cgroups.holder[CSC_CONTROLLER_MEMORY] = CSC_HOLDER_CGROUP2;
    scene.survey.cgroups.holder[CSC_CONTROLLER_PIDS] = CSC_HOLDER_CGROUP2;
    _cleanup_free_ char *grouped = stage_of(&scene, &size);
    expect_no_part(grouped, "|1073741824|");
    expect_no_part(grouped, "|100|100|");
    expect_limit(grouped, RLIMIT_CPU, 7, 9);
    scene_end(&scene);
}

static void test_landlock(void **state)
{
    struct scene scene;
    size_t size;
    char part[200];

    (void)state;
    scene_begin(&scene);
    _cleanup_free_ char *plain = stage_of(&scene, &size);
    (void)snprintf(part, sizeof(part), "|landlock|%d|0|", CSC_LANDLOCK_ABI_MAX);
    expect_part(plain, part);
    for (size_t i = 0; i < scene.plan->rule_count; i++) {
        (void)snprintf(part, sizeof(part), "|grant|%d|%s|", (int)scene.plan->rules[i].grant, scene.plan->rules[i].path);
        expect_part(plain, part);
    }
    scene.command.network = CSC_NETWORK_FULL;
    scene.config.unix_sockets = true;
    _cleanup_free_ char *network = stage_of(&scene, &size);
    (void)snprintf(part, sizeof(part), "|landlock|%d|1|", CSC_LANDLOCK_ABI_MAX);
    expect_part(network, part);
    (void)snprintf(part, sizeof(part), "|sockets|%d|", CSC_SOCKETS_INTERNET_UNIX);
    expect_part(network, part);
    scene.survey.landlock_abi = 0;
    _cleanup_free_ char *without = stage_of(&scene, &size);
    expect_no_part(without, "|landlock|");
    expect_no_part(without, "|grant|");
    scene_end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),   cmocka_unit_test(test_hostile_words),
        cmocka_unit_test(test_checks), cmocka_unit_test(test_device_files_of_roots),
        cmocka_unit_test(test_limits), cmocka_unit_test(test_landlock),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
