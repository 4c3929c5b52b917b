/* SPDX-License-Identifier: Apache-2.0 */
/* Which executor makes the sandboxes here, and whom commands run as: by the rules of survey and plan themselves. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sandbox/doctor_parts.h"
#include "sandbox/plan.h"
#include "sandbox/survey.h"

static void check_backend(struct csc_doctor *doctor)
{
    struct csc_check *check = csc_doctor_add(doctor, "backend", CSC_CHECK_OK);
    const char *why;

    doctor->backend = csc_survey_backend(doctor->config, geteuid() == 0, &why);
    csc_check_write(check->found, "%s%s: %s", csc_backend_names[doctor->backend],
                    doctor->config->backend == CSC_BACKEND_AUTO ? ", chosen by auto" : "", why);
}

/* ---- the identity ------------------------------------------------------------------------------------------------ */

static void tell_identity(const struct csc_doctor *doctor, struct csc_check *check)
{
    if (doctor->uid == 0) {
        check->state = CSC_CHECK_WEAKER;
        csc_check_write(check->found,
                        "commands in this folder, which is root's, run as root without any capability (uid %u inside): "
                        "they own files of root's that they are shown",
                        doctor->inner_uid);
        csc_check_write(check->fix, "%sset run_as in csc-config(5), or use a cwd that belongs to a plain user",
                        doctor->backend == CSC_BACKEND_NATIVE ? "see idmapped mounts; or " : "");
    } else if (doctor->idmapped) {
        csc_check_write(check->found,
                        "csc is root; commands in this folder run as uid %u (%s), and own what is its owner's, uid %u",
                        doctor->uid, doctor->config->run_as.set ? "run_as of the configuration" : "nobody's",
                        doctor->owner_uid);
    } else if (doctor->switch_identity) {
        csc_check_write(check->found, "csc is root; commands in this folder run as uid %u (%s)", doctor->uid,
                        doctor->config->run_as.set ? "run_as of the configuration" : "the folder's owner");
    } else {
        csc_check_write(check->found, "commands run as uid %u, as csc does", doctor->uid);
    }
}

static void check_identity(struct csc_doctor *doctor, const struct csc_survey *survey)
{
    const struct csc_sandbox_request request = {.config = doctor->config};
    struct csc_refusal refusal = {0};
    struct csc_plan plan = {0};
    struct csc_planning planning = {.request = &request, .survey = survey, .plan = &plan, .refusal = &refusal};
    struct csc_check *check = csc_doctor_add(doctor, "identity", CSC_CHECK_OK);

    int r = csc_plan_identity(&planning);
    doctor->uid = plan.outer_uid;
    doctor->gid = plan.outer_gid;
    doctor->inner_uid = plan.inner_uid;
    doctor->inner_gid = plan.inner_gid;
    doctor->owner_uid = survey->owner_uid;
    doctor->owner_gid = survey->owner_gid;
    doctor->switch_identity = plan.switch_identity;
    doctor->idmapped = plan.idmapped;
    if (r == 0) {
        tell_identity(doctor, check);
    } else {
        check->state = CSC_CHECK_MISSING;
        csc_check_split(check, refusal.text);
    }
}

/* ---- idmapped mounts --------------------------------------------------------------------------------------------- */

/* A survey of this folder's mount alone, as a command in it would have it. 0, CSC_REFUSED, or a negative code. */
static int try_mapping(struct csc_surveying *s)
{
    struct csc_survey *survey = s->survey;

    survey->cwd.fd = csc_fd_above_standard(open(".", O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (survey->cwd.fd < 0)
        return csc_fail_errno(s->err, CSC_E_INPUT, errno, "this folder");
    return csc_survey_trees(s);
}

static void tell_mapping(const struct csc_doctor *doctor, const struct csc_id_mapping *mapping, struct csc_check *check)
{
    if (mapping->done) {
        csc_check_write(check->found, "commands run as uid %u outside, and own their workspace", mapping->uid);
    } else if (mapping->why_not) {
        check->state = CSC_CHECK_WEAKER;
        csc_check_write(check->found, "%s", mapping->why_not);
        csc_check_write(check->fix,
                        "keep workspaces on a file system that maps owners (ext4 and xfs from Linux 5.12, btrfs 5.15, "
                        "tmpfs 6.3), and start csc outside of user namespaces");
    } else {
        csc_check_write(check->found, "not needed: this folder is that of uid %u, whom commands run as", doctor->uid);
    }
}

static void check_mapping(struct csc_doctor *doctor, const struct csc_surveying *s, int r)
{
    struct csc_check *check = csc_doctor_add(doctor, "idmapped mounts", CSC_CHECK_OK);

    if (geteuid() != 0) {
        csc_check_write(check->found, "not needed: commands run as you");
    } else if (doctor->backend != CSC_BACKEND_NATIVE) {
        check->state = CSC_CHECK_WEAKER;
        csc_check_write(check->found, "bwrap takes none: who owns the folder of a command is whom it runs as");
        csc_check_write(check->fix, "use the native backend (backend in csc-config(5))");
    } else if (r == 0) {
        tell_mapping(doctor, &s->survey->mapping, check);
    } else {
        check->state = CSC_CHECK_MISSING; /* a command would be refused for it, too */
        csc_check_split(check, r < 0 ? s->err->text : s->refusal->text);
    }
}

void csc_doctor_check_identity(struct csc_doctor *doctor)
{
    const struct csc_sandbox_request request = {.config = doctor->config};
    struct csc_survey survey = {.uid = geteuid(), .gid = getegid(), .cwd = {.path = ".", .fd = -1, .tree = -1}};
    struct csc_refusal refusal = {0};
    struct csc_error err = {0};
    struct csc_surveying s = {
        .request = &request, .survey = &survey, .refusal = &refusal, .err = &err, .id_namespace = -1};
    struct stat st;
    int r = 0;

    check_backend(doctor);
    if (stat(".", &st) == 0) {
        survey.owner_uid = st.st_uid;
        survey.owner_gid = st.st_gid;
    }
    if (survey.uid == 0 && doctor->backend == CSC_BACKEND_NATIVE)
        r = try_mapping(&s);
    check_identity(doctor, &survey);
    check_mapping(doctor, &s, r);
    csc_close_cleanup(&s.id_namespace);
    csc_source_close(&survey.cwd);
    csc_arena_free(&survey.arena);
}

void csc_doctor_folder_owner(const struct csc_doctor *doctor, enum csc_backend backend, uid_t *ret_uid, gid_t *ret_gid)
{
    const struct csc_identity *run_as = &doctor->config->run_as;
    /* Who is mapped owns nothing by himself; whom bwrap becomes has to. */
    bool is_mapped = doctor->idmapped && backend == doctor->backend;

    *ret_uid = run_as->set && !is_mapped ? run_as->uid : doctor->owner_uid;
    *ret_gid = run_as->set && !is_mapped ? run_as->gid : doctor->owner_gid;
}
