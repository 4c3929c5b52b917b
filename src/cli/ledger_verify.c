/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/ledger.h"

enum { OPT_CHECKPOINT = CSC_LEDGER_OPT_PATH + 1, OPT_PUBLIC_KEY, OPT_KEY_ID, OPT_REQUIRE_COMPLETE, OPT_JSON };

static const char *const verdict_names[] = {
    [CSC_LEDGER_NOT_ESTABLISHED] = "not established",
    [CSC_LEDGER_COMPLETE] = "complete",
    [CSC_LEDGER_GAP] = "provable gap",
};

/* All that is read before the ledger is. */
struct inputs {
    struct csc_public_key *key;
    struct csc_buf notes[CSC_CLI_VALUES_MAX];
    struct csc_ledger_witness witnesses[CSC_CLI_VALUES_MAX];
    size_t count;
};

static void inputs_free(struct inputs *inputs)
{
    csc_public_key_free(inputs->key);
    for (size_t i = 0; i < ARRAY_SIZE(inputs->notes); i++)
        csc_buf_free(&inputs->notes[i]);
}

static int read_inputs(const struct csc_cli *cli, struct inputs *inputs)
{
    const char *const *files, *key = cli->options[OPT_PUBLIC_KEY];
    struct csc_error err = {0};

    if (!key != !cli->options[OPT_KEY_ID])
        return csc_cli_usage(cli, "--public-key and --key-id are for each other; give both");
    if (key && csc_public_key_load(key, &inputs->key, &err) < 0)
        return csc_cli_fail(cli, key, &err);
    inputs->count = csc_cli_values(cli, OPT_CHECKPOINT, &files);
    for (size_t i = 0; i < inputs->count; i++) {
        int code = csc_cli_read(cli, files[i], CSC_NOTE_BYTES_MAX, &inputs->notes[i]);
        if (code != 0)
            return code;
        inputs->witnesses[i] = (struct csc_ledger_witness){
            .name = files[i],
            .bytes = inputs->notes[i].data ? inputs->notes[i].data : "",
            .size = inputs->notes[i].size,
        };
    }
    return 0;
}

/* ---- progress ----------------------------------------------------------------------------------------------- */

enum { BAR = 30, EVERY = 100000 /* microseconds */ };

struct progress {
    bool shown, wanted;
    int64_t last;
};

static void draw(void *context, uint64_t done, uint64_t of)
{
    struct progress *progress = context;
    static const char bar[BAR + 1] = "==============================";
    int64_t now = csc_time_now();
    char line[120];

    if (!progress->wanted || of == 0 || (now - progress->last < EVERY && now >= progress->last))
        return;
    progress->last = now;
    progress->shown = true;
    double part = done < of ? (double)done / (double)of : 1.0;
    int length = snprintf(line, sizeof(line), "\r[%-*.*s] %3d%% of %" PRIu64, BAR, (int)(part * BAR), bar,
                          (int)(part * 100), of);
    if (length > 0)
        (void)csc_write_all(STDERR_FILENO, line, (size_t)length);
}

static void wipe(const struct progress *progress)
{
    static const char erase[] = "\r\033[K";

    if (progress->shown)
        (void)csc_write_all(STDERR_FILENO, erase, sizeof(erase) - 1);
}

/* ---- saying ------------------------------------------------------------------------------------------------- */

/* What would make "complete" of "not established", a line each. */
static void put_remedies(struct csc_buf *text, const struct inputs *inputs, const struct csc_ledger_finding *finding)
{
    const char *begin = "to establish more: ";

    if (inputs->count == 0)
        csc_buf_printf(text,
                       "%sgive --checkpoint FILE, a checkpoint kept where the writer of this ledger could not "
                       "change it\n",
                       begin);
    else if (finding->covered < finding->entries)
        csc_buf_printf(text,
                       "%sgive a later checkpoint; after entry %" PRIu64 " nothing from outside says what there was\n",
                       begin, finding->covered);
    if (!inputs->key)
        csc_buf_printf(text, "%sgive --public-key PATH and --key-id ID; without them no signature is verified\n",
                       begin);
    if (finding->other_keys > 0)
        csc_buf_printf(text, "%sverify with the other keys too, one after the other\n", begin);
    if (finding->dead > 0)
        csc_buf_printf(text, "%slet a csc run with a key close what died\n", begin);
    if (finding->unknown > 0)
        csc_buf_printf(text, "%sverify where the runners of unfinished executions can be seen\n", begin);
}

