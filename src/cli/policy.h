/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of csc policy. */
#ifndef CSC_CLI_POLICY_H
#define CSC_CLI_POLICY_H

#include "cli/cli.h"

extern const struct csc_cli_command csc_cli_policy_lint;
extern const struct csc_cli_command csc_cli_policy_test;
extern const struct csc_cli_command csc_cli_policy_diff;
extern const struct csc_cli_command csc_cli_policy_replay;

/* Reads and parses a policy; "-" is standard input. */
int csc_cli_policy_load(const struct csc_cli *cli, const char *path, struct csc_policy **ret_policy);

/* ---- policy_tree.c ------------------------------------------------------------------------------------------ */

/* A folder with files of others: packs, contracts. */
struct csc_cli_tree {
    const struct csc_cli *cli;
    struct csc_arena arena; /* of names */
    const char *path;       /* as given */
    int folder;
};

#define CSC_CLI_TREE_NONE ((struct csc_cli_tree){.folder = -1})

struct csc_cli_file {
    const char *folder; /* relative to the tree, "." for itself */
    const char *name;   /* in the folder; or a path from there */
};

int csc_cli_tree_open(const struct csc_cli *cli, const char *path, struct csc_cli_tree *ret_tree);
void csc_cli_tree_close(struct csc_cli_tree *tree);
/* Calls `each` for every regular file and symlink, in the order of their names. What begins with a dot is passed over,
 * and folders behind symlinks are not entered; folders that are nested too deeply are an error.
 * Strings live as long as the tree. What `each` returns other than 0 ends the walk and is returned. */
int csc_cli_tree_walk(struct csc_cli_tree *tree, int (*each)(void *context, const struct csc_cli_file *file),
                      void *context);
/* Reads a file that lies beneath the tree, whatever its path and symlinks say. Errors don't name it. */
int csc_cli_tree_read(const struct csc_cli_tree *tree, struct csc_cli_file file, size_t max, struct csc_buf *ret_bytes,
                      struct csc_error *err);
/* What it is called in messages; NULL: no memory. */
char *csc_cli_tree_name(struct csc_cli_tree *tree, const char *folder, const char *file);

#endif
