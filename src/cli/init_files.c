/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/init.h"

enum { SETTINGS_BYTES_MAX = 1 << 20 };

/* Reads the old settings, and takes mode and owner from the same file. Symlinks were resolved before: one that is there
 * now was put there in the meantime. */
static int read_old(struct csc_init *init, struct csc_error *err)
{
    struct stat st;

    _cleanup_close_ int fd = open(init->settings, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 || fstat(fd, &st) < 0)
        return csc_fail_errno(err, CSC_E_INPUT, errno, "cannot read them");
    if (!S_ISREG(st.st_mode))
        return csc_fail(err, CSC_E_INPUT, "is no regular file; move it away");
    if (st.st_uid != geteuid())
        return csc_fail(err, CSC_E_PERMISSION, "belongs to the user with number %u; write them as that user",
                        st.st_uid);
    init->old_mode = st.st_mode & 0777;
    return csc_read_fd(fd, SETTINGS_BYTES_MAX, &init->old_settings, err);
}

int csc_init_read_settings(struct csc_init *init, struct csc_value *ret_settings, struct csc_error *err)
{
    struct csc_value settings = {.type = CSC_OBJECT};
    struct stat st;

    if (lstat(init->settings, &st) < 0 && errno == ENOENT) {
        init->old_mode = 0600;
        *ret_settings = settings;
        return 0;
    }
    int r = read_old(init, err);
    if (r == 0)
        r = csc_json_parse_foreign(&init->arena, init->old_settings.data ? init->old_settings.data : "",
                                   init->old_settings.size, &settings, err);
    if (r == 0 && settings.type != CSC_OBJECT)
        r = csc_fail(err, CSC_E_DATA, "is %s, where an object was expected; correct it by hand",
                     csc_type_name(settings.type));
    if (r < 0)
        return r;
    *ret_settings = settings;
    return 0;
}

/* Makes the folders above a file, for us alone. */
static int make_folders(const char *path, struct csc_error *err)
{
    char folder[PATH_MAX] = "", name[NAME_MAX + 1];

    int r = csc_split_path(path, CSC_E_OUTPUT, folder, name, err);
    if (r < 0)
        return r;
    _cleanup_close_ int fd = csc_make_folder(folder);
    return fd >= 0 ? 0 : csc_fail_errno(err, CSC_E_OUTPUT, errno, "%s: cannot make the folder", folder);
}

static int write_file(const char *path, mode_t mode, const struct csc_buf *bytes, bool replace, struct csc_error *err)
{
    _cleanup_file_ struct csc_file file = CSC_FILE_NONE;

    int r = csc_file_begin(&file, path, mode, false, err);
    return r < 0 ? r : csc_file_commit(&file, bytes->data ? bytes->data : "", bytes->size, replace, err);
}

int csc_init_write_policy(const struct csc_init *init, struct csc_error *err)
{
    if (init->policy_is_there)
        return 0;
    int r = make_folders(init->policy, err);
    return r < 0 ? r : write_file(init->policy, 0600, &init->policy_text, false, err);
}

/* FILE.csc-backup, or the first of .1, .2... that is free: the oldest is what there was before csc. */
static int write_backup(struct csc_init *init, struct csc_error *err)
{
    for (int i = 0; i < CSC_INIT_BACKUPS_MAX; i++) {
        struct stat st;
        (void)snprintf(init->backup, sizeof(init->backup), i == 0 ? "%s.csc-backup" : "%s.csc-backup.%d",
                       init->settings, i);
        if (lstat(init->backup, &st) == 0)
            continue;
        int r = write_file(init->backup, init->old_mode, &init->old_settings, false, err);
        if (r < 0)
            init->backup[0] = '\0';
        return r;
    }
    init->backup[0] = '\0';
    return csc_fail(err, CSC_E_OUTPUT, "%s.csc-backup: there are %d backups already; remove some", init->settings,
                    CSC_INIT_BACKUPS_MAX);
}

int csc_init_write_settings(struct csc_init *init, struct csc_error *err)
{
    _cleanup_buf_ struct csc_buf text = {0};
    int r = 0;

    if (init->added.change == CSC_SETTINGS_SAME)
        return 0;
    csc_json_write(&text, &init->added.settings);
    if (text.failed)
        return csc_fail_memory(err);
    r = make_folders(init->settings, err);
    if (r == 0 && init->old_settings.data)
        r = write_backup(init, err);
    return r < 0 ? r : write_file(init->settings, init->old_mode, &text, true, err);
}
