/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signed evidence says more than the receipt does: who asked, and which approvals were used up. Threat: a row of the
 * used approvals is deleted, and the approval works once more; another agent is named beside a receipt.
 */
#include <string.h>

#include "ledger/store.h"

static const char *text_of(const struct csc_value *object, const char *key)
{
    const struct csc_value *value = object ? csc_value_get(object, key) : NULL;

    return value && value->type == CSC_STRING ? value->string : NULL;
}

/* Evidence says nothing of what is empty. */
static bool is_same(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") == 0;
}

static void compare_actor(const struct csc_ledger_actor *actor, const struct csc_value *predicate,
                          struct csc_buf *ret_flaw)
{
    const struct csc_value *told = csc_value_get(predicate, "actor");
    const struct {
        const char *key, *column, *name;
    } pairs[] = {
        {"agentId", actor->agent_id, "agent_id"},
        {"sessionId", actor->session_id, "session_id"},
        {"initiatingUser", actor->initiating_user, "initiating_user"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(pairs) && ret_flaw->size == 0; i++)
        if (!is_same(text_of(told, pairs[i].key), pairs[i].column))
            csc_buf_printf(ret_flaw, "the ledger says another %s than its evidence", pairs[i].name);
}

/* An approval without a signature is kept under a name that no signed one can have: whoever writes one can't use up
 * what he can't sign. Earlier ledgers have its bare id. */
static int find_approval(struct csc_ledger *ledger, const char *execution_id,
                         const struct csc_ledger_approval *approval, bool *ret_found, struct csc_error *err)
{
    struct csc_ledger_approval plain = *approval;
    _cleanup_buf_ struct csc_buf name = {0};

    int r = ledger->ops->has_approval(ledger->store, approval, execution_id, ret_found, err);
    if (r < 0 || *ret_found || approval->key[0])
        return r;
    csc_buf_printf(&name, "(unsigned) %s", approval->id);
    if (name.failed)
        return csc_fail_memory(err);
    plain.id = name.data;
    return ledger->ops->has_approval(ledger->store, &plain, execution_id, ret_found, err);
}

static int compare_approval(struct csc_ledger *ledger, const char *execution_id, const struct csc_value *told,
                            struct csc_buf *ret_flaw, struct csc_error *err)
{
    const char *scope = text_of(told, "scope"), *key = text_of(told, "keyFingerprint");
    const struct csc_ledger_approval approval = {text_of(told, "approvalId"), text_of(told, "identity"),
                                                 key ? key : ""};
    bool found = false;

    if (!is_same(scope, csc_approval_scope_names[CSC_APPROVAL_SINGLE_EXECUTION]) || !approval.id || !approval.identity)
        return 0;
    int r = find_approval(ledger, execution_id, &approval, &found, err);
    if (r == 0 && !found)
        csc_buf_printf(ret_flaw,
                       "its evidence says that it used up approval '%.100s', and the used approvals do not have that",
                       approval.id);
    return r;
}

/* Runs that began used their approvals up before; those that were refused used none. */
static bool has_begun(const struct csc_ledger_entry *entry)
{
    return entry->status == CSC_STATUS_SUCCESS || entry->status == CSC_STATUS_FAILED;
}

int csc_ledger_compare_told(struct csc_ledger *ledger, const struct csc_ledger_entry *entry,
                            const struct csc_value *predicate, struct csc_buf *ret_flaw, struct csc_error *err)
{
    const struct csc_value *approvals = csc_value_get(predicate, "approvals");
    size_t count = approvals && approvals->type == CSC_ARRAY && has_begun(entry) ? approvals->count : 0;
    int r = 0;

    compare_actor(&entry->actor, predicate, ret_flaw);
    for (size_t i = 0; i < count && r == 0 && ret_flaw->size == 0; i++)
        r = compare_approval(ledger, entry->execution_id, &approvals->items[i], ret_flaw, err);
    return r == 0 && ret_flaw->failed ? csc_fail_memory(err) : r;
}
