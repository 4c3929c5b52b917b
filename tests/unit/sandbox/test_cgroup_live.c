/* SPDX-License-Identifier: Apache-2.0 */
/* Control groups of this kernel: limits hold for real, are counted, and leave nothing. Needs the right to make groups.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "sandbox/sandbox.h"

#define MIB (INT64_C(1) << 20)

enum { SKIP = 77, PROCESSES = 5, FORKS = 8, SLEEPERS = 100 };

static int ready[2]; /* a pipe: each sleeper says once that it is there */

/* Without the limits that nothing holds here. */
static struct csc_cgroup *create(const struct csc_cgroup_places *places, int64_t memory, int64_t processes)
{
    const struct csc_cgroup_limits limits = {
        .memory_bytes = places->folder[CSC_CONTROLLER_MEMORY] >= 0 ? memory : 0,
        .processes = places->folder[CSC_CONTROLLER_PIDS] >= 0 ? processes : 0,
    };
    struct csc_cgroup *cgroup = NULL;
    struct csc_error err = {0};

    if (csc_cgroup_create(places, &limits, &cgroup, &err) < 0)
        fail_msg("%s", err.text);
    return cgroup;
}

static bool has(const struct csc_cgroup_places *places, enum csc_controller controller)
{
    if (places->folder[controller] >= 0)
        return true;
    print_message("nothing holds controller %d here\n", (int)controller);
    return false;
}

static bool enter(const struct csc_cgroup *cgroup)
{
    size_t count = 0;
    const int *entries = csc_cgroup_entries(cgroup, &count);

    for (size_t i = 0; i < count; i++)
        if (write(entries[i], "0", 1) != 1)
            return false;
    return count > 0;
}

/* Whether group `number` of process `pid` is there. */
static bool exists(int folder, pid_t pid, int number)
{
    char name[40];

    (void)snprintf(name, sizeof(name), CSC_CGROUP_NAME, (int)pid, number);
    return faccessat(folder, name, F_OK, 0) == 0;
}

/* A child in the groups, which runs body() and exits with what it returns; without groups, just so. */
static pid_t start(const struct csc_cgroup *cgroup, int (*body)(void))
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(!cgroup || enter(cgroup) ? body() : 99);
    assert_true(pid > 0);
    return pid;
}

