/* SPDX-License-Identifier: Apache-2.0 */
/* The columns of an entry, and whether its receipt says the same. */
#include <string.h>

#include "ledger/store.h"

static const char *const field_names[CSC_FIELD_COUNT] = {
    [CSC_FIELD_CONTRACT_ID] = "contract_id",
    [CSC_FIELD_CONTRACT_SHA256] = "contract_sha256",
    [CSC_FIELD_ENDED_AT] = "ended_at",
    [CSC_FIELD_ERROR] = "error",
    [CSC_FIELD_EXECUTION_ID] = "execution_id",
    [CSC_FIELD_MODE] = "execution_mode",
    [CSC_FIELD_POLICY_PROFILE] = "policy_profile",
    [CSC_FIELD_POLICY_SHA256] = "policy_sha256",
    [CSC_FIELD_SIGNATURE] = "signature",
    [CSC_FIELD_STARTED_AT] = "started_at",
    [CSC_FIELD_STATUS] = "status",
    [CSC_FIELD_STDOUT_HASH] = "stdout_hash",
    [CSC_FIELD_STDOUT_TRUNCATED] = "stdout_truncated",
};

static const char *text_of(const struct csc_receipt *receipt, enum csc_receipt_field field)
{
    const struct csc_value *value = csc_value_get(&receipt->root, field_names[field]);

    return value && value->type == CSC_STRING ? value->string : NULL;
}

static bool time_of(const struct csc_receipt *receipt, enum csc_receipt_field field, int64_t *ret_time)
{
    const char *text = text_of(receipt, field);

    return text && csc_time_parse(text, ret_time);
}

int csc_store_row_of(const struct csc_ledger_item *item, const struct csc_buf *bytes, struct csc_store_row *ret_row,
                     struct csc_error *err)
{
    const struct csc_receipt *receipt = item->receipt;
    const char *mode = text_of(receipt, CSC_FIELD_MODE);
    struct csc_ledger_entry entry = {
        .execution_id = receipt->execution_id,
        .contract_id = text_of(receipt, CSC_FIELD_CONTRACT_ID),
        .contract_sha256 = text_of(receipt, CSC_FIELD_CONTRACT_SHA256),
        .policy_profile = text_of(receipt, CSC_FIELD_POLICY_PROFILE),
        .policy_sha256 = text_of(receipt, CSC_FIELD_POLICY_SHA256),
        .signing_key_id = receipt->signature.key_id,
        .actor = item->actor,
        .status = receipt->status,
        .hardened = mode && strcmp(mode, "hardened") == 0,
        .receipt = bytes->data,
        .receipt_size = bytes->size,
        .evidence = item->evidence,
    };

    if (!entry.contract_id || !entry.contract_sha256 || !time_of(receipt, CSC_FIELD_STARTED_AT, &entry.started_at) ||
        !time_of(receipt, CSC_FIELD_ENDED_AT, &entry.ended_at))
        return csc_fail(err, CSC_E_INTERNAL, "a receipt without what every receipt has");
    *ret_row = (struct csc_store_row){.entry = entry};
    return 0;
}

/* ---- scanning ----------------------------------------------------------------------------------------------- */

/* All of these return what follows, or NULL where it is not what it should be. */
static const char *skip_string(const char *p, const char *end)
{
    if (p == end || *p != '"')
        return NULL;
    for (p++; p < end; p++) {
        p = memchr(p, '"', (size_t)(end - p));
        if (!p)
            return NULL;
        size_t escapes = 0;
        while (p[-1 - (ptrdiff_t)escapes] == '\\') /* stops at the quote before, at the latest */
            escapes++;
        if (escapes % 2 == 0)
            return p + 1;
    }
    return NULL;
}

/* An array or object, whose brackets are counted: that they match is for a reader to say. */
static const char *skip_nested(const char *p, const char *end)
{
    size_t depth = 0;

    while (p && p < end) {
        if (*p == '"') {
            p = skip_string(p, end);
            continue;
        }
        if (*p == '{' || *p == '[')
            depth++;
        else if ((*p == '}' || *p == ']') && --depth == 0)
            return p + 1;
        p++;
    }
    return NULL;
}

static const char *skip_value(const char *p, const char *end)
{
    if (p < end && *p == '"')
        return skip_string(p, end);
    if (p < end && (*p == '{' || *p == '['))
        return skip_nested(p, end);
    while (p < end && *p != ',' && *p != '}')
        p++;
    return p;
}

struct member {
    struct csc_slice key, value; /* the key with its quotes */
};

