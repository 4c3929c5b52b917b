/* SPDX-License-Identifier: Apache-2.0 */
/* The system call filters, as BPF: those for this machine, and those for the other one, which no kernel here could
 * load. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <asm/ioctls.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/base.h"
#include "bpf.h"
#include "format/format.h"
#include "sandbox/seccomp_programs.h"
#include "sandbox/syscalls.h"

#define HIGH UINT64_C(0xdeadbeef00000000) /* what an attacker may put above 32 bits */
#define ALLOW SECCOMP_RET_ALLOW
#define REFUSE (SECCOMP_RET_ERRNO | EPERM)
#define ABSENT (SECCOMP_RET_ERRNO | ENOSYS)
#define KILL SECCOMP_RET_KILL_PROCESS

#define BIT(sockets) (1U << (sockets))
#define NONE BIT(CSC_SOCKETS_NONE)
#define UNIX BIT(CSC_SOCKETS_UNIX)
#define INTERNET BIT(CSC_SOCKETS_INTERNET)
#define BOTH BIT(CSC_SOCKETS_INTERNET_UNIX)
#define ALL (NONE | UNIX | INTERNET | BOTH)

#define X32 0x40000000U
#define O_TMPFILE_BIT 020000000 /* without O_DIRECTORY */

/* The same file as in csc, compiled for the other machine. */
extern const struct csc_seccomp_filter foreign_filters[CSC_SOCKETS_COUNT];
extern const char foreign_hashes[CSC_SOCKETS_COUNT][65];

struct machine {
    uint32_t scmp, audit;
    const struct csc_seccomp_filter *filters;
};

#ifdef CSC_SECCOMP_X86_64
static const struct machine machines[] = {
    {SCMP_ARCH_X86_64, AUDIT_ARCH_X86_64, csc_seccomp_filters},
    {SCMP_ARCH_AARCH64, AUDIT_ARCH_AARCH64, foreign_filters},
};
#else
static const struct machine machines[] = {
    {SCMP_ARCH_X86_64, AUDIT_ARCH_X86_64, foreign_filters},
    {SCMP_ARCH_AARCH64, AUDIT_ARCH_AARCH64, csc_seccomp_filters},
};
#endif

static uint32_t decide(const struct machine *machine, unsigned sockets, const struct seccomp_data *data)
{
    const struct csc_seccomp_filter *filter = &machine->filters[sockets];
    const struct sock_fprog program = {.len = filter->count, .filter = (struct sock_filter *)filter->instructions};

    return bpf_run(&program, data);
}

struct call {
    const char *name;
    uint32_t expected;
    unsigned sockets;
    uint64_t args[6];
};

static void check(const struct machine *machine, const struct call *call)
{
    int number = seccomp_syscall_resolve_name_arch(machine->scmp, call->name);
    struct seccomp_data data = {.nr = number, .arch = machine->audit};

    assert_int_not_equal(number, __NR_SCMP_ERROR);
    if (number < 0)
        return; /* the machine has no such call */
    memcpy(data.args, call->args, sizeof(data.args));
    for (unsigned sockets = 0; sockets < CSC_SOCKETS_COUNT; sockets++) {
        uint32_t action = decide(machine, sockets, &data);
        if (call->sockets & BIT(sockets) && action != call->expected)
            fail_msg("%x: %s(%jx, %jx, %jx, %jx) with sockets %s: 0x%x", machine->audit, call->name,
                     (uintmax_t)data.args[0], (uintmax_t)data.args[1], (uintmax_t)data.args[2], (uintmax_t)data.args[3],
                     csc_sockets_names[sockets], action);
    }
}

static void check_all(const struct call *calls, size_t count)
{
    for (size_t i = 0; i < ARRAY_SIZE(machines); i++)
        for (size_t k = 0; k < count; k++)
            check(&machines[i], &calls[k]);
}

