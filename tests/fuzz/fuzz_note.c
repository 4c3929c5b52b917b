/* SPDX-License-Identifier: Apache-2.0 */
/* The texts of a log: what is read lies within the input, and written again it is the same text. */
#include "fuzz.h"

#include <string.h>

#include "ledger/ledger.h"

static void check_note(const struct csc_note *note, const char *begin, const char *end)
{
    PROMISE(note->text == begin && note->text_size > 0 && note->text[note->text_size - 1] == '\n');
    PROMISE(begin + note->text_size < end && note->text[note->text_size] == '\n');
    PROMISE(note->count > 0 && note->count <= CSC_NOTE_SIGNATURES_MAX);
    for (size_t i = 0; i < note->count; i++) {
        const struct csc_note_signature *signature = &note->signatures[i];
        PROMISE(signature->name > begin + note->text_size && signature->name + signature->name_size < end);
        PROMISE(csc_note_name_valid(signature->name, signature->name_size));
    }
}

static void check_checkpoint(const struct csc_checkpoint *checkpoint)
{
    PROMISE(strnlen(checkpoint->origin, sizeof(checkpoint->origin)) < sizeof(checkpoint->origin));
    PROMISE(checkpoint->origin[0]);
    PROMISE(checkpoint->head.size <= CSC_MERKLE_SIZE_MAX);
}

static void fuzz_notes(const char *text, size_t size)
{
    struct csc_checkpoint checkpoint;
    struct csc_error err = {0};
    struct csc_note note;

    int code = csc_note_parse(text, size, 1, &note, &err);
    if (code < 0) {
        fuzz_check_refusal(code, &err);
        return;
    }
    check_note(&note, text, text + size);
    code = csc_checkpoint_parse(&note, &checkpoint, &err);
    if (code < 0)
        fuzz_check_refusal(code, &err);
    else
        check_checkpoint(&checkpoint);
}

/* Verified with a key under whose name anything may be signed; nothing here is by it. */
static void check_unverified(const struct csc_proof *proof)
{
    static const char key_text[] = "example.com/log+cc714670+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea";
    struct csc_merkle_hash leaf = {{0}};
    struct csc_error err = {0};
    struct csc_note_key key;

    PROMISE(csc_note_key_parse(key_text, strlen(key_text), &key, NULL) == 0);
    PROMISE(csc_proof_verify(proof, &key, &leaf, &err) == -CSC_E_INVALID);
    PROMISE(err.code == CSC_E_INVALID && err.text[0]);
}

static void fuzz_proofs(const char *text, size_t size)
{
    static const char extra[] = "\nextra ";
    _cleanup_buf_ struct csc_buf again = {0}, note = {0};
    struct csc_error err = {0};
    struct csc_proof proof;

    int code = csc_proof_parse(text, size, &proof, &err);
    if (code < 0) {
        fuzz_check_refusal(code, &err);
        return;
    }
    check_note(&proof.note, proof.note.text, text + size);
    check_checkpoint(&proof.checkpoint);
    PROMISE(proof.index <= CSC_MERKLE_SIZE_MAX && proof.path.count <= CSC_MERKLE_PROOF_MAX);
    check_unverified(&proof);
    csc_buf_append(&note, proof.note.text, (size_t)(text + size - proof.note.text));
    csc_proof_write(&again, proof.index, &proof.path, &note);
    PROMISE(!again.failed);
    /* Extra data is dropped, and nothing else. */
    if (!memmem(text, size < 40 ? size : 40, extra, strlen(extra)))
        PROMISE(again.size == size && memcmp(again.data, text, size) == 0);
}

static void fuzz_keys(const char *text, size_t size)
{
    _cleanup_buf_ struct csc_buf again = {0};
    struct csc_error err = {0};
    struct csc_note_key key;

    int code = csc_note_key_parse(text, size, &key, &err);
    if (code < 0) {
        fuzz_check_refusal(code, &err);
        return;
    }
    csc_note_key_write(&again, &key);
    size -= text[size - 1] == '\n';
    PROMISE(again.size == size && memcmp(again.data, text, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const char *text = (const char *)bytes;

    fuzz_notes(text, size);
    fuzz_proofs(text, size);
    fuzz_keys(text, size);
    return 0;
}
