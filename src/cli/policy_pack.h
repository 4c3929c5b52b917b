/* SPDX-License-Identifier: Apache-2.0 */
/* Packs as csc policy test finds, runs and reports them. */
#ifndef CSC_CLI_POLICY_PACK_H
#define CSC_CLI_POLICY_PACK_H

#include "cli/policy.h"

/* How a case ended. */
struct csc_case_result {
    bool ok;
    const char *decision, *code; /* as decided; NULL: it came to none */
    const char **classified;     /* one a command that was reached */
    size_t classified_count;
    const char *message; /* what is wrong, one line of safe text; NULL when ok */
};

struct csc_loaded_pack {
    const char *folder; /* relative to the folder of all, "." for that itself */
    struct csc_pack *pack;
    struct csc_policy **policies;
    struct csc_contract **contracts; /* by case; NULL where the case gives a command */
    struct csc_case_result *results; /* by case */
};

struct csc_packs {
    const struct csc_cli *cli;
    struct csc_arena arena;
    const char *path; /* as given */
    struct csc_cli_tree tree;
    struct csc_loaded_pack *items; /* by folder, in the order of their names */
    size_t count, capacity;
    size_t cases, failed;
};

/* Finds every pack.yaml in or below the folder, and reads whatever it names. What cannot be read or is malformed ends
 * it all. An exit code, as everything here. */
int csc_packs_load(const struct csc_cli *cli, const char *path, struct csc_packs *ret_packs);
int csc_packs_run(struct csc_packs *packs);
void csc_packs_free(struct csc_packs *packs);

/* Append a report of what was run. */
void csc_packs_write_tap(struct csc_buf *text, const struct csc_packs *packs);
void csc_packs_write_junit(struct csc_buf *text, const struct csc_packs *packs);
int csc_packs_value(struct csc_packs *packs, struct csc_value *ret_value, struct csc_error *err);

#endif
