/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Landlock of this kernel: what each grant allows and refuses, at each level. Every action is also tried without
 * Landlock, where it must work: else its refusal would prove nothing. Restrictions last, so each attempt is a child of
 * its own.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include "sandbox/sandbox.h"
#include "support/folder.h"

enum { SKIP = 77, NOT_RESTRICTED = 200, NOBODY = 65534, LAST = CSC_LANDLOCK_ABI_MAX };

/* What the actions work on; the child's working folder is `folder`. */
struct scene {
    char *folder;
    int listener; /* on loopback */
    struct sockaddr_in address;
    int abstract; /* a listener too */
    struct sockaddr_un name;
};

/* An action returns 0 or an errno. */
typedef int action(const struct scene *scene, const char *path);

static int result(long r)
{
    return r < 0 ? errno : 0;
}

static int open_for(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC, 0644);
    int r = result(fd);

    if (fd >= 0)
        (void)close(fd);
    return r;
}

static int read_it(const struct scene *scene, const char *path)
{
    (void)scene;
    return open_for(path, O_RDONLY);
}

static int list(const struct scene *scene, const char *path)
{
    (void)scene;
    return open_for(path, O_RDONLY | O_DIRECTORY);
}

static int write_it(const struct scene *scene, const char *path)
{
    (void)scene;
    return open_for(path, O_WRONLY);
}

static int create(const struct scene *scene, const char *path)
{
    (void)scene;
    return open_for(path, O_WRONLY | O_CREAT | O_EXCL);
}

static int cut(const struct scene *scene, const char *path)
{
    (void)scene;
    return result(truncate(path, 0));
}

static int make_folder(const struct scene *scene, const char *path)
{
    (void)scene;
    return result(mkdir(path, 0755));
}

static int make_fifo(const struct scene *scene, const char *path)
{
    (void)scene;
    return result(mkfifo(path, 0644));
}

static int make_symlink(const struct scene *scene, const char *path)
{
    (void)scene;
    return result(symlink("x", path));
}

static int make_device(const struct scene *scene, const char *path)
{
    (void)scene;
    return result(mknod(path, S_IFCHR | 0600, makedev(1, 3)));
}

static int make_socket(const struct scene *scene, const char *path)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)scene;
    (void)snprintf(name.sun_path, sizeof(name.sun_path), "%s", path);
    return result(bind(fd, (const struct sockaddr *)&name, sizeof(name)));
}

static int remove_it(const struct scene *scene, const char *path)
{
    (void)scene;
    return result(remove(path));
}

/* Not remove(), which tries unlink() first and takes its refusal for the answer. */
static int remove_folder(const struct scene *scene, const char *path)
{
    (void)scene;
    return result(rmdir(path));
}

/* To another folder. */
static int move(const struct scene *scene, const char *path)
{
    (void)scene;
    return result(rename(path, "write/sub/moved"));
}

static int run(const struct scene *scene, const char *path)
{
    int status = -1;
    pid_t pid = fork();

    (void)scene;
    if (pid == 0) {
        (void)execl(path, path, (char *)NULL);
        _exit(errno);
    }
    return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

static int ask_terminal(const struct scene *scene, const char *path)
{
    struct termios termios;
    int fd = open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);

    (void)scene;
    return fd < 0 ? errno : result(ioctl(fd, TCGETS, &termios));
}

static int connect_tcp(const struct scene *scene, const char *path)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)path;
    return result(connect(fd, (const struct sockaddr *)&scene->address, sizeof(scene->address)));
}

static int bind_tcp(const struct scene *scene, const char *path)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)scene;
    (void)path;
    return result(bind(fd, (const struct sockaddr *)&any, sizeof(any)));
}

static int connect_abstract(const struct scene *scene, const char *path)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)path;
    return result(connect(fd, (const struct sockaddr *)&scene->name, sizeof(scene->name)));
}

static int signal_outside(const struct scene *scene, const char *path)
{
    (void)scene;
    (void)path;
    return result(kill(getppid(), 0));
}

static int signal_inside(const struct scene *scene, const char *path)
{
    pid_t pid = fork();

    (void)scene;
    (void)path;
    if (pid == 0)
        for (;;)
            (void)pause();
    int r = result(kill(pid, SIGKILL));
    return waitpid(pid, NULL, 0) == pid ? r : 255;
}

