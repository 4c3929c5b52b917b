/* SPDX-License-Identifier: Apache-2.0 */
#include "format/decode.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "format/time.h"

/* Where the decoder is, as a chain of stack frames: the path is spelled out only when there is an error. */
struct place {
    const struct place *up;
    const char *name; /* NULL: an array item */
    size_t index;
};

struct decoder {
    struct csc_arena *arena;
    struct csc_error *err;
};

/* Returns the length written; what has no room is left out. No deeper than the shapes are nested. */
static size_t write_path(char *path, size_t capacity, const struct place *place)
{
    if (!place)
        return 0;
    size_t used = write_path(path, capacity, place->up);
    int n = place->name ? snprintf(path + used, capacity - used, "%s%s", used ? "." : "", place->name)
                        : snprintf(path + used, capacity - used, "[%zu]", place->index);
    return n < 0 || (size_t)n >= capacity - used ? capacity - 1 : used + (size_t)n;
}

__attribute__((format(printf, 4, 0))) static int fail_value(struct csc_error *err, const struct csc_value *value,
                                                            const char *field, const char *format, va_list args)
{
    char line[512];

    (void)vsnprintf(line, sizeof(line), format, args);
    if (err && err->code == CSC_OK && value) {
        err->line = value->line;
        err->column = value->column;
    }
    return csc_fail_field(err, field, "%s", line);
}

__attribute__((format(printf, 4, 5))) static int refuse(const struct decoder *d, const struct place *place,
                                                        const struct csc_value *value, const char *format, ...)
{
    char path[sizeof(d->err->field)] = "";
    va_list args;

    (void)write_path(path, sizeof(path), place);
    va_start(args, format);
    int r = fail_value(d->err, value, path, format, args);
    va_end(args);
    return r;
}

static const char *plural(int64_t number)
{
    return number == 1 ? "" : "s";
}

/* Limits as people read them: "1 to 20 items", "at least 1 character", "at most 4000 characters". */
static void describe_range(const struct csc_shape *shape, const char *unit, char text[80])
{
    const char *s = unit[0] ? plural(shape->max == INT64_MAX ? shape->min : shape->max) : "";

    if (shape->max == INT64_MAX)
        (void)snprintf(text, 80, "at least %" PRId64 "%s%s", shape->min, unit, s);
    else if (shape->min == 0)
        (void)snprintf(text, 80, "at most %" PRId64 "%s%s", shape->max, unit, s);
    else
        (void)snprintf(text, 80, "%" PRId64 " to %" PRId64 "%s%s", shape->min, shape->max, unit, s);
}

static int check_count(const struct decoder *d, const struct place *place, const struct csc_value *value,
                       const struct csc_shape *shape, size_t count)
{
    const char *unit = shape->kind == CSC_KIND_STRING ? " character" : " item";
    char range[80];

    if ((int64_t)count >= shape->min && (int64_t)count <= shape->max)
        return 0;
    describe_range(shape, unit, range);
    return count == 0
               ? refuse(d, place, value, "is empty; must have %s", range)
               : refuse(d, place, value, "has %zu%s%s; must have %s", count, unit, plural((int64_t)count), range);
}

static int decode_string(const struct decoder *d, const struct place *place, const struct csc_value *value,
                         const struct csc_shape *shape, void *out)
{
    char excerpt[CSC_EXCERPT];
    int r = check_count(d, place, value, shape, csc_utf8_count(value->string, value->count));

    if (r < 0)
        return r;
    if (shape->check && !shape->check(value->string))
        return refuse(d, place, value, "must be %s, not '%s'", shape->expect,
                      csc_text_excerpt(excerpt, value->string, value->count));
    *(const char **)out = value->string;
    return 0;
}

static void list_names(const char *const *names, char *text, size_t capacity)
{
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = 0; names[i] && used < capacity; i++)
        used += (size_t)snprintf(text + used, capacity - used, "%s%s", i ? ", " : "", names[i]);
}

