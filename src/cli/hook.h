/* SPDX-License-Identifier: Apache-2.0 */
/* What csc hook and csc init have in common. */
#ifndef CSC_CLI_HOOK_H
#define CSC_CLI_HOOK_H

#include <limits.h>

#include "agent/agent.h"
#include "cli/cli.h"

/* Options of both, in this order from CSC_HAND_REWRITE on: all but the first are handed on to csc run. */
enum {
    CSC_HAND_REWRITE,
    CSC_HAND_MODE,
    CSC_HAND_SIGN,
    CSC_HAND_SIGNING_KEY,
    CSC_HAND_KEY_ID,
    CSC_HAND_ALLOWED_SIGNERS,
    CSC_HAND_LEDGER,
    CSC_HAND_CONFIG,
    CSC_HAND_BACKEND,
    CSC_HAND_COUNT,
};

#define CSC_CLI_HANDED(first)                                                                                          \
    [(first) +                                                                                                         \
        CSC_HAND_REWRITE] = {"rewrite", NULL, "replace what is allowed by a csc run of it (claude, codex)",            \
                             CSC_CLI_OPTIONAL},                                                                        \
        [(first) + CSC_HAND_MODE] = {"mode", "local|hardened", "for that csc run: how commands are executed",          \
                                     CSC_CLI_OPTIONAL},                                                                \
        [(first) + CSC_HAND_SIGN] = {"sign", NULL, "for that csc run: sign the receipt", CSC_CLI_OPTIONAL},            \
        [(first) + CSC_HAND_SIGNING_KEY] = {"signing-key", "PATH", "for that csc run: private key", CSC_CLI_OPTIONAL}, \
        [(first) + CSC_HAND_KEY_ID] = {"key-id", "ID", "for that csc run: name of the key", CSC_CLI_OPTIONAL},         \
        [(first) + CSC_HAND_ALLOWED_SIGNERS] = {"allowed-signers", "PATH", "for that csc run: who may approve",        \
                                                CSC_CLI_OPTIONAL},                                                     \
        [(first) +                                                                                                     \
            CSC_HAND_LEDGER] = {"ledger", "PATH|none", "for that csc run: where it is recorded", CSC_CLI_OPTIONAL},    \
        [(first) + CSC_HAND_CONFIG] = {"config", "PATH", "for that csc run: configuration to read", CSC_CLI_OPTIONAL}, \
        [(first) + CSC_HAND_BACKEND] = {"backend", "auto|bwrap|native", "for that csc run: what makes the sandbox",    \
                                        CSC_CLI_OPTIONAL}

/* Checks those options, which begin with number `first` of the command's, and makes the words for csc run of them, in
 * the arena, with absolute paths. */
int csc_cli_hand_on(const struct csc_cli *cli, size_t first, struct csc_arena *arena, struct csc_strings *ret_words);
/* A path from the working directory on, which may be gone when it is used; in the arena. NULL: out of memory, or there
 * is no working directory. */
const char *csc_cli_absolute(struct csc_arena *arena, const char *path);
/* Where this csc lies. */
int csc_cli_own_path(char ret_path[PATH_MAX], struct csc_error *err);
/* The agent called so; NULL after a usage error was said. */
const struct csc_hook_dialect *csc_cli_dialect(const struct csc_cli *cli, const char *agent);

#endif
