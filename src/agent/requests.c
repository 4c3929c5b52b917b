/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/requests.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/shell.h"

#define CONTRACT "contract.json"

static const char *const approval_names[CSC_REQUEST_APPROVALS_MAX] = {"approval.json", "approval-2.json"};

/* ---- where -------------------------------------------------------------------------------------------------- */

/* What the environment names is this user's own word, and may lie behind a symlink, as home folders do on some systems;
 * what lies below it may not. */
static const char *resolved(const char *folder, char buffer[PATH_MAX])
{
    return realpath(folder, buffer) ? buffer : folder;
}

int csc_state_folder(char ret_folder[PATH_MAX], struct csc_error *err)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    char buffer[PATH_MAX];
    int n;

    if (state && state[0] == '/')
        n = snprintf(ret_folder, PATH_MAX, "%s/csc", resolved(state, buffer));
    else if (home && home[0] == '/')
        n = snprintf(ret_folder, PATH_MAX, "%s/.local/state/csc", resolved(home, buffer));
    else
        return csc_fail(err, CSC_E_CONFIG,
                        "there is no place for requests: HOME is not set to an absolute path; set it, or "
                        "XDG_STATE_HOME");
    return n < PATH_MAX ? 0 : csc_fail(err, CSC_E_CONFIG, "the path of the state folder is too long");
}

int csc_requests_folder(char ret_folder[PATH_MAX], struct csc_error *err)
{
    char state[PATH_MAX];
    int r = csc_state_folder(state, err);

    if (r < 0)
        return r;
    if (snprintf(ret_folder, PATH_MAX, "%s/requests", state) >= PATH_MAX)
        return csc_fail(err, CSC_E_CONFIG, "the path of the state folder is too long");
    return 0;
}

static bool is_id(const char *id)
{
    return strlen(id) == CSC_REQUEST_ID - 1 && id[strspn(id, "0123456789abcdef")] == '\0';
}

static int name_request(const char *folder, const char *id, struct csc_request *request, struct csc_error *err)
{
    memcpy(request->id, id, CSC_REQUEST_ID - 1);
    request->id[CSC_REQUEST_ID - 1] = '\0';
    if (snprintf(request->folder, sizeof(request->folder), "%s/%s", folder, request->id) >=
        (int)sizeof(request->folder))
        return csc_fail_errno(err, CSC_E_CONFIG, ENAMETOOLONG, "%s", folder);
    (void)snprintf(request->contract, sizeof(request->contract), "%s/" CONTRACT, request->folder);
    return 0;
}

/* ---- what is there ------------------------------------------------------------------------------------------ */

