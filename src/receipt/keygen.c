/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "receipt/key.h"

enum { KEY_PATH = 4096 + 256 };

/* PREFIX.key or PREFIX.pub. The path is in the caller's memory, since `file` borrows it. */
static int begin(struct csc_file *file, char path[KEY_PATH], const char *prefix, bool private, struct csc_error *err)
{
    mode_t mode = private ? 0600 : 0644;

    int length = snprintf(path, KEY_PATH, "%s.%s", prefix, private ? "key" : "pub");
    if (length < 0 || (size_t)length >= KEY_PATH)
        return csc_fail_errno(err, CSC_E_OUTPUT, ENAMETOOLONG, "%s", prefix);
    int r = csc_file_begin(file, path, mode, false, err);
    if (r < 0)
        return r;
    /* An umask such as 0277 must not make a key that its owner cannot read. */
    if (private && fchmod(file->fd, mode) < 0)
        return csc_fail_errno(err, CSC_E_OUTPUT, errno, "%s: cannot set the mode", path);
    return 0;
}

/* Takes back what has its final name already, so that no half of a pair is left. */
static void withdraw(struct csc_file *file)
{
    if (!file->temporary[0])
        (void)unlinkat(file->dir, file->name, 0);
}

static void write_text(const uint8_t bytes[CSC_SEED_BYTES], bool private, bool raw, struct csc_key_text *text)
{
    if (!raw) {
        csc_pem_write(bytes, private, text);
        return;
    }
    memcpy(text->bytes, bytes, CSC_SEED_BYTES);
    text->size = CSC_SEED_BYTES;
}

static int write_pair(const char *prefix, const struct csc_signing_key *key, bool raw, struct csc_error *err)
{
    char key_path[KEY_PATH], pub_path[KEY_PATH];
    _cleanup_file_ struct csc_file key_file = CSC_FILE_NONE;
    _cleanup_file_ struct csc_file pub_file = CSC_FILE_NONE;
    _cleanup_key_text_ struct csc_key_text *text = csc_key_text_new();

    if (!text)
        return csc_fail_memory(err);
    int r = begin(&key_file, key_path, prefix, true, err);
    if (r == 0)
        r = begin(&pub_file, pub_path, prefix, false, err);
    if (r < 0)
        return r;
    write_text(key->public.bytes, false, raw, text);
    r = csc_file_commit(&pub_file, text->bytes, text->size, false, err);
    if (r == 0) {
        write_text(key->secret, true, raw, text);
        r = csc_file_commit(&key_file, text->bytes, text->size, false, err);
    }
    if (r < 0) {
        withdraw(&pub_file);
        withdraw(&key_file);
    }
    return r;
}

static int keygen(const char *prefix, bool raw, struct csc_error *err)
{
    int r = csc_crypto_ready(err);
    if (r < 0)
        return r;
    _cleanup_signing_key_ struct csc_signing_key *key = sodium_malloc(sizeof(*key));
    if (!key)
        return csc_fail_memory(err);
    if (crypto_sign_keypair(key->public.bytes, key->secret) != 0)
        return csc_fail(err, CSC_E_INTERNAL, "libsodium cannot make a key");
    return write_pair(prefix, key, raw, err);
}

int csc_keygen(const char *prefix, bool raw, struct csc_error *err)
{
    return csc_error_in_stage(err, "receipt", keygen(prefix, raw, err));
}
