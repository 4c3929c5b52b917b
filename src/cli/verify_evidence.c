/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/cli.h"

enum { OPT_PUBLIC_KEY, OPT_RECEIPT, OPT_JSON };

struct inputs {
    struct csc_public_key *key;
    struct csc_receipt *receipt; /* with --receipt */
    struct csc_buf envelope;
    struct csc_evidence_seen *seen; /* once it is verified */
};

static void inputs_free(struct inputs *inputs)
{
    csc_public_key_free(inputs->key);
    csc_receipt_free(inputs->receipt);
    csc_buf_free(&inputs->envelope);
    csc_evidence_seen_free(inputs->seen);
}

/* ---- reading ------------------------------------------------------------------------------------------------ */

static int read_receipt(const struct csc_cli *cli, const char *path, struct inputs *inputs)
{
    _cleanup_buf_ struct csc_buf bytes = {0};
    struct csc_error err = {0};

    int code = csc_cli_read(cli, path, CSC_RECEIPT_BYTES_MAX, &bytes);
    if (code != 0)
        return code;
    if (csc_receipt_parse(bytes.data, bytes.size, &inputs->receipt, &err) < 0)
        return csc_cli_fail(cli, path, &err);
    return 0;
}

static int read_inputs(const struct csc_cli *cli, struct inputs *inputs)
{
    const char *key = cli->options[OPT_PUBLIC_KEY], *receipt = cli->options[OPT_RECEIPT];
    struct csc_error err = {0};

    if (receipt && strcmp(receipt, "-") == 0 && strcmp(cli->parameters[0], "-") == 0)
        return csc_cli_usage(cli, "only one of ENVELOPE and --receipt can be standard input");
    if (csc_public_key_load(key, &inputs->key, &err) < 0)
        return csc_cli_fail(cli, key, &err);
    int code = csc_cli_read(cli, cli->parameters[0], CSC_EVIDENCE_BYTES_MAX, &inputs->envelope);
    return code == 0 && receipt ? read_receipt(cli, receipt, inputs) : code;
}

/* ---- saying ------------------------------------------------------------------------------------------------- */

/* A string of the statement, whose form is checked; "" when it is not there. */
static const char *text_of(const struct csc_value *object, const char *key)
{
    const struct csc_value *value = csc_value_get(object, key);

    return value && value->type == CSC_STRING ? value->string : "";
}

static long long number_of(const struct csc_value *object, const char *key)
{
    const struct csc_value *value = csc_value_get(object, key);

    return value && value->type == CSC_INT ? value->integer : 0;
}

static bool is_true(const struct csc_value *object, const char *key)
{
    const struct csc_value *value = csc_value_get(object, key);

    return value && value->type == CSC_BOOL && value->boolean;
}

/* Members of an array; an empty one when it is not there. */
static const struct csc_value *items_of(const struct csc_value *object, const char *key)
{
    static const struct csc_value none = {.type = CSC_ARRAY};
    const struct csc_value *value = csc_value_get(object, key);

    return value && value->type == CSC_ARRAY ? value : &none;
}

static void describe_sandbox(struct csc_buf *buf, const struct csc_value *command)
{
    const struct csc_value *sandbox = csc_value_get(command, "sandbox");
    const struct csc_value *measured = csc_value_get(sandbox, "measured");
    const struct csc_value *lacks = items_of(measured, "notMeasured");

    if (!sandbox)
        return;
    csc_buf_puts(buf, "; sandbox");
    if (csc_value_get(sandbox, "executor"))
        csc_buf_printf(buf, " by %s", text_of(csc_value_get(sandbox, "executor"), "name"));
    if (!measured)
        csc_buf_puts(buf, ", nothing measured");
    else if (!csc_value_get(measured, "asPlanned"))
        csc_buf_puts(buf, ", measured, not compared with its plan");
    else
        csc_buf_puts(buf, is_true(measured, "asPlanned") ? ", measured as planned" : ", NOT as planned when measured");
    for (size_t i = 0; i < lacks->count; i++)
        csc_buf_printf(buf, "%s%s", i == 0 ? ", but for " : ", ", lacks->items[i].string);
}

static void describe_command(struct csc_buf *buf, const struct csc_value *command)
{
    const struct csc_value *resources = csc_value_get(command, "resources");
    const struct csc_value *output = csc_value_get(command, "output");

    csc_buf_printf(buf, "command %s: %s, exit code %lld", text_of(command, "id"), text_of(command, "end"),
                   number_of(command, "exitCode"));
    if (csc_value_get(command, "durationMicroseconds"))
        csc_buf_printf(buf, ", %.3f s", (double)number_of(command, "durationMicroseconds") / 1e6);
    if (resources)
        csc_buf_printf(buf, ", %.3f s of processor, %.1f MiB",
                       (double)(number_of(resources, "userMicroseconds") + number_of(resources, "systemMicroseconds")) /
                           1e6,
                       (double)number_of(resources, "memoryPeakBytes") / (1 << 20));
    csc_buf_printf(buf, ", %lld bytes printed", number_of(output, "totalBytes"));
    describe_sandbox(buf, command);
}

