/* SPDX-License-Identifier: Apache-2.0 */
/* What csc hook and csc init have in common. */
#ifndef CSC_CLI_HOOK_H
#define CSC_CLI_HOOK_H

#include <limits.h>

#include "agent/agent.h"
#include "cli/run.h"

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
        CSC_HAND_REWRITE] = {"rewrite", NULL, "replace what is allowed by a csc run of it (claude, codex, gemini)",    \
                             CSC_CLI_OPTIONAL},                                                                        \
        [(first) + CSC_HAND_MODE] = {"mode", "MODE", "for that csc run: local or hardened", CSC_CLI_OPTIONAL},         \
        [(first) + CSC_HAND_SIGN] = {"sign", NULL, "for that csc run: sign the receipt", CSC_CLI_OPTIONAL},            \
        [(first) + CSC_HAND_SIGNING_KEY] = {"signing-key", "PATH", "for that csc run: private key", CSC_CLI_OPTIONAL}, \
        [(first) + CSC_HAND_KEY_ID] = {"key-id", "ID", "for that csc run: name of the key", CSC_CLI_OPTIONAL},         \
        [(first) + CSC_HAND_ALLOWED_SIGNERS] = {"allowed-signers", "PATH", "for that csc run: who may approve",        \
                                                CSC_CLI_OPTIONAL},                                                     \
        [(first) + CSC_HAND_LEDGER] = {"ledger", "PATH", "for that csc run: where it is recorded", CSC_CLI_OPTIONAL},  \
        [(first) + CSC_HAND_CONFIG] = {"config", "PATH", "for that csc run: configuration to read", CSC_CLI_OPTIONAL}, \
        [(first) +                                                                                                     \
            CSC_HAND_BACKEND] = {"backend", "NAME", "for that csc run: auto, bwrap or native", CSC_CLI_OPTIONAL}

/* Checks those options, which begin with number `first` of the command's, and makes the words for csc run of them, in
 * the arena, with absolute paths. */
int csc_cli_hand_on(const struct csc_cli *cli, size_t first, struct csc_arena *arena, struct csc_strings *ret_words);
/* A path from the working directory on, which may be gone when it is used; in the arena. NULL: out of memory, or there
 * is no working directory. */
const char *csc_cli_absolute(struct csc_arena *arena, const char *path);
/* Where this csc lies. */
int csc_cli_own_path(char ret_path[PATH_MAX], struct csc_error *err);

/* ---- hook_places.c -------------------------------------------------------------------------------------------- */

/* What the judging relies on: {0} before, csc_cli_relied_free() after. Stays where it is. */
struct csc_cli_relied {
    struct csc_cli_configuration configuration; /* its list of protected files is the one of these */
    struct csc_cli_recorder recorder;
    char program[PATH_MAX]; /* csc itself */
    bool can_approve;       /* it is known whose signatures count */
};

/* Finds it by the options from number `first` on; without --rewrite that is little. Returns an exit code. */
int csc_cli_rely(const struct csc_cli *cli, size_t first, const char *policy, struct csc_cli_relied *ret_relied);
void csc_cli_relied_free(struct csc_cli_relied *relied);
/* The first that lies below one of the prefixes by any of its names, or NULL. */
const struct csc_protected *csc_cli_find_below(const struct csc_cli_relied *relied, const struct csc_names *prefixes);
/* None of it may lie where the policy lets commands write: CSC_E_PERMISSION. */
int csc_cli_check_places(const struct csc_cli_relied *relied, const struct csc_policy *policy, struct csc_error *err);

/* ---- hook_options.c ------------------------------------------------------------------------------------------- */

/* The agent called so; NULL after a usage error was said. */
const struct csc_hook_dialect *csc_cli_dialect(const struct csc_cli *cli, const char *agent);

#endif
