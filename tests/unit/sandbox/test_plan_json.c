/* SPDX-License-Identifier: Apache-2.0 */
/* The plan as text, whose hash is in receipts: the same for the same boundary, another for every other one. */
#include "scene.h"

static char *text_of(struct scene *scene)
{
    _cleanup_(csc_arena_free) struct csc_arena arena = {0};
    struct csc_buf text = {0};
    struct csc_value value;

    scene_must_plan(scene);
    assert_int_equal(csc_plan_value(scene->plan, &arena, &value, &scene->err), 0);
    csc_canon_write(&text, &value);
    char *taken = csc_buf_take(&text);
    assert_non_null(taken);
    return taken;
}

/* ---- the form ---------------------------------------------------------------------------------------------------- */

static void fill(struct scene *scene)
{
    scene_begin(scene);
    scene_read(scene, "/data");
    scene_write(scene, "/work/out");
    scene_run(scene, 1, "wc", "-l");
    scene->environment[0] = (char *)"TOKEN=hunter2";
    scene->environment[1] = (char *)"EMPTY=";
}

static const char *const parts[] = {
    "\"argvs\":[[\"git\",\"status\"],[\"wc\",\"-l\"]]",
    "\"backend\":\"bwrap\"",
    "\"command_id\":\"one\"",
    "\"cwd\":\"/work\"",
    "\"environment\":[\"PATH\",\"HOME\",\"TMPDIR\",\"TOKEN\",\"EMPTY\"]",
    "\"hostname\":\"csc\"",
    "\"identity\":{\"capabilities\":false,\"devices_read_only\":false,\"idmapped\":false,\"inner_gid\":1000,\"inner_"
    "uid\":1000,\"outer_"
    "gid\":"
    "1000,\"outer_uid\":1000}",
    "\"landlock\":{\"abi\":6,\"rules\":[{\"grant\":\"list\",\"path\":\"/\"},",
    "{\"grant\":\"write\",\"path\":\"/work/out\"}",
    "\"tcp\":false",
    "{\"held_by\":\"rlimit\",\"name\":\"cpu_sec\",\"value\":300}",
    "{\"kind\":\"bind\",\"source\":\"/data\",\"target\":\"/data\",\"writable\":false}",
    "{\"kind\":\"bind\",\"source\":\"/work/out\",\"target\":\"/work/out\",\"writable\":true}",
    "{\"kind\":\"tmpfs\",\"mode\":448,\"size\":67108864,\"target\":\"/.csc/home\",\"writable\":true}",
    "{\"content\":\"usr/bin\",\"kind\":\"symlink\",\"target\":\"/bin\"}",
    "\"namespaces\":[\"user\",\"mount\",\"pid\",\"ipc\",\"uts\",\"cgroup\",\"network\"]",
    "\"network\":\"none\"",
    "\"no_new_privs\":true",
    "\"seccomp\":{\"sha256\":\"",
    "\"sockets\":\"none\"",
};

static void test_form(void **state)
{
    struct scene scene;

    (void)state;
    fill(&scene);
    _cleanup_free_ char *text = text_of(&scene);
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
        if (!strstr(text, parts[i]))
            fail_msg("no %s in %s", parts[i], text);
    assert_non_null(strstr(text, csc_seccomp_sha256(CSC_SOCKETS_NONE)));
    assert_null(strstr(text, "hunter2"));
    scene_end(&scene);
}

static void test_shared_network(void **state)
{
    struct scene scene;

    (void)state;
    scene_begin(&scene);
    scene.command.network = CSC_NETWORK_FULL;
    _cleanup_free_ char *text = text_of(&scene);
    assert_non_null(strstr(text, "\"namespaces\":[\"user\",\"mount\",\"pid\",\"ipc\",\"uts\",\"cgroup\"]"));
    assert_non_null(strstr(text, "\"network\":\"host\""));
    assert_non_null(strstr(text, "\"tcp\":true"));
    scene_end(&scene);
}

