/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/cli.h"
#include "ledger/ledger.h"

enum { OPT_PUBLIC_KEY, OPT_KEY_ID, OPT_PROOF, OPT_CHECKPOINT_KEY, OPT_JSON };

/* All that is read before anything is checked. */
struct inputs {
    struct csc_public_key *key;
    struct csc_receipt *receipt;
    struct csc_buf proof_bytes;
    struct csc_proof proof;             /* with --proof */
    struct csc_note_key checkpoint_key; /* likewise */
};

static void inputs_free(struct inputs *inputs)
{
    csc_public_key_free(inputs->key);
    csc_receipt_free(inputs->receipt);
    csc_buf_free(&inputs->proof_bytes);
}

/* ---- reading ------------------------------------------------------------------------------------------------ */

static int check_usage(const struct csc_cli *cli)
{
    const char *proof = cli->options[OPT_PROOF], *key = cli->options[OPT_CHECKPOINT_KEY];

    if (!proof != !key)
        return csc_cli_usage(cli, "--proof and --checkpoint-key are for each other; give both");
    if (proof && (strcmp(cli->parameters[0], "-") == 0) + (strcmp(proof, "-") == 0) + (strcmp(key, "-") == 0) > 1)
        return csc_cli_usage(cli, "only one of RECEIPT, --proof and --checkpoint-key can be standard input");
    return 0;
}

/* Has the form of a key's text, NAME+ID+KEY, so that it is one; else it is a path. What there is in the current folder,
 * which others may write, has no say in that. */
static bool is_key_text(const char *value)
{
    const char *id = strchr(value, '+');

    return id && strspn(id + 1, "0123456789abcdefABCDEF") == (size_t)2 * CSC_NOTE_ID_BYTES &&
           id[1 + 2 * CSC_NOTE_ID_BYTES] == '+';
}

static int read_checkpoint_key(const struct csc_cli *cli, struct inputs *inputs)
{
    const char *value = cli->options[OPT_CHECKPOINT_KEY], *name = value;
    _cleanup_buf_ struct csc_buf text = {0};
    struct csc_error err = {0};

    if (is_key_text(value)) {
        name = "--checkpoint-key";
        csc_buf_puts(&text, value);
    } else {
        int code = csc_cli_read(cli, value, CSC_NOTE_KEY_TEXT_MAX + 1, &text);
        if (code != 0)
            return code;
    }
    int r = text.failed ? csc_fail_memory(&err)
                        : csc_note_key_parse(text.data, text.size, &inputs->checkpoint_key, &err);
    return r < 0 ? csc_cli_fail(cli, name, &err) : 0;
}

static int read_proof(const struct csc_cli *cli, struct inputs *inputs)
{
    const char *path = cli->options[OPT_PROOF];
    struct csc_error err = {0};

    int code = csc_cli_read(cli, path, CSC_PROOF_BYTES_MAX, &inputs->proof_bytes);
    if (code != 0)
        return code;
    if (csc_proof_parse(inputs->proof_bytes.data, inputs->proof_bytes.size, &inputs->proof, &err) < 0)
        return csc_cli_fail(cli, path, &err);
    return 0;
}

static int read_inputs(const struct csc_cli *cli, struct inputs *inputs)
{
    _cleanup_buf_ struct csc_buf bytes = {0};
    struct csc_error err = {0};

    if (csc_public_key_load(cli->options[OPT_PUBLIC_KEY], &inputs->key, &err) < 0)
        return csc_cli_fail(cli, cli->options[OPT_PUBLIC_KEY], &err);
    int code = cli->options[OPT_PROOF] ? read_checkpoint_key(cli, inputs) : 0;
    if (code == 0)
        code = csc_cli_read(cli, cli->parameters[0], CSC_RECEIPT_BYTES_MAX, &bytes);
    if (code != 0)
        return code;
    if (csc_receipt_parse(bytes.data, bytes.size, &inputs->receipt, &err) < 0)
        return csc_cli_fail(cli, cli->parameters[0], &err);
    return cli->options[OPT_PROOF] ? read_proof(cli, inputs) : 0;
}

/* ---- saying ------------------------------------------------------------------------------------------------- */

/* Where the receipt is in the log, as an object. */
static int build_inclusion(struct csc_arena *arena, const struct csc_proof *proof, struct csc_value *ret_value,
                           struct csc_error *err)
{
    const struct csc_merkle_head *head = &proof->checkpoint.head;
    struct csc_object object;
    char root[CSC_SHA256_HEX];

    csc_hex(head->root.bytes, sizeof(head->root.bytes), root);
    const char *root_copy = csc_arena_copy(arena, root, strlen(root));
    if (!root_copy)
        return csc_fail_memory(err);
    csc_object_begin(&object, arena, 4);
    csc_object_string(&object, "log", proof->checkpoint.origin);
    csc_object_int(&object, "index", (int64_t)proof->index);
    csc_object_int(&object, "tree_size", (int64_t)head->size);
    csc_object_string(&object, "root", root_copy);
    return csc_object_end(&object, ret_value, err);
}

