/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include <cmocka.h>

#include "sandbox/trial.h"

/* ---- versions of bwrap ----------------------------------------------------------------------------------------- */

static void versions(void **state)
{
    static const struct {
        const char *text;
        bool valid;
        unsigned version[3];
    } rows[] = {
        {"bubblewrap 0.8.0\n", true, {0, 8, 0}},
        {"bubblewrap 0.11.12", true, {0, 11, 12}},
        {"bubblewrap 10.0.1\n", true, {10, 0, 1}},
        {"", false, {0}},
        {"bubblewrap\n", false, {0}},
        {"bubblewrap 0.8\n", false, {0}},
        {"bubblewrap 0.8.0\n\n", false, {0}},
        {"bubblewrap 0.8.0 bubblewrap 0.9.0\n", false, {0}},
        {"bubblewrap 99999.0.0\n", false, {0}},
        {"bubblewrap -1.0.0\n", false, {0}},
        {"bwrap 0.8.0\n", false, {0}},
        {"bubblewrap 0.8.0\033[2J", false, {0}},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        unsigned version[3] = {0};
        bool valid = csc_bwrap_version(rows[i].text, version);
        if (valid != rows[i].valid || memcmp(version, rows[i].version, sizeof(version)) != 0)
            fail_msg("'%s': %d, %u.%u.%u", rows[i].text, valid, version[0], version[1], version[2]);
    }
}

