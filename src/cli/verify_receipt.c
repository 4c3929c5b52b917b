/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/cli.h"

enum { OPT_PUBLIC_KEY, OPT_KEY_ID, OPT_JSON };

static void public_key_cleanup(struct csc_public_key **key)
{
    csc_public_key_free(*key);
}

static int print_valid(const struct csc_cli *cli, const struct csc_receipt *receipt)
{
    _cleanup_arena_ struct csc_arena arena = {0};
    _cleanup_buf_ struct csc_buf line = {0}, text = {0};
    struct csc_error err = {0};
    struct csc_object object;
    struct csc_value value;

    if (cli->json) {
        csc_object_begin(&object, &arena, 5);
        csc_object_bool(&object, "valid", true);
        csc_object_string(&object, "execution_id", receipt->execution_id);
        csc_object_string(&object, "status", csc_status_names[receipt->status]);
        csc_object_string(&object, "signed_at", receipt->signature.signed_at);
        csc_object_string(&object, "key_id", receipt->signature.key_id);
        if (csc_object_end(&object, &value, &err) < 0)
            return csc_cli_fail(cli, NULL, &err);
        return csc_cli_print_json(cli, &value, 0);
    }
    csc_buf_printf(&line, "execution %s, status %s, signed %s by %s", receipt->execution_id,
                   csc_status_names[receipt->status], receipt->signature.signed_at, receipt->signature.key_id);
    csc_cli_paint(&text, STDOUT_FILENO, CSC_TONE_GOOD, "valid");
    csc_buf_puts(&text, ": ");
    if (!line.failed)
        csc_buf_escape(&text, line.data, line.size);
    csc_buf_putc(&text, '\n');
    return csc_cli_print(cli, line.failed ? &line : &text, 0);
}

/* With --json a failed check is a result, like a valid one, and no error object. */
static int print_invalid(const struct csc_cli *cli, const struct csc_error *reason)
{
    _cleanup_arena_ struct csc_arena arena = {0};
    struct csc_error err = {0};
    struct csc_object object;
    struct csc_value value;

    csc_cli_say("%s: %s", strcmp(cli->parameters[0], "-") == 0 ? "standard input" : cli->parameters[0], reason->text);
    if (!cli->json)
        return CSC_EXIT_NO;
    csc_object_begin(&object, &arena, 2);
    csc_object_bool(&object, "valid", false);
    csc_object_string(&object, "reason", reason->text);
    if (csc_object_end(&object, &value, &err) < 0)
        return csc_cli_fail(cli, NULL, &err);
    return csc_cli_print_json(cli, &value, CSC_EXIT_NO);
}

static int verify_receipt(const struct csc_cli *cli)
{
    _cleanup_(public_key_cleanup) struct csc_public_key *key = NULL;
    _cleanup_receipt_ struct csc_receipt *receipt = NULL;
    _cleanup_buf_ struct csc_buf bytes = {0};
    struct csc_error err = {0};

    if (csc_public_key_load(cli->options[OPT_PUBLIC_KEY], &key, &err) < 0)
        return csc_cli_fail(cli, cli->options[OPT_PUBLIC_KEY], &err);
    int code = csc_cli_read(cli, cli->parameters[0], CSC_RECEIPT_BYTES_MAX, &bytes);
    if (code != 0)
        return code;
    if (csc_receipt_parse(bytes.data, bytes.size, &receipt, &err) < 0)
        return csc_cli_fail(cli, cli->parameters[0], &err);
    if (csc_receipt_verify(receipt, key, cli->options[OPT_KEY_ID], &err) == 0)
        return print_valid(cli, receipt);
    return err.code == CSC_E_INVALID ? print_invalid(cli, &err) : csc_cli_fail(cli, cli->parameters[0], &err);
}

static const struct csc_cli_option options[] = {
    [OPT_PUBLIC_KEY] = {"public-key", "PATH", "the key you trust: 32 bytes or PEM", true},
    [OPT_KEY_ID] = {"key-id", "ID", "the name you know that key by; the receipt must carry it", true},
    [OPT_JSON] = {"json", NULL, "print the result as a JSON object", false},
    {0},
};

const struct csc_cli_command csc_cli_verify_receipt = {
    .name = "verify-receipt",
    .summary = "check a receipt's form and its signature",
    .parameters = {"RECEIPT"},
    .options = options,
    .description = "\"-\" is standard input.\n"
                   "Exit code: 0 valid, 1 the signature or its key is not the one expected, 65 no valid receipt.\n",
    .examples = "  csc verify-receipt out/receipt.json --public-key runner.pub --key-id runner-1\n",
    .run = verify_receipt,
};
