/* SPDX-License-Identifier: Apache-2.0 */
/* Output files that are either complete or not there. */
#ifndef CSC_BASE_FILE_H
#define CSC_BASE_FILE_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "base/error.h"

/* Where a file lies or would lie: its folder ("." and "/" where the path has none) and its name there. Fails with
 * `code`. */
int csc_split_path(const char *path, enum csc_code code, char folder[PATH_MAX], char name[NAME_MAX + 1],
                   struct csc_error *err);

/* Opens a folder, after making every component that is missing, for us alone (as the XDG specification wants its
 * folders); no symlink is followed. Those that are there need not be readable: home folders of others lie beside ours.
 * Returns the descriptor, or -1 with errno. */
int csc_make_folder(const char *folder);

/*
 * A file under construction: a temporary name in the target's own folder. Opening it before the work begins
 * says early that the result could not be stored; dropping it without commit removes it again.
 */
struct csc_file {
    int dir; /* the target's folder, -1 when none is open */
    int fd;
    const char *path; /* as given, borrowed */
    mode_t mode;
    char name[256];      /* the target's name in the folder */
    char temporary[280]; /* its name until commit */
};

#define CSC_FILE_NONE ((struct csc_file){.dir = -1, .fd = -1})

/*
 * Opens the folder following no symlink in any component (threat: a folder that an earlier command replaced),
 * creating the last component when `make_folder` says so, and a temporary file in it with `mode`.
 * CSC_E_OUTPUT with the reason when that cannot be done, or when the target is there and is no regular file.
 * `path` must live as long as the file is open.
 */
int csc_file_begin(struct csc_file *file, const char *path, mode_t mode, bool make_folder, struct csc_error *err);
/* Reserves space, so that a full disk is known before the work begins. */
int csc_file_reserve(struct csc_file *file, size_t size, struct csc_error *err);
/* Writes, syncs, and gives the file its name: a reader sees the old file or the whole new one. With `replace`
 * false an existing target is an error and stays as it is. When the temporary file or its folder was removed or
 * exchanged meanwhile, both are made anew. */
int csc_file_commit(struct csc_file *file, const void *bytes, size_t size, bool replace, struct csc_error *err);
/* Removes what was not committed, and closes. */
void csc_file_drop(struct csc_file *file);

#define _cleanup_file_ _cleanup_(csc_file_drop)

#endif
