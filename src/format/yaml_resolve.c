/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "format/yaml_parts.h"

#define DIGITS "0123456789"
#define DIGITS_ DIGITS "_"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* One or more characters of the set, and nothing else. */
static bool is_only(const char *s, const char *set)
{
    return *s && !s[strspn(s, set)];
}

static const char *skip_sign(const char *s)
{
    return s + (*s == '-' || *s == '+');
}

/* (:[0-5]?[0-9])* */
static const char *skip_sixties(const char *s)
{
    while (*s == ':' && is_digit(s[1]))
        s += s[1] <= '5' && is_digit(s[2]) ? 3 : 2;
    return s;
}

static bool is_binary(const char *s)
{
    return s[0] == '0' && s[1] == 'b' && is_only(s + 2, "01_");
}

static bool is_octal(const char *s)
{
    return s[0] == '0' && is_only(s + 1, "01234567_");
}

static bool is_decimal(const char *s)
{
    return strcmp(s, "0") == 0 || (is_digit(*s) && *s != '0' && is_only(s, DIGITS_));
}

static bool is_hexadecimal(const char *s)
{
    return s[0] == '0' && s[1] == 'x' && is_only(s + 2, DIGITS_ "abcdefABCDEF");
}

static bool is_base60(const char *s)
{
    const char *sixties = s + strspn(s, DIGITS_);

    return is_digit(*s) && *s != '0' && *sixties == ':' && !*skip_sixties(sixties);
}

/* ([eE][-+][0-9]+)? and the end */
static bool is_exponent(const char *s)
{
    if (!*s)
        return true;
    return (*s == 'e' || *s == 'E') && (s[1] == '-' || s[1] == '+') && is_only(s + 2, DIGITS);
}

/* From a digit on: with a fraction, or base 60 with one. */
static bool is_fraction(const char *s)
{
    s += strspn(s, DIGITS_);
    if (*s == '.')
        return is_exponent(s + 1 + strspn(s + 1, DIGITS_));
    const char *point = skip_sixties(s);
    return point != s && *point == '.' && !point[1 + strspn(point + 1, DIGITS_)];
}

static bool is_word(const char *s, const char *const words[3])
{
    return strcmp(s, words[0]) == 0 || strcmp(s, words[1]) == 0 || strcmp(s, words[2]) == 0;
}

static bool is_real(const char *s)
{
    static const char *const infinity[3] = {".inf", ".Inf", ".INF"};
    static const char *const nan[3] = {".nan", ".NaN", ".NAN"};
    const char *unsigned_ = skip_sign(s);

    if (is_digit(*unsigned_))
        return is_fraction(unsigned_);
    if (*s == '.' && is_digit(s[1]))
        return is_exponent(s + 1 + strspn(s + 1, DIGITS_));
    return is_word(unsigned_, infinity) || is_word(s, nan);
}

/* min to max digits; false leaves *s alone. */
static bool skip_digits(const char **s, size_t min, size_t max)
{
    size_t count = strspn(*s, DIGITS);

    if (count < min)
        return false;
    *s += count < max ? count : max;
    return true;
}

static bool skip_char(const char **s, char c)
{
    if (**s != c)
        return false;
    ++*s;
    return true;
}

/* [ \t]*(Z|[-+]hh?(:mm)?) or nothing, and the end */
static bool is_zone(const char *s)
{
    if (!*s)
        return true;
    s += strspn(s, " \t");
    if (*s == 'Z')
        return !s[1];
    if (*s != '-' && *s != '+')
        return false;
    s++;
    if (!skip_digits(&s, 1, 2))
        return false;
    return !*s || (skip_char(&s, ':') && skip_digits(&s, 2, 2) && !*s);
}

static bool is_time(const char *s)
{
    if (!skip_digits(&s, 1, 2) || !skip_char(&s, ':') || !skip_digits(&s, 2, 2) || !skip_char(&s, ':') ||
        !skip_digits(&s, 2, 2))
        return false;
    if (skip_char(&s, '.'))
        s += strspn(s, DIGITS);
    return is_zone(s);
}

static bool is_timestamp(const char *s)
{
    const char *start = s;

    if (!skip_digits(&s, 4, 4) || !skip_char(&s, '-') || !skip_digits(&s, 1, 2) || !skip_char(&s, '-') ||
        !skip_digits(&s, 1, 2))
        return false;
    if (!*s)
        return s - start == 10;
    if (*s == 'T' || *s == 't')
        return is_time(s + 1);
    size_t space = strspn(s, " \t");
    return space > 0 && is_time(s + space);
}

