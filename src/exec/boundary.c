/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "exec/cwd.h"
#include "exec/environment.h"
#include "exec/exec.h"

void csc_exec_refuse(const struct csc_refusal *refusal, struct csc_exec_result *ret_result)
{
    static const struct {
        enum csc_exec_end end;
        int exit_code;
    } ends[] = {
        [CSC_REFUSAL_NONE] = {CSC_EXEC_NO_BOUNDARY, 126},       [CSC_REFUSAL_ESCAPE] = {CSC_EXEC_BLOCKED, 126},
        [CSC_REFUSAL_MISSING] = {CSC_EXEC_NOT_EXECUTABLE, 126}, [CSC_REFUSAL_PROGRAM] = {CSC_EXEC_ADVISED, 126},
        [CSC_REFUSAL_BOUNDARY] = {CSC_EXEC_NO_BOUNDARY, 126},
    };
    struct csc_exec_result result = {.end = ends[refusal->kind].end, .exit_code = ends[refusal->kind].exit_code};

    memcpy(result.reason, refusal->text, sizeof(result.reason));
    csc_sha256_hex("", 0, result.hash[CSC_STDOUT]);
    csc_sha256_hex("", 0, result.hash[CSC_STDERR]);
    *ret_result = result;
}

static void boundary_cleanup(struct csc_boundary **boundary)
{
    csc_boundary_free(*boundary);
}

/* Survey and plan. 0, CSC_REFUSED, or a negative code. */
static int make(const struct csc_sandbox_request *request, struct csc_boundary *boundary, struct csc_refusal *refusal,
                struct csc_error *err)
{
    int r = csc_survey_take(request, &boundary->survey, refusal, err);

    return r == 0 ? csc_plan_make(request, boundary->survey, &boundary->plan, refusal, err) : r;
}

int csc_boundary_make(const struct csc_sandbox_request *request, struct csc_boundary **ret_boundary,
                      struct csc_exec_result *ret_result, struct csc_error *err)
{
    struct csc_sandbox_request whole = *request;
    struct csc_refusal refusal = {0};
    _cleanup_(boundary_cleanup) struct csc_boundary *boundary = calloc(1, sizeof(*boundary));
    char **environment = NULL;

    if (!boundary)
        return csc_fail_memory(err);
    boundary->policy = request->policy;
    int r = csc_env_build(request->command, &environment, err);
    if (r < 0)
        return r;
    whole.environment = environment;
    r = make(&whole, boundary, &refusal, err);
    free(environment);
    if (r < 0)
        return r;
    if (r == CSC_REFUSED)
        csc_exec_refuse(&refusal, ret_result);
    *ret_boundary = r == 0 ? TAKE_PTR(boundary) : NULL;
    return 0;
}

void csc_boundary_free(struct csc_boundary *boundary)
{
    if (!boundary)
        return;
    csc_plan_free(boundary->plan);
    csc_survey_free(boundary->survey);
    free(boundary);
}
