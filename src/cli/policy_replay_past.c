/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/policy_replay.h"

static const char *string_of(const struct csc_value *object, const char *key)
{
    const struct csc_value *value = csc_value_get(object, key);

    return value && value->type == CSC_STRING ? value->string : NULL;
}

/* The code that a receipt's error begins with, or CSC_REASON_COUNT. */
static enum csc_reason code_of(const char *error)
{
    for (int code = 0; error && code < CSC_REASON_COUNT; code++) {
        const char *name = csc_reason_name((enum csc_reason)code);
        size_t size = strlen(name);
        if (strncmp(error, name, size) == 0 && error[size] == ':')
            return (enum csc_reason)code;
    }
    return CSC_REASON_COUNT;
}

/* A decision comes before everything else: what ran was allowed, and what was denied says so in its error. */
static void read_receipt(const struct csc_ledger_entry *entry, const struct csc_value *receipt,
                         struct csc_past *ret_past)
{
    const struct csc_value *completed = csc_value_get(receipt, "completed_command_ids");
    enum csc_reason code = code_of(string_of(receipt, "error"));
    bool has_run = entry->status == CSC_STATUS_SUCCESS || entry->status == CSC_STATUS_FAILED ||
                   (completed && completed->count > 0);

    if (has_run) {
        ret_past->decision = CSC_PAST_RAN;
    } else if (entry->status == CSC_STATUS_BLOCKED && code == CSC_REASON_APPROVAL_REQUIRED) {
        ret_past->decision = CSC_PAST_NEEDED_APPROVAL;
    } else if (entry->status == CSC_STATUS_BLOCKED && code != CSC_REASON_COUNT && code != CSC_REASON_ALLOW) {
        ret_past->decision = CSC_PAST_DENIED;
        ret_past->code = code;
    }
}

/* 0 when it is JSON, 1 when it is none. */
static int parse(struct csc_arena *arena, const char *bytes, size_t size, struct csc_value *ret_value,
                 struct csc_error *err)
{
    struct csc_error why = {0};

    if (csc_json_parse(arena, bytes, size, ret_value, &why) == 0)
        return 0;
    return why.code == CSC_E_INTERNAL ? csc_fail_memory(err) : 1;
}

/* The statement in an envelope. */
static int open_envelope(struct csc_arena *arena, const char *envelope, struct csc_value *ret_statement,
                         struct csc_error *err)
{
    _cleanup_buf_ struct csc_buf payload = {0};
    struct csc_value value;

    int r = parse(arena, envelope, strlen(envelope), &value, err);
    const char *text = r == 0 ? string_of(&value, "payload") : NULL;
    if (r != 0 || !text)
        return r < 0 ? r : 1;
    bool is_base64 = csc_base64_decode_any(text, strlen(text), &payload);
    if (payload.failed)
        return csc_fail_memory(err);
    return is_base64 ? parse(arena, payload.data, payload.size, ret_statement, err) : 1;
}

/* Step 2 of the decision for one argv of the evidence. */
static int judge_argv(struct csc_arena *arena, const struct csc_value *words, const struct csc_policy *policy,
                      enum csc_reason *ret_reason)
{
    if (words->type != CSC_ARRAY || words->count == 0)
        return 0;
    struct csc_argv argv = {.items = csc_arena_array(arena, words->count + 1, sizeof(char *)), .count = words->count};
    if (!argv.items)
        return -CSC_E_INTERNAL;
    for (size_t i = 0; i < words->count; i++) {
        const struct csc_value *word = &words->items[i];
        if (word->type != CSC_STRING)
            return 0;
        argv.items[i] = csc_arena_copy(arena, word->string, word->count);
        if (!argv.items[i])
            return -CSC_E_INTERNAL;
    }
    *ret_reason = csc_policy_judge_argv(policy, &argv);
    return 0;
}

static int judge_commands(struct csc_arena *arena, const struct csc_value *commands, const struct csc_policy *policy,
                          struct csc_past *past)
{
    for (size_t i = 0; commands && commands->type == CSC_ARRAY && i < commands->count; i++) {
        const struct csc_value *argvs = csc_value_get(&commands->items[i], "argvs");
        for (size_t k = 0; argvs && argvs->type == CSC_ARRAY && k < argvs->count; k++) {
            int r = judge_argv(arena, &argvs->items[k], policy, &past->argv);
            if (r < 0 || past->argv != CSC_REASON_ALLOW)
                return r;
        }
    }
    return 0;
}

static int read_evidence(struct csc_arena *arena, const struct csc_ledger_entry *entry, const struct csc_policy *policy,
                         struct csc_past *past, struct csc_error *err)
{
    struct csc_value statement = {0};

    int r = entry->evidence ? open_envelope(arena, entry->evidence, &statement, err) : 1;
    if (r != 0)
        return r < 0 ? r : 0;
    const struct csc_value *predicate = csc_value_get(&statement, "predicate");
    const struct csc_value *approvals = predicate ? csc_value_get(predicate, "approvals") : NULL;
    if (!predicate)
        return 0;
    past->has_evidence = true;
    past->was_approved = approvals && approvals->type == CSC_ARRAY && approvals->count > 0;
    return judge_commands(arena, csc_value_get(predicate, "commands"), policy, past) < 0 ? csc_fail_memory(err) : 0;
}

int csc_replay_past(const struct csc_ledger_entry *entry, const struct csc_policy *policy, struct csc_past *ret_past,
                    struct csc_error *err)
{
    _cleanup_arena_ struct csc_arena arena = {0};
    struct csc_past past = {.decision = CSC_PAST_UNTOLD, .code = CSC_REASON_ALLOW, .argv = CSC_REASON_ALLOW};
    struct csc_value receipt = {0};

    int r = parse(&arena, entry->receipt, entry->receipt_size, &receipt, err);
    if (r == 0)
        read_receipt(entry, &receipt, &past);
    if (r >= 0)
        r = read_evidence(&arena, entry, policy, &past, err);
    if (r < 0)
        return r;
    *ret_past = past;
    return 0;
}
