/* SPDX-License-Identifier: Apache-2.0 */
/* The rows that are tried: each part by itself, so that a sandbox that fails has a reason. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sandbox/cgroup.h"
#include "sandbox/landlock.h"
#include "sandbox/trial.h"

static void check_openat2(struct csc_doctor *doctor)
{
    struct csc_check *check = csc_doctor_add(doctor, "openat2", CSC_CHECK_OK);
    _cleanup_close_ int fd = csc_openat2(AT_FDCWD, "/", O_PATH | O_DIRECTORY, 0, RESOLVE_NO_SYMLINKS);

    if (fd >= 0) {
        csc_check_write(check->found, "paths can be opened without following a symlink");
        return;
    }
    check->state = CSC_CHECK_MISSING;
    csc_check_write(check->found, "%s", strerror(errno));
    csc_check_write(check->fix,
                    "use Linux 5.11 or later; in a container, an engine whose filter knows this system call");
}

/* What is missing stops the native executor alone. */
static void check_calls(struct csc_doctor *doctor)
{
    struct csc_check *check = csc_doctor_add(doctor, "kernel calls", CSC_CHECK_OK);
    struct csc_trial trials[CSC_CALL_COUNT];

    for (size_t i = 0; i < CSC_CALL_COUNT; i++)
        trials[i] = csc_trial_call(&csc_calls[i]);
    csc_trial_explain_calls(trials, doctor->backend, check);
}

/* ---- namespaces -------------------------------------------------------------------------------------------------- */

/* -1: there is no such setting. */
static long read_number(const char *path)
{
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    char text[32];
    ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

    if (size <= 0)
        return -1;
    text[size] = '\0';
    return strtol(text, NULL, 10);
}

static bool is_filtered(void)
{
    _cleanup_buf_ struct csc_buf status = {0};
    _cleanup_close_ int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);

    return fd >= 0 && csc_read_fd(fd, 64 << 10, &status, NULL) == 0 && status.data &&
           strstr(status.data, "\nSeccomp:\t2\n");
}

/* Who makes the namespaces: root does so before the command's process becomes another user, but not for bwrap. */
static uid_t maker(const struct csc_doctor *doctor)
{
    return doctor->backend == CSC_BACKEND_NATIVE ? geteuid() : doctor->uid;
}

static struct csc_userns read_userns(const struct csc_doctor *doctor)
{
    return (struct csc_userns){
        .unprivileged_clone = read_number("/proc/sys/kernel/unprivileged_userns_clone"),
        .maximum = read_number("/proc/sys/user/max_user_namespaces"),
        .apparmor_restricted = read_number("/proc/sys/kernel/apparmor_restrict_unprivileged_userns"),
        .filtered = is_filtered(),
        .root = maker(doctor) == 0,
        .container = doctor->container,
    };
}

/* bwrap may have what csc has not: its own profile of AppArmor, or the set-user-ID bit. The whole sandbox knows. */
static void forgive(const struct csc_doctor *doctor, struct csc_check *check)
{
    char seen[CSC_CHECK_TEXT];
    bool is_forgiven = doctor->backend == CSC_BACKEND_BWRAP && doctor->works;

    check->state = is_forgiven ? CSC_CHECK_OK : CSC_CHECK_MISSING;
    if (!is_forgiven)
        return;
    (void)snprintf(seen, sizeof(seen), "%s", check->found);
    csc_check_write(check->found, "bwrap gets them by rights of its own; for csc itself: %.400s", seen);
    check->fix[0] = '\0';
}

static void check_namespaces(struct csc_doctor *doctor)
{
    const struct csc_userns userns = read_userns(doctor);
    struct csc_trial trial = csc_trial_namespaces(doctor);
    struct csc_check *namespaces = csc_doctor_add(doctor, "user namespaces", CSC_CHECK_OK);
    struct csc_check *proc = csc_doctor_add(doctor, "/proc", CSC_CHECK_OK);

    if (trial.failed == CSC_TRIAL_DONE || trial.failed == CSC_TRIAL_PROC) {
        csc_check_write(namespaces->found, "all namespaces can be made, and mounted in, by uid %u", maker(doctor));
    } else {
        csc_trial_explain_namespaces(&trial, &userns, namespaces);
        forgive(doctor, namespaces);
    }
    if (trial.failed == CSC_TRIAL_DONE) {
        csc_check_write(proc->found, "a fresh one can be mounted");
        return;
    }
    if (trial.failed == CSC_TRIAL_PROC) {
        csc_trial_explain_proc(&trial, &userns, proc);
    } else {
        csc_check_write(proc->found, "cannot be tried without user namespaces");
        csc_check_write(proc->fix, "see there");
    }
    forgive(doctor, proc);
}

