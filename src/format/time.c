/* SPDX-License-Identifier: Apache-2.0 */
#include "format/time.h"

#include <stdio.h>
#include <time.h>

static const int64_t DAY = 86400 * CSC_SECOND;

int64_t csc_time_now(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * CSC_SECOND + now.tv_nsec / 1000;
}

/*
 * The Gregorian calendar by arithmetic, in years that begin in March, so that the leap day is the last: gmtime_r(3)
 * and timegm(3) read /etc/localtime and set the process's time zone on the way.
 */
enum { DAYS_TO_MARCH_0000 = 719468, DAYS_OF_400_YEARS = 146097 };

struct date {
    int year, month, day; /* from 1 */
};

static int days_before_month(int month_from_march)
{
    return (153 * month_from_march + 2) / 5;
}

/* Since 1970-01-01. */
static int64_t days_of(const struct date *date)
{
    int year = date->month > 2 ? date->year : date->year - 1;
    int month = (date->month + 9) % 12;

    return (int64_t)365 * year + year / 4 - year / 100 + year / 400 + days_before_month(month) + date->day - 1 -
           DAYS_TO_MARCH_0000;
}

static struct date date_of(int64_t days)
{
    int64_t since = days + DAYS_TO_MARCH_0000;
    int in_era = (int)(since % DAYS_OF_400_YEARS);
    int year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    int in_year = in_era - (365 * year + year / 4 - year / 100);
    int month = (5 * in_year + 2) / 153;
    bool next_year = month >= 10;

    return (struct date){
        .year = (int)(since / DAYS_OF_400_YEARS) * 400 + year + next_year,
        .month = next_year ? month - 9 : month + 3,
        .day = in_year - days_before_month(month) + 1,
    };
}

void csc_time_format(int64_t time, char ret_text[CSC_TIME_TEXT])
{
    /* The protocol's texts end with the year 9999; a clock beyond either end is shown as that end. */
    int64_t first = days_of(&(struct date){1, 1, 1}) * DAY, last = days_of(&(struct date){10000, 1, 1}) * DAY - 1;

    time = time < first ? first : time > last ? last : time;
    int64_t days = time / DAY - (time % DAY < 0);
    int64_t micros = time - days * DAY;
    unsigned seconds = (unsigned)(micros / CSC_SECOND);
    struct date date = date_of(days);
    (void)snprintf(ret_text, CSC_TIME_TEXT, "%04u-%02u-%02uT%02u:%02u:%02u.%06u+00:00", (unsigned)date.year % 10000U,
                   (unsigned)date.month % 100U, (unsigned)date.day % 100U, seconds / 3600 % 24, seconds / 60 % 60,
                   seconds % 60, (unsigned)(micros % CSC_SECOND));
}

/* Reads exactly `width` digits and moves on. */
static bool digits(const char **p, int width, int *ret_number)
{
    int number = 0;

    for (int i = 0; i < width; i++, (*p)++) {
        if (**p < '0' || **p > '9')
            return false;
        number = number * 10 + (**p - '0');
    }
    *ret_number = number;
    return true;
}

static bool literal(const char **p, char c)
{
    if (**p != c)
        return false;
    (*p)++;
    return true;
}

static bool read_date(const char **p, int64_t *ret_days)
{
    struct date date;

    if (!digits(p, 4, &date.year) || !literal(p, '-') || !digits(p, 2, &date.month) || !literal(p, '-') ||
        !digits(p, 2, &date.day) || date.year < 1 || date.month < 1 || date.month > 12)
        return false;
    *ret_days = days_of(&date);
    const struct date same = date_of(*ret_days);
    return same.month == date.month && same.day == date.day; /* no February 30 */
}

/* Since midnight. */
static bool read_clock(const char **p, int64_t *ret_micros)
{
    int hours, minutes, seconds;
    int64_t unit = CSC_SECOND;

    if (!digits(p, 2, &hours) || !literal(p, ':') || !digits(p, 2, &minutes) || !literal(p, ':') ||
        !digits(p, 2, &seconds) || hours > 23 || minutes > 59 || seconds > 59)
        return false;
    *ret_micros = ((hours * 60 + minutes) * 60 + seconds) * CSC_SECOND;
    if (!literal(p, '.'))
        return true;
    const char *start = *p;
    for (; **p >= '0' && **p <= '9'; (*p)++) {
        unit /= 10; /* digits beyond microseconds count for nothing */
        *ret_micros += (**p - '0') * unit;
    }
    return *p > start && *p - start <= 9;
}

/* Seconds east of UTC. */
static bool read_offset(const char **p, int *ret_offset)
{
    int hours, minutes, sign = **p == '-' ? -1 : 1;

    *ret_offset = 0;
    if (**p == '\0' || literal(p, 'Z') || literal(p, 'z'))
        return true;
    if ((!literal(p, '+') && !literal(p, '-')) || !digits(p, 2, &hours) || !literal(p, ':') ||
        !digits(p, 2, &minutes) || hours > 23 || minutes > 59)
        return false;
    *ret_offset = sign * (hours * 3600 + minutes * 60);
    return true;
}

bool csc_time_parse(const char *text, int64_t *ret_time)
{
    int64_t days, micros;
    int offset;

    if (!read_date(&text, &days) || (!literal(&text, 'T') && !literal(&text, 't')) || !read_clock(&text, &micros) ||
        !read_offset(&text, &offset) || *text != '\0')
        return false;
    *ret_time = days * DAY + micros - offset * CSC_SECOND;
    return true;
}
