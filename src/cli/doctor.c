/* SPDX-License-Identifier: Apache-2.0 */
/* What of csc doctor starts programs: bwrap by itself, and a whole sandbox; and how the result is told. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "cli/run.h"

enum { OPT_CONFIG, OPT_JSON };

enum { PATIENCE_SEC = 20, OUTPUT_MAX = 64 << 10 };

/* One examination. */
struct session {
    struct csc_config config;
    char config_path[PATH_MAX];
    struct csc_doctor doctor;
    struct csc_exec_result result; /* of the last program that ran; big */
    int signal_fd;
    int stopped; /* 130 or 143: csc was told to stop */
};

static void session_free(struct session **session)
{
    if (!*session)
        return;
    csc_config_free(&(*session)->config);
    csc_close_cleanup(&(*session)->signal_fd);
    free(*session);
}

/* ---- programs -------------------------------------------------------------------------------------------------- */

/* Runs a command and gives what it printed, at most OUTPUT_MAX bytes. A negative code when it could not be tried. */
static int capture(struct session *session, const struct csc_command *command, const struct csc_boundary *boundary,
                   struct csc_buf *ret_output, struct csc_error *err)
{
    const char *anywhere[] = {"/"};
    const struct csc_policy policy = {.cwd_prefixes = {.items = anywhere, .count = 1}};
    _cleanup_close_ int output = memfd_create("csc-doctor", MFD_CLOEXEC);
    const struct csc_exec_io io = {
        .out_fd = {output, -1},
        .signal_fd = session->signal_fd,
        .cancel_fd = -1,
        .stdout_cap = OUTPUT_MAX,
        .stderr_cap = OUTPUT_MAX,
        .grace_ms = 0,
        .boundary = boundary,
    };

    if (output < 0)
        return csc_fail_errno(err, CSC_E_INTERNAL, errno, "memfd_create");
    int r = csc_exec_run(command, &policy, &io, &session->result, err);
    if (r == 0 && session->result.end == CSC_EXEC_CANCELLED)
        session->stopped = session->result.exit_code;
    if (r == 0 && lseek(output, 0, SEEK_SET) < 0)
        return csc_fail_errno(err, CSC_E_INTERNAL, errno, "lseek");
    return r == 0 ? csc_read_fd(output, OUTPUT_MAX, ret_output, err) : r;
}

/* What `bwrap OPTION` prints; "" when that can't be had. */
static const char *ask_bwrap(struct session *session, char *option, struct csc_buf *output)
{
    char *items[] = {session->doctor.bwrap, option, NULL};
    struct csc_argv argv = {.items = items, .count = 2};
    const struct csc_command command = {
        .id = "bwrap", .argvs = &argv, .argv_count = 1, .cwd = "/", .timeout_sec = PATIENCE_SEC};
    struct csc_error err = {0};

    return capture(session, &command, NULL, output, &err) < 0 || !output->data ? "" : output->data;
}

static void check_bwrap(struct session *session)
{
    _cleanup_buf_ struct csc_buf version = {0}, help = {0};
    char ask_version[] = "--version", ask_help[] = "--help";

    if (!session->doctor.bwrap[0])
        return;
    const char *version_text = ask_bwrap(session, ask_version, &version);
    if (session->stopped == 0)
        csc_doctor_judge_bwrap(&session->doctor, version_text, ask_bwrap(session, ask_help, &help));
}

/* ---- a throwaway sandbox ---------------------------------------------------------------------------------------- */

static void boundary_cleanup(struct csc_boundary **boundary)
{
    csc_boundary_free(*boundary);
}

/* A folder for the command, of a user that it may belong to. */
static int make_folder(const struct csc_doctor *doctor, enum csc_backend backend, char folder[PATH_MAX],
                       struct csc_error *err)
{
    char temporary[PATH_MAX];
    uid_t uid;
    gid_t gid;

