/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>
#include <sys/prctl.h>

#include "cli/ledger.h"

enum { OPT_SIGN = CSC_LEDGER_OPT_PATH + 1, OPT_SIGNING_KEY, OPT_KEY_ID, OPT_VKEY, OPT_PUBLIC_KEY, OPT_OUT, OPT_JSON };

static void signing_key_cleanup(struct csc_signing_key **key)
{
    csc_signing_key_free(*key);
}

static void public_key_cleanup(struct csc_public_key **key)
{
    csc_public_key_free(*key);
}

static int check_options(const struct csc_cli *cli)
{
    bool key = cli->options[OPT_SIGNING_KEY], key_id = cli->options[OPT_KEY_ID];

    if (cli->options[OPT_SIGN] && cli->options[OPT_VKEY])
        return csc_cli_usage(cli, "--sign and --vkey are two things; give one");
    if (cli->options[OPT_SIGN] && (!key || !key_id))
        return csc_cli_usage(cli, "--sign needs --signing-key PATH and --key-id ID");
    if (!cli->options[OPT_SIGN] && (key || key_id))
        return csc_cli_usage(cli, "--signing-key and --key-id are for --sign, which is not given");
    if (!cli->options[OPT_VKEY] != !cli->options[OPT_PUBLIC_KEY])
        return csc_cli_usage(cli, "--vkey and --public-key PATH are for each other; give both");
    return 0;
}

/* ---- the three things to print ------------------------------------------------------------------------------ */

/* A ledger that can only be read gets a checkpoint too; it is kept by whoever asked then. What is not there was found
 * out before: none is made here. */
static int sign_checkpoint(const struct csc_cli *cli, struct csc_cli_ledger *ledger, struct csc_buf *ret_note)
{
    _cleanup_(signing_key_cleanup) struct csc_signing_key *key = NULL;
    const char *path = cli->options[OPT_SIGNING_KEY];
    struct csc_ledger *writable = NULL;
    struct csc_error err = {0};

    /* No other process of this user may read the key out of this one. */
    if (prctl(PR_SET_DUMPABLE, 0) < 0) {
        csc_fail_errno(&err, CSC_E_INTERNAL, errno, "prctl");
        return csc_cli_fail(cli, NULL, &err);
    }
    if (csc_signing_key_load(path, &key, &err) < 0)
        return csc_cli_fail(cli, path, &err);
    const struct csc_ledger_signer signer = {.key = key, .key_id = cli->options[OPT_KEY_ID]};
    if (csc_ledger_open(ledger->path, CSC_LEDGER_WRITE, &writable, NULL) < 0)
        writable = NULL;
    int r = csc_ledger_checkpoint(writable ? writable : ledger->ledger, &signer, ret_note, &err);
    csc_ledger_close(writable);
    return r < 0 ? csc_cli_ledger_fail(cli, ledger, &err) : 0;
}

static int write_vkey(const struct csc_cli *cli, const struct csc_cli_ledger *ledger, struct csc_buf *ret_text)
{
    _cleanup_(public_key_cleanup) struct csc_public_key *public = NULL;
    const char *path = cli->options[OPT_PUBLIC_KEY];
    struct csc_note_key key;
    struct csc_error err = {0};

    if (csc_public_key_load(path, &public, &err) < 0)
        return csc_cli_fail(cli, path, &err);
    if (csc_note_key_make(csc_ledger_origin(ledger->ledger), public, &key, &err) < 0)
        return csc_cli_ledger_fail(cli, ledger, &err);
    csc_note_key_write(ret_text, &key);
    csc_buf_putc(ret_text, '\n');
    return 0;
}

static int make_text(const struct csc_cli *cli, struct csc_cli_ledger *ledger, struct csc_buf *ret_text)
{
    struct csc_error err = {0};

    if (cli->options[OPT_SIGN])
        return sign_checkpoint(cli, ledger, ret_text);
    if (cli->options[OPT_VKEY])
        return write_vkey(cli, ledger, ret_text);
    return csc_ledger_kept_checkpoint(ledger->ledger, ret_text, &err) < 0 ? csc_cli_ledger_fail(cli, ledger, &err) : 0;
}

static int checkpoint(const struct csc_cli *cli)
{
    _cleanup_ledger_ struct csc_cli_ledger ledger = {0};
    _cleanup_buf_ struct csc_buf text = {0};

    int code = check_options(cli);
    if (code == 0)
        code = csc_cli_ledger_open(cli, &ledger);
    if (code == 0)
        code = make_text(cli, &ledger, &text);
    if (code != 0)
        return code;
    return csc_cli_ledger_deliver(cli, cli->options[OPT_OUT], cli->options[OPT_VKEY] ? "vkey" : "checkpoint", &text);
}

static const struct csc_cli_option options[] = {
    [CSC_LEDGER_OPT_PATH] = CSC_LEDGER_PATH_OPTION,
    [OPT_SIGN] = {"sign", NULL, "sign one of the log as it is now", CSC_CLI_OPTIONAL},
    [OPT_SIGNING_KEY] = {"signing-key", "PATH", "private key, for --sign", CSC_CLI_OPTIONAL},
    [OPT_KEY_ID] = {"key-id", "ID", "the name verifiers know that key by", CSC_CLI_OPTIONAL},
    [OPT_VKEY] = {"vkey", NULL, "print the key's line for --checkpoint-key instead", CSC_CLI_OPTIONAL},
    [OPT_PUBLIC_KEY] = {"public-key", "PATH", "that key, for --vkey: 32 bytes or PEM", CSC_CLI_OPTIONAL},
    [OPT_OUT] = {"out", "FILE", "write it there instead", CSC_CLI_OPTIONAL},
    [OPT_JSON] = {"json", NULL, "print it in a JSON object", CSC_CLI_OPTIONAL},
    {0},
};

const struct csc_cli_command csc_cli_ledger_checkpoint = {
    .name = "ledger checkpoint",
    .summary = "print a checkpoint to keep elsewhere",
    .options = options,
    .description =
        "A checkpoint is the log's state in three lines and a signature. Kept where who can write the ledger cannot,\n"
        "it proves that nothing up to it is changed or missing: csc ledger verify --checkpoint. Without --sign, the\n"
        "newest that is kept in the ledger itself is printed. Nothing of what is signed is verified here.\n",
    .examples = "  csc ledger checkpoint --sign --signing-key runner.key --key-id runner-1 --out kept/today.note\n"
                "  csc ledger checkpoint --vkey --public-key runner.pub > log.vkey\n",
    .run = checkpoint,
};
