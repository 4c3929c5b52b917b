/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threat: a command that gets more rights because something failed. The survey of a csc that is root, over a kernel
 * that answers as it is told: only what cannot be lets a command run as the owner of cwd, everything else is a refusal.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "sandbox/idmap.h"
#include "sandbox/survey.h"
#include "sandbox/tree.h"

/* What is cloned, in the order of cloning; the descriptors are numbers only. */
enum { CWD, READ, WRITE, SYSTEM, SOURCES, FIRST_FD = 500 };

/* ---- the kernel's answers ---------------------------------------------------------------------------------------- */

enum call { NONE, NAMESPACE, CLONE, ISOLATE, MAP, MAP_MOUNTED };

static struct kernel {
    enum call failing;
    int source, error;  /* of which source, and how */
    int trees[SOURCES]; /* descriptors */
    bool mapped[SOURCES];
    bool isolated[SOURCES];
} kernel;

static int answer(enum call call, int source)
{
    if (kernel.failing != call || kernel.source != source)
        return 0;
    errno = kernel.error;
    return -1;
}

static int source_of(int tree)
{
    for (int i = 0; i < SOURCES; i++)
        if (kernel.trees[i] == tree)
            return i;
    fail_msg("%d is no tree", tree);
    return -1;
}

int csc_idmap_open(const struct csc_idmap *map)
{
    assert_int_equal(map->uid, CSC_IDMAP_ID);
    return answer(NAMESPACE, CWD) < 0 ? -1 : open("/dev/null", O_RDONLY | O_CLOEXEC);
}

int csc_tree_clone(int fd)
{
    int source = fd - FIRST_FD;

    if (answer(CLONE, source) < 0)
        return -1;
    kernel.trees[source] = open("/dev/null", O_RDONLY | O_CLOEXEC);
    return kernel.trees[source];
}

int csc_tree_isolate(int tree)
{
    kernel.isolated[source_of(tree)] = true;
    return answer(ISOLATE, source_of(tree));
}

int csc_tree_map(int tree, int namespace, bool recursive)
{
    int source = source_of(tree);

    assert_true(namespace >= 0 && kernel.isolated[source]);
    if (answer(MAP, source) < 0 || (recursive && answer(MAP_MOUNTED, source) < 0))
        return -1;
    kernel.mapped[source] = true;
    return 0;
}

enum csc_step csc_tree_step(int error)
{
    return error == EINVAL ? CSC_STEP_SOURCE : CSC_STEP_MOUNT;
}

/* ---- one survey -------------------------------------------------------------------------------------------------- */

struct looking {
    struct csc_survey survey;
    struct csc_source sources[SOURCES];
    struct csc_config config;
    struct csc_sandbox_request request;
    struct csc_refusal refusal;
    struct csc_error err;
    struct csc_surveying s;
};

static void begin(struct looking *looking, const struct kernel *wanted)
{
    static const char *const paths[SOURCES] = {"/work", "/read", "/write", "/system"};
    struct csc_survey *survey = &looking->survey;

    kernel = *wanted;
    memset(looking, 0, sizeof(*looking));
    csc_config_default(&looking->config);
    looking->request.config = &looking->config;
    for (int i = 0; i < SOURCES; i++)
        looking->sources[i] =
            (struct csc_source){.path = paths[i], .type = CSC_SOURCE_FOLDER, .fd = FIRST_FD + i, .tree = -1};
    survey->owner_uid = survey->owner_gid = 1000;
    survey->cwd = looking->sources[CWD];
    survey->reads = (struct csc_sources){&looking->sources[READ], 1};
    survey->writes = (struct csc_sources){&looking->sources[WRITE], 1};
    survey->system = (struct csc_sources){&looking->sources[SYSTEM], 1};
    looking->s = (struct csc_surveying){.request = &looking->request,
                                        .survey = survey,
                                        .refusal = &looking->refusal,
                                        .err = &looking->err,
                                        .id_namespace = -1};
}

static void end(struct looking *looking)
{
    csc_close_cleanup(&looking->survey.cwd.tree);
    for (int i = READ; i < SOURCES; i++)
        csc_close_cleanup(&looking->sources[i].tree);
    csc_close_cleanup(&looking->s.id_namespace);
    csc_arena_free(&looking->survey.arena);
}

/* In a user namespace that does not hold all ids, root may be refused what is somebody else's. */
static bool is_nested(void)
{
    unsigned long long inside, outside, count = 0;
    FILE *file = fopen("/proc/self/uid_map", "re");

    if (!file || fscanf(file, "%llu %llu %llu", &inside, &outside, &count) != 3)
        fail_msg("/proc/self/uid_map cannot be read");
    (void)fclose(file);
    return count < UINT32_MAX;
}

/* ---- cwd --------------------------------------------------------------------------------------------------------- */

