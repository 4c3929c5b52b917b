/* SPDX-License-Identifier: Apache-2.0 */
/* What csc policy test prints. Names come out of packs, and are hostile. */
#include <string.h>

#include "cli/policy_pack.h"

/* "pack: case", escaped for a terminal; whoever asks frees it. */
static void put_name(struct csc_buf *text, const struct csc_loaded_pack *loaded, const struct csc_pack_case *one)
{
    csc_buf_escape(text, loaded->pack->name, strlen(loaded->pack->name));
    csc_buf_puts(text, ": ");
    csc_buf_escape(text, one->name, strlen(one->name));
}

/* ---- TAP 14 (https://testanything.org/tap-version-14-specification.html) ------------------------------------ */

/* A '#' would begin a directive: "# SKIP" in a name would make a failure pass. */
static void put_tap(struct csc_buf *text, const char *safe)
{
    for (; safe && *safe; safe++) {
        if (*safe == '#' || *safe == '\\')
            csc_buf_putc(text, '\\');
        csc_buf_putc(text, *safe);
    }
}

/* A double-quoted YAML scalar; there are no control characters left. */
static void put_yaml(struct csc_buf *text, const char *safe)
{
    csc_buf_putc(text, '"');
    for (; *safe; safe++) {
        if (*safe == '"' || *safe == '\\')
            csc_buf_putc(text, '\\');
        csc_buf_putc(text, *safe);
    }
    csc_buf_putc(text, '"');
}

static void put_tap_case(struct csc_buf *text, size_t number, const struct csc_loaded_pack *loaded, size_t i)
{
    _cleanup_buf_ struct csc_buf name = {0};
    const struct csc_case_result *result = &loaded->results[i];

    put_name(&name, loaded, &loaded->pack->cases[i]);
    text->failed |= name.failed;
    csc_buf_printf(text, "%s %zu - ", result->ok ? "ok" : "not ok", number);
    put_tap(text, name.data);
    csc_buf_putc(text, '\n');
    if (result->ok)
        return;
    csc_buf_puts(text, "  ---\n  message: ");
    put_yaml(text, result->message);
    csc_buf_puts(text, "\n  ...\n");
}

void csc_packs_write_tap(struct csc_buf *text, const struct csc_packs *packs)
{
    size_t number = 0;

    csc_buf_printf(text, "TAP version 14\n1..%zu\n", packs->cases);
    for (size_t i = 0; i < packs->count; i++)
        for (size_t k = 0; k < packs->items[i].pack->case_count; k++)
            put_tap_case(text, ++number, &packs->items[i], k);
}

/* ---- JUnit XML ---------------------------------------------------------------------------------------------- */

/* U+FFFE or U+FFFF, which are no characters of XML 1.0: a parser refuses all of the document. */
static bool is_no_character(const char *c)
{
    return strncmp(c, "\xEF\xBF\xBE", 3) == 0 || strncmp(c, "\xEF\xBF\xBF", 3) == 0;
}

/* Of an attribute or a text. Escaped for a terminal first: XML has no control characters either, not even escaped. */
static void put_xml(struct csc_buf *text, const char *hostile)
{
    _cleanup_buf_ struct csc_buf safe = {0};

    csc_buf_escape(&safe, hostile, strlen(hostile));
    text->failed |= safe.failed;
    for (const char *c = safe.data; c && *c; c++) {
        if (*c == '&')
            csc_buf_puts(text, "&amp;");
        else if (*c == '<')
            csc_buf_puts(text, "&lt;");
        else if (*c == '>')
            csc_buf_puts(text, "&gt;");
        else if (*c == '"')
            csc_buf_puts(text, "&quot;");
        else if (*c == '\'')
            csc_buf_puts(text, "&#39;");
        else if (is_no_character(c))
            csc_buf_puts(text, *(c += 2) == '\xBE' ? "\\ufffe" : "\\uffff");
        else
            csc_buf_putc(text, *c);
    }
}

static size_t failures(const struct csc_loaded_pack *loaded)
{
    size_t count = 0;

    for (size_t i = 0; i < loaded->pack->case_count; i++)
        count += !loaded->results[i].ok;
    return count;
}

