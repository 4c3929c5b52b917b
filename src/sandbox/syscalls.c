/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/syscalls.h"

#include <asm/ioctls.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

/* ---- which calls there are ------------------------------------------------------------------------------------- */

#define GROUP(answer_, x86_64_only_, why_, names_)                                                                     \
    {                                                                                                                  \
        .answer = (answer_), .x86_64_only = (x86_64_only_), .why = (why_), .names = (names_)                           \
    }
#define ALLOWED(why, names) GROUP(CSC_SYSCALL_ALLOW, false, why, names)
#define ALLOWED_X86_64(why, names) GROUP(CSC_SYSCALL_ALLOW, true, why, names)
#define REFUSED(why, names) GROUP(CSC_SYSCALL_EPERM, false, why, names)
#define REFUSED_X86_64(why, names) GROUP(CSC_SYSCALL_EPERM, true, why, names)
#define ABSENT(why, names) GROUP(CSC_SYSCALL_ENOSYS, false, why, names)

const struct csc_syscalls csc_syscall_groups[] = {
    /* What ordinary programs (compilers, version control, interpreters, databases and their clients) are made of. */
    ALLOWED("descriptors: read and write",
            "read readv pread64 preadv preadv2 write writev pwrite64 pwritev pwritev2 lseek close close_range"),
    ALLOWED("descriptors: make and change", "dup dup3 fcntl flock pipe2 ioctl"),
    ALLOWED_X86_64("the same, older", "dup2 pipe"),
    ALLOWED("data without copies", "sendfile splice tee vmsplice copy_file_range"),
    ALLOWED("files: open", "openat"),
    ALLOWED_X86_64("the same, older", "open creat"),
    ALLOWED("files: look at",
            "newfstatat fstat statx statfs fstatfs faccessat faccessat2 readlinkat getdents64 getxattr lgetxattr "
            "fgetxattr listxattr llistxattr flistxattr"),
    ALLOWED_X86_64("the same, older", "stat lstat access readlink getdents"),
    ALLOWED("files: make, rename, remove", "mkdirat mknodat linkat symlinkat renameat renameat2 unlinkat"),
    ALLOWED_X86_64("the same, older", "mkdir rmdir mknod link symlink rename unlink"),
    ALLOWED("files: change",
            "fchmod fchmodat fchown fchownat utimensat truncate ftruncate fallocate setxattr lsetxattr fsetxattr "
            "removexattr lremovexattr fremovexattr umask"),
    ALLOWED_X86_64("the same, older", "chmod chown lchown utime utimes futimesat"),
    ALLOWED("files: caches and disks", "fadvise64 readahead sync syncfs fsync fdatasync sync_file_range"),
    ALLOWED("working folder", "getcwd chdir fchdir"),
    ALLOWED(
        "memory",
        "brk mmap munmap mprotect mremap msync madvise mincore mlock mlock2 mlockall munlock munlockall memfd_create "
        "pkey_alloc pkey_free pkey_mprotect"),
    ALLOWED("waiting for descriptors", "ppoll pselect6 epoll_create1 epoll_ctl epoll_pwait epoll_pwait2"),
    ALLOWED_X86_64("the same, older", "poll select epoll_create epoll_wait"),
    ALLOWED("events as descriptors",
            "eventfd2 signalfd4 timerfd_create timerfd_settime timerfd_gettime inotify_init1 inotify_add_watch "
            "inotify_rm_watch"),
    ALLOWED_X86_64("the same, older", "eventfd signalfd inotify_init"),
    ALLOWED("asynchronous input and output of databases; not io_uring", "io_setup io_destroy io_submit io_cancel "
                                                                        "io_getevents io_pgetevents"),
    ALLOWED("processes: start, end, wait; no new namespaces, see the arguments",
            "clone execve execveat exit exit_group wait4 waitid unshare"),
    ALLOWED_X86_64("the same, older", "fork vfork"),
    ALLOWED("processes: signal, only those of the same PID namespace",
            "kill tkill tgkill rt_sigqueueinfo rt_tgsigqueueinfo pidfd_open pidfd_send_signal"),
    ALLOWED("signals: handle",
            "rt_sigaction rt_sigprocmask rt_sigpending rt_sigsuspend rt_sigtimedwait rt_sigreturn sigaltstack "
            "restart_syscall"),
    ALLOWED_X86_64("the same, older", "pause alarm"),
    ALLOWED("threads",
            "futex futex_waitv set_robust_list get_robust_list set_tid_address rseq membarrier gettid getcpu"),
    ALLOWED_X86_64("threads: their local storage", "arch_prctl"),
    ALLOWED("identity: ask", "getpid getppid getuid geteuid getgid getegid getresuid getresgid getgroups capget"),
    ALLOWED("identity: change; without capabilities and under no_new_privs nothing is gained",
            "setuid setgid setreuid setregid setresuid setresgid setfsuid setfsgid setgroups capset"),
    ALLOWED("process groups and sessions", "setpgid getpgid getsid setsid"),
    ALLOWED_X86_64("the same, older", "getpgrp"),
    ALLOWED("the process itself; some options are refused, see the arguments", "prctl personality"),
    ALLOWED("limits and usage: they can be lowered only",
            "getrlimit setrlimit prlimit64 getrusage times sysinfo uname"),
    ALLOWED("scheduling of processes of its own",
            "sched_yield sched_getaffinity sched_setaffinity sched_getscheduler sched_setscheduler sched_getparam "
            "sched_setparam sched_getattr sched_setattr sched_get_priority_max sched_get_priority_min "
            "sched_rr_get_interval getpriority setpriority ioprio_get ioprio_set"),
    ALLOWED("clocks: read, sleep", "clock_gettime clock_getres clock_nanosleep nanosleep gettimeofday"),
    ALLOWED_X86_64("the same, older", "time"),
    ALLOWED("timers", "timer_create timer_settime timer_gettime timer_getoverrun timer_delete getitimer setitimer"),
    ALLOWED("random numbers", "getrandom"),
    ALLOWED("sockets; which ones can be made, see the arguments",
            "socket socketpair bind listen accept accept4 connect getsockname getpeername getsockopt setsockopt sendto "
            "recvfrom sendmsg recvmsg sendmmsg recvmmsg shutdown"),
    ALLOWED("System V and POSIX IPC, in an IPC namespace of its own",
            "shmget shmat shmdt shmctl semget semop semtimedop semctl msgget msgsnd msgrcv msgctl mq_open mq_unlink "
            "mq_timedsend mq_timedreceive mq_notify mq_getsetattr"),
    ALLOWED("further restrictions: they only take away",
            "seccomp landlock_create_ruleset landlock_add_rule landlock_restrict_self"),

    /* Ways out of a sandbox, and calls by which kernels have been broken. EPERM: programs know it and say so. */
    REFUSED("mounts: the view of the file system is the boundary",
            "mount umount2 pivot_root chroot open_tree move_mount fsopen fsconfig fsmount fspick mount_setattr"),
    REFUSED("namespaces of others", "setns"),
    REFUSED("keyrings: the session's belongs to whoever started csc", "keyctl add_key request_key"),
    REFUSED("other processes: their memory and descriptors",
            "ptrace process_vm_readv process_vm_writev process_madvise pidfd_getfd kcmp"),
    REFUSED("files by handle: past every mount and path check", "open_by_handle_at name_to_handle_at"),
    REFUSED("watching whole file systems", "fanotify_init fanotify_mark"),
    REFUSED("large attack surfaces of the kernel", "bpf perf_event_open userfaultfd"),
    REFUSED("io_uring: makes system calls that no filter sees", "io_uring_setup io_uring_enter io_uring_register"),
    REFUSED("kernel code", "init_module finit_module delete_module kexec_load kexec_file_load"),
    REFUSED("the machine's state: clock, name, swap, accounting, quotas, log, power",
            "settimeofday clock_settime adjtimex clock_adjtime sethostname setdomainname swapon swapoff acct quotactl "
            "quotactl_fd syslog reboot vhangup nfsservctl lookup_dcookie"),
    REFUSED_X86_64("ports and segments of the processor", "iopl ioperm modify_ldt"),
    REFUSED_X86_64("kernel code, older", "create_module get_kernel_syms query_module"),

    /* Their flags lie in memory, which no filter can read: callers fall back to calls whose flags are arguments. */
    ABSENT("could make namespaces; libc falls back to clone", "clone3"),
    ABSENT("could make set-uid files; callers fall back to openat", "openat2"),
    /* Nothing needs it: libnuma takes it for a machine without. */
    ABSENT("memory placement on machines of several nodes",
           "mbind get_mempolicy set_mempolicy migrate_pages move_pages"),
};