static void test_calls(void **state)
{
    static const struct {
        uint32_t expected;
        const char *names;
    } cases[] = {
        {ALLOW, "read openat open execve execveat futex mmap rseq prctl ioctl statx clone fork vfork wait4 exit_group"},
        {ALLOW, "kill seccomp connect bind sendmsg epoll_pwait eventfd2 memfd_create shmget mq_open setuid capset"},
        {ALLOW, "pidfd_open inotify_add_watch landlock_add_rule getrandom setsid splice io_submit restart_syscall"},
        {ALLOW, "rt_sigreturn arch_prctl close_range copy_file_range setxattr sched_setaffinity mlock timerfd_create"},
        {REFUSE, "mount umount2 pivot_root chroot open_tree move_mount fsopen fsconfig fsmount fspick mount_setattr"},
        {REFUSE, "setns keyctl add_key request_key bpf perf_event_open userfaultfd"},
        {REFUSE, "io_uring_setup io_uring_enter io_uring_register"},
        {REFUSE, "ptrace process_vm_readv process_vm_writev process_madvise pidfd_getfd kcmp"},
        {REFUSE, "kexec_load kexec_file_load init_module finit_module delete_module create_module"},
        {REFUSE, "open_by_handle_at name_to_handle_at acct swapon swapoff reboot syslog vhangup quotactl quotactl_fd"},
        {REFUSE, "settimeofday clock_settime adjtimex clock_adjtime sethostname setdomainname fanotify_init"},
        {REFUSE, "iopl ioperm modify_ldt nfsservctl lookup_dcookie"},
        {ABSENT, "clone3 openat2 uselib vserver migrate_pages ustat"},
    };
    char names[200];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char *rest = NULL;
        assert_true(snprintf(names, sizeof(names), "%s", cases[i].names) < (int)sizeof(names));
        for (char *name = strtok_r(names, " ", &rest); name; name = strtok_r(NULL, " ", &rest))
            check_all(&(struct call){name, cases[i].expected, ALL, {0}}, 1);
    }
}

static void test_namespaces(void **state)
{
    enum { NEWTIME = 0x80 };
    static const uint64_t namespaces[] = {CLONE_NEWNS,   CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC,
                                          CLONE_NEWUSER, CLONE_NEWPID,    CLONE_NEWNET};
    static const struct call calls[] = {
        {"clone", ALLOW, ALL, {SIGCHLD}},
        {"clone", ALLOW, ALL, {CLONE_VM | CLONE_VFORK | SIGCHLD}},
        {"clone", ALLOW, ALL, {0x3d0f00}}, /* a thread of glibc */
        {"clone", ALLOW, ALL, {NEWTIME}},  /* part of the signal here */
        {"clone", ALLOW, ALL, {SIGCHLD, CLONE_NEWUSER, CLONE_NEWUSER, CLONE_NEWUSER, CLONE_NEWUSER}},
        {"clone", ALLOW, ALL, {HIGH | SIGCHLD}},
        {"unshare", ALLOW, ALL, {CLONE_FILES | CLONE_FS}},
        {"unshare", REFUSE, ALL, {NEWTIME}},
        {"unshare", REFUSE, ALL, {HIGH | NEWTIME}},
    };

    (void)state;
    check_all(calls, ARRAY_SIZE(calls));
    for (size_t i = 0; i < ARRAY_SIZE(namespaces); i++) {
        const struct call made[] = {
            {"clone", REFUSE, ALL, {namespaces[i]}},
            {"clone", REFUSE, ALL, {HIGH | namespaces[i] | CLONE_VM | SIGCHLD}},
            {"unshare", REFUSE, ALL, {namespaces[i]}},
            {"unshare", REFUSE, ALL, {HIGH | namespaces[i] | CLONE_FILES}},
        };
        check_all(made, ARRAY_SIZE(made));
    }
}