/* Rules of every attempt but where a case has its own. The system's folders, so that programs start. */
static const struct csc_landlock_rule common_rules[] = {
    {"/usr", CSC_GRANT_READ},       {"/lib", CSC_GRANT_READ},         {"/lib64", CSC_GRANT_READ},
    {"read", CSC_GRANT_READ},       {"write", CSC_GRANT_WRITE},       {"device", CSC_GRANT_DEVICE},
    {"files/read", CSC_GRANT_READ}, {"files/write", CSC_GRANT_WRITE}, {"/dev/null", CSC_GRANT_DEVICE},
    {"/dev/zero", CSC_GRANT_READ},  {"missing", CSC_GRANT_WRITE},     {"files/read/below", CSC_GRANT_WRITE},
};

struct attempt {
    const char *title;
    action *act;
    const char *path;
    int expected; /* errno */
    int level;    /* from which */
    int control;  /* errno without Landlock */
};

static const struct attempt attempts[] = {
    {"read below read", read_it, "read/file", 0, 1, 0},
    {"list read", list, "read", 0, 1, 0},
    {"run below read", run, "read/program", 0, 1, 0},
    {"write below read", write_it, "read/file", EACCES, 1, 0},
    {"create below read", create, "read/new", EACCES, 1, 0},
    {"truncate below read", cut, "read/file", EACCES, 3, 0},
    {"make a folder below read", make_folder, "read/new", EACCES, 1, 0},
    {"remove below read", remove_it, "read/file", EACCES, 1, 0},
    {"remove a folder below read", remove_folder, "read/sub", EACCES, 1, 0},
    {"move out of read", move, "read/file", EACCES, 2, 0},

    {"read below write", read_it, "write/file", 0, 1, 0},
    {"list write", list, "write", 0, 1, 0},
    {"run below write", run, "write/program", 0, 1, 0},
    {"write below write", write_it, "write/file", 0, 1, 0},
    {"create below write", create, "write/new", 0, 1, 0},
    {"truncate below write", cut, "write/file", 0, 1, 0},
    {"make a folder below write", make_folder, "write/new", 0, 1, 0},
    {"make a FIFO below write", make_fifo, "write/new", 0, 1, 0},
    {"make a symlink below write", make_symlink, "write/new", 0, 1, 0},
    {"make a socket below write", make_socket, "write/new", 0, 1, 0},
    {"make a device below write", make_device, "write/new", EACCES, 1, 0},
    {"remove below write", remove_it, "write/file", 0, 1, 0},
    {"remove a folder below write", remove_folder, "write/empty", 0, 1, 0},
    {"move within write", move, "write/file", 0, 2, 0},

    {"read below device", read_it, "device/file", 0, 1, 0},
    {"write below device", write_it, "device/file", 0, 1, 0},
    {"truncate below device", cut, "device/file", 0, 1, 0},
    {"list device", list, "device", 0, 1, 0},
    {"run below device", run, "device/program", EACCES, 1, 0},
    {"create below device", create, "device/new", EACCES, 1, 0},
    {"make a FIFO below device", make_fifo, "device/new", EACCES, 1, 0},
    {"remove below device", remove_it, "device/file", EACCES, 1, 0},
    {"a device's ioctl", ask_terminal, "/dev/null", ENOTTY, 1, ENOTTY},
    {"an ioctl that is not granted", ask_terminal, "/dev/zero", EACCES, 5, ENOTTY},

    {"read a file of read", read_it, "files/read", 0, 1, 0},
    {"write a file of read", write_it, "files/read", EACCES, 1, 0},
    {"write a file of write", write_it, "files/write", 0, 1, 0},
    {"truncate a file of write", cut, "files/write", 0, 1, 0},
    {"read beside it", read_it, "files/other", EACCES, 1, 0},
    {"remove a file of write", remove_it, "files/write", EACCES, 1, 0},
    {"list its folder", list, "files", EACCES, 1, 0},

    {"read elsewhere", read_it, "other/file", EACCES, 1, 0},
    {"write elsewhere", write_it, "other/file", EACCES, 1, 0},
    {"list elsewhere", list, "other", EACCES, 1, 0},
    {"run elsewhere", run, "other/program", EACCES, 1, 0},
    {"create what was missing", create, "missing", EACCES, 1, 0},
    {"through a folder that leads up", read_it, "read/../other/file", EACCES, 1, 0},
    {"through a symlink", read_it, "write/link", EACCES, 1, 0},

    {"connect", connect_tcp, NULL, EACCES, 4, 0},
    {"bind", bind_tcp, NULL, EACCES, 4, 0},
    {"an abstract socket", connect_abstract, NULL, EPERM, 6, 0},
    {"a signal to the parent", signal_outside, NULL, EPERM, 6, 0},
    {"a signal to a child", signal_inside, NULL, 0, 1, 0},
};