const size_t csc_syscall_group_count = sizeof(csc_syscall_groups) / sizeof(csc_syscall_groups[0]);

/* ---- which arguments are refused ------------------------------------------------------------------------------- */

#define HAS_ANY(index_, mask_)                                                                                         \
    {                                                                                                                  \
        .test = CSC_ARGUMENT_HAS_ANY, .index = (index_), .mask = (mask_)                                               \
    }
#define COUNT(...) (sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))
#define MASKED_IS(index_, mask_, ...)                                                                                  \
    {                                                                                                                  \
        .test = CSC_ARGUMENT_IS_ONE, .index = (index_), .mask = (mask_), .count = COUNT(__VA_ARGS__), .values = {      \
            __VA_ARGS__                                                                                                \
        }                                                                                                              \
    }
#define IS(index_, ...) MASKED_IS(index_, UINT32_MAX, __VA_ARGS__)
#define IS_OTHER(index_, ...)                                                                                          \
    {                                                                                                                  \
        .test = CSC_ARGUMENT_IS_OTHER, .index = (index_), .mask = UINT32_MAX, .count = COUNT(__VA_ARGS__), .values = { \
            __VA_ARGS__                                                                                                \
        }                                                                                                              \
    }

#define BIT(sockets) (1U << (sockets))
#define ALWAYS (BIT(CSC_SOCKETS_COUNT) - 1)
#define WITH_INTERNET (BIT(CSC_SOCKETS_INTERNET) | BIT(CSC_SOCKETS_INTERNET_UNIX))
#define WITHOUT_UNIX (BIT(CSC_SOCKETS_NONE) | BIT(CSC_SOCKETS_INTERNET))

