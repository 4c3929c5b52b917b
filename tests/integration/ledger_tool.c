/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes a ledger for ledger.py, as csc run would.
 * usage: ledger_tool LEDGER [KEY KEY_ID]
 * stdin: JSON objects, a line each. {"receipt": {...}, "sign": BOOL, "agent": A, "session": S, "user": U, "evidence":
 * E} appends, all but the first optional; {"execution_id": X, "contract_id": C, ...} is the intent of an execution.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ledger/ledger.h"

enum { LINE_MAX_BYTES = 1 << 20 };

struct tool {
    struct csc_ledger *ledger;
    struct csc_signing_key *key;
    const char *key_id;
    struct csc_arena arena;
};

static const char *text(const struct csc_value *object, const char *key, const char *otherwise)
{
    const struct csc_value *value = csc_value_get(object, key);

    return value && value->type == CSC_STRING ? value->string : otherwise;
}

static int64_t number(const struct csc_value *object, const char *key)
{
    const struct csc_value *value = csc_value_get(object, key);

    return value && value->type == CSC_INT ? value->integer : 0;
}

static bool flag(const struct csc_value *object, const char *key)
{
    const struct csc_value *value = csc_value_get(object, key);

    return value && value->type == CSC_BOOL && value->boolean;
}

static struct csc_ledger_actor actor(const struct csc_value *line)
{
    return (struct csc_ledger_actor){text(line, "agent", NULL), text(line, "session", NULL), text(line, "user", NULL)};
}

static int append(struct tool *tool, const struct csc_value *line, const struct csc_value *receipt_value,
                  struct csc_error *err)
{
    const struct csc_ledger_signer signer = {tool->key, tool->key_id};
    _cleanup_buf_ struct csc_buf bytes = {0};
    struct csc_receipt *receipt = NULL;
    uint64_t index;

    csc_canon_write(&bytes, receipt_value);
    int r = csc_receipt_parse(bytes.data, bytes.size, &receipt, err);
    if (r == 0 && flag(line, "sign"))
        r = csc_receipt_sign(receipt, tool->key, tool->key_id, err);
    const struct csc_ledger_item item = {receipt, actor(line), text(line, "evidence", NULL)};
    if (r == 0)
        r = csc_ledger_append(tool->ledger, &item, flag(line, "sign") ? &signer : NULL, &index, err);
    csc_receipt_free(receipt);
    return r;
}

static int begin(struct tool *tool, const struct csc_value *line, struct csc_error *err)
{
    struct csc_intent intent = {
        .execution_id = text(line, "execution_id", "?"),
        .contract_id = text(line, "contract_id", "contract-1"),
        .contract_sha256 = text(line, "contract_sha256", ""),
        .policy_profile = text(line, "policy_profile", "tests"),
        .policy_schema_version = CSC_POLICY_VERSION,
        .policy_sha256 = text(line, "policy_sha256", ""),
        .actor = actor(line),
        .started_at = number(line, "started_at"),
        .runner = {.pid = number(line, "pid"),
                   .start_time = (uint64_t)number(line, "start_time"),
                   .pid_namespace = (uint64_t)number(line, "pid_namespace")},
    };
    size_t used;

    (void)snprintf(intent.runner.boot_id, sizeof(intent.runner.boot_id), "%s", text(line, "boot_id", ""));
    return csc_ledger_begin(tool->ledger, &intent, NULL, &used, err);
}

static int do_line(struct tool *tool, const char *line, struct csc_error *err)
{
    struct csc_value value;

    if (csc_json_parse(&tool->arena, line, strlen(line), &value, err) < 0)
        return -1;
    const struct csc_value *receipt = csc_value_get(&value, "receipt");
    return receipt ? append(tool, &value, receipt, err) : begin(tool, &value, err);
}

int main(int argc, char **argv)
{
    static char line[LINE_MAX_BYTES];
    struct csc_error err = {0};
    struct tool tool = {.key_id = argc > 3 ? argv[3] : NULL};

    if (argc < 2)
        return 64;
    int r = argc > 3 ? csc_signing_key_load(argv[2], &tool.key, &err) : 0;
    if (r == 0)
        r = csc_ledger_open(argv[1], CSC_LEDGER_WRITE, &tool.ledger, &err);
    while (r == 0 && fgets(line, sizeof(line), stdin))
        r = do_line(&tool, line, &err);
    if (r != 0)
        fprintf(stderr, "ledger_tool: %s: %s\n", err.field, err.text);
    csc_ledger_close(tool.ledger);
    csc_signing_key_free(tool.key);
    csc_arena_free(&tool.arena);
    return r == 0 ? 0 : 1;
}
