/* SPDX-License-Identifier: Apache-2.0 */
/* The system call filters in the kernel: real calls, without a filter (the control) and under each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <asm/ioctls.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/base.h"
#include "sandbox/seccomp.h"

enum { SKIP = 77, UNSEEN = -1, KILLED = 1000, UNKNOWN_CALL = 1500, FCHMODAT2 = 452, X32 = 0x40000000 };

#define HIGH 0x1234567800000000L

/* Each probe returns 0 when the call worked, else its errno. They run in a folder of their own. */

static int result_of(long r)
{
    return r < 0 ? errno : 0;
}

static int made_socket(int domain, int type, int protocol)
{
    _cleanup_close_ int fd = socket(domain, type, protocol);

    return result_of(fd);
}

static int make_pair(int type, int fds[2])
{
    return result_of(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fds));
}

static int made_pair(int type)
{
    int fds[2] = {-1, -1}, r = make_pair(type, fds);

    csc_close_cleanup(&fds[0]);
    csc_close_cleanup(&fds[1]);
    return r;
}

static int unix_socket(void)
{
    return made_socket(AF_UNIX, SOCK_STREAM, 0);
}

static int internet_socket(void)
{
    return made_socket(AF_INET, SOCK_STREAM, 0);
}

static int route_socket(void)
{
    return made_socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
}

static int uevent_socket(void)
{
    return made_socket(AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT);
}

static int stream_pair(void)
{
    return made_pair(SOCK_STREAM);
}

static int seqpacket_pair(void)
{
    return made_pair(SOCK_SEQPACKET);
}

/* The test listens at these addresses in the folder: what a socket of the host in a scope would be. */
static struct sockaddr_un address_of(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", name);
    return address;
}

static int reach_datagram_socket(void)
{
    const struct sockaddr_un address = address_of("datagram");
    int fds[2] = {-1, -1}, r = make_pair(SOCK_DGRAM, fds);

    if (r == 0)
        r = result_of(sendto(fds[0], "x", 1, MSG_DONTWAIT, (const struct sockaddr *)&address, sizeof(address)));
    csc_close_cleanup(&fds[0]);
    csc_close_cleanup(&fds[1]);
    return r;
}

static int reach_stream_socket(void)
{
    const struct sockaddr_un address = address_of("stream");
    int fds[2] = {-1, -1}, r = make_pair(SOCK_STREAM, fds);

    csc_close_cleanup(&fds[1]); /* not even when the other end is gone */
    if (r == 0)
        r = result_of(connect(fds[0], (const struct sockaddr *)&address, sizeof(address)));
    csc_close_cleanup(&fds[0]);
    return r;
}

static int chmod_set_uid(void)
{
    return result_of(chmod("file", 04755));
}

static int fchmodat_set_gid(void)
{
    return result_of(fchmodat(AT_FDCWD, "file", 02755, 0));
}

static int fchmodat2_set_uid(void)
{
    return result_of(syscall(FCHMODAT2, AT_FDCWD, "file", 04755, 0));
}

static int chmod_plain(void)
{
    return result_of(chmod("file", 0644));
}

static int opened(const char *path, int flags, mode_t mode)
{
    _cleanup_close_ int fd = open(path, flags | O_CLOEXEC, mode);

    if (flags & O_EXCL && fd >= 0)
        (void)unlink(path);
    return result_of(fd);
}

static int open_set_uid(void)
{
    return opened("new", O_CREAT | O_EXCL | O_WRONLY, 06755);
}

static int open_new(void)
{
    return opened("new", O_CREAT | O_EXCL | O_WRONLY, 0755);
}

/* Not created: the mode, which libc doesn't even pass on, must not matter. */
static int open_existing(void)
{
    _cleanup_close_ int fd = (int)syscall(SYS_openat, AT_FDCWD, "file", O_RDONLY | O_CLOEXEC, 06755);

    return result_of(fd);
}

static int openat2_set_uid(void)
{
    const uint64_t how[3] = {O_CREAT | O_WRONLY | O_CLOEXEC, 04755, 0};
    _cleanup_close_ int fd = (int)syscall(SYS_openat2, AT_FDCWD, "new", how, sizeof(how));

    return result_of(fd);
}

static int make_fifo(void)
{
    int r = result_of(mkfifo("fifo", 0600));

    (void)unlink("fifo");
    return r;
}

static int make_device(void)
{
    int r = result_of(mknod("device", S_IFCHR | 0600, 0)); /* overlayfs' whiteout: any user may make that one */

    (void)unlink("device");
    return r;
}

static int fork_and_wait(void)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(0);
    return pid < 0 ? errno : result_of(waitpid(pid, NULL, 0));
}

static int clone_namespace(void)
{
    long pid = syscall(SYS_clone, HIGH | CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);

    if (pid == 0)
        _exit(0);
    return pid < 0 ? errno : result_of(waitpid((pid_t)pid, NULL, 0));
}

static int clone3_nothing(void)
{
    return result_of(syscall(SYS_clone3, NULL, 0));
}

