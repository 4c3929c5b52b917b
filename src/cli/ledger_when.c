/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/ledger.h"

#define SECOND ((int64_t)1000000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

/* Microseconds of the unit, or 0. */
static int64_t unit_of(char letter)
{
    switch (letter) {
    case 's':
        return SECOND;
    case 'm':
        return MINUTE;
    case 'h':
        return HOUR;
    case 'd':
        return DAY;
    case 'w':
        return 7 * DAY;
    default:
        return 0;
    }
}

static bool parse_duration(const char *text, int64_t *ret_duration)
{
    int64_t sum = 0;

    if (!*text)
        return false;
    while (*text) {
        int64_t number = 0, product;
        const char *begin = text;
        for (; *text >= '0' && *text <= '9'; text++)
            if (__builtin_mul_overflow(number, 10, &number) || __builtin_add_overflow(number, *text - '0', &number))
                return false;
        int64_t unit = unit_of(*text);
        if (text == begin || unit == 0 || __builtin_mul_overflow(number, unit, &product) ||
            __builtin_add_overflow(sum, product, &sum))
            return false;
        text++;
    }
    *ret_duration = sum;
    return true;
}

bool csc_cli_when(const char *text, int64_t now, bool is_end, int64_t *ret_time)
{
    char whole_day[sizeof("YYYY-MM-DDT00:00:00Z")];
    int64_t duration;

    if (csc_time_parse(text, ret_time))
        return true;
    if (strlen(text) == strlen("YYYY-MM-DD")) {
        memcpy(whole_day, text, strlen(text));
        memcpy(whole_day + strlen(text), "T00:00:00Z", sizeof("T00:00:00Z"));
        if (csc_time_parse(whole_day, ret_time)) {
            *ret_time += is_end ? DAY - 1 : 0;
            return true;
        }
    }
    return parse_duration(text, &duration) && !__builtin_sub_overflow(now, duration, ret_time);
}

void csc_cli_short_time(int64_t time, char ret_text[CSC_SHORT_TIME])
{
    char text[CSC_TIME_TEXT];

    csc_time_format(time, text);
    memcpy(ret_text, text, strlen("YYYY-MM-DDTHH:MM:SS"));
    ret_text[strlen("YYYY-MM-DD")] = ' ';
    memcpy(ret_text + strlen("YYYY-MM-DDTHH:MM:SS"), "Z", 2);
}
