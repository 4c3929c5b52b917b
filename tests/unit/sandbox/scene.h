/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host, a command and a configuration made by hand, so that a test says in one line what differs from the plain case:
 * `git status` in /work of a user 1000, on a host with every part of the boundary. The descriptors are numbers only.
 */
#ifndef CSC_TESTS_SANDBOX_SCENE_H
#define CSC_TESTS_SANDBOX_SCENE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sandbox/sandbox.h"

enum { SCENE_SOURCES = 12, SCENE_GUARDS = 3, SCENE_CHAIN = 3, SCENE_USER = 1000, SCENE_TEXT = 4096 };

struct scene {
    struct csc_command command;
    struct csc_argv argvs[3];
    char *words[3][4];
    struct csc_policy policy;
    struct csc_config config;
    struct csc_sandbox_request request;
    char *environment[4];
    struct csc_survey survey;
    struct csc_source reads[SCENE_SOURCES], writes[SCENE_SOURCES], system[SCENE_SOURCES];
    const char *masks[2];
    struct csc_guard guards[SCENE_GUARDS];
    struct csc_place chains[SCENE_GUARDS][SCENE_CHAIN];
    int next_fd;
    uint64_t next_inode;
    struct csc_plan *plan;
    struct csc_refusal refusal;
    struct csc_error err;
};

static inline struct csc_source scene_source(struct scene *scene, const char *path, enum csc_source_type type)
{
    return (struct csc_source){.path = path,
                               .type = type,
                               .fd = type == CSC_SOURCE_SYMLINK ? -1 : scene->next_fd++,
                               .tree = -1,
                               .device = 7,
                               .inode = scene->next_inode++};
}

static inline struct csc_source *scene_add(struct scene *scene, struct csc_sources *list, const char *path,
                                           enum csc_source_type type)
{
    assert_true(list->count < SCENE_SOURCES);
    list->items[list->count] = scene_source(scene, path, type);
    return &list->items[list->count++];
}

/*
 * Declared paths: "/a/b" is a file or folder that is bound; one that ends in '/' is a folder which a glob matched
 * (shown as such); "/a/b->text" a symlink that one matched. The text must outlive the scene.
 */
static inline void scene_declare(struct scene *scene, struct csc_sources *list, const char *text)
{
    const char *arrow = strstr(text, "->");
    size_t size = arrow ? (size_t)(arrow - text) : strlen(text);
    bool stub = !arrow && size > 1 && text[size - 1] == '/';
    const char *path = csc_arena_copy(&scene->survey.arena, text, stub ? size - 1 : size);

    assert_non_null(path);
    struct csc_source *source = scene_add(scene, list, path, arrow ? CSC_SOURCE_SYMLINK : CSC_SOURCE_FOLDER);
    if (arrow)
        source->link = arrow + 2;
    if (stub)
        source->fd = -1;
}

static inline void scene_read(struct scene *scene, const char *text)
{
    scene_declare(scene, &scene->survey.reads, text);
}

static inline void scene_write(struct scene *scene, const char *text)
{
    scene_declare(scene, &scene->survey.writes, text);
}

static inline void scene_cwd(struct scene *scene, const char *path)
{
    scene->command.cwd = path;
    scene->survey.cwd = scene_source(scene, path, CSC_SOURCE_FOLDER);
}

/* `source` itself is protected, or lies on the way from the root to what is. */
static inline void scene_guard(struct scene *scene, const struct csc_source *source, const char *what, bool write_only)
{
    size_t n = scene->survey.guard_count++;

    assert_true(n < SCENE_GUARDS);
    scene->chains[n][0] = (struct csc_place){3, 999};
    scene->chains[n][1] = (struct csc_place){source->device, source->inode};
    scene->chains[n][2] = (struct csc_place){1, 2};
    scene->guards[n] =
        (struct csc_guard){.what = what, .write_only = write_only, .chain = scene->chains[n], .count = SCENE_CHAIN};
}

static inline void scene_system(struct scene *scene)
{
    struct csc_sources *system = &scene->survey.system;

    (void)scene_add(scene, system, "/usr", CSC_SOURCE_FOLDER);
    scene_add(scene, system, "/bin", CSC_SOURCE_SYMLINK)->link = "usr/bin";
    scene_add(scene, system, "/etc/ld.so.cache", CSC_SOURCE_FILE)->is_copied = true;
    (void)scene_add(scene, system, "/etc/ssl/certs", CSC_SOURCE_FOLDER);
}

/* One segment of the command: at most three words. */
static inline void scene_run(struct scene *scene, size_t segment, const char *program, const char *argument)
{
    scene->words[segment][0] = (char *)program;
    scene->words[segment][1] = (char *)argument;
    scene->argvs[segment] = (struct csc_argv){scene->words[segment], argument ? 2 : 1};
    scene->command.argv_count = segment + 1;
}

