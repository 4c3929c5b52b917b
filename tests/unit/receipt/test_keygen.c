/* SPDX-License-Identifier: Apache-2.0 */
/* New key pairs. Output files need openat2(2): exits 77 where there is none (an old kernel, valgrind). */
#include "samples.h"

#include <sys/stat.h>
#include <unistd.h>

#include "support/folder.h"

static char *folder;

static int set_up(void **state)
{
    (void)state;
    folder = folder_create();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    folder_remove(folder);
    return 0;
}

static void assert_mode(const char *path, mode_t mode)
{
    struct stat st;

    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, mode);
}

static void assert_pair(const char *key_path, const char *pub_path)
{
    struct csc_signing_key *key = NULL;
    struct csc_public_key *public_key = NULL;

    assert_int_equal(csc_signing_key_load(key_path, &key, NULL), 0);
    assert_int_equal(csc_public_key_load(pub_path, &public_key, NULL), 0);
    assert_memory_equal(csc_signing_key_public(key)->bytes, public_key->bytes, 32);
    csc_signing_key_free(key);
    csc_public_key_free(public_key);
}

static void pairs_fit_and_have_their_modes(void **state)
{
    static const mode_t umasks[] = {0, 022, 077, 0277};

    (void)state;
    for (size_t i = 0; i < 2 * ARRAY_SIZE(umasks); i++) {
        mode_t mask = umasks[i / 2], before = umask(mask);
        int r = csc_keygen(folder_path(folder, "new"), i % 2 == 1, NULL);
        (void)umask(before);
        assert_int_equal(r, 0);
        assert_int_equal(folder_count(folder), 2);
        assert_mode(folder_path(folder, "new.key"), 0600);
        assert_mode(folder_path(folder, "new.pub"), 0644 & ~mask);
        assert_pair(folder_path(folder, "new.key"), folder_path(folder, "new.pub"));
        assert_int_equal(unlink(folder_path(folder, "new.key")), 0);
        assert_int_equal(unlink(folder_path(folder, "new.pub")), 0);
    }
}

static void raw_keys_are_32_bytes(void **state)
{
    struct stat key, pub;

    (void)state;
    assert_int_equal(csc_keygen(folder_path(folder, "raw"), true, NULL), 0);
    assert_int_equal(stat(folder_path(folder, "raw.key"), &key), 0);
    assert_int_equal(stat(folder_path(folder, "raw.pub"), &pub), 0);
    assert_int_equal(key.st_size, 32);
    assert_int_equal(pub.st_size, 32);
}

/* Whichever of the two names is taken: what stands there stays, and nothing is added. */
static void no_file_is_overwritten(void **state)
{
    static const char *const taken[] = {"new.key", "new.pub"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(taken); i++) {
        struct csc_error err = {0};
        struct csc_buf content = {0};
        folder_write(folder, taken[i], "mine");
        assert_int_equal(csc_keygen(folder_path(folder, "new"), false, &err), -CSC_E_OUTPUT);
        assert_says(err.text, "exists");
        assert_string_equal(err.stage, "receipt");
        assert_int_equal(folder_count(folder), 1);
        assert_int_equal(csc_read_input(folder_path(folder, taken[i]), 100, &content, NULL), 0);
        assert_string_equal(content.data, "mine");
        csc_buf_free(&content);
        assert_int_equal(unlink(folder_path(folder, taken[i])), 0);
    }
}

static void a_missing_folder_is_said(void **state)
{
    struct csc_error err = {0};
    char prefix[5000];

    (void)state;
    assert_int_equal(csc_keygen(folder_path(folder, "missing/new"), false, &err), -CSC_E_OUTPUT);
    assert_says(err.text, "missing");
    memset(prefix, 'x', sizeof(prefix));
    prefix[sizeof(prefix) - 1] = '\0';
    assert_int_equal(csc_keygen(prefix, false, NULL), -CSC_E_OUTPUT);
    assert_int_equal(folder_count(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(pairs_fit_and_have_their_modes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(raw_keys_are_32_bytes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_file_is_overwritten, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_missing_folder_is_said, set_up, tear_down),
    };

    if (!has_openat2())
        return 77;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