static int wait_for(pid_t pid)
{
    int status = -1;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int use_memory(void)
{
    const size_t size = 128 * MIB;
    char *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (bytes == MAP_FAILED)
        return 1;
    memset(bytes, 1, size);
    return bytes[size - 1] == 1 ? 0 : 2;
}

/* How many of FORKS children could not be made. */
static int use_processes(void)
{
    pid_t pids[FORKS];
    int failed = 0;

    for (int i = 0; i < FORKS; i++) {
        pids[i] = fork();
        if (pids[i] == 0)
            for (;;)
                (void)pause();
        if (pids[i] < 0 && errno != EAGAIN)
            return 98;
        failed += pids[i] < 0;
    }
    for (int i = 0; i < FORKS; i++)
        if (pids[i] > 0) {
            (void)kill(pids[i], SIGKILL);
            (void)waitpid(pids[i], NULL, 0);
        }
    return failed;
}

static int sleep_for_ever(void)
{
    if (write(ready[1], "", 1) != 1)
        return 1;
    /* As after execve(2): the lock of the groups is not this process's, nor is the output of the test. */
    (void)close_range(0, ~0U, 0);
    for (;;)
        (void)pause();
}

/* With more others than are killed at a time. */
static int sleep_with_others(void)
{
    for (int i = 0; i < SLEEPERS; i++)
        if (fork() == 0)
            break;
    return sleep_for_ever();
}

static void wait_until_ready(int count)
{
    char byte;

    for (int i = 0; i < count; i++)
        assert_int_equal(read(ready[0], &byte, 1), 1);
}

static void test_memory(void **state)
{
    struct csc_cgroup_places *places = *state;
    struct csc_cgroup_events events;

    if (!has(places, CSC_CONTROLLER_MEMORY))
        return;
    assert_int_equal(wait_for(start(NULL, use_memory)), 0);
    struct csc_cgroup *cgroup = create(places, 256 * MIB, 0);
    assert_int_equal(wait_for(start(cgroup, use_memory)), 0);
    csc_cgroup_read_events(cgroup, &events);
    assert_int_equal(events.memory_kills, 0);
    csc_cgroup_free(cgroup);

    cgroup = create(places, 32 * MIB, 0);
    assert_int_equal(wait_for(start(cgroup, use_memory)), 128 + SIGKILL);
    csc_cgroup_read_events(cgroup, &events);
    assert_true(events.memory_kills >= 1);
    assert_int_equal(events.forks_failed, 0);
    csc_cgroup_free(cgroup);
    assert_false(exists(places->folder[CSC_CONTROLLER_MEMORY], getpid(), 0));
}

static void test_processes(void **state)
{
    struct csc_cgroup_places *places = *state;
    struct csc_cgroup_events events;

    if (!has(places, CSC_CONTROLLER_PIDS))
        return;
    assert_int_equal(wait_for(start(NULL, use_processes)), 0);
    struct csc_cgroup *cgroup = create(places, 0, PROCESSES);
    assert_int_equal(wait_for(start(cgroup, use_processes)), FORKS - (PROCESSES - 1));
    csc_cgroup_read_events(cgroup, &events);
    assert_true(events.forks_failed >= 1);
    assert_int_equal(events.memory_kills, 0);
    csc_cgroup_free(cgroup);
    assert_false(exists(places->folder[CSC_CONTROLLER_PIDS], getpid(), 0));
}

/* Whether our group of version 2 has that name. */
static bool am_in(const char *name)
{
    char text[4096] = "";
    int fd = open("/proc/self/cgroup", O_RDONLY | O_CLOEXEC);
    ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    const char *line = size > 0 ? strstr(text, "0::/") : NULL, *end = line ? strchr(line, '\n') : NULL;

    (void)close(fd);
    return end && (size_t)(end - line) > strlen(name) && strncmp(end - strlen(name), name, strlen(name)) == 0;
}

/* A process that is made in its group is there before it does anything, and has its limits. */
static void test_birth(void **state)
{
    struct csc_cgroup_places *places = *state;
    struct csc_cgroup *cgroup = create(places, 256 * MIB, PROCESSES);
    struct clone_args args = {.flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD};
    size_t entry;
    int birthplace = csc_cgroup_birthplace(cgroup, &entry);
    char name[40];

    (void)snprintf(name, sizeof(name), "/" CSC_CGROUP_NAME, (int)getpid(), 0);
    args.cgroup = (uint64_t)birthplace;
    if (birthplace < 0) {
        print_message("nothing holds a limit by cgroup v2 here\n");
        csc_cgroup_free(cgroup);
        skip();
    }
    pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
    if (pid == 0)
        _exit(!am_in(name) ? 97 : use_processes());
    assert_true(pid > 0);
    const bool is_held = places->holder[CSC_CONTROLLER_PIDS] == CSC_HOLDER_CGROUP2;
    assert_int_equal(wait_for(pid), is_held ? FORKS - (PROCESSES - 1) : 0);
    assert_false(am_in(name));
    csc_cgroup_free(cgroup);
}

/* Each controller by itself: in version 1 with and without pids.max to stop them. */
static void test_free_kills(void **state)
{
    struct csc_cgroup_places *places = *state;

    for (int i = 0; i < CSC_CONTROLLER_CPU; i++) {
        if (!has(places, (enum csc_controller)i))
            continue;
        struct csc_cgroup *cgroup = create(places, i == CSC_CONTROLLER_MEMORY ? 256 * MIB : 0,
                                           i == CSC_CONTROLLER_PIDS ? 500 : 0);
        pid_t inside = start(cgroup, sleep_with_others), outside = start(NULL, sleep_for_ever);
        wait_until_ready(SLEEPERS + 2);
        csc_cgroup_free(cgroup);
        assert_int_equal(wait_for(inside), 128 + SIGKILL);
        assert_int_equal(waitpid(outside, NULL, WNOHANG), 0);
        assert_int_equal(kill(outside, SIGKILL), 0);
        assert_int_equal(wait_for(outside), 128 + SIGKILL);
        assert_false(exists(places->folder[i], getpid(), 0));
    }
}

static void find_again(void)
{
    struct csc_cgroup_places places;

    csc_cgroup_find("/proc", &places);
    csc_cgroup_places_close(&places);
}

/* Stands for a csc: makes one group that stays empty and one that a child sleeps in, and tells the child's number. */
static void leave_groups(const struct csc_cgroup_places *places, int line)
{
    const struct csc_cgroup *empty = create(places, 256 * MIB, 100), *used = create(places, 256 * MIB, 100);
    pid_t child = empty ? start(used, sleep_for_ever) : -1;

    if (write(line, &child, sizeof(child)) != (ssize_t)sizeof(child))
        _exit(1);
    (void)pause();
}

/* A csc that is killed leaves its groups to the next; those that something runs in stay. */
/* The kernel may hold a group for a moment after its last process. */
static void find_until_gone(int folder, pid_t killed, int number)
{
    find_again();
    for (int i = 0; i < 500 && exists(folder, killed, number); i++) {
        (void)usleep(10000);
        find_again();
    }
    assert_false(exists(folder, killed, number));
}

static void test_stale(void **state)
{
    const struct csc_cgroup_places *places = *state;
    const int folder =
        places->folder[places->folder[CSC_CONTROLLER_PIDS] >= 0 ? CSC_CONTROLLER_PIDS : CSC_CONTROLLER_MEMORY];
    int line[2];
    pid_t child;

    assert_int_equal(pipe2(line, O_CLOEXEC), 0);
    pid_t killed = fork();
    if (killed == 0)
        leave_groups(places, line[1]);
    assert_true(killed > 0);
    assert_int_equal(read(line[0], &child, sizeof(child)), sizeof(child));
    wait_until_ready(1);
    find_again();
    assert_true(exists(folder, killed, 0) && exists(folder, killed, 1));
    assert_int_equal(kill(killed, SIGKILL), 0);
    assert_int_equal(wait_for(killed), 128 + SIGKILL);
    find_until_gone(folder, killed, 0);
    assert_true(exists(folder, killed, 1));
    assert_int_equal(kill(child, SIGKILL), 0);
    find_until_gone(folder, killed, 1);
    (void)close(line[0]);
    (void)close(line[1]);
}

int main(void)
{
    struct csc_cgroup_places places;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(test_memory, &places), cmocka_unit_test_prestate(test_processes, &places),
        cmocka_unit_test_prestate(test_birth, &places),  cmocka_unit_test_prestate(test_free_kills, &places),
        cmocka_unit_test_prestate(test_stale, &places),
    };

    csc_cgroup_find("/proc", &places);
    for (size_t i = 0; i < CSC_CONTROLLER_COUNT; i++)
        (void)printf("# controller %zu: %s\n", i, csc_holder_names[places.holder[i]]);
    if (places.folder[CSC_CONTROLLER_MEMORY] < 0 && places.folder[CSC_CONTROLLER_PIDS] < 0) {
        (void)fprintf(stderr, "SKIP: no control group with a limit can be made here by this user\n");
        return SKIP;
    }
    if (pipe2(ready, O_CLOEXEC) < 0)
        return 1;
    int r = cmocka_run_group_tests(tests, NULL, NULL);
    csc_cgroup_places_close(&places);
    return r;
}
