/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "receipt/key.h"

int csc_crypto_ready(struct csc_error *err)
{
    if (sodium_init() < 0)
        return csc_fail(err, CSC_E_INTERNAL, "libsodium cannot be initialised");
    return 0;
}

bool csc_public_key_is_sound(const struct csc_public_key *key)
{
    return crypto_core_ed25519_is_valid_point(key->bytes) == 1;
}

struct csc_key_text *csc_key_text_new(void)
{
    struct csc_key_text *text = sodium_malloc(sizeof(*text));

    if (text) {
        text->size = 0;
        text->bytes[0] = '\0';
    }
    return text;
}

void csc_key_text_free(struct csc_key_text *text)
{
    sodium_free(text);
}

/* Nobody but the owner may know a private key, nor replace it. */
static int check_mode(const struct stat *st, const char *path, struct csc_error *err)
{
    if ((st->st_mode & (S_IRWXG | S_IRWXO)) == 0)
        return 0;
    return csc_fail(err, CSC_E_PERMISSION,
                    "others than its owner have access to the private key (mode %04o); run `chmod 600 %s`",
                    (unsigned)(st->st_mode & 07777), path);
}

static int open_key(const char *path, bool private, struct csc_error *err)
{
    struct stat st;
    _cleanup_close_
        /* O_NONBLOCK: a FIFO in the key's place must not hold csc up. */
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

    if (fd < 0 || fstat(fd, &st) < 0)
        return csc_fail_errno(err, CSC_E_INPUT, errno, "cannot read the %s key", private ? "private" : "public");
    if (!S_ISREG(st.st_mode))
        return csc_fail(err, CSC_E_INPUT, "not a regular file; keys are read from regular files only");
    int r = private ? check_mode(&st, path, err) : 0;
    return r < 0 ? r : TAKE_FD(fd);
}

/* Straight into locked memory: no buffer of libc sees a private key. */
static int read_key(const char *path, bool private, struct csc_key_text *text, struct csc_error *err)
{
    _cleanup_close_ int fd = open_key(path, private, err);

    if (fd < 0)
        return fd;
    while (text->size < sizeof(text->bytes)) {
        ssize_t n = read(fd, text->bytes + text->size, sizeof(text->bytes) - text->size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return csc_fail_errno(err, CSC_E_INPUT, errno, "cannot read the %s key", private ? "private" : "public");
        if (n == 0)
            break;
        text->size += (size_t)n;
    }
    if (text->size == 0)
        return csc_fail(err, CSC_E_DATA, "the file is empty; make a key with `csc keygen --out PREFIX`");
    if (text->size > CSC_KEY_FILE_BYTES_MAX)
        return csc_fail(err, CSC_E_DATA, "more than %d bytes, which no Ed25519 key has; is it the right file?",
                        CSC_KEY_FILE_BYTES_MAX);
    text->bytes[text->size] = '\0';
    return 0;
}

/* Where in the text the seed is, and the public key if there is one. The size decides first: raw bytes may begin
 * with anything. */
static int find_private(struct csc_key_text *text, struct csc_pem_key *ret_key, struct csc_error *err)
{
    const uint8_t *bytes = (const uint8_t *)text->bytes;

    if (text->size != CSC_SEED_BYTES && text->size != CSC_SECRET_BYTES)
        return csc_pem_read(text, true, ret_key, err);
    *ret_key = (struct csc_pem_key){.seed = bytes,
                                    .public = text->size == CSC_SECRET_BYTES ? bytes + CSC_SEED_BYTES : NULL};
    return 0;
}

static int load_private(const char *path, struct csc_key_text *text, struct csc_signing_key *key, struct csc_error *err)
{
    struct csc_pem_key found = {0};

    int r = read_key(path, true, text, err);
    if (r < 0)
        return r;
    r = find_private(text, &found, err);
    if (r < 0)
        return r;
    if (crypto_sign_seed_keypair(key->public.bytes, key->secret, found.seed) != 0)
        return csc_fail(err, CSC_E_INTERNAL, "libsodium cannot derive the public key");
    /* Signing with a public half of somebody's choice gives the private one away. */
    if (found.public && memcmp(found.public, key->public.bytes, CSC_PUBLIC_BYTES) != 0)
        return csc_fail(err, CSC_E_DATA,
                        "the public half in the file does not belong to its private half; restore the file from a "
                        "backup or make a key with `csc keygen --out PREFIX`");
    return 0;
}

/* The library supervises commands in a forked child of its caller's, which has no business with the key. */
static int keep_from_children(const struct csc_signing_key *key, struct csc_error *err)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t start = (uintptr_t)key & ~(page - 1), end = (uintptr_t)(key + 1);

    if (madvise((void *)start, end - start, MADV_DONTFORK) < 0)
        return csc_fail_errno(err, CSC_E_INTERNAL, errno, "cannot keep the key out of child processes");
    return 0;
}

