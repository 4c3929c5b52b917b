/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "approval/approval.h"
#include "support/chaos.h"
#include "support/folder.h"

/* In the place of ssh-keygen: it says that every signature is good, in its words, or that none is. */
#define SAYS(first)                                                                                                    \
    "#!/bin/sh\n" first "echo 'Good \"csc-approval@v0.1\" signature for ann with ED25519 key "                         \
    "SHA256:5X3Ze1UvgN/52O13zYKj2QO8RpBfJCrwtSUzVK3G24E'\n"

struct context {
    struct csc_approval_request request;
    enum csc_approval_answer answer;
};

static int attempt(void *context)
{
    const struct context *wanted = context;
    struct csc_approvals *approvals = NULL;
    struct csc_error err = {0};
    int r = csc_approvals_judge(&wanted->request, &approvals, &err);

    if (r < 0) {
        assert_null(approvals);
        assert_int_equal(r, -CSC_E_INTERNAL);
        assert_string_equal(err.stage, "approval");
        return r;
    }
    assert_int_equal(approvals->answer, wanted->answer);
    csc_approvals_free(approvals);
    return 0;
}

static void every_failing_allocation_is_survived(void **state)
{
    static const struct {
        const char *program;
        enum csc_approval_answer answer;
    } programs[] = {{SAYS(""), CSC_APPROVALS_GRANTED},
                    {SAYS("echo no >&2; exit 255\n"), CSC_APPROVALS_REFUSED},
                    {SAYS("exit 255\n"), CSC_APPROVALS_REFUSED}};
    char *folder = folder_create(), program[300], signers[300],
         hash[] = "0000000000000000000000000000000000000000000000000000000000000000";
    struct csc_contract contract = {.initiating_user = "user"};
    const struct csc_approval approval = {.id = "a", .contract_sha256 = hash, .identity = "ann", .expires_at = 2};
    struct csc_buf bytes = {0};

    (void)state;
    memcpy(contract.sha256, hash, sizeof(hash));
    assert_int_equal(csc_approval_write(&approval, &bytes, NULL), 0);
    const struct csc_approval_file file = {"a.json", bytes.data, bytes.size, "signature", 9};
    (void)snprintf(program, sizeof(program), "%s/program", folder);
    (void)snprintf(signers, sizeof(signers), "%s/signers", folder);
    folder_write(folder, "signers", "ann key\n");
    const struct csc_approval_trust trust = {signers, signers, program, true, 0};
    for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
        char line[400];
        folder_write(folder, "program", programs[i].program);
        (void)snprintf(line, sizeof(line), "chmod 700 '%s'", program);
        assert_int_equal(system(line), 0);
        struct context context = {{&contract, &file, 1, &trust, 1}, programs[i].answer};
        int allocations = chaos_fail_each_allocation(attempt, &context);
        print_message("%d allocations\n", allocations);
        assert_true(allocations > 8);
    }
    csc_buf_free(&bytes);
    folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_failing_allocation_is_survived)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
