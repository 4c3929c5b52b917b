/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/match.h"

#include <stdlib.h>
#include <string.h>

static unsigned char lower(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

bool csc_ascii_equal(const char *a, const char *b, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (lower(a[i]) != lower(b[i]))
            return false;
    return true;
}

const char *csc_ascii_find(const char *text, const char *needle)
{
    size_t wanted = strlen(needle);

    for (; *text; text++)
        if (lower(*text) == lower(*needle) && csc_ascii_equal(text, needle, wanted)) /* stops at the end of the text */
            return text;
    return NULL;
}

bool csc_names_contain(const struct csc_names *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->items[i], name) == 0)
            return true;
    return false;
}

bool csc_argv_begins_with(const struct csc_argv *argv, const struct csc_argv *prefix)
{
    if (prefix->count > argv->count)
        return false;
    for (size_t i = 0; i < prefix->count; i++)
        if (strcmp(argv->items[i], prefix->items[i]) != 0)
            return false;
    return true;
}

static int compare_prefixes(const void *a, const void *b)
{
    return csc_path_compare(*(const char *const *)a, *(const char *const *)b);
}

int csc_prefixes_sort(struct csc_arena *arena, struct csc_names *prefixes, struct csc_error *err)
{
    const char **sorted = csc_arena_array(arena, prefixes->count, sizeof(*sorted));
    size_t usable = 0, count = 0;

    if (!sorted)
        return csc_fail_memory(err);
    for (size_t i = 0; i < prefixes->count; i++)
        if (csc_path_has_prefix(prefixes->items[i], prefixes->items[i]))
            sorted[usable++] = prefixes->items[i];
    qsort(sorted, usable, sizeof(*sorted), compare_prefixes);
    for (size_t i = 0; i < usable; i++)
        if (count == 0 || !csc_path_has_prefix(sorted[i], sorted[count - 1]))
            sorted[count++] = sorted[i];
    prefixes->sorted = sorted;
    prefixes->sorted_count = count;
    return 0;
}

/* No prefix lies below another: only the last that doesn't stand behind the path can hold it. */
static bool sorted_contain(const struct csc_names *prefixes, const char *path)
{
    size_t first = 0, end = prefixes->sorted_count;

    while (first < end) {
        size_t middle = first + (end - first) / 2;
        if (csc_path_compare(prefixes->sorted[middle], path) <= 0)
            first = middle + 1;
        else
            end = middle;
    }
    return first > 0 && csc_path_has_prefix(path, prefixes->sorted[first - 1]);
}

bool csc_prefixes_contain(const struct csc_names *prefixes, const char *path)
{
    if (prefixes->sorted)
        return sorted_contain(prefixes, path);
    for (size_t i = 0; i < prefixes->count; i++)
        if (csc_path_has_prefix(path, prefixes->items[i]))
            return true;
    return false;
}

enum csc_reason csc_path_judge(const struct csc_names *prefixes, const char *path, enum csc_reason denied)
{
    if (!csc_path_is_absolute(path))
        return CSC_REASON_PATH_NOT_ABSOLUTE;
    if (csc_path_has_dotdot(path) || !csc_prefixes_contain(prefixes, path))
        return denied;
    return CSC_REASON_ALLOW;
}
