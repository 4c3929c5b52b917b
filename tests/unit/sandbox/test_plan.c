/* SPDX-License-Identifier: Apache-2.0 */
/* Whom a command runs as, what it may reach of the network, what bounds it, what it finds in its environment. */
#include <sys/resource.h>

#include "scene.h"

/* ---- identity ---------------------------------------------------------------------------------------------------- */

struct identity_case {
    const char *title;
    uid_t uid;
    gid_t gid;
    uid_t owner_uid;
    gid_t owner_gid;
    struct csc_identity run_as;
    bool switches;
    uid_t outer_uid;
    gid_t outer_gid;
    uid_t inner_uid;
    gid_t inner_gid;
};

static const struct identity_case identities[] = {
    {"a user stays who it is", 1000, 1001, 1000, 1001, {0}, false, 1000, 1001, 1000, 1001},
    {"a user in another one's folder too", 1000, 1001, 2000, 2001, {0}, false, 1000, 1001, 1000, 1001},
    {"and in a folder of root's", 1000, 1001, 0, 0, {0}, false, 1000, 1001, 1000, 1001},
    {"a user whose group is root's is not root's inside", 1000, 0, 1000, 0, {0}, false, 1000, 0, 1000, 1000},
    {"root becomes the owner of cwd", 0, 0, 2000, 2001, {0}, true, 2000, 2001, 2000, 2001},
    {"but never gets the group of root", 0, 0, 2000, 0, {0}, true, 2000, 65534, 2000, 65534},
    {"root in a folder of its own is somebody else inside", 0, 0, 0, 0, {0}, false, 0, 0, 1000, 1000},
    {"the group of the folder changes nothing then", 0, 0, 0, 50, {0}, false, 0, 0, 1000, 1000},
    {"run_as wins over the owner", 0, 0, 2000, 2001, {true, 3000, 3001}, true, 3000, 3001, 3000, 3001},
    {"and over root's own folder", 0, 0, 0, 0, {true, 3000, 3001}, true, 3000, 3001, 3000, 3001},
    {"run_as without a group of its own", 0, 0, 0, 0, {true, 3000, 0}, true, 3000, 65534, 3000, 65534},
    {"run_as as oneself is no change", 1000, 1001, 1000, 1001, {true, 1000, 1001}, false, 1000, 1001, 1000, 1001},
};

static void test_identity(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(identities); i++) {
        const struct identity_case *c = &identities[i];
        struct scene scene;
        scene_begin(&scene);
        scene.survey.uid = c->uid;
        scene.survey.gid = c->gid;
        scene.survey.owner_uid = c->owner_uid;
        scene.survey.owner_gid = c->owner_gid;
        scene.config.run_as = c->run_as;
        /* That root is bound by a limit is another test's. */
        scene.survey.cgroups.holder[CSC_CONTROLLER_PIDS] = CSC_HOLDER_CGROUP2;
        scene_must_plan(&scene);
        const struct csc_plan *plan = scene.plan;
        if (plan->switch_identity != c->switches || plan->outer_uid != c->outer_uid ||
            plan->outer_gid != c->outer_gid || plan->inner_uid != c->inner_uid || plan->inner_gid != c->inner_gid ||
            plan->guard_devices != (c->outer_uid == 0))
            fail_msg("%s: outside %u:%u, inside %u:%u", c->title, plan->outer_uid, plan->outer_gid, plan->inner_uid,
                     plan->inner_gid);
        assert_true(plan->inner_uid != 0 && plan->inner_gid != 0);
        scene_end(&scene);
    }
}

/* A csc that is root, with the mounts of the scopes idmapped: outside nobody, inside the owner. */
static void test_idmapped(void **state)
{
    static const struct {
        uid_t owner_uid, inner_uid;
        gid_t owner_gid, inner_gid;
    } cases[] = {{0, 1000, 0, 1000}, {2000, 2000, 2001, 2001}, {2000, 2000, 0, 1000}, {0, 1000, 50, 50}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct scene scene;
        scene_begin(&scene);
        scene.survey.uid = scene.survey.gid = 0;
        scene.survey.owner_uid = cases[i].owner_uid;
        scene.survey.owner_gid = cases[i].owner_gid;
        scene.survey.mapping = (struct csc_id_mapping){.done = true, .uid = 65533, .gid = 65532};
        scene_must_plan(&scene);
        const struct csc_plan *plan = scene.plan;
        assert_true(plan->idmapped && plan->switch_identity && !plan->guard_devices);
        assert_int_equal(plan->outer_uid, 65533);
        assert_int_equal(plan->outer_gid, 65532);
        assert_int_equal(plan->inner_uid, cases[i].inner_uid);
        assert_int_equal(plan->inner_gid, cases[i].inner_gid);
        scene_end(&scene);
    }
}

