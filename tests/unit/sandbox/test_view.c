/* SPDX-License-Identifier: Apache-2.0 */
/* What is visible inside: the order of mounts, scopes that overlap, places that are never shown, Landlock's rules. */
#include "scene.h"

/* ---- scopes that nest and overlap -------------------------------------------------------------------------------- */

struct scope_case {
    const char *title;
    const char *cwd;
    const char *reads[4], *writes[4]; /* as scene_declare() takes them */
    const char *mounts;
};

static const struct scope_case scopes[] = {
    {"cwd alone is read-only", "/work", {0}, {0}, "bind ro /work"},
    {"cwd is a write scope", "/work", {0}, {"/work"}, "bind rw /work"},
    {"cwd is read, too", "/work", {"/work"}, {0}, "bind ro /work"},
    {"a write scope below cwd", "/work", {0}, {"/work/out"}, "bind ro /work; bind rw /work/out"},
    {"cwd below a write scope", "/work/out/x", {0}, {"/work/out"}, "bind rw /work/out"},
    {"cwd below a read scope", "/work/x", {"/work"}, {0}, "bind ro /work"},
    {"a file in cwd that is written", "/work", {0}, {"/work/a.txt"}, "bind ro /work; bind rw /work/a.txt"},
    {"elsewhere",
     "/work",
     {"/data/b", "/data/a"},
     {"/srv/x"},
     "bind ro /data/a; bind ro /data/b; bind rw /srv/x; "
     "bind ro /work"},
    {"no path is a prefix by its letters",
     "/work",
     {"/work.d", "/work-2"},
     {"/workshop"},
     "bind ro /work; bind ro /work-2; bind ro /work.d; bind rw /workshop"},
    {"the same path twice",
     "/work",
     {"/data", "/data"},
     {"/srv", "/srv"},
     "bind ro /data; bind rw /srv; bind ro /work"},
    {"read and written is written", "/work", {"/data"}, {"/data"}, "bind rw /data; bind ro /work"},
    {"nothing is mounted below a writable mount",
     "/work",
     {"/data/a", "/data/a/b/c"},
     {"/data", "/data/a/b"},
     "bind rw /data; bind ro /work"},
    {"what is written below what is read",
     "/work",
     {"/data"},
     {"/data/a/b"},
     "bind ro /data; bind rw /data/a/b; bind ro /work"},
    {"what is read below that shows already",
     "/work",
     {"/data", "/data/a/b/c", "/data/a"},
     {"/data/a/b"},
     "bind ro /data; bind rw /data/a/b; bind ro /work"},
    {"siblings of a nested scope are not below it",
     "/work",
     {"/data"},
     {"/data/a", "/data/b"},
     "bind ro /data; bind rw /data/a; bind rw /data/b; bind ro /work"},
    {"a sibling by its letters comes behind it",
     "/work",
     {"/data"},
     {"/data/a", "/data/a-b", "/data/a/c"},
     "bind ro /data; bind rw /data/a; bind rw /data/a-b; bind ro /work"},
    {"below the host's /tmp", "/tmp/w", {0}, {"/tmp/w/out"}, "bind ro /tmp/w; bind rw /tmp/w/out"},
    {"a part of the system is there already", "/usr/src/x", {"/usr/share", "/etc/ssl/certs/a.pem"}, {0}, ""},
    {"a copied file of the system too", "/work", {"/etc/ld.so.cache"}, {0}, "bind ro /work"},
    {"a folder that a glob matched",
     "/work",
     {"/data/g/", "/data/g/f"},
     {0},
     "folder /data/g; bind ro /data/g/f; bind ro /work"},
    {"and that is declared as well",
     "/work",
     {"/data/g/", "/data/g", "/data/g/f"},
     {0},
     "bind ro /data/g; bind ro /work"},
    {"or lies in a scope", "/work", {"/work/g/", "/data/g/"}, {"/data"}, "bind rw /data; bind ro /work"},
    {"a folder that hides nothing that is written",
     "/work",
     {"/data/g/"},
     {"/data/g/f"},
     "folder /data/g; bind rw /data/g/f; bind ro /work"},
    {"matched folders nest",
     "/work",
     {"/data/g/", "/data/g/h/", "/data/g/h/f"},
     {0},
     "folder /data/g; folder /data/g/h; bind ro /data/g/h/f; bind ro /work"},
    {"a symlink that a glob matched", "/work", {"/data/l->/work/x"}, {0}, "symlink /data/l /work/x; bind ro /work"},
    {"a symlink in a scope", "/work", {"/work/l->x"}, {0}, "bind ro /work"},
    {"beside a symlink, not below it",
     "/work",
     {"/data/l->/work/x", "/data/l2->y", "/data/m"},
     {0},
     "symlink /data/l /work/x; symlink /data/l2 y; bind ro /data/m; bind ro /work"},
    {"below a folder that another look took for a symlink",
     "/work",
     {"/data/l", "/data/l->/work/x", "/data/l/m->y"},
     {"/data/l/x"},
     "bind ro /data/l; bind rw /data/l/x; bind ro /work"},
};