/* The kernel's own bits and types, where the C library has none, or more in them. */
#define NAMESPACES                                                                                                     \
    (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)
#define NAMESPACE_OF_TIME 0x80 /* CLONE_NEWTIME; of clone(2)'s flags this bit belongs to the exit signal */
#define CREATES                                                                                                        \
    (O_CREAT | 020000000) /* the latter: O_TMPFILE without its O_DIRECTORY, which is another bit elsewhere */
#define SET_ID (S_ISUID | S_ISGID)
#define SOCKET_TYPE 0xf /* SOCK_TYPE_MASK: without SOCK_CLOEXEC and SOCK_NONBLOCK */

static const char namespace_why[] = "a namespace of its own would bring capabilities, and with them all of the kernel";
static const char set_id_why[] = "no set-uid or set-gid bit: the file may stay on the host when the sandbox is gone";
static const char device_why[] = "no device nodes";
static const char family_why[] = "only what the network grant and the configuration ask for";

const struct csc_argument_rule csc_argument_rules[] = {
    {"clone", namespace_why, ALWAYS, {HAS_ANY(0, NAMESPACES)}},
    {"unshare", namespace_why, ALWAYS, {HAS_ANY(0, NAMESPACES | NAMESPACE_OF_TIME)}},

    {"chmod", set_id_why, ALWAYS, {HAS_ANY(1, SET_ID)}},
    {"fchmod", set_id_why, ALWAYS, {HAS_ANY(1, SET_ID)}},
    {"fchmodat", set_id_why, ALWAYS, {HAS_ANY(2, SET_ID)}},
    {"creat", set_id_why, ALWAYS, {HAS_ANY(1, SET_ID)}},
    /* Without one of these flags nothing looks at the mode: it is whatever the register holds. */
    {"open", set_id_why, ALWAYS, {HAS_ANY(1, CREATES), HAS_ANY(2, SET_ID)}},
    {"openat", set_id_why, ALWAYS, {HAS_ANY(2, CREATES), HAS_ANY(3, SET_ID)}},
    {"mq_open", set_id_why, ALWAYS, {HAS_ANY(1, O_CREAT), HAS_ANY(2, SET_ID)}},
    {"mkdir", set_id_why, ALWAYS, {HAS_ANY(1, SET_ID)}},
    {"mkdirat", set_id_why, ALWAYS, {HAS_ANY(2, SET_ID)}},
    {"mknod", set_id_why, ALWAYS, {HAS_ANY(1, SET_ID)}},
    {"mknodat", set_id_why, ALWAYS, {HAS_ANY(2, SET_ID)}},
    {"mknod", device_why, ALWAYS, {MASKED_IS(1, S_IFMT, S_IFCHR, S_IFBLK)}},
    {"mknodat", device_why, ALWAYS, {MASKED_IS(2, S_IFMT, S_IFCHR, S_IFBLK)}},

    {"ioctl", "types into the terminal that csc was started on", ALWAYS, {IS(1, TIOCSTI, TIOCLINUX)}},
    {"ioctl", "loads line disciplines, little used kernel code", ALWAYS, {IS(1, TIOCSETD)}},
    {"prctl", "rewrites what /proc says about the process", ALWAYS, {IS(0, PR_SET_MM)}},
    /* ADDR_NO_RANDOMIZE is for sanitizers; all bits set only asks. */
    {"personality",
     "old behaviours: pages at address 0, readable means executable",
     ALWAYS,
     {IS_OTHER(0, PER_LINUX, ADDR_NO_RANDOMIZE, UINT32_MAX)}},

    {"socket", family_why, BIT(CSC_SOCKETS_NONE), {{.test = CSC_ARGUMENT_NOT_LOOKED_AT}}},
    {"socket", family_why, BIT(CSC_SOCKETS_UNIX), {IS_OTHER(0, AF_UNIX)}},
    {"socket", family_why, BIT(CSC_SOCKETS_INTERNET), {IS_OTHER(0, AF_INET, AF_INET6, AF_NETLINK)}},
    {"socket", family_why, BIT(CSC_SOCKETS_INTERNET_UNIX), {IS_OTHER(0, AF_UNIX, AF_INET, AF_INET6, AF_NETLINK)}},
    {"socket", "resolvers ask for addresses and routes only", WITH_INTERNET, {IS(0, AF_NETLINK), IS_OTHER(2, 0)}},
    {"socket",
     "no packets past the kernel's own protocols",
     WITH_INTERNET,
     {IS(0, AF_INET, AF_INET6), MASKED_IS(1, SOCKET_TYPE, SOCK_RAW, SOCK_PACKET)}},
    {"socketpair", "pairs of other families can be connected elsewhere", ALWAYS, {IS_OTHER(0, AF_UNIX)}},
    /* unix(7): a datagram socket of a pair can still send to an address. AF_UNIX makes SOCK_RAW one of these. */
    {"socketpair",
     "reaches the host's UNIX datagram sockets without socket(2)",
     WITHOUT_UNIX,
     {MASKED_IS(1, SOCKET_TYPE, SOCK_DGRAM, SOCK_RAW)}},
};

const size_t csc_argument_rule_count = sizeof(csc_argument_rules) / sizeof(csc_argument_rules[0]);
