/* SPDX-License-Identifier: Apache-2.0 */
#include "contract/component.h"
#include "contract/contract.h"

/* What a path is by its beginning: only paths of one flavour are ever compared. */
enum flavour { FLAVOUR_NONE, FLAVOUR_POSIX, FLAVOUR_DRIVE, FLAVOUR_UNC };

static const char windows_separators[] = "/\\";

static bool is_separator(char c)
{
    return c == '/' || c == '\\';
}

/* ASCII by hand: the comparison must not depend on the caller's locale. */
static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_drive(const char *path)
{
    return lower(path[0]) >= 'a' && lower(path[0]) <= 'z' && path[1] == ':' && is_separator(path[2]);
}

static bool looks_unc(const char *path)
{
    return is_separator(path[0]) && path[1] == path[0];
}

/* Behind the two leading separators. */
static bool has_server_and_share(const char *path)
{
    const char *server = path + 2;
    size_t server_size = strcspn(server, windows_separators);

    if (server_size == 0 || server[server_size] == '\0')
        return false;
    return strcspn(server + server_size + 1, windows_separators) > 0;
}

/* A "." for server or share would collapse, and \\server\. would then hold every share of the server. */
static bool has_dot_for_server_or_share(const char *path)
{
    const char *server = path + 2;
    size_t server_size = strcspn(server, windows_separators);
    const char *share = server + server_size + 1;
    size_t share_size = strcspn(share, windows_separators);

    return (server_size == 1 && server[0] == '.') || (share_size == 1 && share[0] == '.');
}

static enum flavour flavour_of(const char *path)
{
    if (looks_unc(path))
        return has_server_and_share(path) && !has_dot_for_server_or_share(path) ? FLAVOUR_UNC : FLAVOUR_NONE;
    if (path[0] == '/')
        return FLAVOUR_POSIX;
    return is_drive(path) ? FLAVOUR_DRIVE : FLAVOUR_NONE;
}

/* Of a path without flavour both are taken for separators: no ".." gets past for want of knowing. */
static const char *separators_of(enum flavour flavour)
{
    return flavour == FLAVOUR_POSIX ? "/" : windows_separators;
}

/* Less than, equal to or greater than 0; one that begins the other comes first. */
static int compare_components(const struct csc_component *a, const struct csc_component *b, enum flavour flavour)
{
    size_t shorter = a->size < b->size ? a->size : b->size;
    int order = flavour == FLAVOUR_POSIX ? memcmp(a->at, b->at, shorter) : 0;

    for (size_t i = 0; i < shorter && flavour != FLAVOUR_POSIX && order == 0; i++)
        order = lower(a->at[i]) - lower(b->at[i]);
    return order ? order : (a->size > b->size) - (a->size < b->size);
}

bool csc_path_is_schema_absolute(const char *path)
{
    return path[0] == '/' || is_drive(path) || (looks_unc(path) && has_server_and_share(path));
}

bool csc_path_is_absolute(const char *path)
{
    return flavour_of(path) != FLAVOUR_NONE;
}

bool csc_path_has_dotdot(const char *path)
{
    const char *separators = separators_of(flavour_of(path));
    struct csc_component component;

    while (csc_component_next(&path, separators, &component))
        if (csc_component_is(&component, ".."))
            return true;
    return false;
}

bool csc_path_has_prefix(const char *path, const char *prefix)
{
    enum flavour flavour = flavour_of(path);
    const char *separators = separators_of(flavour);
    struct csc_component have, want;

    if (flavour == FLAVOUR_NONE || flavour_of(prefix) != flavour)
        return false;
    /* A prefix with ".." then matches nothing either: no component of the path equals it. */
    if (csc_path_has_dotdot(path))
        return false;
    while (csc_component_next(&prefix, separators, &want))
        if (!csc_component_next(&path, separators, &have) || compare_components(&have, &want, flavour) != 0)
            return false;
    return true;
}

int csc_path_compare(const char *a, const char *b)
{
    enum flavour flavour = flavour_of(a), other = flavour_of(b);
    const char *separators = separators_of(flavour);
    struct csc_component of_a, of_b;

    if (flavour != other)
        return flavour < other ? -1 : 1;
    for (;;) {
        bool more_a = csc_component_next(&a, separators, &of_a), more_b = csc_component_next(&b, separators, &of_b);
        if (!more_a || !more_b)
            return more_a - more_b;
        int order = compare_components(&of_a, &of_b, flavour);
        if (order != 0)
            return order;
    }
}
