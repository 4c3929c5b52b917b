/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "sandbox/sandbox.h"
#include "support/folder.h"

enum { TEXT = 401 };

/* ---- a plan by hand ------------------------------------------------------------------------------------------ */

struct fixture {
    char *folder; /* of the host; '^' in the tables below. data/ is not declared, shown/ is read-only */
    char shown[4096], program[4096];
    char *argv[2];
    const char *reads[3], *writes[1], *read_prefixes[1], *write_prefixes[1];
    struct csc_argv argvs[1];
    struct csc_command command;
    struct csc_source folder_source, file_source;
    struct csc_mount mounts[16];
    struct csc_limit limits[8];
    struct csc_policy policy;
    struct csc_plan plan;
    struct csc_failure failure;
};

static void fill_mounts(struct fixture *f)
{
    const struct csc_source *folder = &f->folder_source, *file = &f->file_source;
    const struct csc_mount mounts[] = {
        {.kind = CSC_MOUNT_BIND, .target = "/usr", .source = folder},
        {.kind = CSC_MOUNT_SYMLINK, .target = "/bin", .content = "usr/bin"},
        {.kind = CSC_MOUNT_FILE, .target = "/etc/passwd", .content = "x"},
        {.kind = CSC_MOUNT_PROC, .target = "/proc"},
        {.kind = CSC_MOUNT_MASK, .target = "/proc/kcore"},
        {.kind = CSC_MOUNT_TMPFS, .target = "/proc/sys", .size = 4096},
        {.kind = CSC_MOUNT_READONLY, .target = "/proc/sys"},
        {.kind = CSC_MOUNT_DEV, .target = "/dev"},
        {.kind = CSC_MOUNT_TMPFS, .target = "/dev/shm", .size = 3000},
        {.kind = CSC_MOUNT_TMPFS, .target = "/tmp", .size = 1000},
        {.kind = CSC_MOUNT_TMPFS, .target = CSC_SANDBOX_HOME, .size = 2000},
        {.kind = CSC_MOUNT_BIND, .target = "/w", .source = folder},
        {.kind = CSC_MOUNT_BIND, .target = "/w/out", .source = folder, .writable = true},
        {.kind = CSC_MOUNT_BIND, .target = "/one/file", .source = file},
        {.kind = CSC_MOUNT_BIND, .target = f->shown, .source = folder},
        {.kind = CSC_MOUNT_READONLY, .target = "/"},
    };

    memcpy(f->mounts, mounts, sizeof(mounts));
    f->plan.mounts = f->mounts;
    f->plan.mount_count = ARRAY_SIZE(mounts);
}

static struct csc_mount *mount_at(struct fixture *f, const char *target)
{
    size_t i = 0;

    while (strcmp(f->mounts[i].target, target) != 0)
        i++;
    return &f->mounts[i];
}

static void fill_limits(struct fixture *f)
{
    const struct csc_limit limits[] = {
        {"cpu_sec", 300, CSC_HOLDER_RLIMIT, RLIMIT_CPU},
        {"memory_bytes", 4096, CSC_HOLDER_CGROUP2, -1},
        {"processes", 100, CSC_HOLDER_CGROUP2, -1},
        {"file_bytes", 5000, CSC_HOLDER_RLIMIT, RLIMIT_FSIZE},
        {"open_files", 1024, CSC_HOLDER_RLIMIT, RLIMIT_NOFILE},
    };

    memcpy(f->limits, limits, sizeof(limits));
    f->plan.limits = f->limits;
    f->plan.limit_count = ARRAY_SIZE(limits);
}

