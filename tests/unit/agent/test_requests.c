/* SPDX-License-Identifier: Apache-2.0 */
/* Contracts that wait for a person: stored once, found by their id, changed by nobody else. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/agent.h"
#include "support/folder.h"

static const struct csc_contract contract = {
    .sha256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"};
#define ID "0123456789abcdef0123456789abcdef"

struct fixture {
    char *root;
    char folder[PATH_MAX];
};

static int begin(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    f->root = folder_create();
    (void)snprintf(f->folder, sizeof(f->folder), "%s/state/csc/requests", f->root);
    *state = f;
    return 0;
}

static int end(void **state)
{
    struct fixture *f = *state;

    folder_remove(f->root);
    free(f);
    return 0;
}

static struct csc_request store(const struct fixture *f)
{
    struct csc_request request;
    struct csc_error err = {0};

    if (csc_request_store(f->folder, &contract, "{}", &request, &err) < 0)
        fail_msg("%s", err.text);
    return request;
}

static void put(const char *path)
{
    _cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(csc_write_all(fd, "x", 1), 0);
}

static mode_t mode_of(const char *path)
{
    struct stat st;

    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 07777;
}

static void test_store_and_find(void **state)
{
    const struct fixture *f = *state;
    struct csc_request found;
    struct csc_buf bytes = {0};
    char path[PATH_MAX + 64];

    struct csc_request request = store(f);
    assert_string_equal(request.id, ID);
    assert_int_equal(mode_of(f->folder), 0700);
    assert_int_equal(mode_of(request.folder), 0700);
    assert_int_equal(mode_of(request.contract), 0600);
    assert_int_equal(csc_read_input(request.contract, 10, &bytes, NULL), 0);
    assert_string_equal(bytes.data, "{}");
    csc_buf_free(&bytes);
    assert_int_equal(request.approval_count, 0);
    (void)snprintf(path, sizeof(path), "%s/approval.json", request.folder);
    assert_string_equal(request.next_approval, path);

    /* An approval counts once its signature is there; then the next one has another name. */
    put(path);
    request = store(f);
    assert_int_equal(request.approval_count, 0);
    (void)snprintf(path, sizeof(path), "%s/approval.json.sig", request.folder);
    put(path);
    assert_int_equal(csc_request_find(f->folder, ID, &found, NULL), 0);
    assert_int_equal(found.approval_count, 1);
    (void)snprintf(path, sizeof(path), "%s/approval-2.json", request.folder);
    assert_string_equal(found.next_approval, path);
    put(path);
    (void)snprintf(path, sizeof(path), "%s/approval-2.json.sig", request.folder);
    put(path);
    assert_int_equal(csc_request_find(f->folder, ID, &found, NULL), 0);
    assert_int_equal(found.approval_count, 2);
    assert_string_equal(found.next_approval, "");

    assert_int_equal(csc_request_drop(f->folder, &found, NULL), 0);
    assert_int_equal(folder_count(f->folder), 0);
    assert_int_equal(csc_request_drop(f->folder, &found, NULL), 0);
    assert_int_equal(csc_request_find(f->folder, ID, &found, NULL), -CSC_E_INPUT);
}

static void test_ids(void **state)
{
    static const char *const bad[] = {
        "", "..", "../../../etc", "0123456789ABCDEF0123456789ABCDEF", ID "0", "0123456789abcdef0123456789abcde/"};
    const struct fixture *f = *state;
    struct csc_request found;

    store(f);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct csc_error err = {0};
        assert_int_equal(csc_request_find(f->folder, bad[i], &found, &err), -CSC_E_DATA);
        assert_non_null(strstr(err.text, "32 hexadecimal digits"));
    }
}

/* A folder that others could write to, or a link in its place, is not used. */
static void test_others(void **state)
{
    const struct fixture *f = *state;
    struct csc_request request = store(f), found;
    char away[PATH_MAX + 64];

    assert_int_equal(chmod(request.folder, 0770), 0);
    assert_int_equal(csc_request_find(f->folder, ID, &found, NULL), -CSC_E_PERMISSION);
    assert_int_equal(csc_request_store(f->folder, &contract, "{}", &found, NULL), -CSC_E_PERMISSION);
    assert_int_equal(chmod(request.folder, 0700), 0);
    (void)snprintf(away, sizeof(away), "%s/away", f->root);
    assert_int_equal(rename(request.folder, away), 0);
    assert_int_equal(symlink(away, request.folder), 0);
    assert_int_equal(csc_request_store(f->folder, &contract, "{}", &found, NULL), -CSC_E_PERMISSION);
}

static void test_expire(void **state)
{
    const struct fixture *f = *state;
    struct csc_request request = store(f), found;
    const struct timespec times[2] = {{.tv_sec = 1000000}, {.tv_sec = 1000000}};

    csc_requests_expire(f->folder, 3600);
    assert_int_equal(csc_request_find(f->folder, ID, &found, NULL), 0);
    assert_int_equal(utimensat(AT_FDCWD, request.contract, times, 0), 0);
    folder_write(f->folder, "a-file-of-somebody", "x");
    csc_requests_expire(f->folder, 3600);
    assert_int_equal(csc_request_find(f->folder, ID, &found, NULL), -CSC_E_INPUT);
    assert_int_equal(folder_count(f->folder), 1);
    csc_requests_expire("/nonexistent/folder", 3600);
}

static void test_approve_line(void **state)
{
    struct csc_request request = {.contract = "/s/a b/contract.json", .next_approval = "/s/a b/approval.json"};
    struct csc_buf line = {0};

    (void)state;
    assert_int_equal(csc_request_approve_line(&request, "csc", "/p/it's.yaml", &line, NULL), 0);
    assert_string_equal(line.data, "csc approve '/s/a b/contract.json' --policy '/p/it'\\''s.yaml' --identity WHO "
                                   "--ssh-key KEY --out '/s/a b/approval.json'");
    csc_buf_free(&line);
}

static void test_folder(void **state)
{
    const struct fixture *f = *state;
    char folder[PATH_MAX], expected[PATH_MAX + 64];
    struct csc_error err = {0};

    assert_int_equal(setenv("XDG_STATE_HOME", f->root, 1), 0);
    assert_int_equal(csc_requests_folder(folder, NULL), 0);
    (void)snprintf(expected, sizeof(expected), "%s/csc/requests", f->root);
    assert_string_equal(folder, expected);
    assert_int_equal(setenv("XDG_STATE_HOME", "relative", 1), 0);
    assert_int_equal(setenv("HOME", f->root, 1), 0);
    assert_int_equal(csc_requests_folder(folder, NULL), 0);
    (void)snprintf(expected, sizeof(expected), "%s/.local/state/csc/requests", f->root);
    assert_string_equal(folder, expected);
    assert_int_equal(unsetenv("HOME"), 0);
    assert_int_equal(csc_requests_folder(folder, &err), -CSC_E_CONFIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_store_and_find, begin, end),
        cmocka_unit_test_setup_teardown(test_ids, begin, end),
        cmocka_unit_test_setup_teardown(test_others, begin, end),
        cmocka_unit_test_setup_teardown(test_expire, begin, end),
        cmocka_unit_test(test_approve_line),
        cmocka_unit_test_setup_teardown(test_folder, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
