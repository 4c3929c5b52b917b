/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sandbox/sandbox.h"

/* What is told of a failure, and what of it would mend it. */
static void explanations(void **state)
{
    static const struct {
        enum csc_step step;
        int error;
        const char *begins, *fix;
    } rows[] = {
        {CSC_STEP_MOUNT, EPERM, "doing it: EPERM (Operation not permitted); fix: ", "--backend bwrap"},
        {CSC_STEP_MOUNT, EACCES, "doing it: EACCES (", "--backend bwrap"},
        {CSC_STEP_MOUNT, ENOSPC, "doing it: ENOSPC (", "fs.mount-max"},
        {CSC_STEP_MOUNT, EINVAL, "doing it: EINVAL (", "csc doctor"},
        {CSC_STEP_NAMESPACES, ENOSPC, "doing it: ENOSPC (", "user.max_user_namespaces"},
        {CSC_STEP_NAMESPACES, EUSERS, "doing it: EUSERS (", "32 levels"},
        {CSC_STEP_NAMESPACES, EINVAL, "doing it: EINVAL (", "lacks a kind of namespace"},
        {CSC_STEP_NAMESPACES, EPERM, "doing it: EPERM (", "csc doctor"},
        {CSC_STEP_IDENTITY, ENOENT, "doing it: ENOENT (", "mount /proc"},
        {CSC_STEP_IDENTITY, EPERM, "doing it: EPERM (", "may not map its user"},
        {CSC_STEP_SOURCE, ENOENT, "doing it: ENOENT (", "run it again"},
        {CSC_STEP_SOURCE, EACCES, "doing it: EACCES (", "let the user of csc reach it"},
        {CSC_STEP_PROC, EPERM, "doing it: EPERM (", "covered"},
        {CSC_STEP_INIT, ENOENT, "doing it: ENOENT (", "make install"},
        {CSC_STEP_OTHER, EPERM, "doing it: EPERM (", "csc doctor"},
        {CSC_STEP_NETWORK, EBUSY, "doing it: EBUSY (", "csc doctor"},
        /* Whatever was being done: */
        {CSC_STEP_MOUNT, ENOSYS, "doing it: ENOSYS (", "Linux 5.12"},
        {CSC_STEP_NAMESPACES, ENOSYS, "doing it: ENOSYS (", "Linux 5.12"},
        {CSC_STEP_SOURCE, EMFILE, "doing it: EMFILE (", "ulimit -n"},
        {CSC_STEP_PROC, ENFILE, "doing it: ENFILE (", "fs.file-max"},
        {CSC_STEP_NAMESPACES, EAGAIN, "doing it: EAGAIN (", "ulimit -u"},
        {CSC_STEP_INIT, ENOMEM, "doing it: ENOMEM (", "out of memory"},
        {CSC_STEP_OTHER, 4000, "doing it: unknown error (", "csc doctor"},
    };
    char text[CSC_REPORT_SENTENCE];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        csc_step_explain(rows[i].step, rows[i].error, "doing it", text, sizeof(text));
        const char *fix = strstr(text, "; fix: ");
        if (strncmp(text, rows[i].begins, strlen(rows[i].begins)) != 0 || !fix || !strstr(fix, rows[i].fix))
            fail_msg("row %zu: %s", i, text);
    }
}

static void without_error(void **state)
{
    char text[CSC_REPORT_SENTENCE];

    (void)state;
    csc_step_explain(CSC_STEP_SOURCE, 0, "it was exchanged; run it again", text, sizeof(text));
    assert_string_equal(text, "it was exchanged; run it again");
}

/* What was being done may name a path of any length. */
static void cut_short(void **state)
{
    char what[300], text[40];

    (void)state;
    memset(what, 'x', sizeof(what) - 1);
    what[sizeof(what) - 1] = '\0';
    memset(text, '#', sizeof(text));
    csc_step_explain(CSC_STEP_MOUNT, EPERM, what, text, 32);
    assert_int_equal(strlen(text), 31);
    assert_int_equal(text[32], '#');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(explanations),
        cmocka_unit_test(without_error),
        cmocka_unit_test(cut_short),
    };

    return cmocka_run_group_tests_name("sandbox/step", tests, NULL, NULL);
}