static void fixture_begin(struct fixture *f)
{
    char *folder = folder_create();

    *f = (struct fixture){.folder = folder, .program = "prog"};
    f->argv[0] = f->program;
    assert_int_equal(mkdir(folder_path(folder, "data"), 0700), 0);
    assert_int_equal(mkdir(folder_path(folder, "shown"), 0700), 0);
    folder_write(folder, "data/file", "x");
    folder_write(folder, "data/it's here", "x");
    folder_write(folder, "data/server.pem", "x");
    assert_int_equal(symlink("data", folder_path(folder, "link")), 0);
    (void)snprintf(f->shown, sizeof(f->shown), "%s/shown", folder);
    f->folder_source.type = CSC_SOURCE_FOLDER;
    f->file_source.type = CSC_SOURCE_FILE;
    fill_mounts(f);
    fill_limits(f);
    f->reads[0] = "/w";
    f->reads[1] = "/one/file";
    f->reads[2] = f->shown;
    f->writes[0] = "/w/out/**";
    f->argvs[0] = (struct csc_argv){.items = f->argv, .count = 1};
    f->command = (struct csc_command){.id = "c1",
                                      .argvs = f->argvs,
                                      .argv_count = 1,
                                      .cwd = "/w",
                                      .read_paths = f->reads,
                                      .read_path_count = 3,
                                      .write_paths = f->writes,
                                      .write_path_count = 1};
    f->read_prefixes[0] = folder;
    f->write_prefixes[0] = "/w";
    f->policy.read_prefixes = (struct csc_names){.items = f->read_prefixes, .count = 1};
    f->policy.write_prefixes = (struct csc_names){.items = f->write_prefixes, .count = 1};
    f->plan.command_id = "c1";
    f->plan.cwd = "/w";
    f->plan.command = &f->command;
    f->failure = (struct csc_failure){.exit_code = 1, .tail = "", .policy = &f->policy};
}

static void fixture_end(struct fixture *f)
{
    folder_remove(f->folder);
}

/* `text` with the folder for every '^'; the caller frees it. */
static char *expand(const struct fixture *f, const char *text)
{
    struct csc_buf buf = {0};

    for (; *text; text++)
        if (*text == '^')
            csc_buf_puts(&buf, f->folder);
        else
            csc_buf_putc(&buf, *text);
    return csc_buf_take(&buf);
}

/* One printable line, or nothing at all where there is no answer. */
static bool explain(struct fixture *f, char text[TEXT])
{
    memset(text, '#', TEXT);
    bool said = csc_denial_explain(&f->plan, &f->failure, text, TEXT);
    if (!said) {
        assert_int_equal(text[0], '#');
        text[0] = '\0';
        return false;
    }
    assert_non_null(memchr(text, '\0', TEXT));
    for (const char *c = text; *c; c++)
        assert_true((unsigned char)*c >= 0x20 && *c != 0x7F);
    assert_true(csc_utf8_valid(text, strlen(text)));
    return true;
}

static void assert_answer(struct fixture *f, const char *name, const char *wanted)
{
    char text[TEXT];
    bool said = explain(f, text);
    char *expected = wanted ? expand(f, wanted) : NULL;

    if (said != (wanted != NULL) || (wanted && !strstr(text, expected)))
        fail_msg("%s: saw '%s', wanted '%s'", name, text, wanted ? expected : "nothing");
    free(expected);
}

static void assert_answer_to(struct fixture *f, const char *tail, const char *wanted)
{
    char *text = expand(f, tail);

    f->failure.tail = text;
    f->failure.tail_size = strlen(text);
    assert_answer(f, text, wanted);
    free(text);
}

/* ---- paths --------------------------------------------------------------------------------------------------- */

#define READ_ONLY(path, scope)                                                                                         \
    "hint: likely cause: '" path "' is read-only inside the sandbox; declare '" scope "' in write_paths of command "   \
    "'c1'"
#define UNDECLARED(path)                                                                                               \
    "hint: likely cause: '" path "' is not declared, so the sandbox does not show it; add it to read_paths"