static int decode_enum(const struct decoder *d, const struct place *place, const struct csc_value *value,
                       const struct csc_shape *shape, void *out)
{
    char excerpt[CSC_EXCERPT], accepted[256];

    for (int i = 0; shape->names[i]; i++) {
        if (strcmp(shape->names[i], value->string) == 0) {
            *(int *)out = i;
            return 0;
        }
    }
    list_names(shape->names, accepted, sizeof(accepted));
    return refuse(d, place, value, "'%s' is not accepted; use %s%s",
                  csc_text_excerpt(excerpt, value->string, value->count), shape->names[1] ? "one of " : "", accepted);
}

static int decode_int(const struct decoder *d, const struct place *place, const struct csc_value *value,
                      const struct csc_shape *shape, void *out)
{
    char range[80];

    if (value->integer < shape->min || value->integer > shape->max) {
        describe_range(shape, "", range);
        return refuse(d, place, value, "is %" PRId64 "; must be %s", value->integer, range);
    }
    *(int64_t *)out = value->integer;
    return 0;
}

static int decode_any(const struct decoder *d, const struct place *place, const struct csc_value *value,
                      const struct csc_shape *shape, void *out);

/* Equal strings in the order of the array. */
static int compare_strings(const void *a, const void *b)
{
    const struct csc_value *x = *(const struct csc_value *const *)a, *y = *(const struct csc_value *const *)b;
    int order = strcmp(x->string, y->string);

    return order ? order : (x > y) - (x < y);
}

/* All items are strings by now. */
static int check_unique(const struct decoder *d, const struct place *place, const struct csc_value *value)
{
    _cleanup_free_ const struct csc_value **sorted = reallocarray(NULL, value->count + 1, sizeof(*sorted));

    if (!sorted)
        return csc_fail_memory(d->err);
    for (size_t i = 0; i < value->count; i++)
        sorted[i] = &value->items[i];
    qsort(sorted, value->count, sizeof(*sorted), compare_strings);
    for (size_t i = 1; i < value->count; i++) {
        if (strcmp(sorted[i - 1]->string, sorted[i]->string) != 0)
            continue;
        char excerpt[CSC_EXCERPT];
        struct place here = {.up = place, .index = (size_t)(sorted[i] - value->items)};
        return refuse(d, &here, sorted[i], "repeats '%s'; keep one of the two",
                      csc_text_excerpt(excerpt, sorted[i]->string, sorted[i]->count));
    }
    return 0;
}

static int decode_array(const struct decoder *d, const struct place *place, const struct csc_value *value,
                        const struct csc_shape *shape, void *out)
{
    struct csc_list *list = out;
    int r = check_count(d, place, value, shape, value->count);

    if (r < 0)
        return r;
    /* One more, zeroed: the NULL behind an argv. */
    char *items = csc_arena_array(d->arena, value->count + 1, shape->item->size);
    if (!items)
        return csc_fail_memory(d->err);
    for (size_t i = 0; i < value->count; i++) {
        struct place here = {.up = place, .index = i};
        r = decode_any(d, &here, &value->items[i], shape->item, items + i * shape->item->size);
        if (r < 0)
            return r;
    }
    list->items = items;
    list->count = value->count;
    return shape->unique ? check_unique(d, place, value) : 0;
}

static const struct csc_field *find_field(const struct csc_field *fields, const char *name)
{
    for (; fields->name; fields++)
        if (strcmp(fields->name, name) == 0)
            return fields;
    return NULL;
}

static int refuse_unknown(const struct decoder *d, const struct place *place, const struct csc_member *member,
                          const struct csc_field *fields)
{
    char key[CSC_EXCERPT], known[360];
    struct place here = {.up = place, .name = csc_text_excerpt(key, member->key, member->key_size)};
    struct csc_value at = {.line = member->line ? member->line : member->value.line,
                           .column = member->line ? member->column : member->value.column};
    size_t used = 0;

    known[0] = '\0';
    for (; fields->name && used < sizeof(known); fields++)
        used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s", used ? ", " : "", fields->name);
    return refuse(d, &here, &at, "unknown field; remove it (known here: %s)", known);
}

