/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threat: an expected output that the command made a symlink to a secret, a FIFO that never ends, or a device whose
 * mere opening does something. So the name is resolved once without symlinks, to a descriptor that can do nothing
 * (O_PATH), and only a regular file is opened for reading, through that descriptor.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exec/exec.h"

enum {
    READ_BYTES = 256 << 10,
    LOOK_BYTES = 64 << 20, /* hashed between two looks whether csc was told to stop */
};

#define ARTIFACT_BYTES_MAX (INT64_C(4) << 30)

struct collection {
    int64_t unlooked; /* bytes hashed since the last look */
    struct csc_arena *arena;
    const struct csc_notifier *notifier;
    struct csc_artifacts artifacts;
    char *buffer; /* READ_BYTES */
};

static void say(const struct collection *c, const char *path, const char *why)
{
    char raw[512], text[700];

    if (!c->notifier->notice)
        return;
    (void)snprintf(raw, sizeof(raw), "expected output '%.300s' %s", path, why);
    (void)csc_text_escape(text, sizeof(text), raw, strlen(raw));
    c->notifier->notice(c->notifier->context, text);
}

/* Absolute, and no component that a glob would take for a name: "/w/./x" is not what "/w/?/x" means. */
static bool is_plain_path(const char *path)
{
    if (path[0] != '/')
        return false;
    for (const char *part = path + 1;; part++) {
        size_t size = strcspn(part, "/");
        if (size == 0 || (part[0] == '.' && (size == 1 || (size == 2 && part[1] == '.'))))
            return false;
        part += size;
        if (*part == '\0')
            return true;
    }
}

static bool is_in_write_scope(const struct csc_contract *contract, const char *path)
{
    for (size_t i = 0; i < contract->command_count; i++)
        for (size_t k = 0; k < contract->commands[i].write_path_count; k++)
            if (csc_scope_contains(contract->commands[i].write_paths[k], path))
                return true;
    return false;
}

static int compare_names(const void *a, const void *b)
{
    const char *const *left = *(const char *const *const *)a, *const *right = *(const char *const *const *)b;
    int order = strcmp(*left, *right);

    return order ? order : (left > right) - (left < right);
}

/* The places of the list's first mention of each name, in the order of the list: the others are NULL. */
static const char *const **find_first_mentions(const struct csc_contract *contract)
{
    size_t count = contract->expected_output_count;
    const char *const **sorted = reallocarray(NULL, count + 1, sizeof(*sorted));
    const char *const **first = calloc(count + 1, sizeof(*first));

    if (sorted && first) {
        for (size_t i = 0; i < count; i++)
            sorted[i] = &contract->expected_outputs[i];
        qsort((void *)sorted, count, sizeof(*sorted), compare_names);
        for (size_t i = 0; i < count; i++)
            if (i == 0 || strcmp(*sorted[i], *sorted[i - 1]) != 0)
                first[sorted[i] - contract->expected_outputs] = sorted[i];
        free((void *)sorted);
        return first;
    }
    free((void *)sorted);
    free((void *)first);
    return NULL;
}

/* Opens a regular file for reading, or returns -1 and, where the file exists, says why. */
static int open_output(const struct collection *c, const char *path)
{
    char link[40];
    struct stat st;
    _cleanup_close_ int place = csc_openat2(AT_FDCWD, path, O_PATH | O_NOFOLLOW, 0, RESOLVE_NO_SYMLINKS);

    if (place < 0) {
        if (errno == ELOOP)
            say(c, path, "is, or lies behind, a symlink; it is not hashed");
        else if (errno != ENOENT && errno != ENOTDIR)
            say(c, path, "cannot be opened; it is not hashed");
        return -1;
    }
    if (fstat(place, &st) < 0 || !S_ISREG(st.st_mode)) {
        say(c, path,
            S_ISLNK(st.st_mode) ? "is a symlink; it is not hashed" : "is not a regular file; it is not hashed");
        return -1;
    }
    if (st.st_size > ARTIFACT_BYTES_MAX) {
        say(c, path, "is larger than 4 GiB; it is not hashed");
        return -1;
    }
    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", place);
    int fd = open(link, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        say(c, path, "cannot be read; it is not hashed");
    return fd;
}

/* Threat: many names of one sparse file, hours of hashing that no signal ends. */
static bool goes_on(struct collection *c, size_t hashed)
{
    c->unlooked += (int64_t)hashed;
    if (c->unlooked >= LOOK_BYTES) {
        c->unlooked = 0;
        if (c->notifier->hurry)
            c->artifacts.stopped = 128 + SIGTERM;
        else if (c->notifier->io)
            c->artifacts.stopped = csc_exec_told_to_stop(c->notifier->io);
    }
    return c->artifacts.stopped == 0;
}

static bool hash_file(struct collection *c, int fd, char ret_hex[CSC_SHA256_HEX])
{
    struct sha256_ctx hash;
    int64_t total = 0;
    ssize_t n;

    sha256_init(&hash);
    while ((n = read(fd, c->buffer, READ_BYTES)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        total += n;
        if (n < 0 || total > ARTIFACT_BYTES_MAX || !goes_on(c, (size_t)n))
            return false;
        sha256_update(&hash, (size_t)n, (const uint8_t *)c->buffer);
    }
    csc_sha256_finish_hex(&hash, ret_hex);
    return true;
}

static int collect(struct collection *c, const struct csc_contract *contract, const char *path, struct csc_error *err)
{
    struct csc_artifact artifact = {0};

    if (!is_plain_path(path) || !is_in_write_scope(contract, path)) {
        say(c, path, "is in no write scope, or not written plainly; it is not hashed");
        return 0;
    }
    _cleanup_close_ int fd = open_output(c, path);
    if (fd < 0)
        return 0;
    if (!hash_file(c, fd, artifact.sha256)) {
        say(c, path,
            c->artifacts.stopped ? "and what follows it are not hashed: csc was told to stop"
                                 : "cannot be read to its end; it is not hashed");
        return 0;
    }
    artifact.path = csc_arena_copy(c->arena, path, strlen(path));
    if (!artifact.path)
        return csc_fail_memory(err);
    c->artifacts.items[c->artifacts.count++] = artifact;
    return 0;
}

int csc_artifacts_collect(const struct csc_contract *contract, struct csc_arena *arena,
                          const struct csc_notifier *notifier, struct csc_artifacts *ret_artifacts,
                          struct csc_error *err)
{
    size_t count = contract->expected_output_count;
    struct collection c = {.arena = arena, .notifier = notifier};
    _cleanup_free_ const char *const **outputs = find_first_mentions(contract);
    _cleanup_free_ char *buffer = malloc(READ_BYTES);
    int r = 0;

    c.artifacts.items = csc_arena_array(arena, count ? count : 1, sizeof(*c.artifacts.items));
    c.buffer = buffer;
    if (!outputs || !buffer || !c.artifacts.items)
        return csc_fail_memory(err);
    for (size_t i = 0; i < count && r == 0 && !c.artifacts.stopped; i++)
        if (outputs[i])
            r = collect(&c, contract, *outputs[i], err);
    if (r < 0)
        return r;
    *ret_artifacts = c.artifacts;
    return 0;
}
