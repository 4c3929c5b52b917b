/* SPDX-License-Identifier: Apache-2.0 */
/* What seccomp_compile.c writes, for the machine that csc is built for. Private to seccomp.c. */
#ifndef CSC_SANDBOX_SECCOMP_PROGRAMS_H
#define CSC_SANDBOX_SECCOMP_PROGRAMS_H

#include "sandbox/seccomp.h"

/* The test of the filters sets one of these itself, to see the programs for the other machine. */
#if !defined(CSC_SECCOMP_X86_64) && !defined(CSC_SECCOMP_AARCH64)
#if defined(__x86_64__) && defined(__LP64__)
#define CSC_SECCOMP_X86_64
#elif defined(__aarch64__) && defined(__LP64__) && !defined(__AARCH64EB__)
#define CSC_SECCOMP_AARCH64
#endif
#endif

struct csc_seccomp_filter {
    const struct sock_filter *instructions;
    unsigned short count;
};

extern const struct csc_seccomp_filter csc_seccomp_filters[CSC_SOCKETS_COUNT];
extern const char csc_seccomp_hashes[CSC_SOCKETS_COUNT][65];

#endif
