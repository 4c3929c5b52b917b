/* SPDX-License-Identifier: Apache-2.0 */
/* Every allocation of a plan, of its value and of its stage fails once: an error, and never half a boundary. */
#include "sandbox/stage.h"
#include "scene.h"
#include "support/chaos.h"

static int judge(int r, const struct csc_error *err)
{
    if (r < 0) {
        assert_int_equal(r, -CSC_E_INTERNAL);
        assert_int_equal(err->code, CSC_E_INTERNAL);
    }
    return r;
}

static int write_all(const struct csc_plan *plan, struct csc_buf *text, struct csc_error *err)
{
    _cleanup_(csc_arena_free) struct csc_arena arena = {0};
    struct csc_value value;

    int r = csc_plan_value(plan, &arena, &value, err);
    if (r == 0)
        csc_canon_write(text, &value);
    csc_stage_write(plan, text);
    return r == 0 && text->failed ? csc_fail_memory(err) : r;
}

struct expected {
    struct scene scene;
    struct csc_buf text;
};

static int attempt(void *context)
{
    struct expected *expected = context;
    _cleanup_buf_ struct csc_buf text = {0};
    struct csc_refusal refusal = {0};
    struct csc_plan *plan = NULL;
    struct csc_error err = {0};

    int r = csc_plan_make(&expected->scene.request, &expected->scene.survey, &plan, &refusal, &err);
    assert_true((r == 0) == (plan != NULL));
    assert_int_equal(refusal.kind, CSC_REFUSAL_NONE);
    if (r == 0)
        r = write_all(plan, &text, &err);
    /* What is there is whole. */
    if (r == 0) {
        assert_int_equal(text.size, expected->text.size);
        assert_memory_equal(text.data, expected->text.data, text.size);
    }
    csc_plan_free(plan);
    return judge(r, &err);
}

static void test_plan(void **state)
{
    static struct expected expected;

    (void)state;
    scene_begin(&expected.scene);
    scene_read(&expected.scene, "/data/l->x");
    scene_read(&expected.scene, "/data/g/");
    scene_write(&expected.scene, "/work/out");
    scene_run(&expected.scene, 1, "wc", NULL);
    expected.scene.environment[0] = (char *)"A=b";
    scene_must_plan(&expected.scene);
    assert_int_equal(write_all(expected.scene.plan, &expected.text, &expected.scene.err), 0);
    assert_true(chaos_fail_each_allocation(attempt, &expected) > 10);
    csc_buf_free(&expected.text);
    scene_end(&expected.scene);
}

/* A refusal needs no memory to be one: it is that, or an error, never a plan. */
static int attempt_refused(void *context)
{
    struct scene *scene = context;
    struct csc_refusal refusal = {0};
    struct csc_plan *plan = NULL;
    struct csc_error err = {0};

    int r = csc_plan_make(&scene->request, &scene->survey, &plan, &refusal, &err);
    assert_null(plan);
    if (r < 0)
        return judge(r, &err);
    assert_int_equal(r, CSC_REFUSED);
    assert_int_equal(refusal.kind, CSC_REFUSAL_ESCAPE);
    return 0;
}

static void test_refusal(void **state)
{
    static struct scene scene;

    (void)state;
    scene_begin(&scene);
    scene_write(&scene, "/usr/x");
    assert_true(chaos_fail_each_allocation(attempt_refused, &scene) > 3);
    scene_end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_plan), cmocka_unit_test(test_refusal)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
