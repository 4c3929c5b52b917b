/* SPDX-License-Identifier: Apache-2.0 */
/* Powers that are given up for good: each test is a child of its own, which had the power before. */
#include "sandbox/lockdown.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/base.h"

/* A child returns 0, or the line of what does not hold. */
typedef int child_function(void);

#define HOLDS(condition_)                                                                                              \
    do {                                                                                                               \
        if (!(condition_))                                                                                             \
            return __LINE__;                                                                                           \
    } while (0)

static int wait_for(pid_t pid)
{
    int status;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (!WIFEXITED(status))
        fail_msg("the child ended with status %x", (unsigned)status);
    return WEXITSTATUS(status);
}

/* The line comes through a pipe: an exit status is too small for it. */
static void in_child(child_function *function)
{
    int line = -1, ends[2];

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        line = function();
        _exit(write(ends[1], &line, sizeof(line)) != sizeof(line));
    }
    (void)close(ends[1]);
    assert_int_equal(read(ends[0], &line, sizeof(line)), sizeof(line));
    (void)close(ends[0]);
    assert_int_equal(wait_for(pid), 0);
    if (line != 0)
        fail_msg("line %d does not hold", line);
}

/* ---- capabilities --------------------------------------------------------------------------------------------------
 */

/* The five sets of the calling process, by /proc: another way than the one that emptied them. */
static bool read_sets(unsigned long long sets[5])
{
    static const char *const names[] = {"CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:"};
    FILE *status = fopen("/proc/self/status", "re");
    char line[256];
    size_t found = 0;

    while (status && fgets(line, sizeof(line), status))
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
            if (strncmp(line, names[i], strlen(names[i])) == 0) {
                sets[i] = strtoull(line + strlen(names[i]), NULL, 16);
                found++;
            }
    if (status)
        (void)fclose(status);
    return found == ARRAY_SIZE(names);
}

/* All capabilities, those that are handed on included: of root, or in a user namespace where such can be had. */
static bool get_powers(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

    if (geteuid() != 0 && unshare(CLONE_NEWUSER) < 0)
        return false;
    if (syscall(SYS_capget, &header, data) < 0)
        return false;
    for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
        data[i].inheritable = data[i].permitted;
    return syscall(SYS_capset, &header, data) == 0 && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0, 0) == 0;
}

static int lose_capabilities(void)
{
    unsigned long long sets[5];

    if (!get_powers()) {
        /* Then the bounding set can't be emptied: it is said, and not passed over. */
        HOLDS(csc_lockdown_capabilities() == -1 && errno == EPERM);
        return 0;
    }
    HOLDS(read_sets(sets));
    for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
        HOLDS(sets[i] != 0);
    HOLDS(csc_lockdown_capabilities() == 0);
    HOLDS(read_sets(sets));
    for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
        HOLDS(sets[i] == 0);
    /* Twice is no error: there is nothing left to drop. */
    HOLDS(csc_lockdown_capabilities() == 0);
    return 0;
}

static void test_capabilities(void **state)
{
    (void)state;
    in_child(lose_capabilities);
}

/* ---- no_new_privs --------------------------------------------------------------------------------------------------
 */

static int lose_new_privs(void)
{
    HOLDS(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0);
    HOLDS(csc_lockdown_no_new_privs() == 0);
    HOLDS(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
    HOLDS(csc_lockdown_no_new_privs() == 0);
    return 0;
}

static void test_no_new_privs(void **state)
{
    (void)state;
    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 0)
        return; /* this process has lost them already */
    in_child(lose_new_privs);
}

/* ---- limits ------------------------------------------------------------------------------------------------------ */

static bool limit_is(int resource, rlim_t soft, rlim_t hard)
{
    struct rlimit limit;

    return getrlimit((__rlimit_resource_t)resource, &limit) == 0 && limit.rlim_cur == soft && limit.rlim_max == hard;
}

