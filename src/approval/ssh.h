/* SPDX-License-Identifier: Apache-2.0 */
/* SSH signatures (PROTOCOL.sshsig), checked and made by ssh-keygen(1). */
#ifndef CSC_APPROVAL_SSH_H
#define CSC_APPROVAL_SSH_H

#include "approval/approval.h"

/* What signatures are checked against: files in memory, read once. */
struct csc_ssh_keys {
    const struct csc_approval_trust *trust;
    int allowed; /* -1: signatures are not checked */
    int revoked; /* or -1 */
};

int csc_ssh_keys_load(const struct csc_approval_trust *trust, struct csc_ssh_keys *ret_keys, struct csc_error *err);
void csc_ssh_keys_close(struct csc_ssh_keys *keys);

struct csc_ssh_question {
    const struct csc_ssh_keys *keys;
    const struct csc_approval_file *file;
    const char *identity;
};

/*
 * Whether the file's signature is by a key that may sign for the identity, now. 1: it is, and ret_key holds the key's
 * fingerprint; 0: it is not, and `why` says it, in one line; negative: an error, nothing is known.
 */
int csc_ssh_verify(const struct csc_ssh_question *question, char ret_key[CSC_APPROVAL_KEY], struct csc_buf *why,
                   struct csc_error *err);
/* Whether the signature is one over the bytes in the namespace, by whatever key; gives that key. */
int csc_ssh_check(const char *ssh_keygen, const struct csc_buf *bytes, const struct csc_buf *signature,
                  char ret_key[CSC_APPROVAL_KEY], struct csc_error *err);

#endif
