/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which runners live. Each has locked a byte of a file beside the database, the one whose number its intent has, before
 * anybody can see the intent, and lets go of it when it closes the ledger or dies. Threat: an execution that is given a
 * receipt of its death while it runs, since its clock or its number is that of a container.
 *
 * The locks belong to an open file description (fcntl(2), "open file description locks"): those of fcntl's older kind
 * would end with any descriptor of the file that this process closes.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "ledger/sqlite.h"

/* How often a runner's byte may turn out to be taken. */
enum { TRIES = 100000 };

static struct flock byte_of(int64_t id)
{
    return (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = id, .l_len = 1};
}

void csc_sqlite_runners_close(struct csc_sqlite_runners *runners)
{
    csc_close_cleanup(&runners->held);
    csc_close_cleanup(&runners->asked);
    *runners = (struct csc_sqlite_runners){-1, -1};
}

int csc_sqlite_runners_open(const struct csc_sqlite_place *place, enum csc_ledger_access access,
                            struct csc_sqlite_runners *ret_runners, struct csc_error *err)
{
    if (access == CSC_LEDGER_WRITE) {
        ret_runners->held = csc_sqlite_place_open_beside(place, CSC_SQLITE_RUNNERS, O_RDWR | O_CREAT, err);
        if (ret_runners->held < 0)
            return ret_runners->held;
    }
    /* Who only reads does without: a copy has none, and an auditor may not open it. */
    ret_runners->asked = csc_sqlite_place_open_beside(place, CSC_SQLITE_RUNNERS, O_RDONLY,
                                                      access == CSC_LEDGER_WRITE ? err : NULL);
    return access == CSC_LEDGER_WRITE && ret_runners->asked < 0 ? ret_runners->asked : 0;
}

/* A lock that is in the way, or one of type F_UNLCK. False: nothing can be locked there. */
static bool find_lock(const struct csc_sqlite_runners *runners, int64_t id, struct flock *ret_lock)
{
    *ret_lock = byte_of(id);
    return runners->asked >= 0 && fcntl(runners->asked, F_OFD_GETLK, ret_lock) == 0;
}

int csc_sqlite_runners_lock(const struct csc_sqlite_runners *runners, int64_t last, int64_t *ret_id,
                            struct csc_error *err)
{
    struct flock lock;
    int64_t id = last + 1;

    errno = EAGAIN;
    for (int tries = 0; tries < TRIES && id > 0 && id <= CSC_SQLITE_INTENT_MAX; tries++) {
        *ret_id = id;
        if (!find_lock(runners, id, &lock))
            return 0;
        if (lock.l_type != F_UNLCK) { /* of one that has the ledger open still; its neighbours may be so, too */
            id = lock.l_len > 0 ? lock.l_start + lock.l_len : INT64_MAX;
            continue;
        }
        lock = byte_of(id);
        if (fcntl(runners->held, F_OFD_SETLK, &lock) == 0)
            return 0;
        if (errno != EAGAIN && errno != EACCES)
            break;
        id++;
    }
    return csc_fail_errno(err, CSC_E_OUTPUT, errno, "cannot lock the ledger's file of runners (%s)",
                          CSC_SQLITE_RUNNERS);
}

enum csc_runner_lock csc_sqlite_runners_ask(const struct csc_sqlite_runners *runners, int64_t id)
{
    struct flock lock;

    if (!find_lock(runners, id, &lock))
        return CSC_RUNNER_LOCK_UNSEEN;
    return lock.l_type == F_UNLCK ? CSC_RUNNER_LOCK_FREE : CSC_RUNNER_LOCK_HELD;
}
