/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/requests.h"

#include <stdio.h>
#include <stdlib.h>

int csc_requests_folder(char ret_folder[PATH_MAX], struct csc_error *err)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    int n;

    if (state && state[0] == '/')
        n = snprintf(ret_folder, PATH_MAX, "%s/csc/requests", state);
    else if (home && home[0] == '/')
        n = snprintf(ret_folder, PATH_MAX, "%s/.local/state/csc/requests", home);
    else
        return csc_fail(err, CSC_E_CONFIG,
                        "there is no place for requests: HOME is not set to an absolute path; set it, or "
                        "XDG_STATE_HOME");
    return n < PATH_MAX ? 0 : csc_fail(err, CSC_E_CONFIG, "the path of the state folder is too long");
}
