/* SPDX-License-Identifier: Apache-2.0 */
/* Entries as JSON. Their strings, of hostile origin, are escaped by whoever writes it. */
#include <string.h>

#include "cli/ledger.h"

const char *const csc_runner_state_names[] = {
    [CSC_RUNNER_UNKNOWN] = "unknown",
    [CSC_RUNNER_ALIVE] = "running",
    [CSC_RUNNER_GONE] = "died",
};

static void add_text(struct csc_object *object, const char *key, const char *text)
{
    if (text)
        csc_object_string(object, key, text);
}

static void add_time(struct csc_object *object, struct csc_arena *arena, const char *key, int64_t time)
{
    char *text = csc_arena_alloc(arena, CSC_TIME_TEXT);

    if (text)
        csc_time_format(time, text);
    else
        object->failed = true;
    csc_object_string(object, key, text ? text : "");
}

static void add_actor(struct csc_object *object, const struct csc_ledger_actor *actor)
{
    add_text(object, "agent_id", actor->agent_id);
    add_text(object, "session_id", actor->session_id);
    add_text(object, "initiating_user", actor->initiating_user);
}

/* What is stored, which may be damaged. */
static int parse_stored(struct csc_arena *arena, const char *name, const char *bytes, struct csc_value *ret_value,
                        struct csc_error *err)
{
    struct csc_error why = {0};

    if (csc_json_parse(arena, bytes, strlen(bytes), ret_value, &why) == 0)
        return 0;
    if (why.code == CSC_E_INTERNAL)
        return csc_fail_memory(err);
    return csc_fail(err, CSC_E_DATA, "the stored %s is no JSON: %s; csc ledger verify says what is damaged", name,
                    why.text);
}

static int add_stored(struct csc_object *object, struct csc_arena *arena, const struct csc_ledger_entry *entry,
                      struct csc_error *err)
{
    struct csc_value receipt = {0}, evidence = {0};
    char *bytes = csc_arena_copy(arena, entry->receipt, entry->receipt_size);

    int r = bytes ? parse_stored(arena, "receipt", bytes, &receipt, err) : csc_fail_memory(err);
    if (r < 0)
        return r;
    csc_object_value(object, "receipt", receipt);
    if (!entry->evidence)
        return 0;
    r = parse_stored(arena, "evidence", entry->evidence, &evidence, err);
    if (r == 0)
        csc_object_value(object, "evidence", evidence);
    return r;
}

int csc_cli_ledger_value(struct csc_arena *arena, const struct csc_ledger_entry *entry, bool whole,
                         struct csc_value *ret_value, struct csc_error *err)
{
    struct csc_object object;
    int r = 0;

    csc_object_begin(&object, arena, 18);
    csc_object_int(&object, "index", (int64_t)entry->index);
    add_text(&object, "execution_id", entry->execution_id);
    csc_object_string(&object, "status", csc_status_names[entry->status]);
    csc_object_string(&object, "execution_mode", entry->hardened ? "hardened" : "local");
    add_text(&object, "contract_id", entry->contract_id);
    add_text(&object, "contract_sha256", entry->contract_sha256);
    add_text(&object, "policy_profile", entry->policy_profile);
    add_text(&object, "policy_sha256", entry->policy_sha256);
    add_text(&object, "signing_key_id", entry->signing_key_id);
    add_actor(&object, &entry->actor);
    add_time(&object, arena, "started_at", entry->started_at);
    add_time(&object, arena, "ended_at", entry->ended_at);
    if (whole)
        r = add_stored(&object, arena, entry, err);
    else
        csc_object_bool(&object, "has_evidence", entry->evidence != NULL);
    return r == 0 ? csc_object_end(&object, ret_value, err) : r;
}

int csc_cli_ledger_intent_value(struct csc_arena *arena, const struct csc_intent *intent, enum csc_runner_state state,
                                struct csc_value *ret_value, struct csc_error *err)
{
    struct csc_object object;

    csc_object_begin(&object, arena, 13);
    csc_object_string(&object, "state", csc_runner_state_names[state]);
    add_text(&object, "execution_id", intent->execution_id);
    csc_object_string(&object, "execution_mode", intent->hardened ? "hardened" : "local");
    add_text(&object, "contract_id", intent->contract_id);
    add_text(&object, "contract_sha256", intent->contract_sha256);
    add_text(&object, "policy_profile", intent->policy_profile);
    add_text(&object, "policy_sha256", intent->policy_sha256);
    add_actor(&object, &intent->actor);
    add_time(&object, arena, "started_at", intent->started_at);
    csc_object_int(&object, "pid", intent->runner.pid);
    return csc_object_end(&object, ret_value, err);
}