static int decode_object(const struct decoder *d, const struct place *place, const struct csc_value *value,
                         const struct csc_shape *shape, void *out)
{
    for (const struct csc_field *field = shape->fields; field->name; field++) {
        struct place here = {.up = place, .name = field->name};
        if (field->required && !csc_value_get(value, field->name))
            return refuse(d, &here, value, "is missing; it is required");
    }
    for (size_t i = 0; i < value->count; i++) {
        const struct csc_member *member = &value->members[i];
        const struct csc_field *field = find_field(shape->fields, member->key);
        if (!field)
            return refuse_unknown(d, place, member, shape->fields);
        struct place here = {.up = place, .name = field->name};
        int r = decode_any(d, &here, &member->value, field->shape, (char *)out + field->offset);
        if (r < 0)
            return r;
        if (field->present != SIZE_MAX)
            *(bool *)((char *)out + field->present) = member->value.type != CSC_NULL;
    }
    return 0;
}

static int decode_any(const struct decoder *d, const struct place *place, const struct csc_value *value,
                      const struct csc_shape *shape, void *out)
{
    static const enum csc_type wanted[] = {
        [CSC_KIND_STRING] = CSC_STRING, [CSC_KIND_ENUM] = CSC_STRING,   [CSC_KIND_INT] = CSC_INT,
        [CSC_KIND_BOOL] = CSC_BOOL,     [CSC_KIND_OBJECT] = CSC_OBJECT, [CSC_KIND_ARRAY] = CSC_ARRAY,
    };

    if (shape->nullable && value->type == CSC_NULL)
        return 0;
    if (value->type != wanted[shape->kind])
        return refuse(d, place, value, "is %s; must be %s", csc_type_name(value->type),
                      csc_type_name(wanted[shape->kind]));
    switch (shape->kind) {
    case CSC_KIND_STRING:
        return decode_string(d, place, value, shape, out);
    case CSC_KIND_ENUM:
        return decode_enum(d, place, value, shape, out);
    case CSC_KIND_INT:
        return decode_int(d, place, value, shape, out);
    case CSC_KIND_ARRAY:
        return decode_array(d, place, value, shape, out);
    case CSC_KIND_OBJECT:
        return decode_object(d, place, value, shape, out);
    case CSC_KIND_BOOL:
        *(bool *)out = value->boolean;
        return 0;
    }
    return refuse(d, place, value, "has no known shape");
}

int csc_decode(struct csc_arena *arena, const struct csc_value *value, const struct csc_shape *shape, void *out,
               struct csc_error *err)
{
    const struct decoder d = {.arena = arena, .err = err};

    return decode_any(&d, NULL, value, shape, out);
}

int csc_fail_value(struct csc_error *err, const struct csc_value *value, const char *field, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int r = fail_value(err, value, field, format, args);
    va_end(args);
    return r;
}

int csc_decode_version(const struct csc_value *object, const char *field, const char *accepted, struct csc_error *err)
{
    const struct csc_value *version = csc_value_get(object, field);
    char excerpt[CSC_EXCERPT];

    if (!version || version->type != CSC_STRING || strcmp(version->string, accepted) == 0)
        return 0;
    return csc_fail_value(err, version, field, "'%s' is not accepted; use %s",
                          csc_text_excerpt(excerpt, version->string, version->count), accepted);
}

bool csc_is_sha256_hex(const char *string)
{
    return strlen(string) == 64 && strspn(string, "0123456789abcdefABCDEF") == 64;
}

bool csc_is_date_time(const char *string)
{
    int64_t time;

    return csc_time_parse(string, &time);
}

const struct csc_shape csc_shape_text = {
    .kind = CSC_KIND_STRING, .size = sizeof(const char *), .min = 1, .max = INT64_MAX};
const struct csc_shape csc_shape_texts = {
    .kind = CSC_KIND_ARRAY, .max = INT64_MAX, .item = &csc_shape_text, .size = sizeof(struct csc_list)};
const struct csc_shape csc_shape_bool = {.kind = CSC_KIND_BOOL, .size = sizeof(bool)};
const struct csc_shape csc_shape_sha256 = {.kind = CSC_KIND_STRING,
                                           .size = sizeof(const char *),
                                           .max = INT64_MAX,
                                           .check = csc_is_sha256_hex,
                                           .expect = "64 hexadecimal digits"};
const struct csc_shape csc_shape_date_time = {.kind = CSC_KIND_STRING,
                                              .size = sizeof(const char *),
                                              .max = INT64_MAX,
                                              .check = csc_is_date_time,
                                              .expect = "a date-time such as 2026-03-20T10:00:00Z"};
