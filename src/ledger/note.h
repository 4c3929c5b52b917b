/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signed notes, https://c2sp.org/signed-note: a text, an empty line, and signatures of anybody, a line each, by keys
 * that have a name and a short id. Keys are Ed25519 here; signatures of other kinds are read past, as those of unknown
 * keys.
 */
#ifndef CSC_LEDGER_NOTE_H
#define CSC_LEDGER_NOTE_H

#include "receipt/receipt.h"

enum {
    CSC_NOTE_NAME_MAX = 255,             /* bytes of a key's name */
    CSC_NOTE_ID_BYTES = 4,               /* of a key's id */
    CSC_NOTE_SIGNATURES_MAX = 64,        /* of a note; every reader takes 16 */
    CSC_NOTE_SIGNATURE_BYTES_MAX = 6144, /* of a signature of any kind, with the key's id; those of ML-DSA have 5 kB */
    CSC_NOTE_KEY_TEXT_MAX = 512,         /* bytes of a key's text */
};

#define CSC_NOTE_BYTES_MAX ((size_t)256 << 10)

/* ---- keys (note_key.c) ------------------------------------------------------------------------------------- */

struct csc_note_key {
    char name[CSC_NOTE_NAME_MAX + 1]; /* UTF-8 without white space and '+' */
    uint8_t id[CSC_NOTE_ID_BYTES];    /* follows from the other two */
    struct csc_public_key public;
};

/* Key names may be that. */
bool csc_note_name_valid(const char *name, size_t size);
/* CSC_E_USAGE when the name is no name of a key. */
int csc_note_key_make(const char *name, const struct csc_public_key *public, struct csc_note_key *ret_key,
                      struct csc_error *err);
/* The key's text ("vkey"), NAME+ID+KEY: the id as 8 lowercase hexadecimal digits, the key as base64 of its kind (1,
 * Ed25519) and its 32 bytes. A newline may follow. CSC_E_DATA when it is not that, or id and key don't agree, or the
 * key is of small order. */
int csc_note_key_parse(const char *text, size_t size, struct csc_note_key *ret_key, struct csc_error *err);
/* Appends it, without a newline. */
void csc_note_key_write(struct csc_buf *buf, const struct csc_note_key *key);

/* ---- notes (note.c) ---------------------------------------------------------------------------------------- */

struct csc_note_signature {
    const char *name; /* of the key, not NUL-terminated */
    size_t name_size;
    uint8_t id[CSC_NOTE_ID_BYTES];
    bool is_ed25519; /* as long as such a one is: `bytes` hold it */
    uint8_t bytes[64];
};

/* Points into the bytes it was read from. The text is anybody's until csc_note_verify() says otherwise. */
struct csc_note {
    const char *text; /* ends with a newline */
    size_t text_size;
    unsigned line; /* number of its first line */
    size_t count;
    struct csc_note_signature signatures[CSC_NOTE_SIGNATURES_MAX];
};

/* Reads a note, which begins at line `line` of its file, out of bytes that must live as long as it does. */
int csc_note_parse(const char *bytes, size_t size, unsigned line, struct csc_note *ret_note, struct csc_error *err);
/* One of the keys signed the note, and no signature by any of them is wrong; else CSC_E_INVALID. Unknown keys don't
 * count. */
int csc_note_verify(const struct csc_note *note, const struct csc_note_key *keys, size_t count, struct csc_error *err);
/* Appends the note of a text, signed by a key under this name. The signature is verified before it is kept. */
int csc_note_sign(const struct csc_buf *text, const char *name, const struct csc_signing_key *key,
                  struct csc_buf *ret_note, struct csc_error *err);

#endif