/* Every way to a mode, and which of its arguments the mode is. */
static void test_set_id_bits(void **state)
{
    static const struct {
        const char *name;
        unsigned index;
        uint64_t flags; /* in the argument before */
    } ways[] = {
        {"chmod", 1, 0},
        {"fchmod", 1, 0},
        {"fchmodat", 2, 0},
        {"creat", 1, 0},
        {"mkdir", 1, 0},
        {"mkdirat", 2, 0},
        {"mknod", 1, 0},
        {"mknodat", 2, 0},
        {"open", 2, O_CREAT | O_WRONLY},
        {"open", 2, HIGH | O_CREAT},
        {"open", 2, O_TMPFILE | O_RDWR},
        {"open", 2, O_TMPFILE_BIT},
        {"openat", 3, O_CREAT | O_EXCL | O_WRONLY},
        {"openat", 3, O_TMPFILE | O_RDWR},
        {"openat", 3, O_TMPFILE_BIT | HIGH},
        {"mq_open", 2, O_CREAT},
    };
    static const struct {
        uint64_t mode;
        uint32_t expected;
    } modes[] = {
        {0, ALLOW},           {0777, ALLOW},        {01777, ALLOW},  {HIGH | 0644, ALLOW},   {S_IFREG | 0644, ALLOW},
        {04755, REFUSE},      {02755, REFUSE},      {06000, REFUSE}, {HIGH | 04755, REFUSE}, {HIGH | 02000, REFUSE},
        {0xffffffff, REFUSE}, {UINT64_MAX, REFUSE}, {07777, REFUSE},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(ways); i++)
        for (size_t k = 0; k < ARRAY_SIZE(modes); k++) {
            struct call call = {ways[i].name, modes[k].expected, ALL, {0}};
            call.args[ways[i].index - 1] = ways[i].flags;
            call.args[ways[i].index] = modes[k].mode;
            check_all(&call, 1);
        }
}

static void test_arguments(void **state)
{
    static const struct call calls[] = {
        /* without O_CREAT or O_TMPFILE the mode is garbage */
        {"open", ALLOW, ALL, {0, O_RDONLY, 07777}},
        {"openat", ALLOW, ALL, {0, 0, O_RDONLY | O_CLOEXEC, 04755}},
        {"openat", ALLOW, ALL, {0, 0, O_DIRECTORY | O_NOFOLLOW, UINT64_MAX}},
        {"openat", ALLOW, ALL, {O_CREAT, O_CREAT, 0, 06000}},
        {"mq_open", ALLOW, ALL, {0, O_RDWR, 04000}},
        {"umask", ALLOW, ALL, {06777}},
        {"mknod", ALLOW, ALL, {0, S_IFIFO | 0600}},
        {"mknod", ALLOW, ALL, {0, S_IFSOCK | 0600}},
        {"mknod", ALLOW, ALL, {0, 0600}},
        {"mknod", REFUSE, ALL, {0, S_IFCHR | 0600, 0x103}},
        {"mknod", REFUSE, ALL, {0, HIGH | S_IFBLK}},
        {"mknodat", ALLOW, ALL, {0, 0, S_IFIFO | 0600}},
        {"mknodat", REFUSE, ALL, {0, 0, S_IFCHR}},
        {"mknodat", REFUSE, ALL, {0, 0, HIGH | S_IFBLK | 0600}},
        {"ioctl", ALLOW, ALL, {0, TCGETS}},
        {"ioctl", ALLOW, ALL, {0, TIOCGWINSZ}},
        {"ioctl", ALLOW, ALL, {0, FIONREAD, TIOCSTI}},
        {"ioctl", ALLOW, ALL, {TIOCSTI, FIONBIO}},
        {"ioctl", REFUSE, ALL, {0, TIOCSTI}},
        {"ioctl", REFUSE, ALL, {0, HIGH | TIOCSTI}},
        {"ioctl", REFUSE, ALL, {0, TIOCLINUX}},
        {"ioctl", REFUSE, ALL, {9, HIGH | TIOCLINUX}},
        {"ioctl", REFUSE, ALL, {0, TIOCSETD}},
        {"prctl", ALLOW, ALL, {PR_SET_NAME}},
        {"prctl", ALLOW, ALL, {PR_SET_PDEATHSIG, SIGKILL}},
        {"prctl", ALLOW, ALL, {PR_SET_NO_NEW_PRIVS, 1}},
        {"prctl", ALLOW, ALL, {PR_SET_DUMPABLE, PR_SET_MM}},
        {"prctl", REFUSE, ALL, {PR_SET_MM}},
        {"prctl", REFUSE, ALL, {HIGH | PR_SET_MM}},
        {"personality", ALLOW, ALL, {PER_LINUX}},
        {"personality", ALLOW, ALL, {0xffffffff}},
        {"personality", ALLOW, ALL, {UINT64_MAX}},
        {"personality", ALLOW, ALL, {ADDR_NO_RANDOMIZE}},
        {"personality", REFUSE, ALL, {READ_IMPLIES_EXEC}},
        {"personality", REFUSE, ALL, {HIGH | MMAP_PAGE_ZERO}},
        {"personality", REFUSE, ALL, {ADDR_NO_RANDOMIZE | READ_IMPLIES_EXEC}},
        {"personality", REFUSE, ALL, {0xfffffffe}},
        {"personality", REFUSE, ALL, {0xfffbffff}},
        {"personality", REFUSE, ALL, {PER_LINUX32}},
        {"personality", REFUSE, ALL, {1}},
    };

    (void)state;
    check_all(calls, ARRAY_SIZE(calls));
}

