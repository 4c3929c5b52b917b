/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What commands printed, made fit for an agent. Threat: it is written by whoever wrote what the command read. It
 * may hold terminal escapes, characters that hide or reorder, JSON-RPC messages, instructions, or megabytes.
 */
#include <string.h>

#include "agent/mcp_parts.h"

enum {
    OUT_HEAD = 8 << 10,
    OUT_TAIL = 16 << 10,
    ERR_HEAD = 2 << 10,
    ERR_TAIL = 6 << 10,
    TAIL_BYTES = 500,
    NOTICE_BYTES = 4 << 10,
    NOTICES_MAX = 20,
};

static const struct {
    enum csc_job_file file;
    size_t head, tail;
} streams[2] = {{CSC_JOB_CAPTURED_OUT, OUT_HEAD, OUT_TAIL}, {CSC_JOB_CAPTURED_ERR, ERR_HEAD, ERR_TAIL}};

void csc_mcp_escape(struct csc_buf *buf, const char *bytes, size_t size)
{
    size_t begin = 0;

    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != '\n' && bytes[i] != '\t')
            continue;
        csc_buf_escape(buf, bytes + begin, i - begin);
        csc_buf_putc(buf, bytes[i]);
        begin = i + 1;
    }
    csc_buf_escape(buf, bytes + begin, size - begin);
}

/* How many bytes at the end belong to a character that was cut there. */
static size_t cut_at_end(const char *bytes, size_t size)
{
    const unsigned char *s = (const unsigned char *)bytes;

    for (size_t back = 1; back <= 3 && back <= size; back++) {
        unsigned char c = s[size - back];
        if (csc_utf8_continuation(c))
            continue;
        size_t wanted = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : c >= 0xC0 ? 2 : 1;
        return wanted > back ? back : 0;
    }
    return 0;
}

static size_t cut_at_begin(const char *bytes, size_t size)
{
    size_t n = 0;

    while (n < 3 && n < size && csc_utf8_continuation((unsigned char)bytes[n]))
        n++;
    return n;
}

/* The beginning and the end, and between them how much is left out. */
static int put_both_ends(struct csc_mcp_call *call, int stream, size_t size, struct csc_buf *buf, struct csc_error *err)
{
    _cleanup_buf_ struct csc_buf head = {0}, tail = {0};
    enum csc_job_file file = streams[stream].file;

    int r = csc_job_read(&call->job, (struct csc_job_part){file, 0, streams[stream].head}, &head, err);
    if (r == 0)
        r = csc_job_read(&call->job, (struct csc_job_part){file, size - streams[stream].tail, streams[stream].tail},
                         &tail, err);
    if (r < 0)
        return r;
    size_t shown = head.size - cut_at_end(head.data, head.size), skipped = cut_at_begin(tail.data, tail.size);
    csc_mcp_escape(buf, head.data, shown);
    csc_buf_printf(buf, "%s[... %zu bytes left out ...]\n", shown > 0 && head.data[shown - 1] == '\n' ? "" : "\n",
                   size - shown - (tail.size - skipped));
    csc_mcp_escape(buf, tail.data + skipped, tail.size - skipped);
    return 0;
}

static int put_output(struct csc_mcp_call *call, int stream, size_t size, struct csc_buf *buf, struct csc_error *err)
{
    _cleanup_buf_ struct csc_buf whole = {0};

    if (size > streams[stream].head + streams[stream].tail)
        return put_both_ends(call, stream, size, buf, err);
    int r = csc_job_read(&call->job, (struct csc_job_part){streams[stream].file, 0, size}, &whole, err);
    if (r == 0)
        csc_mcp_escape(buf, whole.data, whole.size);
    return r;
}

int csc_mcp_output_value(struct csc_mcp_call *call, int stream, bool is_cut, struct csc_value *ret_value,
                         struct csc_error *err)
{
    size_t size = csc_job_size(&call->job, streams[stream].file);
    bool is_short = size <= streams[stream].head + streams[stream].tail;
    _cleanup_buf_ struct csc_buf text = {0};
    struct csc_object object;