/* Where that is impossible, the owner outside, too; and the plan says why. */
static void test_not_idmapped(void **state)
{
    struct scene scene;

    (void)state;
    scene_begin(&scene);
    scene.survey.uid = scene.survey.gid = 0;
    scene.survey.owner_uid = scene.survey.owner_gid = 2000;
    scene.survey.mapping = (struct csc_id_mapping){.uid = 65533, .gid = 65533, .why_not = "cannot"};
    scene_must_plan(&scene);
    assert_false(scene.plan->idmapped);
    assert_string_equal(scene.plan->not_idmapped, "cannot");
    assert_int_equal(scene.plan->outer_uid, 2000);
    assert_int_equal(scene.plan->inner_uid, 2000);
    scene_end(&scene);
}

static void test_only_root_becomes_another(void **state)
{
    static const struct csc_identity others[] = {{true, 3000, 1000}, {true, 1000, 3000}, {true, 0, 0}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
        struct scene scene;
        scene_begin(&scene);
        scene.config.run_as = others[i];
        scene_must_refuse(&scene, CSC_REFUSAL_BOUNDARY, "run_as");
        scene_end(&scene);
    }
}

/* ---- network ----------------------------------------------------------------------------------------------------- */

static void test_network(void **state)
{
    static const struct {
        enum csc_network network;
        bool unix_sockets, host;
        enum csc_sockets sockets;
    } cases[] = {
        {CSC_NETWORK_DENY, false, false, CSC_SOCKETS_NONE},
        {CSC_NETWORK_DENY, true, false, CSC_SOCKETS_UNIX},
        {CSC_NETWORK_FULL, false, true, CSC_SOCKETS_INTERNET},
        {CSC_NETWORK_FULL, true, true, CSC_SOCKETS_INTERNET_UNIX},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct scene scene;
        scene_begin(&scene);
        scene.command.network = cases[i].network;
        scene.config.unix_sockets = cases[i].unix_sockets;
        scene_must_plan(&scene);
        assert_int_equal(scene.plan->host_network, cases[i].host);
        assert_int_equal(scene.plan->landlock_network, cases[i].host);
        assert_int_equal(scene.plan->sockets, cases[i].sockets);
        scene_end(&scene);
    }
}

/* ---- what is refused before anything is looked at ------------------------------------------------------------------
 */

struct vet_case {
    const char *title;
    const char *programs[2]; /* of each segment */
    enum csc_network network;
    enum csc_refusal_kind kind; /* CSC_REFUSAL_NONE: it may run */
    const char *words;
};

static const struct vet_case vets[] = {
    {"a plain program", {"git"}, CSC_NETWORK_DENY, CSC_REFUSAL_NONE, ""},
    {"a pipeline of such", {"git", "wc"}, CSC_NETWORK_FULL, CSC_REFUSAL_NONE, ""},
    {"a shell", {"sh"}, CSC_NETWORK_DENY, CSC_REFUSAL_PROGRAM, "'sh'"},
    {"by its path", {"/usr/bin/BASH"}, CSC_NETWORK_DENY, CSC_REFUSAL_PROGRAM, "blocked_programs"},
    {"an interpreter of any version", {"python3.11"}, CSC_NETWORK_DENY, CSC_REFUSAL_PROGRAM, "pyth"},
    {"a wrapper in a later segment", {"git", "xargs"}, CSC_NETWORK_DENY, CSC_REFUSAL_PROGRAM, "xar"},
    {"only some hosts", {"git"}, CSC_NETWORK_ALLOWLISTED, CSC_REFUSAL_BOUNDARY, "'allowlisted'"},
};

