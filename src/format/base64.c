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

/* libsodium 1.0.18 reads a byte above 0x7F, where char is signed, as a '/'. */
static bool is_ascii(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)text[i] >= 0x80)
            return false;
    return true;
}

bool csc_base64_decode(const char *text, size_t text_size, uint8_t *ret_bytes, size_t size)
{
    size_t decoded = 0;

    if (!is_ascii(text, text_size))
        return false;
    if (text_size != sodium_base64_ENCODED_LEN(size, sodium_base64_VARIANT_ORIGINAL) - 1)
        return false;
    return sodium_base642bin(ret_bytes, size, text, text_size, NULL, &decoded, NULL, sodium_base64_VARIANT_ORIGINAL) ==
               0 &&
           decoded == size;
}

bool csc_base64_decode_any(const char *text, size_t text_size, struct csc_buf *ret_bytes)
{
    static const int variants[] = {sodium_base64_VARIANT_ORIGINAL, sodium_base64_VARIANT_URLSAFE,
                                   sodium_base64_VARIANT_URLSAFE_NO_PADDING};
    size_t room = text_size / 4 * 3 + 3, decoded = 0;
    char *bytes = is_ascii(text, text_size) ? csc_buf_reserve(ret_bytes, room) : NULL;

    for (size_t i = 0; bytes && i < ARRAY_SIZE(variants); i++)
        if (sodium_base642bin((unsigned char *)bytes, room, text, text_size, NULL, &decoded, NULL, variants[i]) == 0) {
            ret_bytes->size += decoded;
            bytes[decoded] = '\0';
            return true;
        }
    return false;
}
