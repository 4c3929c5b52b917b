/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mounts that are attached to nothing: they get all their flags before anything can reach them by a name. Private to
 * sandbox/. Descriptors are returned with O_CLOEXEC; -1 and errno on failure.
 */
#ifndef CSC_SANDBOX_TREE_H
#define CSC_SANDBOX_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sandbox/sandbox.h"

/* The device files of every sandbox; 0 is /dev/null. */
enum { CSC_DEVICE_COUNT = 6 };
const char *csc_device_path(size_t index);

/* A clone of what `fd` is open on, with what is mounted below it. That must be in the caller's mount namespace: EINVAL.
 */
int csc_tree_clone(int fd);
/* What that failure means to a user: a mount that is in no namespace any more was unmounted meanwhile. */
enum csc_step csc_tree_step(int error);
/* A device file of the host's, nosuid and with other MOUNT_ATTR_*. ENODEV: it is not what its name says. */
int csc_tree_device(size_t index, uint64_t attributes);

/* For all of a tree, 0 or -1: nosuid, nodev and, unless `writable`, read-only. */
int csc_tree_restrict(int tree, bool writable);
/* No mount or unmount elsewhere shows in it, and none of its own elsewhere. */
int csc_tree_isolate(int tree);
/* Whom what lies in it belongs to, by the maps of a user namespace (idmap.h); not in what is mounted inside, unless
 * `recursive`. Nothing is mapped when that fails. */
int csc_tree_map(int tree, int namespace, bool recursive);

#endif
