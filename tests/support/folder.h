/* SPDX-License-Identifier: Apache-2.0 */
/* A folder of a test's own, removed with what is in it. */
#ifndef CSC_TESTS_FOLDER_H
#define CSC_TESTS_FOLDER_H

/* Creates one below TMPDIR or /tmp; the path has no symlink in it. The caller hands it to folder_remove(). */
char *folder_create(void);
/* Removes the folder and everything in it, following no symlink, and frees the path. */
void folder_remove(char *folder);
/* "folder/name", in a buffer that the next call but three uses again. */
const char *folder_path(const char *folder, const char *name);
/* Writes `text` to folder/name, replacing what is there. */
void folder_write(const char *folder, const char *name, const char *text);
/* Number of entries. */
int folder_count(const char *folder);

#endif
