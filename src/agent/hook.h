/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hooks of coding agents: what an agent hands over before it runs a shell command, and the answer in its own words.
 * An agent takes what it cannot read for consent, so nothing here answers in doubt: whatever is not exactly a question
 * about a shell command is an error, and the caller makes errors block.
 */
#ifndef CSC_AGENT_HOOK_H
#define CSC_AGENT_HOOK_H

#include "agent/propose.h"
#include "policy/policy.h"

enum { CSC_HOOK_BYTES_MAX = 1 << 20 };

enum csc_hook_verdict {
    CSC_HOOK_DENY,
    CSC_HOOK_ALLOW,
    CSC_HOOK_ASK,     /* the agent's own prompt asks its person; a denial where it has none */
    CSC_HOOK_REPLACE, /* allowed, as another command */
};

struct csc_hook_answer {
    enum csc_hook_verdict verdict;
    const char *reason;      /* one line, safe to show; never empty */
    const char *replacement; /* of CSC_HOOK_REPLACE: a shell line */
};

struct csc_hook_call;

/* How one agent speaks. */
struct csc_hook_dialect {
    const char *agent;
    const char *event;      /* hook_event_name */
    const char *tool;       /* tool_name of its shell, NULL: the event is about nothing else */
    const char *input;      /* the member that holds the tool's arguments, NULL: they stand in the message itself */
    const char *session[2]; /* where the session's name stands, NULL-padded */
    const char *folders[2]; /* arguments that name the folder to run in, relative to cwd, NULL-padded */
    const char *timeout_ms; /* the argument that limits the time, NULL: there is none */
    const char *marks[2];   /* members that only this agent sends along with its event, any of them; NULL-padded */
    const char *signs[2];   /* texts that go with a message which says by nothing else whose it is, NULL-padded:
                             * without them, nobody is asked by it */
    bool (*can_ask)(const struct csc_value *message); /* NULL: nobody is ever asked */
    int (*write)(struct csc_arena *arena, const struct csc_hook_call *call, const struct csc_hook_answer *answer,
                 struct csc_buf *ret_text, struct csc_error *err);
    bool can_replace;
};

/* One question. Strings live in the arena that it was read into. */
struct csc_hook_call {
    const struct csc_hook_dialect *dialect;
    const char *command;
    size_t command_size;
    const char *cwd;               /* absolute */
    const char *session_id;        /* NULL: not told */
    int64_t timeout_sec;           /* 0: not told */
    const struct csc_value *input; /* all of the tool's arguments */
    bool can_ask;                  /* a person would be asked */
};

extern const struct csc_hook_dialect csc_hook_dialects[]; /* ends with an agent of NULL */

/* By the agent's name; NULL: none is called so. */
const struct csc_hook_dialect *csc_hook_dialect_find(const char *agent);

/* Reads a question. `dialect` may be NULL: then the message's event says whose it is. CSC_E_DATA. */
int csc_hook_read(struct csc_arena *arena, const struct csc_buf *message, const struct csc_hook_dialect *dialect,
                  struct csc_hook_call *ret_call, struct csc_error *err);
/* The text for standard output, which may be empty; with it goes exit code 0. */
int csc_hook_write(struct csc_arena *arena, const struct csc_hook_call *call, const struct csc_hook_answer *answer,
                   struct csc_buf *ret_text, struct csc_error *err);

/* ---- hook_judge.c ------------------------------------------------------------------------------------------- */

struct csc_hook_setup {
    const struct csc_policy *policy;
    const char *policy_path; /* absolute */
    bool rewrite;            /* what is allowed is replaced by a csc run of it */
    const char *program;     /* absolute path of csc */
    struct csc_strings run_options;
    const char *requests; /* the folder of requests, for `rewrite` */
    bool can_approve;     /* it is known whose signatures count; else no approval is handed to csc run, which in local
                           * mode would believe one that nobody signed */
};

/* Judges the command by the policy; runs nothing. An answer is a result, also where the line cannot be understood; an
 * error is that there is none. */
int csc_hook_judge(struct csc_arena *arena, const struct csc_hook_call *call, const struct csc_hook_setup *setup,
                   struct csc_hook_answer *ret_answer, struct csc_error *err);

#endif
