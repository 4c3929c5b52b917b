/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "contract/contract.h"

#define ACTOR                                                                                                          \
    "\"actor\":{\"agent_id\":\"worker-1\",\"session_id\":\"sess-001\",\"initiating_user\":\"fabio\","                  \
    "\"delegation_scope\":\"repo-maintainer\"},"
#define HEAD                                                                                                           \
    "{\"version\":\"csc.v0.1\",\"contract_id\":\"contract_git_status_001\",\"intent\":\"inspect repository "           \
    "state\"," ACTOR
#define SCOPE                                                                                                          \
    "\"cwd\":\"/workspace/repo\",\"read_paths\":[\"/workspace/repo/**\"],\"write_paths\":[],\"network\":\"deny\","     \
    "\"env_allow\":[],\"secret_refs\":[],\"timeout_sec\":10,\"proposed_effect_type\":\"observe\"}"
#define GIT "{\"id\":\"cmd_1\",\"exec\":{\"argv\":[\"git\",\"status\",\"--short\"]}," SCOPE
#define PIPE                                                                                                           \
    "{\"id\":\"cmd_2\",\"pipeline\":{\"segments\":[{\"argv\":[\"cat\",\"/f\"]},{\"argv\":[\"wc\",\"-l\"]}]}," SCOPE
#define OUTPUTS "\"expected_outputs\":[],"
#define TAIL                                                                                                           \
    "\"justification\":\"understand repository state before changes\",\"risk_class\":\"low\","                         \
    "\"approval_mode\":\"policy_only\"}"
#define CONTRACT HEAD "\"commands\":[" GIT "]," OUTPUTS TAIL

static struct csc_contract *parse(const char *text)
{
    struct csc_contract *contract = NULL;
    struct csc_error err = {0};

    if (csc_contract_parse(text, strlen(text), &contract, &err) < 0)
        fail_msg("%s: %s", err.field, err.text);
    return contract;
}

/* The hash that other implementations give for the same contract. */
static void the_hash_is_the_known_one(void **state)
{
    static const char known[] = "2c8487847d601deb81882f5b55a520313b06d7a137a122bee1f5748320c0afd3";
    static const char *const texts[] = {CONTRACT, HEAD "\"commands\":[" GIT "]," TAIL,
                                        " " HEAD "\n\"commands\" :\t[ " GIT " ] , " TAIL "\r\n"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct csc_contract *contract = parse(texts[i]);
        assert_string_equal(csc_contract_sha256(contract), known);
        assert_non_null(csc_value_get(contract->canonical, "expected_outputs"));
        csc_contract_free(contract);
    }
}

static void every_field_arrives(void **state)
{
    struct csc_contract *contract = parse(
        "{\"version\":\"csc.v0.1\",\"contract_id\":\"12345678\",\"intent\":\"in\",\"actor\":{\"agent_id\":\"a\","
        "\"session_id\":\"s\",\"initiating_user\":\"u\",\"delegation_scope\":\"d\"},\"commands\":[" PIPE
        ",{\"id\":\"x\",\"exec\":{\"argv\":[\"p\"]},\"cwd\":\"/c\",\"read_paths\":[\"/r1\",\"/r2\"],\"write_paths\":"
        "[\"/w\"],\"network\":\"full\",\"env_allow\":[\"HOME\"],\"secret_refs\":[\"s1\",\"s2\"],\"timeout_sec\":86400,"
        "\"proposed_effect_type\":\"touch_secrets\"}],\"risk_class\":\"critical\",\"approval_mode\":"
        "\"dual_control_required\",\"expected_outputs\":[\"/w/out\"],\"justification\":\"why\"}");
    const struct csc_command *pipe = &contract->commands[0], *exec = &contract->commands[1];

    (void)state;
    assert_string_equal(csc_contract_id(contract), "12345678");
    assert_string_equal(contract->intent, "in");
    assert_string_equal(contract->initiating_user, "u");
    assert_string_equal(contract->justification, "why");
    assert_int_equal(contract->risk, CSC_RISK_CRITICAL);
    assert_int_equal(contract->approval_mode, CSC_APPROVAL_DUAL_CONTROL);
    assert_int_equal(contract->expected_output_count, 1);
    assert_string_equal(contract->expected_outputs[0], "/w/out");
    assert_int_equal(contract->command_count, 2);

    assert_int_equal(pipe->argv_count, 2);
    assert_int_equal(pipe->argvs[1].count, 2);
    assert_string_equal(pipe->argvs[0].items[1], "/f");
    assert_string_equal(pipe->argvs[1].items[0], "wc");
    assert_null(pipe->argvs[1].items[2]);

    assert_string_equal(exec->id, "x");
    assert_int_equal(exec->argv_count, 1);
    assert_string_equal(exec->argvs[0].items[0], "p");
    assert_null(exec->argvs[0].items[1]);
    assert_string_equal(exec->cwd, "/c");
    assert_int_equal(exec->read_path_count, 2);
    assert_string_equal(exec->read_paths[1], "/r2");
    assert_int_equal(exec->write_path_count, 1);
    assert_string_equal(exec->write_paths[0], "/w");
    assert_int_equal(exec->network, CSC_NETWORK_FULL);
    assert_int_equal(exec->env_allow_count, 1);
    assert_string_equal(exec->env_allow[0], "HOME");
    assert_int_equal(exec->secret_ref_count, 2);
    assert_string_equal(exec->secret_refs[1], "s2");
    assert_int_equal(exec->timeout_sec, 86400);
    assert_int_equal(exec->proposed_effect, CSC_EFFECT_TOUCH_SECRETS);
    csc_contract_free(contract);
}

