/* SPDX-License-Identifier: Apache-2.0 */
/* Points in time as people type them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/ledger.h"

#define NOW INT64_C(1767225600000000) /* 2026-01-01T00:00:00Z */
#define SECOND INT64_C(1000000)
#define DAY (86400 * SECOND)

static void times_are_read(void **state)
{
    static const struct {
        const char *text;
        bool is_end;
        int64_t time;
    } rows[] = {
        {"2026-01-01T00:00:00Z", false, NOW},
        {"2026-01-01T00:00:00Z", true, NOW},
        {"2026-01-01T01:00:00+01:00", false, NOW},
        {"2025-12-31T23:59:59.5Z", false, NOW - SECOND / 2},
        {"2026-01-01", false, NOW},
        {"2026-01-01", true, NOW + DAY - 1},
        {"2024-02-29", false, NOW - 672 * DAY},
        {"0s", false, NOW},
        {"1s", false, NOW - SECOND},
        {"90m", true, NOW - 5400 * SECOND},
        {"2h", false, NOW - 7200 * SECOND},
        {"7d", false, NOW - 7 * DAY},
        {"2w", false, NOW - 14 * DAY},
        {"1d12h", false, NOW - DAY - DAY / 2},
        {"007d", false, NOW - 7 * DAY},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        int64_t time = 0;
        if (!csc_cli_when(rows[i].text, NOW, rows[i].is_end, &time))
            fail_msg("%s is refused", rows[i].text);
        assert_int_equal(time, rows[i].time);
    }
}

static void others_are_refused(void **state)
{
    static const char *const rows[] = {
        "",
        " ",
        "now",
        "yesterday",
        "2",
        "h",
        "-2h",
        "+2h",
        "2h ",
        " 2h",
        "2 h",
        "2.5h",
        "2H",
        "2y",
        "2hh",
        "2h3",
        "2023-02-29",
        "2026-13-01",
        "2026-1-01",
        "26-01-01",
        "2026/01/01",
        "2026-01-01T",
        "2026-01-01T25:00:00Z",
        "99999999999999999999s",
        "9223372036854775807s",
        "9223372036854775s9223372036854s",
        "15250284452471w15250284452471w",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        int64_t time;
        if (csc_cli_when(rows[i], NOW, i % 2 == 0, &time))
            fail_msg("%s is taken", rows[i]);
    }
}

static void short_times_are_utc(void **state)
{
    char text[CSC_SHORT_TIME];

    (void)state;
    csc_cli_short_time(NOW - 1, text);
    assert_string_equal(text, "2025-12-31 23:59:59Z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_read),
        cmocka_unit_test(others_are_refused),
        cmocka_unit_test(short_times_are_utc),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
