/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "agent/hook_parts.h"

enum { CHANGES_SHOWN = 5 };

#define STOP "; do not retry the same command"

static void proposed_cleanup(struct csc_proposed **proposed)
{
    csc_proposed_free(*proposed);
}

static void decision_cleanup(struct csc_decision **decision)
{
    csc_decision_free(*decision);
}

static void explanation_cleanup(struct csc_explanation **explanation)
{
    csc_explanation_free(*explanation);
}

/* ---- words -------------------------------------------------------------------------------------------------- */

static void escape(struct csc_buf *buf, const char *text)
{
    csc_buf_escape(buf, text, strlen(text));
}

int csc_hook_answer_with(struct csc_arena *arena, enum csc_hook_verdict verdict, const struct csc_buf *reason,
                         struct csc_hook_answer *ret_answer, struct csc_error *err)
{
    const char *text = reason->failed || !reason->data ? NULL : csc_arena_copy(arena, reason->data, reason->size);

    if (!text)
        return csc_fail_memory(err);
    *ret_answer = (struct csc_hook_answer){.verdict = verdict, .reason = text};
    return 0;
}

static int refuse_line(struct csc_arena *arena, const struct csc_shell_refusal *refusal,
                       struct csc_hook_answer *ret_answer, struct csc_error *err)
{
    _cleanup_buf_ struct csc_buf text = {0};

    csc_buf_puts(&text, "csc cannot bound this shell line: ");
    escape(&text, refusal->what);
    if (refusal->line > 1)
        csc_buf_printf(&text, " at line %zu, column %zu", refusal->line, refusal->column);
    else
        csc_buf_printf(&text, " at column %zu", refusal->column);
    if (refusal->instead) {
        csc_buf_puts(&text, "; instead: ");
        escape(&text, refusal->instead);
    }
    csc_buf_puts(&text, STOP);
    return csc_hook_answer_with(arena, CSC_HOOK_DENY, &text, ret_answer, err);
}

void csc_hook_write_decision(struct csc_buf *text, const struct csc_decision *decision)
{
    csc_buf_printf(text, "%s: ", csc_reason_name(decision->code));
    escape(text, decision->reason);
}

static void write_changes(struct csc_buf *text, const struct csc_explanation *explanation)
{
    if (explanation->change_count == 0) {
        csc_buf_puts(text, "; no change of it would be allowed");
        return;
    }
    csc_buf_puts(text, "; smallest change: ");
    for (size_t i = 0; i < explanation->change_count && i < CHANGES_SHOWN; i++) {
        const struct csc_change *change = &explanation->changes[i];
        csc_buf_printf(text, "%s%s", i > 0 ? "; and " : "", change->in_policy ? "(by the policy's owner) " : "");
        escape(text, change->field);
        csc_buf_puts(text, ": ");
        escape(text, change->text);
    }
    if (explanation->change_count > CHANGES_SHOWN)
        csc_buf_printf(text, "; and %zu more", explanation->change_count - CHANGES_SHOWN);
    if (explanation->verdict_after == CSC_NEEDS_APPROVAL)
        csc_buf_puts(text, "; and then a person's approval");
}

static int deny(struct csc_arena *arena, const struct csc_hook_case *judged, struct csc_hook_answer *ret_answer,
                struct csc_error *err)
{
    _cleanup_(explanation_cleanup) struct csc_explanation *explanation = NULL;
    _cleanup_buf_ struct csc_buf text = {0};

    int r = csc_explain(judged->proposed->contract, judged->setup->policy, &explanation, err);
    if (r < 0)
        return r;
    csc_hook_write_decision(&text, judged->decision);
    write_changes(&text, explanation);
    csc_buf_puts(&text, STOP);
    return csc_hook_answer_with(arena, CSC_HOOK_DENY, &text, ret_answer, err);
}

/* Without --rewrite there is no contract that a person could approve beforehand: the agent's own prompt has to do. */
static int ask(struct csc_arena *arena, const struct csc_hook_case *judged, struct csc_hook_answer *ret_answer,
               struct csc_error *err)
{
    _cleanup_buf_ struct csc_buf text = {0};

    csc_hook_write_decision(&text, judged->decision);
    if (judged->call->can_ask)
        return csc_hook_answer_with(arena, CSC_HOOK_ASK, &text, ret_answer, err);
    csc_buf_puts(&text, "; nobody can be asked here: a person has to run it");
    if (judged->call->dialect->can_replace)
        csc_buf_puts(&text, ", or to set up csc hook with --rewrite, which takes approvals");
    csc_buf_puts(&text, STOP);
    return csc_hook_answer_with(arena, CSC_HOOK_DENY, &text, ret_answer, err);
}

