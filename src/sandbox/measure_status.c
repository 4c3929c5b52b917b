/* SPDX-License-Identifier: Apache-2.0 */
/* proc_pid_status(5). Linked into csc-init too, so nothing but the C library is used. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "sandbox/inside.h"

const char *const csc_namespace_names[] = {"user", "mnt", "pid", "ipc", "uts", "cgroup", "net"};

/* What follows "NAME:" at the beginning of a line, or NULL. The first line is the program's own name; the kernel writes
 * no line break of that. */
static const char *find(const char *text, const char *name)
{
    size_t size = strlen(name);

    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, name, size) == 0 && line[size] == ':')
            return line + size + 1;
    }
    return NULL;
}

static bool read_ids(const char *text, const char *name, uint32_t ret_ids[4])
{
    const char *at = find(text, name);
    char *end;

    for (int i = 0; i < 4; i++, at = end) {
        if (!at)
            return false;
        ret_ids[i] = (uint32_t)strtoul(at, &end, 10);
        if (end == at)
            return false;
    }
    return true;
}

static bool read_number(const char *text, const char *name, int32_t *ret_number)
{
    const char *at = find(text, name);
    char *end = NULL;

    if (!at)
        return false;
    *ret_number = (int32_t)strtol(at, &end, 10);
    return end != at;
}

static bool read_masks(const char *text, uint64_t ret_masks[CSC_CAPABILITIES_COUNT])
{
    static const char *const names[] = {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        const char *at = find(text, names[i]);
        char *end = NULL;
        if (!at)
            return false;
        ret_masks[i] = strtoull(at, &end, 16);
        if (end == at)
            return false;
    }
    return true;
}

/* Threat: a user of thousands of groups, whose line leaves no room for what follows it. */
bool csc_status_read(int fd, char *text, size_t size)
{
    enum { LONG_LINE = 1000 };
    size_t used = 0, begin = 0; /* of the line */
    bool skipping = false;
    char chunk[4096];
    ssize_t n;

    while ((n = read(fd, chunk, sizeof(chunk))) > 0)
        for (ssize_t i = 0; i < n; i++) {
            bool last = chunk[i] == '\n';
            if (!skipping && (used - begin >= LONG_LINE || used + 1 >= size)) {
                used = begin;
                skipping = true;
            }
            if (!skipping)
                text[used++] = chunk[i];
            if (last) {
                begin = used;
                skipping = false;
            }
        }
    text[used] = '\0';
    return n == 0 && used > 0;
}

bool csc_status_parse(const char *text, struct csc_process_status *ret_status)
{
    struct csc_process_status status = {.seccomp_filters = -1};

    if (!read_ids(text, "Uid", status.uid) || !read_ids(text, "Gid", status.gid) ||
        !read_masks(text, status.capabilities) || !read_number(text, "NoNewPrivs", &status.no_new_privs) ||
        !read_number(text, "Seccomp", &status.seccomp))
        return false;
    (void)read_number(text, "Seccomp_filters", &status.seccomp_filters);
    *ret_status = status;
    return true;
}

uint64_t csc_namespace_inode(int folder, enum csc_namespace namespace)
{
    static const char *const names[] = {"ns/user", "ns/mnt", "ns/pid", "ns/ipc", "ns/uts", "ns/cgroup", "ns/net"};
    struct stat st;

    return fstatat(folder, names[namespace], &st, 0) == 0 ? st.st_ino : 0;
}
