/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of the host every sandbox shows. Threat: a command whose user outside owns files of the system (a csc that root
 * started for a folder of root's, where mounts cannot be idmapped), or is in groups, passes checks that everyone else
 * does not: of /etc only what everyone may read is shown, file by file where a folder holds anything else.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "sandbox/survey.h"

enum { ETC_DEPTH_MAX = 8, COPY_BYTES_MAX = 256 << 10 };

/* Each as the host has it: folder, or symlink. What is not there is not shown. */
static const char *const roots[] = {"/usr", "/bin", "/sbin", "/lib", "/lib64", "/lib32", "/libx32"};

/* Files and folders of /etc that programs need and that say little of the host. */
static const char *const etc[] = {
    "/etc/ld.so.cache", /* the dynamic loader */
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/ssl/certs", /* certificates of authorities */
    "/etc/ssl/openssl.cnf",
    "/etc/pki/tls/certs",
    "/etc/pki/ca-trust/extracted",
    "/etc/ca-certificates.conf",
    "/etc/crypto-policies/back-ends",
    "/etc/alternatives", /* symlinks that /usr/bin points to */
    "/etc/localtime",    /* the time zone */
    "/etc/timezone",
    "/etc/nsswitch.conf", /* names of users, services, protocols */
    "/etc/services",
    "/etc/protocols",
    "/etc/host.conf",
    "/etc/os-release", /* what system this is */
    "/etc/debian_version",
    "/etc/mime.types",
    "/etc/perl", /* parts of languages that Debian keeps here */
    "/etc/python3.11",
    "/etc/python3.12",
    "/etc/python3.13",
    "/etc/java-17-openjdk",
    "/etc/java-21-openjdk",
};

/* Beside them, where the host's network is shared. Contents, wherever a symlink leads: it is trusted like all of /etc.
 */
static const char *const etc_of_network[] = {"/etc/resolv.conf", "/etc/hosts"};

/* Files of /proc that tell of the machine or its kernel, or act on it. */
static const char *const masks[] = {
    "/proc/kcore",        "/proc/kmsg",        "/proc/kallsyms",    "/proc/keys",          "/proc/key-users",
    "/proc/kpagecount",   "/proc/kpageflags",  "/proc/kpagecgroup", "/proc/latency_stats", "/proc/modules",
    "/proc/pagetypeinfo", "/proc/sched_debug", "/proc/slabinfo",    "/proc/sysrq-trigger", "/proc/timer_list",
    "/proc/timer_stats",  "/proc/vmallocinfo", "/proc/mtrr",
};

static bool is_readable_for_all(mode_t mode)
{
    return S_ISDIR(mode) ? (mode & 05) == 05 : (mode & 04) == 04;
}

/* Takes over `folder`. */
static bool folder_is_public(int folder, unsigned depth)
{
    _cleanup_closedir_ DIR *dir = fdopendir(folder);
    struct dirent *entry;

    if (!dir || depth == ETC_DEPTH_MAX) {
        if (!dir)
            (void)close(folder);
        return false;
    }
    while ((entry = readdir(dir))) {
        struct stat st;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 || entry->d_type == DT_LNK)
            continue;
        if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            return false;
        if (S_ISLNK(st.st_mode))
            continue;
        if (!is_readable_for_all(st.st_mode))
            return false;
        if (!S_ISDIR(st.st_mode))
            continue;
        int fd = openat(dirfd(dir), entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 || !folder_is_public(fd, depth + 1))
            return false;
    }
    return true;
}