/* With --rewrite and without known signers: an approval that lies there may be the agent's own. */
static int nobody(struct csc_arena *arena, const struct csc_hook_case *judged, struct csc_hook_answer *ret_answer,
                  struct csc_error *err)
{
    _cleanup_buf_ struct csc_buf text = {0};

    csc_hook_write_decision(&text, judged->decision);
    csc_buf_puts(&text, "; a person would have to approve this, and csc hook does not know whose signature counts; its "
                        "owner can name them: csc hook --allowed-signers PATH, or approvals in csc-config(5)" STOP);
    return csc_hook_answer_with(arena, CSC_HOOK_DENY, &text, ret_answer, err);
}

static int allow(struct csc_arena *arena, const struct csc_hook_case *judged, struct csc_hook_answer *ret_answer,
                 struct csc_error *err)
{
    _cleanup_buf_ struct csc_buf text = {0};

    csc_buf_puts(&text, "ALLOW: the policy '");
    escape(&text, judged->setup->policy->name);
    csc_buf_puts(&text, "' allows it");
    return csc_hook_answer_with(arena, CSC_HOOK_ALLOW, &text, ret_answer, err);
}

static int answer(struct csc_arena *arena, const struct csc_hook_case *judged, struct csc_hook_answer *ret_answer,
                  struct csc_error *err)
{
    switch (judged->decision->verdict) {
    case CSC_ALLOW:
        return judged->setup->rewrite ? csc_hook_rewrite(arena, judged, ret_answer, err)
                                      : allow(arena, judged, ret_answer, err);
    case CSC_NEEDS_APPROVAL:
        if (!judged->setup->rewrite)
            return ask(arena, judged, ret_answer, err);
        return judged->setup->can_approve ? csc_hook_rewrite(arena, judged, ret_answer, err)
                                          : nobody(arena, judged, ret_answer, err);
    case CSC_DENY:
        break;
    }
    return deny(arena, judged, ret_answer, err);
}

/* ---- the line ----------------------------------------------------------------------------------------------- */

/* More than a contract can hold is a denial, like a line that cannot be read: the agent can write another one. */
static int too_much(struct csc_arena *arena, const struct csc_error *why, struct csc_hook_answer *ret_answer,
                    struct csc_error *err)
{
    _cleanup_buf_ struct csc_buf text = {0};

    csc_buf_puts(&text, "no contract can be made of this command: ");
    escape(&text, why->field);
    csc_buf_puts(&text, why->field[0] ? ": " : "");
    escape(&text, why->text);
    csc_buf_puts(&text, STOP);
    return csc_hook_answer_with(arena, CSC_HOOK_DENY, &text, ret_answer, err);
}

/* NULL after the error was said. */
static struct csc_proposed *propose(struct csc_arena *arena, const struct csc_hook_call *call,
                                    const struct csc_shell_line *line, const struct csc_policy *policy,
                                    struct csc_error *err)
{
    struct csc_proposal proposal = {
        .commands = csc_propose_line(arena, line, call->timeout_sec),
        .command_count = line->count,
        .agent_id = call->dialect->agent,
        .session_id = call->session_id,
        .risk = -1,
    };
    _cleanup_(proposed_cleanup) struct csc_proposed *proposed = NULL;

    if (!proposal.commands)
        (void)csc_fail_memory(err);
    else if (csc_propose(&proposal, policy, &proposed, err) == 0 &&
             csc_contract_check_limits(proposed->contract, err) == 0)
        return TAKE_PTR(proposed);
    return NULL;
}

int csc_hook_judge(struct csc_arena *arena, const struct csc_hook_call *call, const struct csc_hook_setup *setup,
                   struct csc_hook_answer *ret_answer, struct csc_error *err)
{
    _cleanup_(proposed_cleanup) struct csc_proposed *proposed = NULL;
    _cleanup_(decision_cleanup) struct csc_decision *decision = NULL;
    struct csc_shell_refusal refusal = {0};
    struct csc_shell_line line = {0};
    struct csc_error why = {0};

    int r = csc_shell_read(
        arena, &(struct csc_shell_text){.text = call->command, .size = call->command_size, .cwd = call->cwd}, &line,
        &refusal, &why);
    if (r == -CSC_E_DATA && refusal.what)
        return refuse_line(arena, &refusal, ret_answer, err);
    if (r == 0)
        proposed = propose(arena, call, &line, setup->policy, &why);
    if (!proposed && why.code == CSC_E_DATA)
        return too_much(arena, &why, ret_answer, err);
    if (!proposed)
        return csc_fail(err, why.code, "%s", why.text);
    r = csc_decide(proposed->contract, setup->policy, &decision, err);
    if (r < 0)
        return r;
    return answer(arena,
                  &(struct csc_hook_case){.call = call, .setup = setup, .proposed = proposed, .decision = decision},
                  ret_answer, err);
}
