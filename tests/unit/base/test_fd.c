/* SPDX-License-Identifier: Apache-2.0 */
/* Bounded reading, and the standard descriptors. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/base.h"
#include "support/folder.h"

enum { NOBODY = 65534 };

static char *folder;

static int make_folder(void **state)
{
    (void)state;
    folder = folder_create();
    return 0;
}

static int drop_folder(void **state)
{
    (void)state;
    folder_remove(folder);
    return 0;
}

/* Reads and expects the code; when that is 0, the text too. */
static void expect_input(const char *path, size_t max, int code, const char *expected)
{
    struct csc_buf bytes = {0};
    struct csc_error err = {0};

    assert_int_equal(csc_read_input(path, max, &bytes, &err), code);
    assert_int_equal(err.code, -code);
    if (code == 0) {
        assert_string_equal(bytes.data, expected);
        assert_int_equal(bytes.size, strlen(expected));
    } else {
        assert_null(bytes.data);
        assert_non_null(strstr(err.text, expected));
    }
    csc_buf_free(&bytes);
}

static void files_up_to_the_limit(void **state)
{
    (void)state;
    folder_write(folder, "five", "12345");
    folder_write(folder, "none", "");
    expect_input(folder_path(folder, "five"), 6, 0, "12345");
    expect_input(folder_path(folder, "five"), 5, 0, "12345");
    expect_input(folder_path(folder, "five"), 4, -CSC_E_DATA, "larger than the 4 bytes allowed");
    expect_input(folder_path(folder, "five"), 0, -CSC_E_DATA, "larger than the 0 bytes allowed");
    expect_input(folder_path(folder, "none"), 0, 0, "");
    expect_input(folder_path(folder, "none"), 10, 0, "");
}

static void a_file_whose_size_is_not_known(void **state)
{
    struct csc_buf bytes = {0};

    (void)state;
    assert_int_equal(csc_read_input("/proc/self/status", 1 << 20, &bytes, NULL), 0);
    assert_true(bytes.size > 100);
    assert_int_equal(strlen(bytes.data), bytes.size);
    csc_buf_free(&bytes);
    expect_input("/proc/self/status", 100, -CSC_E_DATA, "larger than");
}

static void endless_and_empty_devices(void **state)
{
    (void)state;
    expect_input("/dev/zero", 1 << 20, -CSC_E_DATA, "larger than the 1048576 bytes allowed");
    expect_input("/dev/null", 10, 0, "");
}

static void what_is_no_file(void **state)
{
    (void)state;
    expect_input(folder, 10, -CSC_E_INPUT, "failed to read: Is a directory");
    expect_input(folder_path(folder, "missing"), 10, -CSC_E_INPUT, "failed to read: No such file");
    expect_input("", 10, -CSC_E_INPUT, "failed to read: No such file");
    expect_input(folder_path(folder, "missing/x"), 10, -CSC_E_INPUT, "No such file");
}

