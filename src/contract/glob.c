/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two matchers of one kind, one inside the other: `**` over components, `*` over the characters of a component.
 * Each remembers only its last star, which is enough: whatever an earlier star could still take, the last one
 * can take as well. So no pair of pattern and path position is looked at twice.
 */
#include "contract/component.h"
#include "contract/contract.h"

/* A component of the pattern. */
struct pattern {
    const char *end;
    const char *last_close; /* its last ']', or NULL: says at once that a '[' is never closed */
};

/* The character at `s`, and where the next begins. A byte that is not UTF-8 is a character of its own. */
static uint32_t character(const char *s, const char *end, const char **ret_next)
{
    static const unsigned char lead[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    const unsigned char *bytes = (const unsigned char *)s;
    size_t size = csc_utf8_sequence(bytes, (size_t)(end - s));

    if (size == 0) {
        *ret_next = s + 1;
        return 0x110000u + bytes[0];
    }
    uint32_t point = bytes[0] & lead[size];
    for (size_t i = 1; i < size; i++)
        point = point << 6 | (bytes[i] & 0x3fu);
    *ret_next = s + size;
    return point;
}

/* Past the '[' at `p`, its negation and a ']' that comes first and is literal. */
static const char *class_body(const char *p, const char *end)
{
    p++;
    if (p < end && (*p == '!' || *p == '^'))
        p++;
    return p;
}

/* The ']' that closes the class at `p`, or NULL: then the '[' is a literal. */
static const char *class_close(const struct pattern *pattern, const char *p)
{
    const char *from = class_body(p, pattern->end) + 1;

    if (!pattern->last_close || pattern->last_close < from)
        return NULL;
    return memchr(from, ']', (size_t)(pattern->end - from));
}

/* Whether the class from '[' at `p` to `close` has the character `c`. */
static bool class_has(const char *p, const char *close, uint32_t c)
{
    bool negated = p[1] == '!' || p[1] == '^';
    bool found = false;

    for (p = class_body(p, close); p < close;) {
        uint32_t low = character(p, close, &p), high = low;
        if (close - p >= 2 && *p == '-')
            high = character(p + 1, close, &p);
        found = found || (low <= c && c <= high);
    }
    return found != negated;
}

/* Where the pattern goes on when its element at `p` takes the character `c`, or NULL. */
static const char *match_one(const struct pattern *pattern, const char *p, uint32_t c)
{
    const char *close, *next;

    if (p == pattern->end)
        return NULL;
    if (*p == '?')
        return p + 1;
    if (*p == '[' && (close = class_close(pattern, p)))
        return class_has(p, close, c) ? close + 1 : NULL;
    return character(p, pattern->end, &next) == c ? next : NULL;
}

static bool match_component(const struct csc_component *want, const struct csc_component *have)
{
    const struct pattern pattern = {.end = want->at + want->size, .last_close = memrchr(want->at, ']', want->size)};
    const char *p = want->at, *t = have->at, *end = have->at + have->size;
    const char *star = NULL, *retry = NULL;

    while (t < end) {
        if (p < pattern.end && *p == '*') {
            star = ++p;
            retry = t;
            continue;
        }
        const char *t_next;
        const char *p_next = match_one(&pattern, p, character(t, end, &t_next));
        if (p_next) {
            p = p_next;
            t = t_next;
        } else if (star) {
            (void)character(retry, end, &retry);
            p = star;
            t = retry;
        } else {
            return false;
        }
    }
    while (p < pattern.end && *p == '*')
        p++;
    return p == pattern.end;
}

static bool is_posix_absolute(const char *path)
{
    return path[0] == '/' && path[1] != '/';
}

bool csc_glob_is_pattern(const char *path)
{
    return strpbrk(path, "*?[") != NULL;
}

bool csc_glob_match(const char *pattern, const char *path)
{
    const char *star = NULL, *retry = NULL;

    if (!is_posix_absolute(pattern) || !is_posix_absolute(path) || csc_path_has_dotdot(path))
        return false;
    for (;;) {
        const char *pattern_next = pattern, *path_next = path;
        struct csc_component want, have;
        bool wanting = csc_component_next(&pattern_next, "/", &want);

        if (wanting && csc_component_is(&want, "**")) {
            star = pattern = pattern_next;
            retry = path;
            continue;
        }
        if (!csc_component_next(&path_next, "/", &have))
            return !wanting;
        if (wanting && match_component(&want, &have)) {
            pattern = pattern_next;
            path = path_next;
        } else if (star) {
            (void)csc_component_next(&retry, "/", &have);
            pattern = star;
            path = retry;
        } else {
            return false;
        }
    }
}

bool csc_scope_contains(const char *scope, const char *path)
{
    return csc_glob_is_pattern(scope) ? csc_glob_match(scope, path) : csc_path_has_prefix(path, scope);
}
