/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threat: bwrap mounts by name. Between csc opening a folder and bwrap mounting it, somebody who may write to a folder
 * above can exchange it. bwrap compares what it mounted; here it is compared again from within, symlinks refused,
 * together with the flags of every mount.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "sandbox/init/init.h"

struct reader {
    const char *at, *end;
    int report;
    struct csc_init_stage *stage;
};

static const char *next_word(struct reader *r)
{
    const char *word = r->at;
    const char *end = word < r->end ? memchr(word, '\0', (size_t)(r->end - word)) : NULL;

    if (!end)
        csc_init_refuse(r->report, 0, "the stage ends early; install csc anew");
    r->at = end + 1;
    return word;
}

static uint64_t next_number(struct reader *r)
{
    const char *word = next_word(r);
    char *end;

    errno = 0;
    unsigned long long number = strtoull(word, &end, 10);
    if (end == word || *end != '\0' || errno != 0)
        csc_init_refuse(r->report, 0, "the stage has no number where one is due; install csc anew");
    return number;
}

static void read_version(struct reader *r)
{
    const char *version = next_word(r);

    if (strcmp(version, CSC_VERSION) != 0)
        csc_init_refuse(r->report, 0, "csc-init is of version " CSC_VERSION ", csc of %s; install both anew", version);
}

static void require_flags(const struct reader *r, int fd, const char *target, bool readonly)
{
    struct statvfs fs;
    unsigned long wanted = ST_NOSUID | (readonly ? ST_RDONLY : 0);

    if (fstatvfs(fd, &fs) < 0)
        csc_init_refuse(r->report, errno, "looking at the mount '%s'", target);
    if ((fs.f_flag & wanted) != wanted)
        csc_init_refuse(r->report, 0, "'%s' is not mounted %s", target, readonly ? "read-only and nosuid" : "nosuid");
}

static void read_check(struct reader *r)
{
    const char *target = next_word(r);
    uint64_t device = next_number(r), inode = next_number(r);
    bool readonly = strcmp(next_word(r), "ro") == 0;
    struct stat st;

    _cleanup_close_ int fd = csc_openat2(AT_FDCWD, target, O_PATH | O_NOFOLLOW, 0, RESOLVE_NO_SYMLINKS);
    if (fd < 0 || fstat(fd, &st) < 0)
        csc_init_refuse(r->report, errno, "looking at '%s'", target);
    if (st.st_dev != device || st.st_ino != inode)
        csc_init_refuse(r->report, 0, "'%s' was exchanged while the sandbox was made; run it again", target);
    require_flags(r, fd, target, readonly);
}

static void read_readonly(struct reader *r)
{
    const char *target = next_word(r);
    _cleanup_close_ int fd = csc_openat2(AT_FDCWD, target, O_PATH | O_NOFOLLOW, 0, RESOLVE_NO_SYMLINKS);

    if (fd < 0)
        csc_init_refuse(r->report, errno, "looking at '%s'", target);
    require_flags(r, fd, target, true);
}

static void read_limit(struct reader *r)
{
    struct csc_init_stage *stage = r->stage;
    struct csc_init_limit limit;

    limit.resource = (int)next_number(r);
    limit.soft = next_number(r);
    limit.hard = next_number(r);
    if (stage->limit_count == ARRAY_SIZE(stage->limits))
        csc_init_refuse(r->report, 0, "the stage has too many limits; install csc anew");
    stage->limits[stage->limit_count++] = limit;
}

static void read_landlock(struct reader *r)
{
    r->stage->landlock.abi = (int)next_number(r);
    r->stage->landlock.network = next_number(r) != 0;
}

static void read_grant(struct reader *r)
{
    struct csc_landlock_rule rule;

    rule.grant = (enum csc_grant)next_number(r);
    rule.path = next_word(r);
    csc_buf_append(&r->stage->rules, &rule, sizeof(rule));
}

static void read_sockets(struct reader *r)
{
    uint64_t sockets = next_number(r);

    if (sockets >= CSC_SOCKETS_COUNT)
        csc_init_refuse(r->report, 0, "the stage names no filter that there is; install csc anew");
    r->stage->sockets = (enum csc_sockets)sockets;
}

static void read_cwd(struct reader *r)
{
    r->stage->cwd = next_word(r);
}

static void read_env(struct reader *r)
{
    const char *entry = next_word(r);

    csc_buf_append(&r->stage->environment, &entry, sizeof(entry));
}

static void read_segment(struct reader *r)
{
    struct csc_init_stage *stage = r->stage;
    uint64_t count = next_number(r);
    struct csc_buf argv = {0};
    const char *word = NULL;

    if (count == 0 || stage->segment_count == CSC_INIT_SEGMENTS_MAX)
        csc_init_refuse(r->report, 0, "the stage has a segment that cannot be; install csc anew");
    for (uint64_t i = 0; i < count; i++) {
        word = next_word(r);
        csc_buf_append(&argv, &word, sizeof(word));
    }
    word = NULL;
    csc_buf_append(&argv, &word, sizeof(word));
    if (argv.failed)
        csc_init_refuse(r->report, ENOMEM, "reading the stage");
    stage->segments[stage->segment_count++] = (void *)argv.data;
}

static const struct {
    const char *name;
    void (*read)(struct reader *r);
} directives[] = {
    {CSC_STAGE_VERSION, read_version}, {CSC_STAGE_CHECK, read_check},       {CSC_STAGE_READONLY, read_readonly},
    {CSC_STAGE_LIMIT, read_limit},     {CSC_STAGE_LANDLOCK, read_landlock}, {CSC_STAGE_GRANT, read_grant},
    {CSC_STAGE_SOCKETS, read_sockets}, {CSC_STAGE_CWD, read_cwd},           {CSC_STAGE_ENV, read_env},
    {CSC_STAGE_SEGMENT, read_segment},
};

static void read_directive(struct reader *r, const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(directives); i++)
        if (strcmp(directives[i].name, name) == 0) {
            directives[i].read(r);
            return;
        }
    csc_init_refuse(r->report, 0, "the stage has an unknown directive; install csc anew");
}

void csc_init_read_stage(int stage_fd, int report, struct csc_init_stage *ret_stage)
{
    struct stat st;

    if (fstat(stage_fd, &st) < 0 || st.st_size == 0)
        csc_init_refuse(report, errno, "reading the stage");
    const char *text = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, stage_fd, 0);
    if (text == MAP_FAILED)
        csc_init_refuse(report, errno, "reading the stage");
    struct reader r = {.at = text, .end = text + st.st_size, .report = report, .stage = ret_stage};
    const char *name;
    while (strcmp(name = next_word(&r), CSC_STAGE_RUN) != 0)
        read_directive(&r, name);
    const char *end = NULL;
    csc_buf_append(&ret_stage->environment, &end, sizeof(end));
    if (ret_stage->environment.failed || ret_stage->rules.failed)
        csc_init_refuse(report, ENOMEM, "reading the stage");
    if (!ret_stage->cwd || ret_stage->segment_count == 0)
        csc_init_refuse(report, 0, "the stage has no command; install csc anew");
    ret_stage->landlock.rules = (const void *)ret_stage->rules.data;
    ret_stage->landlock.rule_count = ret_stage->rules.size / sizeof(*ret_stage->landlock.rules);
}