/* In a child, which gives up root's privilege where the test has it. */
static void a_file_without_permission(void **state)
{
    const char *path = folder_path(folder, "secret");
    int status;

    (void)state;
    folder_write(folder, "secret", "x");
    assert_int_equal(chmod(path, 0), 0);
    assert_int_equal(chmod(folder, 0755), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct csc_buf bytes = {0};
        struct csc_error err = {0};
        if (geteuid() == 0 && (setgid(NOBODY) < 0 || setuid(NOBODY) < 0))
            _exit(2);
        int r = csc_read_input(path, 10, &bytes, &err);
        _exit(r == -CSC_E_INPUT && err.sys_errno == EACCES ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void a_fifo_that_nobody_writes_to(void **state)
{
    const char *path = folder_path(folder, "silent");

    (void)state;
    assert_int_equal(mkfifo(path, 0600), 0);
    expect_input(path, 10, -CSC_E_INPUT, "nothing to read for 5 s");
}

static void on_signal(int number)
{
    (void)number;
}

/* The signals end poll(2); the FIFO without a writer must not count as empty then. */
static void a_fifo_with_a_late_writer(void **state)
{
    const char *path = folder_path(folder, "late");
    const struct sigaction handler = {.sa_handler = on_signal}, old = {.sa_handler = SIG_DFL};
    int status;

    (void)state;
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(sigaction(SIGUSR1, &handler, NULL), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        for (int i = 0; i < 50; i++) {
            (void)kill(getppid(), SIGUSR1);
            (void)usleep(2000);
        }
        int fd = open(path, O_WRONLY | O_CLOEXEC);
        _exit(fd >= 0 && csc_write_all(fd, "late", 4) == 0 ? 0 : 1);
    }
    expect_input(path, 10, 0, "late");
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(sigaction(SIGUSR1, &old, NULL), 0);
}

static void from_a_descriptor(void **state)
{
    struct csc_buf bytes = {0};
    int ends[2];

    (void)state;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(csc_write_all(ends[1], "a\0b", 3), 0);
    (void)close(ends[1]);
    assert_int_equal(csc_read_fd(ends[0], 3, &bytes, NULL), 0);
    assert_int_equal(bytes.size, 3);
    assert_memory_equal(bytes.data, "a\0b", 4);
    assert_true(fcntl(ends[0], F_GETFD) >= 0);
    (void)close(ends[0]);
    csc_buf_free(&bytes);
    assert_int_equal(csc_read_fd(-1, 3, &bytes, NULL), -CSC_E_INPUT);
    assert_null(bytes.data);
}

static void writing_to_what_is_full_or_closed(void **state)
{
    int ends[2];

    (void)state;
    int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(csc_write_all(fd, "x", 1), -1);
    assert_int_equal(errno, ENOSPC);
    assert_int_equal(csc_write_all(fd, "", 0), 0);
    (void)close(fd);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    (void)close(ends[0]);
    void (*old)(int) = signal(SIGPIPE, SIG_IGN);
    assert_int_equal(csc_write_all(ends[1], "x", 1), -1);
    assert_int_equal(errno, EPIPE);
    (void)signal(SIGPIPE, old);
    (void)close(ends[1]);
}

/* A non-blocking pipe that fills up: nothing is lost, and nothing spins for ever. */
static void writing_waits_for_room(void **state)
{
    enum { SIZE = 1 << 20 };
    char *sent = malloc(SIZE);
    struct csc_buf bytes = {0};
    int ends[2], status;

    (void)state;
    assert_non_null(sent);
    for (size_t i = 0; i < SIZE; i++)
        sent[i] = (char)('a' + i % 23);
    assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(csc_write_all(ends[1], sent, SIZE) == 0 ? 0 : 1);
    (void)close(ends[1]);
    assert_int_equal(csc_read_fd(ends[0], SIZE, &bytes, NULL), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(bytes.size, SIZE);
    assert_memory_equal(bytes.data, sent, SIZE);
    (void)close(ends[0]);
    csc_buf_free(&bytes);
    free(sent);
}

static void openat2_adds_close_on_exec(void **state)
{
    (void)state;
    assert_int_equal(symlink("five", folder_path(folder, "link")), 0);
    int fd = csc_openat2(AT_FDCWD, folder_path(folder, "link"), O_RDONLY, 0, 0);
    assert_true(fd >= 0);
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    (void)close(fd);
    assert_int_equal(csc_openat2(AT_FDCWD, folder_path(folder, "link"), O_RDONLY, 0, RESOLVE_NO_SYMLINKS), -1);
    assert_int_equal(errno, ELOOP);
    assert_int_equal(csc_openat2(AT_FDCWD, "/proc/self/exe", O_RDONLY, 0, 0), -1);
    assert_int_equal(errno, ELOOP);
}

/* In a child: closes those of 0-2 whose bit is set, and says by its status whether all three came back on
 * /dev/null, the others untouched, and the next descriptor above them. */
static int standard_fds_after_closing(unsigned closed)
{
    struct stat null, st;

    if (stat("/dev/null", &null) < 0)
        return 1;
    for (int fd = 0; fd <= 2; fd++)
        if (closed >> fd & 1 ? close(fd) < 0 : dup2(3, fd) < 0)
            return 2;
    (void)close(3);
    if (csc_open_standard_fds() < 0)
        return 3;
    for (int fd = 0; fd <= 2; fd++)
        if (fstat(fd, &st) < 0 || (st.st_rdev == null.st_rdev) != (closed >> fd & 1) || fcntl(fd, F_GETFD) != 0)
            return 4;
    return open("/dev/null", O_RDONLY | O_CLOEXEC) == 3 ? 0 : 5;
}

static void closed_standard_fds_come_back(void **state)
{
    (void)state;
    for (unsigned closed = 0; closed < 8; closed++) {
        int status;
        pid_t child = fork();

        assert_true(child >= 0);
        if (child == 0) {
            int zero = open("/dev/zero", O_RDWR);
            if (zero < 0 || (zero != 3 && dup2(zero, 3) < 0))
                _exit(9);
            for (int fd = 4; fd < 64; fd++)
                (void)close(fd);
            _exit(standard_fds_after_closing(closed));
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
    }
}

/* "-" is stdin, in a child that has one of its own. */
static void a_dash_is_stdin(void **state)
{
    int status;

    (void)state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct csc_buf bytes = {0};
        int fd = open(folder_path(folder, "five"), O_RDONLY | O_CLOEXEC);
        if (fd < 0 || dup2(fd, 0) < 0 || csc_read_input("-", 5, &bytes, NULL) < 0)
            _exit(1);
        _exit(strcmp(bytes.data, "12345") == 0 && fcntl(0, F_GETFD) >= 0 ? 0 : 2);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_up_to_the_limit),
        cmocka_unit_test(a_file_whose_size_is_not_known),
        cmocka_unit_test(endless_and_empty_devices),
        cmocka_unit_test(what_is_no_file),
        cmocka_unit_test(a_file_without_permission),
        cmocka_unit_test(a_fifo_that_nobody_writes_to),
        cmocka_unit_test(a_fifo_with_a_late_writer),
        cmocka_unit_test(from_a_descriptor),
        cmocka_unit_test(writing_to_what_is_full_or_closed),
        cmocka_unit_test(writing_waits_for_room),
        cmocka_unit_test(openat2_adds_close_on_exec),
        cmocka_unit_test(closed_standard_fds_come_back),
        cmocka_unit_test(a_dash_is_stdin),
    };

    return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
