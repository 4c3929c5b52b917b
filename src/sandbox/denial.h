/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of csc_denial_explain(). Private to sandbox/. Threat: every byte that is read here is the command's. */
#ifndef CSC_SANDBOX_DENIAL_H
#define CSC_SANDBOX_DENIAL_H

#include "sandbox/sandbox.h"

enum {
    CSC_DENIAL_LINES = 20,      /* the last ones are looked at */
    CSC_DENIAL_LINE_MAX = 1024, /* the end of each */
    CSC_DENIAL_PATHS = 8,       /* in a line */
    CSC_DENIAL_PATH_MAX = 2048, /* bytes of a path that is made absolute, the NUL included */
    CSC_DENIAL_TEXT_MAX = 401,  /* of what is said, the NUL included */
};

/* Bytes, not terminated. */
struct csc_span {
    const char *at;
    size_t size;
};

/* What is explained, and where the answer goes. */
struct csc_denial {
    const struct csc_plan *plan;
    const struct csc_failure *failure;
    char *text;
    size_t size;
};

/* Writes the answer, escaped; always true, so that who knows one ends in `return csc_denial_say(...)`. */
__attribute__((format(printf, 2, 3))) bool csc_denial_say(const struct csc_denial *denial, const char *format, ...);

/* ---- denial_text.c ------------------------------------------------------------------------------------------- */

/* Takes the last line off `text`; an empty one is a line too. False when nothing is left. */
bool csc_denial_line(struct csc_span *text, struct csc_span *ret_line);

/* The first of the phrases (NULL-terminated, lower case) that stands in the text, upper and lower case alike, with no
 * letter or digit before or behind it; size 0: none does. */
struct csc_span csc_denial_find(struct csc_span text, const char *const phrases[]);
bool csc_denial_says(struct csc_span text, const char *const phrases[]);

/*
 * What may be a path in a line whose phrase `reason` says what went wrong: in quotes, right before the reason, or
 * beginning with '/', './' or '../'. Returns how many.
 */
size_t csc_denial_paths(struct csc_span line, struct csc_span reason, struct csc_span ret_paths[CSC_DENIAL_PATHS]);

/*
 * Makes what csc_denial_paths() found absolute, as from `cwd`: without "//", "." and "..". False for what no contract
 * could declare: too long, no UTF-8, control characters, characters of globs.
 */
bool csc_denial_absolute(const char *cwd, struct csc_span path, char ret_path[CSC_DENIAL_PATH_MAX]);

/* ---- denial_path.c ------------------------------------------------------------------------------------------- */

/* The line says that a path could not be used, and the boundary is why. */
bool csc_denial_of_path(const struct csc_denial *denial, struct csc_span line);
/* A program of the command could not be found, and the boundary is why. */
bool csc_denial_of_program(const struct csc_denial *denial);

#endif