static bool is_file(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* Whether an approval is any good is for who judges it to say. One without its signature is still being written. */
static void find_approvals(struct csc_request *request)
{
    for (size_t i = 0; i < ARRAY_SIZE(approval_names); i++) {
        char path[sizeof(request->next_approval)], signature[sizeof(path) + 4];
        (void)snprintf(path, sizeof(path), "%s/%s", request->folder, approval_names[i]);
        (void)snprintf(signature, sizeof(signature), "%s.sig", path);
        if (is_file(path) && is_file(signature))
            memcpy(request->approvals[request->approval_count++], path, sizeof(path));
        else if (!request->next_approval[0])
            memcpy(request->next_approval, path, sizeof(path));
    }
}

/* Threat: who can write there puts another contract before the person who approves. */
static int check_folder(const char *folder, enum csc_code missing, struct csc_error *err)
{
    struct csc_error failure = {0};
    struct stat st;
    _cleanup_close_ int fd = csc_open_trusted_folder(folder, &failure);

    if (fd < 0 && failure.code == CSC_E_INPUT)
        return csc_fail(err, missing, "%s: %s", folder, failure.text);
    if (fd < 0 || fstat(fd, &st) < 0)
        return csc_fail(err, CSC_E_PERMISSION, "requests are not kept in %s: %s", folder, failure.text);
    if (st.st_uid != geteuid() || (st.st_mode & (S_IWGRP | S_IWOTH)))
        return csc_fail(err, CSC_E_PERMISSION,
                        "others could change the requests in %s; chown it to yourself, and chmod 700 it", folder);
    return 0;
}

int csc_request_find(const char *folder, const char *id, struct csc_request *ret_request, struct csc_error *err)
{
    struct csc_request request = {0};
    struct csc_error failure = {0};

    if (!is_id(id))
        return csc_fail(err, CSC_E_DATA, "'%s' is no id of a request, which has 32 hexadecimal digits", id);
    int r = name_request(folder, id, &request, err);
    if (r < 0)
        return r;
    r = check_folder(request.folder, CSC_E_INPUT, &failure);
    if (r == 0 && access(request.contract, R_OK) < 0)
        r = csc_fail_errno(&failure, CSC_E_INPUT, errno, "%s", request.contract);
    if (r == -CSC_E_INPUT)
        return csc_fail(err, CSC_E_INPUT, "there is no request %s; it is done with, has expired, or was never made",
                        id);
    if (r < 0)
        return csc_fail(err, failure.code, "%s", failure.text);
    find_approvals(&request);
    *ret_request = request;
    return 0;
}

/* ---- storing ------------------------------------------------------------------------------------------------ */

static int make_folder(const char *folder, struct csc_error *err)
{
    _cleanup_close_ int fd = csc_make_folder(folder);

    if (fd < 0 && errno == ELOOP)
        return csc_fail(err, CSC_E_PERMISSION, "%s: a symlink stands in the path; remove it", folder);
    if (fd < 0)
        return csc_fail_errno(err, CSC_E_OUTPUT, errno, "%s: cannot make the folder", folder);
    return check_folder(folder, CSC_E_OUTPUT, err);
}

static bool holds(const char *path, const char *text)
{
    _cleanup_buf_ struct csc_buf there = {0};

    return access(path, R_OK) == 0 && csc_read_input(path, strlen(text) + 1, &there, NULL) == 0 &&
           there.size == strlen(text) && memcmp(there.data, text, there.size) == 0;
}

static int write_contract(const struct csc_request *request, const char *json, struct csc_error *err)
{
    _cleanup_file_ struct csc_file file = CSC_FILE_NONE;

    if (holds(request->contract, json))
        return 0;
    int r = csc_file_begin(&file, request->contract, 0600, false, err);
    return r < 0 ? r : csc_file_commit(&file, json, strlen(json), true, err);
}

static void close_listing(DIR **listing)
{
    if (*listing)
        (void)closedir(*listing);
}

/* Threat: an agent that asks for so much that a person approves without looking, or that the disk is full. */
static int check_room(const char *folder, const struct csc_request *request, size_t size, struct csc_error *err)
{
    _cleanup_(close_listing) DIR *listing = opendir(folder);
    char path[sizeof(((struct dirent *)0)->d_name) + sizeof("/" CONTRACT) + sizeof(CSC_REQUEST_HANDED_OVER)];
    const struct dirent *entry;
    size_t count = 0, bytes = size;
    struct stat st;

    if (!listing || access(request->contract, F_OK) == 0)
        return 0;
    while ((entry = readdir(listing))) {
        (void)snprintf(path, sizeof(path), "%s/" CONTRACT, entry->d_name);
        if (!is_id(entry->d_name) || fstatat(dirfd(listing), path, &st, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        bytes += (size_t)st.st_size;
        (void)snprintf(path, sizeof(path), "%s/" CSC_REQUEST_HANDED_OVER, entry->d_name);
        count += faccessat(dirfd(listing), path, F_OK, AT_SYMLINK_NOFOLLOW) < 0; /* else it waits no more */
    }
    if (count < CSC_REQUESTS_MAX && bytes <= CSC_REQUESTS_BYTES_MAX)
        return 0;
    return csc_fail(err, CSC_E_CONFIG,
                    "too many requests wait for a person, %zu in %s; approve and run some, or remove their folders",
                    count, folder);
}

int csc_request_keep(const char *folder, const struct csc_contract *contract, const char *json,
                     struct csc_request *ret_request, struct csc_error *err)
{
    struct csc_request request = {0};

    int r = name_request(folder, contract->sha256, &request, err);
    if (r == 0)
        r = make_folder(folder, err);
    if (r == 0)
        r = make_folder(request.folder, err);
    if (r == 0)
        r = write_contract(&request, json, err);
    if (r < 0)
        return r;
    find_approvals(&request);
    *ret_request = request;
    return 0;
}

int csc_request_store(const char *folder, const struct csc_contract *contract, const char *json,
                      struct csc_request *ret_request, struct csc_error *err)
{
    struct csc_request request = {0};

    int r = name_request(folder, contract->sha256, &request, err);
    if (r == 0)
        r = check_room(folder, &request, strlen(json), err);
    return r < 0 ? r : csc_request_keep(folder, contract, json, ret_request, err);
}

/* ---- removing ----------------------------------------------------------------------------------------------- */

int csc_request_drop(const char *folder, const struct csc_request *request, struct csc_error *err)
{
    static const char *const names[] = {CONTRACT,          "approval.json",       "approval.json.sig",
                                        "approval-2.json", "approval-2.json.sig", CSC_REQUEST_HANDED_OVER};
    struct csc_request found = {0};
    _cleanup_close_ int dir = -1;

    int r = name_request(folder, request->id, &found, err);
    if (r < 0)
        return r;
    dir = open(found.folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (dir < 0)
        return errno == ENOENT ? 0 : csc_fail_errno(err, CSC_E_OUTPUT, errno, "%s", found.folder);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (unlinkat(dir, names[i], 0) < 0 && errno != ENOENT)
            return csc_fail_errno(err, CSC_E_OUTPUT, errno, "%s/%s: cannot remove it", found.folder, names[i]);
    /* What a person put there beside them stays. */
    if (rmdir(found.folder) < 0 && errno != ENOENT && errno != ENOTEMPTY)
        return csc_fail_errno(err, CSC_E_OUTPUT, errno, "%s: cannot remove it", found.folder);
    return 0;
}

int csc_request_drop_approval(const struct csc_request *request, size_t index, struct csc_error *err)
{
    char signature[sizeof(request->approvals[0]) + 4];
    const char *paths[] = {request->approvals[index], signature};

    (void)snprintf(signature, sizeof(signature), "%s.sig", request->approvals[index]);
    for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
        if (unlink(paths[i]) < 0 && errno != ENOENT)
            return csc_fail_errno(err, CSC_E_OUTPUT, errno, "%s: cannot remove it", paths[i]);
    return 0;
}

void csc_requests_expire(const char *folder, int64_t age_sec)
{
    _cleanup_(close_listing) DIR *listing = opendir(folder);
    int64_t before = csc_time_now() / 1000000 - age_sec;
    char path[sizeof(((struct dirent *)0)->d_name) + sizeof("/" CONTRACT)];
    const struct dirent *entry;
    struct stat st;

    while (listing && (entry = readdir(listing))) {
        struct csc_request request = {0};
        (void)snprintf(path, sizeof(path), "%s/" CONTRACT, entry->d_name);
        if (!is_id(entry->d_name) || fstatat(dirfd(listing), path, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
            st.st_mtime > before)
            continue;
        memcpy(request.id, entry->d_name, CSC_REQUEST_ID);
        (void)csc_request_drop(folder, &request, NULL);
    }
}

/* ---- for people --------------------------------------------------------------------------------------------- */

int csc_request_approve_line(const struct csc_request *request, const char *program, const char *policy,
                             struct csc_buf *ret_line, struct csc_error *err)
{
    csc_shell_quote(ret_line, program);
    csc_buf_puts(ret_line, " approve ");
    csc_shell_quote(ret_line, request->contract);
    if (policy) {
        csc_buf_puts(ret_line, " --policy ");
        csc_shell_quote(ret_line, policy);
    }
    csc_buf_puts(ret_line, " --identity WHO --ssh-key KEY --out ");
    csc_shell_quote(ret_line, request->next_approval);
    return ret_line->failed ? csc_fail_memory(err) : 0;
}
