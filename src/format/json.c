/* SPDX-License-Identifier: Apache-2.0 */
#include "format/json.h"

#include <stdlib.h>
#include <string.h>

/*
 * The reader works in place on a copy of the text in the arena: a string's bytes stay where they are, escapes
 * are decoded onto themselves (they never grow), and its closing quote becomes the NUL. Items of arrays and
 * members of objects that are still open lie on two stacks, and move into the arena once their number is known.
 */
struct stack {
    void *data;
    size_t count, capacity;
};

struct reader {
    struct csc_arena *arena;
    struct csc_error *err;
    char *p; /* next byte; the text ends in a NUL of ours */
    const char *end;
    const char *line_start;
    unsigned line;
    int depth;
    bool foreign; /* numbers that are no 64-bit integer become CSC_REAL */
    struct stack items, members;
};

static void stack_free(struct stack *stack)
{
    free(stack->data);
}

/* Room for one more element at the top, or NULL. */
static void *stack_push(struct stack *stack, size_t size)
{
    if (stack->count == stack->capacity) {
        size_t capacity = stack->capacity ? stack->capacity * 2 : 32;
        void *data = reallocarray(stack->data, capacity, size);
        if (!data)
            return NULL;
        stack->data = data;
        stack->capacity = capacity;
    }
    return (char *)stack->data + size * stack->count++;
}

/* Moves the elements from `first` on into the arena. */
static void *stack_move(struct stack *stack, size_t first, size_t size, struct csc_arena *arena)
{
    size_t count = stack->count - first;
    void *moved = csc_arena_array(arena, count, size);

    if (moved && count > 0)
        memcpy(moved, (char *)stack->data + first * size, count * size);
    stack->count = first;
    return moved;
}

static unsigned column(const struct reader *r, const char *at)
{
    return (unsigned)(at - r->line_start) + 1;
}

static int refuse(struct reader *r, const char *at, const char *why)
{
    return csc_fail_at(r->err, r->line, column(r, at), "%s", why);
}

/* "expected X, found Y", where Y is what stands at the next byte. */
static int unexpected(struct reader *r, const char *expected)
{
    if (r->p >= r->end)
        return csc_fail_at(r->err, r->line, column(r, r->p), "expected %s, but the text ends here", expected);
    size_t n = csc_utf8_sequence((unsigned char *)r->p, (size_t)(r->end - r->p));
    if (n == 0)
        return refuse(r, r->p, "invalid UTF-8; save the file as UTF-8");
    char found[CSC_EXCERPT]; /* of a NUL, %s would show nothing */
    return csc_fail_at(r->err, r->line, column(r, r->p), "expected %s, found '%s'", expected,
                       csc_text_excerpt(found, r->p, n));
}

static void skip_space(struct reader *r)
{
    for (;; r->p++) {
        if (*r->p == '\n') {
            r->line++;
            r->line_start = r->p + 1;
        } else if (*r->p != ' ' && *r->p != '\t' && *r->p != '\r') {
            return;
        }
    }
}

static int hex4(const char *p)
{
    int number = 0;

    for (int i = 0; i < 4; i++) {
        int c = (unsigned char)p[i] | 0x20;
        if (p[i] >= '0' && p[i] <= '9')
            number = number << 4 | (p[i] - '0');
        else if (c >= 'a' && c <= 'f')
            number = number << 4 | (c - 'a' + 10);
        else
            return -1;
    }
    return number;
}