/* ---- filter, Landlock ------------------------------------------------------------------------------------------ */

static void check_filter(struct csc_doctor *doctor)
{
    struct csc_check *check = csc_doctor_add(doctor, "system call filter", CSC_CHECK_OK);
    struct csc_trial trial = csc_trial_filter();

    if (trial.failed == CSC_TRIAL_DONE) {
        csc_check_write(check->found, "loaded in a child, and refuses there what it should");
        return;
    }
    check->state = CSC_CHECK_MISSING;
    csc_check_write(check->found,
                    trial.failed == CSC_TRIAL_HOLD ? "it is loaded, and refuses nothing (%s)" : "cannot be loaded (%s)",
                    strerror(trial.error));
    csc_check_write(check->fix, "use a kernel with CONFIG_SECCOMP_FILTER; an emulator of another processor has none");
}

/* What each level of Landlock adds to the one before; the kernel that has it. */
static const struct {
    const char *lacks, *kernel;
} levels[CSC_LANDLOCK_ABI_MAX + 1] = {
    {"", ""},
    {"", "5.13"},
    {"renaming between folders, which is refused", "5.19"},
    {"truncating", "6.2"},
    {"TCP", "6.7"},
    {"ioctls of devices", "6.10"},
    {"abstract sockets and signals", "6.12"},
};

static void tell_level(int abi, struct csc_check *check)
{
    _cleanup_buf_ struct csc_buf lacks = {0};

    for (int i = abi + 1; i <= CSC_LANDLOCK_ABI_MAX; i++)
        csc_buf_printf(&lacks, "%s%s", lacks.size ? ", " : "", levels[i].lacks);
    csc_check_write(check->found, "level %d; namespaces and the filter are alone in bounding: %s", abi,
                    lacks.data ? lacks.data : "");
    csc_check_write(check->fix, "use Linux %s or later", levels[CSC_LANDLOCK_ABI_MAX].kernel);
}

static void check_landlock(struct csc_doctor *doctor)
{
    struct csc_check *check = csc_doctor_add(doctor, "Landlock", CSC_CHECK_WEAKER);
    int abi = csc_landlock_abi();

    if (abi == 0) {
        csc_check_write(check->found, "there is none: mounts and namespaces hold alone");
        csc_check_write(check->fix,
                        "use Linux %s or later with landlock in lsm= of its command line (and in "
                        "CONFIG_LSM); in a container, an engine whose filter knows these system calls",
                        levels[CSC_LANDLOCK_ABI_MAX].kernel);
        return;
    }
    struct csc_trial trial = csc_trial_landlock(abi);
    if (trial.failed != CSC_TRIAL_DONE) {
        check->state = CSC_CHECK_MISSING; /* csc-init would refuse to go on */
        csc_check_write(check->found, "level %d %s (%s)", abi,
                        trial.failed == CSC_TRIAL_HOLD ? "is loaded, and refuses nothing" : "cannot be loaded",
                        strerror(trial.error));
        csc_check_write(check->fix, "look for the refusal in the kernel's log (dmesg, ausearch)");
    } else if (abi < CSC_LANDLOCK_ABI_MAX) {
        tell_level(abi, check);
    } else {
        check->state = CSC_CHECK_OK;
        csc_check_write(check->found, "level %d, loaded in a child, and refuses there what it should", abi);
    }
}

/* ---- limits ------------------------------------------------------------------------------------------------------ */

#define DELEGATE                                                                                                       \
    "where systemd delegates control groups of version 2: systemd-run --scope -p Delegate=yes csc ... (as a user: "    \
    "systemd-run --user --scope)"

/* One limit of a command, and what holds it where no control group does. */
static const struct limit_row {
    const char *name;
    enum csc_controller controller;
    const char *else_found, *else_fix;
} limit_rows[] = {
    {"limit of memory", CSC_CONTROLLER_MEMORY,
     "no control group; only the address space of each process by itself is bounded (RLIMIT_AS), shared memory is not",
     DELEGATE "; in a container give it --memory"},
    {"limit of processes", CSC_CONTROLLER_PIDS,
     "no control group; only the number of all processes of this uid is bounded (RLIMIT_NPROC), those outside counted "
     "too",
     DELEGATE "; in a container give it --pids-limit"},
    {"limit of processor", CSC_CONTROLLER_CPU,
     "no control group of version 2: no share of the processors can be set; seconds of each process are bounded",
     DELEGATE "; users need Delegate=cpu memory pids in a drop-in of user@.service"},
};

