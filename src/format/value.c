/* SPDX-License-Identifier: Apache-2.0 */
#include "format/value.h"

#include <stdlib.h>
#include <string.h>

/* By the bytes of the keys, which for UTF-8 is by code point; a key that is another's prefix comes first. */
static int compare_keys(const struct csc_member *a, const struct csc_member *b)
{
    size_t shorter = a->key_size < b->key_size ? a->key_size : b->key_size;
    int order = memcmp(a->key, b->key, shorter);

    return order ? order : (a->key_size > b->key_size) - (a->key_size < b->key_size);
}

/* Lines and columns as one number that grows along the text. */
static uint64_t position(const struct csc_member *member)
{
    return member->line ? (uint64_t)member->line << 32 | member->column
                        : (uint64_t)member->value.line << 32 | member->value.column;
}

static int compare_members(const void *a, const void *b)
{
    const struct csc_member *x = a, *y = b;
    int order = compare_keys(x, y);

    return order ? order : (position(x) > position(y)) - (position(x) < position(y));
}

/* Small objects, as nearly all are: qsort's set-up would cost more than the work. */
static void insertion_sort(struct csc_member *members, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct csc_member moving = members[i];
        size_t j = i;
        for (; j > 0 && compare_members(&members[j - 1], &moving) > 0; j--)
            members[j] = members[j - 1];
        members[j] = moving;
    }
}

/* Strictly: without equal keys. */
static bool is_sorted(const struct csc_member *members, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (compare_keys(&members[i - 1], &members[i]) >= 0)
            return false;
    return true;
}

const struct csc_member *csc_members_sort(struct csc_member *members, size_t count)
{
    if (is_sorted(members, count)) /* as canonical texts are */
        return NULL;
    if (count <= 16)
        insertion_sort(members, count);
    else
        qsort(members, count, sizeof(*members), compare_members); /* where glibc finds no memory for it, in place */
    for (size_t i = 1; i < count; i++)
        if (compare_keys(&members[i - 1], &members[i]) == 0)
            return &members[i];
    return NULL;
}

const struct csc_value *csc_value_get(const struct csc_value *object, const char *key)
{
    if (!object || object->type != CSC_OBJECT)
        return NULL;
    for (size_t i = 0; i < object->count; i++)
        if (strcmp(object->members[i].key, key) == 0)
            return &object->members[i].value;
    return NULL;
}

const char *csc_type_name(enum csc_type type)
{
    static const char *const names[] = {"null",     "a boolean", "an integer",   "a string",
                                        "an array", "an object", "a real number"};

    return names[type];
}

struct csc_value csc_value_string(const char *string)
{
    return (struct csc_value){.type = CSC_STRING, .count = strlen(string), .string = string};
}

void csc_object_begin(struct csc_object *object, struct csc_arena *arena, size_t capacity)
{
    *object = (struct csc_object){.members = csc_arena_array(arena, capacity, sizeof(struct csc_member)),
                                  .capacity = capacity};
    object->failed = !object->members;
}

void csc_object_value(struct csc_object *object, const char *key, struct csc_value value)
{
    if (object->failed || object->count == object->capacity) {
        object->failed = true;
        return;
    }
    object->members[object->count++] = (struct csc_member){.key = key, .key_size = strlen(key), .value = value};
}

void csc_object_string(struct csc_object *object, const char *key, const char *string)
{
    csc_object_value(object, key, csc_value_string(string));
}

void csc_object_int(struct csc_object *object, const char *key, int64_t integer)
{
    csc_object_value(object, key, (struct csc_value){.type = CSC_INT, .integer = integer});
}

void csc_object_bool(struct csc_object *object, const char *key, bool boolean)
{
    csc_object_value(object, key, (struct csc_value){.type = CSC_BOOL, .boolean = boolean});
}

void csc_object_strings(struct csc_object *object, struct csc_arena *arena, const char *key, const char *const *strings,
                        size_t count)
{
    struct csc_value *items = csc_arena_array(arena, count, sizeof(*items));

    if (!items) {
        object->failed = true;
        return;
    }
    for (size_t i = 0; i < count; i++)
        items[i] = csc_value_string(strings[i]);
    csc_object_value(object, key, (struct csc_value){.type = CSC_ARRAY, .count = count, .items = items});
}

int csc_object_end(struct csc_object *object, struct csc_value *ret_value, struct csc_error *err)
{
    if (object->failed)
        return csc_fail_memory(err);
    if (csc_members_sort(object->members, object->count))
        return csc_fail(err, CSC_E_INTERNAL, "an object was built with a duplicate key");
    *ret_value = (struct csc_value){.type = CSC_OBJECT, .count = object->count, .members = object->members};
    return 0;
}
