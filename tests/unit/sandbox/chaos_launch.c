/* SPDX-License-Identifier: Apache-2.0 */
/* Every allocation of a survey and of a launch fails once: an error, and no descriptor is left. */
#include <sys/mman.h>

#include "looked.h"
#include "scene.h"
#include "support/chaos.h"

static int judge(int r, const struct csc_error *err)
{
    if (r < 0) {
        assert_int_equal(r, -CSC_E_INTERNAL);
        assert_int_equal(err->code, CSC_E_INTERNAL);
        assert_string_equal(err->stage, "sandbox");
    }
    return r;
}

/* ---- a launch ---------------------------------------------------------------------------------------------------- */

struct launching {
    struct scene scene;
    int output[2];
    int fds; /* before */
};

static int attempt_launch(void *context)
{
    struct launching *launching = context;
    struct csc_launch *launch = NULL;
    struct csc_error err = {0};

    int r = csc_launch_make(launching->scene.plan, &launching->scene.survey, launching->output, &launch, &err);
    assert_true((r == 0) == (launch != NULL));
    if (r == 0)
        csc_launch_started(launch);
    csc_launch_free(launch);
    assert_int_equal(count_fds(), launching->fds);
    return judge(r, &err);
}

static void test_launch(void **state)
{
    static struct launching launching;

    (void)state;
    scene_begin(&launching.scene);
    scene_read(&launching.scene, "/data");
    scene_must_plan(&launching.scene);
    for (int i = 0; i < 2; i++)
        launching.output[i] = csc_fd_above_standard(memfd_create("output", MFD_CLOEXEC));
    launching.fds = count_fds();
    assert_true(chaos_fail_each_allocation(attempt_launch, &launching) > 5);
    for (int i = 0; i < 2; i++)
        (void)close(launching.output[i]);
    scene_end(&launching.scene);
}

/* ---- a survey ---------------------------------------------------------------------------------------------------- */

struct surveying {
    struct looked looked;
    int fds;
    size_t system, guards; /* that there are when nothing fails */
};

static int attempt_survey(void *context)
{
    struct surveying *surveying = context;
    struct csc_refusal refusal = {0};
    struct csc_survey *survey = NULL;
    struct csc_error err = {0};

    int r = csc_survey_take(&surveying->looked.request, &survey, &refusal, &err);
    assert_true((r == 0) == (survey != NULL));
    assert_int_equal(refusal.kind, CSC_REFUSAL_NONE);
    if (r == 0) {
        assert_int_equal(survey->system.count, surveying->system);
        assert_int_equal(survey->reads.count, 3);
        assert_int_equal(survey->writes.count, 1);
        assert_int_equal(survey->guard_count, surveying->guards);
    }
    csc_survey_free(survey);
    assert_int_equal(count_fds(), surveying->fds);
    return judge(r, &err);
}

static void test_survey(void **state)
{
    static struct surveying surveying;
    struct looked *looked = &surveying.looked;
    char *folder = looked_folder();

    (void)state;
    make_folder(folder, "a");
    make_folder(folder, "a/b");
    folder_write(folder, "a/f", "");
    assert_int_equal(symlink("f", folder_path(folder, "a/l")), 0);
    looked_begin(looked, folder);
    looked_read(looked, "@/a/*");
    looked_write(looked, "@/cwd/**");
    looked_system(looked, "@/a/b");
    const struct csc_protected key = {looked_path(looked, "@/a/f"), "the key", true, false};
    looked->request.protected = &key;
    looked->request.protected_count = 1;
    looked_must_take(looked);
    surveying.system = looked->survey->system.count;
    surveying.guards = looked->survey->guard_count;
    looked_end(looked);
    surveying.fds = count_fds();
    assert_true(chaos_fail_each_allocation(attempt_survey, &surveying) > 8);
    folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_launch), cmocka_unit_test(test_survey)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
