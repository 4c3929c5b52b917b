/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the MCP server, private to agent/. */
#ifndef CSC_AGENT_MCP_PARTS_H
#define CSC_AGENT_MCP_PARTS_H

#include "agent/agent.h"
#include "agent/job.h"
#include "agent/mcp.h"
#include "agent/rpc.h"

/* The version without a handshake, and the newest with one. */
#define CSC_MCP_STATELESS "2026-07-28"
#define CSC_MCP_NEWEST "2025-11-25"
#define CSC_MCP_BATCHES "2025-03-26" /* the only one that has them */

enum {
    CSC_MCP_LINE_MAX = 4 << 20,   /* bytes of a message */
    CSC_MCP_QUEUE_MAX = 16 << 20, /* of what waits to be written, before nothing more is read */
    CSC_MCP_HELD_MAX = 64 << 20,  /* of the messages that wait for their answers */
    CSC_MCP_JOBS_MAX = 64,        /* that run at once, where there are descriptors for so many */
    CSC_MCP_WAITING_MAX = 1024,   /* that wait for one of them to end */
    CSC_MCP_BATCH_MAX = 256,      /* messages in one array */
    CSC_MCP_VALUES_MAX = 100000,  /* of a message */
    CSC_MCP_SCOPES_MAX = 50,      /* that a result shows */
    CSC_MCP_DENIED_MAX = 16,      /* denied requests that are remembered */
    CSC_MCP_RAN_MAX = 64,         /* likewise of those that ran and whose approval holds on */
    CSC_MCP_PROGRESS_MS = 1000,
    CSC_MCP_ENDING_MS = 15000, /* what csc run takes to stop its commands, and more */
};

struct csc_mcp;
struct csc_mcp_call;

/* What was asked for, as a contract, and the policy it is decided by. */
struct csc_mcp_asked {
    struct csc_policy *policy;
    struct csc_proposed *proposed;       /* of commands and shell lines */
    struct csc_contract *own_contract;   /* that was handed over whole */
    char *own_json;                      /* and in the end that of what was proposed, too */
    const struct csc_contract *contract; /* one of the two */
    bool is_line;                        /* it came as one shell line */
    const char *json;
};

/* Answers of one array: written when the last of them is there. */
struct csc_mcp_batch {
    size_t open;
    struct csc_buf text;
};

/* One request, until it is answered. */
struct csc_mcp_call {
    struct csc_mcp_call *next;
    struct csc_arena arena;
    struct csc_mcp_batch *batch;
    const struct csc_value *id, *params;    /* the latter only while the message is taken, as all that it holds */
    const struct csc_value *progress_token; /* or NULL */
    size_t held;                            /* bytes of its input */
    /* The answer: a result, or an error of JSON-RPC with a code. */
    struct csc_value result, error_data;
    /* Of tools: their structured result, and beside an error why a shell line was refused. */
    struct csc_value answer, refusal;
    /* What wants a process: set by a tool, which is then asked to finish. */
    const char *argv[CSC_JOB_ARGS_MAX + 1];
    const void *input;
    size_t input_size;
    int (*finish)(struct csc_mcp *mcp, struct csc_mcp_call *call, int code, struct csc_error *err);
    int64_t began_ms, next_progress_ms, last_progress;
    size_t seen[2]; /* bytes of the commands' output, at the last notification */
    struct csc_job job;
    int tail_of; /* which of them is shown */
    /* Of run and status. */
    struct csc_mcp_asked asked;
    enum csc_verdict verdict;         /* csc run is who decides; this is what was known before */
    const char *reason_code, *reason; /* of CSC_NEEDS_APPROVAL */
    struct csc_value scopes;          /* the first of them */
    size_t scopes_left_out;
    struct csc_value denial;     /* rule, field, smallest change */
    char denied[CSC_SHA256_HEX]; /* what was denied */
    struct csc_request request;
    bool stateless, cancelled;
    bool has_answer, is_error, wants_job, ends_in_order;
    bool has_request;
};

/* What was denied, by which policy, and how often. */
struct csc_mcp_denied {
    char sha256[CSC_SHA256_HEX];
    int64_t count;
};

/* A request that was run by an approval which holds on. */
struct csc_mcp_ran {
    char id[CSC_REQUEST_ID];
    char execution_id[CSC_UUID_TEXT];
};

