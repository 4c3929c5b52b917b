/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/sandbox/groups.h"

#include "support/chaos.h"

/* What is found without memory is either right or nothing. */
static int find_and_create(void *context)
{
    const struct csc_cgroup_limits none = {0};
    struct csc_cgroup_places places;
    struct csc_cgroup *cgroup = NULL;
    struct csc_error err = {0};

    find(context, &places);
    for (size_t i = 0; i < CSC_CONTROLLER_COUNT; i++)
        assert_true((places.folder[i] >= 0) == (places.holder[i] != CSC_HOLDER_NONE));
    int r = csc_cgroup_create(&places, &none, &cgroup, &err);
    if (r < 0) {
        assert_null(cgroup);
        assert_int_equal(err.code, CSC_E_INTERNAL);
        assert_string_equal(err.stage, "sandbox");
    }
    csc_cgroup_free(cgroup);
    csc_cgroup_places_close(&places);
    return r;
}

static void test_memory(void **state)
{
    char *folder = folder_create();

    (void)state;
    build(folder, &separate);
    assert_true(chaos_fail_each_allocation(find_and_create, folder) >= 3);
    folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_memory)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