static int unshare_nothing(void)
{
    return result_of(unshare(0));
}

static int unshare_namespace(void)
{
    return result_of(unshare(CLONE_NEWUSER | CLONE_NEWNS));
}

static int ptrace_nobody(void)
{
    return result_of(ptrace(PTRACE_ATTACH, 0, NULL, NULL));
}

static int session_keyring(void)
{
    return result_of(syscall(SYS_keyctl, 0 /* KEYCTL_GET_KEYRING_ID */, -3 /* KEY_SPEC_SESSION_KEYRING */, 1));
}

static int uring(void)
{
    return result_of(syscall(SYS_io_uring_setup, 0, NULL));
}

static int mount_nothing(void)
{
    return result_of(syscall(SYS_mount, NULL, NULL, NULL, 0, NULL));
}

static int file_handle(void)
{
    return result_of(syscall(SYS_name_to_handle_at, AT_FDCWD, NULL, NULL, NULL, 0));
}

static int push_into_terminal(void)
{
    return result_of(syscall(SYS_ioctl, -1, HIGH | TIOCSTI, "x"));
}

static int terminal_size(void)
{
    return result_of(syscall(SYS_ioctl, -1, TIOCGWINSZ, NULL));
}

static int ask_personality(void)
{
    return result_of(personality(0xffffffff));
}

static int readable_means_executable(void)
{
    int r = result_of(personality(READ_IMPLIES_EXEC));

    (void)personality(0);
    return r;
}

static int unknown_call(void)
{
    return result_of(syscall(UNKNOWN_CALL));
}

#ifdef __x86_64__
/* In a process of its own, for the filter to end: KILLED then. */
static int ended_by(void (*call)(void))
{
    const struct rlimit no_core = {0, 0};
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        (void)setrlimit(RLIMIT_CORE, &no_core);
        call();
        _exit(0);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        return errno;
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS ? KILLED : 0;
}

static void call_x32(void)
{
    (void)syscall(X32 | SYS_getpid);
}

static void call_i386(void)
{
    long number = 20; /* getpid */

    __asm__ volatile("int $0x80" : "+a"(number) : : "memory", "r8", "r9", "r10", "r11");
}

static int x32_call(void)
{
    return ended_by(call_x32);
}

static int i386_call(void)
{
    return ended_by(call_i386);
}
#endif

static const struct {
    const char *name;
    int (*run)(void);
    int control; /* without a filter; UNSEEN: whatever this host says */
    int expected[CSC_SOCKETS_COUNT];
} probes[] = {
#define SAME(result)                                                                                                   \
    {                                                                                                                  \
        result, result, result, result                                                                                 \
    }
    {"socket(AF_UNIX)", unix_socket, 0, {EPERM, 0, EPERM, 0}},
    {"socket(AF_INET)", internet_socket, 0, {EPERM, EPERM, 0, 0}},
    {"socket(AF_NETLINK), routes", route_socket, 0, {EPERM, EPERM, 0, 0}},
    {"socket(AF_NETLINK), events", uevent_socket, 0, SAME(EPERM)},
    {"a pair of streams", stream_pair, 0, SAME(0)},
    {"a pair of packets", seqpacket_pair, 0, SAME(0)},
    {"a datagram to the host", reach_datagram_socket, 0, {EPERM, 0, EPERM, 0}},
    {"a stream to the host", reach_stream_socket, EISCONN, SAME(EISCONN)},
    {"chmod 04755", chmod_set_uid, 0, SAME(EPERM)},
    {"fchmodat 02755", fchmodat_set_gid, 0, SAME(EPERM)},
    {"fchmodat2 04755", fchmodat2_set_uid, UNSEEN, SAME(ENOSYS)},
    {"chmod 0644", chmod_plain, 0, SAME(0)},
    {"open O_CREAT 06755", open_set_uid, 0, SAME(EPERM)},
    {"open O_CREAT 0755", open_new, 0, SAME(0)},
    {"open, mode unused", open_existing, 0, SAME(0)},
    {"openat2 O_CREAT 04755", openat2_set_uid, UNSEEN, SAME(ENOSYS)},
    {"mkfifo", make_fifo, 0, SAME(0)},
    {"mknod S_IFCHR", make_device, UNSEEN, SAME(EPERM)},
    {"fork", fork_and_wait, 0, SAME(0)},
    {"clone CLONE_NEWUSER", clone_namespace, UNSEEN, SAME(EPERM)},
    {"clone3", clone3_nothing, UNSEEN, SAME(ENOSYS)},
    {"unshare nothing", unshare_nothing, 0, SAME(0)},
    {"unshare CLONE_NEWUSER", unshare_namespace, UNSEEN, SAME(EPERM)},
    {"ptrace", ptrace_nobody, UNSEEN, SAME(EPERM)},
    {"keyctl", session_keyring, UNSEEN, SAME(EPERM)},
    {"io_uring_setup", uring, UNSEEN, SAME(EPERM)},
    {"mount", mount_nothing, UNSEEN, SAME(EPERM)},
    {"name_to_handle_at", file_handle, UNSEEN, SAME(EPERM)},
    {"ioctl TIOCSTI", push_into_terminal, EBADF, SAME(EPERM)},
    {"ioctl TIOCGWINSZ", terminal_size, EBADF, SAME(EBADF)},
    {"personality, asked", ask_personality, 0, SAME(0)},
    {"personality READ_IMPLIES_EXEC", readable_means_executable, UNSEEN, SAME(EPERM)},
    {"no call", unknown_call, UNSEEN, SAME(ENOSYS)},
#ifdef __x86_64__
    {"a call of x32", x32_call, 0, SAME(KILLED)},
    {"a call of i386", i386_call, 0, SAME(KILLED)},
#endif
};