static char *put_utf8(char *out, unsigned c)
{
    if (c < 0x80) {
        *out++ = (char)c;
    } else if (c < 0x800) {
        *out++ = (char)(0xC0 | c >> 6);
        *out++ = (char)(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
        *out++ = (char)(0xE0 | c >> 12);
        *out++ = (char)(0x80 | (c >> 6 & 0x3F));
        *out++ = (char)(0x80 | (c & 0x3F));
    } else {
        *out++ = (char)(0xF0 | c >> 18);
        *out++ = (char)(0x80 | (c >> 12 & 0x3F));
        *out++ = (char)(0x80 | (c >> 6 & 0x3F));
        *out++ = (char)(0x80 | (c & 0x3F));
    }
    return out;
}

/* \uXXXX, with its second half where it is a surrogate. r->p is at the 'u'. */
static int read_unicode_escape(struct reader *r, char **out)
{
    const char *at = r->p - 1;
    int high = hex4(r->p + 1); /* the NUL at the end stops hex4 */

    if (high < 0)
        return refuse(r, at, "\\u without four hexadecimal digits; write it as \\u00e9");
    r->p += 5;
    if (high == 0)
        return refuse(r, at, "U+0000 is not allowed in a string; leave it out");
    if (high >= 0xDC00 && high <= 0xDFFF)
        return refuse(r, at, "a lone surrogate is not a character; write the pair or the character itself");
    unsigned c = (unsigned)high;
    if (high >= 0xD800 && high <= 0xDBFF) {
        int low = r->p[0] == '\\' && r->p[1] == 'u' ? hex4(r->p + 2) : -1;
        if (low < 0xDC00 || low > 0xDFFF)
            return refuse(r, at, "a lone surrogate is not a character; write the pair or the character itself");
        c = 0x10000 + ((unsigned)(high - 0xD800) << 10 | (unsigned)(low - 0xDC00));
        r->p += 6;
    }
    *out = put_utf8(*out, c);
    return 0;
}

static int read_escape(struct reader *r, char **out)
{
    static const char plain[256] = {
        ['"'] = '"', ['\\'] = '\\', ['/'] = '/', ['b'] = '\b', ['f'] = '\f', ['n'] = '\n', ['r'] = '\r', ['t'] = '\t'};

    r->p++;
    if (*r->p == 'u')
        return read_unicode_escape(r, out);
    char c = plain[(unsigned char)*r->p];
    if (!c)
        return refuse(r, r->p - 1, "unknown escape; JSON has \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX");
    *(*out)++ = c;
    r->p++;
    return 0;
}

/* Moves over characters that stand for themselves, and stops at a quote, a backslash, a control character or a byte
 * that is no UTF-8. */
static void skip_plain(struct reader *r)
{
    const unsigned char *p = (const unsigned char *)r->p;
    const unsigned char *end = (const unsigned char *)r->end;

    for (;;) {
        while (*p >= 0x20 && *p < 0x80 && *p != '"' && *p != '\\')
            p++;
        size_t n = *p < 0x80 ? 0 : csc_utf8_sequence(p, (size_t)(end - p));
        if (n == 0)
            break;
        p += n;
    }
    r->p += p - (const unsigned char *)r->p;
}

/* What stopped skip_plain() within a string that began at `start`, other than a quote or a backslash. */
static int refuse_in_string(struct reader *r, const char *start)
{
    if ((unsigned char)*r->p >= 0x80)
        return refuse(r, r->p, "invalid UTF-8; save the file as UTF-8");
    if (r->p < r->end)
        return refuse(r, r->p, "a control character in a string; write it as an escape");
    return refuse(r, start, "the string that begins here has no end; close it with a double quote");
}

/* r->p is at the opening quote. The string's bytes go to *ret_string, in the text itself. */
static int read_string(struct reader *r, const char **ret_string, size_t *ret_size)
{
    char *start = ++r->p;
    char *out = start;

    for (;;) {
        char *run = r->p;
        skip_plain(r);
        if (out != run)
            memmove(out, run, (size_t)(r->p - run));
        out += r->p - run;
        if (*r->p == '"')
            break;
        int code = *r->p == '\\' ? read_escape(r, &out) : refuse_in_string(r, start - 1);
        if (code < 0)
            return code;
    }
    *out = '\0';
    r->p++;
    *ret_string = start;
    *ret_size = (size_t)(out - start);
    return 0;
}

/* Digits from r->p on, at least one. */
static int skip_digits(struct reader *r)
{
    if (*r->p < '0' || *r->p > '9')
        return unexpected(r, "a digit");
    while (*r->p >= '0' && *r->p <= '9')
        r->p++;
    return 0;
}

/* The number that began at `start`, whose integer part was read: as text, of which nothing is computed. */
static int read_real(struct reader *r, const char *start, struct csc_value *value)
{
    int code = 0;

    if (*r->p == '.') {
        r->p++;
        code = skip_digits(r);
    }
    if (code == 0 && (*r->p == 'e' || *r->p == 'E')) {
        r->p++;
        r->p += *r->p == '+' || *r->p == '-';
        code = skip_digits(r);
    }
    if (code < 0)
        return code;
    value->type = CSC_REAL;
    value->count = (size_t)(r->p - start);
    value->string = csc_arena_copy(r->arena, start, value->count);
    return value->string ? 0 : csc_fail_memory(r->err);
}

static int read_number(struct reader *r, struct csc_value *value)
{
    const char *start = r->p;
    bool negative = *r->p == '-', fits = true;
    uint64_t limit = negative ? (uint64_t)INT64_MAX + 1 : INT64_MAX;
    uint64_t number = 0;

    r->p += negative;
    if (*r->p < '0' || *r->p > '9')
        return unexpected(r, "a digit");
    if (*r->p == '0' && r->p[1] >= '0' && r->p[1] <= '9')
        return refuse(r, start, "a number with a leading zero; remove the zero");
    for (; *r->p >= '0' && *r->p <= '9'; r->p++) {
        unsigned digit = (unsigned)(*r->p - '0');
        fits = fits && number <= (limit - digit) / 10;
        if (!fits && !r->foreign)
            return refuse(r, start, "an integer that 64 bits cannot hold; make it smaller");
        number = fits ? number * 10 + digit : 0;
    }
    if (!fits || *r->p == '.' || *r->p == 'e' || *r->p == 'E')
        return r->foreign ? read_real(r, start, value) : refuse(r, start, "a real number; write an integer");
    value->type = CSC_INT;
    value->integer = negative ? (int64_t)(0 - number) : (int64_t)number;
    return 0;
}

static int read_word(struct reader *r, struct csc_value *value)
{
    static const struct {
        const char *word;
        enum csc_type type;
        bool boolean;
    } words[] = {{"true", CSC_BOOL, true}, {"false", CSC_BOOL, false}, {"null", CSC_NULL, false}};

    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        size_t size = strlen(words[i].word);
        if ((size_t)(r->end - r->p) >= size && memcmp(r->p, words[i].word, size) == 0) {
            r->p += size;
            value->type = words[i].type;
            value->boolean = words[i].boolean;
            return 0;
        }
    }
    return unexpected(r, "a value");
}

