/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "approval/ssh.h"

/* The worst that was found so far. */
struct judging {
    const struct csc_approval_request *request;
    struct csc_ssh_keys keys;
    struct csc_approvals *approvals;
    bool refused, expired;
};

/* Where a finding is of one file, `name`; of all of them together: NULL. The first of the worst kind is told. */
const char *csc_approval_shown_name(char dst[CSC_EXCERPT], const char *name)
{
    enum { END = 80 };
    size_t size = strlen(name);
    const char *end = size > END ? strchr(name + size - END, '/') : NULL;

    if (!end)
        return csc_text_excerpt(dst, name, size);
    memcpy(dst, "...", 3);
    (void)csc_text_escape(dst + 3, CSC_EXCERPT - 3, end, strlen(end));
    return dst;
}

__attribute__((format(printf, 4, 5))) static void find(struct judging *judging, enum csc_approval_answer answer,
                                                       const char *name, const char *format, ...)
{
    char text[sizeof(judging->approvals->reason)], *reason = judging->approvals->reason;
    char excerpt[CSC_EXCERPT];
    bool *found = answer == CSC_APPROVALS_REFUSED ? &judging->refused : &judging->expired;
    va_list args;

    if (judging->refused || *found)
        return;
    *found = true;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    char line[sizeof(text) + CSC_EXCERPT + 2];
    (void)snprintf(line, sizeof(line), "%s%s%s", name ? csc_approval_shown_name(excerpt, name) : "", name ? ": " : "",
                   text);
    csc_text_escape(reason, sizeof(judging->approvals->reason), line, strlen(line));
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* But for the case of ASCII letters, in whatever language the process runs. */
static bool is_same(const char *a, const char *b)
{
    while (*a && lower(*a) == lower(*b)) {
        a++;
        b++;
    }
    return lower(*a) == lower(*b);
}

/* ---- one of them ------------------------------------------------------------------------------------------------- */

/* Errors of a text don't name their file. */
static int fail_malformed(const char *name, const struct csc_error *cause, struct csc_error *err)
{
    char shown[CSC_EXCERPT];

    (void)csc_approval_shown_name(shown, name);
    if (cause->line > 0 && !cause->field[0])
        return csc_fail(err, cause->code, "%s:%u:%u: %s", shown, cause->line, cause->column, cause->text);
    return csc_fail(err, cause->code, "%s: %s%s%s", shown, cause->field, cause->field[0] ? ": " : "", cause->text);
}

static bool is_in_time(struct judging *judging, const char *name, const struct csc_approval *approval)
{
    const struct csc_approval_request *request = judging->request;
    char time[CSC_TIME_TEXT];

    if (request->now >= approval->expires_at) {
        csc_time_format(approval->expires_at, time);
        find(judging, CSC_APPROVALS_EXPIRED, name, "expired at %s; ask for a new one", time);
        return false;
    }
    if (approval->approved_at - request->now > request->trust->skew_us) {
        csc_time_format(approval->approved_at, time);
        find(judging, CSC_APPROVALS_REFUSED, name,
             "was approved at %s, which is yet to come by the clock here; set the clocks of both machines", time);
        return false;
    }
    return true;
}

static bool is_for_contract(struct judging *judging, const char *name, const struct csc_approval *approval)
{
    if (is_same(approval->contract_sha256, judging->request->contract->sha256))
        return true;
    find(judging, CSC_APPROVALS_REFUSED, name,
         "is for another contract, %.16s..., and this is %.16s...; approve this one", approval->contract_sha256,
         judging->request->contract->sha256);
    return false;
}

/* 0, or an error. */
static int check_signature(struct judging *judging, const struct csc_approval_file *file, struct csc_approved *approved,
                           struct csc_error *err)
{
    _cleanup_buf_ struct csc_buf why = {0};

    if (!file->signature || judging->keys.allowed < 0) {
        judging->approvals->any_unsigned = true;
        if (judging->request->trust->signed_only)
            find(judging, CSC_APPROVALS_REFUSED, file->name, "%s",
                 file->signature ? "nothing says whose signature counts; name the allowed signers"
                                 : "has no signature, and hardened mode takes none without; sign it (csc approve)");
        return 0;
    }
    const struct csc_ssh_question question = {&judging->keys, file, approved->approval->identity};
    int r = csc_ssh_verify(&question, approved->key, &why, err);
    if (r < 0)
        return r;
    if (why.failed)
        return csc_fail_memory(err);
    if (r == 0)
        find(judging, CSC_APPROVALS_REFUSED, file->name, "%s", why.data);
    return 0;
}

static int judge_one(struct judging *judging, size_t index, struct csc_error *err)
{
    const struct csc_approval_file *file = &judging->request->files[index];
    struct csc_approved *approved = &judging->approvals->items[index];
    struct csc_error cause = {0};

    if (csc_approval_parse(file->bytes, file->size, &approved->approval, &cause) < 0)
        return fail_malformed(file->name, &cause, err);
    judging->approvals->count++;
    csc_sha256_hex(file->bytes, file->size, approved->sha256);
    if (!is_for_contract(judging, file->name, approved->approval) ||
        !is_in_time(judging, file->name, approved->approval))
        return 0;
    return check_signature(judging, file, approved, err);
}

/* ---- all of them together ---------------------------------------------------------------------------------------- */

static bool are_two_people(struct judging *judging, size_t a, size_t b)
{
    const struct csc_approved *one = &judging->approvals->items[a], *other = &judging->approvals->items[b];
    const char *name = judging->request->files[b].name;

    if (is_same(one->approval->identity, other->approval->identity))
        find(judging, CSC_APPROVALS_REFUSED, name, "is by '%s' again; dual control needs two different people",
             other->approval->identity);
    else if (one->key[0] && strcmp(one->key, other->key) == 0)
        find(judging, CSC_APPROVALS_REFUSED, name,
             "is signed with the same key as that of '%s' (%s); dual control needs two different people",
             one->approval->identity, one->key);
    return !judging->refused;
}

static void check_pairs(struct judging *judging)
{
    const struct csc_approvals *approvals = judging->approvals;

    for (size_t b = 1; b < approvals->count; b++)
        for (size_t a = 0; a < b; a++) {
            if (strcmp(approvals->items[a].approval->id, approvals->items[b].approval->id) == 0)
                find(judging, CSC_APPROVALS_REFUSED, judging->request->files[b].name,
                     "has the approval_id of %s, '%s'; give each approval once", judging->request->files[a].name,
                     approvals->items[b].approval->id);
            else if (approvals->needed > 1 && !are_two_people(judging, a, b))
                return;
        }
}

static void check_initiator(struct judging *judging)
{
    const struct csc_approvals *approvals = judging->approvals;
    const char *initiator = judging->request->contract->initiating_user;

    /* Threat: the agent spells the user's name so that it looks like nobody's: "ann " with a space, or with something
     * unseen. */
    if (approvals->needed > 1 && approvals->count > 0 && !csc_approval_identity_is_plain(initiator))
        find(judging, CSC_APPROVALS_REFUSED, judging->request->files[0].name,
             "cannot be told from the user who asked, '%s': dual control needs a name without spaces and signs there",
             initiator);
    for (size_t i = 0; approvals->needed > 1 && i < approvals->count; i++)
        if (is_same(approvals->items[i].approval->identity, judging->request->contract->initiating_user))
            find(judging, CSC_APPROVALS_REFUSED, judging->request->files[i].name,
                 "is by '%s', who asked for the contract; dual control needs two others",
                 approvals->items[i].approval->identity);
}

static void free_items(struct csc_approvals *approvals)
{
    for (size_t i = 0; approvals->items && i < approvals->count; i++)
        csc_approval_free(approvals->items[i].approval);
    free(approvals->items);
    approvals->items = NULL;
    approvals->count = 0;
}

static void answer(struct judging *judging)
{
    struct csc_approvals *approvals = judging->approvals;

    if (judging->refused) {
        approvals->answer = CSC_APPROVALS_REFUSED;
    } else if (judging->expired) {
        approvals->answer = CSC_APPROVALS_EXPIRED;
    } else if (approvals->count < approvals->needed) {
        approvals->answer = CSC_APPROVALS_MISSING;
        (void)snprintf(approvals->reason, sizeof(approvals->reason), "%zu of %zu approvals given; see csc approve",
                       approvals->count, approvals->needed);
    } else {
        approvals->answer = CSC_APPROVALS_GRANTED;
        return;
    }
    free_items(approvals);
}

static int judge(struct judging *judging, struct csc_error *err)
{
    const struct csc_approval_request *request = judging->request;
    int r = 0;

    if (request->count > CSC_APPROVAL_FILES_MAX)
        return csc_fail(err, CSC_E_USAGE, "%zu approvals are given; at most %d can be", request->count,
                        (int)CSC_APPROVAL_FILES_MAX);
    judging->approvals->needed = request->contract->approval_mode == CSC_APPROVAL_DUAL_CONTROL ? 2 : 1;
    judging->approvals->items = calloc(request->count + 1, sizeof(*judging->approvals->items));
    if (!judging->approvals->items)
        return csc_fail_memory(err);
    if (request->count > 0)
        r = csc_ssh_keys_load(request->trust, &judging->keys, err);
    for (size_t i = 0; r == 0 && i < request->count; i++)
        r = judge_one(judging, i, err);
    if (r < 0)
        return r;
    check_pairs(judging);
    check_initiator(judging);
    answer(judging);
    return 0;
}

void csc_approvals_free(struct csc_approvals *approvals)
{
    if (!approvals)
        return;
    free_items(approvals);
    free(approvals);
}

int csc_approvals_judge(const struct csc_approval_request *request, struct csc_approvals **ret_approvals,
                        struct csc_error *err)
{
    struct judging judging = {
        .request = request,
        .keys = {.allowed = -1, .revoked = -1},
        .approvals = calloc(1, sizeof(*judging.approvals)),
    };
    int r = judging.approvals ? judge(&judging, err) : csc_fail_memory(err);

    csc_ssh_keys_close(&judging.keys);
    if (r < 0) {
        csc_approvals_free(judging.approvals);
        return csc_error_in_stage(err, "approval", r);
    }
    *ret_approvals = judging.approvals;
    return 0;
}

bool csc_approvals_expired(const struct csc_approvals *approvals, int64_t now)
{
    for (size_t i = 0; i < approvals->count; i++)
        if (now >= approvals->items[i].approval->expires_at)
            return true;
    return false;
}