struct stage {
    char folder[200];
    int *results; /* of the probes, shared with the child */
    int datagram, stream;
};

static int listen_at(const char *name, int type)
{
    const struct sockaddr_un address = address_of(name);
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    if (type == SOCK_STREAM)
        assert_int_equal(listen(fd, 100), 0);
    return fd;
}

static void set_up(struct stage *stage)
{
    const char *tmp = getenv("TMPDIR");
    struct stage fresh = {0};

    (void)snprintf(fresh.folder, sizeof(fresh.folder), "%s/csc-seccomp-XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(fresh.folder));
    assert_int_equal(chdir(fresh.folder), 0);
    assert_int_equal(mknod("file", S_IFREG | 0600, 0), 0);
    fresh.datagram = listen_at("datagram", SOCK_DGRAM);
    fresh.stream = listen_at("stream", SOCK_STREAM);
    fresh.results = mmap(NULL, sizeof(int) * ARRAY_SIZE(probes), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
                         0);
    assert_true(fresh.results != MAP_FAILED);
    *stage = fresh;
}

static void tear_down(struct stage *stage)
{
    static const char *const names[] = {"file", "datagram", "stream", "new"};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        (void)unlink(names[i]);
    assert_int_equal(chdir("/"), 0);
    assert_int_equal(rmdir(stage->folder), 0);
    (void)munmap(stage->results, sizeof(int) * ARRAY_SIZE(probes));
    (void)close(stage->datagram);
    (void)close(stage->stream);
}

/* Without a filter for `sockets` CSC_SOCKETS_COUNT. Each probe has a process of its own: some would change it. */
static void run_probes(const struct stage *stage, enum csc_sockets sockets)
{
    for (size_t i = 0; i < ARRAY_SIZE(probes); i++) {
        int status = 0;
        pid_t pid = fork();
        if (pid == 0) {
            if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
                (sockets != CSC_SOCKETS_COUNT && csc_seccomp_load(sockets) < 0))
                _exit(1);
            stage->results[i] = probes[i].run();
            _exit(0);
        }
        assert_true(pid > 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        if (status != 0)
            fail_msg("%s: wait status 0x%x", probes[i].name, (unsigned)status);
    }
}

static void test_control(void **state)
{
    struct stage stage;

    (void)state;
    set_up(&stage);
    run_probes(&stage, CSC_SOCKETS_COUNT);
    for (size_t i = 0; i < ARRAY_SIZE(probes); i++)
        if (probes[i].control != UNSEEN && stage.results[i] != probes[i].control)
            fail_msg("%s: without a filter %d", probes[i].name, stage.results[i]);
    tear_down(&stage);
}

static void test_each_filter(void **state)
{
    struct stage stage;

    (void)state;
    set_up(&stage);
    for (int sockets = 0; sockets < CSC_SOCKETS_COUNT; sockets++) {
        run_probes(&stage, (enum csc_sockets)sockets);
        for (size_t i = 0; i < ARRAY_SIZE(probes); i++)
            if (stage.results[i] != probes[i].expected[sockets])
                fail_msg("%s: with sockets %s: %d", probes[i].name, csc_sockets_names[sockets], stage.results[i]);
    }
    tear_down(&stage);
}

/* An ordinary user may load a filter only so: whoever forgets it must hear of it. */
static void test_needs_no_new_privs(void **state)
{
    enum { NOBODY = 65534 };
    int status = 0;
    pid_t pid = fork();

    (void)state;
    if (pid == 0) {
        if (geteuid() == 0 && setresuid(NOBODY, NOBODY, NOBODY) < 0)
            _exit(2);
        _exit(csc_seccomp_load(CSC_SOCKETS_NONE) == -1 && errno == EACCES ? 0 : 1);
    }
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_control),
        cmocka_unit_test(test_each_filter),
        cmocka_unit_test(test_needs_no_new_privs),
    };
    const uint32_t action = SECCOMP_RET_KILL_PROCESS;

    if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0U, &action) != 0 ||
        prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 0 || prctl(PR_GET_SECCOMP, 0, 0, 0, 0) != 0) {
        (void)fprintf(stderr, "SKIP: no seccomp(2) here, or a filter is in force already\n");
        return SKIP;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