static int read_value(struct reader *r, struct csc_value *value);

static int read_array(struct reader *r, struct csc_value *value)
{
    size_t first = r->items.count;

    r->p++;
    skip_space(r);
    for (bool more = *r->p != ']'; more; r->p++) {
        struct csc_value item = {0};
        int code = read_value(r, &item);
        if (code < 0)
            return code;
        struct csc_value *slot = stack_push(&r->items, sizeof(*slot));
        if (!slot)
            return csc_fail_memory(r->err);
        *slot = item;
        skip_space(r);
        if (*r->p != ',' && *r->p != ']')
            return unexpected(r, "',' or ']'");
        more = *r->p == ',';
        if (!more)
            break;
    }
    r->p++;
    value->type = CSC_ARRAY;
    value->count = r->items.count - first;
    value->items = stack_move(&r->items, first, sizeof(struct csc_value), r->arena);
    return value->items ? 0 : csc_fail_memory(r->err);
}

/* "key": value, onto the stack of members. */
static int read_member(struct reader *r)
{
    struct csc_member member = {0};

    skip_space(r);
    if (*r->p != '"')
        return unexpected(r, "a key in double quotes");
    member.line = r->line;
    member.column = column(r, r->p);
    int code = read_string(r, &member.key, &member.key_size);
    if (code < 0)
        return code;
    skip_space(r);
    if (*r->p != ':')
        return unexpected(r, "':'");
    r->p++;
    code = read_value(r, &member.value);
    if (code < 0)
        return code;
    struct csc_member *slot = stack_push(&r->members, sizeof(*slot));
    if (!slot)
        return csc_fail_memory(r->err);
    *slot = member;
    return 0;
}