static int lower_limits(void)
{
    HOLDS(csc_lockdown_limit(RLIMIT_NOFILE, 20, 30) == 0);
    HOLDS(limit_is(RLIMIT_NOFILE, 20, 30));
    HOLDS(csc_lockdown_limit(RLIMIT_CORE, 0, 0) == 0);
    HOLDS(limit_is(RLIMIT_CORE, 0, 0));
    HOLDS(csc_lockdown_limit(RLIMIT_CPU, 7, 9) == 0);
    HOLDS(limit_is(RLIMIT_CPU, 7, 9));
    /* What is lower already is never raised, by root neither. */
    HOLDS(csc_lockdown_limit(RLIMIT_NOFILE, 40, 50) == 0);
    HOLDS(limit_is(RLIMIT_NOFILE, 30, 30));
    HOLDS(csc_lockdown_limit(RLIMIT_NOFILE, 10, 50) == 0);
    HOLDS(limit_is(RLIMIT_NOFILE, 10, 30));
    HOLDS(csc_lockdown_limit(RLIMIT_CORE, RLIM_INFINITY, RLIM_INFINITY) == 0);
    HOLDS(limit_is(RLIMIT_CORE, 0, 0));
    HOLDS(csc_lockdown_limit(RLIM_NLIMITS, 1, 1) == -1 && errno == EINVAL);
    return 0;
}

static void test_limits(void **state)
{
    (void)state;
    in_child(lower_limits);
}

/* ---- the session ------------------------------------------------------------------------------------------------- */

static int leave_terminal(void)
{
    int terminal = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);

    HOLDS(terminal >= 0);
    HOLDS(csc_lockdown_session() == 0);
    HOLDS(getsid(0) == getpid() && getpgid(0) == getpid());
    HOLDS(open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC) < 0 && errno == ENXIO);
    (void)close(terminal);
    return 0;
}

/* A session with a terminal; in it, a child that leaves. */
static int leave_session(void)
{
    int line = -1, ends[2];
    _cleanup_close_ int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

    HOLDS(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
    HOLDS(setsid() == getpid());
    /* Closing the terminal at the end hangs up its session, whose leader has a result to tell still. */
    HOLDS(signal(SIGHUP, SIG_IGN) != SIG_ERR);
    _cleanup_close_ int terminal = open(ptsname(master), O_RDWR | O_CLOEXEC); /* becomes the session's */
    HOLDS(terminal >= 0 && pipe2(ends, O_CLOEXEC) == 0);
    pid_t pid = fork();
    HOLDS(pid >= 0);
    if (pid == 0) {
        line = leave_terminal();
        _exit(write(ends[1], &line, sizeof(line)) != sizeof(line));
    }
    (void)close(ends[1]);
    HOLDS(read(ends[0], &line, sizeof(line)) == sizeof(line));
    (void)close(ends[0]);
    return line;
}

static void test_session(void **state)
{
    (void)state;
    in_child(leave_session);
}

static int leave_keyring(void)
{
    /* A keyring of the session's own, as pam_keyinit(8) makes one, with a secret in it. */
    long before = syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);

    if (before < 0) { /* no keys in this kernel: nothing is inherited */
        HOLDS(errno != ENOSYS || csc_lockdown_session() == 0);
        return 0;
    }
    long key = syscall(SYS_add_key, "user", "csc-test", "secret", 6, KEY_SPEC_SESSION_KEYRING);
    HOLDS(key >= 0);
    HOLDS(syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, "user", "csc-test", 0) == key);
    HOLDS(csc_lockdown_session() == 0);
    HOLDS(syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0) != before);
    HOLDS(syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, "user", "csc-test", 0) < 0);
    return 0;
}

static void test_keyring(void **state)
{
    (void)state;
    in_child(leave_keyring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_capabilities), cmocka_unit_test(test_no_new_privs), cmocka_unit_test(test_limits),
        cmocka_unit_test(test_session),      cmocka_unit_test(test_keyring),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
