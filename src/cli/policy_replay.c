/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/policy_replay.h"

#include <inttypes.h>
#include <string.h>

enum { OPT_CONTRACTS = CSC_LEDGER_OPT_OWN, OPT_JSON };

/* What became of an execution in the comparison. */
enum ending {
    SAME,
    DIFFERENT,
    NO_CONTRACT, /* not replayed: its contract is not at hand */
    UNTOLD,      /* not compared: what was decided, or whether it was approved, is not on record */
    ENDINGS
};

/* What the ledger says, and what the policy would. */
struct comparison {
    enum ending ending;
    const char *before;          /* "ran", "denied", ... */
    enum csc_reason before_code; /* of a denial */
    enum csc_verdict after;
    enum csc_reason code;
    const char *reason; /* of what would be decided; may be NULL */
    const char *remark; /* what restricts the claim; or NULL */
};

struct replaying {
    const struct csc_cli *cli;
    const struct csc_policy *policy;
    struct csc_replay_contracts contracts;
    struct csc_cli_stream stream;
    uint64_t counts[ENDINGS];
};

static const char *const past_names[] = {
    [CSC_PAST_UNTOLD] = "untold",
    [CSC_PAST_RAN] = "ran",
    [CSC_PAST_NEEDED_APPROVAL] = "needed approval",
    [CSC_PAST_DENIED] = "was denied",
};

/* ---- comparing ---------------------------------------------------------------------------------------------- */

/* It ran, and would need approval: the same, where it had one; which without evidence nobody knows. */
static void compare_approval(const struct csc_past *past, const struct csc_replayed *now, struct comparison *comparison)
{
    if (now->asks_itself || past->was_approved)
        comparison->ending = SAME;
    else
        comparison->ending = past->has_evidence ? DIFFERENT : UNTOLD;
    comparison->remark = "no approval was used";
}

/* The contract is at hand. */
static void compare_decisions(const struct csc_past *past, const struct csc_replayed *now,
                              struct comparison *comparison)
{
    static const enum csc_verdict verdicts[] = {[CSC_PAST_UNTOLD] = CSC_DENY,
                                                [CSC_PAST_RAN] = CSC_ALLOW,
                                                [CSC_PAST_NEEDED_APPROVAL] = CSC_NEEDS_APPROVAL,
                                                [CSC_PAST_DENIED] = CSC_DENY};

    comparison->after = now->verdict;
    comparison->code = now->code;
    comparison->reason = now->reason;
    if (past->decision == CSC_PAST_UNTOLD)
        comparison->ending = UNTOLD;
    else if (past->decision == CSC_PAST_RAN && now->verdict == CSC_NEEDS_APPROVAL)
        compare_approval(past, now, comparison);
    else
        comparison->ending = verdicts[past->decision] == now->verdict ? SAME : DIFFERENT;
}

/* It is not. Where the evidence holds argvs, and one of them would be denied, that much is certain; nothing else is. */
static void compare_argvs(const struct csc_past *past, struct comparison *comparison)
{
    if (past->decision != CSC_PAST_RAN || past->argv == CSC_REASON_ALLOW)
        return;
    comparison->ending = DIFFERENT;
    comparison->after = CSC_DENY;
    comparison->code = past->argv;
    comparison->remark = "by the argv in its evidence, whose signature was not checked";
}

/* It was decided by this policy, and a decision depends on nothing but policy and contract. */
static bool is_same_policy(const struct replaying *replaying, const struct csc_ledger_entry *entry)
{
    return entry->policy_sha256 && strcmp(entry->policy_sha256, replaying->policy->sha256) == 0;
}

static int compare(struct replaying *replaying, const struct csc_ledger_entry *entry, struct comparison *ret_comparison,
                   struct csc_error *err)
{
    const struct csc_replayed *now = csc_replay_contracts_find(&replaying->contracts, entry->contract_sha256);
    struct comparison comparison = {.ending = NO_CONTRACT};
    struct csc_past past;

    int r = csc_replay_past(entry, replaying->policy, &past, err);
    if (r < 0)
        return r;
    comparison.before = past_names[past.decision];
    comparison.before_code = past.code;
    if (is_same_policy(replaying, entry))
        comparison.ending = SAME;
    else if (now)
        compare_decisions(&past, now, &comparison);
    else
        compare_argvs(&past, &comparison);
    *ret_comparison = comparison;
    return 0;
}

