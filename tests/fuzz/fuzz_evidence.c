/* SPDX-License-Identifier: Apache-2.0 */
/* Envelopes and statements: nothing that is made up here is by a key, and what is refused says why. */
#include "fuzz.h"

#include <string.h>

#include "receipt/dsse.h"

/* Of RFC 8032, section 7.1. */
static const struct csc_public_key key = {{0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe,
                                           0xd3, 0xc9, 0x64, 0x07, 0x3a, 0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6,
                                           0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a}};

static void fuzz_envelope(const uint8_t *bytes, size_t size)
{
    struct csc_evidence_seen *seen = NULL;
    struct csc_error err = {0};

    int code = csc_evidence_verify(bytes, size, &key, &seen, &err);
    PROMISE((code == 0) == (seen != NULL));
    if (code == 0) {
        PROMISE(seen->predicate && seen->key_id && csc_is_sha256_hex(seen->receipt_sha256));
        csc_evidence_seen_free(seen);
        return;
    }
    PROMISE((int)err.code == -code && (code == -CSC_E_INVALID || code == -CSC_E_DATA) && err.text[0]);
}

/* Read in any alphabet, and written again, it is the same bytes. */
static void fuzz_base64(const uint8_t *bytes, size_t size)
{
    _cleanup_buf_ struct csc_buf decoded = {0}, text = {0}, again = {0};

    if (!csc_base64_decode_any((const char *)bytes, size, &decoded)) {
        PROMISE(decoded.size == 0);
        return;
    }
    csc_base64_encode(&text, (const uint8_t *)decoded.data, decoded.size);
    PROMISE(!text.failed && csc_base64_decode_any(text.data, text.size, &again));
    PROMISE(again.size == decoded.size && memcmp(again.data, decoded.data, again.size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct csc_error err = {0};
    int code = csc_evidence_validate(bytes, size, &err);

    if (code < 0)
        fuzz_check_refusal(code, &err);
    fuzz_envelope(bytes, size);
    fuzz_base64(bytes, size);
    return 0;
}