/* What stderr ends with, what is said of it; NULL: nothing. */
static const struct {
    const char *tail, *wanted;
} lines[] = {
    /* writing what is shown read-only, as many programs put it */
    {"touch: cannot touch '/w/x': Read-only file system\n", READ_ONLY("/w/x", "/w/**")},
    {"touch: cannot touch '/w/x': Read-only file system", READ_ONLY("/w/x", "/w/**")},
    {"touch: cannot touch '/w/out/x': Read-only file system\n", NULL},
    {"touch: cannot touch \u2018/w/x\u2019: Read-only file system\n", READ_ONLY("/w/x", "/w/**")},
    {"tar: /w/a/x: Cannot open: Read-only file system\n", READ_ONLY("/w/a/x", "/w/a/**")},
    {"prog: /w/a file: Read-only file system\n", READ_ONLY("/w/a file", "/w/**")},
    {"bash: line 1: /w/x: Read-only file system\n", READ_ONLY("/w/x", "/w/**")},
    {"bash: line 1: a/x.txt: Read-only file system\n", READ_ONLY("/w/a/x.txt", "/w/a/**")},
    {"bash: line 1: out/x.txt: Read-only file system\n", NULL},
    {"sh: 1: cannot create x: Read-only file system\n", READ_ONLY("/w/x", "/w/**")},
    {"sh: 1: cannot create x: Permission denied\n", READ_ONLY("/w/x", "/w/**")},
    {"Error: EROFS: read-only file system, open '/w/x'\n", READ_ONLY("/w/x", "/w/**")},
    {"OSError: [Errno 30] Read-only file system: 'x'\n", READ_ONLY("/w/x", "/w/**")},
    {"OSError: [Errno 30] Nur-Lese-Dateisystem: '/w/x'\n", READ_ONLY("/w/x", "/w/**")},
    {"open x: read-only file system\n", READ_ONLY("/w/x", "/w/**")},
    {"fatal: Unable to create '/w/.git/index.lock': Read-only file system\n",
     READ_ONLY("/w/.git/index.lock", "/w/.git/**")},
    {"mkdir: cannot create directory '/w/./a//../b': Read-only file system\n", READ_ONLY("/w/b", "/w/**")},
    {"mkdir: cannot create directory '/../../w/b': Read-only file system\n", READ_ONLY("/w/b", "/w/**")},
    {"touch: cannot touch \"/w/it's\": Read-only file system\n", READ_ONLY("/w/it's", "/w/**")},
    {"touch: cannot touch '/w/it\\'s': Read-only file system\n", READ_ONLY("/w/it's", "/w/**")},
    {"touch: cannot touch '/w/it's': Read-only file system\n", READ_ONLY("/w/it's", "/w/**")},
    {"/usr/bin/install: cannot create regular file '/w/x': Read-only file system\n", READ_ONLY("/w/x", "/w/**")},
    {"mv: cannot move '/w/out/x' to '/w/y': Read-only file system\n", READ_ONLY("/w/y", "/w/**")},
    {"touch: cannot touch '/one/file': Read-only file system\n", READ_ONLY("/one/file", "/one/file")},
    {"touch: cannot touch '/one/file': Read-only file system\n", "; the policy must allow it"},
    {"touch: cannot touch '^/shown/x': Read-only file system\n", READ_ONLY("^/shown/x", "^/shown/**")},
    {"touch: cannot touch '/w/x': Read-only file system\nmake: *** [all] Error 1\n", READ_ONLY("/w/x", "/w/**")},
    {"/w/a: Read-only file system\n/w/b: Read-only file system\n", READ_ONLY("/w/b", "/w/**")},
    {"touch: cannot touch '/usr/x': Read-only file system\n", "'/usr/x' is of the system"},
    {"touch: cannot touch '/bin/x': Read-only file system\n", "'/usr/bin/x' is of the system"},
    {"touch: cannot touch '/etc/passwd': Read-only file system\n", "'/etc/passwd' is read-only in every sandbox"},
    {"sh: 1: cannot create /proc/sys/x: Read-only file system\n", "'/proc/sys/x' is read-only in every sandbox"},
    {"mkdir: cannot create directory '/new': Read-only file system\n", "inside the sandbox '/' only leads to declared"},
    {"touch: cannot touch '/one/new': Read-only file system\n", "inside the sandbox '/one' only leads to declared"},
    {"touch: cannot touch '/one': Read-only file system\n", "inside the sandbox '/one' only leads to declared"},
    {"touch: cannot touch '/elsewhere/new': Read-only file system\n", NULL},
    {"touch: cannot touch '/tmp/x': Read-only file system\n", NULL},
    {"write: Read-only file system\n", "a path that is read-only inside the sandbox was to be written"},
    {"prog: Read-only file system\n", "a path that is read-only inside the sandbox was to be written"},
    {"zerofs: /w/x is fine\n", NULL},

    /* mode bits refuse too: no evidence */
    {"cat: /w/x: Permission denied\n", NULL},
    {"PermissionError: [Errno 13] Permission denied: '/w/x'\n", NULL},
    {"cat: /usr/x: Permission denied\n", NULL},
    {"rm: cannot remove '/w/x': Permission denied\n", READ_ONLY("/w/x", "/w/**")},
    {"rm: cannot remove '/w/out/x': Permission denied\n", NULL},
    {"cat: /proc/kcore: Permission denied\n", "'/proc/kcore' is masked"},
    {"sh: 1: cannot create /proc/x: Read-only file system\n", "'/proc/x' is read-only in every sandbox"},
    {"cat: /proc/1/environ: Permission denied\n", NULL},
    {"ls: cannot open directory '/': Permission denied\n", "'/' only leads to declared paths"},
    {"ls: cannot open directory '/one': Permission denied\n", "'/one' only leads to declared paths"},

    /* what the host has and the sandbox does not */
    {"cat: ^/data/file: No such file or directory\n", UNDECLARED("^/data/file")},
    {"cat: '^/data/it'\\''s here': No such file or directory\n",
     NULL}, /* a shell's spelling, which names another file */
    {"cat: \"^/data/it's here\": No such file or directory\n", UNDECLARED("^/data/it's here")},
    {"FileNotFoundError: [Errno 2] No such file or directory: '^/data/file'\n", UNDECLARED("^/data/file")},
    {"Error: ENOENT: no such file or directory, open '^/data/file'\n", UNDECLARED("^/data/file")},
    {"No such file or directory @ rb_sysopen - ^/data/file (Errno::ENOENT)\n", UNDECLARED("^/data/file")},
    {"open ^/data/file: no such file or directory\n", UNDECLARED("^/data/file")},
    {"cat: ..^/data/file: No such file or directory\n", UNDECLARED("^/data/file")},
    {"ls: cannot access '^/data/x/..': No such file or directory\n", UNDECLARED("^/data")},
    {"touch: cannot touch '^/data/new': No such file or directory\n", "add '^/data/**' to write_paths"},
    {"sh: 1: cannot create ^/data/new: Directory nonexistent\n", "add '^/data/**' to write_paths"},
    {"cat: ^/data/new: No such file or directory\n", NULL},
    {"cat: ^/shown/new: No such file or directory\n", NULL},   /* shown, but not there */
    {"cat: ^/nothing/new: No such file or directory\n", NULL}, /* not there either */
    {"cat: ^/link/file: No such file or directory\n", NULL},   /* through a symlink nothing is declared */
    {"cat: ^/link: No such file or directory\n", NULL},
    {"cat: ^/data/server.pem: No such file or directory\n", NULL}, /* credentials are not for declaring */
    {"cat: /root: No such file or directory\n", NULL},             /* outside of the policy: not looked at */
    {"cat: /etc/shadow: No such file or directory\n", NULL},
    {"cat: ^/../..^/../../etc/shadow: No such file or directory\n", NULL},
    {"cat: /sys/kernel: No such file or directory\n", NULL},
    {"cat: /w/x: No such file or directory\n", NULL},
    {"cat: x: No such file or directory\n", NULL},
    {"curl: (6) https:/^/data/file: No such file or directory\n", NULL}, /* a URL is no path */

    /* network and sockets */
    {"curl: (6) Could not resolve host: example.org\n",
     "network of command 'c1' is 'deny'; declare network 'full'; the policy"},
    {"ping: connect: Network is unreachable\n", "network of command 'c1' is 'deny'"},
    {"socket.gaierror: [Errno -3] Temporary failure in name resolution\n", "network of command 'c1' is 'deny'"},
    {"ssh: Could not resolve hostname x: Name or service not known\n", "network of command 'c1' is 'deny'"},
    {"npm ERR! request to x failed, reason: getaddrinfo EAI_AGAIN x\n", "network of command 'c1' is 'deny'"},
    {"dial tcp 192.0.2.1:80: socket: operation not permitted\n", "network of command 'c1' is 'deny'"},
    {"  _socket.socket.__init__(self, family)\nPermissionError: [Errno 1] Operation not permitted\n",
     "network of command 'c1' is 'deny'"},
    {"socket: Address family not supported by protocol\n", "network of command 'c1' is 'deny'"},
    {"dial unix /var/run/x.sock: socket: operation not permitted\n", "unix_sockets in csc-config(5)"},
    {"connect /run/x.sock: Operation not permitted\n", "unix_sockets in csc-config(5)"},
    {"connect to 127.0.0.1 port 80: Connection refused\n", NULL},
    {"unshare: unshare failed: Operation not permitted\n", "the sandbox refuses 'unshare' to every command"},
    {"chown: changing ownership of 'x': Operation not permitted\n", NULL},

    /* neither */
    {"", NULL},
    {"\n\n\n", NULL},
    {"error: 3 tests failed\n", NULL},
    {"cat: /w/x: Is a directory\n", NULL},
    {"No space left on device\n", NULL},        /* nothing is full */
    {"malloc: Cannot allocate memory\n", NULL}, /* a cgroup refuses no memory */

    /* limits that programs report themselves */
    {"open: Too many open files\n", "hint: likely cause: the limit of limits.open_files, 1024"},
    {"OSError: [Errno 27] File too large\n", "hint: likely cause: the limit of limits.file_bytes, 5000"},
    {"bash: fork: retry: Resource temporarily unavailable\n", "hint: likely cause: the limit of limits.processes, 100"},
    {"read: Resource temporarily unavailable\n", NULL},

    /* hostile bytes */
    {"touch: cannot touch '/w/\xff\xfe': Read-only file system\n", NULL},
    {"touch: cannot touch '/w/\x1b[31mx': Read-only file system\n", NULL},
    {"touch: cannot touch '/w/\u202ex': Read-only file system\n", READ_ONLY("/w/\\u202ex", "/w/**")},
    {"\x1b]0;x\x07/w/x: Read-only file system\x1b[0m\n", READ_ONLY("/w/x", "/w/**")},
    {"touch: cannot touch '/w/*': Read-only file system\n", NULL}, /* would be a glob */
    {"''''\"\"``: ::::: Read-only file system ::: ''", "was to be written"},
    {"%s%n%s: Read-only file system '/w/%n'\n", READ_ONLY("/w/%n", "/w/**")},
    {"error: 'touch: x/y: Read-only file system'\n", READ_ONLY("/w/x/y", "/w/x/**")},
    {": Read-only file system", "was to be written"},
    {"'", NULL},
};

