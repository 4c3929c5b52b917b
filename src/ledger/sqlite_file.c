/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the database lies, and who could have put it there. SQLite opens by name, and again and again (the write-ahead
 * log and its index lie beside the database): so the folder, and each on the way to it, is one that only its owner, us
 * or root, can change. Threat: a command that puts a symlink, or a database of its own, where the ledger is.
 *
 * A database file is never opened here but by SQLite: closing any descriptor of it would drop the locks (fcntl(2),
 * "advisory record locking") that SQLite holds on it.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>

#include "ledger/sqlite.h"

enum {
    LOCK_TRIES = 2000, /* 10 s: making a ledger takes some milliseconds */
    LOCK_WAIT_NS = 5000000,
    SUFFIX_MAX = 16, /* of the names of what lies beside it */
};

static int open_folder(const char *folder)
{
    return csc_openat2(AT_FDCWD, folder, O_RDONLY | O_DIRECTORY, 0, RESOLVE_NO_SYMLINKS);
}

static int check_owner(const struct stat *st, const char *path, struct csc_error *err)
{
    if (st->st_uid != geteuid() && st->st_uid != 0)
        return csc_fail(err, CSC_E_PERMISSION,
                        "%s belongs to uid %u, who could change the ledger; choose another place, or chown it", path,
                        st->st_uid);
    if (!(st->st_mode & (S_IWGRP | S_IWOTH)))
        return 0;
    if (st->st_mode & S_ISVTX) /* /tmp and its like are meant to be so */
        return csc_fail(err, CSC_E_PERMISSION,
                        "everybody can make files in %s and so could change the ledger; choose a folder of your own",
                        path);
    return csc_fail(err, CSC_E_PERMISSION,
                    "others than its owner can write %s and so could change the ledger; chmod go-w '%s'", path, path);
}

static int fail_open(const char *what, enum csc_ledger_access access, struct csc_error *err)
{
    int error = errno;

    if (error == ELOOP)
        return csc_fail(err, CSC_E_PERMISSION, "%s: a symlink stands in the path; give the folder it leads to", what);
    if (error == ENOENT && access == CSC_LEDGER_READ)
        return csc_fail(err, CSC_E_INPUT, "%s: there is no ledger; csc run makes one", what);
    return csc_fail_errno(err, access == CSC_LEDGER_READ ? CSC_E_INPUT : CSC_E_OUTPUT, error,
                          "%s: cannot open the ledger's folder", what);
}

/* Threat: a second name of the file in a folder that a command may write to. */
static int check_names(const struct stat *st, const char *path, struct csc_error *err)
{
    if (st->st_nlink <= 1)
        return 0;
    return csc_fail(err, CSC_E_PERMISSION,
                    "%s has %ju names (hard links), by each of which the ledger could be changed; remove the others, "
                    "which find -samefile shows",
                    path, (uintmax_t)st->st_nlink);
}

