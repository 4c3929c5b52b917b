/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agent/hook_parts.h"
#include "agent/requests.h"
#include "approval/approval.h"

enum { KEPT_SEC = 24 * 60 * 60 }; /* a command that was replaced starts within seconds */

static void approval_cleanup(struct csc_approval **approval)
{
    csc_approval_free(*approval);
}

/* ---- approvals that are there --------------------------------------------------------------------------------- */

/* That approvals for one execution were handed to a csc run already, which has used them up. */
static int name_mark(const struct csc_request *request, char mark[PATH_MAX + 32])
{
    return snprintf(mark, PATH_MAX + 32, "%s/" CSC_REQUEST_HANDED_OVER, request->folder);
}

/* Whether it is worth handing over; whether it is good is for csc run to judge. */
static bool is_fresh(const char *path, bool handed_over, bool *ret_single)
{
    _cleanup_(approval_cleanup) struct csc_approval *approval = NULL;
    _cleanup_buf_ struct csc_buf bytes = {0};

    if (csc_read_input(path, CSC_APPROVAL_BYTES_MAX, &bytes, NULL) < 0 ||
        csc_approval_parse(bytes.data, bytes.size, &approval, NULL) < 0)
        return false;
    bool single = approval->scope == CSC_APPROVAL_SINGLE_EXECUTION;
    *ret_single = *ret_single || single;
    return approval->expires_at > csc_time_now() && !(single && handed_over);
}

static int leave_mark(const char *mark, struct csc_error *err)
{
    _cleanup_file_ struct csc_file file = CSC_FILE_NONE;

    int r = csc_file_begin(&file, mark, 0600, false, err);
    return r < 0 ? r : csc_file_commit(&file, "", 0, true, err);
}

/*
 * Drops approvals that have expired, or were handed over before: else the agent would be sent to csc run with them for
 * ever, and no person could approve again. Those that stay are left in `request`.
 */
static int settle_approvals(const struct csc_hook_case *judged, struct csc_request *request, struct csc_error *err)
{
    char mark[PATH_MAX + 32];
    bool fresh = true, single = false;

    if (request->approval_count == 0)
        return 0;
    (void)name_mark(request, mark);
    bool handed_over = access(mark, F_OK) == 0;
    for (size_t i = 0; i < request->approval_count; i++)
        fresh = is_fresh(request->approvals[i], handed_over, &single) && fresh;
    if (fresh)
        return single ? leave_mark(mark, err) : 0;
    int r = csc_request_drop(judged->setup->requests, request, err);
    return r < 0 ? r
                 : csc_request_store(judged->setup->requests, judged->proposed->contract, judged->proposed->json,
                                     request, err);
}

static int send_to_a_person(struct csc_arena *arena, const struct csc_hook_case *judged,
                            const struct csc_request *request, struct csc_hook_answer *ret_answer,
                            struct csc_error *err)
{
    _cleanup_buf_ struct csc_buf line = {0}, text = {0};

    int r = csc_request_approve_line(request, judged->setup->program, judged->setup->policy_path, &line, err);
    if (r < 0)
        return r;
    csc_hook_write_decision(&text, judged->decision);
    csc_buf_printf(&text, "; request %s waits for a person's approval of the contract with SHA-256 %s: ", request->id,
                   judged->proposed->contract->sha256);
    csc_buf_escape(&text, line.data, line.size);
    csc_buf_puts(&text, "; do not retry before a person says that it is approved, then run the same command");
    return csc_hook_answer_with(arena, CSC_HOOK_DENY, &text, ret_answer, err);
}

/* ---- the line that runs it ------------------------------------------------------------------------------------- */

/* A folder beside the requests, not in the one that the command runs in: what lies here is nothing to litter a
 * workspace with, nor for the command to change. */
static int name_beside(const struct csc_hook_setup *setup, const char *name, char ret_folder[PATH_MAX + 16],
                       struct csc_error *err)
{
    char state[PATH_MAX] = "", last[NAME_MAX + 1];

    int r = csc_split_path(setup->requests, CSC_E_OUTPUT, state, last, err);
    if (r == 0)
        (void)snprintf(ret_folder, PATH_MAX + 16, "%s/%s", state, name);
    return r;
}

