/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the log's formats share. Roots, paths and signatures were made with Python and OpenSSL. */
#ifndef CSC_TESTS_LEDGER_SAMPLES_H
#define CSC_TESTS_LEDGER_SAMPLES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ledger/ledger.h"

/* The first two keys of RFC 8032, section 7.1. */
#define SEED                                                                                                           \
    "\x9d\x61\xb1\x9d\xef\xfd\x5a\x60\xba\x84\x4a\xf4\x92\xec\x2c\xc4\x44\x49\xc5\x69\x7b\x32\x69\x19\x70\x3b\xac\x03" \
    "\x1c\xae\x7f\x60"
#define LOG "example.com/log"
#define KEY LOG "+cc714670+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea"
#define WITNESS_KEY "witness.example+376d2620+AT1AF8PoQ4lakrcKp00bfrycmCzPLsSWjMDNVfEq9GYM"

#define DASH "\xE2\x80\x94 "

/* A log of the leaves "entry 0" to "entry 6". */
#define CHECKPOINT_TEXT LOG "\n7\nmMl/C6MXXNCLAx3QhLncTmSbZNGijm6mlGRlAxc6tYc=\n"
#define BY_LOG                                                                                                         \
    DASH LOG " zHFGcMDHJVK4zKaPnLreve/o4eEhv8Aee+Bc5cEgUAfwqB2kK4lnNKc+szvvVCSkNO7TSC15AFvIBpqzzqgfwrgnbQA=\n"
#define BY_WITNESS                                                                                                     \
    DASH "witness.example "                                                                                            \
         "N20mIBM1BkYvLE/egmJd95fvt7k5nRovoQueCmCwH/OFeM/xXMEL9chEmWpmy8yaKf5RL5kDuqWgQkEwrH3M7LOlbAg=\n"
/* A cosignature with a time in it, which we don't know; 72 bytes after the id. */
#define BY_OTHER_KIND                                                                                                  \
    DASH "other.example "                                                                                              \
         "AQIDBAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"     \
         "=\n"
#define CHECKPOINT CHECKPOINT_TEXT "\n" BY_LOG

#define PROOF_HEAD "c2sp.org/tlog-proof@v1\n"
#define PATH_6 "3QN52DrH8WTn7qMM3O+1dQglTEj3Zq/M09l2Nl4yjMw=\nl5nzB1F+9RfCIF35tndivzR1ayAJn7ffzOdrzr0nOy4=\n"
#define PROOF PROOF_HEAD "index 6\n" PATH_6 "\n" CHECKPOINT

static inline void entry_leaf(uint64_t index, struct csc_merkle_hash *ret_leaf)
{
    char data[32];

    (void)snprintf(data, sizeof(data), "entry %llu", (unsigned long long)index);
    csc_merkle_leaf(data, strlen(data), ret_leaf);
}

static inline struct csc_note_key note_key(const char *text)
{
    struct csc_note_key key = {0};
    struct csc_error err = {0};

    if (csc_note_key_parse(text, strlen(text), &key, &err) < 0)
        fail_msg("%s: %s", text, err.text);
    return key;
}

/* A refusal that says these words, at this line. */
static inline void assert_refused(int r, const struct csc_error *err, unsigned line, const char *words)
{
    assert_int_equal(r, -CSC_E_DATA);
    assert_int_equal(err->code, CSC_E_DATA);
    assert_string_equal(err->stage, "ledger");
    if (err->line != line || !strstr(err->text, words))
        fail_msg("'%s' at line %u is not '%s' at line %u", err->text, err->line, words, line);
}

#endif
