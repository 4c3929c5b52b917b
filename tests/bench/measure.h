/* SPDX-License-Identifier: Apache-2.0 */
/* Arms that run in turn (A B C A B C ...), and the table of what they took. What fails ends the benchmark. */
#ifndef CSC_TESTS_BENCH_MEASURE_H
#define CSC_TESTS_BENCH_MEASURE_H

#include <stddef.h>

enum { ARMS_MAX = 5, REPEATS_MAX = 400 };

struct arm {
    const char *name;
    void (*call)(const void *context); /* either a function ... */
    const void *context;
    const char *argv[24];    /* ... or a program */
    const char *const *more; /* ... or a program with more arguments; NULL: not on this machine */
};

struct comparison {
    const char *what;
    int repeats;
    struct arm arms[ARMS_MAX]; /* the first is what is judged, the others are baselines */
};

__attribute__((noreturn)) void die(const char *what);
void write_file(const char *path, const char *text, size_t size);
/* Runs a program to its successful end, with its output thrown away. */
void run_program(const char *const *argv);
/* One row an arm: minimum and median of wall time, what the first arm is of this one's, processor time, peak memory. */
void print_head(void);
void compare(const struct comparison *comparison);

#endif
