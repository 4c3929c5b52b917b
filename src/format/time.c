/* SPDX-License-Identifier: Apache-2.0 */
#include "format/time.h"

#include <stdio.h>
#include <time.h>

int64_t csc_time_now(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * CSC_SECOND + now.tv_nsec / 1000;
}

void csc_time_format(int64_t time, char ret_text[CSC_TIME_TEXT])
{
    time_t seconds = time / CSC_SECOND;
    long micros = (long)(time % CSC_SECOND);
    struct tm tm = {0};

    if (micros < 0) {
        micros += (long)CSC_SECOND;
        seconds--;
    }
    (void)gmtime_r(&seconds, &tm);
    /* The remainders keep every field within its width, whatever the clock says. */
    (void)snprintf(ret_text, CSC_TIME_TEXT, "%04u-%02u-%02uT%02u:%02u:%02u.%06ld+00:00",
                   (unsigned)(tm.tm_year + 1900) % 10000u, (unsigned)(tm.tm_mon + 1) % 100u,
                   (unsigned)tm.tm_mday % 100u, (unsigned)tm.tm_hour % 100u, (unsigned)tm.tm_min % 100u,
                   (unsigned)tm.tm_sec % 100u, micros % 1000000);
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

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return days[month - 1] + (month == 2 && leap);
}

static bool read_date(const char **p, struct tm *tm)
{
    int year, month, day;

    if (!digits(p, 4, &year) || !literal(p, '-') || !digits(p, 2, &month) || !literal(p, '-') || !digits(p, 2, &day))
        return false;
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month))
        return false;
    tm->tm_year = year - 1900;
    tm->tm_mon = month - 1;
    tm->tm_mday = day;
    return true;
}

static bool read_clock(const char **p, struct tm *tm, int64_t *ret_micros)
{
    int64_t unit = CSC_SECOND;

    if (!digits(p, 2, &tm->tm_hour) || !literal(p, ':') || !digits(p, 2, &tm->tm_min) || !literal(p, ':') ||
        !digits(p, 2, &tm->tm_sec) || tm->tm_hour > 23 || tm->tm_min > 59 || tm->tm_sec > 59)
        return false;
    *ret_micros = 0;
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
    struct tm tm = {0};
    int64_t micros;
    int offset;

    if (!read_date(&text, &tm) || (!literal(&text, 'T') && !literal(&text, 't')) || !read_clock(&text, &tm, &micros) ||
        !read_offset(&text, &offset) || *text != '\0')
        return false;
    *ret_time = ((int64_t)timegm(&tm) - offset) * CSC_SECOND + micros;
    return true;
}
