/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threat: a step that made less of the view than was planned, or took less of the host's away than it said. So the
 * table is walked both ways: each mount of the plan is there, with its flags; and what is there is the plan's, lies
 * below a bind of the plan, or is what an executor makes of /dev and /proc by itself.
 */
#include "sandbox/measure_mounts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sandbox/tree.h"

/* 36 35 98:0 /root /point rw,nosuid master:1 - ext4 /dev/sda rw,errors=continue */
struct line {
    char *point; /* first, as find_at() wants it */
    uint64_t id, parent;
    char *root, *options, *type, *source, *super;
    unsigned tags; /* bit 1 << index in tag_names */
    size_t order;
};

static const char *const tag_names[] = {"shared", "master", "propagate_from", "unbindable"};

/* A mount of the plan, and where it is, as the kernel writes that. */
struct place {
    char *point; /* first, as find_at() wants it */
    const struct csc_mount *mount;
};

struct table {
    const struct csc_plan *plan;
    struct line *lines; /* sorted by `point`, then as they came */
    size_t count;
    struct place *places; /* sorted by `point`: what the plan mounts */
    size_t place_count;
};

static void table_free(struct table *table)
{
    for (size_t i = 0; i < table->place_count; i++)
        free(table->places[i].point);
    free(table->places);
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

/* The numbers of the mount, its parent and the device are others each time, too. */
static bool split_line(char *text, struct line *ret_line)
{
    char *rest = text, *field;
    struct line line = {0};

    if (sscanf(text, "%" SCNu64 " %" SCNu64 " ", &line.id, &line.parent) != 2)
        return false;
    for (int i = 0; i < 3; i++)
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

/* ---- places -------------------------------------------------------------------------------------------------------
 */

/* As the kernel writes a path: seq_path(9). NULL: no memory. */
static char *escape(const char *path)
{
    char *text = malloc(4 * strlen(path) + 1), *end = text;

    for (; text && *path; path++) {
        if (strchr(" \t\n\\", *path))
            end += sprintf(end, "\\%03o", (unsigned char)*path);
        else
            *end++ = *path;
    }
    if (text)
        *end = '\0';
    return text;
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

static int compare_places(const void *a, const void *b)
{
    const struct place *left = a, *right = b;

    return strcmp(left->point, right->point);
}

/* A mount that only becomes read-only is mounted by something else of the plan. */
static bool gather_places(struct table *table)
{
    const struct csc_plan *plan = table->plan;

    table->places = calloc(plan->mount_count + 1, sizeof(*table->places));
    for (size_t i = 0; table->places && i < plan->mount_count; i++) {
        const struct csc_mount *mount = &plan->mounts[i];
        if (!demands[mount->kind].mounted || mount->kind == CSC_MOUNT_READONLY)
            continue;
        char *point = escape(mount->target);
        if (!point)
            return false;
        table->places[table->place_count++] = (struct place){point, mount};
    }
    if (table->places)
        qsort(table->places, table->place_count, sizeof(*table->places), compare_places);
    return table->places != NULL;
}

/* Of a text and the first `size` bytes of a path. */
static int compare_path(const char *text, const char *path, size_t size)
{
    int order = strncmp(text, path, size);

    return order != 0 ? order : text[size] != '\0';
}

struct sorted {
    const void *items; /* each begins with its point, by which they are sorted */
    size_t count, width;
};

static const char *point_of(const struct sorted *sorted, size_t index)
{
    const void *item = (const char *)sorted->items + index * sorted->width;

    return *(const char *const *)item;
}

/* Those at the first `size` bytes of `path`: the first one, and how many. */
static const void *find_at(const struct sorted *sorted, const char *path, size_t size, size_t *ret_count)
{
    size_t low = 0, high = sorted->count, count = 0;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_path(point_of(sorted, middle), path, size) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    while (low + count < sorted->count && compare_path(point_of(sorted, low + count), path, size) == 0)
        count++;
    *ret_count = count;
    return (const char *)sorted->items + low * sorted->width;
}

static const struct place *find_places(const struct table *table, const char *path, size_t size, size_t *ret_count)
{
    const struct sorted places = {table->places, table->place_count, sizeof(*table->places)};

    return find_at(&places, path, size, ret_count);
}

static const struct line *find_lines(const struct table *table, const char *path, size_t size, size_t *ret_count)
{
    const struct sorted lines = {table->lines, table->count, sizeof(*table->lines)};

    return find_at(&lines, path, size, ret_count);
}

/* What is reached from a mount at a place of its own: what lies on it there, on that, and so on. */
static const struct line *enter(const struct table *table, const struct line *from, const char *path, size_t size)
{
    size_t count;
    const struct line *lines = find_lines(table, path, size, &count);

    for (size_t i = 0, steps = 0; i < count && steps < count; i++)
        if (lines[i].parent == from->id && &lines[i] != from) {
            from = &lines[i];
            steps++;
            i = (size_t)-1;
        }
    return from;
}

/* The mount that a path leads to, as the kernel walks it, or NULL when none is at that very place. The order of the
 * table tells nothing of what covers what. */
static const struct line *resolve(const struct table *table, const char *path)
{
    size_t count;
    const struct line *at = find_lines(table, "/", 1, &count);

    if (count == 0)
        return NULL;
    for (const char *end = path; *end;) {
        end = strchrnul(end + 1, '/');
        at = enter(table, at, path, (size_t)(end - path));
    }
    return strcmp(at->point, path) == 0 ? at : NULL;
}

/* ---- from the plan to the table -----------------------------------------------------------------------------------
 */

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

/* Bytes that a tmpfs may hold: "size=64k". The kernel does not write its default, half of the memory. */
static uint64_t tmpfs_size(const char *options)
{
    const char *at = strstr(options, ",size=");
    uint64_t kibibytes;

    if (at && sscanf(at, ",size=%" SCNu64 "k", &kibibytes) == 1)
        return kibibytes * 1024;
    return (uint64_t)sysconf(_SC_PHYS_PAGES) / 2 * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* NULL, or what is wrong with a mount of the plan. */
static const char *look(const struct table *table, const struct csc_mount *mount, const char *point)
{
    enum { PAGE_MAX = 65536 }; /* the kernel rounds up to whole ones */
    const struct demand *demand = &demands[mount->kind];
    const struct line *line = resolve(table, point);

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
    if (mount->kind == CSC_MOUNT_TMPFS && tmpfs_size(line->super) >= (uint64_t)mount->size + PAGE_MAX)
        return "is not limited in size";
    return NULL;
}

/* ---- from the table to the plan -----------------------------------------------------------------------------------
 */

/* What executors mount by themselves: devices and pseudo-terminals; bwrap, which may be root, read-only parts of /proc.
 */
static bool is_executors(const struct table *table, const struct line *line)
{
    static const char *const covers[] = {"/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus"};

    for (size_t i = 0; i < CSC_DEVICE_COUNT; i++)
        if (strcmp(line->point, csc_device_path(i)) == 0)
            return true;
    for (size_t i = 0; i < ARRAY_SIZE(covers) && table->plan->backend == CSC_BACKEND_BWRAP; i++)
        if (strcmp(line->point, covers[i]) == 0)
            return strcmp(line->type, "proc") == 0 && has_option(line->options, "ro");
    return strcmp(line->point, "/dev/pts") == 0 && strcmp(line->type, "devpts") == 0;
}

/* The nearest folder of the plan above a place, with all that is mounted in it, or NULL. */
static const struct csc_mount *find_bind(const struct table *table, const char *point)
{
    const struct csc_mount *bind = NULL;
    size_t count;

    for (const char *end = strchrnul(point + 1, '/'); *end; end = strchrnul(end + 1, '/')) {
        const struct place *place = find_places(table, point, (size_t)(end - point), &count);
        if (count > 0 && place->mount->kind == CSC_MOUNT_BIND && place->mount->source->type == CSC_SOURCE_FOLDER)
            bind = place->mount;
    }
    return bind;
}

/* What came along with a folder has its flags. bwrap leaves out what its user cannot reach anyway, and what is covered:
 * of what it makes nothing is said. */
static const char *look_below(const struct table *table, const struct line *line, const struct csc_mount *bind)
{
    if (table->plan->backend != CSC_BACKEND_NATIVE || resolve(table, line->point) != line)
        return NULL;
    if (!bind->writable && !has_option(line->options, "ro"))
        return "is not read-only, as what it lies in";
    if (!has_option(line->options, "nosuid"))
        return "is not nosuid, as what it lies in";
    return has_option(line->options, "nodev") ? NULL : "is not nodev, as what it lies in";
}

/* How many mounts there are at the place of this one. */
static size_t count_there(const struct table *table, const struct line *line, bool of_executor)
{
    size_t size = strlen(line->point), count = 0, other = 0;
    const struct line *lines = find_lines(table, line->point, size, &count);

    for (size_t i = 0; i < count; i++)
        other += is_executors(table, &lines[i]) == of_executor;
    return other;
}

/* NULL, or what is wrong with a mount that is there. */
static const char *justify(const struct table *table, const struct line *line)
{
    bool of_executor = is_executors(table, line);
    size_t planned = 0;

    if (strcmp(line->point, "/") == 0)
        return NULL;
    (void)find_places(table, line->point, strlen(line->point), &planned);
    const struct csc_mount *bind = find_bind(table, line->point);
    if (bind)
        return planned > 0 ? NULL : look_below(table, line, bind);
    if (of_executor)
        planned = 1;
    if (planned == 0)
        return "is mounted, which was not planned";
    return count_there(table, line, of_executor) > planned ? "is mounted more often than was planned" : NULL;
}

/* The host's own, below or above it, has no place. */
static const char *look_at_root(const struct table *table)
{
    size_t count;
    const struct line *root = find_lines(table, "/", 1, &count);

    if (count != 1)
        return count == 0 ? "is not mounted, as was planned" : "is mounted more than once";
    return strcmp(root->type, "tmpfs") == 0 ? NULL : "is another file system, not as was planned";
}

static void note(struct csc_measured_outside *outside, const char *point, const char *fault, const char *rest)
{
    if (fault && !outside->mount_fault[0])
        (void)snprintf(outside->mount_fault, sizeof(outside->mount_fault), "'%.100s' %s%s", point, fault, rest);
}

static void find_fault(const struct table *table, struct csc_measured_outside *outside)
{
    const struct csc_plan *plan = table->plan;

    note(outside, "/", look_at_root(table), "");
    for (size_t i = 0; i < table->place_count; i++)
        note(outside, table->places[i].mount->target, look(table, table->places[i].mount, table->places[i].point),
             ", as was planned");
    for (size_t i = 0; i < plan->mount_count; i++)
        if (plan->mounts[i].kind == CSC_MOUNT_READONLY)
            note(outside, plan->mounts[i].target, look(table, &plan->mounts[i], plan->mounts[i].target),
                 ", as was planned");
    for (size_t i = 0; i < table->count && !outside->mount_fault[0]; i++)
        note(outside, table->lines[i].point, justify(table, &table->lines[i]), "");
}

bool csc_mounts_measure(const struct csc_plan *plan, char *text, struct csc_measured_outside *outside)
{
    _cleanup_(table_free) struct table table = {.plan = plan};
    struct sha256_ctx hash;

    if (!read_table(text, &table) || !gather_places(&table))
        return false;
    qsort(table.lines, table.count, sizeof(*table.lines), compare);
    sha256_init(&hash);
    for (size_t i = 0; i < table.count; i++)
        hash_line(&hash, &table.lines[i]);
    csc_sha256_finish_hex(&hash, outside->mounts_sha256);
    outside->mount_count = (uint32_t)table.count;
    find_fault(&table, outside);
    return true;
}
