/* SPDX-License-Identifier: Apache-2.0 */
#include "format/hash.h"

void csc_hex(const uint8_t *bytes, size_t size, char *hex)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < size; i++) {
        hex[2 * i] = digits[bytes[i] >> 4];
        hex[2 * i + 1] = digits[bytes[i] & 15];
    }
    hex[2 * size] = '\0';
}

void csc_sha256_finish_hex(struct sha256_ctx *context, char ret_hex[CSC_SHA256_HEX])
{
    uint8_t digest[CSC_SHA256_BYTES];

    sha256_digest(context, sizeof(digest), digest);
    csc_hex(digest, sizeof(digest), ret_hex);
}

void csc_sha256_hex(const void *bytes, size_t size, char ret_hex[CSC_SHA256_HEX])
{
    struct sha256_ctx context;

    sha256_init(&context);
    sha256_update(&context, size, bytes);
    csc_sha256_finish_hex(&context, ret_hex);
}