static void declare(struct scene *scene, const struct scope_case *c)
{
    scene_cwd(scene, c->cwd);
    for (size_t i = 0; i < ARRAY_SIZE(c->reads) && c->reads[i]; i++)
        scene_read(scene, c->reads[i]);
    for (size_t i = 0; i < ARRAY_SIZE(c->writes) && c->writes[i]; i++)
        scene_write(scene, c->writes[i]);
}

static void test_scopes(void **state)
{
    char text[SCENE_TEXT];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(scopes); i++) {
        struct scene scene;
        scene_begin(&scene);
        declare(&scene, &scopes[i]);
        scene_must_plan(&scene);
        scene_declared(scene.plan, text);
        if (strcmp(text, scopes[i].mounts) != 0)
            fail_msg("%s: %s, expected %s", scopes[i].title, text, scopes[i].mounts);
        scene_end(&scene);
    }
}

/* The order in which scopes are declared means nothing. */
static void test_order_of_declaration(void **state)
{
    char text[SCENE_TEXT];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(scopes); i++) {
        struct scope_case turned = scopes[i];
        struct scene scene;
        size_t reads = 0, writes = 0;
        while (reads < 4 && turned.reads[reads])
            reads++;
        while (writes < 4 && turned.writes[writes])
            writes++;
        for (size_t k = 0; k < reads; k++)
            turned.reads[k] = scopes[i].reads[reads - 1 - k];
        for (size_t k = 0; k < writes; k++)
            turned.writes[k] = scopes[i].writes[writes - 1 - k];
        scene_begin(&scene);
        declare(&scene, &turned);
        scene_must_plan(&scene);
        scene_declared(scene.plan, text);
        if (strcmp(text, scopes[i].mounts) != 0)
            fail_msg("%s, turned round: %s, expected %s", scopes[i].title, text, scopes[i].mounts);
        scene_end(&scene);
    }
}

/* A mount shows what was opened for it, and not what another entry of the same path opened. */
static void test_a_mount_has_its_own_source(void **state)
{
    struct scene scene;

    (void)state;
    scene_begin(&scene);
    scene_read(&scene, "/data");
    scene_write(&scene, "/data/out");
    scene_must_plan(&scene);
    assert_ptr_equal(scene.plan->mounts[scene_must_find(scene.plan, CSC_MOUNT_BIND, "/data")].source, &scene.reads[0]);
    assert_ptr_equal(scene.plan->mounts[scene_must_find(scene.plan, CSC_MOUNT_BIND, "/data/out")].source,
                     &scene.writes[0]);
    assert_ptr_equal(scene.plan->mounts[scene_must_find(scene.plan, CSC_MOUNT_BIND, "/work")].source,
                     &scene.survey.cwd);
    scene_end(&scene);
}

/* ---- places that are refused ---------------------------------------------------------------------------------------
 */

enum how { READ = 1, WRITE = 2, CWD = 4, ALL = 7 };