static const struct {
    const char *title;
    enum call failing;
    int source;
    const char *words; /* of the refusal, before the name of the errno */
    int without[3];    /* the errnos that let the command run as the owner of cwd; another one is a refusal */
} steps[] = {
    {"a user namespace", NAMESPACE, CWD, "making a user namespace for idmapped mounts (clone): ", {0}},
    {"cloning cwd", CLONE, CWD, "cloning the mount (open_tree) of '/work': ", {0}},
    {"cloning a read scope", CLONE, READ, "cloning the mount (open_tree) of '/read': ", {0}},
    {"cloning a write scope", CLONE, WRITE, "cloning the mount (open_tree) of '/write': ", {0}},
    {"cloning what all are shown", CLONE, SYSTEM, "cloning the mount (open_tree) of '/system': ", {0}},
    {"isolating cwd", ISOLATE, CWD, "isolating the mount (mount_setattr) of '/work': ", {0}},
    {"isolating a read scope", ISOLATE, READ, "isolating the mount (mount_setattr) of '/read': ", {0}},
    {"isolating a write scope", ISOLATE, WRITE, "isolating the mount (mount_setattr) of '/write': ", {0}},
    {"isolating what all are shown", ISOLATE, SYSTEM, "isolating the mount (mount_setattr) of '/system': ", {0}},
    {"mapping cwd", MAP, CWD, "idmapping (mount_setattr) '/work': ", {EINVAL, EOPNOTSUPP}},
    {"mapping a read scope", MAP, READ, "idmapping (mount_setattr) '/read': ", {EINVAL, EOPNOTSUPP}},
    {"mapping a write scope", MAP, WRITE, "idmapping (mount_setattr) '/write': ", {EINVAL, EOPNOTSUPP}},
    {"mapping what is mounted in cwd", MAP_MOUNTED, CWD, "idmapping (mount_setattr) '/work': ", {EINVAL, EOPNOTSUPP}},
    {"mapping what is mounted in a write scope",
     MAP_MOUNTED,
     WRITE,
     "idmapping (mount_setattr) '/write': ",
     {EINVAL, EOPNOTSUPP}},
};

static const int errors[] = {EPERM,  ENOSYS, EIO,    EINTR,  EBUSY,  EINVAL, EOPNOTSUPP, EACCES,
                             ENOMEM, EAGAIN, EMFILE, ENFILE, ENOSPC, EUSERS, EOVERFLOW,  ENOENT,
                             EBADF,  EFAULT, ENODEV, ESTALE, EROFS,  EXDEV,  ELOOP,      ENAMETOOLONG};

static bool lets_go_on(size_t step, int error)
{
    for (size_t i = 0; i < ARRAY_SIZE(steps[step].without); i++)
        if (steps[step].without[i] == error)
            return true;
    return false;
}

static void check_refusal(size_t step, int error, const struct looking *looking, int r)
{
    char words[200];

    (void)snprintf(words, sizeof(words), "sandbox: %s%s (", steps[step].words, strerrorname_np(error));
    if (r != CSC_REFUSED || looking->refusal.kind != CSC_REFUSAL_BOUNDARY ||
        strncmp(looking->refusal.text, words, strlen(words)) != 0 || !strstr(looking->refusal.text, "; fix: "))
        fail_msg("%s: %s: %d, '%s'", steps[step].title, strerrorname_np(error), r, looking->refusal.text);
    assert_null(looking->survey.mapping.why_not);
}

/* What cannot be mapped keeps its owners. Where that is cwd, nothing is mapped, and it is said why. */
static void check_identity(size_t step, int error, const struct looking *looking, int r)
{
    const struct csc_id_mapping *mapping = &looking->survey.mapping;
    bool of_cwd = steps[step].failing == MAP && steps[step].source == CWD;

    if (r != 0 || mapping->done == of_cwd)
        fail_msg("%s: %s: %d, done: %d", steps[step].title, strerrorname_np(error), r, mapping->done);
    assert_true((mapping->why_not != NULL) == of_cwd);
    if (of_cwd)
        assert_non_null(strstr(mapping->why_not, strerrorname_np(error)));
    for (int i = 0; i < SOURCES; i++) {
        bool wanted = !of_cwd && i != SYSTEM && !(steps[step].failing == MAP && steps[step].source == i);
        if (kernel.mapped[i] != wanted)
            fail_msg("%s: %s: source %d is mapped: %d", steps[step].title, strerrorname_np(error), i, kernel.mapped[i]);
        if (i == READ || i == WRITE)
            assert_true(looking->sources[i].is_mapped == wanted);
    }
}

static void test_only_what_cannot_be_is_done_without(void **state)
{
    (void)state;
    for (size_t step = 0; step < ARRAY_SIZE(steps); step++)
        for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
            const struct kernel wanted = {
                .failing = steps[step].failing, .source = steps[step].source, .error = errors[i]};
            struct looking looking;
            if (errors[i] == EPERM && is_nested())
                continue;
            begin(&looking, &wanted);
            int r = csc_survey_trees(&looking.s);
            if (lets_go_on(step, errors[i]))
                check_identity(step, errors[i], &looking, r);
            else
                check_refusal(step, errors[i], &looking, r);
            end(&looking);
        }
}

/* Of what every command is shown nothing is the owner's; and every clone is private. */
static void test_what_is_mapped(void **state)
{
    const struct kernel wanted = {.failing = NONE};
    struct looking looking;

    (void)state;
    begin(&looking, &wanted);
    assert_int_equal(csc_survey_trees(&looking.s), 0);
    assert_true(looking.survey.mapping.done && !looking.survey.mapping.why_not);
    assert_int_equal(looking.survey.mapping.uid, CSC_IDMAP_ID);
    for (int i = 0; i < SOURCES; i++) {
        assert_true(kernel.isolated[i]);
        assert_int_equal(kernel.mapped[i], i != SYSTEM);
    }
    end(&looking);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_what_cannot_be_is_done_without),
        cmocka_unit_test(test_what_is_mapped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