/* What no kernel holds is not claimed. */
static void test_without_landlock(void **state)
{
    struct scene scene;

    (void)state;
    scene_begin(&scene);
    scene.survey.landlock_abi = 0;
    _cleanup_free_ char *none = text_of(&scene);
    assert_non_null(strstr(none, "\"landlock\":{\"abi\":0,\"rules\":[],\"tcp\":true}"));
    scene.survey.landlock_abi = 3;
    _cleanup_free_ char *early = text_of(&scene);
    assert_non_null(strstr(early, "\"tcp\":true"));
    scene_end(&scene);
}

/* ---- equal boundaries -------------------------------------------------------------------------------------------- */

static void other_numbers(struct scene *scene)
{
    struct csc_sources *lists[] = {&scene->survey.reads, &scene->survey.writes, &scene->survey.system};

    for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
        for (size_t k = 0; k < lists[i]->count; k++) {
            lists[i]->items[k].fd += lists[i]->items[k].fd < 0 ? 0 : 4000;
            lists[i]->items[k].device += 17;
            lists[i]->items[k].inode += 900000;
        }
    scene->survey.cwd.fd += 4000;
    scene->survey.init.fd += 4000;
    scene->survey.init.inode += 900000;
    scene->survey.cgroups.folder[0] = 77;
}

static void other_values(struct scene *scene)
{
    scene->environment[0] = (char *)"TOKEN=another=one";
}

static void other_protected(struct scene *scene)
{
    const struct csc_source elsewhere = {.device = 1, .inode = 1};

    scene_guard(scene, &elsewhere, "the ledger", false);
}

static void other_output_caps(struct scene *scene)
{
    scene->config.stdout_bytes++;
    scene->config.grace_sec++;
}

static void read_twice(struct scene *scene)
{
    scene_read(scene, "/data/a");
    scene_read(scene, "/data");
}

static void test_equal(void **state)
{
    static void (*const changes[])(struct scene * scene) = {other_numbers, other_values, other_protected,
                                                            other_output_caps, read_twice};
    struct scene plain;

    (void)state;
    fill(&plain);
    _cleanup_free_ char *expected = text_of(&plain);
    for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
        struct scene scene;
        fill(&scene);
        changes[i](&scene);
        _cleanup_free_ char *text = text_of(&scene);
        assert_string_equal(text, expected);
        scene_end(&scene);
    }
    scene_end(&plain);
}

/* ---- different ones ------------------------------------------------------------------------------------------------
 */

/* Every byte that a change of `field_` moves must be seen. */
#define CHANGE(name_, statement_)                                                                                      \
    static void name_(struct scene *scene)                                                                             \
    {                                                                                                                  \
        statement_;                                                                                                    \
    }