static const struct {
    const char *path;
    unsigned refused; /* for these uses; the others get a plan */
    const char *words;
} places[] = {
    {"/", ALL, "whole file system"},
    {"/proc", ALL, "kernel"},
    {"/proc/self/root", ALL, "kernel"},
    {"/sys", ALL, "kernel"},
    {"/sys/fs/cgroup", ALL, "kernel"},
    {"/dev", ALL, "kernel"},
    {"/dev/shm/x", ALL, "kernel"},
    {"/process", 0, ""},
    {"/device/x", 0, ""},
    {"/.csc", ALL, "its own files"},
    {"/.csc/home/x", ALL, "its own files"},
    {"/.cscx", 0, ""},
    {"/tmp", ALL, "private"},
    {"/tmp/x", 0, ""},
    {"/etc", ALL, "file by file"},
    {"/etc/app/x", WRITE, "system"},
    {"/etcetera", 0, ""},
    {"/usr", WRITE, "system"},
    {"/usr/local/share/x", WRITE, "system"},
    {"/bin", WRITE, "system"},
    {"/bin/x", WRITE, "system"},
    {"/opt/tool/x", WRITE, "system"}, /* that the configuration adds */
    {"/opt/tool", WRITE, "system"},
    {"/opt", WRITE, "system"}, /* and above it */
    {"/opt/tools", 0, ""},
    {"/usrx", 0, ""},
};

static void use(struct scene *scene, enum how how, const char *path)
{
    (void)scene_add(scene, &scene->survey.system, "/opt/tool", CSC_SOURCE_FOLDER);
    if (how == READ)
        scene_read(scene, path);
    else if (how == WRITE)
        scene_write(scene, path);
    else
        scene_cwd(scene, path);
}

static void test_places(void **state)
{
    static const char *const fields[] = {[READ] = "read_paths", [WRITE] = "write_paths", [CWD] = "cwd"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(places); i++)
        for (unsigned how = READ; how <= CWD; how *= 2) {
            struct scene scene;
            scene_begin(&scene);
            use(&scene, how, places[i].path);
            if (places[i].refused & how) {
                scene_must_refuse(&scene, CSC_REFUSAL_ESCAPE, places[i].words);
                if (strncmp(scene.refusal.text, fields[how], strlen(fields[how])) != 0 ||
                    !strstr(scene.refusal.text, places[i].path))
                    fail_msg("does not name '%s' of %s: %s", places[i].path, fields[how], scene.refusal.text);
            } else {
                scene_must_plan(&scene);
            }
            scene_end(&scene);
        }
}

/* A scope is looked at as declared, also where another one would show it anyway. */
static void test_a_covered_scope_is_still_judged(void **state)
{
    struct scene scene;

    (void)state;
    scene_begin(&scene);
    scene_write(&scene, "/data");
    scene_read(&scene, "/data");
    scene_guard(&scene, &scene.reads[0], "the ledger", false);
    scene_must_refuse(&scene, CSC_REFUSAL_ESCAPE, "the ledger");
    scene_end(&scene);
}

/* A folder when what is below it was found, and a symlink that leads elsewhere when it was looked at itself. */
static void test_nothing_lies_below_a_symlink(void **state)
{
    static const struct {
        const char *title;
        const char *reads[4], *writes[2];
    } rows[] = {
        {"a bind", {"/data/l/x", "/data/l->../../oldroot/etc"}, {0}},
        {"one that is written", {"/data/l->/victim"}, {"/data/l/x"}},
        {"a symlink", {"/data/l->/victim", "/data/l/planted->/anywhere"}, {0}},
        {"a matched folder", {"/data/l->/victim", "/data/l/g/"}, {0}},
        {"deep below it", {"/data/l->/victim", "/data/l/g/h/planted->/anywhere"}, {0}},
        {"a symlink, the same symlink between", {"/data/l->/victim", "/data/l->/victim", "/data/l/planted->x"}, {0}},
        {"a symlink, another symlink between", {"/data/l->/victim", "/data/l->/other", "/data/l/planted->x"}, {0}},
        {"a bind, the folder that was matched between", {"/data/l->/victim", "/data/l/", "/data/l/x"}, {0}},
        {"a symlink, the folder that was matched between", {"/data/l->/victim", "/data/l/", "/data/l/planted->x"}, {0}},
        {"beside a sibling by its letters", {"/data/l->/victim", "/data/l-2", "/data/l/planted->x"}, {0}},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct scene scene;
        scene_begin(&scene);
        for (size_t k = 0; k < ARRAY_SIZE(rows[i].reads) && rows[i].reads[k]; k++)
            scene_read(&scene, rows[i].reads[k]);
        for (size_t k = 0; k < ARRAY_SIZE(rows[i].writes) && rows[i].writes[k]; k++)
            scene_write(&scene, rows[i].writes[k]);
        if (scene_plan(&scene) == 0)
            fail_msg("%s: was not refused", rows[i].title);
        if (scene.refusal.kind != CSC_REFUSAL_ESCAPE || !strstr(scene.refusal.text, "lies behind a symlink"))
            fail_msg("%s: %s", rows[i].title, scene.refusal.text);
        scene_end(&scene);
    }
}

