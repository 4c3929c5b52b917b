/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/match.h"

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

bool csc_ascii_contains(const char *text, const char *needle)
{
    size_t size = strlen(text), wanted = strlen(needle);

    for (size_t i = 0; i + wanted <= size; i++)
        if (csc_ascii_equal(text + i, needle, wanted))
            return true;
    return false;
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

bool csc_prefixes_contain(const struct csc_names *prefixes, const char *path)
{
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
