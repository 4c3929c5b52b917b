/* SPDX-License-Identifier: Apache-2.0 */
/* Files that say what is believed: the configuration, who may approve. */
#ifndef CSC_BASE_TRUSTED_H
#define CSC_BASE_TRUSTED_H

#include "base/error.h"

/*
 * Opens a regular file for reading, if nobody but root and the effective user could have written it, put another in
 * its place, or redirected a symlink on the way to it. Returns the descriptor, or -CSC_E_PERMISSION where somebody
 * could, or -CSC_E_INPUT. Errors don't name the file: the caller does.
 */
int csc_open_trusted(const char *path, struct csc_error *err);
/* The same of a folder (O_PATH): nobody else could put another in its place. It may be one like /tmp, in which
 * everybody makes files and nobody touches those of others. */
int csc_open_trusted_folder(const char *path, struct csc_error *err);

#endif