/* ---- protected files -----------------------------------------------------------------------------------------------
 */

static void test_guards(void **state)
{
    (void)state;
    for (unsigned how = READ; how <= CWD; how *= 2)
        for (int write_only = 0; write_only < 2; write_only++) {
            struct scene scene;
            scene_begin(&scene);
            use(&scene, how, "/keys");
            const struct csc_source *holder = how == READ    ? &scene.reads[0]
                                              : how == WRITE ? &scene.writes[0]
                                                             : &scene.survey.cwd;
            scene_guard(&scene, holder, "the signing key", write_only);
            if (write_only && how != WRITE)
                scene_must_plan(&scene);
            else
                scene_must_refuse(&scene, CSC_REFUSAL_ESCAPE, "'/keys' holds the signing key");
            scene_end(&scene);
        }
}

/* By what it is, not by its name: the device and the inode both. */
static void test_guards_compare_descriptors(void **state)
{
    struct scene scene;

    (void)state;
    scene_begin(&scene);
    scene_read(&scene, "/other/name");
    struct csc_source twin = scene.reads[0];
    scene_guard(&scene, &twin, "the signing key", false);
    scene_must_refuse(&scene, CSC_REFUSAL_ESCAPE, "holds the signing key");
    scene.reads[0].inode++;
    scene_must_plan(&scene);
    scene.reads[0].inode--;
    scene.reads[0].device++;
    scene_must_plan(&scene);
    scene_end(&scene);
}

/* What every command is shown holds no secret. */
static void test_guards_hold_the_system(void **state)
{
    struct scene scene;

    (void)state;
    scene_begin(&scene);
    scene_system(&scene);
    scene_guard(&scene, &scene.survey.system.items[0], "the policy", true);
    scene_must_plan(&scene);
    scene_guard(&scene, &scene.survey.system.items[0], "the signing key", false);
    scene_must_refuse(&scene, CSC_REFUSAL_BOUNDARY, "holds the signing key");
    scene_end(&scene);
}

/* A folder that only a glob matched is shown empty: it holds nothing. */
static void test_matched_folders_hold_nothing(void **state)
{
    struct scene scene;

    (void)state;
    scene_begin(&scene);
    scene_read(&scene, "/keys/");
    scene_guard(&scene, &scene.reads[0], "the signing key", false);
    scene_must_plan(&scene);
    scene_end(&scene);
}

/* ---- the order --------------------------------------------------------------------------------------------------- */

static void test_the_whole_order(void **state)
{
    static const char expected[] =
        "bind ro /usr; symlink /bin usr/bin; copy /etc/ld.so.cache; bind ro /etc/ssl/certs; file /etc/passwd; "
        "file /etc/group; file /etc/hostname; file /etc/hosts; file /.csc/probe; proc /proc; mask /proc/kcore; "
        "readonly /proc; dev /dev; "
        "tmpfs rw /dev/shm 1777 11; readonly /dev; tmpfs rw /tmp 1777 12; tmpfs rw /.csc/home 700 13; "
        "bind ro /tmp/w; bind rw /tmp/w/out; bind ro /.csc/init; readonly /";
    char text[SCENE_TEXT];
    struct scene scene;

    (void)state;
    scene_begin(&scene);
    scene_cwd(&scene, "/tmp/w");
    scene_write(&scene, "/tmp/w/out");
    scene.config.limits.shm_bytes = 11;
    scene.config.limits.tmp_bytes = 12;
    scene.config.limits.home_bytes = 13;
    scene_must_plan(&scene);
    scene_describe_all(scene.plan, 0, scene.plan->mount_count, text);
    assert_string_equal(text, expected);
    scene_end(&scene);
}

