/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of csc run. */
#ifndef CSC_CLI_RUN_H
#define CSC_CLI_RUN_H

#include <limits.h>

#include "cli/cli.h"
#include "config.h"
#include "flow.h"

/* ---- run_process.c ----------------------------------------------------------------------------------------- */

/* Blocks the signals that end a run; they come through the returned signalfd(2). */
int csc_cli_signal_fd(struct csc_error *err);
/*
 * Calls run(cli) in a child of this process, hands on the signals that come meanwhile, and returns its exit code:
 * for a csc that has children of its own already (a shell exec'ed it), which are none of its business.
 */
int csc_cli_run_in_child(const struct csc_cli *cli, int (*run)(const struct csc_cli *cli));

/* ---- run_configure.c --------------------------------------------------------------------------------------- */

/* What of the command line the configuration goes with; NULL: not given. */
struct csc_cli_configure_options {
    const char *config, *backend, *signing_key, *policy, *allowed_signers;
    bool hardened;
};

enum { CSC_CLI_PROTECTED_MAX = 24 };

struct csc_cli_configuration {
    struct csc_config config;
    bool loaded;
    char config_path[PATH_MAX]; /* "": defaults alone */
    char own_place[PATH_MAX + 32];
    char state[PATH_MAX];
    struct csc_protected files[CSC_CLI_PROTECTED_MAX];
    struct csc_hardening flow; /* points into this object, which stays where it is */
};

/* Reads the configuration, and lists what csc relies on; in hardened mode it has to be beyond doubt, and no scope may
 * hold what is listed. */
int csc_cli_configure(const struct csc_cli *cli, const struct csc_cli_configure_options *options,
                      struct csc_cli_configuration *ret_configuration);
/* One more file that no scope may hold. NULL, "" and "-" are none. */
void csc_cli_protect(struct csc_cli_configuration *configuration, const char *path, const char *what, bool write_only);
void csc_cli_configuration_free(struct csc_cli_configuration *configuration);
/* --sandbox-debug: the plans of all commands on stdout, as JSON; nothing is executed. */
int csc_cli_print_plans(const struct csc_cli *cli, const struct csc_flow *flow);

/* ---- run_record.c -------------------------------------------------------------------------------------------- */

/* The approvals that were handed in, each with the signature beside it (its name and ".sig"), read once. */
struct csc_cli_approvals {
    struct csc_buf texts[CSC_CLI_VALUES_MAX], signatures[CSC_CLI_VALUES_MAX];
    struct csc_approval_file files[CSC_CLI_VALUES_MAX];
    size_t count;
};

int csc_cli_read_approvals(const struct csc_cli *cli, int option, struct csc_cli_approvals *ret_approvals);
void csc_cli_approvals_free(struct csc_cli_approvals *approvals);

/* The ledger of a run. */
struct csc_cli_recorder {
    struct csc_arena arena;
    const char *path; /* NULL: none is wanted, or none can be named */
    struct csc_error failure;
    struct csc_recorder flow; /* points into this object, which stays where it is */
};

/* Finds its place, or says in recorder->flow why there is none. */
void csc_cli_name_ledger(const char *option, const struct csc_config *config, struct csc_cli_recorder *recorder);
/* No scope may hold the ledger, nor what SQLite and csc keep beside it. */
int csc_cli_protect_ledger(const struct csc_cli *cli, struct csc_cli_configuration *configuration,
                           struct csc_cli_recorder *recorder);
void csc_cli_open_ledger(struct csc_cli_recorder *recorder);
void csc_cli_recorder_free(struct csc_cli_recorder *recorder);

/* ---- run_outputs.c -------------------------------------------------------------------------------------------- */

/* A file that a run reads or keeps, and what it is. */
struct csc_cli_kept {
    const char *path; /* may be NULL, "" and "-": none */
    const char *what;
};

/* What of them the file under construction would replace, or NULL. */
const char *csc_cli_replaces(const struct csc_file *file, const struct csc_cli_kept *kept, size_t count);

/* ---- run_report.c ------------------------------------------------------------------------------------------ */

/* What csc run says at its end. */
struct csc_cli_report {
    const struct csc_flow_result *result;
    const char *receipt_path; /* NULL: the receipt is in the object of --json alone */
    bool output_elsewhere;    /* what was captured is not in that object */
    const char *key_id;       /* or NULL: not signed */
    int64_t caps[2];          /* bytes captured of stdout and stderr */
};

/* The exit code of protocol section 5. */
int csc_cli_run_code(const struct csc_flow_result *result);
/* One summary line on stderr, and one for each stream that was cut. */
void csc_cli_summarise(const struct csc_cli_report *report);
/* The object of --json: decision, receipt, and what was captured in the two files. */
int csc_cli_print_run(const struct csc_cli *cli, const struct csc_cli_report *report, const int captured[2], int code);

#endif
