/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making approvals. ssh-keygen asks for passphrases and touches itself, so it gets the terminal and the person's own
 * environment (agent, askpass). It asks on a terminal only where that is its standard input, which is why what it signs
 * is a file: in a folder of its own, which nobody else can enter, and which is gone afterwards.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "approval/ssh.h"

enum { OUTPUT_MAX = 64 << 10, PATH_TEXT = PATH_MAX, AGENT_TIMEOUT_MS = 60000 };

/* ---- the artifact --------------------------------------------------------------------------------------------------
 */

static int write_artifact(const struct csc_approval *approval, struct csc_arena *arena, struct csc_buf *buf,
                          struct csc_error *err)
{
    struct csc_object object, approver;
    struct csc_value value;
    char approved_at[CSC_TIME_TEXT], expires_at[CSC_TIME_TEXT];

    csc_object_begin(&approver, arena, 2);
    csc_object_string(&approver, "identity", approval->identity);
    csc_object_string(&approver, "method", "cli");
    int r = csc_object_end(&approver, &value, err);
    if (r < 0)
        return r;
    csc_time_format(approval->approved_at, approved_at);
    csc_time_format(approval->expires_at, expires_at);
    csc_object_begin(&object, arena, 9);
    csc_object_string(&object, "approval_version", CSC_APPROVAL_VERSION);
    csc_object_string(&object, "approval_id", approval->id);
    csc_object_string(&object, "contract_sha256", approval->contract_sha256);
    csc_object_value(&object, "approver", value);
    csc_object_string(&object, "approved_at", approved_at);
    csc_object_string(&object, "expires_at", expires_at);
    csc_object_string(&object, "scope", csc_approval_scope_names[approval->scope]);
    if (approval->ticket_id)
        csc_object_string(&object, "ticket_id", approval->ticket_id);
    if (approval->reason)
        csc_object_string(&object, "reason", approval->reason);
    r = csc_object_end(&object, &value, err);
    if (r == 0)
        csc_json_write(buf, &value);
    return r == 0 && buf->failed ? csc_fail_memory(err) : r;
}

int csc_approval_write(const struct csc_approval *approval, struct csc_buf *ret_bytes, struct csc_error *err)
{
    struct csc_arena arena = {0};
    _cleanup_buf_ struct csc_buf bytes = {0};
    struct csc_approval *parsed = NULL;
    int r = write_artifact(approval, &arena, &bytes, err);

    csc_arena_free(&arena);
    if (r == 0) /* what csc run would say of it is said now */
        r = csc_approval_parse(bytes.data, bytes.size, &parsed, err);
    csc_approval_free(parsed);
    if (r < 0)
        return csc_error_in_stage(err, "approval", r);
    *ret_bytes = bytes;
    bytes = (struct csc_buf){0};
    return 0;
}

/* ---- where it is signed
 * ---------------------------------------------------------------------------------------------- */

struct workplace {
    char folder[PATH_TEXT], file[PATH_TEXT + 16], signature[PATH_TEXT + 24], key[PATH_TEXT + 16];
};

static void workplace_leave(struct workplace *place)
{
    if (!place->folder[0])
        return;
    (void)unlink(place->signature);
    (void)unlink(place->file);
    (void)unlink(place->key);
    (void)rmdir(place->folder);
}

static int write_file(const char *path, const void *bytes, size_t size, struct csc_error *err)
{
    _cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

    if (fd < 0 || csc_write_all(fd, bytes, size) < 0)
        return csc_fail_errno(err, CSC_E_OUTPUT, errno, "%s: cannot write", path);
    return 0;
}

static int workplace_enter(struct workplace *place, struct csc_error *err)
{
    const char *parent = secure_getenv("TMPDIR");

    if (!parent || parent[0] != '/')
        parent = "/tmp";
    int size = snprintf(place->folder, sizeof(place->folder), "%s/csc-approve-XXXXXX", parent);
    if (size < 0 || (size_t)size >= sizeof(place->folder) || !mkdtemp(place->folder)) {
        int error = (size_t)size >= sizeof(place->folder) ? ENAMETOOLONG : errno;
        place->folder[0] = '\0';
        return csc_fail_errno(err, CSC_E_OUTPUT, error, "cannot make a folder in %s", parent);
    }
    (void)snprintf(place->file, sizeof(place->file), "%s/approval.json", place->folder);
    (void)snprintf(place->signature, sizeof(place->signature), "%s.sig", place->file);
    (void)snprintf(place->key, sizeof(place->key), "%s/key.pub", place->folder);
    return 0;
}

