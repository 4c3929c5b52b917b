/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Idmapped mounts (mount_setattr(2), MOUNT_ATTR_IDMAP): in the mounts of the scopes what belongs to the owner of cwd
 * belongs to the user that commands run as, and what that user makes belongs to the owner. For a csc that root started:
 * its commands are nobody outside, and still own their workspace. Private to sandbox/.
 */
#ifndef CSC_SANDBOX_IDMAP_H
#define CSC_SANDBOX_IDMAP_H

#include <sys/types.h>

#include "base/base.h"

/* No user, no group of any system: Debian and systemd keep the number free, and a container that has 65536 ids has it.
 */
enum { CSC_IDMAP_ID = 65533 };

struct csc_idmap {
    uid_t owner_uid, uid; /* on the file system, and in the mount; may be equal */
    gid_t owner_gid, gid;
};

/* The one user and group of a sandbox's user namespace. */
struct csc_idmap_user {
    uid_t inner_uid, outer_uid;
    gid_t inner_gid, outer_gid;
};

/*
 * Gives the user namespace of a process its user, and denies setgroups(2) there for good, which has to be before
 * (user_namespaces(7)). `process`: its name in /proc, "self" or a number. 0, or -1 with errno.
 */
int csc_idmap_give_user(const char *process, const struct csc_idmap_user *user);
/* A user namespace that maps like that; all other ids stay what they are, but that owner and id change places. -1 with
 * errno. */
int csc_idmap_open(const struct csc_idmap *map);

#endif
