/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "cli/ledger.h"

enum { OPT_RECEIPT = CSC_LEDGER_OPT_PATH + 1, OPT_EVIDENCE, OPT_JSON };

#define SECOND 1000000

/* ---- lines -------------------------------------------------------------------------------------------------- */

static void put_name(struct csc_buf *buf, const char *name)
{
    csc_buf_printf(buf, "%-12s", name);
}

static void put_escaped(struct csc_buf *buf, const char *text)
{
    csc_buf_escape(buf, text, strlen(text));
}

/* "name        text", or nothing where there is no text. */
static void put_line(struct csc_buf *buf, const char *name, const char *text)
{
    if (!text)
        return;
    put_name(buf, name);
    put_escaped(buf, text);
    csc_buf_putc(buf, '\n');
}

static void put_pair(struct csc_buf *buf, const char *name, const char *text, const char *hash)
{
    if (!text)
        return;
    put_name(buf, name);
    put_escaped(buf, text);
    if (hash) {
        csc_buf_puts(buf, "\n            sha256 ");
        put_escaped(buf, hash);
    }
    csc_buf_putc(buf, '\n');
}

static const char *text_of(const struct csc_value *object, const char *key)
{
    const struct csc_value *value = csc_value_get(object, key);

    return value && value->type == CSC_STRING ? value->string : NULL;
}

static bool is_true(const struct csc_value *object, const char *key)
{
    const struct csc_value *value = csc_value_get(object, key);

    return value && value->type == CSC_BOOL && value->boolean;
}

/* ---- parts -------------------------------------------------------------------------------------------------- */

static void put_status(struct csc_buf *buf, const struct csc_ledger_entry *entry, const struct csc_value *receipt)
{
    const struct csc_value *exit_code = csc_value_get(receipt, "exit_code");
    const char *profile = text_of(receipt, "sandbox_profile_id");

    put_name(buf, "status");
    csc_cli_paint(buf, STDOUT_FILENO, entry->status == CSC_STATUS_SUCCESS ? CSC_TONE_GOOD : CSC_TONE_BAD,
                  csc_status_names[entry->status]);
    if (exit_code && exit_code->type == CSC_INT)
        csc_buf_printf(buf, ", exit code %" PRId64, exit_code->integer);
    csc_buf_putc(buf, '\n');
    put_name(buf, "mode");
    csc_buf_puts(buf, entry->hardened ? "hardened" : "local");
    if (profile) {
        csc_buf_puts(buf, ", sandbox profile ");
        put_escaped(buf, profile);
    }
    csc_buf_putc(buf, '\n');
}

static void put_times(struct csc_buf *buf, const struct csc_ledger_entry *entry)
{
    int64_t took = entry->ended_at - entry->started_at;
    char started[CSC_TIME_TEXT], ended[CSC_TIME_TEXT];

    csc_time_format(entry->started_at, started);
    csc_time_format(entry->ended_at, ended);
    put_line(buf, "started", started);
    put_name(buf, "ended");
    csc_buf_puts(buf, ended);
    if (took >= 0)
        csc_buf_printf(buf, ", after %" PRId64 ".%03" PRId64 " s", took / SECOND, took % SECOND / 1000);
    csc_buf_putc(buf, '\n');
}

static void put_actor(struct csc_buf *buf, const struct csc_ledger_actor *actor)
{
    const struct {
        const char *name, *text;
    } parts[] = {{"agent", actor->agent_id}, {"session", actor->session_id}, {"user", actor->initiating_user}};
    size_t count = 0;

    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        if (!parts[i].text)
            continue;
        if (count++ == 0)
            put_name(buf, "asked by");
        csc_buf_printf(buf, "%s%s ", count > 1 ? ", " : "", parts[i].name);
        put_escaped(buf, parts[i].text);
    }
    csc_buf_puts(buf, count > 0 ? " (as told)\n" : "");
}

static void put_output(struct csc_buf *buf, const struct csc_value *receipt, const char *name, const char *hash_key,
                       const char *truncated_key)
{
    const char *hash = text_of(receipt, hash_key);

    if (!hash)
        return;
    put_name(buf, name);
    put_escaped(buf, hash);
    csc_buf_puts(buf, is_true(receipt, truncated_key) ? ", of its beginning\n" : "\n");
}

