/* SPDX-License-Identifier: Apache-2.0 */
/* Pure: what was seen on the host comes as arguments. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include "sandbox/trial.h"

/* "unconfined" would also do for AppArmor, but not where user namespaces are given by profile. */
#define CONTAINER_FLAGS                                                                                                \
    "start the container with --security-opt seccomp=unconfined and --security-opt apparmor=csc (SELinux: "            \
    "label=disable), never with --privileged; packaging/docker/README.md has the whole line"

enum cause {
    CAUSE_CLONE_OFF,
    CAUSE_MAXIMUM_ZERO,
    CAUSE_MAXIMUM_REACHED,
    CAUSE_APPARMOR,
    CAUSE_CONTAINER,
    CAUSE_FILTER,
    CAUSE_KERNEL,
    CAUSE_UNKNOWN,
};

static const struct {
    const char *found, *fix;
} causes[] = {
    [CAUSE_CLONE_OFF] = {"kernel.unprivileged_userns_clone is 0",
                         "sysctl -w kernel.unprivileged_userns_clone=1, and the same in /etc/sysctl.d/ to keep it"},
    [CAUSE_MAXIMUM_ZERO] = {"user.max_user_namespaces is 0",
                            "sysctl -w user.max_user_namespaces=10000, and the same in /etc/sysctl.d/ to keep it"},
    [CAUSE_MAXIMUM_REACHED] = {"there are as many namespaces as the user.max_*_namespaces allow, or 32 levels of them",
                               "end what holds them, or raise user.max_user_namespaces and its siblings by sysctl(8)"},
    [CAUSE_APPARMOR] = {"kernel.apparmor_restrict_unprivileged_userns is 1, and csc has no profile that grants them",
                        "install -m 0644 packaging/apparmor/csc /etc/apparmor.d/csc && apparmor_parser -r "
                        "/etc/apparmor.d/csc; leave the sysctl as it is, it protects all other programs"},
    [CAUSE_CONTAINER] = {"the container's engine refuses it", CONTAINER_FLAGS},
    [CAUSE_FILTER] = {"csc itself runs under a system call filter, which may refuse it",
                      "start csc without that filter (systemd: SystemCallFilter=, RestrictNamespaces=); in a "
                      "container: --security-opt seccomp=unconfined"},
    [CAUSE_KERNEL] = {"this kernel does not have them", "use a kernel with CONFIG_USER_NS and the other namespaces"},
    [CAUSE_UNKNOWN] = {"a security module, or a chroot, refuses it",
                       "look for the refusal in the kernel's log (dmesg, ausearch), and start csc outside of a chroot"},
};

static enum cause find_cause(const struct csc_trial *trial, const struct csc_userns *userns)
{
    bool is_refusal = trial->error == EPERM || trial->error == EACCES;

    if (userns->unprivileged_clone == 0 && !userns->root && is_refusal)
        return CAUSE_CLONE_OFF;
    if (userns->maximum == 0)
        return CAUSE_MAXIMUM_ZERO;
    if (trial->error == ENOSPC || trial->error == EUSERS)
        return CAUSE_MAXIMUM_REACHED;
    if (userns->apparmor_restricted == 1 && !userns->root && is_refusal)
        return CAUSE_APPARMOR;
    if (userns->container[0])
        return CAUSE_CONTAINER;
    if (userns->filtered)
        return CAUSE_FILTER;
    return trial->error == EINVAL || trial->error == ENOSYS ? CAUSE_KERNEL : CAUSE_UNKNOWN;
}

void csc_trial_explain_namespaces(const struct csc_trial *trial, const struct csc_userns *userns,
                                  struct csc_check *check)
{
    static const char *const steps[] = {
        [CSC_TRIAL_NAMESPACES] = "cannot be made",
        [CSC_TRIAL_MAP] = "cannot be given a user",
        [CSC_TRIAL_MOUNT] = "give no right to mount",
    };

    if (trial->failed == CSC_TRIAL_CHILD) {
        csc_check_write(check->found, "cannot be tried: no child (%s)", strerror(trial->error));
        csc_check_write(check->fix, "look at the limits of processes and memory (ulimit -a)");
    } else if (trial->failed == CSC_TRIAL_SWITCH) {
        csc_check_write(check->found, "cannot become the user that commands run as (%s)", strerror(trial->error));
        csc_check_write(
            check->fix,
            "give root CAP_SETUID and CAP_SETGID (and, in a user namespace, setgroups(2)), or start csc as a "
            "plain user");
    } else {
        enum cause cause = find_cause(trial, userns);
        csc_check_write(check->found, "%s (%s): %s", steps[trial->failed], strerror(trial->error), causes[cause].found);
        csc_check_write(check->fix, "%s", causes[cause].fix);
    }
}

