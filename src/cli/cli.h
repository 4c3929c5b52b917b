/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line: what main.c and the commands share. A command is one file and one const descriptor; its
 * tables make its parser, its usage and its help, so that the three cannot disagree.
 *
 * Functions that return `int` here give the exit code of csc (0: go on), and have said on stderr why.
 */
#ifndef CSC_CLI_H
#define CSC_CLI_H

#include "base/base.h"
#include "contract/contract.h"
#include "policy/policy.h"
#include "receipt/receipt.h"

enum { CSC_CLI_PARAMETERS_MAX = 2, CSC_CLI_OPTIONS_MAX = 24, CSC_CLI_VALUES_MAX = 16 };

enum { CSC_EXIT_NO = 1, CSC_EXIT_NEEDS_APPROVAL = 2 };

enum csc_cli_use {
    CSC_CLI_OPTIONAL,
    CSC_CLI_REQUIRED,
    CSC_CLI_REPEATABLE, /* may be given up to CSC_CLI_VALUES_MAX times: csc_cli_values() */
};

struct csc_cli_option {
    const char *name;     /* without its dashes; NULL ends a table */
    const char *argument; /* what stands for its value in the help; NULL: a flag */
    const char *help;
    enum csc_cli_use use;
};

struct csc_cli;

struct csc_cli_command {
    const char *name;                                   /* as it is typed: of a subcommand "ledger list" */
    const char *summary;                                /* half a line for the list of commands */
    const struct csc_cli_command *const *subcommands;   /* NULL-terminated; then it has nothing of its own to run */
    const char *parameters[CSC_CLI_PARAMETERS_MAX + 1]; /* their names in the help; NULL-terminated */
    size_t optional_parameters;                         /* so many of the last ones may be left out */
    const struct csc_cli_option *options;               /* or NULL */
    const char *description;                            /* lines for the help */
    const char *examples;                               /* one a line */
    int (*run)(const struct csc_cli *cli);
    /* The exit code of everything that goes wrong, for a caller that takes others for consent; usage errors and what
     * happens before `run` are included. 0: those of csc. */
    int failure;
};

/* One invocation. */
struct csc_cli {
    const struct csc_cli_command *command;
    const char *parameters[CSC_CLI_PARAMETERS_MAX];
    const char *options[CSC_CLI_OPTIONS_MAX]; /* by index in command->options; NULL: not given; a flag: its name */
    const char *values[CSC_CLI_OPTIONS_MAX][CSC_CLI_VALUES_MAX]; /* all of a repeatable one, the first also above */
    bool json;          /* --json was given: stdout gets exactly one object, errors included */
    bool stdout_closed; /* when csc started: what is printed has nowhere to go */
};

extern const struct csc_cli_command csc_cli_check;
extern const struct csc_cli_command csc_cli_run;
extern const struct csc_cli_command csc_cli_verify_receipt;
extern const struct csc_cli_command csc_cli_verify_evidence;
extern const struct csc_cli_command csc_cli_validate;
extern const struct csc_cli_command csc_cli_hash;
extern const struct csc_cli_command csc_cli_canonicalize;
extern const struct csc_cli_command csc_cli_keygen;
extern const struct csc_cli_command csc_cli_explain;
extern const struct csc_cli_command csc_cli_doctor;
extern const struct csc_cli_command csc_cli_approve;
extern const struct csc_cli_command csc_cli_ledger;
extern const struct csc_cli_command csc_cli_mcp;
extern const struct csc_cli_command csc_cli_from_shell;
extern const struct csc_cli_command csc_cli_hook;
extern const struct csc_cli_command csc_cli_init;

/* ---- options.c --------------------------------------------------------------------------------------------- */

/* Of a command's name. */
const char *csc_cli_last_word(const char *name);
/* By the last word of its name, in a NULL-terminated table; NULL: there is none. */
const struct csc_cli_command *csc_cli_find(const struct csc_cli_command *const *commands, const char *word);

enum { CSC_CLI_HELP = -1 }; /* csc_cli_parse(): --help was asked for */

/* Parses the arguments after the command's name, NULL-terminated, into cli->parameters, options and json. */
int csc_cli_parse(struct csc_cli *cli, char *const *args);
/* How often a repeatable option was given, and its values in that order. */
size_t csc_cli_values(const struct csc_cli *cli, int option, const char *const **ret_values);
/* The command's help, as `--help` prints it. */
void csc_cli_help(struct csc_buf *buf, const struct csc_cli_command *command);

/* ---- message.c --------------------------------------------------------------------------------------------- */

