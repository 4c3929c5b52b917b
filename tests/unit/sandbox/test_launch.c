/* SPDX-License-Identifier: Apache-2.0 */
/* What bwrap is told, and what it inherits: exactly that. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sandbox/stage.h"
#include "scene.h"
#include "support/folder.h"

enum { OPTIONS_MAX = 1024 };

struct launched {
    struct scene scene;
    int output[2];
    struct csc_launch *launch;
    char bytes[65536]; /* of the options */
    char *options[OPTIONS_MAX];
    size_t count;
};

/* Two descriptors of a launch's own that nobody needs to read. */
static void open_output(int output[2])
{
    output[0] = csc_fd_above_standard(memfd_create("out", MFD_CLOEXEC));
    output[1] = csc_fd_above_standard(memfd_create("err", MFD_CLOEXEC));
    assert_true(output[0] > 2 && output[1] > 2);
}

static int number(const char *text)
{
    char *end;
    long value = strtol(text, &end, 10);

    assert_true(*text && !*end && value >= 0 && value < 100000);
    return (int)value;
}

static size_t read_all(int fd, char *bytes, size_t size)
{
    ssize_t got = pread(fd, bytes, size, 0);

    assert_true(got >= 0 && (size_t)got < size);
    assert_int_equal(lseek(fd, 0, SEEK_CUR), 0);
    return (size_t)got;
}

static void read_options(struct launched *l)
{
    size_t size = read_all(number(l->launch->argv[2]), l->bytes, sizeof(l->bytes));

    assert_true(size > 0 && l->bytes[size - 1] == '\0');
    l->count = 0;
    for (size_t at = 0; at < size; at += strlen(l->bytes + at) + 1) {
        assert_true(l->count < OPTIONS_MAX);
        l->options[l->count++] = l->bytes + at;
    }
}

static void begin(struct launched *l)
{
    scene_begin(&l->scene);
    open_output(l->output);
}

static void launch(struct launched *l)
{
    scene_must_plan(&l->scene);
    if (csc_launch_make(l->scene.plan, &l->scene.survey, l->output, &l->launch, &l->scene.err) < 0)
        fail_msg("%s", l->scene.err.text);
    read_options(l);
}

static void end(struct launched *l)
{
    csc_launch_free(l->launch);
    l->launch = NULL;
    (void)close(l->output[0]);
    (void)close(l->output[1]);
    scene_end(&l->scene);
}

/* ---- the options ------------------------------------------------------------------------------------------------- */

/* Joined, with '#' for what is a descriptor's number. */
static void join(const struct launched *l, char text[8192])
{
    static const char *const with_fd[] = {"--bind-fd", "--ro-bind-fd", "--file"};
    size_t size = 0;

    for (size_t i = 0; i < l->count; i++) {
        bool is_fd = false;
        for (size_t k = 0; k < ARRAY_SIZE(with_fd) && i > 0; k++)
            is_fd |= strcmp(l->options[i - 1], with_fd[k]) == 0;
        size += (size_t)snprintf(text + size, 8192 - size, "%s%s", i ? " " : "", is_fd ? "#" : l->options[i]);
        assert_true(size < 8192);
    }
}

static const char whole[] =
    "--unshare-user --unshare-pid --unshare-ipc --unshare-uts --unshare-cgroup --cap-drop ALL --die-with-parent "
    "--as-pid-1 --hostname csc --unshare-net --uid 1000 --gid 1000 "
    "--ro-bind-fd # /usr --symlink usr/bin /bin --perms 0444 --file # /etc/ld.so.cache "
    "--ro-bind-fd # /etc/ssl/certs --perms 0444 --file # /etc/passwd --perms 0444 --file # /etc/group "
    "--perms 0444 --file # /etc/hostname --perms 0444 --file # /etc/hosts --perms 0444 --file # /.csc/probe --proc "
    "/proc "
    "--ro-bind /dev/null /proc/kcore --remount-ro /proc --dev /dev --perms 1777 --size 67108864 --tmpfs /dev/shm "
    "--remount-ro /dev --perms 1777 --size 268435456 --tmpfs /tmp --perms 0700 --size 67108864 --tmpfs /.csc/home "
    "--ro-bind-fd # /data --bind-fd # /data/out --dir /more --symlink x /more/l --ro-bind-fd # /work "
    "--ro-bind-fd # /.csc/init --remount-ro /";

static void test_options(void **state)
{
    static struct launched l;
    char text[8192];

    (void)state;
    begin(&l);
    scene_read(&l.scene, "/data");
    scene_write(&l.scene, "/data/out");
    scene_read(&l.scene, "/more/");
    scene_read(&l.scene, "/more/l->x");
    launch(&l);
    join(&l, text);
    assert_string_equal(text, whole);
    end(&l);
}

static bool has_option(const struct launched *l, const char *option)
{
    for (size_t i = 0; i < l->count; i++)
        if (strcmp(l->options[i], option) == 0)
            return true;
    return false;
}