/* The next member of an object; *p is behind its '{' or a member, and then behind the member. */
static bool next_member(const char **p, const char *end, struct member *ret_member)
{
    const char *key = *p;

    if (key < end && *key == ',')
        key++;
    const char *colon = skip_string(key, end);
    if (!colon || colon == end || *colon != ':')
        return false;
    const char *value = colon + 1, *after = skip_value(value, end);
    if (!after || after == value || after == end || (*after != ',' && *after != '}'))
        return false;
    *ret_member = (struct member){{key, (size_t)(colon - key)}, {value, (size_t)(after - value)}};
    *p = after;
    return true;
}

static bool is_named(const struct csc_slice *key, const char *name)
{
    size_t size = strlen(name);

    return key->size == size + 2 && memcmp(key->bytes + 1, name, size) == 0;
}

static bool scan_signature(const struct csc_slice *object, struct csc_receipt_scan *scan)
{
    struct member member;

    if (!object->bytes)
        return true;
    if (*object->bytes != '{')
        return false;
    const char *p = object->bytes + 1, *end = object->bytes + object->size;
    while (*p != '}') {
        if (!next_member(&p, end, &member))
            return false;
        if (is_named(&member.key, "key_id"))
            scan->key_id = member.value;
        if (is_named(&member.key, "signature"))
            scan->signature = member.value;
    }
    return scan->key_id.bytes && scan->signature.bytes;
}

bool csc_receipt_scan(const char *bytes, size_t size, struct csc_receipt_scan *ret_scan)
{
    const char *p = bytes + 1, *end = bytes + size;
    struct csc_receipt_scan scan = {0};
    struct member member;
    int field = 0;

    if (size < 3 || bytes[0] != '{')
        return false;
    /* Members are sorted in canonical bytes, and so are the names here. */
    while (p < end && *p != '}') {
        if (!next_member(&p, end, &member))
            return false;
        for (int i = field; i < CSC_FIELD_COUNT; i++) {
            if (!is_named(&member.key, field_names[i]))
                continue;
            scan.fields[i] = member.value;
            field = i + 1;
            break;
        }
    }
    if (p + 1 != end || !scan_signature(&scan.fields[CSC_FIELD_SIGNATURE], &scan))
        return false;
    *ret_scan = scan;
    return true;
}

/* ---- comparing ---------------------------------------------------------------------------------------------- */

/* Byte for byte: most strings need no escape. */
static bool is_plain(const struct csc_slice *slice, const char *string, size_t size)
{
    return slice->size == size + 2 && slice->bytes[0] == '"' && memcmp(slice->bytes + 1, string, size) == 0 &&
           !memchr(string, '\\', size) && !memchr(string, '"', size);
}

bool csc_slice_is(const struct csc_slice *slice, const char *string, struct csc_buf *scratch)
{
    if (!slice->bytes || !string)
        return !slice->bytes && !string;
    if (is_plain(slice, string, strlen(string)))
        return true;
    scratch->size = 0;
    csc_canon_string(scratch, string, strlen(string));
    return !scratch->failed && scratch->size == slice->size && memcmp(scratch->data, slice->bytes, slice->size) == 0;
}

static bool is_time(const struct csc_slice *slice, int64_t time)
{
    char text[64];
    int64_t said;

    if (!slice->bytes || slice->size < 2 || slice->size - 2 >= sizeof(text))
        return false;
    memcpy(text, slice->bytes + 1, slice->size - 2);
    text[slice->size - 2] = '\0';
    return csc_time_parse(text, &said) && said == time;
}

const char *csc_receipt_differs(const struct csc_receipt_scan *scan, const struct csc_ledger_entry *entry,
                                struct csc_buf *scratch)
{
    const struct csc_slice *fields = scan->fields;
    const struct {
        enum csc_receipt_field field;
        const char *column;
    } strings[] = {
        {CSC_FIELD_EXECUTION_ID, entry->execution_id},       {CSC_FIELD_CONTRACT_ID, entry->contract_id},
        {CSC_FIELD_CONTRACT_SHA256, entry->contract_sha256}, {CSC_FIELD_POLICY_PROFILE, entry->policy_profile},
        {CSC_FIELD_POLICY_SHA256, entry->policy_sha256},     {CSC_FIELD_STATUS, csc_status_names[entry->status]},
    };

    for (size_t i = 0; i < ARRAY_SIZE(strings); i++)
        if (!csc_slice_is(&fields[strings[i].field], strings[i].column, scratch))
            return field_names[strings[i].field];
    if (!is_time(&fields[CSC_FIELD_STARTED_AT], entry->started_at))
        return field_names[CSC_FIELD_STARTED_AT];
    if (!is_time(&fields[CSC_FIELD_ENDED_AT], entry->ended_at))
        return field_names[CSC_FIELD_ENDED_AT];
    if (csc_slice_is(&fields[CSC_FIELD_MODE], "hardened", scratch) != entry->hardened)
        return field_names[CSC_FIELD_MODE];
    return csc_slice_is(&scan->key_id, entry->signing_key_id, scratch) ? NULL : "signing_key_id";
}
