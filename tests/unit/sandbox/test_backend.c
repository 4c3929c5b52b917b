/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sandbox/survey.h"

/* What is named is what is used, whatever the host is like and whoever starts csc. */
static void configured(void **state)
{
    static const enum csc_backend backends[] = {CSC_BACKEND_BWRAP, CSC_BACKEND_NATIVE};

    (void)state;
    for (size_t i = 0; i < 2 * ARRAY_SIZE(backends); i++) {
        const struct csc_config config = {.backend = backends[i / 2]};
        const char *why = NULL;
        assert_int_equal(csc_survey_backend(&config, i % 2 == 0, &why), config.backend);
        assert_string_equal(why, "it is configured");
        assert_int_equal(csc_survey_backend(&config, i % 2 == 0, NULL), config.backend);
    }
}

/* One of the two, with its reason; and root is told no from what binds others alone. */
static void chosen(void **state)
{
    const struct csc_config config = {.backend = CSC_BACKEND_AUTO};

    (void)state;
    for (int is_root = 0; is_root < 2; is_root++) {
        const char *why = NULL;
        enum csc_backend backend = csc_survey_backend(&config, is_root, &why);
        assert_true(backend == CSC_BACKEND_NATIVE || backend == CSC_BACKEND_BWRAP);
        assert_non_null(why);
        assert_int_equal(backend == CSC_BACKEND_NATIVE, strcmp(why, "this host is not known to refuse it") == 0);
        assert_int_equal(csc_survey_backend(&config, is_root, NULL), backend);
        if (is_root && backend == CSC_BACKEND_BWRAP)
            assert_non_null(strstr(why, "mount_setattr"));
    }
}

/* What a configuration without the setting says. */
static void by_default(void **state)
{
    struct csc_config config;

    (void)state;
    csc_config_default(&config);
    assert_string_equal(csc_backend_names[config.backend], "auto");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(configured),
        cmocka_unit_test(chosen),
        cmocka_unit_test(by_default),
    };

    return cmocka_run_group_tests_name("sandbox/backend", tests, NULL, NULL);
}
