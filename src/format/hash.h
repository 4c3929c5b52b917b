/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 (FIPS 180-4), by nettle. */
#ifndef CSC_FORMAT_HASH_H
#define CSC_FORMAT_HASH_H

#include <nettle/sha2.h>
#include <stddef.h>
#include <stdint.h>

enum { CSC_SHA256_BYTES = 32, CSC_SHA256_HEX = 65 /* with the NUL */ };

/* Lowercase, NUL-terminated; hex holds 2 * size + 1 bytes. */
void csc_hex(const uint8_t *bytes, size_t size, char *hex);
void csc_sha256_hex(const void *bytes, size_t size, char ret_hex[CSC_SHA256_HEX]);
/* Ends a running hash and starts the context anew. */
void csc_sha256_finish_hex(struct sha256_ctx *context, char ret_hex[CSC_SHA256_HEX]);

#endif