/* ---- telling ------------------------------------------------------------------------------------------------ */

static void put_escaped(struct csc_buf *text, const char *hostile)
{
    csc_buf_escape(text, hostile ? hostile : "?", hostile ? strlen(hostile) : 1);
}

/* "#12 2026-03-01 10:00:00Z 0f8fad5b-... contract-1: ran; would be denied: COMMAND_NOT_ALLOWED: ..." */
static void put_difference(struct csc_buf *text, const struct csc_ledger_entry *entry, const struct comparison *c)
{
    static const char *const now[] = {
        [CSC_DENY] = "would be denied", [CSC_ALLOW] = "would be allowed", [CSC_NEEDS_APPROVAL] = "would need approval"};
    char started[CSC_SHORT_TIME];

    csc_cli_short_time(entry->started_at, started);
    csc_buf_printf(text, "#%" PRIu64 " %s ", entry->index, started);
    put_escaped(text, entry->execution_id);
    csc_buf_putc(text, ' ');
    put_escaped(text, entry->contract_id);
    csc_buf_printf(text, ": %s", c->before);
    if (c->before_code != CSC_REASON_ALLOW)
        csc_buf_printf(text, " (%s)", csc_reason_name(c->before_code));
    csc_buf_printf(text, "; %s", now[c->after]);
    if (c->after != CSC_ALLOW) {
        csc_buf_printf(text, ": %s", csc_reason_name(c->code));
        if (c->reason) {
            csc_buf_puts(text, ": ");
            put_escaped(text, c->reason);
        }
    }
    if (c->remark)
        csc_buf_printf(text, " (%s)", c->remark);
    csc_buf_putc(text, '\n');
}

static void add_text(struct csc_object *object, const char *key, const char *text)
{
    if (text)
        csc_object_string(object, key, text);
}

static int difference_value(struct csc_arena *arena, const struct csc_ledger_entry *entry, const struct comparison *c,
                            struct csc_value *ret_value, struct csc_error *err)
{
    struct csc_object object;
    struct csc_value value;

    int r = csc_cli_ledger_value(arena, entry, false, &value, err);
    if (r < 0)
        return r;
    csc_object_begin(&object, arena, 7);
    csc_object_value(&object, "entry", value);
    csc_object_string(&object, "before", c->before);
    if (c->before_code != CSC_REASON_ALLOW)
        csc_object_string(&object, "before_reason_code", csc_reason_name(c->before_code));
    csc_object_string(&object, "decision", csc_verdict_names[c->after]);
    csc_object_string(&object, "reason_code", csc_reason_name(c->code));
    add_text(&object, "reason", c->reason);
    add_text(&object, "remark", c->remark);
    return csc_object_end(&object, ret_value, err);
}

/* One line of an array, whose comma belongs to the line before. */
static int put_json(struct replaying *replaying, const struct csc_ledger_entry *entry, const struct comparison *c,
                    struct csc_error *err)
{
    _cleanup_arena_ struct csc_arena arena = {0};
    struct csc_buf *text = &replaying->stream.text;
    struct csc_value value;

    int r = difference_value(&arena, entry, c, &value, err);
    if (r < 0)
        return r;
    csc_buf_puts(text, replaying->counts[DIFFERENT] > 1 ? ",\n    " : "\n    ");
    csc_canon_write(text, &value);
    return 0;
}

static void put_counts(struct replaying *replaying)
{
    const uint64_t *counts = replaying->counts;
    struct csc_buf *text = &replaying->stream.text;

    if (replaying->cli->json) {
        csc_buf_printf(text,
                       "%s],\n  \"same\": %" PRIu64 ",\n  \"not_replayed\": %" PRIu64 ",\n  \"not_compared\": %" PRIu64
                       "\n}\n",
                       counts[DIFFERENT] > 0 ? "\n  " : "", counts[SAME], counts[NO_CONTRACT], counts[UNTOLD]);
        return;
    }
    csc_buf_printf(text, "%" PRIu64 " would be decided differently, %" PRIu64 " the same\n", counts[DIFFERENT],
                   counts[SAME]);
    if (counts[NO_CONTRACT] > 0)
        csc_buf_printf(text, "%" PRIu64 " not replayed: the contract is not at hand%s\n", counts[NO_CONTRACT],
                       replaying->cli->options[OPT_CONTRACTS] ? "" : "; give --contracts DIR");
    if (counts[UNTOLD] > 0)
        csc_buf_printf(text,
                       "%" PRIu64 " not compared: what was decided, or whether it was approved, is not on record\n",
                       counts[UNTOLD]);
}