/* What a person is told; an unknown field is found where its key stands. The many cases of valid and invalid stand in
 * tests/conformance. */
static void errors_say_where_and_what(void **state)
{
    static const struct {
        const char *input, *field, *text;
        unsigned line, column;
    } cases[] = {
        {"", "", "", 1, 1},
        {"[]", "", "is an array; must be an object", 1, 1},
        {"{\"version\":\"csc.v0.2\",\"novelty\":1}", "version", "'csc.v0.2' is not accepted; use csc.v0.1", 1, 12},
        {"{\"version\":1}", "contract_id", "is missing; it is required", 1, 1},
        {HEAD "\"commands\":[\n " GIT ",\n  " GIT "]," TAIL, "commands[1].id",
         "'cmd_1' is the id of commands[0] too; give every command its own", 3, 9},
        {HEAD "\"commands\":[\n {\"id\":\"n\"," SCOPE "]," TAIL, "commands[0]",
         "has neither exec nor pipeline; it must have one of them", 2, 2},
        {HEAD "\"commands\":[" GIT ",\n{\"id\":\"n\",\"exec\":{\"argv\":[\"a\"]},\"pipeline\":{\"segments\":[{\"argv\":"
              "[\"a\"]},{\"argv\":[\"b\"]}]}," SCOPE "]," TAIL,
         "commands[1]", "has both exec and pipeline; it must have one of them", 2, 1},
        {HEAD "\n\"shell\":\"rm\",\"commands\":[" GIT "]," TAIL, "shell",
         "unknown field; remove it (known here: version, contract_id, intent, actor, commands, risk_class, "
         "approval_mode, expected_outputs, justification)",
         2, 1},
        {HEAD "\"commands\":[]," TAIL, "commands", "is empty; must have 1 to 20 items", 1,
         sizeof(HEAD) + strlen("\"commands\":")},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct csc_contract *contract = (void *)1;
        struct csc_error err = {0};
        assert_int_equal(csc_contract_parse(cases[i].input, strlen(cases[i].input), &contract, &err), -CSC_E_DATA);
        assert_ptr_equal(contract, (void *)1);
        assert_int_equal(err.code, CSC_E_DATA);
        assert_string_equal(err.stage, "contract");
        assert_string_equal(err.field, cases[i].field);
        if (*cases[i].text)
            assert_string_equal(err.text, cases[i].text);
        assert_int_equal(err.line, cases[i].line);
        assert_int_equal(err.column, cases[i].column);
    }
}

/* A valid contract, padded with white space to `size` bytes. */
static char *padded(size_t size)
{
    char *text = malloc(size);

    assert_non_null(text);
    memset(text, ' ', size);
    memcpy(text, CONTRACT, strlen(CONTRACT));
    return text;
}

static void one_mebibyte_is_the_limit(void **state)
{
    _cleanup_free_ char *text = padded(CSC_CONTRACT_BYTES_MAX + 1);
    struct csc_contract *contract = NULL;
    struct csc_error err = {0};

    (void)state;
    assert_int_equal(csc_contract_parse(text, CSC_CONTRACT_BYTES_MAX, &contract, &err), 0);
    csc_contract_free(contract);
    contract = NULL;
    assert_int_equal(csc_contract_parse(text, CSC_CONTRACT_BYTES_MAX + 1, &contract, &err), -CSC_E_DATA);
    assert_null(contract);
    assert_non_null(strstr(err.text, "1048576"));
}

static void the_error_object_is_optional(void **state)
{
    struct csc_contract *contract = NULL;

    (void)state;
    assert_int_equal(csc_contract_parse("{}", 2, &contract, NULL), -CSC_E_DATA);
    csc_contract_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_hash_is_the_known_one),    cmocka_unit_test(every_field_arrives),
        cmocka_unit_test(errors_say_where_and_what),    cmocka_unit_test(one_mebibyte_is_the_limit),
        cmocka_unit_test(the_error_object_is_optional),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