static void put_artifacts(struct csc_buf *buf, const struct csc_value *receipt)
{
    const struct csc_value *artifacts = csc_value_get(receipt, "artifacts");

    for (size_t i = 0; artifacts && artifacts->type == CSC_ARRAY && i < artifacts->count; i++)
        put_pair(buf, i == 0 ? "artifacts" : "", text_of(&artifacts->items[i], "path"),
                 text_of(&artifacts->items[i], "sha256"));
}

static void put_signature(struct csc_buf *buf, const struct csc_ledger_entry *entry, const struct csc_value *receipt)
{
    const char *signed_at = text_of(csc_value_get(receipt, "signature"), "signed_at");

    put_name(buf, "signed");
    if (!entry->signing_key_id) {
        csc_buf_puts(buf, "no\n");
        return;
    }
    csc_buf_puts(buf, "by ");
    put_escaped(buf, entry->signing_key_id);
    if (signed_at) {
        csc_buf_puts(buf, ", ");
        put_escaped(buf, signed_at);
    }
    csc_buf_puts(buf, " (not verified here)\n");
}

/* ---- evidence ----------------------------------------------------------------------------------------------- */

/* The type of what an in-toto statement says; NULL when that is not what is there. */
static const char *predicate_type(struct csc_arena *arena, const struct csc_value *envelope)
{
    const struct csc_value *payload = csc_value_get(envelope, "payload");
    struct csc_value statement;

    if (!payload || payload->type != CSC_STRING || payload->count % 4 != 0 || payload->count == 0)
        return NULL;
    size_t padding = payload->string[payload->count - 1] == '=';
    padding += padding && payload->string[payload->count - 2] == '=';
    size_t size = payload->count / 4 * 3 - padding;
    uint8_t *bytes = csc_arena_alloc(arena, size + 1);
    if (!bytes || !csc_base64_decode(payload->string, payload->count, bytes, size) ||
        csc_json_parse(arena, bytes, size, &statement, NULL) < 0)
        return NULL;
    return text_of(&statement, "predicateType");
}

static void put_evidence(struct csc_buf *buf, struct csc_arena *arena, const char *evidence)
{
    struct csc_value envelope;

    put_name(buf, "evidence");
    if (!evidence) {
        csc_buf_puts(buf, "none\n");
        return;
    }
    csc_buf_printf(buf, "%zu bytes", strlen(evidence));
    if (csc_json_parse(arena, evidence, strlen(evidence), &envelope, NULL) < 0) {
        csc_buf_puts(buf, ", which are no JSON: damaged\n");
        return;
    }
    const char *type = predicate_type(arena, &envelope);
    const struct csc_value *signatures = csc_value_get(&envelope, "signatures");
    csc_buf_puts(buf, ", a statement of type ");
    put_escaped(buf, type ? type : "unknown");
    for (size_t i = 0; signatures && signatures->type == CSC_ARRAY && i < signatures->count; i++) {
        const char *key_id = text_of(&signatures->items[i], "keyid");
        csc_buf_puts(buf, i == 0 ? ", signed by " : ", ");
        put_escaped(buf, key_id ? key_id : "unnamed");
    }
    csc_buf_putc(buf, '\n');
}

/* ---- the whole ---------------------------------------------------------------------------------------------- */

