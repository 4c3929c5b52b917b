/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/measure_mounts.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

/* 36 35 98:0 /root /point rw,nosuid master:1 - ext4 /dev/sda rw,errors=continue */
struct line {
    char *root, *point, *options, *type, *source, *super;
    unsigned tags; /* bit 1 << index in tag_names */
    size_t order;
};

static const char *const tag_names[] = {"shared", "master", "propagate_from", "unbindable"};

struct table {
    struct line *lines; /* sorted by `point`, then as they came */
    size_t count;
};

static void table_free(struct table *table)
{
    free(table->lines);
}

/* "master:12": the number is another each time. */
static unsigned read_tag(const char *field)
{
    size_t size = strcspn(field, ":");

    for (size_t i = 0; i < ARRAY_SIZE(tag_names); i++)
        if (strlen(tag_names[i]) == size && memcmp(field, tag_names[i], size) == 0)
            return 1U << i;
    return 0;
}

static bool split_line(char *text, struct line *ret_line)
{
    char *rest = text, *field;
    struct line line = {0};

    for (int i = 0; i < 3; i++) /* numbers of the mount, its parent and the device: others each time, too */
        (void)strsep(&rest, " ");
    line.root = strsep(&rest, " ");
    line.point = strsep(&rest, " ");
    line.options = strsep(&rest, " ");
    while ((field = strsep(&rest, " ")) && strcmp(field, "-") != 0)
        line.tags |= read_tag(field);
    line.type = strsep(&rest, " ");
    line.source = strsep(&rest, " ");
    line.super = strsep(&rest, " ");
    *ret_line = line;
    return line.super != NULL;
}

static void hash_line(struct sha256_ctx *hash, const struct line *line)
{
    const char *const fields[] = {line->root, line->point, line->options, line->type, line->source, line->super};

    for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
        sha256_update(hash, strlen(fields[i]) + 1, (const uint8_t *)fields[i]);
    for (size_t i = 0; i < ARRAY_SIZE(tag_names); i++)
        if (line->tags & 1U << i)
            sha256_update(hash, strlen(tag_names[i]) + 1, (const uint8_t *)tag_names[i]);
    sha256_update(hash, 1, (const uint8_t *)"\n");
}

static int compare(const void *a, const void *b)
{
    const struct line *left = a, *right = b;
    int order = strcmp(left->point, right->point);

    return order != 0 ? order : (left->order > right->order) - (left->order < right->order);
}

static bool read_table(char *text, struct table *table)
{
    size_t capacity = 0;
    char *line;

    for (const char *p = text; *p; p++)
        capacity += *p == '\n';
    table->lines = calloc(capacity + 1, sizeof(*table->lines));
    while (table->lines && (line = strsep(&text, "\n"))) {
        if (!*line)
            continue;
        if (table->count > capacity || !split_line(line, &table->lines[table->count]))
            return false;
        table->lines[table->count].order = table->count;
        table->count++;
    }
    return table->count > 0;
}

/* As the kernel writes a path: seq_path(9). */
static bool escape(const char *path, char *text, size_t size)
{
    size_t used = 0;

    for (; *path; path++) {
        bool octal = strchr(" \t\n\\", *path);
        if (used + 5 > size)
            return false;
        if (octal)
            used += (size_t)snprintf(text + used, size - used, "\\%03o", (unsigned char)*path);
        else
            text[used++] = *path;
    }
    text[used] = '\0';
    return true;
}

/* The topmost of that place, or NULL. */
static const struct line *find(const struct table *table, const char *point)
{
    size_t low = 0, high = table->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(table->lines[middle].point, point) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 && strcmp(table->lines[low - 1].point, point) == 0 ? &table->lines[low - 1] : NULL;
}

static bool has_option(const char *options, const char *wanted)
{
    size_t size = strlen(wanted);

    for (const char *p = options; *p; p += strspn(p, ",")) {
        size_t length = strcspn(p, ",");
        if (length == size && memcmp(p, wanted, size) == 0)
            return true;
        p += length;
    }
    return false;
}

/* What each kind of mount must show. The other kinds are files, folders and symlinks on a mount that is here. */
static const struct demand {
    bool mounted, readonly, nosuid, nodev;
    const char *type;
} demands[] = {
    [CSC_MOUNT_BIND] = {true, true, true, true, NULL}, /* but for what is writable */
    [CSC_MOUNT_TMPFS] = {true, false, true, true, "tmpfs"},  [CSC_MOUNT_PROC] = {true, true, true, true, "proc"},
    [CSC_MOUNT_MASK] = {true, false, true, true, NULL},      [CSC_MOUNT_DEV] = {true, true, true, false, NULL},
    [CSC_MOUNT_READONLY] = {true, true, false, false, NULL},
};

/* NULL, or what is wrong with a mount of the plan. */
static const char *look(const struct table *table, const struct csc_mount *mount)
{
    const struct demand *demand = &demands[mount->kind];
    char point[4 * PATH_MAX];

    if (!demand->mounted)
        return NULL;
    if (!escape(mount->target, point, sizeof(point)))
        return "has too long a name";
    const struct line *line = find(table, point);
    if (!line)
        return "is not mounted";
    if (demand->type && strcmp(line->type, demand->type) != 0)
        return "is another file system";
    if (demand->readonly && !mount->writable && !has_option(line->options, "ro"))
        return "is not read-only";
    if (demand->nosuid && !has_option(line->options, "nosuid"))
        return "is not nosuid";
    if (demand->nodev && !has_option(line->options, "nodev"))
        return "is not nodev";
    return NULL;
}

static void find_fault(const struct csc_plan *plan, const struct table *table, struct csc_measured_outside *outside)
{
    for (size_t i = 0; i < plan->mount_count && !outside->mount_fault[0]; i++) {
        const char *fault = look(table, &plan->mounts[i]);
        if (fault)
            (void)snprintf(outside->mount_fault, sizeof(outside->mount_fault), "'%.100s' %s", plan->mounts[i].target,
                           fault);
    }
}

bool csc_mounts_measure(const struct csc_plan *plan, char *text, struct csc_measured_outside *outside)
{
    _cleanup_(table_free) struct table table = {0};
    struct sha256_ctx hash;

    if (!read_table(text, &table))
        return false;
    qsort(table.lines, table.count, sizeof(*table.lines), compare);
    sha256_init(&hash);
    for (size_t i = 0; i < table.count; i++)
        hash_line(&hash, &table.lines[i]);
    csc_sha256_finish_hex(&hash, outside->mounts_sha256);
    outside->mount_count = (uint32_t)table.count;
    find_fault(plan, &table, outside);
    return true;
}