struct csc_mcp {
    const struct csc_mcp_options *options;
    char session_id[CSC_UUID_TEXT];
    const char *version;        /* of the handshake, or NULL: there was none yet */
    char *client;               /* its name, or NULL */
    struct csc_mcp_call *calls; /* whose jobs run or wait, oldest first */
    size_t running, waiting, held, jobs_max;
    struct csc_buf in, out;
    size_t out_at; /* bytes of `out` that are written */
    bool skipping; /* the rest of a line that is too long */
    bool in_ended, out_ended;
    int out_errno; /* why it takes no more */
    bool ending;
    int64_t ending_at_ms, in_ended_at_ms, out_at_ms; /* the last: when something was written */
    int signal_fd, signal_number;
    struct csc_mcp_denied denied[CSC_MCP_DENIED_MAX]; /* the next one replaces that at denied_at */
    size_t denied_at;
    struct csc_mcp_ran ran[CSC_MCP_RAN_MAX];
    size_t ran_at;
    int64_t expired_at_ms; /* when old requests were cleared away, 0: not yet */
};

/* Milliseconds of a clock that nobody sets. */
int64_t csc_mcp_now_ms(void);

/* ---- mcp_calls.c ------------------------------------------------------------------------------------------- */

/* Sends the answer, unless the call was cancelled, and frees it. */
void csc_mcp_answer(struct csc_mcp *mcp, struct csc_mcp_call *call);
void csc_mcp_answer_error(struct csc_mcp *mcp, struct csc_mcp_call *call, enum csc_rpc_code code, const char *text);
void csc_mcp_call_free(struct csc_mcp_call *call);
/* For an answer to nothing that can be named. */
void csc_mcp_send_error(struct csc_mcp *mcp, enum csc_rpc_code code, const char *text);
/* One answer of the batch less to wait for; it is sent and freed with the last one. */
void csc_mcp_batch_close(struct csc_mcp *mcp, struct csc_mcp_batch *batch);

/* Takes the call: it is answered when its job has ended. */
void csc_mcp_enqueue(struct csc_mcp *mcp, struct csc_mcp_call *call);
/* In flight, or NULL. */
struct csc_mcp_call *csc_mcp_find(const struct csc_mcp *mcp, const struct csc_value *id);
void csc_mcp_cancel(struct csc_mcp *mcp, struct csc_mcp_call *call);
/* Answers one that waits and will not be started any more. */
void csc_mcp_turn_away(struct csc_mcp *mcp, struct csc_mcp_call *call);
void csc_mcp_start_waiting(struct csc_mcp *mcp);
void csc_mcp_job_ended(struct csc_mcp *mcp, struct csc_mcp_call *call);
/* Those that are due; and when the next one is, in milliseconds from now, or -1. */
void csc_mcp_send_progress(struct csc_mcp *mcp);
int csc_mcp_next_progress(const struct csc_mcp *mcp);

/* ---- mcp_session.c ----------------------------------------------------------------------------------------- */

/* One line of standard input. */
void csc_mcp_take_line(struct csc_mcp *mcp, const char *line, size_t size);

/* ---- mcp_tools.c ------------------------------------------------------------------------------------------- */

struct csc_mcp_tool {
    const char *name, *title, *description;
    const char *input_schema, *output_schema; /* JSON Schema 2020-12 */
    bool read_only, destructive, idempotent, open_world;
    /* Gives call->answer, or sets call->wants_job. A failure is a result with isError. */
    int (*run)(struct csc_mcp *mcp, struct csc_mcp_call *call, const struct csc_value *arguments,
               struct csc_error *err);
};

extern const struct csc_mcp_tool csc_mcp_tools[]; /* ends with a name of NULL */

const struct csc_mcp_tool *csc_mcp_tool_find(const char *name);
int csc_mcp_tools_value(struct csc_arena *arena, struct csc_value *ret_tools, struct csc_error *err);
/* The result of a call: structured and as text, call->answer or the error. */
int csc_mcp_tool_result(struct csc_mcp_call *call, const struct csc_error *failure, struct csc_error *err);

/* ---- mcp_input.c ------------------------------------------------------------------------------------------- */

/* From a tool's arguments to call->asked. */
int csc_mcp_ask(struct csc_mcp *mcp, struct csc_mcp_call *call, const struct csc_value *arguments,
                struct csc_error *err);
