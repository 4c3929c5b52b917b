/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What csc tells csc-init, which is of the same version: directives of a fixed number of words, each word ended by a
 * NUL. Private to sandbox/ and its init. Numbers are decimal.
 */
#ifndef CSC_SANDBOX_STAGE_H
#define CSC_SANDBOX_STAGE_H

#include "base/base.h"
#include "sandbox/inside.h"

struct csc_plan;

#define CSC_STAGE_VERSION "version"   /* VERSION: of csc; first */
#define CSC_STAGE_CHECK "check"       /* TARGET DEVICE INODE ro|rw: what must be mounted there, and how */
#define CSC_STAGE_READONLY "readonly" /* TARGET: must be read-only */
#define CSC_STAGE_LIMIT "limit"       /* RESOURCE SOFT HARD */
#define CSC_STAGE_LANDLOCK "landlock" /* ABI NETWORK(0|1) */
#define CSC_STAGE_GRANT "grant"       /* GRANT PATH */
#define CSC_STAGE_SOCKETS "sockets"   /* enum csc_sockets */
#define CSC_STAGE_CWD "cwd"           /* PATH */
#define CSC_STAGE_ENV "env"           /* NAME=value */
#define CSC_STAGE_SEGMENT "segment"   /* COUNT, then so many words of argv */
#define CSC_STAGE_RUN "run"           /* the end */

/* The arguments of csc-init: numbers of descriptors. */
enum { CSC_INIT_CONTROL = 1, CSC_INIT_REPORT, CSC_INIT_STAGE, CSC_INIT_STDOUT, CSC_INIT_STDERR, CSC_INIT_ARGUMENTS };

/* Appends the stage of a plan. */
void csc_stage_write(const struct csc_plan *plan, struct csc_buf *buf);

#endif