static void test_vet(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(vets); i++) {
        const struct vet_case *c = &vets[i];
        struct csc_refusal refusal = {0};
        struct scene scene;
        scene_begin(&scene);
        for (size_t k = 0; k < 2 && c->programs[k]; k++)
            scene_run(&scene, k, c->programs[k], NULL);
        scene.command.network = c->network;
        int r = csc_sandbox_vet(&scene.command, &scene.config, &refusal);
        if (r != (c->kind ? CSC_REFUSED : 0) || refusal.kind != c->kind || !strstr(refusal.text, c->words))
            fail_msg("%s: %d, '%s'", c->title, r, refusal.text);
        /* A plan asks the same. */
        if (c->kind)
            scene_must_refuse(&scene, c->kind, c->words);
        else
            scene_must_plan(&scene);
        scene_end(&scene);
    }
}

static void test_a_refusal_is_escaped_and_kept(void **state)
{
    struct csc_refusal refusal = {0};

    (void)state;
    assert_int_equal(csc_refuse(&refusal, CSC_REFUSAL_MISSING, "a%sb", "\x1b[31m\n"), CSC_REFUSED);
    assert_int_equal(csc_refuse(&refusal, CSC_REFUSAL_BOUNDARY, "later"), CSC_REFUSED);
    assert_int_equal(refusal.kind, CSC_REFUSAL_MISSING);
    assert_null(strchr(refusal.text, '\x1b'));
    assert_null(strchr(refusal.text, '\n'));
    assert_non_null(strstr(refusal.text, "[31m"));
    assert_null(strstr(refusal.text, "later"));
}

/* ---- limits ------------------------------------------------------------------------------------------------------ */

/* The holder of memory, processes and processor time that a survey found, and what the plan makes of it. */
struct holder_case {
    const char *title;
    int64_t cpu_percent;
    uid_t owner; /* of cwd; csc is root when this is 0 */
    enum csc_holder found[CSC_CONTROLLER_COUNT];
    enum csc_holder memory, processes; /* CSC_HOLDER_NONE: refused */
    const char *words;
};

#define NONE CSC_HOLDER_NONE
#define RLIMIT CSC_HOLDER_RLIMIT
#define V1 CSC_HOLDER_CGROUP1
#define V2 CSC_HOLDER_CGROUP2

static const struct holder_case holders[] = {
    {"a user without groups", 0, SCENE_USER, {NONE, NONE, NONE}, RLIMIT, RLIMIT, ""},
    {"a user with all of version 2", 0, SCENE_USER, {V2, V2, V2}, V2, V2, ""},
    {"with version 1", 0, SCENE_USER, {V1, V1, NONE}, V1, V1, ""},
    {"one of each", 0, SCENE_USER, {V2, V1, NONE}, V2, V1, ""},
    {"memory alone", 0, SCENE_USER, {V1, NONE, NONE}, V1, RLIMIT, ""},
    {"root without groups is not bound", 0, 0, {NONE, NONE, NONE}, RLIMIT, NONE, "nothing bounds"},
    {"root with memory alone neither", 0, 0, {V2, NONE, V2}, V2, NONE, "run_as"},
    {"root in a group of processes is", 0, 0, {NONE, V1, NONE}, RLIMIT, V1, ""},
    {"a cap on the processor", 150, SCENE_USER, {V2, V2, V2}, V2, V2, ""},
    {"which nothing here can hold", 150, SCENE_USER, {V1, V1, NONE}, V1, NONE, "limits.cpu_percent"},
};

static void expect_holder(const struct scene *scene, const char *name, int64_t value, enum csc_holder holder,
                          int resource)
{
    const struct csc_limit *limit = csc_plan_limit(scene->plan, name);

    assert_non_null(limit);
    assert_int_equal(limit->value, value);
    assert_string_equal(csc_holder_names[limit->holder], csc_holder_names[holder]);
    assert_int_equal(limit->resource, holder == RLIMIT ? resource : -1);
}

static void expect_holders(const struct scene *scene, const struct holder_case *c)
{
    const struct csc_limits *limits = &scene->config.limits;

    expect_holder(scene, "memory_bytes", limits->memory_bytes, c->memory, RLIMIT_AS);
    expect_holder(scene, "processes", limits->processes, c->processes, RLIMIT_NPROC);
    if (c->cpu_percent)
        expect_holder(scene, "cpu_percent", c->cpu_percent, V2, -1);
    else
        assert_null(csc_plan_limit(scene->plan, "cpu_percent"));
}