static int read_object(struct reader *r, struct csc_value *value)
{
    size_t first = r->members.count;

    r->p++;
    skip_space(r);
    for (bool more = *r->p != '}'; more; r->p++) {
        int code = read_member(r);
        if (code < 0)
            return code;
        skip_space(r);
        if (*r->p != ',' && *r->p != '}')
            return unexpected(r, "',' or '}'");
        more = *r->p == ',';
        if (!more)
            break;
    }
    r->p++;
    value->type = CSC_OBJECT;
    value->count = r->members.count - first;
    value->members = stack_move(&r->members, first, sizeof(struct csc_member), r->arena);
    if (!value->members)
        return csc_fail_memory(r->err);
    const struct csc_member *twice = csc_members_sort(value->members, value->count);
    if (!twice)
        return 0;
    char key[CSC_EXCERPT];
    return csc_fail_at(r->err, twice->line, twice->column, "duplicate key '%s'; keep one of the two",
                       csc_text_excerpt(key, twice->key, twice->key_size));
}

static int read_container(struct reader *r, struct csc_value *value)
{
    if (r->depth == CSC_DEPTH_MAX)
        return csc_fail_at(r->err, r->line, column(r, r->p), "nested deeper than %d levels; flatten it", CSC_DEPTH_MAX);
    r->depth++;
    int code = *r->p == '[' ? read_array(r, value) : read_object(r, value);
    r->depth--;
    return code;
}

static int read_value(struct reader *r, struct csc_value *value)
{
    skip_space(r);
    value->line = r->line;
    value->column = column(r, r->p);
    switch (*r->p) {
    case '{':
    case '[':
        return read_container(r, value);
    case '"':
        value->type = CSC_STRING;
        return read_string(r, &value->string, &value->count);
    case '-':
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9':
        return read_number(r, value);
    default:
        return read_word(r, value);
    }
}

static int read_text(struct reader *r, struct csc_value *value)
{
    if (r->end - r->p >= 3 && memcmp(r->p, "\xEF\xBB\xBF", 3) == 0)
        return refuse(r, r->p, "a byte-order mark; save the file as UTF-8 without one");
    int code = read_value(r, value);
    if (code < 0)
        return code;
    skip_space(r);
    return r->p == r->end ? 0 : unexpected(r, "the end of the text");
}

/* A text, and what may stand in it. */
struct source {
    const void *bytes;
    size_t size;
    bool foreign;
};

static int parse(struct csc_arena *arena, const struct source *source, struct csc_value *ret_value,
                 struct csc_error *err)
{
    struct csc_value value = {0};
    char *text = csc_arena_copy(arena, source->bytes, source->size);

    if (!text)
        return csc_fail_memory(err);
    struct reader r = {.arena = arena,
                       .err = err,
                       .p = text,
                       .end = text + source->size,
                       .line_start = text,
                       .line = 1,
                       .foreign = source->foreign};
    int code = read_text(&r, &value);
    stack_free(&r.items);
    stack_free(&r.members);
    if (code == 0)
        *ret_value = value;
    return code;
}

int csc_json_parse(struct csc_arena *arena, const void *bytes, size_t size, struct csc_value *ret_value,
                   struct csc_error *err)
{
    return parse(arena, &(struct source){bytes, size, false}, ret_value, err);
}

int csc_json_parse_foreign(struct csc_arena *arena, const void *bytes, size_t size, struct csc_value *ret_value,
                           struct csc_error *err)
{
    return parse(arena, &(struct source){bytes, size, true}, ret_value, err);
}
