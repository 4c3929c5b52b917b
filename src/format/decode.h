/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values -> structs, by tables: what a value must look like, and where it goes. Objects are closed (an unknown
 * field is an error) and nulls are refused unless a shape says otherwise. One table is the whole validation of an
 * object, so that a reader of the protocol can hold it against its page.
 */
#ifndef CSC_FORMAT_DECODE_H
#define CSC_FORMAT_DECODE_H

#include "format/value.h"

enum csc_kind {
    CSC_KIND_STRING, /* stored as const char * */
    CSC_KIND_ENUM,   /* a string among `names`, stored as int: its index */
    CSC_KIND_INT,    /* stored as int64_t */
    CSC_KIND_BOOL,   /* stored as bool */
    CSC_KIND_OBJECT, /* stored in place, as the struct that `fields` describe */
    CSC_KIND_ARRAY,  /* stored as struct csc_list of `item`s */
};

/* An array as C sees it: `count` elements of the item's type. An array of strings is followed by a NULL, so
 * that it can serve as an argv. */
struct csc_list {
    void *items;
    size_t count;
};

struct csc_shape {
    enum csc_kind kind;
    bool nullable;                     /* null is accepted and stored as if the field were absent */
    bool unique;                       /* array of strings or enums: no two are equal */
    size_t size;                       /* sizeof the C type stored; needed for items of arrays */
    int64_t min;                       /* characters of a string, value of an integer, number of items */
    int64_t max;                       /* likewise; INT64_MAX when the protocol sets none */
    bool (*check)(const char *string); /* string: a further condition, or NULL */
    const char *expect;                /* what `check` accepts, for the message: "an absolute path" */
    const char *const *names;          /* enum: NULL-terminated, index = the C value */
    const struct csc_field *fields;    /* object: ends with a name of NULL */
    const struct csc_shape *item;      /* array */
};

struct csc_field {
    const char *name;
    const struct csc_shape *shape;
    size_t offset;  /* where in the struct it goes */
    size_t present; /* offset of a bool that says it was there; SIZE_MAX: not needed */
    bool required;
};

/* For tables: a field of `struct type`, required or optional, without and with a presence flag. */
#define CSC_REQUIRED(type, member, shape_)                                                                             \
    {                                                                                                                  \
#member, shape_, offsetof(struct type, member), SIZE_MAX, true                                                 \
    }
#define CSC_OPTIONAL(type, member, shape_)                                                                             \
    {                                                                                                                  \
#member, shape_, offsetof(struct type, member), SIZE_MAX, false                                                \
    }
#define CSC_OPTIONAL_FLAG(type, member, shape_, flag)                                                                  \
    {                                                                                                                  \
#member, shape_, offsetof(struct type, member), offsetof(struct type, flag), false                             \
    }
#define CSC_FIELDS_END                                                                                                 \
    {                                                                                                                  \
        NULL, NULL, 0, 0, false                                                                                        \
    }

/*
 * Decodes `value` into the zeroed struct at `out`. Strings keep pointing into the value's arena; lists are made in
 * `arena`. Errors are CSC_E_DATA with the field's path, the value's position, what was found and what would be
 * accepted. The struct's contents are undefined after an error.
 */
int csc_decode(struct csc_arena *arena, const struct csc_value *value, const struct csc_shape *shape, void *out,
               struct csc_error *err);

/*
 * To be called before csc_decode(), so that an object of another version is told so and not that its fields are
 * unknown. `field` of `object`, where it is there, must be the string `accepted`.
 */
int csc_decode_version(const struct csc_value *object, const char *field, const char *accepted, struct csc_error *err);
/* CSC_E_DATA in a field, at the position of `value` (which may be NULL): for rules that no table can say. */
__attribute__((format(printf, 4, 5))) int csc_fail_value(struct csc_error *err, const struct csc_value *value,
                                                         const char *field, const char *format, ...);

/* Conditions that several objects share. */
bool csc_is_sha256_hex(const char *string); /* 64 hexadecimal digits, any case */
bool csc_is_date_time(const char *string);  /* csc_time_parse() reads it */

/* Shapes that several objects share. */
extern const struct csc_shape csc_shape_text;  /* a string of at least one character */
extern const struct csc_shape csc_shape_texts; /* an array of them */
extern const struct csc_shape csc_shape_bool;
extern const struct csc_shape csc_shape_sha256;
extern const struct csc_shape csc_shape_date_time;

#endif
