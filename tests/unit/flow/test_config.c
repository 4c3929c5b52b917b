/* SPDX-License-Identifier: Apache-2.0 */
/* What a configuration becomes, what is refused and why, and which programs are blocked. That schema and reader agree
 * is told by tests/conformance/configs.json. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config.h"
#include "support/folder.h"

#define HEAD "config_version: csc.config.v0.1\n"

static const char users[] = "root:x:0:0:root:/root:/bin/sh\n"
                            "not a line\n"
                            "+nis\n"
                            "builder:x:1234:1235::/nonexistent:/bin/false\n"
                            "staff:x:1001:0::/:/bin/sh\n"
                            "builder:x:7:7:the second of a name:/:/bin/sh\n";

static int make_users(void **state)
{
    *state = folder_create();
    folder_write(*state, "passwd", users);
    return 0;
}

static int drop_users(void **state)
{
    folder_remove(*state);
    return 0;
}

static int parse(const char *folder, const char *text, struct csc_config *config, struct csc_error *err)
{
    return csc_config_parse_with(text, strlen(text), folder_path(folder, "passwd"), config, err);
}

static struct csc_config expect(const char *folder, const char *text)
{
    struct csc_config config = {0};
    struct csc_error err = {0};

    if (parse(folder, text, &config, &err) < 0)
        fail_msg("%s: %s: %s", text, err.field, err.text);
    return config;
}

static void assert_limits(const struct csc_limits *limits, const struct csc_limits *expected)
{
    assert_int_equal(limits->cpu_sec, expected->cpu_sec);
    assert_int_equal(limits->memory_bytes, expected->memory_bytes);
    assert_int_equal(limits->processes, expected->processes);
    assert_int_equal(limits->file_bytes, expected->file_bytes);
    assert_int_equal(limits->open_files, expected->open_files);
    assert_int_equal(limits->locked_bytes, expected->locked_bytes);
    assert_int_equal(limits->queue_bytes, expected->queue_bytes);
    assert_int_equal(limits->tmp_bytes, expected->tmp_bytes);
    assert_int_equal(limits->home_bytes, expected->home_bytes);
    assert_int_equal(limits->shm_bytes, expected->shm_bytes);
    assert_int_equal(limits->cpu_percent, expected->cpu_percent);
}

static const struct csc_limits default_limits = {
    .cpu_sec = 300,
    .memory_bytes = 1073741824,
    .processes = 100,
    .file_bytes = 104857600,
    .open_files = 1024,
    .locked_bytes = 65536,
    .queue_bytes = 819200,
    .tmp_bytes = 268435456,
    .home_bytes = 67108864,
    .shm_bytes = 67108864,
    .cpu_percent = 0,
};

/* Protocol section 5. */
static void test_defaults(void **state)
{
    struct csc_config config = expect(*state, HEAD);

    assert_limits(&config.limits, &default_limits);
    assert_int_equal(config.backend, CSC_BACKEND_AUTO);
    assert_null(config.bwrap);
    assert_false(config.run_as.set);
    assert_int_equal(config.system_paths.count, 0);
    assert_int_equal(config.blocked_programs.count, 32);
    assert_false(config.unix_sockets);
    assert_int_equal(config.stdout_bytes, 10485760);
    assert_int_equal(config.stderr_bytes, 1048576);
    assert_int_equal(config.grace_sec, 5);
    assert_null(config.recording.ledger);
    assert_false(config.recording.full_argv);
    assert_null(config.approvals.allowed_signers);
    assert_null(config.approvals.revoked_keys);
    assert_string_equal(config.approvals.ssh_keygen, "/usr/bin/ssh-keygen");
    assert_int_equal(config.approvals.clock_skew_sec, 60);
    csc_config_free(&config);
    csc_config_free(&config);
}