static void test_sockets(void **state)
{
    static const struct call calls[] = {
        {"socket", ALLOW, UNIX | BOTH, {AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC}},
        {"socket", ALLOW, UNIX | BOTH, {AF_UNIX, SOCK_DGRAM}},
        {"socket", ALLOW, UNIX | BOTH, {HIGH | AF_UNIX, SOCK_STREAM}},
        {"socket", REFUSE, NONE | INTERNET, {AF_UNIX, SOCK_STREAM}},
        {"socket", REFUSE, NONE | INTERNET, {HIGH | AF_UNIX, SOCK_STREAM}},
        {"socket", ALLOW, INTERNET | BOTH, {AF_INET, SOCK_STREAM, IPPROTO_TCP}},
        {"socket", ALLOW, INTERNET | BOTH, {AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK}},
        {"socket", REFUSE, NONE | UNIX, {AF_INET, SOCK_STREAM}},
        {"socket", REFUSE, NONE | UNIX, {HIGH | AF_INET6, SOCK_DGRAM}},
        {"socket", REFUSE, ALL, {AF_INET, SOCK_RAW, IPPROTO_ICMP}},
        {"socket", REFUSE, ALL, {AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_ICMP}},
        {"socket", REFUSE, ALL, {HIGH | AF_INET6, HIGH | SOCK_RAW}},
        {"socket", REFUSE, ALL, {AF_INET, SOCK_PACKET}},
        {"socket", ALLOW, INTERNET | BOTH, {AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE}},
        {"socket", ALLOW, INTERNET | BOTH, {AF_NETLINK, SOCK_DGRAM, HIGH | NETLINK_ROUTE}},
        {"socket", REFUSE, NONE | UNIX, {AF_NETLINK, SOCK_RAW, NETLINK_ROUTE}},
        {"socket", REFUSE, ALL, {AF_NETLINK, SOCK_RAW, NETLINK_AUDIT}},
        {"socket", REFUSE, ALL, {AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER}},
        {"socket", REFUSE, ALL, {HIGH | AF_NETLINK, SOCK_RAW, HIGH | NETLINK_XFRM}},
        {"socket", REFUSE, ALL, {AF_PACKET, SOCK_RAW}},
        {"socket", REFUSE, ALL, {AF_ALG, SOCK_SEQPACKET}},
        {"socket", REFUSE, ALL, {AF_VSOCK, SOCK_STREAM}},
        {"socket", REFUSE, ALL, {AF_UNSPEC, SOCK_STREAM}},
        {"socket", REFUSE, ALL, {UINT64_MAX, SOCK_STREAM}},
        {"socketpair", ALLOW, ALL, {AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC}},
        {"socketpair", ALLOW, ALL, {AF_UNIX, SOCK_SEQPACKET}},
        {"socketpair", ALLOW, UNIX | BOTH, {AF_UNIX, SOCK_DGRAM}},
        {"socketpair", REFUSE, NONE | INTERNET, {AF_UNIX, SOCK_DGRAM}},
        {"socketpair", REFUSE, NONE | INTERNET, {AF_UNIX, HIGH | SOCK_DGRAM | SOCK_CLOEXEC}},
        {"socketpair", REFUSE, NONE | INTERNET, {AF_UNIX, SOCK_RAW | SOCK_NONBLOCK}},
        {"socketpair", REFUSE, ALL, {AF_TIPC, SOCK_STREAM}},
        {"socketpair", REFUSE, ALL, {AF_INET, SOCK_STREAM}},
    };

    (void)state;
    check_all(calls, ARRAY_SIZE(calls));
}

