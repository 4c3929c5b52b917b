/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What JSON and YAML texts mean: a tree in an arena. Integers have 64 bits, reals don't exist (but in messages of
 * others, see csc_json_parse_foreign()), members are in canonical order (by the bytes of their keys) with unique keys,
 * strings are valid UTF-8 without U+0000.
 */
#ifndef CSC_FORMAT_VALUE_H
#define CSC_FORMAT_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

enum { CSC_DEPTH_MAX = 64 }; /* levels of arrays and objects, protocol section 2 */

enum csc_type {
    CSC_NULL,
    CSC_BOOL,
    CSC_INT,
    CSC_STRING,
    CSC_ARRAY,
    CSC_OBJECT,
    CSC_REAL, /* its text is in `string` */
};

struct csc_member;

struct csc_value {
    enum csc_type type;
    unsigned line, column; /* where it began in its text, 1-based, in bytes; 0 when it was built */
    /* Bytes of the string, items of the array, members of the object. */
    size_t count;
    union {
        bool boolean;
        int64_t integer;
        const char *string; /* NUL-terminated */
        struct csc_value *items;
        struct csc_member *members;
    };
};

struct csc_member {
    const char *key; /* NUL-terminated */
    size_t key_size;
    unsigned line, column; /* of the key; 0 when only the value's position is known */
    struct csc_value value;
};

/* The member's value, or NULL. `object` may be of any type. */
const struct csc_value *csc_value_get(const struct csc_value *object, const char *key);
/* "null", "a boolean", "an integer", "a string", "an array", "an object", "a real number": for messages. */
const char *csc_type_name(enum csc_type type);

/*
 * Sorts members into canonical order. Returns NULL, or, when keys are equal, a member that came after another with
 * its key (by position in the text).
 */
const struct csc_member *csc_members_sort(struct csc_member *members, size_t count);

/*
 * Building a tree. A builder collects the members of one object, whose size is fixed when it begins; running
 * out of memory is remembered and found by csc_object_end(). Strings are referenced, not copied.
 */
struct csc_object {
    struct csc_member *members;
    size_t count, capacity;
    bool failed;
};

void csc_object_begin(struct csc_object *object, struct csc_arena *arena, size_t capacity);
void csc_object_string(struct csc_object *object, const char *key, const char *string);
void csc_object_int(struct csc_object *object, const char *key, int64_t integer);
void csc_object_bool(struct csc_object *object, const char *key, bool boolean);
void csc_object_value(struct csc_object *object, const char *key, struct csc_value value);
/* An array of strings. */
void csc_object_strings(struct csc_object *object, struct csc_arena *arena, const char *key, const char *const *strings,
                        size_t count);
int csc_object_end(struct csc_object *object, struct csc_value *ret_value, struct csc_error *err);

struct csc_value csc_value_string(const char *string);

#endif
