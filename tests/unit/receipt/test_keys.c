/* SPDX-License-Identifier: Apache-2.0 */
/* Key files: every form that is read, and every form that is refused. */
#include "samples.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "receipt/key.h"
#include "support/folder.h"

#define SEED_BASE64 "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g"
#define PEM(label, base64) "-----BEGIN " label "-----\n" base64 "\n-----END " label "-----\n"
#define PKCS8_HEAD "302e020100300506032b657004220420"
#define SPKI_HEAD "302a300506032b6570032100"

static char *folder;
static const char *path; /* of the one key file in it */

/* ---- files ------------------------------------------------------------------------------------------------- */

static int set_up(void **state)
{
    static char key_path[PATH_MAX];

    (void)state;
    folder = folder_create();
    (void)snprintf(key_path, sizeof(key_path), "%s", folder_path(folder, "key"));
    path = key_path;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    folder_remove(folder);
    return 0;
}

static void write_bytes(const void *bytes, size_t size, mode_t mode)
{
    (void)unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), size);
    assert_int_equal(fchmod(fd, mode), 0);
    assert_int_equal(close(fd), 0);
}

static int load_private(struct csc_error *err)
{
    struct csc_signing_key *key = NULL;
    uint8_t expected[32];
    int r = csc_signing_key_load(path, &key, err);

    unhex(PUBLIC, expected);
    if (r == 0)
        assert_memory_equal(csc_signing_key_public(key)->bytes, expected, 32);
    else
        assert_null(key);
    csc_signing_key_free(key);
    return r;
}

static int load_public(struct csc_error *err)
{
    struct csc_public_key *key = NULL;
    uint8_t expected[32];
    int r = csc_public_key_load(path, &key, err);

    unhex(PUBLIC, expected);
    if (r == 0)
        assert_memory_equal(key->bytes, expected, 32);
    else
        assert_null(key);
    csc_public_key_free(key);
    return r;
}

/* A PEM text of DER given in hexadecimal. */
static void write_pem(const char *label, const char *der_hex)
{
    uint8_t der[300];
    struct csc_buf text = {0};

    unhex(der_hex, der);
    csc_buf_printf(&text, "-----BEGIN %s-----\n", label);
    csc_base64_encode(&text, der, strlen(der_hex) / 2);
    csc_buf_printf(&text, "\n-----END %s-----\n", label);
    assert_false(text.failed);
    write_bytes(text.data, text.size, 0600);
    csc_buf_free(&text);
}

/* ---- forms that are read ----------------------------------------------------------------------------------- */

static const char *const private_texts[] = {
    PEM("PRIVATE KEY", SEED_BASE64),
    "-----BEGIN PRIVATE KEY-----\r\n" SEED_BASE64 "\r\n-----END PRIVATE KEY-----\r\n",
    "\n \r\n" PEM("PRIVATE KEY", SEED_BASE64) "\n\t \r\n\n",
    "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/Vpg\nuoRK9JLsLMREScVpezJpGXA7rAMcrn9g \n-----END "
    "PRIVATE "
    "KEY-----",
};

static const char *const private_ders[] = {
    PKCS8_HEAD SEED,
    "3051020101300506032b657004220420" SEED "812100" PUBLIC,
    "302e020101300506032b657004220420" SEED,
    "303a020100300506032b657004220420" SEED "a00a300806032a0304"
    "310101",
    "305d020101300506032b657004220420" SEED "a00a300806032a0304"
    "310101"
    "812100" PUBLIC,
};

static void every_form_of_a_private_key_is_read(void **state)
{
    uint8_t raw[64];

    (void)state;
    unhex(SEED PUBLIC, raw);
    write_bytes(raw, 32, 0600);
    assert_int_equal(load_private(NULL), 0);
    write_bytes(raw, 64, 0400);
    assert_int_equal(load_private(NULL), 0);
    for (size_t i = 0; i < ARRAY_SIZE(private_texts); i++) {
        write_bytes(private_texts[i], strlen(private_texts[i]), 0600);
        assert_int_equal(load_private(NULL), 0);
    }
    for (size_t i = 0; i < ARRAY_SIZE(private_ders); i++) {
        struct csc_error err = {0};
        write_pem("PRIVATE KEY", private_ders[i]);
        if (load_private(&err) != 0)
            fail_msg("%s: %s", private_ders[i], err.text);
    }
}

