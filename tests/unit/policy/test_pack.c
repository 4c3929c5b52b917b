/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "policy/policy.h"

#define ONE "name: p\npolicy: a.yaml\ncases:\n- name: c\n  expect: {decision: deny}\n"
#define TWO "name: p\npolicies: {x: a.yaml, b: b.yaml}\ncases:\n- name: c\n  expect: {decision: deny}\n"
#define RUN "  argv: [git, push]\n  cwd: /w\n"

static void packs_hold_what_they_say(void **state)
{
    static const char text[] = TWO
        "  policy: x\n  contract: c.json\n"
        "- name: d\n  policy: b\n  argv: [git, push]\n  cwd: /w\n  network: full\n"
        "  risk_class: high\n  timeout_sec: 5\n  read_paths: [/r]\n  write_paths: [/w, /x]\n"
        "  secret_refs: [s]\n"
        "  expect: {decision: needs_approval, reason_code: APPROVAL_REQUIRED, classified: []}\n";
    struct csc_pack *pack = NULL;
    struct csc_error err = {0};
    (void)state;

    if (csc_pack_parse(text, strlen(text), &pack, &err) < 0)
        fail_msg("%s: %s", err.field, err.text);
    assert_string_equal(pack->name, "p");
    assert_int_equal(pack->policy_count, 2);
    assert_int_equal(pack->case_count, 2);
    const struct csc_pack_case *c = &pack->cases[0], *d = &pack->cases[1];
    assert_string_equal(pack->policies[c->policy].file, "a.yaml");
    assert_string_equal(c->contract, "c.json");
    assert_int_equal(c->verdict, CSC_DENY);
    assert_int_equal(c->code, -1);
    assert_null(c->classified);
    assert_string_equal(pack->policies[d->policy].file, "b.yaml");
    assert_int_equal(d->argv.count, 2);
    assert_string_equal(d->argv.items[1], "push");
    assert_null(d->argv.items[2]);
    assert_int_equal(d->network, CSC_NETWORK_FULL);
    assert_int_equal(d->risk, CSC_RISK_HIGH);
    assert_int_equal(d->timeout_sec, 5);
    assert_int_equal(d->read_path_count + d->write_path_count + d->secret_ref_count, 4);
    assert_int_equal(d->verdict, CSC_NEEDS_APPROVAL);
    assert_int_equal(d->code, CSC_REASON_APPROVAL_REQUIRED);
    assert_non_null(d->classified);
    assert_int_equal(d->classified_count, 0);
    csc_pack_free(pack);
    csc_pack_free(NULL);
}

static void what_is_no_pack_is_refused(void **state)
{
    static const struct {
        const char *text, *field; /* NULL: it is one */
    } rows[] = {
        {ONE RUN, NULL},
        {ONE "  shell: ls\n  cwd: /w\n", NULL},
        {ONE "  contract: c\n", NULL},
        {TWO RUN "  policy: b\n", NULL},
        {"", ""},
        {"a: b", "name"},
        {ONE RUN "name: q\n", ""},
        {ONE RUN "x: y\n", "x"},
        {ONE, "cases[0].contract"},
        {ONE RUN "  contract: c\n", "cases[0].contract"},
        {ONE RUN "  shell: ls\n", "cases[0].contract"},
        {ONE "  argv: [git]\n", "cases[0].cwd"},
        {ONE "  argv: []\n  cwd: /w\n", "cases[0].argv"},
        {ONE "  argv: [git]\n  cwd: w\n", "cases[0].cwd"},
        {ONE "  contract: c\n  cwd: /w\n", "cases[0].cwd"},
        {ONE "  contract: c\n  network: deny\n", "cases[0].network"},
        {ONE "  contract: c\n  risk_class: low\n", "cases[0].risk_class"},
        {ONE "  contract: c\n  timeout_sec: 1\n", "cases[0].timeout_sec"},
        {ONE "  contract: c\n  write_paths: [/w]\n", "cases[0].write_paths"},
        {ONE RUN "  timeout_sec: 86401\n", "cases[0].timeout_sec"},
        {ONE RUN "  policy: x\n", "cases[0].policy"},
        {TWO RUN, "cases[0].policy"},
        {TWO RUN "  policy: c\n", "cases[0].policy"},
        {ONE RUN "policies: {x: y}\n", "policy"},
        {ONE RUN "policies: [x]\n", "policies"},
        {"name: p\npolicies: {}\ncases:\n- name: c\n  expect: {decision: deny}\n" RUN, "policies"},
        {"name: p\npolicies: {x: [y]}\ncases:\n- name: c\n  expect: {decision: deny}\n" RUN, "policies[0].file"},
        {"name: p\npolicy: a\ncases: []\n", "cases"},
        {"name: p\npolicy: a\ncases:\n- name: c\n  expect: {decision: no}\n" RUN, "cases[0].expect.decision"},
        {"name: p\npolicy: a\ncases:\n- name: c\n  expect: {decision: deny, reason_code: X}\n" RUN, "cases[0].expect"},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct csc_pack *pack = NULL;
        struct csc_error err = {0};
        int r = csc_pack_parse(rows[i].text, strlen(rows[i].text), &pack, &err);
        if (r != (rows[i].field ? -CSC_E_DATA : 0) || strcmp(err.field, rows[i].field ? rows[i].field : "") != 0)
            fail_msg("%s\n%d %s: %s", rows[i].text, r, err.field, err.text);
        assert_true(r == 0 || strcmp(err.stage, "pack") == 0);
        csc_pack_free(pack);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packs_hold_what_they_say),
        cmocka_unit_test(what_is_no_pack_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