static void test_shared_network(void **state)
{
    static struct launched l;

    (void)state;
    begin(&l);
    l.scene.command.network = CSC_NETWORK_FULL;
    launch(&l);
    assert_false(has_option(&l, "--unshare-net"));
    assert_true(has_option(&l, "--unshare-user"));
    end(&l);
}

/* Nothing of the command is a word of bwrap's. */
static void test_hostile_names(void **state)
{
    static struct launched l;

    (void)state;
    begin(&l);
    scene_run(&l.scene, 0, "--bind", "/");
    scene_read(&l.scene, "/data/--bind");
    launch(&l);
    assert_false(has_option(&l, "--bind"));
    assert_true(has_option(&l, "/data/--bind"));
    end(&l);
}

/* ---- the arguments -------------------------------------------------------------------------------------------------
 */

static void test_argv(void **state)
{
    static struct launched l;

    (void)state;
    begin(&l);
    launch(&l);
    char **argv = l.launch->argv;
    assert_string_equal(argv[0], "/usr/bin/bwrap");
    assert_string_equal(argv[1], "--args");
    assert_string_equal(argv[3], "--");
    assert_string_equal(argv[4], CSC_SANDBOX_INIT);
    assert_int_equal(number(argv[4 + CSC_INIT_STDOUT]), l.output[0]);
    assert_int_equal(number(argv[4 + CSC_INIT_STDERR]), l.output[1]);
    assert_null(argv[4 + CSC_INIT_ARGUMENTS]);
    assert_false(l.launch->switch_identity);
    assert_int_equal(l.launch->uid, SCENE_USER);
    assert_int_equal(l.launch->gid, SCENE_USER);
    assert_int_equal(l.launch->cgroup_entry_count, 0);
    assert_null(l.launch->cgroup);
    end(&l);
}

static void test_identity(void **state)
{
    static struct launched l;

    (void)state;
    begin(&l);
    l.scene.survey.uid = l.scene.survey.gid = 0;
    l.scene.survey.owner_uid = 2000;
    l.scene.survey.owner_gid = 2001;
    launch(&l);
    assert_true(l.launch->switch_identity);
    assert_false(l.launch->guard_devices);
    assert_int_equal(l.launch->uid, 2000);
    assert_int_equal(l.launch->gid, 2001);
    end(&l);
    begin(&l);
    l.scene.survey.uid = l.scene.survey.gid = l.scene.survey.owner_uid = 0;
    l.scene.plan = NULL;
    l.scene.survey.landlock_abi = 0;
    l.scene.config.run_as = (struct csc_identity){true, 3000, 3001};
    launch(&l);
    assert_int_equal(l.launch->uid, 3000);
    assert_int_equal(l.launch->gid, 3001);
    end(&l);
}

static void test_stage(void **state)
{
    static struct launched l;
    static char told[65536];
    _cleanup_buf_ struct csc_buf stage = {0};

    (void)state;
    begin(&l);
    launch(&l);
    csc_stage_write(l.scene.plan, &stage);
    size_t size = read_all(number(l.launch->argv[4 + CSC_INIT_STAGE]), told, sizeof(told));
    assert_int_equal(size, stage.size);
    assert_memory_equal(told, stage.data, size);
    end(&l);
}

/* Control goes in, reports come out; neither of ours is handed over. */
static void test_pipes(void **state)
{
    static struct launched l;
    char byte = 0;

    (void)state;
    begin(&l);
    launch(&l);
    int control = number(l.launch->argv[4 + CSC_INIT_CONTROL]), report = number(l.launch->argv[4 + CSC_INIT_REPORT]);
    assert_int_equal(write(l.launch->control, "T", 1), 1);
    assert_int_equal(read(control, &byte, 1), 1);
    assert_int_equal(byte, 'T');
    assert_int_equal(read(l.launch->report, &byte, 1), -1);
    assert_int_equal(errno, EAGAIN);
    assert_int_equal(write(report, "R", 1), 1);
    assert_int_equal(read(l.launch->report, &byte, 1), 1);
    assert_int_equal(byte, 'R');
    for (size_t i = 0; i < l.launch->fd_count; i++)
        assert_true(l.launch->fds[i] != l.launch->control && l.launch->fds[i] != l.launch->report);
    /* Once the child has its own, the end of one is the end of the other. */
    csc_launch_started(l.launch);
    assert_int_equal(read(l.launch->report, &byte, 1), 0);
    end(&l);
}

/* ---- what is inherited
 * ------------------------------------------------------------------------------------------------ */

static size_t times_named(const struct launched *l, int fd)
{
    static const char *const with_fd[] = {"--bind-fd", "--ro-bind-fd", "--file"};
    size_t times = number(l->launch->argv[2]) == fd;

    for (int i = 1; i < CSC_INIT_ARGUMENTS; i++)
        times += number(l->launch->argv[4 + i]) == fd;
    for (size_t i = 0; i + 1 < l->count; i++)
        for (size_t k = 0; k < ARRAY_SIZE(with_fd); k++)
            times += strcmp(l->options[i], with_fd[k]) == 0 && number(l->options[i + 1]) == fd;
    return times;
}