static void every_form_of_a_public_key_is_read(void **state)
{
    uint8_t raw[32];

    (void)state;
    unhex(PUBLIC, raw);
    write_bytes(raw, 32, 0666);
    assert_int_equal(load_public(NULL), 0);
    write_pem("PUBLIC KEY", SPKI_HEAD PUBLIC);
    assert_int_equal(load_public(NULL), 0);
}

/* 32 bytes are a seed, even if they look like the beginning of something else. */
static void the_size_decides_first(void **state)
{
    struct csc_signing_key *key = NULL;

    (void)state;
    write_bytes("-----BEGIN PRIVATE KEY-----\nabcd", 32, 0600);
    assert_int_equal(csc_signing_key_load(path, &key, NULL), 0);
    csc_signing_key_free(key);
}

/* ---- forms that are refused -------------------------------------------------------------------------------- */

static const struct {
    const char *text, *says;
} refused_private[] = {
    {"", "empty|csc keygen"},
    {"x", "1 bytes|csc keygen"},
    {SEED "\n", "65 bytes"},
    {PUBLIC, "public half"},
    {"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ1hsZ3v me@host\n", "no key"},
    {PEM("PUBLIC KEY", "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="), "a public key|private key is"},
    {PEM("ENCRYPTED PRIVATE KEY", "MIGj"), "encrypted|openssl pkey -in"},
    {PEM("OPENSSH PRIVATE KEY", "b3BlbnNzaC1rZXktdjEA"), "OpenSSH|csc keygen"},
    {PEM("RSA PRIVATE KEY", "MIIE"), "RSA|csc keygen"},
    {PEM("EC PRIVATE KEY", "MHcC"), "EC|csc keygen"},
    {PEM("CERTIFICATE", "MIIB"), "certificate"},
    {PEM("SOMETHING", "MIIB"), "SOMETHING"},
    {PEM("PRIVATE KEY", ""), "PKCS#8"},
    {PEM("PRIVATE KEY", "MC4C"), "PKCS#8"},
    {PEM("PRIVATE KEY", "M!4C"), "base64"},
    {PEM("PRIVATE KEY", SEED_BASE64 "="), "base64"},
    {PEM("PRIVATE KEY", "Comment: x\n\n" SEED_BASE64), "base64"},
    {PEM("PRIVATE KEY", SEED_BASE64) PEM("PRIVATE KEY", SEED_BASE64), "behind"},
    {PEM("PRIVATE KEY", SEED_BASE64) "x", "behind"},
    {"x" PEM("PRIVATE KEY", SEED_BASE64), "no key"},
    {"-----BEGIN PRIVATE KEY-----\n" SEED_BASE64 "\n", "last line"},
    {"-----BEGIN PRIVATE KEY-----\n" SEED_BASE64 "\n-----END PUBLIC KEY-----\n", "last line"},
    {"-----BEGIN PRIVATE KEY\n" SEED_BASE64 "\n-----END PRIVATE KEY-----\n", "first line"},
};

/* DER that is almost right, and keys of other algorithms. */
static const struct {
    const char *der, *says;
} refused_ders[] = {
    {"3051020101300506032b657004220420" SEED "812100" SEED, "public half"},
    {"302e020102300506032b657004220420" SEED, "PKCS#8"},
    {"302f02020000300506032b657004220420" SEED, "PKCS#8"},
    {"302d020100300506032b65700421041f" SEED, "PKCS#8"},
    {"302e020100300506032b657004220420" SEED "00", "PKCS#8"},
    {"302f020100300506032b657004220420" SEED "00", "PKCS#8"},
    {"3051020100300506032b657004220420" SEED "812100" PUBLIC, "PKCS#8"},
    {"3051020101300506032b657004220420" SEED "812101" PUBLIC, "PKCS#8"},
    {"30812e020100300506032b657004220420" SEED, "PKCS#8"},
    {"30800201003005", "PKCS#8"},
    {"3082ffff020100", "PKCS#8"},
    {"3030020100300706032b6570050004220420" SEED, "Ed25519 with parameters"},
    {"302e020100300506032b656e04220420" SEED, "X25519"},
    {"3047020100300506032b6571043b0439" SEED SEED, "PKCS#8"},
    {"302e020100300506032b657104220420" SEED, "Ed448"},
    {"3017020100300d06092a864886f70d01010105000403020100", "RSA"},
    {"3018020100301306072a8648ce3d020106082a8648ce3d030107", "EC"},
    {"300a02010030050603290101", "unknown"},
    {SPKI_HEAD PUBLIC, "PKCS#8"},
};

