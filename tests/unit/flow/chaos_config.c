/* SPDX-License-Identifier: Apache-2.0 */
/* Every allocation of reading a configuration fails once, those inside libyaml included. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "config.h"
#include "support/chaos.h"

static int load(void *context)
{
    const char *text = context;
    struct csc_config config = {0};
    struct csc_error err = {0};
    int r = csc_config_parse(text, strlen(text), &config, &err);

    if (r < 0) {
        assert_int_equal(r, -CSC_E_INTERNAL);
        assert_non_null(strstr(err.text, "out of memory"));
        assert_null(config.arena.chunks);
    }
    csc_config_free(&config);
    return r;
}

static void every_allocation_fails_once(void **state)
{
    static char text[] = "config_version: csc.config.v0.1\n"
                         "bwrap: /usr/bin/bwrap\n"
                         "run_as: '65534:65534'\n"
                         "system_paths: &paths [/opt/a, /opt/b]\n"
                         "blocked_programs: [sh, bash, 'python*', env, a, b, c, d, e, f, g, h]\n"
                         "limits: {cpu_sec: 10, processes: 20}\n"
                         "output:\n  stdout_bytes: 4096\n";

    (void)state;
    assert_true(chaos_fail_each_allocation(load, text) > 40); /* libyaml alone needs most of them */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_allocation_fails_once)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