static int load_signing_key(const char *path, struct csc_signing_key **ret_key, struct csc_error *err)
{
    int r = csc_crypto_ready(err);
    if (r < 0)
        return r;
    _cleanup_key_text_ struct csc_key_text *text = csc_key_text_new();
    _cleanup_signing_key_ struct csc_signing_key *key = sodium_malloc(sizeof(*key));
    if (!text || !key)
        return csc_fail_memory(err);
    r = keep_from_children(key, err);
    if (r == 0)
        r = load_private(path, text, key, err);
    if (r < 0)
        return r;
    (void)sodium_mprotect_readonly(key);
    *ret_key = TAKE_PTR(key);
    return 0;
}

static int load_public(const char *path, struct csc_key_text *text, struct csc_public_key *key, struct csc_error *err)
{
    struct csc_pem_key found = {.public = (const uint8_t *)text->bytes};

    int r = read_key(path, false, text, err);
    if (r < 0)
        return r;
    if (text->size == CSC_SECRET_BYTES)
        return csc_fail(err, CSC_E_DATA, "64 bytes, as a private key has; the public key, 32 bytes or PEM, is needed");
    if (text->size != CSC_PUBLIC_BYTES)
        r = csc_pem_read(text, false, &found, err);
    if (r < 0)
        return r;
    memcpy(key->bytes, found.public, CSC_PUBLIC_BYTES);
    if (!csc_public_key_is_sound(key))
        return csc_fail(err, CSC_E_DATA,
                        "no valid Ed25519 public key: off the curve, of small order, or not canonical; get the key "
                        "from its owner again");
    return 0;
}

static int load_public_key(const char *path, struct csc_public_key **ret_key, struct csc_error *err)
{
    int r = csc_crypto_ready(err);
    if (r < 0)
        return r;
    /* What is given as a public key may be a private one by mistake: it is handled as carefully. */
    _cleanup_key_text_ struct csc_key_text *text = csc_key_text_new();
    _cleanup_free_ struct csc_public_key *key = calloc(1, sizeof(*key));
    if (!text || !key)
        return csc_fail_memory(err);
    r = load_public(path, text, key, err);
    if (r < 0)
        return r;
    *ret_key = TAKE_PTR(key);
    return 0;
}

int csc_signing_key_load(const char *path, struct csc_signing_key **ret_key, struct csc_error *err)
{
    return csc_error_in_stage(err, "receipt", load_signing_key(path, ret_key, err));
}

void csc_signing_key_free(struct csc_signing_key *key)
{
    sodium_free(key);
}

const struct csc_public_key *csc_signing_key_public(const struct csc_signing_key *key)
{
    return &key->public;
}

int csc_public_key_load(const char *path, struct csc_public_key **ret_key, struct csc_error *err)
{
    return csc_error_in_stage(err, "receipt", load_public_key(path, ret_key, err));
}

void csc_public_key_free(struct csc_public_key *key)
{
    free(key);
}