static void test_other_architectures(void **state)
{
    static const struct {
        uint32_t machine, arch, number, expected;
    } cases[] = {
        {AUDIT_ARCH_X86_64, AUDIT_ARCH_I386, 4, KILL},
        {AUDIT_ARCH_X86_64, AUDIT_ARCH_I386, 0, KILL},
        {AUDIT_ARCH_X86_64, AUDIT_ARCH_AARCH64, 64, KILL},
        {AUDIT_ARCH_X86_64, 0, 0, KILL},
        {AUDIT_ARCH_X86_64, AUDIT_ARCH_X86_64, X32, KILL},
        {AUDIT_ARCH_X86_64, AUDIT_ARCH_X86_64, X32 | 1, KILL},
        {AUDIT_ARCH_X86_64, AUDIT_ARCH_X86_64, X32 | 520, KILL},
        {AUDIT_ARCH_X86_64, AUDIT_ARCH_X86_64, 0x7fffffff, KILL},
        {AUDIT_ARCH_X86_64, AUDIT_ARCH_X86_64, 0x80000000, KILL},
        {AUDIT_ARCH_X86_64, AUDIT_ARCH_X86_64, 0xffffffff, ABSENT}, /* a tracer's "no call" */
        {AUDIT_ARCH_X86_64, AUDIT_ARCH_X86_64, 512, ABSENT},        /* x32's, without its bit */
        {AUDIT_ARCH_AARCH64, AUDIT_ARCH_ARM, 4, KILL},
        {AUDIT_ARCH_AARCH64, AUDIT_ARCH_X86_64, 0, KILL},
        {AUDIT_ARCH_AARCH64, AUDIT_ARCH_I386, 4, KILL},
        {AUDIT_ARCH_AARCH64, AUDIT_ARCH_AARCH64, X32, ABSENT},
        {AUDIT_ARCH_AARCH64, AUDIT_ARCH_AARCH64, 0xffffffff, ABSENT},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        for (unsigned sockets = 0; sockets < CSC_SOCKETS_COUNT; sockets++) {
            const struct seccomp_data data = {.nr = (int)cases[i].number, .arch = cases[i].arch};
            uint32_t action = decide(&machines[cases[i].machine == machines[1].audit], sockets, &data);
            if (action != cases[i].expected)
                fail_msg("%x: call %u of %x: 0x%x", cases[i].machine, cases[i].number, cases[i].arch, action);
        }
}

/* ---- the BPF against the tables that it was made from ------------------------------------------------------------ */

enum { NUMBERS = 2048 };

static bool test_holds(const struct csc_argument *argument, const __u64 args[6])
{
    uint32_t value = (uint32_t)args[argument->index];
    bool listed = false;

    for (size_t i = 0; i < argument->count; i++)
        listed |= (value & argument->mask) == argument->values[i];
    switch (argument->test) {
    case CSC_ARGUMENT_HAS_ANY:
        return (value & argument->mask) != 0;
    case CSC_ARGUMENT_IS_ONE:
        return listed;
    case CSC_ARGUMENT_IS_OTHER:
        return !listed;
    default:
        return true;
    }
}

static bool is_refused(const char *name, unsigned sockets, const __u64 args[6])
{
    for (size_t i = 0; i < csc_argument_rule_count; i++) {
        const struct csc_argument_rule *rule = &csc_argument_rules[i];
        if (strcmp(rule->name, name) == 0 && rule->sockets & BIT(sockets) && test_holds(&rule->tests[0], args) &&
            test_holds(&rule->tests[1], args))
            return true;
    }
    return false;
}

/* With arguments that are all 0. */
static void fill_expected(const struct machine *machine, unsigned sockets, uint32_t expected[NUMBERS])
{
    static const uint32_t actions[] = {ALLOW, REFUSE, ABSENT};
    static const __u64 zeros[6];
    char names[1000];

    for (size_t i = 0; i < NUMBERS; i++)
        expected[i] = ABSENT;
    for (size_t i = 0; i < csc_syscall_group_count; i++) {
        const struct csc_syscalls *group = &csc_syscall_groups[i];
        char *rest = NULL;
        assert_true(snprintf(names, sizeof(names), "%s", group->names) < (int)sizeof(names));
        assert_true(group->why && *group->why);
        for (char *name = strtok_r(names, " ", &rest); name; name = strtok_r(NULL, " ", &rest)) {
            int number = seccomp_syscall_resolve_name_arch(machine->scmp, name);
            assert_true(number < NUMBERS);
            if (number >= 0 && expected[number] != ABSENT)
                fail_msg("%s is listed twice", name);
            if (number >= 0)
                expected[number] = is_refused(name, sockets, zeros) ? REFUSE : actions[group->answer];
        }
    }
}

static void test_every_number(void **state)
{
    uint32_t expected[NUMBERS];

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(machines) * CSC_SOCKETS_COUNT; i++) {
        const struct machine *machine = &machines[i / CSC_SOCKETS_COUNT];
        unsigned sockets = i % CSC_SOCKETS_COUNT;
        fill_expected(machine, sockets, expected);
        for (int number = 0; number < NUMBERS; number++) {
            const struct seccomp_data data = {.nr = number, .arch = machine->audit};
            uint32_t action = decide(machine, sockets, &data);
            if (action != expected[number])
                fail_msg("%x: call %d: 0x%x", machine->audit, number, action);
        }
    }
}

