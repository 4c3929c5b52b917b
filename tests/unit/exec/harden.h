/* SPDX-License-Identifier: Apache-2.0 */
/* The stage of the tests of execution, with a boundary round its command. */
#ifndef CSC_TESTS_EXEC_HARDEN_H
#define CSC_TESTS_EXEC_HARDEN_H

#include "stage.h"

struct hardened {
    struct stage *stage;
    struct csc_config config;
    struct csc_sandbox_request request;
    const char *writes[2];
};

/* The configuration's defaults, but that shells may run: they are the probes. */
static inline void harden(struct hardened *h, struct stage *stage)
{
    *h = (struct hardened){.stage = stage};
    csc_config_default(&h->config);
    h->config.blocked_programs = (struct csc_names){.items = NULL};
    stage->command.write_paths = h->writes;
    h->request =
        (struct csc_sandbox_request){.command = &stage->command, .policy = &stage->policy, .config = &h->config};
}

/* Where it is refused, stage->result says why, and nothing runs. */
static inline struct csc_boundary *harden_make(struct hardened *h)
{
    struct stage *stage = h->stage;
    struct csc_boundary *boundary = NULL;

    memset(&stage->result, 0, sizeof(stage->result));
    if (csc_boundary_make(&h->request, &boundary, &stage->result, &stage->err) < 0)
        fail_msg("%s", stage->err.text);
    return boundary;
}

static inline void harden_run(struct hardened *h)
{
    struct csc_boundary *boundary = harden_make(h);

    h->stage->output[0][0] = h->stage->output[1][0] = '\0';
    if (boundary) {
        h->stage->io.boundary = boundary;
        stage_run(h->stage);
        h->stage->io.boundary = NULL;
    }
    csc_boundary_free(boundary);
}

#endif
