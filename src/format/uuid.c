/* SPDX-License-Identifier: Apache-2.0 */
#include "format/uuid.h"

#include <errno.h>
#include <stdio.h>
#include <sys/random.h>

#include "format/hash.h"

int csc_uuid_make(char ret_text[CSC_UUID_TEXT], struct csc_error *err)
{
    uint8_t b[16];
    char hex[33];

    if (getrandom(b, sizeof(b), 0) != (ssize_t)sizeof(b))
        return csc_fail_errno(err, CSC_E_INTERNAL, errno, "no random bytes for an id");
    b[6] = (b[6] & 0x0F) | 0x40;
    b[8] = (b[8] & 0x3F) | 0x80;
    csc_hex(b, sizeof(b), hex);
    (void)snprintf(ret_text, CSC_UUID_TEXT, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
    return 0;
}
