/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "cli/run.h"

static const struct {
    int code;
    enum csc_cli_tone tone;
    const char *word;
} outcomes[] = {
    [CSC_OUTCOME_BLOCKED] = {CSC_EXIT_NO, CSC_TONE_BAD, "blocked"},
    [CSC_OUTCOME_SUCCESS] = {0, CSC_TONE_GOOD, "success"},
    [CSC_OUTCOME_FAILED] = {CSC_EXIT_NO, CSC_TONE_BAD, "failed"},
    [CSC_OUTCOME_EXPIRED] = {CSC_EXIT_NO, CSC_TONE_BAD, "expired"},
    [CSC_OUTCOME_NEEDS_APPROVAL] = {CSC_EXIT_NEEDS_APPROVAL, CSC_TONE_WAIT, "needs approval"},
    [CSC_OUTCOME_OVER_LIMIT] = {CSC_E_DATA, CSC_TONE_BAD, "blocked"},
    [CSC_OUTCOME_NO_SECRETS] = {CSC_E_CONFIG, CSC_TONE_BAD, "blocked"},
    [CSC_OUTCOME_INTERRUPTED] = {128, CSC_TONE_BAD, "interrupted"},
    [CSC_OUTCOME_NO_BOUNDARY] = {CSC_E_CONFIG, CSC_TONE_BAD, "blocked"},
    [CSC_OUTCOME_NO_LEDGER] = {CSC_E_OUTPUT, CSC_TONE_BAD, "blocked"},
};

int csc_cli_run_code(const struct csc_flow_result *result)
{
    int code = outcomes[result->outcome].code;

    return result->outcome == CSC_OUTCOME_INTERRUPTED ? code + result->signal_number : code;
}

static bool was_cut(const struct csc_receipt *receipt, const char *field)
{
    const struct csc_value *value = csc_value_get(&receipt->root, field);

    return value && value->type == CSC_BOOL && value->boolean;
}

/* ": why" of the summary. */
static void append_reason(struct csc_buf *buf, const struct csc_flow_result *result)
{
    const struct csc_value *code = csc_value_get(&result->receipt->root, "exit_code");
    const struct csc_value *command = csc_value_get(&result->receipt->root, "failed_command_id");

    if (result->outcome == CSC_OUTCOME_SUCCESS)
        return;
    if (command && command->type == CSC_STRING)
        csc_buf_printf(buf, ": command '%s'", command->string);
    if (result->reason[0])
        csc_buf_printf(buf, ": %s", result->reason);
    else if (code && code->type == CSC_INT)
        csc_buf_printf(buf, " ended with exit code %" PRId64, code->integer);
}

static void say_cut(const struct csc_cli_report *report, enum csc_stream stream, const char *name)
{
    static const char *const fields[] = {"stdout_truncated", "stderr_truncated"};
    int64_t cap = report->caps[stream];
    bool whole = cap % (1 << 20) == 0;

    if (was_cut(report->result->receipt, fields[stream]))
        csc_cli_say("%s was longer than %" PRId64 " %s; the receipt's hash covers the beginning", name,
                    whole ? cap >> 20 : cap, whole ? "MiB" : "bytes");
}

void csc_cli_summarise(const struct csc_cli_report *report)
{
    const struct csc_flow_result *result = report->result;
    bool denied = result->decision && result->decision->verdict == CSC_DENY;
    _cleanup_buf_ struct csc_buf rest = {0};

    say_cut(report, CSC_STDOUT, "stdout");
    say_cut(report, CSC_STDERR, "stderr");
    append_reason(&rest, result);
    if (report->receipt_path)
        csc_buf_printf(&rest, "; receipt %s", report->receipt_path);
    if (report->key_id)
        csc_buf_printf(&rest, ", signed by %s", report->key_id);
    if (result->is_recorded)
        csc_buf_printf(&rest, ", ledger entry %" PRIu64, result->entry);
    csc_cli_say_tone(outcomes[result->outcome].tone, denied ? "denied" : outcomes[result->outcome].word, "%s",
                     rest.failed ? "" : rest.data);
}