static uint64_t next_random(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *seed >> 17;
}

/* Mostly what rules look for, often with a bit changed, sometimes with something above 32 bits. */
static uint64_t random_argument(uint64_t *seed)
{
    const struct csc_argument_rule *rule = &csc_argument_rules[next_random(seed) % csc_argument_rule_count];
    const struct csc_argument *test = &rule->tests[next_random(seed) % CSC_ARGUMENT_TESTS];
    uint64_t value = test->test == CSC_ARGUMENT_HAS_ANY ? test->mask & next_random(seed)
                                                        : test->values[next_random(seed) % CSC_ARGUMENT_VALUES];

    if (next_random(seed) % 2)
        value ^= UINT64_C(1) << next_random(seed) % 32;
    if (next_random(seed) % 8 == 0)
        value = next_random(seed) % 64;
    return next_random(seed) % 4 ? value : value | next_random(seed) << 32;
}

static void test_many_arguments(void **state)
{
    enum { ROUNDS = 300000 };
    uint64_t seed = 1;

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        const struct machine *machine = &machines[round % 2];
        const char *name = csc_argument_rules[next_random(&seed) % csc_argument_rule_count].name;
        unsigned sockets = (unsigned)(next_random(&seed) % CSC_SOCKETS_COUNT);
        struct seccomp_data data = {.arch = machine->audit};
        data.nr = seccomp_syscall_resolve_name_arch(machine->scmp, name);
        for (size_t i = 0; i < ARRAY_SIZE(data.args); i++)
            data.args[i] = random_argument(&seed);
        uint32_t expected = is_refused(name, sockets, data.args) ? REFUSE : ALLOW;
        if (data.nr >= 0 && decide(machine, sockets, &data) != expected)
            fail_msg("%x: %s(%jx, %jx, %jx, %jx), sockets %s", machine->audit, name, (uintmax_t)data.args[0],
                     (uintmax_t)data.args[1], (uintmax_t)data.args[2], (uintmax_t)data.args[3],
                     csc_sockets_names[sockets]);
    }
}

static void test_hashes(void **state)
{
    char hash[CSC_SHA256_HEX];

    (void)state;
    for (int i = 0; i < CSC_SOCKETS_COUNT; i++) {
        const struct sock_fprog program = csc_seccomp_program((enum csc_sockets)i);
        csc_sha256_hex(program.filter, program.len * sizeof(*program.filter), hash);
        assert_string_equal(csc_seccomp_sha256((enum csc_sockets)i), hash);
        for (int k = 0; k < i; k++)
            assert_string_not_equal(csc_seccomp_sha256((enum csc_sockets)k), hash);
        assert_string_not_equal(foreign_hashes[i], hash);
    }
    assert_string_equal(csc_sockets_names[CSC_SOCKETS_INTERNET_UNIX], "internet+unix");
    assert_null(csc_sockets_names[CSC_SOCKETS_COUNT]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_calls),        cmocka_unit_test(test_namespaces),
        cmocka_unit_test(test_set_id_bits),  cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_sockets),      cmocka_unit_test(test_other_architectures),
        cmocka_unit_test(test_every_number), cmocka_unit_test(test_many_arguments),
        cmocka_unit_test(test_hashes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