/* The example says that it is the defaults. */
static void test_example(void **state)
{
    const char *root = getenv("CSC_SOURCE_ROOT");
    _cleanup_buf_ struct csc_buf text = {0};
    struct csc_config defaults;

    if (!root)
        fail_msg("CSC_SOURCE_ROOT is not set; run this with meson test");
    assert_int_equal(csc_read_input(folder_path(root, "examples/csc.yaml"), CSC_CONFIG_BYTES_MAX, &text, NULL), 0);
    struct csc_config config = expect(*state, text.data);
    csc_config_default(&defaults);
    assert_limits(&config.limits, &defaults.limits);
    assert_int_equal(config.backend, defaults.backend);
    assert_int_equal(config.system_paths.count, 0);
    assert_int_equal(config.blocked_programs.count, defaults.blocked_programs.count);
    for (size_t i = 0; i < defaults.blocked_programs.count; i++)
        assert_string_equal(config.blocked_programs.items[i], defaults.blocked_programs.items[i]);
    assert_int_equal(config.unix_sockets, defaults.unix_sockets);
    assert_int_equal(config.stdout_bytes, defaults.stdout_bytes);
    assert_int_equal(config.stderr_bytes, defaults.stderr_bytes);
    assert_int_equal(config.grace_sec, defaults.grace_sec);
    assert_null(config.recording.ledger);
    assert_int_equal(config.recording.full_argv, defaults.recording.full_argv);
    assert_null(config.approvals.allowed_signers);
    assert_string_equal(config.approvals.ssh_keygen, defaults.approvals.ssh_keygen);
    assert_int_equal(config.approvals.clock_skew_sec, defaults.approvals.clock_skew_sec);
    csc_config_free(&config);
}

static void test_everything_set(void **state)
{
    static const struct csc_limits limits = {1, 16777216, 4, 4096, 16, 0, 0, 65536, 131072, 262144, 150};
    struct csc_config config = expect(
        *state, HEAD "backend: native\n"
                     "bwrap: /opt/bin/bwrap\n"
                     "run_as: builder\n"
                     "system_paths: [/opt/toolchain, /etc/ssl]\n"
                     "blocked_programs: [telnet]\n"
                     "unix_sockets: true\n"
                     "limits: {cpu_sec: 1, memory_bytes: 16777216, processes: 4, file_bytes: 4096, open_files: 16,\n"
                     "  locked_bytes: 0, queue_bytes: 0, tmp_bytes: 65536, home_bytes: 131072, shm_bytes: 262144,\n"
                     "  cpu_percent: 150}\n"
                     "output: {stdout_bytes: 2048, stderr_bytes: 1024}\n"
                     "grace_sec: 0\n"
                     "ledger: /srv/ledger.db\n"
                     "evidence: {argv: full}\n"
                     "approvals: {allowed_signers: /srv/signers, revoked_keys: /srv/revoked, ssh_keygen: /opt/keygen,\n"
                     "  clock_skew_sec: 0}\n");

    assert_limits(&config.limits, &limits);
    assert_int_equal(config.backend, CSC_BACKEND_NATIVE);
    assert_string_equal(csc_backend_names[config.backend], "native");
    assert_string_equal(config.bwrap, "/opt/bin/bwrap");
    assert_true(config.run_as.set);
    assert_int_equal(config.run_as.uid, 1234);
    assert_int_equal(config.run_as.gid, 1235);
    assert_int_equal(config.system_paths.count, 2);
    assert_string_equal(config.system_paths.items[0], "/opt/toolchain");
    assert_string_equal(config.system_paths.items[1], "/etc/ssl");
    assert_int_equal(config.blocked_programs.count, 1);
    assert_true(config.unix_sockets);
    assert_int_equal(config.stdout_bytes, 2048);
    assert_int_equal(config.stderr_bytes, 1024);
    assert_int_equal(config.grace_sec, 0);
    assert_string_equal(config.recording.ledger, "/srv/ledger.db");
    assert_true(config.recording.full_argv);
    assert_string_equal(config.approvals.allowed_signers, "/srv/signers");
    assert_string_equal(config.approvals.revoked_keys, "/srv/revoked");
    assert_string_equal(config.approvals.ssh_keygen, "/opt/keygen");
    assert_int_equal(config.approvals.clock_skew_sec, 0);
    csc_config_free(&config);
}