/* What SQLite, or csc, keeps beside it, is written and believed as much as the database is. */
static int check_beside(const struct csc_sqlite_place *place, struct csc_error *err)
{
    static const char *const endings[] = {"-wal", "-shm", "-journal", CSC_SQLITE_RUNNERS};
    char name[NAME_MAX + 16], path[PATH_MAX + 16];
    struct stat st;
    int r = 0;

    for (size_t i = 0; i < ARRAY_SIZE(endings) && r == 0; i++) {
        (void)snprintf(name, sizeof(name), "%s%s", place->name, endings[i]);
        (void)snprintf(path, sizeof(path), "%s%s", place->path, endings[i]);
        if (fstatat(place->folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
            if (errno != ENOENT)
                r = csc_fail_errno(err, CSC_E_INPUT, errno, "%s", path);
            continue;
        }
        if (!S_ISREG(st.st_mode))
            r = csc_fail(err, CSC_E_PERMISSION, "%s is no regular file, and belongs to the ledger; remove it", path);
        if (r == 0)
            r = check_names(&st, path, err);
        if (r == 0)
            r = check_owner(&st, path, err);
    }
    return r;
}

static int look(struct csc_sqlite_place *place, struct csc_error *err)
{
    struct stat st;

    place->is_there = false;
    if (fstatat(place->folder, place->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? check_beside(place, err) : csc_fail_errno(err, CSC_E_INPUT, errno, "%s", place->path);
    if (S_ISLNK(st.st_mode))
        return csc_fail(err, CSC_E_PERMISSION, "%s is a symlink; give the file it leads to", place->path);
    if (!S_ISREG(st.st_mode))
        return csc_fail(err, CSC_E_DATA, "%s is no regular file; a ledger is one", place->path);
    place->is_there = st.st_size > 0;
    int r = check_owner(&st, place->path, err);
    if (r == 0)
        r = check_names(&st, place->path, err);
    return r == 0 ? check_beside(place, err) : r;
}

/* Threat: who can rename one of the folders on the way puts another ledger there, in which no approval was used yet. */
static int check_way(const char *folder, const struct stat *opened, struct csc_error *err)
{
    struct csc_error failure = {0};
    struct stat st;
    _cleanup_close_ int fd = csc_open_trusted_folder(folder, &failure);

    if (fd < 0)
        return csc_fail(err, failure.code, "the way to the ledger in %s can be changed, or not be followed: %s", folder,
                        failure.text);
    if (fstat(fd, &st) < 0 || st.st_dev != opened->st_dev || st.st_ino != opened->st_ino)
        return csc_fail(err, CSC_E_PERMISSION, "%s was exchanged while it was opened; try again", folder);
    return 0;
}

static int find(const char *path, enum csc_ledger_access access, struct csc_sqlite_place *place, struct csc_error *err)
{
    char folder[PATH_MAX] = "", link[64];
    struct stat st;

    int r = csc_split_path(path, CSC_E_USAGE, folder, place->name, err);
    if (r < 0)
        return r;
    if (strlen(place->name) > NAME_MAX - SUFFIX_MAX)
        return csc_fail_errno(err, CSC_E_USAGE, ENAMETOOLONG, "%s", path);
    place->folder = open_folder(folder);
    if (place->folder < 0 && errno == ENOENT && access == CSC_LEDGER_WRITE)
        place->folder = csc_make_folder(folder);
    if (place->folder < 0 || fstat(place->folder, &st) < 0)
        return fail_open(path, access, err);
    /* The folder's name without symlinks and independent of the working directory, for SQLite. */
    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", place->folder);
    ssize_t size = readlink(link, place->path, sizeof(place->path));
    if (size <= 0)
        return csc_fail_errno(err, CSC_E_INTERNAL, errno, "%s: cannot tell where it is; mount proc on /proc", folder);
    size_t used = (size_t)size, name_size = strlen(place->name);
    if (used + 1 + name_size + 1 > sizeof(place->path))
        return csc_fail_errno(err, CSC_E_USAGE, ENAMETOOLONG, "%s", path);
    place->path[used] = '\0';
    r = check_owner(&st, place->path, err);
    if (r == 0)
        r = check_way(place->path, &st, err);
    if (r < 0)
        return r;
    if (used > 1)
        place->path[used++] = '/';
    memcpy(place->path + used, place->name, name_size + 1);
    return look(place, err);
}

int csc_sqlite_place_open_beside(const struct csc_sqlite_place *place, const char *ending, int flags,
                                 struct csc_error *err)
{
    char name[NAME_MAX + 16], path[PATH_MAX + 16];
    struct stat st, database;

    (void)snprintf(name, sizeof(name), "%s%s", place->name, ending);
    (void)snprintf(path, sizeof(path), "%s%s", place->path, ending);
    _cleanup_close_ int fd = openat(place->folder, name, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (fd < 0 || fstat(fd, &st) < 0 || fstatat(place->folder, place->name, &database, AT_SYMLINK_NOFOLLOW) < 0)
        return csc_fail_errno(err, (flags & O_CREAT) ? CSC_E_OUTPUT : CSC_E_INPUT, errno, "%s", path);
    if (!S_ISREG(st.st_mode))
        return csc_fail(err, CSC_E_PERMISSION, "%s is no regular file, and belongs to the ledger; remove it", path);
    int r = check_names(&st, path, err);
    if (r == 0)
        r = check_owner(&st, path, err);
    if (r < 0)
        return r;
    /* As SQLite does with its files: what root made, the owner of the database can use. */
    if ((flags & O_CREAT) && geteuid() == 0 && st.st_uid != database.st_uid &&
        fchown(fd, database.st_uid, database.st_gid) < 0)
        return csc_fail_errno(err, CSC_E_OUTPUT, errno, "%s", path);
    return TAKE_FD(fd);
}

void csc_sqlite_place_close(struct csc_sqlite_place *place)
{
    if (place->folder >= 0)
        (void)close(place->folder);
    place->folder = -1;
}

int csc_sqlite_place_find(const char *path, enum csc_ledger_access access, struct csc_sqlite_place *ret_place,
                          struct csc_error *err)
{
    _cleanup_(csc_sqlite_place_close) struct csc_sqlite_place place = {.folder = -1};

    int r = find(path, access, &place, err);
    if (r < 0)
        return r;
    *ret_place = place;
    place.folder = -1;
    return 0;
}

/* ---- a new one ---------------------------------------------------------------------------------------------- */

/* A folder's lock, of flock(2), is none of those that SQLite uses. Its descriptor's end releases it. */
static int lock_folder(const struct csc_sqlite_place *place, struct csc_error *err)
{
    _cleanup_close_ int lock = openat(place->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const struct timespec wait = {.tv_nsec = LOCK_WAIT_NS};

    for (int tries = 0; lock >= 0 && tries < LOCK_TRIES; tries++) {
        if (flock(lock, LOCK_EX | LOCK_NB) == 0)
            return TAKE_FD(lock);
        if (errno != EWOULDBLOCK && errno != EINTR)
            break;
        (void)nanosleep(&wait, NULL);
    }
    return csc_fail_errno(err, CSC_E_OUTPUT, errno, "%s: cannot lock the folder to make the ledger", place->path);
}

/* SQLite may have left files beside it when it failed. */
static void remove_temporary(const struct csc_sqlite_place *place, const char *name)
{
    static const char *const endings[] = {"", "-journal", "-wal", "-shm"};
    char file[NAME_MAX + 1];

    for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
        (void)snprintf(file, sizeof(file), "%s%s", name, endings[i]);
        (void)unlinkat(place->folder, file, 0);
    }
}

static int sync_to_disk(int fd)
{
    return fd < 0 ? -1 : fsync(fd);
}

/* The new file is complete before it has its name: a crash leaves a temporary file, never half a ledger. */
static int fill(struct csc_sqlite_place *place, const char *name,
                int (*make)(void *context, const char *path, struct csc_error *err), void *context,
                struct csc_error *err)
{
    char path[PATH_MAX];
    size_t folder_size = strlen(place->path) - strlen(place->name);

    if (folder_size + strlen(name) + 1 > sizeof(path))
        return csc_fail_errno(err, CSC_E_USAGE, ENAMETOOLONG, "%s", place->path);
    memcpy(path, place->path, folder_size);
    memcpy(path + folder_size, name, strlen(name) + 1);
    {
        /* Its mode is also that of the files beside it. */
        _cleanup_close_ int fd = openat(place->folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                                        0600);
        if (fd < 0)
            return csc_fail_errno(err, CSC_E_OUTPUT, errno, "%s: cannot make the ledger", place->path);
    }
    int r = make(context, path, err);
    if (r < 0)
        return r;
    _cleanup_close_ int fd = openat(place->folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    /* What is replaced is an empty file: that was looked at under the lock. */
    if (sync_to_disk(fd) < 0 || renameat(place->folder, name, place->folder, place->name) < 0 ||
        sync_to_disk(place->folder) < 0)
        return csc_fail_errno(err, CSC_E_OUTPUT, errno, "%s: cannot make the ledger", place->path);
    return 0;
}

int csc_sqlite_place_fill(struct csc_sqlite_place *place,
                          int (*make)(void *context, const char *path, struct csc_error *err), void *context,
                          struct csc_error *err)
{
    char name[64];
    uint64_t nonce;

    _cleanup_close_ int lock = lock_folder(place, err);
    if (lock < 0)
        return lock;
    int r = look(place, err);
    if (r < 0 || place->is_there)
        return r;
    if (getrandom(&nonce, sizeof(nonce), 0) != (ssize_t)sizeof(nonce))
        return csc_fail_errno(err, CSC_E_INTERNAL, errno, "no random bytes");
    (void)snprintf(name, sizeof(name), ".csc-%016" PRIx64 ".tmp", nonce);
    r = fill(place, name, make, context, err);
    if (r < 0)
        remove_temporary(place, name);
    else
        place->is_there = place->is_new = true;
    return r;
}

int csc_sqlite_place_check(const struct csc_sqlite_place *place, sqlite3 *db, struct csc_error *err)
{
    struct csc_sqlite_place now = {.folder = place->folder, .is_there = false};
    struct stat opened, named;
    int has_moved = 0;

    /* By SQLite's name for it, which it looks at, and by the folder that we judged, this is one file. */
    if (sqlite3_file_control(db, "main", SQLITE_FCNTL_HAS_MOVED, &has_moved) != SQLITE_OK || has_moved ||
        lstat(place->path, &opened) < 0 || fstatat(place->folder, place->name, &named, AT_SYMLINK_NOFOLLOW) < 0 ||
        opened.st_dev != named.st_dev || opened.st_ino != named.st_ino)
        return csc_fail(err, CSC_E_PERMISSION, "%s was exchanged while it was opened; try again", place->path);
    memcpy(now.name, place->name, sizeof(now.name));
    memcpy(now.path, place->path, sizeof(now.path));
    return look(&now, err);
}

bool csc_sqlite_place_is_frozen(const struct csc_sqlite_place *place)
{
    char name[NAME_MAX + 8];
    struct stat st;

    (void)snprintf(name, sizeof(name), "%s-wal", place->name);
    if (fstatat(place->folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0 ? st.st_size > 0 : errno != ENOENT)
        return false;
    return faccessat(place->folder, ".", W_OK, AT_EACCESS) < 0 && (errno == EROFS || errno == EACCES);
}