static void other_private_keys_are_refused_by_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(refused_private); i++) {
        struct csc_error err = {0};
        write_bytes(refused_private[i].text, strlen(refused_private[i].text), 0600);
        if (load_private(&err) != -CSC_E_DATA)
            fail_msg("accepted: %s", refused_private[i].text);
        assert_says(err.text, refused_private[i].says);
        assert_string_equal(err.stage, "receipt");
    }
    for (size_t i = 0; i < ARRAY_SIZE(refused_ders); i++) {
        struct csc_error err = {0};
        write_pem("PRIVATE KEY", refused_ders[i].der);
        if (load_private(&err) != -CSC_E_DATA)
            fail_msg("accepted: %s", refused_ders[i].der);
        assert_says(err.text, refused_ders[i].says);
    }
}

static const struct {
    const char *der, *says;
} refused_public[] = {
    {SPKI_HEAD "0100000000000000000000000000000000000000000000000000000000000000", "small order"},
    {SPKI_HEAD "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", "small order"},
    {SPKI_HEAD "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa", "small order"},
    {SPKI_HEAD "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", "canonical"},
    {SPKI_HEAD "0200000000000000000000000000000000000000000000000000000000000000", "off the curve"},
    {SPKI_HEAD "98519eadf35b995233b51b5cd23e9cc5a28b639b5a4af0ec903cb960d81b7819", "small order"},
    {"302a300506032b656e032100" PUBLIC, "X25519"},
    {"302a300506032b6570032101" PUBLIC, "SubjectPublicKeyInfo"},
    {"3029300506032b6570032000" SEED, "SubjectPublicKeyInfo"},
    {"302b300506032b6570032100" PUBLIC "00", "SubjectPublicKeyInfo"},
    {"302c300706032b65700500032100" PUBLIC, "parameters"},
};

static void other_public_keys_are_refused_by_name(void **state)
{
    static const char private_pem[] = PEM("PRIVATE KEY", SEED_BASE64);
    uint8_t raw[64];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(refused_public); i++) {
        struct csc_error err = {0};
        write_pem("PUBLIC KEY", refused_public[i].der);
        assert_int_equal(load_public(&err), -CSC_E_DATA);
        assert_says(err.text, refused_public[i].says);
        /* Raw keys are no way around it. */
        if (strncmp(refused_public[i].der, SPKI_HEAD, strlen(SPKI_HEAD)) == 0) {
            unhex(refused_public[i].der + strlen(SPKI_HEAD), raw);
            write_bytes(raw, 32, 0600);
            assert_int_equal(load_public(NULL), -CSC_E_DATA);
        }
    }
    struct csc_error swapped = {0}, pair = {0};
    write_bytes(private_pem, strlen(private_pem), 0600);
    assert_int_equal(load_public(&swapped), -CSC_E_DATA);
    assert_says(swapped.text, "a private key|openssl pkey -in FILE -pubout");
    unhex(SEED PUBLIC, raw);
    write_bytes(raw, 64, 0600);
    assert_int_equal(load_public(&pair), -CSC_E_DATA);
    assert_says(pair.text, "private key");
}

static void a_nul_byte_ends_no_pem(void **state)
{
    static const char text[] = PEM("PRIVATE KEY", SEED_BASE64) "\0x";

    (void)state;
    write_bytes(text, sizeof(text) - 1, 0600);
    assert_int_equal(load_private(NULL), -CSC_E_DATA);
}

