/* SPDX-License-Identifier: Apache-2.0 */
/* Reading what a command wrote to stderr. It is an attacker's: every loop has a bound, nothing is expected to be text.
 */
#include <string.h>

#include "sandbox/denial.h"

/* ASCII by hand: what is found must not depend on the caller's locale. */
static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_word(char c)
{
    return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9');
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_control(char c)
{
    return (unsigned char)c < 0x20 || c == 0x7F;
}

/* Makes of a line its end, without the word that was cut: half a path is another path. */
static void shorten(struct csc_span *line)
{
    if (line->size <= CSC_DENIAL_LINE_MAX)
        return;
    line->at += line->size - CSC_DENIAL_LINE_MAX;
    line->size = CSC_DENIAL_LINE_MAX;
    while (line->size > 0 && !is_blank(line->at[0])) {
        line->at++;
        line->size--;
    }
}

bool csc_denial_line(struct csc_span *text, struct csc_span *ret_line)
{
    if (text->size == 0)
        return false;
    size_t end = text->at[text->size - 1] == '\n' ? text->size - 1 : text->size;
    const char *newline = end > 0 ? memrchr(text->at, '\n', end) : NULL;
    size_t start = newline ? (size_t)(newline - text->at) + 1 : 0;
    *ret_line = (struct csc_span){.at = text->at + start, .size = end - start};
    text->size = start;
    shorten(ret_line);
    return true;
}

static bool stands_at(struct csc_span text, size_t at, const char *phrase)
{
    size_t size = strlen(phrase);

    if (size > text.size - at)
        return false;
    for (size_t i = 0; i < size; i++)
        if (lower(text.at[at + i]) != phrase[i])
            return false;
    bool begins = at == 0 || !is_word(phrase[0]) || !is_word(text.at[at - 1]);
    bool ends = at + size == text.size || !is_word(phrase[size - 1]) || !is_word(text.at[at + size]);
    return begins && ends;
}

struct csc_span csc_denial_find(struct csc_span text, const char *const phrases[])
{
    for (size_t p = 0; phrases[p]; p++)
        for (size_t i = 0; i < text.size; i++)
            if (stands_at(text, i, phrases[p]))
                return (struct csc_span){.at = text.at + i, .size = strlen(phrases[p])};
    return (struct csc_span){0};
}

bool csc_denial_says(struct csc_span text, const char *const phrases[])
{
    return csc_denial_find(text, phrases).size > 0;
}

static bool begins_with(struct csc_span text, const char *prefix)
{
    size_t size = strlen(prefix);

    return text.size >= size && memcmp(text.at, prefix, size) == 0;
}

static struct csc_span behind(struct csc_span text, size_t size)
{
    return (struct csc_span){.at = text.at + size, .size = text.size - size};
}

/* ---- quotations ---------------------------------------------------------------------------------------------- */

static const struct {
    const char *open, *close;
} quotes[] = {{"'", "'"}, {"\"", "\""}, {"`", "`"}, {"`", "'"}, {"\u2018", "\u2019"}};

/* How long what stands between the quotes is; 0: `text` begins no quotation. An apostrophe in a word ends none. */
static size_t quoted_size(struct csc_span text, const char *open, const char *close)
{
    size_t from = strlen(open), size = strlen(close);

    if (!begins_with(text, open))
        return 0;
    for (size_t i = from; i + size <= text.size; i++)
        if (begins_with(behind(text, i), close) && text.at[i - 1] != '\\' &&
            (i + size == text.size || !is_word(text.at[i + size])))
            return i - from;
    return 0;
}

/* At the beginning of a quotation: gives what is quoted and how much of the text it takes. */
static size_t take_quoted(struct csc_span text, struct csc_span *ret_path)
{
    for (size_t i = 0; i < ARRAY_SIZE(quotes); i++) {
        size_t size = quoted_size(text, quotes[i].open, quotes[i].close);
        if (size > 0) {
            *ret_path = (struct csc_span){.at = text.at + strlen(quotes[i].open), .size = size};
            return strlen(quotes[i].open) + size + strlen(quotes[i].close);
        }
    }
    return 0;
}

/* ---- bare paths ---------------------------------------------------------------------------------------------- */

static bool ends_bare(char c)
{
    return is_blank(c) || is_control(c) || strchr(":,;()[]<>=\"'`|", c) != NULL;
}

static bool looks_like_path(struct csc_span text)
{
    return (begins_with(text, "/") && !begins_with(text, "//")) || begins_with(text, "./") || begins_with(text, "../");
}

/* Gives the word that `text` begins with, when it is a path, and how much of the text it takes. */
static size_t take_bare(struct csc_span text, struct csc_span *ret_path)
{
    size_t size = 0;

    while (size < text.size && !ends_bare(text.at[size]))
        size++;
    *ret_path = (struct csc_span){.at = text.at, .size = size};
    while (ret_path->size > 0 && ret_path->at[ret_path->size - 1] == '.')
        ret_path->size--;
    if (!looks_like_path(*ret_path))
        ret_path->size = 0;
    return size > 0 ? size : 1;
}

/* ---- what stands right before the reason --------------------------------------------------------------------- */

/* "open x: permission denied" of Go, "cannot create x: Permission denied" of dash. */
static const char *const verbs[] = {"cannot create ", "cannot open ", "can't open ", "open ",   "mkdir ",
                                    "create ",        "remove ",      "unlink ",     "rename ", "stat "};

/* "PROGRAM: PATH: reason", PATH with blanks in it or not beginning with a slash. What has neither slash nor dot is as
 * likely a word: "write: Read-only file system". */
static struct csc_span before(struct csc_span line, struct csc_span reason)
{
    size_t end = (size_t)(reason.at - line.at);

    if (end < 3 || line.at[end - 2] != ':' || line.at[end - 1] != ' ')
        return (struct csc_span){0};
    size_t start = end - 2;
    while (start > 0 && !(start > 1 && line.at[start - 2] == ':' && line.at[start - 1] == ' '))
        start--;
    struct csc_span segment = {.at = line.at + start, .size = end - 2 - start}, path = segment;
    for (size_t i = 0; i < ARRAY_SIZE(verbs) && path.at == segment.at; i++)
        if (begins_with(segment, verbs[i]))
            path = behind(segment, strlen(verbs[i]));
    if (path.size == 0 || looks_like_path(path))
        return path;
    bool plain = !memchr(path.at, ' ', path.size) && !memchr(path.at, ':', path.size) && !ends_bare(path.at[0]);
    bool telling = path.at > segment.at || memchr(path.at, '/', path.size) || memchr(path.at, '.', path.size);
    return plain && telling ? path : (struct csc_span){0};
}

/* "PROGRAM: ..." */
static bool is_program(struct csc_span line, struct csc_span word)
{
    return word.at == line.at && word.size < line.size && word.at[word.size] == ':';
}

size_t csc_denial_paths(struct csc_span line, struct csc_span reason, struct csc_span ret_paths[CSC_DENIAL_PATHS])
{
    struct csc_span path = before(line, reason);
    size_t count = 0;

    if (path.size > 0)
        ret_paths[count++] = path;
    for (size_t i = 0; i < line.size && count < CSC_DENIAL_PATHS;) {
        bool begins = i == 0 || !is_word(line.at[i - 1]);
        size_t taken = begins ? take_quoted(behind(line, i), &path) : 0;
        bool message = taken > 0 && path.at <= reason.at && reason.at < path.at + path.size; /* the quotation is one */
        if (taken == 0 || message)
            taken = take_bare(behind(line, i), &path);
        if (path.size > 0 && !is_program(line, path))
            ret_paths[count++] = path;
        i += taken;
    }
    return count;
}

/* ---- absolute paths ------------------------------------------------------------------------------------------ */

static void remove_last(const char *path, size_t *used)
{
    while (*used > 0 && path[*used - 1] != '/')
        --*used;
    if (*used > 0)
        --*used;
}

/* Appends the components of `path` to what is there, each behind a slash. A quote may have been escaped. */
static bool append(char ret_path[CSC_DENIAL_PATH_MAX], size_t *used, struct csc_span path)
{
    for (size_t i = 0; i < path.size;) {
        const char *slash = memchr(path.at + i, '/', path.size - i);
        size_t end = slash ? (size_t)(slash - path.at) : path.size;
        struct csc_span name = {.at = path.at + i, .size = end - i};
        i = end + 1;
        if (name.size == 0 || (name.size == 1 && name.at[0] == '.'))
            continue;
        if (name.size == 2 && memcmp(name.at, "..", 2) == 0) {
            remove_last(ret_path, used);
            continue;
        }
        if (name.size + 2 > CSC_DENIAL_PATH_MAX - *used)
            return false;
        ret_path[(*used)++] = '/';
        for (size_t k = 0; k < name.size; k++)
            if (name.at[k] != '\\' || k + 1 == name.size || !memchr("'\"`", name.at[k + 1], 3))
                ret_path[(*used)++] = name.at[k];
    }
    return true;
}

bool csc_denial_absolute(const char *cwd, struct csc_span path, char ret_path[CSC_DENIAL_PATH_MAX])
{
    size_t used = 0;

    if (path.size == 0 || !csc_utf8_valid(path.at, path.size))
        return false;
    for (size_t i = 0; i < path.size; i++)
        if (is_control(path.at[i]) || memchr("*?[", path.at[i], 3))
            return false;
    if (path.at[0] != '/' && !append(ret_path, &used, (struct csc_span){.at = cwd, .size = strlen(cwd)}))
        return false;
    if (!append(ret_path, &used, path))
        return false;
    if (used == 0)
        ret_path[used++] = '/';
    ret_path[used] = '\0';
    return true;
}