static void describe_approval(struct csc_buf *buf, const struct csc_value *approval)
{
    const char *ticket = text_of(approval, "ticketId");

    csc_buf_printf(buf, "approved by %s (%s%s)", text_of(approval, "identity"),
                   is_true(approval, "signed") ? "key " : "not signed", text_of(approval, "keyFingerprint"));
    if (*ticket)
        csc_buf_printf(buf, ", ticket %s", ticket);
}

/* Appends what describe() says of each item, a line each, escaped. */
static void add_lines(struct csc_buf *text, const struct csc_value *items,
                      void (*describe)(struct csc_buf *buf, const struct csc_value *item))
{
    for (size_t i = 0; i < items->count; i++) {
        _cleanup_buf_ struct csc_buf line = {0};
        describe(&line, &items->items[i]);
        csc_buf_puts(text, "  ");
        csc_buf_escape(text, line.failed ? "?" : line.data, line.failed ? 1 : line.size);
        csc_buf_putc(text, '\n');
    }
}

static int print_valid_json(const struct csc_cli *cli, const struct inputs *inputs)
{
    _cleanup_arena_ struct csc_arena arena = {0};
    struct csc_error err = {0};
    struct csc_object object;
    struct csc_value value;

    csc_object_begin(&object, &arena, 4);
    csc_object_bool(&object, "valid", true);
    csc_object_bool(&object, "receipt_matches", inputs->receipt != NULL);
    csc_object_string(&object, "key_id_hint", inputs->seen->key_id);
    csc_object_value(&object, "statement", inputs->seen->statement);
    if (csc_object_end(&object, &value, &err) < 0)
        return csc_cli_fail(cli, NULL, &err);
    return csc_cli_print_json(cli, &value, 0);
}

static int print_valid(const struct csc_cli *cli, const struct inputs *inputs)
{
    _cleanup_buf_ struct csc_buf line = {0}, text = {0};
    const struct csc_value *predicate = inputs->seen->predicate;

    if (cli->json)
        return print_valid_json(cli, inputs);
    csc_buf_printf(&line, "evidence of execution %s, %s mode, status %s, signed by the key given",
                   text_of(predicate, "executionId"), text_of(predicate, "mode"), text_of(predicate, "status"));
    if (*inputs->seen->key_id) /* a hint, which nothing authenticates */
        csc_buf_printf(&line, " (it calls itself %s)", inputs->seen->key_id);
    csc_buf_puts(&line, inputs->receipt ? "; it is about this receipt" : "");
    csc_cli_paint(&text, STDOUT_FILENO, CSC_TONE_GOOD, "valid");
    csc_buf_puts(&text, ": ");
    if (!line.failed)
        csc_buf_escape(&text, line.data, line.size);
    csc_buf_putc(&text, '\n');
    add_lines(&text, items_of(predicate, "commands"), describe_command);
    add_lines(&text, items_of(predicate, "approvals"), describe_approval);
    return csc_cli_print(cli, line.failed ? &line : &text, 0);
}

/* ---- checking ----------------------------------------------------------------------------------------------- */

static int verify_evidence(const struct csc_cli *cli)
{
    _cleanup_(inputs_free) struct inputs inputs = {0};
    const char *file = cli->parameters[0];
    struct csc_error err = {0};

    int code = read_inputs(cli, &inputs);
    if (code != 0)
        return code;
    int r = csc_evidence_verify(inputs.envelope.data, inputs.envelope.size, inputs.key, &inputs.seen, &err);
    if (r == 0 && inputs.receipt)
        r = csc_evidence_match(inputs.seen, inputs.receipt, &err);
    if (r == 0)
        return print_valid(cli, &inputs);
    return err.code == CSC_E_INVALID ? csc_cli_invalid(cli, file, &err) : csc_cli_fail(cli, file, &err);
}

static const struct csc_cli_option options[] = {
    [OPT_PUBLIC_KEY] = {"public-key", "PATH", "the key you trust: 32 bytes or PEM", true},
    [OPT_RECEIPT] = {"receipt", "PATH", "check that the evidence is about this receipt, too", false},
    [OPT_JSON] = {"json", NULL, "print the result, and the statement, as a JSON object", false},
    {0},
};

const struct csc_cli_command csc_cli_verify_evidence = {
    .name = "verify-evidence",
    .summary = "check the signed evidence of an execution, and show it",
    .parameters = {"ENVELOPE"},
    .options = options,
    .description =
        "ENVELOPE is a DSSE envelope with an in-toto statement, as csc run --evidence-out writes it. \"-\" is\n"
        "standard input. The signature is checked before anything of the statement is read. That the receipt\n"
        "itself is signed by the same key, csc verify-receipt checks.\n"
        "Exit code: 0 valid, 1 no signature is by the key or the evidence is about another receipt, 65 no valid\n"
        "envelope, statement or receipt.\n",
    .examples = "  csc verify-evidence evidence.json --public-key runner.pub\n"
                "  csc verify-evidence evidence.json --public-key runner.pub --receipt out/receipt.json\n",
    .run = verify_evidence,
};
