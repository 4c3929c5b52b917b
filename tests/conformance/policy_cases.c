/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs tables of policy texts: policy_cases FILE... prints TAP; exits 77 when none of the files is there. A table is a
 * JSON array of {id, raw_text | input (as JSON text) | source: "missing_file", valid}, and optionally what must come
 * out: expected_error_contains, line, column, field, sha256.
 */
#include <stdio.h>
#include <string.h>

#include "policy/policy.h"

struct outcome {
    char sha256[CSC_SHA256_HEX];
    struct csc_error err;
};

static const char *text_of(const struct csc_value *test, const char *name)
{
    const struct csc_value *value = csc_value_get(test, name);

    return value && value->type == CSC_STRING ? value->string : NULL;
}

/* The policy's text, as its user would hand it over. */
static int read_text(const struct csc_value *test, struct csc_buf *text, struct csc_error *err)
{
    const struct csc_value *raw = csc_value_get(test, "raw_text");
    const struct csc_value *input = csc_value_get(test, "input");

    if (raw)
        csc_buf_append(text, raw->string, raw->count);
    else if (input)
        csc_json_write(text, input);
    else
        return csc_read_input("/nonexistent/policy.yaml", CSC_POLICY_BYTES_MAX, text, err);
    return text->failed ? csc_fail_memory(err) : 0;
}

static void load(const struct csc_value *test, struct outcome *outcome)
{
    _cleanup_buf_ struct csc_buf text = {0};
    struct csc_policy *policy = NULL;

    if (read_text(test, &text, &outcome->err) < 0 || csc_policy_parse(text.data, text.size, &policy, &outcome->err) < 0)
        return;
    memcpy(outcome->sha256, csc_policy_sha256(policy), sizeof(outcome->sha256));
    csc_policy_free(policy);
}

static bool is_text(const struct csc_value *test, const char *name, const char *found)
{
    const char *wanted = text_of(test, name);

    return !wanted || strcmp(wanted, found) == 0;
}

static bool is_number(const struct csc_value *test, const char *name, unsigned found)
{
    const struct csc_value *wanted = csc_value_get(test, name);

    return !wanted || wanted->integer == found;
}

static bool as_expected(const struct csc_value *test, const struct outcome *outcome)
{
    const struct csc_value *valid = csc_value_get(test, "valid");
    const char *contains = text_of(test, "expected_error_contains");

    return valid && valid->boolean == (outcome->err.code == CSC_OK) &&
           (!contains || strstr(outcome->err.text, contains)) && is_text(test, "sha256", outcome->sha256) &&
           is_text(test, "field", outcome->err.field) && is_number(test, "line", outcome->err.line) &&
           is_number(test, "column", outcome->err.column);
}

static bool run_case(const struct csc_value *test, int number)
{
    struct outcome outcome = {0};

    load(test, &outcome);
    bool ok = as_expected(test, &outcome);
    printf("%s %d - %s\n", ok ? "ok" : "not ok", number, text_of(test, "id"));
    if (!ok)
        printf("# came out as %d, %u:%u, field '%s', '%s', %s\n", (int)outcome.err.code, outcome.err.line,
               outcome.err.column, outcome.err.field, outcome.err.text, outcome.sha256);
    return ok;
}

/* Returns the number of failures, or -1. */
static int run_table(const char *path, int *number)
{
    _cleanup_(csc_arena_free) struct csc_arena arena = {0};
    _cleanup_buf_ struct csc_buf text = {0};
    struct csc_value table = {0};
    struct csc_error err = {0};
    int failures = 0;

    if (csc_read_input(path, (size_t)1 << 20, &text, &err) < 0 ||
        csc_json_parse(&arena, text.data, text.size, &table, &err) < 0 || table.type != CSC_ARRAY) {
        printf("Bail out! %s: %s\n", path, err.text);
        return -1;
    }
    for (size_t i = 0; i < table.count; i++)
        failures += !run_case(&table.items[i], ++*number);
    return failures;
}

int main(int argc, char **argv)
{
    int number = 0;
    int failures = 0;

    for (int i = 1; i < argc; i++) {
        if (access(argv[i], F_OK) != 0)
            continue;
        int n = run_table(argv[i], &number);
        if (n < 0)
            return 1;
        failures += n;
    }
    if (number == 0) {
        puts("1..0 # SKIP the public vectors are not there (set CSC_VECTORS)");
        return 77;
    }
    printf("1..%d\n", number);
    return failures > 0;
}
