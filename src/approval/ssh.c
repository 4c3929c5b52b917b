/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is verified are the bytes that were parsed, on standard input, and not a path that leads elsewhere by then. For
 * the same reason signature, allowed signers and revoked keys go over as files in memory, which nobody changes.
 *
 * ssh-keygen matches the identity against the patterns of the allowed signers, never the other way round, and compares
 * it with a certificate's principals as it stands. It gets a fresh environment: no agent, no askpass, no language.
 */
#include "approval/ssh.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { OUTPUT_MAX = 64 << 10, TIMEOUT_MS = 10000, FD_PATH = 32 };

static const char *const clean_environment[] = {"LC_ALL=C", NULL};

/* ---- asking ssh-keygen ----------------------------------------------------------------------------------------- */

bool csc_approval_identity_is_plain(const char *identity)
{
    size_t size = strlen(identity);
    char shown[16];

    if (size == 0 || identity[0] == '-' || strpbrk(identity, " ,*?!\"#\\"))
        return false;
    for (size_t i = 0, n; i < size; i += n) {
        n = csc_utf8_sequence((const unsigned char *)identity + i, size - i);
        if (n == 0 || csc_text_escape(shown, sizeof(shown), identity + i, n) != n)
            return false;
    }
    return true;
}

static const char *fd_path(int fd, char path[FD_PATH])
{
    (void)snprintf(path, FD_PATH, "/proc/self/fd/%d", fd);
    return path;
}

/* Is this signature good? `revoked`: the revoked keys, or -1. */
static int ask(const struct csc_ssh_question *question, int revoked, struct csc_child_end *ret_end,
               struct csc_error *err)
{
    const struct csc_ssh_keys *keys = question->keys;
    const struct csc_approval_file *file = question->file;
    _cleanup_close_ int signature = csc_memory_file(file->signature, file->signature_size, err);
    char allowed_path[FD_PATH], signature_path[FD_PATH], revoked_path[FD_PATH];
    const int fds[] = {keys->allowed, signature, revoked};

    if (signature < 0)
        return signature;
    const char *argv[] = {keys->trust->ssh_keygen,
                          "-Y",
                          "verify",
                          "-n",
                          CSC_APPROVAL_NAMESPACE,
                          "-I",
                          question->identity,
                          "-f",
                          fd_path(keys->allowed, allowed_path),
                          "-s",
                          fd_path(signature, signature_path),
                          revoked < 0 ? NULL : "-r",
                          fd_path(revoked, revoked_path),
                          NULL};
    const struct csc_child child = {
        .argv = (char *const *)argv,
        .envp = (char *const *)clean_environment,
        .input = file->bytes,
        .input_size = file->size,
        .input_fd = -1,
        .fds = fds,
        .fd_count = revoked < 0 ? 2 : 3,
        .output_max = OUTPUT_MAX,
        .timeout_ms = TIMEOUT_MS,
    };
    int r = csc_child_run(&child, ret_end, err);
    if (r == 0 && ret_end->timed_out) {
        csc_child_end_free(ret_end);
        return csc_fail(err, CSC_E_CONFIG, "'%s' did not answer for %d s; is it ssh-keygen?", argv[0],
                        TIMEOUT_MS / 1000);
    }
    return r;
}

static bool take(const char **text, const char *expected)
{
    size_t size = strlen(expected);

    if (strncmp(*text, expected, size) != 0)
        return false;
    *text += size;
    return true;
}

/* Good "NAMESPACE" signature for IDENTITY with TYPE key SHA256:... and nothing else. Without "for", when NULL. */
static bool parse_answer(const struct csc_buf *out, const char *identity, char ret_key[CSC_APPROVAL_KEY])
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    enum { FINGERPRINT = sizeof("SHA256:") - 1 + 43 };
    const char *text = out->data;

    if (!text || strlen(text) != out->size || !take(&text, "Good \"" CSC_APPROVAL_NAMESPACE "\" signature ") ||
        (identity && (!take(&text, "for ") || !take(&text, identity) || !take(&text, " "))) || !take(&text, "with "))
        return false;
    text += strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-");
    if (!take(&text, " key ") || strncmp(text, "SHA256:", 7) != 0 || 7 + strspn(text + 7, digits) != FINGERPRINT ||
        strcmp(text + FINGERPRINT, "\n") != 0)
        return false;
    memcpy(ret_key, text, FINGERPRINT);
    ret_key[FINGERPRINT] = '\0';
    return true;
}

