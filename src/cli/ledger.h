/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of csc ledger. */
#ifndef CSC_CLI_LEDGER_H
#define CSC_CLI_LEDGER_H

#include "cli/cli.h"
#include "ledger/ledger.h"

extern const struct csc_cli_command csc_cli_ledger_list;
extern const struct csc_cli_command csc_cli_ledger_show;
extern const struct csc_cli_command csc_cli_ledger_verify;
extern const struct csc_cli_command csc_cli_ledger_prove;
extern const struct csc_cli_command csc_cli_ledger_checkpoint;
extern const struct csc_cli_command csc_cli_ledger_export;
extern const struct csc_cli_command csc_cli_ledger_stats;

/* ---- ledger.c ----------------------------------------------------------------------------------------------- */

/* The first option of every subcommand. */
enum { CSC_LEDGER_OPT_PATH };

#define CSC_LEDGER_PATH_OPTION                                                                                         \
    {                                                                                                                  \
        "ledger", "PATH", "which ledger; else CSC_LEDGER, or this user's own", CSC_CLI_OPTIONAL                        \
    }

/* A ledger that is open, and what it is called in messages. */
struct csc_cli_ledger {
    struct csc_arena arena;
    const char *path;
    struct csc_ledger *ledger;
};

int csc_cli_ledger_open(const struct csc_cli *cli, struct csc_cli_ledger *ret_ledger);
void csc_cli_ledger_close(struct csc_cli_ledger *ledger);
/* Says an error about this ledger, and gives the exit code. */
int csc_cli_ledger_fail(const struct csc_cli *cli, const struct csc_cli_ledger *ledger, const struct csc_error *err);

/* Writes a text to the file, or, where that is NULL, to stdout; there with --json as an object with one member. */
int csc_cli_ledger_deliver(const struct csc_cli *cli, const char *file, const char *member, const struct csc_buf *text);

#define _cleanup_ledger_ _cleanup_(csc_cli_ledger_close)

/* ---- ledger_when.c ------------------------------------------------------------------------------------------ */

/*
 * A point in time: a date-time of RFC 3339; a date, which is its first instant in UTC, or with `is_end` its last; or a
 * time before `now`, numbers with s, m, h, d or w ("90m", "1d12h").
 */
bool csc_cli_when(const char *text, int64_t now, bool is_end, int64_t *ret_time);

enum { CSC_SHORT_TIME = 21 /* "YYYY-MM-DD HH:MM:SSZ" with the NUL */ };

void csc_cli_short_time(int64_t time, char ret_text[CSC_SHORT_TIME]);

/* ---- ledger_filter.c ---------------------------------------------------------------------------------------- */

/* The options that list and export begin with. */
enum {
    CSC_LEDGER_OPT_STATUS = CSC_LEDGER_OPT_PATH + 1,
    CSC_LEDGER_OPT_SINCE,
    CSC_LEDGER_OPT_UNTIL,
    CSC_LEDGER_OPT_AGENT,
    CSC_LEDGER_OPT_USER,
    CSC_LEDGER_OPT_CONTRACT,
    CSC_LEDGER_OPT_POLICY,
    CSC_LEDGER_OPT_LIMIT,
    CSC_LEDGER_OPT_OWN, /* the first of the subcommand's own */
};

/* clang-format off */
#define CSC_LEDGER_FILTER_OPTIONS                                                                                      \
    [CSC_LEDGER_OPT_PATH] = CSC_LEDGER_PATH_OPTION,                                                                    \
    [CSC_LEDGER_OPT_STATUS] = {"status", "STATUS", "success, failed, blocked or expired", CSC_CLI_OPTIONAL},           \
    [CSC_LEDGER_OPT_SINCE] = {"since", "TIME", "begun then or later: a date-time, a date, or 2h, 7d ago",              \
                              CSC_CLI_OPTIONAL},                                                                       \
    [CSC_LEDGER_OPT_UNTIL] = {"until", "TIME", "begun then or earlier", CSC_CLI_OPTIONAL},                             \
    [CSC_LEDGER_OPT_AGENT] = {"agent", "ID", "asked for by this agent", CSC_CLI_OPTIONAL},                             \
    [CSC_LEDGER_OPT_USER] = {"user", "NAME", "on behalf of this user", CSC_CLI_OPTIONAL},                              \
    [CSC_LEDGER_OPT_CONTRACT] = {"contract", "ID", "of the contract with this id or SHA-256", CSC_CLI_OPTIONAL},       \
    [CSC_LEDGER_OPT_POLICY] = {"policy", "ID", "under the policy with this profile or SHA-256", CSC_CLI_OPTIONAL},     \
    [CSC_LEDGER_OPT_LIMIT] = {"limit", "N", "not more than so many", CSC_CLI_OPTIONAL}