static void judging_bwrap(void **state)
{
    static const struct {
        const char *version, *help;
        enum csc_check_state state;
        const char *found;
    } rows[] = {
        {"bubblewrap 0.8.0\n", "  --bind-fd FD DEST\n  --ro-bind-fd FD DEST\n", CSC_CHECK_OK, "version 0.8.0"},
        {"bubblewrap 0.4.1\n", "  --bind SRC DEST\n", CSC_CHECK_MISSING, "0.4.1, without --bind-fd"},
        {"bubblewrap 0.8.0\n", "  --ro-bind-fd FD DEST\n", CSC_CHECK_MISSING, "without --bind-fd"},
        {"bubblewrap 0.8.0\n", "  --bind-fd FD DEST\n", CSC_CHECK_MISSING, "without --bind-fd"},
        {"bubblewrap 0.8.0\n", "  --bind-fds\n  --ro-bind-fds\n", CSC_CHECK_MISSING, "without --bind-fd"},
        {"", "  --bind-fd FD DEST\n  --ro-bind-fd FD DEST\n", CSC_CHECK_MISSING, "does not say which version"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct csc_doctor doctor = {.bwrap = "/usr/bin/bwrap", .backend = CSC_BACKEND_BWRAP};
        csc_doctor_judge_bwrap(&doctor, rows[i].version, rows[i].help);
        assert_int_equal(doctor.count, 1);
        const struct csc_check *check = &doctor.checks[0];
        if (check->state != rows[i].state || !strstr(check->found, rows[i].found) ||
            (check->state == CSC_CHECK_MISSING) != (check->fix[0] != '\0'))
            fail_msg("row %zu: %s; fix: %s", i, check->found, check->fix);
    }
}

/* The same with the native executor in use: nothing of it is missing, and what was found is still said. */
static void judging_needless_bwrap(void **state)
{
    static const struct {
        const char *version, *help, *found;
    } rows[] = {
        {"bubblewrap 0.8.0\n", "  --bind-fd FD DEST\n  --ro-bind-fd FD DEST\n", "version 0.8.0 with --bind-fd"},
        {"bubblewrap 0.4.1\n", "  --bind SRC DEST\n", "not needed by the native backend, and not usable: "},
        {"", "", "does not say which version"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct csc_doctor doctor = {.bwrap = "/usr/bin/bwrap", .backend = CSC_BACKEND_NATIVE};
        csc_doctor_judge_bwrap(&doctor, rows[i].version, rows[i].help);
        const struct csc_check *check = &doctor.checks[0];
        if (check->state != CSC_CHECK_OK || check->fix[0] || !strstr(check->found, rows[i].found))
            fail_msg("row %zu: %s; fix: %s", i, check->found, check->fix);
    }
}

/* ---- system calls ------------------------------------------------------------------------------------------------ */

static void calls(void **state)
{
    static const struct {
        const char *name; /* that fails; NULL: none */
        struct csc_trial trial;
        enum csc_backend backend;
        enum csc_check_state state;
        const char *found, *fix;
    } rows[] = {
        {NULL, {0}, CSC_BACKEND_NATIVE, CSC_CHECK_OK, "execveat are there", ""},
        {NULL, {0}, CSC_BACKEND_BWRAP, CSC_CHECK_OK, "clone3, open_tree, ", ""},
        {"mount_setattr",
         {CSC_TRIAL_CALL, ENOSYS},
         CSC_BACKEND_NATIVE,
         CSC_CHECK_MISSING,
         "mount_setattr is not there (Linux 5.12)",
         "Linux 5.12 or later"},
        {"clone3",
         {CSC_TRIAL_CHILD, ECHILD},
         CSC_BACKEND_NATIVE,
         CSC_CHECK_MISSING,
         "clone3 ends the process (Linux 5.3)",
         "filter of system calls"},
        {"fsopen", {CSC_TRIAL_CHILD, EAGAIN}, CSC_BACKEND_NATIVE, CSC_CHECK_MISSING, "fsopen cannot be tried", "bwrap"},
        {"openat2",
         {CSC_TRIAL_CALL, ENOSYS},
         CSC_BACKEND_BWRAP,
         CSC_CHECK_OK,
         "not needed by bwrap: openat2 is not there",
         ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct csc_trial trials[CSC_CALL_COUNT] = {{0}};
        struct csc_check check = {0};
        for (size_t k = 0; k < CSC_CALL_COUNT; k++)
            if (rows[i].name && strcmp(csc_calls[k].name, rows[i].name) == 0)
                trials[k] = rows[i].trial;
        csc_trial_explain_calls(trials, rows[i].backend, &check);
        if (check.state != rows[i].state || !strstr(check.found, rows[i].found) || !strstr(check.fix, rows[i].fix) ||
            (check.fix[0] != '\0') != (rows[i].fix[0] != '\0'))
            fail_msg("row %zu: %s; fix: %s", i, check.found, check.fix);
    }
}

/* A call that no kernel has is told from those that it has. */
static void absent_call(void **state)
{
    static const struct csc_call none = {100000, "no_such_call", "99.0"}, old = {SYS_getpid, "getpid", "1.0"};

    (void)state;
    assert_int_equal(csc_trial_call(&none).failed, CSC_TRIAL_CALL);
    assert_int_equal(csc_trial_call(&old).failed, CSC_TRIAL_DONE);
}

/* ---- folders -------------------------------------------------------------------------------------------------------
 */

static void folder_owners(void **state)
{
    static const struct {
        bool run_as, idmapped;
        enum csc_backend backend; /* of the sandbox; in use is the native one */
        unsigned owner;
    } rows[] = {
        {false, false, CSC_BACKEND_NATIVE, 1000}, {false, true, CSC_BACKEND_NATIVE, 1000},
        {false, true, CSC_BACKEND_BWRAP, 1000},   {true, false, CSC_BACKEND_NATIVE, 2000},
        {true, true, CSC_BACKEND_NATIVE, 1000},   {true, true, CSC_BACKEND_BWRAP, 2000},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct csc_config config = {.run_as = {rows[i].run_as, 2000, 2001}};
        const struct csc_doctor doctor = {.config = &config,
                                          .backend = CSC_BACKEND_NATIVE,
                                          .idmapped = rows[i].idmapped,
                                          .owner_uid = 1000,
                                          .owner_gid = 1001};
        uid_t uid;
        gid_t gid;
        csc_doctor_folder_owner(&doctor, rows[i].backend, &uid, &gid);
        if (uid != rows[i].owner || gid != rows[i].owner + 1)
            fail_msg("row %zu: %u:%u", i, uid, gid);
    }
}

/* ---- namespaces ------------------------------------------------------------------------------------------------ */

static void namespaces(void **state)
{
    static const struct {
        struct csc_trial trial;
        struct csc_userns userns;
        const char *found, *fix;
    } rows[] = {
        {{CSC_TRIAL_NAMESPACES, EPERM}, {0, 1000, -1, false, false, ""}, "unprivileged_userns_clone is 0", "sysctl -w"},
        {{CSC_TRIAL_NAMESPACES, ENOSPC}, {-1, 0, -1, false, true, ""}, "max_user_namespaces is 0", "sysctl -w user."},
        {{CSC_TRIAL_NAMESPACES, ENOSPC}, {-1, 9, -1, false, true, ""}, "as many namespaces as", "raise"},
        {{CSC_TRIAL_MOUNT, EACCES}, {1, 9, 1, false, false, ""}, "restrict_unprivileged_userns is 1", "apparmor/csc"},
        {{CSC_TRIAL_NAMESPACES, EACCES}, {1, 9, 1, false, false, "Docker"}, "is 1", "apparmor/csc"},
        /* Root is not restricted: something else it was. */
        {{CSC_TRIAL_MOUNT, EACCES}, {0, 9, 1, false, true, ""}, "a security module", "chroot"},
        {{CSC_TRIAL_NAMESPACES, EPERM}, {-1, 9, 0, true, false, "Docker"}, "engine refuses", "seccomp=unconfined"},
        {{CSC_TRIAL_MOUNT, EACCES}, {-1, 9, -1, true, true, "Podman"}, "give no right to mount", "label=disable"},
        {{CSC_TRIAL_NAMESPACES, EPERM}, {-1, 9, -1, true, false, ""}, "a system call filter", "RestrictNamespaces="},
        {{CSC_TRIAL_NAMESPACES, EINVAL}, {-1, -1, -1, false, false, ""}, "does not have them", "CONFIG_USER_NS"},
        {{CSC_TRIAL_MAP, EPERM}, {-1, 9, -1, false, false, ""}, "cannot be given a user", "kernel's log"},
        {{CSC_TRIAL_SWITCH, EPERM}, {-1, 9, -1, false, false, ""}, "cannot become the user", "CAP_SETUID"},
        {{CSC_TRIAL_CHILD, EAGAIN}, {-1, 9, -1, false, false, ""}, "no child", "ulimit"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct csc_check check = {0};
        csc_trial_explain_namespaces(&rows[i].trial, &rows[i].userns, &check);
        if (!strstr(check.found, rows[i].found) || !strstr(check.fix, rows[i].fix))
            fail_msg("row %zu: %s; fix: %s", i, check.found, check.fix);
        /* That would open them to every program of the machine. */
        assert_null(strstr(check.fix, "apparmor_restrict_unprivileged_userns=0"));
    }
}

static void covered_proc(void **state)
{
    static const struct {
        const char *container, *fix;
    } rows[] = {{"Docker", "systempaths=unconfined"}, {"Podman", "unmask=ALL"}, {"", "mountinfo"}};
    const struct csc_trial trial = {CSC_TRIAL_PROC, EPERM};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct csc_userns userns = {.container = rows[i].container};
        struct csc_check check = {0};
        csc_trial_explain_proc(&trial, &userns, &check);
        assert_non_null(strstr(check.fix, rows[i].fix));
    }
}

/* ---- what is read ------------------------------------------------------------------------------------------------ */

static void containers(void **state)
{
    static const struct {
        const char *text, *kind;
    } rows[] = {
        {"0::/\n", ""},
        {"0::/user.slice/user-1000.slice/session-1.scope\n", ""},
        {"0::/system.slice/docker.service\n", ""},
        {"0::/system.slice/docker-0123abcd.scope\n", "Docker"},
        {"5:pids:/docker/0123abcd\n4:memory:/docker/0123abcd\n", "Docker"},
        {"0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-1.scope\n", "Kubernetes"},
        {"0::/user.slice/libpod-0123abcd.scope/container\n", "Podman"},
        {"0::/lxc.payload.web/init.scope\n", "LXC"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        assert_string_equal(csc_container_of_cgroup(rows[i].text), rows[i].kind);
}

#define CAPABILITIES(prm, bnd)                                                                                         \
    "CapInh:\t0000000000000000\nCapPrm:\t" prm "\nCapEff:\t0000000000000000\nCapBnd:\t" bnd                            \
    "\nCapAmb:\t0000000000000000\n"
#define NO_CAPABILITIES CAPABILITIES("0000000000000000", "0000000000000000")

static void powers(void **state)
{
    static const struct {
        const char *status, *power; /* NULL: none */
    } rows[] = {
        {NO_CAPABILITIES "NoNewPrivs:\t1\nSeccomp:\t2\n", NULL},
        {"", "inheritable capabilities"},
        {CAPABILITIES("0000000000000001", "0000000000000000") "NoNewPrivs:\t1\nSeccomp:\t2\n",
         "permitted capabilities"},
        {CAPABILITIES("0000000000000000", "000001ffffffffff") "NoNewPrivs:\t1\nSeccomp:\t2\n", "bounding capabilities"},
        {NO_CAPABILITIES "NoNewPrivs:\t0\nSeccomp:\t2\n", "a way to new privileges"},
        {NO_CAPABILITIES "NoNewPrivs:\t1\nSeccomp:\t0\n", "no system call filter"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const char *power = csc_doctor_find_power(rows[i].status);
        if (!rows[i].power != !power || (power && strcmp(power, rows[i].power) != 0))
            fail_msg("row %zu: %s", i, power ? power : "none");
    }
}

/* ---- rows ------------------------------------------------------------------------------------------------------ */

static void texts(void **state)
{
    static const struct {
        const char *message, *found, *fix;
    } rows[] = {
        {"what; do this", "what", "do this"},
        {"what; do this; or that", "what", "do this; or that"},
        {"what", "what", ""},
        {"what; fix: do this", "what", "do this"},
        {"\033[31mred; fix", "\\x1b[31mred", "fix"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct csc_check check = {0};
        csc_check_split(&check, rows[i].message);
        assert_string_equal(check.found, rows[i].found);
        assert_string_equal(check.fix, rows[i].fix);
    }
}

static void what_is_missing(void **state)
{
    static struct csc_doctor doctor;

    (void)state;
    for (size_t i = 0; i < CSC_CHECKS_MAX; i++)
        (void)csc_doctor_add(&doctor, "row", i % 2 ? CSC_CHECK_OK : CSC_CHECK_WEAKER);
    assert_true(csc_doctor_is_content(&doctor));
    (void)csc_doctor_add(&doctor, "one too many", CSC_CHECK_MISSING);
    assert_int_equal(doctor.count, CSC_CHECKS_MAX);
    assert_false(csc_doctor_is_content(&doctor));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(versions),     cmocka_unit_test(judging_bwrap),   cmocka_unit_test(namespaces),
        cmocka_unit_test(covered_proc), cmocka_unit_test(containers),      cmocka_unit_test(powers),
        cmocka_unit_test(texts),        cmocka_unit_test(what_is_missing), cmocka_unit_test(judging_needless_bwrap),
        cmocka_unit_test(calls),        cmocka_unit_test(absent_call),     cmocka_unit_test(folder_owners),
    };

    return cmocka_run_group_tests_name("sandbox/doctor", tests, NULL, NULL);
}