static void copy_program(const struct scene *scene, const char *name)
{
    int from = open("/usr/bin/true", O_RDONLY | O_CLOEXEC);
    int to = open(folder_path(scene->folder, name), O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
    ssize_t n;

    assert_true(from >= 0 && to >= 0);
    while ((n = sendfile(to, from, NULL, 1 << 20)) > 0)
        ;
    assert_int_equal(n, 0);
    (void)close(from);
    (void)close(to);
}

static void scene_set(struct scene *scene)
{
    static const char *const folders[] = {"read",        "read/sub", "write", "write/sub",
                                          "write/empty", "device",   "files", "other"};
    static const char *const files[] = {"read/file",   "write/file",  "device/file", "files/read",
                                        "files/write", "files/other", "other/file"};
    static const char *const programs[] = {"read/program", "write/program", "device/program", "other/program"};

    *scene = (struct scene){.folder = folder_create()};
    for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
        assert_int_equal(mkdir(folder_path(scene->folder, folders[i]), 0755), 0);
    for (size_t i = 0; i < ARRAY_SIZE(files); i++)
        folder_write(scene->folder, files[i], "text");
    for (size_t i = 0; i < ARRAY_SIZE(programs); i++)
        copy_program(scene, programs[i]);
    assert_int_equal(symlink("../other/file", folder_path(scene->folder, "write/link")), 0);
    assert_int_equal(chdir(scene->folder), 0);
}

static void scene_strike(struct scene *scene)
{
    assert_int_equal(chdir("/"), 0);
    folder_remove(scene->folder);
}

static void scene_listen(struct scene *scene)
{
    socklen_t size = sizeof(scene->address);

    scene->address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    scene->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(scene->listener, (const struct sockaddr *)&scene->address, size), 0);
    assert_int_equal(listen(scene->listener, 100), 0);
    assert_int_equal(getsockname(scene->listener, (struct sockaddr *)&scene->address, &size), 0);
    scene->name = (struct sockaddr_un){.sun_family = AF_UNIX};
    (void)snprintf(scene->name.sun_path + 1, sizeof(scene->name.sun_path) - 1, "csc-test-%d", (int)getpid());
    scene->abstract = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(scene->abstract, (const struct sockaddr *)&scene->name, sizeof(scene->name)), 0);
    assert_int_equal(listen(scene->abstract, 100), 0);
}

static void scene_hang_up(const struct scene *scene)
{
    (void)close(scene->listener);
    (void)close(scene->abstract);
}

static struct csc_landlock at_level(int level)
{
    return (struct csc_landlock){.abi = level, .rules = common_rules, .rule_count = ARRAY_SIZE(common_rules)};
}

/* What the action says in a child of its own, restricted unless `landlock` is NULL. */
static int try(const struct scene *scene, const struct csc_landlock *landlock, action *act, const char *path)
{
    const char *step = NULL;
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || (landlock && csc_landlock_restrict(landlock, &step) < 0))
            _exit(NOT_RESTRICTED);
        _exit(act(scene, path));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

static void attempt(const struct attempt *a, int level)
{
    const struct csc_landlock landlock = at_level(level);
    struct scene scene;

    scene_set(&scene);
    scene_listen(&scene);
    int r = try(&scene, level > 0 ? &landlock : NULL, a->act, a->path);
    int expected = level > 0 ? a->expected : a->control;
    scene_hang_up(&scene);
    scene_strike(&scene);
    if (r != expected)
        fail_msg("%s, level %d: errno %d, not %d", a->title, level, r, expected);
}

/* At the best level, and at the lowest that knows the right; without Landlock it works. */
static void test_attempts(void **state)
{
    const int abi = csc_landlock_abi();

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(attempts); i++) {
        const struct attempt *a = &attempts[i];
        bool is_device = a->act == make_device;
        if (abi < a->level || (is_device && geteuid() != 0))
            continue;
        attempt(a, 0);
        attempt(a, abi);
        attempt(a, a->level);
    }
}

/* One level below, the same is not refused: the tables say from where on it is. */
static void test_levels_begin_where_they_say(void **state)
{
    static const struct attempt before[] = {
        {"truncate", cut, "read/file", 0, 2, 0},
        {"connect", connect_tcp, NULL, 0, 3, 0},
        {"bind", bind_tcp, NULL, 0, 3, 0},
        {"an abstract socket", connect_abstract, NULL, 0, 5, 0},
        {"a signal to the parent", signal_outside, NULL, 0, 5, 0},
        {"moves between folders", move, "write/file", EXDEV, 1, 0}, /* refused until it can be granted */
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(before); i++)
        if (csc_landlock_abi() >= before[i].level)
            attempt(&before[i], before[i].level);
}

