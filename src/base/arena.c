/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_BYTES = 16 << 10, ALIGNMENT = 16 };

struct csc_arena_chunk {
    struct csc_arena_chunk *next;
    size_t used, capacity;
    _Alignas(ALIGNMENT) unsigned char bytes[];
};

static struct csc_arena_chunk *add_chunk(struct csc_arena *arena, size_t size)
{
    /* Each chunk is twice as large as the one before, up to 1 MiB, so that big trees need few of them. */
    size_t capacity = arena->chunks ? arena->chunks->capacity * 2 : CHUNK_BYTES;
    if (capacity > (size_t)1 << 20)
        capacity = (size_t)1 << 20;
    if (capacity < size)
        capacity = size;
    if (capacity > SIZE_MAX - sizeof(struct csc_arena_chunk))
        return NULL;

    struct csc_arena_chunk *chunk = malloc(sizeof(*chunk) + capacity);
    if (!chunk)
        return NULL;
    *chunk = (struct csc_arena_chunk){.next = arena->chunks, .capacity = capacity};
    arena->chunks = chunk;
    return chunk;
}

void *csc_arena_alloc(struct csc_arena *arena, size_t size)
{
    if (size > SIZE_MAX - ALIGNMENT)
        return NULL;
    size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;

    struct csc_arena_chunk *chunk = arena->chunks;
    if (!chunk || chunk->capacity - chunk->used < size)
        chunk = add_chunk(arena, size);
    if (!chunk)
        return NULL;
    /* What is never handed out is never touched: most chunks stay half empty. */
    void *memory = memset(chunk->bytes + chunk->used, 0, size);
    chunk->used += size;
    return memory;
}

void *csc_arena_array(struct csc_arena *arena, size_t count, size_t size)
{
    size_t total;

    return __builtin_mul_overflow(count, size, &total) ? NULL : csc_arena_alloc(arena, total);
}

char *csc_arena_copy(struct csc_arena *arena, const char *s, size_t size)
{
    char *copy = size < SIZE_MAX ? csc_arena_alloc(arena, size + 1) : NULL;

    if (copy && size > 0)
        memcpy(copy, s, size);
    return copy;
}

char *csc_arena_printf(struct csc_arena *arena, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = length < 0 ? NULL : csc_arena_alloc(arena, (size_t)length + 1);
    if (!text)
        return NULL;
    va_start(args, format);
    (void)vsnprintf(text, (size_t)length + 1, format, args);
    va_end(args);
    return text;
}

void csc_arena_free(struct csc_arena *arena)
{
    struct csc_arena_chunk *chunk = arena->chunks;

    while (chunk) {
        struct csc_arena_chunk *next = chunk->next;
        free(chunk);
        chunk = next;
    }
    arena->chunks = NULL;
}
