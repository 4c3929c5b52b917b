/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever is read is written in one canonical way, and read back from either form as the same. */
#include "fuzz.h"

#include <string.h>

#include "format/format.h"

/* The canonical form of `text`, which must parse. */
static void canonicalise(const char *text, size_t size, struct csc_buf *canonical)
{
    struct csc_arena arena = {0};
    struct csc_value value;

    PROMISE(csc_json_parse(&arena, text, size, &value, NULL) == 0);
    csc_canon_write(canonical, &value);
    PROMISE(!canonical->failed);
    csc_arena_free(&arena);
}

static void check_forms(const struct csc_value *value)
{
    struct csc_buf canonical = {0}, again = {0}, pretty = {0}, from_pretty = {0};

    csc_canon_write(&canonical, value);
    csc_json_write(&pretty, value);
    PROMISE(!canonical.failed && !pretty.failed);
    PROMISE(csc_utf8_valid(canonical.data, canonical.size));
    canonicalise(canonical.data, canonical.size, &again);
    canonicalise(pretty.data, pretty.size, &from_pretty);
    PROMISE(again.size == canonical.size && memcmp(again.data, canonical.data, again.size) == 0);
    PROMISE(from_pretty.size == canonical.size && memcmp(from_pretty.data, canonical.data, canonical.size) == 0);
    csc_buf_free(&canonical);
    csc_buf_free(&again);
    csc_buf_free(&pretty);
    csc_buf_free(&from_pretty);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct csc_arena arena = {0};
    struct csc_value value;
    struct csc_error err = {0};

    int code = csc_json_parse(&arena, bytes, size, &value, &err);
    if (code == 0) {
        PROMISE(err.code == CSC_OK);
        check_forms(&value);
    } else {
        fuzz_check_refusal(code, &err);
        PROMISE(err.line > 0 && err.column <= size + 1);
    }
    csc_arena_free(&arena);
    return 0;
}
