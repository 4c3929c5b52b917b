/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory for trees that are built once, read, and dropped as a whole. An arena of {0} is empty and valid.
 * Secrets never go into one: its memory is neither locked nor wiped.
 */
#ifndef CSC_BASE_ARENA_H
#define CSC_BASE_ARENA_H

#include <stddef.h>

struct csc_arena {
    struct csc_arena_chunk *chunks; /* newest first */
};

/* Zeroed memory for any type, or NULL when there is none left. Lives until csc_arena_free(). */
void *csc_arena_alloc(struct csc_arena *arena, size_t size);
/* The same for `count` objects of `size` bytes; NULL also when the product overflows. */
void *csc_arena_array(struct csc_arena *arena, size_t count, size_t size);
/* A NUL-terminated copy. */
char *csc_arena_copy(struct csc_arena *arena, const char *s, size_t size);
__attribute__((format(printf, 2, 3))) char *csc_arena_printf(struct csc_arena *arena, const char *format, ...);
void csc_arena_free(struct csc_arena *arena);

#endif