bool csc_is_public(const struct csc_source *source)
{
    struct stat st;

    if (source->type == CSC_SOURCE_SYMLINK)
        return true;
    if (fstat(source->fd, &st) < 0 || !is_readable_for_all(st.st_mode))
        return false;
    if (source->type == CSC_SOURCE_FILE)
        return true;
    int folder = openat(source->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return folder >= 0 && folder_is_public(folder, 0);
}

static int refuse_system(struct csc_surveying *s, const char *path, int error)
{
    if (error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOSYS)
        return csc_fail_errno(s->err, CSC_E_INTERNAL, error, "cannot open '%s'", path);
    return 0; /* not there, or not for us: then it is not shown */
}

static int take_root(struct csc_surveying *s, const char *path)
{
    struct csc_source source;

    if (csc_source_open(&s->survey->arena, AT_FDCWD, path, path, &source) < 0)
        return refuse_system(s, path, errno);
    return csc_source_add(s, &s->system, &source);
}

static int take_etc(struct csc_surveying *s, const char *path, unsigned depth);

/* Those entries of a folder that everyone may read; the others are left out. */
static int take_public_entries(struct csc_surveying *s, const struct csc_source *folder, unsigned depth)
{
    int fd = openat(folder->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    _cleanup_closedir_ DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;
    int r = 0;

    while (dir && r == 0 && (entry = readdir(dir))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        const char *path = csc_arena_printf(&s->survey->arena, "%s/%s", folder->path, entry->d_name);
        r = path ? take_etc(s, path, depth + 1) : csc_fail_memory(s->err);
    }
    return r;
}

/* A copy of a small file is cheaper than a mount. */
static int take_public(struct csc_surveying *s, struct csc_source *source)
{
    struct stat st;

    source->is_copied = source->type == CSC_SOURCE_FILE && fstat(source->fd, &st) == 0 && st.st_size <= COPY_BYTES_MAX;
    return csc_source_add(s, &s->system, source);
}

static int take_etc(struct csc_surveying *s, const char *path, unsigned depth)
{
    struct csc_source source;

    if (csc_source_open_readable(&s->survey->arena, path, &source) < 0)
        return refuse_system(s, path, errno);
    if (csc_is_public(&source))
        return take_public(s, &source);
    int r = source.type == CSC_SOURCE_FOLDER && depth < ETC_DEPTH_MAX ? take_public_entries(s, &source, depth) : 0;
    csc_source_close(&source);
    return r;
}

static int take_contents(struct csc_surveying *s, const char *path)
{
    struct csc_source source = {.path = path, .type = CSC_SOURCE_FILE, .tree = -1};

    source.fd = csc_fd_above_standard(csc_openat2(AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, 0));
    if (source.fd < 0)
        return refuse_system(s, path, errno);
    if (csc_is_public(&source))
        return take_public(s, &source);
    csc_source_close(&source);
    return 0;
}

/* What the configuration names must be there: an operator who misspelt it wants to know. */
static int take_configured(struct csc_surveying *s, const char *path)
{
    struct csc_source source;
    const char *plain = csc_source_plain(&s->survey->arena, path);

    if (!plain)
        return csc_fail_memory(s->err);
    if (csc_source_open(&s->survey->arena, AT_FDCWD, plain, plain, &source) < 0)
        return csc_refuse(s->refusal, CSC_REFUSAL_BOUNDARY, "system_paths of the configuration: '%.200s': %s", plain,
                          errno == ELOOP ? "lies behind a symlink; name the path that it means" : strerror(errno));
    if (strncmp(plain, "/etc/", strlen("/etc/")) == 0 && !csc_is_public(&source)) {
        csc_source_close(&source);
        return csc_refuse(
            s->refusal, CSC_REFUSAL_BOUNDARY,
            "system_paths of the configuration: '%.200s' is, or holds, something that not everyone may read; "
            "name single files",
            plain);
    }
    return csc_source_add(s, &s->system, &source);
}

static int take_masks(struct csc_surveying *s)
{
    for (size_t i = 0; i < ARRAY_SIZE(masks); i++)
        if (faccessat(AT_FDCWD, masks[i], F_OK, AT_SYMLINK_NOFOLLOW) == 0)
            csc_buf_append(&s->masks, &masks[i], sizeof(masks[i]));
    return s->masks.failed ? csc_fail_memory(s->err) : 0;
}

int csc_survey_system(struct csc_surveying *s)
{
    const struct csc_names *configured = &s->request->config->system_paths;
    int r = 0;

    for (size_t i = 0; i < ARRAY_SIZE(roots) && r == 0; i++)
        r = take_root(s, roots[i]);
    for (size_t i = 0; i < ARRAY_SIZE(etc) && r == 0; i++)
        r = take_etc(s, etc[i], 0);
    for (size_t i = 0; i < ARRAY_SIZE(etc_of_network) && r == 0; i++)
        if (s->request->command->network == CSC_NETWORK_FULL)
            r = take_contents(s, etc_of_network[i]);
    for (size_t i = 0; i < configured->count && r == 0; i++)
        r = take_configured(s, configured->items[i]);
    return r == 0 ? take_masks(s) : r;
}
