/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "ledger/lines.h"
#include "ledger/note.h"

enum { KIND_ED25519 = 1 };

/* White space of Unicode beyond ASCII, in UTF-8. ASCII's is below. */
static const char *const spaces[] = {
    "\xC2\x85",     "\xC2\xA0",     "\xE1\x9A\x80", "\xE2\x80\x80", "\xE2\x80\x81", "\xE2\x80\x82", "\xE2\x80\x83",
    "\xE2\x80\x84", "\xE2\x80\x85", "\xE2\x80\x86", "\xE2\x80\x87", "\xE2\x80\x88", "\xE2\x80\x89", "\xE2\x80\x8A",
    "\xE2\x80\xA8", "\xE2\x80\xA9", "\xE2\x80\xAF", "\xE2\x81\x9F", "\xE3\x80\x80",
};

static bool is_space(const char *s, size_t size)
{
    for (size_t i = 0; i < ARRAY_SIZE(spaces); i++)
        if (strlen(spaces[i]) == size && memcmp(spaces[i], s, size) == 0)
            return true;
    return false;
}

bool csc_note_name_valid(const char *name, size_t size)
{
    if (size == 0 || size > CSC_NOTE_NAME_MAX)
        return false;
    for (size_t i = 0, n; i < size; i += n) {
        n = csc_utf8_sequence((const unsigned char *)name + i, size - i);
        if (n == 0 || (n == 1 && ((unsigned char)name[i] <= ' ' || name[i] == '+')) || is_space(name + i, n))
            return false;
    }
    return true;
}

/* SHA-256(name || newline || kind || key), its first bytes. */
static void make_id(struct csc_note_key *key)
{
    uint8_t digest[CSC_SHA256_BYTES];
    struct sha256_ctx context;

    sha256_init(&context);
    sha256_update(&context, strlen(key->name), (const uint8_t *)key->name);
    sha256_update(&context, 2, (const uint8_t[]){'\n', KIND_ED25519});
    sha256_update(&context, sizeof(key->public.bytes), key->public.bytes);
    sha256_digest(&context, sizeof(digest), digest);
    memcpy(key->id, digest, sizeof(key->id));
}

int csc_note_key_make(const char *name, const struct csc_public_key *public, struct csc_note_key *ret_key,
                      struct csc_error *err)
{
    struct csc_note_key key = {.public = *public};
    char shown[CSC_EXCERPT];

    if (!csc_note_name_valid(name, strlen(name)))
        return csc_error_in_stage(
            err, "ledger",
            csc_fail(err, CSC_E_USAGE,
                     "'%s' cannot name a log's key; give 1 to %d bytes of UTF-8 without spaces and '+'",
                     csc_text_excerpt(shown, name, strlen(name)), CSC_NOTE_NAME_MAX));
    memcpy(key.name, name, strlen(name) + 1);
    make_id(&key);
    *ret_key = key;
    return 0;
}

/* The base64 of kind and key. */
static int parse_material(const struct csc_line *line, struct csc_note_key *key, struct csc_error *err)
{
    uint8_t material[1 + sizeof(key->public.bytes)];
    size_t size = csc_line_bytes(line, material, sizeof(material));

    if (size > 0 && material[0] != KIND_ED25519)
        return csc_fail(err, CSC_E_DATA, "a key for signatures of type %u; only Ed25519, type %d, is accepted",
                        (unsigned)material[0], KIND_ED25519);
    if (size != sizeof(material))
        return csc_fail(err, CSC_E_DATA, "the last part of the key is not the strict base64 of %zu bytes",
                        sizeof(material));
    memcpy(key->public.bytes, material + 1, sizeof(key->public.bytes));
    if (!csc_public_key_is_sound(&key->public))
        return csc_fail(err, CSC_E_DATA, "the key is malformed or of small order; anybody could sign for such a key");
    return 0;
}

static int parse(const char *text, size_t size, struct csc_note_key *key, struct csc_error *err)
{
    const char *name_end = size > 0 ? memchr(text, '+', size) : NULL;
    size_t name_size = name_end ? (size_t)(name_end - text) : 0;
    char id[2 * CSC_NOTE_ID_BYTES + 1];

    if (!csc_note_name_valid(text, name_size) || size - name_size < sizeof(id) + 1 ||
        text[name_size + sizeof(id)] != '+')
        return csc_fail(err, CSC_E_DATA, "not the key of a log; it looks like example.com/log+1a2b3c4d+AQ...");
    memcpy(key->name, text, name_size);
    struct csc_line material = {name_end + sizeof(id) + 1, size - name_size - sizeof(id) - 1, 0};
    int r = parse_material(&material, key, err);
    if (r < 0)
        return r;
    make_id(key);
    csc_hex(key->id, sizeof(key->id), id);
    if (memcmp(id, name_end + 1, sizeof(id) - 1) != 0)
        return csc_fail(err, CSC_E_DATA, "the id of this name and key is %s, not the one given; was the text altered?",
                        id);
    return 0;
}

int csc_note_key_parse(const char *text, size_t size, struct csc_note_key *ret_key, struct csc_error *err)
{
    struct csc_note_key key = {0};

    if (size > 0 && text[size - 1] == '\n')
        size--;
    int r = csc_crypto_ready(err);
    if (r == 0)
        r = size > CSC_NOTE_KEY_TEXT_MAX
                ? csc_fail(err, CSC_E_DATA, "larger than the %d bytes a log's key may have", CSC_NOTE_KEY_TEXT_MAX)
                : parse(text, size, &key, err);
    if (r < 0)
        return csc_error_in_stage(err, "ledger", r);
    *ret_key = key;
    return 0;
}

void csc_note_key_write(struct csc_buf *buf, const struct csc_note_key *key)
{
    uint8_t material[1 + sizeof(key->public.bytes)] = {KIND_ED25519};
    char id[2 * CSC_NOTE_ID_BYTES + 1];

    memcpy(material + 1, key->public.bytes, sizeof(key->public.bytes));
    csc_hex(key->id, sizeof(key->id), id);
    csc_buf_printf(buf, "%s+%s+", key->name, id);
    csc_base64_encode(buf, material, sizeof(material));
}