void csc_trial_explain_proc(const struct csc_trial *trial, const struct csc_userns *userns, struct csc_check *check)
{
    csc_check_write(check->found, "a fresh one cannot be mounted (%s): parts of the one that is there are covered",
                    strerror(trial->error));
    if (userns->container[0])
        csc_check_write(check->fix, "start the container with --security-opt systempaths=unconfined (Podman: "
                                    "--security-opt unmask=ALL)");
    else
        csc_check_write(check->fix,
                        "unmount what /proc/self/mountinfo lists below /proc, or run csc where nothing covers it");
}

/* ---- system calls ------------------------------------------------------------------------------------------------ */

const struct csc_call csc_calls[CSC_CALL_COUNT] = {
    {SYS_clone3, "clone3", "5.3"},
    {SYS_open_tree, "open_tree", "5.2"},
    {SYS_mount_setattr, "mount_setattr", "5.12"},
    {SYS_move_mount, "move_mount", "5.2"},
    {SYS_fsopen, "fsopen", "5.2"},
    {SYS_fsconfig, "fsconfig", "5.2"},
    {SYS_fsmount, "fsmount", "5.2"},
    {SYS_openat2, "openat2", "5.6"},
    {SYS_execveat, "execveat", "3.19"},
};

/* That a child was killed is the doing of a filter. */
static const char *what_became(const struct csc_trial *trial)
{
    if (trial->failed == CSC_TRIAL_DONE)
        return NULL;
    if (trial->failed == CSC_TRIAL_CALL)
        return "is not there";
    return trial->error == ECHILD ? "ends the process" : "cannot be tried";
}

void csc_trial_explain_calls(const struct csc_trial trials[CSC_CALL_COUNT], enum csc_backend backend,
                             struct csc_check *check)
{
    _cleanup_buf_ struct csc_buf list = {0}, present = {0};

    for (size_t i = 0; i < CSC_CALL_COUNT; i++) {
        const char *what = what_became(&trials[i]);
        if (what)
            csc_buf_printf(&list, "%s%s %s (Linux %s)", list.size ? ", " : "", csc_calls[i].name, what,
                           csc_calls[i].kernel);
        else
            csc_buf_printf(&present, "%s%s", present.size ? ", " : "", csc_calls[i].name);
    }
    check->state = CSC_CHECK_OK;
    if (list.size == 0) {
        csc_check_write(check->found, "%s are there", present.data ? present.data : "");
    } else if (backend != CSC_BACKEND_NATIVE) {
        csc_check_write(check->found, "not needed by bwrap: %s", list.data ? list.data : "");
    } else {
        check->state = CSC_CHECK_MISSING;
        csc_check_write(check->found, "%s", list.data ? list.data : "");
        csc_check_write(check->fix, "use Linux 5.12 or later; where csc runs under a filter of system calls (a "
                                    "container's, systemd's), one that knows them; or set backend: bwrap");
    }
}

/* ---- what is read ------------------------------------------------------------------------------------------------ */

const char *csc_container_of_cgroup(const char *text)
{
    /* Parts that engines put into paths; not "docker" alone, which is also the engine's own service. */
    static const struct {
        const char *part, *kind;
    } parts[] = {
        {"/kubepods", "Kubernetes"},
        {"/docker/", "Docker"},
        {"/docker-", "Docker"},
        {"/libpod-", "Podman"},
        {"/libpod_", "Podman"},
        {"/lxc/", "LXC"},
        {"/lxc.payload", "LXC"},
        {"/machine.slice/", "systemd"},
        {"/crio-", "CRI-O"},
        {"/garden/", "Garden"},
        {"/cri-containerd", "containerd"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
        if (strstr(text, parts[i].part))
            return parts[i].kind;
    return "";
}

bool csc_bwrap_version(const char *text, unsigned ret_version[3])
{
    unsigned version[3];
    int end = -1;

    if (strlen(text) > 100 || strspn(text, "bubwrapleg 0123456789.\n") != strlen(text) ||
        sscanf(text, "bubblewrap %4u.%4u.%4u%n", &version[0], &version[1], &version[2], &end) != 3 || end < 0)
        return false;
    if (text[end] != '\0' && strcmp(text + end, "\n") != 0)
        return false;
    memcpy(ret_version, version, sizeof(version));
    return true;
}

const char *csc_doctor_find_power(const char *status)
{
    static const struct {
        const char *line, *what;
    } wanted[] = {
        {"CapInh:\t0000000000000000\n", "inheritable capabilities"},
        {"CapPrm:\t0000000000000000\n", "permitted capabilities"},
        {"CapEff:\t0000000000000000\n", "effective capabilities"},
        {"CapBnd:\t0000000000000000\n", "bounding capabilities"},
        {"CapAmb:\t0000000000000000\n", "ambient capabilities"},
        {"NoNewPrivs:\t1\n", "a way to new privileges"},
        {"Seccomp:\t2\n", "no system call filter"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
        if (!strstr(status, wanted[i].line))
            return wanted[i].what;
    return NULL;
}
