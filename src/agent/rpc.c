/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/rpc.h"

#include <string.h>

static bool is_id(const struct csc_value *id)
{
    return id && (id->type == CSC_STRING || id->type == CSC_INT || id->type == CSC_REAL);
}

static int read_request(const struct csc_value *value, struct csc_rpc_message *message, struct csc_error *err)
{
    const struct csc_value *method = csc_value_get(value, "method"), *id = csc_value_get(value, "id");

    if (id && !is_id(id))
        return csc_fail(err, CSC_E_DATA, "id is %s; it must be a string or a number", csc_type_name(id->type));
    message->id = id;
    message->kind = id ? CSC_RPC_REQUEST : CSC_RPC_NOTIFICATION;
    if (method->type != CSC_STRING)
        return csc_fail(err, CSC_E_DATA, "method is %s; it must be a string", csc_type_name(method->type));
    message->method = method->string;
    message->params = csc_value_get(value, "params");
    if (message->params && message->params->type != CSC_OBJECT)
        return csc_fail(err, CSC_E_DATA, "params is %s; it must be an object", csc_type_name(message->params->type));
    return 0;
}

static bool is_version(const struct csc_value *version)
{
    return version && version->type == CSC_STRING && strcmp(version->string, "2.0") == 0;
}

int csc_rpc_read(const struct csc_value *value, struct csc_rpc_message *ret_message, struct csc_error *err)
{
    *ret_message = (struct csc_rpc_message){.kind = CSC_RPC_REQUEST};
    if (value->type != CSC_OBJECT)
        return csc_fail(err, CSC_E_DATA, "a message is an object, not %s", csc_type_name(value->type));
    if (is_id(csc_value_get(value, "id")))
        ret_message->id = csc_value_get(value, "id");
    if (!is_version(csc_value_get(value, "jsonrpc")))
        return csc_fail(err, CSC_E_DATA, "jsonrpc must be there, and be \"2.0\"");
    if (csc_value_get(value, "method"))
        return read_request(value, ret_message, err);
    if (csc_value_get(value, "result") || csc_value_get(value, "error")) {
        ret_message->kind = CSC_RPC_RESPONSE;
        return 0;
    }
    return csc_fail(err, CSC_E_DATA, "there is no method; a request has one");
}

bool csc_rpc_same_id(const struct csc_value *a, const struct csc_value *b)
{
    if (a->type != b->type)
        return false;
    if (a->type == CSC_INT)
        return a->integer == b->integer;
    return a->count == b->count && memcmp(a->string, b->string, a->count) == 0;
}

/* What is said on a terminal by whoever logs the stream says nothing to that terminal. */
static void append_json(struct csc_buf *buf, const struct csc_value *value)
{
    _cleanup_buf_ struct csc_buf text = {0};

    csc_canon_write(&text, value);
    if (text.failed)
        buf->failed = true;
    else
        csc_buf_escape_json(buf, text.data, text.size);
}

static void append_string(struct csc_buf *buf, const char *string)
{
    const struct csc_value value = csc_value_string(string);

    append_json(buf, &value);
}

static void append_id(struct csc_buf *buf, const struct csc_value *id)
{
    csc_buf_puts(buf, "{\"id\":");
    if (id)
        append_json(buf, id);
    else
        csc_buf_puts(buf, "null");
}

void csc_rpc_write_result(struct csc_buf *buf, const struct csc_value *id, const struct csc_value *result)
{
    append_id(buf, id);
    csc_buf_puts(buf, ",\"jsonrpc\":\"2.0\",\"result\":");
    append_json(buf, result);
    csc_buf_putc(buf, '}');
}

void csc_rpc_write_error(struct csc_buf *buf, const struct csc_value *id, enum csc_rpc_code code, const char *text,
                         const struct csc_value *data)
{
    append_id(buf, id);
    csc_buf_printf(buf, ",\"jsonrpc\":\"2.0\",\"error\":{\"code\":%d,\"message\":", (int)code);
    append_string(buf, text);
    if (data) {
        csc_buf_puts(buf, ",\"data\":");
        append_json(buf, data);
    }
    csc_buf_puts(buf, "}}");
}

void csc_rpc_write_notification(struct csc_buf *buf, const char *method, const struct csc_value *params)
{
    csc_buf_puts(buf, "{\"jsonrpc\":\"2.0\",\"method\":");
    append_string(buf, method);
    csc_buf_puts(buf, ",\"params\":");
    append_json(buf, params);
    csc_buf_putc(buf, '}');
}