static void lines_of_stderr_are_explained(void **state)
{
    struct fixture f;

    (void)state;
    fixture_begin(&f);
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
        assert_answer_to(&f, lines[i].tail, lines[i].wanted);
    fixture_end(&f);
}

static void success_is_never_explained(void **state)
{
    struct fixture f;

    (void)state;
    fixture_begin(&f);
    f.failure.exit_code = 0;
    f.failure.events = (struct csc_cgroup_events){.memory_kills = 1, .forks_failed = 1};
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
        assert_answer_to(&f, lines[i].tail, NULL);
    fixture_end(&f);
}

/* The same words where the plan does not bear them out. */
static void the_plan_decides(void **state)
{
    struct fixture f;

    (void)state;
    fixture_begin(&f);
    f.plan.host_network = true;
    f.plan.sockets = CSC_SOCKETS_INTERNET_UNIX;
    assert_answer_to(&f, "curl: (6) Could not resolve host: example.org\n", NULL);
    assert_answer_to(&f, "dial tcp 192.0.2.1:80: socket: operation not permitted\n", NULL);
    assert_answer_to(&f, "dial unix /run/x.sock: socket: operation not permitted\n", NULL);
    f.plan.sockets = CSC_SOCKETS_INTERNET;
    assert_answer_to(&f, "dial unix /run/x.sock: socket: operation not permitted\n", "unix_sockets");
    mount_at(&f, "/w")->writable = true;
    assert_answer_to(&f, "touch: cannot touch '/w/x': Read-only file system\n", NULL);
    f.limits[1].holder = CSC_HOLDER_RLIMIT;
    assert_answer_to(&f, "malloc: Cannot allocate memory\n", "limits.memory_bytes, 4096");
    fixture_end(&f);
}