/* clang-format on */

int csc_cli_ledger_filter(const struct csc_cli *cli, struct csc_ledger_filter *ret_filter);
/* Whether an execution that has no receipt yet would pass. */
bool csc_cli_ledger_filter_intent(const struct csc_ledger_filter *filter, const struct csc_intent *intent);

/* ---- ledger_value.c ----------------------------------------------------------------------------------------- */

extern const char *const csc_runner_state_names[]; /* by enum csc_runner_state: what became of an execution */

/* The entry as an object; `whole`: with its receipt and evidence. CSC_E_DATA when what is stored is no JSON. */
int csc_cli_ledger_value(struct csc_arena *arena, const struct csc_ledger_entry *entry, bool whole,
                         struct csc_value *ret_value, struct csc_error *err);
int csc_cli_ledger_intent_value(struct csc_arena *arena, const struct csc_intent *intent, enum csc_runner_state state,
                                struct csc_value *ret_value, struct csc_error *err);

/* ---- stream.c ----------------------------------------------------------------------------------------------- */

/* Output of any length, to stdout or a pager. Append to `text`. */
struct csc_cli_stream {
    struct csc_buf text;
    int fd;
    int pager; /* process, or 0 */
    int code;  /* of a failure */
    bool gone; /* nobody reads any more: no reason to say anything */
};

/* `paged`: through a pager, when stdout is a terminal. */
void csc_cli_stream_begin(const struct csc_cli *cli, struct csc_cli_stream *ret_stream, bool paged);
/* Writes what has come together when it is much. Not 0: there is no use in going on. */
int csc_cli_stream_flow(const struct csc_cli *cli, struct csc_cli_stream *stream);
/* Writes the rest and waits for the pager. Returns `code`, or that of a failure. */
int csc_cli_stream_end(const struct csc_cli *cli, struct csc_cli_stream *stream, int code);

/* ---- pager.c ------------------------------------------------------------------------------------------------ */

/* Starts the user's pager and gives the descriptor to write to; *ret_process 0 and -1 when there is to be none. */
int csc_cli_pager_start(int *ret_process);
void csc_cli_pager_wait(int process);

/* ---- table.c ------------------------------------------------------------------------------------------------ */

enum { CSC_TABLE_COLUMNS_MAX = 12 };

struct csc_column {
    const char *title;
    unsigned min, max; /* of its width */
    unsigned rank;     /* 0: never left out; else those of the highest rank go first where space is short */
    bool is_id;        /* cut without a sign of it: its beginning can be used */
    bool hidden;       /* by csc_table_fit(), as the next one */
    unsigned width;
};

struct csc_table {
    struct csc_column columns[CSC_TABLE_COLUMNS_MAX];
    size_t count;
    bool cut; /* to its width; else cells are as long as their text */
};

/* Columns of a character cell each that the text takes, at most. */
unsigned csc_text_width(const char *text, size_t size);
/* Decides on columns and their widths for a terminal that is `width` wide; 0: as wide as needed. */
void csc_table_fit(struct csc_table *table, unsigned width);
/* Appends a line of escaped, cut and padded cells. `tone` is that of cell number `toned`. */
void csc_table_row(struct csc_buf *buf, const struct csc_table *table, const char *const *cells, size_t toned,
                   enum csc_cli_tone tone);
/* Of the terminal that stdout is; 0: it is none. */
unsigned csc_terminal_width(void);

#endif