/* Reads back at most `max` bytes of what was captured. */
static int read_captured(int fd, size_t max, struct csc_buf *ret_bytes, struct csc_error *err)
{
    off_t size = lseek(fd, 0, SEEK_END);

    if (size < 0)
        return csc_fail_errno(err, CSC_E_INTERNAL, errno, "lseek");
    if ((uintmax_t)size < max)
        max = (size_t)size;
    char *to = csc_buf_reserve(ret_bytes, max);
    if (!to)
        return csc_fail_memory(err);
    while (ret_bytes->size < max) {
        ssize_t n = pread(fd, to + ret_bytes->size, max - ret_bytes->size, (off_t)ret_bytes->size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return csc_fail_errno(err, CSC_E_INTERNAL, n < 0 ? errno : EIO, "failed to read the captured output");
        ret_bytes->size += (size_t)n;
    }
    to[max] = '\0';
    return 0;
}

struct stream {
    const char *name, *encoding_name;
    size_t cap;
};

/* Text where that is what it is; U+0000, which strict readers refuse, and invalid UTF-8 make it base64. `buf` holds
 * what the object refers to. */
static int add_captured(struct csc_object *object, const struct stream *stream, int fd, struct csc_buf *buf,
                        struct csc_error *err)
{
    _cleanup_buf_ struct csc_buf bytes = {0};

    int r = read_captured(fd, stream->cap, &bytes, err);
    if (r < 0)
        return r;
    bool text = csc_utf8_valid(bytes.data, bytes.size) && (bytes.size == 0 || !memchr(bytes.data, '\0', bytes.size));
    if (text) {
        *buf = bytes;
        bytes = (struct csc_buf){0};
    } else {
        csc_base64_encode(buf, (const uint8_t *)bytes.data, bytes.size);
    }
    if (buf->failed)
        return csc_fail_memory(err);
    csc_object_string(object, stream->name, buf->data);
    csc_object_string(object, stream->encoding_name, text ? "utf-8" : "base64");
    return 0;
}

int csc_cli_print_run(const struct csc_cli *cli, const struct csc_cli_report *report, const int captured[2], int code)
{
    const struct stream streams[2] = {{"stdout", "stdout_encoding", (size_t)report->caps[CSC_STDOUT]},
                                      {"stderr", "stderr_encoding", (size_t)report->caps[CSC_STDERR]}};
    const struct csc_flow_result *result = report->result;
    _cleanup_arena_ struct csc_arena arena = {0};
    _cleanup_buf_ struct csc_buf path = {0}, out = {0}, errors = {0};
    struct csc_buf *bufs[2] = {&out, &errors};
    struct csc_error err = {0};
    struct csc_object object;
    struct csc_value value;

    if (report->receipt_path)
        csc_buf_escape(&path, report->receipt_path, strlen(report->receipt_path));
    csc_object_begin(&object, &arena, 9);
    if (result->decision) {
        if (csc_decision_value(result->decision, &arena, &value, &err) < 0)
            return csc_cli_fail(cli, NULL, &err);
        csc_object_value(&object, "decision", value);
    }
    csc_object_value(&object, "receipt", result->receipt->root);
    if (report->receipt_path)
        csc_object_string(&object, "receipt_path", path.failed ? "" : path.data);
    csc_object_int(&object, "exit", code);
    if (result->is_recorded)
        csc_object_int(&object, "ledger_entry", (int64_t)result->entry);
    for (int i = 0; i < 2 && !report->output_elsewhere; i++)
        if (add_captured(&object, &streams[i], captured[i], bufs[i], &err) < 0)
            return csc_cli_fail(cli, NULL, &err);
    if (csc_object_end(&object, &value, &err) < 0)
        return csc_cli_fail(cli, NULL, &err);
    return csc_cli_print_json(cli, &value, code);
}