CHANGE(change_id, scene->command.id = "two")
CHANGE(change_argument, scene->words[0][1] = (char *)"log")
CHANGE(change_boundary_of_words, scene_run(scene, 0, "git status", NULL); scene->command.argv_count = 2)
CHANGE(change_segments, scene->command.argv_count = 1)
CHANGE(change_cwd, scene_cwd(scene, "/data"))
CHANGE(change_read, scene_read(scene, "/more"))
CHANGE(change_write, scene_write(scene, "/data/out"))
CHANGE(change_to_writable, scene_write(scene, "/data"))
CHANGE(change_network, scene->command.network = CSC_NETWORK_FULL)
CHANGE(change_sockets, scene->config.unix_sockets = true)
CHANGE(change_landlock, scene->survey.landlock_abi = 3)
CHANGE(change_uid, scene->survey.uid++)
CHANGE(change_gid, scene->survey.gid++)
CHANGE(change_mask, scene->masks[1] = "/proc/keys"; scene->survey.mask_count++)
CHANGE(change_system, (void)scene_add(scene, &scene->survey.system, "/opt/tool", CSC_SOURCE_FOLDER))
CHANGE(change_link, scene->system[1].link = "usr/sbin")
CHANGE(change_copy, scene->system[2].is_copied = false)
CHANGE(change_variable, scene->environment[1] = (char *)"FULL=")
CHANGE(change_tmp, scene->config.limits.tmp_bytes++)
CHANGE(change_home, scene->config.limits.home_bytes++)
CHANGE(change_shm, scene->config.limits.shm_bytes++)
CHANGE(change_cpu, scene->config.limits.cpu_sec++)
CHANGE(change_memory, scene->config.limits.memory_bytes++)
CHANGE(change_processes, scene->config.limits.processes++)
CHANGE(change_file, scene->config.limits.file_bytes++)
CHANGE(change_open_files, scene->config.limits.open_files++)
CHANGE(change_locked, scene->config.limits.locked_bytes++)
CHANGE(change_queue, scene->config.limits.queue_bytes++)
CHANGE(change_holder, scene->survey.cgroups.holder[CSC_CONTROLLER_PIDS] = CSC_HOLDER_CGROUP1)
CHANGE(change_memory_holder, scene->survey.cgroups.holder[CSC_CONTROLLER_MEMORY] = CSC_HOLDER_CGROUP2)

static void change_user_outside(struct scene *scene)
{
    scene->survey.uid = scene->survey.gid = 0;
    scene->survey.owner_uid = scene->survey.owner_gid = 0;
    scene->survey.cgroups.holder[CSC_CONTROLLER_PIDS] = CSC_HOLDER_CGROUP1;
}

static const struct {
    const char *name;
    void (*change)(struct scene *scene);
} changes[] = {
    {"id", change_id},
    {"argument", change_argument},
    {"where a word ends", change_boundary_of_words},
    {"segments", change_segments},
    {"cwd", change_cwd},
    {"read scope", change_read},
    {"write scope", change_write},
    {"read scope that is written", change_to_writable},
    {"network", change_network},
    {"sockets", change_sockets},
    {"Landlock", change_landlock},
    {"user", change_uid},
    {"group", change_gid},
    {"mask", change_mask},
    {"system path", change_system},
    {"text of a symlink", change_link},
    {"copy or bind", change_copy},
    {"variable", change_variable},
    {"size of /tmp", change_tmp},
    {"size of HOME", change_home},
    {"size of /dev/shm", change_shm},
    {"processor time", change_cpu},
    {"memory", change_memory},
    {"processes", change_processes},
    {"size of files", change_file},
    {"open files", change_open_files},
    {"locked memory", change_locked},
    {"message queues", change_queue},
    {"who holds the processes", change_holder},
    {"who holds the memory", change_memory_holder},
    {"root outside", change_user_outside},
};

/* Each differs from the plain one, and from every other. */
static void test_different(void **state)
{
    char hashes[ARRAY_SIZE(changes) + 1][CSC_SHA256_HEX];

    (void)state;
    for (size_t i = 0; i <= ARRAY_SIZE(changes); i++) {
        struct scene scene;
        fill(&scene);
        if (i < ARRAY_SIZE(changes))
            changes[i].change(&scene);
        _cleanup_free_ char *text = text_of(&scene);
        csc_sha256_hex(text, strlen(text), hashes[i]);
        scene_end(&scene);
    }
    for (size_t i = 0; i < ARRAY_SIZE(changes); i++)
        for (size_t k = i + 1; k <= ARRAY_SIZE(changes); k++)
            if (strcmp(hashes[i], hashes[k]) == 0)
                fail_msg("'%s' gives the hash of '%s'", changes[i].name,
                         k < ARRAY_SIZE(changes) ? changes[k].name : "the plain plan");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_form),  cmocka_unit_test(test_shared_network), cmocka_unit_test(test_without_landlock),
        cmocka_unit_test(test_equal), cmocka_unit_test(test_different),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