static void put_counts(struct csc_buf *text, const struct inputs *inputs, const struct csc_ledger_finding *finding)
{
    char root[CSC_SHA256_HEX];

    csc_hex(finding->head.root.bytes, sizeof(finding->head.root.bytes), root);
    csc_buf_printf(text, "entries      %" PRIu64 ", of which checkpoints from outside cover %" PRIu64 "\n",
                   finding->entries, finding->covered);
    if (finding->head.size == finding->entries)
        csc_buf_printf(text, "root         %s\n", root);
    if (inputs->key)
        csc_buf_printf(text,
                       "signatures   %" PRIu64 " good, %" PRIu64 " unsigned, %" PRIu64 " by other keys (not checked)\n",
                       finding->signatures, finding->unsigned_receipts, finding->other_keys);
    else
        csc_buf_puts(text, "signatures   not checked\n");
    csc_buf_printf(text, "unfinished   %" PRIu64 " died, %" PRIu64 " unknown\n", finding->dead, finding->unknown);
}

static int print_text(const struct csc_cli *cli, const struct inputs *inputs, const struct csc_ledger_finding *finding,
                      int code)
{
    static const enum csc_cli_tone tones[] = {
        [CSC_LEDGER_NOT_ESTABLISHED] = CSC_TONE_WAIT,
        [CSC_LEDGER_COMPLETE] = CSC_TONE_GOOD,
        [CSC_LEDGER_GAP] = CSC_TONE_BAD,
    };
    _cleanup_buf_ struct csc_buf text = {0};

    put_counts(&text, inputs, finding);
    csc_cli_paint(&text, STDOUT_FILENO, tones[finding->verdict], verdict_names[finding->verdict]);
    csc_buf_puts(&text, finding->verdict == CSC_LEDGER_COMPLETE ? " " : ": ");
    csc_buf_escape(&text, finding->text, strlen(finding->text));
    csc_buf_putc(&text, '\n');
    if (finding->verdict == CSC_LEDGER_NOT_ESTABLISHED)
        put_remedies(&text, inputs, finding);
    return csc_cli_print(cli, &text, code);
}

static int print_json(const struct csc_cli *cli, const struct inputs *inputs, const struct csc_ledger_finding *finding,
                      int code)
{
    static const char *const words[] = {
        [CSC_LEDGER_NOT_ESTABLISHED] = "not_established",
        [CSC_LEDGER_COMPLETE] = "complete",
        [CSC_LEDGER_GAP] = "gap",
    };
    _cleanup_arena_ struct csc_arena arena = {0};
    char root[CSC_SHA256_HEX];
    struct csc_object object;
    struct csc_value value;
    struct csc_error err = {0};

    csc_hex(finding->head.root.bytes, sizeof(finding->head.root.bytes), root);
    csc_object_begin(&object, &arena, 13);
    csc_object_string(&object, "verdict", words[finding->verdict]);
    csc_object_string(&object, "text", finding->text);
    csc_object_int(&object, "entries", (int64_t)finding->entries);
    csc_object_int(&object, "covered", (int64_t)finding->covered);
    csc_object_bool(&object, "signatures_checked", inputs->key != NULL);
    csc_object_int(&object, "signatures", (int64_t)finding->signatures);
    csc_object_int(&object, "unsigned_receipts", (int64_t)finding->unsigned_receipts);
    csc_object_int(&object, "other_keys", (int64_t)finding->other_keys);
    csc_object_int(&object, "dead", (int64_t)finding->dead);
    csc_object_int(&object, "unknown", (int64_t)finding->unknown);
    if (finding->head.size == finding->entries)
        csc_object_string(&object, "root", root);
    if (finding->has_difference)
        csc_object_int(&object, "difference_at", (int64_t)finding->difference_at);
    if (csc_object_end(&object, &value, &err) < 0)
        return csc_cli_fail(cli, NULL, &err);
    return csc_cli_print_json(cli, &value, code);
}