/* The native executor executes csc-init by a descriptor: nobody inside has to see it. */
static void test_native_shows_no_csc_init(void **state)
{
    struct scene scene;

    (void)state;
    scene_begin(&scene);
    scene.survey.backend = CSC_BACKEND_NATIVE;
    scene_must_plan(&scene);
    assert_int_equal(scene_find(scene.plan, CSC_MOUNT_BIND, CSC_SANDBOX_INIT), -1);
    assert_int_equal(scene.plan->backend, CSC_BACKEND_NATIVE);
    scene_end(&scene);
}

/* Folders of /proc with files of root's are covered for whom they would open. */
static void test_root_only_folders(void **state)
{
    static const char *const folders[] = {"/proc/sys", "/proc/irq", "/proc/fs", "/proc/bus", "/proc/acpi"};

    (void)state;
    for (int root = 0; root < 2; root++) {
        struct scene scene;
        scene_begin(&scene);
        scene.survey.uid = scene.survey.gid = 0;
        scene.survey.owner_uid = scene.survey.owner_gid = root ? 0 : SCENE_USER;
        scene.survey.cgroups.holder[CSC_CONTROLLER_PIDS] = CSC_HOLDER_CGROUP2;
        scene_must_plan(&scene);
        int proc = scene_must_find(scene.plan, CSC_MOUNT_PROC, "/proc");
        for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
            int cover = scene_find(scene.plan, CSC_MOUNT_TMPFS, folders[i]);
            assert_true(root ? cover > proc : cover < 0);
            if (!root)
                continue;
            assert_false(scene.plan->mounts[cover].writable);
            assert_true(scene_must_find(scene.plan, CSC_MOUNT_READONLY, folders[i]) > cover);
        }
        scene_end(&scene);
    }
}

/* Whatever is mounted, no parent comes after its child, and nothing but what is ours and what is written is writable.
 */
static void test_invariants(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(scopes); i++) {
        struct scene scene;
        scene_begin(&scene);
        declare(&scene, &scopes[i]);
        scene_must_plan(&scene);
        const struct csc_plan *plan = scene.plan;
        for (size_t a = 0; a < plan->mount_count; a++) {
            const struct csc_mount *mount = &plan->mounts[a];
            for (size_t b = a + 1; b < plan->mount_count; b++) {
                const struct csc_mount *later = &plan->mounts[b];
                if (later->kind == CSC_MOUNT_READONLY)
                    continue;
                if (csc_path_has_prefix(mount->target, later->target))
                    fail_msg("%s: '%s' would hide '%s'", scopes[i].title, later->target, mount->target);
                if (mount->kind == CSC_MOUNT_BIND && mount->writable &&
                    csc_path_has_prefix(later->target, mount->target))
                    fail_msg("%s: '%s' lies below what is writable", scopes[i].title, later->target);
            }
        }
        assert_int_equal(plan->mounts[plan->mount_count - 1].kind, CSC_MOUNT_READONLY);
        assert_string_equal(plan->mounts[plan->mount_count - 1].target, "/");
        scene_end(&scene);
    }
}

/* ---- the system ----------------------------------------------------------------------------------------------------
 */

static void test_system_paths_are_shown_once(void **state)
{
    struct scene scene;

    (void)state;
    scene_begin(&scene);
    (void)scene_add(&scene, &scene.survey.system, "/usr/local", CSC_SOURCE_FOLDER);
    (void)scene_add(&scene, &scene.survey.system, "/opt/tool", CSC_SOURCE_FOLDER);
    (void)scene_add(&scene, &scene.survey.system, "/opt/tool", CSC_SOURCE_FOLDER);
    scene_add(&scene, &scene.survey.system, "/etc/hosts", CSC_SOURCE_FILE)->is_copied = true;
    scene_must_plan(&scene);
    assert_int_equal(scene_find(scene.plan, CSC_MOUNT_BIND, "/usr/local"), -1);
    int tool = scene_must_find(scene.plan, CSC_MOUNT_BIND, "/opt/tool");
    assert_false(scene.plan->mounts[tool].writable);
    assert_string_not_equal(scene.plan->mounts[tool + 1].target, "/opt/tool");
    /* The host's own instead of ours, where its network is shared. */
    assert_true(scene_find(scene.plan, CSC_MOUNT_COPY, "/etc/hosts") >= 0);
    assert_int_equal(scene_find(scene.plan, CSC_MOUNT_FILE, "/etc/hosts"), -1);
    scene_end(&scene);
}