static int print_valid_json(const struct csc_cli *cli, const struct inputs *inputs)
{
    _cleanup_arena_ struct csc_arena arena = {0};
    const struct csc_receipt *receipt = inputs->receipt;
    struct csc_value value, inclusion = {0};
    struct csc_error err = {0};
    struct csc_object object;

    csc_object_begin(&object, &arena, 6);
    csc_object_bool(&object, "valid", true);
    csc_object_string(&object, "execution_id", receipt->execution_id);
    csc_object_string(&object, "status", csc_status_names[receipt->status]);
    csc_object_string(&object, "signed_at", receipt->signature.signed_at);
    csc_object_string(&object, "key_id", receipt->signature.key_id);
    if (cli->options[OPT_PROOF]) {
        if (build_inclusion(&arena, &inputs->proof, &inclusion, &err) < 0)
            return csc_cli_fail(cli, NULL, &err);
        csc_object_value(&object, "inclusion", inclusion);
    }
    if (csc_object_end(&object, &value, &err) < 0)
        return csc_cli_fail(cli, NULL, &err);
    return csc_cli_print_json(cli, &value, 0);
}

static int print_valid(const struct csc_cli *cli, const struct inputs *inputs)
{
    _cleanup_buf_ struct csc_buf line = {0}, text = {0};
    const struct csc_receipt *receipt = inputs->receipt;
    const struct csc_checkpoint *checkpoint = &inputs->proof.checkpoint;

    if (cli->json)
        return print_valid_json(cli, inputs);
    csc_buf_printf(&line, "execution %s, status %s, signed %s by %s", receipt->execution_id,
                   csc_status_names[receipt->status], receipt->signature.signed_at, receipt->signature.key_id);
    if (cli->options[OPT_PROOF])
        csc_buf_printf(&line, "; in the log %s, at index %llu of %llu", checkpoint->origin,
                       (unsigned long long)inputs->proof.index, (unsigned long long)checkpoint->head.size);
    csc_cli_paint(&text, STDOUT_FILENO, CSC_TONE_GOOD, "valid");
    csc_buf_puts(&text, ": ");
    if (!line.failed)
        csc_buf_escape(&text, line.data, line.size);
    csc_buf_putc(&text, '\n');
    return csc_cli_print(cli, line.failed ? &line : &text, 0);
}

/* ---- checking ----------------------------------------------------------------------------------------------- */

static int verify_inclusion(const struct inputs *inputs, struct csc_error *err)
{
    struct csc_merkle_hash leaf;
    int r = csc_ledger_leaf(inputs->receipt, &leaf, err);

    return r < 0 ? r : csc_proof_verify(&inputs->proof, &inputs->checkpoint_key, &leaf, err);
}

static int verify_receipt(const struct csc_cli *cli)
{
    _cleanup_(inputs_free) struct inputs inputs = {0};
    const char *file = cli->parameters[0];
    struct csc_error err = {0};

    int code = check_usage(cli);
    if (code == 0)
        code = read_inputs(cli, &inputs);
    if (code != 0)
        return code;
    int r = csc_receipt_verify(inputs.receipt, inputs.key, cli->options[OPT_KEY_ID], &err);
    if (r == 0 && cli->options[OPT_PROOF]) {
        file = cli->options[OPT_PROOF];
        r = verify_inclusion(&inputs, &err);
    }
    if (r == 0)
        return print_valid(cli, &inputs);
    return err.code == CSC_E_INVALID ? csc_cli_invalid(cli, file, &err) : csc_cli_fail(cli, file, &err);
}

static const struct csc_cli_option options[] = {
    [OPT_PUBLIC_KEY] = {"public-key", "PATH", "the key you trust: 32 bytes or PEM", CSC_CLI_REQUIRED},
    [OPT_KEY_ID] = {"key-id", "ID", "the name you know that key by; the receipt must carry it", CSC_CLI_REQUIRED},
    [OPT_PROOF] = {"proof", "PATH", "prove by this that the receipt is in a log, too", CSC_CLI_OPTIONAL},
    [OPT_CHECKPOINT_KEY] = {"checkpoint-key", "KEY", "the log's key, NAME+ID+KEY, or a file with it; for --proof",
                            CSC_CLI_OPTIONAL},
    [OPT_JSON] = {"json", NULL, "print the result as a JSON object", CSC_CLI_OPTIONAL},
    {0},
};

const struct csc_cli_command csc_cli_verify_receipt = {
    .name = "verify-receipt",
    .summary = "check a receipt's form, signature, and place in a log",
    .parameters = {"RECEIPT"},
    .options = options,
    .description =
        "\"-\" is standard input.\n"
        "With --proof, the receipt's entry in a log is verified after the signature, offline.\n"
        "Exit code: 0 valid, 1 the signature, its key or the proof is not the one expected, 65 no valid receipt\n"
        "or proof.\n",
    .examples = "  csc verify-receipt out/receipt.json --public-key runner.pub --key-id runner-1\n"
                "  csc verify-receipt out/receipt.json --public-key runner.pub --key-id runner-1 \\\n"
                "      --proof receipt.tlog-proof --checkpoint-key example.com/log+1a2b3c4d+AQ...\n",
    .run = verify_receipt,
};
