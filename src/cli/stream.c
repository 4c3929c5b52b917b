/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "cli/ledger.h"

enum { CHUNK = 32 << 10 };

void csc_cli_stream_begin(const struct csc_cli *cli, struct csc_cli_stream *ret_stream, bool paged)
{
    *ret_stream = (struct csc_cli_stream){.fd = STDOUT_FILENO};
    if (!paged || cli->stdout_closed)
        return;
    int fd = csc_cli_pager_start(&ret_stream->pager);
    if (fd >= 0)
        ret_stream->fd = fd;
}

static void write_out(const struct csc_cli *cli, struct csc_cli_stream *stream)
{
    _cleanup_buf_ struct csc_buf shown = {0};
    struct csc_buf *text = &stream->text;
    struct csc_error err = {0};

    if (stream->code != 0 || stream->gone)
        return;
    if (!text->failed && isatty(stream->fd)) {
        csc_buf_escape_json(&shown, text->data, text->size);
        text = &shown;
    }
    if (text->failed) {
        csc_fail_memory(&err);
    } else if (cli->stdout_closed) {
        csc_fail(&err, CSC_E_OUTPUT, "standard output is closed; give it a place to go");
    } else if (csc_write_all(stream->fd, text->data, text->size) < 0) {
        /* Where SIGPIPE is ignored, this is how the end of a reader shows. */
        stream->gone = errno == EPIPE;
        stream->code = stream->gone && !stream->pager ? (int)CSC_E_OUTPUT : 0;
        if (!stream->gone)
            csc_fail_errno(&err, CSC_E_OUTPUT, errno, "standard output: cannot write");
    }
    if (err.code != CSC_OK) {
        stream->code = (int)err.code;
        csc_cli_say("%s", err.text);
    }
    stream->text.size = 0;
}

int csc_cli_stream_flow(const struct csc_cli *cli, struct csc_cli_stream *stream)
{
    if (stream->text.failed || stream->text.size >= CHUNK)
        write_out(cli, stream);
    return stream->code != 0 || stream->gone;
}

int csc_cli_stream_end(const struct csc_cli *cli, struct csc_cli_stream *stream, int code)
{
    if (stream->text.failed || stream->text.size > 0)
        write_out(cli, stream);
    csc_buf_free(&stream->text);
    if (stream->pager > 0) {
        (void)close(stream->fd);
        csc_cli_pager_wait(stream->pager);
    }
    return stream->code != 0 ? stream->code : code;
}