static void test_every_level_holds(void **state)
{
    static const struct attempt always[] = {
        {"read", read_it, "read/file", 0, 1, 0},
        {"read elsewhere", read_it, "other/file", EACCES, 1, 0},
        {"write elsewhere", write_it, "other/file", EACCES, 1, 0},
        {"write", write_it, "write/file", 0, 1, 0},
    };

    (void)state;
    for (int level = 1; level <= csc_landlock_abi(); level++)
        for (size_t i = 0; i < ARRAY_SIZE(always); i++)
            attempt(&always[i], level);
}

static void test_network_and_none(void **state)
{
    static const struct {
        bool network;
        int level, expected; /* level 0: no Landlock is asked for */
        action *act;
        const char *path;
    } cases[] = {
        {true, LAST, 0, connect_tcp, NULL},
        {true, LAST, 0, bind_tcp, NULL},
        {true, LAST, EACCES, write_it, "other/file"},
        {false, 0, 0, connect_tcp, NULL},
        {false, 0, 0, write_it, "other/file"},
        {false, LAST + 1, NOT_RESTRICTED, write_it, "other/file"},
        {false, -1, NOT_RESTRICTED, write_it, "other/file"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const int abi = csc_landlock_abi();
        struct csc_landlock landlock = at_level(cases[i].level == LAST ? abi : cases[i].level);
        struct scene scene;

        landlock.network = cases[i].network;
        scene_set(&scene);
        scene_listen(&scene);
        int r = try(&scene, &landlock, cases[i].act, cases[i].path);
        scene_hang_up(&scene);
        scene_strike(&scene);
        if (r != cases[i].expected)
            fail_msg("case %zu: errno %d", i, r);
    }
}

/* Without any rule, nothing. */
static void test_no_rule(void **state)
{
    const struct csc_landlock landlock = {.abi = csc_landlock_abi()};
    struct scene scene;

    (void)state;
    scene_set(&scene);
    assert_int_equal(try(&scene, &landlock, read_it, "read/file"), EACCES);
    assert_int_equal(try(&scene, &landlock, list, "/"), EACCES);
    scene_strike(&scene);
}

/* A failing restriction says which step failed; nothing is restricted then. */
static int fail_to_restrict(const struct csc_landlock *landlock, const char *expected, int expected_errno)
{
    const char *step = NULL;

    if (csc_landlock_restrict(landlock, &step) == 0)
        return 1;
    return errno == expected_errno && step && strcmp(step, expected) == 0 ? 0 : 2;
}

static void test_failures(void **state)
{
    static const struct csc_landlock_rule bad[] = {{"loop", CSC_GRANT_READ}};
    const struct {
        struct csc_landlock landlock;
        bool no_new_privs;
        const char *step;
        int expected;
    } cases[] = {
        {{.abi = 1}, false, "landlock_restrict_self", EPERM},
        {{.abi = 1, .rules = bad, .rule_count = 1}, true, "landlock_add_rule", ELOOP},
        {{.abi = LAST + 1}, true, "the level of Landlock", EINVAL},
    };
    struct scene scene;

    (void)state;
    scene_set(&scene);
    assert_int_equal(chmod(scene.folder, 0755), 0);
    assert_int_equal(symlink("loop", "loop"), 0);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        int status = -1;
        pid_t pid = fork();
        if (pid == 0) {
            if (geteuid() == 0 && setresuid(NOBODY, NOBODY, NOBODY) < 0)
                _exit(3);
            if (cases[i].no_new_privs && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                _exit(4);
            _exit(fail_to_restrict(&cases[i].landlock, cases[i].step, cases[i].expected));
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        if (status != 0)
            fail_msg("case %zu: status %d", i, status);
    }
    scene_strike(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_attempts),          cmocka_unit_test(test_levels_begin_where_they_say),
        cmocka_unit_test(test_every_level_holds), cmocka_unit_test(test_network_and_none),
        cmocka_unit_test(test_no_rule),           cmocka_unit_test(test_failures),
    };

    if (csc_landlock_abi() == 0) {
        (void)fprintf(stderr, "SKIP: this kernel has no Landlock, or it is switched off\n");
        return SKIP;
    }
    (void)printf("# level %d\n", csc_landlock_abi());
    return cmocka_run_group_tests(tests, NULL, NULL);
}
