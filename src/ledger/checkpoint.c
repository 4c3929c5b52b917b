/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/checkpoint.h"

#include <string.h>

#include "ledger/lines.h"

static int parse(const struct csc_note *note, struct csc_checkpoint *checkpoint, struct csc_error *err)
{
    struct csc_lines lines = {note->text, note->text + note->text_size, note->line};
    struct csc_line line = {0};

    if (!csc_lines_next(&lines, &line) || line.size == 0 || line.size > CSC_NOTE_NAME_MAX)
        return csc_line_fail(err, &line, "must be the checkpoint's origin, 1 to %d bytes", CSC_NOTE_NAME_MAX);
    memcpy(checkpoint->origin, line.text, line.size);
    if (!csc_lines_next(&lines, &line) || !csc_line_number(&line, &checkpoint->head.size))
        return csc_line_fail(err, &line,
                             "after the origin must be the size of the tree, a decimal without leading zeros");
    if (!csc_lines_next(&lines, &line) || !csc_line_hash(&line, &checkpoint->head.root))
        return csc_line_fail(err, &line, "after the size must be the root, strict base64 of %zu bytes",
                             sizeof(checkpoint->head.root.bytes));
    while (csc_lines_next(&lines, &line))
        if (line.size == 0)
            return csc_line_fail(err, &line, "no line of a checkpoint's text may be empty");
    return 0;
}

int csc_checkpoint_parse(const struct csc_note *note, struct csc_checkpoint *ret_checkpoint, struct csc_error *err)
{
    struct csc_checkpoint checkpoint = {0};

    int r = parse(note, &checkpoint, err);
    if (r < 0)
        return csc_error_in_stage(err, "ledger", r);
    *ret_checkpoint = checkpoint;
    return 0;
}

int csc_checkpoint_verify(const struct csc_checkpoint *checkpoint, const struct csc_note *note,
                          const struct csc_note_key *key, struct csc_error *err)
{
    char theirs[CSC_EXCERPT], ours[CSC_EXCERPT];

    /* First: a log's key may well sign notes about another log, as a witness; they say nothing of its own. */
    if (strcmp(checkpoint->origin, key->name) != 0)
        return csc_error_in_stage(
            err, "ledger",
            csc_fail(err, CSC_E_INVALID, "a checkpoint of the log '%s', not of '%s'; give the key of the log you trust",
                     csc_text_excerpt(theirs, checkpoint->origin, strlen(checkpoint->origin)),
                     csc_text_excerpt(ours, key->name, strlen(key->name))));
    return csc_note_verify(note, key, 1, err);
}

int csc_checkpoint_sign(const struct csc_checkpoint *checkpoint, const struct csc_signing_key *key,
                        struct csc_buf *ret_note, struct csc_error *err)
{
    _cleanup_buf_ struct csc_buf text = {0};

    csc_buf_printf(&text, "%s\n%llu\n", checkpoint->origin, (unsigned long long)checkpoint->head.size);
    csc_base64_encode(&text, checkpoint->head.root.bytes, sizeof(checkpoint->head.root.bytes));
    csc_buf_putc(&text, '\n');
    return csc_note_sign(&text, checkpoint->origin, key, ret_note, err);
}