    if (!realpath("/tmp", temporary))
        return csc_fail_errno(err, CSC_E_CONFIG, errno, "/tmp; make it a folder that everyone can use (mode 1777)");
    if (snprintf(folder, PATH_MAX, "%s/csc-doctor-XXXXXX", temporary) >= PATH_MAX || !mkdtemp(folder))
        return csc_fail_errno(err, CSC_E_CONFIG, errno, "cannot make a folder in /tmp");
    _cleanup_close_ int fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    csc_doctor_folder_owner(doctor, backend, &uid, &gid);
    if (fd >= 0 && (geteuid() != 0 || fchown(fd, uid, gid) == 0))
        return 0;
    int r = csc_fail_errno(err, CSC_E_CONFIG, errno, "cannot give a folder in /tmp to uid %u", uid);
    (void)rmdir(folder);
    return r;
}

/* The command has what hardened mode gives it, and says what that is. */
static int run_sandbox(struct session *session, enum csc_backend backend, const char *folder,
                       struct csc_buf *ret_output, struct csc_error *err)
{
    char program[] = "cat", status[] = "/proc/self/status", *items[] = {program, status, NULL};
    struct csc_argv argv = {.items = items, .count = 2};
    const struct csc_command command = {
        .id = "throwaway", .argvs = &argv, .argv_count = 1, .cwd = folder, .timeout_sec = PATIENCE_SEC};
    const struct csc_policy policy = {.cwd_prefixes = {.items = &folder, .count = 1}};
    struct csc_config config = session->config;
    const struct csc_sandbox_request request = {.command = &command, .policy = &policy, .config = &config};
    _cleanup_(boundary_cleanup) struct csc_boundary *boundary = NULL;

    config.backend = backend;
    config.blocked_programs = (struct csc_names){0}; /* advice about what agents ask for */
    int r = csc_boundary_make(&request, &boundary, &session->result, err);
    return r == 0 && boundary ? capture(session, &command, boundary, ret_output, err) : r;
}

/* `r`: what running it gave. */
static void judge_sandbox(struct session *session, int r, const struct csc_buf *output, const struct csc_error *err,
                          struct csc_check *check)
{
    const struct csc_exec_result *result = &session->result;
    const char *power = csc_doctor_find_power(output->data ? output->data : "");

    if (r < 0) {
        csc_check_split(check, err->text);
    } else if (result->end == CSC_EXEC_TIMED_OUT) {
        csc_check_write(check->found, "it did not end within %d s", PATIENCE_SEC);
        csc_check_write(check->fix, "try again when this machine has less to do");
    } else if (result->end != CSC_EXEC_EXITED) {
        csc_check_split(check, result->reason);
    } else if (result->exit_code != 0) {
        csc_check_write(check->found, "its command ended with %d: %s%.*s", result->exit_code,
                        result->reason[0] ? result->reason : result->hint,
                        (int)(result->tail_size < 200 ? result->tail_size : 200), result->tail);
    } else if (power) {
        csc_check_write(check->found, "its command had %s", power);
        csc_check_write(check->fix, "report this as a security issue (SECURITY.md)");
    } else {
        check->state = CSC_CHECK_OK;
        csc_check_write(check->found,
                        "made as for a command, and a program ran in it: no capabilities, no_new_privs, filtered");
    }
}

static void try_sandbox(struct session *session, enum csc_backend backend, struct csc_check *check)
{
    _cleanup_buf_ struct csc_buf output = {0};
    struct csc_error err = {0};
    char folder[PATH_MAX];

    *check = (struct csc_check){.name = "a throwaway sandbox", .state = CSC_CHECK_MISSING};
    int r = make_folder(&session->doctor, backend, folder, &err);
    if (r == 0) {
        r = run_sandbox(session, backend, folder, &output, &err);
        (void)rmdir(folder);
    }
    judge_sandbox(session, r, &output, &err, check);
}