void csc_mcp_asked_free(struct csc_mcp_asked *asked);
/* Frees all but the text, which is many times smaller. */
void csc_mcp_asked_shrink(struct csc_mcp_asked *asked);

/* ---- mcp_text.c -------------------------------------------------------------------------------------------- */

/* Hostile bytes as text that keeps its lines and tabs; all else that acts, hides or is no UTF-8 is shown as an escape.
 */
void csc_mcp_escape(struct csc_buf *buf, const char *bytes, size_t size);
/* {text, bytes, truncated} of what a job's commands printed. */
int csc_mcp_output_value(struct csc_mcp_call *call, int stream, bool is_cut, struct csc_value *ret_value,
                         struct csc_error *err);
/* The last lines of it, for a notification. */
const char *csc_mcp_tail(struct csc_mcp_call *call, struct csc_arena *arena);
/* csc's own words on a job's standard error, one string a line, without the good news. */
int csc_mcp_notices(struct csc_mcp_call *call, struct csc_value *ret_value, struct csc_error *err);

/* ---- mcp_changes.c ----------------------------------------------------------------------------------------- */

/* The changes of an explanation, in terms of what the agent can change, and of what only the policy's owner can. */
int csc_mcp_changes(struct csc_mcp_call *call, const struct csc_explanation *explanation, struct csc_value *ret_changes,
                    struct csc_error *err);

/* ---- mcp_decide.c ------------------------------------------------------------------------------------------ */

/* The members that say why a contract is denied: rule, field, smallest_change, decision_with_changes. */
int csc_mcp_denial(struct csc_mcp_call *call, const struct csc_decision *decision, struct csc_value *ret_denial,
                   struct csc_error *err);
/* Why each path is in a scope: call->scopes, and how many are left out. */
int csc_mcp_scopes(struct csc_mcp_call *call, struct csc_error *err);
void csc_mcp_add_scopes(struct csc_object *object, const struct csc_mcp_call *call);
/* Adds another object's members to one that is being made. */
void csc_mcp_add_members(struct csc_object *object, const struct csc_value *members);

int csc_mcp_check(struct csc_mcp *mcp, struct csc_mcp_call *call, const struct csc_value *arguments,
                  struct csc_error *err);
int csc_mcp_explain(struct csc_mcp *mcp, struct csc_mcp_call *call, const struct csc_value *arguments,
                    struct csc_error *err);
int csc_mcp_show_policy(struct csc_mcp *mcp, struct csc_mcp_call *call, const struct csc_value *arguments,
                        struct csc_error *err);

/* ---- mcp_approval.c ---------------------------------------------------------------------------------------- */

/* Stores what is asked for where a person finds it: call->request, with the approvals that are there. */
int csc_mcp_store_request(struct csc_mcp *mcp, struct csc_mcp_call *call, struct csc_error *err);
/* What a person has to do, and how to go on. */
int csc_mcp_add_request(struct csc_mcp *mcp, struct csc_mcp_call *call, struct csc_object *object, const char *message,
                        struct csc_error *err);
/* After a csc run that had approvals: those that are used up or of no use are removed, and that is said. */
int csc_mcp_settle_request(struct csc_mcp *mcp, struct csc_mcp_call *call, const struct csc_value *run,
                           struct csc_object *object, struct csc_error *err);
/* Whose approval holds on although it was run, or NULL; and no more of it. */
const struct csc_mcp_ran *csc_mcp_ran_find(const struct csc_mcp *mcp, const char *id);
void csc_mcp_ran_forget(struct csc_mcp *mcp, const char *id);

/* ---- mcp_run.c, mcp_record.c ------------------------------------------------------------------------------- */

/* The object that a job printed: of --json. */
int csc_mcp_job_object(struct csc_mcp_call *call, struct csc_value *ret_object, struct csc_error *err);

int csc_mcp_run(struct csc_mcp *mcp, struct csc_mcp_call *call, const struct csc_value *arguments,
                struct csc_error *err);
int csc_mcp_status(struct csc_mcp *mcp, struct csc_mcp_call *call, const struct csc_value *arguments,
                   struct csc_error *err);
int csc_mcp_receipt(struct csc_mcp *mcp, struct csc_mcp_call *call, const struct csc_value *arguments,
                    struct csc_error *err);
int csc_mcp_verify(struct csc_mcp *mcp, struct csc_mcp_call *call, const struct csc_value *arguments,
                   struct csc_error *err);

#endif