/* Every call has its own: the same line, run twice, leaves two. */
static int name_receipt(const struct csc_hook_setup *setup, const struct csc_request *request,
                        char receipt[PATH_MAX + 128], struct csc_error *err)
{
    char folder[PATH_MAX + 16] = "", uuid[CSC_UUID_TEXT];

    int r = name_beside(setup, "receipts", folder, err);
    if (r == 0)
        r = csc_uuid_make(uuid, err);
    if (r < 0)
        return r;
    _cleanup_close_ int fd = csc_make_folder(folder);
    if (fd < 0)
        return csc_fail_errno(err, CSC_E_OUTPUT, errno, "%s: cannot make the folder for receipts", folder);
    (void)snprintf(receipt, PATH_MAX + 128, "%s/%s-%s.json", folder, request->id, uuid);
    return 0;
}

static void add_word(struct csc_buf *line, const char *word)
{
    csc_buf_puts(line, line->size > 0 ? " " : "");
    csc_shell_quote(line, word);
}

static int replace(struct csc_arena *arena, const struct csc_hook_case *judged, const struct csc_request *request,
                   struct csc_hook_answer *ret_answer, struct csc_error *err)
{
    const struct csc_hook_setup *setup = judged->setup;
    _cleanup_buf_ struct csc_buf line = {0}, text = {0};
    char receipt[PATH_MAX + 128];

    int r = name_receipt(setup, request, receipt, err);
    if (r < 0)
        return r;
    const char *const words[] = {setup->program,     "run",           request->contract,
                                 setup->policy_path, "--receipt-out", receipt};
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        add_word(&line, words[i]);
    for (size_t i = 0; i < setup->run_options.count; i++)
        add_word(&line, setup->run_options.items[i]);
    for (size_t i = 0; i < request->approval_count; i++) {
        add_word(&line, "--approval");
        add_word(&line, request->approvals[i]);
    }
    csc_hook_write_decision(&text, judged->decision);
    csc_buf_puts(&text, "; csc runs it");
    r = csc_hook_answer_with(arena, CSC_HOOK_REPLACE, &text, ret_answer, err);
    if (r < 0)
        return r;
    ret_answer->replacement = line.failed ? NULL : csc_arena_copy(arena, line.data, line.size);
    return ret_answer->replacement ? 0 : csc_fail_memory(err);
}

/* It waits for nobody: it is not among the requests, of which there may be so many and no more. */
static int run_it(struct csc_arena *arena, const struct csc_hook_case *judged, struct csc_hook_answer *ret_answer,
                  struct csc_error *err)
{
    struct csc_request kept = {0};
    char folder[PATH_MAX + 16] = "";

    int r = name_beside(judged->setup, "contracts", folder, err);
    if (r < 0)
        return r;
    csc_requests_expire(folder, KEPT_SEC);
    r = csc_request_keep(folder, judged->proposed->contract, judged->proposed->json, &kept, err);
    if (r < 0)
        return r;
    kept.approval_count = 0; /* it needs none */
    return replace(arena, judged, &kept, ret_answer, err);
}

static int run_what_was_approved(struct csc_arena *arena, const struct csc_hook_case *judged,
                                 struct csc_hook_answer *ret_answer, struct csc_error *err)
{
    const char *folder = judged->setup->requests;
    struct csc_request request = {0};

    csc_requests_expire(folder, CSC_REQUEST_AGE_SEC);
    int r = csc_request_store(folder, judged->proposed->contract, judged->proposed->json, &request, err);
    if (r == 0)
        r = settle_approvals(judged, &request, err);
    if (r < 0)
        return r;
    return request.approval_count > 0 ? replace(arena, judged, &request, ret_answer, err)
                                      : send_to_a_person(arena, judged, &request, ret_answer, err);
}

int csc_hook_rewrite(struct csc_arena *arena, const struct csc_hook_case *judged, struct csc_hook_answer *ret_answer,
                     struct csc_error *err)
{
    struct csc_hook_answer made = {0};
    int r = judged->decision->verdict == CSC_ALLOW ? run_it(arena, judged, &made, err)
                                                   : run_what_was_approved(arena, judged, &made, err);

    if (r == 0)
        *ret_answer = made;
    return r;
}
