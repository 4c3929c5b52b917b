/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A csc of its own for each thing that the MCP server has done: it has the key, the ledger and the sandbox, the server
 * has none of them. Its streams are files in memory, so that nobody has to feed or drain it.
 */
#ifndef CSC_AGENT_JOB_H
#define CSC_AGENT_JOB_H

#include <sys/types.h>

#include "base/base.h"

enum csc_job_file {
    CSC_JOB_STDIN,
    CSC_JOB_STDOUT,       /* the object of --json */
    CSC_JOB_STDERR,       /* csc's own words */
    CSC_JOB_CAPTURED_OUT, /* what the commands print, while they do: descriptors 3 and 4 of the job */
    CSC_JOB_CAPTURED_ERR,
    CSC_JOB_FILES,
};

enum { CSC_JOB_ARGS_MAX = 64 };

struct csc_job {
    pid_t pid; /* 0: not running */
    int pidfd; /* becomes readable when it has ended */
    int files[CSC_JOB_FILES];
};

#define CSC_JOB_NONE ((struct csc_job){.pidfd = -1, .files = {-1, -1, -1, -1, -1}})

struct csc_job_start {
    const char *program;     /* absolute; it gets argv below */
    const char *const *argv; /* NULL-terminated */
    const void *input;       /* its standard input */
    size_t input_size;
    bool ends_in_order; /* it takes the signals that end it by itself: they are blocked until it does */
};

/* Starts it, with fresh signals and no descriptor of ours but its own five; SIGTERM reaches it when we die. */
int csc_job_begin(const struct csc_job_start *start, struct csc_job *ret_job, struct csc_error *err);
/* SIGTERM: csc run ends its commands, writes its receipt, and ends. */
void csc_job_stop(const struct csc_job *job);
/* Once pidfd is readable: its exit code, or 128 and the signal. The files stay. */
int csc_job_reap(struct csc_job *job);
/* How much there is in one of its files, so far. */
size_t csc_job_size(const struct csc_job *job, enum csc_job_file file);

struct csc_job_part {
    enum csc_job_file file;
    size_t offset, size;
};

/* Appends a part of a file, or as much of it as is there. */
int csc_job_read(const struct csc_job *job, struct csc_job_part part, struct csc_buf *buf, struct csc_error *err);
/* Closes everything. A job that still runs is not waited for: it ends by itself when we do. */
void csc_job_free(struct csc_job *job);

#endif
