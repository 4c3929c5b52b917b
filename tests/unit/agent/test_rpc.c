/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/rpc.h"

enum { REQUEST = CSC_RPC_REQUEST, NOTIFICATION = CSC_RPC_NOTIFICATION, RESPONSE = CSC_RPC_RESPONSE };

static void messages_are_told_apart(void **state)
{
    static const struct {
        const char *text;
        bool valid;
        int kind;
        const char *id; /* NULL: none to answer with */
    } cases[] = {
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\"}", true, REQUEST, "1"},
        {"{\"jsonrpc\":\"2.0\",\"id\":\"\",\"method\":\"m\",\"params\":{}}", true, REQUEST, "\"\""},
        {"{\"jsonrpc\":\"2.0\",\"id\":-1.0e5,\"method\":\"m\"}", true, REQUEST, "-1.0e5"},
        {"{\"jsonrpc\":\"2.0\",\"id\":99999999999999999999,\"method\":\"m\"}", true, REQUEST, "99999999999999999999"},
        {"{\"jsonrpc\":\"2.0\",\"method\":\"m\"}", true, NOTIFICATION, NULL},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":null}", true, RESPONSE, "1"},
        {"{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{}}", true, RESPONSE, NULL},
        {"{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":1}", false, NOTIFICATION, NULL},
        {"{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"m\",\"params\":1}", false, REQUEST, "2"},
        {"{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":null}", false, REQUEST, "2"},
        {"{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"m\"}", false, REQUEST, NULL},
        {"{\"jsonrpc\":\"2.0\",\"id\":false,\"method\":\"m\"}", false, REQUEST, NULL},
        {"{\"jsonrpc\":\"2.0\",\"id\":[1],\"method\":\"m\"}", false, REQUEST, NULL},
        {"{\"jsonrpc\":2.0,\"id\":3,\"method\":\"m\"}", false, REQUEST, "3"},
        {"{\"jsonrpc\":\"2.1\",\"id\":3,\"method\":\"m\"}", false, REQUEST, "3"},
        {"{\"id\":3,\"method\":\"m\"}", false, REQUEST, "3"},
        {"{\"jsonrpc\":\"2.0\",\"id\":4}", false, REQUEST, "4"},
        {"[]", false, REQUEST, NULL},
        {"\"m\"", false, REQUEST, NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_(csc_arena_free) struct csc_arena arena = {0};
        _cleanup_buf_ struct csc_buf id = {0};
        struct csc_rpc_message message;
        struct csc_error err = {0};
        struct csc_value value;

        assert_int_equal(csc_json_parse_foreign(&arena, cases[i].text, strlen(cases[i].text), &value, &err), 0);
        int r = csc_rpc_read(&value, &message, &err);
        if (r != (cases[i].valid ? 0 : -CSC_E_DATA) || (int)message.kind != cases[i].kind ||
            !message.id != !cases[i].id)
            fail_msg("%s: %d %s", cases[i].text, r, err.text);
        if (message.id)
            csc_canon_write(&id, message.id);
        assert_string_equal(message.id ? id.data : "", cases[i].id ? cases[i].id : "");
    }
}

static struct csc_value parse(struct csc_arena *arena, const char *text)
{
    struct csc_value value;

    assert_int_equal(csc_json_parse_foreign(arena, text, strlen(text), &value, NULL), 0);
    return value;
}

static void ids_are_the_same_by_type_and_text(void **state)
{
    static const struct {
        const char *a, *b;
        bool same;
    } cases[] = {
        {"1", "1", true},       {"1", "2", false},          {"1", "\"1\"", false},          {"1", "1.0", false},
        {"1.0", "1.0", true},   {"1.0", "1.00", false},     {"\"a\"", "\"\\u0061\"", true}, {"\"a\"", "\"b\"", false},
        {"\"\"", "\"\"", true}, {"\"a\"", "\"ab\"", false},
    };
    _cleanup_(csc_arena_free) struct csc_arena arena = {0};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct csc_value a = parse(&arena, cases[i].a), b = parse(&arena, cases[i].b);
        assert_true(csc_rpc_same_id(&a, &b) == cases[i].same);
        assert_true(csc_rpc_same_id(&b, &a) == cases[i].same);
    }
}

static void what_is_written(void **state)
{
    _cleanup_(csc_arena_free) struct csc_arena arena = {0};
    _cleanup_buf_ struct csc_buf buf = {0};
    const struct csc_value id = csc_value_string("a\n\"\xe2\x80\xae");
    const struct csc_value result = parse(&arena, "{\"text\":\"x\\u001b[2J\\n\\u0085\"}");

    (void)state;
    csc_rpc_write_result(&buf, &id, &result);
    csc_buf_putc(&buf, '|');
    csc_rpc_write_error(&buf, NULL, CSC_RPC_INVALID_REQUEST, "no\n", &result);
    csc_buf_putc(&buf, '|');
    csc_rpc_write_notification(&buf, "notifications/x", &result);
    assert_false(buf.failed);
    assert_string_equal(
        buf.data,
        "{\"id\":\"a\\n\\\"\\u202e\",\"jsonrpc\":\"2.0\",\"result\":{\"text\":\"x\\u001b[2J\\n\\u0085\"}}|"
        "{\"id\":null,\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32600,\"message\":\"no\\n\",\"data\":{\"text\":"
        "\"x\\u001b[2J\\n\\u0085\"}}}|"
        "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/x\",\"params\":{\"text\":\"x\\u001b[2J\\n\\u0085\"}}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_are_told_apart),
        cmocka_unit_test(ids_are_the_same_by_type_and_text),
        cmocka_unit_test(what_is_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