static void test_holders(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(holders); i++) {
        const struct holder_case *c = &holders[i];
        struct scene scene;
        scene_begin(&scene);
        scene.survey.uid = scene.survey.gid = scene.survey.owner_uid = scene.survey.owner_gid = c->owner;
        scene.config.limits.cpu_percent = c->cpu_percent;
        memcpy(scene.survey.cgroups.holder, c->found, sizeof(c->found));
        if (c->processes == NONE) {
            scene_must_refuse(&scene, CSC_REFUSAL_BOUNDARY, c->words);
        } else {
            scene_must_plan(&scene);
            expect_holders(&scene, c);
        }
        scene_end(&scene);
    }
}

/* A resource limit binds whom root becomes. */
static void test_root_that_becomes_another_is_bound(void **state)
{
    struct scene scene;

    (void)state;
    scene_begin(&scene);
    scene.survey.uid = scene.survey.gid = 0;
    scene_must_plan(&scene);
    expect_holder(&scene, "processes", scene.config.limits.processes, RLIMIT, RLIMIT_NPROC);
    scene_end(&scene);
}

static void test_limits_are_those_of_the_configuration(void **state)
{
    struct scene scene;

    (void)state;
    scene_begin(&scene);
    scene.config.limits = (struct csc_limits){.cpu_sec = 11,
                                              .memory_bytes = 12,
                                              .processes = 13,
                                              .file_bytes = 14,
                                              .open_files = 15,
                                              .locked_bytes = 0,
                                              .queue_bytes = 17};
    scene_must_plan(&scene);
    expect_holder(&scene, "cpu_sec", 11, RLIMIT, RLIMIT_CPU);
    expect_holder(&scene, "memory_bytes", 12, RLIMIT, RLIMIT_AS);
    expect_holder(&scene, "processes", 13, RLIMIT, RLIMIT_NPROC);
    expect_holder(&scene, "file_bytes", 14, RLIMIT, RLIMIT_FSIZE);
    expect_holder(&scene, "open_files", 15, RLIMIT, RLIMIT_NOFILE);
    expect_holder(&scene, "locked_bytes", 0, RLIMIT, RLIMIT_MEMLOCK);
    expect_holder(&scene, "queue_bytes", 17, RLIMIT, RLIMIT_MSGQUEUE);
    expect_holder(&scene, "core_bytes", 0, RLIMIT, RLIMIT_CORE);
    assert_int_equal(scene.plan->limit_count, 8);
    assert_null(csc_plan_limit(scene.plan, "cpu"));
    scene_end(&scene);
}

/* ---- environment ------------------------------------------------------------------------------------------------- */

static void test_environment(void **state)
{
    static const char *const expected[] = {"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=/.csc/home", "TMPDIR=/tmp",
                                           "PATHS=x", "LANG=C=D"};
    struct scene scene;

    (void)state;
    scene_begin(&scene);
    char *with_own[] = {(char *)"PATH=/evil", (char *)"PATHS=x", (char *)"HOME=/root",
                        (char *)"LANG=C=D",   (char *)"TMPDIR=", NULL};
    scene.request.environment = with_own;
    scene_must_plan(&scene);
    for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
        assert_string_equal(scene.plan->environment[i], expected[i]);
    assert_null(scene.plan->environment[ARRAY_SIZE(expected)]);
    scene.request.environment = NULL;
    scene_must_plan(&scene);
    assert_null(scene.plan->environment[3]);
    scene_end(&scene);
}

static void test_what_is_carried_over(void **state)
{
    struct scene scene;

    (void)state;
    for (int abi = 0; abi <= CSC_LANDLOCK_ABI_MAX; abi += CSC_LANDLOCK_ABI_MAX) {
        scene_begin(&scene);
        scene.survey.landlock_abi = abi;
        scene_must_plan(&scene);
        assert_int_equal(scene.plan->landlock_abi, abi);
        assert_string_equal(scene.plan->cwd, "/work");
        assert_string_equal(scene.plan->command_id, "one");
        assert_ptr_equal(scene.plan->command, &scene.command);
        scene_end(&scene);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_identity),
        cmocka_unit_test(test_idmapped),
        cmocka_unit_test(test_not_idmapped),
        cmocka_unit_test(test_only_root_becomes_another),
        cmocka_unit_test(test_network),
        cmocka_unit_test(test_vet),
        cmocka_unit_test(test_a_refusal_is_escaped_and_kept),
        cmocka_unit_test(test_holders),
        cmocka_unit_test(test_root_that_becomes_another_is_bound),
        cmocka_unit_test(test_limits_are_those_of_the_configuration),
        cmocka_unit_test(test_environment),
        cmocka_unit_test(test_what_is_carried_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
