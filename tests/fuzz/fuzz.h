/* SPDX-License-Identifier: Apache-2.0 */
/* What the fuzzers hold an input against. A broken promise aborts, which libFuzzer reports with the input. */
#ifndef CSC_TESTS_FUZZ_H
#define CSC_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include <csc/csc.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#define PROMISE(condition)                                                                                             \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            fuzz_broken(#condition, __FILE__, __LINE__);                                                               \
    } while (0)

__attribute__((noreturn)) void fuzz_broken(const char *promise, const char *file, int line);

/* A refusal: the code is CSC_E_DATA, and the error says so in a text that is printable and not empty. */
void fuzz_check_refusal(int code, const struct csc_error *err);
/* 64 lowercase hexadecimal digits. */
void fuzz_check_sha256(const char *hex);

#endif
