/* SPDX-License-Identifier: Apache-2.0 */
#include "receipt/signature.h"

#include <string.h>

/* Begins a copy of `object` with room for one more member, leaving `key` out. */
static void copy_without(struct csc_object *copy, struct csc_arena *arena, const struct csc_value *object,
                         const char *key)
{
    csc_object_begin(copy, arena, object->count + 1);
    for (size_t i = 0; i < object->count; i++)
        if (strcmp(object->members[i].key, key) != 0)
            csc_object_value(copy, object->members[i].key, object->members[i].value);
}

int csc_object_set(struct csc_arena *arena, struct csc_value *object, const char *key, struct csc_value value,
                   struct csc_error *err)
{
    struct csc_object copy;

    copy_without(&copy, arena, object, key);
    csc_object_value(&copy, key, value);
    return csc_object_end(&copy, object, err);
}

int csc_receipt_payload(const struct csc_value *root, struct csc_buf *ret_payload, struct csc_error *err)
{
    _cleanup_(csc_arena_free) struct csc_arena arena = {0};
    const struct csc_value *signature = csc_value_get(root, "signature");
    struct csc_value bare, payload = *root;
    struct csc_object copy;

    if (!signature)
        return csc_fail(err, CSC_E_INVALID, "the receipt is not signed");
    copy_without(&copy, &arena, signature, "signature");
    int r = csc_object_end(&copy, &bare, err);
    if (r == 0)
        r = csc_object_set(&arena, &payload, "signature", bare, err);
    if (r < 0)
        return r;
    csc_canon_write(ret_payload, &payload);
    return ret_payload->failed ? csc_fail_memory(err) : 0;
}