/* ---- the key --------------------------------------------------------------------------------------------------------
 */

/* ssh-add lies beside ssh-keygen. */
static int ask_agent(const struct csc_approval_signer *signer, struct csc_child_end *ret_end, struct csc_error *err)
{
    char program[PATH_TEXT], folder[PATH_TEXT];

    (void)snprintf(folder, sizeof(folder), "%s", signer->ssh_keygen);
    (void)snprintf(program, sizeof(program), "%.*s/ssh-add", PATH_TEXT - 16, dirname(folder));
    const char *const argv[] = {program, "-L", NULL};
    const struct csc_child child = {
        .argv = (char *const *)argv,
        .envp = environ,
        .input = "",
        .input_fd = -1,
        .output_max = 1 << 20,
        .timeout_ms = AGENT_TIMEOUT_MS,
    };
    return csc_child_run(&child, ret_end, err);
}

/* The only key of the agent. */
static int take_agent_key(const struct csc_approval_signer *signer, const struct workplace *place,
                          struct csc_error *err)
{
    _cleanup_(csc_child_end_free) struct csc_child_end end = {0};
    int r = ask_agent(signer, &end, err);

    if (r < 0)
        return r;
    const char *first_end = end.status == 0 && end.out.data ? strchr(end.out.data, '\n') : NULL;
    if (!first_end)
        return csc_fail(err, CSC_E_CONFIG,
                        "there is no agent with a key (SSH_AUTH_SOCK); start ssh-agent and ssh-add the key, or give "
                        "--ssh-key alone");
    if (first_end[1])
        return csc_fail(err, CSC_E_USAGE, "the agent has several keys; say which by --ssh-key and its public key file");
    return write_file(place->key, end.out.data, end.out.size, err);
}

/* ---- signing
 * ---------------------------------------------------------------------------------------------------------- */

static int run_signing(const struct csc_approval_signer *signer, const struct workplace *place, struct csc_error *err)
{
    _cleanup_(csc_child_end_free) struct csc_child_end end = {0};
    _cleanup_close_ int terminal = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    const char *const argv[] = {signer->ssh_keygen,
                                "-Y",
                                "sign",
                                "-q",
                                "-n",
                                CSC_APPROVAL_NAMESPACE,
                                "-f",
                                signer->key ? signer->key : place->key,
                                signer->agent ? "-U" : place->file,
                                signer->agent ? place->file : NULL,
                                NULL};
    const struct csc_child child = {
        .argv = (char *const *)argv,
        .envp = environ,
        .input = "",
        .input_fd = terminal,
        .share_stderr = true,
        .output_max = OUTPUT_MAX,
        .timeout_ms = -1,
    };
    int r = csc_child_run(&child, &end, err);
    if (r == 0 && end.status != 0)
        return csc_fail(err, CSC_E_INVALID, "%s signed nothing (exit status %d); what it said stands above",
                        signer->ssh_keygen, end.status);
    return r;
}

static int read_signature(const struct workplace *place, struct csc_buf *ret_signature, struct csc_error *err)
{
    _cleanup_close_ int fd = open(place->signature, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return csc_fail_errno(err, CSC_E_INTERNAL, errno, "cannot read the signature that was made");
    return csc_read_fd(fd, CSC_APPROVAL_SIGNATURE_MAX, ret_signature, err);
}

static int sign(const struct csc_approval_signer *signer, const struct csc_buf *bytes, struct csc_buf *ret_signature,
                struct csc_error *err)
{
    _cleanup_(workplace_leave) struct workplace place = {0};
    int r = workplace_enter(&place, err);

    if (r == 0)
        r = write_file(place.file, bytes->data, bytes->size, err);
    if (r == 0 && !signer->key)
        r = take_agent_key(signer, &place, err);
    if (r == 0)
        r = run_signing(signer, &place, err);
    return r == 0 ? read_signature(&place, ret_signature, err) : r;
}

int csc_approval_sign(const struct csc_approval_signer *signer, const struct csc_buf *bytes,
                      struct csc_buf *ret_signature, char ret_key[CSC_APPROVAL_KEY], struct csc_error *err)
{
    _cleanup_buf_ struct csc_buf signature = {0};
    int r = sign(signer, bytes, &signature, err);

    if (r == 0)
        r = csc_ssh_check(signer->ssh_keygen, bytes, &signature, ret_key, err);
    if (r < 0)
        return csc_error_in_stage(err, "approval", r);
    *ret_signature = signature;
    signature = (struct csc_buf){0};
    return 0;
}