static size_t count_named(const struct launched *l)
{
    size_t count = CSC_INIT_ARGUMENTS; /* the five, and the options */

    for (size_t i = 0; i < l->count; i++)
        count += strcmp(l->options[i], "--bind-fd") == 0 || strcmp(l->options[i], "--ro-bind-fd") == 0 ||
                 strcmp(l->options[i], "--file") == 0;
    return count;
}

/* Each is named once, what is named is inherited, and what is of our own making closes when anything is executed. */
static void test_inherited(void **state)
{
    static struct launched l;

    (void)state;
    begin(&l);
    scene_read(&l.scene, "/data");
    scene_write(&l.scene, "/data/out");
    scene_write(&l.scene, "/data/out/below"); /* gets no mount */
    launch(&l);
    for (size_t i = 0; i < l.launch->fd_count; i++)
        if (times_named(&l, l.launch->fds[i]) != 1)
            fail_msg("descriptor %d is named %zu times", l.launch->fds[i], times_named(&l, l.launch->fds[i]));
    assert_int_equal(l.launch->fd_count, count_named(&l));
    assert_int_equal(times_named(&l, l.scene.writes[1].fd), 0);
    assert_int_equal(times_named(&l, l.scene.writes[0].fd), 1);
    const int *own = (const void *)l.launch->own.data;
    for (size_t i = 0; i < l.launch->own.size / sizeof(*own); i++) {
        assert_true(own[i] > 2);
        assert_true(fcntl(own[i], F_GETFD) & FD_CLOEXEC);
    }
    assert_true(fcntl(l.launch->control, F_GETFD) & FD_CLOEXEC);
    assert_true(fcntl(l.launch->report, F_GETFD) & FD_CLOEXEC);
    end(&l);
}

static void test_nothing_is_left(void **state)
{
    static struct launched l;
    int before = folder_count("/proc/self/fd");

    (void)state;
    begin(&l);
    launch(&l);
    csc_launch_started(l.launch);
    assert_int_equal(folder_count("/proc/self/fd"), before + 4); /* two of output, control, report */
    assert_true(fcntl(l.output[0], F_GETFD) >= 0);
    end(&l);
    assert_int_equal(folder_count("/proc/self/fd"), before);
    csc_launch_free(NULL);
}

/* ---- what fails -------------------------------------------------------------------------------------------------- */

/* Fewer descriptors than are needed, one more each time until it works. How often it failed. */
static int starve(struct launched *l, const struct rlimit *limit)
{
    struct rlimit low = *limit;
    int before = folder_count("/proc/self/fd"), failed = 0;

    for (low.rlim_cur = 3; low.rlim_cur < limit->rlim_cur; low.rlim_cur++, failed++) {
        struct csc_error err = {0};
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
        int r = csc_launch_make(l->scene.plan, &l->scene.survey, l->output, &l->launch, &err);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, limit), 0);
        if (r == 0)
            break;
        assert_null(l->launch);
        assert_int_equal(r, -CSC_E_INTERNAL);
        assert_string_equal(err.stage, "sandbox");
        if (folder_count("/proc/self/fd") != before)
            fail_msg("with %d descriptors, some are left", (int)low.rlim_cur);
    }
    assert_non_null(l->launch);
    return failed;
}

static void test_few_descriptors(void **state)
{
    static struct launched l;
    struct rlimit limit;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    for (int closed = 0; closed < 2; closed++) {
        int saved = fcntl(0, F_DUPFD_CLOEXEC, 3);
        begin(&l);
        scene_must_plan(&l.scene);
        /* Then one end of a pipe has to move away from 0. */
        if (closed)
            (void)close(0);
        assert_true(starve(&l, &limit) >= 10);
        end(&l);
        if (saved >= 0 && closed)
            assert_int_equal(dup2(saved, 0), 0);
        csc_close_cleanup(&saved);
    }
}

/* A group that was to hold a limit, and can't be made. */
static void test_no_place_for_a_group(void **state)
{
    static struct launched l;
    int before = folder_count("/proc/self/fd");

    (void)state;
    begin(&l);
    l.scene.survey.cgroups.holder[CSC_CONTROLLER_PIDS] = CSC_HOLDER_CGROUP2;
    scene_must_plan(&l.scene);
    assert_int_equal(csc_launch_make(l.scene.plan, &l.scene.survey, l.output, &l.launch, &l.scene.err), -CSC_E_CONFIG);
    assert_null(l.launch);
    end(&l);
    assert_int_equal(folder_count("/proc/self/fd"), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_shared_network),
        cmocka_unit_test(test_hostile_names),
        cmocka_unit_test(test_argv),
        cmocka_unit_test(test_identity),
        cmocka_unit_test(test_stage),
        cmocka_unit_test(test_pipes),
        cmocka_unit_test(test_inherited),
        cmocka_unit_test(test_nothing_is_left),
        cmocka_unit_test(test_few_descriptors),
        cmocka_unit_test(test_no_place_for_a_group),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
