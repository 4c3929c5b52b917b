/* SPDX-License-Identifier: Apache-2.0 */
/* Instants, as microseconds since 1970-01-01T00:00:00Z, and their texts (RFC 3339). */
#ifndef CSC_FORMAT_TIME_H
#define CSC_FORMAT_TIME_H

#include <stdbool.h>
#include <stdint.h>

#define CSC_SECOND INT64_C(1000000)

enum { CSC_TIME_TEXT = 33 /* "YYYY-MM-DDTHH:MM:SS.ffffff+00:00" with the NUL */ };

/* Now, by the wall clock. */
int64_t csc_time_now(void);
/* The protocol's form, UTC with microseconds; years 1 to 9999. */
void csc_time_format(int64_t time, char ret_text[CSC_TIME_TEXT]);
/* Reads a date-time; one without an offset is UTC. False for anything that is no RFC 3339 date-time. */
bool csc_time_parse(const char *text, int64_t *ret_time);

#endif
