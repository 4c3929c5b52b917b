/* SPDX-License-Identifier: Apache-2.0 */
/* Executions whose runner died before it could say how they ended. */
#include <string.h>

#include "ledger/store.h"

static void receipt_cleanup(struct csc_receipt **receipt)
{
    csc_receipt_free(*receipt);
}

static int build_receipt(const struct csc_intent *intent, struct csc_receipt **ret_receipt, struct csc_error *err)
{
    const struct csc_lost_run run = {.execution_id = intent->execution_id,
                                     .contract_id = intent->contract_id,
                                     .contract_sha256 = intent->contract_sha256,
                                     .policy_profile = intent->policy_profile,
                                     .policy_schema_version = intent->policy_schema_version,
                                     .policy_sha256 = intent->policy_sha256,
                                     .hardened = intent->hardened,
                                     .started_at = intent->started_at,
                                     .ended_at = csc_time_now()};

    return csc_receipt_build_lost(&run, ret_receipt, err);
}

/* Threat: somebody writes an intent that can become no receipt, and nothing runs any more. */
static bool is_sound(const struct csc_intent *intent)
{
    _cleanup_(receipt_cleanup) struct csc_receipt *receipt = NULL;

    return build_receipt(intent, &receipt, NULL) != -CSC_E_DATA;
}

enum csc_runner_state csc_ledger_look(const struct csc_intent *intent)
{
    enum csc_runner_state state = csc_runner_look(&intent->runner);

    return state == CSC_RUNNER_GONE && !is_sound(intent) ? CSC_RUNNER_UNKNOWN : state;
}

/* ---- settling ----------------------------------------------------------------------------------------------- */

/* Copies of the dead ones: nothing is written while they are being read. */
struct dead {
    struct dead *next;
    struct csc_intent intent;
};

struct settling {
    struct csc_ledger *ledger;
    const struct csc_ledger_signer *signer;
    struct csc_arena arena;
    struct dead *dead, **end;
    struct csc_ledger_settled settled;
};

static const char *copy(struct settling *s, const char *text, bool *failed)
{
    const char *copied = text ? csc_arena_copy(&s->arena, text, strlen(text)) : NULL;

    *failed |= text && !copied;
    return copied;
}

static int remember(struct settling *s, const struct csc_intent *intent)
{
    struct dead *dead = csc_arena_alloc(&s->arena, sizeof(*dead));
    bool failed = false;

    if (!dead)
        return -CSC_E_INTERNAL;
    dead->intent = *intent;
    const char **strings[] = {
        &dead->intent.execution_id,   &dead->intent.contract_id,           &dead->intent.contract_sha256,
        &dead->intent.policy_profile, &dead->intent.policy_schema_version, &dead->intent.policy_sha256,
        &dead->intent.actor.agent_id, &dead->intent.actor.session_id,      &dead->intent.actor.initiating_user};
    for (size_t i = 0; i < ARRAY_SIZE(strings); i++)
        *strings[i] = copy(s, *strings[i], &failed);
    if (failed)
        return -CSC_E_INTERNAL;
    *s->end = dead;
    s->end = &dead->next;
    return 0;
}

static int sort_out(void *context, const struct csc_intent *intent)
{
    struct settling *s = context;

    switch (csc_runner_look(&intent->runner)) {
    case CSC_RUNNER_ALIVE:
        s->settled.running++;
        return 0;
    case CSC_RUNNER_GONE:
        if (!is_sound(intent)) {
            s->settled.bad++;
            return 0;
        }
        s->settled.dead++;
        return remember(s, intent);
    case CSC_RUNNER_UNKNOWN:
        break;
    }
    s->settled.unknown++;
    return 0;
}

/* In a transaction: whoever deletes the intent writes the receipt, so that two settlers write one. */
static int write_down(const struct settling *s, const struct csc_intent *intent, const struct csc_receipt *receipt,
                      bool *ret_closed, struct csc_error *err)
{
    const struct csc_ledger_item item = {.receipt = receipt, .actor = intent->actor};
    const struct csc_store_ops *ops = s->ledger->ops;
    struct csc_error failure = {0};
    uint64_t index;

    int r = ops->delete_intent(s->ledger->store, intent->execution_id, ret_closed, err);
    if (r < 0 || !*ret_closed)
        return r;
    r = csc_ledger_insert(s->ledger, &item, s->signer, &index, &failure);
    if (r == -CSC_E_INVALID) { /* it has one: then only the intent was too much */
        *ret_closed = false;
        return 0;
    }
    return r < 0 ? csc_fail(err, failure.code, "%s", failure.text) : 0;
}

static int close_one(struct settling *s, const struct csc_intent *intent, struct csc_error *err)
{
    _cleanup_(receipt_cleanup) struct csc_receipt *receipt = NULL;
    bool closed = false;

    int r = build_receipt(intent, &receipt, err);
    if (r == 0)
        r = csc_receipt_sign(receipt, s->signer->key, s->signer->key_id, err);
    if (r < 0)
        return r;
    r = s->ledger->ops->begin(s->ledger->store, true, err);
    if (r == 0)
        r = write_down(s, intent, receipt, &closed, err);
    r = csc_ledger_finish(s->ledger, r, err);
    if (r == 0) {
        s->settled.dead--;
        s->settled.closed += closed;
    }
    return r;
}

static void settling_free(struct settling *s)
{
    csc_arena_free(&s->arena);
}

int csc_ledger_settle(struct csc_ledger *ledger, const struct csc_ledger_signer *signer,
                      struct csc_ledger_settled *ret_settled, struct csc_error *err)
{
    _cleanup_(settling_free) struct settling s = {.ledger = ledger, .signer = signer};
    struct csc_error failure = {0};

    s.end = &s.dead;
    int r = ledger->ops->each_intent(ledger->store, sort_out, &s, &failure);
    if (r == -CSC_E_DATA) { /* a row that cannot be read; those after it are left for when it is gone */
        s.settled.bad++;
        r = 0;
    }
    if (r < 0 && failure.code == CSC_OK)
        r = csc_fail_memory(&failure); /* the only way in which sort_out() fails */
    if (r < 0)
        return csc_error_in_stage(err, "ledger", csc_fail(err, failure.code, "%s", failure.text));
    for (const struct dead *dead = signer ? s.dead : NULL; dead && r == 0; dead = dead->next)
        r = close_one(&s, &dead->intent, err);
    if (r < 0)
        return csc_error_in_stage(err, "ledger", r);
    *ret_settled = s.settled;
    return 0;
}
