/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "agent/shell.h"

void csc_shell_quote(struct csc_buf *buf, const char *word)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789@%+,-./:_";

    if (*word && word[strspn(word, plain)] == '\0') {
        csc_buf_puts(buf, word);
        return;
    }
    csc_buf_putc(buf, '\'');
    for (const char *quote; (quote = strchr(word, '\'')); word = quote + 1) {
        csc_buf_append(buf, word, (size_t)(quote - word));
        csc_buf_puts(buf, "'\\''");
    }
    csc_buf_puts(buf, word);
    csc_buf_putc(buf, '\'');
}