static void put_junit_case(struct csc_buf *text, const struct csc_loaded_pack *loaded, size_t i)
{
    const struct csc_case_result *result = &loaded->results[i];

    csc_buf_puts(text, "    <testcase classname=\"");
    put_xml(text, loaded->pack->name);
    csc_buf_puts(text, "\" name=\"");
    put_xml(text, loaded->pack->cases[i].name);
    if (result->ok) {
        csc_buf_puts(text, "\"/>\n");
        return;
    }
    csc_buf_puts(text, "\">\n      <failure message=\"");
    put_xml(text, result->message);
    csc_buf_puts(text, "\"/>\n    </testcase>\n");
}

void csc_packs_write_junit(struct csc_buf *text, const struct csc_packs *packs)
{
    csc_buf_printf(text,
                   "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                   "<testsuites name=\"csc policy test\" tests=\"%zu\" failures=\"%zu\" errors=\"0\">\n",
                   packs->cases, packs->failed);
    for (size_t i = 0; i < packs->count; i++) {
        const struct csc_loaded_pack *loaded = &packs->items[i];
        csc_buf_puts(text, "  <testsuite name=\"");
        put_xml(text, loaded->pack->name);
        csc_buf_printf(text, "\" tests=\"%zu\" failures=\"%zu\" errors=\"0\">\n", loaded->pack->case_count,
                       failures(loaded));
        for (size_t k = 0; k < loaded->pack->case_count; k++)
            put_junit_case(text, loaded, k);
        csc_buf_puts(text, "  </testsuite>\n");
    }
    csc_buf_puts(text, "</testsuites>\n");
}

/* ---- JSON --------------------------------------------------------------------------------------------------- */

static int case_value(struct csc_packs *packs, const struct csc_loaded_pack *loaded, size_t i,
                      struct csc_value *ret_value, struct csc_error *err)
{
    const struct csc_case_result *result = &loaded->results[i];
    struct csc_object object;

    csc_object_begin(&object, &packs->arena, 6);
    csc_object_string(&object, "name", loaded->pack->cases[i].name);
    csc_object_bool(&object, "ok", result->ok);
    if (result->decision) {
        csc_object_string(&object, "decision", result->decision);
        csc_object_string(&object, "reason_code", result->code);
        csc_object_strings(&object, &packs->arena, "classified", result->classified, result->classified_count);
    }
    if (result->message)
        csc_object_string(&object, "message", result->message);
    return csc_object_end(&object, ret_value, err);
}

static int pack_value(struct csc_packs *packs, const struct csc_loaded_pack *loaded, struct csc_value *ret_value,
                      struct csc_error *err)
{
    struct csc_value cases = {.type = CSC_ARRAY, .count = loaded->pack->case_count};
    struct csc_object object;

    cases.items = csc_arena_array(&packs->arena, cases.count, sizeof(*cases.items));
    if (!cases.items)
        return csc_fail_memory(err);
    for (size_t i = 0; i < cases.count; i++) {
        int r = case_value(packs, loaded, i, &cases.items[i], err);
        if (r < 0)
            return r;
    }
    csc_object_begin(&object, &packs->arena, 3);
    csc_object_string(&object, "name", loaded->pack->name);
    csc_object_string(&object, "folder", loaded->folder);
    csc_object_value(&object, "cases", cases);
    return csc_object_end(&object, ret_value, err);
}

int csc_packs_value(struct csc_packs *packs, struct csc_value *ret_value, struct csc_error *err)
{
    struct csc_value items = {.type = CSC_ARRAY, .count = packs->count};
    struct csc_object object;

    items.items = csc_arena_array(&packs->arena, items.count, sizeof(*items.items));
    if (!items.items)
        return csc_fail_memory(err);
    for (size_t i = 0; i < items.count; i++) {
        int r = pack_value(packs, &packs->items[i], &items.items[i], err);
        if (r < 0)
            return r;
    }
    csc_object_begin(&object, &packs->arena, 3);
    csc_object_value(&object, "packs", items);
    csc_object_int(&object, "passed", (int64_t)(packs->cases - packs->failed));
    csc_object_int(&object, "failed", (int64_t)packs->failed);
    return csc_object_end(&object, ret_value, err);
}