static int print_text(const struct csc_cli *cli, const struct csc_cli_ledger *ledger,
                      const struct csc_ledger_entry *entry)
{
    _cleanup_arena_ struct csc_arena arena = {0};
    _cleanup_buf_ struct csc_buf text = {0};
    struct csc_value receipt = {0};
    struct csc_merkle_hash leaf;
    char leaf_hex[CSC_SHA256_HEX];

    bool damaged = csc_json_parse(&arena, entry->receipt, entry->receipt_size, &receipt, NULL) < 0;
    if (damaged)
        receipt = (struct csc_value){0};
    csc_merkle_leaf(entry->receipt, entry->receipt_size, &leaf);
    csc_hex(leaf.bytes, sizeof(leaf.bytes), leaf_hex);
    put_line(&text, "execution", entry->execution_id);
    put_name(&text, "entry");
    csc_buf_printf(&text, "%" PRIu64 " of ", entry->index);
    put_escaped(&text, csc_ledger_origin(ledger->ledger));
    csc_buf_printf(&text, "\n%-12s%s\n", "leaf", leaf_hex);
    put_status(&text, entry, &receipt);
    put_pair(&text, "contract", entry->contract_id, entry->contract_sha256);
    put_pair(&text, "policy", entry->policy_profile, entry->policy_sha256);
    put_actor(&text, &entry->actor);
    put_times(&text, entry);
    put_line(&text, "error", text_of(&receipt, "error"));
    put_output(&text, &receipt, "stdout", "stdout_hash", "stdout_truncated");
    put_output(&text, &receipt, "stderr", "stderr_hash", "stderr_truncated");
    put_artifacts(&text, &receipt);
    put_signature(&text, entry, &receipt);
    put_evidence(&text, &arena, entry->evidence);
    int code = csc_cli_print(cli, &text, 0);
    if (code != 0 || !damaged)
        return code;
    csc_cli_say("the stored receipt of entry %" PRIu64 " is no JSON: damaged; csc ledger verify says more",
                entry->index);
    return CSC_E_DATA;
}

static int print_json(const struct csc_cli *cli, const struct csc_cli_ledger *ledger,
                      const struct csc_ledger_entry *entry)
{
    _cleanup_arena_ struct csc_arena arena = {0};
    struct csc_error err = {0};
    struct csc_value value;

    if (csc_cli_ledger_value(&arena, entry, true, &value, &err) < 0)
        return csc_cli_ledger_fail(cli, ledger, &err);
    return csc_cli_print_json(cli, &value, 0);
}

/* Exactly as stored, for programs that verify it. */
static int print_stored(const struct csc_cli *cli, const struct csc_ledger_entry *entry)
{
    _cleanup_buf_ struct csc_buf bytes = {0};
    struct csc_error err = {0};

    if (cli->options[OPT_RECEIPT]) {
        csc_buf_append(&bytes, entry->receipt, entry->receipt_size);
    } else if (entry->evidence) {
        csc_buf_puts(&bytes, entry->evidence);
    } else {
        csc_fail(&err, CSC_E_INPUT, "this entry has no evidence; csc run stores it when it signs");
        return csc_cli_fail(cli, cli->parameters[0], &err);
    }
    return csc_cli_print(cli, &bytes, 0);
}

static int show(const struct csc_cli *cli)
{
    _cleanup_ledger_ struct csc_cli_ledger ledger = {0};
    struct csc_ledger_entry entry = {0};
    struct csc_error err = {0};

    if (!!cli->options[OPT_RECEIPT] + !!cli->options[OPT_EVIDENCE] + cli->json > 1)
        return csc_cli_usage(cli, "--receipt, --evidence and --json are three things; give one");
    int code = csc_cli_ledger_open(cli, &ledger);
    if (code != 0)
        return code;
    if (csc_ledger_get(ledger.ledger, cli->parameters[0], &ledger.arena, &entry, &err) < 0)
        return csc_cli_ledger_fail(cli, &ledger, &err);
    if (cli->options[OPT_RECEIPT] || cli->options[OPT_EVIDENCE])
        return print_stored(cli, &entry);
    return cli->json ? print_json(cli, &ledger, &entry) : print_text(cli, &ledger, &entry);
}

static const struct csc_cli_option options[] = {
    [CSC_LEDGER_OPT_PATH] = CSC_LEDGER_PATH_OPTION,
    [OPT_RECEIPT] = {"receipt", NULL, "print the receipt's bytes as they are stored", CSC_CLI_OPTIONAL},
    [OPT_EVIDENCE] = {"evidence", NULL, "print the evidence's bytes as they are stored", CSC_CLI_OPTIONAL},
    [OPT_JSON] = {"json", NULL, "print the whole entry as a JSON object", CSC_CLI_OPTIONAL},
    {0},
};

const struct csc_cli_command csc_cli_ledger_show = {
    .name = "ledger show",
    .summary = "show one execution",
    .parameters = {"ID"},
    .options = options,
    .description = "ID is an execution's id, a beginning of it (8 characters at least), or '#' and the entry's index.\n"
                   "Nothing is verified; csc verify-receipt and csc ledger verify do that.\n",
    .examples = "  csc ledger show 0f8fad5b\n"
                "  csc ledger show '#12' --receipt > receipt.json\n",
    .run = show,
};