/* Threat: csc, which may be root, tells the command what is there outside of what a contract could have declared. */
static void the_host_is_asked_only_within_the_policy(void **state)
{
    struct fixture f;

    (void)state;
    fixture_begin(&f);
    assert_answer_to(&f, "cat: ^/data/file: No such file or directory\n", UNDECLARED("^/data/file"));
    f.read_prefixes[0] = f.shown;
    assert_answer_to(&f, "cat: ^/data/file: No such file or directory\n", NULL);
    assert_answer_to(&f, "touch: cannot touch '^/data/new': No such file or directory\n", NULL);
    f.read_prefixes[0] = "/";
    assert_answer_to(&f, "cat: ^/data/file: No such file or directory\n", UNDECLARED("^/data/file"));
    assert_answer_to(&f, "cat: /sys: No such file or directory\n", NULL);
    assert_answer_to(&f, "cat: /etc/shadow: No such file or directory\n", NULL);
    f.failure.policy = NULL;
    assert_answer_to(&f, "cat: ^/data/file: No such file or directory\n", NULL);
    fixture_end(&f);
}

static void the_policy_shapes_the_advice(void **state)
{
    const char *line = "touch: cannot touch '/w/x': Read-only file system\n";
    struct fixture f;

    (void)state;
    fixture_begin(&f);
    assert_answer_to(&f, line, "command 'c1'");
    f.policy.require_write_paths_empty = true;
    assert_answer_to(&f, line, "command 'c1'; the policy must allow it");
    f.policy.network = CSC_NETWORK_FULL;
    assert_answer_to(&f, "connect: Network is unreachable\n", "declare network 'full'");
    fixture_end(&f);
}

