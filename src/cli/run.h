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

/* ---- run_hardened.c ---------------------------------------------------------------------------------------- */

/* What of the command line hardened mode wants; NULL: not given. */
struct csc_cli_hardening_options {
    const char *config, *backend, *signing_key, *policy;
};

enum { CSC_CLI_PROTECTED_MAX = 5 };

struct csc_cli_hardening {
    struct csc_config config;
    bool loaded;
    char config_path[PATH_MAX]; /* "": defaults alone */
    char own_place[PATH_MAX + 32];
    struct csc_protected files[CSC_CLI_PROTECTED_MAX];
    struct csc_hardening flow; /* points into this object, which stays where it is */
};

int csc_cli_harden(const struct csc_cli *cli, const struct csc_cli_hardening_options *options,
                   struct csc_cli_hardening *ret_hardening);
void csc_cli_hardening_free(struct csc_cli_hardening *hardening);
/* --sandbox-debug: the plans of all commands on stdout, as JSON; nothing is executed. */
int csc_cli_print_plans(const struct csc_cli *cli, const struct csc_flow *flow);

/* ---- run_report.c ------------------------------------------------------------------------------------------ */

/* What csc run says at its end. */
struct csc_cli_report {
    const struct csc_flow_result *result;
    const char *receipt_path;
    const char *key_id; /* or NULL: not signed */
    int64_t caps[2];    /* bytes captured of stdout and stderr */
};

/* The exit code of protocol section 5. */
int csc_cli_run_code(const struct csc_flow_result *result);
/* One summary line on stderr, and one for each stream that was cut. */
void csc_cli_summarise(const struct csc_cli_report *report);
/* The object of --json: decision, receipt, and what was captured in the two files. */
int csc_cli_print_run(const struct csc_cli *cli, const struct csc_cli_report *report, const int captured[2], int code);

#endif