/* ---- the whole ---------------------------------------------------------------------------------------------- */

static int each_entry(void *context, const struct csc_ledger_entry *entry)
{
    struct replaying *replaying = context;
    struct comparison comparison;
    struct csc_error err = {0};

    int r = compare(replaying, entry, &comparison, &err);
    if (r == 0)
        replaying->counts[comparison.ending]++;
    if (r == 0 && comparison.ending == DIFFERENT) {
        if (replaying->cli->json)
            r = put_json(replaying, entry, &comparison, &err);
        else
            put_difference(&replaying->stream.text, entry, &comparison);
    }
    if (r < 0) {
        csc_cli_say("%s", err.text);
        replaying->stream.code = (int)err.code;
        return replaying->stream.code;
    }
    return csc_cli_stream_flow(replaying->cli, &replaying->stream);
}

static int replay_ledger(struct replaying *replaying, const struct csc_ledger_filter *filter)
{
    _cleanup_ledger_ struct csc_cli_ledger ledger = {0};
    const struct csc_cli *cli = replaying->cli;
    struct csc_error err = {0};

    int code = csc_cli_ledger_open(cli, &ledger);
    if (code != 0)
        return code;
    csc_cli_stream_begin(cli, &replaying->stream, false);
    if (cli->json)
        csc_buf_puts(&replaying->stream.text, "{\n  \"different\": [");
    int r = csc_ledger_each(ledger.ledger, filter, each_entry, replaying, &err);
    if (r == 0)
        put_counts(replaying);
    code = csc_cli_stream_end(cli, &replaying->stream, replaying->counts[DIFFERENT] > 0 ? CSC_EXIT_NO : 0);
    if (r < 0) {
        /* Not as JSON: a part of the object is out already. */
        csc_cli_say("%s: %s", ledger.path, err.text);
        return (int)err.code;
    }
    return code;
}

static void replaying_free(struct replaying *replaying)
{
    csc_replay_contracts_free(&replaying->contracts);
}

static int replay(const struct csc_cli *cli)
{
    _cleanup_policy_ struct csc_policy *policy = NULL;
    _cleanup_(replaying_free) struct replaying replaying = {.cli = cli, .contracts.tree = CSC_CLI_TREE_NONE};
    struct csc_ledger_filter filter;

    int code = csc_cli_ledger_filter(cli, &filter);
    if (code == 0)
        code = csc_cli_policy_load(cli, cli->parameters[0], &policy);
    if (code == 0)
        code = csc_replay_contracts_load(cli, cli->options[OPT_CONTRACTS], policy, &replaying.contracts);
    if (code != 0)
        return code;
    replaying.policy = policy;
    return replay_ledger(&replaying, &filter);
}

static const struct csc_cli_option options[] = {
    CSC_LEDGER_FILTER_OPTIONS,
    [OPT_CONTRACTS] = {"contracts", "DIR", "contracts of those executions, found by their SHA-256", CSC_CLI_OPTIONAL},
    [OPT_JSON] = {"json", NULL, "print one JSON object", CSC_CLI_OPTIONAL},
    {0},
};

const struct csc_cli_command csc_cli_policy_replay = {
    .name = "policy replay",
    .summary = "say which executions a policy would decide differently",
    .parameters = {"POLICY"},
    .options = options,
    .description =
        "Decides anew, by POLICY, what the ledger has, and compares. The ledger keeps receipts, not contracts: give\n"
        "those with --contracts, in any files. Where evidence holds the arguments of commands, a denial by them is\n"
        "found without. All others are counted, and nothing is claimed of them.\n"
        "Exit code: 0 no difference was found, 1 one was, 65 no policy or a damaged ledger.\n",
    .examples = "  csc policy replay policy-new.yaml --contracts contracts --since 7d\n"
                "  csc policy replay policy-new.yaml --contracts ~/.local/state/csc/requests --json\n",
    .run = replay,
};