/* ---- how it ended -------------------------------------------------------------------------------------------- */

#define ENDED(name, value) "the limit of limits." name ", " value ", ended it; the operator sets it in csc-config(5)"
/* A command can send itself any signal, and exit with any number. */
#define LIKELY(name, value)                                                                                            \
    "hint: likely cause: the limit of limits." name ", " value "; the operator sets it in csc-config(5)"

static const struct {
    const char *name;
    struct csc_failure failure;
    const char *wanted;
} endings[] = {
    {"memory", {.exit_code = 137, .signal_number = SIGKILL, .events.memory_kills = 1}, ENDED("memory_bytes", "4096")},
    {"killed by somebody", {.exit_code = 137, .signal_number = SIGKILL}, NULL},
    {"forks", {.exit_code = 1, .events.forks_failed = 3}, LIKELY("processes", "100")},
    {"cpu", {.exit_code = 152, .signal_number = SIGXCPU}, LIKELY("cpu_sec", "300")},
    {"cpu in a shell", {.exit_code = 128 + SIGXCPU}, LIKELY("cpu_sec", "300")},
    {"file size", {.exit_code = 128 + SIGXFSZ, .signal_number = SIGXFSZ}, LIKELY("file_bytes", "5000")},
    {"foreign call", {.exit_code = 128 + SIGSYS, .signal_number = SIGSYS}, "native ABI"},
    {"crash", {.exit_code = 139, .signal_number = SIGSEGV}, NULL},
    {"full /tmp", {.exit_code = 1, .tail = "No space left on device", .tmp_full = true}, ENDED("tmp_bytes", "1000")},
    {"full home", {.exit_code = 1, .tail = "x: ENOSPC: y\nz", .home_full = true}, ENDED("home_bytes", "2000")},
    {"full /dev/shm", {.exit_code = 1, .tail = "[Errno 28]", .shm_full = true}, ENDED("shm_bytes", "3000")},
    {"full, but of no matter", {.exit_code = 1, .tail = "other", .tmp_full = true}, NULL},
    {"a limit before a line",
     {.exit_code = 137, .tail = "/w/x: Read-only file system", .events.memory_kills = 1},
     ENDED("memory_bytes", "4096")},
};

static void limits_that_were_hit_are_named(void **state)
{
    struct fixture f;

    (void)state;
    fixture_begin(&f);
    for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
        f.failure = endings[i].failure;
        f.failure.tail_size = f.failure.tail ? strlen(f.failure.tail) : 0;
        assert_answer(&f, endings[i].name, endings[i].wanted);
    }
    f.plan.limit_count = 0;
    f.failure = endings[0].failure;
    assert_answer(&f, "no such limit", NULL);
    fixture_end(&f);
}