static bool is_special(const char *s)
{
    return strcmp(s, "<<") == 0 || strcmp(s, "=") == 0;
}

static int digit_value(char c)
{
    if (is_digit(c))
        return c - '0';
    return c >= 'a' ? c - 'a' + 10 : c - 'A' + 10;
}

/* The digits up to a colon or the end; underscores mean nothing. False: too large. */
static bool read_group(const char **s, unsigned base, uint64_t *ret_number)
{
    uint64_t number = 0;

    for (; **s && **s != ':'; ++*s) {
        if (**s == '_')
            continue;
        if (__builtin_mul_overflow(number, base, &number) ||
            __builtin_add_overflow(number, (unsigned)digit_value(**s), &number))
            return false;
    }
    *ret_number = number;
    return true;
}

/* Groups of digits, each worth 60 of the next. */
static const char *read_groups(const char *s, unsigned base, bool negative, int64_t *ret_integer)
{
    static const char too_large[] = "an integer that 64 bits cannot hold";
    uint64_t total = 0;
    uint64_t group;

    if (is_only(s, "_"))
        return "an integer without digits; quote it if it is meant as text";
    for (;; s++) {
        if (!read_group(&s, base, &group) || __builtin_mul_overflow(total, 60, &total) ||
            __builtin_add_overflow(total, group, &total))
            return too_large;
        if (!*s)
            break;
    }
    if (total > (negative ? (uint64_t)INT64_MAX + 1 : INT64_MAX))
        return too_large;
    *ret_integer = negative ? (int64_t)(0 - total) : (int64_t)total;
    return NULL;
}

static bool resolve_word(const char *s, struct csc_value *value)
{
    static const struct {
        const char *cases[3];
        enum csc_type type;
        bool boolean;
    } words[] = {
        {{"yes", "Yes", "YES"}, CSC_BOOL, true},     {{"no", "No", "NO"}, CSC_BOOL, false},
        {{"true", "True", "TRUE"}, CSC_BOOL, true},  {{"false", "False", "FALSE"}, CSC_BOOL, false},
        {{"on", "On", "ON"}, CSC_BOOL, true},        {{"off", "Off", "OFF"}, CSC_BOOL, false},
        {{"null", "Null", "NULL"}, CSC_NULL, false}, {{"", "~", "~"}, CSC_NULL, false},
    };

    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        if (is_word(s, words[i].cases)) {
            value->type = words[i].type;
            value->boolean = words[i].boolean;
            return true;
        }
    }
    return false;
}

static bool resolve_integer(const char *string, struct csc_value *value, const char **problem)
{
    static const struct {
        bool (*matches)(const char *s);
        unsigned base;
        unsigned skip; /* characters before the digits */
    } forms[] = {
        {is_binary, 2, 2}, {is_octal, 8, 0}, {is_decimal, 10, 0}, {is_hexadecimal, 16, 2}, {is_base60, 10, 0},
    };
    const char *s = skip_sign(string);

    for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
        if (forms[i].matches(s)) {
            value->type = CSC_INT;
            *problem = read_groups(s + forms[i].skip, forms[i].base, *string == '-', &value->integer);
            return true;
        }
    }
    return false;
}

static const char *refuse_form(const char *string)
{
    static const struct {
        bool (*matches)(const char *s);
        const char *problem;
    } forms[] = {
        {is_real, "a real number; the protocol has integers only, quote it if it is meant as text"},
        {is_timestamp, "a date; quote it if it is meant as text"},
        {is_special, "a plain '<<' or '=', which YAML keeps for merging; write the keys out, or quote it"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
        if (forms[i].matches(string))
            return forms[i].problem;
    return NULL;
}

const char *csc_yaml_resolve(const char *string, size_t size, struct csc_value *ret_value)
{
    struct csc_value value = {.type = CSC_STRING, .count = size, .string = string};
    const char *problem = NULL;

    if (resolve_word(string, &value) || resolve_integer(string, &value, &problem))
        value.count = 0;
    else
        problem = refuse_form(string);
    if (!problem)
        *ret_value = value;
    return problem;
}