enum csc_cli_tone { CSC_TONE_PLAIN, CSC_TONE_GOOD, CSC_TONE_BAD, CSC_TONE_WAIT };

/* Appends `word`, coloured when `fd` is a terminal that wants colours. `word` is ours, never hostile. */
void csc_cli_paint(struct csc_buf *buf, int fd, enum csc_cli_tone tone, const char *word);
/* One line on stderr, "csc: ...". The whole line is escaped, so hostile strings may be passed as they are. */
__attribute__((format(printf, 1, 2))) void csc_cli_say(const char *format, ...);
/* The same, after a word of ours in its tone. */
__attribute__((format(printf, 3, 4))) void csc_cli_say_tone(enum csc_cli_tone tone, const char *word,
                                                            const char *format, ...);
/* Says an error about `file` (NULL: none; "-": stdin), unless the text begins with its name, and gives the exit code.
 */
int csc_cli_fail(const struct csc_cli *cli, const char *file, const struct csc_error *err);
/* Says that a check failed: 1. With --json that is a result, like a valid one, and no error object. */
int csc_cli_invalid(const struct csc_cli *cli, const char *file, const struct csc_error *reason);
/* Says a usage error with a hint at the help: 64. */
__attribute__((format(printf, 2, 3))) int csc_cli_usage(const struct csc_cli *cli, const char *format, ...);

/* ---- output.c ---------------------------------------------------------------------------------------------- */

/* Writes to stdout; returns `code`, or 73 when that fails, or 70 when the buffer ran out of memory. */
int csc_cli_print(const struct csc_cli *cli, const struct csc_buf *buf, int code);
/* The same with a value, as indented JSON. */
int csc_cli_print_json(const struct csc_cli *cli, const struct csc_value *value, int code);

/* ---- input.c ----------------------------------------------------------------------------------------------- */

int csc_cli_read(const struct csc_cli *cli, const char *path, size_t max, struct csc_buf *ret_bytes);
/* The commands' two inputs, CONTRACT and POLICY, of which one may be stdin. */
int csc_cli_load(const struct csc_cli *cli, struct csc_contract **ret_contract, struct csc_policy **ret_policy);

/* What validate and hash know of a kind of file. */
struct csc_cli_kind {
    const char *name;
    size_t max; /* bytes */
    int (*validate)(const void *bytes, size_t size, struct csc_error *err);
    int (*hash)(const void *bytes, size_t size, char ret_hex[CSC_SHA256_HEX], struct csc_error *err); /* or NULL */
};

/* NULL after a usage error was said. */
const struct csc_cli_kind *csc_cli_kind(const struct csc_cli *cli, const char *name, bool to_hash);

/* ---- ledger_path.c ----------------------------------------------------------------------------------------- */

/*
 * Which ledger: `option`, else $CSC_LEDGER, else `configured` (both may be NULL), else the place of this user:
 * /var/lib/csc for root, $XDG_STATE_HOME/csc or $HOME/.local/state/csc for others. NULL for "none". The path is one of
 * those strings, or in the arena.
 */
int csc_cli_ledger_path(const char *option, const char *configured, struct csc_arena *arena, const char **ret_path,
                        struct csc_error *err);

/* ---- decision.c -------------------------------------------------------------------------------------------- */

/* 0, 1 or 2, as check and explain exit. */
int csc_cli_verdict_code(enum csc_verdict verdict);
/* "deny COMMAND_NOT_ALLOWED: reason" and a newline, for stdout. */
void csc_cli_describe(struct csc_buf *buf, const struct csc_decision *decision);
/* Loads both inputs, checks the runner's limits, decides. */
int csc_cli_decide(const struct csc_cli *cli, struct csc_contract **ret_contract, struct csc_policy **ret_policy,
                   struct csc_decision **ret_decision);

static inline void csc_contract_cleanup(struct csc_contract **contract)
{
    csc_contract_free(*contract);
}

static inline void csc_policy_cleanup(struct csc_policy **policy)
{
    csc_policy_free(*policy);
}

static inline void csc_decision_cleanup(struct csc_decision **decision)
{
    csc_decision_free(*decision);
}

static inline void csc_receipt_cleanup(struct csc_receipt **receipt)
{
    csc_receipt_free(*receipt);
}

#define _cleanup_arena_ _cleanup_(csc_arena_free)
#define _cleanup_contract_ _cleanup_(csc_contract_cleanup)
#define _cleanup_policy_ _cleanup_(csc_policy_cleanup)
#define _cleanup_decision_ _cleanup_(csc_decision_cleanup)
#define _cleanup_receipt_ _cleanup_(csc_receipt_cleanup)

#endif
