/* SPDX-License-Identifier: Apache-2.0 */
/* Damaged texts, the same in every run: our reader and jansson accept the same ones, but for what the protocol
 * refuses beyond JSON, and mean the same by them. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/format.h"

enum { ROUNDS = 300000, TEXT_MAX = 512 };

static const char *const seeds[] = {
    "{\"a\":[1,-0,true,null],\"b\":{\"c\":\"d\",\"\":[]},\"e\":false}",
    "[\"\\u00e9\\ud83d\\ude00\\n\\\"\\\\\\/\",\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"]",
    "[9223372036854775807,-9223372036854775808,0,10,-1]",
    "{\"k1\":1,\"k2\":2,\"k3\":{\"k1\":1,\"k2\":[{},{\"x\":[[[]]]}]}}",
    " [ 1 , { \"a\" : \"b\" } ,\n\t\"c\"\r\n] ",
};

/* xorshift64: the same numbers everywhere. */
static uint64_t next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static size_t damage(char *text, size_t size, uint64_t *state)
{
    static const char tokens[] = "{}[]\",:\\u0dD8-+.eE1 tfn\x80\xc3\xed\xf4\x1f\x7f";

    for (uint64_t n = 1 + next(state) % 3; n > 0; n--) {
        size_t at = next(state) % size;
        char byte = tokens[next(state) % (sizeof(tokens) - 1)]; /* jansson 2.14 loses a NUL after a number */
        switch (next(state) % 4) {
        case 0:
            text[at] = byte;
            break;
        case 1:
            if (size > 1)
                memmove(text + at, text + at + 1, --size - at);
            break;
        case 2:
            memmove(text + at + 1, text + at, size++ - at);
            text[at] = byte;
            break;
        default: { /* a piece again, which makes duplicate keys */
            size_t length = next(state) % (size - at) + 1;
            memmove(text + at + length, text + at, size - at);
            size += length;
            size = size > TEXT_MAX / 2 ? TEXT_MAX / 2 : size;
            break;
        }
        }
    }
    return size;
}

static bool has_real(const json_t *value)
{
    const char *key;
    json_t *item;
    size_t i;

    if (json_is_real(value))
        return true;
    json_array_foreach(value, i, item) if (has_real(item)) return true;
    json_object_foreach((json_t *)value, key, item) if (has_real(item)) return true;
    return false;
}

/* What our canonical bytes say, jansson reads as what it read from the text. */
static bool means_the_same(const struct csc_value *ours, const json_t *theirs)
{
    _cleanup_buf_ struct csc_buf canonical = {0};

    csc_canon_write(&canonical, ours);
    json_t *again = json_loadb(canonical.data, canonical.size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
    bool same = again && json_equal(again, theirs);
    json_decref(again);
    return same;
}

static bool agree(const char *text, size_t size, unsigned *accepted)
{
    struct csc_arena arena = {0};
    struct csc_value value;
    struct csc_error err = {0};
    json_error_t why;

    bool ours = csc_json_parse(&arena, text, size, &value, &err) == 0;
    json_t *theirs = json_loadb(text, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);
    bool agreed = ours ? theirs && means_the_same(&value, theirs) : !theirs || has_real(theirs);
    if (!agreed)
        (void)printf("ours: %s\njansson: %s\n%.*s\n", ours ? "accepted" : err.text, theirs ? "accepted" : why.text,
                     (int)size, text);
    *accepted += ours;
    json_decref(theirs);
    csc_arena_free(&arena);
    return agreed;
}

int main(void)
{
    uint64_t state = 0x20260320;
    unsigned accepted = 0;

    for (int i = 0; i < ROUNDS; i++) {
        char text[TEXT_MAX];
        const char *seed = seeds[next(&state) % ARRAY_SIZE(seeds)];
        size_t size = strlen(seed);
        memcpy(text, seed, size);
        size = damage(text, size, &state);
        if (!agree(text, size, &accepted))
            return 1;
    }
    (void)printf("ok: %d texts, %u of them accepted\n", ROUNDS, accepted);
    return accepted > ROUNDS / 100 ? 0 : 1;
}
