/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CSC_FORMAT_UUID_H
#define CSC_FORMAT_UUID_H

#include "base/base.h"

enum { CSC_UUID_TEXT = 37 /* with the NUL */ };

/* A random UUID (RFC 9562, version 4). */
int csc_uuid_make(char ret_text[CSC_UUID_TEXT], struct csc_error *err);

#endif