/* ---- why not: for people, decides nothing ---------------------------------------------------------------------- */

/* The last line that it said, with the file's name in the place of the descriptor's. */
static void quote(const struct csc_ssh_keys *keys, const struct csc_buf *said, struct csc_buf *why)
{
    char path[FD_PATH], excerpt[CSC_EXCERPT];
    size_t end = said->size;

    while (end > 0 && isspace((unsigned char)said->data[end - 1]))
        end--;
    size_t start = end;
    while (start > 0 && said->data[start - 1] != '\n')
        start--;
    const char *line = said->data + start;
    size_t size = end - start, known = strlen(fd_path(keys->allowed, path));
    if (size > known && strncmp(line, path, known) == 0) {
        csc_buf_printf(why, "%s", keys->trust->allowed_signers);
        line += known;
        size -= known;
    }
    csc_buf_puts(why, csc_text_excerpt(excerpt, line, size));
    csc_buf_puts(why, "; have it signed anew by who may approve");
}

static bool is_good(const struct csc_child_end *end)
{
    return end->status == 0 && !end->timed_out;
}

static void explain(const struct csc_ssh_question *question, const struct csc_child_end *end, struct csc_buf *why)
{
    const struct csc_ssh_keys *keys = question->keys;
    _cleanup_(csc_child_end_free) struct csc_child_end again = {0};

    csc_buf_puts(why, "its signature is not accepted: ");
    if (keys->revoked >= 0 && ask(question, -1, &again, NULL) == 0 && is_good(&again))
        csc_buf_printf(why, "its key is revoked by %s, or that file is damaged; have somebody else approve",
                       keys->trust->revoked);
    else if (end->err.size > 0)
        quote(keys, &end->err, why);
    else
        csc_buf_printf(why,
                       "%s allows '%s' no key that made it over these bytes in the namespace %s; see who may approve, "
                       "and whether the file was changed after it was signed",
                       keys->trust->allowed_signers, question->identity, CSC_APPROVAL_NAMESPACE);
}

int csc_ssh_verify(const struct csc_ssh_question *question, char ret_key[CSC_APPROVAL_KEY], struct csc_buf *why,
                   struct csc_error *err)
{
    _cleanup_(csc_child_end_free) struct csc_child_end end = {0};

    if (!csc_approval_identity_is_plain(question->identity)) {
        csc_buf_puts(why,
                     "its approver.identity has white space, control characters or characters of patterns, so that "
                     "no signature can be checked for it; name people plainly, such as by their mail address");
        return 0;
    }
    int r = ask(question, question->keys->revoked, &end, err);
    if (r < 0)
        return r;
    if (!is_good(&end)) {
        explain(question, &end, why);
        return 0;
    }
    if (parse_answer(&end.out, question->identity, ret_key))
        return 1;
    return csc_fail(err, CSC_E_CONFIG, "'%s' answered what ssh-keygen does not; give the path of OpenSSH's",
                    question->keys->trust->ssh_keygen);
}

int csc_ssh_check(const char *ssh_keygen, const struct csc_buf *bytes, const struct csc_buf *signature,
                  char ret_key[CSC_APPROVAL_KEY], struct csc_error *err)
{
    _cleanup_(csc_child_end_free) struct csc_child_end end = {0};
    _cleanup_close_ int fd = csc_memory_file(signature->data, signature->size, err);
    char path[FD_PATH];

    if (fd < 0)
        return fd;
    const char *const argv[] = {ssh_keygen,        "-Y", "check-novalidate", "-n", CSC_APPROVAL_NAMESPACE, "-s",
                                fd_path(fd, path), NULL};
    const struct csc_child child = {
        .argv = (char *const *)argv,
        .envp = (char *const *)clean_environment,
        .input = bytes->data,
        .input_size = bytes->size,
        .input_fd = -1,
        .fds = &fd,
        .fd_count = 1,
        .output_max = OUTPUT_MAX,
        .timeout_ms = TIMEOUT_MS,
    };
    int r = csc_child_run(&child, &end, err);
    if (r < 0 || (is_good(&end) && parse_answer(&end.out, NULL, ret_key)))
        return r;
    return csc_fail(err, CSC_E_INVALID, "the signature just made does not verify; nothing was kept, try again");
}