/* ---- the whole ---------------------------------------------------------------------------------------------- */

static int verdict_code(const struct csc_cli *cli, enum csc_ledger_verdict verdict)
{
    if (verdict == CSC_LEDGER_NOT_ESTABLISHED)
        return cli->options[OPT_REQUIRE_COMPLETE] ? CSC_EXIT_NO : 0;
    return verdict == CSC_LEDGER_COMPLETE ? 0 : CSC_EXIT_NO;
}

static int verify(const struct csc_cli *cli)
{
    _cleanup_ledger_ struct csc_cli_ledger ledger = {0};
    _cleanup_(inputs_free) struct inputs inputs = {0};
    const char *term = getenv("TERM");
    struct progress progress = {.wanted = isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0,
                                .last = csc_time_now()};
    struct csc_ledger_finding finding = {0};
    struct csc_error err = {0};

    int code = read_inputs(cli, &inputs);
    if (code == 0)
        code = csc_cli_ledger_open(cli, &ledger);
    if (code != 0)
        return code;
    const struct csc_ledger_check check = {
        .key = inputs.key,
        .key_id = cli->options[OPT_KEY_ID],
        .witnesses = inputs.witnesses,
        .witness_count = inputs.count,
        .progress = draw,
        .context = &progress,
    };
    int r = csc_ledger_verify(ledger.ledger, &check, &finding, &err);
    wipe(&progress);
    if (r < 0)
        return csc_cli_ledger_fail(cli, &ledger, &err);
    code = verdict_code(cli, finding.verdict);
    return cli->json ? print_json(cli, &inputs, &finding, code) : print_text(cli, &inputs, &finding, code);
}

static const struct csc_cli_option options[] = {
    [CSC_LEDGER_OPT_PATH] = CSC_LEDGER_PATH_OPTION,
    [OPT_CHECKPOINT] = {"checkpoint", "FILE", "one kept elsewhere; the ledger must continue it", CSC_CLI_REPEATABLE},
    [OPT_PUBLIC_KEY] = {"public-key", "PATH", "the runner's key you trust: 32 bytes or PEM", CSC_CLI_OPTIONAL},
    [OPT_KEY_ID] = {"key-id", "ID", "the name you know that key by", CSC_CLI_OPTIONAL},
    [OPT_REQUIRE_COMPLETE] = {"require-complete", NULL, "exit with 1 unless the verdict is \"complete\"",
                              CSC_CLI_OPTIONAL},
    [OPT_JSON] = {"json", NULL, "print the finding as a JSON object", CSC_CLI_OPTIONAL},
    {0},
};

const struct csc_cli_command csc_cli_ledger_verify = {
    .name = "ledger verify",
    .summary = "recompute everything, and say whether something is missing or changed",
    .options = options,
    .description =
        "Verdicts: complete: a checkpoint from elsewhere proves that every entry up to it is as it was, and none is\n"
        "missing; of what comes after it nothing says that it is all. provable gap: something is missing or changed.\n"
        "not established: nothing contradicts, and nothing from outside vouches for any of it, or something died.\n"
        "The first difference is said by its entry.\n"
        "Exit code: 0 complete, or not established; 1 a gap; 65, 66 what is given cannot be read or is no ledger.\n",
    .examples = "  csc ledger verify --public-key runner.pub --key-id runner-1 --checkpoint kept/today.note\n"
                "  csc ledger verify --checkpoint kept/may.note --checkpoint kept/june.note --require-complete\n",
    .run = verify,
};
