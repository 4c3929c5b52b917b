/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system call filter as tables: what seccomp_compile.c turns into BPF when csc is built, and what the tests hold
 * the BPF against. Nothing of this is in csc itself.
 */
#ifndef CSC_SANDBOX_SYSCALLS_H
#define CSC_SANDBOX_SYSCALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sandbox/seccomp.h"

enum csc_syscall_answer {
    CSC_SYSCALL_ALLOW,
    CSC_SYSCALL_EPERM,
    CSC_SYSCALL_ENOSYS, /* of everything that no table names; a row says why of a call that one would expect */
};

/* A group of system calls, by the names of libseccomp: an unknown one fails the build. */
struct csc_syscalls {
    enum csc_syscall_answer answer;
    bool x86_64_only; /* the other machines have none of these */
    const char *why;
    const char *names; /* separated by single spaces */
};

extern const struct csc_syscalls csc_syscall_groups[];
extern const size_t csc_syscall_group_count;

/*
 * All tests look at the low 32 bits of an argument only, as the kernel does, which takes these for int or shorter:
 * nothing that is put into the upper half gets past a rule.
 */
enum csc_argument_test {
    CSC_ARGUMENT_NOT_LOOKED_AT,
    CSC_ARGUMENT_HAS_ANY,  /* bit of `mask` */
    CSC_ARGUMENT_IS_ONE,   /* of `values`, after the bits of `mask` */
    CSC_ARGUMENT_IS_OTHER, /* than all `values` */
};

enum { CSC_ARGUMENT_VALUES = 4, CSC_ARGUMENT_TESTS = 2 };

struct csc_argument {
    enum csc_argument_test test;
    unsigned index; /* 0: the first argument */
    uint32_t mask;
    size_t count;
    uint32_t values[CSC_ARGUMENT_VALUES];
};

/* A call is refused (EPERM) when all tests hold; without any, always. */
struct csc_argument_rule {
    const char *name; /* of a call that is allowed above */
    const char *why;
    unsigned sockets; /* the variants in which the rule stands: bits 1 << enum csc_sockets */
    struct csc_argument tests[CSC_ARGUMENT_TESTS];
};

extern const struct csc_argument_rule csc_argument_rules[];
extern const size_t csc_argument_rule_count;

#endif