/* Nothing depends on the other backend, and nothing is to be mended for it: the row is for who wants to change over. */
static void try_other(struct session *session, struct csc_check *check)
{
    bool is_native = session->doctor.backend == CSC_BACKEND_NATIVE;
    enum csc_backend other = is_native ? CSC_BACKEND_BWRAP : CSC_BACKEND_NATIVE;
    const char *name = csc_backend_names[other];
    bool works = session->doctor.works;
    struct csc_check trial;

    *check = (struct csc_check){.name = "the other backend", .state = CSC_CHECK_OK};
    if (is_native && !session->doctor.bwrap[0]) {
        csc_check_write(check->found, "%s: none that could be used%s", name, works ? ", and none is needed" : "");
        return;
    }
    try_sandbox(session, other, &trial);
    if (trial.state == CSC_CHECK_OK)
        csc_check_write(check->found, "%s: would work%s (backend in csc-config(5), or --backend)", name,
                        works ? " too" : "");
    else
        csc_check_write(check->found, "%s: would not work%s: %.450s", name, works ? ", and is not needed" : " either",
                        trial.found);
}

/* ---- the whole -------------------------------------------------------------------------------------------------- */

static void check_config(struct session *session, const char *path, struct csc_check *check)
{
    struct csc_error err = {0};

    *check = (struct csc_check){.name = "configuration", .state = CSC_CHECK_OK};
    if (csc_config_load(path, true, &session->config, session->config_path, &err) == 0) {
        if (session->config_path[0])
            csc_check_write(check->found, "'%.300s', which none but root and uid %u could change", session->config_path,
                            geteuid());
        else
            csc_check_write(check->found, "there is no file: all defaults of csc-config(5)");
        return;
    }
    check->state = CSC_CHECK_MISSING;
    csc_config_default(&session->config); /* so that the rest can be looked at */
    csc_check_split(check, err.text);
    char found[CSC_CHECK_TEXT];
    (void)snprintf(found, sizeof(found), "%s", check->found);
    if (err.line > 0)
        csc_check_write(check->found, "'%.200s', line %u: %.30s%s%.300s", session->config_path, err.line, err.field,
                        err.field[0] ? ": " : "", found);
    else
        csc_check_write(check->found, "'%.200s': %.30s%s%.300s", session->config_path, err.field,
                        err.field[0] ? ": " : "", found);
    if (!check->fix[0])
        csc_check_write(check->fix, "csc validate config FILE says whether it is right; csc-config(5) what it may say");
}

static void examine(struct session *session, const char *config_path)
{
    struct csc_doctor *doctor = &session->doctor;
    struct csc_check config, sandbox = {.state = CSC_CHECK_MISSING}, other = {.state = CSC_CHECK_OK};

    check_config(session, config_path, &config);
    csc_doctor_begin(doctor, &session->config);
    *csc_doctor_add(doctor, "", CSC_CHECK_OK) = config;
    check_bwrap(session);
    if (session->stopped == 0)
        try_sandbox(session, doctor->backend, &sandbox);
    doctor->works = session->stopped == 0 && sandbox.state == CSC_CHECK_OK;
    if (session->stopped == 0)
        try_other(session, &other);
    if (session->stopped != 0)
        return;
    csc_doctor_examine(doctor);
    if (sandbox.state == CSC_CHECK_MISSING && (!sandbox.fix[0] || strstr(sandbox.fix, "csc doctor")))
        csc_check_write(sandbox.fix, "%s",
                        csc_doctor_is_content(doctor) ? "look for a refusal in the kernel's log (dmesg, ausearch)"
                                                      : "mend what is missing above");
    *csc_doctor_add(doctor, "", CSC_CHECK_OK) = sandbox;
    *csc_doctor_add(doctor, "", CSC_CHECK_OK) = other;
}