    int r = put_output(call, stream, size, &text, err);
    if (r < 0)
        return r;
    const char *copy = text.failed ? NULL : csc_arena_copy(&call->arena, text.data ? text.data : "", text.size);
    if (!copy)
        return csc_fail_memory(err);
    csc_object_begin(&object, &call->arena, 3);
    csc_object_string(&object, "text", copy);
    csc_object_int(&object, "bytes", (int64_t)size);
    csc_object_bool(&object, "truncated", is_cut || !is_short);
    return csc_object_end(&object, ret_value, err);
}

/* The stream that grew since the last time; standard output when both did. */
static int newest_stream(struct csc_mcp_call *call)
{
    for (int i = 0; i < 2; i++) {
        size_t size = csc_job_size(&call->job, streams[i].file);
        bool grew = size > call->seen[i];
        call->seen[i] = size;
        if (grew) {
            call->tail_of = i;
            break;
        }
    }
    return call->tail_of;
}

/* Where the next line begins, or, in the last one, a later place in it. */
static size_t skip_some(const struct csc_buf *bytes, size_t at)
{
    const char *line = memchr(bytes->data + at, '\n', bytes->size - at);
    size_t next = line ? (size_t)(line - bytes->data) + 1 : bytes->size;

    if (next < bytes->size)
        return next;
    at += (bytes->size - at) / 2 + 1;
    return at + cut_at_begin(bytes->data + at, bytes->size - at);
}

const char *csc_mcp_tail(struct csc_mcp_call *call, struct csc_arena *arena)
{
    _cleanup_buf_ struct csc_buf bytes = {0}, text = {0};
    enum csc_job_file file = streams[newest_stream(call)].file;
    size_t size = csc_job_size(&call->job, file), begin = size > TAIL_BYTES ? size - TAIL_BYTES : 0, at = 0;

    if (csc_job_read(&call->job, (struct csc_job_part){file, begin, TAIL_BYTES}, &bytes, NULL) < 0 || bytes.size == 0)
        return NULL;
    if (begin > 0 && memchr(bytes.data, '\n', bytes.size - 1))
        at = skip_some(&bytes, 0);
    else if (begin > 0)
        at = cut_at_begin(bytes.data, bytes.size);
    csc_mcp_escape(&text, bytes.data + at, bytes.size - at);
    while (!text.failed && text.size > TAIL_BYTES) {
        at = skip_some(&bytes, at);
        text.size = 0;
        csc_mcp_escape(&text, bytes.data + at, bytes.size - at);
    }
    return text.failed || text.size == 0 ? NULL : csc_arena_copy(arena, text.data, text.size);
}

/* Whether a line of csc's says what the result says, too. */
static bool says_more(const char *line)
{
    size_t word = strcspn(line, ",; ");

    return word > 0 && (word != strlen("success") || strncmp(line, "success", word) != 0);
}

int csc_mcp_notices(struct csc_mcp_call *call, struct csc_value *ret_value, struct csc_error *err)
{
    _cleanup_buf_ struct csc_buf text = {0}, safe = {0};
    const char *lines[NOTICES_MAX];
    struct csc_object object;
    struct csc_value value = {0};
    size_t count = 0;
    char *rest = NULL;

    int r = csc_job_read(&call->job, (struct csc_job_part){CSC_JOB_STDERR, 0, NOTICE_BYTES}, &text, err);
    if (r < 0)
        return r;
    csc_mcp_escape(&safe, text.data, text.size);
    char *copy = safe.failed ? NULL : csc_arena_copy(&call->arena, safe.data ? safe.data : "", safe.size);
    if (!copy)
        return csc_fail_memory(err);
    for (char *line = strtok_r(copy, "\n", &rest); line && count < NOTICES_MAX; line = strtok_r(NULL, "\n", &rest)) {
        line += strncmp(line, "csc: ", strlen("csc: ")) == 0 ? strlen("csc: ") : 0;
        if (says_more(line))
            lines[count++] = line;
    }
    csc_object_begin(&object, &call->arena, 1);
    csc_object_strings(&object, &call->arena, "notices", lines, count);
    r = csc_object_end(&object, &value, err);
    if (r == 0)
        *ret_value = value.members[0].value;
    return r;
}
