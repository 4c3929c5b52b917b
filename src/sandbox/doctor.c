/* SPDX-License-Identifier: Apache-2.0 */
/* The rows that need no trial: what this machine is, and the programs that make a sandbox. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "sandbox/doctor_parts.h"
#include "sandbox/survey.h"
#include "sandbox/trial.h"

#define BWRAP_NEEDED "bubblewrap 0.10 or later, or Debian's 0.8.0-2+deb12u1"

const char *const csc_check_state_names[] = {"ok", "weaker", "missing"};

struct csc_check *csc_doctor_add(struct csc_doctor *doctor, const char *name, enum csc_check_state state)
{
    if (doctor->count == CSC_CHECKS_MAX)
        doctor->count--;
    struct csc_check *check = &doctor->checks[doctor->count++];
    *check = (struct csc_check){.name = name, .state = state};
    return check;
}

void csc_check_write(char text[CSC_CHECK_TEXT], const char *format, ...)
{
    char plain[CSC_CHECK_TEXT];
    va_list args;

    va_start(args, format);
    int size = vsnprintf(plain, sizeof(plain), format, args);
    va_end(args);
    (void)csc_text_escape(text, CSC_CHECK_TEXT, plain, size < 0 ? 0 : strlen(plain));
}

void csc_check_split(struct csc_check *check, const char *message)
{
    const char *end = strstr(message, "; "), *fix = end ? end + strlen("; ") : "";

    csc_check_write(check->found, "%.*s", end ? (int)(end - message) : (int)strlen(message), message);
    if (strncmp(fix, "fix: ", strlen("fix: ")) == 0)
        fix += strlen("fix: ");
    csc_check_write(check->fix, "%s", fix);
}

bool csc_doctor_is_content(const struct csc_doctor *doctor)
{
    for (size_t i = 0; i < doctor->count; i++)
        if (doctor->checks[i].state == CSC_CHECK_MISSING)
            return false;
    return true;
}

/* ---- the machine ----------------------------------------------------------------------------------------------- */

static void check_kernel(struct csc_doctor *doctor)
{
    struct csc_check *check = csc_doctor_add(doctor, "kernel", CSC_CHECK_OK);
    struct utsname name;

    if (uname(&name) == 0)
        csc_check_write(check->found, "%s %s, %s", name.sysname, name.release, name.machine);
}

static void read_text(const char *path, char *text, size_t size)
{
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);

    text[n > 0 ? n : 0] = '\0';
}

static const char *find_container(void)
{
    static const struct {
        const char *file, *kind;
    } signs[] = {
        {"/run/.containerenv", "Podman"},
        {"/.dockerenv", "Docker"},
        {"/run/systemd/container", "systemd"},
    };
    char text[4096];

    for (size_t i = 0; i < ARRAY_SIZE(signs); i++)
        if (access(signs[i].file, F_OK) == 0)
            return signs[i].kind;
    read_text("/proc/self/cgroup", text, sizeof(text));
    return csc_container_of_cgroup(text);
}

static void check_container(struct csc_doctor *doctor)
{
    struct csc_check *check = csc_doctor_add(doctor, "container", CSC_CHECK_OK);

    doctor->container = find_container();
    if (doctor->container[0])
        csc_check_write(check->found, "csc runs in one (%s), whose engine may refuse what a sandbox needs: see below",
                        doctor->container);
    else
        csc_check_write(check->found, "no sign of one");
}

/* ---- programs -------------------------------------------------------------------------------------------------- */

static void refuse_program(struct csc_check *check, const struct csc_refusal *refusal)
{
    check->state = CSC_CHECK_MISSING;
    csc_check_split(check, refusal->kind ? refusal->text : "out of memory");
    if (!check->fix[0])
        csc_check_write(check->fix,
                        "install it anew, as root's (csc-init: make install; bwrap: the package bubblewrap)");
}

/* What is wrong with a bwrap is nothing to mend while the native executor makes the sandboxes. */
static void excuse_bwrap(const struct csc_doctor *doctor, struct csc_check *check)
{
    char found[CSC_CHECK_TEXT];

    if (doctor->backend != CSC_BACKEND_NATIVE || check->state == CSC_CHECK_OK)
        return;
    (void)snprintf(found, sizeof(found), "%s", check->found);
    check->state = CSC_CHECK_OK;
    csc_check_write(check->found, "not needed by the native backend, and not usable: %.500s", found);
    check->fix[0] = '\0';
}

static void check_programs(struct csc_doctor *doctor)
{
    const struct csc_sandbox_request request = {.config = doctor->config};
    struct csc_survey survey = {.init = {.fd = -1}};
    struct csc_refusal of_init = {0}, of_bwrap = {0};
    struct csc_surveying s = {.request = &request, .survey = &survey, .refusal = &of_init};
    struct csc_check *init = csc_doctor_add(doctor, "csc-init", CSC_CHECK_OK), *bwrap;

    if (csc_survey_init(&s) == 0)
        csc_check_write(init->found, "'%s', which only its owner can write", survey.init.path);
    else
        refuse_program(init, &of_init);
    s.refusal = &of_bwrap;
    if (csc_survey_bwrap(&s) == 0) {
        (void)snprintf(doctor->bwrap, sizeof(doctor->bwrap), "%s", survey.bwrap);
    } else {
        bwrap = csc_doctor_add(doctor, "bwrap", CSC_CHECK_MISSING);
        refuse_program(bwrap, &of_bwrap);
        excuse_bwrap(doctor, bwrap);
    }
    csc_source_close(&survey.init);
    csc_arena_free(&survey.arena);
}

/* Another option may begin with the same letters. */
static bool has_option(const char *help, const char *option)
{
    size_t size = strlen(option);

    for (const char *at = help; (at = strstr(at, option)); at += size)
        if (at[size] == ' ' || at[size] == '\n')
            return true;
    return false;
}

void csc_doctor_judge_bwrap(struct csc_doctor *doctor, const char *version, const char *help)
{
    struct csc_check *check = csc_doctor_add(doctor, "bwrap", CSC_CHECK_MISSING);
    unsigned number[3];

    if (!csc_bwrap_version(version, number)) {
        csc_check_write(check->found, "'%.300s' does not say which version it is, as bwrap does", doctor->bwrap);
        csc_check_write(check->fix, "install the package bubblewrap, and take the setting bwrap out of csc-config(5)");
    } else if (!has_option(help, "--bind-fd") || !has_option(help, "--ro-bind-fd")) {
        csc_check_write(check->found, "'%.300s' is %u.%u.%u, without --bind-fd: a path would be looked up twice",
                        doctor->bwrap, number[0], number[1], number[2]);
        csc_check_write(check->fix, "install " BWRAP_NEEDED);
    } else {
        check->state = CSC_CHECK_OK;
        csc_check_write(check->found, "'%.300s', version %u.%u.%u with --bind-fd, which only its owner can write",
                        doctor->bwrap, number[0], number[1], number[2]);
    }
    excuse_bwrap(doctor, check);
}

void csc_doctor_begin(struct csc_doctor *ret_doctor, const struct csc_config *config)
{
    *ret_doctor = (struct csc_doctor){.config = config, .container = ""};
    check_kernel(ret_doctor);
    check_container(ret_doctor);
    csc_doctor_check_identity(ret_doctor);
    check_programs(ret_doctor);
}
