/* SPDX-License-Identifier: Apache-2.0 */
/* What trust in signatures rests on: who may sign, and which keys are revoked. */
#include <string.h>

#include "approval/ssh.h"

enum { KEYS_BYTES_MAX = 1 << 20 };

/* ssh-keygen passes over lines that it does not understand, and says nothing of what is no text. */
static bool is_text(const struct csc_buf *bytes)
{
    for (size_t i = 0; i < bytes->size; i++) {
        unsigned char c = (unsigned char)bytes->data[i];
        if ((c < ' ' && c != '\t' && c != '\n' && c != '\r') || c == 0x7F)
            return false;
    }
    return csc_utf8_valid(bytes->data, bytes->size);
}

static bool has_an_entry(const struct csc_buf *bytes)
{
    const char *line = bytes->data;

    while (line && *line) {
        line += strspn(line, " \t\r\n");
        if (*line && *line != '#')
            return true;
        line += strcspn(line, "\n");
    }
    return false;
}

static bool is_krl(const struct csc_buf *bytes)
{
    static const char magic[] = {'S', 'S', 'H', 'K', 'R', 'L', '\n', '\0'};

    return bytes->size >= sizeof(magic) && memcmp(bytes->data, magic, sizeof(magic)) == 0;
}

/* Errors of reading don't name the file. */
static int name_file(const char *path, const struct csc_error *cause, struct csc_error *err)
{
    return csc_fail(err, cause->code, "%s: %s", path, cause->text);
}

static int read_trusted(const char *path, struct csc_buf *ret_bytes, struct csc_error *err)
{
    struct csc_error cause = {0};
    _cleanup_close_ int fd = csc_open_trusted(path, &cause);

    return fd < 0 || csc_read_fd(fd, KEYS_BYTES_MAX, ret_bytes, &cause) < 0 ? name_file(path, &cause, err) : 0;
}

static int load_allowed(const char *path, struct csc_error *err)
{
    _cleanup_buf_ struct csc_buf bytes = {0};
    int r = read_trusted(path, &bytes, err);

    if (r < 0)
        return r;
    if (!is_text(&bytes))
        return csc_fail(err, CSC_E_CONFIG,
                        "%s: is no list of allowed signers: it has bytes that are no text; see ssh-keygen(1), ALLOWED "
                        "SIGNERS",
                        path);
    if (!has_an_entry(&bytes))
        return csc_fail(err, CSC_E_CONFIG, "%s: names nobody who may approve; see ssh-keygen(1), ALLOWED SIGNERS",
                        path);
    return csc_memory_file(bytes.data, bytes.size, err);
}

static int load_revoked(const char *path, struct csc_error *err)
{
    _cleanup_buf_ struct csc_buf bytes = {0};
    int r = read_trusted(path, &bytes, err);

    if (r < 0)
        return r;
    if (!is_krl(&bytes) && !is_text(&bytes))
        return csc_fail(err, CSC_E_CONFIG,
                        "%s: is neither a key revocation list nor a list of public keys; see ssh-keygen(1), KEY "
                        "REVOCATION LISTS",
                        path);
    return csc_memory_file(bytes.data, bytes.size, err);
}

void csc_ssh_keys_close(struct csc_ssh_keys *keys)
{
    csc_close_cleanup(&keys->allowed);
    csc_close_cleanup(&keys->revoked);
    keys->allowed = keys->revoked = -1;
}

int csc_ssh_keys_load(const struct csc_approval_trust *trust, struct csc_ssh_keys *ret_keys, struct csc_error *err)
{
    _cleanup_(csc_ssh_keys_close) struct csc_ssh_keys keys = {.trust = trust, .allowed = -1, .revoked = -1};
    int fd;

    if (trust->allowed_signers) {
        if ((fd = load_allowed(trust->allowed_signers, err)) < 0)
            return fd;
        keys.allowed = fd;
    }
    if (trust->allowed_signers && trust->revoked) {
        if ((fd = load_revoked(trust->revoked, err)) < 0)
            return fd;
        keys.revoked = fd;
    }
    *ret_keys = keys;
    keys.allowed = keys.revoked = -1;
    return 0;
}
