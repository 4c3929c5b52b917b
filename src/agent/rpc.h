/* SPDX-License-Identifier: Apache-2.0 */
/* JSON-RPC 2.0 as the Model Context Protocol uses it: one message, read strictly, and the texts that go back. */
#ifndef CSC_AGENT_RPC_H
#define CSC_AGENT_RPC_H

#include "format/format.h"

enum csc_rpc_code {
    CSC_RPC_PARSE_ERROR = -32700,
    CSC_RPC_INVALID_REQUEST = -32600,
    CSC_RPC_METHOD_NOT_FOUND = -32601,
    CSC_RPC_INVALID_PARAMS = -32602,
    CSC_RPC_INTERNAL_ERROR = -32603,
    CSC_RPC_UNSUPPORTED_VERSION = -32022, /* of the Model Context Protocol, 2026-07-28 */
};

enum csc_rpc_kind {
    CSC_RPC_REQUEST,
    CSC_RPC_NOTIFICATION, /* never answered, whatever is wrong with it */
    CSC_RPC_RESPONSE,     /* to a request that was never made: ignored */
};

struct csc_rpc_message {
    enum csc_rpc_kind kind;
    const struct csc_value *id; /* of a request: a string or a number */
    const char *method;
    const struct csc_value *params; /* an object, or NULL */
};

/*
 * What a value says. CSC_E_DATA when it is no message: then *ret_message has the id to answer with where there is a
 * usable one, and the code to answer with is CSC_RPC_INVALID_REQUEST. The message points into the value.
 */
int csc_rpc_read(const struct csc_value *value, struct csc_rpc_message *ret_message, struct csc_error *err);

/* Two ids of one request: the same type and the same text. */
bool csc_rpc_same_id(const struct csc_value *a, const struct csc_value *b);

/*
 * Each appends one object, without a newline: nothing that is in a string can end the line or act on a terminal, since
 * it is escaped. An `id` of NULL is written as null. `data` may be NULL. Out of memory is in buf->failed.
 */
void csc_rpc_write_result(struct csc_buf *buf, const struct csc_value *id, const struct csc_value *result);
void csc_rpc_write_error(struct csc_buf *buf, const struct csc_value *id, enum csc_rpc_code code, const char *text,
                         const struct csc_value *data);
void csc_rpc_write_notification(struct csc_buf *buf, const char *method, const struct csc_value *params);

#endif