/* An object that names some of its fields leaves the others as they were. */
static void test_parts(void **state)
{
    struct csc_limits limits = default_limits;
    struct csc_config config = expect(*state, HEAD "limits: {processes: 7}\noutput: {stderr_bytes: 4096}\n"
                                                   "blocked_programs: []\nrun_as: '65534:100'\n");

    limits.processes = 7;
    assert_limits(&config.limits, &limits);
    assert_int_equal(config.stdout_bytes, 10485760);
    assert_int_equal(config.stderr_bytes, 4096);
    assert_int_equal(config.blocked_programs.count, 0);
    assert_false(csc_config_blocks(&config, "sh"));
    assert_int_equal(config.run_as.uid, 65534);
    assert_int_equal(config.run_as.gid, 100);
    csc_config_free(&config);
}

static void test_refusals(void **state)
{
    static const struct {
        const char *text, *field, *message;
    } cases[] = {
        {"", "", "must contain a YAML mapping"},
        {"backend: bwrap\n", "config_version", "is missing"},
        {"config_version: csc.config.v9\nnew: 1\n", "config_version", "use csc.config.v0.1"},
        {HEAD "bakend: bwrap\n", "bakend", "unknown field; remove it (known here: config_version, backend, "},
        {HEAD "backend:\n", "backend", "is null; must be a string"},
        {HEAD "backend: docker\n", "backend", "use one of auto, bwrap, native"},
        {HEAD "backend: bwrap\nbackend: bwrap\n", "", "duplicate key"},
        {HEAD "bwrap: bwrap\n", "bwrap", "must be an absolute path"},
        {HEAD "bwrap: /usr/../bin/bwrap\n", "bwrap", "must be an absolute path"},
        {HEAD "run_as: nobody-here\n", "run_as", "no user 'nobody-here' in "},
        {HEAD "run_as: build\n", "run_as", "no user 'build' in "},
        {HEAD "run_as: '1234'\n", "run_as", "no user '1234' in "},
        {HEAD "run_as: ''\n", "run_as", "is empty"},
        {HEAD "run_as: root\n", "run_as", "means uid 0"},
        {HEAD "run_as: staff\n", "run_as", "means gid 0"},
        {HEAD "run_as: '0:1'\n", "run_as", "means uid 0"},
        {HEAD "run_as: '1:0'\n", "run_as", "means gid 0"},
        {HEAD "run_as: '00:1'\n", "run_as", "must be the name of a user, or"},
        {HEAD "run_as: '1:'\n", "run_as", "must be the name of a user, or"},
        {HEAD "run_as: '-1:1'\n", "run_as", "must be the name of a user, or"},
        {HEAD "run_as: '1:1:1'\n", "run_as", "must be the name of a user, or"},
        {HEAD "run_as: builder:builder\n", "run_as", "must be the name of a user, or"},
        {HEAD "run_as: '4294967295:1'\n", "run_as", "must be at most 4294967294"},
        {HEAD "run_as: '1:4294967296'\n", "run_as", "must be at most 4294967294"},
        {HEAD "run_as: '99999999999999999999999:1'\n", "run_as", "must be at most 4294967294"},
        {HEAD "run_as: 1000:50\n", "run_as", "write \"UID:GID\", with the quotes"},
        {HEAD "run_as: 1000\n", "run_as", "write \"UID:GID\", with the quotes"},
        {HEAD "system_paths: /opt\n", "system_paths", "is a string; must be an array"},
        {HEAD "system_paths: [opt]\n", "system_paths[0]", "must be an absolute path"},
        {HEAD "system_paths: [/opt, /opt]\n", "system_paths[1]", "repeats"},
        {HEAD "system_paths: [/]\n", "system_paths[0]", "must be an absolute path"},
        {HEAD "system_paths: [//opt]\n", "system_paths[0]", "must be an absolute path"},
        {HEAD "system_paths: [/opt/]\n", "system_paths[0]", "must be an absolute path"},
        {HEAD "system_paths: [/opt/../proc]\n", "system_paths[0]", "must be an absolute path"},
        {HEAD "system_paths: [/./proc]\n", "system_paths[0]", "must be an absolute path"},
        {HEAD "system_paths: ['C:\\tools']\n", "system_paths[0]", "must be an absolute path"},
        {HEAD "system_paths: [/opt, /proc]\n", "system_paths[1]",
         "the host's /proc; the sandbox has its own, leave it out"},
        {HEAD "system_paths: [/sys/fs/cgroup]\n", "system_paths[0]", "the host's /sys"},
        {HEAD "system_paths: [/dev/shm]\n", "system_paths[0]", "the host's /dev"},
        {HEAD "system_paths: [/.csc/init]\n", "system_paths[0]", "the host's /.csc"},
        {HEAD "system_paths: [/etc]\n", "system_paths[0]", "name what is needed below it"},
        {HEAD "system_paths: [/tmp]\n", "system_paths[0]", "name what is needed below it"},
        {HEAD "blocked_programs: [/bin/sh]\n", "blocked_programs[0]", "must be the name of a program"},
        {HEAD "blocked_programs: ['*']\n", "blocked_programs[0]", "must be the name of a program"},
        {HEAD "blocked_programs: ['p*y']\n", "blocked_programs[0]", "must be the name of a program"},
        {HEAD "blocked_programs: ['py**']\n", "blocked_programs[0]", "must be the name of a program"},
        {HEAD "unix_sockets: 'no'\n", "unix_sockets", "is a string; must be a boolean"},
        {HEAD "limits: {}\nlimit: {}\n", "limit", "unknown field"},
        {HEAD "limits: {memory: 1}\n", "limits.memory", "unknown field"},
        {HEAD "limits: {cpu_sec: 0}\n", "limits.cpu_sec", "is 0; must be 1 to 31536000"},
        {HEAD "limits: {cpu_sec: -1}\n", "limits.cpu_sec", "is -1; must be 1 to"},
        {HEAD "limits: {cpu_sec: 1.5}\n", "", ""},
        {HEAD "limits: {memory_bytes: 1GiB}\n", "limits.memory_bytes", "is a string; must be an integer"},
        {HEAD "limits: {memory_bytes: 16777215}\n", "limits.memory_bytes", "must be 16777216 to"},
        {HEAD "limits: {processes: 3}\n", "limits.processes", "must be 4 to"},
        {HEAD "limits: {open_files: 15}\n", "limits.open_files", "must be 16 to"},
        {HEAD "limits: {tmp_bytes: 0}\n", "limits.tmp_bytes", "must be 65536 to"},
        {HEAD "output: {stdout_bytes: 10485761}\n", "output.stdout_bytes", "must be 1024 to 10485760"},
        {HEAD "output: {stderr_bytes: 1048577}\n", "output.stderr_bytes", "must be 1024 to 1048576"},
        {HEAD "grace_sec: 61\n", "grace_sec", "is 61; must be at most 60"},
        {HEAD "grace_sec: -1\n", "grace_sec", "is -1; must be at most 60"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct csc_config config = {.grace_sec = 12345};
        struct csc_error err = {0};
        if (parse(*state, cases[i].text, &config, &err) != -CSC_E_DATA || err.line == 0)
            fail_msg("%s: code %d, line %u: %s", cases[i].text, (int)err.code, err.line, err.text);
        if (strcmp(err.field, cases[i].field) != 0 || !strstr(err.text, cases[i].message))
            fail_msg("%s: %s: %s", cases[i].text, err.field, err.text);
        assert_string_equal(err.stage, "config");
        assert_int_equal(config.grace_sec, 12345);
        assert_int_equal(parse(*state, cases[i].text, &config, NULL), -CSC_E_DATA);
    }
}

/* A name cannot be looked up: nothing is assumed. */
static void test_users_unreadable(void **state)
{
    static const char text[] = HEAD "run_as: builder\n", ids[] = HEAD "run_as: '5:5'\n";
    _cleanup_buf_ struct csc_buf endless = {0};
    struct csc_config config = {0};
    struct csc_error err = {0};

    assert_int_equal(csc_config_parse_with(text, strlen(text), folder_path(*state, "none"), &config, &err),
                     -CSC_E_INPUT);
    assert_non_null(strstr(err.text, "cannot look up the user of run_as"));
    for (int i = 0; i < 5000; i++)
        csc_buf_putc(&endless, 'x');
    csc_buf_printf(&endless, ":x:5:5::/:/bin/sh\n%s", users);
    folder_write(*state, "endless", endless.data);
    err = (struct csc_error){0};
    assert_int_equal(csc_config_parse_with(text, strlen(text), folder_path(*state, "endless"), &config, &err),
                     -CSC_E_INPUT);
    assert_int_equal(csc_config_parse_with(ids, strlen(ids), folder_path(*state, "none"), &config, NULL), 0);
    csc_config_free(&config);
}

static void test_size_limit(void **state)
{
    _cleanup_buf_ struct csc_buf text = {0};
    struct csc_config config = {0};
    struct csc_error err = {0};

    (void)state;
    csc_buf_puts(&text, HEAD "#");
    while (text.size <= CSC_CONFIG_BYTES_MAX)
        csc_buf_putc(&text, 'z');
    assert_int_equal(csc_config_parse(text.data, CSC_CONFIG_BYTES_MAX, &config, &err), 0);
    csc_config_free(&config);
    assert_int_equal(csc_config_parse(text.data, CSC_CONFIG_BYTES_MAX + 1, &config, &err), -CSC_E_DATA);
    assert_non_null(strstr(err.text, "larger than the 65536 bytes allowed; "));
}

static void test_blocked_by_default(void **state)
{
    static const struct {
        const char *program;
        bool blocked;
    } cases[] = {
        {"sh", true},
        {"/bin/sh", true},
        {"./sh", true},
        {"a/../sh", true},
        {"/usr/bin/BaSh", true},
        {"sh/", true},
        {"bin/sh//", true},
        {"cmd.exe", true},
        {"CMD.EXE", true},
        {"python", true},
        {"/usr/bin/Python3.11", true},
        {"pypy3", true},
        {"env", true},
        {"busybox", true},
        {"firejail", true},
        {"envsubst", false},
        {"sh.", false},
        {"sh ", false},
        {"shred", false},
        {"mysh", false},
        {"sh/ls", false},
        {"ls", false},
        {"pytho", false},
        {"ipython", false},
        {"bin\\sh", false},
        {"cmd.ex", false},
        {"", false},
        {"/", false},
        {"///", false},
        {".", false},
        {"/bin/..", false},
        {"\xff", false},
    };
    struct csc_config config;

    (void)state;
    csc_config_default(&config);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        if (csc_config_blocks(&config, cases[i].program) != cases[i].blocked)
            fail_msg("'%s' should%s be blocked", cases[i].program, cases[i].blocked ? "" : " not");
    for (size_t i = 0; i < config.blocked_programs.count; i++)
        assert_true(csc_config_blocks(&config, config.blocked_programs.items[i]));
}

static void test_blocked_by_configuration(void **state)
{
    struct csc_config config = expect(*state, HEAD "blocked_programs: [GCC, 'Cl*']\n");

    assert_true(csc_config_blocks(&config, "gcc"));
    assert_true(csc_config_blocks(&config, "cl"));
    assert_true(csc_config_blocks(&config, "/usr/bin/clang-14"));
    assert_false(csc_config_blocks(&config, "gcc-12"));
    assert_false(csc_config_blocks(&config, "c"));
    assert_false(csc_config_blocks(&config, "sh"));
    csc_config_free(&config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_example),
        cmocka_unit_test(test_everything_set),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_users_unreadable),
        cmocka_unit_test(test_size_limit),
        cmocka_unit_test(test_blocked_by_default),
        cmocka_unit_test(test_blocked_by_configuration),
    };

    return cmocka_run_group_tests_name("config", tests, make_users, drop_users);
}