/* The plain case, to be changed by the test. The scene must not move. */
static inline void scene_begin(struct scene *scene)
{
    memset(scene, 0, sizeof(*scene));
    scene->next_fd = 100;
    scene->next_inode = 5000;
    scene->command = (struct csc_command){.id = "one", .argvs = scene->argvs, .network = CSC_NETWORK_DENY};
    scene_run(scene, 0, "git", "status");
    csc_config_default(&scene->config);
    scene->request = (struct csc_sandbox_request){.command = &scene->command,
                                                  .policy = &scene->policy,
                                                  .config = &scene->config,
                                                  .environment = scene->environment};
    scene->survey = (struct csc_survey){.uid = SCENE_USER,
                                        .gid = SCENE_USER,
                                        .owner_uid = SCENE_USER,
                                        .owner_gid = SCENE_USER,
                                        .backend = CSC_BACKEND_BWRAP,
                                        .reads = {scene->reads, 0},
                                        .writes = {scene->writes, 0},
                                        .system = {scene->system, 0},
                                        .masks = scene->masks,
                                        .mask_count = 1,
                                        .guards = scene->guards,
                                        .bwrap = "/usr/bin/bwrap",
                                        .landlock_abi = CSC_LANDLOCK_ABI_MAX,
                                        .cgroups = CSC_CGROUP_NOWHERE};
    scene->masks[0] = "/proc/kcore";
    scene_cwd(scene, "/work");
    scene_system(scene);
    scene->survey.init = scene_source(scene, "/opt/csc-init", CSC_SOURCE_FILE);
}

/* 0 or CSC_REFUSED; everything else fails the test. May be called again. */
static inline int scene_plan(struct scene *scene)
{
    struct csc_plan *plan = NULL;

    csc_plan_free(scene->plan);
    scene->plan = NULL;
    scene->refusal = (struct csc_refusal){0};
    int r = csc_plan_make(&scene->request, &scene->survey, &plan, &scene->refusal, &scene->err);
    if (r < 0)
        fail_msg("%s", scene->err.text);
    assert_true((r == 0) == (plan != NULL));
    assert_true((r == 0) == (scene->refusal.kind == CSC_REFUSAL_NONE));
    scene->plan = plan;
    return r;
}

static inline void scene_must_plan(struct scene *scene)
{
    if (scene_plan(scene) != 0)
        fail_msg("refused: %s", scene->refusal.text);
}

static inline void scene_must_refuse(struct scene *scene, enum csc_refusal_kind kind, const char *words)
{
    if (scene_plan(scene) == 0)
        fail_msg("was not refused; expected: %s", words);
    if (scene->refusal.kind != kind || !strstr(scene->refusal.text, words))
        fail_msg("kind %d, expected %d: '%s', expected: '%s'", scene->refusal.kind, kind, scene->refusal.text, words);
}

static inline void scene_end(struct scene *scene)
{
    csc_plan_free(scene->plan);
    csc_arena_free(&scene->survey.arena);
}

/* ---- what a plan holds, as text ---------------------------------------------------------------------------------- */

/* One mount in words: "bind ro /usr", "symlink /bin usr/bin", "tmpfs rw /tmp 1777 4096", "mask /proc/kcore". */
static inline void scene_describe(const struct csc_mount *mount, char text[512])
{
    int size = snprintf(text, 512, "%s", csc_mount_kind_names[mount->kind]);

    if (mount->kind == CSC_MOUNT_BIND || mount->kind == CSC_MOUNT_TMPFS)
        size += snprintf(text + size, 512 - (size_t)size, " %s", mount->writable ? "rw" : "ro");
    size += snprintf(text + size, 512 - (size_t)size, " %s", mount->target);
    if (mount->kind == CSC_MOUNT_SYMLINK)
        size += snprintf(text + size, 512 - (size_t)size, " %s", mount->content);
    if (mount->kind == CSC_MOUNT_TMPFS)
        size += snprintf(text + size, 512 - (size_t)size, " %o %lld", mount->mode, (long long)mount->size);
    assert_true(size < 512);
}

/* The mounts `from` to `to` (excluded), each in words, with "; " between. */
static inline void scene_describe_all(const struct csc_plan *plan, size_t from, size_t to, char text[SCENE_TEXT])
{
    size_t size = 0;

    text[0] = '\0';
    for (size_t i = from; i < to; i++) {
        char one[512];
        scene_describe(&plan->mounts[i], one);
        size += (size_t)snprintf(text + size, SCENE_TEXT - size, "%s%s", size ? "; " : "", one);
        assert_true(size < SCENE_TEXT);
    }
}

/* The place of the mount at `target` of that kind; -1: there is none. */
static inline int scene_find(const struct csc_plan *plan, enum csc_mount_kind kind, const char *target)
{
    for (size_t i = 0; i < plan->mount_count; i++)
        if (plan->mounts[i].kind == kind && strcmp(plan->mounts[i].target, target) == 0)
            return (int)i;
    return -1;
}

static inline int scene_must_find(const struct csc_plan *plan, enum csc_mount_kind kind, const char *target)
{
    int at = scene_find(plan, kind, target);

    if (at < 0)
        fail_msg("no %s at %s", csc_mount_kind_names[kind], target);
    return at;
}

/* What was declared is between the private folders and csc-init. */
static inline void scene_declared(const struct csc_plan *plan, char text[SCENE_TEXT])
{
    int first = scene_must_find(plan, CSC_MOUNT_TMPFS, CSC_SANDBOX_HOME) + 1;
    int last = scene_must_find(plan, CSC_MOUNT_BIND, CSC_SANDBOX_INIT);

    assert_true(first <= last);
    scene_describe_all(plan, (size_t)first, (size_t)last, text);
}

#endif