static void a_file_of_any_size_is_harmless(void **state)
{
    char *bytes = calloc(1, CSC_KEY_FILE_BYTES_MAX + 100);
    struct csc_error err = {0};

    (void)state;
    memset(bytes, '-', CSC_KEY_FILE_BYTES_MAX + 100);
    write_bytes(bytes, CSC_KEY_FILE_BYTES_MAX + 100, 0600);
    assert_int_equal(load_private(&err), -CSC_E_DATA);
    assert_says(err.text, "more than 8192 bytes");
    write_bytes(bytes, CSC_KEY_FILE_BYTES_MAX, 0600);
    assert_int_equal(load_private(NULL), -CSC_E_DATA);
    free(bytes);
}

/* ---- access ------------------------------------------------------------------------------------------------- */

static void a_private_key_is_private(void **state)
{
    static const mode_t open_modes[] = {0640, 0604, 0620, 0602, 0610, 0601, 0644, 0666, 0777};
    char chmod_line[PATH_MAX];
    uint8_t raw[32];

    (void)state;
    (void)snprintf(chmod_line, sizeof(chmod_line), "chmod 600 %.1000s", path);
    unhex(SEED, raw);
    for (size_t i = 0; i < ARRAY_SIZE(open_modes); i++) {
        struct csc_error err = {0};
        write_bytes(raw, 32, open_modes[i]);
        assert_int_equal(load_private(&err), -CSC_E_PERMISSION);
        assert_int_equal(err.code, CSC_E_PERMISSION);
        assert_says(err.text, chmod_line);
    }
}

static void what_is_no_file_is_refused_at_once(void **state)
{
    struct csc_signing_key *key = NULL;
    struct csc_public_key *public_key = NULL;
    struct csc_error err = {0};

    (void)state;
    (void)unlink(path);
    assert_int_equal(csc_signing_key_load(path, &key, &err), -CSC_E_INPUT);
    assert_int_equal(err.sys_errno, ENOENT);
    assert_int_equal(csc_public_key_load(path, &public_key, NULL), -CSC_E_INPUT);
    assert_int_equal(mkfifo(path, 0600), 0); /* nobody writes to it: opening it must not block */
    assert_int_equal(csc_signing_key_load(path, &key, NULL), -CSC_E_INPUT);
    assert_int_equal(csc_public_key_load(path, &public_key, NULL), -CSC_E_INPUT);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(csc_signing_key_load(folder, &key, NULL), -CSC_E_INPUT);
    assert_int_equal(csc_signing_key_load("/dev/zero", &key, NULL), -CSC_E_INPUT);
    assert_int_equal(csc_public_key_load("/dev/zero", &public_key, NULL), -CSC_E_INPUT);
    assert_null(key);
    assert_null(public_key);
    csc_signing_key_free(NULL);
    csc_public_key_free(NULL);
}

/* What a library's caller forks, the supervision of csc_run() included, gets no copy of the key. */
static void a_forked_child_has_no_key(void **state)
{
    struct csc_signing_key *key = NULL;
    uintptr_t size = (uintptr_t)sysconf(_SC_PAGESIZE);
    uint8_t seed[32];
    int status;

    (void)state;
    unhex(SEED, seed);
    write_bytes(seed, sizeof(seed), 0600);
    assert_int_equal(csc_signing_key_load(path, &key, NULL), 0);
    void *page = (void *)((uintptr_t)key & ~(size - 1));
    assert_int_equal(msync(page, size, MS_ASYNC), 0); /* mapped: the control */
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(msync(page, size, MS_ASYNC) < 0 && errno == ENOMEM ? 0 : 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    csc_signing_key_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_of_a_private_key_is_read),
        cmocka_unit_test(every_form_of_a_public_key_is_read),
        cmocka_unit_test(the_size_decides_first),
        cmocka_unit_test(other_private_keys_are_refused_by_name),
        cmocka_unit_test(other_public_keys_are_refused_by_name),
        cmocka_unit_test(a_nul_byte_ends_no_pem),
        cmocka_unit_test(a_file_of_any_size_is_harmless),
        cmocka_unit_test(a_private_key_is_private),
        cmocka_unit_test(what_is_no_file_is_refused_at_once),
        cmocka_unit_test(a_forked_child_has_no_key),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
