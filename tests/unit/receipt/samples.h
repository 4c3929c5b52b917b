/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of receipts share. */
#ifndef CSC_TESTS_RECEIPT_SAMPLES_H
#define CSC_TESTS_RECEIPT_SAMPLES_H

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "receipt/receipt.h"

#define SHA "a1b2c3d4e5f6a1b2c3d4e5f6a1b2c3d4e5f6a1b2c3d4e5f6a1b2c3d4e5f6a1b2"
#define SHA_OF_NOTHING "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

/* All that is required but for the status, which begins the rest. */
#define HEAD                                                                                                           \
    "\"receipt_version\":\"csc.receipt.v0.1\",\"contract_id\":\"contract-1\",\"execution_id\":\"exec-1\","             \
    "\"contract_sha256\":\"" SHA "\",\"started_at\":\"2026-03-20T10:00:00Z\","                                         \
    "\"ended_at\":\"2026-03-20T10:00:05Z\",\"policy_profile\":\"dev-readonly\""
#define RESULT "\"exit_code\":1,\"stdout_hash\":\"sha256:" SHA_OF_NOTHING "\",\"stderr_hash\":\"sha256:" SHA "\""
#define BLOCKED HEAD ",\"status\":\"blocked\""
#define FAILED HEAD ",\"status\":\"failed\"," RESULT

/* The first key of RFC 8032, section 7.1. */
#define SEED "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
#define PUBLIC "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"

static inline void unhex(const char *hex, uint8_t *bytes)
{
    for (size_t i = 0; hex[2 * i]; i++) {
        unsigned byte = 0;
        assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
        bytes[i] = (uint8_t)byte;
    }
}

static inline struct csc_receipt *parse_receipt(const char *text)
{
    struct csc_receipt *receipt = NULL;
    struct csc_error err = {0};

    if (csc_receipt_parse(text, strlen(text), &receipt, &err) < 0)
        fail_msg("%s: %s", err.field, err.text);
    return receipt;
}

/* `text` mentions everything in `parts`, which are separated by '|'. */
static inline void assert_says(const char *text, const char *parts)
{
    char *copy = strdup(parts);

    for (char *rest = copy, *part; (part = strsep(&rest, "|"));)
        if (!strstr(text, part))
            fail_msg("'%s' does not say '%s'", text, part);
    free(copy);
}

/* Says so when there is none. */
static inline bool has_openat2(void)
{
    int fd = csc_openat2(AT_FDCWD, "/", O_RDONLY | O_DIRECTORY, 0, 0);

    if (fd >= 0)
        (void)close(fd);
    else
        puts("SKIP: openat2(2) is not available here");
    return fd >= 0;
}

#endif