static int print_json(const struct csc_cli *cli, const struct csc_doctor *doctor, int code)
{
    _cleanup_arena_ struct csc_arena arena = {0};
    struct csc_value rows = {.type = CSC_ARRAY}, value;
    struct csc_error err = {0};
    struct csc_object object;

    rows.items = csc_arena_array(&arena, doctor->count, sizeof(*rows.items));
    int r = rows.items ? 0 : csc_fail_memory(&err);
    for (; r == 0 && rows.count < doctor->count; rows.count++) {
        const struct csc_check *check = &doctor->checks[rows.count];
        csc_object_begin(&object, &arena, 4);
        csc_object_string(&object, "name", check->name);
        csc_object_string(&object, "state", csc_check_state_names[check->state]);
        csc_object_string(&object, "found", check->found);
        csc_object_string(&object, "fix", check->fix);
        r = csc_object_end(&object, &rows.items[rows.count], &err);
    }
    csc_object_begin(&object, &arena, 2);
    csc_object_bool(&object, "hardened", csc_doctor_is_content(doctor));
    csc_object_value(&object, "checks", rows);
    if (r == 0)
        r = csc_object_end(&object, &value, &err);
    return r == 0 ? csc_cli_print_json(cli, &value, code) : csc_cli_fail(cli, NULL, &err);
}

static int print_rows(const struct csc_cli *cli, const struct csc_doctor *doctor, int code)
{
    static const enum csc_cli_tone tones[] = {
        [CSC_CHECK_OK] = CSC_TONE_GOOD,
        [CSC_CHECK_WEAKER] = CSC_TONE_WAIT,
        [CSC_CHECK_MISSING] = CSC_TONE_BAD,
    };
    _cleanup_buf_ struct csc_buf text = {0};

    for (size_t i = 0; i < doctor->count; i++) {
        const struct csc_check *check = &doctor->checks[i];
        const char *state = csc_check_state_names[check->state];
        csc_cli_paint(&text, STDOUT_FILENO, tones[check->state], state);
        csc_buf_printf(&text, "%*s%s: %s%s%s\n", (int)(sizeof("missing ") - strlen(state)), "", check->name,
                       check->found, check->fix[0] ? "; fix: " : "", check->fix);
    }
    csc_buf_puts(&text, code == 0 ? "hardened mode can run\n" : "hardened mode cannot run: see what is missing\n");
    return csc_cli_print(cli, &text, code);
}

static int doctor_here(const struct csc_cli *cli)
{
    _cleanup_(session_free) struct session *session = calloc(1, sizeof(*session));
    struct csc_error err = {0};

    if (!session) {
        csc_fail_memory(&err);
        return csc_cli_fail(cli, NULL, &err);
    }
    session->signal_fd = -1;
    int r = csc_exec_become_supervisor(&err);
    if (r == 0 && (session->signal_fd = csc_cli_signal_fd(&err)) < 0)
        r = session->signal_fd;
    if (r < 0)
        return csc_cli_fail(cli, NULL, &err);
    examine(session, cli->options[OPT_CONFIG]);
    if (session->stopped != 0)
        return session->stopped;
    int code = csc_doctor_is_content(&session->doctor) ? 0 : CSC_E_CONFIG;
    return cli->json ? print_json(cli, &session->doctor, code) : print_rows(cli, &session->doctor, code);
}

static int doctor(const struct csc_cli *cli)
{
    return csc_exec_has_children() ? csc_cli_run_in_child(cli, doctor_here) : doctor_here(cli);
}

static const struct csc_cli_option options[] = {
    [OPT_CONFIG] = {"config", "PATH", "the one configuration to read; see csc-config(5)", CSC_CLI_OPTIONAL},
    [OPT_JSON] = {"json", NULL, "print the result as a JSON object", CSC_CLI_OPTIONAL},
    {0},
};

const struct csc_cli_command csc_cli_doctor = {
    .name = "doctor",
    .summary = "say what hardened mode can hold on this machine, and what would fix it",
    .parameters = {NULL},
    .options = options,
    .description =
        "Says which backend makes the sandboxes here, and why. Tries everything that it needs or that makes it\n"
        "stronger, as the user that commands in this folder would run as, and a whole sandbox at the end. One\n"
        "line each: ok, weaker (hardened mode runs, and holds less) or missing (it refuses to run), what was\n"
        "found, and what would fix it.\n"
        "Exit code: 0 hardened mode can run, 78 it cannot.\n",
    .examples = "  csc doctor --json\n"
                "  csc doctor --config /etc/csc/csc.yaml\n",
    .run = doctor,
};
