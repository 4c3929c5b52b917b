/* SPDX-License-Identifier: Apache-2.0 */
/* Filling the caller's struct csc_error. */
#ifndef CSC_BASE_ERROR_H
#define CSC_BASE_ERROR_H

#include <csc/csc.h>
#include <errno.h>

/*
 * Each records the error if `err` is not NULL and holds none yet, and returns the negative code, so that a
 * failing function ends in `return csc_fail(...)`. The text is one line, "what was wrong; what would fix it";
 * whatever is formatted into it is escaped here, so hostile strings may be passed as they are.
 */
__attribute__((format(printf, 3, 4))) int csc_fail(struct csc_error *err, enum csc_code code, const char *format, ...);
/* With the errno of a system call; ": " and its description are appended to the text. */
__attribute__((format(printf, 4, 5))) int csc_fail_errno(struct csc_error *err, enum csc_code code, int sys_errno,
                                                         const char *format, ...);
/* At a position of the input (1-based); always CSC_E_DATA. */
__attribute__((format(printf, 4, 5))) int csc_fail_at(struct csc_error *err, unsigned line, unsigned column,
                                                      const char *format, ...);
/* In a field of the input; always CSC_E_DATA. */
__attribute__((format(printf, 3, 4))) int csc_fail_field(struct csc_error *err, const char *field, const char *format,
                                                         ...);
/* Out of memory: CSC_E_INTERNAL. Here, so that whoever reads or analyses a caller sees that this is no success. */
static inline int csc_fail_memory(struct csc_error *err)
{
    (void)csc_fail_errno(err, CSC_E_INTERNAL, ENOMEM, "out of memory");
    return -CSC_E_INTERNAL;
}

/* Names the stage an error came from, where none is named yet; returns `code` unchanged. */
int csc_error_in_stage(struct csc_error *err, const char *stage, int code);

#endif