static int64_t limit_value(const struct csc_limits *limits, enum csc_controller controller)
{
    const int64_t values[] = {
        [CSC_CONTROLLER_MEMORY] = limits->memory_bytes,
        [CSC_CONTROLLER_PIDS] = limits->processes,
        [CSC_CONTROLLER_CPU] = limits->cpu_percent ? limits->cpu_percent : 100,
    };

    return values[controller];
}

/* A group with just this limit, as a command would have it. */
static int try_group(const struct csc_doctor *doctor, const struct csc_cgroup_places *places,
                     enum csc_controller controller, struct csc_error *err)
{
    int64_t value = limit_value(&doctor->config->limits, controller);
    const struct csc_cgroup_limits limits = {
        .memory_bytes = controller == CSC_CONTROLLER_MEMORY ? value : 0,
        .processes = controller == CSC_CONTROLLER_PIDS ? value : 0,
        .cpu_percent = controller == CSC_CONTROLLER_CPU ? value : 0,
    };
    struct csc_cgroup *cgroup = NULL;
    int r = csc_cgroup_create(places, &limits, &cgroup, err);

    csc_cgroup_free(cgroup);
    return r;
}

static void tell_unheld(const struct csc_doctor *doctor, const struct limit_row *row, struct csc_check *check)
{
    check->state = CSC_CHECK_WEAKER;
    csc_check_write(check->found, "%s", row->else_found);
    csc_check_write(check->fix, "%s", row->else_fix);
    if (row->controller == CSC_CONTROLLER_PIDS && doctor->uid == 0) {
        check->state = CSC_CHECK_MISSING;
        csc_check_write(check->found, "nothing bounds the processes of root: no control group, and no resource limit");
        csc_check_write(check->fix, "set run_as in csc-config(5), or use a cwd that belongs to a plain user");
    }
    if (row->controller == CSC_CONTROLLER_CPU && doctor->config->limits.cpu_percent) {
        check->state = CSC_CHECK_MISSING;
        csc_check_write(check->found, "limits.cpu_percent is configured, and no control group of version 2 holds it");
        csc_check_write(check->fix, DELEGATE "; or take the limit out of csc-config(5)");
    }
}

static void check_limit(struct csc_doctor *doctor, const struct csc_cgroup_places *places, const struct limit_row *row)
{
    struct csc_check *check = csc_doctor_add(doctor, row->name, CSC_CHECK_OK);
    enum csc_holder holder = places->holder[row->controller];
    bool is_used = row->controller != CSC_CONTROLLER_CPU || doctor->config->limits.cpu_percent;
    struct csc_error err = {0};

    if (holder == CSC_HOLDER_NONE) {
        tell_unheld(doctor, row, check);
    } else if (try_group(doctor, places, row->controller, &err) < 0) {
        check->state = is_used ? CSC_CHECK_MISSING : CSC_CHECK_WEAKER;
        csc_check_write(check->found, "%s", err.text);
        csc_check_write(check->fix, "let this user make groups where csc is, or start csc in another place: " DELEGATE);
    } else {
        csc_check_write(check->found, "%s, for all processes of a command together%s", csc_holder_names[holder],
                        is_used ? "" : "; limits.cpu_percent sets none");
    }
}

/* bwrap has an option for bytes only. */
static void check_inodes(struct csc_doctor *doctor)
{
    struct csc_check *check = csc_doctor_add(doctor, "files in /tmp", CSC_CHECK_OK);

    if (doctor->backend == CSC_BACKEND_NATIVE) {
        csc_check_write(check->found,
                        "in /tmp, the home folder and /dev/shm the number of files is bounded, as the bytes are");
        return;
    }
    check->state = CSC_CHECK_WEAKER;
    csc_check_write(check->found,
                    "bwrap bounds the bytes in /tmp, the home folder and /dev/shm, not the number of files");
    csc_check_write(
        check->fix,
        "use the native backend (backend in csc-config(5)); with bwrap, a limit of memory by a control group "
        "counts what they take");
}

void csc_doctor_examine(struct csc_doctor *doctor)
{
    struct csc_cgroup_places places = CSC_CGROUP_NOWHERE;

    check_openat2(doctor);
    check_calls(doctor);
    check_namespaces(doctor);
    check_filter(doctor);
    check_landlock(doctor);
    csc_cgroup_find("/proc", &places);
    for (size_t i = 0; i < ARRAY_SIZE(limit_rows); i++)
        check_limit(doctor, &places, &limit_rows[i]);
    csc_cgroup_places_close(&places);
    check_inodes(doctor);
}
