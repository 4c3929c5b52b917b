/* SPDX-License-Identifier: Apache-2.0 */
#include "format/base64.h"

#include <sodium.h>

void csc_base64_encode(struct csc_buf *buf, const uint8_t *bytes, size_t size)
{
    size_t room = sodium_base64_ENCODED_LEN(size, sodium_base64_VARIANT_ORIGINAL); /* with the NUL */
    char *end = csc_buf_reserve(buf, room);

    if (!end)
        return;
    (void)sodium_bin2base64(end, room, bytes, size, sodium_base64_VARIANT_ORIGINAL);
    buf->size += room - 1;
}

bool csc_base64_decode(const char *text, size_t text_size, uint8_t *ret_bytes, size_t size)
{
    size_t decoded = 0;

    /* libsodium 1.0.18 reads a byte above 0x7F, where char is signed, as a '/'. */
    for (size_t i = 0; i < text_size; i++)
        if ((unsigned char)text[i] >= 0x80)
            return false;
    if (text_size != sodium_base64_ENCODED_LEN(size, sodium_base64_VARIANT_ORIGINAL) - 1)
        return false;
    return sodium_base642bin(ret_bytes, size, text, text_size, NULL, &decoded, NULL, sodium_base64_VARIANT_ORIGINAL) ==
               0 &&
           decoded == size;
}