static void test_synthetic_files(void **state)
{
    struct scene scene;

    (void)state;
    scene_begin(&scene);
    scene.survey.uid = 4321;
    scene.survey.gid = 8765;
    scene_must_plan(&scene);
    const struct csc_mount *mounts = scene.plan->mounts;
    const char *passwd = mounts[scene_must_find(scene.plan, CSC_MOUNT_FILE, "/etc/passwd")].content;
    assert_non_null(strstr(passwd, "csc:x:4321:8765:csc:/.csc/home:"));
    assert_null(strstr(passwd, ":0:"));
    assert_non_null(strstr(mounts[scene_must_find(scene.plan, CSC_MOUNT_FILE, "/etc/group")].content, "csc:x:8765:"));
    scene_end(&scene);
}

/* ---- Landlock ---------------------------------------------------------------------------------------------------- */

static const struct csc_landlock_rule *find_rule(const struct csc_plan *plan, const char *path)
{
    const struct csc_landlock_rule *found = NULL;

    for (size_t i = 0; i < plan->rule_count; i++)
        if (strcmp(plan->rules[i].path, path) == 0) {
            assert_null(found);
            found = &plan->rules[i];
        }
    return found;
}

/* Every mount that shows something has the rule it needs, and there is no rule that grants more than a mount shows. */
static void test_rules_match_mounts(void **state)
{
    static const struct csc_landlock_rule others[] = {
        {"/", CSC_GRANT_LIST}, {"/etc", CSC_GRANT_READ}, {"/proc", CSC_GRANT_READ}, {"/dev", CSC_GRANT_DEVICE}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(scopes); i++) {
        struct scene scene;
        size_t expected = ARRAY_SIZE(others);
        scene_begin(&scene);
        declare(&scene, &scopes[i]);
        scene_must_plan(&scene);
        for (size_t k = 0; k < scene.plan->mount_count; k++) {
            const struct csc_mount *mount = &scene.plan->mounts[k];
            if ((mount->kind != CSC_MOUNT_BIND && mount->kind != CSC_MOUNT_TMPFS) ||
                strcmp(mount->target, CSC_SANDBOX_INIT) == 0)
                continue;
            const struct csc_landlock_rule *rule = find_rule(scene.plan, mount->target);
            if (!rule || rule->grant != (mount->writable ? CSC_GRANT_WRITE : CSC_GRANT_READ))
                fail_msg("%s: no right rule for '%s'", scopes[i].title, mount->target);
            expected++;
        }
        for (size_t k = 0; k < ARRAY_SIZE(others); k++) {
            const struct csc_landlock_rule *rule = find_rule(scene.plan, others[k].path);
            assert_true(rule && rule->grant == others[k].grant);
        }
        assert_int_equal(scene.plan->rule_count, expected);
        scene_end(&scene);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scopes),
        cmocka_unit_test(test_order_of_declaration),
        cmocka_unit_test(test_a_mount_has_its_own_source),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_a_covered_scope_is_still_judged),
        cmocka_unit_test(test_nothing_lies_below_a_symlink),
        cmocka_unit_test(test_guards),
        cmocka_unit_test(test_guards_compare_descriptors),
        cmocka_unit_test(test_guards_hold_the_system),
        cmocka_unit_test(test_matched_folders_hold_nothing),
        cmocka_unit_test(test_the_whole_order),
        cmocka_unit_test(test_native_shows_no_csc_init),
        cmocka_unit_test(test_root_only_folders),
        cmocka_unit_test(test_invariants),
        cmocka_unit_test(test_system_paths_are_shown_once),
        cmocka_unit_test(test_synthetic_files),
        cmocka_unit_test(test_rules_match_mounts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
