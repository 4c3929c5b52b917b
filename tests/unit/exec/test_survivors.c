/* SPDX-License-Identifier: Apache-2.0 */
/* A process that csc may not kill: counted, and never waited for. Needs root, to make such a one. */
#include "stage.h"

#include <sys/statvfs.h>
#include <sys/wait.h>

#include "exec/tree.h"

enum { NOBODY = 65534, SKIP = 77 };

static int supervise_as_nobody(struct stage *stage)
{
    int r = csc_exec_become_supervisor(&stage->err);

    if (setresgid(NOBODY, NOBODY, NOBODY) < 0 || setresuid(NOBODY, NOBODY, NOBODY) < 0)
        return 1;
    r |= csc_exec_run(&stage->command, &stage->policy, &stage->io, &stage->result, &stage->err);
    if (r < 0 || stage->result.end != CSC_EXEC_CANCELLED || stage->result.survivors != 2)
        return 2;
    return stage->result.tail_size == 5 ? 0 : 3; /* though the pipe is still held open */
}

static void test_another_users_process(void **state)
{
    struct stage *stage = *state;
    int status;

    assert_int_equal(chmod(stage->folder, 0755), 0);
    stage_sh(stage, "cp \"$(command -v setpriv)\" . && chmod 4755 setpriv");
    stage_expect(stage, CSC_EXEC_EXITED, 0);
    stage->io.cancel_fd = stage->ready;
    stage_command(stage, "./setpriv", "--reuid", "0", "--regid", "0", "--clear-groups", "sh", "-c",
                  "exec 9>life; echo here >&2; (echo >ready; exec sleep 1000); exit", NULL);
    pid_t child = fork();
    if (child == 0)
        _exit(supervise_as_nobody(stage));
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(csc_tree_kill(stage->ready, -1), 0); /* now they are ours, and we are root */
    stage_expect_no_life(stage);
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {STAGE_TEST(test_another_users_process)};
    const char *tmp = getenv("TMPDIR");
    struct statvfs fs;

    if (geteuid() != 0 || statvfs(tmp ? tmp : "/tmp", &fs) < 0 || (fs.f_flag & (ST_NOSUID | ST_NOEXEC)) ||
        access("/usr/bin/setpriv", X_OK) < 0) {
        (void)fprintf(stderr, "SKIP: needs root, setpriv, and a folder for temporary files that honours set-uid\n");
        return SKIP;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