static void a_program_outside_is_named(void **state)
{
    struct fixture f;

    (void)state;
    fixture_begin(&f);
    (void)snprintf(f.program, sizeof(f.program), "%s/data/file", f.folder);
    assert_answer_to(&f, "", NULL);
    f.failure.exit_code = 127;
    assert_answer_to(&f, "", "the program '^/data/file' is not inside the sandbox; add '^/data' to read_paths");
    (void)snprintf(f.program, sizeof(f.program), "/w/prog");
    assert_answer_to(&f, "", NULL);
    (void)snprintf(f.program, sizeof(f.program), "prog");
    assert_answer_to(&f, "", NULL);
    fixture_end(&f);
}

/* ---- size ---------------------------------------------------------------------------------------------------- */

static void fill_tail(struct csc_buf *buf, size_t size, char c)
{
    for (size_t i = 0; i < size; i++)
        csc_buf_putc(buf, c);
}

static void assert_answer_to_buf(struct fixture *f, struct csc_buf *buf, const char *wanted)
{
    assert_false(buf->failed);
    f->failure.tail = buf->data;
    f->failure.tail_size = buf->size;
    assert_answer(f, "a long tail", wanted);
    csc_buf_free(buf);
}

static void long_tails_have_an_end(void **state)
{
    const char *line = "touch: cannot touch '/w/x': Read-only file system\n";
    struct csc_buf buf = {0};
    struct fixture f;

    (void)state;
    fixture_begin(&f);
    fill_tail(&buf, 16000, 'a');
    assert_answer_to_buf(&f, &buf, NULL);
    fill_tail(&buf, 16000, '\'');
    assert_answer_to_buf(&f, &buf, NULL);
    fill_tail(&buf, 16000, '\n');
    assert_answer_to_buf(&f, &buf, NULL);
    fill_tail(&buf, 16000, '\0');
    csc_buf_puts(&buf, ": /w/x: Read-only file system");
    assert_answer_to_buf(&f, &buf, READ_ONLY("/w/x", "/w/**"));
    fill_tail(&buf, 16000, 'a');
    csc_buf_printf(&buf, " %s", line);
    assert_answer_to_buf(&f, &buf, READ_ONLY("/w/x", "/w/**"));
    /* Too far up: what came after it did not stop the command, or says more. */
    csc_buf_puts(&buf, line);
    for (unsigned i = 0; i < 20; i++)
        csc_buf_puts(&buf, "more\n");
    assert_answer_to_buf(&f, &buf, NULL);
    /* A path that was cut is another path. */
    csc_buf_puts(&buf, "prog: /w/");
    fill_tail(&buf, 2000, '/');
    csc_buf_puts(&buf, "w/x: Read-only file system");
    assert_answer_to_buf(&f, &buf, "was to be written");
    fixture_end(&f);
}

static void long_paths_are_cut(void **state)
{
    struct csc_buf buf = {0};
    struct fixture f;
    char text[TEXT], small[10];

    (void)state;
    fixture_begin(&f);
    csc_buf_puts(&buf, "touch: cannot touch '/w/");
    fill_tail(&buf, 900, 'y');
    csc_buf_puts(&buf, "': Read-only file system\n");
    f.failure.tail = buf.data;
    f.failure.tail_size = buf.size;
    assert_true(explain(&f, text));
    assert_non_null(strstr(text, "yyy...' is read-only inside the sandbox; declare '/w/**' in write_paths"));
    assert_true(csc_denial_explain(&f.plan, &f.failure, small, sizeof(small)));
    assert_int_equal(strlen(small), sizeof(small) - 1);
    assert_false(csc_denial_explain(&f.plan, &f.failure, small, 0));
    csc_buf_free(&buf);
    fixture_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_of_stderr_are_explained),
        cmocka_unit_test(success_is_never_explained),
        cmocka_unit_test(the_plan_decides),
        cmocka_unit_test(the_host_is_asked_only_within_the_policy),
        cmocka_unit_test(the_policy_shapes_the_advice),
        cmocka_unit_test(limits_that_were_hit_are_named),
        cmocka_unit_test(a_program_outside_is_named),
        cmocka_unit_test(long_tails_have_an_end),
        cmocka_unit_test(long_paths_are_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
