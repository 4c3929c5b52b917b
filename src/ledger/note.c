/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/note.h"

#include <string.h>

#include "ledger/lines.h"

#define DASH "\xE2\x80\x94 " /* U+2014 and a space */

static int parse_signature(struct csc_line line, struct csc_note_signature *signature, struct csc_error *err)
{
    uint8_t bytes[CSC_NOTE_SIGNATURE_BYTES_MAX];

    if (!csc_line_skip(&line, DASH))
        return csc_line_fail(err, &line, "must be a signature: \"\xE2\x80\x94 NAME BASE64\", beginning with U+2014");
    const char *end = memchr(line.text, ' ', line.size);
    signature->name = line.text;
    signature->name_size = end ? (size_t)(end - line.text) : line.size;
    if (!end || !csc_note_name_valid(signature->name, signature->name_size))
        return csc_line_fail(err, &line,
                             "the name of a signature's key must be 1 to %d bytes without white space and '+', then a "
                             "space",
                             CSC_NOTE_NAME_MAX);
    struct csc_line text = {end + 1, line.size - signature->name_size - 1, line.number};
    size_t size = csc_line_bytes(&text, bytes, sizeof(bytes));
    if (size <= sizeof(signature->id))
        return csc_line_fail(err, &line, "the signature is not the strict base64 of %zu to %zu bytes",
                             sizeof(signature->id) + 1, sizeof(bytes));
    memcpy(signature->id, bytes, sizeof(signature->id));
    signature->is_ed25519 = size == sizeof(signature->id) + sizeof(signature->bytes);
    if (signature->is_ed25519)
        memcpy(signature->bytes, bytes + sizeof(signature->id), sizeof(signature->bytes));
    return 0;
}

/* Size of the text: all before the last empty line. 0 when there is none, or nothing before it. */
static size_t find_text(const char *bytes, size_t size)
{
    for (size_t i = size; i >= 2; i--)
        if (bytes[i - 1] == '\n' && bytes[i - 2] == '\n')
            return i - 1;
    return 0;
}

static unsigned count_lines(const char *text, size_t size)
{
    unsigned count = 0;

    for (size_t i = 0; i < size; i++)
        count += text[i] == '\n';
    return count;
}

static int parse(const char *bytes, size_t size, struct csc_note *note, struct csc_error *err)
{
    struct csc_line line = {bytes, 0, note->line};

    if (size > CSC_NOTE_BYTES_MAX)
        return csc_line_fail(err, &line, "larger than the %zu bytes a note may have", CSC_NOTE_BYTES_MAX);
    int r = csc_lines_check(bytes, size, note->line, err);
    if (r < 0)
        return r;
    note->text = bytes;
    note->text_size = find_text(bytes, size);
    if (note->text_size == 0)
        return csc_line_fail(err, &line, "no signed note: there is no text with an empty line after it");
    struct csc_lines lines = {bytes + note->text_size + 1, bytes + size,
                              note->line + count_lines(bytes, note->text_size) + 1};
    for (; r == 0 && csc_lines_next(&lines, &line); note->count++) {
        if (note->count == CSC_NOTE_SIGNATURES_MAX)
            return csc_line_fail(err, &line, "more than %d signatures", CSC_NOTE_SIGNATURES_MAX);
        r = parse_signature(line, &note->signatures[note->count], err);
    }
    if (r == 0 && note->count == 0)
        return csc_fail_at(err, lines.number, 1, "no signature after the empty line");
    return r;
}

int csc_note_parse(const char *bytes, size_t size, unsigned line, struct csc_note *ret_note, struct csc_error *err)
{
    struct csc_note note = {.line = line};

    int r = parse(bytes, size, &note, err);
    if (r < 0)
        return csc_error_in_stage(err, "ledger", r);
    *ret_note = note;
    return 0;
}

static bool is_by(const struct csc_note_signature *signature, const struct csc_note_key *key)
{
    return strlen(key->name) == signature->name_size && memcmp(key->name, signature->name, signature->name_size) == 0 &&
           memcmp(key->id, signature->id, sizeof(key->id)) == 0;
}

static int verify(const struct csc_note *note, const struct csc_note_key *keys, size_t count, struct csc_error *err)
{
    char shown[CSC_EXCERPT];
    bool signed_by_one = false;

    for (size_t i = 0; i < note->count; i++)
        for (size_t k = 0; k < count; k++) {
            const struct csc_note_signature *signature = &note->signatures[i];
            if (!is_by(signature, &keys[k]))
                continue;
            if (!signature->is_ed25519 ||
                !csc_ed25519_verify(&keys[k].public, note->text, note->text_size, signature->bytes))
                return csc_fail(err, CSC_E_INVALID,
                                "the signature under the name '%s' is wrong; the text was altered, or another key "
                                "signed it",
                                csc_text_excerpt(shown, keys[k].name, strlen(keys[k].name)));
            signed_by_one = true;
        }
    if (signed_by_one)
        return 0;
    return csc_fail(err, CSC_E_INVALID, "no signature by %s%s%s; give the key you trust",
                    count == 1 ? "the key '" : "any of the known keys",
                    count == 1 ? csc_text_excerpt(shown, keys[0].name, strlen(keys[0].name)) : "",
                    count == 1 ? "'" : "");
}

int csc_note_verify(const struct csc_note *note, const struct csc_note_key *keys, size_t count, struct csc_error *err)
{
    int r = csc_crypto_ready(err);

    return csc_error_in_stage(err, "ledger", r < 0 ? r : verify(note, keys, count, err));
}

/* Appends the line of a signature over the text. */
static int sign(const struct csc_buf *text, const struct csc_note_key *name, const struct csc_signing_key *key,
                struct csc_buf *note, struct csc_error *err)
{
    uint8_t bytes[CSC_NOTE_ID_BYTES + CSC_SIGNATURE_BYTES];
    uint8_t *signature = bytes + CSC_NOTE_ID_BYTES;

    int r = csc_ed25519_sign(key, text->data, text->size, signature, err);
    if (r < 0)
        return r;
    /* As for receipts: a fault while signing can give the key away. */
    if (!csc_ed25519_verify(&name->public, text->data, text->size, signature))
        return csc_fail(err, CSC_E_INTERNAL, "the new signature does not verify");
    memcpy(bytes, name->id, sizeof(name->id));
    csc_buf_puts(note, DASH);
    csc_buf_puts(note, name->name);
    csc_buf_putc(note, ' ');
    csc_base64_encode(note, bytes, sizeof(bytes));
    csc_buf_putc(note, '\n');
    return 0;
}

int csc_note_sign(const struct csc_buf *text, const char *name, const struct csc_signing_key *key,
                  struct csc_buf *ret_note, struct csc_error *err)
{
    _cleanup_buf_ struct csc_buf note = {0};
    struct csc_note_key signer;

    int r = text->failed ? csc_fail_memory(err) : csc_lines_check(text->data, text->size, 1, err);
    if (r == 0)
        r = csc_note_key_make(name, csc_signing_key_public(key), &signer, err);
    if (r < 0)
        return csc_error_in_stage(err, "ledger", r);
    csc_buf_append(&note, text->data, text->size);
    csc_buf_putc(&note, '\n');
    r = sign(text, &signer, key, &note, err);
    if (r == 0) {
        csc_buf_append(ret_note, note.data, note.failed ? 0 : note.size);
        r = note.failed || ret_note->failed ? csc_fail_memory(err) : 0;
    }
    return csc_error_in_stage(err, "ledger", r);
}
