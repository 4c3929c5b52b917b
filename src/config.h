/* SPDX-License-Identifier: Apache-2.0 */
/* Reading csc.config.v0.1, as csc-config(5) describes it, into the struct of sandbox/config.h. */
#ifndef CSC_CONFIG_H
#define CSC_CONFIG_H

#include <limits.h>

#include "sandbox/sandbox.h"

#define CSC_CONFIG_VERSION "csc.config.v0.1"
#define CSC_CONFIG_SYSTEM "/etc/csc/csc.yaml"
#define CSC_CONFIG_PASSWD "/etc/passwd"

enum { CSC_CONFIG_BYTES_MAX = 64 << 10 };

/*
 * YAML, as strict as policies. What is not there keeps its default; the names of users are looked up. The caller hands
 * the result to csc_config_free(). Errors have the position and the field; the caller names the file.
 */
int csc_config_parse(const void *bytes, size_t size, struct csc_config *ret_config, struct csc_error *err);
/* The same, with the users of another file in the form of passwd(5). */
int csc_config_parse_with(const void *bytes, size_t size, const char *passwd, struct csc_config *ret_config,
                          struct csc_error *err);

/*
 * Reads exactly one file: `path` if not NULL; else /etc/csc/csc.yaml; else $XDG_CONFIG_HOME/csc/csc.yaml, or
 * $HOME/.config/csc/csc.yaml. Where none is, the defaults are the configuration and *ret_path is "". A file that is
 * there and cannot be read is an error, never passed over.
 *
 * `trusted` (hardened mode): CSC_E_PERMISSION when anybody but root and the effective user could change the file, what
 * a path leads through, or which file it is. *ret_path is set on failure too: it is the file that the error is about.
 */
int csc_config_load(const char *path, bool trusted, struct csc_config *ret_config, char ret_path[PATH_MAX],
                    struct csc_error *err);
/*
 * Where this user's configuration is, or would be if there was one: no command may write there, or the next csc reads
 * what a command wrote. NULL: nowhere.
 */
const char *csc_config_own_place(char path[PATH_MAX + 32]);
/* The first file of a NULL-terminated list that is there. */
int csc_config_load_first(const char *const *paths, bool trusted, struct csc_config *ret_config,
                          char ret_path[PATH_MAX], struct csc_error *err);
/* Takes {0} and defaults too; leaves {0}. */
void csc_config_free(struct csc_config *config);

#endif
